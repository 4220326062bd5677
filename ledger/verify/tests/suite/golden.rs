//! A receipt that was written once and must stay true for ever.
//!
//! `UPDATE=1` writes it anew, which is a change of format and nothing less.

use std::fs;
use std::path::Path;

use proto::canonical::Canonical as _;
use proto::entry::Entry;
use proto::policy::Policy;
use proto::receipt::{Bundle, CoseAlgorithm, Receipt};
use verify::{Belief, Options, verify_receipt};

use crate::dialects::issued;
use crate::fixture::{Network, SUBMITTED};
use crate::items;

#[test]
fn an_old_receipt_of_an_item_stays_true() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        let receipt = items::receipt(&items::network(), items::item(6));
        fs::write(folder.join("item.json"), receipt.to_json()).expect("written");
        fs::write(folder.join("item.tlog-proof"), receipt.to_tlog_proof()).expect("written");
    }
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("committed");
    let policy: Policy = read("policy").parse().expect("well formed");
    let json = read("item.json");
    let receipt = Receipt::from_json(&json).expect("well formed");
    assert_eq!(receipt.to_json(), json);
    let options = Options { artifact: Some(items::digest(6)), ..Options::default() };
    let report = verify_receipt(&policy, &receipt, options);
    assert!(report.is_true(), "{:?}", report.failure());
    let text = read("item.tlog-proof");
    assert_eq!(receipt.to_tlog_proof(), text);
    assert_eq!(Receipt::from_tlog_proof(&text, receipt.entry.clone()), Ok(receipt));
}

#[test]
fn an_old_receipt_stays_true() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        let network = Network::new("example.com/log");
        let receipt = network.receipt(SUBMITTED);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("policy"), network.policy.to_string()).expect("written");
        fs::write(folder.join("receipt.json"), receipt.to_json()).expect("written");
        fs::write(folder.join("receipt.tlog-proof"), receipt.to_tlog_proof()).expect("written");
    }
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("committed");
    let policy: Policy = read("policy").parse().expect("well formed");
    let json = read("receipt.json");
    let receipt = Receipt::from_json(&json).expect("well formed");
    assert_eq!(receipt.to_json(), json);
    let report = verify_receipt(&policy, &receipt, Options::default());
    assert!(report.is_true(), "{:?}", report.failure());
    let text = read("receipt.tlog-proof");
    assert_eq!(receipt.to_tlog_proof(), text);
    assert_eq!(Receipt::from_tlog_proof(&text, receipt.entry.clone()), Ok(receipt));
}

/// The other dialects of `receipt.json`. Their issuer signs repeatably, so they are made anew here and compared.
#[test]
fn an_old_receipt_has_the_same_bytes_in_every_dialect() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let read = |name: &str| fs::read(folder.join(name)).expect("committed");
    let text = |name: &str| String::from_utf8(read(name)).expect("text");
    let policy: Policy = text("policy").parse().expect("well formed");
    let receipt = Receipt::from_json(&text("receipt.json")).expect("well formed");
    let Ok(Entry::Submission(entry)) = Entry::decode(&receipt.entry) else { panic!("a submission") };
    let cose = |algorithm| receipt.to_cose(&issued(&receipt, algorithm));
    let bundle = Bundle {
        submission: Some(entry.submission.bytes().to_vec()),
        cose: [CoseAlgorithm::EdDsa, CoseAlgorithm::MlDsa65].map(|by| issued(&receipt, by)).to_vec(),
        ..Bundle::of(receipt.clone())
    };
    let dialects = [
        ("receipt.cose", cose(CoseAlgorithm::EdDsa)),
        ("receipt-ed25519.cose", cose(CoseAlgorithm::Ed25519)),
        ("receipt-ml-dsa-65.cose", cose(CoseAlgorithm::MlDsa65)),
        ("receipt.quorate.json", bundle.to_json().into_bytes()),
    ];
    for (name, bytes) in dialects {
        if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
            fs::write(folder.join(name), &bytes).expect("written");
        }
        assert!(read(name) == bytes, "{name}");
        let read = Bundle::read(&bytes, None).expect("well formed");
        let report = Belief::Policy(&policy).verify(&read, Options::default());
        assert!(report.is_true(), "{name}: {:?}", report.failure());
    }
}
