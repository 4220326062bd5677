//! Entries, checkpoints, genesis.

use crypto::Scheme::{Ed25519, MlDsa65};
use prost::Message as _;

use super::part::{digest, public_key, signature, validator_index};
use super::{Wire, each, pb};
use crate::batch::BatchRef;
use crate::block::Block;
use crate::canonical::{Canonical as _, DecodeError};
use crate::checkpoint::{CertifiedCheckpoint, Cosignature, Head};
use crate::counter::{Epoch, Height, TimeMs, TreeSize, View};
use crate::entry::{BlockEntry, Entry, EpochEntry, GenesisEntry, SubmissionEntry};
use crate::genesis::{Admission, Genesis};
use crate::id::NetworkId;
use crate::submission::Submission;
use crate::validators::{Validator, ValidatorList, ValidatorSet};

impl Wire for BlockEntry {
    type Proto = pb::BlockEntry;

    fn to_wire(&self) -> pb::BlockEntry {
        let Self { height, view, proposer, time, batches, accepted, rejected, rejections, state, lookup } =
            self;
        pb::BlockEntry {
            height: height.get(),
            view: view.get(),
            proposer: proposer.get().into(),
            time_ms: time.get(),
            batches: batches.iter().map(Wire::to_wire).collect(),
            accepted: *accepted,
            rejected: *rejected,
            rejections: rejections.as_bytes().to_vec(),
            state: state.as_bytes().to_vec(),
            lookup: lookup.map_or_else(Vec::new, |lookup| lookup.as_bytes().to_vec()),
        }
    }

    fn from_wire(wire: pb::BlockEntry) -> Result<Self, DecodeError> {
        Ok(Self {
            height: Height::new(wire.height),
            view: View::new(wire.view),
            proposer: validator_index(wire.proposer, "block_entry.proposer")?,
            time: TimeMs::new(wire.time_ms),
            batches: each::<BatchRef>(wire.batches, "block_entry.batches", Block::BATCHES_MAX)?,
            accepted: wire.accepted,
            rejected: wire.rejected,
            rejections: digest(&wire.rejections, "block_entry.rejections")?,
            state: digest(&wire.state, "block_entry.state")?,
            lookup: match wire.lookup.as_slice() {
                [] => None,
                lookup => Some(digest(lookup, "block_entry.lookup")?),
            },
        })
    }
}

impl Wire for SubmissionEntry {
    type Proto = pb::SubmissionEntry;

    fn to_wire(&self) -> pb::SubmissionEntry {
        let Self { height, time, submission } = self;
        pb::SubmissionEntry {
            height: height.get(),
            time_ms: time.get(),
            submission: submission.bytes().to_vec(),
        }
    }

    fn from_wire(wire: pb::SubmissionEntry) -> Result<Self, DecodeError> {
        Ok(Self {
            height: Height::new(wire.height),
            time: TimeMs::new(wire.time_ms),
            submission: match Submission::decode(&wire.submission)? {
                leaf if leaf.is_leaf() => {
                    return Err(DecodeError::field("submission_entry.submission", "is a leaf by itself"));
                }
                submission => submission,
            },
        })
    }
}

impl Wire for GenesisEntry {
    type Proto = pb::GenesisEntry;

    fn to_wire(&self) -> pb::GenesisEntry {
        let Self { network, origin } = self;
        pb::GenesisEntry { network: network.as_bytes().to_vec(), origin: origin.clone() }
    }

    fn from_wire(wire: pb::GenesisEntry) -> Result<Self, DecodeError> {
        Genesis::check_origin(&wire.origin)?;
        Ok(Self {
            network: NetworkId::new(digest(&wire.network, "genesis_entry.network")?),
            origin: wire.origin,
        })
    }
}

impl Wire for EpochEntry {
    type Proto = pb::EpochEntry;

    fn to_wire(&self) -> pb::EpochEntry {
        let Self { epoch, height, validators, policy } = self;
        pb::EpochEntry {
            epoch: epoch.get(),
            height: height.get(),
            validators: validators.as_bytes().to_vec(),
            policy: policy.as_bytes().to_vec(),
        }
    }

    fn from_wire(wire: pb::EpochEntry) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: Epoch::new(wire.epoch),
            height: Height::new(wire.height),
            validators: digest(&wire.validators, "epoch_entry.validators")?,
            policy: digest(&wire.policy, "epoch_entry.policy")?,
        })
    }
}

/// The leaf of an entry that is written in our schema; a statement's own bytes are none of it.
pub(crate) fn encode_entry(entry: &Entry) -> Vec<u8> {
    use pb::entry::Entry as Proto;
    let entry = match entry {
        Entry::Genesis(entry) => Some(Proto::Genesis(entry.to_wire())),
        Entry::Epoch(entry) => Some(Proto::Epoch(entry.to_wire())),
        Entry::Submission(entry) => Some(Proto::Submission(entry.to_wire())),
        Entry::Block(entry) => Some(Proto::Block(entry.to_wire())),
        Entry::Statement(_) => None,
    };
    pb::Entry { entry }.encode_to_vec()
}

/// Reads such a leaf; the caller bounds its length before and compares the encoding after.
pub(crate) fn decode_entry(bytes: &[u8]) -> Result<Entry, DecodeError> {
    use pb::entry::Entry as Proto;
    let wire = pb::Entry::decode(bytes)
        .map_err(|fault| DecodeError::Malformed { what: "entry", fault: fault.to_string() })?;
    Ok(match wire.entry {
        None => return Err(DecodeError::field("entry", "is missing or of an unknown kind")),
        Some(Proto::Genesis(entry)) => Entry::Genesis(GenesisEntry::from_wire(entry)?),
        Some(Proto::Epoch(entry)) => Entry::Epoch(EpochEntry::from_wire(entry)?),
        Some(Proto::Submission(entry)) => Entry::Submission(Box::new(SubmissionEntry::from_wire(entry)?)),
        Some(Proto::Block(entry)) => Entry::Block(BlockEntry::from_wire(entry)?),
    })
}

impl Wire for Cosignature {
    type Proto = pb::Cosignature;

    fn to_wire(&self) -> pb::Cosignature {
        let Self { epoch, signer, head, time_s, log, ed25519, ml_dsa_65 } = self;
        pb::Cosignature {
            epoch: epoch.get(),
            signer: signer.get().into(),
            size: head.size.get(),
            root: head.root.as_bytes().to_vec(),
            time_s: *time_s,
            log_signature: log.as_bytes().to_vec(),
            ed25519_signature: ed25519.as_bytes().to_vec(),
            ml_dsa_65_signature: ml_dsa_65.as_bytes().to_vec(),
        }
    }

    fn from_wire(wire: pb::Cosignature) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: Epoch::new(wire.epoch),
            signer: validator_index(wire.signer, "cosignature.signer")?,
            head: head(wire.size, &wire.root)?,
            time_s: wire.time_s,
            log: signature(Ed25519, &wire.log_signature, "cosignature.log")?,
            ed25519: signature(Ed25519, &wire.ed25519_signature, "cosignature.ed25519")?,
            ml_dsa_65: signature(MlDsa65, &wire.ml_dsa_65_signature, "cosignature.ml_dsa_65")?,
        })
    }
}

fn head(size: u64, root: &[u8]) -> Result<Head, DecodeError> {
    Ok(Head { size: TreeSize::new(size), root: digest(root, "head.root")? })
}

impl Wire for CertifiedCheckpoint {
    type Proto = pb::CertifiedCheckpoint;

    fn to_wire(&self) -> pb::CertifiedCheckpoint {
        pb::CertifiedCheckpoint {
            size: self.head.size.get(),
            root: self.head.root.as_bytes().to_vec(),
            cosignatures: self.cosignatures.iter().map(Wire::to_wire).collect(),
        }
    }

    fn from_wire(wire: pb::CertifiedCheckpoint) -> Result<Self, DecodeError> {
        let checkpoint = Self {
            head: head(wire.size, &wire.root)?,
            cosignatures: each::<Cosignature>(wire.cosignatures, "cosignatures", ValidatorSet::COUNT_MAX)?,
        };
        match checkpoint.cosignatures.iter().find(|part| part.head != checkpoint.head) {
            None => Ok(checkpoint),
            Some(part) => Err(DecodeError::field(
                "cosignatures",
                format!("validator {} signed another head than the checkpoint's", part.signer),
            )),
        }
    }
}

impl Wire for Validator {
    type Proto = pb::Validator;

    fn to_wire(&self) -> pb::Validator {
        let Self { name, power, consensus, network, log, cosigner_ed25519, cosigner_ml_dsa_65 } = self;
        pb::Validator {
            name: name.clone(),
            power: *power,
            consensus_key: consensus.as_bytes().to_vec(),
            network_key: network.as_bytes().to_vec(),
            log_key: log.as_bytes().to_vec(),
            cosigner_ed25519_key: cosigner_ed25519.as_bytes().to_vec(),
            cosigner_ml_dsa_65_key: cosigner_ml_dsa_65.as_bytes().to_vec(),
        }
    }

    fn from_wire(wire: pb::Validator) -> Result<Self, DecodeError> {
        Ok(Self {
            name: wire.name,
            power: wire.power,
            consensus: public_key(Ed25519, &wire.consensus_key, "validator.consensus_key")?,
            network: public_key(Ed25519, &wire.network_key, "validator.network_key")?,
            log: public_key(Ed25519, &wire.log_key, "validator.log_key")?,
            cosigner_ed25519: public_key(
                Ed25519,
                &wire.cosigner_ed25519_key,
                "validator.cosigner_ed25519_key",
            )?,
            cosigner_ml_dsa_65: public_key(
                MlDsa65,
                &wire.cosigner_ml_dsa_65_key,
                "validator.cosigner_ml_dsa_65_key",
            )?,
        })
    }
}

impl Wire for ValidatorList {
    type Proto = pb::ValidatorList;

    fn to_wire(&self) -> pb::ValidatorList {
        pb::ValidatorList { validators: self.get().iter().map(Wire::to_wire).collect() }
    }

    fn from_wire(wire: pb::ValidatorList) -> Result<Self, DecodeError> {
        let validators = each(wire.validators, "validators", ValidatorSet::COUNT_MAX)?;
        Self::new(validators).map_err(|fault| DecodeError::field("validators", fault))
    }
}

impl Wire for Genesis {
    type Proto = pb::Genesis;

    fn to_wire(&self) -> pb::Genesis {
        let Self { origin, time, validators, admission, registrars } = self;
        pb::Genesis {
            origin: origin.clone(),
            time_ms: time.get(),
            validators: validators.iter().map(Wire::to_wire).collect(),
            admission: match admission {
                Admission::Open => 1,
                Admission::Registered => 2,
            },
            registrars: registrars.iter().map(Wire::to_wire).collect(),
        }
    }

    fn from_wire(wire: pb::Genesis) -> Result<Self, DecodeError> {
        let admission = match wire.admission {
            1 => Admission::Open,
            2 => Admission::Registered,
            other => {
                return Err(DecodeError::field("genesis.admission", format!("{other} is neither 1 nor 2")));
            }
        };
        let genesis = Self {
            origin: wire.origin,
            time: TimeMs::new(wire.time_ms),
            validators: each(wire.validators, "genesis.validators", ValidatorSet::COUNT_MAX)?,
            admission,
            registrars: each(wire.registrars, "genesis.registrars", Self::REGISTRARS_MAX)?,
        };
        genesis.check()?;
        Ok(genesis)
    }
}
