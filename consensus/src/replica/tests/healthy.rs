//! Nobody fails.

use super::net::{CONFIG, Net};
use crate::Config;
use crate::testing::{batch, v};

#[test]
fn a_batch_is_final_at_a_leader_after_four_delays_and_everywhere_after_five() {
    let mut net = Net::new(4);
    let began = net.now;
    net.submit(batch(1));
    assert!(net.until(1_000, |net| net.members.iter().any(|member| member.batches() == 1)));
    assert_eq!(net.now.get() - began.get(), 4);
    assert!(net.until(1_000, |net| net.all_committed(1)));
    assert_eq!(net.now.get() - began.get(), 5);
}

#[test]
fn after_one_empty_block_an_idle_network_is_silent() {
    let mut net = Net::new(4);
    net.submit(batch(1));
    assert!(net.quiet(10_000), "it never falls silent");
    for at in 0..4 {
        let replica = net.replica(at);
        assert_eq!(net.members[at].log.len(), 1, "only the block with the batch is final");
        assert_eq!(replica.high_qc().view, v(2), "one empty block, and no more");
        assert_eq!(replica.view(), v(3));
        assert!(!replica.status().working);
    }
    // Two proposals to three others; two votes of each to two leaders, less those to oneself; one certificate alone.
    assert_eq!(net.sent["proposal"], 6);
    assert_eq!(net.sent["sync"], 3);
    assert_eq!(net.sent.get("timeout"), None);
    let messages = net.messages();
    assert!(!net.advance());
    assert_eq!(net.messages(), messages);
}

#[test]
fn a_stream_of_batches_is_ordered_once_each() {
    let mut net = Net::new(4);
    for number in 0..60 {
        net.submit(batch(number));
        net.until(3, |_| false);
    }
    assert!(net.until(10_000, |net| net.all_committed(60)));
    assert!(net.quiet(10_000));
    let log = &net.members[0].log;
    let mut ordered: Vec<_> = log.iter().flat_map(|it| it.block.batches.iter().map(|b| b.id)).collect();
    ordered.sort_unstable();
    ordered.dedup();
    assert_eq!(ordered.len(), 60);
    assert!(log.windows(2).all(|pair| pair[0].block.time < pair[1].block.time));
    assert_eq!(net.sent.get("timeout"), None);
}

#[test]
fn one_validator_alone_is_a_network() {
    let mut net = Net::new(1);
    net.submit(batch(1));
    assert!(net.until(1_000, |net| net.all_committed(1)));
    assert!(net.quiet(1_000));
    assert_eq!(net.messages(), 0);
}

#[test]
fn seven_validators_agree() {
    let mut net = Net::new(7);
    for number in 0..20 {
        net.submit(batch(number));
        net.until(5, |_| false);
    }
    assert!(net.until(10_000, |net| net.all_committed(20)));
}

#[test]
fn with_a_heartbeat_idle_leaders_take_turns_and_the_dead_one_is_voted_out() {
    let mut net = Net::with(4, Config { heartbeat_ms: Some(1_000), ..CONFIG });
    net.until(5_500, |_| false);
    let heights: Vec<u64> = (0..4).map(|at| net.replica(at).committed().height.get()).collect();
    assert!(heights.iter().all(|height| (3..=6).contains(height)), "{heights:?}");
    assert_eq!(net.sent.get("timeout"), None);
    net.crash(0);
    let before = net.replica(1).committed().height;
    assert!(net.until(20_000, |net| net.replica(1).committed().height.get() > before.get() + 3));
    assert!(net.sent.contains_key("timeout"));
}

#[test]
fn batches_that_are_not_here_delay_the_vote_and_no_more() {
    let mut net = Net::new(4);
    net.members[2].withhold = true;
    net.members[3].withhold = true;
    net.submit(batch(1));
    net.until(50, |_| false);
    assert_eq!(net.replica(0).high_qc().view, v(0), "two of four may not order what two do not have");
    net.release(2);
    assert!(net.until(50, |net| net.members[0].batches() == 1));
    assert!(net.until(50, |net| net.replica(3).view() == v(3)));
    assert_eq!(net.members[3].batches(), 0, "final, but not here");
    net.release(3);
    assert_eq!(net.members[3].batches(), 1);
}

#[test]
fn the_same_history_gives_the_same_digest() {
    let run = || {
        let mut net = Net::new(4);
        for number in 0..5 {
            net.submit(batch(number));
            net.until(3, |_| false);
        }
        (0..4).map(|at| net.replica(at).digest()).collect::<Vec<_>>()
    };
    let (first, second) = (run(), run());
    assert_eq!(first, second);
    assert_ne!(first[0], first[1]);
}
