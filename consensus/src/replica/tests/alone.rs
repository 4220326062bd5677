//! One replica alone, and what it makes of what others say: each rule broken once.

use proto::ballot::VoteStatement;
use proto::block::Block;
use proto::certificate::{QuorumCert, TimeoutCert};
use proto::counter::TimeMs;
use proto::message::{Message, SyncInfo};
use proto::verified::Unverified;

use super::net::CONFIG;
use crate::testing::{
    GENESIS_TIME, Ideal, block_on, certify, chain, genesis, genesis_qc, i, leave, proposal, set, timeout, v,
    vote,
};
use crate::{Effect, Evidence, Input, Misbehaviour, Recipients, Replica, Say, Timer, Tip};

const NOW: TimeMs = GENESIS_TIME.plus(1_000);

/// Member 0 of four, at genesis.
fn member() -> Replica {
    let mut replica =
        Replica::new(CONFIG, set(4), Some(i(0)), Tip::genesis(genesis()), None, Vec::new()).unwrap();
    replica.start(NOW);
    replica
}

fn hear_proposal(block: &Block, justify: &QuorumCert, tc: Option<TimeoutCert>) -> Input {
    let set = set(4);
    let proposal = proposal(&set, block.clone(), justify.clone(), tc);
    let from = block.proposer;
    Input::Proposal { from, proposal: Unverified::new(proposal).verify(&set, &Ideal).unwrap() }
}

fn hear_timeout(voter: u16, view: u64, high_qc: &QuorumCert, last_tc: Option<TimeoutCert>) -> Input {
    let set = set(4);
    let timeout = timeout(&set, i(voter), v(view), high_qc.clone(), last_tc);
    Input::Timeout { from: i(voter), timeout: Unverified::new(timeout).verify(&set, &Ideal).unwrap() }
}

fn hear_info(high_qc: &QuorumCert, high_tc: Option<TimeoutCert>) -> Input {
    let info = Unverified::new(SyncInfo { high_qc: high_qc.clone(), high_tc });
    Input::SyncInfo { from: i(1), info: info.verify(&set(4), &Ideal).unwrap() }
}

fn hear_vote(voter: u16, block: &Block) -> Input {
    let set = set(4);
    let statement =
        VoteStatement { epoch: block.epoch, view: block.view, height: block.height, block: block.id() };
    Input::Vote(Unverified::new(vote(&set, i(voter), statement)).verify(&set, &Ideal).unwrap())
}

/// Steps, and answers that all batches are here.
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

fn says(effects: Vec<Effect>) -> Vec<Say> {
    let words = effects.into_iter().filter_map(|effect| match effect {
        Effect::Speak(words) => Some(words.open(|_| Ok::<(), ()>(())).unwrap()),
        _ => None,
    });
    words.flatten().collect()
}

fn voted(effects: Vec<Effect>) -> Option<VoteStatement> {
    says(effects).into_iter().find_map(|say| match say {
        Say::Vote { statement, to: _ } => Some(statement),
        Say::Timeout { .. } | Say::Proposal { .. } => None,
    })
}

fn told(effects: &[Effect]) -> Vec<Recipients> {
    let told = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, message: Message::SyncInfo(_) } => Some(to.clone()),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_leader_that_holds_shows_no_certificate_that_it_did_not_form() {
    let set = set(4);
    let mut replica =
        Replica::new(CONFIG, set.clone(), Some(i(3)), Tip::genesis(genesis()), None, Vec::new()).unwrap();
    let (blocks, _) = chain(&set, &[1, 2]);
    replica.start(NOW);
    for (block, justify) in &blocks {
        step(&mut replica, hear_proposal(block, justify, None));
    }
    let tc = leave(&set, 2, &blocks[1].1);
    let effects = step(&mut replica, hear_info(&blocks[1].1, Some(tc)));
    assert!(effects.iter().any(|it| matches!(it, Effect::BuildPayload { view, .. } if *view == v(3))));
    // View 1 is uncommitted and orders something, so this leader flushes; after its commit the next one holds.
    let payload = Input::Payload { view: v(3), batches: Vec::new(), handover: None };
    assert!(matches!(says(step(&mut replica, payload))[..], [Say::Proposal { .. }, Say::Vote { .. }]));

    let mut idle = Replica::new(CONFIG, set, Some(i(1)), Tip::genesis(genesis()), None, Vec::new()).unwrap();
    idle.start(NOW);
    let effects = step(&mut idle, Input::Payload { view: v(1), batches: Vec::new(), handover: None });
    assert_eq!((told(&effects), says(effects)), (vec![], vec![]));
}

/// The others vote without waiting for who lags, and do not vote again: if its turn to lead came and it had not kept their
/// votes, all would wait until the certificate is relayed.
#[test]
fn a_collector_that_lags_keeps_the_votes_of_views_to_come() {
    let mut replica = member();
    let (blocks, _) = chain(&set(4), &[1, 2, 3]);
    for voter in 1..4 {
        step(&mut replica, hear_vote(voter, &blocks[2].0));
    }
    assert_eq!((replica.view(), replica.high_qc().block), (v(4), blocks[2].0.id()));
}

#[test]
fn one_timeout_moves_nobody_two_move_all() {
    let mut replica = member();
    assert!(says(step(&mut replica, hear_timeout(1, 1, &genesis_qc(), None))).is_empty());
    assert!(says(step(&mut replica, hear_timeout(1, 1, &genesis_qc(), None))).is_empty(), "counted twice");
    let said = says(step(&mut replica, hear_timeout(2, 1, &genesis_qc(), None)));
    assert!(matches!(said[..], [Say::Timeout { view, .. }] if view == v(1)), "{said:?}");
}

#[test]
fn a_quorum_of_timeouts_is_a_certificate_that_the_next_leader_gets_once() {
    let mut replica = member();
    step(&mut replica, hear_timeout(1, 1, &genesis_qc(), None));
    step(&mut replica, hear_timeout(2, 1, &genesis_qc(), None));
    let effects = step(&mut replica, hear_timeout(0, 1, &genesis_qc(), None));
    assert_eq!(replica.view(), v(2));
    assert_eq!(told(&effects), vec![Recipients::One(i(2))]);
    let tc = leave(&set(4), 1, &genesis_qc());
    assert_eq!(told(&step(&mut replica, hear_info(&genesis_qc(), Some(tc)))), vec![], "no echo");
}

#[test]
fn timeouts_of_different_views_do_not_add_up() {
    let mut replica = member();
    let tc = leave(&set(4), 1, &genesis_qc());
    step(&mut replica, hear_timeout(1, 1, &genesis_qc(), None));
    step(&mut replica, hear_timeout(2, 2, &genesis_qc(), Some(tc.clone())));
    assert_eq!(replica.view(), v(2), "its certificate leads there");
    let said = says(step(&mut replica, hear_timeout(1, 2, &genesis_qc(), Some(tc))));
    assert!(matches!(said[..], [Say::Timeout { view, .. }] if view == v(2)), "{said:?}");
}

#[test]
fn a_peer_that_lags_is_told_once_a_view() {
    let mut replica = member();
    let (_, qc) = chain(&set(4), &[1, 2, 3]);
    step(&mut replica, hear_info(&qc, None));
    let stale = || hear_timeout(2, 1, &genesis_qc(), None);
    assert_eq!(told(&step(&mut replica, stale())), vec![Recipients::One(i(2))]);
    assert_eq!(told(&step(&mut replica, stale())), vec![]);
    let later = NOW.plus(CONFIG.view_timeout_ms);
    assert_eq!(told(&replica.step(later, stale())), vec![Recipients::One(i(2))], "the answer may be lost");
}

#[test]
fn a_leader_that_proposes_twice_is_convicted_and_gets_one_vote() {
    let (mut replica, set) = (member(), set(4));
    let first = block_on(&set, &genesis_qc(), 1, &[1]);
    let second = block_on(&set, &genesis_qc(), 1, &[2]);
    let statement = voted(step(&mut replica, hear_proposal(&first, &genesis_qc(), None))).unwrap();
    assert_eq!(statement.block, first.id());
    let effects = step(&mut replica, hear_proposal(&second, &genesis_qc(), None));
    let Some(Effect::Accuse(evidence)) = effects.iter().find(|it| matches!(it, Effect::Accuse(_))) else {
        panic!("nobody accused: {effects:?}");
    };
    assert_eq!((evidence.accused(), evidence.view()), (i(1), v(1)));
    assert_eq!(evidence.verify(&set, &Ideal), Ok(()));
    assert_eq!(voted(effects), None);
    assert!(replica.block(&second.id()).is_none(), "it takes no place of the first");
}

#[test]
fn who_votes_or_leaves_twice_is_convicted_and_counts_once() {
    let (mut replica, set) = (member(), set(4));
    // Member 0 leads view 4 and collects votes of view 3.
    let (_, qc) = chain(&set, &[1, 2]);
    step(&mut replica, hear_info(&qc, None));
    let (first, second) = (block_on(&set, &qc, 3, &[1]), block_on(&set, &qc, 3, &[2]));
    assert!(!step(&mut replica, hear_vote(1, &first)).iter().any(|it| matches!(it, Effect::Accuse(_))));
    let effects = step(&mut replica, hear_vote(1, &second));
    assert!(effects.iter().any(|it| matches!(it, Effect::Accuse(Evidence::Votes(_)))));
    step(&mut replica, hear_vote(2, &second));
    step(&mut replica, hear_vote(3, &second));
    assert_eq!(replica.high_qc().view, v(2), "two votes and a retracted one are no quorum");

    let tc = leave(&set, 2, &genesis_qc());
    step(&mut replica, hear_timeout(1, 3, &qc, None));
    let effects = step(&mut replica, hear_timeout(1, 3, &genesis_qc(), Some(tc)));
    assert!(effects.iter().any(|it| matches!(it, Effect::Accuse(Evidence::Timeouts(_)))));
}

#[test]
fn far_views_are_not_counted() {
    let (mut replica, set) = (member(), set(4));
    // Member 0 leads views 4, 8 and 12; it is in view 3, then in view 4.
    let far = block_on(&set, &genesis_qc(), 12, &[1]);
    let (blocks, qc) = chain(&set, &[1, 2, 3]);
    step(&mut replica, hear_info(&blocks[2].1, None));
    for voter in 1..4 {
        step(&mut replica, hear_vote(voter, &far));
    }
    assert_eq!(replica.view(), v(3), "nine views ahead");
    step(&mut replica, hear_info(&qc, None));
    for voter in 1..4 {
        step(&mut replica, hear_vote(voter, &far));
    }
    assert_eq!(replica.view(), v(13), "eight views ahead");
    let others = block_on(&set, &genesis_qc(), 13, &[1]);
    for voter in 1..4 {
        step(&mut replica, hear_vote(voter, &others));
    }
    assert_eq!(replica.view(), v(13), "of a view that others collect");
}

#[test]
fn only_the_leader_proposes() {
    let (mut replica, set) = (member(), set(4));
    let block = Block { proposer: i(3), ..block_on(&set, &genesis_qc(), 1, &[1]) };
    let effects = step(&mut replica, hear_proposal(&block, &genesis_qc(), None));
    let reason = Misbehaviour::NotLeader { view: v(1), leader: i(1) };
    assert!(effects.contains(&Effect::Misbehaved { peer: i(3), reason }));
    assert_eq!(voted(effects), None);
}

#[test]
fn certificates_are_absorbed_though_the_block_is_refused() {
    let (mut replica, set) = (member(), set(4));
    let (_, qc) = chain(&set, &[1, 2]);
    let block = Block { proposer: i(1), ..block_on(&set, &qc, 3, &[1]) };
    step(&mut replica, hear_proposal(&block, &qc, None));
    assert_eq!(replica.view(), v(3));
}

#[test]
fn a_timeout_certificate_brings_the_certificate_inside() {
    let mut replica = member();
    let (_, qc) = chain(&set(4), &[1, 2]);
    step(&mut replica, hear_info(&genesis_qc(), Some(leave(&set(4), 3, &qc))));
    assert_eq!((replica.view(), replica.high_qc().view), (v(4), v(2)));
}

#[test]
fn the_timer_runs_while_something_is_to_be_ordered_or_committed() {
    let (mut replica, set) = (member(), set(4));
    let timers = |effects: &[Effect]| -> Vec<(bool, Timer)> {
        let timers = effects.iter().filter_map(|effect| match effect {
            Effect::StartTimer { timer: timer @ Timer::View { .. }, .. } => Some((true, *timer)),
            Effect::StopTimer { timer: timer @ Timer::View { .. } } => Some((false, *timer)),
            _ => None,
        });
        timers.collect()
    };
    let at = |view| Timer::View { view: v(view) };
    let work = |waiting| Input::Work { waiting };
    assert_eq!(timers(&step(&mut replica, work(true))), [(true, at(1))], "submissions wait");
    assert_eq!(timers(&step(&mut replica, work(false))), [(false, at(1))]);
    let block = block_on(&set, &genesis_qc(), 1, &[1]);
    let qc1 = certify(&set, &block);
    let effects = step(&mut replica, hear_proposal(&block, &genesis_qc(), None));
    assert_eq!(timers(&effects), [(true, at(1))], "the block of the view orders something");
    let effects = step(&mut replica, hear_info(&qc1, None));
    assert_eq!(timers(&effects), [(false, at(1)), (true, at(2))], "it is not yet final");
    let empty = block_on(&set, &qc1, 2, &[]);
    assert_eq!(timers(&step(&mut replica, hear_proposal(&empty, &qc1, None))), []);
    let effects = step(&mut replica, hear_info(&certify(&set, &empty), None));
    assert_eq!(timers(&effects), [(false, at(2))], "what remains is empty");
}

#[test]
fn no_vote_after_the_own_timeout() {
    let (mut replica, set) = (member(), set(4));
    step(&mut replica, Input::Work { waiting: true });
    let said = says(replica.step(NOW, Input::TimerFired { timer: Timer::View { view: v(1) } }));
    assert!(matches!(said[..], [Say::Timeout { .. }]));
    let block = block_on(&set, &genesis_qc(), 1, &[1]);
    assert_eq!(voted(step(&mut replica, hear_proposal(&block, &genesis_qc(), None))), None);
}

#[test]
fn no_vote_in_a_view_that_others_gave_up() {
    let (mut replica, set) = (member(), set(4));
    step(&mut replica, hear_info(&genesis_qc(), Some(leave(&set, 1, &genesis_qc()))));
    let block = block_on(&set, &genesis_qc(), 1, &[1]);
    assert_eq!(voted(step(&mut replica, hear_proposal(&block, &genesis_qc(), None))), None);
    assert!(replica.block(&block.id()).is_some(), "but the block may still be certified");
}

#[test]
fn batches_that_come_after_the_view_earn_no_vote() {
    let (mut replica, set) = (member(), set(4));
    let block = block_on(&set, &genesis_qc(), 1, &[1]);
    assert_eq!(voted(replica.step(NOW, hear_proposal(&block, &genesis_qc(), None))), None);
    step(&mut replica, hear_info(&genesis_qc(), Some(leave(&set, 1, &genesis_qc()))));
    assert_eq!(voted(replica.step(NOW, Input::Available { block: block.id() })), None);
}

#[test]
fn a_timeout_certificate_may_override_a_lock() {
    let (mut replica, set) = (member(), set(4));
    let (blocks, qc2) = chain(&set, &[1, 2]);
    for (block, justify) in &blocks {
        step(&mut replica, hear_proposal(block, justify, None));
    }
    step(&mut replica, hear_info(&qc2, None));
    assert_eq!(replica.high_qc().view, v(2), "locked on view 2");
    // A quorum left view 3 that knows view 1 only.
    let qc1 = &blocks[1].1;
    let block = block_on(&set, qc1, 4, &[7]);
    let block = Block { time: NOW, ..block };
    // Member 0 leads view 4 itself, so the story is told by its neighbour.
    let mut other =
        Replica::new(CONFIG, set.clone(), Some(i(2)), Tip::genesis(genesis()), None, Vec::new()).unwrap();
    other.start(NOW);
    for (block, justify) in &blocks {
        step(&mut other, hear_proposal(block, justify, None));
    }
    step(&mut other, hear_info(&qc2, None));
    let statement = voted(step(&mut other, hear_proposal(&block, qc1, Some(leave(&set, 3, qc1)))));
    assert_eq!(statement.map(|it| it.block), Some(block.id()));
    assert_eq!(other.high_qc().view, v(2), "the certificate itself is kept");
}

#[test]
fn a_block_below_what_the_timeout_certificate_reports_gets_no_vote() {
    let set = set(4);
    let mut replica =
        Replica::new(CONFIG, set.clone(), Some(i(2)), Tip::genesis(genesis()), None, Vec::new()).unwrap();
    replica.start(NOW);
    let (blocks, qc2) = chain(&set, &[1, 2]);
    for (block, justify) in &blocks {
        step(&mut replica, hear_proposal(block, justify, None));
    }
    let block = Block { time: NOW, ..block_on(&set, &blocks[1].1, 4, &[7]) };
    let effects = step(&mut replica, hear_proposal(&block, &blocks[1].1, Some(leave(&set, 3, &qc2))));
    assert_eq!(voted(effects), None);
}

#[test]
fn a_block_from_the_future_or_not_later_than_its_parent_gets_no_vote() {
    for (time, fit) in [
        (GENESIS_TIME, false),
        (GENESIS_TIME.plus(1), true),
        (NOW.plus(CONFIG.clock_bound_ms), true),
        (NOW.plus(CONFIG.clock_bound_ms + 1), false),
    ] {
        let (mut replica, set) = (member(), set(4));
        let block = Block { time, ..block_on(&set, &genesis_qc(), 1, &[1]) };
        let vote = voted(step(&mut replica, hear_proposal(&block, &genesis_qc(), None)));
        assert_eq!(vote.is_some(), fit, "at {time}");
    }
}

#[test]
fn two_histories_silence_the_replica_for_ever() {
    let (mut replica, set) = (member(), set(4));
    let (blocks, qc) = chain(&set, &[1, 2]);
    for (block, justify) in &blocks {
        step(&mut replica, hear_proposal(block, justify, None));
    }
    step(&mut replica, hear_info(&qc, None));
    assert_eq!(replica.committed().view, v(1));
    // What no honest quorum would certify: a second history from genesis, two views long.
    let third = block_on(&set, &genesis_qc(), 3, &[3]);
    let tc = leave(&set, 2, &genesis_qc());
    step(&mut replica, hear_proposal(&third, &genesis_qc(), Some(tc)));
    let qc3 = certify(&set, &third);
    let fourth = block_on(&set, &qc3, 5, &[4]);
    let tc = leave(&set, 4, &qc3);
    step(&mut replica, hear_proposal(&fourth, &qc3, Some(tc)));
    let qc5 = certify(&set, &fourth);
    let fifth = block_on(&set, &qc5, 6, &[5]);
    step(&mut replica, hear_proposal(&fifth, &qc5, None));
    let effects = step(&mut replica, hear_info(&certify(&set, &fifth), None));
    // The blocks of height 1 and 2 never entered the tree; their certificates tell enough.
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Halt(_))), "{effects:?}");
    assert!(replica.status().halted);
    assert!(replica.step(NOW, Input::Work { waiting: true }).is_empty());
}

#[test]
fn an_observer_follows_and_never_speaks() {
    let set = set(4);
    let mut replica =
        Replica::new(CONFIG, set.clone(), None, Tip::genesis(genesis()), None, Vec::new()).unwrap();
    let mut effects = replica.start(NOW);
    let (blocks, qc) = chain(&set, &[1, 2, 3]);
    for (block, justify) in &blocks {
        effects.extend(step(&mut replica, hear_proposal(block, justify, None)));
    }
    effects.extend(step(&mut replica, Input::Work { waiting: true }));
    effects.extend(step(&mut replica, hear_timeout(1, 3, &blocks[2].1, None)));
    effects.extend(step(&mut replica, hear_timeout(2, 3, &blocks[2].1, None)));
    effects.extend(step(&mut replica, hear_info(&qc, None)));
    assert_eq!(replica.committed().view, v(2));
    let spoke = |effect: &Effect| matches!(effect, Effect::Speak(_) | Effect::Send { .. });
    assert!(!effects.iter().any(spoke), "{effects:?}");
}
