//! Jobs and their evidence: how a job goes on, what a seal may say of it, and which keys sign.

use crypto::{Scheme, SecretKey, sha256};
use ledger::evidence::Evidence;
use ledger::job::{Job, Package};
use ledger::{Outcome, Rejection};
use proto::canon::py_ascii;
use proto::counter::{LeafIndex, TimeMs};
use proto::evidence::Level;
use proto::id::Tenant;
use proto::job::{
    Act, Backend, Completion, JobArtifact, JobId, JobRetention, JobState, Plan, Provenance, ProviderRun,
    RecordId,
};
use proto::operation::evidence::{EvidenceAct, EvidenceSeal, SealItem};
use proto::operation::{Operation, RetentionClass};
use proto::signer::{SignerChange, SignerListing, SignerName, SignerRoles, message};
use proto::submission::Body;

use crate::sessions::endorse;
use crate::world::{Person, World};

/// Ten minutes, by which a time may be off.
const DRIFT_MS: u64 = 600_000;

pub fn job_id(n: u8) -> JobId {
    JobId::parse(&format!("job_{n}")).expect("a name")
}

pub fn plan(retention: JobRetention) -> Plan {
    Plan {
        backend: Backend {
            id: "ibm_washington".to_owned(),
            version: "2.1.0".to_owned(),
            provider: "IBM Quantum".to_owned(),
            qubits: 127,
            status: "online".to_owned(),
        },
        provenance: Provenance {
            git_commit: "a1b2c3d4e5f6".to_owned(),
            image: Some(sha256(b"image")),
            config: Some(sha256(b"config")),
            circuit: Some(sha256(b"circuit")),
            compiler: "qiskit-1.0.0".to_owned(),
        },
        shots: 1_000,
        estimate_micros: 500_000,
        currency: "USD".to_owned(),
        tags: vec!["project:alpha".to_owned(), "team:research".to_owned()],
        retention,
        submitted_at: None,
        queued_at: None,
    }
}

fn with(n: u8, act: Act) -> Operation {
    Operation::Job { job: job_id(n), act }
}

pub fn open(n: u8) -> Operation {
    with(n, Act::Open(Box::new(plan(JobRetention::Class(RetentionClass::Standard)))))
}

pub fn run(n: u8) -> Operation {
    with(n, Act::Run { at: None })
}

pub fn fail(n: u8) -> Operation {
    with(n, Act::Fail { at: None, reason: "calibration".to_owned() })
}

fn completion(provider: Option<ProviderRun>) -> Completion {
    let artifact = |name: &str, bytes| JobArtifact {
        name: name.to_owned(),
        sha256: sha256(name.as_bytes()),
        bytes,
        content_type: "application/json".to_owned(),
    };
    Completion {
        shots: 1_000,
        success_ppm: 987_000,
        final_micros: 480_000,
        provider,
        artifacts: vec![artifact("circuit.qasm", 2_048), artifact("results.json", 8_192)],
        results: 1,
    }
}

pub fn complete(n: u8) -> Operation {
    with(n, Act::Complete { at: None, completion: Box::new(completion(None)) })
}

pub fn secret(scheme: Scheme, n: u8) -> SecretKey {
    SecretKey::from_seed(scheme, &[n; 32]).expect("a scheme that signs")
}

fn listing(world: &World, service: &Person, signer: &SecretKey, name: &str) -> SignerListing {
    let mut listing = SignerListing {
        name: SignerName::parse(name).expect("a name"),
        key: signer.public().clone(),
        roles: SignerRoles::Both,
        valid_from: TimeMs::new(1),
        valid_until: TimeMs::new(u64::MAX),
        possession: signer.sign(b"not yet"),
    };
    listing.possession = signer.sign(&listing.possession_bytes(&world.network(), &service.did));
    listing
}

pub fn list(world: &World, service: &Person, signer: &SecretKey, name: &str) -> Operation {
    let listing = listing(world, service, signer, name);
    Operation::Signer(Box::new(SignerChange::List(Box::new(listing))))
}

pub fn revoke(signer: &SecretKey, from: Option<TimeMs>) -> Operation {
    let (key, reason) = (signer.public().id(), "lost".to_owned());
    Operation::Signer(Box::new(SignerChange::Revoke { key, reason, from }))
}

/// A seal of what follows from the job, now.
pub fn sealed(world: &World, n: u8, signer: &SecretKey) -> EvidenceSeal {
    let now = world.ledger.tip().time;
    let record = RecordId::parse(&format!("bundle_{n}")).expect("a name");
    let tenant = Tenant::default_tenant();
    let job = world.reader().job(&tenant, &job_id(n)).expect("readable");
    let made = job.and_then(|job| Package::of(&tenant, &job_id(n), &job, &record, now));
    let (items, root, bundle) = match made {
        Some(Package { items, root, bundle, .. }) => (items, root, bundle),
        None => (Vec::new(), sha256(b"root"), sha256(b"bundle")),
    };
    let items = items.into_iter().map(|it| SealItem {
        id: it.id,
        label: it.label.unwrap_or_default(),
        content: it.content_hash,
    });
    EvidenceSeal {
        record,
        created_at: now,
        items: items.collect(),
        root,
        bundle,
        claim: Level::SealedAttested,
        key: signer.public().id(),
        signature: signer.sign(&message(signer.public().scheme(), &bundle)),
        signed_at: now,
    }
}

pub fn seal(n: u8, seal: EvidenceSeal) -> Operation {
    Operation::Evidence { job: job_id(n), act: EvidenceAct::Seal(Box::new(seal)) }
}

pub fn verified(n: u8) -> Operation {
    Operation::Evidence { job: job_id(n), act: EvidenceAct::Verified }
}

pub fn delete(n: u8) -> Operation {
    Operation::Evidence { job: job_id(n), act: EvidenceAct::Delete { reason: "asked for".to_owned() } }
}

/// A world with the service of `v0`, and an evidence key that it listed.
fn world() -> (World, Person, SecretKey) {
    let mut world = World::open();
    let service = Person::new(50);
    let endorsed = endorse(&mut world, &service, 0, "v0");
    assert_eq!(world.code(&endorsed), "ok");
    let signer = secret(Scheme::Ed25519, 70);
    let listed = list(&world, &service, &signer, "ql_key_prod_001");
    assert_eq!(said(&mut world, &service, listed), "ok");
    (world, service, signer)
}

fn said(world: &mut World, who: &Person, operation: Operation) -> &'static str {
    let submission = world.say(who, operation);
    world.code(&submission)
}

fn completed(world: &mut World, service: &Person, n: u8) {
    for operation in [open(n), run(n), complete(n)] {
        assert_eq!(said(world, service, operation), "ok");
    }
}

fn job(world: &World, n: u8) -> Job {
    world.reader().job(&Tenant::default_tenant(), &job_id(n)).expect("readable").expect("opened")
}

fn evidence(world: &World, n: u8) -> Option<Evidence> {
    world.reader().evidence(&Tenant::default_tenant(), &job_id(n)).expect("readable")
}

/// In the name of another tenant.
fn elsewhere(world: &mut World, service: &Person, nonce: u64, operation: Operation) -> &'static str {
    let body = Body {
        network: world.network(),
        tenant: Tenant::parse("another").expect("a name"),
        author: service.did.clone(),
        key: service.key().clone(),
        nonce: 1_000_000 + nonce,
        expires_at: None,
        operation,
    };
    world.code(&body.sign(&service.secret))
}

#[test]
fn a_job_goes_on_by_its_steps_each_once() {
    let (mut world, service, _) = world();
    for operation in [run(1), complete(1), fail(1)] {
        assert_eq!(said(&mut world, &service, operation), "unknown_job");
    }
    assert_eq!(said(&mut world, &service, open(1)), "ok");
    assert_eq!(job(&world, 1).state(), JobState::Created);
    assert_eq!(said(&mut world, &service, open(1)), "job_exists");
    for operation in [complete(1), fail(1)] {
        assert_eq!(said(&mut world, &service, operation), "job_state", "it does not run");
    }
    assert_eq!(said(&mut world, &service, run(1)), "ok");
    assert_eq!(job(&world, 1).state(), JobState::Running);
    assert_eq!(said(&mut world, &service, run(1)), "job_state");
    assert_eq!(said(&mut world, &service, complete(1)), "ok");
    assert_eq!(job(&world, 1).state(), JobState::Completed);
    for operation in [run(1), complete(1), fail(1)] {
        assert_eq!(said(&mut world, &service, operation), "job_state");
    }
    for operation in [open(2), run(2), fail(2)] {
        assert_eq!(said(&mut world, &service, operation), "ok");
    }
    assert_eq!(job(&world, 2).state(), JobState::Failed);
    for operation in [run(2), complete(2), fail(2)] {
        assert_eq!(said(&mut world, &service, operation), "job_state");
    }
}

#[test]
fn the_times_of_a_job_do_not_go_back_nor_far_ahead() {
    let (mut world, service, _) = world();
    let now = world.ledger.tip().time;
    let opened = |submitted: Option<u64>, queued: Option<u64>| {
        let (submitted_at, queued_at) = (submitted.map(TimeMs::new), queued.map(TimeMs::new));
        let plan = Plan { submitted_at, queued_at, ..plan(JobRetention::Class(RetentionClass::Standard)) };
        with(1, Act::Open(Box::new(plan)))
    };
    let ahead = now.get() + 2 * DRIFT_MS;
    assert_eq!(
        said(&mut world, &service, opened(Some(5), Some(4))),
        "job_time",
        "queued before it was there"
    );
    assert_eq!(said(&mut world, &service, opened(Some(ahead), None)), "job_time");
    assert_eq!(said(&mut world, &service, opened(None, Some(ahead))), "job_time");
    assert_eq!(said(&mut world, &service, opened(Some(5), Some(7))), "ok");
    let run = |at: u64| with(1, Act::Run { at: Some(TimeMs::new(at)) });
    assert_eq!(said(&mut world, &service, run(6)), "job_time");
    assert_eq!(said(&mut world, &service, run(ahead)), "job_time");
    assert_eq!(said(&mut world, &service, run(7)), "ok");
    let complete = |at: u64| {
        let completion = Box::new(completion(None));
        with(1, Act::Complete { at: Some(TimeMs::new(at)), completion })
    };
    assert_eq!(said(&mut world, &service, complete(6)), "job_time");
    assert_eq!(said(&mut world, &service, complete(9)), "ok");
    let found = job(&world, 1);
    let times = [found.submitted_at, found.queued_at, found.started().expect("ran").time];
    assert_eq!(times.map(TimeMs::get), [5, 7, 7]);
    assert_eq!(found.ended().expect("done").time.get(), 9);
}

#[test]
fn a_job_does_not_run_more_often_than_was_asked_for() {
    let (mut world, service, _) = world();
    for operation in [open(1), run(1)] {
        assert_eq!(said(&mut world, &service, operation), "ok");
    }
    let completion = Box::new(Completion { shots: 1_001, ..completion(None) });
    let often = with(1, Act::Complete { at: None, completion });
    assert_eq!(said(&mut world, &service, often), "job_shots");
    assert_eq!(said(&mut world, &service, complete(1)), "ok");
}

#[test]
fn only_a_service_acts_and_another_one_goes_on() {
    let (mut world, service, signer) = world();
    let stranger = Person::new(60);
    let listed = list(&world, &stranger, &secret(Scheme::Ed25519, 71), "theirs");
    for operation in [open(1), listed, revoke(&signer, None), verified(1)] {
        assert_eq!(said(&mut world, &stranger, operation), "unknown_service");
    }
    let other = Person::new(51);
    let endorsed = endorse(&mut world, &other, 3, "v3");
    assert_eq!(world.code(&endorsed), "ok");
    assert_eq!(said(&mut world, &service, open(1)), "ok");
    assert_eq!(said(&mut world, &other, run(1)), "ok");
    assert_eq!(said(&mut world, &service, complete(1)), "ok");
    let sealed = sealed(&world, 1, &signer);
    assert_eq!(said(&mut world, &other, seal(1, sealed)), "ok");
}

#[test]
fn in_another_tenant_there_is_another_job_of_that_name() {
    let (mut world, service, signer) = world();
    completed(&mut world, &service, 1);
    assert_eq!(elsewhere(&mut world, &service, 0, fail(1)), "unknown_job");
    let taken = sealed(&world, 1, &signer);
    assert_eq!(elsewhere(&mut world, &service, 1, seal(1, taken.clone())), "unknown_job");
    assert_eq!(elsewhere(&mut world, &service, 2, open(1)), "ok");
    assert_eq!(job(&world, 1).state(), JobState::Completed);
    let another = Tenant::parse("another").expect("a name");
    let found = world.reader().job(&another, &job_id(1)).expect("readable").expect("opened");
    assert_eq!(found.state(), JobState::Created);
    // A record is of its tenant: the same items there have another digest.
    for (nonce, operation) in [run(1), complete(1)].into_iter().enumerate() {
        assert_eq!(elsewhere(&mut world, &service, 3 + nonce as u64, operation), "ok");
    }
    let now = world.ledger.tip().time;
    let moved = EvidenceSeal { created_at: now, signed_at: now, ..taken.clone() };
    assert_eq!(elsewhere(&mut world, &service, 9, seal(1, moved)), "evidence_mismatch");
    assert_eq!(said(&mut world, &service, seal(1, taken)), "ok");
    assert_eq!(world.reader().records(&another, None, 10), Ok(Vec::new()));
}

#[test]
fn a_failed_or_unfinished_job_gets_no_evidence() {
    let (mut world, service, signer) = world();
    let early = sealed(&world, 1, &signer);
    assert_eq!(said(&mut world, &service, seal(1, early.clone())), "unknown_job");
    for operation in [open(1), run(1), fail(1)] {
        assert_eq!(said(&mut world, &service, operation), "ok");
        assert_eq!(said(&mut world, &service, seal(1, early.clone())), "job_not_completed");
    }
    assert_eq!(evidence(&world, 1), None);
}

#[test]
fn a_job_has_one_bundle_and_a_name_is_given_once() {
    let (mut world, service, signer) = world();
    completed(&mut world, &service, 1);
    completed(&mut world, &service, 2);
    let first = sealed(&world, 1, &signer);
    assert_eq!(said(&mut world, &service, seal(1, first.clone())), "ok");
    let before = evidence(&world, 1);
    let again = sealed(&world, 1, &signer);
    assert_eq!(said(&mut world, &service, seal(1, again)), "evidence_sealed");
    let mut second = sealed(&world, 2, &signer);
    second.record = first.record.clone();
    assert_eq!(said(&mut world, &service, seal(2, second)), "record_used");
    assert_eq!(evidence(&world, 1), before);
    let of = world.reader().job_of_record(&Tenant::default_tenant(), &first.record);
    assert_eq!(of, Ok(Some(job_id(1))));
}

#[test]
fn bundles_of_a_tenant_are_a_chain_in_the_order_of_execution() {
    let (mut world, service, signer) = world();
    let mut previous = None;
    for n in 1..5 {
        completed(&mut world, &service, n);
        let made = sealed(&world, n, &signer);
        assert_eq!(said(&mut world, &service, seal(n, made.clone())), "ok");
        let found = evidence(&world, n).expect("sealed");
        assert_eq!((found.number, found.previous), (u64::from(n) - 1, previous));
        previous = Some(made.bundle);
    }
    let tenant = Tenant::default_tenant();
    let records = |before, max| world.reader().records(&tenant, before, max).expect("readable");
    let named = |n: u8| (u64::from(n) - 1, job_id(n));
    assert_eq!(records(None, 10), [4, 3, 2, 1].map(named));
    assert_eq!(records(None, 2), [4, 3].map(named));
    assert_eq!(records(Some(2), 10), [2, 1].map(named));
    assert_eq!(records(Some(0), 10), []);
    // Each is found by its bundle's hash, in its own tenant alone.
    for n in 1..5 {
        let bundle = evidence(&world, n).expect("sealed").bundle;
        assert_eq!(world.reader().job_of_bundle(&tenant, &bundle), Ok(Some(job_id(n))));
        let another = Tenant::parse("another").expect("a name");
        assert_eq!(world.reader().job_of_bundle(&another, &bundle), Ok(None));
    }
    let jobs = world.reader().jobs(&tenant, None, 10).expect("readable");
    assert_eq!(jobs.iter().map(|it| it.1.clone()).collect::<Vec<_>>(), [4, 3, 2, 1].map(job_id));
    let (second, _) = jobs[1];
    let older = world.reader().jobs(&tenant, Some(second), 10).expect("readable");
    assert_eq!(older, jobs[2..]);
    assert_eq!(world.reader().jobs(&tenant, Some(LeafIndex::ZERO), 10), Ok(Vec::new()));
}

#[test]
fn whatever_of_a_seal_does_not_follow_from_the_job_is_named() {
    type Spoil = fn(&mut EvidenceSeal);
    let cases: [(&str, Spoil); 9] = [
        ("timeline", |it| it.items[2].content = sha256(b"another")),
        ("results_summary", |it| it.items[7].content = sha256(b"another result")),
        ("artifact_1", |it| it.items[6].content = it.items[5].content),
        ("execution", |it| it.items[4].label = "execution".to_owned()),
        ("cost", |it| it.items[3].id = "costs".to_owned()),
        ("7 items instead of 8", |it| it.items.truncate(7)),
        ("provenance", |it| it.items.swap(0, 1)),
        ("merkle_root", |it| it.root = sha256(b"root")),
        ("bundle_hash", |it| it.bundle = sha256(b"bundle")),
    ];
    let (mut world, service, signer) = world();
    completed(&mut world, &service, 1);
    for (name, spoil) in cases {
        let mut spoilt = sealed(&world, 1, &signer);
        spoil(&mut spoilt);
        spoilt.signature = signer.sign(&message(Scheme::Ed25519, &spoilt.bundle));
        let submission = world.say(&service, seal(1, spoilt));
        match world.outcome(&submission) {
            Outcome::Rejected { rejection: Rejection::Job(refusal), .. } => {
                assert_eq!(refusal.code(), "evidence_mismatch");
                assert!(refusal.to_string().starts_with(&format!("{name} of ")), "{name}: {refusal}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    let made = sealed(&world, 1, &signer);
    assert_eq!(said(&mut world, &service, seal(1, made)), "ok");
}

#[test]
fn a_seal_is_made_and_signed_after_the_job_and_now() {
    let (mut world, service, signer) = world();
    completed(&mut world, &service, 1);
    let now = world.ledger.tip().time.get();
    let done = job(&world, 1).ended().expect("done").time.get();
    for (created, signed) in
        [(done - 1, now), (now, now - 1), (now + 2 * DRIFT_MS, now + 2 * DRIFT_MS), (now, now + 2 * DRIFT_MS)]
    {
        let mut late = sealed(&world, 1, &signer);
        (late.created_at, late.signed_at) = (TimeMs::new(created), TimeMs::new(signed));
        assert_eq!(said(&mut world, &service, seal(1, late)), "job_time", "{created} {signed}");
    }
    // Longer ago than a clock may be off.
    world.skip(2 * DRIFT_MS);
    let mut old = sealed(&world, 1, &signer);
    old.signed_at = TimeMs::new(now);
    old.created_at = TimeMs::new(now);
    assert_eq!(said(&mut world, &service, seal(1, old)), "job_time");
}

#[test]
fn a_claim_is_never_above_what_is_shown() {
    let (mut world, service, ed25519) = world();
    let ml_dsa = secret(Scheme::MlDsa65, 72);
    let listed = list(&world, &service, &ml_dsa, "ql_key_pqc");
    assert_eq!(said(&mut world, &service, listed), "ok");
    let run_of = ProviderRun { job: "p".to_owned(), compiled: "c".to_owned(), raw_result: "r".to_owned() };
    let all =
        [Level::SealedUnsigned, Level::SealedAttested, Level::SealedAttestedPqc, Level::ProviderAttested];
    let mut n = 0;
    for (signer, provider, shown) in [
        (&ed25519, None, Level::SealedAttested),
        (&ed25519, Some(run_of.clone()), Level::SealedAttested),
        (&ml_dsa, None, Level::SealedAttestedPqc),
        (&ml_dsa, Some(run_of), Level::ProviderAttested),
    ] {
        for claim in all {
            n += 1;
            let completion = Box::new(completion(provider.clone()));
            let complete = with(n, Act::Complete { at: None, completion });
            for operation in [open(n), run(n), complete] {
                assert_eq!(said(&mut world, &service, operation), "ok");
            }
            let made = EvidenceSeal { claim, ..sealed(&world, n, signer) };
            let expected = if claim > shown { "claim_above" } else { "ok" };
            assert_eq!(said(&mut world, &service, seal(n, made)), expected, "{claim} of {shown}");
            assert_eq!(evidence(&world, n).map(|it| it.claim), (claim <= shown).then_some(claim));
        }
    }
}

#[test]
fn evidence_is_signed_by_a_key_that_is_listed_and_good() {
    let (mut world, service, signer) = world();
    completed(&mut world, &service, 1);
    let stranger = secret(Scheme::Ed25519, 73);
    let by_stranger = sealed(&world, 1, &stranger);
    assert_eq!(said(&mut world, &service, seal(1, by_stranger)), "unknown_signer");
    let mut borrowed = sealed(&world, 1, &signer);
    borrowed.signature = stranger.sign(&message(Scheme::Ed25519, &borrowed.bundle));
    assert_eq!(said(&mut world, &service, seal(1, borrowed)), "signer_signature");
    let mut of_text = sealed(&world, 1, &signer);
    of_text.signature = signer.sign(of_text.bundle.to_string().as_bytes());
    assert_eq!(said(&mut world, &service, seal(1, of_text)), "signer_signature", "not over its digest");
    // For other things, and for other times.
    let now = world.ledger.tip().time;
    let (hour, far) = (3_600_000, TimeMs::new(u64::MAX));
    for (n, roles, valid_from, valid_until, expected) in [
        (80, SignerRoles::Trust, TimeMs::new(1), far, "signer_role"),
        (81, SignerRoles::Evidence, now.plus(hour), far, "signer_validity"),
        (82, SignerRoles::Evidence, TimeMs::new(1), now.plus(hour), "signer_validity"),
    ] {
        let key = secret(Scheme::Ed25519, n);
        let mut listing = listing(&world, &service, &key, &format!("key_{n}"));
        (listing.roles, listing.valid_from, listing.valid_until) = (roles, valid_from, valid_until);
        listing.possession = key.sign(&listing.possession_bytes(&world.network(), &service.did));
        let listed = Operation::Signer(Box::new(SignerChange::List(Box::new(listing))));
        assert_eq!(said(&mut world, &service, listed), "ok");
        if n == 82 {
            world.skip(hour);
        }
        let made = sealed(&world, 1, &key);
        assert_eq!(said(&mut world, &service, seal(1, made)), expected);
    }
    assert_eq!(said(&mut world, &service, revoke(&signer, None)), "ok");
    let made = sealed(&world, 1, &signer);
    assert_eq!(said(&mut world, &service, seal(1, made)), "signer_revoked");
    let p256 = secret(Scheme::Es256, 74);
    let listed = list(&world, &service, &p256, "ql_key_p256");
    assert_eq!(said(&mut world, &service, listed), "ok");
    let made = sealed(&world, 1, &p256);
    assert_eq!(said(&mut world, &service, seal(1, made)), "ok", "any scheme that others verify");
}

#[test]
fn a_key_is_listed_once_and_revoked_once_by_whose_it_is() {
    let (mut world, service, signer) = world();
    let again = list(&world, &service, &signer, "another_name");
    assert_eq!(said(&mut world, &service, again), "signer_listed");
    let other_key = secret(Scheme::MlDsa65, 75);
    let same_name = list(&world, &service, &other_key, "ql_key_prod_001");
    assert_eq!(said(&mut world, &service, same_name), "signer_name");
    let mut over = listing(&world, &service, &other_key, "over");
    over.valid_until = TimeMs::new(2);
    over.possession = other_key.sign(&over.possession_bytes(&world.network(), &service.did));
    let over = Operation::Signer(Box::new(SignerChange::List(Box::new(over))));
    assert_eq!(said(&mut world, &service, over), "signer_over");
    assert_eq!(said(&mut world, &service, revoke(&other_key, None)), "no_signer");

    let other = Person::new(51);
    let endorsed = endorse(&mut world, &other, 3, "v3");
    assert_eq!(world.code(&endorsed), "ok");
    assert_eq!(said(&mut world, &other, revoke(&signer, None)), "signer_holder", "v0 reigns");
    let ahead = world.ledger.tip().time.plus(3_600_000);
    assert_eq!(said(&mut world, &service, revoke(&signer, Some(ahead))), "signer_ahead");
    // Another service of the same validator may.
    let second = Person::new(52);
    let endorsed = endorse(&mut world, &second, 0, "v0");
    assert_eq!(world.code(&endorsed), "ok");
    let from = world.ledger.tip().time;
    assert_eq!(said(&mut world, &second, revoke(&signer, Some(from))), "ok");
    assert_eq!(said(&mut world, &service, revoke(&signer, None)), "signer_revoked_before");
    let found = world.reader().signer(&signer.public().id()).expect("readable").expect("listed");
    let revoked = found.revoked.clone().expect("revoked");
    assert_eq!((revoked.number, revoked.from, revoked.reason.as_str()), (0, from, "lost"));
    assert!(found.is_believed_at(TimeMs::new(from.get() - 1)) && !found.is_believed_at(from));
    let name = SignerName::parse("ql_key_prod_001").expect("a name");
    assert_eq!(world.reader().signer_named(&name), Ok(Some(found.clone())));
    assert_eq!(world.reader().revoked_signers(0, 10), Ok(vec![found]));
    assert_eq!(world.reader().revoked_signers(1, 10), Ok(Vec::new()));
    assert_eq!(world.reader().signers(None, 10).expect("readable").len(), 1);
}

#[test]
fn a_key_that_did_not_consent_is_not_read() {
    let (mut world, service, _) = world();
    let key = secret(Scheme::MlDsa65, 76);
    for spoil in [
        |it: &mut SignerListing| it.name = SignerName::parse("another").expect("a name"),
        |it: &mut SignerListing| it.roles = SignerRoles::Trust,
        |it: &mut SignerListing| it.valid_from = TimeMs::new(2),
        |it: &mut SignerListing| it.valid_until = TimeMs::new(3),
    ] {
        let mut listing = listing(&world, &service, &key, "theirs");
        spoil(&mut listing);
        let listed = Operation::Signer(Box::new(SignerChange::List(Box::new(listing))));
        let submission = world.say(&service, listed);
        let network = world.network();
        assert!(submission.verify_signatures(&network, &proto::verified::Strict).is_err());
    }
    let whole = list(&world, &service, &key, "theirs");
    let submission = world.say(&service, whole);
    assert_eq!(submission.verify_signatures(&world.network(), &proto::verified::Strict), Ok(()));
}

#[test]
fn evidence_is_verified_once_and_deleted_when_it_may_be() {
    let (mut world, service, signer) = world();
    completed(&mut world, &service, 1);
    for operation in [verified(1), delete(1)] {
        assert_eq!(said(&mut world, &service, operation), "no_evidence");
    }
    let made = sealed(&world, 1, &signer);
    assert_eq!(said(&mut world, &service, seal(1, made)), "ok");
    assert_eq!(said(&mut world, &service, verified(1)), "ok");
    assert_eq!(said(&mut world, &service, verified(1)), "evidence_verified");
    assert_eq!(said(&mut world, &service, delete(1)), "ok");
    for operation in [verified(1), delete(1)] {
        assert_eq!(said(&mut world, &service, operation), "evidence_deleted");
    }
    let again = sealed(&world, 1, &signer);
    assert_eq!(said(&mut world, &service, seal(1, again)), "evidence_sealed", "nor is it sealed again");
    let day = 86_400_000;
    for (n, class, days) in [
        (2, JobRetention::Class(RetentionClass::Compliance), 2_557),
        (3, JobRetention::Enterprise { days: 2, write_once: true }, 2),
        (4, JobRetention::Enterprise { days: 2, write_once: false }, 0),
    ] {
        let opened = with(n, Act::Open(Box::new(plan(class))));
        for operation in [opened, run(n), complete(n)] {
            assert_eq!(said(&mut world, &service, operation), "ok");
        }
        let made = sealed(&world, n, &signer);
        assert_eq!(said(&mut world, &service, seal(n, made)), "ok");
        if days > 0 {
            world.skip((days - 1) * day);
            assert_eq!(said(&mut world, &service, delete(n)), "evidence_kept");
            world.skip(day);
        }
        assert_eq!(said(&mut world, &service, delete(n)), "ok");
        assert_eq!(said(&mut world, &service, verified(n)), "evidence_deleted");
    }
}

#[test]
fn a_record_is_the_same_bytes_on_every_node() {
    let (mut world, service, signer) = world();
    completed(&mut world, &service, 1);
    let made = sealed(&world, 1, &signer);
    assert_eq!(said(&mut world, &service, seal(1, made)), "ok");
    let found = evidence(&world, 1).expect("sealed");
    let package = found.package(&Tenant::default_tenant(), &job_id(1), &job(&world, 1)).expect("completed");
    assert_eq!((package.root, package.bundle), (found.root, found.bundle));
    let data = |id: &str| {
        let bytes = py_ascii::encode(package.data(id).unwrap_or_else(|| panic!("{id} is there")));
        String::from_utf8(bytes).expect("ASCII")
    };
    let hash = |text: &str| format!("sha256:{}", sha256(text.as_bytes()));
    assert_eq!(
        data("provenance"),
        format!(
            concat!(
                r#"{{"circuit_hash":"{}","compiler_version":"qiskit-1.0.0","config_hash":"{}","#,
                r#""git_commit":"a1b2c3d4e5f6","image_digest":"{}"}}"#
            ),
            hash("circuit"),
            hash("config"),
            hash("image")
        )
    );
    assert_eq!(
        data("cost"),
        r#"{"chargeback_tags":["project:alpha","team:research"],"currency":"USD","estimate_usd":0.5,"final_usd":0.48}"#
    );
    assert_eq!(
        data("execution"),
        r#"{"job_id":"job_1","shots_completed":1000,"shots_requested":1000,"status":"completed","success_rate":0.987}"#
    );
    assert_eq!(
        data("capabilities_snapshot"),
        concat!(
            r#"{"backend_id":"ibm_washington","backend_provider":"IBM Quantum","backend_qubits":127,"#,
            r#""backend_status":"online","backend_version":"2.1.0"}"#
        )
    );
    assert_eq!(
        data("artifact_1"),
        format!(
            concat!(
                r#"{{"content_type":"application/json","hash":"{}","hash_algorithm":"sha256","#,
                r#""name":"results.json","size_bytes":8192}}"#
            ),
            hash("results.json")
        )
    );
    assert_eq!(data("results_summary"), format!(r#"{{"result_hash":"{}"}}"#, hash("results.json")));
    assert_eq!(
        data("timeline"),
        concat!(
            r#"{"completed_at":"1970-01-01T00:16:45Z","packaged_at":"1970-01-01T00:16:45Z","#,
            r#""queued_at":"1970-01-01T00:16:43Z","started_at":"1970-01-01T00:16:44Z","#,
            r#""submitted_at":"1970-01-01T00:16:43Z"}"#
        )
    );
}

#[test]
fn the_root_over_published_digests_is_the_published_one() {
    let digests = [
        "5c075c74beeb6b5e8813ac5ceb8eff71dde5408b6ea7576ff1644b77cdc587f7",
        "f79a216fe748c3853182faed973427a44e48b97d2ffeb59fc9480cfe17e73c10",
        "dff3901f83073241657d3bc4d3961c454fe5d4e29bf9a5f18921a27804f688ae",
    ];
    let digests = digests.map(|text| text.parse().expect("a digest"));
    let root = ledger::job::root(digests.iter());
    assert_eq!(root.to_string(), "0ab4bc0eb6d88cecf2aac4eed66acb23e38435aa3d93d10b1d0f4f8c6111880a");
}
