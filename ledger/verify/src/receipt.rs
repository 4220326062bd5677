//! Is this receipt true?
//!
//! The checks are made in one fixed order, from the policy inwards, and end at the first that fails: what comes after
//! would rest on something that was not believed.
//! The order is the same in every verifier of ours, so that all name the same first fault.

use std::sync::Arc;

use crypto::{Digest, KeyId};
use merkle::inclusion::{self, InclusionError};
use merkle::leaf_hash;
use proto::canonical::Canonical as _;
use proto::counter::{Height, LeafIndex, TimeMs, TreeSize};
use proto::entry::{Entry, GenesisEntry, SubmissionEntry};
use proto::id::{Did, SubmissionId};
use proto::note::KeyName;
use proto::operation::{BATCH_TREE, Operation};
use proto::policy::Policy;
use proto::receipt::{self, BatchItem, Bundle, Issued, KeyProof, Receipt};
use proto::submission::{Body, Submission};
use proto::verified::Strict;

use crate::checkpoint::CheckpointFacts;
use crate::fault::Fault;
use crate::issuer::check_issuers;
use crate::key_proof::{KeyProofFault, check_key_proof};
use crate::memory::{JudgedHead, Memory};
use crate::report::{Check, Code, EntryFacts, ItemFacts, Outcome, Report, Standing, SubmissionFacts};
use crate::standing::{KeyLife, ProvenLeaf, Signed, verify_standing};

/// How far a quorum's clocks may be ahead of the caller's, in seconds.
const CLOCK_SKEW_S: u64 = 300;

/// How recent the quorum's cosignatures must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The caller's time, in seconds since 1970.
    pub now_s: u64,
    /// Greatest age, in seconds.
    pub max_age_s: u64,
}

/// What the caller wants to know beyond the receipt itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Is it a receipt of this submission?
    pub submission: Option<SubmissionId>,
    /// Is it about the file with this SHA-256?
    pub artifact: Option<Digest>,
    /// Is its checkpoint recent?
    pub freshness: Option<Freshness>,
}

/// A receipt and what came with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<'a> {
    pub receipt: &'a Receipt,
    pub submission: Option<&'a [u8]>,
    pub cose: &'a [Issued],
    pub standing: Option<&'a KeyProof>,
}

impl<'a> Whole<'a> {
    pub(crate) fn of(bundle: &'a Bundle) -> Self {
        let Bundle { receipt, submission, cose, standing } = bundle;
        Self { receipt, submission: submission.as_deref(), cose, standing: standing.as_ref() }
    }

    pub(crate) const fn bare(receipt: &'a Receipt) -> Self {
        Self { receipt, submission: None, cose: &[], standing: None }
    }
}

/// Checks a receipt under a policy.
pub fn verify_receipt(policy: &Policy, receipt: &Receipt, options: Options) -> Report {
    verify_receipt_with_keys(policy, receipt, options, &[])
}

/// Checks a receipt and what belongs to it under a policy.
pub fn verify_bundle(policy: &Policy, bundle: &Bundle, options: Options) -> Report {
    verify_whole(policy, Whole::of(bundle), options, UNKNOWN, None)
}

/// Checks a receipt under a policy, and the key that signed by leaves that were proven under it: those that listed and
/// ended keys of the author. Without them the check `key_standing` rests on the validators' execution alone.
pub fn verify_receipt_with_keys(
    policy: &Policy,
    receipt: &Receipt,
    options: Options,
    leaves: &[ProvenLeaf],
) -> Report {
    verify_receipt_knowing(policy, receipt, options, &|log, author, key| {
        KeyLife::shown(log, author, key, leaves)
    })
}

/// Checks a receipt under a policy, with what the caller knows of the key that signed: of a log, an author and a key.
pub fn verify_receipt_knowing(
    policy: &Policy,
    receipt: &Receipt,
    options: Options,
    lives: Lives<'_>,
) -> Report {
    verify_whole(policy, Whole::bare(receipt), options, lives, None)
}

/// Nothing is known of any key.
pub(crate) const UNKNOWN: Lives<'static> = &|_, _, _| KeyLife { listed: None, end: None };

pub(crate) fn verify_whole(
    policy: &Policy,
    whole: Whole<'_>,
    options: Options,
    lives: Lives<'_>,
    memory: Option<&mut Memory>,
) -> Report {
    let checks = Vec::with_capacity(Code::ALL.len());
    let mut run = Run { checks, memory, checkpoint: None, index: None, entry: None, item: None };
    // The failure is in `checks` by now; what was not reached follows it.
    let _ = run.all(policy, whole, options, lives);
    for code in Code::ALL.into_iter().skip(run.checks.len()) {
        run.checks.push(Check { code, outcome: Outcome::Skipped("an earlier check failed") });
    }
    let Run { checks, memory: _, checkpoint, index, entry, item } = run;
    Report { checks, checkpoint, index, entry, item }
}

/// What is known of the keys of authors: of a log, an author and a key.
pub type Lives<'a> = &'a dyn Fn(&KeyName, &Did, &KeyId) -> KeyLife;

/// A check has failed, and the verification is over.
struct Ended;

struct Run<'m> {
    checks: Vec<Check>,
    memory: Option<&'m mut Memory>,
    checkpoint: Option<CheckpointFacts>,
    index: Option<LeafIndex>,
    entry: Option<EntryFacts>,
    item: Option<ItemFacts>,
}

impl Run<'_> {
    fn all(
        &mut self,
        policy: &Policy,
        whole: Whole<'_>,
        options: Options,
        lives: Lives<'_>,
    ) -> Result<(), Ended> {
        let receipt = whole.receipt;
        let facts = self.head(policy, whole)?;
        self.checkpoint = Some(facts.clone());
        self.inclusion(whole, &facts)?;
        self.index = Some(receipt.index);
        let entry = self.entry(whole, &facts, options.submission)?;
        let operation = match &entry {
            Entry::Submission(entry) => {
                Some(self.author(&entry.submission, Some(entry.time), whole, &facts, lives)?)
            }
            Entry::Statement(entry) => Some(self.author(entry.submission(), None, whole, &facts, lives)?),
            Entry::Genesis(_) | Entry::Epoch(_) | Entry::Block(_) => {
                self.skip(Code::AuthorSignature, "the entry is the network's own and has no author");
                if whole.standing.is_some() {
                    return self.fail(Code::KeyStanding, KeyProofFault::NoAuthor);
                }
                self.skip(Code::KeyStanding, "the entry is the network's own and has no author");
                None
            }
        };
        let content = match self.item(receipt.item.as_ref(), operation)? {
            Some(digest) => Some(digest),
            None => operation.and_then(Operation::content).copied(),
        };
        self.artifact(content, options.artifact)?;
        self.freshness(facts.vouched_time_s, options.freshness)
    }

    /// `policy`, `checkpoint_signatures`, `quorum`.
    fn head(&mut self, policy: &Policy, whole: Whole<'_>) -> Result<CheckpointFacts, Ended> {
        let note = &whole.receipt.checkpoint;
        let judged = match &mut self.memory {
            Some(memory) => memory.head(policy, note),
            None => Arc::new(JudgedHead::of(policy, note)),
        };
        let JudgedHead { policy: origin, signatures, quorum, text, facts } = &*judged;
        self.found(Code::Policy, origin)?;
        match text {
            Some(text) => {
                self.make(Code::CheckpointSignatures, check_issuers(policy, text, whole.cose))?;
            }
            None => self.found(Code::CheckpointSignatures, signatures)?,
        }
        self.found(Code::Quorum, quorum)?;
        facts.clone().ok_or(Ended)
    }

    /// `index`, `proof_length`, `root`.
    fn inclusion(&mut self, whole: Whole<'_>, facts: &CheckpointFacts) -> Result<(), Ended> {
        let Whole { receipt, cose, .. } = whole;
        let (index, size) = (receipt.index.get(), facts.head.size.get());
        let needed = inclusion::proof_len(index, size).ok_or(InclusionError::IndexOutOfRange { index, size });
        let needed = match needed {
            Ok(needed) => check_leaves(receipt.index, facts.head.size, cose).map(|()| needed),
            Err(fault) => Err(fault.into()),
        };
        let needed = self.make(Code::Index, needed)?;
        let paths = || cose.iter().map(|issued| &issued.said().path);
        let lengths = || std::iter::once(&receipt.proof).chain(paths()).map(Vec::len);
        let length = match lengths().find(|found| *found != needed) {
            None => Ok(()),
            Some(found) => Err(InclusionError::ProofLength { found, needed }),
        };
        self.make(Code::ProofLength, length)?;
        let (leaf, head) = (leaf_hash(&receipt.entry), &facts.head);
        let mut led = match &mut self.memory {
            Some(memory) => memory.inclusion(&leaf, index, head, &receipt.proof),
            None => inclusion::verify(&leaf, index, size, &receipt.proof, &head.root),
        };
        for path in paths().filter(|path| **path != receipt.proof) {
            led = led.and_then(|()| inclusion::verify(&leaf, index, size, path, &head.root));
        }
        self.make(Code::Root, led)
    }

    /// `entry`.
    fn entry(
        &mut self,
        whole: Whole<'_>,
        facts: &CheckpointFacts,
        expected: Option<SubmissionId>,
    ) -> Result<Entry, Ended> {
        let entry = read_entry(&whole.receipt.entry, facts, expected);
        let entry = entry.and_then(|(entry, said)| check_beside(&entry, whole).map(|()| (entry, said)));
        let (entry, said) = self.make(Code::Entry, entry)?;
        self.entry = Some(said);
        Ok(entry)
    }

    /// `author_signature`, `key_standing`.
    fn author<'a>(
        &mut self,
        submission: &'a Submission,
        time: Option<TimeMs>,
        whole: Whole<'_>,
        facts: &CheckpointFacts,
        lives: Lives<'_>,
    ) -> Result<&'a Operation, Ended> {
        // The network is the one the author named: that it is this log's network was the validators' rule, and the
        // signature covers it either way.
        let verified = submission.verify_signatures(&submission.body().network, &Strict);
        self.make(Code::AuthorSignature, verified)?;
        // That the key was good when the entry was executed its place in the log says. What is known of it besides may
        // show more, and may say that it was in other hands by then.
        let Body { author, key, .. } = submission.body();
        // A leaf that does not state its time is no younger than the word of the quorum that it was there.
        let latest = facts.vouched_time_s.map_or(u64::MAX, |s| s.saturating_mul(1_000).saturating_add(999));
        let time = time.unwrap_or(TimeMs::new(latest));
        let mut life = lives(&facts.origin, author, &key.id());
        if let Some(proof) = whole.standing {
            match check_key_proof(proof, &facts.head, author, key.id()) {
                Ok(KeyLife { listed, end }) => {
                    life = KeyLife { listed: life.listed.or(listed), end: life.end.or(end) };
                }
                Err(fault) => return self.fail(Code::KeyStanding, fault),
            }
        }
        let index = whole.receipt.index;
        let signed = Signed { index, time, key: key.id(), self_certified: author.is_of(key) };
        if let Some(EntryFacts::Submission(said)) = &mut self.entry {
            said.key_end = life.end;
        }
        let standing = self.make(Code::KeyStanding, verify_standing(&signed, &life))?;
        if let Some(EntryFacts::Submission(said)) = &mut self.entry {
            said.standing = standing;
        }
        Ok(&submission.body().operation)
    }

    /// `batch_item`; gives the item's digest.
    fn item(
        &mut self,
        item: Option<&BatchItem>,
        operation: Option<&Operation>,
    ) -> Result<Option<Digest>, Ended> {
        let Some(item) = item else {
            self.skip(Code::BatchItem, "the receipt is about no item of a batch");
            return Ok(None);
        };
        let facts = self.make(Code::BatchItem, check_item(item, operation))?;
        self.item = Some(facts);
        Ok(Some(facts.digest))
    }

    fn artifact(&mut self, content: Option<Digest>, artifact: Option<Digest>) -> Result<(), Ended> {
        let Some(expected) = artifact else {
            self.skip(Code::Artifact, "no artifact was given");
            return Ok(());
        };
        let outcome = match content {
            Some(found) if found == expected => Ok(()),
            Some(found) => Err(Fault::OtherArtifact { found, expected }),
            None => Err(Fault::NoArtifact { expected }),
        };
        self.make(Code::Artifact, outcome)
    }

    fn freshness(&mut self, time_s: Option<u64>, wanted: Option<Freshness>) -> Result<(), Ended> {
        let Some(Freshness { now_s, max_age_s }) = wanted else {
            self.skip(Code::Freshness, "no greatest age was given");
            return Ok(());
        };
        let age = match time_s {
            None => Err(Fault::NoTime),
            Some(time_s) if time_s > now_s.saturating_add(CLOCK_SKEW_S) => {
                Err(Fault::FromTheFuture { time_s, now_s })
            }
            Some(time_s) => Ok(now_s.saturating_sub(time_s)),
        };
        let outcome = age.and_then(|age_s| match age_s > max_age_s {
            true => Err(Fault::TooOld { age_s, max_age_s }),
            false => Ok(()),
        });
        self.make(Code::Freshness, outcome)
    }

    /// Takes over what was found before.
    fn found(&mut self, code: Code, outcome: &Outcome) -> Result<(), Ended> {
        self.checks.push(Check { code, outcome: outcome.clone() });
        match outcome {
            Outcome::Passed | Outcome::Skipped(_) => Ok(()),
            Outcome::Failed(_) => Err(Ended),
        }
    }

    fn pass(&mut self, code: Code) {
        self.checks.push(Check { code, outcome: Outcome::Passed });
    }

    fn skip(&mut self, code: Code, why: &'static str) {
        self.checks.push(Check { code, outcome: Outcome::Skipped(why) });
    }

    fn fail<T>(&mut self, code: Code, fault: impl Into<Fault>) -> Result<T, Ended> {
        self.checks.push(Check { code, outcome: Outcome::Failed(fault.into()) });
        Err(Ended)
    }

    fn make<T>(&mut self, code: Code, result: Result<T, impl Into<Fault>>) -> Result<T, Ended> {
        match result {
            Ok(value) => {
                self.pass(code);
                Ok(value)
            }
            Err(fault) => self.fail(code, fault),
        }
    }
}

/// That the COSE receipts speak of the receipt's leaf in the checkpoint's tree.
fn check_leaves(expected_index: LeafIndex, expected_size: TreeSize, cose: &[Issued]) -> Result<(), Fault> {
    let other = cose
        .iter()
        .map(|issued| (issued.said().index, issued.said().size))
        .find(|(index, size)| *index != expected_index || *size != expected_size);
    match other {
        None => Ok(()),
        Some((index, size)) => Err(Fault::OtherLeaf { index, size, expected_index, expected_size }),
    }
}

/// That what came with the receipt is about this entry.
fn check_beside(entry: &Entry, whole: Whole<'_>) -> Result<(), Fault> {
    let inside = match entry {
        Entry::Submission(entry) => Some(&entry.submission.bytes()[..]),
        Entry::Statement(entry) => Some(&entry.submission().bytes()[..]),
        Entry::Genesis(_) | Entry::Epoch(_) | Entry::Block(_) => None,
    };
    if whole.submission.is_some_and(|beside| Some(beside) != inside) {
        return Err(Fault::OtherEnvelope);
    }
    if whole.cose.is_empty() {
        return Ok(());
    }
    let expected = receipt::subject(entry, whole.receipt.index);
    match whole.cose.iter().map(|issued| &issued.said().subject).find(|found| **found != expected) {
        None => Ok(()),
        Some(found) => Err(Fault::OtherSubject { found: found.clone(), expected }),
    }
}

/// That the item stands in the batch that the entry anchors. The leaf is the hash of 32 bytes, so no inner node, which
/// is the hash of 64, passes for one.
fn check_item(item: &BatchItem, operation: Option<&Operation>) -> Result<ItemFacts, Fault> {
    let Some(Operation::BatchAnchor { root, count, tree }) = operation else {
        return Err(Fault::NoBatch { found: operation.map_or("the network's own", Operation::name) });
    };
    if tree != BATCH_TREE {
        return Err(Fault::OtherTree { found: tree.clone(), expected: BATCH_TREE });
    }
    let BatchItem { digest, index, path } = item;
    let leaf = leaf_hash(digest.as_bytes());
    inclusion::verify(&leaf, index.get(), *count, path, root).map_err(Fault::Item)?;
    Ok(ItemFacts { digest: *digest, index: *index, count: *count })
}

fn read_entry(
    bytes: &[u8],
    facts: &CheckpointFacts,
    expected: Option<SubmissionId>,
) -> Result<(Entry, EntryFacts), Fault> {
    let entry = Entry::decode(bytes)?;
    let said = match &entry {
        Entry::Genesis(GenesisEntry { network, origin }) => {
            if origin != facts.origin.as_str() {
                let found = origin.clone();
                return Err(Fault::OtherOrigin { found, expected: facts.origin.clone() });
            }
            EntryFacts::Genesis { network: *network }
        }
        Entry::Epoch(entry) => EntryFacts::Epoch(*entry),
        Entry::Block(block) => EntryFacts::Block { height: block.height, time: block.time },
        Entry::Submission(entry) => {
            let SubmissionEntry { height, time, submission } = &**entry;
            EntryFacts::Submission(Box::new(submission_facts(submission, Some((*height, *time)))))
        }
        Entry::Statement(entry) => {
            EntryFacts::Submission(Box::new(submission_facts(entry.submission(), None)))
        }
    };
    match (&said, expected) {
        (_, None) => {}
        (EntryFacts::Submission(found), Some(expected)) => {
            if found.id != expected {
                return Err(Fault::OtherSubmission { found: found.id, expected });
            }
        }
        (other, Some(expected)) => return Err(Fault::NoSubmission { kind: other.kind(), expected }),
    }
    Ok((entry, said))
}

fn submission_facts(submission: &Submission, at: Option<(Height, TimeMs)>) -> SubmissionFacts {
    let body = submission.body();
    let standing = match body.author.is_of(&body.key) {
        true => Standing::SelfCertified,
        false => Standing::AttestedByLog,
    };
    SubmissionFacts {
        id: submission.id(),
        height: at.map(|(height, _)| height),
        time: at.map(|(_, time)| time),
        network: (!submission.is_statement()).then_some(body.network),
        tenant: body.tenant.clone(),
        author: body.author.clone(),
        key: body.key.id(),
        standing,
        key_end: None,
        operation: body.operation.name(),
        content: body.operation.content().copied(),
        statement: body.operation.statement().cloned().map(Box::new),
    }
}
