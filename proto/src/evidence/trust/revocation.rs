//! The list of revocations as a Merkle log, in the order in which they were made known.
//!
//! A leaf is the digest of an event. The log only grows, so a head that was kept shows whether a later list was shortened or
//! written anew. A revocation may reach back before the moment it was made known; its place in the list does not.

use crypto::{Digest, sha256};

use super::super::MERKLE;
use super::super::members::{DocumentError, Members, read_json};
use super::root::object;
use crate::canon::{Value, py_ascii};
use crate::iso::{Moment, Stamp};

/// The list, and the head that is stated of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationCheckpoint {
    /// The head.
    pub head: RevocationHead,
    /// Every event, the oldest first.
    pub events: Vec<Revocation>,
}

/// What one keeps of a list, to compare a later one with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevocationHead {
    /// How many events it has.
    pub tree_size: u64,
    /// RFC 9162's root over their digests.
    pub root_hash: Digest,
}

/// That a key was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The key's name.
    pub key_id: String,
    /// What else it is called.
    pub key_ref: Option<String>,
    /// From when on its signatures are worth nothing.
    pub revoked_at: Stamp,
    /// When that was made known; none: with `revoked_at`.
    pub published_at: Option<Stamp>,
    /// Why.
    pub revocation_reason: Option<String>,
    /// The digest of all this, as it is stated.
    pub content_hash: Digest,
}

impl RevocationHead {
    /// Most bytes that are read as a head that was kept.
    pub const BYTES_MAX: usize = 4_096;

    /// Reads a head.
    ///
    /// # Errors
    /// `DocumentError`.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut of = Members::open(read_json(bytes, Self::BYTES_MAX)?, "checkpoint")?;
        let head = Self::read(&mut of)?;
        of.close()?;
        Ok(head)
    }

    fn read(of: &mut Members) -> Result<Self, DocumentError> {
        if of.text("algorithm")? != MERKLE {
            return Err(of.fault("algorithm", MERKLE));
        }
        Ok(Self { tree_size: of.number("tree_size")?, root_hash: of.tagged("root_hash")? })
    }

    fn members(self) -> Vec<(&'static str, Value)> {
        vec![
            ("algorithm", MERKLE.into()),
            ("tree_size", self.tree_size.into()),
            ("root_hash", format!("sha256:{}", self.root_hash).into()),
        ]
    }

    /// The head as canonical bytes.
    pub fn to_json(self) -> Vec<u8> {
        py_ascii::encode(&object(self.members()))
    }
}

impl RevocationCheckpoint {
    /// Most events that are read.
    pub const EVENTS_MAX: usize = 65_536;

    pub(super) fn read(mut of: Members) -> Result<Self, DocumentError> {
        let head = RevocationHead::read(&mut of)?;
        let events = of.each("events", Self::EVENTS_MAX, Revocation::read)?;
        of.close()?;
        Ok(Self { head, events })
    }

    pub(super) fn to_value(&self) -> Value {
        let mut members = self.head.members();
        members.push(("events", Value::List(self.events.iter().map(Revocation::to_value).collect())));
        object(members)
    }
}

impl Revocation {
    /// An event with its digest.
    pub fn new(
        key_id: String,
        revoked_at: Stamp,
        published_at: Stamp,
        revocation_reason: Option<String>,
    ) -> Self {
        let (published_at, content_hash) = (Some(published_at), Digest::ZERO);
        let mut event =
            Self { key_id, key_ref: None, revoked_at, published_at, revocation_reason, content_hash };
        event.content_hash = event.computed_hash();
        event
    }

    /// What an event stands in the list by: when it was made known, and for which key.
    pub fn place(&self) -> (Moment, &str) {
        (self.published_at.as_ref().unwrap_or(&self.revoked_at).instant(), &self.key_id)
    }

    /// The digest of what stands here, its own left out.
    pub fn computed_hash(&self) -> Digest {
        sha256(&py_ascii::encode(&object(self.members())))
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let Self { key_id, key_ref, revoked_at, published_at, revocation_reason, content_hash: _ } = self;
        let mut members = vec![("key_id", key_id.as_str().into()), ("revoked_at", revoked_at.text().into())];
        members.extend(key_ref.as_ref().map(|it| ("key_ref", it.as_str().into())));
        members.extend(published_at.as_ref().map(|it| ("published_at", it.text().into())));
        members.extend(revocation_reason.as_ref().map(|it| ("revocation_reason", it.as_str().into())));
        members
    }

    fn read(of: &mut Members) -> Result<Self, DocumentError> {
        Ok(Self {
            key_id: of.text("key_id")?,
            key_ref: of.maybe("key_ref", Members::text)?,
            revoked_at: of.time("revoked_at")?,
            published_at: of.maybe("published_at", Members::time)?,
            revocation_reason: of.maybe("revocation_reason", Members::text)?,
            content_hash: of.digest("content_hash")?,
        })
    }

    fn to_value(&self) -> Value {
        let mut members = self.members();
        members.push(("content_hash", self.content_hash.to_string().into()));
        object(members)
    }
}
