//! A store that fails from its n-th write on, as one does whose other end went away.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use archive::Place;

/// What it holds outlives it.
#[derive(Debug)]
pub struct Flaky {
    inner: Arc<InMemory>,
    left: AtomicU64,
}

impl Flaky {
    /// A place in which so many writes go well.
    pub fn place(inner: &Arc<InMemory>, writes: u64) -> Place {
        let store = Self { inner: Arc::clone(inner), left: AtomicU64::new(writes) };
        Place::of(Arc::new(store), Path::default(), true, "flaky".to_owned())
    }
}

impl fmt::Display for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("flaky")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Flaky {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        match left {
            Ok(_) => self.inner.put_opts(path, payload, options).await,
            Err(_) => Err(object_store::Error::Generic { store: "flaky", source: "no more writes".into() }),
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// A place in memory.
pub fn place(store: &Arc<InMemory>) -> Place {
    Place::of(Arc::clone(store) as Arc<dyn ObjectStore>, Path::default(), true, "memory".to_owned())
}

/// All that a store holds, by path.
pub async fn content(store: &InMemory) -> std::collections::BTreeMap<String, Vec<u8>> {
    let listed: Vec<ObjectMeta> = store.list(None).try_collect().await.expect("memory");
    let mut content = std::collections::BTreeMap::new();
    for meta in listed {
        content.insert(meta.location.to_string(), read(store, meta.location.as_ref()).await);
    }
    content
}

/// The bytes of one file.
pub async fn read(store: &InMemory, path: &str) -> Vec<u8> {
    let found = store.get(&Path::parse(path).expect("a path")).await.expect("it is there");
    found.bytes().await.expect("memory").into()
}

/// Writes one file.
pub async fn write(store: &InMemory, path: &str, bytes: Vec<u8>) {
    store.put(&Path::parse(path).expect("a path"), bytes.into()).await.expect("memory");
}

/// Removes one file.
pub async fn remove(store: &InMemory, path: &str) {
    let paths = futures::stream::iter([Ok(Path::parse(path).expect("a path"))]).boxed();
    let _: Vec<Path> = store.delete_stream(paths).try_collect().await.expect("memory");
}
