//! Jobs: work done elsewhere of which evidence is kept, from the plan to what came of it.
//!
//! The words of the QCOS evidence flow (`ledger/JOBS.md`). Bounds are checked when a value is read, so whoever holds one
//! need not ask again. Money is whole millionths, rates are parts of a million, and no float comes further than where it
//! enters.

use std::collections::BTreeSet;
use std::fmt;

use crypto::Digest;

use crate::counter::TimeMs;
use crate::operation::RetentionClass;

mod name;

pub(crate) use name::plain;
pub use name::{JobId, JobNameError, RecordId};

/// Most artifacts of a job.
pub const ARTIFACTS_MAX: usize = 64;
/// Longest name of an artifact, in bytes.
pub const ARTIFACT_NAME_BYTES_MAX: usize = 255;
/// Longest media type of an artifact, in bytes.
pub const CONTENT_TYPE_BYTES_MAX: usize = 127;
/// Longest of the other short texts, in bytes.
pub const JOB_TEXT_BYTES_MAX: usize = 100;
/// Most chargeback tags.
pub const TAGS_MAX: usize = 16;
/// Longest reason of a failure, in bytes.
pub const REASON_BYTES_MAX: usize = 1_024;
/// Most millionths of a currency's unit: a thousand million units, which a double still tells apart.
pub const MICROS_MAX: u64 = 1_000_000_000_000_000 - 1;
/// All of it, in parts of a million.
pub const PPM: u32 = 1_000_000;
/// Longest time that a tenant may ask evidence to be kept, in days: a hundred years.
pub const RETENTION_DAYS_MAX: u32 = 36_525;

/// What is wrong with a job's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobFault {
    /// A text is empty where there must be one, too long, or holds a control character.
    #[error("{field}: {found} bytes, {min} to {max} without control characters are allowed")]
    Text {
        /// Which.
        field: &'static str,
        /// Bytes found.
        found: usize,
        /// Fewest allowed.
        min: usize,
        /// Most allowed.
        max: usize,
    },
    /// A number is too small or too large.
    #[error("{field}: {found}, {min} to {max} is allowed")]
    Range {
        /// Which, with its unit.
        field: &'static str,
        /// The number.
        found: u64,
        /// Least allowed.
        min: u64,
        /// Most allowed.
        max: u64,
    },
    /// A currency is no code of ISO 4217.
    #[error("currency: three capital letters, this is {found:?}")]
    Currency {
        /// What stands there, shortened.
        found: String,
    },
    /// A name that cannot be a file's.
    #[error("artifact {found:?}: a name has no slashes and is not a dot or two")]
    FileName {
        /// The name, shortened.
        found: String,
    },
    /// Two artifacts of one name.
    #[error("artifact {found:?} is named twice")]
    Twice {
        /// The name, shortened.
        found: String,
    },
}

/// What a job is to be run on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Backend {
    /// Its name; never empty.
    pub id: String,
    /// Its version, or empty.
    pub version: String,
    /// Who runs it, or empty.
    pub provider: String,
    /// How many qubits it has; 0: not said.
    pub qubits: u32,
    /// What it says of itself, as `online`, or empty.
    pub status: String,
}

/// What a job is made of.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Provenance {
    /// The commit of its sources, or empty.
    pub git_commit: String,
    /// SHA-256 of the image it runs in.
    pub image: Option<Digest>,
    /// SHA-256 of its configuration.
    pub config: Option<Digest>,
    /// SHA-256 of its circuit.
    pub circuit: Option<Digest>,
    /// Name and version of its compiler, or empty.
    pub compiler: String,
}

/// How long the evidence of a job is kept, counted from its seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobRetention {
    /// As everybody means it.
    Class(RetentionClass),
    /// As the tenant has agreed.
    Enterprise {
        /// Days, 1 to 36,525.
        days: u32,
        /// Whether nobody deletes it before.
        write_once: bool,
    },
}

impl JobRetention {
    /// Days it is kept.
    pub const fn days(self) -> u32 {
        match self {
            Self::Class(class) => class.days(),
            Self::Enterprise { days, .. } => days,
        }
    }

    /// Whether nobody deletes it before.
    pub const fn is_write_once(self) -> bool {
        match self {
            Self::Class(class) => class.is_write_once(),
            Self::Enterprise { write_once, .. } => write_once,
        }
    }

    /// Its name in text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Class(class) => class.name(),
            Self::Enterprise { .. } => "enterprise",
        }
    }

    /// The block time until which evidence is kept that was sealed in a block of this time.
    pub fn until(self, sealed: TimeMs) -> TimeMs {
        sealed.plus_days(self.days())
    }
}

/// What is asked for when a job is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where it is to run.
    pub backend: Backend,
    /// What it is made of.
    pub provenance: Provenance,
    /// How often its circuit is to be run.
    pub shots: u64,
    /// What it is expected to cost, in millionths of the currency's unit.
    pub estimate_micros: u64,
    /// Three capital letters.
    pub currency: String,
    /// To whom it is charged.
    pub tags: Vec<String>,
    /// How long its evidence is kept.
    pub retention: JobRetention,
    /// When it was handed in; none: the block's time.
    pub submitted_at: Option<TimeMs>,
    /// When it was queued; none: with the block's time, or when it was handed in, if that is said.
    pub queued_at: Option<TimeMs>,
}

/// Bytes that a job left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobArtifact {
    /// A file's name.
    pub name: String,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// How many they are.
    pub bytes: u64,
    /// Their media type; never empty.
    pub content_type: String,
}

/// What the provider says of a run, which lifts evidence to the highest level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRun {
    /// What it calls the job.
    pub job: String,
    /// Hash of what was compiled for it, as it writes it.
    pub compiled: String,
    /// Hash of what it gave back, as it writes it.
    pub raw_result: String,
}

/// What came of a job that was completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// How often its circuit was run.
    pub shots: u64,
    /// Parts of a million that succeeded.
    pub success_ppm: u32,
    /// What it cost, in millionths of the currency's unit.
    pub final_micros: u64,
    /// What the provider says of it, if it says anything.
    pub provider: Option<ProviderRun>,
    /// What it left, 1 to 64.
    pub artifacts: Vec<JobArtifact>,
    /// Which of these are its results, counted from 0.
    pub results: u32,
}

/// What is done with a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// `job.open`: it was created.
    Open(Box<Plan>),
    /// `job.state`: it runs.
    Run {
        /// Since when; none: the block's time.
        at: Option<TimeMs>,
    },
    /// `job.state`: it was completed.
    Complete {
        /// When; none: the block's time.
        at: Option<TimeMs>,
        /// What came of it.
        completion: Box<Completion>,
    },
    /// `job.state`: it failed.
    Fail {
        /// When; none: the block's time.
        at: Option<TimeMs>,
        /// Why, for people.
        reason: String,
    },
}

impl Act {
    /// The operation's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "job.open",
            Self::Run { .. } | Self::Complete { .. } | Self::Fail { .. } => "job.state",
        }
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// `JobFault`, the first.
    pub fn check(&self) -> Result<(), JobFault> {
        match self {
            Self::Open(plan) => plan.check(),
            Self::Run { at } => time("started_at", *at),
            Self::Complete { at, completion } => {
                time("completed_at", *at)?;
                completion.check()
            }
            Self::Fail { at, reason } => {
                time("completed_at", *at)?;
                text("reason", reason, 0, REASON_BYTES_MAX)
            }
        }
    }
}

impl Plan {
    /// Checks every bound.
    ///
    /// # Errors
    /// `JobFault`, the first.
    pub fn check(&self) -> Result<(), JobFault> {
        let Self {
            backend,
            provenance,
            shots: _,
            estimate_micros,
            currency,
            tags,
            retention,
            submitted_at,
            queued_at,
        } = self;
        let Backend { id, version, provider, qubits: _, status } = backend;
        text("backend_id", id, 1, JOB_TEXT_BYTES_MAX)?;
        for (field, found) in
            [("backend_version", version), ("backend_provider", provider), ("backend_status", status)]
        {
            text(field, found, 0, JOB_TEXT_BYTES_MAX)?;
        }
        let Provenance { git_commit, image: _, config: _, circuit: _, compiler } = provenance;
        text("git_commit", git_commit, 0, JOB_TEXT_BYTES_MAX)?;
        text("compiler_version", compiler, 0, JOB_TEXT_BYTES_MAX)?;
        range("estimate, in millionths", *estimate_micros, 0, MICROS_MAX)?;
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(JobFault::Currency { found: shorten(currency) });
        }
        range("chargeback_tags", tags.len() as u64, 0, TAGS_MAX as u64)?;
        for tag in tags {
            text("chargeback_tags", tag, 1, JOB_TEXT_BYTES_MAX)?;
        }
        match retention {
            JobRetention::Class(_) => {}
            JobRetention::Enterprise { days, write_once: _ } => {
                range("retention, in days", (*days).into(), 1, RETENTION_DAYS_MAX.into())?;
            }
        }
        time("submitted_at", *submitted_at)?;
        time("queued_at", *queued_at)
    }
}

impl Completion {
    /// Checks every bound.
    ///
    /// # Errors
    /// `JobFault`, the first.
    pub fn check(&self) -> Result<(), JobFault> {
        let Self { shots: _, success_ppm, final_micros, provider, artifacts, results } = self;
        range("success_rate, in millionths", (*success_ppm).into(), 0, PPM.into())?;
        range("final cost, in millionths", *final_micros, 0, MICROS_MAX)?;
        if let Some(ProviderRun { job, compiled, raw_result }) = provider {
            text("provider_job_id", job, 1, JOB_TEXT_BYTES_MAX)?;
            text("compiled_artifact_hash", compiled, 1, JOB_TEXT_BYTES_MAX)?;
            text("raw_provider_result_hash", raw_result, 1, JOB_TEXT_BYTES_MAX)?;
        }
        range("artifacts", artifacts.len() as u64, 1, ARTIFACTS_MAX as u64)?;
        range("results", (*results).into(), 0, artifacts.len() as u64 - 1)?;
        let mut names = BTreeSet::new();
        for JobArtifact { name, sha256: _, bytes: _, content_type } in artifacts {
            text("artifact name", name, 1, ARTIFACT_NAME_BYTES_MAX)?;
            if matches!(name.as_str(), "." | "..") || name.contains(['/', '\\']) {
                return Err(JobFault::FileName { found: shorten(name) });
            }
            text("content_type", content_type, 1, CONTENT_TYPE_BYTES_MAX)?;
            if !names.insert(name) {
                return Err(JobFault::Twice { found: shorten(name) });
            }
        }
        Ok(())
    }

    /// The artifact that is its results.
    pub fn result(&self) -> Option<&JobArtifact> {
        self.artifacts.get(usize::try_from(self.results).ok()?)
    }
}

/// How far a job is. The numbers stand in canonical bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobState {
    /// It was handed in.
    Created = 1,
    /// It runs.
    Running = 2,
    /// It is done, and may have evidence.
    Completed = 3,
    /// It is done, and has none.
    Failed = 4,
}

impl JobState {
    /// Every state, in the order of its number.
    pub const ALL: [Self; 4] = [Self::Created, Self::Running, Self::Completed, Self::Failed];

    /// Its number.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The state of this number.
    pub fn parse(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.id() == id)
    }

    /// Its name in text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "JobCreated",
            Self::Running => "JobRunning",
            Self::Completed => "JobCompleted",
            Self::Failed => "JobFailed",
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The last millisecond of the year 9999: later ones are written by nobody who means it.
const TIME_MS_MAX: u64 = 253_402_300_799_999;

fn time(field: &'static str, time: Option<TimeMs>) -> Result<(), JobFault> {
    time.map_or(Ok(()), |time| range(field, time.get(), 1, TIME_MS_MAX))
}

fn text(field: &'static str, text: &str, min: usize, max: usize) -> Result<(), JobFault> {
    match text.len() {
        found if found < min || found > max || text.chars().any(char::is_control) => {
            Err(JobFault::Text { field, found, min, max })
        }
        _ => Ok(()),
    }
}

fn range(field: &'static str, found: u64, min: u64, max: u64) -> Result<(), JobFault> {
    match found < min || found > max {
        true => Err(JobFault::Range { field, found, min, max }),
        false => Ok(()),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
