//! The receipt in COSE and the bundle: true ones, and each member spoiled so that one check fails.

use crypto::{Digest, RepeatableMlDsa65, Scheme, SecretKey, derive_seed, sha256};
use proto::canonical::Canonical as _;
use proto::checkpoint::Head;
use proto::cose_key::thumbprint;
use proto::counter::{Height, LeafIndex, TimeMs, TreeSize};
use proto::entry::{Entry, SubmissionEntry};
use proto::id::{Did, Tenant};
use proto::operation::{Operation, RevokedFrom, addition_possession_bytes};
use proto::receipt::{
    Bundle, CoseAlgorithm, CoseError, Issued, KeyProof, ProvenLeaf, Receipt, Unissued, UnreadReceipt, subject,
};
use proto::submission::{Body, Submission};
use verify::{
    Code, Ended, EntryFacts, Fault, KeyEnd, KeyProofFault, Options, Report, Standing, verify_bundle,
};

use crate::fixture::{Network, SUBMITTED, secret};

const ORIGIN: &str = "example.com/log";

/// The keys of validator `number`, counted from 1, as an issuer has them.
fn log_key(number: u8) -> SecretKey {
    secret(Scheme::Ed25519, &format!("{ORIGIN}/v{number}/log"))
}

fn pq_key(number: u8) -> RepeatableMlDsa65 {
    RepeatableMlDsa65::from_seed(&derive_seed(&[42; 32], &format!("{ORIGIN}/v{number}/pq")))
}

fn head(receipt: &Receipt) -> Head {
    verify::head_of(receipt).expect("a checkpoint")
}

fn said(receipt: &Receipt, algorithm: CoseAlgorithm) -> Unissued {
    let (ed25519, ml_dsa_65) = (log_key(1), pq_key(1));
    let public = match algorithm {
        CoseAlgorithm::EdDsa | CoseAlgorithm::Ed25519 => ed25519.public(),
        CoseAlgorithm::MlDsa65 => ml_dsa_65.public(),
    };
    let entry = Entry::decode(&receipt.entry).expect("an entry");
    Unissued {
        algorithm,
        kid: thumbprint(public).expect("COSE knows it"),
        issuer: ORIGIN.to_owned(),
        subject: subject(&entry, receipt.index),
        size: head(receipt).size,
        index: receipt.index,
        path: receipt.proof.clone(),
    }
}

/// Signed by the first validator, whatever is said.
fn signed(said: Unissued, root: &Digest) -> Issued {
    let message = said.signed_bytes(root);
    let signature = match said.algorithm {
        CoseAlgorithm::EdDsa | CoseAlgorithm::Ed25519 => log_key(1).sign(&message),
        CoseAlgorithm::MlDsa65 => pq_key(1).sign(&message),
    };
    said.seal(signature)
}

/// What the first validator says of a receipt.
pub fn issued(receipt: &Receipt, algorithm: CoseAlgorithm) -> Issued {
    signed(said(receipt, algorithm), &head(receipt).root)
}

/// The receipt with both halves of the issuer's word and its submission.
pub fn whole(network: &Network, index: u64) -> Bundle {
    let receipt = network.receipt(index);
    let submission = match Entry::decode(&receipt.entry).expect("an entry") {
        Entry::Submission(entry) => Some(entry.submission.bytes().to_vec()),
        Entry::Statement(entry) => Some(entry.submission().bytes().to_vec()),
        Entry::Genesis(_) | Entry::Epoch(_) | Entry::Block(_) => None,
    };
    let cose = CoseAlgorithm::ALL.map(|algorithm| issued(&receipt, algorithm)).to_vec();
    Bundle { receipt, submission, cose, standing: None }
}

fn verify(network: &Network, bundle: &Bundle) -> Report {
    verify_bundle(&network.policy, bundle, Options::default())
}

fn failed(network: &Network, bundle: &Bundle) -> Option<(Code, Fault)> {
    verify(network, bundle).failure().map(|(code, fault)| (code, fault.clone()))
}

#[test]
fn every_entry_has_a_receipt_in_every_dialect_and_the_report_is_the_same() {
    let network = Network::new(ORIGIN);
    for index in 0..network.entries.len() as u64 {
        let bundle = whole(&network, index);
        let alone = verify(&network, &Bundle::of(bundle.receipt.clone()));
        assert!(alone.is_true(), "{:?}", alone.failure());
        assert_eq!(verify(&network, &bundle), alone);
        let json = bundle.to_json();
        assert_eq!(Bundle::read(json.as_bytes(), None), Ok(bundle.clone()));
        for issued in &bundle.cose {
            let cose = bundle.receipt.to_cose(issued);
            let read = Bundle::read(&cose, None).expect("a receipt");
            assert_eq!(read, Bundle { cose: vec![issued.clone()], ..Bundle::of(bundle.receipt.clone()) });
            assert_eq!(verify(&network, &read), alone);
        }
        let proof = bundle.receipt.to_tlog_proof();
        let entry = bundle.receipt.entry.clone();
        assert_eq!(Bundle::read(proof.as_bytes(), Some(entry)), Ok(Bundle::of(bundle.receipt.clone())));
    }
}

#[test]
fn an_issuer_says_the_same_in_the_same_bytes() {
    let network = Network::new(ORIGIN);
    let receipt = network.receipt(SUBMITTED);
    for algorithm in CoseAlgorithm::ALL {
        let (once, again) = (issued(&receipt, algorithm), issued(&receipt, algorithm));
        assert_eq!(receipt.to_cose(&once), receipt.to_cose(&again), "{algorithm:?}");
    }
}

#[test]
fn what_an_issuer_says_amiss_fails_the_check_it_is_about() {
    let network = Network::new(ORIGIN);
    let bundle = whole(&network, SUBMITTED);
    let root = head(&bundle.receipt).root;
    let good = said(&bundle.receipt, CoseAlgorithm::EdDsa);
    let of = |said: Unissued| Bundle { cose: vec![signed(said, &root)], ..bundle.clone() };
    let ask = |said: Unissued| failed(&network, &of(said)).expect("refused");

    let (code, fault) = ask(Unissued { issuer: "example.com/other".into(), ..good.clone() });
    assert_eq!(code, Code::CheckpointSignatures);
    assert!(matches!(fault, Fault::OtherIssuer { .. }), "{fault}");

    // A key of nobody, and the key of another role: the log's own cosigner.
    let cosigner = secret(Scheme::Ed25519, &format!("{ORIGIN}/v1/cosigner"));
    for key in [secret(Scheme::Ed25519, "nobody").public().clone(), cosigner.public().clone()] {
        let kid = thumbprint(&key).expect("COSE knows it");
        let (code, fault) = ask(Unissued { kid, ..good.clone() });
        assert_eq!(
            (code, fault),
            (Code::CheckpointSignatures, Fault::UnknownIssuerKey { algorithm: -8, kid })
        );
    }
    // The key of the one algorithm under the number of the other.
    let pq = said(&bundle.receipt, CoseAlgorithm::MlDsa65);
    let crossed = Unissued { kid: pq.kid, ..good.clone() };
    assert!(matches!(ask(crossed).1, Fault::UnknownIssuerKey { algorithm: -8, .. }));
    let crossed = Unissued { kid: good.kid, ..pq };
    assert!(matches!(ask(crossed).1, Fault::UnknownIssuerKey { algorithm: -49, .. }));

    // Another validator's key, which did not sign; and a signature over another root.
    let kid = thumbprint(log_key(2).public()).expect("COSE knows it");
    let (code, fault) = ask(Unissued { kid, ..good.clone() });
    assert_eq!(code, Code::CheckpointSignatures);
    assert!(matches!(fault, Fault::IssuerSignature(_)), "{fault}");
    for algorithm in CoseAlgorithm::ALL {
        let other = signed(said(&bundle.receipt, algorithm), &sha256(b"other"));
        let (code, fault) =
            failed(&network, &Bundle { cose: vec![other], ..bundle.clone() }).expect("refused");
        assert_eq!(code, Code::CheckpointSignatures);
        assert!(matches!(fault, Fault::IssuerSignature(_)), "{fault}");
    }

    let (code, fault) = ask(Unissued { size: TreeSize::new(5), ..good.clone() });
    assert_eq!(code, Code::Index);
    assert!(matches!(fault, Fault::OtherLeaf { .. }), "{fault}");
    assert_eq!(ask(Unissued { index: LeafIndex::new(3), ..good.clone() }).0, Code::Index);
    assert_eq!(ask(Unissued { path: good.path[1..].to_vec(), ..good.clone() }).0, Code::ProofLength);
    let mut path = good.path.clone();
    path[0] = sha256(b"other");
    assert_eq!(ask(Unissued { path, ..good.clone() }).0, Code::Root);
    let (code, fault) = ask(Unissued { subject: "urn:quorate:leaf:2".into(), ..good.clone() });
    assert_eq!(code, Code::Entry);
    assert!(matches!(fault, Fault::OtherSubject { .. }), "{fault}");

    // One bad among good ones is enough.
    let mut cose = bundle.cose.clone();
    cose.push(signed(Unissued { kid, ..good }, &root));
    assert_eq!(failed(&network, &Bundle { cose, ..bundle }).expect("refused").0, Code::CheckpointSignatures);
}

#[test]
fn an_issuer_is_no_quorum() {
    let network = Network::new(ORIGIN);
    let bundle = whole(&network, SUBMITTED);
    // Two of four cosigned; the issuer's signature holds all the same.
    let note = crate::fixture::without(&bundle.receipt.checkpoint, |line| line >= 6);
    let receipt = Receipt { checkpoint: note, ..bundle.receipt.clone() };
    assert_eq!(failed(&network, &Bundle { receipt, ..bundle.clone() }).expect("refused").0, Code::Quorum);
    // RFC 9942 alone: nothing of a quorum in it.
    let bare = bundle.cose[0].to_cose();
    assert_eq!(Bundle::read(&bare, None), Err(UnreadReceipt::Cose(CoseError::NoQuorum)));
}

#[test]
fn the_submission_beside_is_the_one_within() {
    let network = Network::new(ORIGIN);
    let bundle = whole(&network, SUBMITTED);
    let other = whole(&network, SUBMITTED + 1).submission;
    for submission in [other, Some(Vec::new())] {
        let spoiled = Bundle { submission, ..bundle.clone() };
        assert_eq!(failed(&network, &spoiled), Some((Code::Entry, Fault::OtherEnvelope)));
    }
    let genesis = Bundle { submission: bundle.submission, ..whole(&network, 0) };
    assert_eq!(failed(&network, &genesis), Some((Code::Entry, Fault::OtherEnvelope)));
}

/// A log in which an identity lists a key, signs with it, and ends it.
pub struct Life {
    pub network: Network,
    did: Did,
    first: SecretKey,
    second: SecretKey,
}

/// Leaves of [`Life`], in their order.
const LISTED: u64 = 2;
pub const SIGNED: u64 = 3;
const ENDED: u64 = 4;
const AFTER: u64 = 5;

impl Life {
    pub fn new() -> Self {
        let mut network = Network::new(ORIGIN);
        let (first, second) = (secret(Scheme::Ed25519, "first"), secret(Scheme::Ed25519, "second"));
        let did = Did::of(first.public());
        let genesis = network.set.network();
        let consent = second.sign(&addition_possession_bytes(genesis, &did, &second.public().id()));
        let by = |key: &SecretKey, nonce: u64, operation: Operation| -> Submission {
            Body {
                network: *genesis,
                tenant: Tenant::default_tenant(),
                author: did.clone(),
                key: key.public().clone(),
                nonce,
                expires_at: None,
                operation,
            }
            .sign(key)
        };
        let proof = |content: &[u8]| Operation::ProofSubmit {
            content: sha256(content),
            content_bytes: 1,
            media_type: String::new(),
            subject: String::new(),
        };
        let submissions = [
            by(
                &first,
                1,
                Operation::KeyAdd {
                    identity: did.clone(),
                    key: second.public().clone(),
                    possession: Some(consent),
                },
            ),
            by(&second, 2, proof(b"signed")),
            by(
                &first,
                3,
                Operation::KeyRevoke {
                    identity: did.clone(),
                    key: second.public().id(),
                    reason: "lost".into(),
                    from: RevokedFrom::Size(TreeSize::new(AFTER)),
                },
            ),
            by(&second, 4, proof(b"after")),
        ];
        network.entries.truncate(2);
        network.entries.extend(submissions.into_iter().map(|submission| {
            let (height, time) = (Height::new(1), TimeMs::new(1_789_000_001_000));
            Entry::Submission(Box::new(SubmissionEntry { height, time, submission })).encode()
        }));
        Self { network, did, first, second }
    }

    fn leaf(&self, index: u64) -> ProvenLeaf {
        let Receipt { entry, index, proof, .. } = self.network.receipt(index);
        ProvenLeaf { index, entry, proof }
    }

    fn bundle(&self, signed: u64, listed: ProvenLeaf, ended: Option<ProvenLeaf>) -> Bundle {
        Bundle { standing: Some(KeyProof { listed, ended }), ..whole(&self.network, signed) }
    }

    fn fault(&self, bundle: &Bundle) -> KeyProofFault {
        match failed(&self.network, bundle) {
            Some((Code::KeyStanding, Fault::KeyProof(fault))) => fault,
            other => panic!("{other:?}"),
        }
    }
}

/// A bundle that shows where the key was listed and ended.
pub fn life_bundle(life: &Life, signed: u64) -> Bundle {
    life.bundle(signed, life.leaf(LISTED), Some(life.leaf(ENDED)))
}

#[test]
fn a_key_is_shown_to_have_been_good_by_two_leaves() {
    let life = Life::new();
    let from = RevokedFrom::Size(TreeSize::new(AFTER));
    let end = KeyEnd { at: LeafIndex::new(ENDED), how: Ended::Revoked(from) };
    for (ended, expected) in [(None, None), (Some(life.leaf(ENDED)), Some(end))] {
        let bundle = life.bundle(SIGNED, life.leaf(LISTED), ended);
        let report = verify(&life.network, &bundle);
        assert!(report.is_true(), "{:?}", report.failure());
        let Some(EntryFacts::Submission(facts)) = &report.entry else { panic!("{report:?}") };
        assert_eq!(facts.standing, Standing::Listed { by: LeafIndex::new(LISTED) });
        assert_eq!(facts.key_end, expected);
        assert_eq!(Bundle::read(bundle.to_json().as_bytes(), None), Ok(bundle));
    }
}

#[test]
fn a_proof_of_standing_that_shows_less_is_refused() {
    let life = Life::new();
    assert_ne!((&life.did, life.first.public()), (&Did::of(life.second.public()), life.second.public()));
    let (listed, ended) = (life.leaf(LISTED), life.leaf(ENDED));
    // Signed after the end.
    let bundle = life.bundle(AFTER, listed.clone(), Some(ended.clone()));
    let (code, fault) = failed(&life.network, &bundle).expect("refused");
    assert_eq!(code, Code::KeyStanding);
    assert!(matches!(fault, Fault::KeyRevoked { at, .. } if at == LeafIndex::new(ENDED)), "{fault}");
    // Leaves that say something else, or nothing of a key.
    for (at, found) in [(SIGNED, "proof.submit"), (ENDED, "key.revoke"), (0, "genesis"), (1, "epoch")] {
        let bundle = life.bundle(SIGNED, life.leaf(at), None);
        let index = LeafIndex::new(at);
        assert_eq!(life.fault(&bundle), KeyProofFault::OtherLeaf { index, what: "listed", found });
    }
    let bundle = life.bundle(SIGNED, listed.clone(), Some(life.leaf(LISTED)));
    assert!(matches!(life.fault(&bundle), KeyProofFault::OtherLeaf { what: "ended", .. }));
    // The first key's standing is not shown by the leaf that lists the second: the author of LISTED signs with the first.
    let bundle = life.bundle(ENDED, listed.clone(), None);
    assert!(matches!(life.fault(&bundle), KeyProofFault::OtherLeaf { what: "listed", .. }));
    // A leaf that does not stand there.
    let moved = ProvenLeaf { index: LeafIndex::new(SIGNED), ..listed.clone() };
    let bundle = life.bundle(SIGNED, moved, None);
    assert!(matches!(life.fault(&bundle), KeyProofFault::Inclusion { what: "listed", .. }));
    let mut spoiled = ended;
    spoiled.proof[0] = sha256(b"other");
    let bundle = life.bundle(SIGNED, listed.clone(), Some(spoiled));
    assert!(matches!(life.fault(&bundle), KeyProofFault::Inclusion { what: "ended", .. }));
    // The network's own entries have no author.
    assert_eq!(life.fault(&life.bundle(0, listed, None)), KeyProofFault::NoAuthor);
}

#[test]
fn a_key_listed_later_or_by_a_leaf_that_is_not_signed_shows_nothing() {
    let mut life = Life::new();
    // The listing after the entry that is signed with it.
    life.network.entries.swap(LISTED as usize, SIGNED as usize);
    let bundle = life.bundle(LISTED, life.leaf(SIGNED), None);
    let (code, fault) = failed(&life.network, &bundle).expect("refused");
    assert_eq!(code, Code::KeyStanding);
    assert!(
        matches!(fault, Fault::KeyNotListed { listed, .. } if listed == LeafIndex::new(SIGNED)),
        "{fault}"
    );
    // A listing with a signature that does not hold.
    life.network.entries.swap(LISTED as usize, SIGNED as usize);
    let at = LISTED as usize;
    let Ok(Entry::Submission(entry)) = Entry::decode(&life.network.entries[at]) else {
        panic!("a submission")
    };
    let SubmissionEntry { height, time, submission } = *entry;
    let submission = submission.body().clone().seal(life.first.sign(b"something else"));
    life.network.entries[at] =
        Entry::Submission(Box::new(SubmissionEntry { height, time, submission })).encode();
    let bundle = life.bundle(SIGNED, life.leaf(LISTED), None);
    assert!(matches!(life.fault(&bundle), KeyProofFault::Author { what: "listed", .. }));
}
