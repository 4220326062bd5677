//! Deeds: what the adversary does to a message it should have sent as it was.
//!
//! It holds one key and signs with no other; what it changes it signs again as itself, unless the deed is a false
//! signature. Certificates of others it can repeat, cut and mix, but not make.

use crypto::Signature;
use proto::ballot::{Timeout, Vote, VoteStatement};
use proto::block::Block;
use proto::certificate::{QuorumCert, TimeoutCert};
use proto::counter::View;
use proto::id::{BlockId, NetworkId, ValidatorIndex};
use proto::message::{Kind, Message, SyncInfo};
use proto::proposal::Proposal;
use proto::validators::ValidatorSet;

use crate::adversary::Knowledge;
use crate::notary::{proposal, sign, timeout, vote};

/// A deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Says nothing.
    Silent,
    /// Says it twice.
    Twice,
    /// Says it a view later.
    Late,
    /// Says instead what it heard before, everything of this kind.
    Replay,
    /// Says something else too, as well founded.
    Equivocate,
    /// Another view, signed again.
    View,
    /// Another epoch, signed again.
    Epoch,
    /// Another height, signed again.
    Height,
    /// Another parent or block, signed again.
    Parent,
    /// A time before the parent's.
    TimeBack,
    /// A time that no clock shows yet.
    TimeAhead,
    /// Signed for another network.
    Network,
    /// Under another's name.
    AsOther,
    /// On the oldest certificate it knows.
    StaleQc,
    /// With the oldest timeout certificate it knows.
    StaleTc,
    /// Without the timeout certificate.
    DropTc,
    /// With a timeout certificate where none is needed.
    AddTc,
    /// A certificate in which one signer stands twice.
    SignerTwice,
    /// A certificate with one signature less than a quorum.
    OneShort,
    /// A certificate whose signatures are of others than it says.
    Foreign,
    /// A certificate that claims a later view.
    CertificateView,
    /// A certificate that claims another block.
    CertificateBlock,
    /// Answers with nothing.
    Empty,
    /// Answers with the newest block only.
    Truncated,
    /// Answers with more blocks than an answer may have.
    Oversized,
    /// Answers with a block it made up on a true certificate.
    Unrelated,
    /// Answers with blocks it made up, each on the one before, as long as it is asked.
    Endless,
    /// Answers with true blocks in another order.
    Reversed,
}

impl Deed {
    /// Every deed.
    pub const ALL: [Self; 28] = [
        Self::Silent,
        Self::Twice,
        Self::Late,
        Self::Replay,
        Self::Equivocate,
        Self::View,
        Self::Epoch,
        Self::Height,
        Self::Parent,
        Self::TimeBack,
        Self::TimeAhead,
        Self::Network,
        Self::AsOther,
        Self::StaleQc,
        Self::StaleTc,
        Self::DropTc,
        Self::AddTc,
        Self::SignerTwice,
        Self::OneShort,
        Self::Foreign,
        Self::CertificateView,
        Self::CertificateBlock,
        Self::Empty,
        Self::Truncated,
        Self::Oversized,
        Self::Unrelated,
        Self::Endless,
        Self::Reversed,
    ];

    /// Whether it can be done to messages of this kind; `Kind::Response` are answers to questions for blocks.
    pub fn fits(self, kind: Kind) -> bool {
        use Kind::{Proposal, Response, SyncInfo, Timeout, Vote};
        match self {
            Self::Silent | Self::Twice | Self::Late | Self::Replay => {
                matches!(kind, Proposal | Vote | Timeout | SyncInfo)
            }
            Self::Equivocate | Self::View | Self::Epoch | Self::Network | Self::AsOther => {
                matches!(kind, Proposal | Vote | Timeout)
            }
            Self::Height | Self::Parent => matches!(kind, Proposal | Vote),
            Self::TimeBack | Self::TimeAhead | Self::AddTc => kind == Proposal,
            Self::StaleQc
            | Self::SignerTwice
            | Self::OneShort
            | Self::Foreign
            | Self::CertificateView
            | Self::CertificateBlock => matches!(kind, Proposal | Timeout | SyncInfo | Response),
            Self::StaleTc | Self::DropTc => matches!(kind, Proposal | Timeout | SyncInfo),
            Self::Empty
            | Self::Truncated
            | Self::Oversized
            | Self::Unrelated
            | Self::Endless
            | Self::Reversed => kind == Response,
        }
    }

    /// What becomes of a message; `None` if the deed cannot be done to this one. `Late` and `Replay` are done by who
    /// remembers.
    pub fn apply(
        self,
        message: &Message,
        known: &Knowledge,
        me: ValidatorIndex,
        set: &ValidatorSet,
    ) -> Option<Vec<Message>> {
        match self {
            Self::Silent => return Some(Vec::new()),
            Self::Twice => return Some(vec![message.clone(), message.clone()]),
            Self::Late | Self::Replay => return None,
            Self::Equivocate
            | Self::View
            | Self::Epoch
            | Self::Height
            | Self::Parent
            | Self::TimeBack
            | Self::TimeAhead
            | Self::Network
            | Self::AsOther
            | Self::StaleQc
            | Self::StaleTc
            | Self::DropTc
            | Self::AddTc
            | Self::SignerTwice
            | Self::OneShort
            | Self::Foreign
            | Self::CertificateView
            | Self::CertificateBlock
            | Self::Empty
            | Self::Truncated
            | Self::Oversized
            | Self::Unrelated
            | Self::Endless
            | Self::Reversed => {}
        }
        match message {
            Message::Proposal(it) => self.proposal(it, known, set),
            Message::Vote(it) => self.vote(it, known, me, set),
            Message::Timeout(it) => self.timeout(it, known, me, set),
            Message::SyncInfo(it) => self.sync_info(it, known),
            Message::Batch(_) | Message::Cosignature(_) | Message::CertifiedCheckpoint(_) => None,
        }
    }

    fn proposal(self, it: &Proposal, known: &Knowledge, set: &ValidatorSet) -> Option<Vec<Message>> {
        let Proposal { block, justify, timeout_cert, signature: _ } = it.clone();
        let other = Block { time: block.time.next(), ..block.clone() };
        let signed = |block: Block, justify: QuorumCert, tc: Option<TimeoutCert>| {
            Some(vec![Message::Proposal(proposal(set, block, justify, tc))])
        };
        match self {
            Self::Equivocate => Some(vec![
                Message::Proposal(proposal(set, other, justify, timeout_cert)),
                Message::Proposal(it.clone()),
            ]),
            Self::View => signed(Block { view: block.view.next(), ..block }, justify, timeout_cert),
            Self::Epoch => signed(Block { epoch: block.epoch.next(), ..block }, justify, timeout_cert),
            Self::Height => signed(Block { height: block.height.next(), ..block }, justify, timeout_cert),
            Self::Parent => {
                signed(Block { parent: BlockId::new(crypto::sha256(b"")), ..block }, justify, timeout_cert)
            }
            Self::TimeBack => {
                signed(Block { time: proto::counter::TimeMs::ZERO, ..block }, justify, timeout_cert)
            }
            Self::TimeAhead => {
                signed(Block { time: block.time.plus(1 << 40), ..block }, justify, timeout_cert)
            }
            Self::Network => {
                let signature = sign(set, block.proposer, &Proposal::signed_bytes(&elsewhere(), &block));
                Some(vec![Message::Proposal(Proposal { signature, ..it.clone() })])
            }
            Self::AsOther => {
                let block = Block { proposer: next(block.proposer, set), ..block };
                let signature = sign(set, it.block.proposer, &Proposal::signed_bytes(set.network(), &block));
                Some(vec![Message::Proposal(Proposal { block, justify, timeout_cert, signature })])
            }
            Self::StaleQc => {
                let stale = known.oldest_qc()?;
                let on = |block: Block| Block {
                    height: stale.height.next(),
                    parent: stale.block,
                    parent_view: stale.view,
                    ..block
                };
                let tc = timeout_cert.or_else(|| known.tc_before(block.view));
                signed(on(block), stale.clone(), tc)
            }
            Self::StaleTc => signed(block, justify, Some(known.oldest_tc()?.clone())),
            Self::DropTc => timeout_cert.and_then(|_| signed(block, justify, None)),
            Self::AddTc => match timeout_cert {
                None => {
                    let tc = known.tc_before(block.view).or_else(|| known.oldest_tc().cloned())?;
                    signed(block, justify, Some(tc))
                }
                Some(_) => None,
            },
            Self::SignerTwice
            | Self::OneShort
            | Self::Foreign
            | Self::CertificateView
            | Self::CertificateBlock => {
                let spoiled = self.spoil(&justify, set)?;
                let block = Block { parent: spoiled.block, parent_view: spoiled.view, ..block };
                signed(block, spoiled, timeout_cert)
            }
            Self::Silent
            | Self::Twice
            | Self::Late
            | Self::Replay
            | Self::Empty
            | Self::Truncated
            | Self::Oversized
            | Self::Unrelated
            | Self::Endless
            | Self::Reversed => None,
        }
    }

    fn vote(
        self,
        it: &Vote,
        known: &Knowledge,
        me: ValidatorIndex,
        set: &ValidatorSet,
    ) -> Option<Vec<Message>> {
        let statement = it.statement;
        let signed = |statement: VoteStatement| Some(vec![Message::Vote(vote(set, me, statement))]);
        match self {
            Self::Equivocate => {
                let other = known.other_block(&statement);
                let second = vote(set, me, VoteStatement { block: other, ..statement });
                Some(vec![Message::Vote(second), Message::Vote(it.clone())])
            }
            Self::View => signed(VoteStatement { view: statement.view.next(), ..statement }),
            Self::Epoch => signed(VoteStatement { epoch: statement.epoch.next(), ..statement }),
            Self::Height => signed(VoteStatement { height: statement.height.next(), ..statement }),
            Self::Parent => signed(VoteStatement { block: known.other_block(&statement), ..statement }),
            Self::Network => {
                let signature = sign(set, me, &statement.signed_bytes(&elsewhere()));
                Some(vec![Message::Vote(Vote { signature, ..it.clone() })])
            }
            Self::AsOther => Some(vec![Message::Vote(Vote { voter: next(me, set), ..it.clone() })]),
            Self::Silent
            | Self::Twice
            | Self::Late
            | Self::Replay
            | Self::TimeBack
            | Self::TimeAhead
            | Self::StaleQc
            | Self::StaleTc
            | Self::DropTc
            | Self::AddTc
            | Self::SignerTwice
            | Self::OneShort
            | Self::Foreign
            | Self::CertificateView
            | Self::CertificateBlock
            | Self::Empty
            | Self::Truncated
            | Self::Oversized
            | Self::Unrelated
            | Self::Endless
            | Self::Reversed => None,
        }
    }

    fn timeout(
        self,
        it: &Timeout,
        known: &Knowledge,
        me: ValidatorIndex,
        set: &ValidatorSet,
    ) -> Option<Vec<Message>> {
        let Timeout { epoch: _, view, high_qc, last_tc, voter: _, signature: _ } = it.clone();
        let signed = |view: View, qc: QuorumCert, tc: Option<TimeoutCert>| {
            Some(vec![Message::Timeout(timeout(set, me, view, qc, tc))])
        };
        match self {
            Self::Equivocate => {
                let stale = known.oldest_qc()?;
                let second = timeout(set, me, view, stale.clone(), last_tc.or_else(|| known.tc_before(view)));
                Some(vec![Message::Timeout(second), Message::Timeout(it.clone())])
            }
            Self::View => signed(view.next(), high_qc, last_tc),
            Self::Epoch => Some(vec![Message::Timeout(Timeout { epoch: it.epoch.next(), ..it.clone() })]),
            Self::Network => {
                let signature = sign(set, me, &it.statement().signed_bytes(&elsewhere()));
                Some(vec![Message::Timeout(Timeout { signature, ..it.clone() })])
            }
            Self::AsOther => Some(vec![Message::Timeout(Timeout { voter: next(me, set), ..it.clone() })]),
            Self::StaleQc => {
                let tc = last_tc.or_else(|| known.tc_before(view));
                signed(view, known.oldest_qc()?.clone(), tc)
            }
            Self::StaleTc => signed(view, high_qc, Some(known.oldest_tc()?.clone())),
            Self::DropTc => last_tc.and_then(|_| signed(view, high_qc, None)),
            Self::SignerTwice
            | Self::OneShort
            | Self::Foreign
            | Self::CertificateView
            | Self::CertificateBlock => signed(view, self.spoil(&high_qc, set)?, last_tc),
            Self::Silent
            | Self::Twice
            | Self::Late
            | Self::Replay
            | Self::Height
            | Self::Parent
            | Self::TimeBack
            | Self::TimeAhead
            | Self::AddTc
            | Self::Empty
            | Self::Truncated
            | Self::Oversized
            | Self::Unrelated
            | Self::Endless
            | Self::Reversed => None,
        }
    }

    fn sync_info(self, it: &SyncInfo, known: &Knowledge) -> Option<Vec<Message>> {
        let says = |high_qc: QuorumCert, high_tc: Option<TimeoutCert>| {
            Some(vec![Message::SyncInfo(SyncInfo { high_qc, high_tc })])
        };
        match self {
            Self::StaleQc => says(known.oldest_qc()?.clone(), it.high_tc.clone()),
            Self::StaleTc => says(it.high_qc.clone(), Some(known.oldest_tc()?.clone())),
            Self::DropTc => it.high_tc.as_ref().and_then(|_| says(it.high_qc.clone(), None)),
            Self::SignerTwice
            | Self::OneShort
            | Self::Foreign
            | Self::CertificateView
            | Self::CertificateBlock => says(self.spoil(&it.high_qc, known.set())?, it.high_tc.clone()),
            Self::Silent
            | Self::Twice
            | Self::Late
            | Self::Replay
            | Self::Equivocate
            | Self::View
            | Self::Epoch
            | Self::Height
            | Self::Parent
            | Self::TimeBack
            | Self::TimeAhead
            | Self::Network
            | Self::AsOther
            | Self::AddTc
            | Self::Empty
            | Self::Truncated
            | Self::Oversized
            | Self::Unrelated
            | Self::Endless
            | Self::Reversed => None,
        }
    }

    /// A certificate that should not hold; `None` for the one of genesis, which has no signatures.
    pub fn spoil(self, qc: &QuorumCert, set: &ValidatorSet) -> Option<QuorumCert> {
        let mut qc = qc.clone();
        let first: (ValidatorIndex, Signature) = qc.signatures.first()?.clone();
        let power = |qc: &QuorumCert| qc.signatures.iter().map(|(by, _)| set.power(*by)).sum::<u64>();
        while power(&qc) > set.quorum_power() {
            qc.signatures.pop();
        }
        match self {
            Self::SignerTwice => {
                qc.signatures.pop();
                qc.signatures.insert(0, first);
            }
            Self::OneShort => drop(qc.signatures.pop()),
            Self::Foreign => {
                for (_, signature) in &mut qc.signatures {
                    *signature = first.1.clone();
                }
            }
            Self::CertificateView => qc.view = qc.view.next(),
            Self::CertificateBlock => qc.block = BlockId::new(crypto::sha256(qc.block.as_bytes())),
            Self::Silent
            | Self::Twice
            | Self::Late
            | Self::Replay
            | Self::Equivocate
            | Self::View
            | Self::Epoch
            | Self::Height
            | Self::Parent
            | Self::TimeBack
            | Self::TimeAhead
            | Self::Network
            | Self::AsOther
            | Self::StaleQc
            | Self::StaleTc
            | Self::DropTc
            | Self::AddTc
            | Self::Empty
            | Self::Truncated
            | Self::Oversized
            | Self::Unrelated
            | Self::Endless
            | Self::Reversed => return None,
        }
        Some(qc)
    }
}

fn next(index: ValidatorIndex, set: &ValidatorSet) -> ValidatorIndex {
    ValidatorIndex::new((index.get() + 1) % set.count() as u16)
}

fn elsewhere() -> NetworkId {
    NetworkId::new(crypto::sha256(b"elsewhere"))
}
