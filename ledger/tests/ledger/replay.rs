//! Replaying the log: the same state as from the blocks, resumable at every part, and no lie is taken in.

use crypto::{Scheme, Signature};
use ledger::change::Table;
use ledger::{Ledger, LedgerReader, ReplayError, Replayed};
use proto::block::CertifiedBlock;
use proto::certificate::QuorumCert;
use proto::checkpoint::{CertifiedCheckpoint, Head};
use proto::counter::{Height, TreeSize};
use proto::history::LogPart;
use proto::id::ValidatorIndex;
use proto::verified::{Unverified, Verified};

use crate::jobs;
use crate::sessions::{endorse, finalize, open, sample};
use crate::statements::{cose_by, one_of_each};
use crate::world::{Lenient, Memory, Person, World, digest, proof};

/// A network with a history of all kinds of blocks: accepted, refused, expired, empty, changed keys.
fn with_history() -> World {
    let mut world = World::open();
    let (alice, bob) = (Person::new(1), Person::new(2));
    let create = world.create(&alice, &alice.did.clone(), &[&alice]);
    world.run(&[create]);
    for round in 0..12 {
        let good = world.say(&alice, proof(round));
        let stolen = world.speaking(&bob, &alice, round);
        let late = world.say_until(&alice, proof(round), Some(crate::world::START));
        world.run(&[good.clone(), stolen, late]);
        if round % 3 == 0 {
            world.apply(&[]);
        }
        // Decided before: neither done nor refused again.
        let again = world.say(&alice, proof(round));
        world.run(&[good, again]);
    }
    let mut statements = one_of_each();
    statements.push(cose_by(&bob, alice.did.as_str(), 1));
    world.run(&statements);
    let service = Person::new(50);
    let endorsed = endorse(&mut world, &service, 0, "v0");
    let said = [open(1, 10), sample(1, 1, 2, 3), finalize(1), open(2, 10), sample(2, 5, 6, 7)];
    let said = said.map(|it| world.say(&service, it));
    world.run(&[endorsed]);
    world.run(&said);
    let proven = world.say(&service, finalize(2));
    let unproven = world.say(&alice, finalize(2));
    world.run(&[proven, unproven]);
    let signer = jobs::secret(Scheme::Ed25519, 70);
    let listed = jobs::list(&world, &service, &signer, "ql_key_prod_001");
    for said in
        [listed, jobs::open(1), jobs::run(1), jobs::complete(1), jobs::open(2), jobs::run(2), jobs::fail(2)]
    {
        let said = world.say(&service, said);
        world.run(&[said]);
    }
    let sealed = jobs::sealed(&world, 1, &signer);
    let unfinished = jobs::seal(2, sealed.clone());
    let then =
        [jobs::seal(1, sealed), unfinished, jobs::verified(1), jobs::delete(1), jobs::revoke(&signer, None)];
    for said in then {
        let said = world.say(&service, said);
        world.run(&[said]);
    }
    let revoke = world.revoke(&alice, alice.key());
    world.run(&[revoke]);
    let refused = world.say(&alice, proof(99));
    world.run(&[refused]);
    world.apply(&[]);
    world.apply(&[]);
    world.settle();
    world
}

impl World {
    fn speaking(&mut self, thief: &Person, of: &Person, n: u64) -> proto::submission::Submission {
        self.say(&thief.speaking_as(&of.did), proof(n))
    }

    fn certified(&self, head: Head) -> Verified<CertifiedCheckpoint> {
        let parts = (0..3).map(|signer| self.cosign(signer, head, 1_700)).collect();
        Verified::certify(&self.genesis.validator_set(), head, parts).expect("a quorum")
    }

    fn vouched(&self, part: LogPart) -> Verified<LogPart> {
        let set = self.genesis.validator_set();
        Unverified::new(signed(part)).verify(&set, &Lenient).expect("nothing but its shape is checked")
    }

    /// A ledger that has applied nothing, on a store of its own.
    fn newcomer(&self) -> World {
        World::begin(self.genesis.clone())
    }

    fn take(&mut self, replayed: &Replayed) {
        self.store.commit(&replayed.change);
        self.ledger.durable(replayed.height);
    }
}

/// With a quorum's signatures, which `Lenient` takes for good.
pub fn signed(mut part: LogPart) -> LogPart {
    let signature = Signature::parse(Scheme::Ed25519, &[7; 64]).expect("64 bytes");
    let signatures = (0..3).map(|signer| (ValidatorIndex::new(signer), signature.clone())).collect();
    part.certificate = QuorumCert { signatures, ..part.certificate };
    part
}

/// The part from a size on, and no larger than `blocks`.
fn part(reader: &LedgerReader, from: TreeSize, to: TreeSize, blocks: usize) -> LogPart {
    let mut part = reader.log_part(from, to).expect("memory can be read").expect("the log is there");
    if part.blocks.len() > blocks {
        // As an answer that was full there would be.
        let sizes = sizes(&part, from);
        part = reader.log_part(from, sizes[blocks - 1]).expect("memory can be read").expect("a part of it");
        let end = sizes[blocks - 1];
        part.proof = reader.consistency(end, to).expect("memory can be read").expect("both sizes are there");
    }
    part
}

/// The size of the log after each block of a part.
fn sizes(part: &LogPart, from: TreeSize) -> Vec<TreeSize> {
    let mut size = from.get();
    let after = part.blocks.iter().map(|block| {
        let mut rest = block.leaves.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            rest = &after[usize::from(u16::from_be_bytes(*length))..];
            size += 1;
        }
        TreeSize::new(size)
    });
    after.collect()
}

/// What every node has alike: the state and the log.
fn common(world: &World) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
    let shared = |table: Table| {
        use Table::{AuditTerms, AuditTimes, Leaves, LookupMarks, LookupPages, LookupRuns, Refusals, Tiles};
        table.is_state()
            || matches!(table, Leaves | Tiles | Refusals | LookupPages | LookupRuns | LookupMarks)
            || matches!(table, AuditTerms | AuditTimes)
    };
    let content = world.store.content().into_iter().filter(|((table, _), _)| shared(*table));
    content.map(|((table, key), value)| (table, key, value)).collect()
}

#[test]
fn a_replayed_log_leaves_the_state_of_the_applied_blocks() {
    for blocks in [1, 4, 1_000] {
        let mut far = with_history();
        let mut new = far.newcomer();
        // Up to the last block that ordered something and has a successor.
        let target = far.certified(far.ledger.head());
        while new.ledger.head() != target.head {
            let from = new.ledger.head().size;
            let it = part(&far.reader(), from, target.head.size, blocks);
            let replayed = new.ledger.replay(&far.vouched(it), &target).expect("an honest part");
            assert_eq!(new.ledger.tip().height, replayed.height);
            new.take(&replayed);
        }
        assert_eq!(new.ledger.state_digest(), far.ledger.state_digest());
        assert_eq!(common(&new), common(&far), "{blocks} blocks a part");
        // And the blocks after it apply as ever.
        let mut height = new.ledger.tip().height;
        while height < far.ledger.tip().height {
            height = height.next();
            let CertifiedBlock { block, justify, batches } =
                far.reader().block(height).expect("memory can be read").expect("it is there");
            assert!(batches.is_empty(), "only empty blocks are left");
            let applied = new.ledger.apply(ledger::Committed { block, justify, batches: Vec::new() });
            new.take_applied(applied.expect("the next block"));
        }
        let person = Person::new(5);
        let submission = far.say(&person, proof(7));
        let next = far.next_block(vec![far.pack(std::slice::from_ref(&submission))]);
        let (theirs, ours) = (far.ledger.apply(next.clone()), new.ledger.apply(next));
        assert_eq!(theirs.expect("the next block").head, ours.expect("the next block").head);
    }
}

impl World {
    fn take_applied(&mut self, applied: ledger::Applied) {
        self.store.commit(&applied.change);
        self.ledger.durable(applied.height);
    }
}

/// A crash between two parts loses nothing, and a node that replayed can be replayed from.
#[test]
fn a_replayed_ledger_is_opened_again_and_serves_others() {
    let far = with_history();
    let target = far.certified(far.ledger.head());
    let mut new = far.newcomer();
    loop {
        let from = new.ledger.head().size;
        let it = part(&far.reader(), from, target.head.size, 3);
        let replayed = new.ledger.replay(&far.vouched(it), &target).expect("an honest part");
        new.take(&replayed);
        // A new life.
        let store = Memory::of(new.store.content());
        let (again, change) = Ledger::open(store.clone(), &new.genesis).expect("the store is whole");
        assert_eq!(change, None);
        assert_eq!((again.tip(), again.tip_block()), (new.ledger.tip(), new.ledger.tip_block()));
        (new.ledger, new.store) = (again, store);
        if new.ledger.head() == target.head {
            break;
        }
    }
    assert_eq!(new.reader().block(Height::new(1)), Ok(None), "the bodies were never here");
    let finality = new.ledger.certify(&target).expect("our head").expect("the first");
    new.store.commit(&finality.change);
    let index = proto::counter::LeafIndex::new(3);
    assert!(new.reader().receipt_of_leaf(index, None).expect("memory can be read").is_some());

    let mut third = far.newcomer();
    while third.ledger.head() != target.head {
        let from = third.ledger.head().size;
        let it = new.reader().log_part(from, target.head.size).expect("memory can be read");
        let it = it.expect("what was replayed here is proven anew");
        let replayed = third.ledger.replay(&far.vouched(it), &target).expect("an honest part");
        third.take(&replayed);
    }
    assert_eq!(common(&third), common(&far));
}

/// Each lie is found, blamed on who told it, and changes nothing.
#[test]
fn no_lie_is_taken_in() {
    let far = with_history();
    let target = far.certified(far.ledger.head());
    let mut other = target.clone().into_inner();
    other.head.root = digest(9);
    let elsewhere = far.certified(other.head);
    let honest = far.reader().log_part(TreeSize::new(2), target.head.size).unwrap().unwrap();
    let refusing = honest.blocks.iter().position(|block| !block.refused.is_empty()).expect("some refuse");
    type Lie = (&'static str, fn(&mut LogPart, usize), &'static str);
    let lies: [Lie; 12] = [
        ("no block at all", |part, _| part.blocks.clear(), "Empty"),
        ("a leaf with a flipped bit", |part, _| part.blocks[1].leaves[40] ^= 1, "History"),
        (
            "a leaf cut off",
            |part, _| {
                part.blocks[1].leaves.pop();
            },
            "Frame",
        ),
        ("a block without leaves", |part, _| part.blocks[1].leaves.clear(), "Frame"),
        ("a block left out", |part, _| drop(part.blocks.remove(1)), "History"),
        ("two blocks swapped", |part, _| part.blocks.swap(1, 2), "History"),
        ("another proof", |part, _| part.proof.push(digest(1)), "History"),
        ("refusals kept back", |part, at| part.blocks[at].refused.clear(), "Refusals"),
        ("a refusal of nobody", |part, at| part.blocks[at].refused[0] ^= 1, "Refusals"),
        // The last byte of an expiry's height, or of a rejection's fields.
        (
            "a refusal cut off",
            |part, at| {
                part.blocks[at].refused.pop();
            },
            "Refusals",
        ),
        ("noise as refusals", |part, _| part.blocks[0].refused = vec![7; 50], "Refusals"),
        ("another header", |part, _| part.last.time = part.last.time.plus(1), "Header"),
    ];
    for (name, lie, expected) in lies {
        let mut new = far.newcomer();
        let mut told = honest.clone();
        lie(&mut told, refusing);
        told.certificate.block = told.last.id();
        let before = (*new.ledger.tip(), new.ledger.waiting());
        let fault = new.ledger.replay(&far.vouched(told), &target).expect_err(name);
        assert!(format!("{fault:?}").starts_with(expected), "{name}: {fault:?}");
        assert!(fault.blames_sender(), "{name}");
        assert_eq!((*new.ledger.tip(), new.ledger.waiting()), before, "{name}");
        new.ledger.replay(&far.vouched(honest.clone()), &target).expect("the truth is still taken");
    }
    let mut new = far.newcomer();
    let fault = new.ledger.replay(&far.vouched(honest.clone()), &elsewhere).expect_err("of another history");
    assert!(matches!(fault, ReplayError::History { .. }), "{fault}");
    let mut new = far.newcomer();
    new.ledger.replay(&far.vouched(honest.clone()), &target).expect("an honest part");
    let fault = new.ledger.replay(&far.vouched(honest), &target).expect_err("twice");
    assert!(matches!(fault, ReplayError::History { .. }), "{fault}");
}

/// The code of a refusal is in the log, its other fields are not: only the state's digest tells that they changed.
#[test]
fn a_refusal_for_another_reason_is_another_state() {
    let far = with_history();
    let target = far.certified(far.ledger.head());
    let mut told = far.reader().log_part(TreeSize::new(2), target.head.size).unwrap().unwrap();
    // The revoked key's last word: the entry that revoked it is the last field of the rejection.
    let last = told.blocks.last_mut().expect("blocks");
    *last.refused.last_mut().expect("it was refused") ^= 1;
    let fault = far.newcomer().ledger.replay(&far.vouched(told), &target).expect_err("another text");
    assert!(matches!(fault, ReplayError::State { .. }), "{fault}");
}

/// A certificate of another block never reaches the ledger.
#[test]
fn a_part_whose_certificate_is_of_another_block_is_not_vouched_for() {
    let far = with_history();
    let set = far.genesis.validator_set();
    let it = far.reader().log_part(TreeSize::new(2), far.ledger.head().size).unwrap().unwrap();
    let unsigned = Unverified::new(it.clone()).verify(&set, &Lenient);
    assert!(matches!(unsigned, Err(proto::certificate::CertificateError::BelowQuorum { .. })));
    let mut it = signed(it);
    it.last.time = it.last.time.plus(1);
    let other = Unverified::new(it).verify(&set, &Lenient);
    assert!(matches!(other, Err(proto::certificate::CertificateError::OtherBlock { .. })));
}

#[test]
fn a_part_begins_with_a_block_and_ends_within_the_checkpoint() {
    let far = with_history();
    let size = far.ledger.head().size;
    let reader = far.reader();
    for (from, to) in
        [(0, size.get()), (1, size.get()), (3, size.get()), (2, size.get() + 1), (size.get(), size.get())]
    {
        let found = reader.log_part(TreeSize::new(from), TreeSize::new(to));
        assert!(!matches!(found, Ok(Some(_))), "from {from} to {to}");
    }
    assert!(reader.log_part(TreeSize::new(2), size).unwrap().is_some());
}
