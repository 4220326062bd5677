//! What people say: every kind of operation, a line each, accepted and refused, round after round.
//!
//! A room adds a scene here, and its lines to `kinds`. Scenes of one round share blocks where a block does not end them.

use std::fs;

use crypto::{PublicKey, Scheme, SecretKey, derive_seed, sha256};
use ledger::job::Package;
use proto::canon::proofnest::evidence_hash;
use proto::counter::{Epoch, TimeMs, TreeSize};
use proto::evidence::Level;
use proto::id::{NetworkId, SubmissionId, Tenant, ValidatorIndex};
use proto::job::{self, Backend, Completion, JobArtifact, JobId, JobRetention, Plan, Provenance, RecordId};
use proto::operation::evidence::{EvidenceAct, EvidenceSeal, SealItem};
use proto::operation::issuer::{
    Continuity, IssuerDid, IssuerKey, IssuerKeyChange, IssuerSet, IssuerStatus, issuer_possession_bytes,
};
use proto::operation::seal::{AttestationId, ChainId, ChainLink, Seal};
use proto::operation::{
    Approval, Membership, Operation, Retention, RetentionClass, RevokedFrom, addition_possession_bytes,
    approval_bytes, endorsement_bytes, identity_possession_bytes, membership_possession_bytes,
    possession_bytes,
};
use proto::primitive::{Kind, Place, Primitive, ProofId, Told, Whole};
use proto::session::{Act, Intent, Sample, SessionId};
use proto::signer::{SignerChange, SignerListing, SignerName, SignerRoles, message};
use proto::statement::{Format, cose};
use proto::submission::Submission;

use crate::people::{Person, made, validator, votes};
use crate::world::{Chain, STEP_MS, World};

/// The chain of so many rounds.
pub fn told(rounds: u64) -> Chain {
    let mut world = World::open();
    for round in 0..rounds {
        for scene in
            [keys, proofs, statements, artifacts, sessions, issuers, operators, jobs, proofnest, validators]
        {
            scene(&mut world, round);
            world.block();
        }
        // A block that orders nothing, and one that orders nothing new.
        world.block();
        let person = Person::new(&format!("again {round}"));
        let said = world.say(&person, proof("again", round));
        world.accepts(said.clone());
        world.block();
        world.passes(said);
        world.block();
    }
    world.into_chain()
}

fn proof(what: &str, round: u64) -> Operation {
    Operation::ProofSubmit {
        content: sha256(format!("{what} {round}").as_bytes()),
        content_bytes: 8,
        media_type: "text/plain".to_owned(),
        subject: format!("{what} of round {round}"),
    }
}

/// Identities, and keys that come and go.
fn keys(world: &mut World, round: u64) {
    let person = |name: &str| Person::new(&format!("{name} {round}"));
    let alice = person("alice");
    let [second, third, fourth, fifth] = ["second", "third", "fourth", "fifth"].map(person);
    let network = world.network();
    let identity = alice.did.clone();
    let create = |of: &Person, keys: &[&Person]| {
        let listed: Vec<PublicKey> = keys.iter().map(|it| it.key().clone()).collect();
        let message = identity_possession_bytes(&network, &of.did, &listed);
        let possessions = keys[1..].iter().map(|it| it.sign(&message)).collect();
        Operation::IdentityCreate { identity: of.did.clone(), keys: listed, possessions }
    };
    let add = |key: &Person| {
        let message = addition_possession_bytes(&network, &identity, &key.key().id());
        let possession = Some(key.sign(&message));
        Operation::KeyAdd { identity: identity.clone(), key: key.key().clone(), possession }
    };
    let rotate = |from: &Person, to: &Person| {
        let (retires, key) = (from.key().id(), to.key().clone());
        let possession = to.sign(&possession_bytes(&network, &identity, &retires, &key.id()));
        Operation::KeyRotate { identity: identity.clone(), retires, key, possession }
    };
    let revoke = |key: &Person, from| {
        let (key, reason) = (key.key().id(), "lost".to_owned());
        Operation::KeyRevoke { identity: identity.clone(), key, reason, from }
    };
    let with = |key: &Person| key.speaking_as(&alice);

    world.ok(&alice, create(&alice, &[&alice, &second, &third]));
    world.no(&alice, create(&alice, &[&alice]), "already_registered");
    world.ok(&alice, proof("first", round));
    world.block();
    world.ok(&alice, add(&fourth));
    world.no(&alice, add(&fourth), "key_listed");
    world.no(&with(&fourth), rotate(&alice, &fifth), "not_retiring_key");
    // In one block: what the old key says before it goes, the change, and both keys behind it.
    world.ok(&alice, proof("before", round));
    world.ok(&alice, rotate(&alice, &fifth));
    world.no(&alice, proof("behind", round), "key_retired");
    world.batch();
    world.ok(&with(&fifth), proof("new", round));
    world.ok(&with(&second), proof("second", round));
    world.ok(&with(&third), proof("third", round));
    world.block();
    let ahead = RevokedFrom::Size(TreeSize::new(world.size() + 1_000));
    world.no(&with(&fifth), revoke(&second, ahead), "revoked_ahead");
    let before = RevokedFrom::Size(TreeSize::new(world.size() - 2));
    world.ok(&with(&fifth), revoke(&second, before));
    world.no(&with(&second), proof("late", round), "key_revoked");
    let before = RevokedFrom::Time(TimeBack::of(world));
    world.ok(&with(&fifth), revoke(&third, before));
    world.ok(&with(&fifth), revoke(&fifth, RevokedFrom::Here));
    world.no(&with(&fifth), proof("last", round), "key_revoked");
    world.block();
    // A block that refuses all it orders.
    let late = world.now();
    let expired = world.say_of(&Tenant::default_tenant(), &with(&fourth), proof("slow", round), Some(late));
    world.refuses(expired, "expired");
}

/// A time before the present.
struct TimeBack;

impl TimeBack {
    fn of(world: &World) -> TimeMs {
        TimeMs::new(world.now().get() - 3 * STEP_MS)
    }
}

/// Proofs, attestations and batches, by who may and who may not.
fn proofs(world: &mut World, round: u64) {
    let (bob, thief) = (Person::new(&format!("bob {round}")), Person::new("thief"));
    let stolen = thief.speaking_as(&bob);
    let issue = |expires_at_ms| Operation::AttestationIssue {
        subject: "a build".to_owned(),
        predicate_type: "https://example.org/built".to_owned(),
        predicate: round.to_be_bytes().to_vec(),
        content: Some(sha256(b"artifact")),
        expires_at_ms,
    };
    let revoke = |attestation| Operation::AttestationRevoke { attestation, reason: "wrong".to_owned() };
    let anchor = |count| Operation::BatchAnchor { root: sha256(b"root"), count, tree: "other".to_owned() };
    world.ok(&bob, proof("good", round));
    world.no(&stolen, proof("stolen", round), "key_not_of_author");
    let issued = world.ok(&bob, issue(None));
    world.no(&stolen, issue(None), "key_not_of_author");
    world.no(&thief, revoke(issued), "not_issuer");
    world.ok(&bob, revoke(issued));
    world.batch();
    world.no(&bob, revoke(issued), "attestation_revoked");
    world.ok(&bob, issue(Some(world.now().get() + STEP_MS)));
    world.ok(&bob, anchor(7));
    world.no(&stolen, anchor(7), "key_not_of_author");
}

/// One committed statement of each format, and some of COSE.
fn statements(world: &mut World, round: u64) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/statement");
    let ed25519 = made_key("statement/ed25519");
    let all = [
        ("cose-ed25519.cose", Format::Cose, None),
        ("cose-ml-dsa-65.cose", Format::Cose, None),
        ("jws-ed25519.jws", Format::Jws, None),
        ("jws-json.json", Format::JwsJson, None),
        ("dsse.json", Format::Dsse, Some(ed25519)),
        ("http-ed25519.json", Format::Http, None),
    ];
    for (name, format, key) in all {
        let bytes = fs::read(format!("{folder}/{name}")).expect("it is committed");
        let statement = Submission::statement(format, &bytes, key.into_iter().collect()).expect(name);
        // The same bytes are the same submission, whenever they come.
        match round {
            0 => drop(world.accepts(statement)),
            _ => world.passes(statement),
        }
    }
    world.batch();
    let (signer, other) = (Person::new(&format!("signer {round}")), Person::new("another"));
    let by = |issuer: &str| {
        let (key, payload) = (signer.key(), round.to_be_bytes().to_vec());
        let draft = cose::Draft::new(key, issuer, "a subject", "text/plain", payload).expect("ed25519");
        let statement = draft.seal(&signer.sign(&draft.message())).expect("its own signature");
        cose::submission(&statement).expect("well formed")
    };
    world.accepts(by(signer.did.as_str()));
    world.accepts(by("https://issuer.example"));
    world.refuses(by(other.did.as_str()), "key_not_of_author");
}

fn made_key(name: &str) -> PublicKey {
    let seed = derive_seed(&[1; 32], name);
    SecretKey::from_seed(Scheme::Ed25519, &seed).expect("signs").public().clone()
}

/// What is kept beside the log, and erased.
fn artifacts(world: &mut World, round: u64) {
    let (owner, thief) = (Person::new(&format!("owner {round}")), Person::new("thief"));
    let commit = |retention| Operation::ArtifactCommit {
        address: sha256(&round.to_be_bytes()),
        salted: true,
        content_bytes: 0,
        media_type: String::new(),
        subject: String::new(),
        retention,
    };
    let erase = |artifact| Operation::RetentionTombstone { artifact, reason: "asked for".to_owned() };
    let soon = world.now().plus(STEP_MS);
    let for_good = world.ok(&owner, commit(Retention::UntilErased));
    let until = world.ok(&owner, commit(Retention::Until(soon)));
    let once = world.ok(&owner, commit(Retention::WriteOnce(soon)));
    world.ok(&owner, commit(Retention::Of(RetentionClass::Standard)));
    let seven_years = world.ok(&owner, commit(Retention::Of(RetentionClass::Compliance)));
    world.no(&thief.speaking_as(&owner), commit(Retention::UntilErased), "key_not_of_author");
    world.no(&thief, erase(for_good), "not_owner");
    world.no(&owner, erase(once), "write_once");
    world.no(&owner, erase(seven_years), "write_once");
    world.ok(&owner, erase(for_good));
    world.no(&owner, erase(for_good), "artifact_erased");
    world.block();
    world.ok(&owner, erase(once));
    world.ok(&owner, erase(until));
}

/// A service of a validator, and the sessions that it measures.
fn sessions(world: &mut World, round: u64) {
    let (service, stranger) = (Person::new(&format!("service {round}")), Person::new("stranger"));
    let network = world.network();
    let endorse = |key: &Person, by: &str, of: &str| {
        let endorsement = votes(by).sign(&endorsement_bytes(&network, of, &key.key().id()));
        Operation::ServiceEndorse { validator: of.to_owned(), endorsement }
    };
    let act = |n: u8, act| {
        let mut bytes = [n; SessionId::BYTES];
        bytes[..8].copy_from_slice(&round.to_be_bytes());
        Operation::Session { session: SessionId::random(bytes), act }
    };
    let open = |n| {
        let intent = Intent {
            text: "a call".to_owned(),
            target_p95_latency_ms: 50 + u32::from(n) * 100,
            target_jitter_ms: 25,
            duration_s: 15,
            flow_label: Intent::LABEL.to_owned(),
        };
        act(n, Act::Open(Box::new(intent)))
    };
    let sample = |n, p50_us| {
        let sample = Sample { packets: 9, p50_us, p95_us: 2 * p50_us, jitter_us: 7, notes: String::new() };
        act(n, Act::Sample(Box::new(sample)))
    };
    world.no(&stranger, open(1), "unknown_service");
    world.no(&service, endorse(&service, "v1", "v0"), "service_endorsement");
    world.ok(&service, endorse(&service, "v0", "v0"));
    world.no(&service, endorse(&service, "v1", "v1"), "key_listed");
    world.ok(&service, open(1));
    world.no(&service, open(1), "session_exists");
    world.no(&service, act(1, Act::Finalize), "no_samples");
    world.ok(&service, sample(1, 1_000 + round));
    world.block();
    world.ok(&service, sample(1, 2_005));
    world.no(&stranger, sample(1, 1), "unknown_service");
    let tenant = Tenant::parse("another").expect("a name");
    let foreign = world.say_of(&tenant, &service, sample(1, 1), None);
    world.refuses(foreign, "session_tenant");
    // Two in one block: the second stands behind the first in the chain.
    world.ok(&service, open(2));
    world.ok(&service, sample(2, 9_000));
    world.ok(&service, act(2, Act::Finalize));
    world.ok(&service, act(1, Act::Finalize));
    world.no(&service, act(1, Act::Finalize), "session_finalized");
    world.no(&service, sample(1, 1), "session_finalized");
    world.block();
    world.ok(&service, act(2, Act::Delete));
    world.no(&service, act(2, Act::Delete), "session_deleted");
    world.no(&service, act(3, Act::Delete), "unknown_session");
    world.ok(&service, open(3));
}

/// Issuers of attestations that are JWTs, what they seal, and their chains.
fn issuers(world: &mut World, round: u64) {
    let (acme, mallory) = (Person::new(&format!("acme {round}")), Person::new("mallory"));
    let network = world.network();
    let issuer = IssuerDid::parse(&format!("did:qwed:provider:acme{round}")).expect("an issuer");
    let set = |status| set_issuer(&issuer, status);
    let [first, second] = ["one", "two"].map(|name| made(Scheme::Es256, &format!("{name} of {issuer}")));
    let generated_at_s = world.now_s() - 5;
    let list = |which: &SecretKey| list_key(&network, &issuer, &acme, which, generated_at_s);
    let drop_key = |which: &SecretKey| {
        let change = IssuerKeyChange::Drop { key: which.public().id() };
        Operation::IssuerKey(Box::new(IssuerKey { issuer: issuer.clone(), change }))
    };
    let name = |n: u64| AttestationId::parse(&format!("att_r{round}n{n}")).expect("a name");
    let issued_at_s = world.now_s();
    let seal = |n: u64, which: &SecretKey, chain: Option<(u64, Option<u64>)>| {
        let chained = |(index, previous): (u64, Option<u64>)| ChainLink {
            chain: ChainId::parse("builds").expect("a name"),
            index,
            previous: previous.map(name),
        };
        Operation::AttestationSeal(Box::new(Seal {
            id: name(n),
            issuer: issuer.clone(),
            key: which.public().id(),
            query: sha256(b"2+2=4"),
            proof: sha256(b"4"),
            issued_at_s,
            expires_at_s: issued_at_s + 600,
            link: chain.map(chained),
            token: format!("e30.e30.{round}a{n}"),
        }))
    };
    world.no(&acme, list(&first), "unknown_issuer");
    world.ok(&acme, set(IssuerStatus::Active));
    world.no(&mallory, set(IssuerStatus::Inactive), "not_issuers_owner");
    world.ok(&acme, list(&first));
    world.no(&acme, list(&first), "issuer_key_listed");
    world.ok(&acme, list(&second));
    world.block();
    let sealed = world.ok(&acme, seal(0, &first, None));
    world.no(&acme, seal(0, &first, None), "attestation_used");
    world.no(&mallory, seal(1, &first, None), "unknown_issuer_key");
    world.no(&acme, seal(1, &first, Some((2, Some(0)))), "attestation_chain");
    world.ok(&acme, seal(1, &first, Some((1, Some(0)))));
    world.ok(&acme, seal(2, &second, Some((2, Some(1)))));
    world.block();
    let revoke =
        |attestation: SubmissionId| Operation::AttestationRevoke { attestation, reason: String::new() };
    world.no(&mallory, revoke(sealed), "not_issuer");
    world.ok(&acme, revoke(sealed));
    world.no(&acme, revoke(sealed), "attestation_revoked");
    world.ok(&acme, drop_key(&second));
    world.no(&acme, seal(3, &second, None), "unknown_issuer_key");
    world.ok(&acme, seal(3, &first, Some((3, Some(2)))));
    if round.is_multiple_of(2) {
        world.ok(&acme, set(IssuerStatus::Inactive));
        world.no(&acme, seal(4, &first, None), "issuer_inactive");
    }
}

fn set_issuer(issuer: &IssuerDid, status: IssuerStatus) -> Operation {
    let (name, certification) = ("Acme".to_owned(), String::new());
    Operation::IssuerSet(Box::new(IssuerSet { issuer: issuer.clone(), name, status, certification }))
}

/// A key that somebody holds for an issuer, with its consent.
fn list_key(
    network: &NetworkId,
    issuer: &IssuerDid,
    holder: &Person,
    key: &SecretKey,
    generated_at_s: u64,
) -> Operation {
    let message = issuer_possession_bytes(network, issuer, &holder.did, &key.public().id());
    let change = IssuerKeyChange::List {
        key: key.public().clone(),
        continuity: Continuity::Persistent,
        generated_at_s,
        possession: key.sign(&message),
    };
    Operation::IssuerKey(Box::new(IssuerKey { issuer: issuer.clone(), change }))
}

/// The issuer of the validators, for which each of their services speaks.
fn operators(world: &mut World, round: u64) {
    let issuer = IssuerDid::parse("did:qwed:node:production").expect("an issuer");
    let (service, mallory) = (Person::new(&format!("service {round}")), Person::new("mallory"));
    let (network, key) = (world.network(), made(Scheme::Es256, &format!("operator {round}")));
    world.no(&mallory, set_issuer(&issuer, IssuerStatus::Inactive), "unknown_service");
    world.ok(&service, set_issuer(&issuer, IssuerStatus::Active));
    let generated_at_s = world.now_s();
    world.no(&mallory, list_key(&network, &issuer, &mallory, &key, generated_at_s), "unknown_service");
    world.ok(&service, list_key(&network, &issuer, &service, &key, generated_at_s));
    world.block();
    let issued_at_s = world.now_s();
    let sealed = world.ok(
        &service,
        Operation::AttestationSeal(Box::new(Seal {
            id: AttestationId::parse(&format!("att_operator{round}")).expect("a name"),
            issuer,
            key: key.public().id(),
            query: sha256(b"asked"),
            proof: sha256(b"answered"),
            issued_at_s,
            expires_at_s: issued_at_s + 600,
            link: None,
            token: format!("e30.e30.operator{round}"),
        })),
    );
    let revoke = Operation::AttestationRevoke { attestation: sealed, reason: String::new() };
    world.no(&mallory, revoke.clone(), "not_issuer");
    // Whichever service holds a key of this issuer, from the second round on.
    if let Some(before) = round.checked_sub(1) {
        world.ok(&Person::new(&format!("service {before}")), revoke);
    }
}

/// Work done elsewhere, the evidence of it, and the keys that sign that.
fn jobs(world: &mut World, round: u64) {
    let (service, mallory) = (Person::new(&format!("service {round}")), Person::new("mallory"));
    let (network, signer) = (world.network(), made(Scheme::Ed25519, &format!("evidence {round}")));
    let mut listing = SignerListing {
        name: SignerName::parse(&format!("evidence_{round}")).expect("a name"),
        key: signer.public().clone(),
        roles: SignerRoles::Both,
        valid_from: TimeMs::new(1),
        valid_until: TimeMs::new(u64::MAX),
        possession: signer.sign(b"not yet"),
    };
    listing.possession = signer.sign(&listing.possession_bytes(&network, &service.did));
    let list = Operation::Signer(Box::new(SignerChange::List(Box::new(listing))));
    let (key, reason) = (signer.public().id(), "lost".to_owned());
    let revoke = Operation::Signer(Box::new(SignerChange::Revoke { key, reason, from: None }));
    let id = |name: &str| JobId::parse(&format!("job_{name}{round}")).expect("a name");
    let act = |name: &str, act| Operation::Job { job: id(name), act };
    let open = |name: &str| act(name, job::Act::Open(Box::new(plan())));
    let run = |name: &str| act(name, job::Act::Run { at: None });
    let fail = |name: &str| act(name, job::Act::Fail { at: None, reason: "calibration".to_owned() });
    let complete = |name: &str| {
        let completion = Completion {
            shots: 1_000,
            success_ppm: 987_000,
            final_micros: 480_000,
            provider: None,
            artifacts: vec![JobArtifact {
                name: "results.json".to_owned(),
                sha256: sha256(&round.to_be_bytes()),
                bytes: 8_192,
                content_type: "application/json".to_owned(),
            }],
            results: 0,
        };
        act(name, job::Act::Complete { at: None, completion: Box::new(completion) })
    };
    let evidence = |act| Operation::Evidence { job: id("a"), act };
    let delete = || evidence(EvidenceAct::Delete { reason: "asked for".to_owned() });
    world.ok(&service, list.clone());
    world.no(&service, list, "signer_listed");
    for name in ["a", "b"] {
        world.no(&service, run(name), "unknown_job");
        world.ok(&service, open(name));
        world.no(&service, open(name), "job_exists");
        world.no(&service, complete(name), "job_state");
        world.ok(&service, run(name));
    }
    world.no(&mallory, fail("b"), "unknown_service");
    world.ok(&service, fail("b"));
    world.ok(&service, complete("a"));
    world.no(&service, evidence(EvidenceAct::Verified), "no_evidence");
    world.block();
    let (tenant, now) = (Tenant::default_tenant(), world.now());
    let record = RecordId::parse(&format!("bundle_{round}")).expect("a name");
    let found = world.reader().job(&tenant, &id("a")).expect("readable").expect("opened");
    let package = Package::of(&tenant, &id("a"), &found, &record, now).expect("completed");
    let items = package.items.into_iter().map(|it| SealItem {
        id: it.id,
        label: it.label.unwrap_or_default(),
        content: it.content_hash,
    });
    let seal = evidence(EvidenceAct::Seal(Box::new(EvidenceSeal {
        record,
        created_at: now,
        items: items.collect(),
        root: package.root,
        bundle: package.bundle,
        claim: Level::SealedAttested,
        key,
        signature: signer.sign(&message(signer.public().scheme(), &package.bundle)),
        signed_at: now,
    })));
    world.ok(&service, seal.clone());
    world.no(&service, seal, "evidence_sealed");
    world.ok(&service, evidence(EvidenceAct::Verified));
    world.no(&service, evidence(EvidenceAct::Verified), "evidence_verified");
    world.ok(&service, delete());
    world.no(&service, delete(), "evidence_deleted");
    world.no(&mallory, revoke.clone(), "unknown_service");
    world.ok(&service, revoke);
}

fn plan() -> Plan {
    let backend = Backend {
        id: "ibm_washington".to_owned(),
        version: "2.1.0".to_owned(),
        provider: "IBM Quantum".to_owned(),
        qubits: 127,
        status: "online".to_owned(),
    };
    let provenance = Provenance {
        git_commit: "a1b2c3d4e5f6".to_owned(),
        image: None,
        config: Some(sha256(b"config")),
        circuit: Some(sha256(b"circuit")),
        compiler: "qiskit-1.0.0".to_owned(),
    };
    Plan {
        backend,
        provenance,
        shots: 1_000,
        estimate_micros: 500_000,
        currency: "USD".to_owned(),
        tags: vec!["project:alpha".to_owned()],
        retention: JobRetention::Class(RetentionClass::Standard),
        submitted_at: None,
        queued_at: None,
    }
}

/// Proofs of ProofNest in every scheme, by who issued them and by others; their chains, and the batches of blocks.
fn proofnest(world: &mut World, round: u64) {
    let schemes = [Scheme::Ed25519, Scheme::Dilithium3R3, Scheme::HybridDilithium3R3Ed25519];
    let agents = schemes.map(|scheme| Person::of_proofnest(&format!("agent {round}"), scheme));
    let (other, timestamp_s) = (Person::new("anybody"), world.now_s());
    let whole = |agent: &Person, claim: &str, previous| {
        let claim = format!("{claim} of {} in round {round}", agent.key().scheme());
        let evidence = Some(evidence_hash(claim.as_bytes()));
        let told = Whole { kind: Kind::Claim, claim, subject: None, evidence, nonce: [7; 16], previous };
        primitive(agent, told.id(&agent.did, timestamp_s), Told::Whole(told), timestamp_s)
    };
    let told = |primitive: &Primitive| Operation::ProofPrimitive(Box::new(primitive.clone()));
    for agent in &agents {
        let (identity, keys) = (agent.did.clone(), vec![agent.key().clone()]);
        world.no(&other, told(&whole(agent, "early", None)), "unknown_identity");
        world.ok(agent, Operation::IdentityCreate { identity, keys, possessions: Vec::new() });
        let plain = whole(agent, "plain", None);
        world.ok(&other, told(&plain));
        world.no(agent, told(&plain), "proof_known");
    }
    world.block();
    for agent in &agents {
        let place = |index| Some(Place { chain: "log".to_owned(), index });
        let first = Primitive { place: place(0), ..whole(agent, "first", None) };
        world.no(&other, told(&first), "not_own_proof");
        world.ok(agent, told(&first));
        let next = whole(agent, "next", Some(first.id()));
        world.no(agent, told(&Primitive { place: place(2), ..next.clone() }), "chain_index");
        world.ok(agent, told(&Primitive { place: place(1), metadata: "{}".to_owned(), ..next }));
        let id = ProofId::new(sha256(agent.did.as_str().as_bytes()));
        let hashes = Told::Hashes { id, claim: sha256(b"claim") };
        let hashes = primitive(agent, id, hashes, timestamp_s);
        world.ok(agent, told(&hashes));
        world.no(&other, told(&hashes), "proof_known");
        world.batch();
    }
}

fn primitive(issuer: &Person, id: ProofId, told: Told, timestamp_s: u64) -> Primitive {
    Primitive {
        issuer: issuer.did.clone(),
        key: issuer.key().clone(),
        signature: issuer.sign(id.to_string().as_bytes()),
        timestamp_s,
        told,
        metadata: String::new(),
        expires_at_s: None,
        place: None,
    }
}

/// A validator that joins and leaves again: two epochs.
fn validators(world: &mut World, round: u64) {
    let (somebody, network) = (Person::new("somebody"), world.network());
    let name = format!("w{round}");
    let approvals = |epoch, change: &Membership, by: &[u16]| -> Vec<Approval> {
        let message = approval_bytes(&network, epoch, change);
        let approval = |n: &u16| {
            let signature = votes(&format!("v{n}")).sign(&message);
            Approval { approver: ValidatorIndex::new(*n), signature }
        };
        by.iter().map(approval).collect()
    };
    let join = |epoch: Epoch, by: &[u16]| {
        let it = Box::new(validator(&name));
        let approvals = approvals(epoch, &Membership::Join(it.clone()), by);
        let possession = votes(&name).sign(&membership_possession_bytes(&network, epoch, &it));
        Operation::ValidatorJoin { epoch, validator: it, possession, approvals }
    };
    let leave = |epoch: Epoch, by: &[u16]| {
        let approvals = approvals(epoch, &Membership::Leave(name.clone()), by);
        Operation::ValidatorLeave { epoch, name: name.clone(), approvals }
    };
    let epoch = world.set().epoch();
    world.no(&somebody, leave(epoch, &[0, 1, 2]), "unknown_validator");
    world.no(&somebody, join(epoch, &[0, 1]), "too_few_approvals");
    world.no(&somebody, join(epoch.next(), &[0, 1, 2]), "wrong_epoch");
    world.ok(&somebody, join(epoch, &[0, 1, 2]));
    world.block();
    // What the closing block orders itself stands before the epoch's leaf.
    world.ok(&somebody, proof("closing", round));
    world.hand_over();
    let epoch = epoch.next();
    world.ok(&somebody, proof("opened", round));
    world.ok(&somebody, leave(epoch, &[0, 1, 2, 3]));
    world.block();
    world.hand_over();
    world.no(&somebody, leave(epoch, &[0, 1, 2, 3]), "wrong_epoch");
}
