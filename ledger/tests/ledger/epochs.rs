//! Validators that come and go: who may say so, when it acts, and who signs what.

use std::sync::Arc;

use crypto::{Scheme, Signature};
use ledger::checkpoint::CertifyError;
use ledger::{Ledger, LedgerError};
use proto::block::{Block, Handover};
use proto::canonical::Canonical as _;
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, Head};
use proto::counter::{Epoch, Height, LeafIndex, TreeSize};
use proto::entry::Entry;
use proto::genesis::Admission;
use proto::id::ValidatorIndex;
use proto::message::Kind;
use proto::operation::{Approval, Membership, Operation, approval_bytes, membership_possession_bytes};
use proto::policy::Policy;
use proto::submission::Submission;
use proto::validators::{Validator, ValidatorSet};
use proto::verified::{Unverified, Verified};

use crate::world::{Lenient, Memory, Person, World, genesis, proof, validator, validator_secret};

const NOW: Epoch = Epoch::ZERO;

fn consent(n: u8, message: &[u8]) -> Signature {
    validator_secret(Scheme::Ed25519, 0, n).sign(message)
}

/// `approvers` are validators by their number, which is their index as long as nobody has left.
fn approvals(world: &World, epoch: Epoch, change: &Membership, approvers: &[u8]) -> Vec<Approval> {
    let message = approval_bytes(&world.network(), epoch, change);
    let approval =
        |n: &u8| Approval { approver: ValidatorIndex::new(u16::from(*n)), signature: consent(*n, &message) };
    approvers.iter().map(approval).collect()
}

fn join(world: &mut World, epoch: Epoch, it: Validator, approvers: &[u8]) -> Submission {
    let approvals = approvals(world, epoch, &Membership::Join(Box::new(it.clone())), approvers);
    let number = it.name[1..].parse().expect("named by its number");
    let possession = consent(number, &membership_possession_bytes(&world.network(), epoch, &it));
    let validator = Box::new(it);
    world.say(&Person::new(1), Operation::ValidatorJoin { epoch, validator, possession, approvals })
}

fn leave(world: &mut World, epoch: Epoch, name: &str, approvers: &[u8]) -> Submission {
    let approvals = approvals(world, epoch, &Membership::Leave(name.to_owned()), approvers);
    world.say(&Person::new(1), Operation::ValidatorLeave { epoch, name: name.to_owned(), approvals })
}

/// Applies a block that closes the epoch as this says, and makes it durable.
fn close(
    world: &mut World,
    handover: Handover,
    submissions: &[Submission],
) -> Result<ledger::Applied, LedgerError> {
    let batches = if submissions.is_empty() { Vec::new() } else { vec![world.pack(submissions)] };
    let mut committed = world.next_block(batches);
    committed.block.handover = Some(handover);
    let applied = world.ledger.apply(committed)?;
    world.waiting.push((applied.height, applied.change.clone()));
    world.settle();
    Ok(applied)
}

/// Hands over as of the last height.
pub fn hand_over(world: &mut World) -> ledger::Applied {
    let handover = world.ledger.handover(world.ledger.tip().height).expect("a change waits");
    close(world, handover, &[]).expect("as our ledger says")
}

fn names(world: &World) -> Vec<String> {
    world.ledger.reign().validators.get().iter().map(|it| it.name.clone()).collect()
}

#[test]
fn a_quorum_of_the_reigning_validators_decides() {
    type Case = (&'static str, fn(&mut World) -> Submission);
    let cases: &[Case] = &[
        ("ok", |world| join(world, NOW, validator(4), &[0, 1, 2])),
        ("ok", |world| join(world, NOW, validator(5), &[3, 1, 0, 2])),
        ("ok", |world| leave(world, NOW, "v2", &[0, 1, 3])),
        ("too_few_approvals", |world| join(world, NOW, validator(6), &[0, 1])),
        ("too_few_approvals", |world| leave(world, NOW, "v3", &[])),
        ("approver_twice", |world| leave(world, NOW, "v3", &[0, 1, 1])),
        ("unknown_approver", |world| leave(world, NOW, "v3", &[0, 1, 4])),
        ("wrong_epoch", |world| leave(world, Epoch::new(1), "v3", &[0, 1, 2])),
        ("unknown_validator", |world| leave(world, NOW, "v2", &[0, 1, 2])),
        ("unknown_validator", |world| leave(world, NOW, "nobody", &[0, 1, 2])),
        ("validator_name", |world| {
            let it = Validator { name: "v0".to_owned(), ..validator(6) };
            join(world, NOW, it, &[0, 1, 2])
        }),
        ("validator_name", |world| join(world, NOW, validator(4), &[0, 1, 2])),
        ("validator_key", |world| {
            let it = Validator { log: validator(1).network, ..validator(6) };
            join(world, NOW, it, &[0, 1, 2])
        }),
        ("validator_power", |world| join(world, NOW, Validator { power: 0, ..validator(6) }, &[0, 1, 2])),
        ("validator_policy", |world| join(world, NOW, Validator { power: 9, ..validator(6) }, &[0, 1, 2])),
        ("validator_policy", |world| {
            let approvals = |world: &World, it: &Validator| {
                approvals(world, NOW, &Membership::Join(Box::new(it.clone())), &[0, 1, 2])
            };
            let it = Validator { name: "validators".to_owned(), ..validator(6) };
            let possession = consent(6, &membership_possession_bytes(&world.network(), NOW, &it));
            let approvals = approvals(world, &it);
            let validator = Box::new(it);
            world.say(
                &Person::new(1),
                Operation::ValidatorJoin { epoch: NOW, validator, possession, approvals },
            )
        }),
        ("approval_signature", |world| {
            // Approved was another one.
            let approvals = approvals(world, NOW, &Membership::Leave("v1".to_owned()), &[0, 1, 2]);
            world.say(
                &Person::new(1),
                Operation::ValidatorLeave { epoch: NOW, name: "v3".to_owned(), approvals },
            )
        }),
        ("approval_signature", |world| {
            // What was approved of in another epoch says nothing in this one.
            let change = Membership::Leave("v3".to_owned());
            let approvals = approvals(world, Epoch::new(1), &change, &[0, 1, 2]);
            world.say(
                &Person::new(1),
                Operation::ValidatorLeave { epoch: NOW, name: "v3".to_owned(), approvals },
            )
        }),
        ("validator_possession", |world| {
            let validator = Box::new(validator(6));
            let approvals = approvals(world, NOW, &Membership::Join(validator.clone()), &[0, 1, 2]);
            let possession = consent(5, &membership_possession_bytes(&world.network(), NOW, &validator));
            world.say(
                &Person::new(1),
                Operation::ValidatorJoin { epoch: NOW, validator, possession, approvals },
            )
        }),
        ("key_not_of_author", |world| {
            let approvals = approvals(world, NOW, &Membership::Leave("v3".to_owned()), &[0, 1, 2]);
            let stranger = Person::new(2).speaking_as(&Person::new(3).did);
            world.say(&stranger, Operation::ValidatorLeave { epoch: NOW, name: "v3".to_owned(), approvals })
        }),
    ];
    let mut world = World::open();
    for (number, (expected, make)) in cases.iter().enumerate() {
        let submission = make(&mut world);
        assert_eq!(world.code(&submission), *expected, "case {number}");
    }
    assert_eq!(names(&world), ["v0", "v1", "v2", "v3"], "nothing acts before a hand-over");
    hand_over(&mut world);
    assert_eq!(names(&world), ["v0", "v1", "v3", "v4", "v5"]);
}

#[test]
fn somebody_is_left_and_not_too_much_waits() {
    let mut world = World::open();
    for name in ["v0", "v1", "v2"] {
        let it = leave(&mut world, NOW, name, &[0, 1, 2]);
        assert_eq!(world.code(&it), "ok");
    }
    let last = leave(&mut world, NOW, "v3", &[0, 1, 2]);
    assert_eq!(world.code(&last), "validator_count");
    for n in 4..33 {
        let it = join(&mut world, NOW, validator(n), &[0, 1, 2]);
        assert_eq!(world.code(&it), "ok", "{n}");
    }
    let more = join(&mut world, NOW, validator(33), &[0, 1, 2]);
    assert_eq!(world.code(&more), "too_many_changes");
    hand_over(&mut world);
    assert_eq!(names(&world).len(), 30);
    // The next changes are up to those who reign now.
    let by_the_old = leave(&mut world, NOW, "v4", &[0, 1, 2]);
    assert_eq!(world.code(&by_the_old), "wrong_epoch");
}

#[test]
fn a_closing_block_takes_over_what_was_accepted_by_its_height_and_no_more() {
    let mut world = World::open();
    let first = join(&mut world, NOW, validator(4), &[0, 1, 2]);
    world.run(&[first]);
    let as_of = world.ledger.tip().height;
    let second = join(&mut world, NOW, validator(5), &[0, 1, 2]);
    world.run(&[second]);
    let handover = world.ledger.handover(as_of).expect("v4 waits");
    // The closing block accepts one more, and orders something.
    let third = leave(&mut world, NOW, "v0", &[1, 2, 3]);
    let said = world.say(&Person::new(1), proof(1));
    let before = world.ledger.head().size.get();
    let applied = close(&mut world, handover, &[third, said]).expect("as our ledger says");

    assert_eq!(names(&world), ["v0", "v1", "v2", "v3", "v4"]);
    let size = applied.head.expect("a head").size;
    assert_eq!(size.get(), before + 4, "two submissions, the block, the epoch");
    let (reader, reign) = (world.reader(), world.ledger.reign().clone());
    assert_eq!((reign.epoch, reign.size), (Epoch::new(1), size));
    assert_eq!((reign.opening.block, reign.opening.height), (world.ledger.tip().block, applied.height));
    assert_eq!(reader.reign(Epoch::new(1)), Ok(Some(reign.clone())));
    assert_eq!(reader.reign_latest(), Ok(Some(reign.clone())));
    assert_eq!(reader.reign(Epoch::new(2)), Ok(None));
    let (_, entry) = reader.entry(LeafIndex::new(size.get() - 1)).expect("readable").expect("a leaf");
    let Entry::Epoch(entry) = entry else { panic!("{entry:?}") };
    assert_eq!((entry.epoch, entry.height), (Epoch::new(1), applied.height));
    assert_eq!(entry.validators, handover.validators);
    let set = world.ledger.validators(Epoch::new(1)).expect("readable").expect("it reigns");
    assert_eq!(set.digest(), entry.validators);
    let policy = Policy::of(&set).expect("equal powers").to_string();
    assert_eq!(entry.policy, crypto::sha256(policy.as_bytes()));

    // What came later waits for the next hand-over, across a restart too.
    let (ledger, change) = Ledger::open(world.store.clone(), &world.genesis).expect("ours");
    assert_eq!((ledger.reign(), change), (world.ledger.reign(), None));
    world.ledger = ledger;
    assert!(world.ledger.awaits_handover());
    hand_over(&mut world);
    assert_eq!(names(&world), ["v1", "v2", "v3", "v4", "v5"]);
    assert!(!world.ledger.awaits_handover());
}

#[test]
fn a_hand_over_that_is_not_ours_is_refused() {
    let mut world = World::open();
    let it = join(&mut world, NOW, validator(4), &[0, 1, 2]);
    world.run(&[it]);
    let tip = world.ledger.tip().height;
    let good = world.ledger.handover(tip).expect("v4 waits");
    assert_eq!(world.ledger.handover(tip.next()), None, "not applied yet");
    assert_eq!(world.ledger.handover(Height::ZERO), None, "nothing was accepted so early");
    let cases = [
        ("other validators", Handover { validators: crypto::sha256(b"other"), ..good }),
        ("before anything was accepted", Handover { as_of: Height::ZERO, ..good }),
        ("as of itself", Handover { as_of: tip.next(), ..good }),
    ];
    let state = world.ledger.state_digest();
    for (name, handover) in cases {
        let refused = close(&mut world, handover, &[]).expect_err(name);
        assert!(matches!(refused, LedgerError::Handover { found, .. } if found == handover), "{refused}");
        assert_eq!((world.ledger.state_digest(), world.ledger.reign().epoch), (state, NOW), "{name}");
    }
    close(&mut world, good, &[]).expect("ours");
    assert_ne!(world.ledger.state_digest(), state, "who reigns is state");
    let again = close(&mut world, good, &[]).expect_err("nothing waits any more");
    assert!(matches!(again, LedgerError::Handover { expected: None, .. }), "{again}");
}

fn signed(world: &World, epoch: Epoch, head: Head) -> Verified<CertifiedCheckpoint> {
    let set = world.ledger.validators(epoch).expect("readable").expect("it has begun");
    certified(&set, head)
}

/// A checkpoint by all of a set, whose signatures are never checked.
fn certified(set: &ValidatorSet, head: Head) -> Verified<CertifiedCheckpoint> {
    let ed25519 = Signature::parse(Scheme::Ed25519, &[7; 64]).expect("64 bytes");
    let ml_dsa_65 = Signature::parse(Scheme::MlDsa65, &[7; 3309]).expect("3309 bytes");
    let part = |(signer, _)| {
        let (log, ed25519, ml_dsa_65) = (ed25519.clone(), ed25519.clone(), ml_dsa_65.clone());
        let epoch = set.epoch();
        let part = Cosignature { epoch, signer, head, time_s: 1_700, log, ed25519, ml_dsa_65 };
        Unverified::new(part).verify(set, &Lenient).expect("a known signer")
    };
    Verified::certify(set, head, set.iter().map(part).collect()).expect("all are a quorum")
}

#[test]
fn each_set_signs_its_own_heads_and_the_opening_comes_first() {
    let mut world = World::open();
    let it = join(&mut world, NOW, validator(4), &[0, 1, 2]);
    let early = world.run(&[it]).head.expect("a head");
    let opening = hand_over(&mut world).head.expect("a head");
    let said = world.say(&Person::new(1), proof(1));
    let late = world.run(&[said]).head.expect("a head");
    let next = Epoch::new(1);
    for (head, by) in [(early, NOW), (opening, NOW), (late, next)] {
        assert_eq!(world.ledger.epoch_of(head.size), Ok(by));
    }
    assert_eq!(world.ledger.uncertified_opening(), Ok(Some(opening.size)));
    let refused =
        |world: &mut World, by, head| world.ledger.certify(&signed(world, by, head)).expect_err("refused");
    let error = refused(&mut world, next, late);
    assert_eq!(error, CertifyError::OpeningFirst { size: late.size, opening: opening.size });
    assert!(!error.is_permanent());
    for (head, by, expected) in [(late, NOW, next), (opening, next, NOW), (early, next, NOW)] {
        let error = refused(&mut world, by, head);
        assert_eq!(error, CertifyError::OtherEpoch { size: head.size, found: Some(by), expected });
    }
    assert_eq!(world.reader().handover_receipt(next), Ok(None), "not certified yet");
    for (head, by) in [(opening, NOW), (late, next)] {
        let finality = world.ledger.certify(&signed(&world, by, head)).expect("its own").expect("larger");
        world.store.commit(&finality.change);
    }
    assert_eq!(world.ledger.uncertified_opening(), Ok(None));
    let receipt = world.reader().handover_receipt(next).expect("readable").expect("certified");
    assert_eq!((receipt.size, receipt.checkpoint.epoch()), (opening.size, Some(NOW)));
    assert_eq!(receipt.index.get(), opening.size.get() - 1, "the last leaf of the old epoch");
    assert_eq!(world.reader().handover_receipt(NOW), Ok(None), "genesis tells of it");
}

#[test]
fn a_hundred_validators_open_a_ledger_and_certify_its_head() {
    let mut large = genesis(Admission::Open, &[]);
    large.validators = (0..100).map(validator).collect();
    assert!(large.encode().len() < proto::genesis::Genesis::BYTES_MAX);
    let mut world = World::begin(large);
    let set = world.genesis.validator_set();
    let head = world.ledger.head();
    assert_eq!(head.size, TreeSize::new(2));
    for index in 0..2 {
        let (leaf, _) = world.reader().entry(LeafIndex::new(index)).expect("readable").expect("a leaf");
        assert!(leaf.len() < 200, "leaf {index} has {} bytes", leaf.len());
    }
    let checkpoint = certified(&set, head);
    let bytes = checkpoint.encode();
    assert!(bytes.len() < Kind::CertifiedCheckpoint.bytes_max(), "{} bytes", bytes.len());
    assert_eq!(CertifiedCheckpoint::decode(&bytes).as_ref(), Ok(&*checkpoint));
    checkpoint.to_note(&set).expect("a note of 300 lines");
    let finality = world.ledger.certify(&checkpoint).expect("ours").expect("the first");
    world.store.commit(&finality.change);
    let policy = Policy::of(&set).expect("equal powers").to_string();
    assert_eq!(policy.parse::<Policy>().as_ref(), Ok(&Policy::of(&set).expect("equal powers")));

    // One more is too many; one less, and the change fits an envelope with all the consents it takes.
    let all: Vec<u8> = (0..100).collect();
    let more = join(&mut world, NOW, validator(100), &all);
    assert_eq!(world.code(&more), "validator_count");
    let less = leave(&mut world, NOW, "v99", &all);
    assert!(less.bytes().len() < Submission::BYTES_MAX);
    assert_eq!(world.code(&less), "ok");
    hand_over(&mut world);
    assert_eq!(names(&world).len(), 99);
}

#[test]
fn a_replay_of_the_blocks_leads_to_the_same_reign() {
    let mut world = World::open();
    let it = join(&mut world, NOW, validator(4), &[0, 1, 2]);
    world.run(&[it]);
    hand_over(&mut world);
    let store = Arc::new(Memory::default());
    let (mut replay, change) = Ledger::open(store.clone(), &world.genesis).expect("empty");
    store.commit(&change.expect("the beginning"));
    for height in 1..=world.ledger.tip().height.get() {
        let certified = world.reader().block(Height::new(height)).expect("readable").expect("there");
        let block: Block = certified.block;
        let batches = certified
            .batches
            .into_iter()
            .map(|batch| {
                let network = world.network();
                Unverified::new(batch).verify(&network, &Lenient).expect("applied before")
            })
            .collect();
        let committed = ledger::Committed { block, justify: certified.justify, batches };
        store.commit(&replay.apply(committed).expect("the same").change);
    }
    assert_eq!((replay.tip(), replay.reign()), (world.ledger.tip(), world.ledger.reign()));
    assert_eq!(store.content().len(), world.store.content().len());
}
