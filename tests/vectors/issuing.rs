//! What is said of issuers, of their keys, and the tokens that they seal.

use crypto::{Scheme, sha256};
use proto::id::Did;
use proto::operation::Operation;
use proto::operation::issuer::{
    Continuity, IssuerDid, IssuerKey, IssuerKeyChange, IssuerSet, IssuerStatus, issuer_possession_bytes,
};
use proto::operation::seal::{AttestationId, ChainId, ChainLink, Seal};

use crate::log::{author, network};

/// Each of them, by name; of some more than one shape.
pub fn operations() -> Vec<(&'static str, Operation)> {
    vec![
        ("issuer.set", issuer_set(IssuerStatus::Active, "level-1")),
        ("issuer.set that says less", issuer_set(IssuerStatus::Inactive, "")),
        ("issuer.key that is listed", issuer_key()),
        ("issuer.key that is dropped", dropped_key()),
        ("attestation.seal", seal(None)),
        ("attestation.seal in a chain", seal(Some(0))),
        ("attestation.seal further on in it", seal(Some(u64::MAX))),
    ]
}

fn issuer() -> IssuerDid {
    IssuerDid::parse("did:qwed:node:production").expect("an issuer")
}

fn issuer_set(status: IssuerStatus, certification: &str) -> Operation {
    Operation::IssuerSet(Box::new(IssuerSet {
        issuer: issuer(),
        name: "QWED Production".into(),
        status,
        certification: certification.into(),
    }))
}

/// The key that signs tokens.
fn signer() -> crypto::SecretKey {
    crypto::SecretKey::from_seed(Scheme::Es256, &[7; 32]).expect("ES256 signs")
}

fn issuer_key() -> Operation {
    let key = signer();
    let change = IssuerKeyChange::List {
        possession: key.sign(&issuer_possession_bytes(
            &network(),
            &issuer(),
            &Did::of(&author().public()),
            &key.public().id(),
        )),
        key: key.public().clone(),
        continuity: Continuity::Persistent,
        generated_at_s: 1_703_073_600,
    };
    Operation::IssuerKey(Box::new(IssuerKey { issuer: issuer(), change }))
}

fn dropped_key() -> Operation {
    let change = IssuerKeyChange::Drop { key: signer().public().id() };
    Operation::IssuerKey(Box::new(IssuerKey { issuer: issuer(), change }))
}

fn seal(index: Option<u64>) -> Operation {
    let name = |text: &str| AttestationId::parse(text).expect("a name");
    Operation::AttestationSeal(Box::new(Seal {
        id: name("att_xyz789"),
        issuer: issuer(),
        key: signer().public().id(),
        query: sha256(b"2+2=4"),
        proof: sha256(b"4 = 4"),
        issued_at_s: 1_703_073_600,
        expires_at_s: 1_734_609_600,
        link: index.map(|index| ChainLink {
            chain: ChainId::parse("chain_abc").expect("a name"),
            index,
            previous: (index > 0).then(|| name("att_abc")),
        }),
        token: "eyJhbGciOiJFUzI1NiJ9.e30.c2ln".into(),
    }))
}
