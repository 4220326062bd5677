//! What a submitter is told at the door.

use engine::{Answer, Command, Event, Timer};
use ledger::{Outcome, Rejection};
use mempool::limits::{BatchesLimits, Limit, PoolLimits};
use proto::batch::Batch;
use proto::id::ValidatorIndex;
use proto::message::Message;
use proto::operation::Operation;

use crate::desk::{Desk, NOW, Options};

#[test]
fn what_is_new_is_accepted_and_what_is_decided_is_known() {
    let mut desk = Desk::begun(Options::default());
    let submission = desk.submission(1);
    let id = submission.id();
    assert_eq!(desk.submit(&submission), Answer::Accepted { id });
    desk.write_all();
    let Answer::Known { id: known, outcome: Outcome::Committed { .. } } = desk.submit(&submission) else {
        panic!("it was ordered before: {:?}", desk.wanted);
    };
    assert_eq!(known, id);
}

#[test]
fn what_waits_is_accepted_again_and_packed_once() {
    let mut desk = Desk::begun(Options { validators: 4, ..Options::default() });
    let submission = desk.submission(1);
    for _ in 0..2 {
        assert_eq!(desk.submit(&submission), Answer::Accepted { id: submission.id() });
    }
    assert_eq!(sent_batches(&desk), 1);
}

#[test]
fn what_would_be_refused_is_refused_with_the_rule() {
    let mut desk = Desk::begun(Options::default());
    let unknown = desk.submission(7).id();
    let revoke = Operation::AttestationRevoke { attestation: unknown, reason: String::new() };
    let submission = desk.signed(1, *desk.set.network(), revoke);
    let rejection = Rejection::UnknownAttestation { attestation: unknown };
    assert_eq!(desk.submit(&submission), Answer::Refused { id: submission.id(), rejection });
    assert_eq!(desk.engine.status().waiting, 0);
}

#[test]
fn a_full_pool_says_when_to_come_again() {
    let one = Limit { count_max: 1, bytes_max: 1 << 20 };
    // No batch of ours fits, so what is accepted stays in the pool.
    let batches = BatchesLimits { pushed: Limit { count_max: 0, ..one }, ..BatchesLimits::default() };
    let pool = PoolLimits { total: one, tenant: one };
    let mut desk = Desk::begun(Options { validators: 4, pool, batches, ..Options::default() });
    assert!(matches!(desk.submit(&desk.submission(1)), Answer::Accepted { .. }));
    assert!(matches!(desk.submit(&desk.submission(2)), Answer::Full { retry_after_ms: 1.. }));
}

#[test]
fn what_waits_goes_with_our_vote_and_at_once_while_none_of_ours_is_under_way() {
    let mut desk = Desk::begun(Options { validators: 4, ..Options::default() });
    let theirs = Batch { author: ValidatorIndex::new(1), submissions: vec![desk.submission(9)] };
    let named = ledger::batch_ref(&theirs);
    desk.hear(1, Message::Batch(theirs));
    desk.submit(&desk.submission(1));
    assert_eq!(sent_batches(&desk), 1, "only others' are under way");
    desk.submit(&desk.submission(2));
    assert_eq!(sent_batches(&desk), 1, "ours is");
    desk.propose(1, &desk.genesis_certificate(), vec![named]);
    assert_eq!((desk.spoken, sent_batches(&desk)), (1, 2), "it leaves with the vote");
}

#[test]
fn who_submits_more_than_the_network_takes_is_told_to_come_again() {
    // Nothing is ordered: the others are silent.
    let mut desk = Desk::begun(Options { validators: 4, ..Options::default() });
    let look_after = |desk: &mut Desk, ms| {
        let event = Event::TimerFired(Timer::Follow);
        desk.engine.step(NOW.plus(ms), event);
        desk.engine.status().congested
    };
    for nonce in 0..501 {
        assert!(matches!(desk.submit(&desk.submission(nonce)), Answer::Accepted { .. }), "{nonce}");
    }
    assert!(!look_after(&mut desk, 999), "a burst is accepted");
    assert!(look_after(&mut desk, 1_000));
    assert!(matches!(desk.submit(&desk.submission(501)), Answer::Full { retry_after_ms: 1.. }));
    // What waits already needs no room.
    let first = desk.submission(0);
    assert_eq!(desk.submit(&first), Answer::Accepted { id: first.id() });
}

#[test]
fn an_observer_takes_nothing_that_it_could_not_pass_on() {
    let mut desk = Desk::begun(Options { me: None, ..Options::default() });
    assert!(matches!(desk.submit(&desk.submission(1)), Answer::Unable { .. }));
    assert_eq!(desk.engine.status().waiting, 0);
}

/// Batches of ours may be under way up to a limit; what waits behind them must not wait for the next caller.
#[test]
fn what_waited_for_room_is_packed_when_a_block_makes_room() {
    let pushed = Limit { count_max: 1, bytes_max: 1 << 20 };
    let batches = BatchesLimits { pushed, ..BatchesLimits::default() };
    let mut desk = Desk::begun(Options { validators: 4, batches, ..Options::default() });
    desk.submit(&desk.submission(1));
    desk.submit(&desk.submission(2));
    desk.step(Event::TimerFired(Timer::Flush));
    assert_eq!((sent_batches(&desk), desk.engine.status().waiting), (1, 1));

    let packed = desk.wanted.iter().find_map(|command| match command {
        Command::Send { message: Message::Batch(batch), .. } => Some(ledger::batch_ref(batch)),
        _ => None,
    });
    let justify = desk.genesis_certificate();
    let first = desk.propose(1, &justify, vec![packed.expect("the first batch was sent")]);
    let second = desk.propose(2, &desk.quorum(&first), Vec::new());
    desk.propose(3, &desk.quorum(&second), Vec::new());
    assert_eq!(desk.engine.ledger().tip().height, first.height);
    assert_eq!((sent_batches(&desk), desk.engine.status().waiting), (2, 0));
}

fn sent_batches(desk: &Desk) -> usize {
    let is_batch = |command: &&Command| matches!(command, Command::Send { message: Message::Batch(_), .. });
    desk.wanted.iter().filter(is_batch).count()
}
