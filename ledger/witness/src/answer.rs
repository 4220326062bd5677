//! What a witness answers, and whether its cosignatures hold.
//!
//! The other side of this room: a log that asks. Lines by keys that nobody configured are passed over, and one by a
//! configured key must hold.
//! Source: C2SP tlog-witness, tlog-cosignature; `WITNESS.md`, rule W9.

use proto::checkpoint::{CheckpointText, SignatureLineError, decimal};
use proto::counter::TreeSize;
use proto::note::{KeyName, NoteKey, NoteSignature};
use proto::verified::SignatureChecker;

/// How far a witness's clock may be ahead of ours, in seconds.
const CLOCK_SKEW_S: u64 = 300;

/// A cosignature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The line, to stand under the checkpoint.
    pub line: NoteSignature,
    /// When, by the witness's clock, in seconds since 1970.
    pub time_s: u64,
}

/// Why an answer is no cosignature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Too long, or with too many lines.
    #[error("the answer has {found} bytes or more lines than {lines_max}; at most {max} bytes are read")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
        /// Lines allowed.
        lines_max: usize,
    },
    /// A line is no signature line.
    #[error("line {line} of the answer is no signature line")]
    Line {
        /// The line, counted from 1.
        line: usize,
    },
    /// A signature does not hold.
    #[error("line {line}, by {name}: {fault}")]
    Signature {
        /// The line, counted from 1.
        line: usize,
        /// The name in the line.
        name: KeyName,
        /// What is wrong with it.
        fault: SignatureLineError,
    },
    /// A cosignature of a whole log says when.
    #[error("line {line} says the time {time_s} s, and it is {now_s} s")]
    Time {
        /// The line, counted from 1.
        line: usize,
        /// The time found.
        time_s: u64,
        /// Our time.
        now_s: u64,
    },
    /// No line is by a key that was configured.
    #[error("no line is by a key that is configured for this witness")]
    Stranger,
    /// A conflict is told with one number.
    #[error("a conflict is answered with the size the witness has; this is not one")]
    Size,
}

impl Cosigned {
    /// Longest answer, in bytes.
    pub const ANSWER_BYTES_MAX: usize = 64 << 10;
    /// Most lines of an answer.
    pub const LINES_MAX: usize = 16;
}

/// The cosignatures of an answer that are by `keys`, each checked.
///
/// # Errors
/// `AnswerError`, the first fault.
// Rule W9
pub fn read_answer(
    keys: &[NoteKey],
    text: &CheckpointText,
    answer: &str,
    now_s: u64,
    checker: &dyn SignatureChecker,
) -> Result<Vec<Cosigned>, AnswerError> {
    let (max, lines_max) = (Cosigned::ANSWER_BYTES_MAX, Cosigned::LINES_MAX);
    if answer.len() > max || answer.split_inclusive('\n').count() > lines_max {
        return Err(AnswerError::TooLarge { found: answer.len(), max, lines_max });
    }
    let mut found: Vec<Cosigned> = Vec::new();
    for (line, number) in answer.split_inclusive('\n').zip(1..) {
        let part = NoteSignature::parse(line).ok_or(AnswerError::Line { line: number })?;
        let key = keys.iter().find(|key| key.id() == part.key_id && *key.name() == part.name);
        // A type that cannot be checked here is as good as unknown; a key counts once.
        let Some(key) = key.filter(|key| key.is_checked()) else { continue };
        if found.iter().any(|known| known.line.key_id == part.key_id && known.line.name == part.name) {
            continue;
        }
        let time_s = text
            .verify_line(key, &part.signature, checker)
            .map_err(|fault| AnswerError::Signature { line: number, name: part.name.clone(), fault })?;
        match time_s {
            Some(time_s) if time_s != 0 && time_s <= now_s.saturating_add(CLOCK_SKEW_S) => {
                found.push(Cosigned { line: part, time_s });
            }
            Some(_) | None => {
                let time_s = time_s.unwrap_or_default();
                return Err(AnswerError::Time { line: number, time_s, now_s });
            }
        }
    }
    match found.is_empty() {
        true => Err(AnswerError::Stranger),
        false => Ok(found),
    }
}

/// The size in the answer to a conflict.
///
/// # Errors
/// `Size`.
pub fn read_conflict(answer: &str) -> Result<TreeSize, AnswerError> {
    let size = answer.strip_suffix('\n').and_then(decimal).ok_or(AnswerError::Size)?;
    Ok(TreeSize::new(size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Log, Someone};
    use proto::verified::Strict;

    const NOW_S: u64 = 1_000_000;

    #[test]
    fn only_configured_keys_count_and_each_must_hold() {
        let log = Log::new("log.example/a", 1);
        let (w, other) = (Someone::new("w.example", 9), Someone::new("x.example", 8));
        let text = log.text(13);
        let read = |answer: &str| {
            let found = read_answer(&w.keys(), &text, answer, NOW_S, &Strict);
            found.map(|found| found.iter().map(|it| it.time_s).collect::<Vec<_>>())
        };
        let (ed, pq) = (w.ed25519(&text, NOW_S), w.ml_dsa_65(&text, NOW_S + 1));
        let stranger = other.ed25519(&text, NOW_S);
        assert_eq!(read(&format!("{ed}{stranger}{pq}{ed}")), Ok(vec![NOW_S, NOW_S + 1]));
        assert_eq!(read(&stranger.to_string()), Err(AnswerError::Stranger));
        assert_eq!(read(""), Err(AnswerError::Stranger));
        assert_eq!(read("OK\n"), Err(AnswerError::Line { line: 1 }));
        assert_eq!(read(ed.to_string().trim_end()), Err(AnswerError::Line { line: 1 }));
        let elsewhere = w.ed25519(&log.text(14), NOW_S);
        assert!(matches!(read(&elsewhere.to_string()), Err(AnswerError::Signature { line: 1, .. })));
        for time_s in [0, NOW_S + CLOCK_SKEW_S + 1] {
            let found = read(&w.ed25519(&text, time_s).to_string());
            assert_eq!(found, Err(AnswerError::Time { line: 1, time_s, now_s: NOW_S }));
        }
        assert!(matches!(read(&stranger.to_string().repeat(17)), Err(AnswerError::TooLarge { .. })));
    }

    #[test]
    fn a_conflict_is_one_number() {
        assert_eq!(read_conflict("8\n"), Ok(TreeSize::new(8)));
        for text in ["8", "", "\n", "08\n", "8\n\n", "-1\n", "8 \n"] {
            assert_eq!(read_conflict(text), Err(AnswerError::Size), "{text:?}");
        }
    }
}
