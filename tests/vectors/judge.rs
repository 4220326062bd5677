//! What the Rust verifier makes of a vector: the check that failed, by which fault, and the facts of a true receipt.
//!
//! The same steps as `quorate verify`: the policy, then the receipt's format, then the checks.

use merkle::inclusion::InclusionError;
use proto::canonical::DecodeError;
use proto::checkpoint::{CheckpointTextError, SignatureLineError};
use proto::note::NoteError;
use proto::operation::RevokedFrom;
use proto::policy::{Policy, PolicyError, PolicyFault};
use proto::receipt::{Bundle, CoseError, ReceiptError, TlogProofError, UnreadReceipt};
use proto::submission::SubmissionError;
use serde_json::{Value, json};
use verify::{
    CheckpointFault, Ended, EntryFacts, Fault, ItemFacts, KeyEnd, KeyProofFault, Options, Report, Standing,
    verify_bundle,
};

use crate::vector::{Asked, FORMAT, NO_TRUST, Text, Vector};

/// What was found.
pub struct Verdict {
    pub failed: Option<&'static str>,
    /// The fault, by a name of its own: each is a branch of the verifier.
    pub fault: Option<&'static str>,
    pub facts: Option<Value>,
}

fn refused(failed: &'static str, fault: &'static str) -> Verdict {
    Verdict { failed: Some(failed), fault: Some(fault), facts: None }
}

pub fn judge(vector: &Vector) -> Verdict {
    let Ok(policy) = String::from_utf8(vector.policy.bytes()) else {
        return refused(NO_TRUST, "policy is no text");
    };
    let policy: Policy = match policy.parse() {
        Ok(policy) => policy,
        Err(fault) => return refused(NO_TRUST, policy_error(&fault)),
    };
    let bundle = match Bundle::read(&vector.receipt.bytes(), vector.entry.as_ref().map(Text::bytes)) {
        Ok(bundle) => bundle,
        Err(fault) => return refused(FORMAT, unread(&fault, &vector.name)),
    };
    let Asked { submission, artifact, freshness } = vector.asked;
    let report = verify_bundle(&policy, &bundle, Options { submission, artifact, freshness });
    match report.failure() {
        Some((code, fault)) => refused(code.as_str(), fault_name(fault)),
        None => Verdict { failed: None, fault: None, facts: Some(facts(&report)) },
    }
}

/// As a node writes numbers in JSON.
fn number(value: u64) -> Value {
    match value < 1 << 53 {
        true => value.into(),
        false => value.to_string().into(),
    }
}

/// The facts, as `quorate verify --output json` prints them.
fn facts(report: &Report) -> Value {
    let mut facts = json!({
        "origin": null, "checkpoint_size": null, "root": null, "cosigners": [], "vouched_time_s": null, "index": null,
        "entry": null, "id": null, "height": null, "time_ms": null, "network": null, "operation": null,
        "tenant": null, "author": null, "key": null, "key_standing": null, "content": null, "item": null,
    });
    let mut set = |name: &str, value: Value| facts[name] = value;
    let checkpoint = report.checkpoint.as_ref().expect("a true receipt's checkpoint was believed");
    set("origin", checkpoint.origin.as_str().into());
    set("checkpoint_size", number(checkpoint.head.size.get()));
    set("root", checkpoint.head.root.to_string().into());
    set("cosigners", checkpoint.cosigners.iter().map(|cosigner| cosigner.name.as_str()).collect());
    set("vouched_time_s", checkpoint.vouched_time_s.map_or(Value::Null, number));
    set("index", report.index.map_or(Value::Null, |index| number(index.get())));
    let entry = report.entry.as_ref().expect("a true receipt's entry was read");
    set("entry", entry.kind().into());
    match entry {
        EntryFacts::Genesis { network } => set("network", network.to_string().into()),
        EntryFacts::Epoch(epoch) => set("height", number(epoch.height.get())),
        EntryFacts::Block { height, time } => {
            set("height", number(height.get()));
            set("time_ms", number(time.get()));
        }
        EntryFacts::Submission(submission) => {
            set("id", submission.id.to_string().into());
            set("height", submission.height.map_or(Value::Null, |height| number(height.get())));
            set("time_ms", submission.time.map_or(Value::Null, |time| number(time.get())));
            let network = submission.network.map_or(Value::Null, |network| network.to_string().into());
            set("network", network);
            set("operation", submission.operation.into());
            set("tenant", submission.tenant.as_str().into());
            set("author", submission.author.as_str().into());
            set("key", submission.key.to_string().into());
            let standing = match submission.standing {
                Standing::SelfCertified => "self_certified",
                Standing::AttestedByLog => "attested_by_log",
                Standing::Listed { .. } => "listed",
            };
            set("key_standing", standing.into());
            if let Some(KeyEnd { at, how }) = submission.key_end {
                let (kind, from) = match how {
                    Ended::Retired => ("retired", RevokedFrom::Here),
                    Ended::Revoked(from) => ("revoked", from),
                };
                set("key_end", json!({ "kind": kind, "index": number(at.get()), "from": from.to_string() }));
            }
            set("content", submission.content.map_or(Value::Null, |content| content.to_string().into()));
            if let Some(statement) = &submission.statement {
                set("statement", statement_facts(statement));
            }
        }
    }
    if let Some(ItemFacts { digest, index, count }) = report.item {
        set(
            "item",
            json!({ "digest": digest.to_string(), "index": number(index.get()), "count": number(count) }),
        );
    }
    facts
}

/// What a statement says of itself.
fn statement_facts(facts: &proto::statement::Facts) -> Value {
    json!({
        "format": facts.format.name(), "issuer": facts.issuer, "subject": facts.subject,
        "media_type": facts.media_type, "payload": facts.payload.to_string(),
    })
}

/// Every fault that some vector must show. `Retired` is a fault of trust from epoch to epoch, which a policy does not know.
pub const FAULTS: [&str; 103] = [
    "policy is no text",
    "policy too large",
    "policy without quorum",
    "policy line: keyword",
    "policy line: form",
    "policy line: control character",
    "policy line: unfinished",
    "policy line: key",
    "policy line: role",
    "policy line: opaque role",
    "policy line: key twice",
    "policy line: key id twice",
    "policy line: name",
    "policy line: undefined",
    "policy line: member twice",
    "policy line: threshold",
    "policy line: quorum twice",
    "policy line: too many",
    "receipt is no text",
    "receipt too large",
    "receipt not readable",
    "proof too large",
    "proof: entry too large",
    "proof: header",
    "proof: extra",
    "proof: index",
    "proof: hash",
    "proof: too long",
    "proof: no checkpoint",
    "note too large",
    "note: control character",
    "note: no separator",
    "note: signature count",
    "note: signature line",
    "checkpoint: lines",
    "checkpoint: origin",
    "checkpoint: size",
    "checkpoint: root",
    "checkpoint: no logs",
    "checkpoint: unknown origin",
    "checkpoint: unknown key",
    "checkpoint: key twice",
    "checkpoint: no log signature",
    "checkpoint: below quorum",
    "signature line: unknown type",
    "signature line: no time",
    "signature line: time",
    "signature line: signature length",
    "signature line: ml-dsa-44 signature",
    "signature line: signature invalid",
    "inclusion: index",
    "inclusion: length",
    "inclusion: root",
    "entry: too large",
    "entry: malformed",
    "entry: not canonical",
    "entry: field",
    "entry: other origin",
    "entry: other submission",
    "entry: no submission",
    "author: signature",
    "author: possession",
    "item: no batch",
    "item: other tree",
    "item: index",
    "item: length",
    "item: root",
    "artifact: other",
    "artifact: none",
    "freshness: no time",
    "freshness: too old",
    "freshness: from the future",
    "COSE too large",
    "COSE: CBOR",
    "COSE: label twice",
    "COSE: critical",
    "COSE: missing",
    "COSE: algorithm",
    "COSE: data structure",
    "COSE: payload",
    "COSE: proofs",
    "COSE: not inclusion",
    "COSE: digest length",
    "COSE: signature length",
    "COSE: beyond",
    "COSE: not canonical",
    "COSE: no quorum",
    "issuer: other",
    "issuer: unknown key",
    "issuer: signature",
    "issuer: other leaf",
    "issuer: other subject",
    "entry: other envelope",
    "standing: no author",
    "standing: inclusion",
    "standing: entry",
    "standing: author",
    "standing: other leaf",
    "standing: listed later",
    "standing: retired",
    "standing: revoked",
    "author: possession count",
    "author: issuer",
];

fn policy_error(error: &PolicyError) -> &'static str {
    match error {
        PolicyError::TooLarge { .. } => "policy too large",
        PolicyError::NoQuorum => "policy without quorum",
        PolicyError::Line { line: _, fault } => match fault {
            PolicyFault::Keyword { .. } => "policy line: keyword",
            PolicyFault::Form { .. } => "policy line: form",
            PolicyFault::Control { .. } => "policy line: control character",
            PolicyFault::Unfinished => "policy line: unfinished",
            PolicyFault::Key(_) => "policy line: key",
            PolicyFault::Role { .. } => "policy line: role",
            PolicyFault::OpaqueRole { .. } => "policy line: opaque role",
            PolicyFault::KeyTwice { .. } => "policy line: key twice",
            PolicyFault::KeyIdTwice { .. } => "policy line: key id twice",
            PolicyFault::Name { .. } => "policy line: name",
            PolicyFault::Undefined { .. } => "policy line: undefined",
            PolicyFault::MemberTwice { .. } => "policy line: member twice",
            PolicyFault::Threshold { .. } => "policy line: threshold",
            PolicyFault::QuorumTwice => "policy line: quorum twice",
            PolicyFault::TooMany { .. } => "policy line: too many",
        },
        PolicyError::Set(_) | PolicyError::UnequalPowers { .. } => unreachable!("a text is no validator set"),
    }
}

fn unread(error: &UnreadReceipt, name: &str) -> &'static str {
    match error {
        UnreadReceipt::TooLarge { .. } | UnreadReceipt::Json(ReceiptError::TooLarge { .. }) => {
            "receipt too large"
        }
        UnreadReceipt::NotText => "receipt is no text",
        UnreadReceipt::Json(ReceiptError::Json { .. }) => "receipt not readable",
        UnreadReceipt::TlogProof(fault) => tlog_proof_error(fault),
        UnreadReceipt::Cose(fault) => cose_error(fault),
        UnreadReceipt::NoEntry | UnreadReceipt::EntryTwice => {
            panic!("{name}: an entry goes with a tlog-proof")
        }
    }
}

fn cose_error(error: &CoseError) -> &'static str {
    match error {
        CoseError::TooLarge { .. } => "COSE too large",
        CoseError::Cbor(_) => "COSE: CBOR",
        CoseError::Tag { .. } => unreachable!("by its first byte it has the tag 18"),
        CoseError::LabelTwice { .. } => "COSE: label twice",
        CoseError::Critical => "COSE: critical",
        CoseError::Missing { .. } => "COSE: missing",
        CoseError::Algorithm { .. } => "COSE: algorithm",
        CoseError::DataStructure { .. } => "COSE: data structure",
        CoseError::Payload => "COSE: payload",
        CoseError::Proofs => "COSE: proofs",
        CoseError::NotInclusion => "COSE: not inclusion",
        CoseError::DigestLength { .. } => "COSE: digest length",
        CoseError::SignatureLength { .. } => "COSE: signature length",
        CoseError::Beyond { .. } => "COSE: beyond",
        CoseError::NotCanonical => "COSE: not canonical",
        CoseError::NoQuorum => "COSE: no quorum",
        CoseError::Twice => unreachable!("in a bundle it is a fault of JSON"),
    }
}

fn key_proof_fault(fault: &KeyProofFault) -> &'static str {
    match fault {
        KeyProofFault::NoAuthor => "standing: no author",
        KeyProofFault::Inclusion { .. } => "standing: inclusion",
        KeyProofFault::Entry { .. } => "standing: entry",
        KeyProofFault::Author { .. } => "standing: author",
        KeyProofFault::OtherLeaf { .. } => "standing: other leaf",
    }
}

fn tlog_proof_error(error: &TlogProofError) -> &'static str {
    match error {
        TlogProofError::TooLarge { .. } => "proof too large",
        TlogProofError::EntryTooLarge { .. } => "proof: entry too large",
        TlogProofError::Header => "proof: header",
        TlogProofError::Extra => "proof: extra",
        TlogProofError::Index => "proof: index",
        TlogProofError::Hash { .. } => "proof: hash",
        TlogProofError::TooLong { .. } => "proof: too long",
        TlogProofError::NoCheckpoint => "proof: no checkpoint",
    }
}

fn fault_name(fault: &Fault) -> &'static str {
    match fault {
        Fault::Checkpoint(fault) => checkpoint_fault(fault),
        Fault::Retired { .. } => unreachable!("a policy knows no epochs"),
        Fault::OtherIssuer { .. } => "issuer: other",
        Fault::UnknownIssuerKey { .. } => "issuer: unknown key",
        Fault::IssuerSignature(_) => "issuer: signature",
        Fault::OtherLeaf { .. } => "issuer: other leaf",
        Fault::OtherSubject { .. } => "issuer: other subject",
        Fault::OtherEnvelope => "entry: other envelope",
        Fault::KeyProof(fault) => key_proof_fault(fault),
        Fault::KeyNotListed { .. } => "standing: listed later",
        Fault::KeyRetired { .. } => "standing: retired",
        Fault::KeyRevoked { .. } => "standing: revoked",
        Fault::Inclusion(fault) => match fault {
            InclusionError::IndexOutOfRange { .. } => "inclusion: index",
            InclusionError::ProofLength { .. } => "inclusion: length",
            InclusionError::RootMismatch { .. } => "inclusion: root",
        },
        Fault::Entry(fault) => match fault {
            DecodeError::TooLarge { .. } => "entry: too large",
            DecodeError::Malformed { .. } => "entry: malformed",
            DecodeError::NotCanonical { .. } => "entry: not canonical",
            DecodeError::Field { .. } => "entry: field",
        },
        Fault::OtherOrigin { .. } => "entry: other origin",
        Fault::OtherSubmission { .. } => "entry: other submission",
        Fault::NoSubmission { .. } => "entry: no submission",
        Fault::Author(fault) => match fault {
            SubmissionError::Signature(_) => "author: signature",
            SubmissionError::Possession(_) => "author: possession",
            SubmissionError::Issuer(_) => "author: issuer",
            SubmissionError::PossessionCount { .. } => "author: possession count",
            SubmissionError::Network { .. } => unreachable!("a receipt's author names the network"),
        },
        Fault::NoBatch { .. } => "item: no batch",
        Fault::OtherTree { .. } => "item: other tree",
        Fault::Item(fault) => match fault {
            InclusionError::IndexOutOfRange { .. } => "item: index",
            InclusionError::ProofLength { .. } => "item: length",
            InclusionError::RootMismatch { .. } => "item: root",
        },
        Fault::OtherArtifact { .. } => "artifact: other",
        Fault::NoArtifact { .. } => "artifact: none",
        Fault::NoTime => "freshness: no time",
        Fault::TooOld { .. } => "freshness: too old",
        Fault::FromTheFuture { .. } => "freshness: from the future",
    }
}

fn checkpoint_fault(fault: &CheckpointFault) -> &'static str {
    match fault {
        CheckpointFault::Note(fault) => match fault {
            NoteError::TooLarge { .. } => "note too large",
            NoteError::Control { .. } => "note: control character",
            NoteError::Unfinished => unreachable!("what is read ends in a newline, or has no separator"),
            NoteError::NoSeparator => "note: no separator",
            NoteError::SignatureCount { .. } => "note: signature count",
            NoteError::SignatureLine { .. } => "note: signature line",
        },
        CheckpointFault::Text(fault) => match fault {
            CheckpointTextError::Lines { .. } => "checkpoint: lines",
            CheckpointTextError::Origin(_) => "checkpoint: origin",
            CheckpointTextError::Size { .. } => "checkpoint: size",
            CheckpointTextError::Root { .. } => "checkpoint: root",
        },
        CheckpointFault::NoLogs => "checkpoint: no logs",
        CheckpointFault::UnknownOrigin { .. } => "checkpoint: unknown origin",
        CheckpointFault::UnknownKey { .. } => "checkpoint: unknown key",
        CheckpointFault::KeyTwice { .. } => "checkpoint: key twice",
        CheckpointFault::Signature { fault, .. } => match fault {
            SignatureLineError::UnknownType => "signature line: unknown type",
            SignatureLineError::NoTime { .. } => "signature line: no time",
            SignatureLineError::Time { .. } => "signature line: time",
            SignatureLineError::Signature(crypto::SignatureError::Length { .. }) => {
                "signature line: signature length"
            }
            SignatureLineError::Signature(_) => "signature line: signature invalid",
            SignatureLineError::MlDsa44(_) => "signature line: ml-dsa-44 signature",
        },
        CheckpointFault::NoLogSignature => "checkpoint: no log signature",
        CheckpointFault::BelowQuorum { .. } => "checkpoint: below quorum",
    }
}
