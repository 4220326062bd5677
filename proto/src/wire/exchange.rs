//! Messages, requests and responses.

use super::part::{batch_id, block_id, digest, optional};
use super::{Wire, each, pb, required};
use crate::ballot::{Timeout, Vote};
use crate::batch::Batch;
use crate::block::{Block, CertifiedBlock};
use crate::canonical::{Canonical, DecodeError};
use crate::checkpoint::{CertifiedCheckpoint, Cosignature};
use crate::counter::{Epoch, Height, TreeSize};
use crate::history::{LogPart, LoggedBlock};
use crate::message::{Kind, Message, Request, Response, SyncInfo};
use crate::proposal::Proposal;

impl Message {
    /// The canonical bytes, without the kind.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Proposal(message) => message.encode(),
            Self::Vote(message) => message.encode(),
            Self::Timeout(message) => message.encode(),
            Self::SyncInfo(message) => message.encode(),
            Self::Batch(message) => message.encode(),
            Self::Cosignature(message) => message.encode(),
            Self::CertifiedCheckpoint(message) => message.encode(),
        }
    }

    /// Reads a message of a known kind.
    ///
    /// # Errors
    /// `DecodeError`; requests and responses are not messages and are refused.
    pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match kind {
            Kind::Proposal => Self::Proposal(Proposal::decode(bytes)?),
            Kind::Vote => Self::Vote(Vote::decode(bytes)?),
            Kind::Timeout => Self::Timeout(Timeout::decode(bytes)?),
            Kind::SyncInfo => Self::SyncInfo(SyncInfo::decode(bytes)?),
            Kind::Batch => Self::Batch(Batch::decode(bytes)?),
            Kind::Cosignature => Self::Cosignature(Cosignature::decode(bytes)?),
            Kind::CertifiedCheckpoint => Self::CertifiedCheckpoint(CertifiedCheckpoint::decode(bytes)?),
            Kind::Request | Kind::Response => {
                return Err(DecodeError::field("kind", "requests and responses have streams of their own"));
            }
        })
    }
}

impl Wire for SyncInfo {
    type Proto = pb::SyncInfo;

    fn to_wire(&self) -> pb::SyncInfo {
        pb::SyncInfo {
            high_qc: Some(self.high_qc.to_wire()),
            high_timeout_cert: self.high_tc.as_ref().map(Wire::to_wire),
        }
    }

    fn from_wire(wire: pb::SyncInfo) -> Result<Self, DecodeError> {
        Ok(Self {
            high_qc: required(wire.high_qc, "sync_info.high_qc")?,
            high_tc: optional(wire.high_timeout_cert)?,
        })
    }
}

impl Wire for Request {
    type Proto = pb::Request;

    fn to_wire(&self) -> pb::Request {
        use pb::request::Request as Proto;
        let request = match self {
            Self::BlocksById { newest, above } => Proto::BlocksById(pb::BlocksById {
                newest: newest.as_bytes().to_vec(),
                above_height: above.get(),
            }),
            Self::BlocksByHeight { from } => {
                Proto::BlocksByHeight(pb::BlocksByHeight { from_height: from.get() })
            }
            Self::Batches(ids) => {
                Proto::Batches(pb::Batches { ids: ids.iter().map(|id| id.as_bytes().to_vec()).collect() })
            }
            Self::CheckpointAt(size) => Proto::CheckpointAt(pb::CheckpointAt { size: size.get() }),
            Self::Certificates(epoch) => Proto::Certificates(pb::Certificates { epoch: epoch.get() }),
            Self::LogRange { from, to } => {
                Proto::LogRange(pb::LogRange { from_size: from.get(), to_size: to.get() })
            }
            Self::Standing(epoch) => Proto::Standing(pb::Standing { epoch: epoch.get() }),
        };
        pb::Request { request: Some(request) }
    }

    fn from_wire(wire: pb::Request) -> Result<Self, DecodeError> {
        use pb::request::Request as Proto;
        Ok(match wire.request {
            None => return Err(DecodeError::field("request", "is missing or of an unknown kind")),
            Some(Proto::BlocksById(pb::BlocksById { newest, above_height })) => {
                Self::BlocksById { newest: block_id(&newest, "newest")?, above: Height::new(above_height) }
            }
            Some(Proto::BlocksByHeight(pb::BlocksByHeight { from_height })) => {
                Self::BlocksByHeight { from: Height::new(from_height) }
            }
            Some(Proto::Batches(pb::Batches { ids })) => {
                DecodeError::at_most("batches", ids.len(), Block::BATCHES_MAX)?;
                Self::Batches(ids.iter().map(|id| batch_id(id, "batches")).collect::<Result<_, _>>()?)
            }
            Some(Proto::CheckpointAt(pb::CheckpointAt { size })) => Self::CheckpointAt(TreeSize::new(size)),
            Some(Proto::Certificates(pb::Certificates { epoch })) => Self::Certificates(Epoch::new(epoch)),
            Some(Proto::LogRange(pb::LogRange { from_size, to_size })) => {
                Self::LogRange { from: TreeSize::new(from_size), to: TreeSize::new(to_size) }
            }
            Some(Proto::Standing(pb::Standing { epoch })) => Self::Standing(Epoch::new(epoch)),
        })
    }
}

impl Wire for Response {
    type Proto = pb::Response;

    fn to_wire(&self) -> pb::Response {
        use pb::response::Response as Proto;
        let response = match self {
            Self::Blocks(blocks) => {
                Some(Proto::Blocks(pb::BlockList { blocks: blocks.iter().map(Wire::to_wire).collect() }))
            }
            Self::Batches(batches) => {
                Some(Proto::Batches(pb::BatchList { batches: batches.iter().map(Wire::to_wire).collect() }))
            }
            Self::Checkpoint(checkpoint) => checkpoint.as_ref().map(|it| Proto::Checkpoint(it.to_wire())),
            Self::Log(part) => Some(Proto::Log(pb::LogAnswer { part: part.as_ref().map(|it| it.to_wire()) })),
            Self::Certificates(info) => Some(Proto::Certificates(info.to_wire())),
        };
        pb::Response { response }
    }

    fn from_wire(wire: pb::Response) -> Result<Self, DecodeError> {
        use pb::response::Response as Proto;
        Ok(match wire.response {
            // No certified checkpoint of that size: the only answer without content.
            None => Self::Checkpoint(None),
            Some(Proto::Blocks(list)) => {
                Self::Blocks(each::<CertifiedBlock>(list.blocks, "response.blocks", Response::BLOCKS_MAX)?)
            }
            Some(Proto::Batches(list)) => {
                Self::Batches(each::<Batch>(list.batches, "response.batches", Block::BATCHES_MAX)?)
            }
            Some(Proto::Checkpoint(checkpoint)) => {
                Self::Checkpoint(Some(CertifiedCheckpoint::from_wire(checkpoint)?))
            }
            Some(Proto::Log(pb::LogAnswer { part })) => Self::Log(optional(part)?.map(Box::new)),
            Some(Proto::Certificates(info)) => Self::Certificates(Box::new(SyncInfo::from_wire(info)?)),
        })
    }
}

impl Wire for LoggedBlock {
    type Proto = pb::LoggedBlock;

    fn to_wire(&self) -> pb::LoggedBlock {
        pb::LoggedBlock { leaves: self.leaves.clone(), refused: self.refused.clone() }
    }

    fn from_wire(wire: pb::LoggedBlock) -> Result<Self, DecodeError> {
        Ok(Self { leaves: wire.leaves, refused: wire.refused })
    }
}

impl Wire for LogPart {
    type Proto = pb::LogPart;

    fn to_wire(&self) -> pb::LogPart {
        pb::LogPart {
            blocks: self.blocks.iter().map(Wire::to_wire).collect(),
            last: Some(self.last.to_wire()),
            certificate: Some(self.certificate.to_wire()),
            proof: self.proof.iter().map(|hash| hash.as_bytes().to_vec()).collect(),
        }
    }

    fn from_wire(wire: pb::LogPart) -> Result<Self, DecodeError> {
        DecodeError::at_most("log_part.proof", wire.proof.len(), LogPart::PROOF_MAX)?;
        let hash = |bytes: &Vec<u8>| digest(bytes, "log_part.proof");
        Ok(Self {
            blocks: each(wire.blocks, "log_part.blocks", LogPart::BLOCKS_MAX)?,
            last: required(wire.last, "log_part.last")?,
            certificate: required(wire.certificate, "log_part.certificate")?,
            proof: wire.proof.iter().map(hash).collect::<Result<_, _>>()?,
        })
    }
}
