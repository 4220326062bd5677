//! Operations in JSON and back, and what is refused.

use crypto::{Digest, SecretKey, sha256};

use super::*;

fn of_session(act: Act) -> Domain {
    Domain::Session { session: SessionId::random([7; 16]), act }
}

fn validator() -> proto::validators::Validator {
    let key = |scheme, seed| SecretKey::from_seed(scheme, &[seed; 32]).expect("signs").public().clone();
    proto::validators::Validator {
        name: "v5".to_owned(),
        power: 1,
        consensus: key(Scheme::Ed25519, 1),
        network: key(Scheme::Ed25519, 2),
        log: key(Scheme::Ed25519, 3),
        cosigner_ed25519: key(Scheme::Ed25519, 4),
        cosigner_ml_dsa_65: key(Scheme::MlDsa65, 5),
    }
}

fn primitive(secret: &SecretKey, told_whole: bool) -> proto::primitive::Primitive {
    use proto::canon::proofnest::{Role, evidence_hash};
    use proto::primitive::{Kind, Place, Primitive, ProofId, Told, Whole};
    let issuer = Did::of_proofnest(Role::Human, secret.public()).expect("a scheme of ProofNest");
    let id = ProofId::new(sha256(b"proof"));
    let told = match told_whole {
        false => Told::Hashes { id, claim: sha256(b"claim") },
        true => Told::Whole(Whole {
            kind: Kind::Trust,
            claim: "é".to_owned(),
            subject: Some("s".to_owned()),
            evidence: Some(evidence_hash(b"abc")),
            nonce: [9; 16],
            previous: Some(id),
        }),
    };
    Primitive {
        issuer,
        key: secret.public().clone(),
        signature: secret.sign(b"any"),
        timestamp_s: 7,
        told,
        metadata: "{}".repeat(told_whole.into()),
        expires_at_s: told_whole.then_some(8),
        place: told_whole.then(|| Place { chain: "c".to_owned(), index: 1 }),
    }
}

#[test]
fn each_kind_survives_the_journey() {
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("signs");
    let key = secret.public().clone();
    let identity = Did::of(&key);
    let revoke = |from| Domain::KeyRevoke {
        identity: Did::of(secret.public()),
        key: secret.public().id(),
        reason: "lost".to_owned(),
        from,
    };
    let approval = proto::operation::Approval {
        approver: proto::id::ValidatorIndex::new(2),
        signature: secret.sign(b"any"),
    };
    let all = [
        Domain::IdentityCreate {
            identity: identity.clone(),
            keys: vec![key.clone()],
            possessions: Vec::new(),
        },
        Domain::IdentityCreate {
            identity: identity.clone(),
            keys: vec![key.clone(), key.clone()],
            possessions: vec![secret.sign(b"any")],
        },
        Domain::KeyAdd { identity: identity.clone(), key: key.clone(), possession: None },
        Domain::KeyAdd {
            identity: identity.clone(),
            key: key.clone(),
            possession: Some(secret.sign(b"any")),
        },
        revoke(RevokedFrom::Size(TreeSize::new(7))),
        revoke(RevokedFrom::Time(TimeMs::new(u64::MAX))),
        Domain::KeyRotate {
            identity: identity.clone(),
            retires: key.id(),
            key: key.clone(),
            possession: secret.sign(b"any"),
        },
        revoke(RevokedFrom::Here),
        Domain::ProofSubmit {
            content: sha256(b"x"),
            content_bytes: u64::MAX,
            media_type: "text/plain".to_owned(),
            subject: String::new(),
        },
        Domain::AttestationIssue {
            subject: "pkg:a".to_owned(),
            predicate_type: "https://example.org/p".to_owned(),
            predicate: vec![0, 255],
            content: None,
            expires_at_ms: Some(1),
        },
        Domain::AttestationRevoke {
            attestation: proto::id::SubmissionId::new(Digest::ZERO),
            reason: String::new(),
        },
        Domain::BatchAnchor { root: Digest::ZERO, count: 1, tree: "rfc6962-sha256".to_owned() },
        Domain::IssuerSet(Box::new(crate::issuing::tests::set())),
        Domain::IssuerKey(Box::new(crate::issuing::tests::listed())),
        Domain::IssuerKey(Box::new(crate::issuing::tests::dropped())),
        Domain::AttestationSeal(Box::new(crate::issuing::tests::seal())),
        Domain::ArtifactCommit {
            address: sha256(b"salt and content"),
            salted: true,
            content_bytes: 0,
            media_type: String::new(),
            subject: "file".to_owned(),
            retention: Retention::WriteOnce(TimeMs::new(9)),
        },
        Domain::ProofPrimitive(Box::new(primitive(&secret, true))),
        Domain::ProofPrimitive(Box::new(primitive(&secret, false))),
        Domain::RetentionTombstone {
            artifact: proto::id::SubmissionId::new(Digest::ZERO),
            reason: "asked for".to_owned(),
        },
        Domain::ServiceEndorse {
            validator: "v2".to_owned(),
            endorsement: Signature::parse(Scheme::Ed25519, &[7; 64]).expect("64 bytes"),
        },
        of_session(Act::Open(Box::new(Intent {
            text: "caf\u{e9}\n".to_owned(),
            target_p95_latency_ms: 120,
            target_jitter_ms: 0,
            duration_s: 15,
            flow_label: Intent::LABEL.to_owned(),
        }))),
        of_session(Act::Sample(Box::new(Sample {
            packets: 20,
            p50_us: 1,
            p95_us: 60_000_000,
            jitter_us: 0,
            notes: String::new(),
        }))),
        of_session(Act::Finalize),
        of_session(Act::Delete),
        Domain::ValidatorJoin {
            epoch: Epoch::new(3),
            validator: Box::new(validator()),
            possession: secret.sign(b"any"),
            approvals: vec![approval.clone()],
        },
        Domain::ValidatorLeave { epoch: Epoch::ZERO, name: "v5".to_owned(), approvals: vec![approval] },
    ];
    for operation in all.into_iter().chain(crate::job::tests::all()) {
        let json = serde_json::to_value(Operation::from(&operation)).expect("writes");
        assert_eq!(json["type"], operation.name());
        let read: Operation = serde_json::from_value(json.clone()).expect("reads");
        assert_eq!(read.parse().expect("holds"), operation);
        let mut extra = json;
        extra["surprise"] = true.into();
        assert!(serde_json::from_value::<Operation>(extra).is_err(), "{}", operation.name());
    }
}

#[test]
fn a_statement_is_shown_and_never_asked_for() {
    let facts = Facts {
        format: proto::statement::Format::Dsse,
        issuer: String::new(),
        subject: "a file".to_owned(),
        media_type: "text/plain".to_owned(),
        payload: sha256(b"payload"),
        payload_bytes: 7,
        artifact: Some(sha256(b"artifact")),
    };
    let shown = Operation::from(&Domain::Statement(Box::new(facts)));
    let json = serde_json::to_value(&shown).expect("writes");
    assert_eq!((&json["type"], &json["format"]), (&"statement.register".into(), &"dsse".into()));
    assert_eq!(serde_json::from_value::<Operation>(json).expect("reads"), shown);
    assert!(shown.parse().expect_err("nobody signs it here").contains("/v1/statements"));
}

#[test]
fn faults_name_their_member() {
    let bad = Operation::KeyRevoke {
        identity: "did:web:x".to_owned(),
        key: String::new(),
        reason: String::new(),
        from_size: None,
        from_time_ms: None,
    };
    assert!(bad.parse().expect_err("no such did method").starts_with("identity:"));
    let key = SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("signs").public().clone();
    for (from_size, from_time_ms) in [(Some(0), None), (None, Some(0)), (Some(1), Some(1))] {
        let bad = Operation::KeyRevoke {
            identity: Did::of(&key).to_string(),
            key: key.id().to_string(),
            reason: String::new(),
            from_size: from_size.map(Uint),
            from_time_ms: from_time_ms.map(Uint),
        };
        assert!(bad.parse().expect_err("no such beginning").starts_with("from_size, from_time_ms:"));
    }
    let key = Key { scheme: "rsa".to_owned(), public_key: Bytes(vec![]) };
    assert!(key.parse().expect_err("no such scheme").contains("ml-dsa-65"));
}
