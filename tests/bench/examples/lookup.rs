//! What the index costs and what its proofs weigh: `lookup ENTRIES A_BLOCK`.
//!
//! A log of so many submissions is applied in memory, with the index and without. Each has four keys: its id, its content,
//! its subject, and one of a thousand authors. Then keys that are there and keys that are not are searched, proven and
//! verified under a quorum of four.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bench::fixture::{Believing, Network};
use crypto::{PublicKey, Scheme, SecretKey, Signature, sha256};
use ledger::change::{ChangeSet, Table};
use ledger::lookup::search::{Answer, Query};
use ledger::{Committed, Ledger, LedgerReader, batch_ref};
use proto::batch::Batch;
use proto::block::Block;
use proto::certificate::QuorumCert;
use proto::counter::{Epoch, LeafIndex};
use proto::id::{Did, NetworkId, Tenant, ValidatorIndex};
use proto::lookup::{FoundLeaf, LookupKey, Record, SearchProof};
use proto::operation::Operation;
use proto::policy::Policy;
use proto::receipt::Receipt;
use proto::submission::{Body, Submission};
use proto::verified::{Unverified, Verified};
use store::memory::Memory;
use store::port::Store as _;
use verify::{Asked, Belief, verify_search};

const AUTHORS: u64 = 1_000;
const QUESTIONS: u64 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: lookup ENTRIES A_BLOCK";
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or(usage);
    let (entries, a_block): (u64, u64) = (next()?.parse()?, next()?.parse()?);
    let network = Network::new();
    let without = World::new(&network, Index::Without).fill(entries, a_block);
    println!("without: {}", without.told(entries));
    drop(without);
    let mut with = World::new(&network, Index::With).fill(entries, a_block);
    println!("with:    {}", with.told(entries));
    with.certify(&network);
    with.search(&network, entries)?;
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Index {
    With,
    Without,
}

struct World {
    network: NetworkId,
    store: Arc<Memory>,
    ledger: Ledger,
    took: Vec<Duration>,
    /// Bytes of keys and values that were written, by table.
    written: BTreeMap<Table, u64>,
}

impl World {
    fn new(network: &Network, index: Index) -> Self {
        let store = Arc::new(Memory::new());
        let genesis = &network.genesis;
        let (mut ledger, change) = Ledger::open(store.clone(), genesis).expect("an empty store");
        store.commit(&change.expect("an empty store is written")).expect("memory does not fail");
        ledger.durable(ledger.tip().height);
        if index == Index::Without {
            // As a log that a program began which knew no index.
            let mut change = ChangeSet::new();
            change.delete(Table::Meta, b"lookup");
            store.commit(&change).expect("memory does not fail");
            ledger = Ledger::open(store.clone(), genesis).expect("as it was").0;
        }
        Self { network: genesis.network(), store, ledger, took: Vec::new(), written: BTreeMap::new() }
    }

    fn fill(mut self, entries: u64, a_block: u64) -> Self {
        for block in 0..entries / a_block {
            let submissions: Vec<_> =
                (block * a_block..(block + 1) * a_block).map(|n| said(self.network, n)).collect();
            let batches =
                submissions.chunks(1_000).map(|part| Verified::pack(ValidatorIndex::new(0), part.to_vec()));
            self.apply(batches.collect());
        }
        self
    }

    fn apply(&mut self, batches: Vec<Verified<Batch>>) {
        let tip = self.ledger.tip_block();
        let (parent, parent_view, height) = (tip.id(), tip.view, tip.height);
        let block = Block {
            epoch: Epoch::ZERO,
            height: height.next(),
            view: parent_view.next(),
            parent,
            parent_view,
            proposer: ValidatorIndex::new(1),
            time: tip.time.plus(1_000),
            batches: batches.iter().map(|batch| batch_ref(batch)).collect(),
            handover: None,
        };
        let signatures = Vec::new();
        let justify = QuorumCert { epoch: Epoch::ZERO, view: parent_view, height, block: parent, signatures };
        let begin = on_cpu();
        let applied = self.ledger.apply(Committed { block, justify, batches }).expect("the next block");
        self.took.push(on_cpu() - begin);
        for (table, key, value) in applied.change.iter() {
            *self.written.entry(table).or_default() += (key.len() + value.map_or(0, <[u8]>::len)) as u64;
        }
        self.store.commit(&applied.change).expect("memory does not fail");
        self.ledger.durable(applied.height);
    }

    fn told(&self, entries: u64) -> String {
        let mut took = self.took.clone();
        took.sort();
        let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
        let all: Duration = took.iter().sum();
        let (mut kept, mut index) = (0, 0);
        let mut bytes = 0;
        for (table, key) in self.store.stored_keys() {
            let value = ledger::read::Read::get(&*self.store, table, &key).ok().flatten();
            let length = (key.len() + value.map_or(0, |value| value.len())) as u64;
            bytes += length;
            if is_index(table) {
                index += length;
                kept += 1;
            }
        }
        let written: u64 = self.written.values().sum();
        let of_index: u64 = self.written.iter().filter(|(table, _)| is_index(**table)).map(|it| it.1).sum();
        let each = |bytes: u64| bytes as f64 / entries as f64;
        format!(
            "apply {:.2} us a submission, a block p50 {:.2?} p99 {:.2?} max {:.2?}; {:.0} bytes a submission kept, of the index \
             {:.1} in {kept} values; {:.0} written, of the index {:.1}",
            all.as_secs_f64() * 1e6 / entries as f64,
            at(50),
            at(99),
            at(100),
            each(bytes),
            each(index),
            each(written),
            each(of_index),
        )
    }

    fn certify(&mut self, network: &Network) {
        let head = self.ledger.head();
        let parts = network.signers.iter().zip(0..3).map(|(signer, at)| {
            let part = signer.cosign(&network.set, ValidatorIndex::new(at), head);
            Unverified::new(part).verify(&network.set, &Believing).expect("a known signer")
        });
        let checkpoint = Verified::certify(&network.set, head, parts.collect()).expect("a quorum");
        let finality = self.ledger.certify(&checkpoint).expect("our head").expect("the first");
        self.store.commit(&finality.change).expect("memory does not fail");
    }

    fn search(&self, network: &Network, entries: u64) -> Result<(), Box<dyn Error>> {
        let reader = LedgerReader::new(self.store.clone());
        let policy = Policy::of(&network.set)?;
        type Case = (&'static str, fn(NetworkId, u64, u64) -> LookupKey);
        let cases: [Case; 3] = [
            ("an id", |network, n, entries| LookupKey::Id(said(network, n * 7_919 % entries).id())),
            ("nothing", |_, n, _| LookupKey::Subject(format!("nobody wrote of {n}"))),
            ("an author's first 100", |_, n, _| LookupKey::Author(Did::of(&key(n)))),
        ];
        for (name, key_of) in cases {
            let (mut sizes, mut proving, mut verifying) = (Vec::new(), Duration::ZERO, Duration::ZERO);
            let (mut runs, mut spans_bytes) = (0, 0);
            for n in 0..QUESTIONS {
                let key = key_of(self.network, n, entries);
                let begin = on_cpu();
                let answer = reader.search(Query { key: &key, from: LeafIndex::ZERO, limit: 100 })?;
                proving += on_cpu() - begin;
                (runs, spans_bytes) = weight(&answer);
                let proof = proof(key, answer, network)?;
                sizes.push(bytes(&proof));
                let begin = on_cpu();
                let report = verify_search(Belief::Policy(&policy), &proof, Asked::default());
                verifying += on_cpu() - begin;
                assert_eq!(report.failure(), None);
            }
            sizes.sort_unstable();
            println!(
                "{name}: {runs} runs, of which {spans_bytes} bytes are shown, {} bytes in all (at most {}); proven in {:.2?}, \
                 verified in {:.2?}",
                sizes[sizes.len() / 2],
                sizes[sizes.len() - 1],
                proving / QUESTIONS as u32,
                verifying / QUESTIONS as u32,
            );
        }
        Ok(())
    }
}

/// How long this thread has been on a processor: others on the machine do not count.
fn on_cpu() -> Duration {
    let read = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = read.split(' ').next().and_then(|ns| ns.parse().ok());
    Duration::from_nanos(ns.unwrap_or_default())
}

fn is_index(table: Table) -> bool {
    matches!(table, Table::LookupPages | Table::LookupRuns | Table::LookupMarks)
}

fn key(n: u64) -> PublicKey {
    let seed = sha256(&(n % AUTHORS).to_be_bytes());
    SecretKey::from_seed(Scheme::Ed25519, seed.as_bytes()).expect("it signs").public().clone()
}

/// Its signature is believed here.
fn said(network: NetworkId, n: u64) -> Verified<Submission> {
    let key = key(n);
    let body = Body {
        network,
        tenant: Tenant::default_tenant(),
        author: Did::of(&key),
        key,
        nonce: n,
        expires_at: None,
        operation: Operation::ProofSubmit {
            content: sha256(&n.to_be_bytes()),
            content_bytes: 8,
            media_type: "text/plain".to_owned(),
            subject: format!("file-{n}"),
        },
    };
    let submission = body.seal(Signature::parse(Scheme::Ed25519, &[7; 64]).expect("64 bytes"));
    Unverified::new(submission).verify(&network, &Believing).expect("all is believed")
}

/// Runs, and the bytes of what is shown of them.
fn weight(answer: &Answer) -> (usize, usize) {
    let span = |span: &proto::lookup::Span| span.records.len() * Record::BYTES + span.proof.len() * 32 + 8;
    (answer.directory.runs.len(), answer.spans.iter().map(span).sum())
}

fn proof(key: LookupKey, answer: Answer, network: &Network) -> Result<SearchProof, Box<dyn Error>> {
    let Answer { from, to, checkpoint, block, directory, spans, found } = answer;
    let note = checkpoint.to_note(&network.set)?;
    let FoundLeaf { index, entry, proof } = block;
    let block = Receipt { entry, index, proof, checkpoint: note, item: None };
    Ok(SearchProof { key, from, to, block, directory, spans, found })
}

/// The bytes of a proof, without what a spelling of them adds.
fn bytes(proof: &SearchProof) -> usize {
    let SearchProof { key: _, from: _, to: _, block, directory, spans, found } = proof;
    let block = block.entry.len() + block.proof.len() * 32 + block.checkpoint.len();
    let span = |span: &proto::lookup::Span| span.records.len() * Record::BYTES + span.proof.len() * 32 + 8;
    let leaf = |leaf: &FoundLeaf| leaf.entry.len() + leaf.proof.len() * 32 + 8;
    block
        + directory.runs.len() * 48
        + spans.iter().map(span).sum::<usize>()
        + found.iter().map(leaf).sum::<usize>()
}
