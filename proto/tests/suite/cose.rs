//! Receipts in COSE: read as they are written and in no other way; those of others taken apart.

use std::path::{Path, PathBuf};

use coset::TaggedCborSerializable as _;
use crypto::{Digest, RepeatableMlDsa65, Scheme, SecretKey, Signature, sha256};
use proto::cbor::{CborError, Reader, Writer};
use proto::cose_key::{cose_key, cose_key_set, thumbprint};
use proto::counter::{LeafIndex, TreeSize};
use proto::receipt::rfc9942::{CoseParts, CoseProof};
use proto::receipt::{BatchItem, Bundle, CoseAlgorithm, CoseError, Dialect, Issued, Receipt, Unissued};

fn receipt() -> Receipt {
    Receipt {
        entry: b"an entry".to_vec(),
        index: LeafIndex::new(73_894),
        proof: vec![sha256(b"one"), sha256(b"two")],
        checkpoint: "example.com/log\n80000\nAAAA\n\n\u{2014} example.com/log AQIDBAU=\n".into(),
        item: None,
    }
}

fn item() -> BatchItem {
    BatchItem { digest: sha256(b"item"), index: LeafIndex::new(3), path: vec![sha256(b"left")] }
}

fn said() -> Unissued {
    Unissued {
        algorithm: CoseAlgorithm::EdDsa,
        kid: sha256(b"key"),
        issuer: "example.com/log".into(),
        subject: "urn:quorate:leaf:73894".into(),
        size: TreeSize::new(80_000),
        index: LeafIndex::new(73_894),
        path: vec![sha256(b"one"), sha256(b"two")],
    }
}

fn issued() -> Issued {
    let key = SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("signs");
    let message = said().signed_bytes(&sha256(b"root"));
    said().seal(key.sign(&message))
}

#[test]
fn what_is_written_is_read() {
    for item in [None, Some(item())] {
        let receipt = Receipt { item, ..receipt() };
        let bytes = receipt.to_cose(&issued());
        assert_eq!(Dialect::of(&bytes), Dialect::Cose);
        assert_eq!(Receipt::from_cose(&bytes), Ok((receipt.clone(), issued())));
        let bundle = Bundle { cose: vec![issued()], ..Bundle::of(receipt) };
        assert_eq!(Bundle::read(&bytes, None), Ok(bundle));
        assert_eq!(Issued::from_cose(&bytes), Err(CoseError::Twice));
    }
    let bare = issued().to_cose();
    assert_eq!(Issued::from_cose(&bare), Ok(issued()));
    assert_eq!(Receipt::from_cose(&bare), Err(CoseError::NoQuorum));
}

#[test]
fn the_protected_header_is_this() {
    let bytes = issued().to_cose();
    let parts = CoseParts::read(&bytes).expect("well formed");
    let kid = sha256(b"key");
    let expected = format!(
        "a40127045820{}0fa2016f6578616d706c652e636f6d2f6c6f67027675726e3a71756f726174653a6c6561663a3733383934\
         19018b01",
        hex::encode(kid.as_bytes())
    );
    assert_eq!(hex::encode(parts.protected), expected);
    let root = sha256(b"root");
    let signed = hex::encode(said().signed_bytes(&root));
    let expected = format!("846a5369676e6174757265315855{}405820{root}", hex::encode(parts.protected));
    assert_eq!(signed, expected);
}

#[test]
fn what_is_signed_as_cose_is_no_note_and_no_cosignature() {
    // Texts are UTF-8, and so are the beginnings of both cosigned messages.
    let first = said().signed_bytes(&sha256(b"root"))[0];
    assert_eq!(first, 0x84);
    assert!(std::str::from_utf8(&[first]).is_err(), "it begins no text");
}

/// A receipt in pieces, to be put together otherwise.
struct Pieces {
    protected: Vec<u8>,
    unprotected: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl Pieces {
    fn new() -> Self {
        let bytes = issued().to_cose();
        let parts = CoseParts::read(&bytes).expect("well formed");
        let mut payload = Writer::new();
        payload.null();
        Self {
            protected: parts.protected.to_vec(),
            unprotected: unprotected(&[proof(80_000, 73_894, &said().path)]),
            payload: payload.finish(),
            signature: parts.signature.to_vec(),
        }
    }

    fn join(&self) -> Vec<u8> {
        let mut head = Writer::new();
        head.tag(18).array(4).bytes(&self.protected);
        let mut tail = Writer::new();
        tail.bytes(&self.signature);
        [head.finish(), self.unprotected.clone(), self.payload.clone(), tail.finish()].concat()
    }
}

fn proof(size: u64, index: u64, path: &[Digest]) -> Vec<u8> {
    let mut to = Writer::new();
    to.array(3).unsigned(size).unsigned(index).array(path.len());
    for hash in path {
        to.bytes(hash.as_bytes());
    }
    to.finish()
}

fn unprotected(proofs: &[Vec<u8>]) -> Vec<u8> {
    let mut to = Writer::new();
    to.map(1).int(396).map(1).int(-1).array(proofs.len());
    for proof in proofs {
        to.bytes(proof);
    }
    to.finish()
}

/// Labels, each with the encoding of its value.
type Headers = Vec<(i64, Vec<u8>)>;

/// A protected header of these labels.
fn protected(labels: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = {
        let mut to = Writer::new();
        to.map(labels.len());
        to.finish()
    };
    for (label, value) in labels {
        let mut to = Writer::new();
        to.int(*label);
        bytes.extend(to.finish());
        bytes.extend(value);
    }
    bytes
}

fn value(write: impl FnOnce(&mut Writer) -> &mut Writer) -> Vec<u8> {
    let mut to = Writer::new();
    write(&mut to);
    to.finish()
}

fn labels() -> Headers {
    vec![
        (1, value(|to| to.int(-8))),
        (4, value(|to| to.bytes(sha256(b"key").as_bytes()))),
        (15, value(|to| to.map(2).int(1).text("example.com/log").int(2).text("urn:quorate:leaf:73894"))),
        (395, value(|to| to.int(1))),
    ]
}

#[test]
fn pieces_make_the_receipt_again() {
    assert_eq!(Pieces::new().join(), issued().to_cose());
    assert_eq!(protected(&labels()), Pieces::new().protected);
}

#[test]
fn another_protected_header_is_refused() {
    let with = |change: &dyn Fn(&mut Headers)| {
        let mut labels = labels();
        change(&mut labels);
        let pieces = Pieces { protected: protected(&labels), ..Pieces::new() };
        Issued::from_cose(&pieces.join()).expect_err("refused")
    };
    let missing = |what| CoseError::Missing { what };
    let int = |number| value(|to| to.int(number));
    assert_eq!(with(&|l| drop(l.remove(0))), missing("algorithm in its protected header"));
    assert_eq!(with(&|l| drop(l.remove(1))), missing("kid in its protected header"));
    assert_eq!(with(&|l| drop(l.remove(2))), missing("issuer in its protected header"));
    assert_eq!(with(&|l| drop(l.remove(3))), missing("data structure in its protected header"));
    assert_eq!(with(&|l| l[0].1 = int(-7)), CoseError::Algorithm { found: -7 });
    assert_eq!(with(&|l| l[3].1 = int(2)), CoseError::DataStructure { found: 2 });
    assert_eq!(with(&|l| l[1].1 = value(|to| to.bytes(b"short"))), CoseError::DigestLength { found: 5 });
    assert_eq!(
        with(&|l| l[2].1 = value(|to| to.map(1).int(1).text("example.com/log"))),
        missing("subject in its protected header")
    );
    let critical = value(|to| to.array(1).int(395));
    assert_eq!(with(&|l| l.insert(1, (2, critical.clone()))), CoseError::Critical);
    assert_eq!(with(&|l| l.push((1, int(-8)))), CoseError::LabelTwice { label: 1 });
    // Known to COSE, and no header of ours.
    assert_eq!(with(&|l| l.insert(1, (3, int(0)))), CoseError::NotCanonical);
    assert_eq!(with(&|l| l.swap(0, 1)), CoseError::NotCanonical);
    let issued_at = value(|to| {
        to.map(3).int(1).text("example.com/log").int(2).text("urn:quorate:leaf:73894").int(6).int(1)
    });
    assert_eq!(with(&|l| l[2].1.clone_from(&issued_at)), CoseError::NotCanonical);
    let many = |l: &mut Headers| l.extend((500..520).map(|label| (label, int(0))));
    assert!(matches!(with(&many), CoseError::Cbor(CborError::TooMany { max: 16, .. })));
}

#[test]
fn another_unprotected_header_payload_or_signature_is_refused() {
    let ask = |pieces: &Pieces| Issued::from_cose(&pieces.join()).expect_err("refused");
    let path = said().path;
    let with = |unprotected: Vec<u8>| ask(&Pieces { unprotected, ..Pieces::new() });
    let good = proof(80_000, 73_894, &path);
    assert_eq!(with(value(|to| to.map(0))), CoseError::Missing { what: "proof" });
    assert_eq!(with(unprotected(&[])), CoseError::Proofs);
    assert_eq!(with(unprotected(&[good.clone(), good.clone()])), CoseError::Proofs);
    let consistency = value(|to| to.map(1).int(396).map(1).int(-2).array(1).bytes(&good));
    assert_eq!(with(consistency), CoseError::NotInclusion);
    let other = value(|to| to.map(1).int(396).map(1).int(-3).array(1).bytes(&good));
    assert_eq!(with(other), CoseError::Proofs);
    let beyond = 1 << 53;
    assert_eq!(with(unprotected(&[proof(beyond, 1, &path)])), CoseError::Beyond { found: beyond });
    assert_eq!(with(unprotected(&[proof(9, beyond, &path)])), CoseError::Beyond { found: beyond });
    let long = vec![sha256(b"hash"); 65];
    assert!(matches!(with(unprotected(&[proof(9, 1, &long)])), CoseError::Cbor(CborError::TooMany { .. })));
    let short = value(|to| to.array(3).unsigned(9).unsigned(1).array(1).bytes(b"short"));
    assert_eq!(with(unprotected(&[short])), CoseError::DigestLength { found: 5 });
    let trailing = [good.clone(), vec![0]].concat();
    assert_eq!(with(unprotected(&[trailing])), CoseError::Cbor(CborError::Trailing { found: 1 }));
    // A label that stands in the protected header, and one that nobody knows.
    let twice = value(|to| to.map(2).int(4).bytes(b"key").int(396).map(1).int(-1).array(1).bytes(&good));
    assert_eq!(with(twice), CoseError::LabelTwice { label: 4 });
    let more = value(|to| to.map(2).int(396).map(1).int(-1).array(1).bytes(&good).int(500).int(0));
    assert_eq!(with(more), CoseError::NotCanonical);

    let payload = value(|to| to.bytes(sha256(b"root").as_bytes()));
    assert_eq!(ask(&Pieces { payload, ..Pieces::new() }), CoseError::Payload);
    let signature = vec![0; 63];
    assert_eq!(
        ask(&Pieces { signature, ..Pieces::new() }),
        CoseError::SignatureLength { found: 63, expected: 64 }
    );

    let mut untagged = issued().to_cose();
    untagged.remove(0);
    assert!(matches!(Issued::from_cose(&untagged), Err(CoseError::Cbor(CborError::Kind { .. }))));
    let mut other = issued().to_cose();
    other[0] = 0xd1;
    assert_eq!(Issued::from_cose(&other), Err(CoseError::Tag { found: 17 }));
    let trailing = [issued().to_cose(), vec![0]].concat();
    assert_eq!(Issued::from_cose(&trailing), Err(CoseError::Cbor(CborError::Trailing { found: 1 })));
    let found = Receipt::COSE_BYTES_MAX + 1;
    let max = Receipt::COSE_BYTES_MAX;
    assert_eq!(Issued::from_cose(&vec![0xd2; found]), Err(CoseError::TooLarge { found, max }));
}

#[test]
fn what_stands_under_our_label_is_read_in_one_way() {
    let bytes = receipt().to_cose(&issued());
    let label = bytes.windows(5).position(|part| part == [0x3a, 0x51, 0x55, 0x4f, 0x52]).expect("the label");
    let (head, rest) = bytes.split_at(label + 5);
    let mut reader = Reader::new(rest);
    reader.skip().expect("what stands under it");
    let tail = Pieces::new();
    let tail = [tail.payload.clone(), value(|to| to.bytes(&tail.signature))].concat();
    let with = |under: Vec<u8>| Receipt::from_cose(&[head, &under, &tail].concat());
    let receipt = receipt();
    let good = value(|to| to.map(2).unsigned(1).text(&receipt.checkpoint).unsigned(2).bytes(&receipt.entry));
    assert_eq!(with(good), Ok((receipt.clone(), issued())));
    let missing = |what| Err(CoseError::Missing { what });
    let one = value(|to| to.map(1).unsigned(1).text("note"));
    assert_eq!(with(one), missing("entry under the private label"));
    let one = value(|to| to.map(1).unsigned(2).bytes(b"entry"));
    assert_eq!(with(one), missing("checkpoint under the private label"));
    let swapped =
        value(|to| to.map(2).unsigned(2).bytes(&receipt.entry).unsigned(1).text(&receipt.checkpoint));
    assert_eq!(with(swapped), Err(CoseError::NotCanonical));
    let twice = value(|to| to.map(2).unsigned(1).text("a").unsigned(1).text("b"));
    assert_eq!(with(twice), Err(CoseError::LabelTwice { label: 1 }));
    let other = value(|to| to.map(3).unsigned(1).text("a").unsigned(2).bytes(b"b").unsigned(4).int(0));
    assert_eq!(with(other), Err(CoseError::NotCanonical));
    let large = value(|to| to.map(2).unsigned(1).text("a").unsigned(2).bytes(&vec![0; 65_536]));
    assert!(matches!(with(large), Err(CoseError::Cbor(CborError::TooMany { max: 65_535, .. }))));
}

#[test]
fn no_bit_of_a_bare_receipt_can_be_flipped_and_say_the_same() {
    let bytes = issued().to_cose();
    for bit in 0..bytes.len() * 8 {
        let mut spoiled = bytes.clone();
        spoiled[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(Issued::from_cose(&spoiled), Ok(issued()), "bit {bit}");
    }
}

/// A public vector, `None` (said aloud) when they are not at hand.
fn vectors(path: &str) -> Option<String> {
    let folder = match std::env::var_os("QUORATE_VECTORS") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"),
    };
    if !folder.is_dir() {
        println!("skipped: no vectors in {}", folder.display());
        return None;
    }
    Some(std::fs::read_to_string(folder.join(path)).unwrap_or_else(|fault| panic!("{path}: {fault}")))
}

#[test]
fn the_receipts_of_rfc_9942_are_taken_apart() {
    let Some(text) = vectors("rfc9942-cose-receipts/inclusion-receipt.cbor.hex.txt") else { return };
    let bytes = hex::decode(text.trim()).expect("hex");
    let parts = CoseParts::read(&bytes).expect("well formed");
    assert_eq!((parts.algorithm, parts.kid), (-7, Some(&b"test-key-1"[..])));
    assert_eq!((parts.issuer, parts.subject), (Some("https://transparency-service.example.com"), None));
    let CoseProof::Inclusion { size: 5, index: 3, path } = &parts.proof else { panic!("{:?}", parts.proof) };
    assert_eq!(path.len(), 3);
    // ES256 is no algorithm of ours, and the receipt is one issuer's word.
    assert_eq!(Receipt::from_cose(&bytes), Err(CoseError::Algorithm { found: -7 }));
    let text = vectors("rfc9942-cose-receipts/consistency-receipt.cbor.hex.txt").expect("as the one before");
    let bytes = hex::decode(text.trim()).expect("hex");
    let parts = CoseParts::read(&bytes).expect("well formed");
    assert!(matches!(&parts.proof, CoseProof::Consistency { from: 3, to: 5, path } if path.len() == 4));
    for at in 0..bytes.len() {
        assert!(CoseParts::read(&bytes[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn the_key_and_the_signature_of_rfc_9964_are_ours() {
    let Some(json) = vectors("rfc9964-ml-dsa-jose-cose/ML_DSA_65.cose.json") else { return };
    let vector: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let member = |name: &str| hex::decode(vector[name].as_str().expect("a text")).expect("hex");
    let seed: [u8; 32] = member("priv").try_into().expect("32 bytes");
    let key = RepeatableMlDsa65::from_seed(&seed);
    assert_eq!(key.public().as_bytes(), member("raw_public_key"));
    // Its COSE key: map, kid first, as the vector has it, and in deterministic order as ours is.
    let kid = thumbprint(key.public()).expect("COSE knows it");
    let theirs = member("key");
    assert_eq!(theirs[1..5], [0x02, 0x58, 0x20, kid.as_bytes()[0]]);
    assert_eq!(theirs[4..36], kid.as_bytes()[..]);
    let ours = cose_key(key.public()).expect("COSE knows it");
    let mut parts = [&theirs[1..36], &theirs[36..38], &theirs[38..41], &theirs[41..theirs.len() - 35]];
    // In order: 1, 2, 3, -1; the seed at the end, -2, is no part of a public key.
    parts.swap(0, 1);
    assert_eq!(ours[1..], parts.concat());
    let (message, signature) = (member("raw_to_be_signed"), member("raw_signature"));
    let signature = Signature::parse(Scheme::MlDsa65, &signature).expect("its length");
    assert_eq!(key.public().verify(&message, &signature), Ok(()));
    assert_eq!(key.sign(&message), signature, "the deterministic variant, as in the vector");
}

#[test]
fn a_key_set_is_an_array_of_keys_that_cose_knows() {
    let ed25519 = SecretKey::from_seed(Scheme::Ed25519, &[1; 32]).expect("signs");
    let hybrid = SecretKey::from_seed(Scheme::HybridEd25519MlDsa65, &[1; 32]).expect("signs");
    let set = cose_key_set([ed25519.public(), hybrid.public()].into_iter());
    assert_eq!(cose_key(hybrid.public()), None);
    let kid = thumbprint(ed25519.public()).expect("COSE knows it");
    let expected = format!("81a40101025820{kid}2006215820{}", hex::encode(ed25519.public().as_bytes()));
    assert_eq!(hex::encode(set), expected);
}

#[test]
fn another_reader_of_cose_reads_and_signs_the_same() {
    let bytes = receipt().to_cose(&issued());
    let theirs = coset::CoseSign1::from_tagged_slice(&bytes).expect("well formed");
    let root = sha256(b"root");
    assert_eq!(theirs.tbs_detached_data(root.as_bytes(), &[]), said().signed_bytes(&root));
    assert_eq!(theirs.signature, issued().signature().as_bytes());
    assert_eq!(theirs.payload, None);
    assert_eq!(theirs.protected.header.key_id, said().kid.as_bytes());
    let labels: Vec<_> = theirs.unprotected.rest.iter().map(|(label, _)| label.clone()).collect();
    assert_eq!(labels, [coset::Label::Int(396), coset::Label::Int(-1 - 0x5155_4f52)]);
    // What it writes of what it read are our bytes: both are deterministic.
    assert_eq!(theirs.to_tagged_vec().expect("writes"), bytes);
}
