//! Sessions: a quality that was asked for, the sums of its samples, and its place in the chain of proofs.
//!
//! What is kept of a session is of one size whatever is measured: samples are leaves of the log, here are their sums and
//! a digest of their order. When it is finalized its proof follows from this and the block's time alone, so it is not
//! kept but made when asked for, on every node the same; its hash is kept, and with it the chain. Source: `STATE.md`,
//! rules Q1 to Q7; what the proof says, in `ledger/SESSIONS.md`.

use crypto::{Digest, Hasher};
use proto::counter::TimeMs;
use proto::id::{SubmissionId, Tenant};
use proto::session::{Act, Intent, Sample, SessionId};
use proto::submission::Submission;

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::error::CheckError;
use crate::key::Position;
use crate::read::ReadError;
use crate::rejection::Rejection;
use crate::state::State;

mod average;
mod proof;

pub use proof::{GENESIS, Profile, Proof, link};

/// Most samples of one session: with them no sum comes near 64 bits.
pub const SAMPLES_MAX: u32 = 100_000;
/// The name of the chain of proofs.
pub(crate) const CHAIN: &[u8] = b"qod";

/// A session, named by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub tenant: Tenant,
    /// Where it was opened.
    pub opened: Position,
    /// The time of that block.
    pub opened_at: TimeMs,
    /// What was asked for.
    pub intent: Intent,
    /// What was measured.
    pub samples: Samples,
    /// Its place in the chain, once it has one.
    pub finalized: Option<Finalized>,
    /// Where it was withdrawn, if it was.
    pub deleted: Option<Position>,
}

/// The sums of a session's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Samples {
    /// How many.
    pub count: u32,
    /// Sum of the medians, in microseconds.
    pub p50_us: u64,
    /// Sum of the 95th percentiles.
    pub p95_us: u64,
    /// Sum of the jitters.
    pub jitter_us: u64,
    /// SHA-256 of the digest before and the submission's id, sample by sample; zero before the first.
    pub digest: Digest,
}

/// The place of a proof in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finalized {
    /// How many proofs stand before it.
    pub number: u64,
    /// The leaf that asked for it.
    pub at: Position,
    /// The time of that block.
    pub time: TimeMs,
    /// The hash of the proof before; none of the first.
    pub previous: Option<Digest>,
    /// Its own.
    pub this: Digest,
}

/// Where a chain ends: how many links it has, and the hash of the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainEnd {
    /// How many.
    pub count: u64,
    /// Of the last; none of an empty chain.
    pub last: Option<Digest>,
}

impl Samples {
    const NONE: Self = Self { count: 0, p50_us: 0, p95_us: 0, jitter_us: 0, digest: Digest::ZERO };

    /// Rule Q3: one more, behind all others.
    fn add(&mut self, id: &SubmissionId, sample: &Sample) {
        self.count += 1;
        self.p50_us += sample.p50_us;
        self.p95_us += sample.p95_us;
        self.jitter_us += sample.jitter_us;
        let mut hasher = Hasher::new();
        hasher.update(self.digest.as_bytes()).update(id.as_bytes());
        self.digest = hasher.finish();
    }
}

impl Session {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { tenant, opened, opened_at, intent, samples, finalized, deleted } = self;
        let mut to = Writer::new();
        to.bytes(tenant.as_str().as_bytes());
        opened.write(&mut to);
        to.u64(opened_at.get());
        let Intent { text, target_p95_latency_ms, target_jitter_ms, duration_s, flow_label } = intent;
        to.bytes(text.as_bytes()).u32(*target_p95_latency_ms).u32(*target_jitter_ms).u32(*duration_s);
        to.bytes(flow_label.as_bytes());
        let Samples { count, p50_us, p95_us, jitter_us, digest } = samples;
        to.u32(*count).u64(*p50_us).u64(*p95_us).u64(*jitter_us).digest(digest);
        match finalized {
            None => {
                to.u8(0);
            }
            Some(Finalized { number, at, time, previous, this }) => {
                at.write(to.u8(1).u64(*number));
                to.u64(time.get());
                write_hash(&mut to, previous.as_ref());
                to.digest(this);
            }
        }
        match deleted {
            None => {
                to.u8(0);
            }
            Some(at) => at.write(to.u8(1)),
        }
        to.finish()
    }

    pub(crate) fn decode(id: &[u8], bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            let tenant = Tenant::parse(&from.text("session.tenant")?);
            Ok(Self {
                tenant: tenant.map_err(|fault| CodecError::field("session.tenant", fault))?,
                opened: Position::read(from)?,
                opened_at: TimeMs::new(from.u64()?),
                intent: Intent {
                    text: from.text("intent.text")?,
                    target_p95_latency_ms: from.u32()?,
                    target_jitter_ms: from.u32()?,
                    duration_s: from.u32()?,
                    flow_label: from.text("intent.flow_label")?,
                },
                samples: Samples {
                    count: from.u32()?,
                    p50_us: from.u64()?,
                    p95_us: from.u64()?,
                    jitter_us: from.u64()?,
                    digest: from.digest()?,
                },
                finalized: match from.u8()? {
                    0 => None,
                    1 => Some(Finalized {
                        number: from.u64()?,
                        at: Position::read(from)?,
                        time: TimeMs::new(from.u64()?),
                        previous: read_hash(from)?,
                        this: from.digest()?,
                    }),
                    found => return Err(unknown("session.finalized", found)),
                },
                deleted: match from.u8()? {
                    0 => None,
                    1 => Some(Position::read(from)?),
                    found => return Err(unknown("session.deleted", found)),
                },
            })
        };
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::Sessions, id))
    }
}

impl ChainEnd {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut to = Writer::new();
        write_hash(to.u64(self.count), self.last.as_ref());
        to.finish()
    }

    pub(crate) fn decode(name: &[u8], bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| Ok(Self { count: from.u64()?, last: read_hash(from)? });
        Reader::whole(bytes, read).map_err(|fault: CodecError| fault.stored_at(Table::Chains, name))
    }
}

fn write_hash(to: &mut Writer, hash: Option<&Digest>) {
    match hash {
        None => to.u8(0),
        Some(hash) => to.u8(1).digest(hash),
    };
}

fn read_hash(from: &mut Reader<'_>) -> Result<Option<Digest>, CodecError> {
    match from.u8()? {
        0 => Ok(None),
        1 => from.digest().map(Some),
        found => Err(unknown("hash", found)),
    }
}

fn unknown(field: &'static str, found: u8) -> CodecError {
    CodecError::Meaning { field, found: u64::from(found) }
}

/// Rules Q1 to Q4 and Q7.
pub(crate) fn may_act(
    state: &State<'_>,
    tenant: &Tenant,
    id: &SessionId,
    act: &Act,
) -> Result<(), CheckError> {
    let session = *id;
    let found = match (state.session(id)?, act) {
        (None, Act::Open(_)) => return Ok(()),
        (Some(_), Act::Open(_)) => return Err(Rejection::SessionExists { session }.into()),
        (None, Act::Sample(_) | Act::Finalize | Act::Delete) => {
            return Err(Rejection::UnknownSession { session }.into());
        }
        (Some(found), Act::Sample(_) | Act::Finalize | Act::Delete) => found,
    };
    // Rule Q2
    if found.tenant != *tenant && !crypto::broken!(SessionOfAnyTenant) {
        return Err(Rejection::SessionTenant { session, found: tenant.clone() }.into());
    }
    if let Some(at) = found.deleted {
        return Err(Rejection::SessionDeleted { session, at: at.index }.into());
    }
    let max = u64::from(SAMPLES_MAX);
    match (act, found.finalized) {
        (Act::Sample(_) | Act::Finalize, Some(Finalized { at, .. })) if !crypto::broken!(FinalizedAgain) => {
            Err(Rejection::SessionFinalized { session, at: at.index }.into())
        }
        (Act::Sample(_), None) if found.samples.count >= SAMPLES_MAX => {
            Err(Rejection::TooManySamples { session, max }.into())
        }
        (Act::Finalize, None) if found.samples.count == 0 => Err(Rejection::NoSamples { session }.into()),
        (Act::Sample(_) | Act::Finalize | Act::Delete | Act::Open(_), _) => Ok(()),
    }
}

/// Does what [`may_act`] allowed, in a block of this time.
pub(crate) fn act(
    state: &mut State<'_>,
    submission: &Submission,
    (id, act): (&SessionId, &Act),
    (at, time): (Position, TimeMs),
) -> Result<(), ReadError> {
    if let Act::Open(intent) = act {
        let session = Session {
            tenant: submission.body().tenant.clone(),
            opened: at,
            opened_at: time,
            intent: (**intent).clone(),
            samples: Samples::NONE,
            finalized: None,
            deleted: None,
        };
        state.put_session(id, &session);
        return Ok(());
    }
    let Some(mut session) = state.session(id)? else { return Ok(()) };
    match act {
        // Done above.
        Act::Open(_) => {}
        Act::Sample(sample) => session.samples.add(&submission.id(), sample),
        Act::Finalize => {
            // Rule Q4: in the order of execution, over all sessions.
            let ChainEnd { count: number, last: previous } = state.chain(CHAIN)?;
            let previous = previous.filter(|_| !crypto::broken!(SessionsNotChained));
            let this = link(previous.as_ref(), &Proof::of(id, &session, time).canonical());
            session.finalized = Some(Finalized { number, at, time, previous, this });
            state.put_chain(CHAIN, &ChainEnd { count: number.saturating_add(1), last: Some(this) });
            state.note_proof(number, id);
        }
        Act::Delete => session.deleted = Some(at),
    }
    state.put_session(id, &session);
    Ok(())
}
