//! Who may call: hosts and origins that are served, the caller's credential, limits on what is open at once.
//!
//! - `shown` is what a request shows, `authenticator` makes of it a `principal`, a `token` being one way to be believed;
//! - `sight` is what it may see of what is private;
//! - `access` is the rule of each route, `rates` how often it may be asked; `request_id` the name of a request.
//!
//! A page in a browser can be made to call a listener on loopback under a name of its own (DNS rebinding); so the
//! host it names is checked, and the page's origin. No CORS header is ever sent.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use model::error::{AccessError, ApiError};

use crate::respond::Failure;
use crate::routes::Context;

pub(crate) mod access;
pub mod authenticator;
pub mod principal;
pub(crate) mod rates;
pub(crate) mod request_id;
pub(crate) mod shown;
pub(crate) mod sight;
pub mod token;

use authenticator::Authenticator;
use principal::Principal;
use sight::Sight;

/// Most requests being answered at once, waiting callers included.
pub(crate) const REQUESTS_MAX: usize = 1_024;
/// Most event streams open at once.
pub(crate) const STREAMS_MAX: usize = 100;
/// Most batches of receipts that are read and verified at once: each may have a large body, and takes a thread for long.
pub(crate) const BATCHES_MAX: usize = 2;
/// Most artifacts that are taken in at once: each has a part of 5 MiB in memory.
pub(crate) const UPLOADS_MAX: usize = 32;
/// Most artifacts that are given out at once: each has two chunks of 256 KiB in memory.
pub(crate) const DOWNLOADS_MAX: usize = 256;
/// Longest request line and headers, in bytes.
pub(crate) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Longest time a request may take, in milliseconds: the longest wait, and some for the work.
pub(crate) const REQUEST_MS_MAX: u64 = 75_000;
/// Longest time the bytes of an artifact may take to come, in milliseconds; a sender that is silent is let go sooner.
pub(crate) const UPLOAD_MS_MAX: u64 = 3_600_000;

/// Where a listener can be reached from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// From this machine only.
    Loopback,
    /// From elsewhere.
    Open {
        /// The host names served, without port; empty: any.
        hosts: Vec<String>,
    },
}

/// Who calls: whom the request shows, or why nobody is believed; and on which listener.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The verdict on the credential.
    pub principal: Result<Principal, AccessError>,
    /// The listener's exposure.
    pub exposure: Exposure,
}

impl Caller {
    /// The caller, where a credential is needed.
    ///
    /// # Errors
    /// Why nobody is believed; `Missing` says what for.
    pub(crate) fn known(&self, what: &'static str) -> Result<&Principal, ApiError> {
        match &self.principal {
            Ok(principal) => Ok(principal),
            Err(AccessError::Missing { .. } | AccessError::Unconfigured) => {
                Err(AccessError::Missing { what }.into())
            }
            Err(fault) => Err(fault.clone().into()),
        }
    }
}

impl Caller {
    /// What it may see of what is private at this node.
    pub(crate) fn sight(&self, authenticator: &Authenticator) -> Sight {
        authenticator.sight(self.principal.as_ref().ok())
    }
}

/// What a handler is given that asks for it. The credential is judged where it is asked for, and once.
impl FromRequestParts<Context> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Infallible> {
        let exposure = context.exposure.clone();
        if let Some(principal) = parts.extensions.get::<Principal>() {
            return Ok(Self { principal: Ok(principal.clone()), exposure });
        }
        let principal = context.principal(&parts.uri, &parts.headers);
        Ok(Self { principal, exposure })
    }
}

/// What a handler of a guarded route is given: whom its guard has let in.
impl FromRequestParts<Context> for Principal {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Failure> {
        let caller = Caller::from_request_parts(parts, context).await.unwrap_or_else(|never| match never {});
        Ok(caller.known("a credential is needed here").cloned()?)
    }
}

impl Exposure {
    /// Whether a request may be answered that names this host and comes from this origin.
    ///
    /// # Errors
    /// `HostRefused` with the name.
    pub(crate) fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        // In absolute form the target's host counts, and the header is ignored (RFC 9112 §3.2.2).
        let named = match uri.host() {
            Some(host) => Some(host.to_owned()),
            None => headers.get(HOST).map(text),
        };
        if let Some(named) = named
            && !self.serves(&named)
        {
            return Err(refused(&named));
        }
        for origin in headers.get_all(ORIGIN) {
            let origin = text(origin);
            match origin.split_once("://") {
                Some((_, host)) if self.serves(host) => {}
                Some(_) | None => return Err(refused(&origin)),
            }
        }
        Ok(())
    }

    fn serves(&self, named: &str) -> bool {
        let host = without_port(named).to_ascii_lowercase();
        match self {
            Self::Loopback => matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]"),
            Self::Open { hosts } => hosts.is_empty() || hosts.contains(&host),
        }
    }
}

/// Refuses a head that is too large. The connection's own buffer bounds it too, but only to the next read.
///
/// # Errors
/// `HeadTooLarge` with both lengths.
pub(crate) fn expect_small_head(uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let line = uri.path().len() + uri.query().map_or(0, str::len);
    let found = headers.iter().fold(line, |sum, (name, value)| sum + name.as_str().len() + value.len());
    match found <= HEAD_BYTES_MAX {
        true => Ok(()),
        false => Err(ApiError::HeadTooLarge { found, max: HEAD_BYTES_MAX }),
    }
}

fn refused(found: &str) -> ApiError {
    ApiError::HostRefused { found: found.chars().take(80).collect() }
}

/// `name`, `name:port`, `[v6]` or `[v6]:port`, without the port.
fn without_port(named: &str) -> &str {
    match named.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !host.ends_with(':') => host,
        Some(_) | None => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(exposure: &Exposure, host: Option<&str>, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(HOST, host.parse().expect("a header"));
        }
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().expect("a header"));
        }
        exposure.admit(&Uri::from_static("/v1/status"), &headers).is_ok()
    }

    #[test]
    fn a_rebound_name_is_refused_on_loopback() {
        let here = Exposure::Loopback;
        for host in ["127.0.0.1:7070", "localhost", "LOCALHOST:1", "[::1]:7070", "[::1]"] {
            assert!(admits(&here, Some(host), None), "{host}");
        }
        for host in ["evil.example", "evil.example:7070", "127.0.0.1.evil.example", "localhost.evil:7070", ""]
        {
            assert!(!admits(&here, Some(host), None), "{host}");
        }
        let absolute = here.admit(&Uri::from_static("http://evil.example/v1/status"), &HeaderMap::new());
        assert!(absolute.is_err());
    }

    #[test]
    fn pages_of_others_are_refused() {
        let here = Exposure::Loopback;
        assert!(admits(&here, Some("localhost"), Some("http://localhost:3000")));
        assert!(!admits(&here, Some("localhost"), Some("https://evil.example")));
        assert!(!admits(&here, Some("localhost"), Some("null")));
        let named = Exposure::Open { hosts: vec!["ledger.example".to_owned()] };
        assert!(admits(&named, Some("ledger.example:443"), None));
        assert!(!admits(&named, Some("other.example"), None));
        assert!(admits(&Exposure::Open { hosts: Vec::new() }, Some("any.example"), None));
    }
}
