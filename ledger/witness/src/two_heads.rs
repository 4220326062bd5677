//! Two heads of one size and two roots, signed for one log: its history was told in two ways.
//!
//! The statement carries nothing to trust: whose log it is says a policy that the reader has from elsewhere. A key that
//! signed both is convicted; where no single key did, the log is, and its keys must say who speaks for it.
//! Source: `WITNESS.md`, rule W7.

use std::collections::BTreeSet;

use proto::checkpoint::{CheckpointText, CheckpointTextError};
use proto::counter::TreeSize;
use proto::note::{KeyName, Note, NoteError, NoteKeyId, NoteSignature};
use proto::policy::{Policy, Signer};
use proto::verified::SignatureChecker;

use crate::watched::{Untrusted, trusted_lines};

/// Two checkpoints that exclude each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoHeads {
    /// The one that was cosigned.
    pub first: Note,
    /// The one that was refused.
    pub second: Note,
}

/// Why two checkpoints convict nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TwoHeadsError {
    /// The text is not two notes.
    #[error("it is not {:?} and two signed notes with a line of three dashes between them", TwoHeads::FORMAT)]
    Form,
    /// Not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A note says no head.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointTextError),
    /// Checkpoints of two logs.
    #[error("checkpoints of two logs, {first} and {second}")]
    TwoLogs {
        /// Of the first.
        first: KeyName,
        /// Of the second.
        second: KeyName,
    },
    /// Checkpoints of two sizes, which have different roots in any log.
    #[error("checkpoints of two sizes, {first} and {second}")]
    TwoSizes {
        /// Of the first.
        first: TreeSize,
        /// Of the second.
        second: TreeSize,
    },
    /// One root.
    #[error("one root signed twice")]
    Same,
    /// A signature does not hold, or none is the log's.
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
}

impl TwoHeads {
    /// What the first line of a file says.
    pub const FORMAT: &str = "quorate/two-heads/v1";
    const BETWEEN: &str = "---\n";

    /// The statement as a file.
    pub fn to_text(&self) -> String {
        format!("{}\n{}{}{}", Self::FORMAT, self.first, Self::BETWEEN, self.second)
    }

    /// Reads a file. Nothing is verified.
    ///
    /// # Errors
    /// `Form` or `Note`.
    pub fn parse(text: &str) -> Result<Self, TwoHeadsError> {
        let rest = text.strip_prefix(Self::FORMAT).and_then(|rest| rest.strip_prefix('\n'));
        let between = format!("\n{}", Self::BETWEEN);
        let (first, second) = rest.and_then(|rest| rest.split_once(&between)).ok_or(TwoHeadsError::Form)?;
        Ok(Self { first: Note::parse(&format!("{first}\n"))?, second: Note::parse(second)? })
    }

    /// Checks that one log has two roots for one size; gives the names and ids of the keys that signed both.
    ///
    /// # Errors
    /// `TwoHeadsError`, the first that fails.
    pub fn verify(
        &self,
        policy: &Policy,
        checker: &dyn SignatureChecker,
    ) -> Result<Vec<(KeyName, NoteKeyId)>, TwoHeadsError> {
        let first = CheckpointText::parse(self.first.text())?;
        let second = CheckpointText::parse(self.second.text())?;
        if first.origin != second.origin {
            return Err(TwoHeadsError::TwoLogs { first: first.origin, second: second.origin });
        }
        if first.head.size != second.head.size {
            return Err(TwoHeadsError::TwoSizes { first: first.head.size, second: second.head.size });
        }
        if first.head == second.head {
            return Err(TwoHeadsError::Same);
        }
        let signers = |note, text| -> Result<BTreeSet<_>, Untrusted> {
            let lines = trusted_lines(policy, note, text, checker)?;
            let of_a_log =
                |line: &NoteSignature| matches!(policy.signer(&line.name, line.key_id), Some(Signer::Log(_)));
            Ok(lines.into_iter().filter(of_a_log).map(|line| (line.name, line.key_id)).collect())
        };
        let both = &signers(&self.first, &first)? & &signers(&self.second, &second)?;
        Ok(both.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Log;
    use proto::verified::Strict;

    #[test]
    fn two_roots_of_one_size_convict_and_nothing_else_does() {
        let (log, fork) = (Log::new("log.example/a", 1), Log::new("log.example/a", 1).forked());
        let policy: Policy = format!("log {}\nquorum none\n", log.vkey()).parse().expect("a policy");
        let two = |first: &Log, size, second: &Log, other| TwoHeads {
            first: first.note(size),
            second: second.note(other),
        };
        let good = two(&log, 13, &fork, 13);
        let key = (log.origin(), log.key().id());
        assert_eq!(good.verify(&policy, &Strict), Ok(vec![key]));
        assert_eq!(TwoHeads::parse(&good.to_text()), Ok(good.clone()));
        assert!(matches!(
            two(&log, 13, &fork, 14).verify(&policy, &Strict),
            Err(TwoHeadsError::TwoSizes { .. })
        ));
        assert_eq!(two(&log, 13, &log, 13).verify(&policy, &Strict), Err(TwoHeadsError::Same));
        let stranger = Log::new("log.example/a", 2).forked();
        let found = two(&log, 13, &stranger, 13).verify(&policy, &Strict);
        assert_eq!(found, Err(TwoHeadsError::Untrusted(Untrusted::NoLog)), "anybody can write a root down");
        let other = Log::new("log.example/b", 1);
        assert!(matches!(
            two(&log, 13, &other, 13).verify(&policy, &Strict),
            Err(TwoHeadsError::TwoLogs { .. })
        ));
        for text in ["", "quorate/two-heads/v1\n", &good.to_text().replace("---", "--")] {
            assert!(TwoHeads::parse(text).is_err(), "{text:?}");
        }
    }
}
