//! Frames of one lane: `u32be length ‖ kind byte ‖ payload`, where the length counts kind and payload.
//!
//! A length of zero is a heartbeat and carries nothing. Pure: bytes in, frames out, no I/O. A decoder spends
//! memory on a payload only after its length was found within the bounds of its kind and lane, and then only
//! as fast as bytes arrive. After an error a decoder is spent: the stream has no next frame boundary.

use proto::message::{Kind, Lane};

use crate::limits::lane_bytes_max;

/// Bytes in front of a payload.
pub const HEAD_BYTES: usize = 5;

/// The frame that says only that its sender lives.
pub const HEARTBEAT: [u8; 4] = [0; 4];

/// Memory reserved for a payload before any of it has arrived, in bytes.
const RESERVE_BYTES_MAX: usize = 64 << 10;

/// Why bytes are no frame of this lane.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length is above what any kind of this lane may have.
    #[error("a frame of {length} B on the {lane:?} lane, where the largest has {max} B")]
    LaneTooLong {
        /// Length announced, kind byte included.
        length: usize,
        /// The largest length of the lane, kind byte included.
        max: usize,
        /// The lane read.
        lane: Lane,
    },
    /// The length is above what this kind may have.
    #[error("a {kind:?} of {length} B, where the largest has {max} B")]
    KindTooLong {
        /// Kind announced.
        kind: Kind,
        /// Payload announced, in bytes.
        length: usize,
        /// The kind's bound, in bytes.
        max: usize,
    },
    /// The kind byte stands for nothing.
    #[error("{byte:#04x} is no kind of message")]
    UnknownKind {
        /// The byte found.
        byte: u8,
    },
    /// The kind exists and travels elsewhere.
    #[error("a {kind:?} on the {found:?} lane; it travels on {expected:?}")]
    WrongLane {
        /// Kind announced.
        kind: Kind,
        /// The lane it came on.
        found: Lane,
        /// The lane it belongs to.
        expected: Lane,
    },
}

/// The five bytes in front of a payload of `payload_bytes`.
///
/// # Errors
/// `KindTooLong` when the payload is above the kind's bound.
pub fn encode_head(kind: Kind, payload_bytes: usize) -> Result<[u8; HEAD_BYTES], FrameError> {
    let too_long = FrameError::KindTooLong { kind, length: payload_bytes, max: kind.bytes_max() };
    if payload_bytes > kind.bytes_max() {
        return Err(too_long);
    }
    let length = u32::try_from(payload_bytes + 1).map_err(|_| too_long)?;
    let [a, b, c, d] = length.to_be_bytes();
    Ok([a, b, c, d, kind as u8])
}

/// What a decoder found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The sender lives.
    Heartbeat,
    /// A lawful head; its payload follows. Told before any memory is spent on it.
    Head {
        /// Kind of the frame to come.
        kind: Kind,
        /// Length of the payload to come, in bytes.
        payload_bytes: usize,
    },
    /// A whole frame.
    Frame {
        /// Kind of the frame.
        kind: Kind,
        /// Its payload.
        bytes: Vec<u8>,
    },
}

/// Reads the frames of one lane out of any slicing of its bytes.
#[derive(Debug)]
pub struct Decoder {
    lane: Lane,
    state: State,
}

#[derive(Debug)]
enum State {
    Length { bytes: [u8; 4], filled: usize },
    Kind { length: usize },
    Payload { kind: Kind, missing: usize, bytes: Vec<u8> },
}

impl State {
    const START: Self = Self::Length { bytes: [0; 4], filled: 0 };
}

impl Decoder {
    /// A decoder at a frame boundary.
    pub fn new(lane: Lane) -> Self {
        Self { lane, state: State::START }
    }

    /// Whether the bytes so far end between two frames.
    pub fn at_boundary(&self) -> bool {
        matches!(self.state, State::Length { filled: 0, .. })
    }

    /// Takes bytes off the front of `input` until something is found or `input` is empty (then `None`).
    ///
    /// # Errors
    /// Any `FrameError`; the decoder must not be used after one.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Found>, FrameError> {
        loop {
            match &mut self.state {
                State::Length { bytes, filled } => {
                    let Some((&byte, rest)) = input.split_first() else { return Ok(None) };
                    *input = rest;
                    bytes[*filled] = byte;
                    *filled += 1;
                    if *filled == bytes.len() {
                        match check_length(self.lane, u32::from_be_bytes(*bytes))? {
                            0 => {
                                self.state = State::START;
                                return Ok(Some(Found::Heartbeat));
                            }
                            length => self.state = State::Kind { length },
                        }
                    }
                }
                State::Kind { length } => {
                    let length = *length;
                    let Some((&byte, rest)) = input.split_first() else { return Ok(None) };
                    *input = rest;
                    let kind = check_kind(self.lane, byte, length - 1)?;
                    self.state = State::Payload { kind, missing: length - 1, bytes: Vec::new() };
                    return Ok(Some(Found::Head { kind, payload_bytes: length - 1 }));
                }
                State::Payload { kind, missing, bytes } => {
                    if *missing > 0 {
                        if input.is_empty() {
                            return Ok(None);
                        }
                        if bytes.capacity() == 0 {
                            bytes.reserve_exact((*missing).min(RESERVE_BYTES_MAX));
                        }
                        let (taken, rest) = input.split_at(input.len().min(*missing));
                        bytes.extend_from_slice(taken);
                        *missing -= taken.len();
                        *input = rest;
                    }
                    if *missing == 0 {
                        let found = Found::Frame { kind: *kind, bytes: std::mem::take(bytes) };
                        self.state = State::START;
                        return Ok(Some(found));
                    }
                }
            }
        }
    }
}

/// The length, if any frame of this lane may have it.
fn check_length(lane: Lane, length: u32) -> Result<usize, FrameError> {
    let max = lane_bytes_max(lane) + 1;
    // Where a usize is too small for the length, it is above any bound as well.
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > max {
        return Err(FrameError::LaneTooLong { length, max, lane });
    }
    Ok(length)
}

/// The kind, if it travels on this lane and may have this payload.
fn check_kind(lane: Lane, byte: u8, payload_bytes: usize) -> Result<Kind, FrameError> {
    let kind = Kind::parse(byte).ok_or(FrameError::UnknownKind { byte })?;
    if kind.lane() != lane {
        return Err(FrameError::WrongLane { kind, found: lane, expected: kind.lane() });
    }
    if payload_bytes > kind.bytes_max() {
        return Err(FrameError::KindTooLong { kind, length: payload_bytes, max: kind.bytes_max() });
    }
    Ok(kind)
}

#[cfg(test)]
mod tests;
