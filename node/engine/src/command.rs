//! Everything a node can want done.
//!
//! Whatever must not be known before a write is durable stands behind the write's gate, and nowhere else.

use std::sync::Arc;

use consensus::{Evidence, Fork, Gated, Misbehaviour, Recipients, Say};
use ledger::ReplayError;
use ledger::change::ChangeSet;
use ledger::collector::Divergence;
use ledger::notice::Notice;
use proto::block::CertifiedBlock;
use proto::checkpoint::{CertifiedCheckpoint, Head};
use proto::counter::Height;
use proto::id::{SubmissionId, ValidatorIndex};
use proto::message::{Message, Request, Response};
use proto::record::SafetyRecord;
use proto::validators::ValidatorSet;

use crate::event::{CallerTicket, Event, Peer, PeerTicket, QuestionId, Timer};
use crate::reigns::Reigns;

/// One thing to do. A shell does them in order; what is behind a gate follows when the gate opens.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a few live at a time; a box would be one more hop on the hot path"
)]
pub enum Command {
    /// Make a safety record durable in the journal, then do what follows.
    Journal(Gated<JournalWrite, Command>),
    /// Make writes durable in the store, then do what follows. Gates open in the order they were given.
    Store(Gated<ChangeSet, Command>),
    /// Sign a statement, send it to its recipients, and hand it back as a message when we are among them.
    Say(Say),
    /// Sign a head with the three log keys and hand the cosignature back as a message of our own.
    Cosign {
        /// The head.
        head: Head,
        /// Among whom: the set that signs heads of this size, which may reign no more.
        set: Arc<ValidatorSet>,
        /// Our position in it.
        signer: ValidatorIndex,
    },
    /// Other validators reign from here on, or those before them are done: by these sets, check what comes in and address
    /// what goes out. `Send` and `Say` name positions in the reigning one; what was to be said in an earlier epoch and is
    /// let out by its gate only now is dropped.
    Reign(Arc<Reigns>),
    /// Send a message to one node, validator or not, if it is connected.
    Show {
        /// To whom.
        to: Peer,
        /// What.
        message: Message,
    },
    /// Send a message.
    Send {
        /// To whom.
        to: Recipients,
        /// What.
        message: Message,
    },
    /// Ask a peer; exactly one `Response` or `NoResponse` comes back.
    Ask {
        /// Whom.
        to: Peer,
        /// Names the answer.
        question: QuestionId,
        /// What.
        request: Request,
    },
    /// Answer a peer's question.
    Respond {
        /// Whose.
        ticket: PeerTicket,
        /// The answer.
        response: Response,
    },
    /// Let `TimerFired` happen after some time; a timer already running starts anew.
    StartTimer {
        /// Which.
        timer: Timer,
        /// In milliseconds.
        after_ms: u64,
    },
    /// Forget a timer.
    StopTimer {
        /// Which.
        timer: Timer,
    },
    /// Tell a caller what became of its submission so far.
    Answer {
        /// Whom.
        ticket: CallerTicket,
        /// What.
        answer: Answer,
    },
    /// Tell subscribers.
    Publish(Vec<Notice>),
    /// Tell observers of a certified checkpoint.
    Announce(CertifiedCheckpoint),
    /// Let this happen: how a durable write is reported back.
    Happen(Event),
    /// Tell the operator, loudly.
    Alarm(Alarm),
}

/// What goes into the journal in one write.
#[derive(Clone, Debug)]
pub struct JournalWrite {
    /// What must never be contradicted.
    pub record: SafetyRecord,
    /// The block voted for, with its parent's certificate and its batches, when it was not journaled before.
    pub body: Option<Box<CertifiedBlock>>,
    /// Blocks at this height and below are durable in the store; the journal may forget them.
    pub settled: Height,
}

/// What became of a submission so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It waits to be ordered.
    Accepted {
        /// Its id.
        id: SubmissionId,
    },
    /// It was executed or refused before; the same answer for ever.
    Known {
        /// Its id.
        id: SubmissionId,
        /// What became of it.
        outcome: ledger::Outcome,
    },
    /// It would be refused, so it is not accepted.
    Refused {
        /// Its id.
        id: SubmissionId,
        /// Why.
        rejection: ledger::Rejection,
    },
    /// This node cannot judge it now.
    Unable {
        /// Why.
        fault: String,
    },
    /// There is no room now.
    Full {
        /// When to try again.
        retry_after_ms: u64,
    },
}

/// What an operator must hear of.
#[derive(Clone, Debug)]
pub enum Alarm {
    /// A validator signed two statements that exclude each other.
    Equivocation(Box<Evidence>),
    /// A validator signed another root than was computed here, or two roots.
    Divergence(Box<Divergence>),
    /// A quorum certified another root than the one computed here: this node serves no more receipts.
    Diverged {
        /// What was computed here.
        ours: Head,
        /// What the quorum signed.
        theirs: Head,
    },
    /// A peer did what an honest one would not.
    Misbehaved {
        /// Who.
        peer: ValidatorIndex,
        /// What.
        reason: Misbehaviour,
    },
    /// A peer sent a part of the log that does not hold.
    UntrueLog {
        /// Who.
        peer: Peer,
        /// What is wrong with it.
        fault: Box<ReplayError>,
    },
    /// Two conflicting blocks are final: more than a third of the voting power is Byzantine. This node stops.
    Forked(Box<Fork>),
    /// A rule of the ledger failed on committed data: this node cannot go on.
    Fatal(String),
}
