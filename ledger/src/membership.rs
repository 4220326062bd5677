//! Who may change the validator set: a quorum of it, by the keys it votes with.
//!
//! Whether the outcome is a set at all is asked first, signatures last: they are what costs.
//! Source: `STATE.md`, rules V1, V2 and V6.

use std::collections::BTreeSet;

use crypto::Signature;
use proto::counter::Epoch;
use proto::id::NetworkId;
use proto::operation::{Approval, Membership, approval_bytes, membership_possession_bytes};
use proto::validators::{ValidatorList, ValidatorSet, ValidatorSetError};

use crate::error::CheckError;
use crate::reign::{MembershipError, QUEUE_MAX, after, policy_digest};
use crate::rejection::Rejection;
use crate::state::State;

/// A change as it was submitted.
pub(crate) struct Proposed<'a> {
    pub(crate) epoch: Epoch,
    pub(crate) change: Membership,
    /// Of the one that joins.
    pub(crate) possession: Option<&'a Signature>,
    pub(crate) approvals: &'a [Approval],
}

/// Judges a change by the reigning set and the changes that wait already.
pub(crate) fn may_change(
    state: &State<'_>,
    network: &NetworkId,
    origin: &str,
    proposed: &Proposed<'_>,
) -> Result<(), CheckError> {
    let Proposed { epoch, change, possession, approvals } = proposed;
    let reign = state.reign()?;
    // Rule V1
    if *epoch != reign.epoch {
        return Err(Rejection::WrongEpoch { found: *epoch, expected: reign.epoch }.into());
    }
    let queue = state.queue()?;
    if queue.len() >= QUEUE_MAX {
        let (waiting, max) = (queue.len() as u64, QUEUE_MAX as u64);
        return Err(Rejection::TooManyChanges { waiting, max }.into());
    }
    // Rule V2: judged as if all that wait had acted, so that they can act in any division.
    let changes = queue.iter().map(|it| &it.change).chain([change]);
    let next = after(&reign.validators, changes).map_err(refusal)?;
    expressible(*network, origin, reign.epoch.next(), &next)?;
    // Rule V6
    let set = reign.set(*network, origin.to_owned());
    expect_quorum(&set, approvals)?;
    if let (Membership::Join(validator), Some(possession)) = (change, possession) {
        let message = membership_possession_bytes(network, *epoch, validator);
        if validator.consensus.verify(&message, possession).is_err() {
            return Err(Rejection::ValidatorPossession { name: validator.name.clone() }.into());
        }
    }
    let message = approval_bytes(network, *epoch, change);
    for Approval { approver, signature } in *approvals {
        let holds = set.get(*approver).is_some_and(|it| it.consensus.verify(&message, signature).is_ok());
        if !holds {
            return Err(Rejection::ApprovalSignature { approver: *approver }.into());
        }
    }
    Ok(())
}

fn refusal(fault: MembershipError) -> Rejection {
    match fault {
        MembershipError::Unknown { name } => Rejection::UnknownValidator { name },
        MembershipError::Set(ValidatorSetError::Count { found, max }) => {
            Rejection::ValidatorCount { found: found as u64, max: max as u64 }
        }
        MembershipError::Set(ValidatorSetError::Name { name }) => Rejection::ValidatorName { name },
        MembershipError::Set(ValidatorSetError::Power { name, power }) => {
            Rejection::ValidatorPower { name, power }
        }
        MembershipError::Set(
            ValidatorSetError::Scheme { name, .. } | ValidatorSetError::KeyReused { name },
        ) => Rejection::ValidatorKey { name },
    }
}

fn expressible(
    network: NetworkId,
    origin: &str,
    epoch: Epoch,
    next: &ValidatorList,
) -> Result<(), Rejection> {
    match policy_digest(network, origin, epoch, next) {
        Ok(_) => Ok(()),
        Err(_) => Err(Rejection::ValidatorPolicy { validators: next.get().len() as u64 }),
    }
}

fn expect_quorum(set: &ValidatorSet, approvals: &[Approval]) -> Result<(), Rejection> {
    let (mut known, mut power) = (BTreeSet::new(), 0);
    for Approval { approver, .. } in approvals {
        if set.get(*approver).is_none() {
            return Err(Rejection::UnknownApprover { approver: *approver });
        }
        if !known.insert(*approver) {
            return Err(Rejection::ApproverTwice { approver: *approver });
        }
        power += set.power(*approver);
    }
    match set.quorum_power() {
        needed if power < needed => Err(Rejection::TooFewApprovals { power, needed }),
        _ => Ok(()),
    }
}
