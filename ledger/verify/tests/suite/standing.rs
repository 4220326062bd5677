//! Whose key it was: by itself, and with leaves that tell of its life.

use crypto::SecretKey;
use proto::canonical::Canonical as _;
use proto::counter::{Height, LeafIndex, TimeMs, TreeSize};
use proto::entry::{Entry, SubmissionEntry};
use proto::id::Did;
use proto::operation::{Operation, RevokedFrom, addition_possession_bytes, possession_bytes};
use proto::receipt::Receipt;
use proto::statement::cose;
use proto::submission::Body;
use verify::{
    Code, Ended, EntryFacts, Fault, KeyEnd, KeyLife, LeafError, Options, ProvenLeaf, Report, Signed,
    Standing, SubmissionFacts, verify_receipt_with_keys, verify_standing,
};

use crate::fixture::{Network, genesis, secret, submission};

const ORIGIN: &str = "example.com/log";

/// A log of the life of one identity: leaf 2 registers it, 3 adds a second key, 4 and 5 are signed by that, 6 revokes it,
/// 7 puts a third in the place of the first, 8 is signed by the third. Leaf n is of block n.
struct Life {
    network: Network,
    did: Did,
    first: SecretKey,
    second: SecretKey,
    third: SecretKey,
}

const ADDED: u64 = 3;
const EARLY: u64 = 4;
const LATE: u64 = 5;
const REVOKED: u64 = 6;
const ROTATED: u64 = 7;
const AFTER: u64 = 8;

fn time(leaf: u64) -> TimeMs {
    TimeMs::new(1_789_000_000_000 + leaf)
}

impl Life {
    fn new(from: RevokedFrom) -> Self {
        Self::of(ORIGIN, from)
    }

    fn of(origin: &str, from: RevokedFrom) -> Self {
        let key = |name| secret(crypto::Scheme::Ed25519, name);
        let (first, second, third) = (key("author"), key("author/second"), key("author/third"));
        let (genesis, did) = (genesis(origin), Did::of(first.public()));
        let id = genesis.network();
        let mut network = Network::new(origin);
        network.entries.truncate(2);
        let added = addition_possession_bytes(&id, &did, &second.public().id());
        let rotated = possession_bytes(&id, &did, &first.public().id(), &third.public().id());
        let identity = || did.clone();
        let create = Operation::IdentityCreate {
            identity: identity(),
            keys: vec![first.public().clone()],
            possessions: vec![],
        };
        let add = Operation::KeyAdd {
            identity: identity(),
            key: second.public().clone(),
            possession: Some(second.sign(&added)),
        };
        let revoke = Operation::KeyRevoke {
            identity: identity(),
            key: second.public().id(),
            reason: "stolen".into(),
            from,
        };
        let rotate = Operation::KeyRotate {
            identity: identity(),
            retires: first.public().id(),
            key: third.public().clone(),
            possession: third.sign(&rotated),
        };
        let proof = |n| submission(&genesis, n, &first, identity()).body().operation.clone();
        let said = [
            (&first, create),
            (&first, add),
            (&second, proof(4)),
            (&second, proof(5)),
            (&first, revoke),
            (&first, rotate),
            (&third, proof(8)),
        ];
        for ((signer, operation), leaf) in said.into_iter().zip(2..) {
            let body = submission(&genesis, leaf, signer, identity()).body().clone();
            let submission = Body { operation, ..body }.sign(signer);
            let (height, time) = (Height::new(leaf), time(leaf));
            let entry = Entry::Submission(Box::new(SubmissionEntry { height, time, submission }));
            network.entries.push(entry.encode());
        }
        Self { network, did, first, second, third }
    }

    fn receipt(&self, leaf: u64) -> Receipt {
        self.network.receipt(leaf)
    }

    fn leaves(&self, leaves: &[u64]) -> Vec<ProvenLeaf> {
        let prove =
            |leaf: &u64| ProvenLeaf::prove(&self.network.policy, &self.receipt(*leaf)).expect("holds");
        leaves.iter().map(prove).collect()
    }

    fn judge(&self, leaf: u64, leaves: &[ProvenLeaf]) -> Report {
        let report =
            verify_receipt_with_keys(&self.network.policy, &self.receipt(leaf), Options::default(), leaves);
        assert_eq!(report.checks.len(), Code::ALL.len());
        report
    }

    /// The check that fails, when these leaves are shown.
    fn fails(&self, leaf: u64, leaves: &[u64]) -> Option<Code> {
        self.judge(leaf, &self.leaves(leaves)).failure().map(|(code, _)| code)
    }
}

fn facts(report: &Report) -> &SubmissionFacts {
    match &report.entry {
        Some(EntryFacts::Submission(facts)) => facts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_is_shown_nothing_rests_on_the_validators() {
    let life = Life::new(RevokedFrom::Size(TreeSize::new(LATE)));
    for leaf in [2, ADDED, EARLY, LATE, REVOKED, ROTATED, AFTER] {
        let report = life.judge(leaf, &[]);
        assert!(report.is_true(), "{leaf}: {:?}", report.failure());
        let own = ![EARLY, LATE, AFTER].contains(&leaf);
        let expected = if own { Standing::SelfCertified } else { Standing::AttestedByLog };
        assert_eq!((facts(&report).standing, facts(&report).key_end), (expected, None), "{leaf}");
    }
}

#[test]
fn a_leaf_that_lists_the_key_is_named() {
    let life = Life::new(RevokedFrom::Here);
    let report = life.judge(EARLY, &life.leaves(&[2, ADDED]));
    assert!(report.is_true());
    assert_eq!(facts(&report).standing, Standing::Listed { by: LeafIndex::new(ADDED) });
    let report = life.judge(AFTER, &life.leaves(&[ROTATED]));
    assert_eq!(facts(&report).standing, Standing::Listed { by: LeafIndex::new(ROTATED) });
    // Its own leaf shows it too: what registers an identity is signed by the key that it registers.
    assert!(life.judge(2, &life.leaves(&[2])).is_true());
}

#[test]
fn revoked_before_it_signed_is_refused_and_after_is_not() {
    let reaches = |from| {
        let life = Life::new(from);
        [EARLY, LATE].map(|leaf| life.fails(leaf, &[ADDED, REVOKED]) == Some(Code::KeyStanding))
    };
    assert_eq!(reaches(RevokedFrom::Here), [false, false]);
    assert_eq!(reaches(RevokedFrom::Size(TreeSize::new(REVOKED))), [false, false]);
    assert_eq!(reaches(RevokedFrom::Size(TreeSize::new(LATE))), [false, true]);
    assert_eq!(reaches(RevokedFrom::Size(TreeSize::new(EARLY))), [true, true]);
    assert_eq!(reaches(RevokedFrom::Time(time(REVOKED))), [false, false]);
    assert_eq!(reaches(RevokedFrom::Time(time(LATE))), [false, true]);
    assert_eq!(reaches(RevokedFrom::Time(TimeMs::new(1))), [true, true]);

    let from = RevokedFrom::Size(TreeSize::new(LATE));
    let life = Life::new(from);
    let report = life.judge(LATE, &life.leaves(&[REVOKED]));
    let (key, at) = (life.second.public().id(), LeafIndex::new(REVOKED));
    let fault = Fault::KeyRevoked { key, index: LeafIndex::new(LATE), at, from };
    assert_eq!(report.failure(), Some((Code::KeyStanding, &fault)));
    // Both positions are shown, refused or not.
    let end = Some(KeyEnd { at, how: Ended::Revoked(from) });
    assert_eq!(facts(&report).key_end, end);
    assert_eq!(facts(&life.judge(EARLY, &life.leaves(&[REVOKED]))).key_end, end);
}

#[test]
fn other_keys_are_not_touched() {
    let life = Life::new(RevokedFrom::Size(TreeSize::new(1)));
    let all: Vec<u64> = (2..=AFTER).collect();
    for leaf in [2, ADDED, REVOKED, ROTATED, AFTER] {
        assert_eq!(life.fails(leaf, &all), None, "{leaf}");
    }
    assert_eq!(life.fails(EARLY, &all), Some(Code::KeyStanding));
    let report = life.judge(ROTATED, &life.leaves(&all));
    let retired = KeyEnd { at: LeafIndex::new(ROTATED), how: Ended::Retired };
    assert_eq!((facts(&report).key, facts(&report).key_end), (life.first.public().id(), Some(retired)));
    assert_eq!(facts(&life.judge(AFTER, &life.leaves(&all))).key, life.third.public().id());
    assert_eq!(facts(&report).author, life.did);
}

#[test]
fn leaves_of_other_logs_show_nothing() {
    let ours = Life::new(RevokedFrom::Here);
    let theirs = Life::of("other.example/log", RevokedFrom::Size(TreeSize::new(1)));
    let report = ours.judge(LATE, &theirs.leaves(&[ADDED, REVOKED]));
    assert!(report.is_true());
    assert_eq!((facts(&report).standing, facts(&report).key_end), (Standing::AttestedByLog, None));
}

#[test]
fn only_what_was_proven_tells_of_keys() {
    let life = Life::new(RevokedFrom::Here);
    let mut forged = life.receipt(REVOKED);
    let at = forged.entry.len() - 80;
    forged.entry[at] ^= 1;
    assert!(matches!(ProvenLeaf::prove(&life.network.policy, &forged), Err(LeafError::Receipt(_))));
    for (leaf, found) in [(0, "genesis"), (1, "epoch")] {
        let refused = ProvenLeaf::prove(&life.network.policy, &life.receipt(leaf));
        assert_eq!(refused, Err(LeafError::NotASubmission { found }));
    }
    assert_eq!(life.leaves(&[REVOKED])[0].index(), LeafIndex::new(REVOKED));
}

#[test]
fn a_life_is_judged_leaf_by_leaf() {
    let key = secret(crypto::Scheme::Ed25519, "any").public().id();
    let judge = |index, self_certified, listed: Option<u64>, end: Option<KeyEnd>| {
        let signed = Signed { index: LeafIndex::new(index), time: time(index), key, self_certified };
        verify_standing(&signed, &KeyLife { listed: listed.map(LeafIndex::new), end })
    };
    let listed = LeafIndex::new(7);
    let early = Fault::KeyNotListed { key, index: LeafIndex::new(6), listed };
    assert_eq!(judge(6, false, Some(7), None), Err(early));
    assert_eq!(judge(6, true, Some(7), None), Ok(Standing::SelfCertified));
    assert_eq!(judge(7, false, Some(7), None), Ok(Standing::Listed { by: listed }));
    let at = LeafIndex::new(9);
    let retired = Some(KeyEnd { at, how: Ended::Retired });
    assert_eq!(judge(9, true, None, retired), Ok(Standing::SelfCertified));
    let late = Fault::KeyRetired { key, index: LeafIndex::new(10), at };
    assert_eq!(judge(10, true, None, retired), Err(late));
    let from = RevokedFrom::Size(TreeSize::new(3));
    let revoked = Some(KeyEnd { at, how: Ended::Revoked(from) });
    let fault = |index| Fault::KeyRevoked { key, index: LeafIndex::new(index), at, from };
    assert_eq!(
        [2, 3, 8, 9, 10].map(|index| judge(index, true, None, revoked).err()),
        [None, Some(fault(3)), Some(fault(8)), None, Some(fault(10)),]
    );
}

/// A statement of COSE states no time: it is of the quorum's at the latest, and is believed only if that is early enough.
#[test]
fn a_leaf_without_time_is_no_younger_than_the_quorums_word() {
    let vouched = crate::fixture::TIME_S * 1_000 + 999;
    for (from, believed) in [(vouched + 1, true), (vouched, false), (time(LATE).get(), false)] {
        let mut life = Life::new(RevokedFrom::Time(TimeMs::new(from)));
        let draft =
            cose::Draft::new(life.second.public(), life.did.as_str(), "s", "", vec![1]).expect("ed25519");
        let statement = draft.seal(&life.second.sign(&draft.message())).expect("its own signature");
        life.network.entries[EARLY as usize] = statement;
        let (leaves, receipt) = (life.leaves(&[ADDED, REVOKED]), life.receipt(EARLY));
        let report = verify_receipt_with_keys(&life.network.policy, &receipt, Options::default(), &leaves);
        let expected = (!believed).then_some(Code::KeyStanding);
        assert_eq!(report.failure().map(|(code, _)| code), expected, "revoked from {from}");
    }
}
