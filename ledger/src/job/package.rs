//! The record of a job's evidence, made from what is kept of the job: the same bytes on every node.
//!
//! One sealed object stands behind both forms that clients know: the members of a bundle 1.0 are the data of the record's
//! items. Every item, and how its text is made, is in `ledger/JOBS.md`; a change here changes hashes that were signed.

use crypto::Digest;
use merkle::{WholeTree, leaf_hash};
use proto::canon::{Float, Value};
use proto::counter::TimeMs;
use proto::evidence::{EXECUTION, Header, Item, binds_provider, bundle_hash, content_hash};
use proto::id::Tenant;
use proto::iso;
use proto::job::{Backend, Completion, JobArtifact, JobId, Plan, Provenance, ProviderRun, RecordId};

use super::{Job, Progress};

/// A part of a record: what an item is called, what it is for readers, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub id: String,
    /// Its label.
    pub label: Option<&'static str>,
    /// Its data.
    pub data: Value,
}

/// A record, before anybody signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// What it says of itself.
    pub header: Header,
    /// Its items, in their order.
    pub parts: Vec<Part>,
    /// The same, as they are sealed.
    pub items: Vec<Item>,
    /// Root of the tree of RFC 9162 over their digests.
    pub root: Digest,
    /// The digest that is signed.
    pub bundle: Digest,
}

impl Package {
    /// The record of that name of a job; none of a job that was not completed.
    pub fn of(tenant: &Tenant, id: &JobId, job: &Job, record: &RecordId, created_at: TimeMs) -> Option<Self> {
        let parts = parts(id, job, created_at)?;
        let header = Header {
            record_id: record.as_str().to_owned(),
            tenant_id: tenant.as_str().to_owned(),
            created_at: iso::text(created_at),
        };
        let items = parts.iter().map(|Part { id, label, data }| Item {
            id: id.clone(),
            label: label.map(str::to_owned),
            content_hash: content_hash(data),
        });
        let items: Vec<_> = items.collect();
        let root = root(items.iter().map(|item| &item.content_hash));
        let bundle = bundle_hash(&header, &items, &root);
        Some(Self { header, parts, items, root, bundle })
    }

    /// The data of the item of that name.
    pub fn data(&self, id: &str) -> Option<&Value> {
        self.parts.iter().find(|part| part.id == id).map(|part| &part.data)
    }

    /// The data of the artifacts, in their order.
    pub fn artifacts(&self) -> impl Iterator<Item = &Value> {
        self.parts.iter().filter(|part| part.id.starts_with(ARTIFACT)).map(|part| &part.data)
    }

    /// Whether what it says of the execution binds it to a provider's job.
    pub fn is_bound(&self) -> bool {
        let execution = self.parts.iter().find(|part| part.label == Some(EXECUTION));
        execution.is_some_and(|part| binds_provider(&part.data))
    }
}

/// What names of artifacts' items begin with; behind it stands a number.
const ARTIFACT: &str = "artifact_";

/// The name of an artifact's item, by its place among those that the job left.
pub fn artifact_id(number: usize) -> String {
    format!("{ARTIFACT}{number}")
}

/// The root of the tree of RFC 9162 over digests of 32 bytes each.
pub fn root<'a>(digests: impl Iterator<Item = &'a Digest>) -> Digest {
    WholeTree::new(digests.map(|digest| leaf_hash(digest.as_bytes()))).root()
}

fn parts(id: &JobId, job: &Job, created_at: TimeMs) -> Option<Vec<Part>> {
    let (started, completed, completion) = match &job.progress {
        Progress::Completed { started, completed, completion } => (started, completed, completion),
        Progress::Created | Progress::Running { .. } | Progress::Failed { .. } => return None,
    };
    let part = |id: &str, data| Part { id: id.to_owned(), label: None, data };
    let times = [
        ("submitted_at", job.submitted_at),
        ("queued_at", job.queued_at),
        ("started_at", started.time),
        ("completed_at", completed.time),
        ("packaged_at", created_at),
    ];
    let mut parts = vec![
        part("provenance", provenance(&job.plan.provenance)),
        part("capabilities_snapshot", capabilities(&job.plan.backend)),
        part("timeline", Value::object(times.map(|(name, time)| (name, iso::text(time).into())))),
        part("cost", cost(&job.plan, completion)),
        Part { label: Some(EXECUTION), ..part("execution", execution(id, &job.plan, completion)) },
    ];
    for (n, it) in completion.artifacts.iter().enumerate() {
        parts.push(part(&artifact_id(n), artifact(it)));
    }
    let result = completion.result().map(|it| sha256_text(&it.sha256));
    parts.push(part("results_summary", Value::object([("result_hash", result.into())])));
    Some(parts)
}

fn provenance(provenance: &Provenance) -> Value {
    let Provenance { git_commit, image, config, circuit, compiler } = provenance;
    let hash = |hash: &Option<Digest>| hash.as_ref().map(sha256_text).into();
    Value::object([
        ("git_commit", said(git_commit)),
        ("image_digest", hash(image)),
        ("config_hash", hash(config)),
        ("circuit_hash", hash(circuit)),
        ("compiler_version", said(compiler)),
    ])
}

fn capabilities(backend: &Backend) -> Value {
    let Backend { id, version, provider, qubits, status } = backend;
    Value::object([
        ("backend_id", id.as_str().into()),
        ("backend_version", said(version)),
        ("backend_provider", said(provider)),
        ("backend_qubits", Some(u64::from(*qubits)).filter(|qubits| *qubits > 0).into()),
        ("backend_status", said(status)),
    ])
}

fn cost(plan: &Plan, completion: &Completion) -> Value {
    Value::object([
        ("estimate_usd", millionths(plan.estimate_micros)),
        ("final_usd", millionths(completion.final_micros)),
        ("currency", plan.currency.as_str().into()),
        ("chargeback_tags", Value::List(plan.tags.iter().map(|tag| tag.as_str().into()).collect())),
    ])
}

fn execution(id: &JobId, plan: &Plan, completion: &Completion) -> Value {
    let Value::Object(mut members) = Value::object([
        ("job_id", id.as_str().into()),
        ("shots_requested", plan.shots.into()),
        ("shots_completed", completion.shots.into()),
        ("success_rate", millionths(completion.success_ppm.into())),
        ("status", "completed".into()),
    ]) else {
        return Value::Null;
    };
    if let Some(ProviderRun { job, compiled, raw_result }) = &completion.provider {
        for (name, text) in [
            ("provider_job_id", job),
            ("compiled_artifact_hash", compiled),
            ("raw_provider_result_hash", raw_result),
        ] {
            members.insert(name.to_owned(), text.as_str().into());
        }
    }
    Value::Object(members)
}

fn artifact(artifact: &JobArtifact) -> Value {
    let JobArtifact { name, sha256, bytes, content_type } = artifact;
    Value::object([
        ("name", name.as_str().into()),
        ("hash", sha256_text(sha256).into()),
        ("hash_algorithm", "sha256".into()),
        ("size_bytes", (*bytes).into()),
        ("content_type", content_type.as_str().into()),
    ])
}

fn sha256_text(digest: &Digest) -> String {
    format!("sha256:{digest}")
}

/// A text, or null where nothing was said.
fn said(text: &str) -> Value {
    Some(text).filter(|text| !text.is_empty()).into()
}

fn millionths(unscaled: u64) -> Value {
    let float = i64::try_from(unscaled).ok().and_then(|unscaled| Float::decimal(unscaled, 6));
    Value::Float(float.expect("amounts and rates are checked to be below 10^15 millionths"))
}
