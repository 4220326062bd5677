//! Is this checkpoint the quorum's?
//!
//! Every signature line must be by a key of the policy, of this log, at most one by each key, and hold. Then a log
//! has signed, and the policy decides whether enough cosigners have.
//! Source: C2SP signed-note, tlog-checkpoint, tlog-policy; stricter where a line is unknown.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use proto::checkpoint::{CheckpointText, CheckpointTextError, Head, SignatureLineError};
use proto::note::{KeyName, Note, NoteError, NoteKeyId};
use proto::policy::{Policy, Quorum, Signer};
use proto::receipt::Receipt;
use proto::verified::Strict;

/// A witness of the policy that cosigned, and when by its own clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigner {
    /// Its name in the policy.
    pub name: String,
    /// The time it said, in seconds since 1970.
    pub time_s: u64,
}

/// What a checkpoint shows once it has been believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointFacts {
    /// The log.
    pub origin: KeyName,
    /// Its size and root.
    pub head: Head,
    /// Who cosigned, in the order of the note.
    pub cosigners: Vec<Cosigner>,
    /// The latest time such that a whole quorum said it or a later one, so that a minority cannot make a head look
    /// newer than it is; none when the policy asks for no quorum.
    pub vouched_time_s: Option<u64>,
}

/// Why a checkpoint is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// Not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note does not say a head.
    #[error(transparent)]
    Text(#[from] CheckpointTextError),
    /// The policy believes no log at all.
    #[error("the policy names no log")]
    NoLogs,
    /// The policy believes other logs.
    #[error("the checkpoint is of {origin}, and the policy names no log of that origin")]
    UnknownOrigin {
        /// The origin found.
        origin: KeyName,
    },
    /// A signature line by a key that the policy does not name.
    #[error(
        "signature line {line} is by {name} with key id {id}, which is not a key of the policy for this log"
    )]
    UnknownKey {
        /// The line, counted from 1.
        line: usize,
        /// The name in the line.
        name: KeyName,
        /// The id in the line.
        id: NoteKeyId,
    },
    /// One key signed twice.
    #[error("signature line {line} is the second one by {name} with key id {id}")]
    KeyTwice {
        /// The line, counted from 1.
        line: usize,
        /// The name in the line.
        name: KeyName,
        /// The id in the line.
        id: NoteKeyId,
    },
    /// A signature does not hold.
    #[error("signature line {line}, by {name}: {fault}")]
    Signature {
        /// The line, counted from 1.
        line: usize,
        /// The name in the line.
        name: KeyName,
        /// What is wrong with it.
        fault: SignatureLineError,
    },
    /// No line is a log's.
    #[error("no log of the policy has signed the checkpoint")]
    NoLogSignature,
    /// Too few cosigners.
    #[error("the policy's quorum {quorum:?} is not reached by the cosigners {}", .cosigners.join(", "))]
    BelowQuorum {
        /// Name of the quorum in the policy.
        quorum: String,
        /// Names of those who cosigned.
        cosigners: Vec<String>,
    },
}

/// Checks that a checkpoint, given as signed note, is a log's of the policy and cosigned by its quorum.
///
/// # Errors
/// `CheckpointFault`, the first that fails.
pub fn verify_checkpoint(policy: &Policy, note: &str) -> Result<CheckpointFacts, CheckpointFault> {
    let (note, text) = read(note)?;
    check_origin(policy, &text)?;
    let cosigners = check_signatures(policy, &note, &text)?;
    check_quorum(policy, &cosigners)?;
    Ok(facts(policy, text, cosigners))
}

/// The head that a receipt's checkpoint says, before anything of it is believed; none when it says none.
pub fn head_of(receipt: &Receipt) -> Option<Head> {
    read(&receipt.checkpoint).ok().map(|(_, text)| text.head)
}

pub(crate) fn facts(policy: &Policy, text: CheckpointText, cosigners: Vec<Cosigner>) -> CheckpointFacts {
    let vouched_time_s = vouched_time_s(policy, &cosigners);
    CheckpointFacts { origin: text.origin, head: text.head, cosigners, vouched_time_s }
}

pub(crate) fn read(note: &str) -> Result<(Note, CheckpointText), CheckpointFault> {
    let note = Note::parse(note)?;
    let text = CheckpointText::parse(note.text())?;
    Ok((note, text))
}

pub(crate) fn check_origin(policy: &Policy, text: &CheckpointText) -> Result<(), CheckpointFault> {
    match policy.logs().iter().any(|log| *log.key.name() == text.origin) {
        true => Ok(()),
        false => Err(CheckpointFault::UnknownOrigin { origin: text.origin.clone() }),
    }
}

/// Checks every signature line and gives the witnesses among the signers.
pub(crate) fn check_signatures(
    policy: &Policy,
    note: &Note,
    text: &CheckpointText,
) -> Result<Vec<Cosigner>, CheckpointFault> {
    let mut seen = BTreeSet::new();
    let mut cosigners = Vec::new();
    let mut log_signed = false;
    for (part, line) in note.signatures().iter().zip(1..) {
        let (name, id) = (&part.name, part.key_id);
        let unknown = || CheckpointFault::UnknownKey { line, name: name.clone(), id };
        let signer = policy.signer(name, id).ok_or_else(unknown)?;
        if !seen.insert((name, id)) && !crypto::broken!(CosignerCountsTwice) {
            return Err(CheckpointFault::KeyTwice { line, name: name.clone(), id });
        }
        let key = match signer {
            // The key of another log says nothing of this one, whatever the policy thinks of that log.
            Signer::Log(log) if *log.key.name() != text.origin => return Err(unknown()),
            Signer::Log(log) => &log.key,
            Signer::Witness(witness) => &witness.key,
        };
        let time_s = text
            .verify_line(key, &part.signature, &Strict)
            .map_err(|fault| CheckpointFault::Signature { line, name: name.clone(), fault })?;
        match (signer, time_s) {
            (Signer::Witness(witness), Some(time_s)) => {
                cosigners.push(Cosigner { name: witness.name.clone(), time_s });
            }
            // A policy gives witnesses only keys that sign with a time.
            (Signer::Witness(_), None) => return Err(unknown()),
            (Signer::Log(_), Some(_) | None) => log_signed = true,
        }
    }
    match log_signed {
        true => Ok(cosigners),
        false => Err(CheckpointFault::NoLogSignature),
    }
}

pub(crate) fn check_quorum(policy: &Policy, cosigners: &[Cosigner]) -> Result<(), CheckpointFault> {
    let names: BTreeSet<&str> = cosigners.iter().map(|cosigner| cosigner.name.as_str()).collect();
    match policy.quorum() {
        Quorum::Of(_) if crypto::broken!(CosignersNotCounted) => Ok(()),
        Quorum::Of(quorum) if !policy.satisfied(&names) => Err(CheckpointFault::BelowQuorum {
            quorum: quorum.clone(),
            cosigners: names.into_iter().map(str::to_owned).collect(),
        }),
        Quorum::Of(_) | Quorum::None => Ok(()),
    }
}

fn vouched_time_s(policy: &Policy, cosigners: &[Cosigner]) -> Option<u64> {
    let mut latest_first: Vec<&Cosigner> = cosigners.iter().collect();
    latest_first.sort_by_key(|cosigner| Reverse(cosigner.time_s));
    let mut names = BTreeSet::new();
    latest_first
        .into_iter()
        .find(|cosigner| {
            names.insert(cosigner.name.as_str());
            policy.satisfied(&names)
        })
        .filter(|_| *policy.quorum() != Quorum::None)
        .map(|cosigner| cosigner.time_s)
}
