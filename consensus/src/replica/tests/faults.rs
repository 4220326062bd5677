//! Somebody fails.

use super::net::{CONFIG, Net};
use crate::testing::{batch, v};

#[test]
fn a_silent_leader_is_passed_over() {
    let mut net = Net::new(4);
    net.crash(1);
    net.submit(batch(1));
    assert!(net.until(2_000, |net| net.all_committed(1)));
    assert!(net.replica(0).status().high_tc_view >= v(1));
    assert!(net.quiet(10_000));
}

#[test]
fn any_one_may_be_dead_for_ever() {
    for dead in 0..4 {
        let mut net = Net::new(4);
        net.crash(dead);
        for number in 0..20 {
            net.submit(batch(number));
            net.until(30, |_| false);
        }
        assert!(net.until(60_000, |net| net.all_committed(20)), "with member {dead} dead");
        assert!(net.quiet(60_000), "with member {dead} dead");
    }
}

#[test]
fn the_block_of_a_view_survives_the_death_of_the_next_leader() {
    let mut net = Net::new(4);
    net.crash(2);
    net.submit(batch(1));
    assert!(net.until(2_000, |net| net.all_committed(1)));
    let log = &net.members[0].log;
    assert_eq!(log[0].block.view, v(1), "the block of view 1 is the one that is final");
    assert_eq!(log[0].block.batches, vec![batch(1)]);
    // Its leader showed the certificate in time: nobody had to leave view 1.
    assert!((0..4).all(|at| !net.has_left(at, v(1))));
}

#[test]
fn all_links_are_lossy_and_slow() {
    let mut net = Net::new(4);
    (net.loss, net.delay_max) = (20, 60);
    for number in 0..10 {
        net.submit(batch(number));
        net.until(100, |_| false);
    }
    assert!(net.until(120_000, |net| net.all_committed(10)));
}

#[test]
fn without_a_quorum_nothing_is_final_and_with_it_again_all_is() {
    let mut net = Net::new(4);
    net.part(&[0, 1], &[2, 3]);
    net.submit(batch(1));
    net.until(5_000, |_| false);
    assert!(net.members.iter().all(|member| member.batches() == 0));
    net.heal();
    assert!(net.until(5_000, |net| net.all_committed(1)));
    assert!(net.quiet(20_000));
}

#[test]
fn back_off_ends_with_the_next_commit() {
    let mut net = Net::new(4);
    net.part(&[0, 1], &[2, 3]);
    net.submit(batch(1));
    net.until(3_000, |_| false);
    net.heal();
    assert!(net.until(9_000, |net| net.all_committed(1)));
    net.quiet(20_000);
    let again = net.replica(0).view();
    net.crash(usize::from(net.replica(0).status().leader.get()));
    let began = net.now;
    net.submit(batch(2));
    let alive = net.members.iter().position(|member| member.replica.is_some()).unwrap();
    assert!(net.until(5_000, |net| net.replica(alive).view() > again));
    assert!(net.now.get() - began.get() <= CONFIG.view_timeout_ms + 5, "the first view is short again");
}
