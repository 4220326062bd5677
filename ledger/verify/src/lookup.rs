//! Is this answer to a search true, and is it all?
//!
//! The checks are made in one fixed order, from the policy inwards, and end at the first that fails. What an answer that
//! holds shows: in the part of the log that it names stand the leaves it holds, and no other leaf there has the key. That is
//! the word of the quorum which executed the blocks: it signed the index, and whoever retraces the log computes it anew.
//! Source: `ledger/STATE.md`, rules Z1 to Z4.

use merkle::inclusion;
use merkle::leaf_hash;
use merkle::span;
use proto::canonical::Canonical as _;
use proto::counter::LeafIndex;
use proto::entry::{BlockEntry, Entry};
use proto::lookup::{BUCKET_RECORDS, FOUND_MAX, LookupKey, Record, Run, SPAN_BUCKETS_MAX, SearchProof, Span};

use crate::belief::Belief;
use crate::checkpoint::CheckpointFacts;
use crate::fault::Fault;
use crate::receipt::{Freshness, Options};
use crate::report::{Outcome, Report};

mod report;

pub use report::{SearchCheck, SearchCode, SearchFacts, SearchFault, SearchHit, SearchOutcome, SearchReport};

/// What the caller asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// For this key; none: whatever the answer says.
    pub key: Option<&'a LookupKey>,
    /// From this leaf on, or from the first that the index covers if that is later; none: whatever the answer says.
    pub from: Option<LeafIndex>,
    /// Is its checkpoint recent?
    pub freshness: Option<Freshness>,
}

/// Checks an answer to a search.
pub fn verify_search(belief: Belief<'_>, proof: &SearchProof, asked: Asked<'_>) -> SearchReport {
    let options = Options { freshness: asked.freshness, ..Options::default() };
    let receipt = belief.verify_bare(&proof.block, options);
    let mut checks = Vec::new();
    let found = judge(proof, asked, &receipt, &mut checks);
    if let Err((code, fault)) = &found {
        checks.push(SearchCheck { code: *code, outcome: SearchOutcome::Failed(fault.clone()) });
    }
    for code in SearchCode::ALL.into_iter().skip(checks.len()) {
        let skipped = SearchOutcome::Skipped("an earlier check failed");
        checks.push(SearchCheck { code, outcome: skipped });
    }
    SearchReport { checks, facts: found.ok() }
}

type Failed = (SearchCode, SearchFault);

fn judge(
    proof: &SearchProof,
    asked: Asked<'_>,
    receipt: &Report,
    checks: &mut Vec<SearchCheck>,
) -> Result<SearchFacts, Failed> {
    let mut passed = |code| checks.push(SearchCheck { code, outcome: SearchOutcome::Passed });
    let of_receipt = |fault: &Fault| SearchFault::Receipt(Box::new(fault.clone()));
    // Freshness is the last check of both lists; what stands before it is asked here.
    let mut late = SearchOutcome::Passed;
    for check in &receipt.checks {
        let code = SearchCode::of(check.code);
        match (&check.outcome, code) {
            (Outcome::Failed(fault), SearchCode::Freshness) => {
                late = SearchOutcome::Failed(of_receipt(fault))
            }
            (Outcome::Skipped(why), SearchCode::Freshness) => late = SearchOutcome::Skipped(why),
            (Outcome::Failed(fault), _) => return Err((code, of_receipt(fault))),
            (Outcome::Passed, _) if code < SearchCode::Block => passed(code),
            (Outcome::Passed | Outcome::Skipped(_), _) => {}
        }
    }
    let (block, checkpoint) = block(proof, receipt).map_err(|fault| (SearchCode::Block, fault))?;
    let stated =
        block.lookup.ok_or((SearchCode::Block, SearchFault::NotStated { index: proof.block.index }))?;
    passed(SearchCode::Block);
    question(proof, asked).map_err(|fault| (SearchCode::Question, fault))?;
    passed(SearchCode::Question);
    directory(proof, stated).map_err(|fault| (SearchCode::Directory, fault))?;
    passed(SearchCode::Directory);
    let runs = shown(proof).map_err(|fault| (SearchCode::Spans, fault))?;
    passed(SearchCode::Spans);
    let named = named(proof, &runs).map_err(|fault| (SearchCode::Complete, fault))?;
    passed(SearchCode::Complete);
    let (hits, spare) = leaves(proof, &named, &checkpoint).map_err(|fault| (SearchCode::Leaves, fault))?;
    passed(SearchCode::Leaves);
    if let SearchOutcome::Failed(fault) = late {
        return Err((SearchCode::Freshness, fault));
    }
    checks.push(SearchCheck { code: SearchCode::Freshness, outcome: late });
    let SearchProof { from, to, directory, .. } = proof;
    let (height, time, covered) = (block.height, block.time, directory.from);
    Ok(SearchFacts {
        checkpoint,
        block: proof.block.index,
        height,
        time,
        covered,
        from: *from,
        to: *to,
        hits,
        spare,
    })
}

/// `block`: the leaf whose receipt holds.
fn block(proof: &SearchProof, receipt: &Report) -> Result<(BlockEntry, CheckpointFacts), SearchFault> {
    let index = proof.block.index;
    let unread = |fault| SearchFault::Unread { index, fault };
    let found = match Entry::decode(&proof.block.entry).map_err(unread)? {
        Entry::Block(block) => {
            // The receipt holds, so it shows a checkpoint.
            let facts = receipt.checkpoint.clone();
            return facts.map(|facts| (block, facts)).ok_or(SearchFault::NotStated { index });
        }
        Entry::Genesis(_) => "genesis",
        Entry::Epoch(_) => "epoch",
        Entry::Submission(_) | Entry::Statement(_) => "submission",
    };
    Err(SearchFault::NoBlock { index, found })
}

/// `question`: key and part.
fn question(proof: &SearchProof, asked: Asked<'_>) -> Result<(), SearchFault> {
    let SearchProof { key, from, to, block, directory, .. } = proof;
    if let Some(expected) = asked.key.filter(|asked| *asked != key) {
        let (found, expected) = (Box::new(key.clone()), Box::new(expected.clone()));
        return Err(SearchFault::OtherKey { found, expected });
    }
    if let Some(asked) = asked.from {
        let expected = asked.max(directory.from);
        if *from != expected {
            return Err(SearchFault::OtherPart { found: *from, expected });
        }
    }
    match directory.from <= *from && from <= to && *to <= block.index {
        true => Ok(()),
        false => {
            Err(SearchFault::NotCovered { from: *from, to: *to, covered: directory.from, block: block.index })
        }
    }
}

/// `directory`: rule Z3.
fn directory(proof: &SearchProof, expected: crypto::Digest) -> Result<(), SearchFault> {
    let SearchProof { directory, block, .. } = proof;
    directory.check().map_err(SearchFault::Form)?;
    let found = directory.digest();
    if found != expected {
        return Err(SearchFault::OtherDirectory { found, expected });
    }
    match directory.runs.last() {
        Some(run) if run.end > block.index => Err(SearchFault::Behind { end: run.end, block: block.index }),
        Some(_) | None => Ok(()),
    }
}

/// A run of which something is shown, and the leaves it covers.
struct Shown<'a> {
    run: &'a Run,
    covers: std::ops::Range<u64>,
    span: &'a Span,
}

/// `spans`: rule Z2. One for each run that covers leaves of the part, and each stands in its run.
fn shown(proof: &SearchProof) -> Result<Vec<Shown<'_>>, SearchFault> {
    let SearchProof { from, to, directory, spans, .. } = proof;
    let in_part = |covers: &std::ops::Range<u64>| covers.start < to.get() && from.get() < covers.end;
    let runs: Vec<_> = directory.covered().filter(|(covers, _)| in_part(covers)).collect();
    if spans.len() != runs.len() && !crypto::broken!(RunsNotCounted) {
        return Err(SearchFault::SpanCount { found: spans.len(), needed: runs.len() });
    }
    let mut shown = Vec::new();
    for (number, ((covers, run), span)) in runs.into_iter().zip(spans).enumerate() {
        let Span { bucket, records, proof } = span;
        let per = BUCKET_RECORDS as usize;
        // All buckets are full but the last one of the run.
        let left = bucket.checked_mul(BUCKET_RECORDS).and_then(|before| run.records.checked_sub(before));
        let whole = records.len().is_multiple_of(per) || left == Some(records.len() as u64);
        if !whole || records.is_empty() || records.len() > SPAN_BUCKETS_MAX * per {
            return Err(SearchFault::SpanRecords {
                span: number,
                bucket: *bucket,
                found: records.len(),
                records: run.records,
            });
        }
        let bytes = |records: &[Record]| records.iter().flat_map(|it| it.to_bytes()).collect::<Vec<_>>();
        let hashes: Vec<_> = records.chunks(per).map(|records| leaf_hash(&bytes(records))).collect();
        span::verify(&hashes, *bucket, run.buckets(), proof, &run.root)
            .map_err(|fault| SearchFault::Span { span: number, fault })?;
        shown.push(Shown { run, covers, span });
    }
    Ok(shown)
}

/// `complete`: the leaves that the runs name in the part, none of which can have been left out.
fn named(proof: &SearchProof, runs: &[Shown<'_>]) -> Result<Vec<LeafIndex>, SearchFault> {
    let SearchProof { key, from, to, .. } = proof;
    let prefix = key.prefix();
    let (low, high) = (Record { prefix, index: *from }, Record { prefix, index: *to });
    let mut named = Vec::new();
    for (number, Shown { run, covers, span: Span { bucket, records, .. } }) in runs.iter().enumerate() {
        if !records.is_sorted_by(|before, after| before < after) {
            return Err(SearchFault::Unsorted { span: number });
        }
        let last_bucket = bucket.saturating_add(records.len().div_ceil(BUCKET_RECORDS as usize) as u64);
        let is_below = *bucket == 0 || records.first().is_some_and(|first| *first <= low);
        let is_above = last_bucket == run.buckets() || records.last().is_some_and(|last| *last >= high);
        if !crypto::broken!(NeighboursNotAsked) {
            if !is_below {
                return Err(SearchFault::Short { span: number, below: true });
            }
            if !is_above {
                return Err(SearchFault::Short { span: number, below: false });
            }
        }
        for record in records.iter().filter(|record| low <= **record && **record < high) {
            if !covers.contains(&record.index.get()) {
                return Err(SearchFault::Stray { span: number, index: record.index });
            }
            named.push(record.index);
        }
    }
    Ok(named)
}

/// `leaves`: those and no others, each in the log; and whether it has the key.
fn leaves(
    proof: &SearchProof,
    named: &[LeafIndex],
    checkpoint: &CheckpointFacts,
) -> Result<(Vec<SearchHit>, usize), SearchFault> {
    let (found, needed) = (proof.found.len(), named.len());
    if found != needed || found > FOUND_MAX {
        return Err(SearchFault::LeafCount { found, needed });
    }
    let (mut hits, mut spare) = (Vec::new(), 0);
    let head = checkpoint.head;
    for (leaf, expected) in proof.found.iter().zip(named) {
        let (index, expected) = (leaf.index, *expected);
        if index != expected {
            return Err(SearchFault::OtherLeaf { found: index, expected });
        }
        inclusion::verify(&leaf_hash(&leaf.entry), index.get(), head.size.get(), &leaf.proof, &head.root)
            .map_err(|fault| SearchFault::Leaf { index, fault })?;
        let entry = Entry::decode(&leaf.entry).map_err(|fault| SearchFault::Unread { index, fault })?;
        match entry.submission().filter(|_| proof.key.is_of(&entry)) {
            Some(submission) => {
                let operation = submission.body().operation.name();
                hits.push(SearchHit { index, id: submission.id(), operation });
            }
            None => spare += 1,
        }
    }
    Ok((hits, spare))
}
