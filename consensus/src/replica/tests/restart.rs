//! Crashes and what is left after them. The network's watcher stops every test in which a member contradicts itself.

use proto::counter::Epoch;
use proto::record::SafetyRecord;

use super::net::{CONFIG, CrashPoint, Net};
use crate::safety::Safety;
use crate::testing::{GENESIS_TIME, batch, block_on, certify, chain, genesis, genesis_qc, i, leave, set, v};
use crate::{Effect, RecoverError, Replica, Say, Tip};

const POINTS: [CrashPoint; 3] = [CrashPoint::BeforeWrite, CrashPoint::AfterWrite, CrashPoint::AfterSending];

#[test]
fn each_member_may_crash_at_each_point_of_each_view() {
    for at in 0..4 {
        for point in POINTS {
            for view in 0..5 {
                let mut net = Net::new(4);
                for number in 0..5 {
                    net.submit(batch(number));
                    net.until(2, |_| false);
                }
                net.until(500, |net| net.replica(at).view() >= v(view));
                net.members[at].crash_at = Some(point);
                net.until(60, |net| net.members[at].replica.is_none());
                net.members[at].crash_at = None;
                if net.members[at].replica.is_none() {
                    net.start(at);
                }
                assert!(net.until(10_000, |net| net.all_committed(5)), "{at} {point:?} {view}");
                assert!(net.quiet(20_000), "{at} {point:?} {view}");
            }
        }
    }
}

#[test]
fn all_crash_after_their_timeouts_and_go_on() {
    for point in POINTS {
        let mut net = Net::new(4);
        net.part(&[0], &[1, 2, 3]);
        net.part(&[1], &[2, 3]);
        net.part(&[2], &[3]);
        for at in 0..4 {
            net.members[at].crash_at = None;
        }
        net.submit(batch(1));
        // Everybody has done what it can in view 1; the next word of each is its timeout.
        net.until(50, |_| false);
        for at in 0..4 {
            net.members[at].crash_at = Some(point);
        }
        net.until(500, |net| net.members.iter().all(|member| member.replica.is_none()));
        net.heal();
        for at in 0..4 {
            assert!(net.members[at].replica.is_none());
            net.members[at].crash_at = None;
            net.start(at);
        }
        assert!(net.until(5_000, |net| net.all_committed(1)), "{point:?}");
    }
}

#[test]
fn a_restart_repeats_the_same_words() {
    let set = set(4);
    let block = block_on(&set, &genesis_qc(), 1, &[1]);
    let blank = Safety::blank(Epoch::ZERO, genesis_qc());
    let acted = SafetyRecord { last_acted_view: v(1), ..blank };
    let vote = |say: &Say| match say {
        Say::Vote { statement, to } => statement.block == block.id() && *to == [i(2), i(1)],
        Say::Timeout { .. } | Say::Proposal { .. } => false,
    };
    let timeout = |say: &Say| match say {
        Say::Timeout { view, high_qc, .. } => *view == v(1) && *high_qc == genesis_qc(),
        Say::Vote { .. } | Say::Proposal { .. } => false,
    };
    let propose = |say: &Say| match say {
        Say::Proposal { block: it, justify, .. } => *it == block && *justify == genesis_qc(),
        Say::Vote { .. } | Say::Timeout { .. } => false,
    };
    type Words<'a> = &'a [&'a dyn Fn(&Say) -> bool];
    let cases: [(&str, SafetyRecord, Words); 4] = [
        ("voted", SafetyRecord { voted: Some(block.clone()), ..acted.clone() }, &[&vote]),
        ("left", SafetyRecord { timed_out: true, ..acted.clone() }, &[&timeout]),
        (
            "voted and left",
            SafetyRecord { voted: Some(block.clone()), timed_out: true, ..acted.clone() },
            &[&vote, &timeout],
        ),
        (
            "proposed",
            SafetyRecord { voted: Some(block.clone()), proposed: Some(block.clone()), ..acted },
            &[&propose, &vote],
        ),
    ];
    for (name, record, expected) in cases {
        let journal = vec![(block.clone(), genesis_qc())];
        let tip = Tip::genesis(genesis());
        let mut replica =
            Replica::new(CONFIG, set.clone(), Some(i(1)), tip, Some(record.clone()), journal).unwrap();
        let words = replica.start(GENESIS_TIME).into_iter().find_map(|effect| match effect {
            Effect::Speak(words) => Some(words),
            _ => None,
        });
        let words = words.unwrap_or_else(|| panic!("{name}: silent"));
        assert_eq!(*words.write(), record, "{name}");
        let says = words.open(|_| Ok::<(), ()>(())).unwrap();
        assert_eq!(says.len(), expected.len(), "{name}: {says:?}");
        assert!(says.iter().zip(expected).all(|(say, expected)| expected(say)), "{name}: {says:?}");
    }
}

#[test]
fn the_view_after_a_restart_is_above_both_certificates() {
    let set = set(4);
    let (_, qc) = chain(&set, &[1, 2]);
    let record = SafetyRecord {
        last_acted_view: v(6),
        high_tc: Some(leave(&set, 5, &qc)),
        timed_out: true,
        ..Safety::blank(Epoch::ZERO, qc)
    };
    let tip = Tip::genesis(genesis());
    let replica = Replica::new(CONFIG, set, Some(i(1)), tip, Some(record), Vec::new()).unwrap();
    assert_eq!(replica.view(), v(6));
}

#[test]
fn a_tip_later_than_the_record_counts() {
    let set = set(4);
    let (blocks, qc) = chain(&set, &[1, 2, 3]);
    let tip = Tip { block: blocks[2].0.clone(), certificate: qc };
    let replica = Replica::new(CONFIG, set, Some(i(1)), tip, None, blocks).unwrap();
    assert_eq!(replica.view(), v(4));
    assert_eq!(replica.status().uncommitted, 0, "journaled blocks that are final by now are dropped");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let set = set(4);
    let (blocks, qc) = chain(&set, &[1, 2]);
    let other = Tip { block: blocks[0].0.clone(), certificate: qc.clone() };
    let good = || Tip::genesis(genesis());
    let blank = || Safety::blank(Epoch::ZERO, genesis_qc());
    let start =
        |me, tip, record, journal| Replica::new(CONFIG, set.clone(), Some(i(me)), tip, record, journal).err();
    assert_eq!(start(0, good(), Some(blank()), blocks.clone()), None);
    assert_eq!(start(4, good(), None, vec![]), Some(RecoverError::NotInSet { me: i(4), count: 4 }));
    assert_eq!(
        start(0, other, None, vec![]),
        Some(RecoverError::Tip { expected: blocks[0].0.id(), view: v(1), found: qc.block })
    );
    let record = SafetyRecord { epoch: Epoch::new(1), ..blank() };
    assert_eq!(
        start(0, good(), Some(record), vec![]),
        Some(RecoverError::Epoch { found: Epoch::new(1), expected: Epoch::ZERO })
    );
    let record = SafetyRecord { last_acted_view: v(3), ..blank() };
    assert_eq!(
        start(0, good(), Some(record), vec![]),
        Some(RecoverError::Unfounded { acted: v(3), entered: v(1) })
    );
    let record = SafetyRecord { last_acted_view: v(1), voted: Some(blocks[1].0.clone()), ..blank() };
    assert_eq!(start(0, good(), Some(record), vec![]), Some(RecoverError::Act { acted: v(1), found: v(2) }));
    let journal = vec![(blocks[1].0.clone(), certify(&set, &blocks[1].0))];
    assert!(matches!(start(0, good(), None, journal), Some(RecoverError::Journal { .. })));
}
