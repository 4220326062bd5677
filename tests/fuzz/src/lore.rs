//! What a Byzantine validator has seen, and can make of it: blocks, certificates, and the ballots of others, which
//! become certificates that no honest validator has formed yet.

use std::collections::BTreeMap;

use crypto::Signature;
use proto::ballot::{Timeout, Vote, VoteStatement};
use proto::batch::{Batch, BatchRef};
use proto::block::Block;
use proto::certificate::{QuorumCert, TimeoutCert, TimeoutEntry};
use proto::checkpoint::Head;
use proto::counter::View;
use proto::id::ValidatorIndex;
use proto::message::Message;

use super::fixture::NETWORK;

/// Most values of a kind that are remembered; older ones are forgotten.
const MOST: usize = 64;

/// It.
#[derive(Debug)]
pub struct Lore {
    /// Blocks proposed, each with the certificate of its parent.
    pub blocks: Vec<(Block, QuorumCert)>,
    /// Quorum certificates.
    pub qcs: Vec<QuorumCert>,
    /// Timeout certificates.
    pub tcs: Vec<TimeoutCert>,
    /// Batches.
    pub batches: Vec<Batch>,
    /// Heads that somebody signed.
    pub heads: Vec<Head>,
    votes: BTreeMap<VoteStatement, BTreeMap<ValidatorIndex, Signature>>,
    timeouts: BTreeMap<View, BTreeMap<ValidatorIndex, Timeout>>,
}

fn keep<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        if list.len() == MOST {
            list.remove(0);
        }
        list.push(value);
    }
}

impl Default for Lore {
    fn default() -> Self {
        Self::new()
    }
}

impl Lore {
    /// What everybody knows.
    pub fn new() -> Self {
        Self {
            blocks: Vec::new(),
            qcs: vec![NETWORK.set.opening_certificate()],
            tcs: Vec::new(),
            batches: Vec::new(),
            heads: Vec::new(),
            votes: BTreeMap::new(),
            timeouts: BTreeMap::new(),
        }
    }

    /// Hears a message whose signatures hold.
    pub fn learn(&mut self, message: &Message) {
        match message {
            Message::Proposal(it) => {
                keep(&mut self.blocks, (it.block.clone(), it.justify.clone()));
                keep(&mut self.qcs, it.justify.clone());
                it.timeout_cert.iter().for_each(|tc| keep(&mut self.tcs, tc.clone()));
            }
            Message::Vote(Vote { statement, voter, signature }) => {
                let votes = self.votes.entry(*statement).or_default();
                votes.insert(*voter, signature.clone());
                if votes.len() == QUORUM {
                    let VoteStatement { epoch, view, height, block } = *statement;
                    let signatures = votes.clone().into_iter().collect();
                    keep(&mut self.qcs, QuorumCert { epoch, view, height, block, signatures });
                }
                if self.votes.len() > MOST {
                    self.votes.pop_first();
                }
            }
            Message::Timeout(it) => {
                keep(&mut self.qcs, it.high_qc.clone());
                it.last_tc.iter().for_each(|tc| keep(&mut self.tcs, tc.clone()));
                let timeouts = self.timeouts.entry(it.view).or_default();
                timeouts.insert(it.voter, it.clone());
                if timeouts.len() == QUORUM {
                    let tc = certify(timeouts);
                    self.tcs.extend(tc);
                }
                if self.timeouts.len() > MOST {
                    self.timeouts.pop_first();
                }
            }
            Message::SyncInfo(it) => {
                keep(&mut self.qcs, it.high_qc.clone());
                it.high_tc.iter().for_each(|tc| keep(&mut self.tcs, tc.clone()));
            }
            Message::Batch(it) => keep(&mut self.batches, it.clone()),
            Message::Cosignature(it) => keep(&mut self.heads, it.head),
            Message::CertifiedCheckpoint(it) => keep(&mut self.heads, it.head),
        }
    }

    /// How blocks name the batches known.
    pub fn references(&self) -> Vec<BatchRef> {
        self.batches.iter().map(ledger::batch_ref).collect()
    }

    /// The highest view that anybody was seen in.
    pub fn view(&self) -> View {
        let voted = self.votes.last_key_value().map_or(View::ZERO, |(statement, _)| statement.view);
        let left = self.timeouts.last_key_value().map_or(View::ZERO, |(view, _)| *view);
        let led = self.qcs.iter().map(|qc| qc.view).max().unwrap_or_default();
        voted.max(left).max(led)
    }
}

const QUORUM: usize = 3;

/// The certificate these timeouts make.
fn certify(timeouts: &BTreeMap<ValidatorIndex, Timeout>) -> Option<TimeoutCert> {
    let highest = timeouts.values().max_by_key(|it| it.high_qc.view)?;
    let entry = |it: &Timeout| TimeoutEntry {
        signer: it.voter,
        high_qc_view: it.high_qc.view,
        signature: it.signature.clone(),
    };
    Some(TimeoutCert {
        epoch: highest.epoch,
        view: highest.view,
        high_qc: highest.high_qc.clone(),
        entries: timeouts.values().map(entry).collect(),
    })
}
