use crypto::{Digest, sha256};
use merkle::{LeafHashes, inclusion, leaf_hash, root_at};
use proto::checkpoint::Head;
use proto::counter::TreeSize;

use super::{Memory, NODES_MAX};

struct Log {
    leaves: Vec<Digest>,
}

impl Log {
    fn new(size: u64) -> Self {
        Self { leaves: (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect() }
    }

    fn head(&self) -> Head {
        let size = self.leaves.len() as u64;
        let root = root_at(&LeafHashes::new(&self.leaves), size).expect("all leaves are there");
        Head { size: TreeSize::new(size), root }
    }

    fn path(&self, index: u64) -> Vec<Digest> {
        inclusion::prove(&LeafHashes::new(&self.leaves), index, self.leaves.len() as u64).expect("in the log")
    }
}

#[test]
fn every_path_of_every_small_log_is_judged_as_without_memory() {
    for size in 1..=33 {
        let log = Log::new(size);
        let head = log.head();
        let mut memory = Memory::new();
        // Backwards and forwards, so that each leaf is met first and among known ones.
        for index in (0..size).rev().chain(0..size) {
            let leaf = log.leaves[index as usize];
            let path = log.path(index);
            assert_eq!(memory.inclusion(&leaf, index, &head, &path), Ok(()), "{index} of {size}");
            // Each hash in turn, one too many, one too few, another leaf, another place: the same verdict, word by word.
            let spoiled = (0..path.len()).map(|at| {
                let mut path = path.clone();
                path[at] = sha256(path[at].as_bytes());
                path
            });
            let longer = [path.clone(), vec![head.root]].concat();
            let shorter = path[..path.len().saturating_sub(1)].to_vec();
            for path in spoiled.chain([path.clone(), longer, shorter]) {
                for index in [index, (index + 1) % size, size] {
                    for leaf in [leaf, sha256(b"other")] {
                        assert_eq!(
                            memory.inclusion(&leaf, index, &head, &path),
                            inclusion::verify(&leaf, index, size, &path, &head.root),
                            "{index} of {size}"
                        );
                    }
                }
            }
        }
        let other = Head { root: sha256(b"other"), ..head };
        let refused = memory.inclusion(&log.leaves[0], 0, &other, &log.path(0));
        assert!(refused.is_err(), "nodes are known under their own root alone");
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut memory = Memory::new();
    memory.nodes = NODES_MAX;
    let log = Log::new(9);
    assert_eq!(memory.inclusion(&log.leaves[3], 3, &log.head(), &log.path(3)), Ok(()));
    assert_eq!((memory.nodes, memory.trees.len()), (0, 0), "forgotten, and learned again");
    assert_eq!(memory.inclusion(&log.leaves[3], 3, &log.head(), &log.path(3)), Ok(()));
    assert_eq!(memory.nodes, 8);
}
