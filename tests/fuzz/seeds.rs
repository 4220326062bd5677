//! The first inputs of each target: what a small network really says, writes and serves.

use std::collections::BTreeMap;

use crypto::{Digest, Scheme, SecretKey, derive_seed, sha256};
use merkle::{WholeTree, leaf_hash};
use node::genesis_file;
use node::keystore::{Keystore, Owner, Protection};
use proto::canonical::Canonical as _;
use proto::counter::{Height, LeafIndex, TreeSize};
use proto::entry::Entry;
use proto::message::{Kind, Message, Request};
use proto::operation::{BATCH_TREE, Operation};
use proto::receipt::{BatchItem, Bundle, CoseAlgorithm, Issued, Receipt, Unissued, subject};
use sim::notary::Notary;
use sim::prng::Prng;

use crate::targets::arena::{Arena, HONEST};
use crate::targets::files::{Begins, sealed};
use crate::targets::fixture::{NETWORK, signed, submission};
use crate::targets::window;

/// Inputs by target and name.
pub type Seeds = BTreeMap<(&'static str, String), Vec<u8>>;

/// All of them.
pub fn seeds() -> Seeds {
    let mut seeds = Seeds::new();
    let mut put = |target, name: &str, bytes: Vec<u8>| drop(seeds.insert((target, name.to_owned()), bytes));
    let (arena, said) = network();
    for (kind, message) in &said {
        put("message", &format!("{kind:?}").to_lowercase(), tagged(*kind as u8, message.encode()));
    }
    exchanges(arena, &said, &mut put);
    statements(&mut put);
    files(&mut put);
    requests(&mut put);
    let mut prng = Prng::new(1, "deeds");
    for (n, length) in [(1, 40), (2, 160), (3, 480)] {
        put("engine_step", &format!("deeds-{n}"), (0..length).map(|_| prng.below(256) as u8).collect());
    }
    seeds
}

type Put<'a> = &'a mut dyn FnMut(&'static str, &str, Vec<u8>);

fn tagged(tag: u8, bytes: Vec<u8>) -> Vec<u8> {
    [vec![tag], bytes].concat()
}

/// The committed statements, each behind the number of its format.
fn statements(put: Put<'_>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/statement");
    for (which, name) in [
        (0, "cose-ed25519.cose"),
        (1, "jws-ed25519.jws"),
        (1, "jws-kid.jws"),
        (2, "jws-json.json"),
        (3, "dsse.json"),
        (4, "http-ed25519.json"),
    ] {
        let bytes = std::fs::read(format!("{folder}/{name}")).expect("proto's tests write it");
        put("statement", name.split('.').next().unwrap_or(name), tagged(which, bytes));
    }
}

/// Digest of an item of the batch.
fn item(number: u64) -> Digest {
    sha256(&number.to_be_bytes())
}

/// A batch of seven, so that not all paths have the same length.
fn batch() -> WholeTree {
    WholeTree::new((0..7).map(|number| leaf_hash(item(number).as_bytes())))
}

/// Three validators of four order two proofs and a batch with real signatures: the first message of each kind they send.
fn network() -> (Arena, BTreeMap<Kind, Message>) {
    static REAL: Notary = Notary::Real;
    let mut arena = Arena::new(&REAL);
    let mut said = BTreeMap::new();
    let tree = batch();
    let root = tree.root();
    let anchor = Operation::BatchAnchor { root, count: tree.size(), tree: BATCH_TREE.to_owned() };
    let all = [submission(0, &REAL), submission(1, &REAL), signed(2, anchor, &REAL)];
    for one in &all {
        arena.submit(0, one.clone());
    }
    for _ in 0..2_000 {
        for member in 0..HONEST {
            arena.write_journal(member);
            arena.write_store(member);
        }
        match arena.flight.pop_front() {
            Some(letter) => {
                said.entry(letter.message.kind()).or_insert_with(|| letter.message.clone());
                arena.deliver(letter);
            }
            None if all.iter().all(|one| arena.committed(one)) && said.len() == 7 => break,
            None => {
                arena.wait(1_000);
                for member in 0..HONEST {
                    for timer in arena.timers(member) {
                        arena.fire(member, timer);
                    }
                }
            }
        }
    }
    arena.settle();
    (arena, said)
}

/// What it answers, keeps and certifies.
fn exchanges(mut arena: Arena, said: &BTreeMap<Kind, Message>, put: Put) {
    let blocks = Request::BlocksByHeight { from: Height::new(1) };
    let checkpoint = Request::CheckpointAt(TreeSize::ZERO);
    for (name, request) in [("blocks", blocks), ("checkpoint", checkpoint)] {
        put("exchange", &format!("ask-{name}"), tagged(0, request.encode()));
        let response = arena.ask(0, request).expect("it is up");
        put("exchange", &format!("answer-{name}"), tagged(1, response.encode()));
    }
    if let (Some(Message::Proposal(proposal)), Some(Message::Timeout(timeout))) =
        (said.get(&Kind::Proposal), said.get(&Kind::Timeout))
    {
        put("certified_block", "block", tagged(1, proposal.block.encode()));
        put("certified_block", "qc", tagged(2, timeout.high_qc.encode()));
    }
    let tc = arena.lore.tcs.last().expect("one of four is silent");
    put("certified_block", "tc", tagged(3, tc.encode()));
    let record = arena.disk(0).record.clone().expect("it has voted").encode();
    put("certified_block", "record", tagged(4, record.clone()));
    if let Some(Message::Batch(batch)) = said.get(&Kind::Batch) {
        put("submission", "envelope", tagged(0, batch.submissions[0].encode()));
        put("submission", "batch", tagged(1, batch.encode()));
    }

    let mut items = Vec::new();
    for (kind, bytes) in [(1_u8, &record), (3, &Height::new(1).get().to_be_bytes().to_vec()), (129, &record)]
    {
        items.push(kind);
        items.extend((bytes.len() as u16).to_be_bytes());
        items.extend(bytes);
    }
    put("journal", "raw", tagged(0, sealed(&items, Begins::Empty)));
    put("journal", "torn", [vec![1, 200, 0, 0], items.clone()].concat());
    put("journal", "rewritten", [vec![2, 100, 0, 0], items.clone()].concat());
    put("journal", "damaged", [vec![1, 255, 100, 1], items].concat());

    let reader = arena.reader(0);
    let latest = reader.checkpoint_latest().expect("memory reads").expect("a quorum signed");
    put("checkpoint_note", "note", latest.to_note(&NETWORK.set).expect("names").into_bytes());
    // Without the post-quantum lines, which would be most of every seed.
    let submitted =
        witness::Submitted::parse(&latest.to_note(&NETWORK.set).expect("names")).expect("a checkpoint");
    let short = submitted.note.signatures().iter().filter(|line| line.signature.len() < 100);
    let record = witness::Record::new(submitted.text.clone(), short.cloned().collect()).expect("a note");
    let note = record.note().to_string();
    let request = format!("old 0\n\n{note}");
    put("witness", "add-checkpoint", request.clone().into_bytes());
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    put("witness", "proof", request.replacen("old 0\n", &format!("old 3\n{hash}\n{hash}\n"), 1).into_bytes());
    put("witness", "subtree", format!("subtree 0 2\n{hash}\n{hash}\n\n{}", submitted.text).into_bytes());
    put("witness", "record", record.encode().into_bytes());
    let heads = witness::TwoHeads { first: record.note().clone(), second: record.note().clone() };
    put("witness", "two-heads", heads.to_text().into_bytes());
    let lines: String = record.note().signatures().iter().map(ToString::to_string).collect();
    put("witness", "answer", lines.into_bytes());
    for index in 0..latest.head.size.get() {
        let found = reader.receipt_of_leaf(LeafIndex::new(index), None).expect("memory reads");
        let parts = found.expect("the checkpoint covers it");
        let receipt = Receipt {
            entry: parts.entry.clone(),
            index: parts.index,
            proof: parts.proof,
            checkpoint: parts.checkpoint.to_note(&NETWORK.set).expect("names"),
            item: None,
        };
        if index < 5 {
            put("entry", &format!("leaf-{index}"), parts.entry.clone());
        }
        let Ok(Entry::Submission(entry)) = Entry::decode(&receipt.entry) else { continue };
        let (name, receipt) = match entry.submission.body().operation {
            Operation::BatchAnchor { count, .. } => {
                let last = count - 1;
                let path = batch().path(last).expect("within the batch");
                let item = BatchItem { digest: item(last), index: LeafIndex::new(last), path };
                ("item", Receipt { item: Some(item), ..receipt })
            }
            // Of the others any will do.
            _ => ("receipt", receipt),
        };
        let report = verify::verify_receipt(&NETWORK.policy, &receipt, verify::Options::default());
        assert!(report.is_true(), "{name}: {:?}", report.failure());
        put("receipt_json", name, receipt.to_json().into_bytes());
        let text = format!("{}\n{}", hex::encode(&receipt.entry), receipt.to_tlog_proof());
        put("receipt_tlog_proof", name, text.into_bytes());
        let issued = issued(&receipt);
        put("receipt_cose", name, receipt.to_cose(&issued));
        let submission = Some(entry.submission.bytes().to_vec());
        let bundle = Bundle { receipt, submission, cose: vec![issued], standing: None };
        put("receipt_bundle", name, bundle.to_json().into_bytes());
    }
    let mut stream = vec![0, 7, 0, 0, 0, 0];
    if let Some(vote) = said.get(&Kind::Vote) {
        let payload = vote.encode();
        stream.extend(p2p::codec::encode_head(Kind::Vote, payload.len()).expect("a vote is small"));
        stream.extend(payload);
    }
    put("frame", "vote", stream);
}

/// What the first validator says of a receipt in COSE.
fn issued(receipt: &Receipt) -> Issued {
    let head = verify::head_of(receipt).expect("a checkpoint");
    let log = SecretKey::from_seed(Scheme::Ed25519, &derive_seed(&[1; 32], "log")).expect("it signs");
    let said = Unissued {
        algorithm: CoseAlgorithm::EdDsa,
        kid: proto::cose_key::thumbprint(log.public()).expect("COSE knows it"),
        issuer: NETWORK.genesis.origin.clone(),
        subject: subject(&Entry::decode(&receipt.entry).expect("an entry"), receipt.index),
        size: head.size,
        index: receipt.index,
        path: receipt.proof.clone(),
    };
    let signature = log.sign(&said.signed_bytes(&head.root));
    said.seal(signature)
}

fn files(put: Put) {
    put("policy", "policy", NETWORK.policy.to_string().into_bytes());
    put("genesis", "file", genesis_file::to_json(&NETWORK.genesis).into_bytes());
    put("genesis", "canonical", NETWORK.genesis.encode());
    let dir = tempfile::tempdir().expect("a folder");
    for (name, owner) in
        [("validator", Owner::Validator), ("submitter", Owner::Submitter { scheme: Scheme::Ed25519 })]
    {
        let path = dir.path().join(name);
        Keystore::create(&path, owner, Protection::Dev).expect("a keystore");
        put("keystore", name, std::fs::read(path).expect("it was written"));
    }
    let keys = ["consensus", "log"].map(|name| {
        let key = crypto::SecretKey::from_seed(Scheme::Ed25519, &crypto::derive_seed(&[1; 32], name));
        model::jwks::Jwk::of(key.expect("the scheme signs").public()).expect("JOSE has a name for it")
    });
    let keys = model::jwks::Jwks { keys: keys.to_vec() };
    put("jwks", "keys", serde_json::to_vec(&keys).expect("strings only"));
}

fn requests(put: Put) {
    let envelope = window::envelope(9);
    let submit = format!(r#"{{"envelope":"{envelope}","wait":"finalized","timeout_ms":1000}}"#);
    put("rest", "submit", format!("POST /v1/entries\n{submit}").into_bytes());
    put("rest", "verify", b"POST /v1/verify\n{\"receipt\":{}}".to_vec());
    for (name, target) in [
        ("entry", "/v1/entries/2/receipt?format=tlog-proof&timeout_ms=1"),
        ("consistency", "/v1/consistency?from=1&to=3"),
        ("checkpoint", "/v1/checkpoints/3"),
        ("block", "/v1/blocks/1"),
        ("events", "/v1/events?after=1"),
        ("tile", "/tile/0/000.p/3"),
        ("entries", "/tile/entries/000.p/3"),
        ("metrics", "/metrics"),
    ] {
        put("rest", name, format!("GET {target}").into_bytes());
    }
    let call = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
    };
    let calls = [
        ("submit", "ledger_submit", submit.as_str()),
        ("get", "ledger_get", r#"{"index":2}"#),
        ("receipt", "ledger_receipt", r#"{"index":2,"timeout_ms":1}"#),
        ("consistency", "ledger_consistency", r#"{"from":1,"to":3}"#),
        ("block", "ledger_block", r#"{"height":"1"}"#),
        ("status", "node_status", "{}"),
    ];
    for (name, method, params) in calls {
        put("jsonrpc", name, call(method, params).into_bytes());
    }
    let batch = format!("[{},{}]", call("node_status", "{}"), call("ledger_checkpoint", "{}"));
    put("jsonrpc", "batch", batch.into_bytes());
}
