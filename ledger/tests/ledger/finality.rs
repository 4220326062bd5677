//! From signatures under a head to a certified checkpoint.

use std::sync::Arc;

use ledger::checkpoint::CertifyError;
use ledger::collector::{Collector, Divergence};
use ledger::{Event, TwoRoots, TwoRootsError};
use proto::checkpoint::{Cosignature, Head};
use proto::counter::{LeafIndex, TreeSize};
use proto::id::ValidatorIndex;
use proto::validators::ValidatorSet;
use proto::verified::{Strict, Verified};

use crate::world::{Lenient, Person, World, digest, proof};

fn world_of(heights: u64) -> (World, Vec<Head>) {
    let mut world = World::open();
    let alice = Person::new(1);
    let mut heads = vec![world.ledger.head()];
    for n in 0..heights {
        let submission = world.say(&alice, proof(n));
        heads.extend(world.run(&[submission]).head);
    }
    (world, heads)
}

fn collector(world: &World) -> Collector {
    Collector::new(Arc::new(world.genesis.validator_set()), TreeSize::ZERO)
}

#[test]
fn a_quorum_over_our_head_certifies_it() {
    let (mut world, heads) = world_of(1);
    let head = heads[1];
    let mut collector = collector(&world);
    // One signature comes before we have the head, one comes twice.
    assert_eq!(collector.add(world.cosign(3, head, 10)), Ok(()));
    assert_eq!(collector.head(head), []);
    for signer in [0, 0] {
        assert_eq!(collector.add(world.cosign(signer, head, 20)), Ok(()));
        assert_eq!(collector.quorum(head.size), None, "two of four are no quorum");
    }
    assert_eq!(collector.add(world.cosign(1, head, 30)), Ok(()));
    let certified = collector.quorum(head.size).expect("three of four are a quorum");
    let signers: Vec<u16> = certified.cosignatures.iter().map(|part| part.signer.get()).collect();
    assert_eq!(signers, [0, 1, 3]);

    let finality = world.ledger.certify(&certified).expect("our head").expect("the first one");
    assert_eq!(finality.notice.event, Event::Finalized { size: head.size, root: head.root });
    assert_eq!(finality.notice.sequence, 2, "the block's was the first");
    assert_eq!(world.ledger.certified(), head.size);
    world.store.commit(&finality.change);
    assert_eq!(world.reader().checkpoint_latest(), Ok(Some(certified.into_inner())));
    assert_eq!(world.reader().notices(2, 9), Ok(vec![finality.notice]));
    collector.certified(head.size);
    assert_eq!(collector.quorum(head.size), None, "needs no gathering any more");
}

#[test]
fn another_root_is_evidence_and_no_vote() {
    let (world, heads) = world_of(1);
    let ours = heads[1];
    let other = Head { root: digest(66), ..ours };
    let mut collector = collector(&world);
    let early = world.cosign(0, other, 1);
    assert_eq!(collector.add(early.clone()), Ok(()), "nothing to compare with yet");
    let second = world.cosign(0, ours, 2);
    let twice = Divergence::FromItself {
        first: Box::new(early.clone().into_inner()),
        second: Box::new(second.clone().into_inner()),
    };
    assert_eq!(collector.add(second), Err(twice));
    let from_us = |part: &Verified<Cosignature>| Divergence::FromUs {
        ours,
        theirs: Box::new(part.clone().into_inner()),
    };
    assert_eq!(collector.head(ours), [from_us(&early)]);
    let late = world.cosign(1, other, 3);
    assert_eq!(collector.add(late.clone()), Err(from_us(&late)));
    for signer in [2, 3] {
        assert_eq!(collector.add(world.cosign(signer, ours, 4)), Ok(()));
        assert_eq!(collector.quorum(ours.size), None);
    }
    let text = from_us(&late).to_string();
    assert!(text.contains(&ours.root.to_string()) && text.contains(&other.root.to_string()), "{text}");
}

#[test]
fn two_roots_convict_only_whom_signed_both() {
    let (world, heads) = world_of(1);
    let ours = heads[1];
    let other = Head { root: digest(66), ..ours };
    let set = world.genesis.validator_set();
    let pair = |first: Verified<Cosignature>, second: Verified<Cosignature>| {
        TwoRoots(Box::new([first.into_inner(), second.into_inner()])).verify(&set, &Lenient)
    };
    assert_eq!(pair(world.cosign(1, ours, 1), world.cosign(1, other, 2)), Ok(()));
    assert_eq!(pair(world.cosign(1, ours, 1), world.cosign(1, ours, 2)), Err(TwoRootsError::Same));
    let (first, second) = (ValidatorIndex::new(1), ValidatorIndex::new(2));
    assert_eq!(
        pair(world.cosign(1, ours, 1), world.cosign(2, other, 1)),
        Err(TwoRootsError::TwoAuthors { first, second })
    );
    let larger = Head { size: TreeSize::new(ours.size.get() + 1), ..other };
    assert_eq!(
        pair(world.cosign(1, ours, 1), world.cosign(1, larger, 1)),
        Err(TwoRootsError::TwoSizes { first: ours.size, second: larger.size })
    );
    // Nobody signed these really.
    let forged = [world.cosign(1, ours, 1).into_inner(), world.cosign(1, other, 2).into_inner()];
    let forged = TwoRoots(Box::new(forged)).verify(&set, &Strict);
    assert!(matches!(forged, Err(TwoRootsError::Cosignature(_))), "{forged:?}");
}

#[test]
fn who_signed_our_root_and_then_another_convicts_itself() {
    let (world, heads) = world_of(1);
    let ours = heads[1];
    let mut collector = collector(&world);
    assert_eq!(collector.head(ours), []);
    assert_eq!(collector.add(world.cosign(1, ours, 1)), Ok(()));
    let second = world.cosign(1, Head { root: digest(66), ..ours }, 2);
    assert!(matches!(collector.add(second), Err(Divergence::FromItself { .. })));
}

#[test]
fn a_quorum_counts_power_not_heads() {
    let (world, heads) = world_of(1);
    let mut validators = world.genesis.validators.clone();
    validators[0].power = 7;
    let (network, opening) = (world.network(), world.genesis.validator_set().opening());
    let origin = world.genesis.origin.clone();
    let epoch = proto::counter::Epoch::ZERO;
    let set = ValidatorSet::new(network, origin, epoch, opening, validators).expect("a set");
    let mut collector = Collector::new(Arc::new(set), TreeSize::ZERO);
    collector.head(heads[1]);
    for signer in [1, 2, 3] {
        assert_eq!(collector.add(world.cosign(signer, heads[1], 1)), Ok(()));
    }
    assert_eq!(collector.quorum(heads[1].size), None, "3 of 10");
    assert_eq!(collector.add(world.cosign(0, heads[1], 1)), Ok(()));
    assert!(collector.quorum(heads[1].size).is_some());
}

#[test]
fn one_signer_crowds_out_only_itself() {
    let (world, heads) = world_of(1);
    let head = heads[1];
    let mut collector = collector(&world);
    for signer in [0, 1, 3] {
        assert_eq!(collector.add(world.cosign(signer, head, 1)), Ok(()));
    }
    let far = |n: u64| Head { size: TreeSize::new(1_000_000 + n), root: digest(1) };
    for n in 0..1_000 {
        assert_eq!(collector.add(world.cosign(3, far(n), 1)), Ok(()));
    }
    collector.head(head);
    assert_eq!(collector.quorum(head.size), None, "validator 3 gave its own signature up");
    assert_eq!(collector.add(world.cosign(2, head, 1)), Ok(()));
    assert!(collector.quorum(head.size).is_some());
    let text = format!("{collector:?}");
    assert_eq!(text.matches("root: 4bf5122f3445").count(), 64, "bounded");
}

#[test]
fn only_our_own_heads_are_certified_and_only_upward() {
    let (mut world, heads) = world_of(3);
    let set = world.genesis.validator_set();
    let certify = |world: &World, head: Head| {
        let parts = (1..4).map(|signer| world.cosign(signer, head, 9)).collect();
        Verified::certify(&set, head, parts).expect("a quorum")
    };
    let own = world.ledger.head().size;
    let ahead = Head { size: own.next(), root: digest(1) };
    let refused = world.ledger.certify(&certify(&world, ahead)).expect_err("not ours yet");
    assert_eq!(refused, CertifyError::Ahead { size: ahead.size, own });
    assert!(!refused.is_permanent());

    let other = certify(&world, Head { root: digest(2), ..heads[1] });
    let refused = world.ledger.certify(&other).expect_err("not ours");
    let theirs = Box::new(other.into_inner());
    assert_eq!(refused, CertifyError::Diverged { ours: heads[1], theirs });
    assert!(refused.is_permanent());

    world.finalize(heads[2]);
    for head in [heads[1], heads[2]] {
        assert_eq!(world.ledger.certify(&certify(&world, head)), Ok(None));
    }
    assert_eq!(world.reader().checkpoint_at(heads[1].size), Ok(None));
    let reader = world.reader();
    let covering = |index| reader.checkpoint_covering(LeafIndex::new(index)).expect("readable");
    assert_eq!(covering(0).map(|it| it.head), Some(heads[2]));
    assert_eq!(covering(heads[2].size.get()), None);
    world.finalize(heads[3]);
    assert_eq!(covering(0).map(|it| it.head), Some(heads[2]), "what covers a leaf does not change");
    assert_eq!(covering(heads[2].size.get()).map(|it| it.head), Some(heads[3]));
}
