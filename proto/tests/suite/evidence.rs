//! Records of QCOS evidence: what is hashed, what is signed, and what is not read at all.

use crypto::Digest;
use proto::canon::Value;
use proto::evidence::{
    DocumentError, Header, ITEMS_MAX, Item, Level, PROTOCOL, Record, bundle_hash, content_hash, fingerprint,
    message, signed,
};

/// A record with everything in it.
const RECORD: &str = include_str!("../golden/evidence-record.json");

fn digest(text: &str) -> Digest {
    text.parse().expect("hex")
}

#[test]
fn the_golden_bundle_has_its_hash_and_its_message() {
    let hashes = [
        "5c075c74beeb6b5e8813ac5ceb8eff71dde5408b6ea7576ff1644b77cdc587f7",
        "f79a216fe748c3853182faed973427a44e48b97d2ffeb59fc9480cfe17e73c10",
        "dff3901f83073241657d3bc4d3961c454fe5d4e29bf9a5f18921a27804f688ae",
    ];
    let items: Vec<_> =
        (0..3).map(|at| Item { id: at.to_string(), label: None, content_hash: digest(hashes[at]) }).collect();
    let header = Header {
        record_id: "ev_1".to_owned(),
        tenant_id: "tenant_abc".to_owned(),
        created_at: "2025-01-04T10:01:30Z".to_owned(),
    };
    let root = digest("0ab4bc0eb6d88cecf2aac4eed66acb23e38435aa3d93d10b1d0f4f8c6111880a");
    let hash = bundle_hash(&header, &items, &root);
    assert_eq!(hash, digest("4c5f3d0312c81ba4af11c5558a4d7cd1d7dd422627cf92bba8405583bc282aa6"));
    assert_eq!(message(&hash), digest("81e492de0490223771228111114950c8030bf4061a1f86d3c12e689b3da61cd2"));
    assert_eq!(crypto::sha256(signed(&hash).as_bytes()), message(&hash));
    // A label is for readers.
    let labelled: Vec<_> =
        items.iter().cloned().map(|item| Item { label: Some("x".to_owned()), ..item }).collect();
    assert_eq!(bundle_hash(&header, &labelled, &root), hash);
}

#[test]
fn every_word_that_is_hashed_changes_the_hash() {
    let record = Record::parse(RECORD.as_bytes()).expect("a record");
    let Record { header, items, merkle_root, .. } = &record;
    let hash = bundle_hash(header, items, merkle_root);
    assert_eq!(hash, record.bundle_hash);
    let mut others = Vec::new();
    for spoil in [
        |it: &mut Header| it.record_id.push('x'),
        |it: &mut Header| it.tenant_id.push('x'),
        |it: &mut Header| it.created_at.push('x'),
    ] {
        let mut header = header.clone();
        spoil(&mut header);
        others.push(bundle_hash(&header, items, merkle_root));
    }
    for at in 0..items.len() {
        let mut named = items.clone();
        named[at].id.push('x');
        others.push(bundle_hash(header, &named, merkle_root));
        let mut hashed = items.clone();
        hashed[at].content_hash = Digest::ZERO;
        others.push(bundle_hash(header, &hashed, merkle_root));
    }
    others.push(bundle_hash(header, &items[1..], merkle_root));
    others.push(bundle_hash(header, items, &Digest::ZERO));
    assert!(others.iter().all(|other| *other != hash));
}

#[test]
fn a_record_is_read_and_written_canonically() {
    let record = Record::parse(RECORD.as_bytes()).expect("a record");
    assert_eq!(String::from_utf8(record.to_json()).expect("ASCII"), RECORD.trim_end());
    assert_eq!(Record::parse(&record.to_json()), Ok(record.clone()));
    for (item, data) in record.items.iter().zip(&record.data) {
        assert_eq!(content_hash(data), item.content_hash, "{}", item.id);
    }
    assert_eq!(record.claim, Level::SealedAttested);
    let envelope = record.attestation.expect("attested");
    assert_eq!((envelope.digest, envelope.key_id.as_str()), (record.bundle_hash, "ql_key_prod_001"));
    assert_eq!(envelope.fingerprint.to_string().len(), 64);
    assert_ne!(envelope.fingerprint, fingerprint(b""));
}

/// The record with `from` replaced by `to`, which must stand in it.
fn spoilt(from: &str, to: &str) -> Result<Record, DocumentError> {
    let json = RECORD.replacen(from, to, 1);
    assert_ne!(json, RECORD, "{from} does not stand there");
    Record::parse(json.as_bytes())
}

#[test]
fn what_is_not_of_the_format_is_not_read() {
    let member = |path: &str| {
        let path = path.to_owned();
        move |fault: &DocumentError| matches!(fault, DocumentError::Member { path: found, .. } if *found == path)
    };
    let path = |from: &str, to: &str, at: &str| {
        let fault = spoilt(from, to).expect_err(to);
        assert!(member(at)(&fault), "{to}: {fault}");
    };
    path(r#""record_id":""#, r#""record_id":"","x":""#, "record.record_id");
    path(r#""record_id":""#, r#""record_jd":""#, "record.record_id");
    path(r#""tenant_id":"tenant_abc""#, r#""tenant_id":7"#, "record.tenant_id");
    path(r#""created_at":""#, &format!(r#""created_at":"{}"#, "0".repeat(256)), "record.created_at");
    path(r#""merkle_root":""#, r#""merkle_root":"sha256:"#, "record.merkle_root");
    path(r#""bundle_hash":""#, r#""bundle_hash":"A"#, "record.bundle_hash");
    path(r#""claim_level":"SEALED_ATTESTED""#, r#""claim_level":"SEALED""#, "record.claim_level");
    path(r#""items":["#, r#""items":7,"itemz":["#, "record.items");
    path(r#""items":["#, r#""items":[7,"#, "record.items[0]");
    path(r#""data":"#, r#""date":"#, "record.items[0].data");
    path(r#""label":"Execution""#, r#""label":["Execution"]"#, "record.items[1].label");
    path(r#""key_id":"#, r#""key_jd":"#, "attestation.key.key_id");
    path(r#""fingerprint":"#, r#""fingerprinu":"#, "attestation.key.fingerprint");
    path(r#""signed_at":"2025"#, r#""signed_at":"x025"#, "attestation.validity.signed_at");
    path(
        r#""algorithm":"Ed25519","value":""#,
        r#""algorithm":"Ed25519","value":"!"#,
        "attestation.signature.value",
    );
    path(r#""validity":{"#, r#""validitx":{"#, "attestation.validity");
    path(r#""attestation":{"#, r#""attestation":[],"y":{"#, "attestation");

    let unknown = |from: &str, to: &str, at: &str| {
        assert_eq!(spoilt(from, to), Err(DocumentError::Unknown { path: at.to_owned() }));
    };
    unknown(r#"{"attestation""#, r#"{"note":1,"attestation""#, "record.note");
    unknown(r#"{"content_hash""#, r#"{"note":1,"content_hash""#, "record.items[0].note");

    let protocol = spoilt("qcos-evidence/1", "qcos-evidence/2");
    assert_eq!(
        protocol,
        Err(DocumentError::Protocol { found: "qcos-evidence/2".to_owned(), expected: PROTOCOL })
    );
    assert_eq!(
        spoilt(r#""id":"execution""#, r#""id":"circuit""#),
        Err(DocumentError::Twice { path: "record.items".to_owned(), id: "circuit".to_owned() })
    );
    for json in [
        spoilt(r#"{"attestation""#, r#"{"claim_level":"INVALID","attestation""#),
        spoilt(r#""shots":1000"#, r#""shots":NaN"#),
        spoilt(r#""shots":1000"#, r#""shots":Infinity"#),
        spoilt(r#""shots":1000"#, r#""shots":1e999"#),
        spoilt(r#""shots":1000"#, r#""shots":1000,"shots":1000"#),
        spoilt("}]", "}],"),
    ] {
        assert!(matches!(json, Err(DocumentError::Json(_))), "{json:?}");
    }
    assert_eq!(Record::parse(&[0xff]), Err(DocumentError::NotText));
    let large = vec![b' '; Record::BYTES_MAX + 1];
    assert_eq!(
        Record::parse(&large),
        Err(DocumentError::TooLarge { found: large.len(), max: Record::BYTES_MAX })
    );
    let item = Value::object([("id", "x".into()), ("data", Value::Null), ("content_hash", "x".into())]);
    let Value::Object(mut members) = Record::parse(RECORD.as_bytes()).expect("a record").to_value() else {
        return;
    };
    members.insert("items".to_owned(), Value::List(vec![item; ITEMS_MAX + 1]));
    let found = ITEMS_MAX + 1;
    let fault = DocumentError::TooMany { path: "record.items".to_owned(), found, max: ITEMS_MAX };
    assert_eq!(Record::from_value(Value::Object(members)), Err(fault));
}
