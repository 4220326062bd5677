//! A checkpoint's text, and what a signature line under it must hold.
//!
//! Three lines: origin, size in decimal, root in base64. Extension lines are refused, because an ML-DSA cosignature
//! does not cover them. What is read prints as the same bytes.
//! Source: C2SP tlog-checkpoint, tlog-cosignature.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Digest, MlDsa44Error, Signature, SignatureError};

use super::Head;
use super::cosigning::{CosignedSubtree, TIME_S_MAX, cosignature_v1_message};
use crate::counter::TreeSize;
use crate::note::{KeyName, NoteKey, NoteKeyError, SignatureType};
use crate::verified::SignatureChecker;

/// The three lines that a checkpoint's note says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointText {
    /// The log's origin, which is also the name of its keys.
    pub origin: KeyName,
    /// Its head.
    pub head: Head,
}

/// Why a note's text is not a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointTextError {
    /// Another number of lines than three.
    #[error("a checkpoint is three lines: origin, size, root; this has {found}")]
    Lines {
        /// Lines found.
        found: usize,
    },
    /// The first line is not an origin.
    #[error("the origin: {0}")]
    Origin(NoteKeyError),
    /// The second line is not a number in its shortest decimal form.
    #[error("the size is a decimal number without leading zeros, at most 2^64 - 1; this is {found:?}")]
    Size {
        /// The text found, shortened.
        found: String,
    },
    /// The third line is not a digest.
    #[error("the root is 32 bytes in base64 with padding; this is {found:?}")]
    Root {
        /// The text found, shortened.
        found: String,
    },
}

/// Why a signature line does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureLineError {
    /// The key's type of signature is not understood here.
    #[error("its type of signature is not one that can be checked here")]
    UnknownType,
    /// Too short to hold a time.
    #[error("a cosignature begins with 8 bytes of time, this has {found} bytes")]
    NoTime {
        /// Bytes found.
        found: usize,
    },
    /// The time is beyond what a cosignature may say.
    #[error("the time {found} s is beyond 2^63 - 1")]
    Time {
        /// Seconds found.
        found: u64,
    },
    /// The signature itself.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The same of an ML-DSA-44 cosignature.
    #[error(transparent)]
    MlDsa44(#[from] MlDsa44Error),
}

impl CheckpointText {
    /// Reads the text of a note.
    ///
    /// # Errors
    /// `CheckpointTextError`, the first fault.
    pub fn parse(text: &str) -> Result<Self, CheckpointTextError> {
        let lines = |found| CheckpointTextError::Lines { found };
        let mut parts = text.splitn(4, '\n');
        let (Some(origin), Some(size), Some(root), Some("")) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(lines(text.split_inclusive('\n').count()));
        };
        let head = Head {
            size: decimal(size)
                .map(TreeSize::new)
                .ok_or_else(|| CheckpointTextError::Size { found: shorten(size) })?,
            root: digest(root).ok_or_else(|| CheckpointTextError::Root { found: shorten(root) })?,
        };
        Ok(Self { origin: KeyName::parse(origin).map_err(CheckpointTextError::Origin)?, head })
    }

    /// Checks what follows the key id in a signature line: that `key` signed this checkpoint. Gives the time a
    /// cosigner says; a log says none.
    ///
    /// # Errors
    /// `SignatureLineError`, the first fault.
    pub fn verify_line(
        &self,
        key: &NoteKey,
        signature: &[u8],
        checker: &dyn SignatureChecker,
    ) -> Result<Option<u64>, SignatureLineError> {
        if let Some(public) = key.ml_dsa_44() {
            let (time_s, signature) = timed(signature)?;
            public.verify(&self.subtree_message(key.name(), time_s), signature)?;
            return Ok(Some(time_s));
        }
        let (kind, public) = key.known().ok_or(SignatureLineError::UnknownType)?;
        let (time_s, signature) = match kind {
            SignatureType::Ed25519 => (None, signature),
            SignatureType::CosignatureEd25519 | SignatureType::CosignatureMlDsa65 => {
                let (time_s, signature) = timed(signature)?;
                (Some(time_s), signature)
            }
        };
        let message = self.signed_message(kind, key.name(), time_s.unwrap_or(0));
        checker.check(public, &message, &Signature::parse(kind.scheme(), signature)?)?;
        Ok(time_s)
    }

    /// What a key of this name and type signs; a log's signature says no time and leaves `time_s` out.
    pub(super) fn signed_message(&self, kind: SignatureType, name: &KeyName, time_s: u64) -> Vec<u8> {
        match kind {
            SignatureType::Ed25519 => self.to_string().into_bytes(),
            SignatureType::CosignatureEd25519 => cosignature_v1_message(time_s, &self.to_string()),
            SignatureType::CosignatureMlDsa65 => self.subtree_message(name, time_s),
        }
    }

    /// What an ML-DSA cosigner of this name signs, whichever of the two.
    fn subtree_message(&self, cosigner: &KeyName, time_s: u64) -> Vec<u8> {
        let (start, end, hash) = (0, self.head.size.get(), self.head.root);
        CosignedSubtree { cosigner, time_s, origin: &self.origin, start, end, hash }.signed_bytes()
    }
}

impl fmt::Display for CheckpointText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, head: Head { size, root } } = self;
        writeln!(f, "{origin}\n{size}\n{}", STANDARD.encode(root.as_bytes()))
    }
}

/// The time a cosignature begins with, and what follows it.
fn timed(signature: &[u8]) -> Result<(u64, &[u8]), SignatureLineError> {
    let (time, rest) =
        signature.split_first_chunk::<8>().ok_or(SignatureLineError::NoTime { found: signature.len() })?;
    let found = u64::from_be_bytes(*time);
    match found > TIME_S_MAX {
        true => Err(SignatureLineError::Time { found }),
        false => Ok((found, rest)),
    }
}

/// Reads a number in its shortest decimal form, as sizes and indices are written.
pub fn decimal(text: &str) -> Option<u64> {
    let number = text.parse::<u64>().ok()?;
    // `parse` also reads "+1" and "01".
    (number.to_string() == text).then_some(number)
}

/// Reads a digest in base64 with padding, as hashes are written.
pub fn digest(text: &str) -> Option<Digest> {
    // 32 bytes are 44 characters; longer text is not worth decoding.
    let bytes = (text.len() == 44).then(|| STANDARD.decode(text).ok())??;
    Digest::from_slice(&bytes).ok()
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_specification_is_read_and_printed() {
        let text = CheckpointText::parse(TEXT).expect("well formed");
        assert_eq!(text.origin.as_str(), "example.com/behind-the-sofa");
        assert_eq!(text.head.size, TreeSize::new(20_852_163));
        assert_eq!(text.to_string(), TEXT);
    }

    #[test]
    fn other_spellings_are_refused() {
        let lines = |found| CheckpointTextError::Lines { found };
        let size = |found: &str| CheckpointTextError::Size { found: found.into() };
        let root = |found: &str| CheckpointTextError::Root { found: found.into() };
        let cases = [
            ("empty", String::new(), lines(0)),
            ("two lines", TEXT[..37].into(), lines(2)),
            ("an extension", format!("{TEXT}extension\n"), lines(4)),
            ("an empty line more", format!("{TEXT}\n"), lines(4)),
            ("no newline at the end", TEXT.trim_end().into(), lines(3)),
            ("leading zero", TEXT.replace("\n2085", "\n02085"), size("020852163")),
            ("sign", TEXT.replace("\n2085", "\n+2085"), size("+20852163")),
            ("space", TEXT.replace("163\n", "163 \n"), size("20852163 ")),
            ("beyond u64", TEXT.replace("20852163", "18446744073709551616"), size("18446744073709551616")),
            ("no padding", TEXT.replace("2I=", "2I"), root(&TEXT[37..80])),
            ("stray bits", TEXT.replace("2I=", "2J="), root(&TEXT[37..81].replace("2I=", "2J="))),
            ("url-safe", TEXT.replace('/', "_"), root(&TEXT[37..81].replace('/', "_"))),
        ];
        for (name, text, expected) in cases {
            assert_eq!(CheckpointText::parse(&text), Err(expected), "{name}");
        }
        assert!(matches!(
            CheckpointText::parse(&TEXT.replace("the", "t e")),
            Err(CheckpointTextError::Origin(_))
        ));
    }
}
