//! Whom a server behind HTTPS is believed by.

use crate::error::ClientError;

/// The certificates that servers behind HTTPS must be signed by.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// Those of the system.
    #[default]
    System,
    /// These, and no others.
    Only(Vec<reqwest::Certificate>),
}

impl Roots {
    /// The certificates of a PEM text, and no others.
    ///
    /// # Errors
    /// `Unreadable` when it holds none, or one that cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, ClientError> {
        let unreadable = |fault: String| ClientError::Unreadable { fault };
        let found = reqwest::Certificate::from_pem_bundle(pem);
        let found = found.map_err(|fault| unreadable(crate::http::reasons(&fault)))?;
        match found.is_empty() {
            true => Err(unreadable("no certificate in PEM".to_owned())),
            false => Ok(Self::Only(found)),
        }
    }
}
