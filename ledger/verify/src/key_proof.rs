//! Was the key the author's? Two leaves that stand in the log say so: the one that listed it, the one that ended it.
//!
//! A key is good from the leaf that listed it to the leaf that ended it, both included. That no leaf in between ended it
//! needs no proof: the validators executed the entry, and so it stands in the log.
//! Source: `ledger/STATE.md`, rules K1, K5 and K8.

use crypto::KeyId;
use merkle::inclusion::{self, InclusionError};
use merkle::leaf_hash;
use proto::canonical::{Canonical as _, DecodeError};
use proto::checkpoint::Head;
use proto::counter::LeafIndex;
use proto::entry::{Entry, SubmissionEntry};
use proto::id::Did;
use proto::operation::Operation;
use proto::receipt::{KeyProof, ProvenLeaf};
use proto::submission::SubmissionError;
use proto::verified::Strict;

use crate::standing::{KeyEnd, KeyLife, ends, lists};

/// Why a proof of a key's standing does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyProofFault {
    /// The entry is the network's own.
    #[error("the entry has no author, so no key can be shown to be the author's")]
    NoAuthor,
    /// A leaf does not stand where it should.
    #[error("the leaf that {what} the key: {fault}")]
    Inclusion {
        /// Which leaf.
        what: &'static str,
        /// Why not.
        fault: InclusionError,
    },
    /// A leaf is not an entry of this ledger.
    #[error("the leaf that {what} the key: {fault}")]
    Entry {
        /// Which leaf.
        what: &'static str,
        /// Why not.
        fault: DecodeError,
    },
    /// A leaf is not signed by its author.
    #[error("the leaf that {what} the key: {fault}")]
    Author {
        /// Which leaf.
        what: &'static str,
        /// Why not.
        fault: SubmissionError,
    },
    /// A leaf says something else.
    #[error("leaf {index} is a {found}, which is not one that {what} this key of this author")]
    OtherLeaf {
        /// Its place.
        index: LeafIndex,
        /// What it should do to the key.
        what: &'static str,
        /// What it is.
        found: &'static str,
    },
}

const LISTED: &str = "listed";
const ENDED: &str = "ended";

/// What the two leaves show of the life of a key of `author`, in the log of this head. Whether it was good when it signed
/// is then judged as everything else that is known of it (`standing`).
///
/// # Errors
/// `KeyProofFault`, the first that fails.
pub(crate) fn check_key_proof(
    proof: &KeyProof,
    head: &Head,
    author: &Did,
    key: KeyId,
) -> Result<KeyLife, KeyProofFault> {
    let KeyProof { listed, ended } = proof;
    leaf(listed, head, LISTED, |operation| lists(operation, author, key).then_some(()))?;
    let end = match ended {
        Some(ended) => {
            let how = leaf(ended, head, ENDED, |operation| ends(operation, author, key))?;
            Some(KeyEnd { at: ended.index, how })
        }
        None => None,
    };
    Ok(KeyLife { listed: Some(listed.index), end })
}

/// Checks that a leaf stands in the log, is signed, and says what it should.
fn leaf<T>(
    leaf: &ProvenLeaf,
    head: &Head,
    what: &'static str,
    says: impl FnOnce(&Operation) -> Option<T>,
) -> Result<T, KeyProofFault> {
    let ProvenLeaf { index, entry, proof } = leaf;
    inclusion::verify(&leaf_hash(entry), index.get(), head.size.get(), proof, &head.root)
        .map_err(|fault| KeyProofFault::Inclusion { what, fault })?;
    let other = |found| KeyProofFault::OtherLeaf { index: *index, what, found };
    let submission = match Entry::decode(entry).map_err(|fault| KeyProofFault::Entry { what, fault })? {
        Entry::Submission(entry) => {
            let SubmissionEntry { height: _, time: _, submission } = *entry;
            submission
        }
        Entry::Statement(entry) => entry.submission().clone(),
        Entry::Genesis(_) => return Err(other("genesis")),
        Entry::Epoch(_) => return Err(other("epoch")),
        Entry::Block(_) => return Err(other("block")),
    };
    let body = submission.body();
    let said = says(&body.operation).ok_or_else(|| other(body.operation.name()))?;
    submission
        .verify_signatures(&body.network, &Strict)
        .map_err(|fault| KeyProofFault::Author { what, fault })?;
    Ok(said)
}
