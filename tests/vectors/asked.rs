//! True receipts, asked about another artifact, or too late, or too early.

use crypto::sha256;
use proto::operation::BATCH_TREE;
use proto::receipt::Receipt;
use verify::Freshness;

use crate::log::{
    ITEMS, TIME_S, anchor, asked, block, content, genesis, item, item_digest, operations, proof_submit,
    receipt_of,
};
use crate::trust::{log, plain, plain_signers, two_of_three, witness};
use crate::vector::{Asked, Vector};

pub fn vectors() -> Vec<Vector> {
    [artifacts(), ages()].concat()
}

fn artifacts() -> Vec<Vector> {
    let about = |name: &str, receipt: Receipt, artifact| {
        Vector::json(name, &plain(), &receipt, Some("artifact"))
            .asking(Asked { artifact: Some(artifact), ..Asked::default() })
    };
    let of = |entry: Vec<u8>| receipt_of(&plain_signers(), entry);
    let anchored = of(asked(anchor(ITEMS, BATCH_TREE)));
    let of_item = Receipt { item: Some(item(3)), ..anchored.clone() };
    let mut found = vec![
        about("another artifact than the proof's", of(asked(proof_submit())), sha256(b"another")),
        about("the artifact of the genesis", of(genesis()), content()),
        about("the artifact of a block", of(block()), content()),
        about("the artifact of an anchor", anchored, item_digest(3)),
        about("another item's artifact", of_item.clone(), item_digest(4)),
        about("the proof's artifact of an item", of_item, content()),
    ];
    for (name, operation) in operations() {
        if operation.content().is_none() {
            found.push(about(&format!("the artifact of {name}"), of(asked(operation)), content()));
        }
    }
    found
}

fn ages() -> Vec<Vector> {
    let receipt = receipt_of(&plain_signers(), asked(proof_submit()));
    let at = |name: &str, policy: &str, receipt: &Receipt, now_s, max_age_s| {
        let freshness = Some(Freshness { now_s, max_age_s });
        Vector::json(name, policy, receipt, Some("freshness")).asking(Asked { freshness, ..Asked::default() })
    };
    let unquorate = format!("log {}\nwitness w1 {}\nquorum none\n", log().key, witness(1).key);
    let minority = receipt_of(
        &[(log(), TIME_S), (witness(1), TIME_S + 1_000), (witness(2), TIME_S), (witness(3), TIME_S - 50)],
        asked(proof_submit()),
    );
    let future = receipt_of(&[(log(), 0), (witness(1), (1 << 63) - 1)], asked(proof_submit()));
    let past = receipt_of(&[(log(), 0), (witness(1), 0)], asked(proof_submit()));
    vec![
        at("a second older than wanted", &plain(), &receipt, TIME_S + 61, 60),
        at("a second old where none is wanted", &plain(), &receipt, TIME_S + 1, 0),
        at("cosigned 301 s from now", &plain(), &receipt, TIME_S - 301, u64::from(u32::MAX)),
        at("cosigned at the end of time", &plain(), &future, TIME_S, 1 << 52),
        at("cosigned in 1970", &plain(), &past, TIME_S, TIME_S - 1),
        at("cosigned by nobody who counts", &unquorate, &receipt, TIME_S, 1 << 52),
        at("a minority that says a later time", &two_of_three(), &minority, TIME_S + 61, 60),
    ]
}
