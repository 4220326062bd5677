//! Receipts as JSON and as tlog-proof: what is written can be read, and nothing else passes for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Digest, sha256};
use proto::counter::LeafIndex;
use proto::note::Note;
use proto::receipt::{BatchItem, Receipt, ReceiptError, TlogProofError};

fn receipt() -> Receipt {
    Receipt {
        entry: b"an entry".to_vec(),
        index: LeafIndex::new(73_894),
        proof: vec![sha256(b"one"), sha256(b"two")],
        checkpoint: "example.com/log\n80000\nAAAA\n\n\u{2014} example.com/log AQIDBAU=\n".into(),
        item: None,
    }
}

/// The same, about one item of the batch that the entry would anchor.
fn item_receipt() -> Receipt {
    let path = vec![sha256(b"left"), sha256(b"right")];
    Receipt { item: Some(BatchItem { digest: sha256(b"item"), index: LeafIndex::new(3), path }), ..receipt() }
}

fn json() -> String {
    receipt().to_json()
}

#[test]
fn the_json_is_this() {
    let expected = format!(
        "{{\"format\":\"quorate/receipt/v1\",\"entry\":\"YW4gZW50cnk=\",\"index\":73894,\"proof\":[\"{}\",\"{}\"],\
         \"checkpoint\":\"example.com/log\\n80000\\nAAAA\\n\\n\u{2014} example.com/log AQIDBAU=\\n\"}}",
        sha256(b"one"),
        sha256(b"two"),
    );
    assert_eq!(json(), expected);
    assert_eq!(Receipt::from_json(&expected), Ok(receipt()));
}

#[test]
fn the_json_of_an_item_is_this() {
    let [item, left, right] = [sha256(b"item"), sha256(b"left"), sha256(b"right")];
    let member =
        format!(",\"item\":{{\"digest\":\"{item}\",\"index\":3,\"path\":[\"{left}\",\"{right}\"]}}}}");
    let text = item_receipt().to_json();
    let rest = text.strip_suffix(&member).expect("the last member");
    assert_eq!(format!("{rest}}}"), json(), "without it, the receipt that it always was");
    assert_eq!(Receipt::from_json(&text), Ok(item_receipt()));
    let pretty = serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
    let pretty = serde_json::to_string_pretty(&pretty).expect("JSON");
    assert_eq!(Receipt::from_json(&pretty), Ok(item_receipt()));
}

#[test]
fn another_spelling_of_an_item_is_refused() {
    let text = item_receipt().to_json();
    let (rest, item) = text.split_once(",\"item\":").expect("the last member");
    let item = &item[..item.len() - 1];
    let hash = sha256(b"left").to_string();
    let cases = [
        ("null for none", "null".to_owned(), "expected an object with the item"),
        ("a list of the values", "[\"00\",3,[]]".into(), "expected an object with the item"),
        ("no members", "{}".into(), "missing field"),
        ("a member more", item.replace("{\"digest", "{\"count\":4,\"digest"), "unknown field"),
        ("a member less", item.replace("\"index\":3,", ""), "missing field"),
        ("a member twice", item.replace("\"index\":3,", "\"index\":3,\"index\":3,"), "duplicate field"),
        ("an item twice", format!("{item},\"item\":{item}"), "duplicate field"),
        ("beyond 2^53", item.replace(":3,", ":9007199254740992,"), "beyond 2^53 - 1"),
        ("a negative", item.replace(":3,", ":-3,"), "invalid value"),
        ("a text for a number", item.replace(":3,", ":\"3\","), "invalid type"),
        ("upper-case hex", item.replace(&hash, &hash.to_uppercase()), "64 lower-case hex digits"),
        ("a short hash", item.replace(&hash, &hash[2..]), "64 lower-case hex digits"),
        ("a null in the path", item.replace(&format!("\"{hash}\""), "null"), "invalid type"),
    ];
    for (name, item, expected) in cases {
        match Receipt::from_json(&format!("{rest},\"item\":{item}}}")) {
            Err(ReceiptError::Json { fault }) => assert!(fault.contains(expected), "{name}: {fault}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn order_and_space_may_be_another_programs() {
    let value: serde_json::Value = serde_json::from_str(&json()).expect("JSON");
    let pretty = serde_json::to_string_pretty(&value).expect("JSON");
    assert_ne!(pretty, json());
    assert_eq!(Receipt::from_json(&pretty), Ok(receipt()));
}

#[test]
fn other_members_and_other_spellings_are_refused() {
    let hash = sha256(b"one").to_string();
    let cases = [
        ("a member more", json().replace("{\"format", "{\"extra\":1,\"format"), "unknown field"),
        (
            "a member twice",
            json().replace("\"index\":73894", "\"index\":73894,\"index\":73894"),
            "duplicate field",
        ),
        ("a member less", json().replace("\"index\":73894,", ""), "missing field"),
        ("no format", json().replace("\"format\":\"quorate/receipt/v1\",", ""), "missing field"),
        ("another format", json().replace("receipt/v1", "receipt/v2"), "this reads \"quorate/receipt/v1\""),
        ("a null", json().replace("73894", "null"), "invalid type"),
        ("a string for a number", json().replace("73894", "\"73894\""), "invalid type"),
        ("a fraction", json().replace("73894", "73894.0"), "invalid type"),
        ("an exponent", json().replace("73894", "7e4"), "invalid type"),
        ("a negative", json().replace("73894", "-1"), "invalid value"),
        ("minus zero", json().replace("73894", "-0"), "invalid type"),
        ("a leading zero", json().replace("73894", "073894"), "invalid number"),
        ("beyond 2^53", json().replace("73894", "9007199254740992"), "beyond 2^53 - 1"),
        ("entry without padding", json().replace("cnk=", "cnk"), "not padded base64"),
        ("entry with stray bits", json().replace("cnk=", "cnl="), "not padded base64"),
        ("entry with a newline", json().replace("YW4g", "YW4g\\n"), "not padded base64"),
        ("upper-case hex", json().replace(&hash, &hash.to_uppercase()), "64 lower-case hex digits"),
        ("a short hash", json().replace(&hash, &hash[2..]), "64 lower-case hex digits"),
        ("text after it", json() + "x", "trailing characters"),
        ("a second one", json() + &json(), "trailing characters"),
        ("nothing", String::new(), "not an object"),
        ("a list", "[]".into(), "not an object"),
        ("cut off", json()[..100].into(), "EOF"),
    ];
    for (name, text, expected) in cases {
        match Receipt::from_json(&text) {
            Err(ReceiptError::Json { fault }) => assert!(fault.contains(expected), "{name}: {fault}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let sequence = format!("[\"{}\",\"YQ==\",1,[],\"\"]", Receipt::FORMAT);
    assert!(Receipt::from_json(&sequence).is_err(), "members need their names");
}

#[test]
fn limits_come_before_memory() {
    let large = " ".repeat(Receipt::BYTES_MAX + 1);
    let expected = ReceiptError::TooLarge { found: Receipt::BYTES_MAX + 1, max: Receipt::BYTES_MAX };
    assert_eq!(Receipt::from_json(&large), Err(expected));
    let with = |spoil: &dyn Fn(&mut Receipt)| {
        let mut receipt = receipt();
        spoil(&mut receipt);
        Receipt::from_json(&receipt.to_json())
    };
    assert!(with(&|r| r.proof = vec![Digest::ZERO; 64]).is_ok());
    assert!(with(&|r| r.proof = vec![Digest::ZERO; 65]).is_err());
    assert!(with(&|r| r.entry = vec![0; 65_535]).is_ok());
    assert!(with(&|r| r.entry = vec![0; 65_536]).is_err());
    assert!(with(&|r| r.checkpoint = "c".repeat(Note::BYTES_MAX)).is_ok());
    assert!(with(&|r| r.checkpoint = "c".repeat(Note::BYTES_MAX + 1)).is_err());
    assert!(with(&|r| r.index = LeafIndex::new(Receipt::INDEX_MAX)).is_ok());
    assert!(with(&|r| r.index = LeafIndex::new(Receipt::INDEX_MAX + 1)).is_err());
    let with = |index, hashes| {
        let path = vec![Digest::ZERO; hashes];
        let item = BatchItem { digest: Digest::ZERO, index: LeafIndex::new(index), path };
        let receipt = Receipt { item: Some(item), ..receipt() };
        let text = Receipt::from_tlog_proof(&receipt.to_tlog_proof(), receipt.entry.clone());
        assert_eq!(
            text.is_ok(),
            Receipt::from_json(&receipt.to_json()).is_ok(),
            "one limit for both spellings"
        );
        text == Ok(receipt)
    };
    assert!(with(Receipt::INDEX_MAX, 64));
    assert!(!with(Receipt::INDEX_MAX + 1, 64));
    assert!(!with(0, 65));
}

#[test]
fn the_tlog_proof_is_this() {
    let text = receipt().to_tlog_proof();
    let line = |seed: &[u8]| STANDARD.encode(sha256(seed).as_bytes());
    let expected = format!(
        "c2sp.org/tlog-proof@v1\nindex 73894\n{}\n{}\n\n{}",
        line(b"one"),
        line(b"two"),
        receipt().checkpoint
    );
    assert_eq!(text, expected);
    assert_eq!(Receipt::from_tlog_proof(&text, receipt().entry), Ok(receipt()));
    let empty = Receipt { proof: Vec::new(), ..receipt() };
    assert_eq!(Receipt::from_tlog_proof(&empty.to_tlog_proof(), receipt().entry), Ok(empty));
    let of_item = item_receipt().to_tlog_proof();
    let mut extra = b"quorate/batch-item/v1\0".to_vec();
    extra.extend(*sha256(b"item").as_bytes());
    extra.extend([0, 0, 0, 0, 0, 0, 0, 3]);
    extra.extend([*sha256(b"left").as_bytes(), *sha256(b"right").as_bytes()].concat());
    let line = format!("extra {}\nindex", STANDARD.encode(&extra));
    assert_eq!(of_item, text.replacen("index", &line, 1));
    assert_eq!(Receipt::from_tlog_proof(&of_item, receipt().entry), Ok(item_receipt()));
}

#[test]
fn a_tlog_proof_with_one_fault_is_refused() {
    let text = receipt().to_tlog_proof();
    let hash = text.lines().nth(2).expect("a hash").to_owned();
    let extra = |bytes: &[u8]| text.replacen("index", &format!("extra {}\nindex", STANDARD.encode(bytes)), 1);
    let of_item = item_receipt().to_tlog_proof();
    let of_item = of_item.lines().nth(1).expect("the item").to_owned();
    let of_item = format!("{of_item}\nextra ");
    let cases = [
        ("empty", String::new(), TlogProofError::Header),
        ("another version", text.replace("@v1", "@v2"), TlogProofError::Header),
        ("windows", text.replace('\n', "\r\n"), TlogProofError::Header),
        ("extra", extra(b"a"), TlogProofError::Extra),
        (
            "extra of another version",
            extra(&[&b"quorate/batch-item/v2\0"[..], &[0; 40]].concat()),
            TlogProofError::Extra,
        ),
        (
            "extra with half a hash",
            extra(&[&b"quorate/batch-item/v1\0"[..], &[0; 56]].concat()),
            TlogProofError::Extra,
        ),
        (
            "extra cut off",
            extra(&[&b"quorate/batch-item/v1\0"[..], &[0; 39]].concat()),
            TlogProofError::Extra,
        ),
        (
            "extra with padding it does not need",
            item_receipt().to_tlog_proof().replacen("\nindex", "=\nindex", 1),
            TlogProofError::Extra,
        ),
        ("extra too long", extra(&[0; 4 << 10]), TlogProofError::Extra),
        ("two extra lines", extra(b"").replacen("extra ", &of_item, 1), TlogProofError::Index),
        (
            "extra after the index",
            text.replacen("73894\n", &format!("73894\n{of_item}\n"), 1),
            TlogProofError::Hash { position: 1 },
        ),
        ("no index", text.replace("index 73894\n", ""), TlogProofError::Index),
        ("leading zero", text.replace("73894", "073894"), TlogProofError::Index),
        ("sign", text.replace("73894", "+73894"), TlogProofError::Index),
        ("two spaces", text.replace("index ", "index  "), TlogProofError::Index),
        ("a short hash", text.replace(&hash, &hash[4..]), TlogProofError::Hash { position: 1 }),
        ("no padding", text.replace(&hash, &hash[..43]), TlogProofError::Hash { position: 1 }),
        ("hex", text.replace(&hash, &sha256(b"one").to_string()), TlogProofError::Hash { position: 1 }),
        ("no checkpoint", text[..text.find("\n\n").expect("there") + 1].into(), TlogProofError::NoCheckpoint),
        (
            "65 hashes",
            text.replace(&hash, &[hash.as_str(); 64].join("\n")),
            TlogProofError::TooLong { max: 64 },
        ),
        (
            "too large",
            text + &"x".repeat(Receipt::TLOG_PROOF_BYTES_MAX),
            TlogProofError::TooLarge {
                found: receipt().to_tlog_proof().len() + Receipt::TLOG_PROOF_BYTES_MAX,
                max: Receipt::TLOG_PROOF_BYTES_MAX,
            },
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(Receipt::from_tlog_proof(&text, Vec::new()), Err(expected), "{name}");
    }
    let entry = Receipt::from_tlog_proof(&receipt().to_tlog_proof(), vec![0; 65_536]);
    assert_eq!(entry, Err(TlogProofError::EntryTooLarge { found: 65_536, max: 65_535 }));
}

proptest::proptest! {
    #[test]
    fn a_receipt_survives_both_spellings(
        entry: Vec<u8>, index in 0..=Receipt::INDEX_MAX, hashes: Vec<[u8; 32]>, checkpoint: String,
        item: Option<([u8; 32], u32, Vec<[u8; 32]>)>,
    ) {
        let digests = |hashes: Vec<[u8; 32]>| hashes.into_iter().take(64).map(Digest::new).collect();
        let item = item.map(|(digest, index, path)| BatchItem {
            digest: Digest::new(digest),
            index: LeafIndex::new(index.into()),
            path: digests(path),
        });
        let proof = digests(hashes);
        let receipt = Receipt { entry, index: LeafIndex::new(index), proof, checkpoint, item };
        proptest::prop_assert_eq!(&Receipt::from_json(&receipt.to_json()), &Ok(receipt.clone()));
        let text = receipt.to_tlog_proof();
        proptest::prop_assert_eq!(&Receipt::from_tlog_proof(&text, receipt.entry.clone()), &Ok(receipt));
    }

    /// One byte replaced: another receipt or none, and whatever is read prints as the same bytes.
    #[test]
    fn a_tlog_proof_has_one_spelling(at: proptest::sample::Index, byte in 0..0x80_u8, of_item: bool) {
        let receipt = || if of_item { item_receipt() } else { receipt() };
        let mut bytes = receipt().to_tlog_proof().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(read) = Receipt::from_tlog_proof(&text, receipt().entry)
        {
            proptest::prop_assert_eq!(read.to_tlog_proof(), text);
        }
    }
}
