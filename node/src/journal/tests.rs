use super::*;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;

use crypto::{PublicKey, Scheme, SecretKey};
use proto::batch::Batch;
use proto::block::Block;
use proto::certificate::QuorumCert;
use proto::counter::{Epoch, TimeMs, View};
use proto::id::{Did, Tenant, ValidatorIndex};
use proto::operation::Operation;
use proto::submission::Body;

const ME: ValidatorIndex = ValidatorIndex::new(2);

fn key(number: u8) -> PublicKey {
    SecretKey::from_seed(Scheme::Ed25519, &[number; 32]).unwrap().public().clone()
}

fn us() -> PublicKey {
    key(2)
}

fn network() -> NetworkId {
    NetworkId::new(sha256(b"network"))
}

fn block(view: u64) -> Block {
    let mut block = Block::genesis(&network(), TimeMs::new(view));
    block.height = Height::new(view);
    block.view = View::new(view);
    block
}

/// A record of somebody who voted in a view.
fn record(view: u64) -> SafetyRecord {
    SafetyRecord {
        epoch: Epoch::ZERO,
        last_acted_view: View::new(view),
        high_qc: QuorumCert { view: View::new(view - 1), ..QuorumCert::genesis(block(view - 1).id()) },
        high_tc: None,
        voted: Some(block(view)),
        timed_out: false,
        proposed: None,
    }
}

fn body(view: u64, filler_bytes: usize) -> CertifiedBlock {
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[1; 32]).unwrap();
    let submissions = (0..filler_bytes.div_ceil(60))
        .map(|nonce| {
            Body {
                network: network(),
                tenant: Tenant::default_tenant(),
                author: Did::of(secret.public()),
                key: secret.public().clone(),
                nonce: nonce as u64,
                expires_at: None,
                operation: Operation::ProofSubmit {
                    content: sha256(b""),
                    content_bytes: 0,
                    media_type: String::new(),
                    subject: "s".repeat(60),
                },
            }
            .seal(secret.sign(b"not checked here"))
        })
        .collect();
    let justify = QuorumCert { view: View::new(view - 1), ..QuorumCert::genesis(block(view - 1).id()) };
    CertifiedBlock { block: block(view), justify, batches: vec![Batch { author: ME, submissions }] }
}

struct Desk {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

fn desk() -> Desk {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(Journal::FILE_NAME);
    Desk { _dir: dir, path }
}

impl Desk {
    fn open(&self) -> Result<(Journal, Recovered), JournalError> {
        Journal::open(&self.path, &network(), &us(), IfMissing::Refuse)
    }

    fn create(&self) -> Journal {
        Journal::open(&self.path, &network(), &us(), IfMissing::Create).unwrap().0
    }

    /// Three appends with bodies; the middle one is two writes at once. Returns the file's length before each.
    fn three_groups(&self) -> Vec<usize> {
        let mut journal = self.create();
        let mut lengths = vec![journal.length as usize];
        for views in [&[1][..], &[2, 3], &[4]] {
            let all: Vec<_> = views.iter().map(|view| (record(*view), body(*view, 100))).collect();
            let writes: Vec<_> = all
                .iter()
                .map(|(record, body)| Write { record, body: Some(body), settled: Height::ZERO })
                .collect();
            journal.append(&writes).unwrap();
            lengths.push(journal.length as usize);
        }
        lengths
    }
}

fn write(record: &SafetyRecord) -> Write<'_> {
    Write { record, body: None, settled: Height::ZERO }
}

#[test]
fn what_was_appended_is_there_after_a_reopen() {
    let desk = desk();
    desk.three_groups();
    let (journal, recovered) = desk.open().unwrap();
    let blocks = (1..=4).map(|view| body(view, 100)).collect();
    assert_eq!(recovered, Recovered { record: Some(record(4)), blocks, cut_bytes: 0, lost: false });
    assert_eq!(journal.record(), Some(&record(4)));
}

#[test]
fn settled_blocks_are_forgotten_and_others_are_not() {
    let desk = desk();
    desk.three_groups();
    let (mut journal, _) = desk.open().unwrap();
    journal.append(&[Write { record: &record(5), body: None, settled: Height::new(3) }]).unwrap();
    drop(journal);
    assert_eq!(desk.open().unwrap().1.blocks, [body(4, 100)]);
}

#[test]
fn a_crash_at_any_byte_of_the_last_append_leaves_the_one_before() {
    let desk = desk();
    let lengths = desk.three_groups();
    let bytes = std::fs::read(&desk.path).unwrap();
    for length in lengths[2]..bytes.len() {
        std::fs::write(&desk.path, &bytes[..length]).unwrap();
        let (mut journal, recovered) = desk.open().unwrap();
        assert_eq!(recovered.record, Some(record(3)), "{length}");
        assert_eq!(recovered.cut_bytes, (length - lengths[2]) as u64);
        journal.append(&[write(&record(4))]).unwrap();
        drop(journal);
        assert_eq!(desk.open().unwrap().1.record, Some(record(4)), "{length}");
    }
}

#[test]
fn pages_of_the_last_append_that_were_never_written_are_a_torn_tail_too() {
    let desk = desk();
    let lengths = desk.three_groups();
    let bytes = std::fs::read(&desk.path).unwrap();
    // From behind the length, whose first bytes are zero anyway.
    for hole in lengths[2] + 4..bytes.len() {
        let mut torn = bytes.clone();
        torn[lengths[2]..=hole].fill(0);
        std::fs::write(&desk.path, &torn).unwrap();
        assert_eq!(desk.open().unwrap().1.record, Some(record(3)), "{hole}");
    }
}

#[test]
fn a_flipped_bit_before_the_last_append_is_refused() {
    let desk = desk();
    let lengths = desk.three_groups();
    let bytes = std::fs::read(&desk.path).unwrap();
    for position in 0..lengths[2] {
        let mut flipped = bytes.clone();
        flipped[position] ^= 1 << (position % 8);
        std::fs::write(&desk.path, &flipped).unwrap();
        let refused = desk.open().expect_err("a bit is flipped");
        if position >= Header::BYTES {
            assert!(matches!(refused, JournalError::Damaged { .. }), "{position}: {refused}");
        }
        assert_eq!(std::fs::read(&desk.path).unwrap(), flipped, "what is refused is left as it is");
    }
}

#[test]
fn a_lost_or_repeated_group_is_refused() {
    let desk = desk();
    let lengths = desk.three_groups();
    let bytes = std::fs::read(&desk.path).unwrap();
    let lost = [&bytes[..lengths[1]], &bytes[lengths[2]..]].concat();
    let repeated = [&bytes[..lengths[2]], &bytes[lengths[1]..]].concat();
    for changed in [lost, repeated] {
        std::fs::write(&desk.path, &changed).unwrap();
        assert!(matches!(desk.open(), Err(JournalError::Damaged { .. })));
    }
}

#[test]
fn a_journal_of_another_node_network_or_release_is_refused() {
    let desk = desk();
    desk.three_groups();
    let other = NetworkId::new(sha256(b"other"));
    let refused = Journal::open(&desk.path, &other, &us(), IfMissing::Create).unwrap_err();
    assert!(matches!(refused, JournalError::Network { .. }), "{refused}");
    let refused = Journal::open(&desk.path, &network(), &key(9), IfMissing::Create).unwrap_err();
    assert!(matches!(refused, JournalError::Owner { .. }), "{refused}");
    let mut bytes = std::fs::read(&desk.path).unwrap();
    for release in [1, 4] {
        bytes[19] = release;
        std::fs::write(&desk.path, &bytes).unwrap();
        let found = u32::from(release);
        assert!(matches!(desk.open(), Err(JournalError::Version { found: it }) if it == found));
    }
    std::fs::write(&desk.path, b"something else").unwrap();
    assert!(matches!(desk.open(), Err(JournalError::Header { .. })));
}

#[test]
fn a_missing_journal_is_begun_only_by_those_who_never_spoke() {
    let desk = desk();
    assert!(matches!(desk.open(), Err(JournalError::Missing { .. })));
    assert_eq!(
        Journal::open(&desk.path, &network(), &us(), IfMissing::Create).unwrap().1,
        Recovered::default()
    );
    assert_eq!(desk.open().unwrap().1, Recovered::default());
}

#[test]
fn one_process_at_a_time() {
    let desk = desk();
    let journal = desk.create();
    assert!(matches!(desk.open(), Err(JournalError::InUse { .. })));
    drop(journal);
    assert!(desk.open().is_ok());
}

#[test]
fn a_record_that_contradicts_the_last_is_not_written() {
    let last = SafetyRecord { proposed: Some(block(5)), ..record(5) };
    let timed_out = SafetyRecord { voted: None, timed_out: true, ..record(5) };
    let lock = |view| QuorumCert { view: View::new(view), ..record(5).high_qc };
    let other = Block { time: TimeMs::new(77), ..block(5) };
    type Case = (&'static str, SafetyRecord, SafetyRecord, fn(&Contradiction) -> bool);
    let cases: [Case; 6] = [
        ("view", last.clone(), record(4), |it| matches!(it, Contradiction::View { .. })),
        ("lock", last.clone(), SafetyRecord { high_qc: lock(3), ..record(6) }, |it| {
            matches!(it, Contradiction::Lock { .. })
        }),
        ("vote", last.clone(), SafetyRecord { voted: Some(other.clone()), ..last.clone() }, |it| {
            matches!(it, Contradiction::SecondVote { .. })
        }),
        ("proposal", last.clone(), SafetyRecord { proposed: Some(other), ..last.clone() }, |it| {
            matches!(it, Contradiction::SecondProposal { .. })
        }),
        ("late vote", timed_out, record(5), |it| matches!(it, Contradiction::VoteAfterTimeout { .. })),
        ("epoch", SafetyRecord { epoch: Epoch::new(1), ..last.clone() }, record(9), |it| {
            matches!(it, Contradiction::Epoch { .. })
        }),
    ];
    for (name, last, next, expected) in cases {
        let desk = desk();
        let mut journal = desk.create();
        journal.append(&[write(&last)]).unwrap();
        // Within one append as well as between two.
        for writes in [&[write(&next)][..], &[write(&last), write(&next)]] {
            match journal.append(writes) {
                Err(JournalError::Contradiction(found)) => assert!(expected(&found), "{name}: {found}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        // Nothing was written, so what agrees is still taken.
        journal.append(&[write(&last)]).unwrap();
        drop(journal);
        assert_eq!(desk.open().unwrap().1.record, Some(last), "{name}");
    }
}

#[test]
fn a_new_reign_begins_its_views_anew() {
    let desk = desk();
    let mut journal = desk.create();
    journal.append(&[write(&record(9))]).unwrap();
    journal.append(&[write(&SafetyRecord { epoch: Epoch::new(1), ..record(1) })]).unwrap();
}

#[test]
fn rewriting_keeps_the_record_and_what_is_not_settled() {
    let desk = desk();
    let mut journal = desk.create();
    journal.compact_above(100_000);
    for view in 1..60_u64 {
        let settled = Height::new(view.saturating_sub(3));
        let next = Write { record: &record(view), body: Some(&body(view, 5_000)), settled };
        journal.append(&[next]).unwrap();
    }
    assert!(journal.length < 150_000, "{} bytes", journal.length);
    drop(journal);
    let (mut journal, recovered) = desk.open().unwrap();
    assert_eq!(recovered.record, Some(record(59)));
    assert_eq!(recovered.blocks, [body(57, 5_000), body(58, 5_000), body(59, 5_000)]);
    journal.append(&[write(&record(60))]).unwrap();
    drop(journal);
    assert_eq!(desk.open().unwrap().1.record, Some(record(60)));
}

#[test]
fn a_crash_while_rewriting_leaves_the_old_journal_or_the_new_one() {
    let desk = desk();
    let mut journal = desk.create();
    for view in 1..=4 {
        let write = Write { record: &record(view), body: Some(&body(view, 500)), settled: Height::new(2) };
        journal.append(&[write]).unwrap();
    }
    drop(journal);
    let old = std::fs::read(&desk.path).unwrap();
    let before = desk.open().unwrap().1;

    let (mut journal, _) = desk.open().unwrap();
    journal.compact(&record(4)).unwrap();
    drop(journal);
    let new = std::fs::read(&desk.path).unwrap();
    assert!(new.len() < old.len());
    assert_eq!(desk.open().unwrap().1, before, "the new one says the same");

    // Before the rename: the new one stands beside, in part or whole, and the old one in its place.
    for length in [0, 1, new.len() / 2, new.len()] {
        std::fs::write(&desk.path, &old).unwrap();
        std::fs::write(files::beside(&desk.path), &new[..length]).unwrap();
        let (mut journal, recovered) = desk.open().unwrap();
        assert_eq!(recovered, before);
        journal.compact(&record(4)).unwrap();
        drop(journal);
        assert_eq!(desk.open().unwrap().1, before, "what was left beside is no obstacle");
    }
}

#[test]
fn a_rewritten_journal_whose_only_group_is_broken_is_refused() {
    let desk = desk();
    let mut journal = desk.create();
    journal.append(&[write(&record(1))]).unwrap();
    journal.compact(&record(1)).unwrap();
    drop(journal);
    let bytes = std::fs::read(&desk.path).unwrap();
    // It looks torn, but it was durable before the file had its name: to cut it off would be to forget every word.
    let mut flipped = bytes.clone();
    flipped[Header::BYTES + 30] ^= 1;
    for damaged in [&flipped[..], &bytes[..bytes.len() - 1], &bytes[..Header::BYTES]] {
        std::fs::write(&desk.path, damaged).unwrap();
        assert!(matches!(desk.open(), Err(JournalError::Damaged { .. })));
        assert_eq!(std::fs::read(&desk.path).unwrap(), damaged, "what is refused is left as it is");
    }
}

#[test]
fn a_block_that_rotted_is_not_carried_over() {
    let desk = desk();
    let mut journal = desk.create();
    journal
        .append(&[Write { record: &record(1), body: Some(&body(1, 500)), settled: Height::ZERO }])
        .unwrap();
    let place = *journal.bodies.values().next().unwrap();
    let file = OpenOptions::new().write(true).open(&desk.path).unwrap();
    file.write_all_at(b"rot", place.offset + 40).unwrap();
    assert!(matches!(journal.compact(&record(1)), Err(JournalError::Damaged { .. })));
}

#[test]
fn after_a_failed_write_nothing_is_written_any_more() {
    let desk = desk();
    let mut journal = desk.create();
    journal.append(&[write(&record(1))]).unwrap();
    // Reading only: the system refuses the write, as it would on a full or broken disk.
    journal.file = Box::new(File::open(&desk.path).unwrap());
    assert!(matches!(journal.append(&[write(&record(2))]), Err(JournalError::Io { .. })));
    journal.file = Box::new(OpenOptions::new().append(true).open(&desk.path).unwrap());
    assert!(matches!(journal.append(&[write(&record(3))]), Err(JournalError::Stopped { .. })));
    drop(journal);
    assert_eq!(desk.open().unwrap().1.record, Some(record(1)));
}

/// The mark of a loss stays, whoever starts the node and however, and when the file is rewritten.
#[test]
fn a_journal_begun_after_a_loss_says_so_for_ever() {
    let desk = desk();
    assert!(matches!(desk.open(), Err(JournalError::Missing { .. })));
    let begin = || Journal::open(&desk.path, &network(), &us(), IfMissing::BeginAgain).unwrap();
    assert!(begin().1.lost);
    assert!(desk.open().unwrap().1.lost, "after a restart without having spoken");
    let (mut journal, recovered) = begin();
    assert!(recovered.lost && recovered.record.is_none(), "what is there is not begun anew");
    let record = record(4);
    journal.compact_above(0);
    journal.append(&[Write { record: &record, body: None, settled: Height::ZERO }]).unwrap();
    drop(journal);
    let (_, recovered) = begin();
    assert_eq!((recovered.lost, recovered.record), (true, Some(record)));
}

/// Its mark is no write that a crash may have torn.
#[test]
fn a_journal_whose_mark_of_a_loss_is_damaged_is_refused() {
    let desk = desk();
    drop(Journal::open(&desk.path, &network(), &us(), IfMissing::BeginAgain).unwrap());
    let bytes = std::fs::read(&desk.path).unwrap();
    for cut in 1..30 {
        std::fs::write(&desk.path, &bytes[..bytes.len() - cut]).unwrap();
        assert!(desk.open().is_err(), "{cut} bytes less");
    }
}
