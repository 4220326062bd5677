//! Random histories: whatever people ask for, replaying the blocks gives the same ledger.

use ledger::{Ledger, Outcome};
use merkle::{inclusion, leaf_hash};
use proptest::prelude::*;
use proto::counter::{Height, LeafIndex};
use proto::entry::Entry;
use proto::operation::issuer::IssuerStatus;
use proto::operation::seal::{ChainId, ChainLink, Seal};
use proto::operation::{Operation, Retention, RetentionClass};
use proto::primitive::{Place, ProofId, Told};
use proto::session::Act;
use proto::submission::Submission;

use crate::issuers;
use crate::jobs;
use crate::primitives;
use crate::sessions::{endorse, finalize, id, open, sample};
use crate::statements::cose_by;
use crate::world::{Memory, Person, STEP_MS, World, proof};

/// What somebody tries: by number, so that a failing history shrinks to a short one.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    what: u8,
    who: u8,
    whose: u8,
    key: u8,
    late: bool,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    (0..34_u8, 1..4_u8, 1..4_u8, 1..6_u8, prop::bool::weighted(0.1))
        .prop_map(|(what, who, whose, key, late)| Attempt { what, who, whose, key, late })
}

/// An attempt, and perhaps what was said earlier once more.
type Said = (Attempt, Option<prop::sample::Index>);

/// Blocks of up to two batches.
fn history() -> impl Strategy<Value = Vec<Vec<Vec<Said>>>> {
    let said = (attempt(), prop::option::weighted(0.2, any::<prop::sample::Index>()));
    let batch = prop::collection::vec(said, 1..6);
    prop::collection::vec(prop::collection::vec(batch, 0..3), 1..12)
}

fn say(world: &mut World, attempt: Attempt, said: &[Submission]) -> Submission {
    let Attempt { what, who, whose, key, late } = attempt;
    let (owner, key_number, key) = (Person::new(whose), key, Person::new(key));
    let signer = Person::new(who).speaking_as(&owner.did);
    let issuer = ["provider:acme", "node:production"][usize::from(key_number % 2)];
    let operation = match what {
        0 => return world.create(&signer, &owner.did, &[&owner]),
        1 => return world.add(&signer, &key),
        2 => return world.rotate(&signer, owner.key(), &key),
        3 => return world.revoke(&signer, key.key()),
        4 => Operation::AttestationIssue {
            subject: "s".to_owned(),
            predicate_type: "t".to_owned(),
            predicate: vec![what],
            content: None,
            expires_at_ms: None,
        },
        5 => match said.iter().rev().find(|it| it.body().operation.name() == "attestation.issue") {
            Some(issued) => Operation::AttestationRevoke { attestation: issued.id(), reason: String::new() },
            None => proof(5),
        },
        6 => Operation::ArtifactCommit {
            address: crypto::sha256(&[key.did.as_str().len() as u8]),
            salted: false,
            content_bytes: 1,
            media_type: String::new(),
            subject: String::new(),
            retention: if late {
                Retention::UntilErased
            } else if said.len().is_multiple_of(2) {
                Retention::Of(RetentionClass::Standard)
            } else {
                Retention::WriteOnce(world.ledger.tip().time.plus(2 * STEP_MS))
            },
        },
        7 => match said.iter().rev().find(|it| it.body().operation.name() == "artifact.commit") {
            Some(it) => Operation::RetentionTombstone { artifact: it.id(), reason: String::new() },
            None => proof(7),
        },
        11 => return endorse(world, &owner, who, &format!("v{who}")),
        12 => open(key_number, 10 * u32::from(whose)),
        13 => sample(key_number, u64::from(who), 100_005, 7),
        14 => finalize(key_number),
        15 if late => Operation::Session { session: id(key_number), act: Act::Delete },
        19 => Operation::IssuerSet(Box::new(issuers::set(issuer, IssuerStatus::Active))),
        20 => Operation::IssuerKey(Box::new(issuers::list(world, issuer, &owner.did, 1))),
        21 => {
            let seal = issuers::seal(world, issuer, 1, &format!("att_{}", said.len() % 5));
            let link = late.then(|| ChainLink {
                chain: ChainId::parse("abc").expect("a name"),
                index: 0,
                previous: None,
            });
            Operation::AttestationSeal(Box::new(Seal { link, ..seal }))
        }
        22 => match said.iter().rev().find(|it| it.body().operation.name() == "attestation.seal") {
            Some(it) => Operation::AttestationRevoke { attestation: it.id(), reason: String::new() },
            None => proof(22),
        },
        24 => jobs::open(key_number),
        25 => jobs::run(key_number),
        26 => jobs::complete(key_number),
        27 if late => jobs::fail(key_number),
        28 | 29 => {
            let signer = jobs::secret(crypto::Scheme::Ed25519, who);
            let sealed = jobs::sealed(world, key_number, &signer);
            jobs::seal(key_number, sealed)
        }
        30 => jobs::verified(key_number),
        31 => jobs::delete(key_number),
        32 => {
            let signer = jobs::secret(crypto::Scheme::Ed25519, who);
            jobs::list(world, &owner, &signer, &format!("key_{key_number}"))
        }
        33 if late => jobs::revoke(&jobs::secret(crypto::Scheme::Ed25519, who), None),
        10 => return cose_by(&signer, owner.did.as_str(), said.len() as u8),
        16 => {
            let issuer = primitives::named(whose);
            return world.create(&issuer, &issuer.did, &[&issuer]);
        }
        17 | 18 => {
            let issuer = primitives::named(whose);
            let previous = said.iter().rev().find_map(|it| match &it.body().operation {
                Operation::ProofPrimitive(primitive) => Some(primitive.id()),
                _ => None,
            });
            let claim = format!("{}", said.len() / 2);
            let mut made = match what {
                17 => primitives::primitive(&issuer, Told::Whole(primitives::whole(&claim, previous))),
                _ => {
                    let id = previous.unwrap_or(ProofId::new(crypto::sha256(b"id")));
                    primitives::primitive(&issuer, Told::Hashes { id, claim: crypto::sha256(b"c") })
                }
            };
            if what == 17 && late {
                made.place = Some(Place { chain: "chain".to_owned(), index: u64::from(previous.is_some()) });
            }
            return primitives::tell(world, &issuer, made);
        }
        n => proof(u64::from(n)),
    };
    let expires_at = late.then(|| world.ledger.tip().time.plus(STEP_MS));
    world.say_until(&signer, operation, expires_at)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_replay_gives_the_same_ledger(history in history()) {
        let mut world = World::open();
        let mut blocks = Vec::new();
        let mut said: Vec<Submission> = Vec::new();
        let mut decided = Vec::new();
        for (at, batches) in history.into_iter().enumerate() {
            let mut packed = Vec::new();
            for batch in batches {
                let mut submissions = Vec::new();
                for (attempt, repeat) in batch {
                    let submission = say(&mut world, attempt, &said);
                    said.push(submission.clone());
                    submissions.push(submission);
                    let again = repeat.map(|index| index.get(&said).clone());
                    submissions.extend(again.filter(|again| !submissions.contains(again)));
                }
                packed.push(world.pack(&submissions));
            }
            let committed = world.next_block(packed);
            let size = world.ledger.head().size.get();
            let (ordered, state) = (!committed.block.is_empty(), world.ledger.state_digest());
            blocks.push(committed.clone());
            let applied = world.ledger.apply(committed).expect("the next block");

            let accepted = applied.outcomes.iter().filter(|it| matches!(it.1, Outcome::Committed { .. })).count();
            let grown = if ordered { accepted as u64 + 1 } else { 0 };
            prop_assert_eq!(world.ledger.head().size.get(), size + grown);
            prop_assert_eq!(world.ledger.state_digest() == state, !ordered);
            decided.extend(applied.outcomes.clone());
            world.waiting.push((applied.height, applied.change));
            if at % 3 == 2 {
                world.settle();
                world.ledger = Ledger::open(world.store.clone(), &world.genesis).expect("ours").0;
            }
        }
        world.settle();

        // Another node, which writes everything at once and never restarts.
        let store = Memory::of(Default::default());
        let (mut replay, change) = Ledger::open(store.clone(), &world.genesis).expect("empty");
        store.commit(&change.expect("an empty store is written"));
        for committed in blocks {
            let applied = replay.apply(committed).expect("the next block");
            store.commit(&applied.change);
            replay.durable(applied.height);
        }
        prop_assert_eq!(replay.tip(), world.ledger.tip());
        prop_assert_eq!(store.content(), world.store.content());

        // Each submission was decided once, answers as it was decided, and if accepted is the leaf it was promised.
        let head = world.ledger.head();
        let mut ids: Vec<_> = decided.iter().map(|it| it.0).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), decided.len());
        for (id, outcome) in decided {
            prop_assert_eq!(world.reader().by_id(&id), Ok(Some(outcome.clone())));
            if let Outcome::Committed { index, height, .. } = outcome {
                let (bytes, entry) = world.reader().entry(index).expect("readable").expect("there");
                match entry {
                    Entry::Submission(entry) => {
                        prop_assert_eq!((entry.submission.id(), entry.height), (id, height));
                    }
                    Entry::Statement(entry) => prop_assert_eq!(entry.submission().id(), id),
                    Entry::Genesis(_) | Entry::Epoch(_) | Entry::Block(_) => panic!("a submission's leaf"),
                }
                let path = world.reader().inclusion(index, head.size).expect("readable").expect("covered");
                let verdict = inclusion::verify(&leaf_hash(&bytes), index.get(), head.size.get(), &path, &head.root);
                prop_assert_eq!(verdict, Ok(()));
            }
        }
        prop_assert!(world.reader().entry(LeafIndex::new(head.size.get())) == Ok(None));
        prop_assert!(world.ledger.tip().height > Height::ZERO);
    }
}
