//! Every bit of a record and of a bundle turned, one at a time: what still verifies says the same.

use proto::canon::py_ascii;
use proto::evidence::Record;
use proto::evidence::trust::TrustBundle;
use verify::{EvidenceAsked, EvidenceTrust, GivenTrust, Verdict, verify_evidence};

use crate::sealed::World;

#[test]
fn a_turned_bit_of_a_record_is_noticed_or_is_in_what_nobody_signs() {
    let world = World::with_ed25519();
    let bundle = world.bundle();
    let (root, now) = (world.given.map(|at| &world.roots[at]), world.now.instant());
    let given = GivenTrust { root, pin: None, bundle: Some(&bundle), kept: None, now };
    let trust = EvidenceTrust::judge(given);
    let record = Record { claim: proto::evidence::Level::SealedAttested, ..world.record() };
    let json = record.to_json();
    let (mut unread, mut refused, mut same) = (0_usize, 0_usize, Vec::new());
    for bit in 0..json.len() * 8 {
        let mut bytes = json.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(read) = Record::parse(&bytes) else {
            unread += 1;
            continue;
        };
        let report = verify_evidence(&read, &trust, EvidenceAsked::default());
        if report.verdict() != Verdict::Verified {
            refused += 1;
            continue;
        }
        let Record { header, items, data, merkle_root, bundle_hash, claim, attestation } = &read;
        let hashed = |record: &Record| {
            record.items.iter().map(|item| (item.id.clone(), item.content_hash)).collect::<Vec<_>>()
        };
        let is_same = (header, data, merkle_root, bundle_hash)
            == (&record.header, &record.data, &record.merkle_root, &record.bundle_hash);
        assert!(is_same && hashed(&read) == hashed(&record) && *claim <= record.claim, "bit {bit}");
        let (now, before) =
            (attestation.as_ref().expect("signed"), record.attestation.as_ref().expect("signed"));
        assert_eq!(
            (now.digest, &now.key_id, &now.signature),
            (before.digest, &before.key_id, &before.signature)
        );
        let labels =
            items.iter().zip(&record.items).filter(|(now, before)| now.label != before.label).count();
        same.push((labels, now.signed_at != before.signed_at));
    }
    println!(
        "{} bits: {unread} not read, {refused} refused, {} in what nobody signs",
        json.len() * 8,
        same.len()
    );
    // Labels and the time of the envelope, within the key's validity, are what the format leaves open.
    assert!(same.iter().any(|(labels, _)| *labels == 1) && same.iter().any(|(_, time)| *time));
    assert!(unread > 100 && refused > 1_000);
}

#[test]
fn a_turned_bit_of_a_bundle_is_noticed() {
    let mut world = World::with_ed25519();
    world.given = Some(1);
    world.keys.truncate(2);
    let record = Record { claim: proto::evidence::Level::SealedAttested, ..world.record() };
    let json = py_ascii::encode(&world.bundle_value());
    // Signatures of roots that the verifier has anyway are nobody's loss; they make most of the bytes.
    let (mut seen, mut passed) = (0_usize, 0_usize);
    for bit in (0..json.len() * 8).step_by(61) {
        let mut bytes = json.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(read) = TrustBundle::parse(&bytes) else { continue };
        seen += 1;
        let report = world.verify_with(&record, Some(&read), EvidenceAsked::default());
        if report.verdict() == Verdict::Verified {
            let whole = world.bundle();
            assert_eq!((read.signed, read.keys), (whole.signed, whole.keys), "bit {bit}");
            passed += 1;
        }
    }
    println!("{seen} read, {passed} say the same");
    assert!(seen > 500);
}
