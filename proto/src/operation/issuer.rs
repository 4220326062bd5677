//! Issuers of attestations that are JWTs: who they are, which keys sign for them, and who says so.
//!
//! An issuer has a DID of the method `qwed`. One of the kind `node` is run by the validators of a network, so each of
//! them may speak for it, by its service. One of the kinds `provider` and `user` belongs to the identity that set it
//! first. What both may do is in `ledger/STATE.md`, rules A3 to A5.

use std::fmt;

use crypto::{KeyId, PublicKey, Signature};

use crate::domain::Domain;
use crate::id::{Did, NetworkId};

/// Longest name or certification of an issuer, in bytes.
pub const ISSUER_TEXT_BYTES_MAX: usize = 128;

/// The DID of an issuer: `did:qwed:`, `node`, `provider` or `user`, a colon, and 1 to 100 of `A-Z a-z 0-9 . _ : -`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssuerDid(String);

/// Who runs an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerKind {
    /// The validators of this network.
    Node,
    /// An identity that provides verification to others.
    Provider,
    /// An identity that speaks for itself.
    User,
}

/// Why a text is no DID of an issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an issuer is did:qwed: and node:, provider: or user:, and 1 to {} of A-Z a-z 0-9 . _ : -; this is {found:?}",
    IssuerDid::NAME_BYTES_MAX
)]
pub struct IssuerDidError {
    /// The text found, shortened.
    pub found: String,
}

impl IssuerDid {
    /// Longest part behind the kind, in bytes.
    pub const NAME_BYTES_MAX: usize = 100;

    /// Reads the DID of an issuer.
    ///
    /// # Errors
    /// `IssuerDidError`.
    pub fn parse(text: &str) -> Result<Self, IssuerDidError> {
        let name = split(text).map(|(_, name)| name).unwrap_or_default();
        match !name.is_empty() && name.len() <= Self::NAME_BYTES_MAX && name.bytes().all(is_plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(IssuerDidError { found: text.chars().take(80).collect() }),
        }
    }

    /// Who runs it.
    pub fn kind(&self) -> IssuerKind {
        split(&self.0).expect("parse found a kind").0
    }

    /// The DID.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn split(text: &str) -> Option<(IssuerKind, &str)> {
    let rest = text.strip_prefix("did:qwed:")?;
    let (kind, name) = rest.split_once(':')?;
    let kind = match kind {
        "node" => IssuerKind::Node,
        "provider" => IssuerKind::Provider,
        "user" => IssuerKind::User,
        _ => return None,
    };
    Some((kind, name))
}

/// What stands in names that also stand in URLs and headers.
pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-')
}

impl fmt::Display for IssuerDid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for IssuerDid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether what an issuer signed is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerStatus {
    /// It is.
    Active = 1,
    /// None of it is, whenever it was signed.
    Inactive = 2,
}

impl IssuerStatus {
    /// The number in canonical bytes.
    pub const fn id(self) -> u32 {
        self as u32
    }

    /// The status with this number.
    pub fn parse(id: u32) -> Option<Self> {
        [Self::Active, Self::Inactive].into_iter().find(|status| status.id() == id)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }
}

/// How long a signing key lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Continuity {
    /// As long as the process that made it.
    #[default]
    Ephemeral = 1,
    /// Longer: it is kept, or follows from what is kept.
    Persistent = 2,
}

/// Why a text is no key continuity policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key continuity policy is ephemeral or persistent (or configured, which means the latter); this is {found:?}"
)]
pub struct ContinuityError {
    /// The text found, shortened.
    pub found: String,
}

impl Continuity {
    /// The number in canonical bytes.
    pub const fn id(self) -> u32 {
        self as u32
    }

    /// The policy with this number.
    pub fn parse(id: u32) -> Option<Self> {
        [Self::Ephemeral, Self::Persistent].into_iter().find(|policy| policy.id() == id)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ephemeral => "ephemeral",
            Self::Persistent => "persistent",
        }
    }

    /// The policy with this name.
    ///
    /// # Errors
    /// `ContinuityError`.
    pub fn from_name(name: &str) -> Result<Self, ContinuityError> {
        match name {
            "ephemeral" => Ok(Self::Ephemeral),
            "persistent" | "configured" => Ok(Self::Persistent),
            _ => Err(ContinuityError { found: name.chars().take(40).collect() }),
        }
    }
}

/// What is said of an issuer. Each says all of it anew; its keys are said one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSet {
    /// The issuer.
    pub issuer: IssuerDid,
    /// Its name, for people.
    pub name: String,
    /// Whether it is to be believed.
    pub status: IssuerStatus,
    /// How it was certified, in its scheme's own words; may be empty.
    pub certification: String,
}

/// A signing key that an issuer lists, or lists no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerKey {
    /// The issuer.
    pub issuer: IssuerDid,
    /// What is to become of which key.
    pub change: IssuerKeyChange,
}

/// What is to become of a signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "an operation holds it in a box")]
pub enum IssuerKeyChange {
    /// It is listed; the author of the submission holds it.
    List {
        /// The key, of ES256.
        key: PublicKey,
        /// How long it lives.
        continuity: Continuity,
        /// When it was made, in seconds since 1970.
        generated_at_s: u64,
        /// Its signature over [`issuer_possession_bytes`].
        possession: Signature,
    },
    /// It is listed no longer: nothing that it signed is believed.
    Drop {
        /// The key's thumbprint.
        key: KeyId,
    },
}

/// What a signing key signs to be listed: the issuer's length (u32, big-endian) and text, the same of the author, the
/// key's id.
pub fn issuer_possession_bytes(
    network: &NetworkId,
    issuer: &IssuerDid,
    author: &Did,
    key: &KeyId,
) -> Vec<u8> {
    let mut message = Vec::new();
    for text in [issuer.as_str(), author.as_str()] {
        message.extend_from_slice(&(text.len() as u32).to_be_bytes());
        message.extend_from_slice(text.as_bytes());
    }
    message.extend_from_slice(key.digest().as_bytes());
    Domain::IssuerPossession.signed_bytes(network, &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dids_of_issuers_say_who_runs_them() {
        let kinds = [
            ("did:qwed:node:production", IssuerKind::Node),
            ("did:qwed:provider:acme:eu-1", IssuerKind::Provider),
            ("did:qwed:user:A_1.b", IssuerKind::User),
        ];
        for (text, kind) in kinds {
            let did = IssuerDid::parse(text).expect("an issuer");
            assert_eq!((did.kind(), did.as_str()), (kind, text));
        }
        let long = format!("did:qwed:node:{}", "x".repeat(101));
        for text in [
            "",
            "did:qwed:node:",
            "did:qwed:node",
            "did:qwed:other:x",
            "did:key:node:x",
            "did:qwed:node:a b",
            "did:qwed:node:é",
            &long,
        ] {
            assert!(IssuerDid::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn configured_means_persistent_and_other_policies_are_none() {
        assert_eq!(Continuity::default().name(), "ephemeral");
        assert_eq!(Continuity::from_name("configured"), Ok(Continuity::Persistent));
        for policy in [Continuity::Ephemeral, Continuity::Persistent] {
            assert_eq!(
                (Continuity::from_name(policy.name()), Continuity::parse(policy.id())),
                (Ok(policy), Some(policy))
            );
        }
        assert!(Continuity::from_name("Persistent").is_err());
        assert_eq!(
            (Continuity::parse(0), IssuerStatus::parse(0), IssuerStatus::parse(2)),
            (None, None, Some(IssuerStatus::Inactive))
        );
    }
}
