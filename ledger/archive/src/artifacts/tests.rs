use super::*;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use crypto::{Digest, sha256};
use futures::stream::BoxStream;
use ledger::key::Position;
use object_store::memory::InMemory;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, UploadPart,
};
use proto::counter::{Height, LeafIndex};
use proto::id::Did;
use proto::operation::Retention;
use tempfile::TempDir;

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

fn open() -> (TempDir, Artifacts) {
    let dir = tempfile::tempdir().expect("a directory");
    let kept = Artifacts::open(&dir.path().display().to_string()).expect("opens");
    (dir, kept)
}

/// Bytes of which no two chunks are alike.
fn long(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| (n / 7 + n % 251) as u8).collect()
}

async fn read(
    kept: &Artifacts,
    id: SubmissionId,
    artifact: &Artifact,
) -> Result<Option<Vec<u8>>, ArchiveError> {
    match kept.find(id, artifact).await? {
        Some(opened) => opened.read_all().try_concat().await.map(Some),
        None => Ok(None),
    }
}

/// What arrives before it ends, and whether it ends well.
async fn arrives(mut bytes: Bytes) -> (usize, bool) {
    let mut arrived = 0;
    loop {
        match bytes.try_next().await {
            Ok(Some(chunk)) => arrived += chunk.len(),
            Ok(None) => return (arrived, true),
            Err(fault) => {
                assert!(matches!(fault, ArchiveError::OtherBytes { .. }), "{fault}");
                return (arrived, false);
            }
        }
    }
}

fn files(dir: &std::path::Path) -> Vec<PathBuf> {
    let folders = folders(&dir.join(FOLDER)).expect("a folder");
    let mut found: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| {
            std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path())
        })
        .collect();
    found.sort();
    found
}

fn spoil(dir: &std::path::Path, id: SubmissionId, at: usize) {
    let file = dir.join(path(id).as_ref());
    let mut bytes = std::fs::read(&file).expect("a file");
    bytes[at] ^= 1;
    std::fs::write(&file, bytes).expect("a file");
}

#[tokio::test]
async fn bytes_are_kept_until_they_are_erased_each_by_itself() {
    let (_dir, kept) = open();
    let letter = artifact(b"letter");
    for n in [1, 2] {
        assert_eq!(read(&kept, id(n), &letter).await.expect("reads"), None);
        kept.put(id(n), &letter, b"letter").await.expect("writes");
    }
    let mut all = kept.all().await.expect("lists");
    all.sort();
    let mut expected = vec![(id(1), 6), (id(2), 6)];
    expected.sort();
    assert_eq!(all, expected);
    assert_eq!(kept.erase(id(1)).await.expect("erases"), Some(6));
    assert_eq!(kept.erase(id(1)).await.expect("it is gone"), None);
    assert_eq!(read(&kept, id(1), &letter).await.expect("reads"), None);
    assert_eq!(read(&kept, id(2), &letter).await.expect("reads").as_deref(), Some(&b"letter"[..]));
    let empty = artifact(b"");
    kept.put(id(3), &empty, b"").await.expect("writes");
    assert_eq!(read(&kept, id(3), &empty).await.expect("reads").as_deref(), Some(&b""[..]));
}

#[tokio::test]
async fn other_bytes_are_neither_taken_nor_given() {
    let (dir, kept) = open();
    let letter = artifact(b"letter");
    let refused = kept.put(id(1), &letter, b"lettex").await;
    assert!(matches!(refused, Err(ArchiveError::OtherBytes { artifact }) if artifact == id(1)));
    kept.put(id(1), &letter, b"letter").await.expect("writes");
    for fresh in [false, true] {
        // Known from the upload, and not known.
        let kept = if fresh {
            Artifacts::open(&dir.path().display().to_string()).expect("opens")
        } else {
            kept.clone()
        };
        std::fs::write(dir.path().join(path(id(1)).as_ref()), b"lettex").expect("a file");
        assert!(matches!(read(&kept, id(1), &letter).await, Err(ArchiveError::OtherBytes { .. })), "{fresh}");
    }
}

#[tokio::test]
async fn nothing_has_a_name_before_all_of_it_has_come() {
    let (dir, kept) = open();
    let bytes = long(2 * PART_BYTES + 3);
    let whole = artifact(&bytes);
    let mut upload = kept.upload(id(1), &whole);
    for part in bytes.chunks(700_001) {
        upload.write(part).await.expect("writes");
        assert_eq!(kept.size(id(1)).await.expect("looks"), None);
        assert_eq!(kept.all().await.expect("lists"), Vec::new());
    }
    assert!(!files(dir.path()).is_empty(), "parts are on the disk, under no name of ours");
    assert_eq!(upload.finish().await.expect("it is whole"), bytes.len() as u64);
    assert_eq!(kept.all().await.expect("lists"), vec![(id(1), bytes.len() as u64)]);
    assert_eq!(read(&kept, id(1), &whole).await.expect("reads"), Some(bytes.clone()));
    assert_eq!(files(dir.path()).len(), 1);

    // Other bytes, and a sender that is gone, leave nothing.
    let mut other = kept.upload(id(2), &artifact(b"other"));
    other.write(&bytes).await.expect("writes");
    assert!(matches!(other.finish().await, Err(ArchiveError::OtherBytes { .. })));
    assert_eq!(files(dir.path()).len(), 1);
    let mut broken = kept.upload(id(3), &whole);
    broken.write(&bytes[..2 * PART_BYTES]).await.expect("writes");
    assert_eq!(files(dir.path()).len(), 2);
    drop(broken);
    for _ in 0..200 {
        if files(dir.path()).len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(files(dir.path()).len(), 1);
}

#[tokio::test]
async fn more_than_any_may_have_is_refused_on_the_way() {
    let (dir, kept) = open();
    let kept = kept.of_at_most(10);
    let bytes = b"0123456789x";
    let mut upload = kept.upload(id(1), &artifact(bytes));
    upload.write(&bytes[..10]).await.expect("as many as may be");
    let refused = upload.write(&bytes[10..]).await;
    assert!(matches!(refused, Err(ArchiveError::ArtifactTooLarge { max: 10, .. })));
    drop(upload);
    assert!(files(dir.path()).is_empty());
}

#[tokio::test]
async fn what_a_crash_left_is_swept_and_nothing_else() {
    let (dir, kept) = open();
    let letter = artifact(b"letter");
    kept.put(id(1), &letter, b"letter").await.expect("writes");
    let left = dir.path().join(format!("{}#1", path(id(1))));
    std::fs::write(&left, b"let").expect("a file");
    std::fs::write(dir.path().join("artifacts").join("notes#1"), b"mine").expect("a file");
    assert_eq!(kept.all().await.expect("lists").len(), 1);
    assert_eq!(kept.sweep(ABANDONED).expect("sweeps"), 0, "somebody may be writing to it");
    let then = SystemTime::now() - ABANDONED;
    std::fs::File::options().write(true).open(&left).expect("a file").set_modified(then).expect("a time");
    assert_eq!(kept.sweep(ABANDONED).expect("sweeps"), 1);
    assert!(!left.exists());
    assert_eq!(read(&kept, id(1), &letter).await.expect("reads").as_deref(), Some(&b"letter"[..]));
    assert!(dir.path().join("artifacts").join("notes#1").exists());
}

#[tokio::test]
async fn a_range_is_what_it_is_of_the_whole() {
    let (dir, kept) = open();
    let bytes = long(3 * CHUNK_BYTES + 100);
    let whole = artifact(&bytes);
    kept.put(id(1), &whole, &bytes).await.expect("writes");
    let fresh = Artifacts::open(&dir.path().display().to_string()).expect("opens");
    let (end, chunk) = (bytes.len() as u64, CHUNK_BYTES as u64);
    for kept in [kept, fresh] {
        for range in [0..1, 0..end, 5..chunk, chunk..2 * chunk, chunk - 1..2 * chunk + 1, end - 1..end, 7..7]
        {
            let opened = kept.find(id(1), &whole).await.expect("reads").expect("it is here");
            let found: Vec<u8> =
                opened.read(range.clone()).await.expect("reads").try_concat().await.expect("reads");
            assert_eq!(found, bytes[range.start as usize..range.end as usize], "{range:?}");
        }
    }
}

#[tokio::test]
async fn what_is_spoilt_never_arrives_whole() {
    let bytes = long(3 * CHUNK_BYTES + 100);
    let whole = artifact(&bytes);
    let last = bytes.len() - 1;
    for (at, first_time, afterwards) in [
        (0, 3 * CHUNK_BYTES, 0),
        (CHUNK_BYTES, 3 * CHUNK_BYTES, CHUNK_BYTES),
        (last, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES),
    ] {
        let (dir, kept) = open();
        kept.put(id(1), &whole, &bytes).await.expect("writes");
        spoil(dir.path(), id(1), at);
        // Its chunks are known from the upload.
        let opened = kept.find(id(1), &whole).await.expect("reads").expect("it is here");
        assert_eq!(arrives(opened.read_all()).await, (afterwards, false), "{at}");
        let fresh = Artifacts::open(&dir.path().display().to_string()).expect("opens");
        let opened = fresh.find(id(1), &whole).await.expect("reads").expect("it is here");
        assert_eq!(arrives(opened.clone().read_all()).await, (first_time, false), "{at}");
        // A range of what was never read whole is refused before its first byte, wherever the fault is.
        assert!(opened.read(1..2).await.is_err(), "{at}");
        // Given again, it is whole again.
        fresh.put(id(1), &whole, &bytes).await.expect("writes");
        assert_eq!(read(&fresh, id(1), &whole).await.expect("reads"), Some(bytes.clone()), "{at}");
    }
    // A range whose chunks are sound is given, though others are not.
    let (dir, kept) = open();
    kept.put(id(1), &whole, &bytes).await.expect("writes");
    spoil(dir.path(), id(1), last);
    let opened = kept.find(id(1), &whole).await.expect("reads").expect("it is here");
    assert_eq!(arrives(opened.clone().read_all()).await, (3 * CHUNK_BYTES, false));
    let range = opened.read(10..20).await.expect("reads");
    assert_eq!(arrives(range).await, (10, true));
    // What was cut off is not what was committed either.
    let file = dir.path().join(path(id(1)).as_ref());
    std::fs::write(&file, &bytes[..CHUNK_BYTES]).expect("a file");
    assert!(read(&kept, id(1), &whole).await.is_err());
}

/// A store that does nothing any more after so many deeds, as one whose node was killed.
#[derive(Debug)]
struct Mortal {
    inner: Arc<InMemory>,
    left: Arc<AtomicUsize>,
}

fn dead() -> object_store::Error {
    object_store::Error::Generic { store: "mortal", source: "the node is gone".into() }
}

fn live(left: &AtomicUsize) -> object_store::Result<()> {
    let before = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    before.map(drop).map_err(|_| dead())
}

impl std::fmt::Display for Mortal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mortal")
    }
}

#[derive(Debug)]
struct MortalUpload(Box<dyn MultipartUpload>, Arc<AtomicUsize>);

#[async_trait]
impl MultipartUpload for MortalUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        match live(&self.1) {
            Ok(()) => self.0.put_part(data),
            Err(fault) => Box::pin(async move { Err(fault) }),
        }
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        live(&self.1)?;
        self.0.complete().await
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        live(&self.1)?;
        self.0.abort().await
    }
}

#[async_trait]
impl ObjectStore for Mortal {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        live(&self.left)?;
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        live(&self.left)?;
        let upload = self.inner.put_multipart_opts(path, options).await?;
        Ok(Box::new(MortalUpload(upload, Arc::clone(&self.left))))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        live(&self.left)?;
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        match live(&self.left) {
            Ok(()) => self.inner.delete_stream(paths),
            Err(fault) => Box::pin(futures::stream::once(async move { Err(fault) })),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

fn in_memory(inner: &Arc<InMemory>, left: usize) -> Artifacts {
    let store = Mortal { inner: Arc::clone(inner), left: Arc::new(AtomicUsize::new(left)) };
    Artifacts::at(Place::of(Arc::new(store), Path::default(), true, "memory".to_owned()))
}

/// However soon it ends: there is nothing, or all of it; and doing it again does it.
#[tokio::test]
async fn an_upload_that_is_killed_at_any_step_leaves_nothing_or_all() {
    for bytes in [b"letter".to_vec(), long(2 * PART_BYTES + 3)] {
        let whole = artifact(&bytes);
        let mut ends = 0;
        for left in 0.. {
            let store = Arc::new(InMemory::new());
            let done = in_memory(&store, left).put(id(1), &whole, &bytes).await.is_ok();
            let after = in_memory(&store, usize::MAX);
            let found = read(&after, id(1), &whole).await.expect("whatever is here is whole");
            assert!(found.is_none() || found.as_ref() == Some(&bytes), "{left}");
            assert!(!done || found.is_some(), "{left}");
            after.put(id(1), &whole, &bytes).await.expect("writes");
            assert_eq!(read(&after, id(1), &whole).await.expect("reads"), Some(bytes.clone()), "{left}");
            ends = left;
            if done {
                break;
            }
        }
        assert!(ends >= if bytes.len() > PART_BYTES { 5 } else { 1 }, "{ends} steps were broken off");
    }
}

/// Copied, then erased: at no step is it in neither place.
#[tokio::test]
async fn a_move_that_is_killed_at_any_step_loses_nothing() {
    for bytes in [b"letter".to_vec(), long(2 * PART_BYTES + 3)] {
        let whole = artifact(&bytes);
        for left in 0.. {
            let (here, there) = (Arc::new(InMemory::new()), Arc::new(InMemory::new()));
            in_memory(&here, usize::MAX).put(id(1), &whole, &bytes).await.expect("writes");
            let left_of_both = Arc::new(AtomicUsize::new(left));
            let mortal = |inner: &Arc<InMemory>| {
                let store = Mortal { inner: Arc::clone(inner), left: Arc::clone(&left_of_both) };
                Artifacts::at(Place::of(Arc::new(store), Path::default(), true, "memory".to_owned()))
            };
            let (from, to) = (mortal(&here), mortal(&there));
            let moved = async {
                from.copy_to(&to, id(1), &whole).await?;
                from.erase(id(1)).await
            };
            let done = moved.await.is_ok();
            let (from, to) = (in_memory(&here, usize::MAX), in_memory(&there, usize::MAX));
            let kept = [read(&from, id(1), &whole).await, read(&to, id(1), &whole).await];
            let kept = kept.map(|found| found.expect("whatever is here is whole"));
            assert!(kept.iter().flatten().all(|found| *found == bytes), "{left}");
            assert!(kept.iter().flatten().count() > 0, "{left}: it is in neither place");
            // Done again, it ends as it should.
            from.copy_to(&to, id(1), &whole).await.expect("copies");
            from.erase(id(1)).await.expect("erases");
            assert_eq!(read(&from, id(1), &whole).await.expect("reads"), None);
            assert_eq!(read(&to, id(1), &whole).await.expect("reads"), Some(bytes.clone()));
            if done {
                break;
            }
        }
    }
}

#[tokio::test]
async fn what_is_spoilt_is_not_archived() {
    let (dir, kept) = open();
    let (_other, archive) = open();
    let letter = artifact(b"letter");
    assert!(!kept.copy_to(&archive, id(1), &letter).await.expect("there is none"));
    kept.put(id(1), &letter, b"letter").await.expect("writes");
    spoil(dir.path(), id(1), 2);
    let refused = kept.copy_to(&archive, id(1), &letter).await;
    assert!(matches!(refused, Err(ArchiveError::OtherBytes { .. })));
    assert_eq!(archive.all().await.expect("lists"), Vec::new());
}
