//! Each check, broken on its own.

use crypto::{Digest, Scheme, Signature, sha256};
use proto::canonical::Canonical as _;
use proto::counter::LeafIndex;
use proto::entry::{Entry, GenesisEntry, SubmissionEntry};
use proto::id::{NetworkId, SubmissionId};
use proto::policy::Policy;
use proto::receipt::Receipt;
use proto::submission::SubmissionError;
use verify::{Code, EntryFacts, Fault, Freshness, Options, Outcome, Report, Standing, verify_receipt};

use crate::fixture::{Network, SUBMITTED, TIME_S, content, secret, without};

fn failure(report: &Report) -> Option<Code> {
    assert_eq!(report.checks.iter().map(|check| check.code).collect::<Vec<_>>(), Code::ALL);
    report.failure().map(|(code, _)| code)
}

fn verify(network: &Network, receipt: &Receipt) -> Report {
    verify_receipt(&network.policy, receipt, Options::default())
}

#[test]
fn codes_are_frozen() {
    let codes = Code::ALL.map(Code::as_str).join(" ");
    let frozen = "policy checkpoint_signatures quorum index proof_length root entry author_signature key_standing \
                  batch_item artifact freshness";
    assert_eq!(codes, frozen);
}

#[test]
fn every_kind_of_entry_has_a_true_receipt() {
    let network = Network::new("example.com/log");
    let kinds = ["genesis", "epoch", "submission", "submission", "submission", "block"];
    for (index, kind) in (0..).zip(kinds) {
        let report = verify(&network, &network.receipt(index));
        assert!(report.is_true(), "{index}: {:?}", report.failure());
        assert_eq!(report.index, Some(LeafIndex::new(index)));
        assert_eq!(report.entry.map(|entry| entry.kind()), Some(kind));
    }
}

#[test]
fn a_report_says_what_was_found() {
    let network = Network::new("example.com/log");
    let receipt = network.receipt(SUBMITTED);
    let options = Options {
        submission: None,
        artifact: Some(content()),
        freshness: Some(Freshness { now_s: TIME_S + 60, max_age_s: 60 }),
    };
    let report = verify_receipt(&network.policy, &receipt, options);
    for check in &report.checks {
        let expected = match check.code {
            Code::BatchItem => Outcome::Skipped("the receipt is about no item of a batch"),
            _ => Outcome::Passed,
        };
        assert_eq!(check.outcome, expected, "{:?}", check.code);
    }
    let checkpoint = report.checkpoint.expect("believed");
    assert_eq!(checkpoint.origin.as_str(), "example.com/log");
    assert_eq!(checkpoint.head, network.head(6));
    let names: Vec<_> = checkpoint.cosigners.iter().map(|cosigner| cosigner.name.as_str()).collect();
    let expected = ["v1-ed25519", "v1-ml-dsa-65", "v2-ed25519", "v2-ml-dsa-65", "v3-ed25519", "v3-ml-dsa-65"];
    assert_eq!(names, expected);
    // All three are needed, so the quorum vouches for the earliest of their times.
    assert_eq!(checkpoint.vouched_time_s, Some(TIME_S));
    let Some(EntryFacts::Submission(facts)) = report.entry else {
        panic!("a submission");
    };
    assert_eq!(facts.operation, "proof.submit");
    assert_eq!(facts.content, Some(content()));
    assert_eq!(facts.network, Some(*network.set.network()));
    assert_eq!(facts.standing, Standing::SelfCertified);
    let options = Options { submission: Some(facts.id), ..Options::default() };
    assert!(verify_receipt(&network.policy, &receipt, options).is_true());
}

#[test]
fn a_key_that_the_did_does_not_show_is_attested_by_the_log() {
    let network = Network::new("example.com/log");
    let report = verify(&network, &network.receipt(4));
    let Some(EntryFacts::Submission(facts)) = report.entry else {
        panic!("a submission");
    };
    assert_eq!(facts.standing, Standing::AttestedByLog);
}

#[test]
fn each_spoiled_receipt_fails_its_own_check() {
    let network = Network::new("example.com/log");
    let foreign = Network::new("example.com/other");
    let good = network.receipt(SUBMITTED);
    let head = network.head(6);
    let note = |signers: &[u16]| {
        let signers: Vec<_> = signers.iter().map(|signer| (*signer, TIME_S)).collect();
        network.checkpoint(head, &signers)
    };
    let spoiled = |spoil: &dyn Fn(&mut Receipt)| {
        let mut receipt = good.clone();
        spoil(&mut receipt);
        receipt
    };
    let cases: Vec<(&str, Receipt, Code)> = vec![
        (
            "a checkpoint of another log",
            spoiled(&|r| r.checkpoint = foreign.receipt(2).checkpoint),
            Code::Policy,
        ),
        ("no checkpoint", spoiled(&|r| r.checkpoint.clear()), Code::CheckpointSignatures),
        (
            "text under which nobody signed",
            spoiled(&|r| r.checkpoint = r.checkpoint.replace("\n6\n", "\n7\n")),
            Code::CheckpointSignatures,
        ),
        (
            "no log line",
            spoiled(&|r| r.checkpoint = without(&r.checkpoint, |line| line % 3 == 0)),
            Code::CheckpointSignatures,
        ),
        (
            "a line twice",
            spoiled(&|r| {
                let line = r.checkpoint.lines().last().expect("lines").to_owned();
                r.checkpoint = format!("{}{line}\n", r.checkpoint);
            }),
            Code::CheckpointSignatures,
        ),
        (
            "a line by a stranger",
            spoiled(&|r| r.checkpoint.push_str("\u{2014} example.com/stranger AQIDBAU=\n")),
            Code::CheckpointSignatures,
        ),
        ("two validators of four", spoiled(&|r| r.checkpoint = note(&[0, 1])), Code::Quorum),
        ("one validator twice", spoiled(&|r| r.checkpoint = note(&[0, 1, 1])), Code::CheckpointSignatures),
        (
            "one ML-DSA half missing",
            spoiled(&|r| r.checkpoint = without(&r.checkpoint, |line| line == 5)),
            Code::Quorum,
        ),
        (
            "every ML-DSA half missing",
            spoiled(&|r| r.checkpoint = without(&r.checkpoint, |line| line % 3 == 2)),
            Code::Quorum,
        ),
        (
            "one Ed25519 half missing",
            spoiled(&|r| r.checkpoint = without(&r.checkpoint, |line| line == 1)),
            Code::Quorum,
        ),
        ("index of the size", spoiled(&|r| r.index = LeafIndex::new(6)), Code::Index),
        ("the last index", spoiled(&|r| r.index = LeafIndex::new(u64::MAX)), Code::Index),
        ("a hash too few", spoiled(&|r| r.proof.truncate(1)), Code::ProofLength),
        ("a hash too many", spoiled(&|r| r.proof.push(Digest::ZERO)), Code::ProofLength),
        ("no proof", spoiled(&|r| r.proof.clear()), Code::ProofLength),
        ("another index", spoiled(&|r| r.index = LeafIndex::new(3)), Code::Root),
        ("another index's proof", spoiled(&|r| r.proof = network.receipt(3).proof), Code::Root),
        ("another entry", spoiled(&|r| r.entry = network.entries[3].clone()), Code::Root),
        ("no entry", spoiled(&|r| r.entry.clear()), Code::Root),
        ("hashes swapped", spoiled(&|r| r.proof.swap(0, 1)), Code::Root),
        ("a hash altered", spoiled(&|r| r.proof[1] = sha256(b"altered")), Code::Root),
    ];
    for (name, receipt, expected) in cases {
        let report = verify(&network, &receipt);
        assert_eq!(failure(&report), Some(expected), "{name}: {:?}", report.failure());
        let after = report.checks.iter().skip_while(|check| check.code != expected).skip(1);
        for check in after {
            assert_eq!(check.outcome, Outcome::Skipped("an earlier check failed"), "{name}");
        }
        assert_eq!(report.entry, None, "{name}: nothing of it is a finding");
    }
}

#[test]
fn a_log_line_may_be_missing_while_one_is_there() {
    // C2SP: any one of the policy's logs suffices; whose line it is says nothing of the cosigners.
    let network = Network::new("example.com/log");
    let mut receipt = network.receipt(SUBMITTED);
    receipt.checkpoint = without(&receipt.checkpoint, |line| line == 0 || line == 3);
    assert!(verify(&network, &receipt).is_true());
}

/// A network whose validators cosign a log with this entry in place of the one at `SUBMITTED`.
fn with_entry(entry: Vec<u8>) -> (Network, Receipt) {
    let mut network = Network::new("example.com/log");
    network.entries[SUBMITTED as usize] = entry;
    let receipt = network.receipt(SUBMITTED);
    (network, receipt)
}

#[test]
fn a_quorum_cannot_vouch_for_what_is_no_entry() {
    let good = Network::new("example.com/log").entries;
    let appended = [good[2].as_slice(), &[0xf8, 0x07, 0x01]].concat();
    let (network, origin) = (NetworkId::default(), "example.com/other".to_owned());
    let genesis = Entry::Genesis(GenesisEntry { network, origin }).encode();
    for (name, bytes) in
        [("noise", b"noise".to_vec()), ("a field more", appended), ("other genesis", genesis)]
    {
        let (network, receipt) = with_entry(bytes);
        assert_eq!(failure(&verify(&network, &receipt)), Some(Code::Entry), "{name}");
    }
}

#[test]
fn a_quorum_cannot_vouch_for_an_author() {
    let good = Network::new("example.com/log").entries;
    let Ok(Entry::Submission(entry)) = Entry::decode(&good[2]) else {
        panic!("a submission");
    };
    let SubmissionEntry { height, time, submission } = *entry;
    let mut body = submission.body().clone();
    body.nonce += 1;
    let unsigned = body.clone().seal(submission.signature().expect("signed by its author").clone());
    let zeros = body.clone().seal(Signature::parse(Scheme::Ed25519, &[0; 64]).expect("length"));
    let stranger = body.clone().seal(secret(Scheme::Ed25519, "stranger").sign(&body.signed_bytes()));
    for submission in [unsigned, zeros, stranger] {
        let entry = Entry::Submission(Box::new(SubmissionEntry { height, time, submission })).encode();
        let (network, receipt) = with_entry(entry);
        let report = verify(&network, &receipt);
        assert_eq!(failure(&report), Some(Code::AuthorSignature));
        assert!(matches!(report.failure(), Some((_, Fault::Author(SubmissionError::Signature(_))))));
    }
}

#[test]
fn what_the_caller_wants_to_know_is_answered() {
    let network = Network::new("example.com/log");
    let (receipt, block) = (network.receipt(SUBMITTED), network.receipt(5));
    let ask = |receipt, options| failure(&verify_receipt(&network.policy, receipt, options));
    let fresh =
        |now_s, max_age_s| Options { freshness: Some(Freshness { now_s, max_age_s }), ..Options::default() };
    let artifact = |digest| Options { artifact: Some(digest), ..Options::default() };
    let other = Options { submission: Some(SubmissionId::new(sha256(b"other"))), ..Options::default() };
    assert_eq!(ask(&receipt, other), Some(Code::Entry));
    assert_eq!(ask(&block, other), Some(Code::Entry));
    assert_eq!(ask(&receipt, artifact(content())), None);
    assert_eq!(ask(&receipt, artifact(sha256(b"other"))), Some(Code::Artifact));
    assert_eq!(ask(&block, artifact(content())), Some(Code::Artifact));
    assert_eq!(ask(&receipt, fresh(TIME_S + 10, 10)), None);
    assert_eq!(ask(&receipt, fresh(TIME_S + 11, 10)), Some(Code::Freshness));
    assert_eq!(ask(&receipt, fresh(TIME_S - 300, 10)), None);
    assert_eq!(ask(&receipt, fresh(TIME_S - 301, 10)), Some(Code::Freshness));
    assert_eq!(ask(&receipt, fresh(0, u64::MAX)), Some(Code::Freshness));
}

#[test]
fn trust_comes_from_the_policy_alone() {
    let network = Network::new("example.com/log");
    let receipt = network.receipt(SUBMITTED);
    let text = network.policy.to_string();
    let with = |policy: &str| {
        let policy: Policy = policy.parse().expect("well formed");
        let report = verify_receipt(&policy, &receipt, Options::default());
        failure(&report)
    };
    assert_eq!(with(&text), None);
    assert_eq!(with("quorum none\n"), Some(Code::Policy));
    assert_eq!(with(&Network::new("example.com/other").policy.to_string()), Some(Code::Policy));
    assert_eq!(with(&text.replace("validators 3", "validators 4")), Some(Code::Quorum));
    assert_eq!(with(&text.replace("validators 3", "validators any")), None);
    // Lines of keys that a shorter policy does not know are refused, not passed over.
    let logs: String =
        text.lines().filter(|line| line.starts_with("log")).map(|line| format!("{line}\n")).collect();
    assert_eq!(with(&format!("{logs}quorum none\n")), Some(Code::CheckpointSignatures));
    // The same names with keys of another network.
    let mut renamed = Network::new("example.com/log");
    let strangers = Network::new("example.com/other");
    renamed.members = strangers.members;
    let forged = renamed.receipt(SUBMITTED);
    assert_eq!(failure(&verify(&network, &forged)), Some(Code::CheckpointSignatures));
}

#[test]
fn without_cosigners_nothing_says_how_old_a_head_is() {
    let network = Network::new("example.com/log");
    let mut receipt = network.receipt(SUBMITTED);
    receipt.checkpoint = without(&receipt.checkpoint, |line| line % 3 != 0);
    let text = network.policy.to_string().replace("quorum validators", "quorum none");
    let policy: Policy = text.parse().expect("well formed");
    let report = verify_receipt(&policy, &receipt, Options::default());
    assert!(report.is_true());
    assert_eq!(report.checks[2].outcome, Outcome::Skipped("the policy asks for no cosigners"));
    let freshness = Some(Freshness { now_s: TIME_S, max_age_s: u64::MAX });
    let report = verify_receipt(&policy, &receipt, Options { freshness, ..Options::default() });
    assert_eq!(report.failure(), Some((Code::Freshness, &Fault::NoTime)));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    /// One field altered at random: the receipt is no longer true.
    #[test]
    fn no_field_can_be_altered(field in 0..4_usize, at: proptest::sample::Index, mask in 1..=255_u8) {
        let network = Network::new("example.com/log");
        let good = network.receipt(SUBMITTED);
        let mut receipt = good.clone();
        match field {
            0 => {
                let at = at.index(receipt.entry.len());
                receipt.entry[at] ^= mask;
            }
            1 => receipt.index = LeafIndex::new(good.index.get() ^ (u64::from(mask) << at.index(56))),
            2 => {
                let at = at.index(receipt.proof.len() * 32);
                let mut bytes = *receipt.proof[at / 32].as_bytes();
                bytes[at % 32] ^= mask;
                receipt.proof[at / 32] = Digest::new(bytes);
            }
            _ => {
                let mut bytes = receipt.checkpoint.into_bytes();
                let at = at.index(bytes.len());
                bytes[at] ^= mask;
                match String::from_utf8(bytes) {
                    Ok(text) => receipt.checkpoint = text,
                    Err(_) => return Ok(()),
                }
            }
        }
        proptest::prop_assert!(!verify(&network, &receipt).is_true());
    }
}
