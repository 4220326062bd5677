//! What a node finds on its disk: damage is refused or cut off, and never believed.

use std::path::Path;

use crypto::{Hasher, PublicKey};
use node::genesis_file;
use node::journal::{Journal, Recovered};
use node::keystore::Keystore;
use proto::canonical::Canonical as _;
use proto::genesis::Genesis;
use proto::id::ValidatorIndex;

use super::fixture::NETWORK;

/// A genesis: as a file when it begins like JSON, else in its canonical bytes.
pub fn genesis(bytes: &[u8]) {
    let path = Path::new("genesis.json");
    let genesis = match bytes.first() {
        Some(b'{') => genesis_file::parse(path, bytes).ok(),
        Some(_) | None => Genesis::decode(bytes).ok(),
    };
    let Some(genesis) = genesis else { return };
    let text = genesis_file::to_json(&genesis);
    let again = genesis_file::parse(path, text.as_bytes()).expect("what is written is read");
    assert_eq!(again, genesis);
    assert_eq!(Genesis::decode(&genesis.encode()).as_ref(), Ok(&genesis));
}

/// A keystore, as far as it is read without its passphrase.
pub fn keystore(bytes: &[u8]) {
    let Ok(keystore) = Keystore::parse(Path::new("keystore.json"), bytes) else { return };
    assert!(keystore.public().count() > 0, "a keystore without a key");
    drop(keystore.validator("v1", 1));
}

/// A journal: raw when the first byte is 0; else made of the items in the input, with checks that hold, as a new file
/// (odd first byte) or a rewritten one, then cut where the second byte says and damaged where the third and fourth say.
pub fn journal(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    if *first == 0 {
        drop(read(rest));
        return;
    }
    let Some(([cut, at, flip], items)) = rest.split_first_chunk() else { return };
    let begins = if first % 2 == 1 { Begins::Empty } else { Begins::Whole };
    let whole = sealed(items, begins);
    let Ok(found) = read(&whole) else { return };
    assert_eq!(found.cut_bytes, 0, "nothing of a whole journal is cut off");
    // What a crash leaves is a beginning of it; that never keeps a node from starting, nor makes it know more.
    let header = HEADER_BYTES.min(whole.len());
    let end = header + (whole.len() - header) * usize::from(*cut) / 255;
    match (read(&whole[..end]), begins) {
        (Ok(torn), _) => assert!(end < whole.len() || torn == found, "a whole journal reads in two ways"),
        (Err(fault), Begins::Empty) => panic!("a torn group is cut off: {fault}"),
        // No crash tears its first group.
        (Err(_), Begins::Whole) => assert!(end < whole.len(), "a whole journal reads in two ways"),
    }
    let mut damaged = whole;
    let place = damaged.len() * usize::from(*at) / 256;
    damaged[place] ^= flip;
    drop(read(&damaged));
}

fn read(bytes: &[u8]) -> Result<Recovered, node::journal::JournalError> {
    Recovered::read(bytes, NETWORK.set.network(), owner())
}

fn owner() -> &'static PublicKey {
    &NETWORK.set.get(ValidatorIndex::new(0)).expect("the first of four").consensus
}

/// How a journal was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// Empty.
    Empty,
    /// With its first group.
    Whole,
}

const HEADER_BYTES: usize = 16 + 4 + 32 + 32 + 16 + 8;
const NONCE: [u8; 16] = [7; 16];

/// A journal with these items, each `kind, length (u16), bytes`; a kind above 127 begins a new group. Written from the
/// description of the format and not with the node's own writer, so that the two check each other.
pub fn sealed(mut items: &[u8], begins: Begins) -> Vec<u8> {
    let mut file = b"quorate-journal\0".to_vec();
    file.extend(match begins {
        Begins::Empty => (Journal::VERSION - 1).to_be_bytes(),
        Begins::Whole => Journal::VERSION.to_be_bytes(),
    });
    file.extend(NETWORK.set.network().as_bytes());
    file.extend(owner().id().digest().as_bytes());
    file.extend(NONCE);
    file.extend(&check(&[&file])[..8]);
    let mut groups = vec![Vec::new()];
    while let Some(([kind, high, low], rest)) = items.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (bytes, rest) = rest.split_at(length);
        items = rest;
        if *kind > 127 {
            groups.push(Vec::new());
        }
        if let Some(group) = groups.last_mut() {
            group.push(kind & 127);
            group.extend((length as u32).to_be_bytes());
            group.extend(bytes);
        }
    }
    for (payload, sequence) in groups.iter().zip(0_u64..) {
        let (length, sequence) = ((payload.len() as u32).to_be_bytes(), sequence.to_be_bytes());
        file.extend(length);
        file.extend(sequence);
        file.extend(&check(&[&NONCE, b"head", &length, &sequence])[..8]);
        file.extend(payload);
        file.extend(&check(&[&NONCE, b"load", &sequence, payload])[..16]);
    }
    file
}

fn check(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    *hasher.finish().as_bytes()
}
