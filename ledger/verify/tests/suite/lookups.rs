//! Answers to searches: what they show, and everything a server could do to hide a leaf or to invent one.

use crypto::{Digest, Scheme, sha256};
use merkle::{LeafHashes, WholeTree, leaf_hash, span};
use proto::canonical::Canonical as _;
use proto::counter::{Height, LeafIndex, TimeMs, View};
use proto::entry::{BlockEntry, Entry, SubmissionEntry};
use proto::id::{Did, SubmissionId, Tenant, ValidatorIndex};
use proto::lookup::{
    BUCKET_RECORDS, Directory, FOUND_MAX, FoundLeaf, LookupKey, Record, Run, SearchProof, Span,
};
use proto::operation::Operation;
use proto::receipt::Receipt;
use proto::submission::{Body, Submission};
use verify::{Asked, Belief, Freshness, SearchCode, SearchFault, SearchOutcome, verify_search};

use crate::fixture::{Network, TIME_S, genesis, secret};

/// The leaves of the first block, and of the second.
const BLOCKS: [std::ops::Range<u64>; 2] = [2..14, 15..18];
/// The leaf of the last block, which states the index.
const LAST: u64 = 19;

/// A log with an index of one run a block.
struct Indexed {
    network: Network,
    runs: Vec<Vec<Record>>,
    directory: Directory,
}

fn say(at: u64) -> Submission {
    let author = secret(Scheme::Ed25519, ["alice", "bob"][(at % 2) as usize]);
    let operation = Operation::ProofSubmit {
        content: sha256(&[at as u8 % 5]),
        content_bytes: 1,
        media_type: String::new(),
        subject: format!("subject {}", at % 3),
    };
    let body = Body {
        network: genesis("example.com/log").network(),
        tenant: Tenant::default_tenant(),
        author: Did::of(author.public()),
        key: author.public().clone(),
        nonce: at,
        expires_at: None,
        operation,
    };
    body.sign(&author)
}

fn block(height: u64, lookup: Option<Digest>) -> Vec<u8> {
    Entry::Block(BlockEntry {
        height: Height::new(height),
        view: View::new(height),
        proposer: ValidatorIndex::new(0),
        time: TimeMs::new(1_789_000_001_000 + height),
        batches: Vec::new(),
        accepted: 0,
        rejected: 0,
        rejections: Digest::ZERO,
        state: sha256(b"state"),
        lookup,
    })
    .encode()
}

fn hashes(records: &[Record]) -> Vec<Digest> {
    let bytes = |bucket: &[Record]| bucket.iter().flat_map(|it| it.to_bytes()).collect::<Vec<_>>();
    records.chunks(BUCKET_RECORDS as usize).map(|bucket| leaf_hash(&bytes(bucket))).collect()
}

impl Indexed {
    fn new() -> Self {
        Self::with(|_| {}, |_| {})
    }

    /// What a quorum signs that made this of the runs, and of the directory.
    fn with(runs_are: impl FnOnce(&mut Vec<Vec<Record>>), said: impl FnOnce(&mut Directory)) -> Self {
        let mut network = Network::new("example.com/log");
        network.entries.truncate(2);
        let mut runs = Vec::new();
        for (leaves, height) in BLOCKS.into_iter().zip(1..) {
            let mut records = Vec::new();
            for at in leaves {
                let submission = say(at);
                records.extend(Record::of(&submission, LeafIndex::new(at)));
                let (height, time) = (Height::new(height), TimeMs::new(1));
                let entry = Entry::Submission(Box::new(SubmissionEntry { height, time, submission }));
                network.entries.push(entry.encode());
            }
            records.sort();
            runs.push(records);
            network.entries.push(block(height, None));
        }
        runs_are(&mut runs);
        let run = |(records, leaves): (&Vec<Record>, std::ops::Range<u64>)| Run {
            end: LeafIndex::new(leaves.end),
            records: records.len() as u64,
            root: WholeTree::new(hashes(records)).root(),
        };
        let mut directory =
            Directory { from: LeafIndex::new(2), runs: runs.iter().zip(BLOCKS).map(run).collect() };
        said(&mut directory);
        network.entries.push(block(3, Some(directory.digest())));
        Self { network, runs, directory }
    }

    fn receipt(&self, index: u64) -> Receipt {
        self.network.receipt(index)
    }

    /// The span of a run that shows buckets.
    fn span(&self, run: usize, buckets: std::ops::Range<u64>) -> Span {
        let records = &self.runs[run];
        let hashes = hashes(records);
        let proof = span::prove(&LeafHashes::new(&hashes), buckets.clone(), hashes.len() as u64);
        let end = records.len().min((buckets.end * BUCKET_RECORDS) as usize);
        Span {
            bucket: buckets.start,
            records: records[(buckets.start * BUCKET_RECORDS) as usize..end].to_vec(),
            proof: proof.expect("within the run"),
        }
    }

    /// The honest answer.
    fn answer(&self, key: &LookupKey, from: u64, to: u64) -> SearchProof {
        let prefix = key.prefix();
        let at = |index| Record { prefix, index: LeafIndex::new(index) };
        let (mut spans, mut found) = (Vec::new(), Vec::new());
        for (run, leaves) in BLOCKS.into_iter().enumerate() {
            let begin = leaves.start.min([2, 14][run]);
            if begin >= to || leaves.end <= from {
                continue;
            }
            let records = &self.runs[run];
            let low = records.partition_point(|it| *it < at(from));
            let high = records.partition_point(|it| *it < at(to));
            let last = high.min(records.len() - 1) as u64 / BUCKET_RECORDS;
            spans.push(self.span(run, low.saturating_sub(1) as u64 / BUCKET_RECORDS..last + 1));
            found.extend(records[low..high].iter().map(|record| self.leaf(record.index.get())));
        }
        let (from, to) = (LeafIndex::new(from), LeafIndex::new(to));
        let directory = self.directory.clone();
        SearchProof { key: key.clone(), from, to, block: self.receipt(LAST), directory, spans, found }
    }

    fn leaf(&self, index: u64) -> FoundLeaf {
        let Receipt { entry, index, proof, .. } = self.receipt(index);
        FoundLeaf { index, entry, proof }
    }

    fn judge(&self, proof: &SearchProof, asked: Asked<'_>) -> verify::SearchReport {
        verify_search(Belief::Policy(&self.network.policy), proof, asked)
    }

    fn code(&self, proof: &SearchProof) -> Option<SearchCode> {
        self.judge(proof, Asked::default()).failure().map(|(code, _)| code)
    }
}

fn subject(n: u64) -> LookupKey {
    LookupKey::Subject(format!("subject {n}"))
}

#[test]
fn an_answer_shows_all_that_has_the_key_and_that_there_is_no_more() {
    let log = Indexed::new();
    let alice = Did::of(secret(Scheme::Ed25519, "alice").public());
    let of = |is: &dyn Fn(u64) -> bool| BLOCKS.into_iter().flatten().filter(|at| is(*at)).collect::<Vec<_>>();
    let cases = [
        (subject(1), of(&|at| at % 3 == 1)),
        (LookupKey::Content(sha256(&[4])), of(&|at| at % 5 == 4)),
        (LookupKey::Author(alice), of(&|at| at % 2 == 0)),
        (LookupKey::Id(say(7).id()), vec![7]),
        (subject(9), vec![]),
        (LookupKey::Id(SubmissionId::new(sha256(b"none"))), vec![]),
        (LookupKey::About(sha256(b"not revoked")), vec![]),
    ];
    for (key, expected) in cases {
        for (from, to) in [(2, LAST), (2, 9), (9, LAST), (14, LAST), (9, 9), (16, 17)] {
            let proof = log.answer(&key, from, to);
            let asked = Asked { key: Some(&key), from: Some(LeafIndex::new(from)), freshness: None };
            let report = log.judge(&proof, asked);
            assert_eq!(report.failure(), None, "{key:?} [{from}, {to})");
            assert_eq!(report.checks.len(), SearchCode::ALL.len());
            let facts = report.facts.expect("all holds");
            let hits: Vec<_> = facts.hits.iter().map(|hit| hit.index.get()).collect();
            let expected: Vec<_> = expected.iter().copied().filter(|at| (from..to).contains(at)).collect();
            assert_eq!((hits, facts.spare), (expected, 0), "{key:?} [{from}, {to})");
            assert_eq!((facts.block.get(), facts.height.get(), facts.covered.get()), (LAST, 3, 2));
        }
    }
    // Asked from the first leaf on, an answer begins where the index does.
    let key = subject(1);
    let asked = Asked { key: Some(&key), from: Some(LeafIndex::ZERO), freshness: None };
    assert!(log.judge(&log.answer(&key, 2, LAST), asked).facts.is_some());
}

type Spoil = fn(&Indexed, &mut SearchProof);

/// The server hides or invents something; each is refused by its own check.
#[test]
fn each_lie_of_a_server_fails_its_own_check() {
    use SearchCode::{
        Block, CheckpointSignatures, Directory, Index, Leaves, Policy, ProofLength, Question, Quorum, Root,
        Spans,
    };
    let cases: [(&str, SearchCode, Spoil); 36] = [
        ("another log", Policy, |_, it| {
            it.block.checkpoint = it.block.checkpoint.replace("example.com", "example.org")
        }),
        ("another signature", CheckpointSignatures, |_, it| {
            let head = it.block.checkpoint.rfind("AAA").unwrap_or(it.block.checkpoint.len() - 9);
            let other = if it.block.checkpoint.as_bytes()[head] == b'A' { "B" } else { "A" };
            it.block.checkpoint.replace_range(head..=head, other);
        }),
        ("too few cosigners", Quorum, |log, it| {
            it.block.checkpoint =
                log.network.checkpoint(log.network.head(LAST as usize + 1), &[(0, TIME_S), (1, TIME_S)]);
        }),
        ("a leaf behind the head", Index, |_, it| it.block.index = LeafIndex::new(LAST + 1)),
        ("an older head", Index, |log, it| {
            let older = log.network.head(LAST as usize);
            it.block.checkpoint = log.network.checkpoint(older, &[(0, TIME_S), (1, TIME_S), (2, TIME_S)]);
        }),
        ("a proof that is too long", ProofLength, |_, it| it.block.proof.push(Digest::ZERO)),
        ("another way", Root, |_, it| it.block.proof[0] = Digest::ZERO),
        ("a block that is not in the log", Root, |log, it| {
            it.directory.runs.pop();
            it.block.entry = block(3, Some(it.directory.digest()));
            let _ = log;
        }),
        ("a leaf that is no block's", Block, |log, it| it.block = log.receipt(5)),
        ("the epoch's leaf", Block, |log, it| it.block = log.receipt(1)),
        ("an older block that states none", Block, |log, it| it.block = log.receipt(14)),
        ("leaves behind the block", Question, |_, it| it.to = LeafIndex::new(LAST + 1)),
        ("leaves before the index", Question, |_, it| it.from = LeafIndex::new(1)),
        ("a part that ends before it begins", Question, |_, it| it.to = LeafIndex::new(1)),
        ("a directory without a run", Directory, |_, it| {
            it.directory.runs.remove(1);
            it.spans.remove(1);
        }),
        ("runs in another order", Directory, |_, it| {
            let first = it.directory.runs[0].root;
            it.directory.runs[0].root = it.directory.runs[1].root;
            it.directory.runs[1].root = first;
        }),
        ("runs that end in another order", Directory, |_, it| it.directory.runs.swap(0, 1)),
        ("an empty run", Directory, |_, it| it.directory.runs[0].records = 0),
        ("a directory that covers less", Directory, |_, it| {
            it.directory.from = LeafIndex::new(3);
            it.from = LeafIndex::new(3);
        }),
        ("a run that is not shown", Spans, |_, it| {
            it.spans.pop();
        }),
        ("the wrong run that is not shown", Spans, |_, it| {
            it.spans.remove(0);
        }),
        ("a run shown twice", Spans, |_, it| it.spans.push(it.spans[1].clone())),
        ("a record that is left out", Spans, |_, it| {
            it.spans[0].records.remove(1);
        }),
        ("a record too many", Spans, |_, it| {
            let again = *it.spans[0].records.last().expect("records");
            it.spans[0].records.push(again);
        }),
        ("a record that names another leaf", Spans, |_, it| {
            it.spans[0].records[3].index = LeafIndex::new(99)
        }),
        ("nothing of a run", Spans, |_, it| it.spans[0].records.clear()),
        ("a run's end instead of its middle", Spans, |_, it| it.spans[0].bucket += 1),
        ("a bucket beyond all numbers", Spans, |_, it| it.spans[0].bucket = u64::MAX),
        ("a way that is too short", Spans, |_, it| {
            it.spans[0].proof.pop();
        }),
        ("a way that is too long", Spans, |_, it| it.spans[1].proof.push(Digest::ZERO)),
        ("a leaf that is left out", Leaves, |_, it| {
            it.found.remove(0);
        }),
        ("a leaf too many", Leaves, |log, it| it.found.push(log.leaf(17))),
        ("another leaf in its place", Leaves, |log, it| it.found[1] = log.leaf(5)),
        ("a leaf of other bytes", Leaves, |_, it| it.found[0].entry[9] ^= 1),
        ("a leaf on another way", Leaves, |_, it| it.found[0].proof[0] = Digest::ZERO),
        ("leaves in another order", Leaves, |_, it| it.found.swap(0, 1)),
    ];
    let log = Indexed::new();
    let key = subject(1);
    let honest = log.answer(&key, 2, LAST);
    assert_eq!(log.code(&honest), None);
    for (name, expected, spoil) in cases {
        let mut proof = honest.clone();
        spoil(&log, &mut proof);
        let report = log.judge(&proof, Asked::default());
        assert_eq!(report.failure().map(|(code, _)| code), Some(expected), "{name}: {:?}", report.failure());
        assert_eq!(report.facts, None, "{name}");
        let codes: Vec<_> = report.checks.iter().map(|check| check.code).collect();
        assert_eq!(codes, SearchCode::ALL, "{name}");
        let after = report.checks.iter().skip_while(|check| check.code <= expected);
        assert!(after.clone().all(|it| matches!(it.outcome, SearchOutcome::Skipped(_))), "{name}");
    }
}

/// Part of a run, truly proven, that leaves out the bucket in which the key stands, or where it would stand.
#[test]
fn what_is_shown_of_a_run_must_reach_beyond_the_key_on_both_sides() {
    let log = Indexed::new();
    let buckets = hashes(&log.runs[0]).len() as u64;
    assert_eq!(buckets, 3);
    let keys: Vec<_> =
        (0..3).map(subject).chain([LookupKey::Id(say(7).id()), subject(77), subject(78)]).collect();
    let (mut short, mut enough) = (0, 0);
    for key in keys {
        let honest = log.answer(&key, 2, 14);
        for first in 0..buckets {
            for end in first + 1..=buckets {
                let span = log.span(0, first..end);
                let prefix = key.prefix();
                let named = span.records.iter().filter(|record| record.prefix == prefix);
                let found = named.map(|record| log.leaf(record.index.get())).collect();
                let proof = SearchProof { spans: vec![span], found, ..honest.clone() };
                let report = log.judge(&proof, Asked::default());
                match report.facts {
                    Some(facts) => {
                        assert_eq!(facts.hits.len(), honest.found.len(), "{key:?} in [{first}, {end})");
                        enough += 1;
                    }
                    None => {
                        let (code, fault) = report.failure().expect("it failed");
                        assert_eq!(code, SearchCode::Complete, "{key:?} in [{first}, {end})");
                        assert!(matches!(fault, SearchFault::Short { .. }), "{fault}");
                        short += 1;
                    }
                }
            }
        }
    }
    assert!(short > 9 && enough > 5, "{short} too short, {enough} enough");
}

#[test]
fn an_answer_is_to_the_question() {
    let log = Indexed::new();
    let (key, other) = (subject(1), subject(2));
    let proof = log.answer(&key, 9, LAST);
    for (name, asked) in [
        ("another key", Asked { key: Some(&other), ..Asked::default() }),
        ("from earlier on", Asked { from: Some(LeafIndex::new(5)), ..Asked::default() }),
        ("from the first on", Asked { from: Some(LeafIndex::ZERO), ..Asked::default() }),
        ("from later on", Asked { from: Some(LeafIndex::new(10)), ..Asked::default() }),
    ] {
        let report = log.judge(&proof, asked);
        assert_eq!(report.failure().map(|(code, _)| code), Some(SearchCode::Question), "{name}");
    }
    // An answer about one key is none about another, even if it says so.
    let mut renamed = proof.clone();
    renamed.key = other;
    assert!(log.code(&renamed).is_some());
    let fresh = |now_s| {
        let freshness = Some(Freshness { now_s, max_age_s: 60 });
        let report = log.judge(&proof, Asked { freshness, ..Asked::default() });
        report.failure().map(|(code, _)| code)
    };
    assert_eq!(fresh(TIME_S + 30), None);
    assert_eq!(fresh(TIME_S + 300), Some(SearchCode::Freshness));
}

/// What a whole quorum could state that broke the rules: it is refused where it can be seen.
#[test]
fn an_index_that_breaks_its_rules_is_refused_though_it_is_signed() {
    let key = subject(1);
    let unsorted = Indexed::with(|runs| runs[1].reverse(), |_| {});
    let mut proof = unsorted.answer(&key, 2, LAST);
    proof.spans[1] = unsorted.span(1, 0..1);
    assert_eq!(unsorted.code(&proof), Some(SearchCode::Complete));
    // Leaves of the first block, in the run that covers the second.
    let strayed = Indexed::with(
        |runs| {
            let all = runs.concat();
            runs[1] = all;
            runs[1].sort();
        },
        |_| {},
    );
    assert_eq!(strayed.code(&strayed.answer(&key, 2, LAST)), Some(SearchCode::Complete));
    let behind = Indexed::with(|_| {}, |directory| directory.runs[1].end = LeafIndex::new(LAST + 1));
    assert_eq!(behind.code(&behind.answer(&key, 2, LAST)), Some(SearchCode::Directory));
    let shuffled = Indexed::with(|_| {}, |directory| directory.runs[1].end = LeafIndex::new(3));
    assert_eq!(shuffled.code(&shuffled.answer(&key, 2, LAST)), Some(SearchCode::Directory));
}

/// Two keys that begin alike cost a leaf that is shown, and no more.
#[test]
fn a_leaf_that_was_named_and_has_not_the_key_is_spare() {
    let key = subject(1);
    let prefix = key.prefix();
    let log = Indexed::with(
        |runs| {
            // As if leaf 15 had a key that begins like this one.
            runs[1].push(Record { prefix, index: LeafIndex::new(15) });
            runs[1].sort();
        },
        |_| {},
    );
    let facts = log.judge(&log.answer(&key, 2, LAST), Asked::default()).facts.expect("all holds");
    let hits: Vec<_> = facts.hits.iter().map(|hit| hit.index.get()).collect();
    assert_eq!((hits, facts.spare), (vec![4, 7, 10, 13, 16], 1));
}

#[test]
fn an_answer_is_bounded() {
    let log = Indexed::new();
    let key = subject(1);
    let mut proof = log.answer(&key, 2, LAST);
    proof.found = vec![proof.found[0].clone(); FOUND_MAX + 1];
    assert_eq!(log.code(&proof), Some(SearchCode::Leaves));
    let mut proof = log.answer(&key, 2, LAST);
    proof.spans[0].records = vec![proof.spans[0].records[0]; 1_000];
    assert_eq!(log.code(&proof), Some(SearchCode::Spans));
}

/// Whatever is changed in an answer: it is refused, or it shows the same as before; and nothing makes it panic.
#[test]
fn no_change_of_an_answer_shows_something_else() {
    let log = Indexed::new();
    let key = subject(1);
    let honest = log.answer(&key, 2, LAST);
    let shown = log.judge(&honest, Asked::default()).facts.expect("all holds").hits;
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |bound: usize| {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        (noise % bound as u64) as usize
    };
    let numbers = [0, 1, 2, 15, 16, 17, 40, u64::MAX / 16, u64::MAX / 16 + 1, u64::MAX - 1, u64::MAX];
    for _ in 0..3_000 {
        let mut proof = honest.clone();
        for _ in 0..=next(2) {
            let number = numbers[next(numbers.len())];
            let (run, span) = (next(proof.directory.runs.len().max(1)), next(proof.spans.len().max(1)));
            match next(12) {
                0 => proof.from = LeafIndex::new(number),
                1 => proof.to = LeafIndex::new(number),
                2 => proof.directory.from = LeafIndex::new(number),
                3 => proof.directory.runs[run].records = number,
                4 => proof.directory.runs[run].end = LeafIndex::new(number),
                5 => proof.spans[span].bucket = number,
                6 => proof.spans[span].records.truncate(number.min(30) as usize),
                7 => {
                    let place = next(proof.spans[span].records.len().max(1));
                    if let Some(record) = proof.spans[span].records.get_mut(place) {
                        record.index = LeafIndex::new(number);
                    }
                }
                8 => proof.spans[span].proof.push(sha256(&[number as u8])),
                9 => proof.spans.swap(0, span),
                10 => proof.found.truncate(number.min(9) as usize),
                _ => proof.block.index = LeafIndex::new(number),
            }
        }
        let report = log.judge(&proof, Asked { key: Some(&key), ..Asked::default() });
        match report.facts {
            None => assert!(report.failure().is_some()),
            // A part of the same log may be named, and is then shown truly.
            Some(facts) => {
                let part = shown.iter().filter(|hit| facts.from <= hit.index && hit.index < facts.to);
                assert_eq!(facts.hits, part.cloned().collect::<Vec<_>>());
            }
        }
    }
}
