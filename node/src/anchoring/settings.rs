//! What the configuration says of anchors: who is asked, and by what they are judged.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anchor::ots::{HEADERS_BYTES_MAX, HeaderError, Headers};
use anchor::tsp::{Roots as Authorities, RootsError};
use anchor::{Kind, SERVICES_MAX, Service, ServiceError, Trust};
use client::ClientError;
use client::anchor::AnchorClient;
use client::tls::Roots;

use crate::config;
use crate::files;

/// Largest file of roots, in bytes.
const ROOTS_BYTES_MAX: u64 = 1 << 20;

/// Somebody who is asked, and by what the answers are judged.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub service: Service,
    pub client: AnchorClient,
    pub trust: Trust,
    /// A file of headers, and when it was read.
    pub headers: Option<(PathBuf, Option<SystemTime>)>,
}

/// Why the configuration of anchors is refused.
#[derive(Debug, thiserror::Error)]
pub enum AnchorSettingsError {
    /// A line names nobody.
    #[error("anchors.services: {0}")]
    Service(#[from] ServiceError),
    /// Two have one name.
    #[error("anchors.services: two are called {name:?}")]
    Twice {
        /// The name.
        name: String,
    },
    /// Too many.
    #[error("anchors.services: {found} services; at most {SERVICES_MAX}")]
    TooMany {
        /// How many.
        found: usize,
    },
    /// An address cannot be asked.
    #[error("anchors.services: {0}")]
    Address(#[from] ClientError),
    /// A file cannot be read.
    #[error("anchors.services: {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds no roots.
    #[error("anchors.services: {}: {fault}", path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why not.
        fault: RootsError,
    },
    /// A file holds no headers.
    #[error("anchors.services: {}: {fault}", path.display())]
    Headers {
        /// The file.
        path: PathBuf,
        /// Why not.
        fault: HeaderError,
    },
}

/// Those who are asked. Relative paths are taken from `dir`, HTTPS servers are believed by `tls`.
///
/// # Errors
/// `AnchorSettingsError`, the first fault.
pub(super) fn asked(
    settings: &config::Anchors,
    dir: &Path,
    tls: &Roots,
) -> Result<Vec<Asked>, AnchorSettingsError> {
    if settings.services.len() > SERVICES_MAX {
        return Err(AnchorSettingsError::TooMany { found: settings.services.len() });
    }
    let mut all: Vec<Asked> = Vec::new();
    for line in &settings.services {
        let service: Service = line.parse()?;
        if all.iter().any(|other| other.service.name == service.name) {
            return Err(AnchorSettingsError::Twice { name: service.name });
        }
        let client = AnchorClient::new(&service.url, tls)?;
        let path = service.file.as_ref().map(|file| dir.join(file));
        let mut trust = Trust { policy: service.policy.clone(), ..Trust::default() };
        let mut headers = None;
        match (service.kind, path) {
            (Kind::Rfc3161, Some(path)) => {
                let pem = read(&path, ROOTS_BYTES_MAX)?;
                let fault = |fault| AnchorSettingsError::Roots { path: path.clone(), fault };
                trust.roots = Some(Authorities::from_pem(&pem).map_err(fault)?);
            }
            (Kind::Ots, Some(path)) => {
                let (read, at) = read_headers(&path)?;
                trust.headers = read;
                headers = Some((path, at));
            }
            (Kind::Rfc3161 | Kind::Ots, None) => {}
        }
        all.push(Asked { service, client, trust, headers });
    }
    Ok(all)
}

impl Asked {
    /// Reads the file of headers again if it has changed since. One that cannot be read leaves those that were.
    pub(super) fn refresh(&mut self) {
        let Some((path, at)) = &mut self.headers else { return };
        let changed = std::fs::metadata(&*path).and_then(|it| it.modified()).ok();
        if changed.is_none() || changed == *at {
            return;
        }
        // Before it is read: a file that cannot be is not read again until somebody mends it.
        *at = changed;
        match read_headers(path) {
            Ok((headers, read_at)) => {
                tracing::info!(path = %path.display(), headers = headers.len(), "headers of blocks were read");
                (self.trust.headers, *at) = (headers, read_at);
            }
            Err(fault) => tracing::warn!(code = "headers_unread", %fault, "the headers of before are kept"),
        }
    }
}

fn read_headers(path: &Path) -> Result<(Headers, Option<SystemTime>), AnchorSettingsError> {
    let at = std::fs::metadata(path).and_then(|it| it.modified()).ok();
    let bytes = read(path, HEADERS_BYTES_MAX as u64)?;
    let io = |source| AnchorSettingsError::Io { path: path.to_owned(), source };
    let text = String::from_utf8(bytes).map_err(|fault| io(io::Error::other(fault)))?;
    let headers = text.parse();
    Ok((headers.map_err(|fault| AnchorSettingsError::Headers { path: path.to_owned(), fault })?, at))
}

fn read(path: &Path, max: u64) -> Result<Vec<u8>, AnchorSettingsError> {
    let io = |source| AnchorSettingsError::Io { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(io)?;
    let bytes = files::read_at_most(file, max).map_err(io)?;
    bytes.ok_or_else(|| io(io::Error::other(format!("it has more than {max} bytes"))))
}
