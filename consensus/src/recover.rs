//! Recovery: a replica from its record, its journal and the last committed block.
//!
//! What is read back is our own and was checked when it was written; the checks here are for a journal and a store that
//! do not belong together. Source: `SPEC.md`, rules R1 to R5.

use proto::block::Block;
use proto::certificate::{CertificateError, QuorumCert};
use proto::counter::{Epoch, View};
use proto::id::{BlockId, ValidatorIndex};
use proto::proposal::Proposal;
use proto::record::SafetyRecord;
use proto::validators::ValidatorSet;

use crate::pacemaker::Pacemaker;
use crate::safety::Safety;
use crate::tree::BlockTree;

/// The last block committed and applied, and its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The block.
    pub block: Block,
    /// Its certificate, as it came with `CommittedBlock`.
    pub certificate: QuorumCert,
}

impl Tip {
    /// Where every network begins.
    pub fn genesis(block: Block) -> Self {
        let certificate = QuorumCert::genesis(block.id());
        Self { block, certificate }
    }

    /// Where the epoch of `set` begins, with the block that opened it.
    // rule H5
    pub const fn opening(block: Block, set: &ValidatorSet) -> Self {
        Self { block, certificate: set.opening_certificate() }
    }
}

/// Why a replica cannot start from what it was given. None of it passes by waiting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// We are to be a validator that the set does not have.
    #[error("validator {me} is not one of the {count} of the set")]
    NotInSet {
        /// Our index.
        me: ValidatorIndex,
        /// Number of validators.
        count: usize,
    },
    /// A record or block of another reign.
    #[error("the journal is of epoch {found}, the validator set of epoch {expected}")]
    Epoch {
        /// Epoch found.
        found: Epoch,
        /// Epoch of the set.
        expected: Epoch,
    },
    /// The tip's certificate is of another block.
    #[error("the last committed block is {expected} of view {view}, its certificate is for {found}")]
    Tip {
        /// Id of the tip.
        expected: BlockId,
        /// View of the tip.
        view: View,
        /// Block of the certificate.
        found: BlockId,
    },
    /// The record shows an act in a view that nothing shows how it was entered: its certificates are missing, and
    /// without them we could neither vote nor time out again.
    #[error("the journal shows an act in view {acted}, its certificates lead to view {entered} only")]
    Unfounded {
        /// The view acted in.
        acted: View,
        /// The view the certificates lead to.
        entered: View,
    },
    /// The record names a block of another view than the one acted in.
    #[error("the journal shows an act in view {acted} with a block of view {found}")]
    Act {
        /// The view acted in.
        acted: View,
        /// The block's view.
        found: View,
    },
    /// A journaled block does not stand on the certificate beside it.
    #[error("journaled block of view {view}: {fault}")]
    Journal {
        /// The block's view.
        view: View,
        /// What is wrong.
        fault: CertificateError,
    },
}

/// Puts tip, record and journal together. The view follows from every certificate found, of either kind; the record stays
/// as it was written, so that what we repeat is what we said.
///
/// # Errors
/// `RecoverError`, the first contradiction.
// rules R1, R2, R5
pub(crate) fn recover(
    set: &ValidatorSet,
    me: Option<ValidatorIndex>,
    tip: Tip,
    record: Option<SafetyRecord>,
    journaled: Vec<(Block, QuorumCert)>,
) -> Result<(BlockTree, Pacemaker, Safety), RecoverError> {
    if let Some(me) = me.filter(|me| set.get(*me).is_none()) {
        return Err(RecoverError::NotInSet { me, count: set.count() });
    }
    let Tip { block, certificate } = tip;
    let id = block.id();
    expect_epoch(set, certificate.epoch)?;
    let opens = certificate == set.opening_certificate();
    if certificate.block != id || (certificate.view != block.view && !opens) {
        return Err(RecoverError::Tip { expected: id, view: block.view, found: certificate.block });
    }
    let mut pacemaker = Pacemaker::new(certificate);
    let record = match record {
        Some(record) => check(set, record)?,
        None => Safety::blank(set.epoch(), pacemaker.high_qc().clone()),
    };
    pacemaker.absorb_qc(&record.high_qc);
    if let Some(tc) = record.high_tc.as_ref().filter(|_| !crypto::broken!(RestartForgetsTimeoutCert)) {
        pacemaker.absorb_qc(&tc.high_qc);
        pacemaker.absorb_tc(tc);
    }
    let mut tree = match opens {
        true => BlockTree::opened(block, set.epoch()),
        false => BlockTree::new(block),
    };
    for (block, justify) in journaled {
        expect_epoch(set, block.epoch)?;
        Proposal::check_justified(&block, &justify)
            .map_err(|fault| RecoverError::Journal { view: block.view, fault })?;
        pacemaker.absorb_qc(&justify);
        tree.insert(block.id(), block, justify);
    }
    Ok((tree, pacemaker, Safety::new(me, record)))
}

/// Checks a record against itself.
fn check(set: &ValidatorSet, record: SafetyRecord) -> Result<SafetyRecord, RecoverError> {
    expect_epoch(set, record.epoch)?;
    let tc_view = record.high_tc.as_ref().map_or(View::ZERO, |tc| tc.view);
    let entered = record.high_qc.view.max(tc_view).next();
    let acted = record.last_acted_view;
    if acted > entered {
        return Err(RecoverError::Unfounded { acted, entered });
    }
    for block in record.voted.iter().chain(&record.proposed) {
        if block.view != acted {
            return Err(RecoverError::Act { acted, found: block.view });
        }
    }
    Ok(record)
}

fn expect_epoch(set: &ValidatorSet, found: Epoch) -> Result<(), RecoverError> {
    match found == set.epoch() {
        true => Ok(()),
        false => Err(RecoverError::Epoch { found, expected: set.epoch() }),
    }
}
