//! Artifacts: bytes that the log commits to, kept beside it until they are erased.
//!
//! Each is a file named by the submission that committed it, so equal contents are files of their own and erasing one leaves
//! the others. What is kept is what the address is the hash of: the content, behind its salt if it is salted. That it is,
//! is checked before it is written and again when it is read.

use std::fmt;

use crypto::sha256;
use futures::TryStreamExt as _;
use ledger::artifact::Artifact;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutPayload};
use proto::id::SubmissionId;

use crate::error::ArchiveError;
use crate::place::{IfMissing, Place, failed};

/// Most bytes of one artifact, its salt included.
pub const ARTIFACT_BYTES_MAX: usize = 16 << 20;

/// Where a node keeps artifacts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Artifacts {
    place: Place,
}

impl fmt::Display for Artifacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

impl Artifacts {
    /// At a URL (`file://`, `s3://`, `gs://`, `az://`) or in a directory, which is made.
    ///
    /// # Errors
    /// `Address` when it cannot be used.
    pub fn open(address: &str) -> Result<Self, ArchiveError> {
        Ok(Self { place: Place::open(address, IfMissing::Create)? })
    }

    /// Keeps the bytes of an artifact.
    ///
    /// # Errors
    /// `OtherBytes` unless they are the ones it commits to; `Store`.
    pub async fn put(
        &self,
        id: SubmissionId,
        artifact: &Artifact,
        bytes: Vec<u8>,
    ) -> Result<(), ArchiveError> {
        expect_committed(id, artifact, &bytes)?;
        let put = self.place.store().put(&path(id), PutPayload::from(bytes)).await;
        put.map(drop).map_err(|fault| failed("writing artifact", id, fault))
    }

    /// The bytes of an artifact; none if they are not here.
    ///
    /// # Errors
    /// `OtherBytes` when what is here is not what was committed; `Store`.
    pub async fn find(&self, id: SubmissionId, artifact: &Artifact) -> Result<Option<Vec<u8>>, ArchiveError> {
        let found = match self.place.store().get(&path(id)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(fault) => return Err(failed("reading artifact", id, fault)),
        };
        if found.meta.size > ARTIFACT_BYTES_MAX as u64 {
            return Err(ArchiveError::OtherBytes { artifact: id });
        }
        match found.bytes().await {
            Ok(bytes) => {
                let bytes = Vec::from(bytes);
                expect_committed(id, artifact, &bytes)?;
                Ok(Some(bytes))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(fault) => Err(failed("reading artifact", id, fault)),
        }
    }

    /// Whether the bytes of an artifact are here.
    ///
    /// # Errors
    /// `Store`.
    pub async fn has(&self, id: SubmissionId) -> Result<bool, ArchiveError> {
        match self.place.store().head(&path(id)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(fault) => Err(failed("looking for artifact", id, fault)),
        }
    }

    /// Erases the bytes of an artifact; whether they were here.
    ///
    /// # Errors
    /// `Store`.
    pub async fn erase(&self, id: SubmissionId) -> Result<bool, ArchiveError> {
        // A bucket says of what is not there that it was deleted.
        if !self.has(id).await? {
            return Ok(false);
        }
        match self.place.store().delete(&path(id)).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(fault) => Err(failed("erasing artifact", id, fault)),
        }
    }

    /// All that are here, in no order. Files with other names are left alone.
    ///
    /// # Errors
    /// `Store`.
    pub async fn all(&self) -> Result<Vec<SubmissionId>, ArchiveError> {
        let listed = self.place.store().list(Some(&Path::from(FOLDER)));
        let named = listed.try_filter_map(|found| async move {
            Ok(found.location.filename().and_then(|name| name.parse().ok()).map(SubmissionId::new))
        });
        named.try_collect().await.map_err(|fault| failed("listing", FOLDER, fault))
    }
}

/// That these are the bytes an artifact commits to.
fn expect_committed(id: SubmissionId, artifact: &Artifact, bytes: &[u8]) -> Result<(), ArchiveError> {
    match bytes.len() <= ARTIFACT_BYTES_MAX && sha256(bytes) == artifact.address {
        true => Ok(()),
        false => Err(ArchiveError::OtherBytes { artifact: id }),
    }
}

const FOLDER: &str = "artifacts";

fn path(id: SubmissionId) -> Path {
    let name = id.to_string();
    // Two characters of it come first, for file systems that mind large folders.
    Path::from_iter([FOLDER, &name[..2], &name])
}

#[cfg(test)]
mod tests {
    use super::*;

    use crypto::Digest;
    use ledger::key::Position;
    use proto::counter::{Height, LeafIndex};
    use proto::id::Did;
    use proto::operation::Retention;

    fn artifact(content: &[u8]) -> Artifact {
        Artifact {
            owner: Did::parse(&format!("did:quorate:{}", crypto::KeyId::new(Digest::ZERO))).expect("a did"),
            committed: Position { index: LeafIndex::new(2), height: Height::new(1) },
            address: sha256(content),
            salted: false,
            retention: Retention::UntilErased,
            erased: None,
        }
    }

    fn id(n: u8) -> SubmissionId {
        SubmissionId::new(sha256(&[n]))
    }

    #[tokio::test]
    async fn bytes_are_kept_until_they_are_erased_each_by_itself() {
        let dir = tempfile::tempdir().expect("a directory");
        let kept = Artifacts::open(&dir.path().display().to_string()).expect("opens");
        let letter = artifact(b"letter");
        for n in [1, 2] {
            assert_eq!(kept.find(id(n), &letter).await.expect("reads"), None);
            kept.put(id(n), &letter, b"letter".to_vec()).await.expect("writes");
        }
        let mut all = kept.all().await.expect("lists");
        all.sort();
        let mut expected = vec![id(1), id(2)];
        expected.sort();
        assert_eq!(all, expected);
        assert!(kept.erase(id(1)).await.expect("erases"));
        assert!(!kept.erase(id(1)).await.expect("it is gone"));
        assert_eq!(kept.find(id(1), &letter).await.expect("reads"), None);
        assert_eq!(kept.find(id(2), &letter).await.expect("reads").as_deref(), Some(&b"letter"[..]));
    }

    #[tokio::test]
    async fn other_bytes_are_neither_taken_nor_given() {
        let dir = tempfile::tempdir().expect("a directory");
        let kept = Artifacts::open(&dir.path().display().to_string()).expect("opens");
        let letter = artifact(b"letter");
        let refused = kept.put(id(1), &letter, b"lettex".to_vec()).await;
        assert!(matches!(refused, Err(ArchiveError::OtherBytes { artifact }) if artifact == id(1)));
        kept.put(id(1), &letter, b"letter".to_vec()).await.expect("writes");
        std::fs::write(dir.path().join(path(id(1)).as_ref()), b"lettex").expect("a file");
        assert!(matches!(kept.find(id(1), &letter).await, Err(ArchiveError::OtherBytes { .. })));
    }
}
