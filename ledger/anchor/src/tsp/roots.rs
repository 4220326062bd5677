//! The certificates that authorities must be signed by, as the reader chose them.

use pki_types::pem::PemObject as _;
use pki_types::{CertificateDer, TrustAnchor};
use webpki::anchor_from_trusted_cert;

/// Largest file of roots, in bytes.
const PEM_BYTES_MAX: usize = 1 << 20;
/// Most roots.
const ROOTS_MAX: usize = 512;

/// Roots.
#[derive(Clone, Debug)]
pub struct Roots(Vec<TrustAnchor<'static>>);

/// Why a text holds no roots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    /// Too many bytes.
    #[error("{found} bytes; a file of roots has at most {PEM_BYTES_MAX}")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// Not PEM.
    #[error("certificate {at}: {fault}")]
    Pem {
        /// Its place, from 1.
        at: usize,
        /// What the reader said.
        fault: String,
    },
    /// Too many.
    #[error("more than {ROOTS_MAX} certificates")]
    TooMany,
    /// None.
    #[error("no certificate in PEM")]
    Empty,
}

impl Roots {
    /// Reads certificates in PEM.
    ///
    /// # Errors
    /// `RootsError`, the first fault.
    pub fn from_pem(pem: &[u8]) -> Result<Self, RootsError> {
        if pem.len() > PEM_BYTES_MAX {
            return Err(RootsError::TooLong { found: pem.len() });
        }
        let mut roots = Vec::new();
        for (at, read) in CertificateDer::pem_slice_iter(pem).enumerate() {
            if at >= ROOTS_MAX {
                return Err(RootsError::TooMany);
            }
            let refused = |fault: String| RootsError::Pem { at: at + 1, fault };
            let certificate = read.map_err(|fault| refused(fault.to_string()))?;
            let anchor =
                anchor_from_trusted_cert(&certificate).map_err(|fault| refused(fault.to_string()))?;
            roots.push(anchor.to_owned());
        }
        match roots.is_empty() {
            true => Err(RootsError::Empty),
            false => Ok(Self(roots)),
        }
    }

    pub(super) fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.0
    }
}
