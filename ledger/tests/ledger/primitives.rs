//! Proofs of ProofNest: identities of its own, what a proof may say and who says it, chains, and the batch of a block.

use std::sync::Arc;

use crypto::{Digest, ImportedSecret, PublicKey, Scheme, SecretKey, Signature, sha256};
use ledger::Outcome;
use ledger::primitive::{Listed, ProofBatch};
use merkle::{inclusion, node_hash};
use proto::canon::proofnest::{Role, evidence_hash};
use proto::counter::Height;
use proto::id::{Did, Tenant};
use proto::operation::{Operation, possession_bytes};
use proto::primitive::{Kind, Place, Primitive, ProofId, Told, Whole};
use proto::submission::{Body, Submission};

use crate::world::{Person, START, STEP_MS, World};

/// A person under a name of ProofNest.
pub fn named(seed: u8) -> Person {
    let secret = Arc::new(SecretKey::from_seed(Scheme::Ed25519, &[seed; 32]).expect("signs"));
    let did = Did::of_proofnest(Role::Agent, secret.public()).expect("a scheme of ProofNest");
    Person { secret, did }
}

pub fn whole(claim: &str, previous: Option<ProofId>) -> Whole {
    Whole {
        kind: Kind::Claim,
        claim: claim.to_owned(),
        subject: None,
        evidence: Some(evidence_hash(claim.as_bytes())),
        nonce: [7; 16],
        previous,
    }
}

/// A proof of an issuer, which signs its id.
pub fn primitive(issuer: &Person, told: Told) -> Primitive {
    let timestamp_s = START.get() / 1_000;
    let id = match &told {
        Told::Whole(whole) => whole.id(&issuer.did, timestamp_s),
        Told::Hashes { id, .. } => *id,
    };
    Primitive {
        issuer: issuer.did.clone(),
        key: issuer.key().clone(),
        signature: issuer.secret.sign(id.to_string().as_bytes()),
        timestamp_s,
        told,
        metadata: String::new(),
        expires_at_s: None,
        place: None,
    }
}

/// What somebody submits of an issuer's proof.
pub fn tell(world: &mut World, author: &Person, primitive: Primitive) -> Submission {
    world.say(author, Operation::ProofPrimitive(Box::new(primitive)))
}

/// A world with an agent that is registered.
fn world() -> (World, Person) {
    let (mut world, agent) = (World::open(), named(1));
    let created = world.create(&agent, &agent.did, &[&agent]);
    assert_eq!(world.code(&created), "ok");
    (world, agent)
}

fn claim(world: &mut World, author: &Person, issuer: &Person, claim: &str) -> (Submission, ProofId) {
    let primitive = primitive(issuer, Told::Whole(whole(claim, None)));
    let id = primitive.id();
    (tell(world, author, primitive), id)
}

#[test]
fn an_identity_registers_under_its_own_name_and_changes_its_key_without_changing_it() {
    let (mut world, agent) = world();
    assert_eq!(world.reader().listed_count(Listed::Identities), Ok(1));
    assert_eq!(world.reader().proofnest_identities(0, 9), Ok(vec![agent.did.clone()]));
    let (before, id) = claim(&mut world, &agent, &agent, "before");
    assert_eq!(world.code(&before), "ok");

    let new = Person { did: agent.did.clone(), ..Person::new(2) };
    let rotated = world.rotate(&agent, agent.key(), &new);
    assert_eq!(world.code(&rotated), "ok");
    let identity = world.reader().identity(&agent.did).expect("readable").expect("registered");
    assert_eq!(identity.active().map(|it| it.key.clone()).collect::<Vec<_>>(), [new.key().clone()]);
    assert!(agent.did.is_of(agent.key()) && !agent.did.is_of(new.key()), "the name is of the first key");

    let (by_old, _) = claim(&mut world, &Person::new(9), &agent, "by the old key");
    assert_eq!(world.code(&by_old), "key_retired");
    let (by_new, _) = claim(&mut world, &Person::new(9), &new, "by the new key");
    assert_eq!(world.code(&by_new), "ok");
    assert_eq!(world.reader().proof(&id).expect("readable").expect("stays").issuer, agent.did);

    // Under another's name, nobody registers.
    let thief = Person::new(3).speaking_as(&agent.did);
    let taken = world.create(&thief, &agent.did, &[&thief]);
    assert_eq!(world.code(&taken), "identity_not_of_key");
}

#[test]
fn each_rule_refuses_what_breaks_it() {
    let (mut world, agent) = world();
    let stranger = Person::new(9);
    let (first, id) = claim(&mut world, &stranger, &agent, "first");
    assert_eq!(world.code(&first), "ok", "anybody may hand in what an issuer signed");

    let (again, _) = claim(&mut world, &agent, &agent, "first");
    assert_eq!(world.code(&again), "proof_known");
    let (unregistered, _) = claim(&mut world, &stranger, &named(5), "x");
    assert_eq!(world.code(&unregistered), "unknown_identity");
    let (other_method, _) = claim(&mut world, &stranger, &stranger, "x");
    assert_eq!(world.code(&other_method), "not_proofnest");
    let impostor = Person::new(4).speaking_as(&agent.did);
    let (by_impostor, _) = claim(&mut world, &stranger, &impostor, "x");
    assert_eq!(world.code(&by_impostor), "key_not_of_author");

    let mut of = |change: &dyn Fn(&mut Primitive, &mut Whole)| {
        let mut told = whole("changed", None);
        let mut made = primitive(&agent, Told::Whole(told.clone()));
        change(&mut made, &mut told);
        let signed = told.id(&made.issuer, made.timestamp_s).to_string();
        (made.signature, made.told) = (agent.secret.sign(signed.as_bytes()), Told::Whole(told));
        let author = if made.says_more() { stranger.clone() } else { agent.clone() };
        let submission = tell(&mut world, &author, made);
        world.code(&submission)
    };
    let unknown = ProofId::new(sha256(b"nobody told it"));
    assert_eq!(of(&|_, it| it.previous = Some(unknown)), "unknown_proof");
    assert_eq!(of(&|it, _| it.metadata = "{}".to_owned()), "not_own_proof");
    assert_eq!(of(&|it, _| it.expires_at_s = Some(u64::MAX)), "not_own_proof");
    let place = Some(Place { chain: "c".to_owned(), index: 0 });
    assert_eq!(of(&|it, _| it.place = place.clone()), "not_own_proof");
    assert_eq!(of(&|_, it| it.previous = Some(id)), "ok");
    assert_eq!(of(&|it, _| it.timestamp_s = u64::MAX), "proof_ahead");
}

#[test]
fn a_proof_is_at_most_a_minute_ahead_of_its_block_and_does_not_outlive_its_expiry() {
    let (mut world, agent) = world();
    let next_s = |world: &World| (world.ledger.tip().time.get() + STEP_MS) / 1_000;
    let at = |world: &mut World, timestamp_s: u64, expires_at_s: Option<u64>| {
        let told = whole(&format!("{timestamp_s} {expires_at_s:?}"), None);
        let signed = told.id(&agent.did, timestamp_s).to_string();
        let signature = agent.secret.sign(signed.as_bytes());
        let made = Primitive { signature, timestamp_s, expires_at_s, ..primitive(&agent, Told::Whole(told)) };
        let submission = tell(world, &agent, made);
        world.code(&submission)
    };
    let now = next_s(&world);
    assert_eq!(at(&mut world, now + 61, None), "proof_ahead");
    let now = next_s(&world);
    assert_eq!(at(&mut world, now + 60, None), "ok");
    let now = next_s(&world);
    assert_eq!(at(&mut world, now, Some(now)), "proof_expired");
    let now = next_s(&world);
    assert_eq!(at(&mut world, now, Some(now + 1)), "ok");
    assert_eq!(at(&mut world, 1, None), "ok", "proofs of long ago are imported");
}

#[test]
fn a_chain_belongs_to_its_issuer_and_grows_by_one_proof_at_its_end() {
    let (mut world, agent) = world();
    let link = |world: &mut World, name: &str, index: u64, previous: Option<ProofId>| {
        let mut made =
            primitive(&agent, Told::Whole(whole(&format!("{name} {index} {previous:?}"), previous)));
        made.place = Some(Place { chain: name.to_owned(), index });
        let id = made.id();
        let submission = tell(world, &agent, made);
        (world.code(&submission), id)
    };
    assert_eq!(link(&mut world, "a", 1, None).0, "chain_index");
    let (code, first) = link(&mut world, "a", 0, None);
    assert_eq!(code, "ok");
    assert_eq!(link(&mut world, "a", 1, None).0, "chain_head", "it has to follow the last");
    let (code, second) = link(&mut world, "a", 1, Some(first));
    assert_eq!(code, "ok");
    assert_eq!(link(&mut world, "a", 2, Some(first)).0, "chain_head");
    assert_eq!(link(&mut world, "a", 1, Some(second)).0, "chain_index");
    assert_eq!(link(&mut world, "a", 3, Some(second)).0, "chain_index");
    assert_eq!(link(&mut world, "a", 2, Some(second)).0, "ok");
    assert_eq!(
        link(&mut world, "b", 0, Some(first)).0,
        "chain_head",
        "another begins with nothing before it"
    );
    assert_eq!(link(&mut world, "b", 0, None).0, "ok");

    // Another issuer's chain of that name is another chain; and without a chain, a proof has many that follow it.
    let other = named(6);
    let created = world.create(&other, &other.did, &[&other]);
    assert_eq!(world.code(&created), "ok");
    let mut made = primitive(&other, Told::Whole(whole("other", None)));
    made.place = Some(Place { chain: "a".to_owned(), index: 0 });
    let submission = tell(&mut world, &other, made);
    assert_eq!(world.code(&submission), "ok");
    for reply in ["one", "two"] {
        let made = primitive(&other, Told::Whole(whole(reply, Some(first))));
        let submission = tell(&mut world, &other, made);
        assert_eq!(world.code(&submission), "ok");
    }
}

#[test]
fn nobody_takes_a_proof_by_saying_its_id_first() {
    let (mut world, agent) = world();
    let thief = named(8);
    let created = world.create(&thief, &thief.did, &[&thief]);
    assert_eq!(world.code(&created), "ok");
    let (own, id) = claim(&mut world, &agent, &agent, "mine");

    let hashes = |issuer: &Person| primitive(issuer, Told::Hashes { id, claim: sha256(b"mine") });
    let stolen = tell(&mut world, &thief, hashes(&thief));
    assert_eq!(world.code(&stolen), "ok", "whose id it is nobody knows yet");
    let again = tell(&mut world, &thief, hashes(&thief));
    assert_eq!(world.code(&again), "proof_known");
    assert_eq!(world.reader().proof(&id), Ok(None), "and it is no proof told whole");
    let follows = primitive(&agent, Told::Whole(whole("follows", Some(id))));
    let follows = tell(&mut world, &agent, follows);
    assert_eq!(world.code(&follows), "unknown_proof");
    let anchored = tell(&mut world, &agent, hashes(&agent));
    assert_eq!(world.code(&anchored), "ok", "its issuer says it too");
    let (teller, at) = world.reader().told_by_hashes(&id).expect("readable").expect("told");
    assert_eq!(teller, thief.did, "who was first");
    assert!(at.height > Height::ZERO);

    assert_eq!(world.code(&own), "ok", "its issuer tells it whole");
    let late = tell(&mut world, &thief, Primitive { timestamp_s: 1, ..hashes(&thief) });
    assert_eq!(world.code(&late), "proof_known");
    let reader = world.reader();
    assert_eq!(reader.proof(&id).expect("readable").expect("told").issuer, agent.did);
    assert_eq!(reader.listed_count(Listed::Proofs), Ok(1));
    assert_eq!(reader.listed_count(Listed::Hashes), Ok(2));
}

/// Proofs of one block, in order.
fn batch(world: &mut World, agent: &Person, claims: std::ops::Range<u32>) -> (Height, Vec<ProofId>) {
    let made: Vec<_> = claims.map(|n| claim(world, agent, agent, &format!("claim {n}"))).collect();
    let submissions: Vec<_> = made.iter().map(|it| it.0.clone()).collect();
    let applied = world.run(&submissions);
    assert!(applied.outcomes.iter().all(|it| matches!(it.1, Outcome::Committed { .. })));
    (applied.height, made.into_iter().map(|it| it.1).collect())
}

#[test]
fn the_proofs_of_a_block_are_a_batch_whose_root_proves_each_of_them() {
    let (mut world, agent) = world();
    let (height, ids) = batch(&mut world, &agent, 0..5);
    let (second, more) = batch(&mut world, &agent, 5..6);
    let reader = world.reader();
    let found = reader.proof_batch(height).expect("readable").expect("it has proofs");
    assert_eq!((found.count(), found.first), (5, 0));
    let (tree, inside) = reader.proof_tree(&found).expect("readable");
    assert_eq!((tree.root(), &inside), (found.root(), &ids));
    for (index, id) in (0..).zip(&ids) {
        let record = reader.proof(id).expect("readable").expect("told");
        assert_eq!((record.batch_index, record.number, record.at.height), (index, index, height));
        let path = tree.path(index).expect("within the tree");
        let leaf = ProofBatch::leaf(id);
        let check = |leaf: &Digest, index: u64, size: u64, path: &[Digest]| {
            inclusion::verify(leaf, index, size, path, &found.root())
        };
        assert_eq!(check(&leaf, index, 5, &path), Ok(()));
        // A place that does not exist, another place, another size, another leaf.
        assert!(check(&leaf, 5, 5, &path).is_err());
        assert!(check(&leaf, (index + 1) % 5, 5, &path).is_err());
        assert!(check(&leaf, index, if index == 4 { 8 } else { 4 }, &path).is_err());
        assert!(check(&ProofBatch::leaf(&more[0]), index, 5, &path).is_err());
        // A node is no leaf, in a tree in which it would stand where leaves do.
        let node = ProofId::new(node_hash(&ProofBatch::leaf(&ids[0]), &ProofBatch::leaf(&ids[1])));
        let above = tree.path(0).expect("within the tree");
        assert_eq!(check(node.digest(), 0, 3, &above[1..]), Ok(()));
        assert!(check(&ProofBatch::leaf(&node), 0, 3, &above[1..]).is_err());
        for at in 0..path.len() {
            let mut spoilt = path.clone();
            spoilt[at] = sha256(b"another");
            assert!(check(&leaf, index, 5, &spoilt).is_err());
        }
        assert!(check(&leaf, index, 5, &path[1..]).is_err());
    }
    let last = reader.proof_batch(second).expect("readable").expect("it has one");
    assert_eq!((last.count(), last.first, last.root()), (1, 5, ProofBatch::leaf(&more[0])));
    assert_eq!(reader.proof_batch(Height::ZERO), Ok(None));
    let (index, _) = reader.batch_leaf(reader.proof(&ids[0]).unwrap().unwrap().at.index).unwrap().unwrap();
    // Behind it stand the leaf of the next proof and that of its block.
    assert_eq!(index.get() + 2, world.ledger.head().size.get() - 1);

    let latest: Vec<_> = ids.iter().chain(&more).rev().copied().collect();
    assert_eq!(reader.proofs_before(u64::MAX, 100).as_ref(), Ok(&latest));
    assert_eq!(reader.proofs_before(5, 2), Ok(vec![ids[4], ids[3]]));
    assert_eq!(reader.proofs_before(0, 2), Ok(Vec::new()));
}

#[test]
fn what_is_told_by_hashes_or_refused_is_in_no_batch() {
    let (mut world, agent) = world();
    let id = ProofId::new(sha256(b"an id"));
    let hashes = primitive(&agent, Told::Hashes { id, claim: sha256(b"claim") });
    let hashes = tell(&mut world, &agent, hashes);
    let (kept, kept_id) = claim(&mut world, &agent, &agent, "kept");
    let (twice, _) = claim(&mut world, &agent, &agent, "kept");
    let applied = world.run(&[hashes, kept, twice]);
    let found = world.reader().proof_batch(applied.height).expect("readable").expect("it has one");
    assert_eq!((found.count(), found.root()), (1, ProofBatch::leaf(&kept_id)));
}

/// An issuer with a key that does not follow from a seed.
fn imported(world: &mut World, scheme: Scheme) -> (ImportedSecret, Did) {
    let secret = ImportedSecret::generate(scheme, &[3; 32]).expect("one of these schemes");
    let did = Did::of_proofnest(Role::Org, secret.public()).expect("a scheme of ProofNest");
    let keys = vec![secret.public().clone()];
    let create = Operation::IdentityCreate { identity: did.clone(), keys, possessions: Vec::new() };
    let created = by(world, &secret, &did, create);
    assert_eq!(world.code(&created), "ok");
    (secret, did)
}

fn by(world: &World, secret: &ImportedSecret, did: &Did, operation: Operation) -> Submission {
    let body = Body {
        network: world.network(),
        tenant: Tenant::default_tenant(),
        author: did.clone(),
        key: secret.public().clone(),
        nonce: 1,
        expires_at: None,
        operation,
    };
    let signature = secret.sign(&body.signed_bytes());
    body.seal(signature)
}

#[test]
fn keys_of_round_three_issue_and_rotate_alone_and_beside_ed25519() {
    let mut world = World::open();
    for scheme in [Scheme::Dilithium3R3, Scheme::HybridDilithium3R3Ed25519] {
        let (secret, did) = imported(&mut world, scheme);
        let told = whole(scheme.name(), None);
        let id = told.id(&did, 1);
        let made = Primitive {
            issuer: did.clone(),
            key: secret.public().clone(),
            signature: secret.sign(id.to_string().as_bytes()),
            timestamp_s: 1,
            told: Told::Whole(told),
            metadata: "{}".to_owned(),
            expires_at_s: None,
            place: None,
        };
        let by_itself = by(&world, &secret, &did, Operation::ProofPrimitive(Box::new(made.clone())));
        assert_eq!(world.code(&by_itself), "ok");
        // The rotation of P46: from one key of round 3 to another, the name stays.
        let new = ImportedSecret::generate(scheme, &[4; 32]).expect("one of these schemes");
        let (retires, key) = (secret.public().id(), new.public().clone());
        let possession = new.sign(&possession_bytes(&world.network(), &did, &retires, &key.id()));
        let rotate = Operation::KeyRotate { identity: did.clone(), retires, key, possession };
        let rotated = by(&world, &secret, &did, rotate);
        assert_eq!(world.code(&rotated), "ok");
        let identity = world.reader().identity(&did).expect("readable").expect("registered");
        let active: Vec<PublicKey> = identity.active().map(|it| it.key.clone()).collect();
        assert_eq!(active, [new.public().clone()]);
    }
    // The lengths of secret keys are never those of signatures.
    for length in [4_000, 4_032] {
        for scheme in Scheme::ALL {
            assert!(Signature::parse(scheme, &vec![0; length]).is_err());
        }
    }
}
