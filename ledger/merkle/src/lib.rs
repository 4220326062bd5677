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
//! | `whole` | a tree that is kept in memory as a whole, such as a batch |
//! | `inclusion` | a leaf stands at an index |
//! | `consistency` | a newer log extends an older one |
//! | `span` | neighbouring leaves stand at their indexes, with nothing between them |
//! | `subtree` | aligned ranges of the log with a hash of their own, and how they hang in it |
//! | `climb` | the one walk behind consistency of logs and of subtrees |
//! | `tile` | tlog-tiles geometry: which tiles exist, and how they are named |
//! | `tile_nodes` | stored tiles, read as nodes |
//! | `tile_tree` | a tile with the nodes above its hashes, to be kept in memory |
//!
//! The papers' "Merkle Tree Hash" (MTH) is here the root of a log or the hash of a subtree.

mod climb;
pub mod consistency;
pub mod hash;
pub mod inclusion;
pub mod nodes;
pub mod range;
#[cfg(test)]
mod reference;
pub mod span;
pub mod subtree;
pub mod tile;
pub mod tile_nodes;
pub mod tile_tree;
pub mod whole;

pub use hash::{empty_root, leaf_hash, node_hash};
pub use nodes::{LeafHashes, Nodes, root_at, subtree_hash};
pub use range::CompactRange;
pub use subtree::Subtree;
pub use tile::TileId;
pub use tile_nodes::TileNodes;
pub use tile_tree::TileTree;
pub use whole::WholeTree;
