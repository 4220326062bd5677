//! prost types and the domain types they carry. Nothing outside this folder sees prost.
//!
//! Each domain type has one `Wire` impl: `to_wire` cannot fail, `from_wire` checks every size and range. The
//! canonical rule (decode, encode again, compare) is added once, by `canonical!`.

mod attestation;
mod chain;
mod evidence;
mod exchange;
#[rustfmt::skip]
#[allow(missing_docs, reason = "generated from quorate.proto, where each field is described")]
#[path = "wire/generated.rs"]
mod pb;
mod job;
mod log;
mod part;
mod primitive;
mod session;
pub(crate) mod submission;

pub(crate) use log::{decode_entry, encode_entry};
pub(crate) use part::{Wire, each, required};

use crate::canonical::{Canonical, DecodeError};

/// Gives a type its one encoding, through its prost type.
macro_rules! canonical {
    ($type:ty, $what:literal, $max:expr) => {
        impl Canonical for $type {
            const BYTES_MAX: usize = $max;

            fn encode(&self) -> Vec<u8> {
                prost::Message::encode_to_vec(&self.to_wire())
            }

            fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
                if bytes.len() > Self::BYTES_MAX {
                    return Err(DecodeError::TooLarge {
                        what: $what,
                        found: bytes.len(),
                        max: Self::BYTES_MAX,
                    });
                }
                let wire = <<Self as Wire>::Proto as prost::Message>::decode(bytes)
                    .map_err(|fault| DecodeError::Malformed { what: $what, fault: fault.to_string() })?;
                let value = Self::from_wire(wire)?;
                match value.encode() == bytes {
                    true => Ok(value),
                    false => Err(DecodeError::NotCanonical { what: $what }),
                }
            }
        }
    };
}

canonical!(crate::block::Block, "block", 16 << 10);
canonical!(crate::certificate::QuorumCert, "quorum certificate", 16 << 10);
canonical!(crate::certificate::TimeoutCert, "timeout certificate", 32 << 10);
canonical!(crate::batch::Batch, "batch", crate::message::Kind::Batch.bytes_max());
canonical!(crate::proposal::Proposal, "proposal", crate::message::Kind::Proposal.bytes_max());
canonical!(crate::ballot::Vote, "vote", crate::message::Kind::Vote.bytes_max());
canonical!(crate::ballot::Timeout, "timeout", crate::message::Kind::Timeout.bytes_max());
canonical!(crate::message::SyncInfo, "sync info", crate::message::Kind::SyncInfo.bytes_max());
canonical!(crate::message::Request, "request", crate::message::Kind::Request.bytes_max());
canonical!(crate::message::Response, "response", crate::message::Kind::Response.bytes_max());
canonical!(crate::block::CertifiedBlock, "certified block", 64 << 20);
canonical!(crate::checkpoint::Cosignature, "cosignature", crate::message::Kind::Cosignature.bytes_max());
canonical!(
    crate::checkpoint::CertifiedCheckpoint,
    "certified checkpoint",
    crate::message::Kind::CertifiedCheckpoint.bytes_max()
);
canonical!(crate::genesis::Genesis, "genesis", 1 << 20);
canonical!(crate::validators::Validator, "validator", 4 << 10);
canonical!(crate::validators::ValidatorList, "validator list", 1 << 20);
canonical!(crate::record::SafetyRecord, "safety record", 256 << 10);
