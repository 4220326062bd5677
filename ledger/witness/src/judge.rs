//! Whether a checkpoint may be cosigned: it extends what was cosigned before.
//!
//! The order of the checks is the order of the statuses that a log is told; the first that fails decides. What was
//! admitted is not cosigned yet: whoever signs must make the new record durable before the signatures leave.
//! Source: C2SP tlog-witness; `WITNESS.md`, rules W1 to W7.

use crypto::Digest;
use merkle::consistency::{self, ConsistencyError};
use merkle::empty_root;
use proto::checkpoint::{CheckpointText, Head};
use proto::counter::TreeSize;
use proto::note::{KeyName, NoteSignature};
use proto::verified::SignatureChecker;

use crate::record::{Record, RecordError};
use crate::request::AddCheckpoint;
use crate::two_heads::TwoHeads;
use crate::watched::{Untrusted, Watched, trusted_lines};

/// A checkpoint that may be cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// What is to be signed.
    pub text: CheckpointText,
    /// The log's signatures, checked.
    lines: Vec<NoteSignature>,
}

impl Admitted {
    /// What must be durable before `cosignatures` leave.
    ///
    /// # Errors
    /// `Note` when a note cannot hold so many lines.
    // Rule W4
    pub fn record(self, cosignatures: &[NoteSignature]) -> Result<Record, RecordError> {
        let Self { text, mut lines } = self;
        lines.extend_from_slice(cosignatures);
        Record::new(text, lines)
    }
}

/// Why a checkpoint is not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The log is none of those that are cosigned here.
    #[error("the log {origin} is not cosigned here")]
    UnknownOrigin {
        /// The log.
        origin: KeyName,
    },
    /// The checkpoint is not the log's.
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    /// The old size is larger than the new one.
    #[error("the old size {old} is larger than the checkpoint's, {new}")]
    OldAboveNew {
        /// Size said to be the witness's.
        old: TreeSize,
        /// Size of the checkpoint.
        new: TreeSize,
    },
    /// Another size was cosigned last than the request says. Passes: ask again from `ours`.
    #[error("the size cosigned last is {ours}, the request goes on from {old}")]
    Conflict {
        /// Size cosigned last; 0 before the first.
        ours: TreeSize,
        /// Size the request goes on from.
        old: TreeSize,
    },
    /// A log without leaves has one root.
    #[error("a log without leaves has the root {}, this is {found}", empty_root())]
    EmptyRoot {
        /// The root found.
        found: Digest,
    },
    /// Nothing can be shown of an empty log, so nothing may be.
    #[error("the proof has {found} hashes; from size 0 none can be shown")]
    ProofFromEmpty {
        /// Hashes in the proof.
        found: usize,
    },
    /// The proof does not hold; of equal sizes, the roots differ.
    #[error(transparent)]
    Inconsistent(#[from] ConsistencyError),
}

/// A refusal, and what it leaves in our hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub why: Refusal,
    /// Convicts the log.
    pub evidence: Option<Box<TwoHeads>>,
}

impl From<Refusal> for Refused {
    fn from(why: Refusal) -> Self {
        Self { why, evidence: None }
    }
}

impl Refusal {
    /// The HTTP status that tells it.
    pub const fn status(&self) -> u16 {
        match self {
            Self::OldAboveNew { .. } => 400,
            Self::Untrusted(_) => 403,
            Self::UnknownOrigin { .. } => 404,
            Self::Conflict { .. } => 409,
            Self::EmptyRoot { .. } | Self::ProofFromEmpty { .. } | Self::Inconsistent(_) => 422,
        }
    }
}

/// Judges a request by what was cosigned before.
///
/// # Errors
/// `Refused`, the first check that fails.
pub fn judge(
    watched: &Watched,
    before: Option<&Record>,
    request: &AddCheckpoint,
    checker: &dyn SignatureChecker,
) -> Result<Admitted, Refused> {
    let AddCheckpoint { old, proof, checkpoint } = request;
    let text = &checkpoint.text;
    // Rule W1
    let unknown = || Refusal::UnknownOrigin { origin: text.origin.clone() };
    let policy = watched.policy(&text.origin).ok_or_else(unknown)?;
    // Rule W2
    let lines = trusted_lines(policy, &checkpoint.note, text, checker).map_err(Refusal::Untrusted)?;
    let (old, new) = (*old, text.head.size);
    if old > new {
        return Err(Refusal::OldAboveNew { old, new }.into());
    }
    // Rule W7. Whatever the request goes on from: the log signed both.
    let evidence = before.filter(|before| before.head().size == new && before.head() != text.head);
    let evidence = evidence.map(|before| {
        let second = proto::note::Note::new(text.to_string(), lines.clone());
        let second = second.unwrap_or_else(|_| checkpoint.note.clone());
        Box::new(TwoHeads { first: before.note().clone(), second })
    });
    match extends(before.map(Record::head), old, text.head, proof) {
        Ok(()) => Ok(Admitted { text: text.clone(), lines }),
        Err(why) => Err(Refused { why, evidence }),
    }
}

/// Whether a head extends the one before.
fn extends(before: Option<Head>, old: TreeSize, new: Head, proof: &[Digest]) -> Result<(), Refusal> {
    // Rule W3
    let ours = before.map_or(TreeSize::ZERO, |before| before.size);
    if ours != old {
        return Err(Refusal::Conflict { ours, old });
    }
    // Rule W6
    if new.size == TreeSize::ZERO && new.root != empty_root() {
        return Err(Refusal::EmptyRoot { found: new.root });
    }
    match before.filter(|before| before.size != TreeSize::ZERO) {
        None if proof.is_empty() => Ok(()),
        None => Err(Refusal::ProofFromEmpty { found: proof.len() }),
        Some(before) => {
            Ok(consistency::verify(before.size.get(), &before.root, new.size.get(), &new.root, proof)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Log, Someone};
    use proto::verified::Strict;

    fn asked(watched: &Watched, before: Option<&Record>, text: &str) -> Result<Admitted, Refused> {
        judge(watched, before, &AddCheckpoint::parse(text.as_bytes()).expect("a request"), &Strict)
    }

    fn cosigned(admitted: Admitted) -> Record {
        let line = Someone::new("w.example", 9).ed25519(&admitted.text, 1);
        admitted.record(&[line]).expect("a record")
    }

    #[test]
    fn a_log_that_grows_is_cosigned_from_head_to_head() {
        let log = Log::new("log.example/a", 1);
        let watched = Watched::new(&[log.vkey()], Vec::new()).expect("one log");
        let mut before: Option<Record> = None;
        let mut old = 0;
        for new in [0, 0, 1, 1, 2, 5, 8, 13, 13, 21] {
            let admitted = asked(&watched, before.as_ref(), &log.request(old, new)).expect("extends");
            assert_eq!(admitted.text.head, log.head(new));
            before = Some(cosigned(admitted));
            old = new;
        }
        assert_eq!(before.map(|record| record.note().signatures().len()), Some(2));
    }

    #[test]
    fn every_status_has_its_request() {
        let log = Log::new("log.example/a", 1);
        let (fork, stranger) = (Log::new("log.example/a", 1).forked(), Log::new("log.example/x", 1));
        let impostor = Log::new("log.example/a", 2);
        let watched = Watched::new(&[log.vkey()], Vec::new()).expect("one log");
        let at_8 = cosigned(asked(&watched, None, &log.request(0, 8)).expect("first"));
        let refused = |before: Option<&Record>, text: &str| {
            let Refused { why, evidence } = asked(&watched, before, text).expect_err("refused");
            (why.status(), why, evidence.is_some())
        };
        let spoil = |text: String| {
            let line = text.split_inclusive('\n').nth(1).expect("a proof").to_owned();
            text.replacen(&line, &format!("{}\n", "A".repeat(43) + "="), 1)
        };
        for (name, before, text, status, evidence) in [
            ("unknown origin", Some(&at_8), stranger.request(0, 8), 404, false),
            ("another's key", Some(&at_8), impostor.request(8, 13), 403, false),
            ("old above new", Some(&at_8), log.request_saying(13, 8), 400, false),
            ("never cosigned, old not 0", None, log.request(5, 13), 409, false),
            ("an older size", Some(&at_8), log.request(5, 13), 409, false),
            ("a larger size", Some(&at_8), log.request(9, 13), 409, false),
            ("back to 0", Some(&at_8), log.request(0, 13), 409, false),
            ("a smaller checkpoint", Some(&at_8), log.request(5, 5), 409, false),
            ("another history", Some(&at_8), fork.request(8, 13), 422, false),
            ("a spoiled proof", Some(&at_8), spoil(log.request(8, 13)), 422, false),
            ("another root", Some(&at_8), fork.request(8, 8), 422, true),
            ("another root, from elsewhere", Some(&at_8), fork.request(0, 8), 409, true),
            (
                "a proof from 0",
                None,
                log.request(0, 8).replacen("old 0\n", &format!("old 0\n{}=\n", "A".repeat(43)), 1),
                422,
                false,
            ),
        ] {
            let (found, why, convicts) = refused(before, &text);
            assert_eq!((found, convicts), (status, evidence), "{name}: {why}");
        }
        let empty = log.signed(0, Digest::new([1; 32]));
        let (status, why, _) = refused(None, &format!("old 0\n\n{empty}"));
        assert_eq!((status, why), (422, Refusal::EmptyRoot { found: Digest::new([1; 32]) }));
        let conflict = refused(Some(&at_8), &log.request(5, 13)).1;
        assert_eq!(conflict, Refusal::Conflict { ours: TreeSize::new(8), old: TreeSize::new(5) });
    }

    #[test]
    fn evidence_holds_for_whoever_knows_the_log() {
        let log = Log::new("log.example/a", 1);
        let watched = Watched::new(&[log.vkey()], Vec::new()).expect("one log");
        let at_8 = cosigned(asked(&watched, None, &log.request(0, 8)).expect("first"));
        let fork = Log::new("log.example/a", 1).forked();
        let refused = asked(&watched, Some(&at_8), &fork.request(8, 8)).expect_err("another root");
        let evidence = refused.evidence.expect("kept");
        let policy = watched.policy(&log.origin()).expect("watched");
        assert_eq!(evidence.verify(policy, &Strict), Ok(vec![(log.origin(), log.key().id())]));
    }
}
