//! Foreign vectors: the tree must agree with other people's implementations, also in what it refuses.
//!
//! Sources: transparency-dev/merkle (reference tree of 8 leaves; probes of inclusion, consistency and
//! their subtree forms) and the digests at the end of draft-ietf-plants-merkle-tree-certs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Digest, Hasher};
use merkle::{CompactRange, LeafHashes, Nodes, Subtree, consistency, inclusion, leaf_hash, root_at, subtree};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The folder of one source, `None` (said aloud) when the vectors are not at hand.
fn vectors(source: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("QUORATE_VECTORS") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
    };
    let source_folder = folder.join(source);
    if source_folder.is_dir() {
        return Some(source_folder);
    }
    println!("skipped: no vectors of {source} in {}", folder.display());
    None
}

fn read<T: DeserializeOwned>(file: &Path) -> T {
    let text = fs::read(file).expect("a readable vector file");
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Runs `check` on each probe below the folder, and returns how many there were.
fn probes<T: DeserializeOwned>(folder: &Path, check: &impl Fn(T, &str)) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("a readable folder of vectors") {
        let path = entry.expect("a readable folder of vectors").path();
        if path.is_dir() {
            count += probes(&path, check);
        } else {
            check(read(&path), &path.display().to_string());
            count += 1;
        }
    }
    count
}

/// What a probe's hash is a hash of: a leaf's and a root's are never the same by being absent.
#[derive(Clone, Copy)]
enum Role {
    Leaf,
    Root,
    Sibling,
}

/// Some probes have a hash of another length than 32 bytes, or none. A digest cannot be such a value,
/// but the rules must refuse these probes for their own reasons too, so a digest of the bytes stands in.
fn digest(role: Role, text: Option<&str>) -> Digest {
    let bytes = STANDARD.decode(text.unwrap_or_default()).expect("base64");
    Digest::from_slice(&bytes).unwrap_or_else(|_| {
        let mut hasher = Hasher::new();
        hasher.update(b"stands in for: ").update(&[role as u8]).update(&bytes);
        hasher.finish()
    })
}

fn digests(texts: Option<&Vec<String>>) -> Vec<Digest> {
    texts.into_iter().flatten().map(|text| digest(Role::Sibling, Some(text))).collect()
}

#[derive(Deserialize)]
struct ReferenceTree {
    leaf_inputs_hex: Vec<String>,
    node_hashes_by_level: Vec<Vec<String>>,
    root_hashes_by_size: Vec<String>,
}

#[test]
fn the_reference_tree_of_eight_leaves() {
    let Some(folder) = vectors("transparency-dev-merkle") else { return };
    let tree: ReferenceTree = read(&folder.join("reference-tree-8.json"));
    let leaves: Vec<_> = tree.leaf_inputs_hex.iter().map(|input| leaf_hash(&bytes(input))).collect();
    let nodes = LeafHashes::new(&leaves);
    for (level, hashes) in (0..).zip(&tree.node_hashes_by_level) {
        for (index, hash) in (0..).zip(hashes) {
            assert_eq!(nodes.node(level, index).expect("inside the tree").to_string(), *hash);
        }
    }
    let mut range = CompactRange::new();
    for (size, root) in tree.root_hashes_by_size.iter().enumerate() {
        assert_eq!(range.root().to_string(), *root, "size {size}");
        assert_eq!(root_at(&nodes, size as u64), Ok(range.root()));
        if let Some(leaf) = leaves.get(size) {
            range.append(*leaf, &mut |_, _, _| {}).expect("far from full");
        }
    }
    assert_eq!((leaves.len(), tree.root_hashes_by_size.len()), (8, 9));
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(byte).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InclusionProbe {
    leaf_idx: u64,
    tree_size: u64,
    root: Option<String>,
    leaf_hash: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[test]
fn inclusion_probes() {
    let Some(folder) = vectors("transparency-dev-merkle") else { return };
    let count = probes(&folder.join("testdata/inclusion"), &|probe: InclusionProbe, name| {
        let (leaf, root) =
            (digest(Role::Leaf, probe.leaf_hash.as_deref()), digest(Role::Root, probe.root.as_deref()));
        let proof = digests(probe.proof.as_ref());
        let result = inclusion::verify(&leaf, probe.leaf_idx, probe.tree_size, &proof, &root);
        assert_eq!(result.is_err(), probe.want_err, "{name}: {result:?}");
    });
    println!("{count} inclusion probes");
    assert!(count > 0);
}

#[derive(Deserialize)]
struct ConsistencyProbe {
    size1: u64,
    size2: u64,
    root1: Option<String>,
    root2: Option<String>,
    proof: Option<Vec<String>>,
    #[serde(rename = "wantErr")]
    want_err: bool,
}

#[test]
fn consistency_probes() {
    let Some(folder) = vectors("transparency-dev-merkle") else { return };
    let count = probes(&folder.join("testdata/consistency"), &|probe: ConsistencyProbe, name| {
        let (root1, root2) =
            (digest(Role::Root, probe.root1.as_deref()), digest(Role::Root, probe.root2.as_deref()));
        let proof = digests(probe.proof.as_ref());
        let result = consistency::verify(probe.size1, &root1, probe.size2, &root2, &proof);
        assert_eq!(result.is_err(), probe.want_err, "{name}: {result:?}");
    });
    println!("{count} consistency probes");
    assert!(count > 0);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubtreeInclusionProbe {
    leaf_idx: u64,
    start: u64,
    end: u64,
    root: Option<String>,
    leaf_hash: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[test]
fn subtree_inclusion_probes() {
    let Some(folder) = vectors("transparency-dev-merkle") else { return };
    let count = probes(&folder.join("testdata/subtreeinclusion"), &|probe: SubtreeInclusionProbe, name| {
        let (leaf, root) =
            (digest(Role::Leaf, probe.leaf_hash.as_deref()), digest(Role::Root, probe.root.as_deref()));
        let proof = digests(probe.proof.as_ref());
        let result = Subtree::new(probe.start, probe.end)
            .map(|subtree| subtree::verify_inclusion(&leaf, probe.leaf_idx, subtree, &proof, &root));
        assert_eq!(!matches!(result, Ok(Ok(()))), probe.want_err, "{name}: {result:?}");
    });
    println!("{count} subtree inclusion probes");
    assert!(count > 0);
}

#[derive(Deserialize)]
struct SubtreeConsistencyProbe {
    start: u64,
    end: u64,
    size: u64,
    root1: Option<String>,
    root2: Option<String>,
    proof: Option<Vec<String>>,
    #[serde(rename = "wantErr")]
    want_err: bool,
}

#[test]
fn subtree_consistency_probes() {
    let Some(folder) = vectors("transparency-dev-merkle") else { return };
    let count =
        probes(&folder.join("testdata/subtreeconsistency"), &|probe: SubtreeConsistencyProbe, name| {
            let (hash, root) =
                (digest(Role::Root, probe.root1.as_deref()), digest(Role::Root, probe.root2.as_deref()));
            let proof = digests(probe.proof.as_ref());
            let result = Subtree::new(probe.start, probe.end)
                .map(|subtree| subtree::verify_consistency(subtree, &hash, probe.size, &root, &proof));
            assert_eq!(!matches!(result, Ok(Ok(()))), probe.want_err, "{name}: {result:?}");
        });
    println!("{count} subtree consistency probes");
    assert!(count > 0);
}

#[derive(Deserialize)]
struct Accumulated {
    vectors: Vec<AccumulatedVector>,
}

#[derive(Deserialize)]
struct AccumulatedVector {
    name: String,
    sha256: String,
}

/// Leaf i of the draft's vectors is the one byte i; its sizes run up to and with this one.
const DRAFT_SIZE: u64 = 130;

#[test]
fn the_four_digests_of_the_merkle_tree_certs_draft() {
    let Some(folder) = vectors("merkle-tree-certs") else { return };
    let accumulated: Accumulated = read(&folder.join("subtree-accumulated.json"));
    let nodes = Stored::draft();
    for vector in &accumulated.vectors {
        let mut lines = Hasher::new();
        match vector.name.as_str() {
            "subtree_hashes" => hash_lines(&nodes, &mut lines),
            "subtree_inclusion_proofs" => inclusion_lines(&nodes, &mut lines),
            "subtree_consistency_proofs" => consistency_lines(&nodes, &mut lines),
            "efficient_covering_subtrees" => cover_lines(&mut lines),
            other => panic!("no rule for {other}"),
        }
        assert_eq!(lines.finish().to_string(), vector.sha256, "{}", vector.name);
    }
    println!("{} accumulated digests", accumulated.vectors.len());
    assert_eq!(accumulated.vectors.len(), 4);
}

/// The nodes that appending told of, kept as a log keeps them.
struct Stored(BTreeMap<(u32, u64), Digest>);

impl Stored {
    fn draft() -> Self {
        let (mut nodes, mut range) = (BTreeMap::new(), CompactRange::new());
        for leaf in 0..DRAFT_SIZE {
            let mut keep = |level, index, hash| assert_eq!(nodes.insert((level, index), hash), None);
            range.append(leaf_hash(&leaf.to_be_bytes()[7..]), &mut keep).expect("far from full");
        }
        Self(nodes)
    }
}

impl Nodes for Stored {
    type Error = (u32, u64);

    fn node(&self, level: u32, index: u64) -> Result<Digest, Self::Error> {
        self.0.get(&(level, index)).copied().ok_or((level, index))
    }
}

/// The valid subtrees of a log of `size` leaves, the empty ones among them, in the draft's order.
fn subtrees(size: u64) -> impl Iterator<Item = Subtree> {
    (0..=size).flat_map(|end| (0..=end).filter_map(move |start| Subtree::new(start, end).ok()))
}

fn line(lines: &mut Hasher, head: &str, proof: &[Digest]) {
    lines.update(head.as_bytes());
    for hash in proof {
        lines.update(b" ").update(hash.to_string().as_bytes());
    }
    lines.update(b"\n");
}

fn hash_lines(nodes: &Stored, lines: &mut Hasher) {
    for part in subtrees(DRAFT_SIZE) {
        let hash = part.hash(nodes).expect("all nodes are there");
        line(lines, &part.to_string(), &[hash]);
    }
}

fn inclusion_lines(nodes: &Stored, lines: &mut Hasher) {
    for part in subtrees(DRAFT_SIZE) {
        for index in part.start()..part.end() {
            let proof = subtree::prove_inclusion(nodes, index, part).expect("all nodes are there");
            line(lines, &format!("{index} {part}"), &proof);
        }
    }
}

fn consistency_lines(nodes: &Stored, lines: &mut Hasher) {
    for size in 0..=DRAFT_SIZE {
        for part in subtrees(size) {
            let proof = subtree::prove_consistency(nodes, part, size).expect("all nodes are there");
            line(lines, &format!("{part} {size}"), &proof);
        }
    }
}

fn cover_lines(lines: &mut Hasher) {
    for end in 0..=DRAFT_SIZE {
        for start in 0..=end {
            let cover = subtree::cover(start, end).expect("not reversed");
            // The draft always names two; the second is empty where one is enough.
            let rest = Subtree::new(end, end).expect("an empty subtree");
            line(lines, &format!("{} {}", cover.left, cover.right.unwrap_or(rest)), &[]);
        }
    }
}
