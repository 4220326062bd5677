//! Batches against floods, overlaps and a list that does the same the slow way.

use std::sync::LazyLock;

use crypto::Hasher;
use proptest::prelude::*;
use proto::submission::Submission;

use super::*;
use crate::samples::{Sample, submission};

fn author(n: u16) -> ValidatorIndex {
    ValidatorIndex::new(n)
}

fn pushed(n: u16) -> Source {
    Source::Pushed { by: author(n) }
}

fn named(n: u16) -> Source {
    Source::Named { by: author(n) }
}

/// Ten submissions of about 2,300 bytes, signed once.
static SAMPLES: LazyLock<Vec<Verified<Submission>>> = LazyLock::new(|| {
    (0..10).map(|nonce| submission(Sample { nonce, bytes: 2_000, ..Sample::new("a") })).collect()
});

/// A batch with the samples at these places. Its id stands for the root that `ledger` computes: equal contents,
/// equal id.
fn batch(by: u16, picked: &[usize]) -> (BatchRef, Verified<Batch>) {
    let submissions = picked.iter().map(|i| SAMPLES[*i].clone()).collect();
    named_batch(Verified::<Submission>::pack(author(by), submissions))
}

/// A batch that differs from every other with another `n`.
fn distinct(by: u16, n: u64) -> (BatchRef, Verified<Batch>) {
    let one = submission(Sample { nonce: 1_000 + n, ..Sample::new("b") });
    named_batch(Verified::<Submission>::pack(author(by), vec![one]))
}

fn named_batch(batch: Verified<Batch>) -> (BatchRef, Verified<Batch>) {
    let mut hasher = Hasher::new();
    for submission in &batch.submissions {
        hasher.update(submission.id().as_bytes());
    }
    let id = BatchId::new(hasher.finish());
    let reference =
        BatchRef { id, count: batch.submissions.len() as u32, bytes: batch.content_bytes() as u32 };
    (reference, batch)
}

fn small() -> BatchesLimits {
    let limit = Limit { count_max: 3, bytes_max: 50_000 };
    BatchesLimits { pushed: limit, named: limit, block_bytes_max: 1 << 20 }
}

fn keep(batches: &mut Batches, (reference, batch): &(BatchRef, Verified<Batch>), source: Source) {
    let kept = batches.insert(reference.clone(), batch.clone(), source);
    assert_eq!(kept, Ok(Kept::New { dropped: Vec::new() }));
}

#[test]
fn a_batch_is_known_until_it_is_committed() {
    let mut batches = Batches::new(small());
    let one = batch(1, &[0, 1]);
    let other = batch(2, &[2]);
    assert_eq!(batches.missing(&[one.0.clone(), other.0.clone()]), [one.0.id, other.0.id]);
    keep(&mut batches, &one, pushed(1));
    assert_eq!(batches.insert(one.0.clone(), one.1.clone(), pushed(2)), Ok(Kept::AlreadyKnown));
    assert_eq!(batches.get(&one.0.id), Some(&one.1));
    assert_eq!(batches.missing(&[one.0.clone(), other.0.clone()]), [other.0.id]);
    assert!(batches.carries(&SAMPLES[1].id()) && !batches.carries(&SAMPLES[2].id()));
    // What was never here is left out of what is taken.
    assert_eq!(batches.committed(&[other.0, one.0.clone()]), [one.1]);
    assert_eq!((batches.get(&one.0.id), batches.count()), (None, 0));
    assert!(!batches.carries(&SAMPLES[1].id()));
    assert_eq!(batches.payload(&[]), []);
}

#[test]
fn who_floods_is_refused_and_nobody_else() {
    let mut batches = Batches::new(small());
    for n in 0..3 {
        keep(&mut batches, &distinct(1, n), pushed(1));
    }
    let (reference, flood) = distinct(1, 3);
    let refused = batches.insert(reference.clone(), flood.clone(), pushed(1)).expect_err("three at most");
    assert_eq!((refused.by, refused.count), (author(1), 3));
    assert!(batches.get(&reference.id).is_none());
    keep(&mut batches, &distinct(2, 4), pushed(2));
    // When a block names what was refused, it is kept all the same, and its author's own account is as before.
    keep(&mut batches, &(reference, flood), named(2));
    let first = distinct(1, 0).0;
    assert_eq!(batches.committed(&[first]).len(), 1);
    keep(&mut batches, &distinct(1, 5), pushed(1));
}

#[test]
fn bytes_are_bounded_as_well_as_batches() {
    let limit = Limit { count_max: 10, bytes_max: 20_000 };
    let mut batches = Batches::new(BatchesLimits { pushed: limit, ..small() });
    keep(&mut batches, &batch(1, &[0, 1, 2, 3]), pushed(1));
    keep(&mut batches, &batch(1, &[4, 5, 6]), pushed(1));
    let (reference, over) = batch(1, &[7, 8]);
    let refused = batches.insert(reference, over, pushed(1)).expect_err("20,000 bytes at most");
    assert_eq!((refused.count, refused.limit), (2, limit));
    keep(&mut batches, &batch(1, &[7, 8]), pushed(2));
}

#[test]
fn a_node_stops_sealing_before_others_must_refuse() {
    let limit = Limit { count_max: 2, bytes_max: 4 * Batch::BYTES_MAX };
    let mut batches = Batches::new(BatchesLimits { pushed: limit, ..small() });
    for n in 0..2 {
        assert!(batches.has_room(author(1)));
        keep(&mut batches, &distinct(1, n), pushed(1));
    }
    assert!(!batches.has_room(author(1)) && batches.has_room(author(2)));
    let tight = Limit { count_max: 9, bytes_max: Batch::BYTES_MAX };
    let mut batches = Batches::new(BatchesLimits { pushed: tight, ..small() });
    assert!(batches.has_room(author(1)));
    keep(&mut batches, &distinct(1, 0), pushed(1));
    assert!(!batches.has_room(author(1)), "the next batch may be a full one");
}

#[test]
fn a_proposer_that_names_too_much_loses_what_it_named_first() {
    let mut batches = Batches::new(small());
    keep(&mut batches, &distinct(1, 0), pushed(1));
    keep(&mut batches, &distinct(1, 1), named(2));
    for n in 2..5 {
        keep(&mut batches, &distinct(1, n), named(1));
    }
    let (reference, over) = distinct(1, 5);
    let kept = batches.insert(reference.clone(), over, named(1));
    assert_eq!(kept, Ok(Kept::New { dropped: vec![distinct(1, 2).0.id] }));
    for (n, is_known) in [(0, true), (1, true), (2, false), (3, true), (4, true), (5, true)] {
        assert_eq!(batches.get(&distinct(1, n).0.id).is_some(), is_known, "{n}");
    }
    // One that is larger than the whole limit still gets in, alone.
    let limit = Limit { count_max: 3, bytes_max: 10 };
    let mut batches = Batches::new(BatchesLimits { named: limit, ..small() });
    keep(&mut batches, &distinct(1, 0), named(1));
    let (reference, next) = distinct(1, 1);
    let dropped = vec![distinct(1, 0).0.id];
    assert_eq!(batches.insert(reference, next, named(1)), Ok(Kept::New { dropped }));
    assert_eq!(batches.count(), 1);
}

#[test]
fn a_block_takes_from_all_in_turn() {
    let mut batches = Batches::new(BatchesLimits::default());
    for n in 0..40 {
        keep(&mut batches, &distinct(1, n), pushed(1));
    }
    let quiet = [distinct(2, 100), distinct(2, 101)];
    for one in &quiet {
        keep(&mut batches, one, pushed(2));
    }
    let ids = |payload: Vec<BatchRef>| payload.into_iter().map(|r| r.id).collect::<Vec<_>>();
    let noisy = |n| distinct(1, n).0.id;
    let payload = ids(batches.payload(&[]));
    assert_eq!(payload.len(), 42);
    assert_eq!(payload[..5], [noisy(0), quiet[0].0.id, noisy(1), quiet[1].0.id, noisy(2)]);
    // What blocks before it order is not ordered again, and the rest moves up.
    let payload = ids(batches.payload(&[noisy(0), quiet[0].0.id]));
    assert_eq!(payload[..3], [noisy(1), quiet[1].0.id, noisy(2)]);
    assert_eq!(payload.len(), 40);
}

#[test]
fn a_block_is_bounded_in_batches_and_bytes() {
    let many = Limit { count_max: 500, bytes_max: 1 << 30 };
    let mut batches = Batches::new(BatchesLimits { pushed: many, ..BatchesLimits::default() });
    for n in 0..Block::BATCHES_MAX as u64 + 5 {
        // More sources than places: those that wait longest come first.
        keep(&mut batches, &distinct(n as u16, n), pushed(99 - n as u16));
    }
    let payload = batches.payload(&[]);
    let oldest: Vec<_> = (0..Block::BATCHES_MAX as u64).map(|n| distinct(n as u16, n).0).collect();
    assert_eq!(payload, oldest);

    // The three differ by a few bytes: a nonce of 0 is not written.
    let bytes = batch(1, &[0, 1]).1.content_bytes();
    for (block_bytes_max, count) in [(2 * bytes + 100, 2), (2 * bytes - 100, 1), (1, 1)] {
        let mut batches = Batches::new(BatchesLimits { block_bytes_max, ..BatchesLimits::default() });
        for picked in [[0, 1], [2, 3], [4, 5]] {
            keep(&mut batches, &batch(1, &picked), pushed(1));
        }
        assert_eq!(batches.payload(&[]).len(), count, "{block_bytes_max} bytes");
    }
}

#[test]
fn what_was_committed_through_others_is_dropped() {
    let mut batches = Batches::new(small());
    let (both, left, right) = (batch(1, &[0, 1]), batch(2, &[0, 2]), batch(3, &[1]));
    for (n, one) in [(1, &both), (2, &left), (3, &right)] {
        keep(&mut batches, one, pushed(n));
    }
    assert_eq!(batches.committed(std::slice::from_ref(&both.0)), [both.1]);
    assert!(batches.get(&right.0.id).is_none(), "all of it is committed");
    assert_eq!(batches.payload(&[]), std::slice::from_ref(&left.0));
    assert!(!batches.carries(&SAMPLES[0].id()) && batches.carries(&SAMPLES[2].id()));
    // The same when the block's bodies came from elsewhere.
    assert_eq!(batches.forget([SAMPLES[0].id(), SAMPLES[5].id()]), []);
    assert_eq!(batches.forget([SAMPLES[2].id()]), [left.0.id]);
    assert_eq!(batches.count(), 0);
}

#[derive(Clone, Debug)]
enum Step {
    Insert { by: u16, picked: BTreeSet<usize>, source: Source },
    Commit(Vec<BTreeSet<usize>>),
    Forget(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let picked = || prop::collection::btree_set(0..10_usize, 1..4);
    let source = prop_oneof![(0..3_u16).prop_map(pushed), (0..3_u16).prop_map(named)];
    let step = prop_oneof![
        6 => (0..3_u16, picked(), source).prop_map(|(by, picked, source)| Step::Insert { by, picked, source }),
        2 => prop::collection::vec(picked(), 0..3).prop_map(Step::Commit),
        1 => (0..10_usize).prop_map(Step::Forget),
    ];
    prop::collection::vec(step, 0..60)
}

fn of(picked: &BTreeSet<usize>) -> (BatchRef, Verified<Batch>) {
    batch(0, &picked.iter().copied().collect::<Vec<_>>())
}

proptest! {
    /// What is known, carried and offered is what a plain list of (contents, still open, source) has.
    #[test]
    fn like_a_list(steps in steps()) {
        let limits = small();
        let mut batches = Batches::new(limits);
        let mut list: Vec<(BTreeSet<usize>, BTreeSet<usize>, Source)> = Vec::new();
        let forget = |list: &mut Vec<(BTreeSet<usize>, BTreeSet<usize>, Source)>, gone: &BTreeSet<usize>| {
            for (_, open, _) in list.iter_mut() {
                open.retain(|i| !gone.contains(i));
            }
            list.retain(|(_, open, _)| !open.is_empty());
        };
        for step in steps {
            match step {
                Step::Insert { by, picked, source } => {
                    let (reference, _) = of(&picked);
                    let (_, body) = batch(by, &picked.iter().copied().collect::<Vec<_>>());
                    let is_known = list.iter().any(|(contents, _, _)| *contents == picked);
                    // Three batches of at most 8,000 bytes: the count binds, not the bytes.
                    let own = list.iter().filter(|(_, _, other)| *other == source).count();
                    match batches.insert(reference, body, source) {
                        Ok(Kept::AlreadyKnown) => prop_assert!(is_known),
                        Ok(Kept::New { dropped }) => {
                            prop_assert!(!is_known);
                            prop_assert_eq!(dropped.len(), usize::from(own == limits.named.count_max));
                            list.retain(|(contents, _, _)| !dropped.contains(&of(contents).0.id));
                            list.push((picked.clone(), picked, source));
                        }
                        Err(refused) => {
                            prop_assert!(!is_known && own == 3);
                            prop_assert_eq!(source, Source::Pushed { by: refused.by });
                        }
                    }
                }
                Step::Commit(named) => {
                    let references: Vec<_> = named.iter().map(|picked| of(picked).0).collect();
                    let taken = batches.committed(&references);
                    let taken: BTreeSet<_> =
                        taken.iter().flat_map(|batch| &batch.submissions).map(Submission::id).collect();
                    let of_block = list.iter().filter(|(contents, _, _)| named.contains(contents));
                    let gone: BTreeSet<usize> = of_block.flat_map(|(contents, _, _)| contents.clone()).collect();
                    prop_assert_eq!(taken, gone.iter().map(|i| SAMPLES[*i].id()).collect::<BTreeSet<_>>());
                    list.retain(|(contents, _, _)| !named.contains(contents));
                    forget(&mut list, &gone);
                }
                Step::Forget(i) => {
                    let before = list.len();
                    forget(&mut list, &BTreeSet::from([i]));
                    prop_assert_eq!(batches.forget([SAMPLES[i].id()]).len(), before - list.len());
                }
            }
            let known: BTreeSet<_> = list.iter().map(|(contents, _, _)| of(contents).0.id).collect();
            let payload = batches.payload(&[]);
            prop_assert_eq!(batches.count(), known.len());
            prop_assert_eq!(payload.len(), known.len());
            prop_assert_eq!(payload.into_iter().map(|r| r.id).collect::<BTreeSet<_>>(), known);
            for (i, sample) in SAMPLES.iter().enumerate() {
                prop_assert_eq!(batches.carries(&sample.id()), list.iter().any(|(_, open, _)| open.contains(&i)));
            }
        }
    }
}
