//! One flipped bit anywhere in a receipt's JSON: it is not read, or not believed.

use proto::receipt::Receipt;
use verify::{Options, verify_receipt};

use crate::fixture::{Network, SUBMITTED};
use crate::items;

/// Optimised builds try every bit. Others try all bits outside the long signatures, whose base64 is by far the most
/// of the text and fails in one way only, and every 37th bit inside them.
const STRIDE: usize = if cfg!(debug_assertions) { 37 } else { 1 };

#[test]
fn no_bit_can_be_flipped() {
    let network = Network::new("example.com/log");
    let json = network.receipt(SUBMITTED).to_json();
    assert!(json.is_ascii() || json.contains('\u{2014}'));
    let long = long_runs(&json);
    let mut tried = 0;
    for bit in 0..json.len() * 8 {
        if long[bit / 8] && bit % STRIDE != 0 {
            continue;
        }
        tried += 1;
        let mut bytes = json.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        let believed = Receipt::from_json(&text)
            .is_ok_and(|receipt| verify_receipt(&network.policy, &receipt, Options::default()).is_true());
        assert!(!believed, "bit {} of byte {} ({:?})", bit % 8, bit / 8, &json.as_bytes()[bit / 8]);
    }
    println!("{tried} of {} bits tried", json.len() * 8);
}

#[test]
fn no_bit_of_an_item_can_be_flipped() {
    let network = items::network();
    let receipt = items::receipt(&network, items::item(6));
    let believed = |receipt: &Receipt| verify_receipt(&network.policy, receipt, Options::default()).is_true();
    assert!(believed(&receipt));
    let json = receipt.to_json();
    let start = json.find(",\"item\":").expect("it is there");
    for bit in start * 8..json.len() * 8 {
        let mut bytes = json.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let read = Receipt::from_json(&text);
        assert!(
            !read.is_ok_and(|read| believed(&read)),
            "bit {} of {:?}",
            bit % 8,
            &json[start..][..bit / 8 - start]
        );
    }
    let text = receipt.to_tlog_proof();
    let start = text.find("extra ").expect("it is there");
    let end = text.find("index ").expect("it is there");
    for bit in start * 8..end * 8 {
        let mut bytes = text.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(spoiled) = String::from_utf8(bytes) else { continue };
        let read = Receipt::from_tlog_proof(&spoiled, receipt.entry.clone());
        assert!(!read.is_ok_and(|read| believed(&read)), "bit {} of byte {}", bit % 8, bit / 8);
    }
}

/// Which bytes stand inside a run of more than 400 base64 characters.
fn long_runs(json: &str) -> Vec<bool> {
    let mut long = vec![false; json.len()];
    let mut start = 0;
    for (at, byte) in json.bytes().chain([0]).enumerate() {
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')) {
            if at - start > 400 {
                // The ends stay in the full test: there stand key id, time, and padding.
                long[start + 20..at - 4].fill(true);
            }
            start = at + 1;
        }
    }
    long
}
