//! The ledger: the state machine of one node, and where it stands.
//!
//! It is the same on every node that applied the same blocks. What it hands out has to be made durable in the order
//! in which it was made; until `durable` says so, it is remembered here, and no reader sees it.

use std::sync::Arc;

use crypto::Digest;
use merkle::root_at;
use proto::block::{Block, CertifiedBlock, Handover};
use proto::canonical::DecodeError;
use proto::certificate::QuorumCert;
use proto::checkpoint::Head;
use proto::counter::{Epoch, Height, TimeMs, TreeSize};
use proto::entry::{Entry, GenesisEntry};
use proto::genesis::Genesis;
use proto::id::SubmissionId;
use proto::submission::Submission;
use proto::validators::{Opening, ValidatorList, ValidatorSet};
use proto::verified::Verified;

use crate::anchor::Anchor;
use crate::audit;
use crate::body;
use crate::change::{ChangeSet, Table};
use crate::check::{Moment, Rules};
use crate::error::{CheckError, LedgerError};
use crate::log::{Leaf, Log, nodes, unreadable};
use crate::lookup::Index;
use crate::notice::Sequence;
use crate::outcome::Outcome;
use crate::overlay::Overlay;
use crate::read::{Read, ReadError};
use crate::reign::{QUEUE, REIGN, Reign, Succession, encode_queue, policy_digest};
use crate::state::{State, first_digest};
use crate::tip::{Tip, load_network, put_network};

/// The state machine.
#[derive(Debug)]
pub struct Ledger {
    pub(crate) rules: Rules,
    pub(crate) overlay: Overlay,
    pub(crate) log: Log,
    pub(crate) tip: Tip,
    pub(crate) block: Block,
    pub(crate) sequence: Sequence,
    pub(crate) certified: TreeSize,
    pub(crate) succession: Succession,
    pub(crate) index: Index,
}

impl Ledger {
    /// Opens the ledger of a store. An empty store becomes one: the change that comes with it holds the genesis block
    /// and the first two leaves, genesis and epoch 0, and must be made durable first.
    ///
    /// # Errors
    /// `OtherNetwork` for a store of another genesis; `Read` when what is stored does not hold together;
    /// `Genesis` or `Policy` when none can begin so.
    pub fn open(base: Arc<dyn Read>, genesis: &Genesis) -> Result<(Self, Option<ChangeSet>), LedgerError> {
        genesis.check().map_err(LedgerError::Genesis)?;
        let rules = Rules::of(genesis);
        let expected = genesis.network();
        match load_network(&*base)? {
            None => Self::begin(base, rules, genesis).map(|(ledger, change)| (ledger, Some(change))),
            Some(found) if found != expected => Err(LedgerError::OtherNetwork { found, expected }),
            Some(_) => Ok((Self::resume(base, rules)?, None)),
        }
    }

    fn begin(base: Arc<dyn Read>, rules: Rules, genesis: &Genesis) -> Result<(Self, ChangeSet), LedgerError> {
        let (network, block) = (genesis.network(), genesis.block());
        let mut change = ChangeSet::new();
        put_network(&network, &mut change);

        let mut log = Log::default();
        let reign = Reign {
            epoch: Epoch::ZERO,
            opening: Opening::genesis(block.id()),
            size: TreeSize::new(2),
            validators: ValidatorList::new(genesis.validators.clone())
                .map_err(|fault| LedgerError::Genesis(DecodeError::field("genesis.validators", fault)))?,
        };
        let policy = policy_digest(network, &genesis.origin, reign.epoch, &reign.validators)?;
        let origin = genesis.origin.clone();
        let leaves =
            [Leaf::of(&Entry::Genesis(GenesisEntry { network, origin }))?, Leaf::of(&reign.entry(policy))?];
        let head = log.append(&leaves, &mut change)?;
        reign.put(&mut change);
        let succession = Succession { reign, queue: Vec::new() };
        change.put(Table::Validators, REIGN, succession.reign.encode());
        change.put(Table::Validators, QUEUE, encode_queue(&succession.queue));

        let tip = Tip {
            height: block.height,
            block: block.id(),
            time: block.time,
            head,
            state: first_digest(&network),
        };
        tip.put(&mut change);
        let justify = QuorumCert::genesis(tip.block);
        let certified = CertifiedBlock { block, justify, batches: Vec::new() };
        body::put(&certified, None, &mut change);

        // Rule Z4: a log begins with its index.
        let mut index = Index::default();
        index.due(&mut change);
        audit::begin(&mut change);

        let sequence = Sequence::load(&*base)?;
        let mut overlay = Overlay::new(base);
        overlay.push(tip.height, change.clone());
        let block = certified.block;
        let certified = TreeSize::ZERO;
        Ok((Self { rules, overlay, log, tip, block, sequence, certified, succession, index }, change))
    }

    fn resume(base: Arc<dyn Read>, rules: Rules) -> Result<Self, LedgerError> {
        let tip = Tip::load(&*base)?
            .ok_or_else(|| ReadError::damaged(Table::Meta, b"", "a ledger without a tip"))?;
        let log = Log::load(&*base, &tip.head)?;
        let sequence = Sequence::load(&*base)?;
        let certified = crate::checkpoint::latest(&*base)?.map_or(TreeSize::ZERO, |latest| latest.head.size);
        let key = tip.height.get().to_be_bytes();
        let damaged = |fault: &str| ReadError::damaged(Table::Blocks, &key, fault);
        let block = match body::stored_header(|table, key| base.get(table, key), tip.height)? {
            Some((block, _)) => block,
            // A part of the log ended here, and the body was never fetched.
            None => match Anchor::stored(&*base, tip.height)? {
                Some(anchor) => anchor.block,
                None => return Err(damaged("the tip's block is missing").into()),
            },
        };
        if block.id() != tip.block {
            return Err(damaged(&format!("block {}, the tip is {}", block.id(), tip.block)).into());
        }
        let succession = Succession::load(&*base)?;
        let index = Index::load(&*base)?;
        let overlay = Overlay::new(base);
        Ok(Self { rules, overlay, log, tip, block, sequence, certified, succession, index })
    }

    /// The one rule: may this submission be executed at this time? A node asks it at the door, with its own time or
    /// the tip's; execution asks it with the block's. Submissions decided before are not told apart here: ask
    /// [`Ledger::outcome`] first.
    ///
    /// # Errors
    /// `Rejected` with the rule it breaks; `Read` when the store fails.
    pub fn check(&self, submission: &Verified<Submission>, now: TimeMs) -> Result<(), CheckError> {
        let moment = Moment { now, index: self.log.next_index() };
        self.rules.check(&State::new(&self.overlay), submission, moment)
    }

    /// What became of a submission, durable or not.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn outcome(&self, id: &SubmissionId) -> Result<Option<Outcome>, ReadError> {
        State::new(&self.overlay).outcome(id)
    }

    /// An applied block, durable or not.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn block(&self, height: Height) -> Result<Option<CertifiedBlock>, ReadError> {
        body::stored(|table, key| self.overlay.get(table, key), height)
    }

    /// The last applied block.
    pub const fn tip_block(&self) -> &Block {
        &self.block
    }

    /// Where it stands.
    pub const fn tip(&self) -> &Tip {
        &self.tip
    }

    /// The head of the log.
    pub const fn head(&self) -> Head {
        self.tip.head
    }

    /// The digest of the state.
    pub const fn state_digest(&self) -> Digest {
        self.tip.state
    }

    /// The size of the latest head that a quorum signed, durable or not; 0 when there is none.
    pub const fn certified(&self) -> TreeSize {
        self.certified
    }

    /// Who reigns after the last applied block, and since when.
    pub const fn reign(&self) -> &Reign {
        &self.succession.reign
    }

    /// The validators of an epoch that has begun, as a set; none of later ones.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn validators(&self, epoch: Epoch) -> Result<Option<ValidatorSet>, ReadError> {
        let Rules { network, origin, .. } = &self.rules;
        Ok(self.reign_of(epoch)?.map(|reign| reign.set(*network, origin.clone())))
    }

    /// An epoch that has begun.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn reign_of(&self, epoch: Epoch) -> Result<Option<Reign>, ReadError> {
        if epoch == self.succession.reign.epoch {
            return Ok(Some(self.succession.reign.clone()));
        }
        let key = epoch.get().to_be_bytes();
        let stored = self.overlay.get(Table::Epochs, &key)?;
        stored.map(|bytes| Reign::decode(Table::Epochs, &key, &bytes)).transpose()
    }

    /// What a closing block would say that hands over as of an applied height; none when no change waits that was
    /// accepted so early, or the height is not applied.
    pub fn handover(&self, as_of: Height) -> Option<Handover> {
        match as_of <= self.tip.height {
            true => self.succession.handover(as_of),
            false => None,
        }
    }

    /// Whether a change of the validators waits for a hand-over.
    pub fn awaits_handover(&self) -> bool {
        !self.succession.queue.is_empty()
    }

    /// The epoch whose validators sign the head of this size. Rule V7.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn epoch_of(&self, size: TreeSize) -> Result<Epoch, ReadError> {
        let Reign { mut epoch, size: mut opening, .. } = self.succession.reign;
        while size <= opening && epoch > Epoch::ZERO {
            (epoch, opening) = self.opening_before(epoch)?;
        }
        Ok(epoch)
    }

    /// The oldest size that opened an epoch and is not certified: nothing above it may be. Rule C6.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn uncertified_opening(&self) -> Result<Option<TreeSize>, ReadError> {
        let Reign { mut epoch, mut size, .. } = self.succession.reign;
        let mut oldest = None;
        while epoch > Epoch::ZERO && size > self.certified {
            oldest = Some(size);
            (epoch, size) = self.opening_before(epoch)?;
        }
        Ok(oldest)
    }

    /// The epoch before one, and the size that opened it.
    fn opening_before(&self, epoch: Epoch) -> Result<(Epoch, TreeSize), ReadError> {
        let before = Epoch::new(epoch.get().saturating_sub(1));
        let key = before.get().to_be_bytes();
        let stored = self.overlay.get(Table::Epochs, &key)?;
        let bytes = stored.ok_or_else(|| ReadError::damaged(Table::Epochs, &key, "missing"))?;
        Ok((before, Reign::decode_size(Table::Epochs, &key, &bytes)?))
    }

    /// The head the log had at a size; none if it never was as large.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn head_at(&self, size: TreeSize) -> Result<Option<Head>, ReadError> {
        if size > self.tip.head.size {
            return Ok(None);
        }
        let nodes = nodes(|key| self.overlay.get(Table::Tiles, key), size);
        let root = root_at(&nodes, size.get()).map_err(unreadable)?;
        Ok(Some(Head { size, root }))
    }

    /// The store shows this height and all before it: they need not be remembered here any longer.
    pub fn durable(&mut self, height: Height) {
        self.overlay.durable(height);
    }

    /// How many applied heights are not durable yet.
    pub fn waiting(&self) -> usize {
        self.overlay.depth()
    }
}
