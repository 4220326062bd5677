//! The pool against its bounds, and against a list that does the same the slow way.

use std::sync::LazyLock;

use proptest::prelude::*;
use proto::id::ValidatorIndex;

use super::*;
use crate::limits::Limit;
use crate::samples::{Sample, submission};

const ME: ValidatorIndex = ValidatorIndex::new(0);

fn small() -> PoolLimits {
    PoolLimits {
        total: Limit { count_max: 5, bytes_max: 100_000 },
        tenant: Limit { count_max: 3, bytes_max: 60_000 },
    }
}

fn numbered(tenant: &str, nonce: u64) -> Verified<Submission> {
    submission(Sample { nonce, ..Sample::new(tenant) })
}

fn big(tenant: &str, nonce: u64, bytes: usize) -> Verified<Submission> {
    submission(Sample { nonce, bytes, ..Sample::new(tenant) })
}

fn nonces(batch: &Verified<proto::batch::Batch>, tenant: &str) -> Vec<u64> {
    let of = |submission: &&Submission| submission.body().tenant.as_str() == tenant;
    batch.submissions.iter().filter(of).map(|submission| submission.body().nonce).collect()
}

#[test]
fn the_same_submission_waits_once() {
    let mut pool = Pool::new(small());
    let one = numbered("a", 1);
    assert_eq!(pool.status(&one.id()), Status::Absent);
    assert_eq!(pool.insert(one.clone()), Ok(Inserted::New));
    assert_eq!(pool.insert(one.clone()), Ok(Inserted::AlreadyWaiting));
    assert_eq!((pool.count(), pool.status(&one.id())), (1, Status::Waiting));
    // Also when there is no room for another.
    pool.insert(numbered("a", 2)).expect("room");
    pool.insert(numbered("a", 3)).expect("room");
    assert_eq!(pool.insert(one.clone()), Ok(Inserted::AlreadyWaiting));
    assert_eq!(pool.remove_committed([&one.id(), &one.id()]), 1);
    assert_eq!(pool.status(&one.id()), Status::Absent);
}

#[test]
fn a_tenant_is_bounded_and_leaves_room_for_others() {
    let mut pool = Pool::new(small());
    for nonce in 0..3 {
        pool.insert(numbered("noisy", nonce)).expect("room");
    }
    let refused = pool.insert(numbered("noisy", 3));
    assert!(matches!(refused, Err(PoolFull::Tenant { count: 3, count_max: 3, .. })), "{refused:?}");
    pool.insert(numbered("quiet", 0)).expect("room");
    pool.insert(numbered("third", 0)).expect("room");
    let refused = pool.insert(numbered("fourth", 0));
    assert!(matches!(refused, Err(PoolFull::Total { count: 5, count_max: 5, .. })), "{refused:?}");
    pool.remove_committed([&numbered("third", 0).id()]);
    pool.insert(numbered("fourth", 0)).expect("room again");
}

#[test]
fn bytes_are_bounded_as_well() {
    let mut pool = Pool::new(small());
    pool.insert(big("a", 0, 30_000)).expect("room");
    let refused = pool.insert(big("a", 1, 30_000));
    assert!(matches!(refused, Err(PoolFull::Tenant { bytes_max: 60_000, .. })), "{refused:?}");
    pool.insert(big("b", 0, 30_000)).expect("room");
    let refused = pool.insert(big("c", 0, 40_000));
    assert!(matches!(refused, Err(PoolFull::Total { bytes_max: 100_000, .. })), "{refused:?}");
    let held: usize = [big("a", 0, 30_000), big("b", 0, 30_000)].iter().map(|s| s.bytes().len()).sum();
    assert_eq!((pool.count(), pool.bytes()), (2, held), "a refusal changes nothing");
}

#[test]
fn a_noisy_tenant_does_not_starve_a_quiet_one() {
    let mut pool = Pool::new(PoolLimits::default());
    for nonce in 0..4_000 {
        pool.insert(numbered("noisy", nonce)).expect("room");
    }
    for nonce in 0..20 {
        pool.insert(numbered("quiet", nonce)).expect("room");
    }
    let batch = pool.seal(ME).expect("something waits");
    assert_eq!(nonces(&batch, "quiet"), (0..20).collect::<Vec<u64>>());
    let noisy = nonces(&batch, "noisy");
    assert_eq!(noisy, (0..noisy.len() as u64).collect::<Vec<u64>>(), "first come, first served");
}

#[test]
fn shares_are_equal_in_bytes_not_in_submissions() {
    let mut pool = Pool::new(PoolLimits::default());
    for nonce in 0..60 {
        pool.insert(big("large", nonce, 30_000)).expect("room");
    }
    for nonce in 0..3_000 {
        pool.insert(big("small", nonce, 1_000)).expect("room");
    }
    let mut shares = BTreeMap::from([("large", 0), ("small", 0)]);
    for _ in 0..4 {
        let batch = pool.seal(ME).expect("something waits");
        for submission in &batch.submissions {
            *shares.get_mut(submission.body().tenant.as_str()).expect("one of two") +=
                submission.bytes().len();
        }
        // Apart by no more than one large submission and one turn, over all batches together.
        assert!(shares["large"].abs_diff(shares["small"]) <= 31_000 + TURN_BYTES, "{shares:?}");
    }
}

/// Three tenants with sixteen submissions each, of different sizes, signed once.
static SAMPLES: LazyLock<Vec<Verified<Submission>>> = LazyLock::new(|| {
    let make = |i: u64| {
        submission(Sample {
            nonce: i,
            bytes: (i * 997 % 12_000) as usize,
            ..Sample::new(["a", "b", "c"][i as usize % 3])
        })
    };
    (0..48).map(make).collect()
});

#[derive(Clone, Debug)]
enum Step {
    Insert(usize),
    Commit(Vec<usize>),
    Seal,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..48_usize).prop_map(Step::Insert),
        2 => prop::collection::vec(0..48_usize, 0..6).prop_map(Step::Commit),
        1 => Just(Step::Seal),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    /// The pool holds what a plain list holds, refuses when it would, and seals each tenant's in the list's order.
    #[test]
    fn like_a_list(steps in steps()) {
        let limits = PoolLimits {
            total: Limit { count_max: 20, bytes_max: 120_000 },
            tenant: Limit { count_max: 9, bytes_max: 60_000 },
        };
        let mut pool = Pool::new(limits);
        let mut list: Vec<&Verified<Submission>> = Vec::new();
        for step in steps {
            match step {
                Step::Insert(i) => {
                    let submission = &SAMPLES[i];
                    let is_known = list.contains(&submission);
                    let bytes = submission.bytes().len();
                    let own = || list.iter().filter(|other| other.body().tenant == submission.body().tenant);
                    let fits_tenant = limits.tenant.has_room(own().count(), own().map(|s| s.bytes().len()).sum(), bytes);
                    let fits = limits.total.has_room(list.len(), list.iter().map(|s| s.bytes().len()).sum(), bytes);
                    match pool.insert(submission.clone()) {
                        Ok(Inserted::AlreadyWaiting) => prop_assert!(is_known),
                        Ok(Inserted::New) => {
                            prop_assert!(!is_known && fits && fits_tenant);
                            list.push(submission);
                        }
                        Err(PoolFull::Tenant { .. }) => prop_assert!(!is_known && !fits_tenant),
                        Err(PoolFull::Total { .. }) => prop_assert!(!is_known && !fits && fits_tenant),
                    }
                }
                Step::Commit(picked) => {
                    let ids: Vec<_> = picked.iter().map(|i| SAMPLES[*i].id()).collect();
                    let before = list.len();
                    list.retain(|submission| !ids.contains(&submission.id()));
                    prop_assert_eq!(pool.remove_committed(&ids), before - list.len());
                }
                Step::Seal => {
                    let sealed = pool.seal(ME);
                    // All fits one batch: 20 submissions, 120,000 bytes.
                    prop_assert_eq!(sealed.is_none(), list.is_empty());
                    let sealed = sealed.map(Verified::into_inner).map_or(Vec::new(), |batch| batch.submissions);
                    prop_assert_eq!(sealed.len(), list.len());
                    for tenant in ["a", "b", "c"] {
                        let of = |s: &&Submission| s.body().tenant.as_str() == tenant;
                        let expected: Vec<_> = list.iter().map(|s| &***s).filter(of).collect();
                        prop_assert_eq!(sealed.iter().filter(of).collect::<Vec<_>>(), expected);
                    }
                    list.clear();
                }
            }
            prop_assert_eq!(pool.count(), list.len());
            prop_assert_eq!(pool.bytes(), list.iter().map(|s| s.bytes().len()).sum::<usize>());
            for submission in SAMPLES.iter() {
                let waits = pool.status(&submission.id()) == Status::Waiting;
                prop_assert_eq!(waits, list.contains(&submission));
            }
        }
    }
}
