//! What the proof of a session says, and the artifact beside it: in the words and the canonical bytes of the QoD service.
//!
//! Both follow from what is kept of the session and the time of the block that finalized it. Every member, and how its text
//! is made, is in `ledger/SESSIONS.md`; a change here changes hashes that stand in chains.

use crypto::{Digest, sha256};
use proto::canon::{Float, Value, py_utf8};
use proto::counter::TimeMs;
use proto::iso;
use proto::session::SessionId;

use super::Session;
use super::average::hundredths;

/// What stands where the hash of a proof before would, in the first one.
pub const GENESIS: &str = "GENESIS";
/// What is said of who provides the quality: nobody, here it is only measured.
const PROVIDER_NOTE: &str = "local-simulated-provider";
/// A provider's answer takes so long.
const AVAILABLE_AFTER_MS: u64 = 2_000;
/// The latency that is judged is not above this.
const TARGET_MS_MAX: u32 = 5_000;

/// How good a quality is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Up to 50 ms.
    LowLatency,
    /// Up to 150 ms.
    Balanced,
    /// Above.
    BestEffort,
}

impl Profile {
    /// The profile of a target.
    pub const fn of(target_p95_latency_ms: u32) -> Self {
        match target_p95_latency_ms {
            0..=50 => Self::LowLatency,
            51..=150 => Self::Balanced,
            151.. => Self::BestEffort,
        }
    }

    /// Its name in answers and proofs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LowLatency => "QOS_LOW_LATENCY",
            Self::Balanced => "QOS_BALANCED",
            Self::BestEffort => "QOS_BEST_EFFORT",
        }
    }

    /// Its name in artifacts.
    pub const fn artifact_name(self) -> &'static str {
        match self {
            Self::LowLatency => "turbo",
            Self::Balanced => "standard",
            Self::BestEffort => "strict",
        }
    }
}

/// The proof of a session and the artifact whose hash stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The proof.
    pub proof: Value,
    /// The artifact.
    pub artifact: Value,
}

impl Proof {
    /// The proof of a session that was finalized in a block of this time.
    pub fn of(id: &SessionId, session: &Session, time: TimeMs) -> Self {
        let artifact = artifact(id, session, time);
        let hash = sha256(&py_utf8::encode(&artifact));
        Self { proof: proof(id, session, time, &hash), artifact }
    }

    /// The bytes of the proof that are hashed.
    pub fn canonical(&self) -> Vec<u8> {
        py_utf8::encode(&self.proof)
    }
}

/// The hash of a link: SHA-256 over the hash before it in hexadecimal, or [`GENESIS`], a bar, and the proof's bytes.
pub fn link(previous: Option<&Digest>, canonical: &[u8]) -> Digest {
    let previous = previous.map_or_else(|| GENESIS.to_owned(), Digest::to_string);
    sha256(&[previous.as_bytes(), b"|", canonical].concat())
}

/// An average in milliseconds.
struct Average(u64);

impl Average {
    fn of(sum_us: u64, session: &Session) -> Self {
        Self(hundredths(sum_us, session.samples.count))
    }

    fn float(&self) -> Float {
        decimal(self.0, 2)
    }
}

fn decimal(unscaled: u64, places: u8) -> Float {
    i64::try_from(unscaled)
        .ok()
        .and_then(|unscaled| Float::decimal(unscaled, places))
        .expect("averages are capped, and constants small")
}

fn proof(id: &SessionId, session: &Session, time: TimeMs, artifact: &Digest) -> Value {
    let Session { intent, samples, opened_at, .. } = session;
    let status = match time.get().saturating_sub(opened_at.get()) {
        age if age < AVAILABLE_AFTER_MS => "REQUESTED",
        _ => "AVAILABLE",
    };
    let average = |sum| Value::Float(Average::of(sum, session).float());
    Value::object([
        ("session_id", id.to_string().into()),
        (
            "requested",
            Value::object([
                (
                    "intent",
                    Value::object([
                        ("text", intent.text.as_str().into()),
                        ("target_p95_latency_ms", number(intent.target_p95_latency_ms)),
                        ("target_jitter_ms", number(intent.target_jitter_ms)),
                        ("duration_s", number(intent.duration_s)),
                        ("flow_label", intent.flow_label.as_str().into()),
                    ]),
                ),
                ("qos_profile", Profile::of(intent.target_p95_latency_ms).name().into()),
            ]),
        ),
        (
            "provider_observed",
            Value::object([
                ("qos_status_at_finalize", status.into()),
                ("provider_note", PROVIDER_NOTE.into()),
            ]),
        ),
        (
            "measured_outcomes",
            Value::object([
                ("samples_count", number(samples.count)),
                ("avg_p50_ms", average(samples.p50_us)),
                ("avg_p95_ms", average(samples.p95_us)),
                ("avg_jitter_ms", average(samples.jitter_us)),
            ]),
        ),
        (
            "artifacts",
            Value::object([
                ("runtime_artifact_sha256", artifact.to_string().into()),
                ("runtime_artifact_relpath", format!("{id}/artifact.json").into()),
            ]),
        ),
        ("created_at", iso::text(time).into()),
    ])
}

fn artifact(id: &SessionId, session: &Session, time: TimeMs) -> Value {
    let Session { intent, samples, .. } = session;
    let target = intent.target_p95_latency_ms.clamp(1, TARGET_MS_MAX);
    let (p95, jitter) = (Average::of(samples.p95_us, session), Average::of(samples.jitter_us, session));
    let kept = p95.0 <= u64::from(target) * 100;
    let reasons = [
        format!(
            "p95 latency {} ms is {} the target of {target} ms",
            p95.float(),
            if kept { "within" } else { "above" }
        ),
        format!("jitter {} ms, for information", jitter.float()),
    ];
    let fixed = |unscaled, places| Value::Float(decimal(unscaled, places));
    Value::object([
        ("schema_version", "v1".into()),
        ("session_id", id.to_string().into()),
        ("created_at", iso::text(time).into()),
        ("qos_profile", Profile::of(intent.target_p95_latency_ms).artifact_name().into()),
        (
            "inputs",
            Value::object([
                (
                    "targets",
                    Value::object([
                        ("max_latency_ms", number(target)),
                        ("min_throughput_mbps", fixed(1, 1)),
                        ("min_availability_pct", fixed(0, 1)),
                    ]),
                ),
                (
                    "network",
                    Value::object([("msisdn", "".into()), ("ip_address", "".into()), ("country", "".into())]),
                ),
            ]),
        ),
        (
            "measured",
            Value::object([
                ("latency_ms", p95.float().into()),
                ("throughput_mbps", fixed(0, 1)),
                ("availability_pct", fixed(1_000, 1)),
                ("jitter_ms", jitter.float().into()),
                ("packet_loss_pct", fixed(0, 1)),
            ]),
        ),
        (
            "decision",
            Value::object([
                ("result", if kept { "pass" } else { "fail" }.into()),
                ("reasons", Value::List(reasons.into_iter().map(Value::Text).collect())),
            ]),
        ),
    ])
}

fn number(number: u32) -> Value {
    u64::from(number).into()
}
