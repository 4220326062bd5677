//! Who reigns, for those who check what comes in and address what goes out.
//!
//! A node hands its shell a new value whenever it changes. Everything from outside enters by `hear`, which knows the set
//! each message is to be judged by; of another epoch it says so instead of judging. Heads are the exception: the one that
//! opened an epoch is signed by the validators before, and may become certified after they have ceased to reign.
//! Source: `consensus/SPEC.md`, rule H6; `ledger/STATE.md`, rule V7.

use std::sync::Arc;

use ledger::LedgerReader;
use ledger::read::ReadError;
use proto::counter::{Epoch, TreeSize};
use proto::genesis::Genesis;
use proto::message::{Message, Response};
use proto::validators::ValidatorSet;
use proto::verified::{SignatureChecker, Unverified};

use crate::event::{Event, MessageError, Peer, VerifiedMessage, VerifiedResponse};

/// One set, and the heads it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) set: Arc<ValidatorSet>,
    /// It signs heads above this size …
    pub(crate) above: TreeSize,
    /// … up to this one; none while it reigns.
    pub(crate) last: Option<TreeSize>,
}

/// The reigning set, and those before it whose signatures may still be of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reigns {
    reigning: Term,
    before: Vec<Term>,
}

impl Reigns {
    pub(crate) const fn new(reigning: Term, before: Vec<Term>) -> Self {
        Self { reigning, before }
    }

    /// Those of genesis, who reign at a node that has not begun yet.
    pub fn of_genesis(genesis: &Genesis) -> Self {
        let set = Arc::new(genesis.validator_set());
        Self::new(Term { set, above: TreeSize::ZERO, last: None }, Vec::new())
    }

    /// The set that reigns at this node.
    pub const fn reigning(&self) -> &Arc<ValidatorSet> {
        &self.reigning.set
    }

    /// The set of an epoch, if it reigns or its signatures may still be of use.
    pub fn of(&self, epoch: Epoch) -> Option<&Arc<ValidatorSet>> {
        self.term(epoch).map(|term| &term.set)
    }

    /// All sets that are known here, the reigning one first: whose members a node should be connected with.
    pub fn sets(&self) -> impl Iterator<Item = &Arc<ValidatorSet>> {
        [&self.reigning].into_iter().chain(&self.before).map(|term| &term.set)
    }

    fn term(&self, epoch: Epoch) -> Option<&Term> {
        [&self.reigning].into_iter().chain(&self.before).find(|term| term.set.epoch() == epoch)
    }

    /// The set that signs heads of this size as one of `epoch`. `Ok(None)`: an epoch that is not known here.
    fn signers(&self, epoch: Epoch, size: TreeSize) -> Result<Option<&ValidatorSet>, MessageError> {
        let Some(Term { set, above, last }) = self.term(epoch) else { return Ok(None) };
        match size > *above && last.is_none_or(|last| size <= last) {
            true => Ok(Some(set)),
            false => Err(MessageError::OutOfTerm { size, epoch }),
        }
    }

    /// Checks what a peer said and makes it an event.
    ///
    /// # Errors
    /// `MessageError`, the first that fails; what is of another epoch is no fault but `Event::OtherEpoch`.
    pub fn hear(
        &self,
        from: Peer,
        message: Message,
        checker: &dyn SignatureChecker,
    ) -> Result<Event, MessageError> {
        let set = &*self.reigning.set;
        let (epoch, signers) = match &message {
            Message::Proposal(it) => (it.block.epoch, self.voters(it.block.epoch)),
            Message::Vote(it) => (it.statement.epoch, self.voters(it.statement.epoch)),
            Message::Timeout(it) => (it.epoch, self.voters(it.epoch)),
            Message::SyncInfo(it) => (it.epoch(), self.voters(it.epoch())),
            Message::Batch(_) => (set.epoch(), Some(set)),
            Message::Cosignature(it) => (it.epoch, self.signers(it.epoch, it.head.size)?),
            Message::CertifiedCheckpoint(it) => {
                let epoch = it.epoch().unwrap_or(set.epoch());
                (epoch, self.signers(epoch, it.head.size)?)
            }
        };
        match signers {
            Some(set) => {
                let message = VerifiedMessage::verify(message, set, checker)?;
                Ok(Event::Message { from, message })
            }
            None => Ok(Event::OtherEpoch { from, epoch }),
        }
    }

    // rule H6
    fn voters(&self, epoch: Epoch) -> Option<&ValidatorSet> {
        Some(&*self.reigning.set).filter(|set| set.epoch() == epoch)
    }

    /// Checks every signature and certificate in an answer.
    ///
    /// # Errors
    /// `MessageError`, the first that fails; blocks and certificates of another epoch fail.
    pub fn answer(
        &self,
        response: Response,
        checker: &dyn SignatureChecker,
    ) -> Result<VerifiedResponse, MessageError> {
        let set = &*self.reigning.set;
        Ok(match response {
            Response::Blocks(blocks) => VerifiedResponse::Blocks(
                blocks
                    .into_iter()
                    .map(|block| Unverified::new(block).verify(set, checker))
                    .collect::<Result<_, _>>()?,
            ),
            Response::Batches(batches) => VerifiedResponse::Batches(
                batches
                    .into_iter()
                    .map(|batch| Unverified::new(batch).verify(set.network(), checker))
                    .collect::<Result<_, _>>()?,
            ),
            Response::Checkpoint(None) => VerifiedResponse::Checkpoint(None),
            Response::Checkpoint(Some(checkpoint)) => {
                let epoch = checkpoint.epoch().unwrap_or(set.epoch());
                let signers = self.signers(epoch, checkpoint.head.size)?;
                let set = signers.ok_or(MessageError::UnknownEpoch { epoch })?;
                VerifiedResponse::Checkpoint(Some(Unverified::new(checkpoint).verify(set, checker)?))
            }
            Response::Log(part) => {
                let part = part.map(|part| Unverified::new(*part).verify(set, checker)).transpose()?;
                VerifiedResponse::Log(part.map(Box::new))
            }
            Response::Certificates(info) => {
                VerifiedResponse::Certificates(Unverified::new(*info).verify(set, checker)?)
            }
        })
    }
}

/// The set that will reign when a node starts from this store: its journaled blocks are judged by it, and those of
/// earlier epochs are of no use any more.
///
/// # Errors
/// `ReadError` when the store fails or is damaged.
pub fn reigning(reader: &LedgerReader, genesis: &Genesis) -> Result<ValidatorSet, ReadError> {
    Ok(match reader.reign_latest()? {
        Some(reign) => reign.set(genesis.network(), genesis.origin.clone()),
        None => genesis.validator_set(),
    })
}
