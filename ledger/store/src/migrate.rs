//! The on-disk format version: written once, read at every start.
//!
//! A directory says which format it has before anything else in it is believed. A newer one is refused, so that an
//! older program never writes into it. Version 1 had no log ahead of the engine: an older program would not read what
//! stands there, so a directory got version 2 with its log. Version 2 kept the submissions of a block twice; an older
//! program would not read how it is kept now. Directories of both are taken as they are, and get our version.

use crate::keys::{self, FORMAT_KEY};

/// The format this program reads and writes.
pub(crate) const FORMAT: u32 = 3;
/// The format whose blocks hold their submissions a second time. They are read as they are; new ones do not.
const WHOLE_BLOCKS: u32 = 2;
/// The format before there was a log.
const WITHOUT_LOG: u32 = 1;

/// Why a directory's format is refused. Nothing in it was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Written by a newer program.
    #[error("on-disk format {found}, this program knows {known}: use the newer program that wrote it")]
    Newer {
        /// The version found.
        found: u32,
        /// The version this program knows.
        known: u32,
    },
    /// There is data, but no version: something else's database.
    #[error("there is data here without a format version: this is not a Quorate store")]
    Foreign,
    /// The version itself cannot be read.
    #[error("the format version is damaged: {fault}")]
    Damaged {
        /// What was found.
        fault: String,
    },
}

/// What a directory turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing yet: the version is to be written.
    Nothing,
    /// The format before there was a log: it is to be begun, then the version to be written.
    WithoutLog,
    /// The format before ours: the version is to be written.
    Before,
    /// Our format.
    Current,
}

/// Judges what stands under `FORMAT_KEY`, in a store that is otherwise `empty` or not.
pub(crate) fn judge(stored: Option<&[u8]>, empty: bool) -> Result<Found, FormatError> {
    let Some(sealed) = stored else {
        return if empty { Ok(Found::Nothing) } else { Err(FormatError::Foreign) };
    };
    let damaged = |fault: String| FormatError::Damaged { fault };
    let payload = keys::open(FORMAT_KEY, sealed).map_err(|fault| damaged(fault.to_string()))?;
    let bytes = payload.try_into().map_err(|_| damaged(format!("{} bytes instead of 4", payload.len())))?;
    match u32::from_be_bytes(bytes) {
        FORMAT => Ok(Found::Current),
        WHOLE_BLOCKS => Ok(Found::Before),
        WITHOUT_LOG => Ok(Found::WithoutLog),
        0 => Err(damaged("version 0, which never was".to_owned())),
        found => Err(FormatError::Newer { found, known: FORMAT }),
    }
}

/// What is to stand under `FORMAT_KEY`.
pub(crate) fn stamp() -> Vec<u8> {
    keys::seal(FORMAT_KEY, &FORMAT.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_format_or_nothing_is_taken() {
        let version = |n: u32| keys::seal(FORMAT_KEY, &n.to_be_bytes());
        assert_eq!(judge(None, true), Ok(Found::Nothing));
        assert_eq!(judge(None, false), Err(FormatError::Foreign));
        assert_eq!(judge(Some(&stamp()), false), Ok(Found::Current));
        assert_eq!(judge(Some(&version(1)), false), Ok(Found::WithoutLog));
        assert_eq!(judge(Some(&version(2)), false), Ok(Found::Before));
        assert_eq!(judge(Some(&version(4)), false), Err(FormatError::Newer { found: 4, known: 3 }));
        let damaged = [version(0), keys::seal(FORMAT_KEY, &[1]), FORMAT.to_be_bytes().to_vec(), Vec::new()];
        for spoiled in damaged {
            let verdict = judge(Some(&spoiled), false);
            assert!(matches!(verdict, Err(FormatError::Damaged { .. })), "{spoiled:?}: {verdict:?}");
        }
    }
}
