//! Note keys: who may sign a note, and by which type of signature.
//!
//! A key is written `name+id+material` (a "vkey"): the id is four bytes of hash over name, type and key, so
//! that a signature line can say whose it is; the trust comes from the policy the key stands in, never from the id.
//! Types not understood here are kept as they came, so that a policy which names them can be read and printed.
//! Source: C2SP signed-note, tlog-cosignature.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{KeyError, MlDsa44Error, MlDsa44Key, PublicKey, Scheme, sha256};

/// The name of a key that signs notes, or the origin of a log, which is the name of its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName(String);

impl KeyName {
    /// Longest name, in bytes: cosigned messages spend one byte on its length.
    pub const BYTES_MAX: usize = 255;

    /// Reads a name.
    ///
    /// # Errors
    /// `NoteKeyError::Name` unless it has 1 to 255 bytes without space, plus sign or control character.
    pub fn parse(text: &str) -> Result<Self, NoteKeyError> {
        let refused = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if text.is_empty() || text.len() > Self::BYTES_MAX || text.chars().any(refused) {
            return Err(NoteKeyError::Name { found: text.chars().take(80).collect() });
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name behind its length (u8).
    pub(crate) fn prefixed(&self) -> Vec<u8> {
        let length = u8::try_from(self.0.len()).expect("parse refuses names of more than 255 bytes");
        [&[length], self.0.as_bytes()].concat()
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The four bytes by which a signature line names its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoteKeyId([u8; 4]);

impl NoteKeyId {
    /// Wraps the four bytes.
    pub const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The four bytes.
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }
}

impl fmt::Display for NoteKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// What a signature by a key says, and by which scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatureType {
    /// 0x01: Ed25519 over the note's text. The key of a log.
    Ed25519,
    /// 0x04: a time, and Ed25519 over the `cosignature/v1` message.
    CosignatureEd25519,
    /// 0xff and our own id: a time, and ML-DSA-65 over the `subtree/v1` message.
    CosignatureMlDsa65,
}

impl SignatureType {
    /// Every type understood here.
    pub const ALL: [Self; 3] = [Self::Ed25519, Self::CosignatureEd25519, Self::CosignatureMlDsa65];

    /// The bytes that stand for the type in a vkey and in a key id.
    pub const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Ed25519 => &[0x01],
            Self::CosignatureEd25519 => &[0x04],
            Self::CosignatureMlDsa65 => b"\xffquorate/ml-dsa-65/v1",
        }
    }

    /// The scheme of its keys.
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::Ed25519 | Self::CosignatureEd25519 => Scheme::Ed25519,
            Self::CosignatureMlDsa65 => Scheme::MlDsa65,
        }
    }

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "log signature",
            Self::CosignatureEd25519 => "ed25519 cosignature",
            Self::CosignatureMlDsa65 => "ml-dsa-65 cosignature",
        }
    }
}

/// Why a key cannot sign notes, or a text is not a vkey.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteKeyError {
    /// Not a name.
    #[error(
        "a key's name has 1 to 255 bytes without space, plus sign or control character; this is {found:?}"
    )]
    Name {
        /// The text found, shortened.
        found: String,
    },
    /// The key has another scheme than its type of signature.
    #[error("a {} is made with a key of {}, not of {found}", .signature.name(), .signature.scheme())]
    Scheme {
        /// The type of signature.
        signature: SignatureType,
        /// Scheme of the key found.
        found: Scheme,
    },
    /// Not `name+id+material`, or longer than a key can be.
    #[error("a vkey is written name+id+key: 8 lower-case hex digits, then base64, {max} bytes at most")]
    Form {
        /// Longest vkey, in bytes.
        max: usize,
    },
    /// The id in the text is not the id of the key beside it.
    #[error("the vkey says key id {found}, its key has {expected}")]
    Id {
        /// The id written.
        found: NoteKeyId,
        /// The id computed.
        expected: NoteKeyId,
    },
    /// The key's bytes are not a key of their type.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The same of an ML-DSA-44 key.
    #[error(transparent)]
    MlDsa44(#[from] MlDsa44Error),
}

/// A named public key that signs notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteKey {
    name: KeyName,
    id: NoteKeyId,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    /// Boxed: a parsed key is much larger than anything beside it.
    Known(SignatureType, Box<PublicKey>),
    /// 0x06: a time, and ML-DSA-44 over the `subtree/v1` message. Of witnesses and logs outside; ours sign nothing of
    /// this ledger with it.
    MlDsa44(MlDsa44Key),
    /// Type byte and whatever follows.
    Opaque(Vec<u8>),
}

/// What stands for ML-DSA-44 in a vkey and in a key id.
const ML_DSA_44: &[u8] = &[0x06];

impl NoteKey {
    /// Longest vkey, in bytes: a name, an ML-DSA-87 key in base64, and room to spare.
    pub const VKEY_BYTES_MAX: usize = 8 << 10;

    /// Names a key.
    ///
    /// # Errors
    /// `Scheme` when the key is not of the scheme that `signature` needs.
    pub fn new(name: KeyName, signature: SignatureType, key: PublicKey) -> Result<Self, NoteKeyError> {
        if key.scheme() != signature.scheme() {
            return Err(NoteKeyError::Scheme { signature, found: key.scheme() });
        }
        let id = id_of(&name, &[signature.prefix(), key.as_bytes()]);
        Ok(Self { name, id, material: Material::Known(signature, Box::new(key)) })
    }

    /// Names an ML-DSA-44 key.
    pub fn of_ml_dsa_44(name: KeyName, key: MlDsa44Key) -> Self {
        let id = id_of(&name, &[ML_DSA_44, key.as_bytes()]);
        Self { name, id, material: Material::MlDsa44(key) }
    }

    /// Reads a vkey.
    ///
    /// # Errors
    /// `NoteKeyError`, the first fault.
    pub fn parse(vkey: &str) -> Result<Self, NoteKeyError> {
        let form = || NoteKeyError::Form { max: Self::VKEY_BYTES_MAX };
        if vkey.len() > Self::VKEY_BYTES_MAX {
            return Err(form());
        }
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(form());
        };
        let name = KeyName::parse(name)?;
        let found = parse_id(id).ok_or_else(form)?;
        let encoded = STANDARD.decode(encoded).map_err(|_| form())?;
        let known = SignatureType::ALL
            .into_iter()
            .find_map(|signature| Some((signature, encoded.strip_prefix(signature.prefix())?)));
        let named = match (known, encoded.strip_prefix(ML_DSA_44)) {
            (Some((signature, key)), _) => {
                Some(Self::new(name.clone(), signature, PublicKey::parse(signature.scheme(), key)?)?)
            }
            (None, Some(key)) => Some(Self::of_ml_dsa_44(name.clone(), MlDsa44Key::parse(key)?)),
            (None, None) => None,
        };
        if let Some(key) = named {
            return match key.id == found {
                true => Ok(key),
                false => Err(NoteKeyError::Id { found, expected: key.id }),
            };
        }
        // The rule for the id may be another one for such a type (ECDSA hashes the SPKI), so it is kept unchecked.
        match encoded.len() > 1 {
            true => Ok(Self { name, id: found, material: Material::Opaque(encoded) }),
            false => Err(form()),
        }
    }

    /// Its name.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Its id.
    pub const fn id(&self) -> NoteKeyId {
        self.id
    }

    /// The type of its signatures and the key itself, when the type is understood here.
    pub fn known(&self) -> Option<(SignatureType, &PublicKey)> {
        match &self.material {
            Material::Known(signature, key) => Some((*signature, key)),
            Material::MlDsa44(_) | Material::Opaque(_) => None,
        }
    }

    /// The key, when it is an ML-DSA-44 one.
    pub fn ml_dsa_44(&self) -> Option<&MlDsa44Key> {
        match &self.material {
            Material::MlDsa44(key) => Some(key),
            Material::Known(..) | Material::Opaque(_) => None,
        }
    }

    /// Whether its signatures can be checked here.
    pub const fn is_checked(&self) -> bool {
        match &self.material {
            Material::Known(..) | Material::MlDsa44(_) => true,
            Material::Opaque(_) => false,
        }
    }

    /// The byte that stands for the type of its signatures, understood here or not.
    pub fn type_byte(&self) -> u8 {
        match &self.material {
            Material::Known(signature, _) => signature.prefix()[0],
            Material::MlDsa44(_) => ML_DSA_44[0],
            Material::Opaque(bytes) => bytes[0],
        }
    }

    /// Whether both wrap one public key, whatever their names and types.
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.key_bytes() == other.key_bytes()
    }

    fn key_bytes(&self) -> &[u8] {
        match &self.material {
            Material::Known(_, key) => key.as_bytes(),
            Material::MlDsa44(key) => key.as_bytes(),
            Material::Opaque(bytes) => &bytes[1..],
        }
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = match &self.material {
            Material::Known(signature, key) => STANDARD.encode([signature.prefix(), key.as_bytes()].concat()),
            Material::MlDsa44(key) => STANDARD.encode([ML_DSA_44, key.as_bytes()].concat()),
            Material::Opaque(bytes) => STANDARD.encode(bytes),
        };
        write!(f, "{}+{}+{encoded}", self.name, self.id)
    }
}

fn id_of(name: &KeyName, parts: &[&[u8]]) -> NoteKeyId {
    let hashed = sha256(&[name.as_str().as_bytes(), b"\n", &parts.concat()].concat());
    let [a, b, c, d, ..] = *hashed.as_bytes();
    NoteKeyId([a, b, c, d])
}

fn parse_id(text: &str) -> Option<NoteKeyId> {
    if text.len() != 8 || text.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let mut bytes = [0; 4];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(NoteKeyId(bytes))
}
