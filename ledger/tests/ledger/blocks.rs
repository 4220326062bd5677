//! Blocks in order, submissions once, leaves for what was accepted and for nothing else.

use ledger::batch::BatchesError;
use ledger::{Event, LedgerError, Outcome, batch_id, batch_ref};
use proto::batch::BatchRef;
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, Height, LeafIndex, TimeMs};
use proto::domain::Domain;
use proto::entry::{ENTRY_BYTES_MAX, Entry, EpochEntry, GenesisEntry, SubmissionEntry};
use proto::genesis::Admission;
use proto::id::{BatchId, BlockId};
use proto::operation::{Operation, PREDICATE_BYTES_MAX};
use proto::policy::Policy;
use proto::submission::Submission;

use crate::world::{Person, START, STEP_MS, World, digest, genesis, ids, indexes, proof};

#[test]
fn genesis_writes_two_leaves() {
    let world = World::open();
    let tip = *world.ledger.tip();
    assert_eq!((tip.height, tip.head.size.get(), tip.time), (Height::ZERO, 2, START));
    let reader = world.reader();
    assert_eq!(reader.tip(), Ok(Some(tip)));
    let leaf = |index| reader.entry(LeafIndex::new(index)).expect("readable");
    let (network, origin) = (world.network(), world.genesis.origin.clone());
    let begun = Entry::Genesis(GenesisEntry { network, origin });
    assert_eq!(leaf(0).map(|(_, entry)| entry), Some(begun));
    let set = world.genesis.validator_set();
    let policy = Policy::of(&set).expect("equal powers").to_string();
    let reign = Entry::Epoch(EpochEntry {
        epoch: Epoch::ZERO,
        height: Height::ZERO,
        validators: set.digest(),
        policy: crypto::sha256(policy.as_bytes()),
    });
    assert_eq!(leaf(1).map(|(_, entry)| entry), Some(reign));
    assert_eq!(leaf(2), None);
    assert_eq!(reader.block(Height::ZERO).expect("readable").map(|it| it.block), Some(world.genesis.block()));
}

#[test]
fn a_block_appends_what_it_accepted_and_then_itself() {
    let mut world = World::open();
    let alice = Person::new(1);
    let (a, b) = (world.say(&alice, proof(1)), world.say(&alice, proof(2)));
    let applied = world.run(&[a.clone(), b.clone()]);
    assert_eq!(indexes(&applied), [2, 3]);
    assert_eq!(applied.head, Some(world.ledger.head()));
    assert_eq!(world.ledger.head().size.get(), 5);

    let reader = world.reader();
    let time = START.plus(STEP_MS);
    let (bytes, entry) = reader.entry(LeafIndex::new(3)).expect("readable").expect("there");
    let expected = SubmissionEntry { height: Height::new(1), time, submission: b.clone() };
    assert_eq!(entry, Entry::Submission(Box::new(expected)));
    assert_eq!(entry.encode(), bytes);
    let Some((_, Entry::Block(block))) = reader.entry(LeafIndex::new(4)).expect("readable") else {
        panic!("the last leaf is the block's");
    };
    assert_eq!((block.accepted, block.rejected), (2, 0));
    assert_eq!(block.batches, vec![batch_ref(&world.pack(&[a.clone(), b]))]);
    assert_eq!(block.state, world.ledger.state_digest());
    assert_eq!(block.rejections, Domain::Rejections.digest(&[]));
    let index = LeafIndex::new(2);
    let outcome = Outcome::Committed { height: Height::new(1), index, time };
    assert_eq!(reader.by_id(&a.id()), Ok(Some(outcome.clone())));
    assert_eq!(world.ledger.outcome(&a.id()), Ok(Some(outcome)));
}

#[test]
fn the_same_submission_is_executed_once() {
    let mut world = World::open();
    let alice = Person::new(1);
    let (a, b) = (world.say(&alice, proof(1)), world.say(&alice, proof(2)));
    // Twice in one block, in two batches; then again with something new.
    let first = world.apply(&[std::slice::from_ref(&a), &[a.clone(), b.clone()]]);
    assert_eq!(first.outcomes.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ids(&[a.clone(), b.clone()]));
    assert_eq!(indexes(&first), [2, 3]);
    world.settle();
    let answer = world.ledger.outcome(&a.id());
    let second = world.run(&[b, a.clone()]);
    assert_eq!((second.outcomes.len(), indexes(&second).len()), (0, 0));
    assert_eq!(world.ledger.outcome(&a.id()), answer);
    // It still ordered something, so its own entry stands in the log.
    assert_eq!(second.head.map(|head| head.size.get()), Some(6));
    let Ok(Some((_, Entry::Block(block)))) = world.reader().entry(LeafIndex::new(5)) else {
        panic!("the block's entry");
    };
    assert_eq!((block.accepted, block.rejected), (0, 0));
}

#[test]
fn a_rejected_submission_gets_no_leaf_and_the_same_answer_for_ever() {
    let mut world = World::open();
    let (alice, bob) = (Person::new(1), Person::new(2));
    // Bob registers a second key only later; what Alice's key said in his name before stays refused.
    let early = world.say(&alice.speaking_as(&bob.did), proof(1));
    let good = world.say(&bob, proof(2));
    let applied = world.run(&[early.clone(), good]);
    assert_eq!(indexes(&applied), [2]);
    let answer = world.ledger.outcome(&early.id()).expect("readable");
    assert!(
        matches!(&answer, Some(Outcome::Rejected { rejection, .. }) if rejection.code() == "key_not_of_author")
    );
    let Ok(Some((_, Entry::Block(block)))) = world.reader().entry(LeafIndex::new(3)) else {
        panic!("the block's entry");
    };
    assert_eq!((block.accepted, block.rejected), (1, 1));
    let code = b"key_not_of_author";
    let list = [early.id().as_bytes().as_slice(), &[code.len() as u8], code].concat();
    assert_eq!(block.rejections, Domain::Rejections.digest(&[&list]));

    let create = world.create(&bob, &bob.did, &[&bob, &alice]);
    assert_eq!(world.code(&create), "ok");
    assert_eq!(world.ledger.check(&world.verified(&early), world.ledger.tip().time), Ok(()));
    assert!(world.run(std::slice::from_ref(&early)).outcomes.is_empty());
    assert_eq!(world.ledger.outcome(&early.id()), Ok(answer));
    let anew = world.say(&alice.speaking_as(&bob.did), proof(1));
    assert_eq!(world.code(&anew), "ok");
}

#[test]
fn expiry_is_judged_by_block_time() {
    let mut world = World::open();
    let alice = Person::new(1);
    let next = START.plus(STEP_MS);
    let at = |ms| Some(TimeMs::new(ms));
    let on_time = world.say_until(&alice, proof(1), at(next.get() + 1));
    let late = world.say_until(&alice, proof(1), at(next.get()));
    let applied = world.run(&[on_time.clone(), late.clone()]);
    let outcome = |id| applied.outcomes.iter().find(|it| it.0 == id).map(|it| it.1.clone());
    assert!(matches!(outcome(on_time.id()), Some(Outcome::Committed { .. })));
    assert_eq!(outcome(late.id()), Some(Outcome::Expired { height: Height::new(1) }));
    // At the door, by the time the node gives.
    let door = world.say_until(&alice, proof(3), at(5));
    assert_eq!(world.ledger.check(&world.verified(&door), TimeMs::new(4)), Ok(()));
    assert!(world.ledger.check(&world.verified(&door), TimeMs::new(5)).is_err());
    assert_eq!(world.code(&door), "expired");
}

#[test]
fn another_networks_submission_is_refused() {
    let mut world = World::open();
    let alice = Person::new(1);
    let mut other = World::registered(&[&alice]);
    let foreign = other.say(&alice, proof(1));
    // A door that checked signatures for another network lets it through; the rule does not.
    let verified = other.verified(&foreign);
    let refused = world.ledger.check(&verified, START).map_err(|fault| fault.to_string());
    let expected =
        format!("it is signed for network {}, this is network {}", other.network(), world.network());
    assert_eq!(refused, Err(expected));
    let committed = world.next_block(vec![other.pack(&[foreign])]);
    let applied = world.ledger.apply(committed).expect("a rejection is no fault of the block");
    assert_eq!(indexes(&applied).len(), 0);
}

#[test]
fn a_block_that_orders_nothing_leaves_no_trace_but_itself() {
    let mut world = World::open();
    let before = *world.ledger.tip();
    let applied = world.apply(&[]);
    world.settle();
    let after = *world.ledger.tip();
    assert_eq!((applied.head, applied.outcomes.len(), applied.notices.len()), (None, 0, 0));
    assert_eq!((after.head, after.state), (before.head, before.state));
    assert_eq!(after.height, Height::new(1));
    let block =
        world.reader().block(Height::new(1)).expect("readable").expect("kept for others to fetch").block;
    assert_eq!(world.reader().height_of(&block.id()), Ok(Some(Height::new(1))));
    assert_eq!(world.ledger.block(Height::new(1)).expect("readable").map(|it| it.block), Some(block));
}

#[test]
fn heights_come_in_order_and_once() {
    let mut world = World::open();
    let alice = Person::new(1);
    let submission = world.say(&alice, proof(1));
    let good = world.next_block(vec![world.pack(&[submission])]);
    let before = *world.ledger.tip();
    let mut refuse = |change: &dyn Fn(&mut ledger::Committed)| {
        let mut bad = good.clone();
        change(&mut bad);
        let fault = world.ledger.apply(bad).expect_err("must be refused");
        assert_eq!(*world.ledger.tip(), before, "nothing has changed");
        fault
    };
    let (one, two) = (Height::new(1), Height::new(2));
    assert_eq!(refuse(&|it| it.block.height = two), LedgerError::OutOfOrder { found: two, expected: one });
    assert_eq!(
        refuse(&|it| it.block.height = Height::ZERO),
        LedgerError::OutOfOrder { found: Height::ZERO, expected: one }
    );
    let (found, expected) = (BlockId::new(digest(9)), before.block);
    let other = LedgerError::OtherParent { height: one, found, expected };
    assert_eq!(refuse(&|it| it.block.parent = found), other);
    assert_eq!(refuse(&|it| it.justify.block = found), other);
    let late = LedgerError::TimeNotLater { height: one, found: START, parent: START };
    assert_eq!(refuse(&|it| it.block.time = START), late);
    let count = LedgerError::Batches(BatchesError::Count { named: 1, found: 0 });
    assert_eq!(refuse(&|it| it.batches.clear()), count);

    world.ledger.apply(good.clone()).expect("the next block");
    assert_eq!(world.ledger.apply(good), Err(LedgerError::OutOfOrder { found: one, expected: two }));
}

#[test]
fn bodies_must_be_the_batches_named() {
    let mut world = World::open();
    let alice = Person::new(1);
    let submissions: Vec<Submission> = (0..3).map(|n| world.say(&alice, proof(n))).collect();
    let batch = world.pack(&submissions);
    let block = world.next_block(vec![batch.clone()]).block;
    assert_eq!(ledger::check_batches(&block, &[batch.clone().into_inner()]), Ok(()));

    let named = Box::new(batch_ref(&batch));
    let swapped = world.pack(&[submissions[1].clone(), submissions[0].clone(), submissions[2].clone()]);
    let fewer = world.pack(&submissions[..2]);
    for other in [swapped, fewer] {
        let found = Box::new(batch_ref(&other));
        let refused = ledger::check_batches(&block, &[other.into_inner()]);
        assert_eq!(refused, Err(BatchesError::Other { position: 0, named: named.clone(), found }));
    }
    for change in [|it: &mut BatchRef| it.count += 1, |it: &mut BatchRef| it.bytes += 1] {
        let mut block = block.clone();
        change(&mut block.batches[0]);
        assert!(ledger::check_batches(&block, &[batch.clone().into_inner()]).is_err());
    }
}

#[test]
fn what_could_not_be_read_back_is_not_applied() {
    let mut world = World::open();
    let alice = Person::new(1);
    let submissions: Vec<Submission> = (0..3).map(|n| world.say(&alice, proof(n))).collect();
    let batch = world.pack(&submissions);
    let large = Operation::AttestationIssue {
        subject: "s".to_owned(),
        predicate_type: "t".to_owned(),
        predicate: vec![0; PREDICATE_BYTES_MAX],
        content: None,
        expires_at_ms: None,
    };
    let heavy: Vec<_> = (0..16).map(|_| world.say(&alice, large.clone())).collect();
    let bytes = world.pack(&heavy).content_bytes();
    let one = world.pack(&submissions[..1]);
    let again = vec![submissions[1].clone(), submissions[0].clone(), submissions[1].clone()];
    let cases = [
        (vec![batch.clone(), world.pack(&[])], BatchesError::Size { position: 1, count: 0, bytes: 0 }),
        (vec![world.pack(&heavy)], BatchesError::Size { position: 0, count: 16, bytes }),
        (vec![world.pack(&again)], BatchesError::Repeated { position: 0, id: submissions[1].id() }),
        (vec![batch.clone(), one.clone(), batch], BatchesError::Twice { position: 2 }),
        (vec![one; 65], BatchesError::TooMany { found: 65, max: 64 }),
        (vec![world.pack(&heavy); 7], BatchesError::TooLarge { found: 7 * bytes, max: 3 << 20 }),
    ];
    for (batches, fault) in cases {
        let committed = world.next_block(batches);
        assert_eq!(world.ledger.apply(committed), Err(LedgerError::Batches(fault)));
    }
}

#[test]
fn a_batch_is_named_by_the_root_over_its_ids() {
    let mut world = World::open();
    let alice = Person::new(1);
    let submissions: Vec<Submission> = (0..3).map(|n| world.say(&alice, proof(n))).collect();
    let batch = world.pack(&submissions);
    let leaf: Vec<_> = submissions.iter().map(|it| merkle::leaf_hash(it.id().as_bytes())).collect();
    let root = merkle::node_hash(&merkle::node_hash(&leaf[0], &leaf[1]), &leaf[2]);
    assert_eq!(batch_id(&batch), BatchId::new(root));
    let bytes: usize = submissions.iter().map(|it| it.bytes().len()).sum();
    assert_eq!((batch_ref(&batch).count, batch_ref(&batch).bytes as usize), (3, bytes));
}

#[test]
fn the_largest_submission_fits_a_leaf() {
    let overhead = ENTRY_BYTES_MAX - Submission::BYTES_MAX;
    let mut world = World::open();
    let submission = world.say(&Person::new(1), proof(1));
    let length = submission.bytes().len();
    let entry = Entry::Submission(Box::new(SubmissionEntry {
        height: Height::new(u64::MAX),
        time: TimeMs::new(u64::MAX),
        submission,
    }));
    // Lengths take two bytes more each when the envelope is at its largest.
    assert!(entry.encode().len() + 4 - length <= overhead);
}

#[test]
fn a_genesis_that_does_not_hold_begins_no_ledger() {
    let mut spoiled = genesis(Admission::Open, &[]);
    let store = std::sync::Arc::new(crate::world::Memory::default());
    spoiled.validators[0].power = 5;
    let refused = ledger::Ledger::open(store.clone(), &spoiled).map(|_| ());
    assert!(matches!(refused, Err(LedgerError::Policy(_))), "{refused:?}");
    spoiled.origin = "https://no.scheme".to_owned();
    let refused = ledger::Ledger::open(store, &spoiled).map(|_| ());
    assert!(matches!(refused, Err(LedgerError::Genesis(_))), "{refused:?}");
}

#[test]
fn notices_tell_each_block_that_ordered_something() {
    let mut world = World::open();
    let alice = Person::new(1);
    let a = world.say(&alice, proof(1));
    let first = world.run(std::slice::from_ref(&a));
    world.apply(&[]);
    world.settle();
    let b = world.say(&alice, proof(2));
    let third = world.run(&[b]);
    let numbers: Vec<u64> =
        [&first, &third].iter().flat_map(|it| &it.notices).map(|it| it.sequence).collect();
    assert_eq!(numbers, [1, 2]);
    let event = Event::Committed {
        height: Height::new(1),
        first_index: LeafIndex::new(2),
        outcomes: first.outcomes.clone(),
    };
    assert_eq!(first.notices[0].event, event);
    let all = world.reader().notices(0, 10).expect("readable");
    assert_eq!(all, [first.notices, third.notices].concat());
    assert_eq!(world.reader().notices(2, 10).expect("readable"), all[1..]);
    assert_eq!(world.reader().notices(0, 1).expect("readable"), all[..1]);
}
