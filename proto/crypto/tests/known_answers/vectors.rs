//! Where the public vectors lie, and how they are read.

use std::path::PathBuf;

use crypto::{PublicKey, Scheme, Signature};
use serde::de::DeserializeOwned;

/// Reads a vector file. `None`, after saying so, when this machine has no vectors at all; a single file
/// that is missing beside others fails.
pub fn read<T: DeserializeOwned>(file: &str) -> Option<T> {
    let root = std::env::var_os("QUORATE_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    if !root.is_dir() {
        println!("{file}: no vectors in {}, nothing was checked", root.display());
        return None;
    }
    let path = root.join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// Says what ran, and fails if nothing did.
pub fn report(file: &str, ran: usize, skipped: usize, why: &str) {
    println!("{file}: {ran} vectors ran, {skipped} skipped{why}");
    assert!(ran > 0, "{file} is present and yielded no vector");
}

/// The verdict on raw bytes: whatever is refused on the way counts as refused.
pub fn accepts(scheme: Scheme, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = PublicKey::parse(scheme, key) else { return false };
    let Ok(signature) = Signature::parse(scheme, signature) else { return false };
    key.verify(message, &signature).is_ok()
}

/// Bytes of hex text, in either case.
pub fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).expect("the vectors are hex")
}

/// A 32-byte seed of hex text; `None` for another length.
pub fn seed(text: &str) -> Option<[u8; 32]> {
    unhex(text).try_into().ok()
}
