//! From a committed block to a certified head: what is durable before what is told.

use engine::{Alarm, Command, Event as Happening, Timer};
use ledger::change::Table;
use ledger::{Event, LedgerReader};
use proto::batch::Batch;
use proto::counter::TreeSize;
use proto::id::ValidatorIndex;
use proto::message::Message;

use crate::desk::{Desk, Options};

fn published(desk: &Desk) -> Vec<&Event> {
    let notices = desk.wanted.iter().filter_map(|command| match command {
        Command::Publish(notices) => Some(notices),
        _ => None,
    });
    notices.flatten().map(|notice| &notice.event).collect()
}

fn cosigned(desk: &Desk) -> usize {
    desk.wanted.iter().filter(|command| matches!(command, Command::Cosign { .. })).count()
}

#[test]
fn the_first_head_is_signed_when_it_is_durable() {
    let mut desk = Desk::new(Options { validators: 4, ..Options::default() });
    assert_eq!((desk.writes.len(), cosigned(&desk)), (1, 0));
    desk.write();
    assert_eq!(cosigned(&desk), 1);
}

#[test]
fn a_block_is_told_of_and_its_head_signed_when_it_is_durable() {
    let mut desk = Desk::begun(Options::default());
    desk.submit(&desk.submission(1));
    assert_eq!((published(&desk).len(), cosigned(&desk)), (0, 0));
    desk.write();
    assert!(matches!(published(&desk)[..], [Event::Committed { .. }]));
    assert_eq!(cosigned(&desk), 1);
}

/// A desk that hears of one block in each millisecond; those of `full` order something. The last two make nothing final.
fn hearing_blocks(full: &[bool]) -> Desk {
    let mut desk = Desk::begun(Options { validators: 4, ..Options::default() });
    let mut justify = desk.genesis_certificate();
    for (view, full) in (1..).zip(full) {
        let batch = Batch { author: ValidatorIndex::new(1), submissions: vec![desk.submission(view)] };
        let named = ledger::batch_ref(&batch);
        if *full {
            desk.hear(1, Message::Batch(batch));
        }
        let block = desk.propose(view, &justify, full.then_some(named).into_iter().collect());
        justify = desk.quorum(&block);
    }
    desk
}

fn cosigned_sizes(desk: &Desk) -> Vec<TreeSize> {
    let size = |command: &Command| match command {
        Command::Cosign { head, .. } => Some(head.size),
        _ => None,
    };
    desk.wanted.iter().filter_map(size).collect()
}

#[test]
fn of_blocks_that_follow_one_another_few_heads_are_signed_and_the_last_one_is() {
    let mut desk = hearing_blocks(&[true, true, true, true, false, false]);
    desk.write_all();
    let tip = desk.engine.status().head.size;
    let size = |leaves_before: u64| TreeSize::new(tip.get() - leaves_before);
    // Two leaves a block: the first is the first in its span of time, the fourth is followed by nothing.
    assert_eq!(cosigned_sizes(&desk), [size(6), tip]);
    // A block that stands alone has its head signed, however soon the next one comes.
    let mut desk = hearing_blocks(&[true, false, true, false, false]);
    desk.write_all();
    assert_eq!(cosigned_sizes(&desk).len(), 2);
}

#[test]
fn a_head_that_none_after_it_covers_in_time_is_signed_once_it_is_durable() {
    // The second block is final, and those that follow it never are.
    let mut desk = hearing_blocks(&[true, true, true, true]);
    let size = desk.engine.status().head.size;
    let overdue = Happening::TimerFired(Timer::Cosign { size });
    let timer = Timer::Cosign { size };
    let waits = |desk: &Desk| {
        let is_it = |it: &&Command| matches!(it, Command::StartTimer { timer: at, .. } if *at == timer);
        desk.wanted.iter().filter(is_it).count()
    };
    assert_eq!(waits(&desk), 1);
    desk.step(overdue);
    assert!(!cosigned_sizes(&desk).contains(&size), "its block is not durable");
    desk.write_all();
    assert!(cosigned_sizes(&desk).contains(&size));
    // It had its time: everybody is shown it.
    let shown = |it: &&Command| match it {
        Command::Show { message: Message::Cosignature(it), .. } => it.head.size == size,
        _ => false,
    };
    assert_eq!((desk.wanted.iter().filter(shown).count(), waits(&desk)), (3, 2));
}

/// Cosignatures of others may come before we have applied as far, and certify a head in the step that makes it.
#[test]
fn a_certificate_is_written_after_the_block_it_certifies() {
    // What the head will be is seen on another desk of the same network.
    let mut ahead = Desk::begun(Options::default());
    ahead.submit(&ahead.submission(1));
    let head = ahead.engine.status().head;

    let mut desk = Desk::begun(Options::default());
    let certificate = desk.certificate(head);
    desk.hear(0, Message::CertifiedCheckpoint(certificate));
    assert_eq!(desk.writes.len(), 0, "nothing is certified that is not applied");
    desk.submit(&desk.submission(1));
    let holds = |position: usize, table: Table| {
        desk.writes.get(position).is_some_and(|gate| gate.write().iter().any(|(at, _, _)| at == table))
    };
    assert!(holds(0, Table::Blocks) && !holds(0, Table::Checkpoints));
    let certifying = (1..desk.writes.len()).filter(|at| holds(*at, Table::Checkpoints)).count();
    assert_eq!(certifying, 1, "the certificate is a later write");
}

#[test]
fn who_makes_a_certificate_announces_it_when_it_is_durable_and_nobody_else_does() {
    let announced = |desk: &Desk| desk.wanted.iter().filter(|it| matches!(it, Command::Announce(_))).count();
    let mut alone = Desk::begun(Options::default());
    alone.submit(&alone.submission(1));
    assert_eq!(announced(&alone), 0);
    alone.write_all();
    assert_eq!(announced(&alone), 1);
    let mut told = Desk::begun(Options { validators: 4, ..Options::default() });
    told.hear(1, Message::CertifiedCheckpoint(told.certificate(told.engine.status().head)));
    told.write_all();
    assert_eq!((told.engine.status().certified, announced(&told)), (told.engine.status().head.size, 0));
}

#[test]
fn a_head_that_a_quorum_signed_otherwise_is_never_certified_here() {
    let mut desk = Desk::begun(Options { validators: 4, ..Options::default() });
    let mut theirs = desk.engine.status().head;
    theirs.root = crypto::sha256(b"another history");
    desk.hear(1, Message::CertifiedCheckpoint(desk.certificate(theirs)));
    let told = desk.wanted.iter().any(|command| matches!(command, Command::Alarm(Alarm::Diverged { .. })));
    assert!(told && desk.engine.status().diverged);
    assert_eq!(desk.writes.len(), 0);
    let reader = LedgerReader::new(desk.store.clone());
    assert_eq!(reader.checkpoint_latest().expect("memory can be read"), None);
}

#[test]
fn who_still_asks_for_what_is_certified_is_shown_the_certificate() {
    let mut desk = Desk::begun(Options { validators: 4, ..Options::default() });
    let head = desk.engine.status().head;
    desk.hear(1, Message::CertifiedCheckpoint(desk.certificate(head)));
    desk.write_all();
    desk.wanted.clear();
    let late = desk.cosign(crate::desk::index(2), head);
    desk.hear(2, Message::Cosignature(late));
    let shown = |command: &Command| match command {
        Command::Show { to, message: Message::CertifiedCheckpoint(it) } => {
            *to == desk.peer(2) && it.head == head
        }
        _ => false,
    };
    assert!(desk.wanted.iter().any(shown), "{:?}", desk.wanted);
}
