//! The policies of the vectors, and those who sign under them.

use proto::note::SignatureType::{CosignatureEd25519, CosignatureMlDsa65, Ed25519};

use crate::keys::NoteSigner;
use crate::log::{ORIGIN, TIME_S};

/// The log's key, of the origin's name.
pub fn log() -> NoteSigner {
    NoteSigner::new(ORIGIN, Ed25519, "log")
}

/// A second key of the same log, as each validator has one.
pub fn second_log() -> NoteSigner {
    NoteSigner::new(ORIGIN, Ed25519, "log/2")
}

/// A log of another origin, which a policy may believe, too.
pub fn other_log() -> NoteSigner {
    NoteSigner::new("example.com/other", Ed25519, "other/log")
}

/// An Ed25519 cosigner.
pub fn witness(number: u8) -> NoteSigner {
    NoteSigner::new(&format!("{ORIGIN}/v{number}"), CosignatureEd25519, &format!("v{number}/cosigner"))
}

/// The ML-DSA-65 cosigner of the same name.
pub fn pq_witness(number: u8) -> NoteSigner {
    NoteSigner::new(&format!("{ORIGIN}/v{number}"), CosignatureMlDsa65, &format!("v{number}/pq"))
}

/// A witness that is no validator.
pub fn outsider() -> NoteSigner {
    NoteSigner::new("witness.example/w", CosignatureEd25519, "outsider")
}

/// One log, one Ed25519 cosigner: the smallest policy that asks for a quorum.
pub fn plain() -> String {
    format!("log {}\nwitness w1 {}\nquorum w1\n", log().key, witness(1).key)
}

/// Those who sign under it.
pub fn plain_signers() -> Vec<(NoteSigner, u64)> {
    vec![(log(), TIME_S), (witness(1), TIME_S)]
}

/// Two of three cosigners.
pub fn two_of_three() -> String {
    let witnesses: String =
        (1..=3).map(|number| format!("witness w{number} {}\n", witness(number).key)).collect();
    format!("log {}\n{witnesses}group some 2 w1 w2 w3\nquorum some\n", log().key)
}

/// Both keys of one validator.
pub fn both() -> String {
    format!(
        "log {}\nwitness v1-ed25519 {}\nwitness v1-ml-dsa-65 {}\ngroup v1 all v1-ed25519 v1-ml-dsa-65\n\
         group validators 1 v1\nquorum validators\n",
        log().key,
        witness(1).key,
        pq_witness(1).key
    )
}

/// Those who sign under it.
pub fn both_signers() -> Vec<(NoteSigner, u64)> {
    vec![(log(), TIME_S), (witness(1), TIME_S), (pq_witness(1), TIME_S)]
}

/// Two of three validators, and any of two witnesses outside: groups in groups.
pub fn nested() -> String {
    let witnesses: String =
        (1..=4).map(|number| format!("witness w{number} {}\n", witness(number).key)).collect();
    format!(
        "# comment\n\nlog {} https://example.com/log\nlog {}\n{witnesses}witness outsider {} https://witness.example\n\
         group validators 2 w1 w2 w3\n\tgroup\toutside  any w4 outsider\ngroup both all validators outside\nquorum both\n",
        log().key,
        other_log().key,
        outsider().key
    )
}
