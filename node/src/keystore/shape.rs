//! The keystore's file: JSON of fixed members, hex in lower case, bounds on what it may ask of the machine.

use argon2::{Algorithm, Argon2, Params, Version};
use crypto::{PublicKey, Scheme};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Keystore, Owner, Protection, checksum};
use crate::keys::Role;

/// A keystore's content: everything but the passphrase.
#[derive(Clone, Debug)]
pub(super) struct Sealed {
    pub(super) owner: Owner,
    pub(super) dev: bool,
    pub(super) public: Vec<(Role, PublicKey)>,
    pub(super) stretch: Stretch,
    pub(super) salt: [u8; 16],
    pub(super) nonce: [u8; 24],
    pub(super) ciphertext: Vec<u8>,
}

/// How much work a guess at the passphrase costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    memory_kib: u32,
    passes: u32,
}

impl Stretch {
    /// A file may not ask for more than 1 GiB and 16 passes, or a changed file could stall a node's start.
    const MAX: Self = Self { memory_kib: 1 << 20, passes: 16 };

    /// RFC 9106's second recommendation (64 MiB, 3 passes; one lane, so that the time does not depend on cores).
    pub(super) const fn of(protection: Protection<'_>) -> Self {
        match protection {
            Protection::Passphrase(_) => Self { memory_kib: 64 << 10, passes: 3 },
            // Nothing is to be guessed.
            Protection::Dev => Self { memory_kib: 64, passes: 1 },
        }
    }

    pub(super) fn key(self, passphrase: &[u8], salt: &[u8; 16]) -> Zeroizing<[u8; 32]> {
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32));
        let params = params.expect("checked when read, constant when written");
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase, salt, &mut *key)
            .expect("passphrase, salt and key have lengths that Argon2 takes");
        key
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileShape {
    version: u32,
    kind: Kind,
    dev: bool,
    public: Vec<PublicShape>,
    kdf: KdfShape,
    cipher: CipherShape,
    checksum: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Validator,
    Submitter,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicShape {
    role: String,
    scheme: String,
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KdfShape {
    name: String,
    memory_kib: u32,
    passes: u32,
    salt: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CipherShape {
    name: String,
    nonce: String,
    ciphertext: String,
}

const KDF: &str = "argon2id";
const CIPHER: &str = "xchacha20-poly1305";

/// The format of a file, whatever else stands in it.
pub(super) fn version(bytes: &[u8]) -> Result<u32, String> {
    #[derive(Deserialize)]
    struct Any {
        version: u32,
    }
    let any: Any = serde_json::from_slice(bytes).map_err(|fault| fault.to_string())?;
    Ok(any.version)
}

impl Sealed {
    /// What the cipher's tag binds the seed to. Frozen: other bytes here open no keystore.
    pub(super) fn bound_bytes(&self) -> Vec<u8> {
        let mut bytes = b"quorate/keystore\0".to_vec();
        bytes.extend(Keystore::VERSION.to_be_bytes());
        bytes.push(match self.owner {
            Owner::Validator => 1,
            Owner::Submitter { .. } => 2,
        });
        bytes.push(u8::from(self.dev));
        for (role, key) in &self.public {
            bytes.extend(role.label().as_bytes());
            bytes.push(0);
            bytes.extend(key.scheme().id().to_be_bytes());
            bytes.extend(key.as_bytes());
        }
        bytes
    }

    fn checksum(&self) -> String {
        let mut bytes = self.bound_bytes();
        bytes.extend(self.stretch.memory_kib.to_be_bytes());
        bytes.extend(self.stretch.passes.to_be_bytes());
        bytes.extend(self.salt);
        bytes.extend(self.nonce);
        bytes.extend(&self.ciphertext);
        checksum(&bytes)
    }

    pub(super) fn to_json(&self) -> String {
        let shape = FileShape {
            version: Keystore::VERSION,
            kind: match self.owner {
                Owner::Validator => Kind::Validator,
                Owner::Submitter { .. } => Kind::Submitter,
            },
            dev: self.dev,
            public: self
                .public
                .iter()
                .map(|(role, key)| PublicShape {
                    role: role.label().to_owned(),
                    scheme: key.scheme().name().to_owned(),
                    key: hex::encode(key.as_bytes()),
                })
                .collect(),
            kdf: KdfShape {
                name: KDF.to_owned(),
                memory_kib: self.stretch.memory_kib,
                passes: self.stretch.passes,
                salt: hex::encode(self.salt),
            },
            cipher: CipherShape {
                name: CIPHER.to_owned(),
                nonce: hex::encode(self.nonce),
                ciphertext: hex::encode(&self.ciphertext),
            },
            checksum: self.checksum(),
        };
        let mut json = serde_json::to_string_pretty(&shape).expect("strings and numbers are always JSON");
        json.push('\n');
        json
    }

    /// Reads a file of our version.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn from_json(bytes: &[u8]) -> Result<Self, String> {
        let FileShape { version: _, kind, dev, public, kdf, cipher, checksum } =
            serde_json::from_slice(bytes).map_err(|fault| fault.to_string())?;
        expect("kdf.name", &kdf.name, KDF)?;
        expect("cipher.name", &cipher.name, CIPHER)?;
        let public = public_keys(kind, public)?;
        let owner = match (kind, public.as_slice()) {
            (Kind::Validator, _) => Owner::Validator,
            (Kind::Submitter, [(_, key)]) => Owner::Submitter { scheme: key.scheme() },
            (Kind::Submitter, _) => return Err("a submitter has one key".to_owned()),
        };
        let stretch = Stretch { memory_kib: kdf.memory_kib, passes: kdf.passes };
        if stretch.memory_kib > Stretch::MAX.memory_kib || stretch.passes > Stretch::MAX.passes {
            return Err(format!("kdf asks for {stretch:?}, at most {:?} is allowed", Stretch::MAX));
        }
        Params::new(stretch.memory_kib, stretch.passes, 1, Some(32))
            .map_err(|fault| format!("kdf: {fault}"))?;
        let sealed = Self {
            owner,
            dev,
            public,
            stretch,
            salt: bytes_of("kdf.salt", &kdf.salt)?,
            nonce: bytes_of("cipher.nonce", &cipher.nonce)?,
            ciphertext: hex::decode(&cipher.ciphertext)
                .map_err(|fault| format!("cipher.ciphertext: {fault}"))?,
        };
        expect("checksum", &checksum, &sealed.checksum())?;
        Ok(sealed)
    }
}

/// The keys of exactly the roles this kind has, in their order.
fn public_keys(kind: Kind, found: Vec<PublicShape>) -> Result<Vec<(Role, PublicKey)>, String> {
    let roles = match kind {
        Kind::Validator => &Role::VALIDATOR[..],
        Kind::Submitter => &[Role::Submitter],
    };
    if found.len() != roles.len() {
        return Err(format!("public: {} keys found, {} are needed", found.len(), roles.len()));
    }
    let mut keys = Vec::with_capacity(roles.len());
    for (role, PublicShape { role: name, scheme, key }) in roles.iter().zip(found) {
        expect("public.role", &name, role.label())?;
        let scheme = Scheme::from_name(&scheme).ok_or_else(|| format!("{name}: no scheme {scheme:?}"))?;
        let bytes = hex::decode(&key).map_err(|fault| format!("{name}: {fault}"))?;
        let key = PublicKey::parse(scheme, &bytes).map_err(|fault| format!("{name}: {fault}"))?;
        keys.push((*role, key));
    }
    Ok(keys)
}

fn expect(member: &str, found: &str, needed: &str) -> Result<(), String> {
    match found == needed {
        true => Ok(()),
        false => Err(format!("{member} is {found:?}, {needed:?} is needed")),
    }
}

fn bytes_of<const N: usize>(member: &str, text: &str) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|fault| format!("{member}: {fault}"))?;
    Ok(bytes)
}
