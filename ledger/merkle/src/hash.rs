//! The hashes of a leaf, of a node and of the empty tree.
//!
//! A leaf and a node are never the same bytes under the hash: their prefixes differ, so an inner node
//! cannot be passed off as an entry.
//! Source: RFC 6962 §2.1 (RFC 9162 §2.1.1 is the same), with SHA-256.

use crypto::{Digest, Hasher, sha256};

const LEAF_PREFIX: [u8; 1] = [0x00];
const NODE_PREFIX: [u8; 1] = [0x01];

/// The hash of one entry of the log: `SHA-256(0x00 ‖ entry)`.
pub fn leaf_hash(entry: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    if !crypto::broken!(NoLeafPrefix) {
        hasher.update(&LEAF_PREFIX);
    }
    hasher.update(entry);
    hasher.finish()
}

/// The hash of two neighbours: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(&NODE_PREFIX).update(left.as_bytes()).update(right.as_bytes());
    hasher.finish()
}

/// The root of a log without entries: the SHA-256 of nothing, without a prefix.
pub fn empty_root() -> Digest {
    sha256(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_tree_the_empty_leaf_and_their_node_have_known_hashes() {
        // The first values of the reference tree of the Certificate Transparency tests.
        let leaf = leaf_hash(b"");
        assert_eq!(
            empty_root().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(leaf.to_string(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(
            node_hash(&leaf, &leaf_hash(&[0])).to_string(),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        );
    }

    #[test]
    fn a_node_cannot_be_written_as_an_entry() {
        let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
        let mut entry = left.as_bytes().to_vec();
        entry.extend_from_slice(right.as_bytes());
        assert_ne!(leaf_hash(&entry), node_hash(&left, &right));
        assert_ne!(node_hash(&left, &right), node_hash(&right, &left));
    }
}
