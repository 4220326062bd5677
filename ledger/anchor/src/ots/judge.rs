//! What a proof shows of a digest: nothing yet, an attestation that nobody checked, or one that a header confirms.
//!
//! Source: `ledger/anchor/ANCHOR.md`, rules N6 to N8.

use crypto::Digest;

use super::header::{Header, Headers};
use super::proof::{Attestation, Attested, Proof, ProofError};

/// What a proof shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Calendars promise something, and show nothing: this is no anchor.
    Pending {
        /// Where they do.
        calendars: Vec<String>,
    },
    /// It says that the digest is in the block of this height; no header of it was given, so that was not checked.
    Attested {
        /// The height.
        height: u64,
    },
    /// The header that was given for this height has the Merkle root that the digest leads to.
    Confirmed {
        /// The height.
        height: u64,
        /// The header.
        header: Header,
    },
}

/// Why a proof shows nothing of a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtsError {
    /// It is none.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// It is one of something else.
    #[error("the proof is of digest {found}, not of {expected}")]
    Digest {
        /// The digest it is of.
        found: Digest,
        /// The digest that was asked about.
        expected: Digest,
    },
    /// It leads to another root than the block has.
    #[error("the block of height {height} has Merkle root {header}, the proof leads to {message}")]
    Header {
        /// The height.
        height: u64,
        /// The header's root, in hex.
        header: String,
        /// Where the proof leads, in hex.
        message: String,
    },
    /// It leads to no attestation that anybody here knows.
    #[error("no attestation that is known here: neither Bitcoin's nor a calendar's promise")]
    Nothing,
}

/// Judges a proof of `digest`, with the headers that were given.
///
/// A header that contradicts an attestation refuses the proof, whatever else it holds: somebody is wrong about the
/// chain, and what is left is not the better for it.
///
/// # Errors
/// `OtsError`.
pub fn judge(proof: &Proof, digest: &Digest, headers: &Headers) -> Result<Judged, OtsError> {
    // rule N6
    if proof.digest != *digest {
        return Err(OtsError::Digest { found: proof.digest, expected: *digest });
    }
    let (mut calendars, mut attested, mut confirmed) = (Vec::new(), None, None);
    for Attested { message, attestation } in proof.attested()? {
        match attestation {
            Attestation::Pending { uri } if !calendars.contains(&uri) => calendars.push(uri),
            Attestation::Pending { .. } | Attestation::Unknown { .. } => {}
            // The earliest block says the most: what it holds existed before.
            Attestation::Bitcoin { height } => match headers.at(height) {
                None if attested.is_none_or(|found| height < found) => attested = Some(height),
                None => {}
                // rule N8
                Some(header) if header.merkle_root() != message => {
                    return Err(OtsError::Header {
                        height,
                        header: hex::encode(header.merkle_root()),
                        message: hex::encode(message),
                    });
                }
                Some(header) if confirmed.is_none_or(|(found, _)| height < found) => {
                    confirmed = Some((height, *header));
                }
                Some(_) => {}
            },
        }
    }
    match (confirmed, attested) {
        (Some((height, header)), _) => Ok(Judged::Confirmed { height, header }),
        (None, Some(height)) => Ok(Judged::Attested { height }),
        // rule N7
        (None, None) if !calendars.is_empty() => Ok(Judged::Pending { calendars }),
        (None, None) => Err(OtsError::Nothing),
    }
}

/// The messages that calendars promise more of.
///
/// # Errors
/// `ProofError`, as `Proof::attested`.
pub fn promises(proof: &Proof) -> Result<Vec<Vec<u8>>, ProofError> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for Attested { message, attestation } in proof.attested()? {
        let promised = matches!(attestation, Attestation::Pending { .. });
        if promised && !found.contains(&message) {
            found.push(message);
        }
    }
    Ok(found)
}
