//! A message under way, shared by all who get it, and the trace of a world.

use std::cell::OnceCell;
use std::fmt;

use engine::{Event, Peer, Reigns};
use proto::counter::Epoch;
use proto::message::Message;

use crate::notary::Notary;

/// A message that several members will receive. Where the same validators reign it is judged once: the verdict depends on
/// it, on them and on the notary, and on nothing else.
#[derive(Debug)]
pub struct Letter {
    /// Who says it.
    pub from: Peer,
    /// What is said.
    pub message: Message,
    /// The verdict of those at whom the message's own epoch reigns.
    verdict: OnceCell<Result<Event, String>>,
}

impl Letter {
    /// A message that nobody has received.
    pub const fn new(from: Peer, message: Message) -> Self {
        Self { from, message, verdict: OnceCell::new() }
    }

    /// What hearing it comes to, at a member where these reign.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn heard(&self, reigns: &Reigns, notary: &Notary) -> Result<Event, String> {
        let hear = || reigns.hear(self.from, self.message.clone(), notary).map_err(|fault| fault.to_string());
        match self.epoch() == Some(reigns.reigning().epoch()) {
            true => self.verdict.get_or_init(hear).clone(),
            false => hear(),
        }
    }

    /// The epoch it is of; none for what is of no epoch.
    fn epoch(&self) -> Option<Epoch> {
        match &self.message {
            Message::Proposal(it) => Some(it.block.epoch),
            Message::Vote(it) => Some(it.statement.epoch),
            Message::Timeout(it) => Some(it.epoch),
            Message::SyncInfo(it) => Some(it.epoch()),
            Message::Batch(_) => None,
            Message::Cosignature(it) => Some(it.epoch),
            Message::CertifiedCheckpoint(it) => it.epoch(),
        }
    }

    /// One line for a reader.
    pub fn describe(&self) -> String {
        match &self.message {
            Message::Proposal(it) => {
                format!("proposal view {} height {} {:?}", it.block.view, it.block.height, it.block.id())
            }
            Message::Vote(it) => format!("vote view {} {:?}", it.statement.view, it.statement.block),
            Message::Timeout(it) => format!("timeout view {} with {}", it.view, it.high_qc.view),
            Message::SyncInfo(it) => format!("sync info {}", it.high_qc.view),
            Message::Batch(it) => format!("batch of {}", it.submissions.len()),
            Message::Cosignature(it) => format!("cosignature size {}", it.head.size),
            Message::CertifiedCheckpoint(it) => format!("checkpoint size {}", it.head.size),
        }
    }

    /// A word that differs where the message does, for the trace.
    pub fn word(&self) -> u64 {
        let of = |digest: &[u8; 32]| digest.iter().take(8).fold(0, |word, byte| word << 8 | u64::from(*byte));
        let kind = self.message.kind() as u64;
        let content = match &self.message {
            Message::Proposal(it) => {
                it.block.view.get() ^ it.block.time.get() << 20 ^ of(it.block.parent.digest().as_bytes())
            }
            Message::Vote(it) => it.statement.view.get() ^ of(it.statement.block.digest().as_bytes()),
            Message::Timeout(it) => it.view.get() ^ it.high_qc.view.get() << 20,
            Message::SyncInfo(it) => it.high_qc.view.get() ^ of(it.high_qc.block.digest().as_bytes()),
            Message::Batch(it) => it.submissions.len() as u64 ^ u64::from(it.author.get()) << 20,
            Message::Cosignature(it) => it.time_s ^ of(it.head.root.as_bytes()),
            Message::CertifiedCheckpoint(it) => it.head.size.get() ^ of(it.head.root.as_bytes()),
        };
        content ^ kind << 56
    }
}

/// What happened so far, in two words: two runs of a seed have the same. Not cryptography, and not needed to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trace(u64, u64);

impl Trace {
    /// One more happening.
    pub fn add(&mut self, words: [u64; 3]) {
        for word in words {
            self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
            self.1 = self.1.wrapping_add(self.0 ^ self.0 >> 31).wrapping_mul(0xff51_afd7_ed55_8ccd);
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.0, self.1)
    }
}
