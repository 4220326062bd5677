//! Records of evidence and the documents of trust behind them: what holds, and each detail falsified alone.

use crypto::{Digest, sha256};
use proto::canon::Value;
use proto::evidence::{Level, Record};
use verify::{
    EvidenceAsked, EvidenceCode, EvidenceFault, EvidenceOutcome, EvidenceReport, SealDetails, Verdict,
};

use crate::sealed::{FILE, SIGNED_AT, World, reseal, stamp};

mod bytes;
mod documents;
mod vectors;

fn outcomes(report: &EvidenceReport) -> Vec<(EvidenceCode, &'static str)> {
    report.checks.iter().map(|check| (check.code, check.outcome.name())).collect()
}

/// Which checks did not pass, skipped ones aside.
fn fallen(report: &EvidenceReport) -> Vec<EvidenceCode> {
    let fell =
        |outcome: &EvidenceOutcome| !matches!(outcome, EvidenceOutcome::Passed | EvidenceOutcome::Skipped(_));
    report.checks.iter().filter(|check| fell(&check.outcome)).map(|check| check.code).collect()
}

const ALL: SealDetails = SealDetails {
    bundle_hash_verified: Some(true),
    signature_valid: Some(true),
    key_not_revoked: Some(true),
    timestamp_within_validity: Some(true),
};

#[test]
fn a_record_whose_key_the_root_vouches_for_is_verified() {
    let world = World::new();
    let record = world.record();
    let files = [(FILE.0.to_owned(), sha256(FILE.1))];
    let asked = EvidenceAsked { artifacts: &files, at_least: Some(Level::ProviderAttested) };
    let report = world.verify(&record, asked);
    assert!(outcomes(&report).iter().all(|(_, outcome)| *outcome == "passed"), "{:?}", outcomes(&report));
    assert_eq!((report.verdict(), report.decided_by()), (Verdict::Verified, None));
    assert_eq!(report.details(), ALL);
    assert_eq!(report.facts.confirmed, Level::ProviderAttested);
    let chain = report.facts.chain.expect("believed");
    assert_eq!(chain, "quantumlock.test root 2 → ql_bundle_001 → ql_key_prod_001");
    // The codes stand in their order, whatever the outcome.
    assert!(report.checks.iter().map(|check| check.code).eq(EvidenceCode::ALL));
    assert!(EvidenceCode::ALL.is_sorted());
}

/// A spoiled record, the one check that must fail, and what the details then say.
struct Spoilt {
    name: &'static str,
    spoil: fn(&World, &mut Record),
    fails: EvidenceCode,
    details: SealDetails,
}

fn envelope(record: &mut Record) -> &mut proto::evidence::Envelope {
    record.attestation.as_mut().expect("attested")
}

#[test]
fn each_detail_is_falsified_alone() {
    let hash_off = SealDetails { bundle_hash_verified: Some(false), ..ALL };
    let signature_off = SealDetails { signature_valid: Some(false), ..ALL };
    let time_off = SealDetails { timestamp_within_validity: Some(false), ..ALL };
    let table = [
        Spoilt {
            name: "data of an item",
            spoil: |_, record| record.data[2] = Value::from("other"),
            fails: EvidenceCode::ContentHashes,
            details: hash_off,
        },
        Spoilt {
            name: "root, sealed anew over it",
            spoil: |world, record| {
                record.merkle_root = Digest::ZERO;
                reseal(world, record);
            },
            fails: EvidenceCode::MerkleRoot,
            details: hash_off,
        },
        Spoilt {
            name: "record id",
            spoil: |_, record| record.header.record_id.push('x'),
            fails: EvidenceCode::BundleHash,
            details: hash_off,
        },
        Spoilt {
            name: "tenant",
            spoil: |_, record| record.header.tenant_id = "tenant_xyz".to_owned(),
            fails: EvidenceCode::BundleHash,
            details: hash_off,
        },
        Spoilt {
            name: "created at",
            spoil: |_, record| record.header.created_at.push('0'),
            fails: EvidenceCode::BundleHash,
            details: hash_off,
        },
        Spoilt {
            name: "name of an item",
            spoil: |_, record| record.items[0].id.push('x'),
            fails: EvidenceCode::BundleHash,
            details: hash_off,
        },
        Spoilt {
            name: "digest of an envelope of another record",
            spoil: |_, record| envelope(record).digest = Digest::ZERO,
            fails: EvidenceCode::Attestation,
            details: hash_off,
        },
        Spoilt {
            name: "a signature of something else",
            spoil: |_, record| envelope(record).signature[7] ^= 1,
            fails: EvidenceCode::Signature,
            details: signature_off,
        },
        Spoilt {
            name: "a fingerprint of another key",
            spoil: |_, record| envelope(record).fingerprint = Digest::ZERO,
            fails: EvidenceCode::Key,
            details: signature_off,
        },
        Spoilt {
            name: "another algorithm",
            spoil: |_, record| envelope(record).algorithm = "ML-DSA-87".to_owned(),
            fails: EvidenceCode::Key,
            details: signature_off,
        },
        Spoilt {
            name: "signed a microsecond before the key was good",
            spoil: |_, record| envelope(record).signed_at = stamp("2025-12-31T23:59:59.999999Z"),
            fails: EvidenceCode::KeyValidity,
            details: time_off,
        },
        Spoilt {
            name: "signed the moment the key ended",
            spoil: |_, record| envelope(record).signed_at = stamp("2027-01-01T00:00:00Z"),
            fails: EvidenceCode::KeyValidity,
            details: time_off,
        },
    ];
    let world = World::new();
    for Spoilt { name, spoil, fails, details } in table {
        let mut record = world.record();
        spoil(&world, &mut record);
        let report = world.verify(&record, EvidenceAsked::default());
        assert_eq!(fallen(&report), [fails], "{name}");
        assert_eq!((report.details(), report.verdict()), (details, Verdict::Failed), "{name}");
        assert!(report.facts.confirmed <= Level::SealedUnsigned, "{name}");
        assert_eq!(report.decided_by().map(|check| check.code), Some(fails), "{name}");
    }
}

#[test]
fn a_revocation_counts_from_its_moment_on_and_not_before() {
    let revoked = |at: &str| {
        let mut world = World::new();
        world.revoke("ql_key_prod_001", at, "2026-06-01T00:00:00Z");
        world.verify(&world.record(), EvidenceAsked::default())
    };
    // Signed at SIGNED_AT.
    for at in ["2026-03-06T12:00:00Z", "2026-03-06T11:59:59.999999Z", "2026-01-01T00:00:00Z"] {
        let report = revoked(at);
        assert_eq!(fallen(&report), [EvidenceCode::KeyRevocation], "{at}");
        assert_eq!(report.details(), SealDetails { key_not_revoked: Some(false), ..ALL }, "{at}");
        assert_eq!(report.facts.confirmed, Level::SealedUnsigned);
    }
    for at in ["2026-03-06T12:00:00.000001Z", "2026-05-01T00:00:00Z"] {
        let report = revoked(at);
        assert_eq!((report.details(), report.verdict()), (ALL, Verdict::Verified), "{at}");
    }
    // What the key's own entry says counts as much as the list.
    let mut world = World::new();
    world.keys[0].revoked_at = Some(stamp(SIGNED_AT));
    let report = world.verify(&world.record(), EvidenceAsked::default());
    assert_eq!(report.details().key_not_revoked, Some(false));
    // Another key's end is none of this one's.
    let mut world = World::new();
    world.revoke("ql_key_prod_002", SIGNED_AT, "2026-06-01T00:00:00Z");
    let report = world.verify(&world.record(), EvidenceAsked::default());
    assert_eq!(report.verdict(), Verdict::Verified);
}

#[test]
fn a_key_is_found_by_both_its_names_and_no_other() {
    let world = World::new();
    let mut record = world.record();
    envelope(&mut record).key_id = "kms://prod/1".to_owned();
    assert_eq!(world.verify(&record, EvidenceAsked::default()).verdict(), Verdict::Verified);
    envelope(&mut record).key_id = "ql_key_prod_009".to_owned();
    let report = world.verify(&record, EvidenceAsked::default());
    assert_eq!(fallen(&report), [EvidenceCode::Key]);
    assert!(matches!(
        report.outcome(EvidenceCode::Key),
        Some(EvidenceOutcome::Failed(EvidenceFault::NotListed { .. }))
    ));
    assert_eq!(report.details().signature_valid, Some(false));
    assert_eq!(report.details().key_not_revoked, None);
}

#[test]
fn what_nobody_signed_or_nobody_here_can_check_is_unknown_and_never_false() {
    let world = World::new();
    let mut record = world.record();
    record.attestation = None;
    record.claim = Level::SealedUnsigned;
    let report = world.verify(&record, EvidenceAsked::default());
    assert_eq!((report.verdict(), report.facts.confirmed), (Verdict::Unknown, Level::SealedUnsigned));
    assert_eq!(report.details().signature_valid, None);
    // Claiming a signature that is not there is another thing.
    record.claim = Level::SealedAttested;
    assert_eq!(world.verify(&record, EvidenceAsked::default()).verdict(), Verdict::Failed);

    let mut world = World::new();
    world.keys[0].algorithm = "SLH-DSA-128s".to_owned();
    let mut record = world.record();
    envelope(&mut record).algorithm = "SLH-DSA-128s".to_owned();
    let report = world.verify(&record, EvidenceAsked::default());
    assert_eq!(fallen(&report), [EvidenceCode::Signature]);
    assert_eq!((report.verdict(), report.details().signature_valid), (Verdict::Unknown, None));
    assert_eq!(report.facts.confirmed, Level::SealedUnsigned);
    // It overrides nothing that is false.
    record.data[0] = Value::Null;
    assert_eq!(world.verify(&record, EvidenceAsked::default()).verdict(), Verdict::Failed);
}

#[test]
fn a_claim_is_never_upgraded_and_one_too_high_is_false() {
    let world = World::new();
    for claim in [Level::SealedUnsigned, Level::SealedAttested, Level::SealedAttestedPqc] {
        let record = Record { claim, ..world.record() };
        let report = world.verify(&record, EvidenceAsked::default());
        assert_eq!((report.verdict(), report.facts.confirmed), (Verdict::Verified, claim));
        let asked = EvidenceAsked { at_least: Some(Level::ProviderAttested), ..EvidenceAsked::default() };
        let report = world.verify(&record, asked);
        assert_eq!(fallen(&report), [EvidenceCode::Level]);
        assert_eq!(report.verdict(), Verdict::Failed);
    }
    let report = world.verify(&Record { claim: Level::Invalid, ..world.record() }, EvidenceAsked::default());
    assert_eq!((report.verdict(), report.facts.confirmed), (Verdict::Failed, Level::Invalid));
    // Without the label, or without one of its texts, the item of the execution binds nobody.
    let mut record = world.record();
    record.items[1].label = None;
    let report = world.verify(&record, EvidenceAsked::default());
    assert_eq!(fallen(&report), [EvidenceCode::Claim]);
    assert_eq!(report.facts.confirmed, Level::SealedAttestedPqc);
    // A key that a quantum computer forges binds no provider either.
    let world = World::with_ed25519();
    let report = world.verify(&world.record(), EvidenceAsked::default());
    assert_eq!(fallen(&report), [EvidenceCode::Claim]);
    assert_eq!(report.facts.confirmed, Level::SealedAttested);
    let record = Record { claim: Level::SealedAttested, ..world.record() };
    assert_eq!(world.verify(&record, EvidenceAsked::default()).verdict(), Verdict::Verified);
}

#[test]
fn a_file_that_is_not_the_one_described_is_named() {
    let world = World::new();
    let record = world.record();
    let judge = |name: &str, bytes: &[u8]| {
        let files = [(FILE.0.to_owned(), sha256(FILE.1)), (name.to_owned(), sha256(bytes))];
        let report = world.verify(&record, EvidenceAsked { artifacts: &files, at_least: None });
        (report.verdict(), report.decided_by().map(|check| check.outcome.detail()).unwrap_or_default())
    };
    assert_eq!(judge(FILE.0, FILE.1), (Verdict::Verified, String::new()));
    for at in 0..FILE.1.len() {
        let mut bytes = FILE.1.to_vec();
        bytes[at] ^= 1;
        let (verdict, why) = judge(FILE.0, &bytes);
        assert!(verdict == Verdict::Failed && why.contains(FILE.0), "{why}");
    }
    let (verdict, why) = judge("stray.json", FILE.1);
    assert!(verdict == Verdict::Failed && why.contains("stray.json"), "{why}");
}

#[test]
fn verdicts_have_their_numbers_and_the_worst_overrides() {
    let names = Verdict::ALL.map(|verdict| (verdict.name(), verdict.code()));
    assert_eq!(
        names,
        [("VERIFIED", 0), ("OFFLINE_WITHOUT_STATUS", 4), ("STALE", 3), ("UNKNOWN", 2), ("FAILED", 1)]
    );
    assert!(Verdict::ALL.is_sorted());
    // Each on top of the one before.
    let mut world = World::new();
    let mut record = world.record();
    let verdict = |world: &World, record: &Record| world.verify(record, EvidenceAsked::default()).verdict();
    assert_eq!(verdict(&world, &record), Verdict::Verified);
    world.tells_revocations = false;
    assert_eq!(verdict(&world, &record), Verdict::OfflineWithoutStatus);
    world.now = stamp("2026-07-01T00:00:00Z");
    assert_eq!(verdict(&world, &record), Verdict::Stale);
    world.keys[0].algorithm = "SLH-DSA-128s".to_owned();
    envelope(&mut record).algorithm = "SLH-DSA-128s".to_owned();
    assert_eq!(verdict(&world, &record), Verdict::Unknown);
    record.header.record_id.push('x');
    assert_eq!(verdict(&world, &record), Verdict::Failed);
}
