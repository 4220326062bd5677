//! The RFC 6962 tree: ranges, inclusion, consistency, subtrees.
//!
//! Plan of the room, from the ground up. A log appends with `range` (needs only the peaks) and keeps
//! the nodes it completes. Proofs are made from those nodes (`nodes`, read through tiles by
//! `tile_nodes`) and checked without any of them. An index counts leaves from zero, a size counts
//! leaves; a range `[start, end)` is half-open. A check allocates nothing and panics on no input.
//!
//! | Module | What |
//! |---|---|
//! | `hash` | leaf and node hashes |
//! | `range` | the compact range: append and root without the tree |
//! | `nodes` | where stored nodes come from; the hash of any range of leaves |
//!
//! The papers' "Merkle Tree Hash" (MTH) is here the root of a log or the hash of a subtree.

pub mod hash;
pub mod nodes;
pub mod range;
#[cfg(test)]
mod reference;

pub use hash::{empty_root, leaf_hash, node_hash};
pub use nodes::{LeafHashes, Nodes, root_at, subtree_hash};
pub use range::CompactRange;
