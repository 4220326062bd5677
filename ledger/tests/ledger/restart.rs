//! The present survives: across restarts, ahead of durability, on every node alike.

use std::sync::Arc;

use ledger::{Ledger, LedgerError, Outcome};
use proto::counter::{Height, TreeSize};
use proto::genesis::Admission;

use crate::world::{Memory, Person, World, genesis, proof};

fn reopen(world: &World) -> Ledger {
    let (ledger, change) = Ledger::open(world.store.clone(), &world.genesis).expect("our store");
    assert_eq!(change, None, "there is nothing to write");
    ledger
}

#[test]
fn a_ledger_goes_on_where_its_store_is() {
    let mut world = World::open();
    let alice = Person::new(1);
    for n in 0..300 {
        let submission = world.say(&alice, proof(n));
        world.run(&[submission]);
        if n % 50 == 0 {
            let head = world.ledger.head();
            world.finalize(head);
        }
        if n % 7 == 0 {
            let reopened = reopen(&world);
            assert_eq!(reopened.tip(), world.ledger.tip());
            assert_eq!(reopened.tip_block(), world.ledger.tip_block());
            assert_eq!(reopened.certified(), world.ledger.certified());
            world.ledger = reopened;
        }
    }
    assert_eq!(world.ledger.head().size, TreeSize::new(602));
    let numbers: Vec<u64> =
        world.reader().notices(0, 1_000).expect("readable").iter().map(|it| it.sequence).collect();
    assert_eq!(numbers, (1..=306).collect::<Vec<_>>(), "no gap, nothing twice");
}

#[test]
fn two_nodes_that_apply_the_same_blocks_are_the_same() {
    let (mut one, mut two) = (World::open(), World::open());
    let (alice, bob) = (Person::new(1), Person::new(2));
    let create = one.create(&alice, &alice.did, &[&alice]);
    let wrong = one.say(&bob.speaking_as(&alice.did), proof(1));
    let rotate = one.rotate(&alice, alice.key(), &bob);
    let good = one.say(&bob.speaking_as(&alice.did), proof(2));
    for submissions in [vec![create, wrong], vec![], vec![rotate, good]] {
        let batches = if submissions.is_empty() { vec![] } else { vec![one.pack(&submissions)] };
        let committed = one.next_block(batches);
        let expected = one.ledger.apply(committed.clone()).expect("the next block");
        assert_eq!(two.ledger.apply(committed), Ok(expected.clone()));
        assert_eq!(one.ledger.tip(), two.ledger.tip());
        one.store.commit(&expected.change);
        two.store.commit(&expected.change);
        // One forgets and reads it all back, two remembers.
        one.ledger = reopen(&one);
    }
    assert_eq!(one.store.content(), two.store.content());
}

#[test]
fn heights_are_applied_before_older_ones_are_durable() {
    let mut world = World::open();
    let alice = Person::new(1);
    let second = Person::new(2).speaking_as(&alice.did);
    let create = world.create(&alice, &alice.did, &[&alice]);
    let add = world.add(&alice, &second);
    let uses = world.say(&second, proof(1));
    for submission in [&create, &add, &uses] {
        let applied = world.apply(&[std::slice::from_ref(submission)]);
        assert!(matches!(applied.outcomes[..], [(_, Outcome::Committed { .. })]));
    }
    // Duplicates too are known before their first is durable.
    assert!(world.apply(&[std::slice::from_ref(&uses)]).outcomes.is_empty());
    assert_eq!(world.ledger.waiting(), 4);
    assert_eq!(world.reader().by_id(&create.id()), Ok(None), "readers see what is durable");
    assert_eq!(world.reader().tip().map(|tip| tip.map(|tip| tip.height)), Ok(Some(Height::ZERO)));
    assert_eq!(world.ledger.head_at(world.ledger.head().size), Ok(Some(world.ledger.head())));

    let before = *world.ledger.tip();
    let (first, change) = world.waiting.remove(0);
    world.store.commit(&change);
    world.ledger.durable(first);
    assert_eq!(world.ledger.waiting(), 3);
    assert!(matches!(world.reader().by_id(&create.id()), Ok(Some(Outcome::Committed { .. }))));
    assert!(matches!(world.ledger.outcome(&uses.id()), Ok(Some(Outcome::Committed { .. }))));
    world.settle();
    assert_eq!((world.ledger.waiting(), *world.ledger.tip()), (0, before));
    assert_eq!(reopen(&world).tip(), &before);
}

#[test]
fn what_was_not_durable_is_applied_again_alike() {
    let mut world = World::open();
    let alice = Person::new(1);
    let submission = world.say(&alice, proof(1));
    world.run(&[submission]);
    let lost: Vec<_> = (2..5).map(|n| world.say(&alice, proof(n))).collect();
    let committed = world.next_block(vec![world.pack(&lost)]);
    let applied = world.ledger.apply(committed.clone()).expect("the next block");
    // The change never reached the store; the process starts anew.
    let mut restarted = reopen(&world);
    assert_eq!(restarted.tip().height, Height::new(1));
    assert_eq!(restarted.apply(committed), Ok(applied));
}

#[test]
fn another_networks_store_is_refused() {
    let world = World::open();
    let other = genesis(Admission::Registered, &[&Person::new(9)]);
    let refused = Ledger::open(world.store.clone(), &other).map(|_| ());
    let (found, expected) = (world.network(), other.network());
    assert_eq!(refused, Err(LedgerError::OtherNetwork { found, expected }));
    let text = LedgerError::OtherNetwork { found, expected }.to_string();
    assert!(text.contains(&found.to_string()) && text.contains(&expected.to_string()), "{text}");
}

#[test]
fn a_store_that_does_not_hold_together_is_refused() {
    let mut world = World::open();
    let alice = Person::new(1);
    let submission = world.say(&alice, proof(1));
    world.run(&[submission]);
    use ledger::change::Table;
    let height = 1_u64.to_be_bytes().to_vec();
    let tile = vec![0; 9];
    for (table, key) in
        [(Table::Tiles, tile.clone()), (Table::Blocks, height.clone()), (Table::Meta, b"tip".to_vec())]
    {
        let mut content = world.store.content();
        assert!(content.remove(&(table, key)).is_some(), "{table:?}");
        let refused = Ledger::open(Memory::of(content), &world.genesis).map(|_| ());
        assert!(matches!(refused, Err(LedgerError::Read(_))), "{table:?}: {refused:?}");
    }
    // A hash of the log, and another height's block in the place of the tip's.
    let mut content = world.store.content();
    content.get_mut(&(Table::Tiles, tile)).expect("the first tile")[40] ^= 1;
    assert!(Ledger::open(Memory::of(content), &world.genesis).is_err());
    let mut content = world.store.content();
    let first = content[&(Table::Blocks, 0_u64.to_be_bytes().to_vec())].clone();
    content.insert((Table::Blocks, height), first);
    assert!(Ledger::open(Memory::of(content), &world.genesis).is_err());
    let empty = Arc::new(Memory::default());
    let begun = Ledger::open(empty, &world.genesis).expect("an empty store");
    assert!(begun.1.is_some());
}
