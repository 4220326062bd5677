//! Artifacts: bytes that the log commits to, kept beside it until they are erased.
//!
//! Each is a file named by the submission that committed it, so equal contents are files of their own and erasing one leaves
//! the others. What is kept is what the address is the hash of: the content, behind its salt if it is salted. That it is,
//! is checked before it gets its name (`upload`) and again while it is given out (`reading`): neither holds more of it than
//! a part. `digests` remembers the digests of its chunks, so that a range is checked without the rest; `room` counts what
//! each tenant has here. A file without its name is nobody's, and is swept.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures::TryStreamExt as _;
use ledger::artifact::Artifact;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use proto::id::SubmissionId;

use crate::error::ArchiveError;
use crate::place::{IfMissing, Place, failed};

mod digests;
mod reading;
pub mod room;
mod upload;

use digests::Remembered;
pub use digests::{CHUNK_BYTES, Digests};
pub use reading::{Bytes, Opened};
pub use upload::{PART_BYTES, Upload};

/// Most bytes of one artifact, its salt included, unless the operator says otherwise.
pub const ARTIFACT_BYTES_MAX: u64 = 64 << 20;
/// A file without a name is swept when nobody has written to it for so long: uploads that stall are broken off sooner.
pub const ABANDONED: Duration = Duration::from_secs(120);

/// Where a node keeps artifacts. Cheap to clone.
#[derive(Clone)]
pub struct Artifacts {
    place: Place,
    bytes_max: u64,
    remembered: Arc<Mutex<Remembered>>,
}

impl fmt::Debug for Artifacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artifacts").field("place", &self.place).finish_non_exhaustive()
    }
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
        Ok(Self::at(Place::open(address, IfMissing::Create)?))
    }

    /// At a place.
    pub fn at(place: Place) -> Self {
        Self { place, bytes_max: ARTIFACT_BYTES_MAX, remembered: Arc::default() }
    }

    /// The same, with another limit on the bytes of one artifact.
    #[must_use]
    pub fn of_at_most(self, bytes_max: u64) -> Self {
        Self { bytes_max, ..self }
    }

    /// Most bytes of one artifact, its salt included.
    pub const fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Whether another is at the same place.
    pub fn is_at(&self, other: &Self) -> bool {
        self.place.is_at(&other.place)
    }

    /// Begins to take the bytes of an artifact. Nothing of it has a name before all of it has come and is what was
    /// committed.
    pub fn upload(&self, id: SubmissionId, artifact: &Artifact) -> Upload {
        Upload::new(self, id, artifact.address)
    }

    /// Keeps bytes that are in memory.
    ///
    /// # Errors
    /// `OtherBytes` unless they are the ones it commits to; `ArtifactTooLarge`; `Store`.
    pub async fn put(&self, id: SubmissionId, artifact: &Artifact, bytes: &[u8]) -> Result<(), ArchiveError> {
        let mut upload = self.upload(id, artifact);
        upload.write(bytes).await?;
        upload.finish().await.map(drop)
    }

    /// The bytes of an artifact, to be read; none if they are not here.
    ///
    /// # Errors
    /// `Store`.
    pub async fn find(&self, id: SubmissionId, artifact: &Artifact) -> Result<Option<Opened>, ArchiveError> {
        Ok(self.size(id).await?.map(|bytes| Opened::new(self, id, artifact.address, bytes)))
    }

    /// How many bytes of an artifact are here; none if it is not.
    ///
    /// # Errors
    /// `Store`.
    pub async fn size(&self, id: SubmissionId) -> Result<Option<u64>, ArchiveError> {
        match self.place.store().head(&path(id)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(fault) => Err(failed("looking for artifact", id, fault)),
        }
    }

    /// Erases the bytes of an artifact; how many were here, if it was.
    ///
    /// # Errors
    /// `Store`.
    pub async fn erase(&self, id: SubmissionId) -> Result<Option<u64>, ArchiveError> {
        // A bucket says of what is not there that it was deleted.
        let Some(bytes) = self.size(id).await? else { return Ok(None) };
        self.forget(id);
        match self.place.store().delete(&path(id)).await {
            Ok(()) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(fault) => Err(failed("erasing artifact", id, fault)),
        }
    }

    /// Puts a copy of an artifact elsewhere, checked on the way; whether there was one to copy. What stands there already
    /// under its name is written anew: it may be what a crash or somebody else left.
    ///
    /// # Errors
    /// `OtherBytes` when what is here is not what was committed; `Store` of either place. Then there is none there, or the
    /// one from before.
    pub async fn copy_to(
        &self,
        other: &Self,
        id: SubmissionId,
        artifact: &Artifact,
    ) -> Result<bool, ArchiveError> {
        let Some(opened) = self.find(id, artifact).await? else { return Ok(false) };
        let mut upload = other.upload(id, artifact);
        let mut bytes = opened.read_all();
        while let Some(chunk) = bytes.try_next().await? {
            upload.write(&chunk).await?;
        }
        upload.finish().await.map(|_| true)
    }

    /// All that are here with their sizes, in no order. Files with other names are left alone.
    ///
    /// # Errors
    /// `Store`.
    pub async fn all(&self) -> Result<Vec<(SubmissionId, u64)>, ArchiveError> {
        let listed = self.place.store().list(Some(&Path::from(FOLDER)));
        let named = listed.try_filter_map(|found| async move {
            let id = found.location.filename().and_then(|name| name.parse().ok()).map(SubmissionId::new);
            Ok(id.map(|id| (id, found.size)))
        });
        named.try_collect().await.map_err(|fault| failed("listing", FOLDER, fault))
    }

    /// Removes what uploads left that did not end, if nobody has written to it for `idle`; how many files. Waits for the
    /// disk. Only a directory
    /// has such: a bucket keeps the parts of an upload out of sight, until it ends or a rule of the bucket's drops them.
    ///
    /// # Errors
    /// `Store`.
    pub fn sweep(&self, idle: Duration) -> Result<usize, ArchiveError> {
        let Some(root) = self.place.root() else { return Ok(0) };
        swept(&root.join(FOLDER), idle).map_err(|fault| failed("sweeping", FOLDER, fault))
    }

    fn remember(&self, id: SubmissionId, digests: Arc<Digests>) {
        if let Ok(mut remembered) = self.remembered.lock() {
            remembered.put(id, digests);
        }
    }

    fn recall(&self, id: SubmissionId) -> Option<Arc<Digests>> {
        self.remembered.lock().ok()?.get(id)
    }

    fn forget(&self, id: SubmissionId) {
        if let Ok(mut remembered) = self.remembered.lock() {
            remembered.forget(id);
        }
    }
}

fn swept(folder: &std::path::Path, idle: Duration) -> std::io::Result<usize> {
    let mut swept = 0;
    for part in folders(folder)? {
        for file in std::fs::read_dir(part)? {
            let file = file?;
            // What is on its way stands under its name, `#` and a number.
            let staged = file.file_name().to_str().is_some_and(|name| name.contains('#'));
            let metadata = file.metadata()?;
            let age = SystemTime::now().duration_since(metadata.modified()?).unwrap_or_default();
            if staged && metadata.is_file() && age >= idle {
                std::fs::remove_file(file.path())?;
                swept += 1;
            }
        }
    }
    Ok(swept)
}

fn folders(folder: &std::path::Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let listed = match std::fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(fault) => return Err(fault),
    };
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

const FOLDER: &str = "artifacts";

fn path(id: SubmissionId) -> Path {
    let name = id.to_string();
    // Two characters of it come first, for file systems that mind large folders.
    Path::from_iter([FOLDER, &name[..2], &name])
}

#[cfg(test)]
mod tests;
