//! What is sent to have a part of a log cosigned, and whether it may be.
//!
//! Nothing is remembered of subtrees: one that lies in a checkpoint which was cosigned here says nothing new. So the
//! checkpoint must be the one cosigned last, or carry our own cosignature.
//! Source: C2SP tlog-witness, sign-subtree; `WITNESS.md`, rule W8.

use crypto::Digest;
use merkle::subtree::{self, ConsistencyError, Subtree, SubtreeError};
use proto::checkpoint::{CheckpointText, decimal, digest};
use proto::counter::TreeSize;
use proto::note::{KeyName, Note, NoteKey, NoteSignature};
use proto::verified::SignatureChecker;

use crate::record::Record;
use crate::request::{AddCheckpoint, RequestError, parts, push_hash};
use crate::watched::{Untrusted, Watched};

/// The checkpoint that a subtree lies in; it may come without signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it says.
    pub text: CheckpointText,
    /// Its signature lines.
    pub signatures: Vec<NoteSignature>,
}

/// A request to cosign a subtree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignSubtree {
    /// Its first leaf.
    pub start: u64,
    /// One past its last leaf.
    pub end: u64,
    /// Its hash.
    pub hash: Digest,
    /// That it lies in the checkpoint.
    pub proof: Vec<Digest>,
    /// The checkpoint.
    pub checkpoint: Reference,
}

impl SignSubtree {
    /// Most cosignatures of the subtree by others; they are read and not needed.
    pub const COSIGNATURES_MAX: usize = 8;
    /// Most signatures of the checkpoint.
    pub const SIGNATURES_MAX: usize = 8;
    const FORM: &str = "subtree <start> <end>";

    /// Reads a request.
    ///
    /// # Errors
    /// `RequestError`, the first fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let (head, checkpoint) = parts(bytes, AddCheckpoint::BYTES_MAX)?;
        let mut lines = head.split('\n').zip(1..);
        let range = lines.next().and_then(|(line, _)| {
            let (start, end) = line.strip_prefix("subtree ")?.split_once(' ')?;
            Some((decimal(start)?, decimal(end)?))
        });
        let (start, end) = range.ok_or(RequestError::FirstLine { form: Self::FORM })?;
        let hash = lines.next().and_then(|(line, _)| digest(line)).ok_or(RequestError::Hash { line: 2 })?;
        let (mut proof, mut cosignatures) = (Vec::new(), 0);
        for (line, number) in lines {
            if !line.starts_with('\u{2014}') {
                push_hash(&mut proof, line, number)?;
                continue;
            }
            if !proof.is_empty() || NoteSignature::parse(&format!("{line}\n")).is_none() {
                return Err(RequestError::Cosignature { line: number });
            }
            cosignatures += 1;
            if cosignatures > Self::COSIGNATURES_MAX {
                let what = "cosignatures of the subtree";
                return Err(RequestError::TooMany { what, max: Self::COSIGNATURES_MAX });
            }
        }
        Ok(Self { start, end, hash, proof, checkpoint: reference(checkpoint)? })
    }
}

fn reference(text: &str) -> Result<Reference, RequestError> {
    if !text.contains("\n\n") {
        return Ok(Reference { text: CheckpointText::parse(text)?, signatures: Vec::new() });
    }
    let note = Note::parse(text)?;
    if note.signatures().len() > SignSubtree::SIGNATURES_MAX {
        let what = "signatures of the checkpoint";
        return Err(RequestError::TooMany { what, max: SignSubtree::SIGNATURES_MAX });
    }
    Ok(Reference { text: CheckpointText::parse(note.text())?, signatures: note.signatures().to_vec() })
}

/// A subtree that may be cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmittedSubtree {
    /// The log.
    pub origin: KeyName,
    /// The subtree.
    pub subtree: Subtree,
    /// Its hash.
    pub hash: Digest,
}

/// Why a subtree is not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubtreeRefusal {
    /// The log is none of those that are cosigned here.
    #[error("the log {origin} is not cosigned here")]
    UnknownOrigin {
        /// The log.
        origin: KeyName,
    },
    /// The range is empty, or goes beyond the checkpoint.
    #[error("leaves {start} to {end} of a log of {size}: needed is start < end <= size")]
    Range {
        /// First leaf.
        start: u64,
        /// One past the last leaf.
        end: u64,
        /// Size of the checkpoint.
        size: TreeSize,
    },
    /// The range is no subtree.
    #[error(transparent)]
    Subtree(#[from] SubtreeError),
    /// The checkpoint carries what should be our cosignature and is not.
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    /// The checkpoint was never cosigned here, as far as can be told.
    #[error("the checkpoint of size {size} is not known to have been cosigned here")]
    UnknownCheckpoint {
        /// Its size.
        size: TreeSize,
        /// One that is known, if there is one.
        known: Option<Box<Note>>,
    },
    /// The proof does not hold.
    #[error(transparent)]
    Inconsistent(#[from] ConsistencyError),
}

impl SubtreeRefusal {
    /// The HTTP status that tells it.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Range { .. } | Self::Subtree(_) => 400,
            Self::Untrusted(_) | Self::UnknownCheckpoint { known: None, .. } => 403,
            Self::UnknownOrigin { .. } => 404,
            Self::UnknownCheckpoint { known: Some(_), .. } => 409,
            Self::Inconsistent(_) => 422,
        }
    }
}

/// Judges a request by the checkpoint cosigned last and by our own keys.
///
/// # Errors
/// `SubtreeRefusal`, the first check that fails.
pub fn judge_subtree(
    watched: &Watched,
    last: Option<&Record>,
    ours: &[NoteKey],
    request: &SignSubtree,
    checker: &dyn SignatureChecker,
) -> Result<AdmittedSubtree, SubtreeRefusal> {
    let SignSubtree { start, end, hash, proof, checkpoint } = request;
    let Reference { text, signatures } = checkpoint;
    if watched.policy(&text.origin).is_none() {
        return Err(SubtreeRefusal::UnknownOrigin { origin: text.origin.clone() });
    }
    let size = text.head.size;
    if start >= end || *end > size.get() {
        return Err(SubtreeRefusal::Range { start: *start, end: *end, size });
    }
    let subtree = Subtree::new(*start, *end)?;
    let is_last = last.is_some_and(|last| last.head() == text.head);
    if !is_last && !is_ours(ours, text, signatures, checker)? {
        let known = last.map(|last| Box::new(last.note().clone()));
        return Err(SubtreeRefusal::UnknownCheckpoint { size, known });
    }
    subtree::verify_consistency(subtree, hash, size.get(), &text.head.root, proof)?;
    Ok(AdmittedSubtree { origin: text.origin.clone(), subtree, hash: *hash })
}

fn is_ours(
    ours: &[NoteKey],
    text: &CheckpointText,
    signatures: &[NoteSignature],
    checker: &dyn SignatureChecker,
) -> Result<bool, Untrusted> {
    let mut found = false;
    for (part, line) in signatures.iter().zip(1..) {
        let Some(key) = ours.iter().find(|key| key.id() == part.key_id && *key.name() == part.name) else {
            continue;
        };
        text.verify_line(key, &part.signature, checker).map_err(|fault| Untrusted::Signature {
            line,
            name: part.name.clone(),
            fault,
        })?;
        found = true;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Log, Someone};
    use proto::verified::Strict;

    #[test]
    fn a_subtree_of_a_cosigned_checkpoint_is_admitted_and_no_other() {
        let log = Log::new("log.example/a", 1);
        let (us, other) = (Someone::new("w.example", 9), Someone::new("x.example", 8));
        let watched = Watched::new(&[log.vkey()], Vec::new()).expect("one log");
        let text = log.text(14);
        let (ours, theirs) = (us.ml_dsa_65(&text, 5), other.ed25519(&text, 5));
        let record = Record::new(log.text(20), vec![log.line(&log.text(20))]).expect("a record");
        let keys = us.keys();
        let asked = |last: Option<&Record>, body: &str| {
            let request = SignSubtree::parse(body.as_bytes()).expect("a request");
            judge_subtree(&watched, last, &keys, &request, &Strict)
        };
        let bare = |start, end, size| format!("{}{}", log.subtree(start, end, size), log.text(size));
        let signed = |lines: Vec<NoteSignature>| {
            format!("{}{}", log.subtree(8, 13, 14), Note::new(text.to_string(), lines).expect("a note"))
        };
        let admitted = asked(None, &signed(vec![theirs.clone(), ours.clone()])).expect("by our cosignature");
        assert_eq!((admitted.subtree.start(), admitted.subtree.end()), (8, 13));
        assert!(asked(Some(&record), &bare(8, 13, 20)).is_ok(), "by what was cosigned last");

        let status = |found: Result<AdmittedSubtree, SubtreeRefusal>| found.expect_err("refused").status();
        let spoiled = NoteSignature { signature: [&[0; 8][..], &[1; 3309]].concat(), ..ours.clone() };
        let elsewhere = Log::new("log.example/x", 1);
        for (name, last, body, expected) in [
            ("never cosigned", None, bare(8, 13, 14), 403),
            ("cosigned by another", None, signed(vec![theirs]), 403),
            ("our cosignature, spoiled", None, signed(vec![spoiled]), 403),
            ("another checkpoint than the last", Some(&record), bare(8, 13, 14), 409),
            ("unknown log", None, format!("{}{}", elsewhere.subtree(8, 13, 14), elsewhere.text(14)), 404),
            ("empty", Some(&record), bare(8, 13, 20).replacen("8 13", "8 8", 1), 400),
            ("beyond the log", Some(&record), bare(8, 13, 20).replacen("8 13", "8 21", 1), 400),
            ("not aligned", Some(&record), bare(8, 13, 20).replacen("8 13", "3 8", 1), 400),
            ("another range", Some(&record), bare(8, 13, 20).replacen("8 13", "8 12", 1), 422),
        ] {
            assert_eq!(status(asked(last, &body)), expected, "{name}");
        }
    }

    #[test]
    fn malformed_requests_are_refused() {
        let log = Log::new("log.example/a", 1);
        let good = format!("{}{}", log.subtree(8, 13, 14), log.text(14));
        assert!(SignSubtree::parse(good.as_bytes()).is_ok());
        let line = Someone::new("x.example", 8).ed25519(&log.text(14), 0).to_string();
        let head = good.split_inclusive('\n').next().expect("a line").to_owned();
        let hash = good.split_inclusive('\n').nth(1).expect("a line").to_owned();
        let with = |lines: &str| good.replacen(&format!("{head}{hash}"), &format!("{head}{hash}{lines}"), 1);
        assert!(SignSubtree::parse(with(&line.repeat(8)).as_bytes()).is_ok());
        let many = SignSubtree::parse(with(&line.repeat(9)).as_bytes());
        assert!(matches!(many, Err(RequestError::TooMany { max: 8, .. })), "{many:?}");
        let late = SignSubtree::parse(with(&format!("{hash}{line}")).as_bytes());
        assert_eq!(late, Err(RequestError::Cosignature { line: 4 }));
        let first = RequestError::FirstLine { form: SignSubtree::FORM };
        for (from, to) in [("subtree 8 13", "subtree 8"), ("8 13", "08 13"), ("8 13", "8 13 14"), ("sub", "")]
        {
            assert_eq!(SignSubtree::parse(good.replacen(from, to, 1).as_bytes()), Err(first.clone()));
        }
        let nine = Note::new(log.text(14).to_string(), vec![log.line(&log.text(14)); 9]).expect("a note");
        let signed = format!("{}{nine}", log.subtree(8, 13, 14));
        let found = SignSubtree::parse(signed.as_bytes());
        assert!(matches!(found, Err(RequestError::TooMany { max: 8, .. })), "{found:?}");
    }
}
