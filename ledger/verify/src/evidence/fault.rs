//! Why a record of evidence, or a document of trust, is not believed. Both sides are shown.

use crypto::{Digest, OutsideError};
use proto::evidence::Level;

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceFault {
    /// An item's data have another digest.
    #[error("the data of item {item:?} have the digest {found}, {expected} is stated")]
    Content {
        /// Which item.
        item: String,
        /// What was computed.
        found: Digest,
        /// What is stated.
        expected: Digest,
    },
    /// The digests have another root.
    #[error("the items have the root {found}, {expected} is stated")]
    Root {
        /// What was computed.
        found: Digest,
        /// What is stated.
        expected: Digest,
    },
    /// The record has another hash.
    #[error("the record has the bundle hash {found}, {expected} is stated")]
    Bundle {
        /// What was computed.
        found: Digest,
        /// What is stated.
        expected: Digest,
    },
    /// There is no signature.
    #[error("nobody signed it: whoever wrote it computed the digests")]
    NotSigned,
    /// The envelope is about another record.
    #[error("the envelope is about {found}, the record is {expected}")]
    Transplanted {
        /// What the envelope is about.
        found: Digest,
        /// The record's hash.
        expected: Digest,
    },
    /// Nobody vouches for the key.
    #[error("the key {key:?} is not listed")]
    NotListed {
        /// Its name.
        key: String,
    },
    /// The root names the key, and not for this.
    #[error("the trust root does not let {key:?} do {role}")]
    Role {
        /// The key.
        key: String,
        /// What it did.
        role: &'static str,
    },
    /// Root and bundle name two keys by one name.
    #[error("the trust root has another key {key:?} than the trust bundle")]
    TwoKeys {
        /// The name.
        key: String,
    },
    /// The listed key has another fingerprint than the envelope says.
    #[error("the listed key has the fingerprint {found}, the envelope names {expected}")]
    Fingerprint {
        /// Of the key that is listed.
        found: Digest,
        /// What the envelope says.
        expected: Digest,
    },
    /// The envelope names another algorithm than the key has.
    #[error("signed with {found:?}, the key is one of {expected:?}")]
    OtherAlgorithm {
        /// What the envelope says.
        found: String,
        /// What the key is.
        expected: String,
    },
    /// Nobody here can check that.
    #[error("the algorithm {name:?} is not known here")]
    Algorithm {
        /// Its name.
        name: String,
    },
    /// The signature does not fit.
    #[error(transparent)]
    Signature(OutsideError),
    /// Signed before the key was good.
    #[error("signed at {signed_at}, the key is good from {valid_from} on")]
    TooEarly {
        /// When it signed.
        signed_at: String,
        /// From when on it is good.
        valid_from: String,
    },
    /// Signed when the key was not good any more.
    #[error("signed at {signed_at}, the key was good before {valid_until}")]
    TooLate {
        /// When it signed.
        signed_at: String,
        /// From when on it is not.
        valid_until: String,
    },
    /// Signed when the key was revoked.
    #[error("signed at {signed_at}, the key is revoked from {revoked_at} on: {reason}")]
    Revoked {
        /// When it signed.
        signed_at: String,
        /// From when on its signatures are worth nothing.
        revoked_at: String,
        /// Why.
        reason: String,
    },
    /// The record claims what nothing in it shows.
    #[error("it claims to be {claimed} and can be {possible} at best")]
    Claim {
        /// What it claims.
        claimed: Level,
        /// The most it can be.
        possible: Level,
    },
    /// The record says itself that it is worth nothing.
    #[error("it claims to be invalid")]
    ClaimsNothing,
    /// A file is another than the one described.
    #[error("the file {name:?} has the digest {found}, the record says {expected}")]
    Artifact {
        /// The file.
        name: String,
        /// What it has.
        found: Digest,
        /// What the record says.
        expected: Digest,
    },
    /// No item describes a file of that name.
    #[error("no item describes a file {name:?}")]
    NoArtifact {
        /// The file.
        name: String,
    },
    /// It shows less than was asked for.
    #[error("{confirmed} is confirmed, {asked} was asked for")]
    Level {
        /// What is confirmed.
        confirmed: Level,
        /// What was asked for.
        asked: Level,
    },
    /// No root to begin with.
    #[error("no trust root was given")]
    NoRoot,
    /// No bundle.
    #[error("no trust bundle was given")]
    NoBundle,
    /// The root is not the one that is pinned.
    #[error("the trust root is sha256:{found}, sha256:{expected} is pinned")]
    Pin {
        /// What was given.
        found: Digest,
        /// What is pinned.
        expected: Digest,
    },
    /// What a root says of itself does not fit together.
    #[error("trust root {version}: {why}")]
    RootForm {
        /// Which version.
        version: u64,
        /// What does not fit.
        why: &'static str,
    },
    /// Too few signatures under a root.
    #[error("trust root {version}: signed by {found} of the keys of version {by}, {needed} are needed")]
    Threshold {
        /// Which version is signed.
        version: u64,
        /// Whose keys are counted.
        by: u64,
        /// How many hold.
        found: usize,
        /// How many it takes.
        needed: u64,
    },
    /// The next root is not the next of this one.
    #[error("trust root {version}: {why}")]
    Chain {
        /// Which version.
        version: u64,
        /// Why it does not follow.
        why: &'static str,
    },
    /// The bundle was made under another root.
    #[error(
        "the trust bundle is made under root {found} (sha256:{found_hash}), believed is {expected} (sha256:{expected_hash})"
    )]
    OtherRoot {
        /// Its version.
        found: u64,
        /// Its pin.
        found_hash: Digest,
        /// The version that is believed.
        expected: u64,
        /// Its pin.
        expected_hash: Digest,
    },
    /// Too old: one should look for a newer one.
    #[error("{what} is good until {until}")]
    Expired {
        /// Root or bundle.
        what: &'static str,
        /// Until when it was good.
        until: String,
    },
    /// From a time that is not yet.
    #[error("{what} is of {issued_at}, which is not yet")]
    FromTheFuture {
        /// Root or bundle.
        what: &'static str,
        /// When it was made.
        issued_at: String,
    },
    /// An event has another digest.
    #[error("revocation {index}: its digest is {found}, {expected} is stated")]
    Event {
        /// Its place.
        index: usize,
        /// What was computed.
        found: Digest,
        /// What is stated.
        expected: Digest,
    },
    /// The events are not in their order.
    #[error("revocation {index} stands behind a later one")]
    EventOrder {
        /// Its place.
        index: usize,
    },
    /// The head does not fit the events.
    #[error(
        "{found} revocations with the root {root}; the head says {expected} with the root {expected_root}"
    )]
    Head {
        /// How many there are.
        found: u64,
        /// Their root.
        root: Digest,
        /// How many the head says.
        expected: u64,
        /// What root it says.
        expected_root: Digest,
    },
    /// The list lost events.
    #[error("{found} revocations, {kept} were known before")]
    Shrunk {
        /// How many there are.
        found: u64,
        /// How many there were.
        kept: u64,
    },
    /// The list begins otherwise than it did.
    #[error("the first {size} revocations have the root {found}, {kept} was known before")]
    Rewritten {
        /// How many were known.
        size: u64,
        /// Their root now.
        found: Digest,
        /// Their root before.
        kept: Digest,
    },
}
