//! What only the inside can be asked: vectors whose key is beside a COSE statement.

use crypto::{PublicKey, Scheme};

use super::*;
use crate::verified::Strict;

/// Where the public vectors lie.
fn vectors() -> String {
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors").to_owned();
    std::env::var("QUORATE_VECTORS").unwrap_or_else(|_| beside())
}

/// A member of a published example, as hex.
fn example(file: &str, member: &str) -> Vec<u8> {
    let folder = vectors();
    let text = std::fs::read_to_string(format!("{folder}/{file}")).expect("the vector is readable");
    let object = json::object(text.as_bytes()).expect("is JSON");
    hex::decode(object[member].text().expect("a text")).expect("is hex")
}

#[test]
fn the_cose_example_of_rfc_9964_holds() {
    let file = "rfc9964-ml-dsa-jose-cose/ML_DSA_65.cose.json";
    let public = PublicKey::parse(Scheme::MlDsa65, &example(file, "raw_public_key")).expect("a key");
    let statement = example(file, "sign1");
    // It has no claims, which RFC 9943 demands of a signed statement; its parts are read all the same.
    let fault = read(Format::Cose, &statement, std::slice::from_ref(&public)).expect_err("no claims");
    assert!(fault.to_string().contains("lacks the claims"), "{fault}");
    assert_eq!(cose::strip(&statement), Ok(statement.clone()));
    assert_eq!(cose::message_of(&statement).expect("reads"), example(file, "raw_to_be_signed"));
    let signature = Signature::parse(Scheme::MlDsa65, &example(file, "raw_signature")).expect("its length");
    Strict.check(&public, &cose::message_of(&statement).expect("reads"), &signature).expect("holds");

    // Its COSE_Key is private, and is refused as such; without the seed it is the key.
    let private = example(file, "key");
    let key = cbor::whole(&private).expect("reads");
    assert!(keys::from_cose_key(&key).expect_err("private").to_string().contains("private"));
    let cbor::Value::Map(members) = key else { panic!("a map") };
    let open = members.into_iter().filter(|(label, _)| *label != cbor::Value::Int(-2)).collect();
    assert_eq!(keys::from_cose_key(&cbor::Value::Map(open)), Ok(public));
}

#[test]
fn the_receipt_of_rfc_9942_is_no_statement() {
    let folder = vectors();
    for name in ["inclusion", "consistency"] {
        let path = format!("{folder}/rfc9942-cose-receipts/{name}-receipt.cbor.hex.txt");
        let text = std::fs::read_to_string(path).expect("the vector is readable");
        let receipt = hex::decode(text.trim()).expect("is hex");
        // Well-formed, and its payload is the root that a verifier computes.
        let fault = cose::strip(&receipt).expect_err("detached");
        assert!(fault == StatementError::Detached || name == "consistency", "{name}: {fault}");
    }
}

#[test]
fn the_dsse_example_is_encoded_as_published() {
    let expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
    assert_eq!(dsse::pae("http://example.com/HelloWorld", b"hello world"), expected);
}

#[test]
fn a_format_has_one_number_and_one_name() {
    for format in Format::ALL {
        assert_eq!(Format::parse(format.id()), Some(format));
        assert_eq!(Format::from_name(format.name()), Some(format));
        assert_eq!(Format::from_media_type(&format.media_type().to_uppercase()), Some(format));
    }
    assert_eq!(Format::from_media_type("application/scitt-statement+cose; x=y"), Some(Format::Cose));
    assert_eq!(Format::from_media_type("application/json"), None);
    assert_eq!((Format::parse(0), Format::parse(6)), (None, None));
}
