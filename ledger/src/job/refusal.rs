//! Why nothing is done with a job, its evidence, or a key that signs evidence.
//!
//! Kept beside the other rejections, under numbers 80 to 92; numbers and codes are never reused.

use crypto::KeyId;
use proto::counter::{LeafIndex, TimeMs};
use proto::evidence::Level;
use proto::job::{JobId, JobState, RecordId};
use proto::operation::evidence::{level_number, level_of};

use crate::codec::{CodecError, Reader, Writer};
use crate::error::CheckError;
use crate::rejection::Rejection;

/// Why nothing is done with a job, its evidence, or a key that signs evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobRefusal {
    /// The id was taken.
    #[error("there is a job {job} already")]
    Exists {
        /// The job.
        job: JobId,
    },
    /// No such job of this tenant.
    #[error("there is no job {job}")]
    Unknown {
        /// The job.
        job: JobId,
    },
    /// It is not where this step begins.
    #[error("job {job} is {found}, and does not become {asked}")]
    Moved {
        /// The job.
        job: JobId,
        /// How far it is.
        found: JobState,
        /// What it should become.
        asked: JobState,
    },
    /// A time that cannot be.
    #[error("of job {job} a time of {said} ms is said, {least} to {most} is possible")]
    Time {
        /// The job.
        job: JobId,
        /// The time.
        said: TimeMs,
        /// The earliest it can be.
        least: TimeMs,
        /// The latest.
        most: TimeMs,
    },
    /// It ran more often than was asked for.
    #[error("job {job} ran {run} times, {asked} were asked for")]
    Shots {
        /// The job.
        job: JobId,
        /// How often it ran.
        run: u64,
        /// How often it was to run.
        asked: u64,
    },
    /// Only what was completed has evidence.
    #[error("job {job} is {found}, and only a completed one has evidence")]
    NotCompleted {
        /// The job.
        job: JobId,
        /// How far it is.
        found: JobState,
    },
    /// It has evidence.
    #[error("the evidence of job {job} was sealed by entry {at}")]
    Sealed {
        /// The job.
        job: JobId,
        /// The entry.
        at: LeafIndex,
    },
    /// The record's name is taken.
    #[error("record {record} is the evidence of job {by}")]
    RecordUsed {
        /// The record.
        record: RecordId,
        /// The job.
        by: JobId,
    },
    /// The record is not what follows from the job.
    #[error("{what} of the evidence of job {job} is not what follows from it")]
    Mismatch {
        /// The job.
        job: JobId,
        /// What differs.
        what: String,
    },
    /// It claims more than it shows.
    #[error("the evidence of job {job} claims {claim} and shows {shown}")]
    Claim {
        /// The job.
        job: JobId,
        /// What it claims.
        claim: Level,
        /// What it shows.
        shown: Level,
    },
    /// Nothing is done with the evidence as it is.
    #[error("the evidence of job {job} {fault}")]
    Evidence {
        /// The job.
        job: JobId,
        /// How it is.
        fault: EvidenceFault,
    },
    /// The key does not sign this.
    #[error("evidence key {key} {fault}")]
    SignerUse {
        /// The key.
        key: KeyId,
        /// Why not.
        fault: SignerUseFault,
    },
    /// The key is not listed or revoked.
    #[error("evidence key {key} {fault}")]
    SignerChange {
        /// The key.
        key: KeyId,
        /// Why not.
        fault: SignerChangeFault,
    },
}

/// How evidence is, that nothing is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceFault {
    /// Nobody sealed it.
    #[error("is not sealed")]
    None,
    /// It was verified before.
    #[error("was verified before entry {0}")]
    Verified(LeafIndex),
    /// It was deleted.
    #[error("was deleted by entry {0}")]
    Deleted(LeafIndex),
    /// It is to be kept.
    #[error("is kept until {0} ms, and nobody deletes it before")]
    Kept(TimeMs),
}

/// Why a key does not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerUseFault {
    /// Nobody listed it.
    #[error("is not listed")]
    Unknown,
    /// It was revoked.
    #[error("was revoked by entry {0}")]
    Revoked(LeafIndex),
    /// It signed before it was good, or after.
    #[error("is not good at {0} ms")]
    Validity(TimeMs),
    /// It signs other things.
    #[error("does not sign evidence")]
    Role,
    /// The signature is not its.
    #[error("has not signed this")]
    Signature,
}

/// Why a key is not listed or revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerChangeFault {
    /// It is listed.
    #[error("was listed by entry {0}")]
    Listed(LeafIndex),
    /// Its name is another's.
    #[error("has a name that was given by entry {0}")]
    Name(LeafIndex),
    /// It would never be good.
    #[error("would be good until {0} ms, which is over")]
    Over(TimeMs),
    /// Nobody listed it.
    #[error("is not listed")]
    Unknown,
    /// It was revoked before.
    #[error("was revoked by entry {0}")]
    Revoked(LeafIndex),
    /// It belongs to another validator, which reigns.
    #[error("is of another validator, which reigns")]
    Holder,
    /// It would be revoked from later on.
    #[error("would be revoked from {0} ms on, which is ahead")]
    Ahead(TimeMs),
}

impl From<JobRefusal> for CheckError {
    fn from(refusal: JobRefusal) -> Self {
        Rejection::Job(Box::new(refusal)).into()
    }
}

/// The numbers that are read here.
pub(crate) const NUMBERS: std::ops::RangeInclusive<u8> = 80..=92;

impl JobRefusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "job_exists",
            Self::Unknown { .. } => "unknown_job",
            Self::Moved { .. } => "job_state",
            Self::Time { .. } => "job_time",
            Self::Shots { .. } => "job_shots",
            Self::NotCompleted { .. } => "job_not_completed",
            Self::Sealed { .. } => "evidence_sealed",
            Self::RecordUsed { .. } => "record_used",
            Self::Mismatch { .. } => "evidence_mismatch",
            Self::Claim { .. } => "claim_above",
            Self::Evidence { fault, .. } => match fault {
                EvidenceFault::None => "no_evidence",
                EvidenceFault::Verified(_) => "evidence_verified",
                EvidenceFault::Deleted(_) => "evidence_deleted",
                EvidenceFault::Kept(_) => "evidence_kept",
            },
            Self::SignerUse { fault, .. } => match fault {
                SignerUseFault::Unknown => "unknown_signer",
                SignerUseFault::Revoked(_) => "signer_revoked",
                SignerUseFault::Validity(_) => "signer_validity",
                SignerUseFault::Role => "signer_role",
                SignerUseFault::Signature => "signer_signature",
            },
            Self::SignerChange { fault, .. } => match fault {
                SignerChangeFault::Listed(_) => "signer_listed",
                SignerChangeFault::Name(_) => "signer_name",
                SignerChangeFault::Over(_) => "signer_over",
                SignerChangeFault::Unknown => "no_signer",
                SignerChangeFault::Revoked(_) => "signer_revoked_before",
                SignerChangeFault::Holder => "signer_holder",
                SignerChangeFault::Ahead(_) => "signer_ahead",
            },
        }
    }

    /// Whether the same submission can never be accepted.
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::Unknown { .. } => false,
            // What ended stays as it is; what did not begin may.
            Self::Moved { found, .. } | Self::NotCompleted { found, .. } => {
                matches!(found, JobState::Completed | JobState::Failed)
            }
            // What is ahead of the time comes to it.
            Self::Time { said, most, .. } => said.get() <= most.get(),
            Self::Evidence { fault: EvidenceFault::None | EvidenceFault::Kept(_), .. } => false,
            Self::SignerUse { fault: SignerUseFault::Unknown, .. } => false,
            Self::SignerChange { fault, .. } => match fault {
                SignerChangeFault::Unknown | SignerChangeFault::Holder | SignerChangeFault::Ahead(_) => false,
                SignerChangeFault::Listed(_)
                | SignerChangeFault::Name(_)
                | SignerChangeFault::Over(_)
                | SignerChangeFault::Revoked(_) => true,
            },
            Self::Exists { .. }
            | Self::Shots { .. }
            | Self::Sealed { .. }
            | Self::RecordUsed { .. }
            | Self::Mismatch { .. }
            | Self::Claim { .. }
            | Self::Evidence { .. }
            | Self::SignerUse { .. } => true,
        }
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        match self {
            Self::Exists { job } => to.u8(80).text(job.as_str()),
            Self::Unknown { job } => to.u8(81).text(job.as_str()),
            Self::Moved { job, found, asked } => to.u8(82).text(job.as_str()).u8(found.id()).u8(asked.id()),
            Self::Time { job, said, least, most } => {
                to.u8(83).text(job.as_str()).u64(said.get()).u64(least.get()).u64(most.get())
            }
            Self::Shots { job, run, asked } => to.u8(84).text(job.as_str()).u64(*run).u64(*asked),
            Self::NotCompleted { job, found } => to.u8(85).text(job.as_str()).u8(found.id()),
            Self::Sealed { job, at } => to.u8(86).text(job.as_str()).u64(at.get()),
            Self::RecordUsed { record, by } => to.u8(87).text(record.as_str()).text(by.as_str()),
            Self::Mismatch { job, what } => to.u8(88).text(job.as_str()).text(what),
            Self::Claim { job, claim, shown } => {
                to.u8(89).text(job.as_str()).u8(level_number(*claim)).u8(level_number(*shown))
            }
            Self::Evidence { job, fault } => {
                let (kind, number) = match fault {
                    EvidenceFault::None => (1, 0),
                    EvidenceFault::Verified(at) => (2, at.get()),
                    EvidenceFault::Deleted(at) => (3, at.get()),
                    EvidenceFault::Kept(until) => (4, until.get()),
                };
                to.u8(90).text(job.as_str()).u8(kind).u64(number)
            }
            Self::SignerUse { key, fault } => {
                let (kind, number) = match fault {
                    SignerUseFault::Unknown => (1, 0),
                    SignerUseFault::Revoked(at) => (2, at.get()),
                    SignerUseFault::Validity(time) => (3, time.get()),
                    SignerUseFault::Role => (4, 0),
                    SignerUseFault::Signature => (5, 0),
                };
                to.u8(91).key_id(key).u8(kind).u64(number)
            }
            Self::SignerChange { key, fault } => {
                let (kind, number) = match fault {
                    SignerChangeFault::Listed(at) => (1, at.get()),
                    SignerChangeFault::Name(at) => (2, at.get()),
                    SignerChangeFault::Over(time) => (3, time.get()),
                    SignerChangeFault::Unknown => (4, 0),
                    SignerChangeFault::Revoked(at) => (5, at.get()),
                    SignerChangeFault::Holder => (6, 0),
                    SignerChangeFault::Ahead(time) => (7, time.get()),
                };
                to.u8(92).key_id(key).u8(kind).u64(number)
            }
        };
    }

    /// Reads what stands behind a number of [`NUMBERS`].
    pub(crate) fn read(number: u8, from: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(match number {
            80 => Self::Exists { job: job(from)? },
            81 => Self::Unknown { job: job(from)? },
            82 => Self::Moved { job: job(from)?, found: state(from)?, asked: state(from)? },
            83 => Self::Time {
                job: job(from)?,
                said: TimeMs::new(from.u64()?),
                least: TimeMs::new(from.u64()?),
                most: TimeMs::new(from.u64()?),
            },
            84 => Self::Shots { job: job(from)?, run: from.u64()?, asked: from.u64()? },
            85 => Self::NotCompleted { job: job(from)?, found: state(from)? },
            86 => Self::Sealed { job: job(from)?, at: LeafIndex::new(from.u64()?) },
            87 => Self::RecordUsed {
                record: RecordId::parse(&from.text("record")?)
                    .map_err(|fault| CodecError::field("record", fault))?,
                by: job(from)?,
            },
            88 => Self::Mismatch { job: job(from)?, what: from.text("what")? },
            89 => Self::Claim { job: job(from)?, claim: level(from)?, shown: level(from)? },
            90 => {
                let job = job(from)?;
                let fault = match (from.u8()?, from.u64()?) {
                    (1, 0) => EvidenceFault::None,
                    (2, at) => EvidenceFault::Verified(LeafIndex::new(at)),
                    (3, at) => EvidenceFault::Deleted(LeafIndex::new(at)),
                    (4, until) => EvidenceFault::Kept(TimeMs::new(until)),
                    (found, _) => return Err(unknown("evidence", found)),
                };
                Self::Evidence { job, fault }
            }
            91 => {
                let key = from.key_id()?;
                let fault = match (from.u8()?, from.u64()?) {
                    (1, 0) => SignerUseFault::Unknown,
                    (2, at) => SignerUseFault::Revoked(LeafIndex::new(at)),
                    (3, time) => SignerUseFault::Validity(TimeMs::new(time)),
                    (4, 0) => SignerUseFault::Role,
                    (5, 0) => SignerUseFault::Signature,
                    (found, _) => return Err(unknown("signer", found)),
                };
                Self::SignerUse { key, fault }
            }
            92 => {
                let key = from.key_id()?;
                let fault = match (from.u8()?, from.u64()?) {
                    (1, at) => SignerChangeFault::Listed(LeafIndex::new(at)),
                    (2, at) => SignerChangeFault::Name(LeafIndex::new(at)),
                    (3, time) => SignerChangeFault::Over(TimeMs::new(time)),
                    (4, 0) => SignerChangeFault::Unknown,
                    (5, at) => SignerChangeFault::Revoked(LeafIndex::new(at)),
                    (6, 0) => SignerChangeFault::Holder,
                    (7, time) => SignerChangeFault::Ahead(TimeMs::new(time)),
                    (found, _) => return Err(unknown("signer", found)),
                };
                Self::SignerChange { key, fault }
            }
            found => return Err(unknown("rejection", found)),
        })
    }
}

fn job(from: &mut Reader<'_>) -> Result<JobId, CodecError> {
    JobId::parse(&from.text("job")?).map_err(|fault| CodecError::field("job", fault))
}

fn state(from: &mut Reader<'_>) -> Result<JobState, CodecError> {
    let number = from.u8()?;
    JobState::parse(number).ok_or_else(|| unknown("job.state", number))
}

fn level(from: &mut Reader<'_>) -> Result<Level, CodecError> {
    let number = from.u8()?;
    level_of(number).ok_or_else(|| unknown("level", number))
}

fn unknown(field: &'static str, found: u8) -> CodecError {
    CodecError::Meaning { field, found: u64::from(found) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crypto::sha256;

    use super::*;

    fn one_of_each() -> Vec<JobRefusal> {
        let job = || JobId::parse("job_1").expect("a name");
        let (key, at, time) = (KeyId::new(sha256(b"key")), LeafIndex::new(7), TimeMs::new(9));
        let evidence = |fault| JobRefusal::Evidence { job: job(), fault };
        let using = |fault| JobRefusal::SignerUse { key, fault };
        let changing = |fault| JobRefusal::SignerChange { key, fault };
        vec![
            JobRefusal::Exists { job: job() },
            JobRefusal::Unknown { job: job() },
            JobRefusal::Moved { job: job(), found: JobState::Created, asked: JobState::Failed },
            JobRefusal::Time { job: job(), said: time, least: TimeMs::ZERO, most: TimeMs::new(8) },
            JobRefusal::Shots { job: job(), run: 2, asked: 1 },
            JobRefusal::NotCompleted { job: job(), found: JobState::Failed },
            JobRefusal::Sealed { job: job(), at },
            JobRefusal::RecordUsed { record: RecordId::parse("r").expect("a name"), by: job() },
            JobRefusal::Mismatch { job: job(), what: "merkle_root".to_owned() },
            JobRefusal::Claim { job: job(), claim: Level::ProviderAttested, shown: Level::Invalid },
            evidence(EvidenceFault::None),
            evidence(EvidenceFault::Verified(at)),
            evidence(EvidenceFault::Deleted(at)),
            evidence(EvidenceFault::Kept(time)),
            using(SignerUseFault::Unknown),
            using(SignerUseFault::Revoked(at)),
            using(SignerUseFault::Validity(time)),
            using(SignerUseFault::Role),
            using(SignerUseFault::Signature),
            changing(SignerChangeFault::Listed(at)),
            changing(SignerChangeFault::Name(at)),
            changing(SignerChangeFault::Over(time)),
            changing(SignerChangeFault::Unknown),
            changing(SignerChangeFault::Revoked(at)),
            changing(SignerChangeFault::Holder),
            changing(SignerChangeFault::Ahead(time)),
        ]
    }

    #[test]
    fn numbers_and_codes_are_frozen() {
        // Both stand in committed state: a change here changes history.
        let frozen = "80 job_exists 81 unknown_job 82 job_state 83 job_time 84 job_shots 85 job_not_completed \
            86 evidence_sealed 87 record_used 88 evidence_mismatch 89 claim_above \
            90 no_evidence 90 evidence_verified 90 evidence_deleted 90 evidence_kept \
            91 unknown_signer 91 signer_revoked 91 signer_validity 91 signer_role 91 signer_signature \
            92 signer_listed 92 signer_name 92 signer_over 92 no_signer 92 signer_revoked_before 92 signer_holder \
            92 signer_ahead";
        let said: Vec<_> = one_of_each()
            .into_iter()
            .map(|refusal| {
                let rejection = Rejection::Job(Box::new(refusal));
                let mut writer = Writer::new();
                rejection.write(&mut writer);
                let bytes = writer.finish();
                assert_eq!(Reader::whole(&bytes, Rejection::read), Ok(rejection.clone()));
                assert!(NUMBERS.contains(&bytes[1]));
                format!("{} {}", bytes[1], rejection.code())
            })
            .collect();
        assert_eq!(said.join(" "), frozen.split_whitespace().collect::<Vec<_>>().join(" "));
        assert_eq!(said.iter().collect::<BTreeSet<_>>().len(), said.len());
    }

    #[test]
    fn what_cannot_be_is_not_read() {
        for bytes in [&[1, 82, 0, 0, 0, 1, b'j', 9, 1][..], &[1, 89, 0, 0, 0, 1, b'j', 1, 5]] {
            assert!(Reader::whole(bytes, Rejection::read).is_err());
        }
    }
}
