//! Jobs: what was planned, how far it is, and what came of it.
//!
//! All that evidence will say of a job is kept here, so every node makes the same record of it from its own state. A job
//! belongs to a tenant, and its name means nothing in another. Source: `STATE.md`, rules J1 to J4; what evidence says, in
//! `ledger/JOBS.md`.

use crypto::Digest;
use proto::counter::TimeMs;
use proto::id::Tenant;
use proto::job::{Act, Completion, JobId, JobState, Plan};
use proto::submission::Submission;

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::error::CheckError;
use crate::issuing::DRIFT_MS;
use crate::key::Position;
use crate::read::ReadError;
use crate::state::State;

mod fields;
mod package;
mod refusal;

pub use package::{Package, Part, artifact_id, root};
pub(crate) use refusal::NUMBERS;
pub use refusal::{EvidenceFault, JobRefusal, SignerChangeFault, SignerUseFault};

/// A step of a job: the leaf that told of it, and the time that stands in its timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The leaf.
    pub at: Position,
    /// What was said, or else the block's time.
    pub time: TimeMs,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It was handed in.
    Created,
    /// It runs.
    Running {
        /// Since then.
        started: Step,
    },
    /// It was completed.
    Completed {
        /// Since when it ran.
        started: Step,
        /// When it was done.
        completed: Step,
        /// What came of it.
        completion: Box<Completion>,
    },
    /// It failed.
    Failed {
        /// Since when it ran.
        started: Step,
        /// When it failed.
        failed: Step,
        /// Why.
        reason: String,
    },
}

/// A job, named by its tenant and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What was asked for.
    pub plan: Plan,
    /// Where it was opened.
    pub opened: Position,
    /// When it was handed in.
    pub submitted_at: TimeMs,
    /// When it was queued.
    pub queued_at: TimeMs,
    /// How far it is.
    pub progress: Progress,
}

impl Job {
    /// How far it is.
    pub const fn state(&self) -> JobState {
        match &self.progress {
            Progress::Created => JobState::Created,
            Progress::Running { .. } => JobState::Running,
            Progress::Completed { .. } => JobState::Completed,
            Progress::Failed { .. } => JobState::Failed,
        }
    }

    /// When it began to run.
    pub const fn started(&self) -> Option<Step> {
        match &self.progress {
            Progress::Created => None,
            Progress::Running { started }
            | Progress::Completed { started, .. }
            | Progress::Failed { started, .. } => Some(*started),
        }
    }

    /// When it ended, well or not.
    pub const fn ended(&self) -> Option<Step> {
        match &self.progress {
            Progress::Created | Progress::Running { .. } => None,
            Progress::Completed { completed: ended, .. } | Progress::Failed { failed: ended, .. } => {
                Some(*ended)
            }
        }
    }

    /// What came of it, if it was completed.
    pub fn completion(&self) -> Option<&Completion> {
        match &self.progress {
            Progress::Completed { completion, .. } => Some(completion),
            Progress::Created | Progress::Running { .. } | Progress::Failed { .. } => None,
        }
    }

    /// The last time in its timeline.
    fn last(&self) -> TimeMs {
        let last = self.ended().or(self.started());
        last.map_or(self.queued_at, |step| step.time)
    }

    /// What names it in tables: its tenant, a zero byte, its id.
    pub(crate) fn stored_key(tenant: &Tenant, id: &JobId) -> Vec<u8> {
        [tenant.as_str().as_bytes(), &[0], id.as_str().as_bytes()].concat()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { plan, opened, submitted_at, queued_at, progress } = self;
        let mut to = Writer::new();
        fields::write_plan(&mut to, plan);
        opened.write(&mut to);
        to.u64(submitted_at.get()).u64(queued_at.get());
        match progress {
            Progress::Created => {
                to.u8(JobState::Created.id());
            }
            Progress::Running { started } => started.write(to.u8(JobState::Running.id())),
            Progress::Completed { started, completed, completion } => {
                started.write(to.u8(JobState::Completed.id()));
                completed.write(&mut to);
                fields::write_completion(&mut to, completion);
            }
            Progress::Failed { started, failed, reason } => {
                started.write(to.u8(JobState::Failed.id()));
                failed.write(&mut to);
                to.text(reason);
            }
        }
        to.finish()
    }

    pub(crate) fn decode(key: &[u8], bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            Ok(Self {
                plan: fields::read_plan(from)?,
                opened: Position::read(from)?,
                submitted_at: TimeMs::new(from.u64()?),
                queued_at: TimeMs::new(from.u64()?),
                progress: match fields::read_state(from)? {
                    JobState::Created => Progress::Created,
                    JobState::Running => Progress::Running { started: Step::read(from)? },
                    JobState::Completed => Progress::Completed {
                        started: Step::read(from)?,
                        completed: Step::read(from)?,
                        completion: Box::new(fields::read_completion(from)?),
                    },
                    JobState::Failed => Progress::Failed {
                        started: Step::read(from)?,
                        failed: Step::read(from)?,
                        reason: from.text("job.reason")?,
                    },
                },
            })
        };
        Reader::whole(bytes, read).map_err(|fault: CodecError| fault.stored_at(Table::Jobs, key))
    }
}

impl Step {
    fn write(self, to: &mut Writer) {
        self.at.write(to);
        to.u64(self.time.get());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self { at: Position::read(from)?, time: TimeMs::new(from.u64()?) })
    }
}

/// Where a list of jobs or records has one: the later, the smaller the key, so that who reads up reads the newest first.
pub(crate) fn newest_first(list: JobList, tenant: &Tenant, number: u64) -> Vec<u8> {
    [&list_key(list, tenant)[..], &(u64::MAX - number).to_be_bytes()].concat()
}

/// What all keys of a list begin with.
pub(crate) fn list_key(list: JobList, tenant: &Tenant) -> Vec<u8> {
    [&[list as u8], tenant.as_str().as_bytes(), &[0]].concat()
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobList {
    /// Jobs of a tenant, by the index of the leaf that opened each.
    Jobs = 1,
    /// Its records of evidence, by their number.
    Records = 2,
    /// Revocations of evidence keys, by their number; of no tenant.
    Revocations = 3,
    /// A tenant's records of evidence, by the hash of their bundle.
    Bundles = 4,
}

/// Where the record with the bundle of that hash is listed.
pub(crate) fn bundle_key(tenant: &Tenant, bundle: &Digest) -> Vec<u8> {
    [&list_key(JobList::Bundles, tenant)[..], bundle.as_bytes()].concat()
}

/// Where the revocation of that number is listed.
pub(crate) fn revocation_key(number: u64) -> Vec<u8> {
    [&[JobList::Revocations as u8][..], &number.to_be_bytes()].concat()
}

/// Rule J3: the time of a step is not before the one before it, and at most ten minutes ahead of the block's.
fn in_order(job: &JobId, said: Option<TimeMs>, before: TimeMs, now: TimeMs) -> Result<TimeMs, CheckError> {
    let most = now.plus(DRIFT_MS);
    match said {
        Some(said) if said < before || said > most => {
            let least = before;
            Err(JobRefusal::Time { job: job.clone(), said, least, most }.into())
        }
        Some(said) => Ok(said),
        None => Ok(or_now(said, before, now)),
    }
}

/// What stands in the timeline: what was said, or else the block's time, or the one before it if that is later.
fn or_now(said: Option<TimeMs>, before: TimeMs, now: TimeMs) -> TimeMs {
    said.unwrap_or(now.max(before))
}

/// Rules J1 to J4: a job is opened once, and goes on by its steps, each once and in time.
pub(crate) fn may_act(
    state: &State<'_>,
    tenant: &Tenant,
    id: &JobId,
    act: &Act,
    now: TimeMs,
) -> Result<(), CheckError> {
    let job = id.clone();
    let found = match (state.job(tenant, id)?, act) {
        (None, Act::Open(plan)) => {
            let submitted = in_order(id, plan.submitted_at, TimeMs::ZERO, now)?;
            return in_order(id, plan.queued_at, submitted, now).map(|_| ());
        }
        (Some(_), Act::Open(_)) => return Err(JobRefusal::Exists { job }.into()),
        (None, Act::Run { .. } | Act::Complete { .. } | Act::Fail { .. }) => {
            return Err(JobRefusal::Unknown { job }.into());
        }
        (Some(found), Act::Run { .. } | Act::Complete { .. } | Act::Fail { .. }) => found,
    };
    let (asked, needed, at) = match act {
        Act::Open(_) => return Ok(()),
        Act::Run { at } => (JobState::Running, JobState::Created, at),
        Act::Complete { at, .. } => (JobState::Completed, JobState::Running, at),
        Act::Fail { at, .. } => (JobState::Failed, JobState::Running, at),
    };
    // Rule J2
    if found.state() != needed {
        return Err(JobRefusal::Moved { job, found: found.state(), asked }.into());
    }
    in_order(id, *at, found.last(), now)?;
    match act {
        // Rule J4
        Act::Complete { completion, .. } if completion.shots > found.plan.shots => {
            Err(JobRefusal::Shots { job, run: completion.shots, asked: found.plan.shots }.into())
        }
        Act::Open(_) | Act::Run { .. } | Act::Complete { .. } | Act::Fail { .. } => Ok(()),
    }
}

/// Does what [`may_act`] allowed, in a block of this time.
pub(crate) fn act(
    state: &mut State<'_>,
    submission: &Submission,
    (id, act): (&JobId, &Act),
    (at, now): (Position, TimeMs),
) -> Result<(), ReadError> {
    let tenant = &submission.body().tenant;
    if let Act::Open(plan) = act {
        let submitted_at = or_now(plan.submitted_at, TimeMs::ZERO, now);
        let queued_at = or_now(plan.queued_at, submitted_at, now);
        let plan = (**plan).clone();
        let job = Job { plan, opened: at, submitted_at, queued_at, progress: Progress::Created };
        state.put_job(tenant, id, &job);
        state.note_job(tenant, id, at.index);
        return Ok(());
    }
    let Some(mut job) = state.job(tenant, id)? else { return Ok(()) };
    let before = job.last();
    let step = |said: &Option<TimeMs>| Step { at, time: or_now(*said, before, now) };
    job.progress = match (act, job.started()) {
        (Act::Run { at }, _) => Progress::Running { started: step(at) },
        (Act::Complete { at, completion }, Some(started)) => {
            Progress::Completed { started, completed: step(at), completion: completion.clone() }
        }
        (Act::Fail { at, reason }, Some(started)) => {
            Progress::Failed { started, failed: step(at), reason: reason.clone() }
        }
        // Opened above; and what does not run is neither completed nor failed, rule J2.
        (Act::Open(_) | Act::Complete { .. } | Act::Fail { .. }, _) => return Ok(()),
    };
    state.put_job(tenant, id, &job);
    Ok(())
}

/// The number under which something is listed, from its key.
pub(crate) fn listed_number(key: &[u8]) -> Option<u64> {
    let (_, number) = key.split_last_chunk::<8>()?;
    Some(u64::MAX - u64::from_be_bytes(*number))
}
