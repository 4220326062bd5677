//! Sessions: who may act on them, what follows from what was measured, and one chain of all proofs.

use crypto::Scheme;
use ledger::session::{Finalized, GENESIS, Proof, Session, link};
use ledger::{Ledger, Outcome, Rejection};
use proto::canon::{Value, py_utf8, read};
use proto::counter::{Epoch, TimeMs};
use proto::id::Tenant;
use proto::operation::{
    Approval, Membership, Operation, approval_bytes, endorsement_bytes, membership_possession_bytes,
};
use proto::session::{Act, Intent, Sample, SessionId};
use proto::submission::{Body, Submission};
use proto::validators::Validator;

use crate::epochs::hand_over;
use crate::world::{Person, START, STEP_MS, World, validator, validator_secret};

pub fn endorse(world: &mut World, service: &Person, by: u8, name: &str) -> Submission {
    let message = endorsement_bytes(&world.network(), name, &service.key().id());
    let endorsement = validator_secret(Scheme::Ed25519, 0, by).sign(&message);
    world.say(service, Operation::ServiceEndorse { validator: name.to_owned(), endorsement })
}

pub fn id(n: u8) -> SessionId {
    SessionId::random([n; 16])
}

pub fn open(n: u8, target_p95_latency_ms: u32) -> Operation {
    let intent = Intent {
        text: "café".to_owned(),
        target_p95_latency_ms,
        target_jitter_ms: 25,
        duration_s: 15,
        flow_label: Intent::LABEL.to_owned(),
    };
    Operation::Session { session: id(n), act: Act::Open(Box::new(intent)) }
}

pub fn sample(n: u8, p50_us: u64, p95_us: u64, jitter_us: u64) -> Operation {
    let sample = Sample { packets: 20, p50_us, p95_us, jitter_us, notes: String::new() };
    Operation::Session { session: id(n), act: Act::Sample(Box::new(sample)) }
}

pub fn finalize(n: u8) -> Operation {
    Operation::Session { session: id(n), act: Act::Finalize }
}

fn delete(n: u8) -> Operation {
    Operation::Session { session: id(n), act: Act::Delete }
}

/// Validator `n` leaves, and the next epoch begins without it.
pub fn retire(world: &mut World, n: u8) {
    let (epoch, name) = (Epoch::ZERO, format!("v{n}"));
    let message = approval_bytes(&world.network(), epoch, &Membership::Leave(name.clone()));
    let approvals = (0..3).map(|n| Approval {
        approver: proto::id::ValidatorIndex::new(n),
        signature: validator_secret(Scheme::Ed25519, 0, n as u8).sign(&message),
    });
    let leave = Operation::ValidatorLeave { epoch, name, approvals: approvals.collect() };
    assert_eq!(said(world, &Person::new(9), leave), "ok");
    world.settle();
    hand_over(world);
    world.settle();
}

/// A world with the service of validator `v0`.
fn world() -> (World, Person) {
    let mut world = World::open();
    let service = Person::new(50);
    let endorsed = endorse(&mut world, &service, 0, "v0");
    assert_eq!(world.code(&endorsed), "ok");
    (world, service)
}

fn said(world: &mut World, who: &Person, operation: Operation) -> &'static str {
    let submission = world.say(who, operation);
    world.code(&submission)
}

fn session(world: &World, n: u8) -> Session {
    world.reader().session(&id(n)).expect("readable").expect("opened")
}

/// A session with these samples, finalized.
fn proven(world: &mut World, service: &Person, n: u8, samples: &[(u64, u64, u64)]) -> (Session, Finalized) {
    assert_eq!(said(world, service, open(n, 120)), "ok");
    for (p50, p95, jitter) in samples {
        assert_eq!(said(world, service, sample(n, *p50, *p95, *jitter)), "ok");
    }
    assert_eq!(said(world, service, finalize(n)), "ok");
    let session = session(world, n);
    let finalized = session.finalized.expect("finalized");
    (session, finalized)
}

fn text(value: &Value) -> String {
    String::from_utf8(py_utf8::encode(value)).expect("UTF-8")
}

#[test]
fn a_proof_is_the_bytes_that_the_qod_service_would_hash() {
    let (mut world, service) = world();
    let (session, finalized) = proven(
        &mut world,
        &service,
        1,
        &[(42_000, 90_000, 10_000), (42_000, 100_000, 11_000), (43_000, 110_000, 12_000)],
    );
    let Proof { proof, artifact } = Proof::of(&id(1), &session, finalized.time);
    let hash = crypto::sha256(&py_utf8::encode(&artifact));
    let expected = concat!(
        r#"{"artifacts":{"runtime_artifact_relpath":"01010101-0101-4101-8101-010101010101/artifact.json","#,
        r#""runtime_artifact_sha256":"HASH"},"created_at":"1970-01-01T00:16:46Z","#,
        r#""measured_outcomes":{"avg_jitter_ms":11.0,"avg_p50_ms":42.33,"avg_p95_ms":100.0,"samples_count":3},"#,
        r#""provider_observed":{"provider_note":"local-simulated-provider","qos_status_at_finalize":"AVAILABLE"},"#,
        r#""requested":{"intent":{"duration_s":15,"flow_label":"demo-flow","target_jitter_ms":25,"#,
        r#""target_p95_latency_ms":120,"text":"café"},"qos_profile":"QOS_BALANCED"},"#,
        r#""session_id":"01010101-0101-4101-8101-010101010101"}"#,
    );
    assert_eq!(text(&proof), expected.replace("HASH", &hash.to_string()));
    let expected = concat!(
        r#"{"created_at":"1970-01-01T00:16:46Z","decision":{"reasons":["#,
        r#""p95 latency 100.0 ms is within the target of 120 ms","jitter 11.0 ms, for information"],"#,
        r#""result":"pass"},"inputs":{"network":{"country":"","ip_address":"","msisdn":""},"#,
        r#""targets":{"max_latency_ms":120,"min_availability_pct":0.0,"min_throughput_mbps":0.1}},"#,
        r#""measured":{"availability_pct":100.0,"jitter_ms":11.0,"latency_ms":100.0,"packet_loss_pct":0.0,"#,
        r#""throughput_mbps":0.0},"qos_profile":"standard","schema_version":"v1","#,
        r#""session_id":"01010101-0101-4101-8101-010101010101"}"#,
    );
    assert_eq!(text(&artifact), expected);
    assert_eq!(read(&text(&proof)), Ok(proof.clone()));
    assert_eq!((finalized.number, finalized.previous), (0, None));
    assert_eq!(finalized.this, crypto::sha256(&[GENESIS.as_bytes(), b"|", text(&proof).as_bytes()].concat()));
}

#[test]
fn a_target_decides_the_profile_and_an_average_the_decision() {
    for (target, p95_us, profile, result) in [
        (50, 50_004, ("QOS_LOW_LATENCY", "turbo"), "pass"),
        (50, 50_006, ("QOS_LOW_LATENCY", "turbo"), "fail"),
        (51, 51_000, ("QOS_BALANCED", "standard"), "pass"),
        (150, 150_010, ("QOS_BALANCED", "standard"), "fail"),
        (151, 1, ("QOS_BEST_EFFORT", "strict"), "pass"),
        // Both are judged as 5,000 ms at most.
        (60_000, 59_000_000, ("QOS_BEST_EFFORT", "strict"), "pass"),
    ] {
        let (mut world, service) = world();
        for operation in [open(1, target), sample(1, 0, p95_us, 0), finalize(1)] {
            assert_eq!(said(&mut world, &service, operation), "ok");
        }
        let session = session(&world, 1);
        let Proof { proof, artifact } =
            Proof::of(&id(1), &session, session.finalized.expect("finalized").time);
        let member = |value: &Value, path: &[&str]| {
            let found = path.iter().try_fold(value, |value, name| value.get(name));
            found.and_then(Value::as_text).map(str::to_owned)
        };
        assert_eq!(member(&proof, &["requested", "qos_profile"]).as_deref(), Some(profile.0), "{target}");
        assert_eq!(member(&artifact, &["qos_profile"]).as_deref(), Some(profile.1));
        assert_eq!(member(&artifact, &["decision", "result"]).as_deref(), Some(result), "{target} {p95_us}");
    }
}

#[test]
fn a_provider_that_was_asked_just_now_has_not_answered() {
    let (mut world, service) = world();
    // In one block, and so at one time.
    let operations = [open(1, 10), sample(1, 1, 2, 3), finalize(1)];
    let submissions: Vec<_> = operations.into_iter().map(|it| world.say(&service, it)).collect();
    world.run(&submissions);
    world.settle();
    let found = session(&world, 1);
    let time = found.finalized.expect("all three stand in one block, in order").time;
    assert_eq!(time, found.opened_at);
    for (later, status) in [(0, "REQUESTED"), (1_999, "REQUESTED"), (2_000, "AVAILABLE")] {
        let proof = Proof::of(&id(1), &found, time.plus(later)).proof;
        let observed = proof.get("provider_observed").and_then(|it| it.get("qos_status_at_finalize"));
        assert_eq!(observed.and_then(Value::as_text), Some(status));
    }
}

#[test]
fn all_proofs_are_one_chain_in_the_order_of_execution() {
    let (mut world, service) = world();
    let mut previous = None;
    for n in 1..6 {
        let (session, finalized) = proven(&mut world, &service, n, &[(1, 2, 3)]);
        assert_eq!((finalized.number, finalized.previous), (u64::from(n) - 1, previous));
        let expected = link(previous.as_ref(), &Proof::of(&id(n), &session, finalized.time).canonical());
        assert_eq!(finalized.this, expected);
        assert_eq!(world.reader().session_of_proof(finalized.number), Ok(Some(id(n))));
        previous = Some(finalized.this);
        // A node that begins again goes on with the same chain.
        world.settle();
        world.ledger = Ledger::open(world.store.clone(), &world.genesis).expect("ours").0;
    }
    assert_eq!(world.reader().session_of_proof(5), Ok(None));
    // Two in one block, in its order.
    for n in [6, 7] {
        for operation in [open(n, 10), sample(n, 1, 2, 3)] {
            assert_eq!(said(&mut world, &service, operation), "ok");
        }
    }
    let both = [world.say(&service, finalize(7)), world.say(&service, finalize(6))];
    world.run(&both);
    world.settle();
    let (six, seven) = (session(&world, 6).finalized, session(&world, 7).finalized);
    let (six, seven) = (six.expect("finalized"), seven.expect("finalized"));
    assert_eq!((seven.number, seven.previous), (5, previous));
    assert_eq!((six.number, six.previous), (6, Some(seven.this)));
}

#[test]
fn a_session_is_opened_once_and_finalized_once_and_then_nothing_is_added() {
    let (mut world, service) = world();
    assert_eq!(said(&mut world, &service, sample(1, 1, 2, 3)), "unknown_session");
    assert_eq!(said(&mut world, &service, finalize(1)), "unknown_session");
    assert_eq!(said(&mut world, &service, delete(1)), "unknown_session");
    assert_eq!(said(&mut world, &service, open(1, 10)), "ok");
    assert_eq!(said(&mut world, &service, open(1, 10)), "session_exists");
    assert_eq!(said(&mut world, &service, finalize(1)), "no_samples");
    assert_eq!(said(&mut world, &service, sample(1, 1, 2, 3)), "ok");
    assert_eq!(said(&mut world, &service, finalize(1)), "ok");
    let before = session(&world, 1);
    assert_eq!(said(&mut world, &service, finalize(1)), "session_finalized");
    assert_eq!(said(&mut world, &service, sample(1, 9, 9, 9)), "session_finalized");
    assert_eq!(session(&world, 1), before);
    assert_eq!(said(&mut world, &service, delete(1)), "ok");
    let after = session(&world, 1);
    assert_eq!((after.finalized, after.samples), (before.finalized, before.samples), "the proof stays");
    assert!(after.deleted.is_some());
    for operation in [delete(1), finalize(1), sample(1, 1, 2, 3)] {
        assert_eq!(said(&mut world, &service, operation), "session_deleted");
    }
    assert_eq!(said(&mut world, &service, open(1, 10)), "session_exists", "nor is its id used again");
}

#[test]
fn another_service_of_the_network_goes_on_with_a_session() {
    let (mut world, service) = world();
    let other = Person::new(51);
    let endorsed = endorse(&mut world, &other, 3, "v3");
    assert_eq!(world.code(&endorsed), "ok");
    assert_eq!(said(&mut world, &service, open(1, 10)), "ok");
    assert_eq!(said(&mut world, &other, sample(1, 1, 2, 3)), "ok");
    assert_eq!(said(&mut world, &other, finalize(1)), "ok");
    let services = world.reader().services(10).expect("readable");
    assert_eq!(services.len(), 2);
    let found = world.reader().service(&other.key().id()).expect("readable").expect("endorsed");
    assert_eq!((found.validator.as_str(), &found.key), ("v3", other.key()));
}

#[test]
fn who_is_of_no_service_does_nothing() {
    let (mut world, service) = world();
    assert_eq!(said(&mut world, &service, open(1, 10)), "ok");
    let stranger = Person::new(60);
    for operation in [open(2, 10), sample(1, 1, 2, 3), finalize(1), delete(1)] {
        assert_eq!(said(&mut world, &stranger, operation), "unknown_service");
    }
    // By a validator that is none, by the key of another one, for another key, and twice.
    let by_nobody = endorse(&mut world, &stranger, 0, "v9");
    assert_eq!(world.code(&by_nobody), "unknown_validator");
    let by_another = endorse(&mut world, &stranger, 1, "v0");
    assert_eq!(world.code(&by_another), "service_endorsement");
    let message = endorsement_bytes(&world.network(), "v0", &service.key().id());
    let endorsement = validator_secret(Scheme::Ed25519, 0, 0).sign(&message);
    let borrowed = Operation::ServiceEndorse { validator: "v0".to_owned(), endorsement };
    assert_eq!(said(&mut world, &stranger, borrowed), "service_endorsement");
    let twice = endorse(&mut world, &service, 1, "v1");
    assert_eq!(world.code(&twice), "key_listed");
}

#[test]
fn a_session_is_its_tenants() {
    let (mut world, service) = world();
    assert_eq!(said(&mut world, &service, open(1, 10)), "ok");
    for (nonce, operation) in [sample(1, 1, 2, 3), finalize(1), delete(1)].into_iter().enumerate() {
        let body = Body {
            network: world.network(),
            tenant: Tenant::parse("another").expect("a name"),
            author: service.did.clone(),
            key: service.key().clone(),
            nonce: 1_000_000 + nonce as u64,
            expires_at: None,
            operation,
        };
        let submission = body.sign(&service.secret);
        assert_eq!(world.code(&submission), "session_tenant");
    }
    assert_eq!(session(&world, 1).samples.count, 0);
}

#[test]
fn the_service_of_a_validator_that_left_does_nothing_more_and_what_it_did_stays() {
    let (mut world, service) = world();
    proven(&mut world, &service, 1, &[(1, 2, 3)]);
    retire(&mut world, 0);
    assert_eq!(said(&mut world, &service, open(2, 10)), "service_over");
    assert!(session(&world, 1).finalized.is_some());
    assert!(world.reader().service(&service.key().id()).expect("readable").is_some());
}

#[test]
fn samples_are_summed_up_in_their_order() {
    let digests: Vec<_> = [[1, 2], [2, 1]]
        .into_iter()
        .map(|order| {
            let (mut world, service) = world();
            let opened = world.say(&service, open(1, 10));
            let said = [1, 2].map(|n| world.say(&service, sample(1, n, n + 1, n)));
            world.run(&[opened]);
            for n in order {
                world.run(&[said[n - 1].clone()]);
            }
            world.settle();
            let samples = session(&world, 1).samples;
            assert_eq!((samples.count, samples.p50_us, samples.p95_us, samples.jitter_us), (2, 3, 5, 3));
            samples.digest
        })
        .collect();
    assert_ne!(digests[0], digests[1]);
}

#[test]
fn a_rejection_says_where_it_was_finalized() {
    let (mut world, service) = world();
    let (_, finalized) = proven(&mut world, &service, 1, &[(1, 2, 3)]);
    let again = world.say(&service, finalize(1));
    match world.outcome(&again) {
        Outcome::Rejected { rejection: Rejection::SessionFinalized { session, at }, .. } => {
            assert_eq!((session, at), (id(1), finalized.at.index));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_time_of_a_proof_is_its_blocks() {
    let (mut world, service) = world();
    let (session, finalized) = proven(&mut world, &service, 1, &[(1, 2, 3)]);
    assert!(finalized.time > session.opened_at && session.opened_at > START);
    assert_eq!(finalized.time, TimeMs::new(START.get() + finalized.at.height.get() * STEP_MS));
}

/// Rule E2: by its name alone a validator does not speak for what another one of that name endorsed.
#[test]
fn a_validator_that_comes_back_with_another_key_has_no_service_of_before() {
    let (mut world, service) = world();
    let mut approved = |epoch: Epoch, change: Membership, by: &[u8], joins: Option<u8>| {
        let message = approval_bytes(&world.network(), epoch, &change);
        let approvals = by.iter().zip(0..).map(|(n, position)| Approval {
            approver: proto::id::ValidatorIndex::new(position),
            signature: validator_secret(Scheme::Ed25519, 0, *n).sign(&message),
        });
        let approvals = approvals.collect();
        let operation = match change {
            Membership::Leave(name) => Operation::ValidatorLeave { epoch, name, approvals },
            Membership::Join(validator) => {
                let message = membership_possession_bytes(&world.network(), epoch, &validator);
                let by = joins.expect("somebody joins");
                let possession = validator_secret(Scheme::Ed25519, 0, by).sign(&message);
                Operation::ValidatorJoin { epoch, validator, possession, approvals }
            }
        };
        assert_eq!(said(&mut world, &Person::new(9), operation), "ok");
        hand_over(&mut world);
    };
    approved(Epoch::ZERO, Membership::Leave("v0".to_owned()), &[0, 1, 2], None);
    let back = Validator { name: "v0".to_owned(), ..validator(7) };
    approved(Epoch::new(1), Membership::Join(Box::new(back)), &[1, 2, 3], Some(7));
    assert!(world.ledger.reign().validators.get().iter().any(|it| it.name == "v0"));
    assert_eq!(said(&mut world, &service, open(1, 10)), "service_over");
    let anew = Person::new(52);
    let endorsed = endorse(&mut world, &anew, 7, "v0");
    assert_eq!(world.code(&endorsed), "ok");
    assert_eq!(said(&mut world, &anew, open(1, 10)), "ok");
}
