//! What is done next for an anchor, when, and what an answer makes of it. Source: `ledger/anchor/ANCHOR.md`, rules N9 to
//! N12.
//!
//! Time and chance arrive as arguments; answers arrive as bytes, and are judged here before anything is called an anchor.

use crypto::Digest;

use crate::ots::{self, Headers, Judged, OtsError, Proof, ProofError, Timestamp};
use crate::record::{Record, State};
use crate::service::Kind;
use crate::tsp::{self, Expected, Roots, TspError};

/// First pause after a failure, in seconds; it doubles with each further one.
const PAUSE_MIN_S: u64 = 60;
/// Longest pause, in seconds.
const PAUSE_MAX_S: u64 = 6 * 3_600;
/// After so many failures one after another nobody is asked any more: about four days.
const FAILURES_MAX: u32 = 24;
/// How often a calendar is asked what became of its promise, in seconds. Blocks come every ten minutes.
const POLL_S: u64 = 600;
/// After so long a promise is not believed any more, in seconds.
const PROMISE_MAX_S: u64 = 14 * 86_400;
/// How far an authority's clock may be from ours, in seconds.
const DRIFT_MAX_S: u64 = 600;
/// Most messages of one proof that a calendar is asked about.
const ASKED_MAX: usize = 4;
/// How much of a fault is kept, in characters.
const FAULT_MAX: usize = 300;

/// When a checkpoint is anchored, though nothing else asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every {
    /// So many seconds after the last one.
    pub seconds: u64,
    /// So many leaves after the last one; 0: however many.
    pub leaves: u64,
}

impl Every {
    /// Whether the checkpoint of size `certified` is to be anchored; `last` is the size and the time, in seconds, of the
    /// one that was last. Rule N9.
    pub fn is_due(self, last: Option<(u64, u64)>, certified: u64, now_s: u64) -> bool {
        match last {
            None => certified > 0,
            Some((size, at_s)) => {
                let leaves = certified.saturating_sub(size);
                leaves > 0
                    && (now_s.saturating_sub(at_s) >= self.seconds
                        || (self.leaves > 0 && leaves >= self.leaves))
            }
        }
    }
}

/// By what answers are judged.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Who an authority must be signed by.
    pub roots: Option<Roots>,
    /// The policy that it must follow.
    pub policy: Option<String>,
    /// Headers of blocks.
    pub headers: Headers,
}

/// What is to be done for an anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Send this `TimeStampReq` to the authority.
    Stamp {
        /// The request.
        request: Vec<u8>,
        /// Its nonce.
        nonce: u64,
    },
    /// Send the digest to the calendar.
    Promise,
    /// Ask the calendar what became of these messages.
    Upgrade {
        /// The messages.
        of: Vec<Vec<u8>>,
    },
    /// Look whether a header is there now.
    Look,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A calendar has nothing yet.
    NotYet,
    /// Nothing that can be used.
    Fault(String),
}

/// Why an answer makes no anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CourseError {
    /// The authority's answer does not hold.
    #[error(transparent)]
    Tsp(#[from] TspError),
    /// The calendar's answer is no proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The proof does not hold.
    #[error(transparent)]
    Ots(#[from] OtsError),
    /// The authority says another time than we have.
    #[error("the authority's time is {theirs_s}, ours is {ours_s}: more than {DRIFT_MAX_S} seconds apart")]
    Drift {
        /// Its time, in seconds since 1970.
        theirs_s: u64,
        /// Ours.
        ours_s: u64,
    },
    /// Nobody said which roots to trust.
    #[error("no roots were given to judge an authority by")]
    NoRoots,
    /// There is no answer.
    #[error("{0}")]
    Heard(String),
    /// The promise was not kept.
    #[error("the calendar has shown nothing in {PROMISE_MAX_S} seconds")]
    Broken,
}

impl Record {
    /// What is to be done now, if anything; `nonce` is chance. Rule N10.
    pub fn deed(&self, digest: &Digest, trust: &Trust, now_s: u64, nonce: u64) -> Option<Deed> {
        if now_s < self.not_before_s {
            return None;
        }
        match (&self.standing, self.kind) {
            (State::Requested {}, Kind::Rfc3161) => {
                Some(Deed::Stamp { request: tsp::request(digest, nonce), nonce })
            }
            (State::Requested {}, Kind::Ots) => Some(Deed::Promise),
            (State::Pending { .. }, _) => {
                let proof = Proof::read(self.evidence.as_deref()?).ok()?;
                let mut of = ots::promises(&proof).ok()?;
                of.truncate(ASKED_MAX);
                Some(Deed::Upgrade { of })
            }
            (State::Attested { height }, _) => trust.headers.at(*height).map(|_| Deed::Look),
            (State::Stamped { .. } | State::Mined { .. } | State::Failed {}, _) => None,
        }
    }

    /// Takes what came of `deed`: one answer for each message of an upgrade, else one.
    ///
    /// # Errors
    /// Why it made no anchor; then the record says so too, and when it is tried again. Rules N11 and N12.
    pub fn take(
        &mut self,
        digest: &Digest,
        trust: &Trust,
        now_s: u64,
        deed: &Deed,
        heard: &[Heard],
    ) -> Result<(), CourseError> {
        match self.judge(digest, trust, now_s, deed, heard) {
            Ok((standing, evidence)) => {
                let waits = matches!(standing, State::Pending { .. });
                (self.failures, self.fault, self.standing) = (0, None, standing);
                self.not_before_s = now_s.saturating_add(POLL_S);
                if evidence.is_some() {
                    self.evidence = evidence;
                }
                if waits && now_s.saturating_sub(self.since_s) >= PROMISE_MAX_S {
                    self.fault = Some(CourseError::Broken.to_string());
                    self.standing = State::Failed {};
                    return Err(CourseError::Broken);
                }
                Ok(())
            }
            Err(fault) => {
                let pause = PAUSE_MIN_S.saturating_mul(1 << self.failures.min(16)).min(PAUSE_MAX_S);
                self.failures = self.failures.saturating_add(1);
                self.not_before_s = now_s.saturating_add(pause);
                self.fault = Some(fault.to_string().chars().take(FAULT_MAX).collect());
                let old = now_s.saturating_sub(self.since_s) >= PROMISE_MAX_S;
                // rule N12: what an attestation says stays said, whatever header contradicts it here.
                match self.standing {
                    State::Requested {} if self.failures >= FAILURES_MAX => self.standing = State::Failed {},
                    State::Pending { .. } if old => self.standing = State::Failed {},
                    State::Requested {}
                    | State::Pending { .. }
                    | State::Attested { .. }
                    | State::Stamped { .. }
                    | State::Mined { .. }
                    | State::Failed {} => {}
                }
                Err(fault)
            }
        }
    }

    /// How the anchor stands by an answer, and the evidence of that where it is new.
    fn judge(
        &self,
        digest: &Digest,
        trust: &Trust,
        now_s: u64,
        deed: &Deed,
        heard: &[Heard],
    ) -> Result<(State, Option<Vec<u8>>), CourseError> {
        let kept = || Proof::read(self.evidence.as_deref().unwrap_or_default());
        match deed {
            Deed::Stamp { nonce, .. } => {
                let bytes = given(heard)?;
                let roots = trust.roots.as_ref().ok_or(CourseError::NoRoots)?;
                let expected = Expected { digest, nonce: Some(*nonce), policy: trust.policy.as_deref() };
                let stamp = tsp::verify(bytes, &expected, roots)?;
                let theirs_s = stamp.time_ms / 1_000;
                // rule N11
                match theirs_s.abs_diff(now_s) > DRIFT_MAX_S {
                    true => Err(CourseError::Drift { theirs_s, ours_s: now_s }),
                    false => Ok((stamp.into(), Some(bytes.to_vec()))),
                }
            }
            Deed::Promise => {
                let timestamp = Timestamp::read(digest.as_bytes(), given(heard)?)?;
                let proof = Proof { digest: *digest, timestamp };
                let judged = ots::judge(&proof, digest, &trust.headers)?;
                Ok((judged.into(), Some(proof.to_bytes())))
            }
            Deed::Upgrade { of } => {
                let mut proof = kept()?;
                let mut fault = None;
                for (of, heard) in of.iter().zip(heard) {
                    match heard {
                        Heard::Bytes(bytes) => proof = proof.joined(of, &Timestamp::read(of, bytes)?)?,
                        Heard::NotYet => {}
                        Heard::Fault(words) => fault = Some(CourseError::Heard(words.clone())),
                    }
                }
                let judged = ots::judge(&proof, digest, &trust.headers)?;
                match (judged, fault) {
                    (Judged::Pending { .. }, Some(fault)) => Err(fault),
                    (judged, _) => Ok((judged.into(), Some(proof.to_bytes()))),
                }
            }
            Deed::Look => Ok((ots::judge(&kept()?, digest, &trust.headers)?.into(), None)),
        }
    }
}

/// The one answer that there is.
fn given(heard: &[Heard]) -> Result<&[u8], CourseError> {
    match heard {
        [Heard::Bytes(bytes)] => Ok(bytes),
        [Heard::Fault(words)] => Err(CourseError::Heard(words.clone())),
        _ => Err(CourseError::Heard("nothing was answered".to_owned())),
    }
}

#[cfg(test)]
mod tests;
