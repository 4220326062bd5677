//! Far behind: the log is replayed part by part, lies cost one question, and who lost its journal is silent.

use std::sync::Arc;

use engine::event::QuestionId;
use engine::{Alarm, Command, Event, Past, Timer};
use ledger::LedgerReader;
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, Height};
use proto::history::LogPart;
use proto::message::{Request, Response};
use proto::verified::Strict;

use crate::desk::{Desk, Options};

/// The only validator of its network, with so many blocks.
fn with_history(blocks: u64) -> Desk {
    let mut desk = Desk::begun(Options::default());
    for nonce in 0..blocks {
        desk.submit(&desk.submission(nonce));
        desk.write_all();
    }
    desk.wanted.clear();
    desk
}

/// Somebody who only watches that network, and has nothing yet.
fn observer() -> Desk {
    Desk::begun(Options { me: None, replay_above: 32, ..Options::default() })
}

/// The oldest question that waits, and what is asked.
fn question(desk: &mut Desk) -> Option<(QuestionId, Request)> {
    let at = desk.wanted.iter().position(|command| matches!(command, Command::Ask { .. }))?;
    match desk.wanted.remove(at) {
        Command::Ask { question, request, .. } => Some((question, request)),
        other => panic!("not a question: {other:?}"),
    }
}

fn answer(desk: &mut Desk, question: QuestionId, response: Response) {
    // As on the wire.
    let response = Response::decode(&response.encode()).expect("an answer of ours fits");
    match desk.reigns.answer(response, &Strict) {
        Ok(response) => desk.step(Event::Response { question, response }),
        Err(_) => desk.step(Event::NoResponse { question }),
    }
    desk.write_all();
}

/// It is time to ask where the network stands.
fn look(desk: &mut Desk) {
    desk.step(Event::TimerFired(Timer::Follow));
}

/// Lets `desk` ask `far` until nothing is asked any more; `spoil` may change each answer.
fn follow(
    desk: &mut Desk,
    far: &mut Desk,
    mut spoil: impl FnMut(&Request, Response) -> Response,
) -> Vec<Request> {
    let mut asked = Vec::new();
    while let Some((question, request)) = question(desk) {
        assert!(asked.len() < 500, "it asks for ever: {:?}", asked.last());
        let response = far.ask(request.clone());
        answer(desk, question, spoil(&request, response));
        asked.push(request);
    }
    asked
}

fn ranges(asked: &[Request]) -> usize {
    asked.iter().filter(|request| matches!(request, Request::LogRange { .. })).count()
}

fn accused(desk: &Desk) -> usize {
    desk.wanted.iter().filter(|command| matches!(command, Command::Alarm(Alarm::UntrueLog { .. }))).count()
}

#[test]
fn who_only_watches_replays_the_log_and_is_where_the_network_is() {
    let mut far = with_history(60);
    let mut near = observer();
    look(&mut near);
    let asked = follow(&mut near, &mut far, |_, response| response);
    assert_eq!(asked[0], Request::Certificates(Epoch::ZERO));
    assert_eq!(ranges(&asked), 1, "{asked:?}");
    let (ours, theirs) = (near.engine.status(), far.engine.status());
    assert_eq!((ours.head, ours.certified), (theirs.head, theirs.certified));
    assert_eq!(near.engine.ledger().state_digest(), far.engine.ledger().state_digest());
    // The bodies were never here: others are told so, and no reader stumbles.
    let old = Request::BlocksByHeight { from: Height::new(1) };
    assert_eq!(near.ask(old), Response::Blocks(Vec::new()));
    // And it follows what is new block by block.
    far.submit(&far.submission(999));
    far.write_all();
    look(&mut near);
    let asked = follow(&mut near, &mut far, |_, response| response);
    assert_eq!((ranges(&asked), near.engine.status().head), (0, far.engine.status().head));
}

#[test]
fn each_lie_costs_a_question_is_named_and_stops_nothing() {
    type Lie = (&'static str, fn(&mut LogPart));
    let lies: [Lie; 4] = [
        ("another leaf", |part| part.blocks[2].leaves[30] ^= 1),
        ("half of it", |part| part.blocks.truncate(part.blocks.len() / 2)),
        ("invented refusals", |part| part.blocks[0].refused = vec![3; 40]),
        ("nothing in it", |part| part.blocks.clear()),
    ];
    for (name, lie) in lies {
        let (mut far, mut near, mut left) = (with_history(60), observer(), 1);
        look(&mut near);
        let asked = follow(&mut near, &mut far, |_, response| match response {
            Response::Log(Some(mut part)) if left > 0 => {
                left -= 1;
                lie(&mut part);
                Response::Log(Some(part))
            }
            other => other,
        });
        assert_eq!((ranges(&asked), accused(&near)), (2, 1), "{name}: {asked:?}");
        assert_eq!(near.engine.status().head, far.engine.status().head, "{name}");
    }
}

/// What never reaches the ledger: a certificate that does not hold, another kind of answer, silence, "I do not have it".
#[test]
fn who_has_no_log_is_passed_over_and_then_blocks_are_fetched() {
    let refusals: [fn(Response) -> Response; 3] = [
        |_| Response::Log(None),
        |_| Response::Batches(Vec::new()),
        |response| match response {
            Response::Log(Some(mut part)) => {
                part.certificate.signatures.clear();
                Response::Log(Some(part))
            }
            other => other,
        },
    ];
    for refuse in refusals {
        let (mut far, mut near) = (with_history(60), observer());
        look(&mut near);
        let asked = follow(&mut near, &mut far, |request, response| match request {
            Request::LogRange { .. } => refuse(response),
            _ => response,
        });
        assert!(ranges(&asked) >= 2, "two rounds of one peer");
        assert!(asked.iter().any(|request| matches!(request, Request::BlocksByHeight { .. })), "{asked:?}");
        assert_eq!((near.engine.status().head, accused(&near)), (far.engine.status().head, 0));
    }
}

/// A stale checkpoint leads as far as it goes; the next round leads further.
#[test]
fn a_stale_checkpoint_is_no_end() {
    let mut far = with_history(60);
    let stale = far.ask(Request::CheckpointAt(proto::counter::TreeSize::ZERO));
    for nonce in 100..160 {
        far.submit(&far.submission(nonce));
        far.write_all();
    }
    far.wanted.clear();
    let mut near = observer();
    look(&mut near);
    let mut first = true;
    follow(&mut near, &mut far, |request, response| match request {
        Request::CheckpointAt(_) if std::mem::take(&mut first) => stale.clone(),
        _ => response,
    });
    assert_eq!(near.engine.status().head, far.engine.status().head);
}

/// The desk's store is what a crash leaves: a new engine on it goes on from the last part that became durable.
#[test]
fn a_crash_between_two_parts_loses_none_of_them() {
    let mut far = with_history(60);
    let mut near = observer();
    look(&mut near);
    let size = |desk: &Desk| LedgerReader::new(desk.store.clone()).tip().unwrap().unwrap().head.size;
    let target = far.engine.status().head.size;
    while size(&near) == size(&observer()) {
        let (question, request) = question(&mut near).expect("it goes on");
        let mut response = far.ask(request.clone());
        if let (Request::LogRange { from, .. }, Response::Log(Some(part))) = (&request, &mut response) {
            // A part that ends in the middle, as a full answer does.
            let half = LedgerReader::new(far.store.clone());
            let end = proto::counter::TreeSize::new(2 + target.get() / 4 * 2);
            let mut shorter = half.log_part(*from, end).unwrap().expect("blocks of two leaves");
            shorter.proof = half.consistency(end, target).unwrap().expect("both are there");
            **part = shorter;
        }
        answer(&mut near, question, response);
    }
    let durable = size(&near);
    assert!(durable < target, "a part of it");
    let mut again =
        Desk::on(Arc::clone(&near.store), Options { me: None, replay_above: 8, ..Options::default() });
    assert_eq!(again.engine.status().head.size, durable);
    look(&mut again);
    let asked = follow(&mut again, &mut far, |_, response| response);
    let resumed = |request: &Request| matches!(request, Request::LogRange { from, .. } if *from == durable);
    assert!(asked.iter().any(resumed), "{asked:?}");
    assert_eq!(again.engine.status().head, far.engine.status().head);
}

#[test]
fn who_lost_its_journal_asks_all_others_and_bears_no_witness_until_it_knows() {
    let mut desk = Desk::new(Options { validators: 4, me: Some(3), past: Past::Lost, ..Options::default() });
    desk.write_all();
    let mut open = Vec::new();
    while let Some((question, request)) = question(&mut desk) {
        assert_eq!(request, Request::Standing(Epoch::ZERO));
        open.push(question);
    }
    assert_eq!(open.len(), 3);
    assert_eq!(desk.ask(Request::Standing(Epoch::ZERO)), Response::Blocks(Vec::new()), "no witness");
    // Who does not answer is asked again after a while, the others are not.
    let info = proto::message::SyncInfo { high_qc: desk.genesis_certificate(), high_tc: None };
    let shown = Response::Certificates(Box::new(info));
    answer(&mut desk, open[0], shown.clone());
    answer(&mut desk, open[1], shown.clone());
    desk.step(Event::NoResponse { question: open[2] });
    assert!(question(&mut desk).is_none());
    desk.step(Event::TimerFired(Timer::Standing));
    let (last, _) = question(&mut desk).expect("the silent one is asked again");
    assert!(question(&mut desk).is_none());
    // View 1 has its proposal; it may have been voted for in the life before, and view 2 too.
    desk.submit(&desk.submission(1));
    let first = desk.propose(1, &desk.genesis_certificate(), Vec::new());
    assert_eq!(desk.spoken, 0);
    answer(&mut desk, last, shown);
    assert_eq!(desk.spoken, 0, "they showed view 1: silent in 1 and 2");
    let second = desk.propose(2, &desk.quorum(&first), Vec::new());
    assert_eq!(desk.spoken, 0);
    let third = desk.propose(3, &desk.quorum(&second), Vec::new());
    assert!(desk.spoken > 0, "{third:?}");
    assert!(matches!(desk.ask(Request::Standing(Epoch::ZERO)), Response::Certificates(_)), "a witness again");
}
