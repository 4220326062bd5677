//! Which batches are kept, and what is asked for when a block names one that is not here.

use engine::{Command, Event, Timer};
use proto::batch::{Batch, BatchRef};
use proto::block::Block;
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, Height, View};
use proto::id::BlockId;
use proto::message::{Kind, Message, Request, Response};

use crate::desk::{Desk, Options, index};

/// The member who leads view 1 proposes a block of these batches.
fn propose(desk: &mut Desk, batches: Vec<BatchRef>) -> BlockId {
    let justify = desk.genesis_certificate();
    desk.propose(1, &justify, batches).id()
}

/// A desk of four at which validator 2 watches validator 1 lead, and a batch of validator 3.
fn watching() -> (Desk, Batch, BatchRef) {
    let desk = Desk::begun(Options { validators: 4, me: Some(2), ..Options::default() });
    let batch = Batch { author: index(3), submissions: vec![desk.submission(1)] };
    let reference = ledger::batch_ref(&batch);
    (desk, batch, reference)
}

/// Whether it voted for the block.
fn acted(desk: &Desk) -> bool {
    desk.engine.replica().status().last_acted_view == View::new(1)
}

#[test]
fn a_batch_whose_submissions_are_decided_is_not_kept() {
    let mut desk = Desk::begun(Options::default());
    let (old, new) = (desk.submission(1), desk.submission(2));
    desk.submit(&old);
    desk.write_all();
    assert_eq!(desk.engine.status().batches, 0);
    desk.hear(0, Message::Batch(Batch { author: index(0), submissions: vec![old.clone()] }));
    assert_eq!(desk.engine.status().batches, 0);
    let height = desk.engine.status().consensus.height;
    desk.hear(0, Message::Batch(Batch { author: index(0), submissions: vec![old, new] }));
    assert!(desk.engine.status().consensus.height > height, "one that is new is ordered");
}

#[test]
fn a_batch_of_another_author_than_its_sender_is_not_kept() {
    let (mut desk, batch, _) = watching();
    desk.hear(1, Message::Batch(batch.clone()));
    assert_eq!(desk.engine.status().batches, 0);
    desk.hear(3, Message::Batch(batch));
    assert_eq!(desk.engine.status().batches, 1);
}

#[test]
fn a_vote_waits_for_the_batches() {
    let (mut desk, batch, reference) = watching();
    propose(&mut desk, vec![reference]);
    assert!(!acted(&desk));
    desk.hear(3, Message::Batch(batch));
    assert!(acted(&desk));
}

/// Else all who hold the batch would order the block, and none could execute it.
#[test]
fn a_block_that_lies_about_a_batch_gets_no_vote() {
    for lie in [
        |it: BatchRef| BatchRef { count: it.count + 1, ..it },
        |it: BatchRef| BatchRef { bytes: it.bytes + 1, ..it },
    ] {
        let (mut desk, batch, reference) = watching();
        desk.hear(3, Message::Batch(batch));
        propose(&mut desk, vec![lie(reference)]);
        assert!(!acted(&desk));
    }
}

#[test]
fn what_a_block_lacks_is_asked_for_as_batches_and_as_a_whole_in_turn() {
    let (mut desk, _, reference) = watching();
    let id = propose(&mut desk, vec![reference.clone()]);
    let timer = Timer::FetchBatches { block: id };
    let starts = |command: &Command| match command {
        Command::StartTimer { timer: started, .. } => *started == timer,
        _ => false,
    };
    assert!(desk.wanted.iter().any(starts), "they may come by themselves first");
    let mut asked = Vec::new();
    for _ in 0..8 {
        desk.wanted.clear();
        desk.step(Event::TimerFired(timer));
        assert!(desk.wanted.iter().any(starts), "it is asked again until it comes");
        asked.extend(desk.wanted.iter().filter_map(|command| match command {
            Command::Ask { to, request, .. } => Some((*to, request.clone())),
            _ => None,
        }));
    }
    let batches = Request::Batches(vec![reference.id]);
    let whole = Request::BlocksById { newest: id, above: Height::ZERO };
    // First who proposed it, then the others, but not ourselves.
    let expected: Vec<_> = [1, 3, 0]
        .into_iter()
        .map(|position| desk.peer(position))
        .flat_map(|peer| [(peer, batches.clone()), (peer, whole.clone())])
        .collect();
    assert_eq!(asked, expected);
}

/// That somebody is epochs ahead is a claim; who makes it may not come between us and all who have what we lack.
#[test]
fn who_claims_to_be_ahead_is_asked_too_and_nobody_is_left_out_for_it() {
    for ahead in [&[3][..], &[0, 3], &[0, 1, 3]] {
        let (mut desk, _, reference) = watching();
        for position in ahead {
            let from = desk.peer(*position);
            desk.step(Event::OtherEpoch { from, epoch: Epoch::new(1) });
        }
        let id = propose(&mut desk, vec![reference.clone()]);
        let mut asked = Vec::new();
        for _ in 0..8 * (ahead.len() + 1) {
            desk.wanted.clear();
            desk.step(Event::TimerFired(Timer::FetchBatches { block: id }));
            asked.extend(desk.wanted.iter().filter_map(|command| match command {
                Command::Ask { to, request, question } => Some((*to, request.clone(), *question)),
                _ => None,
            }));
            for (.., question) in &asked {
                desk.step(Event::NoResponse { question: *question });
            }
        }
        for position in [0, 1, 3] {
            for request in [
                Request::Batches(vec![reference.id]),
                Request::BlocksById { newest: id, above: Height::ZERO },
            ] {
                let peer = desk.peer(position);
                let reached = asked.iter().any(|(to, what, _)| (*to, what) == (peer, &request));
                assert!(reached, "{ahead:?} keep {request:?} from validator {position}");
            }
        }
    }
}

/// Else nobody who missed such a block could ever catch up.
#[test]
fn the_largest_block_is_answered_whole() {
    let mut desk = Desk::begun(Options { validators: 4, ..Options::default() });
    let batches: Vec<_> = (0..6).map(|n| desk.large_batch(3, n)).collect();
    for batch in &batches {
        desk.hear(3, Message::Batch(batch.clone()));
    }
    let named: Vec<_> = batches.iter().map(ledger::batch_ref).collect();
    let justify = desk.genesis_certificate();
    let first = desk.propose(1, &justify, named);
    let second = desk.propose(2, &desk.quorum(&first), Vec::new());
    desk.propose(3, &desk.quorum(&second), Vec::new());
    desk.write_all();
    assert_eq!(first.body_bytes(), Block::BODY_BYTES_MAX);
    for request in [
        Request::BlocksByHeight { from: first.height },
        Request::BlocksById { newest: first.id(), above: Height::ZERO },
    ] {
        let response = desk.ask(request);
        assert!(response.encode().len() <= Kind::Response.bytes_max());
        let Response::Blocks(blocks) = response else { panic!("another answer: {response:?}") };
        assert_eq!((blocks[0].block.id(), blocks[0].batches.len()), (first.id(), 6));
    }
}
