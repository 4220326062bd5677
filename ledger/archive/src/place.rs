//! A place where files are: a directory, a bucket, or a node over HTTP.
//!
//! A file is written whole or not at all, and never read beyond what a file of its kind may have. Credentials come from
//! the environment, by the names that each cloud's own tools use.

use std::fmt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::http::HttpBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    Attribute, ClientOptions, ObjectStore, ObjectStoreExt as _, ObjectStoreScheme, PutOptions, PutPayload,
    RetryConfig, parse_url_opts,
};
use url::Url;

use crate::error::ArchiveError;
use crate::name::File;

/// What caches are told of files that never change.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// How often a node or server of files that does not answer is asked again, and for how long.
const RETRIES: usize = 3;
const RETRY: Duration = Duration::from_secs(20);

/// Where files are. Cheap to clone.
#[derive(Clone)]
pub struct Place {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// What there is can be asked for; a node over HTTP answers only for files by name.
    lists: bool,
    /// A file is written with what an HTTP server is to say of it; a directory has no room for that.
    describes: bool,
    /// The directory it is, if it is one.
    root: Option<PathBuf>,
    name: String,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Whether a directory that is not there is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// It is.
    Create,
    /// It is refused.
    Refuse,
}

impl Place {
    /// The place of a URL (`file://`, `http://`, `https://`, `s3://`, `gs://`, `az://`), or of a directory.
    ///
    /// # Errors
    /// `Address` when it is none, or its store cannot be used as configured.
    pub fn open(address: &str, if_missing: IfMissing) -> Result<Self, ArchiveError> {
        let refuse = |fault: String| ArchiveError::Address { url: address.to_owned(), fault };
        let Some((scheme, _)) = address.split_once("://") else {
            return Self::directory(FilePath::new(address), if_missing);
        };
        let url = Url::parse(address).map_err(|fault| refuse(fault.to_string()))?;
        match scheme {
            "file" => {
                let path = url.to_file_path().map_err(|()| refuse("it names no local path".to_owned()))?;
                Self::directory(&path, if_missing)
            }
            "http" | "https" => match ObjectStoreScheme::parse(&url) {
                // Some clouds are named by https:// too.
                Ok((ObjectStoreScheme::Http, path)) => Self::http(&url, path),
                _ => Self::cloud(&url),
            },
            "s3" | "s3a" | "gs" | "az" | "azure" | "abfs" | "abfss" => Self::cloud(&url),
            other => Err(refuse(format!(
                "{other}:// is not spoken here; file://, http://, https://, s3://, gs:// and az:// are"
            ))),
        }
    }

    /// A directory.
    ///
    /// # Errors
    /// `Address` when it is not there and is not to be made, or cannot be used.
    pub fn directory(path: &FilePath, if_missing: IfMissing) -> Result<Self, ArchiveError> {
        let name = path.display().to_string();
        let refuse = |fault: String| ArchiveError::Address { url: name.clone(), fault };
        if if_missing == IfMissing::Create {
            std::fs::create_dir_all(path).map_err(|fault| refuse(fault.to_string()))?;
        }
        let path: PathBuf = path.canonicalize().map_err(|fault| refuse(fault.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(&path).map_err(|fault| refuse(fault.to_string()))?;
        // A head must not be on the disk before what is below it.
        let place = Self::of(Arc::new(store.with_fsync(true)), Path::default(), true, name.clone());
        Ok(Self { root: Some(path), ..place })
    }

    /// Another store of `object_store`, below a prefix.
    pub fn of(store: Arc<dyn ObjectStore>, prefix: Path, lists: bool, name: String) -> Self {
        Self { store, prefix, lists, describes: false, root: None, name }
    }

    fn http(url: &Url, prefix: Path) -> Result<Self, ArchiveError> {
        let refuse = |fault: String| ArchiveError::Address { url: url.to_string(), fault };
        let mut options = ClientOptions::new().with_allow_http(true);
        if matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")) {
            // A proxy elsewhere would take this machine's loopback for its own; one that is named and does not serve
            // these hosts keeps that of the environment away.
            options =
                options.with_proxy_url("http://127.0.0.1:9").with_proxy_excludes("127.0.0.1,localhost,::1");
        }
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY, ..RetryConfig::default() };
        let root = &url[..url::Position::BeforePath];
        let store = HttpBuilder::new().with_url(root).with_client_options(options).with_retry(retry).build();
        let store = store.map_err(|fault| refuse(fault.to_string()))?;
        Ok(Self::of(Arc::new(store), prefix, false, url.to_string()))
    }

    fn cloud(url: &Url) -> Result<Self, ArchiveError> {
        let refuse = |fault: object_store::Error| ArchiveError::Address {
            url: url.to_string(),
            fault: fault.to_string(),
        };
        // What is not text is none of a cloud's settings.
        let env = std::env::vars_os();
        let env = env.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let (store, prefix) = parse_url_opts(url, env).map_err(refuse)?;
        Ok(Self { describes: true, ..Self::of(Arc::from(store), prefix, true, url.to_string()) })
    }

    /// Whether it can be asked what there is.
    pub const fn lists(&self) -> bool {
        self.lists
    }

    /// Whether it is the same place as another, as far as their names say.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        match (&self.root, &other.root) {
            (Some(root), Some(other)) => root == other,
            (None, None) => self.name.trim_end_matches('/') == other.name.trim_end_matches('/'),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// The directory it is, if it is one.
    pub(crate) fn root(&self) -> Option<PathBuf> {
        self.root.clone()
    }

    /// What is below the prefix, for files that are none of a log's.
    pub(crate) fn store(&self) -> PrefixStore<Arc<dyn ObjectStore>> {
        PrefixStore::new(Arc::clone(&self.store), self.prefix.clone())
    }

    fn path(&self, name: &str) -> Result<Path, ArchiveError> {
        let whole =
            if self.prefix.as_ref().is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) };
        Path::parse(whole).map_err(|fault| failed("name", name, fault))
    }

    /// A file; none if there is none.
    ///
    /// # Errors
    /// `TooLarge` before anything of it is read; `Store`.
    pub async fn find(&self, file: File) -> Result<Option<Vec<u8>>, ArchiveError> {
        let found = match self.store.get(&self.path(&file.to_string())?).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(fault) => return Err(failed("reading", file, fault)),
        };
        let (size, max) = (found.meta.size, file.bytes_max());
        if size > max as u64 {
            return Err(ArchiveError::TooLarge { file, found: size, max });
        }
        match found.bytes().await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(fault) => Err(failed("reading", file, fault)),
        }
    }

    /// Writes a file.
    ///
    /// # Errors
    /// `Store`; then it is as it was.
    pub async fn put(&self, file: File, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        let mut options = PutOptions::default();
        if self.describes {
            let (kind, keep) = match file {
                File::Checkpoint => ("text/plain; charset=utf-8", "public, max-age=2, must-revalidate"),
                File::CheckpointOf(_) => ("text/plain; charset=utf-8", IMMUTABLE),
                File::Genesis | File::Tile(_) | File::Entries(_) | File::Beside(_) => {
                    ("application/octet-stream", IMMUTABLE)
                }
            };
            options.attributes.insert(Attribute::ContentType, kind.into());
            options.attributes.insert(Attribute::CacheControl, keep.into());
        }
        let path = self.path(&file.to_string())?;
        let put = self.store.put_opts(&path, PutPayload::from(bytes), options).await;
        put.map(drop).map_err(|fault| failed("writing", file, fault))
    }

    /// Removes the parts of a tile or bundle that is full: all that stands in `<name>.p`.
    ///
    /// # Errors
    /// `Store`.
    pub async fn remove_parts(&self, file: File) -> Result<(), ArchiveError> {
        let name = file.to_string();
        // Whatever part was asked for, its folder is the same.
        let folder = format!("{}.p", name.split(".p/").next().unwrap_or(&name));
        let mut parts = self.store.list(Some(&self.path(&folder)?));
        while let Some(part) = parts.try_next().await.map_err(|fault| failed("listing", &folder, fault))? {
            match self.store.delete(&part.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(fault) => return Err(failed("removing", part.location, fault)),
            }
        }
        Ok(())
    }

    /// The paths of all files in a folder, in no order; none where that cannot be asked.
    ///
    /// # Errors
    /// `Store`, also on the way.
    pub async fn list(
        self,
        folder: &'static str,
    ) -> Result<BoxStream<'static, Result<String, ArchiveError>>, ArchiveError> {
        if !self.lists {
            return Ok(futures::stream::empty().boxed());
        }
        let path = self.path(folder)?;
        let cut = match self.prefix.as_ref().len() {
            0 => 0,
            length => length + 1,
        };
        let listed = self.store.list(Some(&path)).map(move |found| match found {
            Ok(found) => Ok(found.location.as_ref().get(cut..).unwrap_or_default().to_owned()),
            Err(fault) => Err(failed("listing", folder, fault)),
        });
        Ok(listed.boxed())
    }
}

pub(crate) fn failed(
    deed: &'static str,
    file: impl fmt::Display,
    fault: impl std::error::Error,
) -> ArchiveError {
    // Its sources say what happened; the outermost says often no more than that something did.
    let (mut said, mut source) = (fault.to_string(), fault.source());
    while let Some(inner) = source {
        let inner_said = inner.to_string();
        if !said.contains(&inner_said) {
            said = format!("{said}: {inner_said}");
        }
        source = inner.source();
    }
    ArchiveError::Store { deed, file: file.to_string(), fault: said }
}
