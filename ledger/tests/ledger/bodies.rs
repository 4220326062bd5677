//! A stored block comes back whole, though what its leaves hold is not stored twice.

use ledger::change::Table;
use ledger::read::ReadError;
use ledger::{Committed, LedgerReader};
use proto::block::CertifiedBlock;
use proto::canonical::Canonical as _;
use proto::counter::{Height, TimeMs};
use proto::verified::Verified;

use crate::world::{Content, Memory, Person, World, proof};

/// A world whose second block accepts, refuses and skips, in two batches.
fn mixed() -> (World, CertifiedBlock) {
    let mut world = World::open();
    let alice = Person::new(1);
    let done = world.say(&alice, proof(1));
    world.run(std::slice::from_ref(&done));
    let first = [world.say(&alice, proof(2)), world.say_until(&alice, proof(3), Some(TimeMs::new(1)))];
    let second = [done, world.say(&alice, proof(4)), world.say(&alice, proof(5))];
    let committed = world.next_block(vec![world.pack(&first), world.pack(&second)]);
    let Committed { block, justify, batches } = committed.clone();
    let batches = batches.into_iter().map(Verified::into_inner).collect();
    let applied = world.ledger.apply(committed).expect("the next block");
    assert_eq!(applied.outcomes.len(), 4, "one was decided before");
    world.waiting.push((applied.height, applied.change));
    (world, CertifiedBlock { block, justify, batches })
}

fn key(height: u64) -> (Table, Vec<u8>) {
    (Table::Blocks, height.to_be_bytes().to_vec())
}

#[test]
fn it_comes_back_whole_and_is_stored_once() {
    let (mut world, expected) = mixed();
    let height = Height::new(2);
    assert_eq!(world.ledger.block(height), Ok(Some(expected.clone())), "not durable yet");
    world.settle();
    assert_eq!(world.reader().block(height), Ok(Some(expected.clone())));

    let content = world.store.content();
    let envelopes = |batch: usize| expected.batches[batch].submissions.iter().map(|it| it.bytes());
    let stored = &content[&key(2)];
    let holds = |envelope: &[u8]| stored.windows(envelope.len()).any(|window| window == envelope);
    let found: Vec<bool> = envelopes(0).chain(envelopes(1)).map(|envelope| holds(envelope)).collect();
    assert_eq!(found, [false, true, true, false, false], "what became no leaf, and nothing else");
}

#[test]
fn what_stood_there_before_is_still_read() {
    let (mut world, expected) = mixed();
    world.settle();
    let mut content = world.store.content();
    content.insert(key(2), expected.encode());
    let reader = LedgerReader::new(Memory::of(content));
    assert_eq!(reader.block(Height::new(2)), Ok(Some(expected)));
}

#[test]
fn a_block_and_leaves_that_do_not_fit_are_damage() {
    let (mut world, _) = mixed();
    world.settle();
    let content = world.store.content();
    let read = |content: Content| LedgerReader::new(Memory::of(content)).block(Height::new(2));
    let leaves = |from: u64| (Table::Leaves, from.to_be_bytes().to_vec());

    // Genesis has two leaves, the first block two; so the second begins at 4.
    let mut gone = content.clone();
    gone.remove(&leaves(4)).expect("the leaves of the second block");
    let mut others = content.clone();
    others.insert(leaves(4), content[&leaves(2)].clone());
    let stored = &content[&key(2)];
    let mut spoiled = vec![gone, others];
    for bytes in [&stored[..stored.len() - 1], &[&stored[..], &[1]].concat(), b"", &[2], &[0x0a]] {
        let mut content = content.clone();
        content.insert(key(2), bytes.to_vec());
        spoiled.push(content);
    }
    for content in spoiled {
        let found = read(content);
        assert!(matches!(found, Err(ReadError::Damaged { .. })), "{found:?}");
    }
}
