//! Auditing: a log that everybody signed and that is not true is found out, and what is wrong is named.

use std::num::NonZero;
use std::sync::Arc;

use archive::audit::Store;
use archive::{Audit, AuditError, Audited, Finding, Walk};
use ledger::retrace::RetraceError;
use object_store::memory::InMemory;
use proto::canonical::Canonical as _;
use proto::entry::{BlockEntry, Entry};
use proto::id::NetworkId;
use store::memory::Memory;
use store::port::Store as _;

use crate::flaky::{self, content, place};
use crate::world::World;

fn kept(memory: &Arc<Memory>) -> Store {
    let to = Arc::clone(memory);
    let commit = move |change: &_| to.commit(change).map_err(|fault| fault.to_string());
    Store { read: memory.clone(), commit: Box::new(commit) }
}

async fn begin(
    store: &Arc<InMemory>,
    memory: &Arc<Memory>,
    trusted: Option<NetworkId>,
) -> Result<Audit, AuditError> {
    let walk = Walk::begin(place(store)).await.expect("a checkpoint");
    Audit::begin(walk, kept(memory), trusted, NonZero::new(2).expect("two")).await
}

async fn audit(store: &Arc<InMemory>) -> Audited {
    audit_with(store, &Arc::new(Memory::new())).await
}

async fn audit_with(store: &Arc<InMemory>, memory: &Arc<Memory>) -> Audited {
    begin(store, memory, None).await.expect("files").run(&mut |_, _| {}).await.expect("memory")
}

#[tokio::test]
async fn a_true_log_is_found_true_with_the_state_of_the_ledger() {
    let world = World::lived();
    let audited = audit(&world.published().await).await;
    assert!(audited.is_true(), "{:?} {:?}", audited.findings, audited.checked.faults);
    let tip = world.reader().tip().expect("readable").expect("it stands");
    assert_eq!((audited.stand.state, audited.stand.height), (tip.state, tip.height));
    assert_eq!(audited.stand.size.get(), world.size());
    assert_eq!((audited.epoch.get(), audited.heads), (1, 2));
    let mut submissions = 0;
    let mut blocks = 0;
    for entry in world.entries() {
        match Entry::decode(&entry).expect("an entry") {
            Entry::Submission(_) | Entry::Statement(_) => submissions += 1,
            Entry::Block(_) => blocks += 1,
            Entry::Epoch(_) | Entry::Genesis(_) => {}
        }
    }
    assert_eq!((audited.submissions, audited.blocks), (submissions, blocks));
}

#[tokio::test]
async fn the_network_must_be_the_trusted_one() {
    let world = World::lived();
    let store = world.published().await;
    let trusted = world.genesis.network();
    assert!(begin(&store, &Arc::default(), Some(trusted)).await.is_ok());
    let other = NetworkId::new(crypto::sha256(b"other"));
    let refused = begin(&store, &Arc::default(), Some(other)).await;
    assert!(matches!(refused, Err(AuditError::OtherNetwork { .. })));
    // Another genesis beside the log is not the one its first leaf names.
    let genesis = proto::genesis::Genesis { time: proto::counter::TimeMs::new(7), ..world.genesis.clone() };
    flaky::write(&store, "genesis", genesis.encode()).await;
    let found = audit(&store).await.findings;
    assert!(
        matches!(&found[..], [Finding::Rule(rule)] if matches!(**rule, RetraceError::Genesis { .. })),
        "{found:?}"
    );
}

/// What only a block's header says, and no other leaf: who proposed it, in which view, in which batches.
fn is_of_header_alone(before: &[u8], after: &[u8]) -> bool {
    let (Ok(Entry::Block(before)), Ok(Entry::Block(after))) = (Entry::decode(before), Entry::decode(after))
    else {
        return false;
    };
    BlockEntry { view: before.view, proposer: before.proposer, batches: before.batches.clone(), ..after }
        == before
}

#[tokio::test]
async fn a_byte_of_any_entry_that_a_whole_quorum_changed_is_found() {
    let mut world = World::lived();
    // A short log: every entry is tried at several places.
    let entries = world.entries();
    let (mut tried, mut of_header) = (0, 0);
    let epoch = entries.iter().rposition(|entry| matches!(Entry::decode(entry), Ok(Entry::Epoch(_))));
    let epoch = epoch.expect("validators changed");
    for index in (0..10).chain(epoch - 4..epoch + 3) {
        let length = entries[index].len();
        for at in [0, 3, length / 3, length / 2, length - 40, length - 1] {
            let mut forged = entries.clone();
            forged[index][at] ^= 1;
            if is_of_header_alone(&entries[index], &forged[index]) {
                of_header += 1;
                continue;
            }
            let audited = audit(&world.forged(&forged).await).await;
            assert_eq!(audited.checked.faults.count, 0, "the files agree with the forged head");
            assert!(!audited.findings.is_empty(), "entry {index}, byte {at}");
            tried += 1;
        }
    }
    assert!(tried > 75 && of_header < tried / 4, "{tried} tried, {of_header} of a header alone");
    // Whatever is published truly passes.
    world.proofs(1);
    world.certify();
    assert!(audit(&world.forged(&world.entries()).await).await.is_true());
}

/// The first entry of which this makes another.
fn change(entries: &[Vec<u8>], from: usize, make: impl Fn(Entry) -> Option<Entry>) -> (usize, Vec<Vec<u8>>) {
    for (index, entry) in entries.iter().enumerate().skip(from) {
        if let Some(made) = make(Entry::decode(entry).expect("an entry")) {
            let mut changed = entries.to_vec();
            changed[index] = made.encode();
            return (index, changed);
        }
    }
    panic!("no such entry")
}

#[tokio::test]
async fn lies_of_a_quorum_are_named_by_their_rule() {
    let world = World::lived();
    let entries = world.entries();
    let block = |edit: fn(&mut BlockEntry)| {
        move |entry| match entry {
            Entry::Block(mut block) => {
                edit(&mut block);
                Some(Entry::Block(block))
            }
            Entry::Genesis(_) | Entry::Epoch(_) | Entry::Submission(_) | Entry::Statement(_) => None,
        }
    };
    type Case = (&'static str, fn(&mut BlockEntry));
    let cases: [Case; 8] = [
        ("rules D1, L4", |block| block.state = crypto::sha256(b"other")),
        ("rules Z4, Z7", |block| block.lookup = Some(crypto::sha256(b"other"))),
        ("rules Z4, Z7", |block| block.lookup = None),
        ("rules D2, L3", |block| block.rejections = crypto::sha256(b"other")),
        ("rules D2, L3", |block| block.rejected += 1),
        ("rule L2", |block| block.accepted += 1),
        ("rule L2", |block| block.time = proto::counter::TimeMs::new(1)),
        ("rule L2", |block| block.height = proto::counter::Height::new(9_999)),
    ];
    for (rule, edit) in cases {
        let (index, forged) = change(&entries, 100, block(edit));
        let found = audit(&world.forged(&forged).await).await.findings;
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        // A missing file comes before the rule that needs it.
        let named = said[0].contains(rule) || said[0].contains("beside/");
        assert!(named && said.len() == 1, "{rule}: {said:?}");
        assert!(said[0].contains("height"), "{said:?}");
        let place = format!("leaf {}", index);
        assert!(said[0].contains(&place) || !said[0].starts_with("leaf") || rule == "rule L2", "{said:?}");
    }
    // A submission twice, one left out, one moved, and one that was refused.
    let mut twice = entries.clone();
    twice.insert(3, entries[2].clone());
    let mut fewer = entries.clone();
    fewer.remove(2);
    let mut moved = entries.clone();
    moved.swap(2, 3);
    for forged in [twice, fewer, moved] {
        let found = audit(&world.forged(&forged).await).await.findings;
        assert!(!found.is_empty());
    }
    // A log that ends within a block.
    let cut = &entries[..entries.len() - 1];
    let found = audit(&world.forged(cut).await).await.findings;
    assert!(matches!(found[..], [Finding::Order { .. }, ..]), "{found:?}");
}

#[tokio::test]
async fn what_stands_beside_the_log_is_bound_by_it() {
    let world = World::lived();
    let store = world.published().await;
    let besides: Vec<_> =
        content(&store).await.into_keys().filter(|path| path.starts_with("beside/")).collect();
    assert_eq!(besides.len(), 2);
    for path in besides {
        let good = flaky::read(&store, &path).await;
        for at in 0..good.len() {
            let mut spoiled = good.clone();
            spoiled[at] ^= 1;
            flaky::write(&store, &path, spoiled).await;
            let audited = audit(&store).await;
            assert!(!audited.findings.is_empty(), "{path}, byte {at} of {}", good.len());
        }
        flaky::remove(&store, &path).await;
        let found = audit(&store).await.findings;
        assert!(matches!(&found[..], [Finding::Beside { .. }]), "{found:?}");
        flaky::write(&store, &path, good).await;
    }
    assert!(audit(&store).await.is_true());
}

#[tokio::test]
async fn every_head_needs_the_quorum_of_its_epoch() {
    let world = World::lived();
    let store = world.published().await;
    let heads: Vec<_> =
        content(&store).await.into_keys().filter(|path| path.contains("checkpoint")).collect();
    assert_eq!(heads.len(), 3);
    for path in heads {
        let good = flaky::read(&store, &path).await;
        let text = String::from_utf8(good.clone()).expect("text");
        // Without the last three lines a validator is missing.
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let fewer = lines[..lines.len() - 3].concat();
        flaky::write(&store, &path, fewer.into_bytes()).await;
        let found = audit(&store).await.findings;
        // The newest is kept under two names, and read by one of them.
        let is_copy = path != "checkpoint" && path.contains(&format!("{:03}", world.size() % 1000));
        assert_eq!(found.is_empty(), is_copy, "{path}: {found:?}");
        flaky::write(&store, &path, good).await;
    }
}

#[tokio::test]
async fn an_audit_is_gone_on_with_where_it_ended() {
    let mut world = World::lived();
    let memory = Arc::new(Memory::new());
    let first = audit_with(&world.published().await, &memory).await;
    assert!(first.is_true() && first.resumed == 0);
    world.proofs(600);
    world.certify();
    let store = world.published().await;
    let second = audit_with(&store, &memory).await;
    assert!(second.is_true(), "{:?}", second.findings);
    assert_eq!(second.resumed, first.stand.size.get());
    assert!(second.checked.skipped_bundles > 0 && second.submissions == 600, "{second:?}");
    let whole = audit(&store).await;
    assert_eq!(whole.stand, second.stand);
    // Nothing new: nothing is judged, and the log is still compared with the one audited.
    let third = audit_with(&store, &memory).await;
    assert!(third.is_true() && third.blocks == 0, "{third:?}");
    // A log that was changed behind us.
    let (_, forged) = change(&world.entries(), 100, |entry| match entry {
        Entry::Block(block) => Some(Entry::Block(BlockEntry { rejected: 7, ..block })),
        Entry::Genesis(_) | Entry::Epoch(_) | Entry::Submission(_) | Entry::Statement(_) => None,
    });
    let found = audit_with(&world.forged(&forged).await, &memory).await.findings;
    assert!(matches!(found[..], [Finding::OtherHistory { .. }]), "{found:?}");
    // And one that is shorter than it was.
    let found = audit_with(&World::lived().published().await, &memory).await.findings;
    assert!(matches!(found[..], [Finding::OtherHistory { .. }]), "{found:?}");
}

#[tokio::test]
async fn what_was_found_wrong_is_found_again() {
    let world = World::lived();
    let store = world.published().await;
    let good = flaky::read(&store, "tile/0/000").await;
    let mut bad = good.clone();
    bad[9] ^= 1;
    flaky::write(&store, "tile/0/000", bad).await;
    let memory = Arc::new(Memory::new());
    for _ in 0..2 {
        let audited = audit_with(&store, &memory).await;
        assert_eq!((audited.checked.faults.count, audited.resumed), (1, 0));
        assert!(audited.findings.is_empty(), "the entries are true: {:?}", audited.findings);
    }
    flaky::write(&store, "tile/0/000", good).await;
    assert!(audit_with(&store, &memory).await.is_true());
}
