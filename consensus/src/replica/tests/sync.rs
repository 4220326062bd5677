//! Somebody was away.

use proto::block::CertifiedBlock;
use proto::message::SyncInfo;
use proto::verified::{Unverified, Verified};

use super::net::{CONFIG, Net};
use crate::testing::{GENESIS_TIME, Ideal, batch, chain, genesis, i, set, v};
use crate::{Effect, Input, Misbehaviour, Replica, Timer, Tip};

/// Orders `count` batches, one after the other.
fn order(net: &mut Net, count: u64) {
    for number in 0..count {
        net.submit(batch(number));
        let wanted = number as usize + 1;
        assert!(net.until(5_000, |net| net.members.iter().any(|member| member.batches() >= wanted)));
    }
}

#[test]
fn who_misses_a_parent_asks_for_it() {
    let mut net = Net::new(4);
    net.part(&[3], &[0, 1, 2]);
    order(&mut net, 2);
    net.heal();
    assert!(net.until(2_000, |net| net.all_committed(2)));
    assert!(net.sent["request"] > 0);
    assert!(net.misbehaved.is_empty());
}

#[test]
fn who_was_away_for_long_catches_up_from_below() {
    let mut net = Net::new(4);
    net.crash(3);
    order(&mut net, 130);
    assert!(net.replica(0).committed().height.get() > 100);
    net.quiet(10_000);
    net.sent.clear();
    let began = net.now;
    net.start(3);
    assert!(net.until(5_000, |net| net.all_committed(130)));
    let requests = net.sent["request"];
    let height = net.replica(0).committed().height.get() as usize;
    assert!(requests <= height / 29 + 4, "{requests} requests for {height} blocks");
    assert!(net.now.get() - began.get() < 200, "nothing waits for timers");
    assert!(net.quiet(10_000));
}

#[test]
fn who_comes_back_to_an_idle_network_learns_what_it_missed() {
    let mut net = Net::new(4);
    net.crash(3);
    order(&mut net, 3);
    assert!(net.quiet(30_000));
    net.start(3);
    assert!(net.quiet(30_000));
    assert_eq!(net.members[3].tip.block.height, net.members[0].tip.block.height);
}

#[test]
fn a_network_of_latecomers_is_led_by_the_one_who_knows() {
    let mut net = Net::new(4);
    net.part(&[0], &[1, 2, 3]);
    order(&mut net, 5);
    net.heal();
    net.submit(batch(99));
    assert!(net.until(5_000, |net| net.all_committed(6)));
}

#[test]
fn a_server_that_does_not_answer_is_replaced() {
    let mut net = Net::new(4);
    net.crash(3);
    order(&mut net, 60);
    net.quiet(10_000);
    net.start(3);
    // It knows where the others are, and loses those it asks, one after the other.
    net.until(50, |net| net.replica(3).status().high_qc_height.get() > 40);
    net.crash(0);
    net.crash(1);
    assert!(net.until(20_000, |net| net.members[3].batches() >= 60));
}

fn certified(
    blocks: &[(proto::block::Block, proto::certificate::QuorumCert)],
) -> Vec<Verified<CertifiedBlock>> {
    let verify = |(block, justify): &(_, _)| {
        let block: CertifiedBlock = CertifiedBlock {
            block: Clone::clone(block),
            justify: Clone::clone(justify),
            batches: Vec::new(),
        };
        Unverified::new(block).verify(&set(4), &Ideal).unwrap()
    };
    blocks.iter().map(verify).collect()
}

/// Member 3 of four at genesis, who hears of the certificate of the last of `views`.
fn behind(views: &[u64]) -> (Replica, Vec<Effect>) {
    let set = set(4);
    let mut replica =
        Replica::new(CONFIG, set.clone(), Some(i(3)), Tip::genesis(genesis()), None, Vec::new()).unwrap();
    replica.start(GENESIS_TIME);
    let (_, high_qc) = chain(&set, views);
    let info = Unverified::new(SyncInfo { high_qc, high_tc: None }).verify(&set, &Ideal).unwrap();
    let effects = replica.step(GENESIS_TIME, Input::SyncInfo { from: i(2), info });
    (replica, effects)
}

fn asked(effects: &[Effect]) -> Vec<u16> {
    let asked = effects.iter().filter_map(|effect| match effect {
        Effect::Fetch { from, .. } | Effect::CatchUp { from, .. } => Some(from.get()),
        _ => None,
    });
    asked.collect()
}

#[test]
fn the_teller_is_asked_first_then_the_signers_then_there_is_a_pause() {
    let (mut replica, effects) = behind(&[1, 2]);
    assert_eq!(asked(&effects), [2]);
    let (blocks, qc) = chain(&set(4), &[1, 2]);
    let fail = |from| Input::FetchFailed { block: qc.block, from: i(from) };
    assert_eq!(asked(&replica.step(GENESIS_TIME, fail(1))), [] as [u16; 0], "it was not asked");
    assert_eq!(asked(&replica.step(GENESIS_TIME, fail(2))), [0]);
    let empty = Input::Blocks { from: i(0), wanted: Some(qc.block), blocks: Vec::new() };
    assert_eq!(asked(&replica.step(GENESIS_TIME, empty)), [1]);
    assert_eq!(asked(&replica.step(GENESIS_TIME, fail(1))), [] as [u16; 0], "all have failed once");
    let effects = replica.step(GENESIS_TIME, Input::TimerFired { timer: Timer::Fetch { block: qc.block } });
    assert_eq!(asked(&effects), [2]);
    let pause = effects.iter().find_map(|effect| match effect {
        Effect::StartTimer { timer: Timer::Fetch { .. }, after_ms } => Some(*after_ms),
        _ => None,
    });
    assert_eq!(pause, Some(2 * CONFIG.view_timeout_ms));
    let answer = Input::Blocks { from: i(2), wanted: Some(qc.block), blocks: certified(&blocks) };
    let effects = replica.step(GENESIS_TIME, answer);
    assert!(effects.contains(&Effect::StopTimer { timer: Timer::Fetch { block: qc.block } }));
    assert_eq!(replica.status().uncommitted, 2);
}

#[test]
fn blocks_nobody_asked_for_are_not_taken() {
    let (mut replica, _) = behind(&[1, 2]);
    let (blocks, _) = chain(&set(4), &[1, 3]);
    let (_, wanted) = chain(&set(4), &[1, 2]);
    let answer = Input::Blocks { from: i(2), wanted: Some(wanted.block), blocks: certified(&blocks[1..]) };
    let effects = replica.step(GENESIS_TIME, answer);
    assert!(effects.contains(&Effect::Misbehaved { peer: i(2), reason: Misbehaviour::UnwantedBlocks }));
    assert_eq!(asked(&effects), [0]);
    assert_eq!(replica.status().uncommitted, 0);
    let unasked = Input::Blocks { from: i(0), wanted: Some(genesis().id()), blocks: certified(&blocks) };
    replica.step(GENESIS_TIME, unasked);
    let unasked = Input::Blocks { from: i(1), wanted: None, blocks: certified(&blocks) };
    replica.step(GENESIS_TIME, unasked);
    assert_eq!(replica.status().uncommitted, 0);
}

#[test]
fn of_a_range_only_what_is_certified_is_taken() {
    let views: Vec<u64> = (1..=60).collect();
    let (mut replica, effects) = behind(&views);
    let Some(Effect::CatchUp { from_height, from, .. }) =
        effects.iter().find(|effect| matches!(effect, Effect::CatchUp { .. }))
    else {
        panic!("{effects:?}");
    };
    assert_eq!((from_height.get(), *from), (1, i(2)));
    let (blocks, _) = chain(&set(4), &views);
    let answer = Input::Blocks { from: i(2), wanted: None, blocks: certified(&blocks[..32]) };
    let effects = replica.step(GENESIS_TIME, answer);
    assert_eq!(replica.status().uncommitted, 31, "nothing certifies the last one yet");
    assert_eq!(asked(&effects), [] as [u16; 0], "not the same range again");
    let mut effects = Vec::new();
    for (block, _) in &blocks[..31] {
        effects.extend(replica.step(GENESIS_TIME, Input::Available { block: block.id() }));
    }
    assert_eq!(asked(&effects), [2], "the same peer goes on, once");
    assert_eq!(replica.committed().view, v(29), "two certified ones stand on it");
}

#[test]
fn where_no_two_views_follow_each_other_the_newest_is_asked_for() {
    let views: Vec<u64> = (1..=40).map(|step| 2 * step).collect();
    let (mut replica, effects) = behind(&views);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::CatchUp { .. })));
    let (blocks, qc) = chain(&set(4), &views);
    let timer = Timer::Fetch { block: qc.block };
    for _ in 0..2 {
        let effects = replica.step(GENESIS_TIME, Input::TimerFired { timer });
        assert!(effects.iter().any(|effect| matches!(effect, Effect::CatchUp { .. })));
    }
    let effects = replica.step(GENESIS_TIME, Input::TimerFired { timer });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Fetch { .. })), "{effects:?}");
    let answer = Input::Blocks { from: i(2), wanted: Some(qc.block), blocks: certified(&blocks[8..]) };
    replica.step(GENESIS_TIME, answer);
    assert_eq!(replica.status().uncommitted, 32);
}

/// A ledger that replayed the log tells where it stands: questions for what lies below are void, and the rest is fetched.
#[test]
fn who_leaps_goes_on_from_there() {
    let set = set(4);
    let views: Vec<u64> = (1..=100).collect();
    let (blocks, qc) = chain(&set, &views);
    let mut replica =
        Replica::new(CONFIG, set.clone(), Some(i(3)), Tip::genesis(genesis()), None, Vec::new()).unwrap();
    replica.start(GENESIS_TIME);
    let info = SyncInfo { high_qc: qc, high_tc: None };
    let info = Unverified::new(info).verify(&set, &Ideal).unwrap();
    let effects = replica.step(GENESIS_TIME, Input::SyncInfo { from: i(0), info });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::CatchUp { .. })));
    let at = |index: usize| Tip { block: blocks[index].0.clone(), certificate: blocks[index + 1].1.clone() };
    let effects = replica.step(GENESIS_TIME, Input::Leap { tip: Box::new(at(89)) });
    assert_eq!(replica.committed().height.get(), 90);
    let asks = |effect: &Effect| matches!(effect, Effect::Fetch { above, .. } if above.get() == 90);
    assert!(effects.iter().any(asks), "the gap is small now: {effects:?}");
    // Never back.
    replica.step(GENESIS_TIME, Input::Leap { tip: Box::new(at(50)) });
    assert_eq!(replica.committed().height.get(), 90);
}
