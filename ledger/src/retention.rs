//! Retention: what each tenant has had kept, in which class, and what became of it.
//!
//! All of it follows from the log, and is told as of a size of the log: lists are in the order of leaves, and what they sum
//! up to stands behind each leaf that changes it. So whoever reports for a certified head reports what everybody else does.
//! Source: `STATE.md`, rules R4 to R6.

use crypto::Digest;
use proto::counter::{LeafIndex, TimeMs};
use proto::id::{SubmissionId, Tenant};
use proto::operation::{Retention, RetentionClass};

use crate::change::Table;
use crate::codec::{CodecError, Reader, Writer};
use crate::read::{Pair, ReadError};

/// What kind of promise an artifact was committed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// Until it is erased.
    Open = 0,
    /// For 365 days, or until it is erased.
    Standard = 1,
    /// For seven years, and nobody erases it before.
    Compliance = 2,
    /// Until a time that its author chose, written once or not.
    Enterprise = 3,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 4] = [Self::Open, Self::Standard, Self::Compliance, Self::Enterprise];

    /// The class of what an author says.
    pub const fn of(said: Retention) -> Self {
        match said {
            Retention::UntilErased => Self::Open,
            Retention::Of(RetentionClass::Standard) => Self::Standard,
            Retention::Of(RetentionClass::Compliance) => Self::Compliance,
            Retention::Until(_) | Retention::WriteOnce(_) => Self::Enterprise,
        }
    }

    /// Its name in text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Standard => RetentionClass::Standard.name(),
            Self::Compliance => RetentionClass::Compliance.name(),
            Self::Enterprise => "enterprise",
        }
    }

    fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|class| *class as u8 == code)
    }
}

/// An artifact as a tenant's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retained {
    /// Whose it is: the tenant of the submission that committed it.
    pub tenant: Tenant,
    /// In which class.
    pub class: Class,
    /// Length of its content, in bytes; none where that is nobody's business.
    pub content_bytes: Option<u64>,
}

/// What a tenant's artifacts of one class sum up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Artifacts committed.
    pub committed: u64,
    /// Bytes of those whose length is stated.
    pub committed_bytes: u64,
    /// How many state no length.
    pub unstated: u64,
    /// Artifacts erased by a tombstone.
    pub erased: u64,
    /// Bytes of those whose length is stated.
    pub erased_bytes: u64,
}

/// When a class of a tenant ends next, and what has ended without a tombstone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endings {
    /// How many are over and have no tombstone; at most [`ENDED_MAX`] are counted.
    pub ended: u64,
    /// When the next of the others is over.
    pub next: Option<TimeMs>,
}

/// How many artifacts whose time is over are counted.
pub const ENDED_MAX: u64 = 10_000;

impl Retained {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { tenant, class, content_bytes } = self;
        let mut to = Writer::new();
        to.bytes(tenant.as_str().as_bytes()).u8(*class as u8).option(*content_bytes);
        to.finish()
    }

    pub(crate) fn decode(id: &SubmissionId, bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            let tenant = from.text("retained.tenant")?;
            let tenant =
                Tenant::parse(&tenant).map_err(|fault| CodecError::field("retained.tenant", fault))?;
            let code = from.u8()?;
            let class = Class::of_code(code)
                .ok_or(CodecError::Meaning { field: "retained.class", found: u64::from(code) })?;
            Ok(Self { tenant, class, content_bytes: from.option()? })
        };
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::Retained, id.as_bytes()))
    }
}

impl Totals {
    /// With one more, or with one of them erased.
    pub(crate) fn after(self, deed: Deed, content_bytes: Option<u64>) -> Self {
        let bytes = content_bytes.unwrap_or_default();
        match deed {
            Deed::Committed => Self {
                committed: self.committed.saturating_add(1),
                committed_bytes: self.committed_bytes.saturating_add(bytes),
                unstated: self.unstated.saturating_add(u64::from(content_bytes.is_none())),
                ..self
            },
            Deed::Erased => Self {
                erased: self.erased.saturating_add(1),
                erased_bytes: self.erased_bytes.saturating_add(bytes),
                ..self
            },
        }
    }

    pub(crate) fn encode(self) -> Vec<u8> {
        let Self { committed, committed_bytes, unstated, erased, erased_bytes } = self;
        let mut to = Writer::new();
        to.u64(committed).u64(committed_bytes).u64(unstated).u64(erased).u64(erased_bytes);
        to.finish()
    }

    pub(crate) fn decode(key: &[u8], bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            Ok(Self {
                committed: from.u64()?,
                committed_bytes: from.u64()?,
                unstated: from.u64()?,
                erased: from.u64()?,
                erased_bytes: from.u64()?,
            })
        };
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::RetentionLog, key))
    }
}

/// What happens to an artifact in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Deed {
    Committed = 1,
    Erased = 2,
}

/// What the lists of sums begin with.
const TOTALS: u8 = 3;
/// What comes to be on the way: the sums of each class now.
const NOW: u8 = 4;

/// What the list of contents begins with.
const CONTENTS: u8 = 5;

/// Where it is noted from which leaf on the lists are whole.
pub(crate) const FROM: &[u8] = &[0];

fn tenants(list: u8, tenant: &Tenant) -> Vec<u8> {
    let name = tenant.as_str().as_bytes();
    [&[list, name.len() as u8], name].concat()
}

/// Where a deed is listed.
pub(crate) fn deed_key(deed: Deed, tenant: &Tenant, leaf: LeafIndex) -> Vec<u8> {
    [&tenants(deed as u8, tenant)[..], &leaf.get().to_be_bytes()].concat()
}

/// Where the sums stand that hold from a leaf on.
pub(crate) fn totals_key(tenant: &Tenant, class: Class, leaf: LeafIndex) -> Vec<u8> {
    [&tenants(TOTALS, tenant)[..], &[class as u8], &leaf.get().to_be_bytes()].concat()
}

/// Where the sums stand that hold now.
pub(crate) fn now_key(tenant: &Tenant, class: Class) -> Vec<u8> {
    [&tenants(NOW, tenant)[..], &[class as u8]].concat()
}

/// Where it stands by which submission a tenant committed to a content the last time.
pub(crate) fn content_key(tenant: &Tenant, content: &Digest) -> Vec<u8> {
    [&tenants(CONTENTS, tenant)[..], content.as_bytes()].concat()
}

/// Where it stands that an artifact ends.
pub(crate) fn end_key(tenant: &Tenant, class: Class, until: TimeMs, id: &SubmissionId) -> Vec<u8> {
    [&ends_of(tenant, class)[..], &until.get().to_be_bytes(), id.as_bytes()].concat()
}

/// What all of these begin with.
pub(crate) fn ends_of(tenant: &Tenant, class: Class) -> Vec<u8> {
    let name = tenant.as_str().as_bytes();
    [&[name.len() as u8], name, &[class as u8]].concat()
}

/// The leaf of a key whose last part it is.
pub(crate) fn read_leaf(table: Table, key: &[u8]) -> Result<LeafIndex, ReadError> {
    let leaf = key.last_chunk::<8>().ok_or_else(|| ReadError::damaged(table, key, "the key has no leaf"))?;
    Ok(LeafIndex::new(u64::from_be_bytes(*leaf)))
}

/// The leaf and the artifact of a deed that is listed.
pub(crate) fn read_deed((key, value): &Pair) -> Result<(LeafIndex, SubmissionId), ReadError> {
    Ok((read_leaf(Table::RetentionLog, key)?, read_artifact(key, value)?))
}

/// The artifact that a list names.
pub(crate) fn read_artifact(key: &[u8], value: &[u8]) -> Result<SubmissionId, ReadError> {
    let id = Digest::from_slice(value);
    id.map(SubmissionId::new).map_err(|_| ReadError::damaged(Table::RetentionLog, key, "not an id"))
}

/// Time and artifact of an end, and the leaf that committed it.
pub(crate) fn read_end((key, value): &Pair) -> Result<(TimeMs, SubmissionId, LeafIndex), ReadError> {
    let damaged = || ReadError::damaged(Table::RetentionEnds, key, "not a time, an id and a leaf");
    let (rest, id) = key.split_last_chunk::<32>().ok_or_else(damaged)?;
    let until = rest.last_chunk::<8>().ok_or_else(damaged)?;
    let leaf = <[u8; 8]>::try_from(value.as_slice()).map_err(|_| damaged())?;
    Ok((
        TimeMs::new(u64::from_be_bytes(*until)),
        SubmissionId::new(Digest::new(*id)),
        LeafIndex::new(u64::from_be_bytes(leaf)),
    ))
}
