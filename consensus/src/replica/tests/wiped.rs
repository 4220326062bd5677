//! A validator that lost its journal.

use proto::counter::View;
use proto::message::SyncInfo;
use proto::verified::{Unverified, Verified};

use super::net::CONFIG;
use crate::testing::{GENESIS_TIME, Ideal, certify, chain, genesis, i, leave, proposal, set, v};
use crate::{Effect, Input, Replica, Say, Timer, Tip};

/// A validator that lost everything, in a network whose certificates lead to `view`.
fn wiped() -> Replica {
    let replica = Replica::new(CONFIG, set(4), Some(i(3)), Tip::genesis(genesis()), None, Vec::new());
    let mut replica = replica.unwrap().without_journal();
    replica.start(GENESIS_TIME);
    replica
}

fn shows(view: u64) -> Verified<SyncInfo> {
    let set = set(4);
    let views: Vec<u64> = (1..view).collect();
    let (_, high_qc) = chain(&set, &views);
    Unverified::new(SyncInfo { high_qc, high_tc: None }).verify(&set, &Ideal).unwrap()
}

/// The views of all it says.
fn spoken(effects: &[Effect]) -> Vec<View> {
    let view = |say: &Say| match say {
        Say::Vote { statement, .. } => statement.view,
        Say::Timeout { view, .. } => *view,
        Say::Proposal { block, .. } => block.view,
    };
    let words = effects.iter().filter_map(|effect| match effect {
        Effect::Speak(gate) => Some(gate.clone().open(|_| Ok::<(), ()>(())).unwrap()),
        _ => None,
    });
    words.flatten().map(|say| view(&say)).collect()
}

#[test]
fn a_validator_without_journal_speaks_two_views_above_what_all_others_showed() {
    let set = set(4);
    let mut replica = wiped();
    let mut said = Vec::new();
    for from in 0..3 {
        assert!(replica.status().silent);
        // They are in views 3, 4 and 5.
        let step =
            replica.step(GENESIS_TIME, Input::Shown { from: i(from), info: shows(3 + u64::from(from)) });
        said.extend(spoken(&step));
    }
    assert_eq!(replica.silence().unwrap().until(), Some(v(6)));
    // Every view that follows has its proposal, and passes its time.
    let views: Vec<u64> = (1..=9).collect();
    let (blocks, _) = chain(&set, &views);
    let tip = Tip { block: blocks[3].0.clone(), certificate: blocks[4].1.clone() };
    replica.step(GENESIS_TIME, Input::Leap { tip: Box::new(tip) });
    for (block, justify) in blocks.into_iter().skip(4) {
        let (view, id) = (block.view, block.id());
        let from = block.proposer;
        let proposal = Unverified::new(proposal(&set, block, justify, None)).verify(&set, &Ideal).unwrap();
        for input in [
            Input::Proposal { from, proposal },
            Input::Available { block: id },
            Input::TimerFired { timer: Timer::View { view } },
        ] {
            said.extend(spoken(&replica.step(GENESIS_TIME.plus(1_000), input)));
        }
    }
    assert!(!said.is_empty() && said.iter().all(|view| *view >= v(7)), "{said:?}");
    assert!(!replica.status().silent);
}

#[test]
fn what_is_told_unasked_ends_no_silence() {
    let mut replica = wiped();
    for from in 0..3 {
        replica.step(GENESIS_TIME, Input::SyncInfo { from: i(from), info: shows(4) });
    }
    assert_eq!(replica.silence().unwrap().until(), None);
    // Nor do others that leave the view make it leave too.
    let tc = leave(&set(4), 3, &certify(&set(4), &chain(&set(4), &[1, 2]).0[1].0));
    let info = SyncInfo { high_qc: tc.high_qc.clone(), high_tc: Some(tc) };
    let info = Unverified::new(info).verify(&set(4), &Ideal).unwrap();
    let effects = replica.step(GENESIS_TIME, Input::SyncInfo { from: i(0), info });
    assert_eq!(spoken(&effects), []);
    let timer = Timer::View { view: replica.view() };
    assert_eq!(spoken(&replica.step(GENESIS_TIME, Input::TimerFired { timer })), []);
}

/// Why one view above what the others show is not enough to be silent in: here a leader formed the certificate that led it
/// into its view alone, proposed there, and lost its disk before anybody heard of it.
#[test]
fn a_leader_that_alone_entered_its_view_does_not_lead_it_again() {
    let set = set(4);
    // View 3 is led by validator 3, whose old life saw the certificate of view 2; the others have only voted in view 2.
    let mut replica = wiped();
    for from in 0..3 {
        replica.step(GENESIS_TIME, Input::Shown { from: i(from), info: shows(2) });
    }
    let (blocks, high_qc) = chain(&set, &[1, 2]);
    for (block, justify) in blocks {
        let (from, id) = (block.proposer, block.id());
        let proposal = Unverified::new(proposal(&set, block, justify, None)).verify(&set, &Ideal).unwrap();
        replica.step(GENESIS_TIME.plus(9), Input::Proposal { from, proposal });
        replica.step(GENESIS_TIME.plus(9), Input::Available { block: id });
    }
    // They vote again, and so it may form the same certificate.
    let info = Unverified::new(SyncInfo { high_qc, high_tc: None }).verify(&set, &Ideal).unwrap();
    let mut effects = replica.step(GENESIS_TIME.plus(9), Input::SyncInfo { from: i(0), info });
    effects.extend(replica.step(GENESIS_TIME.plus(9), Input::Work { waiting: true }));
    assert_eq!((replica.view(), replica.silence().unwrap().until()), (v(3), Some(v(3))));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Speak(_) | Effect::BuildPayload { .. })));
}
