//! Bundles: what is written can be read, and nothing else passes for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Scheme, SecretKey, sha256};
use proto::counter::{LeafIndex, TreeSize};
use proto::receipt::{
    Bundle, CoseAlgorithm, Dialect, Issued, KeyProof, ProvenLeaf, Receipt, ReceiptError, Unissued,
    UnreadReceipt,
};

fn issued() -> Issued {
    let key = SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("signs");
    let said = Unissued {
        algorithm: CoseAlgorithm::Ed25519,
        kid: sha256(b"key"),
        issuer: "example.com/log".into(),
        subject: "urn:quorate:leaf:5".into(),
        size: TreeSize::new(8),
        index: LeafIndex::new(5),
        path: vec![sha256(b"one")],
    };
    let signature = key.sign(b"anything");
    said.seal(signature)
}

fn leaf(index: u64) -> ProvenLeaf {
    ProvenLeaf { index: LeafIndex::new(index), entry: b"leaf".to_vec(), proof: vec![sha256(b"two")] }
}

fn bundle() -> Bundle {
    Bundle {
        receipt: Receipt {
            entry: b"an entry".to_vec(),
            index: LeafIndex::new(5),
            proof: vec![sha256(b"one")],
            checkpoint: "a note".into(),
            item: None,
        },
        submission: Some(b"an envelope".to_vec()),
        cose: vec![issued()],
        standing: Some(KeyProof { listed: leaf(3), ended: Some(leaf(7)) }),
    }
}

#[test]
fn the_json_is_this() {
    let bundle = bundle();
    let leaf =
        |index| format!("{{\"index\":{index},\"entry\":\"bGVhZg==\",\"proof\":[\"{}\"]}}", sha256(b"two"));
    let expected = format!(
        "{{\"format\":\"quorate/bundle/v1\",\"receipt\":{},\"submission\":\"YW4gZW52ZWxvcGU=\",\"cose\":[\"{}\"],\
         \"standing\":{{\"listed\":{},\"ended\":{}}},\"anchors\":[]}}",
        bundle.receipt.to_json(),
        STANDARD.encode(issued().to_cose()),
        leaf(3),
        leaf(7),
    );
    assert_eq!(bundle.to_json(), expected);
    assert_eq!(bundle.to_json_value().to_string().len(), expected.len());
    assert_eq!(Bundle::from_json(&expected).as_ref(), Ok(&bundle));
    assert_eq!(Dialect::of(expected.as_bytes()), Dialect::Bundle);
    assert_eq!(Bundle::read(expected.as_bytes(), None), Ok(bundle));
    let bare = Bundle::of(self::bundle().receipt);
    let json = bare.to_json();
    assert!(json.ends_with(",\"cose\":[],\"anchors\":[]}"), "{json}");
    assert_eq!(Bundle::from_json(&json), Ok(bare));
}

#[test]
fn another_spelling_is_refused() {
    let json = bundle().to_json();
    let swap = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        json.replacen(from, to, 1)
    };
    let five = format!("[{}]", vec![format!("\"{}\"", STANDARD.encode(issued().to_cose())); 5].join(","));
    let cose = format!("[\"{}\"]", STANDARD.encode(issued().to_cose()));
    let listed = json.find("\"listed\":").expect("it is there");
    let cases = [
        ("another format", swap("bundle/v1", "bundle/v2"), "this reads"),
        ("no format", swap("\"format\":\"quorate/bundle/v1\",", ""), "missing field"),
        ("a member more", swap("{\"format\"", "{\"trust\":[],\"format\""), "unknown field"),
        ("a policy within", swap("{\"format\"", "{\"policy\":\"log\",\"format\""), "unknown field"),
        ("a member twice", swap("\"anchors\":[]", "\"anchors\":[],\"anchors\":[]"), "duplicate field"),
        ("no receipt", swap("\"receipt\":", "\"receipts\":"), "unknown field"),
        ("no anchors", swap(",\"anchors\":[]", ""), "missing field"),
        ("an anchor", swap("\"anchors\":[]", "\"anchors\":[{}]"), "must be empty"),
        ("null for anchors", swap("\"anchors\":[]", "\"anchors\":null"), "an empty list"),
        ("null for the submission", swap("\"YW4gZW52ZWxvcGU=\"", "null"), "invalid type"),
        ("unpadded", swap("YW4gZW52ZWxvcGU=", "YW4gZW52ZWxvcGU"), "padded base64"),
        ("null for standing", format!("{}null,\"anchors\":[]}}", &json[..listed - 1]), "an object"),
        ("null for the end", swap("\"ended\":{", "\"ended\":null,\"e\":{"), "an object"),
        ("a member more in standing", swap("\"listed\":", "\"more\":1,\"listed\":"), "unknown field"),
        ("no listing", swap("\"listed\":", "\"lasted\":"), "unknown field"),
        ("too many in COSE", swap(&cose, &five), "more than 4 COSE receipts"),
        ("no COSE in COSE", swap(&cose, "[\"AAAA\"]"), "CBOR"),
        ("a list of values", format!("[{json}]"), "an object"),
        ("text after it", format!("{json} x"), "trailing"),
    ];
    for (name, json, expected) in cases {
        match Bundle::from_json(&json) {
            Err(ReceiptError::Json { fault }) => assert!(fault.contains(expected), "{name}: {fault}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    // A receipt as a list of its values would be a second spelling.
    let receipt = bundle().receipt.to_json();
    let list = "[\"quorate/receipt/v1\",\"YQ==\",5,[],\"note\"]";
    assert!(Bundle::from_json(&json.replace(&receipt, list)).is_err());
}

#[test]
fn what_is_too_large_is_not_read() {
    let (found, max) = (Bundle::BYTES_MAX + 1, Bundle::BYTES_MAX);
    assert_eq!(Bundle::from_json(&" ".repeat(found)), Err(ReceiptError::TooLarge { found, max }));
    assert_eq!(Bundle::read(&vec![b' '; found], None), Err(UnreadReceipt::TooLarge { found, max }));
    let json = bundle().to_json();
    let large = json.replacen("YW4gZW52ZWxvcGU=", &"AAAA".repeat(30_000), 1);
    assert!(Bundle::from_json(&large).is_err(), "more than an entry may have");
    let large = json.replacen(&STANDARD.encode(issued().to_cose()), &"AAAA".repeat(6_000), 1);
    match Bundle::from_json(&large) {
        Err(ReceiptError::Json { fault }) => assert!(fault.contains("base64 characters, at most"), "{fault}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_dialect_is_told_by_content() {
    let receipt = bundle().receipt;
    let proof = receipt.to_tlog_proof();
    let entry = receipt.entry.clone();
    for (bytes, dialect) in [
        (receipt.to_json().into_bytes(), Dialect::Json),
        (proof.clone().into_bytes(), Dialect::TlogProof),
        (receipt.to_cose(&issued()), Dialect::Cose),
        (bundle().to_json().into_bytes(), Dialect::Bundle),
        (b"anything".to_vec(), Dialect::Json),
        (Vec::new(), Dialect::Json),
    ] {
        assert_eq!(Dialect::of(&bytes), dialect);
    }
    assert_eq!(Bundle::read(proof.as_bytes(), None), Err(UnreadReceipt::NoEntry));
    assert_eq!(Bundle::read(proof.as_bytes(), Some(entry.clone())), Ok(Bundle::of(receipt.clone())));
    assert_eq!(Bundle::read(receipt.to_json().as_bytes(), Some(entry)), Err(UnreadReceipt::EntryTwice));
    assert_eq!(Bundle::read(b"\xff", None), Err(UnreadReceipt::NotText));
}
