//! Jobs, whose bounds are asked where they are read.

use super::part::digest;
use super::pb;
use super::pb::submission_body::Operation as Proto;
use crate::canonical::DecodeError;
use crate::counter::TimeMs;
use crate::job::{
    ARTIFACTS_MAX, Act, Backend, Completion, JobArtifact, JobId, JobRetention, JobState, Plan, Provenance,
    ProviderRun, TAGS_MAX,
};
use crate::operation::{Operation, RetentionClass};

/// The number of the class that is not everybody's.
const ENTERPRISE: u32 = 3;

pub(super) fn to_wire(job: &JobId, act: &Act) -> Proto {
    let job = job.as_str().to_owned();
    let state = |state: JobState, at: &Option<TimeMs>| pb::JobState {
        job: job.clone(),
        state: state.id().into(),
        at_ms: at.map_or(0, TimeMs::get),
        ..pb::JobState::default()
    };
    match act {
        Act::Open(plan) => Proto::JobOpen(opened_to_wire(job, plan)),
        Act::Run { at } => Proto::JobState(state(JobState::Running, at)),
        Act::Complete { at, completion } => Proto::JobState(pb::JobState {
            completion: Some(completion_to_wire(completion)),
            ..state(JobState::Completed, at)
        }),
        Act::Fail { at, reason } => {
            Proto::JobState(pb::JobState { reason: reason.clone(), ..state(JobState::Failed, at) })
        }
    }
}

fn opened_to_wire(job: String, plan: &Plan) -> pb::JobOpen {
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
    } = plan;
    let Backend { id, version, provider, qubits, status } = backend.clone();
    let Provenance { git_commit, image, config, circuit, compiler } = provenance.clone();
    let hash = |hash: Option<crypto::Digest>| hash.map_or_else(Vec::new, |it| it.as_bytes().to_vec());
    let (retention, retention_days, write_once) = match retention {
        JobRetention::Class(class) => (class.code(), 0, false),
        JobRetention::Enterprise { days, write_once } => (ENTERPRISE, *days, *write_once),
    };
    pb::JobOpen {
        job,
        backend: id,
        backend_version: version,
        backend_provider: provider,
        qubits,
        backend_status: status,
        git_commit,
        image: hash(image),
        config: hash(config),
        circuit: hash(circuit),
        compiler,
        shots: *shots,
        estimate_micros: *estimate_micros,
        currency: currency.clone(),
        tags: tags.clone(),
        retention,
        retention_days,
        write_once,
        submitted_at_ms: submitted_at.map_or(0, TimeMs::get),
        queued_at_ms: queued_at.map_or(0, TimeMs::get),
    }
}

fn completion_to_wire(completion: &Completion) -> pb::JobCompletion {
    let Completion { shots, success_ppm, final_micros, provider, artifacts, results } = completion;
    let provider = provider.as_ref().map(|ProviderRun { job, compiled, raw_result }| pb::ProviderRun {
        job: job.clone(),
        compiled: compiled.clone(),
        raw_result: raw_result.clone(),
    });
    let artifacts = artifacts.iter().map(|it| pb::JobArtifact {
        name: it.name.clone(),
        sha256: it.sha256.as_bytes().to_vec(),
        bytes: it.bytes,
        content_type: it.content_type.clone(),
    });
    pb::JobCompletion {
        shots: *shots,
        success_ppm: *success_ppm,
        final_micros: *final_micros,
        provider,
        artifacts: artifacts.collect(),
        results: *results,
    }
}

pub(super) fn opened(wire: pb::JobOpen) -> Result<Operation, DecodeError> {
    DecodeError::at_most("tags", wire.tags.len(), TAGS_MAX)?;
    let hash = |bytes: &[u8], field| match bytes.is_empty() {
        true => Ok(None),
        false => digest(bytes, field).map(Some),
    };
    let plan = Plan {
        backend: Backend {
            id: wire.backend,
            version: wire.backend_version,
            provider: wire.backend_provider,
            qubits: wire.qubits,
            status: wire.backend_status,
        },
        provenance: Provenance {
            git_commit: wire.git_commit,
            image: hash(&wire.image, "image")?,
            config: hash(&wire.config, "config")?,
            circuit: hash(&wire.circuit, "circuit")?,
            compiler: wire.compiler,
        },
        shots: wire.shots,
        estimate_micros: wire.estimate_micros,
        currency: wire.currency,
        tags: wire.tags,
        // What stands beside a class that says it all is refused by encoding it again.
        retention: match (wire.retention, RetentionClass::of_code(wire.retention)) {
            (_, Some(class)) => JobRetention::Class(class),
            (ENTERPRISE, None) => {
                JobRetention::Enterprise { days: wire.retention_days, write_once: wire.write_once }
            }
            (found, None) => {
                return Err(DecodeError::field("retention", format!("class {found} is unknown")));
            }
        },
        submitted_at: time(wire.submitted_at_ms),
        queued_at: time(wire.queued_at_ms),
    };
    act(&wire.job, Act::Open(Box::new(plan)))
}

pub(super) fn moved(wire: pb::JobState) -> Result<Operation, DecodeError> {
    let pb::JobState { job, state, at_ms, completion, reason } = wire;
    let at = time(at_ms);
    let state = u8::try_from(state).ok().and_then(JobState::parse);
    let made = match (state, completion) {
        (Some(JobState::Running), None) => Act::Run { at },
        (Some(JobState::Completed), Some(completion)) => {
            Act::Complete { at, completion: Box::new(completed(completion)?) }
        }
        (Some(JobState::Failed), None) => Act::Fail { at, reason },
        (Some(_) | None, _) => {
            return Err(DecodeError::field("state", "is 2, 3 with what came of it, or 4"));
        }
    };
    act(&job, made)
}

fn completed(wire: pb::JobCompletion) -> Result<Completion, DecodeError> {
    let pb::JobCompletion { shots, success_ppm, final_micros, provider, artifacts, results } = wire;
    DecodeError::at_most("artifacts", artifacts.len(), ARTIFACTS_MAX)?;
    let provider = provider.map(|pb::ProviderRun { job, compiled, raw_result }| ProviderRun {
        job,
        compiled,
        raw_result,
    });
    let artifacts = artifacts.into_iter().map(|it| {
        let pb::JobArtifact { name, sha256, bytes, content_type } = it;
        Ok(JobArtifact { name, sha256: digest(&sha256, "sha256")?, bytes, content_type })
    });
    let artifacts = artifacts.collect::<Result<_, DecodeError>>()?;
    Ok(Completion { shots, success_ppm, final_micros, provider, artifacts, results })
}

fn time(ms: u64) -> Option<TimeMs> {
    (ms != 0).then(|| TimeMs::new(ms))
}

fn act(job: &str, act: Act) -> Result<Operation, DecodeError> {
    act.check().map_err(|fault| DecodeError::field("job", fault))?;
    let job = id(job)?;
    Ok(Operation::Job { job, act })
}

pub(super) fn id(job: &str) -> Result<JobId, DecodeError> {
    JobId::parse(job).map_err(|fault| DecodeError::field("job", fault))
}
