//! How plans and completions are stored.

use proto::counter::TimeMs;
use proto::job::{Backend, Completion, JobArtifact, JobRetention, JobState, Plan, Provenance, ProviderRun};
use proto::operation::RetentionClass;

use crate::codec::{CodecError, Reader, Writer};

pub(super) fn write_plan(to: &mut Writer, plan: &Plan) {
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
    let Backend { id, version, provider, qubits, status } = backend;
    to.text(id).text(version).text(provider).u32(*qubits).text(status);
    let Provenance { git_commit, image, config, circuit, compiler } = provenance;
    to.text(git_commit);
    for hash in [image, config, circuit] {
        match hash {
            None => to.u8(0),
            Some(hash) => to.u8(1).digest(hash),
        };
    }
    to.text(compiler).u64(*shots).u64(*estimate_micros).text(currency).count(tags.len());
    for tag in tags {
        to.text(tag);
    }
    match retention {
        JobRetention::Class(RetentionClass::Standard) => to.u8(1),
        JobRetention::Class(RetentionClass::Compliance) => to.u8(2),
        JobRetention::Enterprise { days, write_once } => to.u8(3).u32(*days).u8((*write_once).into()),
    };
    to.option(submitted_at.map(TimeMs::get)).option(queued_at.map(TimeMs::get));
}

pub(super) fn read_plan(from: &mut Reader<'_>) -> Result<Plan, CodecError> {
    Ok(Plan {
        backend: Backend {
            id: from.text("backend.id")?,
            version: from.text("backend.version")?,
            provider: from.text("backend.provider")?,
            qubits: from.u32()?,
            status: from.text("backend.status")?,
        },
        provenance: Provenance {
            git_commit: from.text("provenance.git_commit")?,
            image: hash(from)?,
            config: hash(from)?,
            circuit: hash(from)?,
            compiler: from.text("provenance.compiler")?,
        },
        shots: from.u64()?,
        estimate_micros: from.u64()?,
        currency: from.text("plan.currency")?,
        tags: from.each(|from| from.text("plan.tags"))?,
        retention: match from.u8()? {
            1 => JobRetention::Class(RetentionClass::Standard),
            2 => JobRetention::Class(RetentionClass::Compliance),
            3 => JobRetention::Enterprise { days: from.u32()?, write_once: truth(from)? },
            found => return Err(unknown("plan.retention", found)),
        },
        submitted_at: from.option()?.map(TimeMs::new),
        queued_at: from.option()?.map(TimeMs::new),
    })
}

pub(super) fn write_completion(to: &mut Writer, completion: &Completion) {
    let Completion { shots, success_ppm, final_micros, provider, artifacts, results } = completion;
    to.u64(*shots).u32(*success_ppm).u64(*final_micros);
    match provider {
        None => to.u8(0),
        Some(ProviderRun { job, compiled, raw_result }) => to.u8(1).text(job).text(compiled).text(raw_result),
    };
    to.count(artifacts.len());
    for JobArtifact { name, sha256, bytes, content_type } in artifacts {
        to.text(name).digest(sha256).u64(*bytes).text(content_type);
    }
    to.u32(*results);
}

pub(super) fn read_completion(from: &mut Reader<'_>) -> Result<Completion, CodecError> {
    Ok(Completion {
        shots: from.u64()?,
        success_ppm: from.u32()?,
        final_micros: from.u64()?,
        provider: match from.u8()? {
            0 => None,
            1 => Some(ProviderRun {
                job: from.text("provider.job")?,
                compiled: from.text("provider.compiled")?,
                raw_result: from.text("provider.raw_result")?,
            }),
            found => return Err(unknown("completion.provider", found)),
        },
        artifacts: from.each(|from| {
            Ok(JobArtifact {
                name: from.text("artifact.name")?,
                sha256: from.digest()?,
                bytes: from.u64()?,
                content_type: from.text("artifact.content_type")?,
            })
        })?,
        results: from.u32()?,
    })
}

pub(super) fn read_state(from: &mut Reader<'_>) -> Result<JobState, CodecError> {
    let number = from.u8()?;
    JobState::parse(number).ok_or_else(|| unknown("job.state", number))
}

fn hash(from: &mut Reader<'_>) -> Result<Option<crypto::Digest>, CodecError> {
    match from.u8()? {
        0 => Ok(None),
        1 => from.digest().map(Some),
        found => Err(unknown("hash", found)),
    }
}

fn truth(from: &mut Reader<'_>) -> Result<bool, CodecError> {
    match from.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        found => Err(unknown("truth", found)),
    }
}

fn unknown(field: &'static str, found: u8) -> CodecError {
    CodecError::Meaning { field, found: u64::from(found) }
}
