//! Changes of the validators, on their way from a file to the ledger.
//!
//! A change is made by whoever wants it, goes from hand to hand until a quorum of the reigning validators has approved,
//! and is then submitted by anybody. What travels is a file: the network and the operation as it will be signed. An
//! approval is by a validator's consensus key, so it is made where that key is, and nowhere else.

use std::path::Path;

use model::chain::{ValidatorAnswer, ValidatorsAnswer};
use model::operation::Operation as Shape;
use model::scalar::Hash;
use model::strict;
use node::keys::NodeKeys;
use proto::counter::Epoch;
use proto::id::{NetworkId, ValidatorIndex};
use proto::operation::{Approval, Membership, Operation, approval_bytes, membership_possession_bytes};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::files;

/// Largest file, in bytes: a hundred approvals.
const FILE_BYTES_MAX: usize = 256 << 10;

/// A change as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The network.
    pub network: Hash,
    /// The operation, with the approvals so far.
    pub operation: Shape,
}

impl Change {
    /// A change that adds the validator with these keys; the possession is signed here.
    pub fn join(network: NetworkId, epoch: Epoch, keys: &NodeKeys, name: &str, power: u64) -> Self {
        let validator = keys.validator(name, power);
        let possession = keys.consensus.sign(&membership_possession_bytes(&network, epoch, &validator));
        let validator = Box::new(validator);
        let join = Operation::ValidatorJoin { epoch, validator, possession, approvals: Vec::new() };
        Self::of(network, &join)
    }

    /// A change that removes a validator.
    pub fn leave(network: NetworkId, epoch: Epoch, name: &str) -> Self {
        let leave = Operation::ValidatorLeave { epoch, name: name.to_owned(), approvals: Vec::new() };
        Self::of(network, &leave)
    }

    fn of(network: NetworkId, operation: &Operation) -> Self {
        Self { network: Hash(*network.digest()), operation: Shape::from(operation) }
    }

    /// Reads a change.
    ///
    /// # Errors
    /// `Usage` when the file is none.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let refused = |fault: &dyn std::fmt::Display| {
            Failure::usage(format_args!("{}: {fault}", path.display()))
                .hint("quorate validator join and quorate validator leave make such files")
        };
        let bytes = files::read(path, FILE_BYTES_MAX).map_err(|fault| files::unreadable(path, &fault))?;
        let value = strict::parse(&bytes, FILE_BYTES_MAX).map_err(|fault| refused(&fault))?;
        let change: Self = strict::shape(value).map_err(|fault| refused(&fault))?;
        change.parts().map_err(|fault| refused(&fault.message))?;
        Ok(change)
    }

    /// Writes a change, in the place of what is there.
    ///
    /// # Errors
    /// `Usage` when it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(self).map_err(Failure::internal)?;
        text.push('\n');
        files::write(path, text.as_bytes())
    }

    /// The network.
    pub fn network(&self) -> NetworkId {
        NetworkId::new(self.network.0)
    }

    /// The operation that is to be submitted.
    ///
    /// # Errors
    /// `Usage` when it is malformed.
    pub fn operation(&self) -> Result<Operation, Failure> {
        self.operation.parse().map_err(Failure::usage)
    }

    /// The epoch whose validators approve, what changes, and the approvals so far.
    ///
    /// # Errors
    /// `Usage` when the operation does not change the validators.
    pub fn parts(&self) -> Result<(Epoch, Membership, Vec<Approval>), Failure> {
        match self.operation()? {
            Operation::ValidatorJoin { epoch, validator, possession: _, approvals } => {
                Ok((epoch, Membership::Join(validator), approvals))
            }
            Operation::ValidatorLeave { epoch, name, approvals } => {
                Ok((epoch, Membership::Leave(name), approvals))
            }
            other => Err(Failure::usage(format_args!("{} does not change the validators", other.name()))),
        }
    }

    /// Adds the approval of one of the validators of the change's epoch, by its keys. Says whose it is.
    ///
    /// # Errors
    /// `Usage` when the keys are no validator's of that epoch, or the change is of another network.
    pub fn approve(&mut self, keys: &NodeKeys, reigning: &ValidatorsAnswer) -> Result<String, Failure> {
        let (epoch, membership, mut approvals) = self.parts()?;
        if self.network != reigning.network {
            return Err(Failure::usage(format_args!(
                "the change is of network {}, the node asked is of {}",
                self.network, reigning.network
            )));
        }
        if epoch.get() != reigning.epoch.0 {
            return Err(Failure::usage(format_args!(
                "the change is to be approved in epoch {epoch}, this is epoch {}",
                reigning.epoch
            ))
            .hint("make the change anew: approvals of one epoch mean nothing in another"));
        }
        let ours = |it: &&ValidatorAnswer| it.consensus.public_key.0 == keys.consensus.public().as_bytes();
        let Some(validator) = reigning.validators.iter().find(ours) else {
            return Err(Failure::usage(format_args!(
                "the keys in this directory are of no validator of epoch {epoch}"
            ))
            .hint("only those who reign approve; quorate validator list shows them"));
        };
        let approver = ValidatorIndex::new(validator.index);
        let signature = keys.consensus.sign(&approval_bytes(&self.network(), epoch, &membership));
        approvals.retain(|it| it.approver != approver);
        approvals.push(Approval { approver, signature });
        approvals.sort_by_key(|it| it.approver);
        self.operation = Shape::from(&with_approvals(self.operation()?, approvals)?);
        Ok(validator.name.clone())
    }

    /// The voting power that has approved, and the power that is needed.
    ///
    /// # Errors
    /// As [`Change::parts`].
    pub fn approved(&self, reigning: &ValidatorsAnswer) -> Result<(u64, u64), Failure> {
        let (_, _, approvals) = self.parts()?;
        let has = |it: &&ValidatorAnswer| approvals.iter().any(|by| by.approver.get() == it.index);
        Ok((reigning.validators.iter().filter(has).map(|it| it.power.0).sum(), reigning.quorum_power.0))
    }

    /// What changes, in a few words.
    ///
    /// # Errors
    /// As [`Change::parts`].
    pub fn summary(&self) -> Result<String, Failure> {
        let (epoch, membership, _) = self.parts()?;
        Ok(match membership {
            Membership::Join(validator) => {
                format!("{} joins with power {}, approved in epoch {epoch}", validator.name, validator.power)
            }
            Membership::Leave(name) => format!("{name} leaves, approved in epoch {epoch}"),
        })
    }
}

fn with_approvals(operation: Operation, approvals: Vec<Approval>) -> Result<Operation, Failure> {
    match operation {
        Operation::ValidatorJoin { epoch, validator, possession, approvals: _ } => {
            Ok(Operation::ValidatorJoin { epoch, validator, possession, approvals })
        }
        Operation::ValidatorLeave { epoch, name, approvals: _ } => {
            Ok(Operation::ValidatorLeave { epoch, name, approvals })
        }
        other => Err(Failure::usage(format_args!("{} does not change the validators", other.name()))),
    }
}

#[cfg(test)]
mod tests {
    use crypto::sha256;
    use model::operation::Key;
    use model::scalar::Uint;
    use node::keys::MasterSeed;

    use super::*;

    fn keys(number: u8) -> NodeKeys {
        NodeKeys::derive(&MasterSeed::new([number; 32]))
    }

    fn network() -> NetworkId {
        NetworkId::new(sha256(b"a network"))
    }

    fn reigning(epoch: u64) -> ValidatorsAnswer {
        let validator = |index: u16| {
            let validator = keys(index as u8).validator(&format!("v{index}"), 1);
            ValidatorAnswer {
                index,
                name: validator.name.clone(),
                did: String::new(),
                power: Uint(1),
                stake: Uint(1),
                is_active: true,
                votes_cast: Uint(0),
                proofs_validated: Uint(0),
                consensus: Key::from(&validator.consensus),
                network: Key::from(&validator.network),
                log: Key::from(&validator.log),
                cosigner_ed25519: Key::from(&validator.cosigner_ed25519),
                cosigner_ml_dsa_65: Key::from(&validator.cosigner_ml_dsa_65),
            }
        };
        ValidatorsAnswer {
            network: Hash(*network().digest()),
            origin: "ledger.test".to_owned(),
            epoch: Uint(epoch),
            total_power: Uint(4),
            quorum_power: Uint(3),
            count: Uint(4),
            quorum_threshold: Uint(3),
            validators: (0..4).map(validator).collect(),
        }
    }

    #[test]
    fn a_change_goes_from_hand_to_hand() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("change.json");
        let mut change = Change::join(network(), Epoch::new(2), &keys(9), "v9", 1);
        for (number, expected) in [(2, 1), (0, 2), (2, 2), (1, 3)] {
            assert_eq!(change.approve(&keys(number), &reigning(2)).expect("approves"), format!("v{number}"));
            change.write(&path).expect("writes");
            change = Change::read(&path).expect("reads");
            assert_eq!(change.approved(&reigning(2)).expect("a change"), (expected, 3));
        }
        let (epoch, membership, approvals) = change.parts().expect("a change");
        let message = approval_bytes(&network(), epoch, &membership);
        let by: Vec<u16> = approvals.iter().map(|it| it.approver.get()).collect();
        assert_eq!(by, [0, 1, 2], "once each, ascending");
        for Approval { approver, signature } in approvals {
            let key = keys(approver.get() as u8).consensus.public().clone();
            assert!(key.verify(&message, &signature).is_ok(), "{approver}");
        }
    }

    #[test]
    fn who_may_not_approve_is_told_why() {
        let mut change = Change::leave(network(), Epoch::new(2), "v1");
        let stranger = change.approve(&keys(9), &reigning(2)).expect_err("no validator");
        assert!(stranger.message.contains("no validator of epoch 2"), "{}", stranger.message);
        let late = change.approve(&keys(0), &reigning(3)).expect_err("another epoch");
        assert!(late.message.contains("this is epoch 3"), "{}", late.message);
        let mut other = reigning(2);
        other.network = Hash(sha256(b"another"));
        let other = change.approve(&keys(0), &other).expect_err("another network");
        assert!(other.message.contains("the change is of network"), "{}", other.message);
    }

    #[test]
    fn what_is_no_change_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("change.json");
        for text in ["", "{}", "[1]"] {
            std::fs::write(&path, text).expect("writes");
            assert!(Change::read(&path).is_err(), "{text}");
        }
        let operation =
            Operation::BatchAnchor { root: sha256(b""), count: 1, tree: "rfc6962-sha256".to_owned() };
        Change::of(network(), &operation).write(&path).expect("writes");
        let refused = Change::read(&path).expect_err("another operation");
        assert!(refused.message.contains("does not change the validators"), "{}", refused.message);
    }
}
