//! Every seed and every input that once failed, played again by the usual toolchain.
//!
//! `tests/fuzz/seeds` is what a small network really says, made by `seeds.rs`; `tests/fuzz/regressions` is what a fuzzer
//! found. `UPDATE=1` writes the seeds anew, after a change of format.

use std::fs;
use std::path::{Path, PathBuf};

use proto::canonical::Canonical as _;
use proto::message::{Kind, Message};

mod seeds;
#[path = "src/lib.rs"]
mod targets;

use targets::TARGETS;

/// Most bytes of seeds in the repository.
const SEEDS_BYTES_MAX: u64 = 300 << 10;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// The inputs of a target in a folder, by name; none where there is no folder.
fn inputs(folder_name: &str, target: &str) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder(folder_name).join(target)) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .map(|entry| entry.expect("an entry can be read").path())
        .map(|path| (path.display().to_string(), fs::read(&path).expect("an input can be read")))
        .collect();
    found.sort();
    found
}

#[test]
fn every_input_is_survived() {
    if std::env::var_os("UPDATE").is_some() {
        let _ = fs::remove_dir_all(folder("seeds"));
        for ((target, name), bytes) in seeds::seeds() {
            let folder = folder("seeds").join(target);
            fs::create_dir_all(&folder).expect("a folder for seeds");
            fs::write(folder.join(format!("{name}.bin")), bytes).expect("a seed is written");
        }
    }
    let mut seeds_bytes = 0;
    for (target, run) in TARGETS {
        let seeds = inputs("seeds", target);
        assert!(!seeds.is_empty(), "{target} has no seed");
        seeds_bytes += seeds.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
        for (name, bytes) in seeds.into_iter().chain(inputs("regressions", target)) {
            println!("{name}");
            run(&bytes);
        }
        // Damaged a little, they are inputs as well: every length, and every byte changed, of the smaller ones. A run of
        // whole engines takes too long for that.
        let small = |bytes: &[u8]| bytes.len() <= 512 && target != "engine_step";
        for (_, bytes) in inputs("seeds", target).iter().filter(|(_, bytes)| small(bytes)) {
            for at in 0..bytes.len() {
                run(&bytes[..at]);
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                run(&changed);
            }
        }
    }
    assert!(seeds_bytes <= SEEDS_BYTES_MAX, "{seeds_bytes} bytes of seeds");
}

/// Seeds that are no longer read seed nothing: after a change of format they are written anew.
#[test]
fn every_seed_is_read() {
    if std::env::var_os("UPDATE").is_some() {
        // They are being written, by the test beside this one.
        return;
    }
    let read = |name: &str, is_read: bool| assert!(is_read, "{name}: write the seeds anew with UPDATE=1");
    for (name, bytes) in inputs("seeds", "message") {
        let kind = Kind::parse(bytes[0]).expect("a kind");
        read(&name, Message::decode(kind, &bytes[1..]).is_ok());
    }
    for (name, bytes) in inputs("seeds", "entry") {
        read(&name, proto::entry::Entry::decode(&bytes).is_ok());
    }
    for (name, bytes) in inputs("seeds", "receipt_json") {
        let text = std::str::from_utf8(&bytes).expect("text");
        let receipt = proto::receipt::Receipt::from_json(text).expect("a receipt");
        let report =
            verify::verify_receipt(&targets::fixture::NETWORK.policy, &receipt, verify::Options::default());
        read(&name, report.is_true());
    }
    for target in ["receipt_cose", "receipt_bundle"] {
        for (name, bytes) in inputs("seeds", target) {
            let belief = verify::Belief::Policy(&targets::fixture::NETWORK.policy);
            let bundle = proto::receipt::Bundle::read(&bytes, None).expect("a receipt");
            read(&name, belief.verify(&bundle, verify::Options::default()).is_true());
        }
    }
    for (name, bytes) in inputs("seeds", "genesis").iter().filter(|(name, _)| name.contains("canonical")) {
        read(name, proto::genesis::Genesis::decode(bytes).is_ok());
    }
}
