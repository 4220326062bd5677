//! `did:key`: keys as text that says of what kind they are.
//!
//! `did:key:z` and the base58 (Bitcoin's alphabet) of a multicodec and the key's bytes. What names a key of a kind that
//! signs nothing here is read too, because to resolve such a text nothing more is needed. Identities of the ledger are
//! another thing: `id::Did`.
//! Sources: did:key, multicodec table.csv.

use crypto::{PublicKey, Scheme};

/// A kind of key that a `did:key` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Ed25519, 0xed.
    Ed25519,
    /// ML-DSA-44, 0x1210.
    MlDsa44,
    /// ML-DSA-65, 0x1211.
    MlDsa65,
    /// P-256, compressed, 0x1200.
    P256,
}

impl Codec {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Ed25519, Self::MlDsa44, Self::MlDsa65, Self::P256];

    /// The multicodec as unsigned varint.
    pub const fn prefix(self) -> [u8; 2] {
        match self {
            Self::Ed25519 => [0xed, 0x01],
            Self::MlDsa44 => [0x90, 0x24],
            Self::MlDsa65 => [0x91, 0x24],
            Self::P256 => [0x80, 0x24],
        }
    }

    /// Length of a key, in bytes.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::MlDsa44 => 1312,
            Self::MlDsa65 => 1952,
            Self::P256 => 33,
        }
    }

    /// The scheme of the ledger's own that it stands for.
    pub const fn scheme(self) -> Option<Scheme> {
        match self {
            Self::Ed25519 => Some(Scheme::Ed25519),
            Self::MlDsa65 => Some(Scheme::MlDsa65),
            Self::MlDsa44 | Self::P256 => None,
        }
    }
}

/// A `did:key` that names a key of a known kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DidKey {
    did: String,
    codec: Codec,
    key: Vec<u8>,
}

/// Why a text is no `did:key` that is known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DidKeyError {
    /// Longer than that of the longest key.
    #[error("a did:key has at most {max} bytes, this has {found}")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Another method, or another base.
    #[error("a did:key begins with {PREFIX}")]
    Prefix,
    /// Not base58.
    #[error("what follows {PREFIX} is not base58")]
    Base58,
    /// A kind of key that is not known here, or a key of another length than its kind's.
    #[error("it names no Ed25519, ML-DSA-44, ML-DSA-65 or P-256 key: code {code}, {bytes} bytes behind it")]
    Key {
        /// The first two bytes, in hex.
        code: String,
        /// How many bytes are behind them.
        bytes: usize,
    },
    /// A key of the ledger's own schemes that is none.
    #[error("the key is none: {0}")]
    NotAKey(crypto::KeyError),
}

const PREFIX: &str = "did:key:z";
/// Length of the part before the multibase text.
const METHOD: usize = "did:key:".len();

impl DidKey {
    /// Longest text, in bytes: the prefix and 1,954 bytes in base58, which takes 1.366 characters for each.
    pub const BYTES_MAX: usize = PREFIX.len() + 2_670;

    /// Reads a `did:key`.
    ///
    /// # Errors
    /// `DidKeyError`.
    pub fn parse(did: &str) -> Result<Self, DidKeyError> {
        let (found, max) = (did.len(), Self::BYTES_MAX);
        if found > max {
            return Err(DidKeyError::TooLong { found, max });
        }
        let text = did.strip_prefix(PREFIX).ok_or(DidKeyError::Prefix)?;
        let bytes = bs58::decode(text).into_vec().map_err(|_| DidKeyError::Base58)?;
        let fault = || DidKeyError::Key {
            code: bytes.iter().take(2).map(|byte| format!("{byte:02x}")).collect(),
            bytes: bytes.len().saturating_sub(2),
        };
        let (code, key) = bytes.split_first_chunk::<2>().ok_or_else(fault)?;
        let codec = Codec::ALL.into_iter().find(|codec| codec.prefix() == *code).ok_or_else(fault)?;
        if key.len() != codec.key_bytes() {
            return Err(fault());
        }
        if let Some(scheme) = codec.scheme() {
            PublicKey::parse(scheme, key).map_err(DidKeyError::NotAKey)?;
        }
        Ok(Self { did: did.to_owned(), codec, key: key.to_vec() })
    }

    /// The `did:key` of a key; none of schemes that multicodec has no code for.
    pub fn of(key: &PublicKey) -> Option<Self> {
        let codec = Codec::ALL.into_iter().find(|codec| codec.scheme() == Some(key.scheme()))?;
        let bytes = [&codec.prefix(), key.as_bytes()].concat();
        let did = format!("{PREFIX}{}", bs58::encode(bytes).into_string());
        Some(Self { did, codec, key: key.as_bytes().to_vec() })
    }

    /// The DID.
    pub fn did(&self) -> &str {
        &self.did
    }

    /// The key as multibase text: the DID without its method.
    pub fn multibase(&self) -> &str {
        &self.did[METHOD..]
    }

    /// The kind of key.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// The key's bytes.
    pub fn key(&self) -> &[u8] {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use crypto::SecretKey;

    use super::*;

    #[test]
    fn keys_become_text_and_come_back() {
        for scheme in [Scheme::Ed25519, Scheme::MlDsa65] {
            let secret = SecretKey::from_seed(scheme, &[3; 32]).expect("signs");
            let made = DidKey::of(secret.public()).expect("has a code");
            assert!(made.did().len() <= DidKey::BYTES_MAX);
            assert_eq!(DidKey::parse(made.did()), Ok(made.clone()));
            assert_eq!((made.key(), made.codec().scheme()), (secret.public().as_bytes(), Some(scheme)));
            assert!(made.multibase().starts_with('z'));
        }
        let hybrid = SecretKey::from_seed(Scheme::HybridEd25519MlDsa65, &[3; 32]).expect("signs");
        assert_eq!(DidKey::of(hybrid.public()), None);
    }

    #[test]
    fn kinds_that_sign_nothing_here_are_read() {
        // The P-256 example of the did:key specification.
        let did = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169";
        let read = DidKey::parse(did).expect("a key");
        assert_eq!((read.codec(), read.key().len(), read.codec().scheme()), (Codec::P256, 33, None));
        let bytes = [&Codec::MlDsa44.prefix()[..], &[5; 1312]].concat();
        let did = format!("{PREFIX}{}", bs58::encode(bytes).into_string());
        assert_eq!(DidKey::parse(&did).map(|read| read.codec()), Ok(Codec::MlDsa44));
    }

    #[test]
    fn each_fault_has_its_name() {
        let of = |bytes: &[u8]| format!("{PREFIX}{}", bs58::encode(bytes).into_string());
        let long = "1".repeat(DidKey::BYTES_MAX + 1);
        assert!(matches!(DidKey::parse(&long), Err(DidKeyError::TooLong { .. })));
        assert_eq!(DidKey::parse("did:web:x"), Err(DidKeyError::Prefix));
        assert_eq!(DidKey::parse("did:key:mAA"), Err(DidKeyError::Prefix));
        assert_eq!(DidKey::parse("did:key:z0"), Err(DidKeyError::Base58));
        for bytes in [&[][..], &[0xed], &[0xed, 0x01], &[0xec, 0x01, 7], &[0xed, 0x01, 7]] {
            assert!(matches!(DidKey::parse(&of(bytes)), Err(DidKeyError::Key { .. })), "{bytes:?}");
        }
        let small_order = [&Codec::Ed25519.prefix()[..], &[0; 32]].concat();
        assert!(matches!(DidKey::parse(&of(&small_order)), Err(DidKeyError::NotAKey(_))));
    }
}
