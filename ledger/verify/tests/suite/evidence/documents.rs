//! Trust documents: what makes a root, a bundle or a list of revocations fall, one rule at a time.

use crypto::Digest;
use proto::canon::{Value, py_ascii};
use proto::evidence::DocumentError;
use proto::evidence::trust::{
    BUNDLE_SIGNING, EVIDENCE_SIGNING, RevocationHead, RootTerms, TrustBundle, TrustRoot,
};
use verify::{
    EvidenceAsked, EvidenceCode, EvidenceFault, EvidenceOutcome, EvidenceReport, EvidenceTrust, GivenTrust,
    Verdict,
};

use crate::sealed::{BUNDLE_KEY, ROOTS, Signer, World, root, stamp, terms};

fn judge(world: &World) -> EvidenceReport {
    world.verify(&world.record(), EvidenceAsked::default())
}

/// Why the check failed; the verdict must say so too.
fn fault(world: &World, code: EvidenceCode) -> EvidenceFault {
    let report = judge(world);
    assert_eq!(report.verdict(), Verdict::Failed);
    match report.outcome(code) {
        Some(EvidenceOutcome::Failed(fault)) => fault.clone(),
        other => panic!("{code:?}: {other:?}"),
    }
}

fn root_fault(world: &World) -> EvidenceFault {
    let fault = fault(world, EvidenceCode::TrustRoot);
    let report = judge(world);
    // What is not believed is not asked: no key, no level.
    assert_eq!(report.details().signature_valid, None);
    assert_eq!(report.facts.chain, None);
    fault
}

#[test]
fn a_root_is_the_pinned_one_or_follows_from_it() {
    let mut world = World::new();
    // Given the first, the second, or the pin of either alone.
    for (given, pin) in
        [(Some(0), None), (Some(1), None), (None, Some(0)), (None, Some(1)), (Some(0), Some(0))]
    {
        world.given = given;
        world.pin = pin.map(|at: usize| world.roots[at].pin());
        assert_eq!(judge(&world).verdict(), Verdict::Verified, "{given:?} {pin:?}");
    }
    world.given = Some(0);
    world.pin = Some(world.roots[1].pin());
    assert!(matches!(root_fault(&world), EvidenceFault::Pin { .. }));
    (world.given, world.pin) = (None, Some(Digest::ZERO));
    let report = judge(&world);
    assert_eq!(report.verdict(), Verdict::Unknown);
    assert_eq!(
        report.outcome(EvidenceCode::TrustRoot),
        Some(&EvidenceOutcome::Unknown(EvidenceFault::NoRoot))
    );
    // What the bundle says of the keys is told, and shows nothing.
    assert_eq!(report.details().signature_valid, Some(true));
    assert_eq!(report.facts.confirmed, proto::evidence::Level::SealedUnsigned);
}

#[test]
fn a_root_that_does_not_fit_together_is_refused() {
    let [a, b, c, _] = ROOTS;
    let spoilt = |spoil: fn(&mut RootTerms)| {
        let mut terms = terms(1, None, &[a, b, c], 2);
        spoil(&mut terms);
        let mut world = World::new();
        world.roots = vec![root(terms, &[a, b, c])];
        match root_fault(&world) {
            EvidenceFault::RootForm { why, .. } => why,
            other => panic!("{other}"),
        }
    };
    let why = [
        spoilt(|it| it.version = 0),
        spoilt(|it| it.previous_root_hash = Some(Digest::ZERO)),
        spoilt(|it| it.version = 2),
        spoilt(|it| it.threshold = 0),
        spoilt(|it| it.threshold = 4),
        spoilt(|it| it.expires_at = it.issued_at.clone()),
        spoilt(|it| it.root_keys[1].public_key = it.root_keys[0].public_key.clone()),
    ];
    assert_eq!(why[1], why[2]);
    assert_eq!(why[3], why[4]);
    assert_eq!(why.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
}

#[test]
fn a_root_needs_as_many_keys_as_it_says_and_each_counts_once() {
    let [a, b, c, d] = ROOTS;
    let stranger = Signer::new("stranger", crypto::Scheme::Ed25519);
    for by in [&[][..], &[a], &[a, a], &[a, d], &[a, stranger]] {
        let mut world = World::new();
        world.roots = vec![root(terms(1, None, &[a, b, c], 2), by)];
        let needed = EvidenceFault::Threshold { version: 1, by: 1, found: by.len().min(1), needed: 2 };
        assert_eq!(root_fault(&world), needed);
    }
    // A signature of one key under the name of another.
    let mut world = World::new();
    let first = root(terms(1, None, &[a, b, c], 2), &[a]);
    let mut signature = first.signatures[0].clone();
    signature.key_id = b.name.to_owned();
    world.roots = vec![first.with(signature)];
    assert!(matches!(root_fault(&world), EvidenceFault::Threshold { found: 1, .. }));
    // The second is signed by its own keys, and by too few of the first.
    let mut world = World::new();
    let second = root(terms(2, Some(&world.roots[0]), &[b, c, d], 2), &[b, d]);
    world.roots[1] = second;
    assert_eq!(root_fault(&world), EvidenceFault::Threshold { version: 2, by: 1, found: 1, needed: 2 });
    // And the other way round.
    let mut world = World::new();
    let second = root(terms(2, Some(&world.roots[0]), &[b, d], 2), &[a, b]);
    world.roots[1] = second;
    assert_eq!(root_fault(&world), EvidenceFault::Threshold { version: 2, by: 2, found: 1, needed: 2 });
}

#[test]
fn versions_follow_one_another_without_gaps_forks_or_steps_back() {
    let [a, b, c, _] = ROOTS;
    let with = |spoil: fn(&mut RootTerms)| {
        let mut world = World::new();
        let mut terms = terms(2, Some(&world.roots[0]), &[a, b, c], 2);
        spoil(&mut terms);
        world.roots[1] = root(terms, &[a, b, c]);
        match root_fault(&world) {
            EvidenceFault::Chain { why, .. } => why,
            other => panic!("{other}"),
        }
    };
    let why = [
        with(|it| it.version = 3),
        with(|it| it.previous_root_hash = Some(Digest::ZERO)),
        with(|it| it.issuer = "somebody else".to_owned()),
        with(|it| it.issued_at = stamp("2025-12-31T00:00:00Z")),
    ];
    assert_eq!(why.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    // Two roots of one version.
    let mut world = World::new();
    let other = root(terms(2, Some(&world.roots[0]), &[a, b, c], 3), &[a, b, c]);
    world.roots.push(other);
    assert!(matches!(root_fault(&world), EvidenceFault::Chain { version: 2, .. }));
    // A bundle under an older root than the one that is known.
    let mut world = World::new();
    let newer = world.roots.pop().expect("two");
    let old = world.bundle();
    let given = GivenTrust {
        root: Some(&newer),
        pin: None,
        bundle: Some(&old),
        kept: None,
        now: world.now.instant(),
    };
    let trust = EvidenceTrust::judge(given);
    let outcome = &trust.checks()[1].outcome;
    assert!(matches!(
        outcome,
        EvidenceOutcome::Failed(EvidenceFault::OtherRoot { found: 1, expected: 2, .. })
    ));
    assert!(!trust.is_believed());
}

#[test]
fn roots_and_bundles_grow_stale_and_none_is_from_the_future() {
    let mut world = World::new();
    for (now, verdict) in [
        ("2026-06-01T23:55:00Z", Verdict::Verified),
        ("2026-06-01T23:54:59Z", Verdict::Failed),
        ("2026-06-02T23:59:59.999999Z", Verdict::Verified),
        ("2026-06-03T00:00:00Z", Verdict::Stale),
        ("2027-06-01T00:00:00Z", Verdict::Stale),
    ] {
        world.now = stamp(now);
        assert_eq!(judge(&world).verdict(), verdict, "{now}");
    }
    let report = judge(&world);
    let stale = |code| matches!(report.outcome(code), Some(EvidenceOutcome::Stale(_)));
    assert!(stale(EvidenceCode::TrustRoot) && stale(EvidenceCode::TrustBundle));
    // What was good then is still told.
    assert_eq!(report.facts.confirmed, proto::evidence::Level::ProviderAttested);
    world.now = stamp("2025-12-01T00:00:00Z");
    assert!(matches!(root_fault(&world), EvidenceFault::FromTheFuture { .. }));
}

#[test]
fn a_bundle_is_signed_by_a_key_that_may_and_stood() {
    let of = |world: &World| fault(world, EvidenceCode::TrustBundle);
    let [a, b, c, d] = ROOTS;
    // By a key that the root does not know; by one that may sign evidence alone; by nobody.
    let mut world = World::new();
    world.bundle_key = a;
    assert!(matches!(of(&world), EvidenceFault::NotListed { .. }));
    world.bundle_key = crate::sealed::PRODUCTION;
    assert!(matches!(of(&world), EvidenceFault::Role { role: BUNDLE_SIGNING, .. }));
    let second = |spoil: fn(&mut RootTerms)| {
        let mut world = World::new();
        let mut terms = terms(2, Some(&world.roots[0]), &[b, c, d], 2);
        spoil(&mut terms);
        world.roots[1] = root(terms, &[b, c]);
        world
    };
    let world = second(|it| it.operational_keys[0].public_key[9] ^= 1);
    assert!(matches!(of(&world), EvidenceFault::Signature(_)));
    let world = second(|it| it.operational_keys[0].algorithm = "Ed25519".to_owned());
    assert!(matches!(of(&world), EvidenceFault::OtherAlgorithm { .. }));
    let world = second(|it| it.operational_keys[0].valid_until = Some(stamp("2026-06-02T00:00:00Z")));
    assert!(matches!(of(&world), EvidenceFault::TooLate { .. }));
    let world = second(|it| it.operational_keys[0].valid_from = Some(stamp("2026-06-02T00:00:01Z")));
    assert!(matches!(of(&world), EvidenceFault::TooEarly { .. }));
    let mut world = World::new();
    world.revoke(BUNDLE_KEY.name, "2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z");
    assert!(matches!(of(&world), EvidenceFault::Revoked { .. }));
    // The root names the evidence key too, and means another, or does not let it.
    let world = second(|it| it.operational_keys[1].public_key[9] ^= 1);
    assert!(matches!(fault(&world, EvidenceCode::Key), EvidenceFault::TwoKeys { .. }));
    let world = second(|it| it.operational_keys[1].roles = vec![BUNDLE_SIGNING.to_owned()]);
    assert!(matches!(fault(&world, EvidenceCode::Key), EvidenceFault::Role { role: EVIDENCE_SIGNING, .. }));
}

#[test]
fn what_is_signed_of_a_bundle_is_all_but_its_signature_and_notes() {
    let world = World::new();
    let changed = |name: &str, value: Value| {
        let Value::Object(mut members) = world.bundle_value() else { panic!("an object") };
        members.insert(name.to_owned(), value);
        let bundle = TrustBundle::from_value(Value::Object(members)).expect("read");
        world.verify_with(&world.record(), Some(&bundle), EvidenceAsked::default()).verdict()
    };
    for (name, value, verdict) in [
        ("signature_id", Value::from("sig_1"), Verdict::Verified),
        ("audit_id", Value::from("audit_1"), Verdict::Verified),
        ("note", Value::Null, Verdict::Verified),
        ("note", Value::from("x"), Verdict::Failed),
        ("issued_at", Value::from("2026-06-02T00:00:01Z"), Verdict::Failed),
        ("keys", Value::List(Vec::new()), Verdict::Failed),
        ("revocation_checkpoint", Value::Null, Verdict::Failed),
        ("trust_root_chain", Value::List(vec![world.roots[0].to_value().clone()]), Verdict::Failed),
    ] {
        assert_eq!(changed(name, value), verdict, "{name}");
    }
}

#[test]
fn a_list_of_revocations_is_whole_ordered_and_only_grows() {
    let of = |world: &World| fault(world, EvidenceCode::Revocations);
    let mut world = World::new();
    world.revoke("k3", "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z");
    world.revoke("k4", "2026-04-01T00:00:00Z", "2026-04-01T00:00:00Z");
    assert_eq!(judge(&world).verdict(), Verdict::Verified);
    // Grown since the head that was kept, by any number of events.
    let whole = world.events.clone();
    for size in 0..=whole.len() {
        world.events.truncate(size);
        world.kept = Some(world.head());
        world.events = whole.clone();
        assert_eq!(judge(&world).verdict(), Verdict::Verified, "{size}");
    }
    // Shortened, gone, written anew.
    world.events.pop();
    assert_eq!(of(&world), EvidenceFault::Shrunk { found: 2, kept: 3 });
    world.tells_revocations = false;
    assert_eq!(of(&world), EvidenceFault::Shrunk { found: 0, kept: 3 });
    world.tells_revocations = true;
    world.events = whole.clone();
    world.events.remove(1);
    world.revoke("k5", "2026-05-01T00:00:00Z", "2026-05-01T00:00:00Z");
    assert!(matches!(of(&world), EvidenceFault::Rewritten { size: 3, .. }));
    let mut world = World::new();
    world.events = whole.clone();
    world.kept = Some(RevocationHead { tree_size: 3, root_hash: Digest::ZERO });
    assert!(matches!(of(&world), EvidenceFault::Rewritten { .. }));
    // Out of order, twice, or with a digest of something else.
    let mut world = World::new();
    world.events = vec![whole[1].clone(), whole[0].clone()];
    assert_eq!(of(&world), EvidenceFault::EventOrder { index: 1 });
    world.events = vec![whole[0].clone(), whole[0].clone()];
    assert_eq!(of(&world), EvidenceFault::EventOrder { index: 1 });
    world.events = whole.clone();
    world.events[2].revoked_at = stamp("2026-04-01T00:00:01Z");
    assert!(matches!(of(&world), EvidenceFault::Event { index: 2, .. }));
    // A head that is not theirs.
    for (name, value) in
        [("tree_size", Value::from(4_u64)), ("root_hash", Value::from(format!("sha256:{}", Digest::ZERO)))]
    {
        let world = World::new();
        let Value::Object(mut members) = world.bundle_value() else { panic!("an object") };
        members.remove("signature");
        let Some(Value::Object(list)) = members.get_mut("revocation_checkpoint") else { panic!("a list") };
        list.insert(name.to_owned(), value);
        let bundle = TrustBundle::from_value(world.sign(Value::Object(members))).expect("read");
        let report = world.verify_with(&world.record(), Some(&bundle), EvidenceAsked::default());
        let outcome = report.outcome(EvidenceCode::Revocations);
        assert!(matches!(outcome, Some(EvidenceOutcome::Failed(EvidenceFault::Head { .. }))), "{name}");
    }
}

#[test]
fn without_a_bundle_the_roots_own_keys_are_believed_and_no_status_is_told() {
    let mut world = World::new();
    world.given = Some(1);
    let report = world.verify_with(&world.record(), None, EvidenceAsked::default());
    assert_eq!(report.verdict(), Verdict::OfflineWithoutStatus);
    assert_eq!(report.facts.confirmed, proto::evidence::Level::ProviderAttested);
    // A key that only bundles list is not known then, and one for bundles signs no evidence.
    let other = World { given: Some(1), ..World::with_ed25519() };
    let report = other.verify_with(&other.record(), None, EvidenceAsked::default());
    assert_eq!(report.verdict(), Verdict::Failed);
    let other = World { given: Some(1), signer: BUNDLE_KEY, ..World::new() };
    let report = other.verify_with(&other.record(), None, EvidenceAsked::default());
    assert!(matches!(
        report.outcome(EvidenceCode::Key),
        Some(EvidenceOutcome::Failed(EvidenceFault::Role { .. }))
    ));
    // With nothing at all, nothing is known of the signature; the digests are told.
    world.given = None;
    let report = world.verify_with(&world.record(), None, EvidenceAsked::default());
    assert_eq!((report.verdict(), report.details().signature_valid), (Verdict::Unknown, None));
    assert_eq!(report.details().bundle_hash_verified, Some(true));
}

#[test]
fn documents_are_read_strictly_and_hash_as_they_were_read() {
    let world = World::new();
    let json = world.roots[1].to_json();
    let read = TrustRoot::parse(&json).expect("a root");
    assert_eq!((read.pin(), read.to_json()), (world.roots[1].pin(), json.clone()));
    let text = String::from_utf8(json).expect("ASCII");
    let spoilt = |from: &str, to: &str| {
        let json = text.replacen(from, to, 1);
        assert_ne!(json, text, "{from}");
        TrustRoot::parse(json.as_bytes())
    };
    let unknown = |path: &str| Err(DocumentError::Unknown { path: path.to_owned() });
    assert_eq!(spoilt(r#"{"expires_at""#, r#"{"comment":1,"expires_at""#), unknown("trust_root.comment"));
    let at = "trust_root.root_keys[0].comment";
    assert_eq!(spoilt(r#""root_keys":[{"#, r#""root_keys":[{"comment":1,"#), unknown(at));
    let at = "trust_root.signatures[0].comment";
    assert_eq!(spoilt(r#""signatures":[{"#, r#""signatures":[{"comment":1,"#), unknown(at));
    assert!(matches!(spoilt("trust-root/1", "trust-root/2"), Err(DocumentError::Protocol { .. })));
    assert!(matches!(spoilt("root_c", "root_b"), Err(DocumentError::Twice { .. })));
    assert!(matches!(spoilt(r#""threshold":2"#, r#""threshold":2.0"#), Err(DocumentError::Member { .. })));
    assert!(matches!(spoilt(r#""threshold":2"#, r#""threshold":-1"#), Err(DocumentError::Member { .. })));
    assert!(matches!(spoilt("sha256:", "sha512:"), Err(DocumentError::Member { .. })));
    // A member that says nothing is hashed all the same.
    let with_null = spoilt(r#""valid_until":"2028-01-01T00:00:00Z""#, r#""valid_until":null"#).expect("read");
    assert_ne!(with_null.pin(), world.roots[1].pin());
    let head = world.head();
    assert_eq!(RevocationHead::parse(&head.to_json()), Ok(head));
    assert!(RevocationHead::parse(b"{}").is_err());
    let value = world.bundle_value();
    let bundle = py_ascii::encode(&value);
    assert!(TrustBundle::parse(&bundle) == TrustBundle::from_value(value));
    let twice = String::from_utf8(bundle).expect("ASCII").replacen("ql_key_prod_002", "ql_key_prod_001", 1);
    assert!(matches!(TrustBundle::parse(twice.as_bytes()), Err(DocumentError::Twice { .. })));
}
