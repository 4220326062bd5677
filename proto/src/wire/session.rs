//! Sessions, whose bounds are asked where they are read.

use super::pb;
use super::pb::submission_body::Operation as Proto;
use crate::canonical::DecodeError;
use crate::operation::Operation;
use crate::session::{Act, Intent, Sample, SessionId};

pub(super) fn to_wire(session: &SessionId, act: &Act) -> Proto {
    let session = session.as_bytes().to_vec();
    match act {
        Act::Open(intent) => {
            let Intent { text, target_p95_latency_ms, target_jitter_ms, duration_s, flow_label } = &**intent;
            Proto::SessionOpen(pb::SessionOpen {
                session,
                text: text.clone(),
                target_p95_latency_ms: *target_p95_latency_ms,
                target_jitter_ms: *target_jitter_ms,
                duration_s: *duration_s,
                flow_label: flow_label.clone(),
            })
        }
        Act::Sample(sample) => {
            let Sample { packets, p50_us, p95_us, jitter_us, notes } = &**sample;
            Proto::SessionSample(pb::SessionSample {
                session,
                packets: *packets,
                p50_us: *p50_us,
                p95_us: *p95_us,
                jitter_us: *jitter_us,
                notes: notes.clone(),
            })
        }
        Act::Finalize => Proto::SessionFinalize(pb::SessionFinalize { session }),
        Act::Delete => Proto::SessionDelete(pb::SessionDelete { session }),
    }
}

pub(super) fn opened(wire: pb::SessionOpen) -> Result<Operation, DecodeError> {
    let pb::SessionOpen { session, text, target_p95_latency_ms, target_jitter_ms, duration_s, flow_label } =
        wire;
    let intent = Intent { text, target_p95_latency_ms, target_jitter_ms, duration_s, flow_label };
    intent.check().map_err(|fault| DecodeError::field("intent", fault))?;
    act(&session, Act::Open(Box::new(intent)))
}

pub(super) fn sampled(wire: pb::SessionSample) -> Result<Operation, DecodeError> {
    let pb::SessionSample { session, packets, p50_us, p95_us, jitter_us, notes } = wire;
    let sample = Sample { packets, p50_us, p95_us, jitter_us, notes };
    sample.check().map_err(|fault| DecodeError::field("sample", fault))?;
    act(&session, Act::Sample(Box::new(sample)))
}

pub(super) fn act(session: &[u8], act: Act) -> Result<Operation, DecodeError> {
    match <[u8; SessionId::BYTES]>::try_from(session) {
        Ok(session) => Ok(Operation::Session { session: SessionId::new(session), act }),
        Err(_) => {
            let fault = format!("{} bytes, a session's id has {}", session.len(), SessionId::BYTES);
            Err(DecodeError::field("session", fault))
        }
    }
}
