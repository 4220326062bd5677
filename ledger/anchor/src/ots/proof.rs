//! The grammar of OpenTimestamps: what was done to a digest, and who says that the result existed.
//!
//! A proof is a tree: operations lead from the digest to other messages, and at each of them an attestation may stand.
//! Reading is bounded in bytes, depth, operations and messages before anything is kept; what is read is written again to
//! the same bytes. Only the operations that proofs for Bitcoin are made of are known: others are refused by name.
//! Source: the serialisation of OpenTimestamps, version 1; `ledger/anchor/ANCHOR.md`, rules N5 and N6.

use crypto::{Digest, sha256};

use super::reader::{Fault, Reader, put_bytes, put_number};

/// What a detached file begins with.
pub const MAGIC: &[u8; 31] = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94";
/// The one version.
const VERSION: u64 = 1;
/// Largest file, in bytes.
pub const BYTES_MAX: usize = 64 << 10;
/// Deepest nesting.
const DEPTH_MAX: usize = 256;
/// Most operations and attestations in all.
const NODES_MAX: usize = 4_096;
/// Longest message, and longest argument of an operation, in bytes.
const MESSAGE_BYTES_MAX: usize = 4_096;
/// Longest payload of an attestation, in bytes.
const PAYLOAD_BYTES_MAX: usize = 8_192;
/// Longest address of a calendar, in bytes.
const URI_BYTES_MAX: usize = 1_000;

const OP_SHA256: u8 = 0x08;
const OP_APPEND: u8 = 0xf0;
const OP_PREPEND: u8 = 0xf1;
const ATTESTATION: u8 = 0x00;
const FORK: u8 = 0xff;
const PENDING: [u8; 8] = [0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e];
const BITCOIN: [u8; 8] = [0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01];

/// What is done to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// SHA-256 of it.
    Sha256,
    /// These bytes behind it.
    Append(Vec<u8>),
    /// These bytes before it.
    Prepend(Vec<u8>),
}

/// Who says that a message existed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attestation {
    /// A calendar promises that it will say more. Nothing is shown by that.
    Pending {
        /// Where it says so.
        uri: String,
    },
    /// The message is the Merkle root of the Bitcoin block of this height.
    Bitcoin {
        /// The height.
        height: u64,
    },
    /// Something else, which is kept and not judged.
    Unknown {
        /// Its tag.
        tag: [u8; 8],
        /// What stands behind it.
        payload: Vec<u8>,
    },
}

/// What is known of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timestamp {
    attestations: Vec<Attestation>,
    branches: Vec<(Op, Timestamp)>,
}

/// A detached file: a digest, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The digest: SHA-256 of what was stamped.
    pub digest: Digest,
    /// What is known of it.
    pub timestamp: Timestamp,
}

/// An attestation, and the message that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// The message.
    pub message: Vec<u8>,
    /// The attestation.
    pub attestation: Attestation,
}

/// Why bytes are no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Too many bytes.
    #[error("{found} bytes; a proof has at most {BYTES_MAX}")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// It does not begin as a proof does.
    #[error("not an OpenTimestamps file: the first bytes are others")]
    Magic,
    /// Another version.
    #[error("version {found} of OpenTimestamps; {VERSION} is read")]
    Version {
        /// The version found.
        found: u64,
    },
    /// The file was hashed by something else.
    #[error("the file's hash is operation 0x{found:02x}; 0x{OP_SHA256:02x}, SHA-256, is needed")]
    FileHash {
        /// The operation found.
        found: u8,
    },
    /// The bytes end too early, or a number is none.
    #[error(transparent)]
    Bytes(#[from] Fault),
    /// An operation that no proof for Bitcoin needs.
    #[error("operation 0x{found:02x} is not known")]
    UnknownOp {
        /// The operation found.
        found: u8,
    },
    /// Nested too deep.
    #[error("more than {DEPTH_MAX} operations one after another")]
    TooDeep,
    /// Too many operations and attestations.
    #[error("more than {NODES_MAX} operations and attestations")]
    TooMany,
    /// A message outgrew its limit.
    #[error("a message of {found} bytes; at most {MESSAGE_BYTES_MAX} are read")]
    Message {
        /// Bytes found.
        found: usize,
    },
    /// The address of a calendar is none.
    #[error("the address of a calendar has bytes that none has")]
    Uri,
    /// Bytes behind the end.
    #[error("{found} bytes too many")]
    Trailing {
        /// Bytes found.
        found: usize,
    },
    /// What is to be joined is not there.
    #[error("the proof has no promise for this message")]
    NotPromised,
}

impl Op {
    /// The message that follows from one.
    ///
    /// # Errors
    /// `Message` when it would be too long.
    fn apply(&self, message: &[u8]) -> Result<Vec<u8>, ProofError> {
        let joined = |first: &[u8], second: &[u8]| match first.len() + second.len() {
            found if found > MESSAGE_BYTES_MAX => Err(ProofError::Message { found }),
            _ => Ok([first, second].concat()),
        };
        match self {
            Self::Sha256 => Ok(sha256(message).as_bytes().to_vec()),
            Self::Append(bytes) => joined(message, bytes),
            Self::Prepend(bytes) => joined(bytes, message),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Sha256 => out.push(OP_SHA256),
            Self::Append(bytes) => {
                out.push(OP_APPEND);
                put_bytes(out, bytes);
            }
            Self::Prepend(bytes) => {
                out.push(OP_PREPEND);
                put_bytes(out, bytes);
            }
        }
    }
}

impl Attestation {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ProofError> {
        let tag = reader.array::<8>()?;
        let payload = reader.bytes(0, PAYLOAD_BYTES_MAX)?;
        let mut inner = Reader::new(payload);
        let read = match tag {
            PENDING => {
                let uri = inner.bytes(1, URI_BYTES_MAX)?;
                let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_/:".contains(byte);
                let uri = std::str::from_utf8(uri).ok().filter(|_| uri.iter().all(allowed));
                Self::Pending { uri: uri.ok_or(ProofError::Uri)?.to_owned() }
            }
            BITCOIN => Self::Bitcoin { height: inner.number()? },
            tag => return Ok(Self::Unknown { tag, payload: payload.to_vec() }),
        };
        match inner.rest() {
            0 => Ok(read),
            found => Err(ProofError::Trailing { found }),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(ATTESTATION);
        let mut inner = Vec::new();
        let tag = match self {
            Self::Pending { uri } => {
                put_bytes(&mut inner, uri.as_bytes());
                &PENDING
            }
            Self::Bitcoin { height } => {
                put_number(&mut inner, *height);
                &BITCOIN
            }
            Self::Unknown { tag, payload } => {
                inner.extend_from_slice(payload);
                tag
            }
        };
        out.extend_from_slice(tag);
        put_bytes(out, &inner);
    }
}

/// What is left to read, in all branches together.
struct Budget {
    nodes: usize,
}

impl Timestamp {
    /// What a calendar answers of `message`.
    ///
    /// # Errors
    /// `ProofError`, the first fault.
    pub fn read(message: &[u8], bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > BYTES_MAX {
            return Err(ProofError::TooLong { found: bytes.len() });
        }
        let mut reader = Reader::new(bytes);
        let read = Self::parse(&mut reader, message, DEPTH_MAX, &mut Budget { nodes: NODES_MAX })?;
        match reader.rest() {
            0 => Ok(read),
            found => Err(ProofError::Trailing { found }),
        }
    }

    fn parse(
        reader: &mut Reader<'_>,
        message: &[u8],
        depth: usize,
        budget: &mut Budget,
    ) -> Result<Self, ProofError> {
        // rule N5
        let depth = depth.checked_sub(1).ok_or(ProofError::TooDeep)?;
        let mut read = Self::default();
        loop {
            budget.nodes = budget.nodes.checked_sub(1).ok_or(ProofError::TooMany)?;
            let (last, tag) = match reader.byte()? {
                FORK => (false, reader.byte()?),
                tag => (true, tag),
            };
            let op = match tag {
                ATTESTATION => {
                    read.attestations.push(Attestation::read(reader)?);
                    None
                }
                OP_SHA256 => Some(Op::Sha256),
                OP_APPEND => Some(Op::Append(reader.bytes(1, MESSAGE_BYTES_MAX)?.to_vec())),
                OP_PREPEND => Some(Op::Prepend(reader.bytes(1, MESSAGE_BYTES_MAX)?.to_vec())),
                found => return Err(ProofError::UnknownOp { found }),
            };
            if let Some(op) = op {
                let next = op.apply(message)?;
                let inner = Self::parse(reader, &next, depth, budget)?;
                read.branches.push((op, inner));
            }
            if last {
                return Ok(read);
            }
        }
    }

    /// The bytes: attestations before operations, each in the order in which it was read.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut left = self.attestations.len() + self.branches.len();
        let mut mark = |out: &mut Vec<u8>| {
            left -= 1;
            if left > 0 {
                out.push(FORK);
            }
        };
        for attestation in &self.attestations {
            mark(out);
            attestation.write(out);
        }
        for (op, inner) in &self.branches {
            mark(out);
            op.write(out);
            inner.write(out);
        }
    }

    fn collect(&self, message: &[u8], found: &mut Vec<Attested>) -> Result<(), ProofError> {
        for attestation in &self.attestations {
            found.push(Attested { message: message.to_vec(), attestation: attestation.clone() });
        }
        for (op, inner) in &self.branches {
            inner.collect(&op.apply(message)?, found)?;
        }
        Ok(())
    }

    /// Puts `more` where a calendar promised more of `of`; the promise stays.
    fn join(&mut self, message: &[u8], of: &[u8], more: &Self) -> Result<bool, ProofError> {
        let promised = |it: &Attestation| matches!(it, Attestation::Pending { .. });
        if message == of && self.attestations.iter().any(promised) {
            for attestation in &more.attestations {
                if !self.attestations.contains(attestation) {
                    self.attestations.push(attestation.clone());
                }
            }
            for branch in &more.branches {
                if !self.branches.contains(branch) {
                    self.branches.push(branch.clone());
                }
            }
            return Ok(true);
        }
        for (op, inner) in &mut self.branches {
            if inner.join(&op.apply(message)?, of, more)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Proof {
    /// Reads a detached file.
    ///
    /// # Errors
    /// `ProofError`, the first fault.
    pub fn read(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > BYTES_MAX {
            return Err(ProofError::TooLong { found: bytes.len() });
        }
        let rest = bytes.strip_prefix(MAGIC.as_slice()).ok_or(ProofError::Magic)?;
        let mut reader = Reader::new(rest);
        match reader.number()? {
            VERSION => {}
            found => return Err(ProofError::Version { found }),
        }
        match reader.byte()? {
            OP_SHA256 => {}
            found => return Err(ProofError::FileHash { found }),
        }
        let digest = Digest::new(reader.array::<32>()?);
        let mut budget = Budget { nodes: NODES_MAX };
        let timestamp = Timestamp::parse(&mut reader, digest.as_bytes(), DEPTH_MAX, &mut budget)?;
        match reader.rest() {
            0 => Ok(Self { digest, timestamp }),
            found => Err(ProofError::Trailing { found }),
        }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        put_number(&mut out, VERSION);
        out.push(OP_SHA256);
        out.extend_from_slice(self.digest.as_bytes());
        self.timestamp.write(&mut out);
        out
    }

    /// Every attestation, and the message it is about.
    ///
    /// # Errors
    /// `Message`, which one that was read does not give.
    pub fn attested(&self) -> Result<Vec<Attested>, ProofError> {
        let mut found = Vec::new();
        self.timestamp.collect(self.digest.as_bytes(), &mut found)?;
        Ok(found)
    }

    /// The same proof with what a calendar said later of the message `of`.
    ///
    /// # Errors
    /// `NotPromised` when no calendar promised more of it; `TooLong` and the other limits of one proof.
    pub fn joined(&self, of: &[u8], more: &Timestamp) -> Result<Self, ProofError> {
        let mut joined = self.clone();
        if !joined.timestamp.join(self.digest.as_bytes(), of, more)? {
            return Err(ProofError::NotPromised);
        }
        // Two proofs within the limits may be beyond them together.
        Self::read(&joined.to_bytes())
    }
}
