//! Jobs, their evidence and the keys that sign it: one encoding, a consent that holds, and what is refused on reading.

use crypto::{Scheme, sha256};
use proto::canonical::{Canonical as _, DecodeError};
use proto::counter::TimeMs;
use proto::evidence::Level;
use proto::id::{Did, NetworkId, Tenant};
use proto::job::{
    Act, Backend, Completion, JobArtifact, JobId, JobRetention, Plan, Provenance, ProviderRun, RecordId,
};
use proto::operation::evidence::{EvidenceAct, EvidenceSeal, SEAL_ITEMS_MAX, SealItem};
use proto::operation::{Operation, RetentionClass};
use proto::signer::{SignerChange, SignerListing, SignerName, SignerRoles, message};
use proto::submission::{Body, Submission, SubmissionError};
use proto::verified::Strict;

use crate::fixture::{Network, secret};

fn id() -> JobId {
    JobId::parse("job_xyz789").expect("a name")
}

fn job(act: Act) -> Operation {
    Operation::Job { job: id(), act }
}

fn plan() -> Plan {
    Plan {
        backend: Backend {
            id: "ibm_washington".into(),
            version: "2.1.0".into(),
            provider: "IBM Quantum".into(),
            qubits: 127,
            status: "online".into(),
        },
        provenance: Provenance {
            git_commit: "a1b2c3d4e5f6".into(),
            image: Some(sha256(b"image")),
            config: Some(sha256(b"config")),
            circuit: Some(sha256(b"circuit")),
            compiler: "qiskit-1.0.0".into(),
        },
        shots: 1_000,
        estimate_micros: 500_000,
        currency: "USD".into(),
        tags: vec!["project:alpha".into(), "team:research".into()],
        retention: JobRetention::Enterprise { days: 90, write_once: true },
        submitted_at: Some(TimeMs::new(1_735_984_800_000)),
        queued_at: Some(TimeMs::new(1_735_984_801_000)),
    }
}

fn completion() -> Completion {
    Completion {
        shots: 1_000,
        success_ppm: 987_000,
        final_micros: 480_000,
        provider: Some(ProviderRun {
            job: "ibm-1".into(),
            compiled: "sha256:c".into(),
            raw_result: "sha256:r".into(),
        }),
        artifacts: vec![
            JobArtifact {
                name: "circuit.qasm".into(),
                sha256: sha256(b"circuit"),
                bytes: 2_048,
                content_type: "application/qasm".into(),
            },
            JobArtifact {
                name: "results.json".into(),
                sha256: sha256(b"results"),
                bytes: 8_192,
                content_type: "application/json".into(),
            },
        ],
        results: 1,
    }
}

fn seal() -> EvidenceSeal {
    let signer = secret(Scheme::Ed25519, "evidence");
    let bundle = sha256(b"header");
    EvidenceSeal {
        record: RecordId::parse("bundle_20250104_abc123").expect("a name"),
        created_at: TimeMs::new(1_735_984_890_000),
        items: vec![
            SealItem { id: "cost".into(), label: String::new(), content: sha256(b"cost") },
            SealItem { id: "execution".into(), label: "Execution".into(), content: sha256(b"execution") },
        ],
        root: sha256(b"root"),
        bundle,
        claim: Level::SealedAttested,
        key: signer.public().id(),
        signature: signer.sign(&message(Scheme::Ed25519, &bundle)),
        signed_at: TimeMs::new(1_735_984_890_500),
    }
}

fn evidence(act: EvidenceAct) -> Operation {
    Operation::Evidence { job: id(), act }
}

fn listing(network: &NetworkId) -> SignerListing {
    let signer = secret(Scheme::Ed25519, "evidence");
    let author = Did::of(secret(Scheme::Ed25519, "author").public());
    let mut listing = SignerListing {
        name: SignerName::parse("ql_key_prod_001").expect("a name"),
        key: signer.public().clone(),
        roles: SignerRoles::Both,
        valid_from: TimeMs::new(1_735_984_800_000),
        valid_until: TimeMs::new(1_767_520_800_000),
        possession: signer.sign(b"not yet"),
    };
    listing.possession = signer.sign(&listing.possession_bytes(network, &author));
    listing
}

fn signer(change: SignerChange) -> Operation {
    Operation::Signer(Box::new(change))
}

/// One of each kind, and both forms of what has two.
pub fn one_of_each(network: &NetworkId) -> Vec<(&'static str, Operation)> {
    let bare = Plan {
        backend: Backend { id: "sim".into(), ..Backend::default() },
        provenance: Provenance::default(),
        shots: 0,
        estimate_micros: 0,
        currency: "USD".into(),
        tags: Vec::new(),
        retention: JobRetention::Class(RetentionClass::Standard),
        submitted_at: None,
        queued_at: None,
    };
    let key = secret(Scheme::Ed25519, "evidence").public().id();
    vec![
        ("whole", job(Act::Open(Box::new(plan())))),
        ("bare", job(Act::Open(Box::new(bare)))),
        ("running", job(Act::Run { at: None })),
        (
            "completed",
            job(Act::Complete {
                at: Some(TimeMs::new(1_735_984_860_000)),
                completion: Box::new(completion()),
            }),
        ),
        ("failed", job(Act::Fail { at: None, reason: "calibration".into() })),
        ("whole", evidence(EvidenceAct::Seal(Box::new(seal())))),
        ("first", evidence(EvidenceAct::Verified)),
        ("asked", evidence(EvidenceAct::Delete { reason: "asked for".into() })),
        ("both", signer(SignerChange::List(Box::new(listing(network))))),
        ("now", signer(SignerChange::Revoke { key, reason: "lost".into(), from: None })),
        (
            "before",
            signer(SignerChange::Revoke {
                key,
                reason: "lost".into(),
                from: Some(TimeMs::new(1_735_984_900_000)),
            }),
        ),
    ]
}

fn said(network: &Network, operation: Operation) -> Submission {
    let author = secret(Scheme::Ed25519, "author");
    let body = Body {
        network: *network.set.network(),
        tenant: Tenant::default_tenant(),
        author: Did::of(author.public()),
        key: author.public().clone(),
        nonce: 7,
        expires_at: None,
        operation,
    };
    body.sign(&author)
}

fn refused(network: &Network, operation: Operation) -> String {
    match Submission::decode(said(network, operation).bytes()) {
        Err(DecodeError::Field { field, fault }) => format!("{field}: {fault}"),
        other => panic!("read, or refused otherwise: {other:?}"),
    }
}

#[test]
fn each_is_read_as_it_was_written() {
    let network = Network::named(&[("v1", 1)]);
    for (name, operation) in one_of_each(network.set.network()) {
        let submission = said(&network, operation.clone());
        let read = Submission::decode(submission.bytes()).expect("canonical");
        assert_eq!(read.body().operation, operation, "{name}");
        assert_eq!(submission.verify_signatures(network.set.network(), &Strict), Ok(()), "{name}");
    }
}

#[test]
fn what_is_beyond_its_bounds_is_refused_on_reading() {
    let network = Network::named(&[("v1", 1)]);
    let id = network.set.network();
    let open = |spoil: fn(&mut Plan)| {
        let mut plan = plan();
        spoil(&mut plan);
        job(Act::Open(Box::new(plan)))
    };
    let complete = |spoil: fn(&mut Completion)| {
        let mut completion = completion();
        spoil(&mut completion);
        job(Act::Complete { at: None, completion: Box::new(completion) })
    };
    let sealed = |spoil: fn(&mut EvidenceSeal)| {
        let mut seal = seal();
        spoil(&mut seal);
        evidence(EvidenceAct::Seal(Box::new(seal)))
    };
    let listed = |spoil: fn(&mut SignerListing)| {
        let mut listing = listing(id);
        spoil(&mut listing);
        signer(SignerChange::List(Box::new(listing)))
    };
    for (operation, expected) in [
        (open(|it| it.backend.id.clear()), "job: backend_id"),
        (open(|it| it.tags = vec!["t".into(); 17]), "tags: 17"),
        (open(|it| it.estimate_micros = 1_000_000_000_000_000), "job: estimate"),
        (complete(|it| it.artifacts.clear()), "job: artifacts"),
        (complete(|it| it.artifacts = vec![it.artifacts[0].clone(); 65]), "artifacts: 65"),
        (complete(|it| it.results = 2), "job: results"),
        (job(Act::Fail { at: None, reason: "r".repeat(1_025) }), "job: reason"),
        (sealed(|it| it.items = vec![it.items[0].clone(); SEAL_ITEMS_MAX + 1]), "items: 71"),
        (sealed(|it| it.items[0].id.clear()), "item.id: is missing"),
        (sealed(|it| it.items[0].id = "i".repeat(65)), "item.id: 65"),
        (sealed(|it| it.items[0].label = "\n".into()), "item.label: holds"),
        (sealed(|it| it.claim = Level::Invalid), "claim: level 0"),
        (evidence(EvidenceAct::Delete { reason: "r".repeat(1_025) }), "reason: 1025"),
        (listed(|it| it.valid_until = it.valid_from), "valid_until_ms: is not later"),
    ] {
        let found = refused(&network, operation);
        assert!(found.starts_with(expected), "{found:?} instead of {expected:?}");
    }
}

#[test]
fn a_key_of_a_scheme_that_others_do_not_verify_is_not_read() {
    let network = Network::named(&[("v1", 1)]);
    let key = secret(Scheme::HybridEd25519MlDsa65, "evidence");
    let (possession, listing) = (key.sign(b"any"), listing(network.set.network()));
    let listing = SignerListing { key: key.public().clone(), possession, ..listing };
    let found = refused(&network, signer(SignerChange::List(Box::new(listing))));
    assert_eq!(found, "scheme: ed25519+ml-dsa-65 signs no evidence");
    let seal = EvidenceSeal { signature: key.sign(b"any"), ..seal() };
    let found = refused(&network, evidence(EvidenceAct::Seal(Box::new(seal))));
    assert_eq!(found, "scheme: ed25519+ml-dsa-65 signs no evidence");
}

#[test]
fn a_key_consents_to_all_that_is_said_of_it() {
    let network = Network::named(&[("v1", 1)]);
    let elsewhere = Network::named(&[("v2", 1)]);
    let other = listing(elsewhere.set.network());
    let spoilt = said(&network, signer(SignerChange::List(Box::new(other))));
    let refused = spoilt.verify_signatures(network.set.network(), &Strict);
    assert!(matches!(refused, Err(SubmissionError::Possession(_))), "{refused:?}");
}
