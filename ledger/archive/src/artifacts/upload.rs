//! Taking bytes: part by part, hashed as they come, named when all of it has come and is what was committed.
//!
//! What fits into one part is written at once. What does not goes to the store in parts that are no file until the last
//! step: a directory renames, a bucket completes a multipart upload. Whatever breaks before leaves no artifact.

use std::sync::Arc;

use crypto::Digest;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};
use proto::id::SubmissionId;

use super::digests::Hashing;
use super::{Artifacts, path};
use crate::error::ArchiveError;
use crate::place::failed;

/// Length of a part, in bytes: the least that S3 takes for all but the last. No more of an upload is in memory.
pub const PART_BYTES: usize = 5 << 20;

/// Bytes of an artifact that are coming in.
#[derive(Debug)]
pub struct Upload {
    artifacts: Artifacts,
    id: SubmissionId,
    address: Digest,
    hashing: Hashing,
    bytes: u64,
    waiting: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
}

impl Upload {
    pub(super) fn new(artifacts: &Artifacts, id: SubmissionId, address: Digest) -> Self {
        Self {
            artifacts: artifacts.clone(),
            id,
            address,
            hashing: Hashing::new(),
            bytes: 0,
            waiting: Vec::new(),
            parts: None,
        }
    }

    /// How many bytes have come.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes more bytes.
    ///
    /// # Errors
    /// `ArtifactTooLarge` before any of them are kept; `Store`. The upload is then of no more use.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), ArchiveError> {
        let (found, max) = (self.bytes.saturating_add(bytes.len() as u64), self.artifacts.bytes_max);
        if found > max {
            return Err(ArchiveError::ArtifactTooLarge { artifact: self.id, max });
        }
        self.bytes = found;
        self.hashing.take(bytes);
        while !bytes.is_empty() {
            // A full part waits until more follows: what fits into one is written at once.
            if self.waiting.len() == PART_BYTES {
                self.put_part().await?;
            }
            let (now, rest) = bytes.split_at((PART_BYTES - self.waiting.len()).min(bytes.len()));
            self.waiting.extend_from_slice(now);
            bytes = rest;
        }
        Ok(())
    }

    async fn put_part(&mut self) -> Result<(), ArchiveError> {
        let failed = |fault| failed("writing artifact", self.id, fault);
        let parts = match &mut self.parts {
            Some(parts) => parts,
            None => {
                let begun = self.artifacts.place.store().put_multipart(&path(self.id)).await;
                self.parts.insert(begun.map_err(failed)?)
            }
        };
        let part = PutPayload::from(std::mem::take(&mut self.waiting));
        parts.put_part(part).await.map_err(failed)
    }

    /// Gives the bytes their name, if they are the ones that were committed: how many there are.
    ///
    /// # Errors
    /// `OtherBytes` if not; `Store`. Then nothing has changed.
    pub async fn finish(mut self) -> Result<u64, ArchiveError> {
        let hashing = std::mem::replace(&mut self.hashing, Hashing::new());
        let (found, digests) = hashing.finish();
        if found != self.address {
            // That they are other bytes says more than that their parts could not be dropped.
            let _ = self.abandon().await;
            return Err(ArchiveError::OtherBytes { artifact: self.id });
        }
        // What was here before under this name is not what these digests speak of until it is replaced.
        self.artifacts.forget(self.id);
        if self.parts.is_none() {
            let put = PutPayload::from(std::mem::take(&mut self.waiting));
            let put = self.artifacts.place.store().put(&path(self.id), put).await;
            put.map_err(|fault| failed("writing artifact", self.id, fault))?;
        } else {
            let done = match self.put_part().await {
                Ok(()) => match &mut self.parts {
                    Some(parts) => parts.complete().await.map(drop),
                    None => Ok(()),
                }
                .map_err(|fault| failed("writing artifact", self.id, fault)),
                Err(fault) => Err(fault),
            };
            if let Err(fault) = done {
                let _ = self.abandon().await;
                return Err(fault);
            }
            self.parts = None;
        }
        self.artifacts.remember(self.id, Arc::new(digests));
        Ok(self.bytes)
    }

    /// Drops what has come. What cannot be dropped has no name, so it is nobody's: a directory is swept, and a bucket has a
    /// rule for such.
    ///
    /// # Errors
    /// `Store`.
    pub async fn abandon(&mut self) -> Result<(), ArchiveError> {
        match self.parts.take() {
            Some(mut parts) => {
                parts.abort().await.map_err(|fault| failed("dropping the parts of artifact", self.id, fault))
            }
            None => Ok(()),
        }
    }
}
