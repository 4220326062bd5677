//! The keystore: one seed on disk, encrypted, with the public keys that follow from it in the clear.
//!
//! A flipped bit is told from a wrong passphrase: a checksum covers the whole file, and the cipher's tag binds the
//! seed to everything beside it, so that nobody who can write the file can pass off development keys as real ones.
//! Source: RFC 9106 (Argon2id), draft-irtf-cfrg-xchacha (XChaCha20-Poly1305).

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use crypto::{PublicKey, Scheme, SecretKey, sha256};
use proto::validators::Validator;
use rand::TryRng;
use zeroize::Zeroizing;

use crate::files;
use crate::keys::{MasterSeed, NodeKeys, Role};
use crate::passphrase::Passphrase;

mod shape;

use shape::{Sealed, Stretch};

/// Whose seed it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A validator's: five keys that genesis names, one for its gateway.
    Validator,
    /// A submitter's: one key.
    Submitter {
        /// The scheme it signs with.
        scheme: Scheme,
    },
}

/// What keeps the seed secret.
#[derive(Clone, Copy, Debug)]
pub enum Protection<'a> {
    /// A passphrase.
    Passphrase(&'a Passphrase),
    /// Nothing: keys to develop with, which only somebody who asks for such keys can unlock.
    Dev,
}

/// A keystore that was read; its seed is still encrypted.
#[derive(Clone, Debug)]
pub struct Keystore {
    path: PathBuf,
    sealed: Sealed,
}

/// Why a keystore cannot be made, read or unlocked.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The system refused.
    #[error("keystore {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is one already.
    #[error("{} exists, and a keystore is never overwritten", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others may read or write it.
    #[error("{} has mode {mode:03o}; a keystore is for its owner alone (chmod 600)", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Written by another release.
    #[error("the keystore has format {found}, this program reads format {supported}")]
    Version {
        /// Format found.
        found: u32,
        /// Format understood.
        supported: u32,
    },
    /// Not a keystore, or one that was changed.
    #[error("{} is damaged: {fault}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// The file is whole, so the passphrase is another one.
    #[error("the passphrase does not open this keystore")]
    WrongPassphrase,
    /// Development keys where real ones are needed.
    #[error("these keys are marked dev-only: anybody can read them, so a real node refuses them")]
    DevOnly,
    /// Real keys where development keys were asked for.
    #[error("these keys are protected by a passphrase and none was given")]
    PassphraseNeeded,
    /// A validator's keys where a submitter's are needed, or the other way round.
    #[error("this keystore belongs to a {found}, a {needed} is needed")]
    Owner {
        /// Whose it is.
        found: &'static str,
        /// Whose is needed.
        needed: &'static str,
    },
    /// A submitter cannot sign with this scheme.
    #[error("{scheme} keys are verified only: nobody can sign with one here")]
    VerifyOnly {
        /// The scheme.
        scheme: Scheme,
    },
    /// The system has no randomness to give.
    #[error("the system gave no random bytes: {fault}")]
    Random {
        /// What it said.
        fault: String,
    },
}

impl Keystore {
    /// The format written and read.
    pub const VERSION: u32 = 1;
    /// The file's name in a node's directory.
    pub const FILE_NAME: &'static str = "keystore.json";
    const FILE_BYTES_MAX: u64 = 64 << 10;

    /// Draws a new seed and writes a keystore of it, which must not exist yet. Its directory is made.
    ///
    /// # Errors
    /// `KeystoreError`.
    pub fn create(path: &Path, owner: Owner, protection: Protection<'_>) -> Result<Self, KeystoreError> {
        Self::import(path, owner, protection, &MasterSeed::new(random()?))
    }

    /// As `create`, of a seed that exists.
    ///
    /// # Errors
    /// `KeystoreError`.
    pub fn import(
        path: &Path,
        owner: Owner,
        protection: Protection<'_>,
        master: &MasterSeed,
    ) -> Result<Self, KeystoreError> {
        if let Owner::Submitter { scheme } = owner
            && !scheme.signs()
        {
            return Err(KeystoreError::VerifyOnly { scheme });
        }
        let mut sealed = Sealed {
            owner,
            dev: matches!(protection, Protection::Dev),
            public: public_keys(owner, master),
            stretch: Stretch::of(protection),
            salt: random()?,
            nonce: random()?,
            ciphertext: Vec::new(),
        };
        let cipher = cipher(&sealed, protection);
        sealed.ciphertext = cipher
            .encrypt(
                XNonce::from_slice(&sealed.nonce),
                Payload { msg: master.as_bytes(), aad: &sealed.bound_bytes() },
            )
            .expect("32 bytes are far below what the cipher takes");
        let io = |source| KeystoreError::Io { path: path.to_owned(), source };
        if let Some(dir) = path.parent() {
            files::private_dir(dir).map_err(io)?;
        }
        match files::create(path, sealed.to_json().as_bytes()) {
            Ok(()) => Ok(Self { path: path.to_owned(), sealed }),
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {
                Err(KeystoreError::Exists { path: path.to_owned() })
            }
            Err(source) => Err(io(source)),
        }
    }

    /// Reads a keystore and checks all that can be checked without its passphrase.
    ///
    /// # Errors
    /// `Io`, `Exposed`, `Version` or `Damaged`.
    pub fn read(path: &Path) -> Result<Self, KeystoreError> {
        let io = |source| KeystoreError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeystoreError::Exposed { path: path.to_owned(), mode });
        }
        let damaged = |fault: String| KeystoreError::Damaged { path: path.to_owned(), fault };
        let Some(bytes) = files::read_at_most(file, Self::FILE_BYTES_MAX).map_err(io)? else {
            return Err(damaged(format!("larger than {} bytes", Self::FILE_BYTES_MAX)));
        };
        Self::parse(path, &bytes)
    }

    /// Checks the bytes of a keystore as `read` does; `path` is for the faults only.
    ///
    /// # Errors
    /// `Version` or `Damaged`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, KeystoreError> {
        let damaged = |fault: String| KeystoreError::Damaged { path: path.to_owned(), fault };
        let found = shape::version(bytes).map_err(damaged)?;
        if found != Self::VERSION {
            return Err(KeystoreError::Version { found, supported: Self::VERSION });
        }
        let sealed = Sealed::from_json(bytes).map_err(damaged)?;
        Ok(Self { path: path.to_owned(), sealed })
    }

    /// Whose it is.
    pub const fn owner(&self) -> Owner {
        self.sealed.owner
    }

    /// Whether its keys are for development only.
    pub const fn is_dev(&self) -> bool {
        self.sealed.dev
    }

    /// The public keys, by role.
    pub fn public(&self) -> impl Iterator<Item = (Role, &PublicKey)> {
        self.sealed.public.iter().map(|(role, key)| (*role, key))
    }

    /// How genesis names the validator whose keystore this is; needs no passphrase.
    ///
    /// # Errors
    /// `Owner` for a submitter's.
    pub fn validator(&self, name: &str, power: u64) -> Result<Validator, KeystoreError> {
        let key = |role: Role| match self.public().find(|(found, _)| *found == role) {
            Some((_, key)) => Ok(key.clone()),
            None => Err(KeystoreError::Owner { found: "submitter", needed: "validator" }),
        };
        Ok(Validator {
            name: name.to_owned(),
            power,
            consensus: key(Role::Consensus)?,
            network: key(Role::Network)?,
            log: key(Role::Log)?,
            cosigner_ed25519: key(Role::CosignerEd25519)?,
            cosigner_ml_dsa_65: key(Role::CosignerMlDsa65)?,
        })
    }

    /// Decrypts a validator's keys.
    ///
    /// # Errors
    /// `Owner`, and as `seed`.
    pub fn unlock_validator(&self, protection: Protection<'_>) -> Result<NodeKeys, KeystoreError> {
        match self.sealed.owner {
            Owner::Validator => Ok(NodeKeys::derive(&self.seed(protection)?)),
            Owner::Submitter { .. } => Err(KeystoreError::Owner { found: "submitter", needed: "validator" }),
        }
    }

    /// Decrypts a submitter's key.
    ///
    /// # Errors
    /// `Owner`, and as `seed`.
    pub fn unlock_submitter(&self, protection: Protection<'_>) -> Result<SecretKey, KeystoreError> {
        match self.sealed.owner {
            Owner::Submitter { scheme } => Ok(self.seed(protection)?.key(Role::Submitter, scheme)),
            Owner::Validator => Err(KeystoreError::Owner { found: "validator", needed: "submitter" }),
        }
    }

    /// Decrypts the seed.
    ///
    /// # Errors
    /// `DevOnly` or `PassphraseNeeded` when it is protected in another way, `WrongPassphrase`, or `Damaged`
    /// when the public keys beside the seed do not follow from it.
    fn seed(&self, protection: Protection<'_>) -> Result<MasterSeed, KeystoreError> {
        match (protection, self.sealed.dev) {
            (Protection::Passphrase(_), true) => return Err(KeystoreError::DevOnly),
            (Protection::Dev, false) => return Err(KeystoreError::PassphraseNeeded),
            (Protection::Passphrase(_), false) | (Protection::Dev, true) => {}
        }
        let opened = cipher(&self.sealed, protection).decrypt(
            XNonce::from_slice(&self.sealed.nonce),
            Payload { msg: &self.sealed.ciphertext, aad: &self.sealed.bound_bytes() },
        );
        let opened = Zeroizing::new(opened.map_err(|_| KeystoreError::WrongPassphrase)?);
        let damaged =
            |fault: &str| KeystoreError::Damaged { path: self.path.clone(), fault: fault.to_owned() };
        let bytes =
            <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| damaged("the seed is not 32 bytes"))?;
        let master = MasterSeed::new(bytes);
        match public_keys(self.sealed.owner, &master) == self.sealed.public {
            true => Ok(master),
            false => Err(damaged("its public keys are not those of its seed")),
        }
    }
}

fn public_keys(owner: Owner, master: &MasterSeed) -> Vec<(Role, PublicKey)> {
    let public = |role: Role, scheme| (role, master.key(role, scheme).public().clone());
    match owner {
        Owner::Validator => {
            Role::VALIDATOR.into_iter().map(|role| public(role, role.validator_scheme())).collect()
        }
        Owner::Submitter { scheme } => vec![public(Role::Submitter, scheme)],
    }
}

fn cipher(sealed: &Sealed, protection: Protection<'_>) -> XChaCha20Poly1305 {
    let passphrase = match protection {
        Protection::Passphrase(passphrase) => passphrase.as_bytes(),
        Protection::Dev => &[],
    };
    XChaCha20Poly1305::new((&*sealed.stretch.key(passphrase, &sealed.salt)).into())
}

fn random<const N: usize>() -> Result<[u8; N], KeystoreError> {
    let mut bytes = [0; N];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|fault| KeystoreError::Random { fault: fault.to_string() })?;
    Ok(bytes)
}

/// The checksum that tells a flipped bit from a wrong passphrase. No secret: whoever changes a file on purpose
/// changes it too, and meets the cipher's tag.
fn checksum(bytes: &[u8]) -> String {
    hex::encode(&sha256(bytes).as_bytes()[..16])
}

#[cfg(test)]
mod tests;
