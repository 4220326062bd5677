//! Keys held for callers of a development network: one encrypted file an identity, in a folder of the node's data.
//!
//! The key they are encrypted under follows from the node's own seed, and the cipher's tag binds each to its identity: a
//! file that was moved, changed or copied from another node opens as nothing. What is said of an identity is said after its
//! file is durable. Source: draft-irtf-cfrg-xchacha (XChaCha20-Poly1305).

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use api::{Custody, CustodyError, HeldKey};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use crypto::{PublicKey, Scheme};
use proto::id::Did;
use rand::TryRng as _;
use zeroize::Zeroizing;

use crate::files;
use crate::filesystem::System;
use crate::keys::CustodySeed;

/// The folder in a node's data directory.
pub const DIR: &str = "custody";
/// Largest file, in bytes: nonce, tag, scheme, two lengths, and the largest of keys.
const FILE_BYTES_MAX: u64 = 16 << 10;
const NONCE_BYTES: usize = 24;

/// A folder of keys.
pub struct HeldKeys {
    dir: PathBuf,
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for HeldKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldKeys").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl HeldKeys {
    /// The keys in the folder below `data_dir`, which is made if there is none.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(data_dir: &Path, seed: &CustodySeed) -> io::Result<Self> {
        let dir = data_dir.join(DIR);
        files::private_dir(&dir)?;
        Ok(Self { dir, cipher: XChaCha20Poly1305::new(seed.as_bytes().into()) })
    }

    /// Nothing of a DID but letters, digits and colons, none of which leads out of the folder.
    fn path(&self, identity: &Did) -> PathBuf {
        self.dir.join(format!("{}.key", identity.as_str().replace(':', "_")))
    }

    fn seal(&self, identity: &Did, key: &HeldKey) -> Result<Vec<u8>, CustodyError> {
        let mut nonce = [0; NONCE_BYTES];
        rand::rngs::SysRng
            .try_fill_bytes(&mut nonce)
            .map_err(|fault| failed(format!("the system gave no random bytes: {fault}")))?;
        let public = key.public();
        let mut plain = Zeroizing::new(public.scheme().id().to_be_bytes().to_vec());
        plain.extend_from_slice(public.as_bytes());
        plain.extend_from_slice(key.expose());
        let payload = Payload { msg: &plain, aad: identity.as_str().as_bytes() };
        let sealed = self.cipher.encrypt(XNonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| failed("the cipher refused".to_owned()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn unseal(&self, identity: &Did, bytes: &[u8]) -> Result<HeldKey, CustodyError> {
        let damaged = || failed(format!("the file of {identity} is damaged, or another node's"));
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let payload = Payload { msg: sealed, aad: identity.as_str().as_bytes() };
        let plain = self.cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| damaged())?;
        let plain = Zeroizing::new(plain);
        let (scheme, keys) = plain.split_first_chunk::<4>().ok_or_else(damaged)?;
        let scheme = Scheme::parse(u32::from_be_bytes(*scheme)).ok_or_else(damaged)?;
        let (public, secret) = keys.split_at_checked(scheme.public_key_bytes()).ok_or_else(damaged)?;
        let public = PublicKey::parse(scheme, public).map_err(|_| damaged())?;
        HeldKey::parse(&public, secret).map_err(|_| damaged())
    }
}

impl Custody for HeldKeys {
    fn keep(&self, identity: &Did, key: &HeldKey) -> Result<(), CustodyError> {
        let sealed = self.seal(identity, key)?;
        files::replace_on(&System, &self.path(identity), &sealed).map_err(|fault| failed(fault.to_string()))
    }

    fn find(&self, identity: &Did) -> Result<Option<HeldKey>, CustodyError> {
        let file = match File::open(self.path(identity)) {
            Ok(file) => file,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(fault) => return Err(failed(fault.to_string())),
        };
        let bytes = files::read_at_most(file, FILE_BYTES_MAX).map_err(|fault| failed(fault.to_string()))?;
        let bytes = bytes.ok_or_else(|| failed(format!("the file of {identity} is too large")))?;
        self.unseal(identity, &bytes).map(Some)
    }
}

fn failed(fault: String) -> CustodyError {
    CustodyError { fault }
}

#[cfg(test)]
mod tests {
    use proto::canon::proofnest::Role;

    use super::*;
    use crate::keys::{MasterSeed, NodeKeys};

    fn seed(n: u8) -> CustodySeed {
        NodeKeys::derive(&MasterSeed::new([n; 32])).custody
    }

    fn key(scheme: Scheme, n: u8) -> (Did, HeldKey) {
        let key = HeldKey::draw(scheme, &[n; 32]).expect("a scheme of ProofNest");
        (Did::of_proofnest(Role::Agent, key.public()).expect("a scheme of ProofNest"), key)
    }

    #[test]
    fn a_key_is_found_again_by_its_own_node_and_nobody_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let keys = HeldKeys::open(dir.path(), &seed(1)).expect("opens");
        for scheme in [Scheme::Ed25519, Scheme::Dilithium3R3, Scheme::HybridDilithium3R3Ed25519] {
            let (did, key) = key(scheme, 5);
            assert!(keys.find(&did).expect("readable").is_none());
            keys.keep(&did, &key).expect("kept");
            let again = HeldKeys::open(dir.path(), &seed(1)).expect("opens");
            let found = again.find(&did).expect("readable").expect("kept");
            assert_eq!(key.public().verify(b"any", &found.sign(b"any")), Ok(()));
            let other = HeldKeys::open(dir.path(), &seed(2)).expect("opens");
            assert!(other.find(&did).is_err());
        }
    }

    #[test]
    fn what_is_on_disk_shows_no_key_and_cannot_be_changed_or_moved() {
        let dir = tempfile::tempdir().expect("a directory");
        let keys = HeldKeys::open(dir.path(), &seed(1)).expect("opens");
        let ((one, key), (two, _)) = (key(Scheme::Ed25519, 5), key(Scheme::Ed25519, 6));
        keys.keep(&one, &key).expect("kept");
        let path = keys.path(&one);
        let bytes = std::fs::read(&path).expect("readable");
        assert!(!bytes.windows(8).any(|window| key.expose().starts_with(window)));
        std::fs::copy(&path, keys.path(&two)).expect("copied");
        assert!(keys.find(&two).is_err(), "bound to its identity");
        for at in [0, NONCE_BYTES, bytes.len() - 1] {
            let mut spoilt = bytes.clone();
            spoilt[at] ^= 1;
            std::fs::write(&path, spoilt).expect("written");
            assert!(keys.find(&one).is_err(), "byte {at}");
        }
        std::fs::write(&path, &bytes[..NONCE_BYTES - 1]).expect("written");
        assert!(keys.find(&one).is_err());
        std::fs::write(&path, vec![0; FILE_BYTES_MAX as usize + 1]).expect("written");
        assert!(keys.find(&one).is_err());
    }
}
