//! Operations on jobs, their evidence, and the keys that sign it, in JSON.

use crypto::{PublicKey, Scheme, Signature};
use proto::counter::TimeMs;
use proto::evidence::Level;
use proto::job::{
    Act, Backend, Completion, JobArtifact as DomainArtifact, JobId, JobRetention, JobState as State, Plan,
    Provenance, ProviderRun as DomainRun, RecordId,
};
use proto::operation::evidence::{EvidenceAct, EvidenceSeal as DomainSeal, SealItem};
use proto::operation::{Operation as Domain, RetentionClass};
use proto::signer::{SignerChange, SignerListing, SignerName, SignerRoles, algorithm};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::{Bytes, Hash, Uint};

/// What is asked for when a job is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobOpen {
    /// The job, among those of the tenant.
    pub job: String,
    /// Where it is to run.
    pub backend_id: String,
    /// The backend's version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub backend_version: String,
    /// Who runs it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub backend_provider: String,
    /// How many qubits it has; 0: not said.
    #[serde(default)]
    pub backend_qubits: u32,
    /// What it says of itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub backend_status: String,
    /// The commit of its sources.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub git_commit: String,
    /// SHA-256 of the image it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Hash>,
    /// SHA-256 of its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Hash>,
    /// SHA-256 of its circuit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circuit: Option<Hash>,
    /// Name and version of its compiler.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub compiler: String,
    /// How often its circuit is to be run.
    pub shots: Uint,
    /// What it is expected to cost, in millionths of the currency's unit.
    pub estimate_micros: Uint,
    /// Three capital letters.
    pub currency: String,
    /// To whom it is charged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// `standard`, `compliance` or `enterprise`.
    pub retention: String,
    /// Days of an enterprise's retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Whether nobody deletes it before, of an enterprise's retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_once: Option<bool>,
    /// When it was handed in; else the block's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at_ms: Option<Uint>,
    /// When it was queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_at_ms: Option<Uint>,
}

/// How a job goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobState {
    /// The job.
    pub job: String,
    /// `JobRunning`, `JobCompleted` or `JobFailed`.
    pub state: String,
    /// Since when; else the block's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<Uint>,
    /// What came of it, if it was completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion: Option<JobCompletion>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobCompletion {
    /// How often its circuit was run.
    pub shots: Uint,
    /// Parts of a million that succeeded.
    pub success_ppm: u32,
    /// What it cost, in millionths of the currency's unit.
    pub final_micros: Uint,
    /// What the provider says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderRun>,
    /// What it left.
    #[serde(deserialize_with = "crate::strict::named_list")]
    pub artifacts: Vec<JobArtifact>,
    /// Which of these are its results, counted from 0.
    pub results: u32,
}

/// What a provider says of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderRun {
    /// What it calls the job.
    pub job: String,
    /// Hash of what was compiled for it.
    pub compiled: String,
    /// Hash of what it gave back.
    pub raw_result: String,
}

/// Bytes that a job left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobArtifact {
    /// A file's name.
    pub name: String,
    /// SHA-256 of the bytes.
    pub sha256: Hash,
    /// How many they are.
    pub bytes: Uint,
    /// Their media type.
    pub content_type: String,
}

/// The evidence of a job, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceSeal {
    /// The job.
    pub job: String,
    /// The record's name.
    pub record: String,
    /// When it was made.
    pub created_at_ms: Uint,
    /// Its items, in their order.
    #[serde(deserialize_with = "crate::strict::named_list")]
    pub items: Vec<EvidenceItem>,
    /// Root over their digests.
    pub merkle_root: Hash,
    /// The digest that is signed.
    pub bundle_hash: Hash,
    /// What it claims to show.
    pub claim_level: String,
    /// Id of the key that signed.
    pub key: String,
    /// The scheme of that key.
    pub scheme: String,
    /// Its signature.
    pub signature: Bytes,
    /// When it signed.
    pub signed_at_ms: Uint,
}

/// An item of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceItem {
    /// Its name.
    pub id: String,
    /// Its label.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// SHA-256 of its canonical data.
    pub content_hash: Hash,
}

/// That somebody verified the evidence of a job, for the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceVerified {
    /// The job.
    pub job: String,
}

/// That the evidence of a job is served no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceDelete {
    /// The job.
    pub job: String,
    /// Why, for people.
    #[serde(default)]
    pub reason: String,
}

/// A key that signs evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignerList {
    /// What it is called.
    pub name: String,
    /// Its scheme.
    pub scheme: String,
    /// The key.
    pub public_key: Bytes,
    /// `evidence_signing`, `bundle_signing`, or both.
    pub roles: Vec<String>,
    /// From when on what it signs is good.
    pub valid_from_ms: Uint,
    /// From when on it is not.
    pub valid_until_ms: Uint,
    /// Its consent.
    pub possession: Bytes,
}

/// That a key signs no more evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignerRevoke {
    /// Its id.
    pub key: String,
    /// Why, for people.
    #[serde(default)]
    pub reason: String,
    /// From when on what it signed is not believed; else from the block's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<Uint>,
}

fn ms(time: &Option<TimeMs>) -> Option<Uint> {
    time.map(|time| Uint(time.get()))
}

fn time(ms: Option<&Uint>) -> Option<TimeMs> {
    ms.map(|ms| TimeMs::new(ms.0))
}

fn job_id(job: &str) -> Result<JobId, String> {
    JobId::parse(job).map_err(|fault| format!("job: {fault}"))
}

impl JobOpen {
    pub(crate) fn of(job: &JobId, plan: &Plan) -> Self {
        let Plan {
            backend,
            provenance,
            shots,
            estimate_micros,
            currency,
            tags,
            retention,
            submitted_at,
            queued_at,
        } = plan.clone();
        let Backend { id, version, provider, qubits, status } = backend;
        let Provenance { git_commit, image, config, circuit, compiler } = provenance;
        let (retention_days, write_once) = match retention {
            JobRetention::Class(_) => (None, None),
            JobRetention::Enterprise { days, write_once } => (Some(days), Some(write_once)),
        };
        Self {
            job: job.as_str().to_owned(),
            backend_id: id,
            backend_version: version,
            backend_provider: provider,
            backend_qubits: qubits,
            backend_status: status,
            git_commit,
            image: image.map(Hash),
            config: config.map(Hash),
            circuit: circuit.map(Hash),
            compiler,
            shots: Uint(shots),
            estimate_micros: Uint(estimate_micros),
            currency,
            tags,
            retention: retention.name().to_owned(),
            retention_days,
            write_once,
            submitted_at_ms: ms(&submitted_at),
            queued_at_ms: ms(&queued_at),
        }
    }

    pub(crate) fn parse(&self) -> Result<Domain, String> {
        let hash = |hash: &Option<Hash>| hash.as_ref().map(|hash| hash.0);
        let plan = Plan {
            backend: Backend {
                id: self.backend_id.clone(),
                version: self.backend_version.clone(),
                provider: self.backend_provider.clone(),
                qubits: self.backend_qubits,
                status: self.backend_status.clone(),
            },
            provenance: Provenance {
                git_commit: self.git_commit.clone(),
                image: hash(&self.image),
                config: hash(&self.config),
                circuit: hash(&self.circuit),
                compiler: self.compiler.clone(),
            },
            shots: self.shots.0,
            estimate_micros: self.estimate_micros.0,
            currency: self.currency.clone(),
            tags: self.tags.clone(),
            retention: class(&self.retention, self.retention_days, self.write_once)?,
            submitted_at: time(self.submitted_at_ms.as_ref()),
            queued_at: time(self.queued_at_ms.as_ref()),
        };
        act(&self.job, Act::Open(Box::new(plan)))
    }
}

/// The class of that name; only an enterprise's has days and a choice.
///
/// # Errors
/// What is wrong with it, in words.
pub fn class(name: &str, days: Option<u32>, write_once: Option<bool>) -> Result<JobRetention, String> {
    match (name, days, write_once) {
        ("standard", None, None) => Ok(JobRetention::Class(RetentionClass::Standard)),
        ("compliance", None, None) => Ok(JobRetention::Class(RetentionClass::Compliance)),
        ("enterprise", Some(days), write_once) => {
            Ok(JobRetention::Enterprise { days, write_once: write_once.unwrap_or(false) })
        }
        _ => Err(format!(
            "retention: standard, compliance, or enterprise with days and write_once; this is {:?}",
            name.chars().take(40).collect::<String>()
        )),
    }
}

fn act(job: &str, act: Act) -> Result<Domain, String> {
    act.check().map_err(|fault| fault.to_string())?;
    Ok(Domain::Job { job: job_id(job)?, act })
}

impl JobState {
    pub(crate) fn of(job: &JobId, act: &Act) -> Self {
        let (state, at, completion, reason) = match act {
            Act::Open(_) => (State::Created, &None, None, None),
            Act::Run { at } => (State::Running, at, None, None),
            Act::Complete { at, completion } => (State::Completed, at, Some((&**completion).into()), None),
            Act::Fail { at, reason } => (State::Failed, at, None, Some(reason.clone())),
        };
        Self {
            job: job.as_str().to_owned(),
            state: state.name().to_owned(),
            at_ms: ms(at),
            completion,
            reason,
        }
    }

    pub(crate) fn parse(&self) -> Result<Domain, String> {
        let at = time(self.at_ms.as_ref());
        let made = match (self.state.as_str(), &self.completion, &self.reason) {
            ("JobRunning", None, None) => Act::Run { at },
            ("JobCompleted", Some(completion), None) => {
                Act::Complete { at, completion: Box::new(completion.parse()) }
            }
            ("JobFailed", None, reason) => Act::Fail { at, reason: reason.clone().unwrap_or_default() },
            _ => {
                return Err(
                    "state: JobRunning, JobCompleted with what came of it, or JobFailed with a reason"
                        .to_owned(),
                );
            }
        };
        act(&self.job, made)
    }
}

impl From<&Completion> for JobCompletion {
    fn from(completion: &Completion) -> Self {
        let Completion { shots, success_ppm, final_micros, provider, artifacts, results } =
            completion.clone();
        let provider =
            provider.map(|DomainRun { job, compiled, raw_result }| ProviderRun { job, compiled, raw_result });
        let artifact = |it: DomainArtifact| {
            let DomainArtifact { name, sha256, bytes, content_type } = it;
            JobArtifact { name, sha256: Hash(sha256), bytes: Uint(bytes), content_type }
        };
        Self {
            shots: Uint(shots),
            success_ppm,
            final_micros: Uint(final_micros),
            provider,
            artifacts: artifacts.into_iter().map(artifact).collect(),
            results,
        }
    }
}

impl JobCompletion {
    fn parse(&self) -> Completion {
        let Self { shots, success_ppm, final_micros, provider, artifacts, results } = self.clone();
        let provider =
            provider.map(|ProviderRun { job, compiled, raw_result }| DomainRun { job, compiled, raw_result });
        let artifact = |it: JobArtifact| {
            let JobArtifact { name, sha256, bytes, content_type } = it;
            DomainArtifact { name, sha256: sha256.0, bytes: bytes.0, content_type }
        };
        Completion {
            shots: shots.0,
            success_ppm,
            final_micros: final_micros.0,
            provider,
            artifacts: artifacts.into_iter().map(artifact).collect(),
            results,
        }
    }
}

impl EvidenceSeal {
    pub(crate) fn of(job: &JobId, seal: &DomainSeal) -> Self {
        let DomainSeal { record, created_at, items, root, bundle, claim, key, signature, signed_at } = seal;
        let item = |SealItem { id, label, content }: &SealItem| EvidenceItem {
            id: id.clone(),
            label: label.clone(),
            content_hash: Hash(*content),
        };
        Self {
            job: job.as_str().to_owned(),
            record: record.as_str().to_owned(),
            created_at_ms: Uint(created_at.get()),
            items: items.iter().map(item).collect(),
            merkle_root: Hash(*root),
            bundle_hash: Hash(*bundle),
            claim_level: claim.name().to_owned(),
            key: key.to_string(),
            scheme: signature.scheme().name().to_owned(),
            signature: Bytes(signature.as_bytes().to_vec()),
            signed_at_ms: Uint(signed_at.get()),
        }
    }

    pub(crate) fn parse(&self) -> Result<Domain, String> {
        let item = |EvidenceItem { id, label, content_hash }: &EvidenceItem| SealItem {
            id: id.clone(),
            label: label.clone(),
            content: content_hash.0,
        };
        let seal = DomainSeal {
            record: RecordId::parse(&self.record).map_err(|fault| format!("record: {fault}"))?,
            created_at: TimeMs::new(self.created_at_ms.0),
            items: self.items.iter().map(item).collect(),
            root: self.merkle_root.0,
            bundle: self.bundle_hash.0,
            claim: Level::from_name(&self.claim_level)
                .ok_or_else(|| format!("claim_level: {:?} is no level", shorten(&self.claim_level)))?,
            key: self.key.parse().map_err(|fault| format!("key: {fault}"))?,
            signature: Signature::parse(scheme(&self.scheme)?, &self.signature.0)
                .map_err(|fault| format!("signature: {fault}"))?,
            signed_at: TimeMs::new(self.signed_at_ms.0),
        };
        Ok(Domain::Evidence { job: job_id(&self.job)?, act: EvidenceAct::Seal(Box::new(seal)) })
    }
}

impl EvidenceVerified {
    pub(crate) fn parse(&self) -> Result<Domain, String> {
        Ok(Domain::Evidence { job: job_id(&self.job)?, act: EvidenceAct::Verified })
    }
}

impl EvidenceDelete {
    pub(crate) fn parse(&self) -> Result<Domain, String> {
        let act = EvidenceAct::Delete { reason: self.reason.clone() };
        Ok(Domain::Evidence { job: job_id(&self.job)?, act })
    }
}

impl SignerList {
    pub(crate) fn of(listing: &SignerListing) -> Self {
        let SignerListing { name, key, roles, valid_from, valid_until, possession } = listing;
        Self {
            name: name.as_str().to_owned(),
            scheme: key.scheme().name().to_owned(),
            public_key: Bytes(key.as_bytes().to_vec()),
            roles: roles.names().iter().map(|&name| name.to_owned()).collect(),
            valid_from_ms: Uint(valid_from.get()),
            valid_until_ms: Uint(valid_until.get()),
            possession: Bytes(possession.as_bytes().to_vec()),
        }
    }

    pub(crate) fn parse(&self) -> Result<Domain, String> {
        let scheme = scheme(&self.scheme)?;
        let roles = SignerRoles::ALL.into_iter().find(|roles| roles.names() == self.roles);
        let listing = SignerListing {
            name: SignerName::parse(&self.name).map_err(|fault| format!("name: {fault}"))?,
            key: PublicKey::parse(scheme, &self.public_key.0)
                .map_err(|fault| format!("public_key: {fault}"))?,
            roles: roles.ok_or("roles: evidence_signing, bundle_signing, or both in this order")?,
            valid_from: TimeMs::new(self.valid_from_ms.0),
            valid_until: TimeMs::new(self.valid_until_ms.0),
            possession: Signature::parse(scheme, &self.possession.0)
                .map_err(|fault| format!("possession: {fault}"))?,
        };
        Ok(Domain::Signer(Box::new(SignerChange::List(Box::new(listing)))))
    }
}

impl SignerRevoke {
    pub(crate) fn parse(&self) -> Result<Domain, String> {
        Ok(Domain::Signer(Box::new(SignerChange::Revoke {
            key: self.key.parse().map_err(|fault| format!("key: {fault}"))?,
            reason: self.reason.clone(),
            from: time(self.from_ms.as_ref()),
        })))
    }
}

impl crate::operation::Operation {
    pub(crate) fn of_job(job: &JobId, act: &Act) -> Self {
        match act {
            Act::Open(plan) => Self::JobOpen(Box::new(JobOpen::of(job, plan))),
            Act::Run { .. } | Act::Complete { .. } | Act::Fail { .. } => {
                Self::JobState(Box::new(JobState::of(job, act)))
            }
        }
    }

    pub(crate) fn of_evidence(job: &JobId, act: &EvidenceAct) -> Self {
        let name = job.as_str().to_owned();
        match act {
            EvidenceAct::Seal(seal) => Self::EvidenceSeal(Box::new(EvidenceSeal::of(job, seal))),
            EvidenceAct::Verified => Self::EvidenceVerified(EvidenceVerified { job: name }),
            EvidenceAct::Delete { reason } => {
                Self::EvidenceDelete(EvidenceDelete { job: name, reason: reason.clone() })
            }
        }
    }

    pub(crate) fn of_signer(change: &SignerChange) -> Self {
        match change {
            SignerChange::List(listing) => Self::SignerList(Box::new(SignerList::of(listing))),
            SignerChange::Revoke { key, reason, from } => Self::SignerRevoke(SignerRevoke {
                key: key.to_string(),
                reason: reason.clone(),
                from_ms: ms(from),
            }),
        }
    }
}

fn scheme(name: &str) -> Result<Scheme, String> {
    let scheme = Scheme::from_name(name).filter(|scheme| algorithm(*scheme).is_some());
    scheme.ok_or_else(|| format!("scheme: {:?} signs no evidence", shorten(name)))
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use crypto::{Digest, SecretKey, sha256};

    use super::*;

    fn id() -> JobId {
        JobId::parse("job_xyz789").expect("a name")
    }

    /// One of each kind, with all that may come with it and without.
    pub(crate) fn all() -> Vec<Domain> {
        let secret = SecretKey::from_seed(Scheme::Ed25519, &[9; 32]).expect("signs");
        let digest = |n: u8| -> Digest { sha256(&[n]) };
        let plan = |retention, full: bool| {
            let some = |text: &str| if full { text.to_owned() } else { String::new() };
            Act::Open(Box::new(Plan {
                backend: Backend {
                    id: "ibm_washington".to_owned(),
                    version: some("2.1.0"),
                    provider: some("IBM Quantum"),
                    qubits: if full { 127 } else { 0 },
                    status: some("online"),
                },
                provenance: Provenance {
                    git_commit: some("a1b2c3"),
                    image: full.then(|| digest(1)),
                    config: full.then(|| digest(2)),
                    circuit: full.then(|| digest(3)),
                    compiler: some("qiskit-1.0.0"),
                },
                shots: 1_000,
                estimate_micros: 500_000,
                currency: "USD".to_owned(),
                tags: if full { vec!["project:alpha".to_owned()] } else { Vec::new() },
                retention,
                submitted_at: full.then(|| TimeMs::new(5)),
                queued_at: full.then(|| TimeMs::new(6)),
            }))
        };
        let artifact = DomainArtifact {
            name: "results.json".to_owned(),
            sha256: digest(4),
            bytes: 8_192,
            content_type: "application/json".to_owned(),
        };
        let run = DomainRun { job: "p".to_owned(), compiled: "c".to_owned(), raw_result: "r".to_owned() };
        let complete = |provider: Option<DomainRun>| Act::Complete {
            at: provider.as_ref().map(|_| TimeMs::new(8)),
            completion: Box::new(Completion {
                shots: 1_000,
                success_ppm: 987_000,
                final_micros: 480_000,
                provider,
                artifacts: vec![artifact.clone()],
                results: 0,
            }),
        };
        let acts = [
            plan(JobRetention::Enterprise { days: 30, write_once: true }, true),
            plan(JobRetention::Class(RetentionClass::Compliance), false),
            Act::Run { at: None },
            Act::Run { at: Some(TimeMs::new(7)) },
            complete(None),
            complete(Some(run)),
            Act::Fail { at: None, reason: "calibration".to_owned() },
        ];
        let item = SealItem { id: "execution".to_owned(), label: "Execution".to_owned(), content: digest(5) };
        let seal = DomainSeal {
            record: RecordId::parse("bundle_1").expect("a name"),
            created_at: TimeMs::new(9),
            items: vec![item.clone(), SealItem { label: String::new(), ..item }],
            root: digest(6),
            bundle: digest(7),
            claim: Level::SealedAttestedPqc,
            key: secret.public().id(),
            signature: secret.sign(b"any"),
            signed_at: TimeMs::new(10),
        };
        let evidence = [
            EvidenceAct::Seal(Box::new(seal)),
            EvidenceAct::Verified,
            EvidenceAct::Delete { reason: "asked for".to_owned() },
        ];
        let listing = SignerListing {
            name: SignerName::parse("ql_key_prod_001").expect("a name"),
            key: secret.public().clone(),
            roles: SignerRoles::Both,
            valid_from: TimeMs::new(1),
            valid_until: TimeMs::new(2),
            possession: secret.sign(b"any"),
        };
        let revoke =
            |from| SignerChange::Revoke { key: secret.public().id(), reason: "lost".to_owned(), from };
        let changes = [SignerChange::List(Box::new(listing)), revoke(None), revoke(Some(TimeMs::new(3)))];
        let acts = acts.map(|act| Domain::Job { job: id(), act });
        let evidence = evidence.map(|act| Domain::Evidence { job: id(), act });
        let changes = changes.map(|change| Domain::Signer(Box::new(change)));
        acts.into_iter().chain(evidence).chain(changes).collect()
    }

    #[test]
    fn classes_say_what_is_theirs_and_no_more() {
        assert_eq!(class("standard", None, None), Ok(JobRetention::Class(RetentionClass::Standard)));
        let enterprise = JobRetention::Enterprise { days: 3, write_once: false };
        assert_eq!(class("enterprise", Some(3), None), Ok(enterprise));
        for (name, days, write_once) in [
            ("standard", Some(1), None),
            ("compliance", None, Some(true)),
            ("enterprise", None, Some(true)),
            ("worm", None, None),
        ] {
            assert!(class(name, days, write_once).is_err(), "{name}");
        }
    }
}
