//! Names of things: digests with a meaning, validators by position, tenants and identities by text.

use std::fmt;
use std::str::FromStr;

use crypto::{Digest, KeyId, PublicKey, Scheme};

use crate::canon::proofnest;

macro_rules! digest_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(Digest);

        impl $name {
            /// Gives a digest this meaning.
            pub const fn new(digest: Digest) -> Self {
                Self(digest)
            }

            /// The digest.
            pub const fn digest(&self) -> &Digest {
                &self.0
            }

            /// The 32 bytes of the digest.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = crypto::digest::DigestError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

digest_id!(
    /// A network: the SHA-256 of its canonical genesis.
    NetworkId
);
digest_id!(
    /// A submission: the SHA-256 of its canonical envelope, signature included.
    SubmissionId
);
digest_id!(
    /// A batch: the RFC 6962 root over the ids of its submissions.
    BatchId
);
digest_id!(
    /// A block: the SHA-256 of its tag and canonical bytes.
    BlockId
);

/// A validator's position in its set, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValidatorIndex(u16);

impl ValidatorIndex {
    /// Wraps a position.
    pub const fn new(index: u16) -> Self {
        Self(index)
    }

    /// The position.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for ValidatorIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is not the name it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a tenant.
    #[error("a tenant is 1 to 63 of a-z 0-9 . _ - and begins with a letter or digit; this is {found:?}")]
    Tenant {
        /// The text found, shortened.
        found: String,
    },
    /// Not a DID of a method that is understood here.
    #[error(
        "an identity is did:key:z…, did:quorate:<43 characters of a key id> or did:pn:<type>:<40 hex digits>; \
         this is {found:?}"
    )]
    Did {
        /// The text found, shortened.
        found: String,
    },
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A tenant: isolation, limits and visibility follow it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tenant(String);

impl Tenant {
    /// Longest name, in bytes.
    pub const BYTES_MAX: usize = 63;

    /// Reads a tenant's name.
    ///
    /// # Errors
    /// `NameError::Tenant` unless it is 1 to 63 of `a-z 0-9 . _ -` and begins with a letter or digit.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        let begins = text.as_bytes().first().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !begins || text.len() > Self::BYTES_MAX || !text.bytes().all(allowed) {
            return Err(NameError::Tenant { found: shorten(text) });
        }
        Ok(Self(text.to_owned()))
    }

    /// The tenant of those who name none.
    pub fn default_tenant() -> Self {
        Self("default".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An identity: a DID whose text follows from its first key.
///
/// `did:key:z…` for Ed25519 (multicodec 0xed), `did:quorate:<key id>` for every scheme. ML-DSA-65 has a multicodec too,
/// but base58 of 1,952 bytes costs a hundred times the signature it comes with, and anyone may send it. `did:pn:…` is
/// ProofNest's, of a key of one of its schemes ([`canon::proofnest`](crate::canon::proofnest)).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Did(String);

impl Did {
    /// Longest DID, in bytes.
    pub const BYTES_MAX: usize = 64;

    /// Reads a DID and checks its form.
    ///
    /// # Errors
    /// `NameError::Did` when the method is another, or the text after it is malformed.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let fault = || NameError::Did { found: shorten(text) };
        if text.len() > Self::BYTES_MAX {
            return Err(fault());
        }
        if let Some(id) = text.strip_prefix("did:quorate:") {
            id.parse::<KeyId>().map_err(|_| fault())?;
        } else if text.starts_with(proofnest::METHOD) {
            proofnest::did_parts(text).ok_or_else(fault)?;
        } else {
            ed25519_of(text).ok_or_else(fault)?;
        }
        Ok(Self(text.to_owned()))
    }

    /// Reads the DID of one who speaks with `key`. Mostly the DID is that key, which then need not be read a second time.
    ///
    /// # Errors
    /// As [`Did::parse`].
    pub fn parse_beside(text: &str, key: &PublicKey) -> Result<Self, NameError> {
        match names(text, key) {
            true => Ok(Self(text.to_owned())),
            false => Self::parse(text),
        }
    }

    /// The DID of one who has this key and registered nothing: `did:key` for Ed25519, else `did:quorate`.
    pub fn of(key: &PublicKey) -> Self {
        match key.scheme() {
            Scheme::Ed25519 => {
                let bytes = [&MULTICODEC_ED25519, key.as_bytes()].concat();
                Self(format!("did:key:z{}", bs58::encode(bytes).into_string()))
            }
            Scheme::MlDsa65
            | Scheme::HybridEd25519MlDsa65
            | Scheme::Dilithium3R3
            | Scheme::HybridDilithium3R3Ed25519
            | Scheme::Es256 => Self(format!("did:quorate:{}", key.id())),
        }
    }

    /// ProofNest's DID of this key, as one of its kinds of identity; none for keys of schemes that it does not have.
    pub fn of_proofnest(role: proofnest::Role, key: &PublicKey) -> Option<Self> {
        proofnest::did(role, key).map(Self)
    }

    /// What kind of identity of ProofNest it names, if it is one's DID.
    pub fn proofnest_role(&self) -> Option<proofnest::Role> {
        proofnest::did_parts(&self.0).map(|(role, _)| role)
    }

    /// Whether the DID's own text vouches for `key`.
    pub fn is_of(&self, key: &PublicKey) -> bool {
        if let Some((role, _)) = proofnest::did_parts(&self.0) {
            return proofnest::did(role, key).is_some_and(|did| did == self.0);
        }
        match self.0.strip_prefix("did:quorate:") {
            Some(id) => id == key.id().to_string(),
            None => names(&self.0, key),
        }
    }

    /// The key that the DID's own text shows: that of a `did:key`.
    pub fn shown_key(&self) -> Option<PublicKey> {
        ed25519_of(&self.0)
    }

    /// The DID.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The multicodec of Ed25519 public keys, 0xed, as an unsigned varint. Source: multicodec table.csv.
const MULTICODEC_ED25519: [u8; 2] = [0xed, 0x01];

/// The bytes of the Ed25519 key that a `did:key` names. No other text names the same ones: base58 has one text for bytes.
fn multikey(did: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; MULTICODEC_ED25519.len() + 32];
    let found = bs58::decode(did.strip_prefix("did:key:z")?).onto(&mut bytes).ok()?;
    bytes[..found].strip_prefix(&MULTICODEC_ED25519)?.try_into().ok()
}

fn names(did: &str, key: &PublicKey) -> bool {
    key.scheme() == Scheme::Ed25519 && multikey(did).is_some_and(|bytes| bytes == *key.as_bytes())
}

fn ed25519_of(did: &str) -> Option<PublicKey> {
    PublicKey::parse(Scheme::Ed25519, &multikey(did)?).ok()
}

#[cfg(test)]
mod tests {
    use crypto::SecretKey;

    use super::*;

    #[test]
    fn a_did_key_is_the_one_of_its_key() {
        // The example key of the did:key specification, §"Ed25519".
        let text = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        let did = Did::parse(text).expect("well formed");
        let key = ed25519_of(text).expect("holds a key");
        assert_eq!(Did::of(&key), did);
        assert!(did.is_of(&key));
        assert_eq!(Did::parse_beside(text, &key), Ok(did));
        let other = SecretKey::from_seed(Scheme::Ed25519, &[1; 32]).expect("a scheme that signs");
        assert!(!Did::of(other.public()).is_of(&key));
        assert_eq!(Did::parse_beside(text, other.public()), Did::parse(text));
        assert!(Did::parse_beside("did:key:z6Mk", &key).is_err());
        assert!(Did::parse(&text[..text.len() - 1]).is_err());
        assert!(Did::parse("did:web:example.com").is_err());
        let long = format!("did:quorate:{}", key.id());
        assert!(Did::parse(&long).expect("well formed").is_of(&key));
    }

    #[test]
    fn a_did_of_proofnest_follows_from_its_key_and_a_known_role() {
        let key = |scheme, seed| {
            SecretKey::from_seed(scheme, &[seed; 32]).expect("a scheme that signs").public().clone()
        };
        let (own, other) = (key(Scheme::Ed25519, 1), key(Scheme::Ed25519, 2));
        for role in proofnest::Role::ALL {
            let did = Did::of_proofnest(role, &own).expect("one of its schemes");
            assert_eq!(Did::parse(did.as_str()), Ok(did.clone()));
            assert_eq!((did.proofnest_role(), did.is_of(&own), did.is_of(&other)), (Some(role), true, false));
        }
        // The same bytes as a key of a scheme that ProofNest has and as one that it has not.
        let bytes = [7; 1952];
        let dilithium = PublicKey::parse(Scheme::Dilithium3R3, &bytes).expect("a key");
        let did = Did::of_proofnest(proofnest::Role::Agent, &dilithium).expect("one of its schemes");
        let ml_dsa = PublicKey::parse(Scheme::MlDsa65, &bytes).expect("a key");
        assert!(did.is_of(&dilithium) && !did.is_of(&ml_dsa));
        assert_eq!(Did::of_proofnest(proofnest::Role::Agent, &ml_dsa), None);
        let hex = "0".repeat(40);
        for bad in [
            format!("did:pn:weird:{hex}"),
            format!("did:pn:agent:{}", &hex[1..]),
            format!("did:pn:agent:{hex}0"),
            format!("did:pn:agent:{}", "A".repeat(40)),
            format!("did:pn:{hex}"),
            "did:pn:agent:".to_owned(),
        ] {
            assert!(matches!(Did::parse(&bad), Err(NameError::Did { .. })), "{bad}");
        }
    }

    #[test]
    fn tenants_are_plain_names() {
        assert!(Tenant::parse("acme-1.eu").is_ok());
        for bad in ["", "-x", "Acme", "a b", &"a".repeat(64)] {
            assert!(Tenant::parse(bad).is_err(), "{bad:?}");
        }
    }
}
