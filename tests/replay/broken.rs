//! What must not be taken for the same: blocks that say another thing, and nodes that keep another rule.

use crypto::defects::{Defect, with};
use ledger::{Committed, batch_ref};
use proto::block::CertifiedBlock;
use proto::verified::Verified;

use crate::lives::{Node, PLAIN};
use crate::seen::Difference;
use crate::story::told;
use crate::world::{Chain, verified};

/// Replays the chain, with the block of one height replaced.
fn differs_at(chain: &Chain, height: usize, change: impl Fn(&mut Committed)) -> Difference {
    let mut node = Node::begin(chain, PLAIN);
    for (block, expected) in chain.blocks.iter().zip(&chain.seen) {
        let mut block = block.clone();
        if block.block.height.get() == height as u64 {
            change(&mut block);
        }
        let found = node.step(block).expect("nothing is wrong with it but what it says");
        if let Err(difference) = expected.expect(&found) {
            return difference;
        }
    }
    panic!("height {height} was another, and nobody noticed")
}

/// Other submissions stand in the block's batches, and the block says so.
fn reorder(chain: &Chain, block: &mut Committed, change: impl Fn(&mut Vec<proto::submission::Submission>)) {
    for batch in &mut block.batches {
        let mut submissions = batch.submissions.clone();
        change(&mut submissions);
        let verified = submissions.iter().map(|it| verified(&chain.network(), it));
        *batch = Verified::pack(batch.author, verified.collect());
    }
    block.block.batches = block.batches.iter().map(|batch| batch_ref(batch)).collect();
}

/// Height of the first block that orders something of this name.
fn first(chain: &Chain, name: &str) -> usize {
    let orders = |it: &&Committed| {
        let mut all = it.batches.iter().flat_map(|batch| &batch.submissions);
        all.any(|submission| submission.body().operation.name() == name)
    };
    chain.blocks.iter().find(orders).expect("the story tells of it").block.height.get() as usize
}

#[test]
fn a_clock_that_leaks_into_a_block_is_named() {
    let chain = told(1);
    for name in ["key.revoke", "session.finalize", "proof.submit"] {
        let height = first(&chain, name);
        let found = differs_at(&chain, height, |it| it.block.time = it.block.time.plus(1));
        assert_eq!(found.height.get() as usize, height, "{name}");
        assert_eq!(found.what, ["time", "block", "state", "root of the log"], "{name}");
        let said = found.to_string();
        assert!(said.starts_with(&format!("at height {height} it is another time, another block")), "{said}");
    }
}

#[test]
fn an_operation_that_is_left_out_is_named() {
    let chain = told(1);
    for name in ["identity.create", "session.sample", "attestation.seal", "proof.primitive", "issuer.set"] {
        let height = first(&chain, name);
        let found = differs_at(&chain, height, |it| reorder(&chain, it, |all| drop(all.remove(0))));
        assert_eq!(found.height.get() as usize, height, "{name}");
        assert!(found.what.contains(&"state"), "{name}: {found}");
    }
}

#[test]
fn another_order_is_named() {
    let chain = told(1);
    for name in ["key.rotate", "session.finalize", "attestation.seal", "proof.primitive"] {
        let height = first(&chain, name);
        let found = differs_at(&chain, height, |it| reorder(&chain, it, |all| all.reverse()));
        assert_eq!(found.height.get() as usize, height, "{name}");
        assert!(found.what.contains(&"state"), "{name}: {found}");
    }
}

/// Each rule, and the operation in whose block a node that does not keep it comes to another state.
#[test]
fn a_node_that_keeps_another_rule_is_named() {
    let chain = told(1);
    for (defect, name) in [
        (Defect::EndedKeysSpeak, "key.rotate"),
        (Defect::AnyKeyRotates, "key.rotate"),
        (Defect::RevokedAhead, "key.revoke"),
    ] {
        let height = first(&chain, name);
        let mut node = Node::begin(&chain, PLAIN);
        let found = with(defect, || node.live()).expect_err("another rule is another state");
        assert_eq!(found.height.get() as usize, height, "{defect:?}: {found}");
        assert!(found.what.contains(&"state"), "{defect:?}: {found}");
    }
    // What was decided before is done again, long after everything else.
    let mut node = Node::begin(&chain, PLAIN);
    let found = with(Defect::ExecutedAgain, || node.live()).expect_err("another rule is another state");
    assert!(found.height.get() as usize > first(&chain, "validator.leave"), "{found}");
}

#[test]
fn the_bodies_that_a_node_keeps_are_those_it_applied() {
    let chain = told(1);
    for committed in &chain.blocks {
        let height = committed.block.height;
        let kept: CertifiedBlock = chain.reader().block(height).expect("readable").expect("applied");
        assert_eq!((&kept.block, &kept.justify), (&committed.block, &committed.justify));
        let batches: Vec<_> = committed.batches.iter().map(|batch| (**batch).clone()).collect();
        assert_eq!(kept.batches, batches, "height {height}");
    }
}
