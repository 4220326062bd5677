//! The notary: this node's part in evidence of jobs. A key that signs bundles, and a shelf for what is under way.
//!
//! It signs digests that follow from jobs on the ledger, for verifiers who know no ledger, and nothing else. What was begun
//! stands on the shelf, durably, until the ledger has it: a node that is killed goes on where it was. Where the shelf is,
//! is the node's matter: here is what it promises.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use crypto::{Digest, PublicKey, Scheme, SecretKey, Signature, sha256};
use proto::counter::TimeMs;
use proto::evidence::trust::TrustRoot;
use proto::id::{Did, NetworkId, Tenant};
use proto::job::JobId;
use proto::signer::{SignerListing, SignerName, SignerRoles, algorithm, message, spelt};
use tokio::sync::{MutexGuard, Notify};

/// How long a key that is listed is good: ten years.
const VALIDITY_MS: u64 = 3_653 * 86_400_000;
/// Most bundles whose verifications are counted.
const COUNTED_MAX: usize = 100_000;

/// Where work under way is kept: small pieces by name.
pub trait Shelf: Send + Sync + fmt::Debug {
    /// Keeps a piece under a name, in the place of what was there: whole or not at all, and durably when it returns.
    ///
    /// # Errors
    /// What the system says.
    fn put(&self, name: &str, piece: &[u8]) -> io::Result<()>;

    /// The piece of that name.
    ///
    /// # Errors
    /// What the system says.
    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// All names.
    ///
    /// # Errors
    /// What the system says.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Keeps it no longer, if it is there.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// Signs evidence of jobs.
pub struct Notary {
    name: SignerName,
    key: SecretKey,
    shelf: Arc<dyn Shelf>,
    one: tokio::sync::Mutex<()>,
    due: Notify,
    verified: Mutex<BTreeMap<(Tenant, JobId), u64>>,
    root_key: SecretKey,
    root: OnceLock<TrustRoot>,
    bundle: Mutex<Option<Bundle>>,
}

/// A trust bundle that was made.
pub(crate) struct Bundle {
    /// Size of the ledger it was made of.
    pub(crate) size: u64,
    /// When, in milliseconds since 1970.
    pub(crate) made_ms: u64,
    /// It, as it is given out.
    pub(crate) json: Arc<Vec<u8>>,
}

/// Why a key signs no evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("evidence is signed with ml-dsa-65, ed25519 or es256; this is a key of {found}")]
pub struct NotaryError {
    /// The key's scheme.
    pub found: crypto::Scheme,
}

impl Notary {
    /// A notary whose key has this name; `root_key` vouches for it in this node's trust root, and signs nothing else.
    ///
    /// # Errors
    /// `NotaryError` for a key of a scheme that others do not verify.
    pub fn new(
        name: SignerName,
        key: SecretKey,
        root_key: SecretKey,
        shelf: Arc<dyn Shelf>,
    ) -> Result<Self, NotaryError> {
        for found in [key.public().scheme(), root_key.public().scheme()] {
            if algorithm(found).is_none() {
                return Err(NotaryError { found });
            }
        }
        let (root, bundle) = (OnceLock::new(), Mutex::default());
        let (one, due, verified) = (tokio::sync::Mutex::default(), Notify::new(), Mutex::default());
        Ok(Self { name, key, shelf, one, due, verified, root_key, root, bundle })
    }

    /// The name for the key of a node of that name: `ql_key_`, the name, and the beginning of the key's fingerprint, so that
    /// another key of this node has another.
    pub fn name_of(node: &str, key: &PublicKey) -> SignerName {
        let plain = node.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(40);
        let fingerprint = proto::evidence::fingerprint(key.as_bytes()).to_string();
        let text = format!("ql_key_{}_{}", plain.collect::<String>(), &fingerprint[..8]);
        SignerName::parse(&text).expect("plain, and of 56 characters at most")
    }

    /// The public key.
    pub const fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// What the key is called.
    pub const fn name(&self) -> &SignerName {
        &self.name
    }

    /// Signs the hash of a bundle.
    pub(crate) fn sign(&self, bundle: &Digest) -> Signature {
        self.key.sign(&message(self.public().scheme(), bundle))
    }

    /// The trust root, made by `make` with the key for it the first time.
    pub(crate) fn root_once(&self, make: impl FnOnce(&SecretKey) -> TrustRoot) -> &TrustRoot {
        self.root.get_or_init(|| make(&self.root_key))
    }

    /// Signs SHA-256 of a trust bundle's bytes.
    pub(crate) fn sign_trust(&self, bytes: &[u8]) -> Vec<u8> {
        over(&self.key, bytes)
    }

    /// The trust bundle of a ledger of that size, if it was made at that time in milliseconds or later.
    pub(crate) fn bundle_since(&self, size: u64, since_ms: u64) -> Option<Arc<Vec<u8>>> {
        let kept = self.bundle.lock().expect("nobody panics while it holds this");
        let fits = |it: &&Bundle| it.size == size && it.made_ms >= since_ms;
        kept.as_ref().filter(fits).map(|it| Arc::clone(&it.json))
    }

    /// Keeps a trust bundle.
    pub(crate) fn keep_bundle(&self, bundle: Bundle) {
        *self.bundle.lock().expect("nobody panics while it holds this") = Some(bundle);
    }

    /// What lists the key; by the author that puts it on the ledger.
    pub(crate) fn listing(&self, network: &NetworkId, author: &Did, now: TimeMs) -> SignerListing {
        let mut listing = SignerListing {
            name: self.name.clone(),
            key: self.public().clone(),
            roles: SignerRoles::Both,
            // A clock may be ahead of the block's time.
            valid_from: TimeMs::new(now.get().saturating_sub(ledger::issuing::DRIFT_MS)),
            valid_until: now.plus(VALIDITY_MS),
            possession: self.key.sign(b"quorate: nothing yet"),
        };
        listing.possession = self.key.sign(&listing.possession_bytes(network, author));
        listing
    }

    /// What is under way.
    pub(crate) fn shelf(&self) -> Arc<dyn Shelf> {
        Arc::clone(&self.shelf)
    }

    /// One at a time begins something, or sees to it that the key is listed.
    pub(crate) async fn alone(&self) -> MutexGuard<'_, ()> {
        self.one.lock().await
    }

    /// Says that something is under way.
    pub(crate) fn call(&self) {
        self.due.notify_one();
    }

    /// Returns when something is.
    pub(crate) async fn called(&self) {
        self.due.notified().await;
    }

    /// Counts that the evidence of a job was verified here, and says how often it was.
    pub(crate) fn count(&self, tenant: &Tenant, job: &JobId) -> u64 {
        let mut counts = self.counts();
        let key = (tenant.clone(), job.clone());
        if counts.len() >= COUNTED_MAX && !counts.contains_key(&key) {
            return 1;
        }
        let count = counts.entry(key).or_default();
        *count += 1;
        *count
    }

    /// How often the evidence of a job was verified here, since the node started.
    pub(crate) fn counted(&self, tenant: &Tenant, job: &JobId) -> u64 {
        self.counts().get(&(tenant.clone(), job.clone())).copied().unwrap_or_default()
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, BTreeMap<(Tenant, JobId), u64>> {
        self.verified.lock().expect("nobody panics while it holds this")
    }
}

/// A signature over SHA-256 of these bytes, as others read it.
pub(crate) fn over(key: &SecretKey, bytes: &[u8]) -> Vec<u8> {
    match key.public().scheme() {
        // It hashes by itself.
        Scheme::Es256 => spelt(&key.sign(bytes)),
        Scheme::Ed25519
        | Scheme::MlDsa65
        | Scheme::HybridEd25519MlDsa65
        | Scheme::Dilithium3R3
        | Scheme::HybridDilithium3R3Ed25519 => spelt(&key.sign(sha256(bytes).as_bytes())),
    }
}

impl fmt::Debug for Notary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notary").field("name", &self.name).field("key", self.public()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Nowhere;

    impl Shelf for Nowhere {
        fn put(&self, _: &str, _: &[u8]) -> io::Result<()> {
            Ok(())
        }

        fn get(&self, _: &str) -> io::Result<Option<Vec<u8>>> {
            Ok(None)
        }

        fn names(&self) -> io::Result<Vec<String>> {
            Ok(Vec::new())
        }

        fn remove(&self, _: &str) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_notary_signs_with_what_others_verify() {
        let key = |scheme| SecretKey::from_seed(scheme, &[9; 32]).expect("signs");
        let pqc = key(Scheme::MlDsa65);
        let name = Notary::name_of("v1", pqc.public());
        assert!(name.as_str().starts_with("ql_key_v1_"), "{name}");
        let notary =
            Notary::new(name.clone(), pqc, key(Scheme::MlDsa65), Arc::new(Nowhere)).expect("known to others");
        let listing = notary.listing(&NetworkId::default(), &Did::of(notary.public()), TimeMs::new(700_000));
        assert_eq!((listing.valid_from.get(), listing.roles), (100_000, SignerRoles::Both));
        let refused =
            Notary::new(name, key(Scheme::HybridEd25519MlDsa65), key(Scheme::Ed25519), Arc::new(Nowhere));
        assert_eq!(refused.expect_err("unknown to others").found, Scheme::HybridEd25519MlDsa65);
        let (tenant, job) = (Tenant::default_tenant(), JobId::parse("job_1").expect("a name"));
        assert_eq!((notary.count(&tenant, &job), notary.count(&tenant, &job)), (1, 2));
        assert_eq!(notary.counted(&tenant, &job), 2);
        assert_eq!(Notary::name_of(&"é/x".repeat(90), notary.public()).as_str().len(), 7 + 40 + 9);
    }
}
