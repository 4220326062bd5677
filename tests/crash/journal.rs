//! The real journal with what real validators wrote: every deed fails, every byte is cut off or flipped.
//!
//! What is recovered is compared whole with what was there before and after the write: an equal journal makes an equal
//! replica, and what replicas then say is judged in the world (`points`).

use std::sync::Arc;

use engine::JournalWrite;
use node::journal::{IfMissing, Journal, JournalError, Recovered};
use proto::id::NetworkId;
use sim::crash::Crash;

use crate::journal_file::{COMPACT_ABOVE_BYTES, key, of, path};
use crate::points::{Broken, SCENARIOS};
use crate::ram::{Deed, Fault, Ram};

const NETWORK: fn() -> NetworkId = NetworkId::default;

fn open(ram: &Ram, if_missing: IfMissing) -> Result<(Journal, Recovered), JournalError> {
    let (mut journal, recovered) =
        Journal::open_on(Arc::new(ram.clone()), path(), &NETWORK(), &key(), if_missing)?;
    journal.compact_above(COMPACT_ABOVE_BYTES);
    Ok((journal, recovered))
}

fn append(journal: &mut Journal, writes: &[JournalWrite]) -> Result<(), JournalError> {
    journal.append(&writes.iter().map(of).collect::<Vec<_>>())
}

/// What a new process finds.
fn found(ram: &Ram) -> Recovered {
    ram.restart();
    let (_, recovered) = open(ram, IfMissing::Refuse).expect("a crash leaves a journal that opens");
    Recovered { cut_bytes: 0, ..recovered }
}

/// What the first member journaled in each world.
fn scripts() -> Vec<(&'static str, Vec<Vec<JournalWrite>>)> {
    let written = |crash: &Crash| {
        SCENARIOS.map(|scenario| {
            let (outcomes, log) = scenario.play(crash, Broken::default(), false);
            outcomes.expect("the world is clean without crashes");
            (scenario.name, std::mem::take(&mut log.borrow_mut().written))
        })
    };
    written(&Crash { member: 0, strikes: Vec::new(), with: Vec::new(), down_us: 0 }).into()
}

#[test]
fn every_deed_of_every_append_may_fail_in_every_way() {
    let (mut tried, mut rewritten, mut after) = (0, 0, 0);
    for (name, script) in scripts() {
        for at in 0..script.len() {
            // The deeds of this append, and what is there before and after it.
            let play = |fault: Option<(usize, Fault)>| {
                let ram = Ram::default();
                let (mut journal, _) = open(&ram, IfMissing::Create).expect("begins");
                for writes in &script[..at] {
                    append(&mut journal, writes).expect("appends");
                }
                ram.arm(fault);
                let done = append(&mut journal, &script[at]);
                (ram, journal, done)
            };
            let (ram, journal, done) = play(None);
            done.expect("appends");
            let deeds = ram.deeds();
            drop(journal);
            let with = found(&ram);
            let without = match at {
                0 => Recovered::default(),
                _ => {
                    let (ram, journal, _) = play(Some((0, Fault::CutBefore)));
                    drop(journal);
                    found(&ram)
                }
            };
            rewritten += usize::from(deeds.contains(&Deed::Rename));
            for (deed, kind) in deeds.into_iter().enumerate() {
                for fault in Fault::of(kind) {
                    let what = format!("{name}, append {at}, deed {deed} ({kind:?}), {fault:?}");
                    let (ram, mut journal, done) = play(Some((deed, fault)));
                    assert!(matches!(done, Err(JournalError::Io { .. })), "{what}: {done:?}");
                    // Whatever happened: no second attempt, for what is on the disk is not known.
                    let again = append(&mut journal, &script[at]);
                    assert!(matches!(again, Err(JournalError::Stopped { .. })), "{what}: {again:?}");
                    drop(journal);
                    let recovered = found(&ram);
                    after += usize::from(recovered == with);
                    assert!(recovered == with || recovered == without, "{what}: {recovered:?}");
                    // And it goes on from there.
                    let (mut journal, _) = open(&ram, IfMissing::Refuse).expect("opens");
                    append(&mut journal, &script[at]).unwrap_or_else(|fault| panic!("{what}: {fault}"));
                    drop(journal);
                    assert_eq!(found(&ram).record, with.record, "{what}");
                    tried += 1;
                }
            }
        }
    }
    println!(
        "{tried} failed deeds of appends, {rewritten} appends rewrote the file; {after} left what was written"
    );
    assert!(rewritten >= SCENARIOS.len(), "no journal was rewritten");
}

#[test]
fn every_deed_of_opening_may_fail_in_every_way() {
    let (_, script) = scripts().swap_remove(0);
    let begun = |cut: usize| {
        let ram = Ram::default();
        let (mut journal, _) = open(&ram, IfMissing::Create).expect("begins");
        script[..3].iter().for_each(|writes| append(&mut journal, writes).expect("appends"));
        drop(journal);
        let bytes = ram.bytes(path());
        ram.put(path(), &bytes[..bytes.len() - cut]);
        ram
    };
    type Case = (&'static str, fn(&dyn Fn(usize) -> Ram) -> Ram, IfMissing);
    let cases: [Case; 3] = [
        ("absent", |_| Ram::default(), IfMissing::Create),
        ("whole", |begun| begun(0), IfMissing::Refuse),
        ("torn", |begun| begun(5), IfMissing::Refuse),
    ];
    let mut tried = 0;
    for (name, make, if_missing) in cases {
        let ram = make(&begun);
        ram.arm(None);
        let (_, sound) = open(&ram, if_missing).expect("opens");
        for (deed, kind) in ram.deeds().into_iter().enumerate() {
            for fault in Fault::of(kind) {
                let what = format!("{name}, deed {deed} ({kind:?}), {fault:?}");
                let ram = make(&begun);
                ram.arm(Some((deed, fault)));
                let opened = open(&ram, if_missing);
                assert!(matches!(opened, Err(JournalError::Io { .. })), "{what}: {opened:?}");
                ram.restart();
                let (mut journal, recovered) =
                    open(&ram, if_missing).unwrap_or_else(|it| panic!("{what}: {it}"));
                // What was torn may have been cut off already.
                assert_eq!((&recovered.record, &recovered.blocks), (&sound.record, &sound.blocks), "{what}");
                append(&mut journal, &script[3]).expect("appends");
                drop(journal);
                assert_eq!(found(&ram).record.as_ref(), script[3].last().map(|it| &it.record), "{what}");
                tried += 1;
            }
        }
    }
    println!("{tried} failed deeds of opening");
}

/// The journals of one world, each as it was just before it was rewritten or the world ended, with the length and what
/// it said after each append. The first state of one that was rewritten is the one it was made with.
fn journals_of(script: &[Vec<JournalWrite>]) -> Vec<Vec<(Vec<u8>, Recovered)>> {
    let ram = Ram::default();
    let (mut journal, _) = open(&ram, IfMissing::Create).expect("begins");
    let mut journals = vec![vec![(ram.bytes(path()), Recovered::default())]];
    for writes in script {
        append(&mut journal, writes).expect("appends");
        let bytes = ram.bytes(path());
        let copy = Ram::default();
        copy.put(path(), &bytes);
        let states = journals.last_mut().expect("there is one from the beginning");
        let state = (bytes, found(&copy));
        match states.last().is_none_or(|(before, _)| state.0.starts_with(before)) {
            true => states.push(state),
            false => journals.push(vec![state]),
        }
    }
    journals
}

#[test]
fn a_file_cut_anywhere_says_what_it_said_then() {
    let (mut cuts, mut refused) = (0, 0);
    for (name, script) in scripts() {
        for states in journals_of(&script) {
            let (bytes, _) = states.last().expect("a journal has a first state");
            for length in 0..bytes.len() {
                let ram = Ram::default();
                ram.put(path(), &bytes[..length]);
                let opened = open(&ram, IfMissing::Refuse).map(|(_, recovered)| recovered);
                match (opened, states.iter().rev().find(|(then, _)| then.len() <= length)) {
                    (Ok(recovered), Some((then, expected))) => {
                        assert_eq!(recovered.cut_bytes, (length - then.len()) as u64, "{name}, {length}");
                        assert_eq!(Recovered { cut_bytes: 0, ..recovered }, *expected, "{name}, {length}");
                    }
                    // What it was made with was durable before it had its name: no crash cuts that.
                    (Err(_), None) => refused += 1,
                    (opened, then) => panic!("{name}, {length}: {then:?} became {opened:?}"),
                }
                cuts += 1;
            }
        }
    }
    println!("{cuts} cuts, {refused} of them refused");
}

#[test]
fn a_flipped_byte_is_refused_but_for_the_last_group() {
    let (mut refused, mut last_lost) = (0, 0);
    for (name, script) in scripts() {
        for states in journals_of(&script) {
            let (bytes, _) = states.last().expect("a journal has a first state");
            let before = states.iter().rev().nth(1);
            for position in 0..bytes.len() {
                for mask in [1 << (position % 8), 0xff] {
                    let mut flipped = bytes.clone();
                    flipped[position] ^= mask;
                    let ram = Ram::default();
                    ram.put(path(), &flipped);
                    match (open(&ram, IfMissing::Refuse), before) {
                        (Err(_), _) => {
                            assert_eq!(ram.bytes(path()), flipped, "{name}: what is refused is left alone");
                            refused += 1;
                        }
                        // A last group that rotted looks like one that was never finished: the known hole of
                        // `recover.rs`. Then the journal says what it said before, and nothing else.
                        (Ok((_, recovered)), Some((then, expected))) if position >= then.len() => {
                            assert_eq!(
                                Recovered { cut_bytes: 0, ..recovered },
                                *expected,
                                "{name}, {position}"
                            );
                            last_lost += 1;
                        }
                        (Ok((_, recovered)), _) => {
                            panic!("{name}: a flip at {position} of {} was taken: {recovered:?}", bytes.len())
                        }
                    }
                }
            }
        }
    }
    println!("{refused} flips refused, {last_lost} within the last group took it for torn");
}

/// After a failed sync a kernel may take what it could not write for written: it is read, and a power cut loses it.
#[test]
fn what_a_failed_sync_left_behind_is_never_half_believed() {
    for (name, script) in scripts() {
        for at in 1..script.len() - 1 {
            let ram = Ram::default();
            let (mut journal, _) = open(&ram, IfMissing::Create).expect("begins");
            script[..at].iter().for_each(|writes| append(&mut journal, writes).expect("appends"));
            let hole = ram.bytes(path()).len();
            ram.arm(Some((1, Fault::Eio)));
            append(&mut journal, &script[at]).expect_err("its sync fails");
            drop(journal);
            let kept = ram.bytes(path()).len();
            ram.restart();
            if kept <= hole {
                // This one rewrote the file.
                continue;
            }
            // The next process reads it, and speaks on top of it.
            let (mut journal, recovered) = open(&ram, IfMissing::Refuse).expect("it reads whole");
            assert_eq!(recovered.record.as_ref(), script[at].last().map(|it| &it.record), "{name}, {at}");
            append(&mut journal, &script[at + 1]).expect("appends");
            drop(journal);
            let mut bytes = ram.bytes(path());
            if bytes.len() < kept {
                continue;
            }
            bytes[hole..kept].fill(0);
            ram.put(path(), &bytes);
            let opened = open(&ram, IfMissing::Refuse);
            assert!(matches!(opened, Err(JournalError::Damaged { .. })), "{name}, {at}: {opened:?}");
        }
    }
}
