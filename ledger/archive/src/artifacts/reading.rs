//! Giving bytes: nothing is given out that was not found to be what was committed.
//!
//! Whoever reads the whole for the first time gets all but the last chunk before that is known of the whole: the last one
//! is held back until it is, so what is spoilt never arrives whole. From then on each chunk is known by its digest and
//! checked before any byte of it is given. A range that is asked for before the whole was ever read makes it be read.

use std::ops::Range;
use std::sync::Arc;

use crypto::{Digest, sha256};
use futures::stream::{BoxStream, try_unfold};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::{GetOptions, GetRange, ObjectStore as _};
use proto::id::SubmissionId;

use super::digests::{CHUNK_BYTES, Digests, Hashing};
use super::{Artifacts, path};
use crate::error::ArchiveError;
use crate::place::failed;

/// Bytes as they are given out, in chunks.
pub type Bytes = BoxStream<'static, Result<Vec<u8>, ArchiveError>>;

/// An artifact that is here.
#[derive(Clone, Debug)]
pub struct Opened {
    artifacts: Artifacts,
    id: SubmissionId,
    address: Digest,
    bytes: u64,
}

impl Opened {
    pub(super) fn new(artifacts: &Artifacts, id: SubmissionId, address: Digest, bytes: u64) -> Self {
        Self { artifacts: artifacts.clone(), id, address, bytes }
    }

    /// How many bytes it has.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All of it.
    pub fn read_all(self) -> Bytes {
        let whole = 0..self.bytes;
        match self.known() {
            Some(digests) => self.checked(digests, whole),
            None => self.held_back(),
        }
    }

    /// Part of it, within its length.
    ///
    /// # Errors
    /// `OtherBytes` when it had to be read whole for it, and is not what was committed; `Store`.
    pub async fn read(self, range: Range<u64>) -> Result<Bytes, ArchiveError> {
        if range == (0..self.bytes) {
            return Ok(self.read_all());
        }
        if self.known().is_none() {
            let mut whole = self.clone().held_back();
            while whole.try_next().await?.is_some() {}
        }
        match self.known() {
            Some(digests) => Ok(self.checked(digests, range)),
            // Too large to be remembered, or forgotten meanwhile by who erases it.
            None => Err(ArchiveError::OtherBytes { artifact: self.id }),
        }
    }

    fn known(&self) -> Option<Arc<Digests>> {
        self.artifacts.recall(self.id).filter(|digests| digests.bytes == self.bytes)
    }

    /// Everything, the last chunk only when all of it was seen.
    fn held_back(self) -> Bytes {
        struct Going {
            opened: Opened,
            chunks: Option<Chunks>,
            hashing: Hashing,
            last: Option<Vec<u8>>,
        }
        let going = Going { opened: self, chunks: None, hashing: Hashing::new(), last: None };
        try_unfold(Some(going), |going| async move {
            let Some(mut going) = going else { return Ok(None) };
            if going.chunks.is_none() {
                going.chunks = Some(going.opened.chunks(None).await?);
            }
            let Some(chunks) = &mut going.chunks else { return Ok(None) };
            loop {
                match chunks.next().await? {
                    Some(chunk) => {
                        going.hashing.take(&chunk);
                        if let Some(before) = going.last.replace(chunk) {
                            return Ok(Some((before, Some(going))));
                        }
                    }
                    None => {
                        let Opened { artifacts, id, address, .. } = going.opened;
                        let (found, digests) = going.hashing.finish();
                        if found != address {
                            return Err(ArchiveError::OtherBytes { artifact: id });
                        }
                        artifacts.remember(id, Arc::new(digests));
                        return Ok(going.last.map(|last| (last, None)));
                    }
                }
            }
        })
        .boxed()
    }

    /// A range, each chunk that it touches checked by itself.
    fn checked(self, digests: Arc<Digests>, range: Range<u64>) -> Bytes {
        let chunk_bytes = CHUNK_BYTES as u64;
        let first = range.start / chunk_bytes;
        let aligned =
            first * chunk_bytes..range.end.div_ceil(chunk_bytes).saturating_mul(chunk_bytes).min(self.bytes);
        let going = (self, digests, range, None::<Chunks>, first);
        try_unfold(going, move |(opened, digests, range, chunks, number)| {
            let aligned = aligned.clone();
            async move {
                if number.saturating_mul(chunk_bytes) >= range.end {
                    return Ok(None);
                }
                let mut chunks = match chunks {
                    Some(chunks) => chunks,
                    None => opened.chunks(Some(aligned)).await?,
                };
                let other = || ArchiveError::OtherBytes { artifact: opened.id };
                let chunk = chunks.next().await?.ok_or_else(other)?;
                let expected = usize::try_from(number).ok().and_then(|at| digests.chunks.get(at));
                if expected != Some(&sha256(&chunk)) {
                    return Err(other());
                }
                let begin = number * chunk_bytes;
                let cut = |at: u64| {
                    usize::try_from(at.saturating_sub(begin)).unwrap_or(usize::MAX).min(chunk.len())
                };
                let wanted = chunk[cut(range.start)..cut(range.end)].to_vec();
                Ok(Some((wanted, (opened, digests, range, Some(chunks), number + 1))))
            }
        })
        .boxed()
    }

    async fn chunks(&self, range: Option<Range<u64>>) -> Result<Chunks, ArchiveError> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.artifacts.place.store().get_opts(&path(self.id), options).await;
        let found = found.map_err(|fault| failed("reading artifact", self.id, fault))?;
        Ok(Chunks { id: self.id, from: found.into_stream(), pending: Vec::new() })
    }
}

/// What a store gives, cut into chunks.
struct Chunks {
    id: SubmissionId,
    from: BoxStream<'static, object_store::Result<bytes::Bytes>>,
    pending: Vec<u8>,
}

impl Chunks {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ArchiveError> {
        while self.pending.len() < CHUNK_BYTES {
            let more = self.from.try_next().await;
            match more.map_err(|fault| failed("reading artifact", self.id, fault))? {
                Some(more) => self.pending.extend_from_slice(&more),
                None => break,
            }
        }
        if self.pending.is_empty() {
            return Ok(None);
        }
        let rest = self.pending.split_off(CHUNK_BYTES.min(self.pending.len()));
        Ok(Some(std::mem::replace(&mut self.pending, rest)))
    }
}
