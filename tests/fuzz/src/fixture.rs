//! One network for all targets: four validators whose keys are known, an author, and who checks signatures.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crypto::{Scheme, sha256};
use proto::counter::TimeMs;
use proto::genesis::{Admission, Genesis};
use proto::id::{Did, Tenant};
use proto::operation::Operation;
use proto::policy::Policy;
use proto::submission::{Body, Submission};
use proto::validators::ValidatorSet;
use sim::member::Keys;
use sim::notary::{Notary, Signer};

/// Number of validators.
pub const VALIDATORS: u16 = 4;
/// The network's first moment.
pub const BEGIN: TimeMs = TimeMs::new(1_800_000_000_000);

/// The network.
pub struct Network {
    /// Its genesis.
    pub genesis: Arc<Genesis>,
    /// Its validators.
    pub set: ValidatorSet,
    /// Their policy.
    pub policy: Policy,
    /// Their keys, in their order.
    pub keys: Vec<Keys>,
    /// Who submits.
    pub author: Signer,
    /// Signatures that cost a hash; it knows all of these keys.
    pub ideal: Notary,
}

/// It.
pub static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let mut ideal = Notary::Ideal(BTreeMap::new());
    let keys: Vec<_> = (1..=VALIDATORS).map(|n| Keys::new(&[n as u8; 32], &mut ideal)).collect();
    let genesis = Genesis {
        origin: "fuzz.example/log".to_owned(),
        time: BEGIN,
        validators: keys.iter().zip(1..).map(|(keys, n)| keys.validator(format!("v{n}"))).collect(),
        admission: Admission::Open,
        registrars: Vec::new(),
    };
    let author = Signer::new(Scheme::Ed25519, [99; 32]);
    ideal.register(&author);
    let set = genesis.validator_set();
    let policy = Policy::of(&set).expect("equal powers");
    Network { genesis: Arc::new(genesis), set, policy, keys, author, ideal }
});

/// A signed proof, another one for each number.
pub fn submission(nonce: u64, notary: &Notary) -> Submission {
    let operation = Operation::ProofSubmit {
        content: sha256(&nonce.to_be_bytes()),
        content_bytes: 8,
        media_type: "text/plain".to_owned(),
        subject: "a number".to_owned(),
    };
    signed(nonce, operation, notary)
}

/// An operation, signed by the author.
pub fn signed(nonce: u64, operation: Operation, notary: &Notary) -> Submission {
    let body = Body {
        network: *NETWORK.set.network(),
        tenant: Tenant::default_tenant(),
        author: Did::of(NETWORK.author.public()),
        key: NETWORK.author.public().clone(),
        nonce,
        expires_at: None,
        operation,
    };
    let signature = notary.sign(&NETWORK.author, &body.signed_bytes());
    body.seal(signature)
}
