//! From one epoch to the next: nothing of it before its closing block is durable, and those who lag are brought along.

use engine::event::QuestionId;
use engine::{Command, Event, Peer, Timer, VerifiedResponse};
use proto::block::Handover;
use proto::counter::{Epoch, Height, TreeSize};
use proto::id::ValidatorIndex;
use proto::message::{Message, Request, Response, SyncInfo};
use proto::operation::{Approval, Membership, Operation, approval_bytes, membership_possession_bytes};
use proto::validators::Validator;
use proto::verified::{Strict, Unverified};
use sim::member::Keys;
use sim::notary::Notary;

use crate::desk::{Desk, Options};

const NEXT: Epoch = Epoch::new(1);

fn joiner() -> Keys {
    Keys::new(&[50; 32], &mut Notary::Real)
}

/// The only validator of its network agrees that another one joins, and has ordered as much as it can until its writes are
/// durable.
fn handing_over() -> Desk {
    let mut desk = Desk::begun(Options::default());
    let (network, epoch, keys) = (*desk.set.network(), Epoch::ZERO, joiner());
    let validator: Box<Validator> = Box::new(keys.validator("v2".to_owned()));
    let change = Membership::Join(validator.clone());
    let signature = desk.keys[0].approve(&approval_bytes(&network, epoch, &change));
    let approvals = vec![Approval { approver: ValidatorIndex::new(0), signature }];
    let possession = keys.approve(&membership_possession_bytes(&network, epoch, &validator));
    let join = desk.signed(1, network, Operation::ValidatorJoin { epoch, validator, possession, approvals });
    desk.submit(&join);
    desk
}

fn handed_over() -> Desk {
    let mut desk = handing_over();
    desk.write_all();
    assert_eq!(desk.engine.status().epoch, NEXT);
    desk
}

fn reigned(desk: &Desk) -> Vec<Epoch> {
    let reigns = desk.wanted.iter().filter_map(|command| match command {
        Command::Reign(reigns) => Some(reigns.reigning().epoch()),
        _ => None,
    });
    reigns.collect()
}

fn shown(desk: &Desk) -> Vec<(Peer, SyncInfo)> {
    let shown = desk.wanted.iter().filter_map(|command| match command {
        Command::Show { to, message: Message::SyncInfo(info) } => Some((*to, info.clone())),
        _ => None,
    });
    shown.collect()
}

#[test]
fn the_next_epoch_begins_when_the_closing_block_is_durable() {
    let mut desk = handing_over();
    assert!(desk.engine.replica().is_closed());
    let closing = desk.engine.replica().committed().clone();
    assert!(closing.closes_epoch() && desk.engine.ledger().reign().epoch == NEXT);
    while desk.engine.status().epoch == Epoch::ZERO {
        assert_eq!(reigned(&desk), [], "before height {} is durable", closing.height);
        assert_eq!(desk.record.as_ref().map(|record| record.epoch), Some(Epoch::ZERO));
        desk.write();
    }
    assert_eq!(reigned(&desk), [NEXT]);
    let tip = ledger::LedgerReader::new(desk.store.clone()).tip().expect("readable").expect("a tip");
    assert_eq!((tip.block, desk.engine.validators().opening().block), (closing.id(), closing.id()));
    assert_eq!(
        (desk.engine.status().me, desk.engine.validators().count()),
        (Some(ValidatorIndex::new(0)), 2)
    );
}

/// A change waits to be approved by nobody here: who comes next is who is here now, and no block says otherwise.
#[test]
fn a_block_that_says_something_else_of_the_next_epoch_earns_no_vote() {
    let handover = Handover { as_of: Height::ZERO, validators: crypto::sha256(b"others") };
    for (handover, votes) in [(None, 1), (Some(handover), 0)] {
        let mut desk = Desk::begun(Options { validators: 4, ..Options::default() });
        let opening = desk.genesis_certificate();
        desk.propose_and_hand_over(1, &opening, Vec::new(), handover);
        assert_eq!(desk.spoken, votes, "{handover:?}");
    }
}

#[test]
fn a_crash_leaves_it_in_one_epoch_or_the_other() {
    let mut writes = 0;
    loop {
        let mut desk = handing_over();
        for _ in 0..writes {
            desk.write();
        }
        let (before, all) = (desk.engine.status().epoch, desk.writes.is_empty());
        desk.restart();
        assert_eq!(desk.engine.status().epoch, before, "after {writes} writes");
        // It goes on by itself: alone, it is a quorum of epoch 0.
        desk.write_all();
        assert_eq!(desk.engine.status().epoch, NEXT, "after {writes} writes");
        if all {
            break;
        }
        writes += 1;
    }
    assert!(writes >= 2, "the change and the closing block at least");
}

#[test]
fn who_is_in_an_earlier_epoch_is_shown_how_it_ended() {
    let mut desk = handed_over();
    let peer = Peer(joiner().network().id());
    desk.wanted.clear();
    for _ in 0..3 {
        desk.step(Event::OtherEpoch { from: peer, epoch: Epoch::ZERO });
    }
    let shown = shown(&desk);
    let [(to, info)] = &shown[..] else { panic!("once in a while, no more: {shown:?}") };
    assert_eq!((*to, info.epoch()), (peer, Epoch::ZERO));
    // It holds by the validators of the old epoch, and what it names can be had.
    Unverified::new(info.clone()).verify(&desk.set, &Strict).expect("signed by them");
    let answer = desk.ask(Request::BlocksById { newest: info.high_qc.block, above: Height::ZERO });
    let Response::Blocks(blocks) = answer else { panic!("{answer:?}") };
    assert!(blocks[1].block.closes_epoch(), "the one above it comes first");
    let answer = desk.ask(Request::Certificates(Epoch::ZERO));
    assert_eq!(answer, Response::Certificates(Box::new(info.clone())));
}

#[test]
fn a_range_of_blocks_ends_with_the_epoch() {
    let mut desk = handed_over();
    let closing = desk.engine.validators().opening();
    let answer = desk.ask(Request::BlocksByHeight { from: Height::new(1) });
    let Response::Blocks(blocks) = answer else { panic!("{answer:?}") };
    let at = blocks.iter().position(|it| it.block.id() == closing.block).expect("the closing block");
    assert_eq!(at + 2, blocks.len(), "and what shows that it is final");
    assert_eq!(blocks[at + 1].block.parent, closing.block);
    assert!(blocks.iter().all(|it| it.block.epoch == Epoch::ZERO));
}

#[test]
fn who_hears_of_a_later_epoch_shows_where_it_stands() {
    let desk = handed_over();
    let mut late = desk.beside(joiner());
    let peer = late.peer(0);
    late.step(Event::OtherEpoch { from: peer, epoch: NEXT });
    assert_eq!(shown(&late), [(peer, late.engine.replica().sync_info())]);
}

/// Somebody who is to be a validator comes along by asking, and votes as soon as the epoch begins that names it.
#[test]
fn who_joins_follows_and_then_votes() {
    let mut desk = handed_over();
    let mut late = desk.beside(joiner());
    assert_eq!((late.engine.status().me, late.engine.status().epoch), (None, Epoch::ZERO));
    late.step(Event::PeerUp { peer: desk.peer(0) });
    for _ in 0..20 {
        late.wanted.clear();
        late.step(Event::TimerFired(Timer::Follow));
        answer_all(&mut late, &mut desk);
        late.write_all();
        if late.engine.status().me.is_some() {
            break;
        }
    }
    let status = late.engine.status();
    assert_eq!((status.epoch, status.me), (NEXT, Some(ValidatorIndex::new(1))));
    assert_eq!(late.engine.ledger().tip(), desk.engine.ledger().tip());
}

fn answer_all(late: &mut Desk, desk: &mut Desk) {
    loop {
        let asks: Vec<(QuestionId, Request)> = late
            .wanted
            .drain(..)
            .filter_map(|command| match command {
                Command::Ask { question, request, .. } => Some((question, request)),
                _ => None,
            })
            .collect();
        if asks.is_empty() {
            return;
        }
        for (question, request) in asks {
            let response = desk.ask(request);
            let event = match late.reigns.answer(response, &Strict) {
                Ok(response) => Event::Response { question, response },
                Err(_) => Event::NoResponse { question },
            };
            late.step(event);
            late.write_all();
        }
    }
}

/// What passed the door in one epoch and is heard in the next does not count any more.
#[test]
fn what_was_checked_in_the_old_epoch_is_not_counted_in_the_new_one() {
    let mut desk = handing_over();
    let genesis = desk.genesis_certificate();
    let info = Message::SyncInfo(SyncInfo { high_qc: genesis, high_tc: None });
    let checked = desk.reigns.hear(desk.peer(0), info, &Strict).expect("it holds");
    assert!(matches!(checked, Event::Message { .. }));
    desk.write_all();
    let digest = desk.engine.replica().digest();
    desk.step(checked.clone());
    assert_eq!(desk.engine.replica().digest(), digest);
    // Whoever says it now is told apart at the door.
    let Event::Message { message, .. } = checked else { panic!("checked above") };
    let engine::VerifiedMessage::SyncInfo(info) = message else { panic!("{message:?}") };
    let again = Message::SyncInfo(info.into_inner());
    let event = desk.reigns.hear(desk.peer(0), again, &Strict).expect("no fault");
    assert!(matches!(event, Event::OtherEpoch { epoch: Epoch::ZERO, .. }));
}

#[test]
fn the_opening_head_is_signed_by_the_set_before_and_certified_first() {
    let mut desk = handing_over();
    desk.write_all();
    let opening = desk.engine.ledger().reign().size;
    let cosigned: Vec<_> = desk
        .wanted
        .iter()
        .filter_map(|command| match command {
            Command::Cosign { head, set, .. } => Some((head.size, set.epoch())),
            _ => None,
        })
        .collect();
    assert_eq!(cosigned.last(), Some(&(opening, Epoch::ZERO)));
    assert_eq!(desk.engine.status().certified, opening);
    let reader = ledger::LedgerReader::new(desk.store.clone());
    let receipt = reader.handover_receipt(NEXT).expect("readable").expect("certified");
    Unverified::new(receipt.checkpoint).verify(&desk.set, &Strict).expect("by the only validator there was");
    // An answer about another size by those validators is no answer.
    let mut beyond = reader.checkpoint_latest().expect("readable").expect("there is one");
    beyond.head.size = TreeSize::new(opening.get() + 1);
    for part in &mut beyond.cosignatures {
        part.head = beyond.head;
    }
    assert!(desk.reigns.answer(Response::Checkpoint(Some(beyond)), &Strict).is_err());
    let known = desk.reigns.answer(Response::Checkpoint(None), &Strict).expect("an answer");
    assert_eq!(known, VerifiedResponse::Checkpoint(None));
}
