//! The end of an epoch and the beginning of the next: each rule of the family H broken once, for one replica alone.

use std::sync::Arc;

use proto::ballot::VoteStatement;
use proto::block::{Block, Handover};
use proto::certificate::{CertificateError, QuorumCert, TimeoutCert};
use proto::counter::{Epoch, Height, TimeMs};
use proto::message::{Message, SyncInfo};
use proto::validators::{Opening, ValidatorSet};
use proto::verified::Unverified;

use super::net::CONFIG;
use crate::effect::EpochEnd;
use crate::safety::Safety;
use crate::testing::{
    GENESIS_TIME, Ideal, batch, block_on, certify, genesis, genesis_qc, i, leave, proposal, set, timeout, v,
    vote,
};
use crate::{CommittedBlock, Effect, Input, Recipients, RecoverError, Replica, Say, Timer, Tip};

const NOW: TimeMs = GENESIS_TIME.plus(1_000);

fn handover() -> Handover {
    Handover { as_of: Height::ZERO, validators: crypto::sha256(b"the next validators") }
}

/// A block of `view` that closes the epoch.
fn closing_on(justify: &QuorumCert, view: u64, batches: &[u64]) -> Block {
    Block { handover: Some(handover()), ..block_on(&set(4), justify, view, batches) }
}

fn member(index: u16) -> Replica {
    let mut replica =
        Replica::new(CONFIG, set(4), Some(i(index)), Tip::genesis(genesis()), None, Vec::new()).unwrap();
    replica.start(NOW);
    replica
}

fn propose(block: &Block, justify: &QuorumCert, tc: Option<TimeoutCert>) -> Input {
    let proposal = proposal(&set(4), block.clone(), justify.clone(), tc);
    let from = block.proposer;
    Input::Proposal { from, proposal: Unverified::new(proposal).verify(&set(4), &Ideal).unwrap() }
}

fn info(from: u16, set: &ValidatorSet, high_qc: &QuorumCert) -> Input {
    let info = SyncInfo { high_qc: high_qc.clone(), high_tc: None };
    Input::SyncInfo { from: i(from), info: Unverified::new(info).verify(set, &Ideal).unwrap() }
}

fn says(effects: &[Effect]) -> Vec<Say> {
    let words = effects.iter().filter_map(|effect| match effect {
        Effect::Speak(words) => Some(words.clone().open(|_| Ok::<(), ()>(())).unwrap()),
        _ => None,
    });
    words.flatten().collect()
}

fn voted(effects: &[Effect]) -> bool {
    says(effects).iter().any(|say| matches!(say, Say::Vote { .. }))
}

fn proposed(effects: &[Effect]) -> Option<Block> {
    says(effects).into_iter().find_map(|say| match say {
        Say::Proposal { block, .. } => Some(block),
        Say::Vote { .. } | Say::Timeout { .. } => None,
    })
}

fn committed(effects: &[Effect]) -> Vec<CommittedBlock> {
    let committed = effects.iter().filter_map(|effect| match effect {
        Effect::Commit(committed) => Some(committed.clone()),
        _ => None,
    });
    committed.collect()
}

/// Everything a replica hears; what it asks about bodies is answered at once.
fn step(replica: &mut Replica, input: Input) -> Vec<Effect> {
    let mut effects = replica.step(NOW, input);
    let asked: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::CheckBatches { block, from: _ } => Some(block.id()),
            _ => None,
        })
        .collect();
    for block in asked {
        effects.extend(replica.step(NOW, Input::Available { block }));
    }
    effects
}

/// A member that has heard blocks of these views, the first of which closes the epoch, and the certificate of the last.
fn closed(index: u16, views: &[u64]) -> (Replica, Vec<Effect>, Block) {
    let (mut replica, mut justify) = (member(index), genesis_qc());
    let closing = closing_on(&justify, views[0], &[7]);
    let mut effects = Vec::new();
    for (position, view) in views.iter().enumerate() {
        let block = if position == 0 { closing.clone() } else { block_on(&set(4), &justify, *view, &[]) };
        let tc = (!block.view.follows(justify.view)).then(|| leave(&set(4), view - 1, &justify));
        effects.extend(step(&mut replica, propose(&block, &justify, tc)));
        justify = certify(&set(4), &block);
    }
    effects.extend(step(&mut replica, info(1, &set(4), &justify)));
    (replica, effects, closing)
}

fn end(effects: &[Effect]) -> EpochEnd {
    committed(effects).pop().and_then(|last| last.end).expect("the epoch has ended")
}

#[test]
fn a_leader_hands_over_with_or_without_batches() {
    for batches in [vec![], vec![batch(1)]] {
        let mut leader = member(1);
        let payload = Input::Payload { view: v(1), batches: batches.clone(), handover: Some(handover()) };
        let block = proposed(&step(&mut leader, payload)).expect("a proposal");
        assert_eq!((block.handover, block.batches), (Some(handover()), batches));
    }
}

/// Here the leader of view 5 alone knows that view 1 is final: the certificate of view 2 was lost for all others.
#[test]
fn a_leader_hands_over_when_its_last_commit_is_shown_by_the_chain_it_builds_on() {
    let mut leader = member(1);
    let first = block_on(&set(4), &genesis_qc(), 1, &[1]);
    let first_qc = certify(&set(4), &first);
    let second = block_on(&set(4), &first_qc, 2, &[]);
    step(&mut leader, propose(&first, &genesis_qc(), None));
    step(&mut leader, propose(&second, &first_qc, None));
    step(&mut leader, info(2, &set(4), &certify(&set(4), &second)));
    assert_eq!(leader.committed().id(), first.id());
    let fourth = block_on(&set(4), &first_qc, 4, &[]);
    step(&mut leader, propose(&fourth, &first_qc, Some(leave(&set(4), 3, &first_qc))));
    let fourth_qc = certify(&set(4), &fourth);
    step(&mut leader, info(2, &set(4), &fourth_qc));
    let offer = |view| Input::Payload { view: v(view), batches: Vec::new(), handover: Some(handover()) };
    let fifth = proposed(&step(&mut leader, offer(5))).expect("a proposal, to make it known");
    assert!(fifth.is_empty() && fifth.parent == fourth.id());
    // Views 4 and 5 in a row: now it is known, and the next leader that is asked hands over.
    let mut next = member(2);
    for (block, justify, tc) in [
        (&first, genesis_qc(), None),
        (&fourth, first_qc.clone(), Some(leave(&set(4), 3, &first_qc))),
        (&fifth, fourth_qc, None),
    ] {
        step(&mut next, propose(block, &justify, tc));
    }
    step(&mut next, info(1, &set(4), &certify(&set(4), &fifth)));
    assert_eq!(next.committed().id(), fourth.id());
    let sixth = proposed(&step(&mut next, offer(6))).expect("a proposal");
    assert!(sixth.closes_epoch());
}

#[test]
fn a_hand_over_earns_a_vote_only_when_our_own_ledger_agrees() {
    let mut replica = member(0);
    let closing = closing_on(&genesis_qc(), 1, &[]);
    let effects = replica.step(NOW, propose(&closing, &genesis_qc(), None));
    assert!(effects.iter().any(|it| matches!(it, Effect::CheckBatches { block, .. } if *block == closing)));
    assert!(!voted(&effects), "though it has no batches");
    assert!(voted(&replica.step(NOW, Input::Available { block: closing.id() })));
}

/// A member that has voted for a closing block of view 1, and that block's certificate.
fn about_to_close() -> (Replica, QuorumCert) {
    let mut replica = member(0);
    let closing = closing_on(&genesis_qc(), 1, &[1]);
    assert!(voted(&step(&mut replica, propose(&closing, &genesis_qc(), None))));
    (replica, certify(&set(4), &closing))
}

#[test]
fn on_a_closing_block_only_empty_ones_stand() {
    let (_, qc) = about_to_close();
    // Further up there is a gap in views, so that nothing is final yet.
    let late = block_on(&set(4), &qc, 3, &[]);
    let late_qc = certify(&set(4), &late);
    for (name, batches, closes, stands) in
        [("empty", &[][..], false, true), ("ordering", &[2], false, false), ("closing", &[], true, false)]
    {
        let on = |justify: &QuorumCert, view| match closes {
            true => closing_on(justify, view, batches),
            false => block_on(&set(4), justify, view, batches),
        };
        let (mut replica, _) = about_to_close();
        assert_eq!(voted(&step(&mut replica, propose(&on(&qc, 2), &qc, None))), stands, "{name}");

        let (mut replica, _) = about_to_close();
        step(&mut replica, propose(&late, &qc, Some(leave(&set(4), 2, &qc))));
        let above = propose(&on(&late_qc, 5), &late_qc, Some(leave(&set(4), 4, &late_qc)));
        assert_eq!(voted(&step(&mut replica, above)), stands, "{name}, further up");

        // Who lacks the block between cannot know, and waits, unless it does not matter.
        let (mut replica, _) = about_to_close();
        let effects =
            step(&mut replica, propose(&on(&late_qc, 5), &late_qc, Some(leave(&set(4), 4, &late_qc))));
        assert!(!voted(&effects), "{name}, parent missing");
    }
}

#[test]
fn a_leader_on_a_closing_block_proposes_an_empty_one_and_asks_for_nothing() {
    let mut leader = member(2);
    let closing = closing_on(&genesis_qc(), 1, &[]);
    step(&mut leader, propose(&closing, &genesis_qc(), None));
    step(&mut leader, Input::Work { waiting: true });
    let effects = step(&mut leader, info(0, &set(4), &certify(&set(4), &closing)));
    assert!(!effects.iter().any(|it| matches!(it, Effect::BuildPayload { .. })));
    let block = proposed(&effects).expect("a proposal");
    assert!(block.is_empty() && block.parent == closing.id());
}

#[test]
fn nothing_behind_the_closing_block_is_committed_and_nothing_more_is_said() {
    let (mut replica, effects, closing) = closed(0, &[1, 2]);
    let blocks = committed(&effects);
    assert_eq!(blocks.iter().map(|it| it.block.id()).collect::<Vec<_>>(), [closing.id()]);
    assert!(replica.is_closed());
    // It leads view 4, its timers fire, it is asked to vote: all that is over.
    let qc = end(&effects).certificate;
    let third = block_on(&set(4), &qc, 3, &[]);
    let view = replica.view();
    for input in [
        propose(&third, &qc, None),
        info(3, &set(4), &certify(&set(4), &third)),
        Input::Work { waiting: true },
        Input::TimerFired { timer: Timer::View { view } },
        Input::Payload { view, batches: vec![batch(3)], handover: None },
    ] {
        let effects = step(&mut replica, input);
        assert_eq!((says(&effects), committed(&effects)), (Vec::new(), Vec::new()));
    }
    // But who is still on its way is shown how the epoch ended.
    let late = timeout(&set(4), i(2), v(1), genesis_qc(), None);
    let late = Unverified::new(late).verify(&set(4), &Ideal).unwrap();
    let effects = step(&mut replica, Input::Timeout { from: i(2), timeout: late });
    let shown = Effect::Send {
        to: Recipients::One(i(2)),
        message: Message::SyncInfo(SyncInfo { high_qc: qc, high_tc: None }),
    };
    assert_eq!(effects, [shown]);
}

#[test]
fn its_timers_end_with_the_epoch() {
    let (replica, effects, _) = closed(0, &[1, 2]);
    let mut running = std::collections::BTreeSet::new();
    let mut again = member(0);
    for effect in again.step(NOW, Input::Work { waiting: true }).into_iter().chain(effects) {
        match effect {
            Effect::StartTimer { timer, .. } => drop(running.insert(timer)),
            Effect::StopTimer { timer } => drop(running.remove(&timer)),
            _ => {}
        }
    }
    // What the second member started for itself is not the first one's to stop.
    running.remove(&Timer::View { view: v(1) });
    assert_eq!((running.into_iter().collect::<Vec<_>>(), replica.is_closed()), (Vec::new(), true));
}

/// With what shows the end, any replica of the epoch commits the closing block by the ordinary rule.
#[test]
fn the_end_of_an_epoch_can_be_shown_to_anybody_in_it() {
    for views in [&[1, 2][..], &[1, 3, 4], &[1, 3, 5, 6]] {
        let (_, effects, closing) = closed(0, views);
        let EpochEnd { blocks, certificate } = end(&effects);
        assert_eq!(blocks.len(), views.len() - 1, "{views:?}");
        let mut other = member(3);
        step(&mut other, propose(&closing, &genesis_qc(), None));
        let mut effects = step(&mut other, info(0, &set(4), &certificate));
        for (block, justify) in blocks.into_iter().rev() {
            let wanted = Some(block.id());
            let it = proto::block::CertifiedBlock { block, justify, batches: Vec::new() };
            let blocks = vec![Unverified::new(it).verify(&set(4), &Ideal).unwrap()];
            effects.extend(step(&mut other, Input::Blocks { from: i(0), wanted, blocks }));
        }
        let ids: Vec<_> = committed(&effects).iter().map(|it| it.block.id()).collect();
        assert_eq!((ids, other.is_closed()), (vec![closing.id()], true), "{views:?}");
    }
}

/// Views 3 and 2 are both certified, on one parent, and who knew of view 2 is gone: the certificate of view 3 is higher, and
/// makes nothing final.
#[test]
fn an_older_certificate_beside_the_highest_ends_the_epoch_too() {
    let closing = closing_on(&genesis_qc(), 1, &[7]);
    let closing_qc = certify(&set(4), &closing);
    let second = block_on(&set(4), &closing_qc, 2, &[]);
    let third = block_on(&set(4), &closing_qc, 3, &[]);
    let second_qc = certify(&set(4), &second);
    for knows in [true, false] {
        let mut late = member(3);
        step(&mut late, propose(&closing, &genesis_qc(), None));
        if knows {
            step(&mut late, propose(&second, &closing_qc, None));
        }
        step(&mut late, propose(&third, &closing_qc, Some(leave(&set(4), 2, &closing_qc))));
        step(&mut late, info(1, &set(4), &certify(&set(4), &third)));
        let mut effects = step(&mut late, info(0, &set(4), &second_qc));
        if !knows {
            let block = second.id();
            let asked =
                effects.iter().any(|it| matches!(it, Effect::Fetch { block: it, .. } if *it == block));
            assert!(asked, "{effects:?}");
            let it = proto::block::CertifiedBlock {
                block: second.clone(),
                justify: closing_qc.clone(),
                batches: Vec::new(),
            };
            let blocks = vec![Unverified::new(it).verify(&set(4), &Ideal).unwrap()];
            effects = step(&mut late, Input::Blocks { from: i(0), wanted: Some(block), blocks });
        }
        assert_eq!(end(&effects).certificate, second_qc);
        assert!(late.is_closed());
    }
}

/// What nobody has makes room for what somebody has, and what can make nothing final is not asked for.
#[test]
fn one_older_certificate_is_kept_at_a_time() {
    let mut replica = member(3);
    let first = block_on(&set(4), &genesis_qc(), 1, &[]);
    let first_qc = certify(&set(4), &first);
    step(&mut replica, propose(&first, &genesis_qc(), None));
    let sixth = block_on(&set(4), &first_qc, 6, &[]);
    step(&mut replica, propose(&sixth, &first_qc, Some(leave(&set(4), 5, &first_qc))));
    step(&mut replica, info(1, &set(4), &certify(&set(4), &sixth)));
    let older = |view: u64| certify(&set(4), &block_on(&set(4), &first_qc, view, &[]));
    let asks = |effects: &[Effect]| effects.iter().filter(|it| matches!(it, Effect::Fetch { .. })).count();
    assert_eq!(asks(&step(&mut replica, info(0, &set(4), &older(4)))), 1);
    assert_eq!(asks(&step(&mut replica, info(0, &set(4), &older(3)))), 0, "another is being asked for");
    let timer = Timer::Fetch { block: older(4).block };
    for _ in 0..4 {
        step(&mut replica, Input::TimerFired { timer });
    }
    assert_eq!(asks(&step(&mut replica, info(0, &set(4), &older(3)))), 1, "all were asked in vain");
    let mut behind = member(3);
    step(&mut behind, info(1, &set(4), &certify(&set(4), &sixth)));
    assert_eq!(
        asks(&step(&mut behind, info(0, &set(4), &older(4)))),
        0,
        "what is under the highest comes first"
    );
    let timer = Timer::Fetch { block: certify(&set(4), &sixth).block };
    for _ in 0..4 {
        step(&mut behind, Input::TimerFired { timer });
    }
    assert_eq!(asks(&step(&mut behind, info(0, &set(4), &older(4)))), 1, "nobody has what the highest names");
}

#[test]
fn a_closing_block_that_is_lost_is_proposed_again() {
    // View 1 left nothing behind; the leader of view 2 is asked again, and hands over itself.
    let mut leader = member(2);
    let tc = leave(&set(4), 1, &genesis_qc());
    let sync = SyncInfo { high_qc: genesis_qc(), high_tc: Some(tc) };
    let sync = Unverified::new(sync).verify(&set(4), &Ideal).unwrap();
    step(&mut leader, propose(&closing_on(&genesis_qc(), 1, &[]), &genesis_qc(), None));
    let effects = step(&mut leader, Input::SyncInfo { from: i(0), info: sync });
    assert!(effects.iter().any(|it| matches!(it, Effect::BuildPayload { .. })));
    let payload = Input::Payload { view: v(2), batches: Vec::new(), handover: Some(handover()) };
    let block = proposed(&step(&mut leader, payload)).expect("a proposal");
    assert_eq!((block.handover, block.parent), (Some(handover()), genesis().id()));
}

/// Epoch 1 of `count` validators, opened by a block.
fn next_set(count: usize, opening: &Block) -> Arc<ValidatorSet> {
    let validators = set(count).iter().map(|(_, validator)| validator.clone()).collect();
    let opening = Opening { block: opening.id(), height: opening.height };
    let network = *set(4).network();
    let set = ValidatorSet::new(network, "example.org/log".into(), Epoch::new(1), opening, validators);
    Arc::new(set.unwrap())
}

fn block_of_next(set: &ValidatorSet, justify: &QuorumCert, view: u64, batches: &[u64]) -> Block {
    Block { time: TimeMs::new(NOW.get() + view), ..block_on(set, justify, view, batches) }
}

#[test]
fn the_next_epoch_begins_at_view_one_on_the_closing_block() {
    for count in [1, 3, 4, 7] {
        let opening = closing_on(&genesis_qc(), 1, &[7]);
        let next = next_set(count, &opening);
        let leader = i(u16::from(count > 1));
        let tip = Tip::opening(opening.clone(), &next);
        let mut replica = Replica::new(CONFIG, next.clone(), Some(leader), tip, None, Vec::new()).unwrap();
        replica.start(NOW);
        let effects = step(&mut replica, Input::Work { waiting: true });
        assert!(effects.iter().any(|it| matches!(it, Effect::BuildPayload { view, .. } if *view == v(1))));
        let payload = Input::Payload { view: v(1), batches: vec![batch(9)], handover: None };
        let block = proposed(&step(&mut replica, payload)).expect("a proposal");
        assert_eq!((block.epoch, block.view, block.parent_view), (Epoch::new(1), v(1), v(0)));
        assert_eq!((block.parent, block.height), (opening.id(), opening.height.next()));
        assert!(block.time > opening.time);
    }
}

#[test]
fn two_views_of_the_next_epoch_commit_its_first_block_and_not_the_opening_again() {
    let opening = closing_on(&genesis_qc(), 3, &[7]);
    let next = next_set(4, &opening);
    let tip = Tip::opening(opening, &next);
    let mut replica = Replica::new(CONFIG, next.clone(), Some(i(0)), tip, None, Vec::new()).unwrap();
    replica.start(NOW);
    // Views 1 and 2 are lower than the view in which the epoch before was closed.
    let first = block_of_next(&next, &next.opening_certificate(), 1, &[8]);
    let first_qc = certify(&next, &first);
    let second = block_of_next(&next, &first_qc, 2, &[]);
    let mut effects = Vec::new();
    for (block, justify) in [(&first, next.opening_certificate()), (&second, first_qc)] {
        let proposal = proposal(&next, block.clone(), justify, None);
        let proposal = Unverified::new(proposal).verify(&next, &Ideal).unwrap();
        let heard = step(&mut replica, Input::Proposal { from: block.proposer, proposal });
        assert!(voted(&heard), "view {}", block.view);
        effects.extend(heard);
    }
    effects.extend(step(&mut replica, info(1, &next, &certify(&next, &second))));
    let ids: Vec<_> = committed(&effects).iter().map(|it| it.block.id()).collect();
    assert_eq!((ids, replica.is_closed()), (vec![first.id()], false));
}

#[test]
fn nothing_of_another_epoch_counts() {
    let old = set(4);
    let opening = closing_on(&genesis_qc(), 1, &[7]);
    let next = next_set(4, &opening);
    let refused = CertificateError::Epoch { found: Epoch::ZERO, expected: Epoch::new(1) };
    let block = block_on(&old, &certify(&old, &opening), 2, &[]);
    let statement =
        VoteStatement { epoch: block.epoch, view: block.view, height: block.height, block: block.id() };
    let qc = certify(&old, &opening);
    assert_eq!(Unverified::new(vote(&old, i(1), statement)).verify(&next, &Ideal), Err(refused.clone()));
    let late = timeout(&old, i(1), v(2), qc.clone(), None);
    assert_eq!(Unverified::new(late).verify(&next, &Ideal), Err(refused.clone()));
    let proposed = proposal(&old, block.clone(), qc.clone(), None);
    assert_eq!(Unverified::new(proposed).verify(&next, &Ideal), Err(refused.clone()));
    assert_eq!(leave(&old, 2, &qc).verify(&next, &Ideal), Err(refused.clone()), "a TC across the boundary");
    // Nor with another label on it: the epoch is signed.
    let relabelled = TimeoutCert {
        epoch: Epoch::new(1),
        high_qc: next.opening_certificate(),
        ..leave(&old, 2, &genesis_qc())
    };
    assert_eq!(relabelled.verify(&next, &Ideal), Err(CertificateError::Signature { signer: i(0) }));
    // A timeout certificate of this epoch around a quorum certificate of the one before.
    let around = TimeoutCert {
        high_qc: qc.clone(),
        ..leave(&next, 2, &QuorumCert { epoch: Epoch::new(1), ..qc.clone() })
    };
    assert!(around.verify(&next, &Ideal).is_err());
    // A block of this epoch on a certificate of the one before.
    let straddling = Block { epoch: Epoch::new(1), ..block };
    let straddling = proposal(&next, straddling, qc, None);
    assert_eq!(Unverified::new(straddling).verify(&next, &Ideal), Err(CertificateError::NotJustified));
}

#[test]
fn a_replica_starts_in_the_epoch_of_its_tip_and_record() {
    let opening = closing_on(&genesis_qc(), 1, &[7]);
    let next = next_set(4, &opening);
    let qc = certify(&set(4), &opening);
    let start = |set: &Arc<ValidatorSet>, tip, record, journal| {
        Replica::new(CONFIG, set.clone(), Some(i(0)), tip, record, journal).err()
    };
    let tip = || Tip::opening(opening.clone(), &next);
    assert_eq!(start(&next, tip(), None, Vec::new()), None);
    let refused = Some(RecoverError::Epoch { found: Epoch::ZERO, expected: Epoch::new(1) });
    let closing = Tip { block: opening.clone(), certificate: qc.clone() };
    assert_eq!(start(&next, closing, None, Vec::new()), refused, "by a certificate of the old epoch");
    let record = Safety::blank(Epoch::ZERO, genesis_qc());
    assert_eq!(start(&next, tip(), Some(record), Vec::new()), refused);
    let above = block_on(&set(4), &qc, 2, &[]);
    assert_eq!(start(&next, tip(), None, vec![(above, qc)]), refused);
    let record = Safety::blank(Epoch::new(1), next.opening_certificate());
    assert_eq!(start(&next, tip(), Some(record), Vec::new()), None);
    let later = Safety::blank(Epoch::new(1), next.opening_certificate());
    let refused = Some(RecoverError::Epoch { found: Epoch::new(1), expected: Epoch::ZERO });
    assert_eq!(start(&set(4), Tip::genesis(genesis()), Some(later), Vec::new()), refused);
}

#[test]
fn the_leader_of_the_first_view_may_be_absent() {
    let opening = closing_on(&genesis_qc(), 1, &[7]);
    let next = next_set(7, &opening);
    let tip = Tip::opening(opening, &next);
    let mut replica = Replica::new(CONFIG, next.clone(), Some(i(2)), tip, None, Vec::new()).unwrap();
    replica.start(NOW);
    step(&mut replica, Input::Work { waiting: true });
    let left = says(&step(&mut replica, Input::TimerFired { timer: Timer::View { view: v(1) } }));
    assert!(matches!(&left[..], [Say::Timeout { high_qc, .. }] if *high_qc == next.opening_certificate()));
    let tc = leave(&next, 1, &next.opening_certificate());
    let sync = SyncInfo { high_qc: next.opening_certificate(), high_tc: Some(tc) };
    let sync = Unverified::new(sync).verify(&next, &Ideal).unwrap();
    step(&mut replica, Input::SyncInfo { from: i(0), info: sync });
    let payload = Input::Payload { view: v(2), batches: vec![batch(1)], handover: None };
    let block = proposed(&step(&mut replica, payload)).expect("a proposal");
    let justify = next.opening_certificate();
    assert_eq!((block.parent, block.view, block.parent_view), (justify.block, v(2), v(0)));
}
