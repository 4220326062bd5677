//! Blocks, ballots, certificates, the safety record.

use std::collections::BTreeSet;

use crypto::Scheme::Ed25519;

use super::part::{batch_id, block_id, digest, optional, signature, validator_index};
use super::{Wire, each, pb, required};
use crate::ballot::{Timeout, Vote, VoteStatement};
use crate::batch::{Batch, BatchRef};
use crate::block::{Block, CertifiedBlock, Handover};
use crate::canonical::{Canonical, DecodeError};
use crate::certificate::{QuorumCert, TimeoutCert, TimeoutEntry};
use crate::counter::{Epoch, Height, TimeMs, View};
use crate::proposal::Proposal;
use crate::record::SafetyRecord;
use crate::submission::Submission;
use crate::validators::ValidatorSet;

impl Wire for BatchRef {
    type Proto = pb::BatchRef;

    fn to_wire(&self) -> pb::BatchRef {
        let Self { id, count, bytes } = self;
        pb::BatchRef { id: id.as_bytes().to_vec(), count: *count, bytes: *bytes }
    }

    fn from_wire(wire: pb::BatchRef) -> Result<Self, DecodeError> {
        DecodeError::at_most("batch.count", wire.count as usize, Batch::COUNT_MAX)?;
        DecodeError::at_most("batch.bytes", wire.bytes as usize, Batch::BYTES_MAX)?;
        if wire.count == 0 {
            return Err(DecodeError::field("batch.count", "a batch has at least one submission"));
        }
        Ok(Self { id: batch_id(&wire.id, "batch.id")?, count: wire.count, bytes: wire.bytes })
    }
}

impl Wire for Batch {
    type Proto = pb::Batch;

    fn to_wire(&self) -> pb::Batch {
        pb::Batch {
            author: self.author.get().into(),
            submissions: self.submissions.iter().map(|submission| submission.bytes().to_vec()).collect(),
        }
    }

    fn from_wire(wire: pb::Batch) -> Result<Self, DecodeError> {
        DecodeError::at_most("batch.submissions", wire.submissions.len(), Self::COUNT_MAX)?;
        let total = wire.submissions.iter().map(Vec::len).sum();
        DecodeError::at_most("batch.bytes", total, Self::BYTES_MAX)?;
        if wire.submissions.is_empty() {
            return Err(DecodeError::field("batch.submissions", "a batch has at least one submission"));
        }
        let submissions =
            wire.submissions.iter().map(|bytes| Submission::decode(bytes)).collect::<Result<Vec<_>, _>>()?;
        let distinct: BTreeSet<_> = submissions.iter().map(Submission::id).collect();
        if distinct.len() != submissions.len() {
            return Err(DecodeError::field("batch.submissions", "one of them stands in it twice"));
        }
        Ok(Self { author: validator_index(wire.author, "batch.author")?, submissions })
    }
}

impl Wire for Handover {
    type Proto = pb::Handover;

    fn to_wire(&self) -> pb::Handover {
        let Self { as_of, validators } = self;
        pb::Handover { as_of_height: as_of.get(), validators: validators.as_bytes().to_vec() }
    }

    fn from_wire(wire: pb::Handover) -> Result<Self, DecodeError> {
        Ok(Self {
            as_of: Height::new(wire.as_of_height),
            validators: digest(&wire.validators, "handover.validators")?,
        })
    }
}

impl Wire for Block {
    type Proto = pb::Block;

    fn to_wire(&self) -> pb::Block {
        let Self { epoch, height, view, parent, parent_view, proposer, time, batches, handover } = self;
        pb::Block {
            epoch: epoch.get(),
            height: height.get(),
            view: view.get(),
            parent: parent.as_bytes().to_vec(),
            parent_view: parent_view.get(),
            proposer: proposer.get().into(),
            time_ms: time.get(),
            batches: batches.iter().map(Wire::to_wire).collect(),
            handover: handover.as_ref().map(Wire::to_wire),
        }
    }

    fn from_wire(wire: pb::Block) -> Result<Self, DecodeError> {
        let batches = each::<BatchRef>(wire.batches, "block.batches", Self::BATCHES_MAX)?;
        let distinct: BTreeSet<_> = batches.iter().map(|batch| batch.id).collect();
        if distinct.len() != batches.len() {
            return Err(DecodeError::field("block.batches", "one of them stands in it twice"));
        }
        let block = Self {
            epoch: Epoch::new(wire.epoch),
            height: Height::new(wire.height),
            view: View::new(wire.view),
            parent: block_id(&wire.parent, "block.parent")?,
            parent_view: View::new(wire.parent_view),
            proposer: validator_index(wire.proposer, "block.proposer")?,
            time: TimeMs::new(wire.time_ms),
            batches,
            handover: optional(wire.handover)?,
        };
        DecodeError::at_most("block.body", block.body_bytes(), Self::BODY_BYTES_MAX)?;
        Ok(block)
    }
}

impl Wire for CertifiedBlock {
    type Proto = pb::CertifiedBlock;

    fn to_wire(&self) -> pb::CertifiedBlock {
        let Self { block, justify, batches } = self;
        pb::CertifiedBlock {
            block: Some(block.to_wire()),
            justify: Some(justify.to_wire()),
            batches: batches.iter().map(Wire::to_wire).collect(),
        }
    }

    fn from_wire(wire: pb::CertifiedBlock) -> Result<Self, DecodeError> {
        Ok(Self {
            block: required(wire.block, "block")?,
            justify: required(wire.justify, "justify")?,
            batches: each(wire.batches, "batches", Block::BATCHES_MAX)?,
        })
    }
}

impl Wire for QuorumCert {
    type Proto = pb::QuorumCert;

    fn to_wire(&self) -> pb::QuorumCert {
        let Self { epoch, view, height, block, signatures } = self;
        let signatures = signatures.iter().map(|(signer, signature)| pb::SignerSignature {
            signer: signer.get().into(),
            signature: signature.as_bytes().to_vec(),
        });
        pb::QuorumCert {
            epoch: epoch.get(),
            view: view.get(),
            height: height.get(),
            block: block.as_bytes().to_vec(),
            signatures: signatures.collect(),
        }
    }

    fn from_wire(wire: pb::QuorumCert) -> Result<Self, DecodeError> {
        DecodeError::at_most("certificate.signatures", wire.signatures.len(), ValidatorSet::COUNT_MAX)?;
        let signatures = wire.signatures.into_iter().map(|part| {
            let signer = validator_index(part.signer, "certificate.signer")?;
            Ok((signer, signature(Ed25519, &part.signature, "certificate.signature")?))
        });
        Ok(Self {
            epoch: Epoch::new(wire.epoch),
            view: View::new(wire.view),
            height: Height::new(wire.height),
            block: block_id(&wire.block, "certificate.block")?,
            signatures: signatures.collect::<Result<_, DecodeError>>()?,
        })
    }
}

impl Wire for TimeoutCert {
    type Proto = pb::TimeoutCert;

    fn to_wire(&self) -> pb::TimeoutCert {
        let Self { epoch, view, high_qc, entries } = self;
        let entries = entries.iter().map(|entry| pb::TimeoutEntry {
            signer: entry.signer.get().into(),
            high_qc_view: entry.high_qc_view.get(),
            signature: entry.signature.as_bytes().to_vec(),
        });
        pb::TimeoutCert {
            epoch: epoch.get(),
            view: view.get(),
            high_qc: Some(high_qc.to_wire()),
            entries: entries.collect(),
        }
    }

    fn from_wire(wire: pb::TimeoutCert) -> Result<Self, DecodeError> {
        DecodeError::at_most("timeout_cert.entries", wire.entries.len(), ValidatorSet::COUNT_MAX)?;
        let entries = wire.entries.into_iter().map(|part| {
            Ok(TimeoutEntry {
                signer: validator_index(part.signer, "timeout_cert.signer")?,
                high_qc_view: View::new(part.high_qc_view),
                signature: signature(Ed25519, &part.signature, "timeout_cert.signature")?,
            })
        });
        Ok(Self {
            epoch: Epoch::new(wire.epoch),
            view: View::new(wire.view),
            high_qc: required(wire.high_qc, "timeout_cert.high_qc")?,
            entries: entries.collect::<Result<_, DecodeError>>()?,
        })
    }
}

impl Wire for Proposal {
    type Proto = pb::Proposal;

    fn to_wire(&self) -> pb::Proposal {
        let Self { block, justify, timeout_cert, signature } = self;
        pb::Proposal {
            block: Some(block.to_wire()),
            justify: Some(justify.to_wire()),
            timeout_cert: timeout_cert.as_ref().map(Wire::to_wire),
            signature: signature.as_bytes().to_vec(),
        }
    }

    fn from_wire(wire: pb::Proposal) -> Result<Self, DecodeError> {
        Ok(Self {
            block: required(wire.block, "proposal.block")?,
            justify: required(wire.justify, "proposal.justify")?,
            timeout_cert: optional(wire.timeout_cert)?,
            signature: signature(Ed25519, &wire.signature, "proposal.signature")?,
        })
    }
}

impl Wire for Vote {
    type Proto = pb::Vote;

    fn to_wire(&self) -> pb::Vote {
        let Self { statement: VoteStatement { epoch, view, height, block }, voter, signature } = self;
        pb::Vote {
            epoch: epoch.get(),
            view: view.get(),
            height: height.get(),
            block: block.as_bytes().to_vec(),
            voter: voter.get().into(),
            signature: signature.as_bytes().to_vec(),
        }
    }

    fn from_wire(wire: pb::Vote) -> Result<Self, DecodeError> {
        Ok(Self {
            statement: VoteStatement {
                epoch: Epoch::new(wire.epoch),
                view: View::new(wire.view),
                height: Height::new(wire.height),
                block: block_id(&wire.block, "vote.block")?,
            },
            voter: validator_index(wire.voter, "vote.voter")?,
            signature: signature(Ed25519, &wire.signature, "vote.signature")?,
        })
    }
}

impl Wire for Timeout {
    type Proto = pb::Timeout;

    fn to_wire(&self) -> pb::Timeout {
        let Self { epoch, view, high_qc, last_tc, voter, signature } = self;
        pb::Timeout {
            epoch: epoch.get(),
            view: view.get(),
            high_qc: Some(high_qc.to_wire()),
            last_timeout_cert: last_tc.as_ref().map(Wire::to_wire),
            voter: voter.get().into(),
            signature: signature.as_bytes().to_vec(),
        }
    }

    fn from_wire(wire: pb::Timeout) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: Epoch::new(wire.epoch),
            view: View::new(wire.view),
            high_qc: required(wire.high_qc, "timeout.high_qc")?,
            last_tc: optional(wire.last_timeout_cert)?,
            voter: validator_index(wire.voter, "timeout.voter")?,
            signature: signature(Ed25519, &wire.signature, "timeout.signature")?,
        })
    }
}

impl Wire for SafetyRecord {
    type Proto = pb::SafetyRecord;

    fn to_wire(&self) -> pb::SafetyRecord {
        let Self { epoch, last_acted_view, high_qc, high_tc, voted, timed_out, proposed } = self;
        pb::SafetyRecord {
            epoch: epoch.get(),
            last_acted_view: last_acted_view.get(),
            high_qc: Some(high_qc.to_wire()),
            high_timeout_cert: high_tc.as_ref().map(Wire::to_wire),
            voted: voted.as_ref().map(Wire::to_wire),
            timed_out: *timed_out,
            proposed: proposed.as_ref().map(Wire::to_wire),
        }
    }

    fn from_wire(wire: pb::SafetyRecord) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: Epoch::new(wire.epoch),
            last_acted_view: View::new(wire.last_acted_view),
            high_qc: required(wire.high_qc, "record.high_qc")?,
            high_tc: optional(wire.high_timeout_cert)?,
            voted: optional(wire.voted)?,
            timed_out: wire.timed_out,
            proposed: optional(wire.proposed)?,
        })
    }
}
