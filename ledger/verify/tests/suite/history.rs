//! A newer head extends an older one, or convicts its signers.

use merkle::LeafHashes;
use merkle::consistency::{self, ConsistencyError};
use verify::{HistoryFault, verify_history};

use crate::fixture::{Network, TIME_S};

const SIGNERS: [(u16, u64); 3] = [(0, TIME_S), (1, TIME_S), (3, TIME_S)];

#[test]
fn a_log_that_grew_is_shown_to_extend_itself() {
    let network = Network::new("example.com/log");
    let leaves = network.leaves();
    for old in 1..=6 {
        let note = |size| network.checkpoint(network.head(size), &SIGNERS);
        let proof = consistency::prove(&LeafHashes::new(&leaves), old, 6).expect("smaller");
        let newer =
            verify_history(&network.policy, &note(old as usize), &note(6), &proof).expect("it extends");
        assert_eq!(newer.head, network.head(6));
        if old < 6 {
            let refused = verify_history(&network.policy, &note(6), &note(old as usize), &proof);
            assert!(matches!(
                refused,
                Err(HistoryFault::Consistency(ConsistencyError::SizesReversed { .. }))
            ));
        }
    }
}

#[test]
fn two_histories_are_told_apart() {
    let network = Network::new("example.com/log");
    let mut rewritten = Network::new("example.com/log");
    rewritten.entries.swap(2, 3);
    let note = |network: &Network, size| network.checkpoint(network.head(size), &SIGNERS);
    let leaves = rewritten.leaves();
    let proof = consistency::prove(&LeafHashes::new(&leaves), 4, 6).expect("smaller");
    let refused = verify_history(&network.policy, &note(&network, 3), &note(&rewritten, 6), &proof);
    assert!(matches!(refused, Err(HistoryFault::Consistency(_))));
    // The first four leaves hash differently once two of them have changed places.
    let refused = verify_history(&network.policy, &note(&network, 4), &note(&rewritten, 6), &proof);
    assert!(matches!(
        refused,
        Err(HistoryFault::Consistency(ConsistencyError::OldRoot { .. } | ConsistencyError::NewRoot { .. }))
    ));
    let refused = verify_history(&network.policy, &note(&network, 6), &note(&rewritten, 6), &[]);
    assert!(matches!(refused, Err(HistoryFault::Consistency(ConsistencyError::TwoRoots { .. }))));
}

#[test]
fn both_heads_must_be_the_quorums() {
    let network = Network::new("example.com/log");
    let good = network.checkpoint(network.head(6), &SIGNERS);
    let weak = network.checkpoint(network.head(6), &SIGNERS[..2]);
    assert!(matches!(verify_history(&network.policy, &weak, &good, &[]), Err(HistoryFault::Older(_))));
    assert!(matches!(verify_history(&network.policy, &good, &weak, &[]), Err(HistoryFault::Newer(_))));
    let other = Network::new("example.com/other");
    let text = format!("{}{}", network.policy, other.policy);
    // Two networks under one policy: names collide, so it cannot even be written without renaming.
    assert!(text.parse::<proto::policy::Policy>().is_err());
}
