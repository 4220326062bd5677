//! Keeping: how much of each tenant's artifacts this node has room for, how long they are kept by default, and what becomes
//! of them when their time is over.
//!
//! All of it is the operator's word. What an author says of its own artifact wins, and what is written once stays until its
//! time whatever stands here: that is the ledger's rule.

use std::collections::BTreeMap;

use archive::artifacts::room::Room;
use ledger::retention::Class;
use model::error::ApiError;
use proto::counter::{DAY_MS, TimeMs};
use proto::id::{SubmissionId, Tenant};
use proto::operation::{Operation, Retention, RetentionClass};

use crate::api::Api;
use crate::service::{Order, Settled};

/// Longest period of a policy, in days: a hundred years.
pub const DAYS_MAX: u64 = 36_525;

/// What becomes of bytes whose time is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenOver {
    /// They are erased.
    #[default]
    Delete,
    /// They are put into the operator's archive, and erased here.
    Archive,
}

/// How a tenant's artifacts are kept, unless their author says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// In which class.
    pub class: Class,
    /// For how long, in days; none: until they are erased.
    pub days: Option<u64>,
    /// Whether nobody erases them before.
    pub write_once: bool,
    /// What becomes of them then.
    pub when_over: WhenOver,
}

impl Default for Policy {
    fn default() -> Self {
        Self { class: Class::Open, days: None, write_once: false, when_over: WhenOver::Delete }
    }
}

impl Policy {
    /// Reads a policy: `open`, `standard`, `compliance`, or `enterprise` with a number of days and perhaps `write-once`;
    /// behind it perhaps `archive`, or `delete`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace().peekable();
        let class = words.next().unwrap_or_default();
        let of = |class: RetentionClass, write_once| Self {
            class: Class::of(Retention::Of(class)),
            days: Some(class.days().into()),
            write_once,
            ..Self::default()
        };
        let mut policy = match class {
            "open" => Self::default(),
            "standard" => of(RetentionClass::Standard, false),
            "compliance" => of(RetentionClass::Compliance, true),
            "enterprise" => {
                let days = words.next().and_then(|days| days.parse().ok());
                let days = days.filter(|days| (1..=DAYS_MAX).contains(days));
                let days = days.ok_or(format!("enterprise needs 1 to {DAYS_MAX} days"))?;
                let write_once = words.next_if_eq(&"write-once").is_some();
                Self { class: Class::Enterprise, days: Some(days), write_once, ..Self::default() }
            }
            other => return Err(format!("{other:?} is none of open, standard, compliance and enterprise")),
        };
        policy.when_over = match words.next() {
            None | Some("delete") => WhenOver::Delete,
            Some("archive") => WhenOver::Archive,
            Some(other) => return Err(format!("{other:?}: delete or archive may stand here")),
        };
        match words.next() {
            None => Ok(policy),
            Some(more) => Err(format!("{more:?} is too much")),
        }
    }

    /// What it comes to for an artifact that is committed now. A period ends with a day, so that the same order given again
    /// on one day is the same.
    pub fn retention(&self, now: TimeMs) -> Retention {
        let until = |days: u64| {
            let last = (now.get() / DAY_MS).saturating_add(days).saturating_add(1);
            TimeMs::new(last.saturating_mul(DAY_MS))
        };
        match (self.class, self.days) {
            (Class::Open, _) | (Class::Enterprise, None) => Retention::UntilErased,
            (Class::Standard, _) => Retention::Of(RetentionClass::Standard),
            (Class::Compliance, _) => Retention::Of(RetentionClass::Compliance),
            (Class::Enterprise, Some(days)) if self.write_once => Retention::WriteOnce(until(days)),
            (Class::Enterprise, Some(days)) => Retention::Until(until(days)),
        }
    }
}

/// How this node keeps artifacts.
#[derive(Clone, Debug, Default)]
pub struct Keeping {
    /// How much each tenant has here, and may have.
    pub room: Room,
    /// How those of a tenant are kept that is not named.
    pub default: Policy,
    /// How those of others are.
    pub tenants: BTreeMap<Tenant, Policy>,
}

impl Keeping {
    /// How a tenant's artifacts are kept.
    pub fn policy(&self, tenant: &Tenant) -> Policy {
        self.tenants.get(tenant).copied().unwrap_or(self.default)
    }

    /// What a caller asks for who did not say how long: its tenant's policy.
    pub(crate) fn by_default(&self, tenant: &Tenant, operation: Operation, now: TimeMs) -> Operation {
        match operation {
            Operation::ArtifactCommit {
                address,
                salted,
                content_bytes,
                media_type,
                subject,
                retention: Retention::UntilErased,
            } => {
                let retention = self.policy(tenant).retention(now);
                Operation::ArtifactCommit { address, salted, content_bytes, media_type, subject, retention }
            }
            other => other,
        }
    }
}

/// What came of a tombstone for an artifact whose time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buried {
    /// It is in the log, this one or another.
    Logged,
    /// This node cannot lay one: it is no validator.
    Nobody,
}

/// Why there is no tombstone yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no tombstone was laid: {0}")]
pub struct NotBuried(String);

impl Api {
    /// Lays a tombstone for an artifact whose time is over, as this node's service. Rule R6 of the ledger.
    ///
    /// # Errors
    /// What the node or the ledger refuses; it can be tried again.
    pub async fn bury(&self, id: SubmissionId, tenant: Tenant, reason: &str) -> Result<Buried, NotBuried> {
        self.try_bury(id, tenant, reason).await.map_err(|fault| NotBuried(fault.to_string()))
    }

    async fn try_bury(&self, id: SubmissionId, tenant: Tenant, reason: &str) -> Result<Buried, ApiError> {
        let service = &self.doors().service;
        match service.announced(self).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(ApiError::Observer { .. }) => return Ok(Buried::Nobody),
            Err(fault) => return Err(fault),
        }
        let operation = Operation::RetentionTombstone { artifact: id, reason: reason.to_owned() };
        match service.submit(self, Order::once(tenant, operation)).await? {
            Settled::Refused { code: "artifact_erased", .. } => Ok(Buried::Logged),
            settled => settled.logged().map(|_| Buried::Logged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_and_what_is_none_is_refused() {
        let of = |text: &str| Policy::parse(text).expect("a policy");
        assert_eq!(of("open"), Policy::default());
        let standard = Policy { class: Class::Standard, days: Some(365), ..Policy::default() };
        assert_eq!(of("standard"), standard);
        assert_eq!(of("standard archive"), Policy { when_over: WhenOver::Archive, ..standard });
        let compliance =
            Policy { class: Class::Compliance, days: Some(2_557), write_once: true, ..Policy::default() };
        assert_eq!(of("compliance  delete"), compliance);
        let enterprise = Policy { class: Class::Enterprise, days: Some(30), ..Policy::default() };
        assert_eq!(of("enterprise 30"), enterprise);
        let once = Policy { write_once: true, when_over: WhenOver::Archive, ..enterprise };
        assert_eq!(of("enterprise 30 write-once archive"), once);
        for bad in [
            "",
            "gold",
            "open 5",
            "standard 9",
            "compliance write-once",
            "enterprise",
            "enterprise x",
            "enterprise 0",
            "enterprise 36526",
            "enterprise 5 archive delete",
            "open burn",
        ] {
            assert!(Policy::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_period_is_never_shorter_than_said_and_the_same_all_day() {
        let policy = Policy::parse("enterprise 2 write-once").expect("a policy");
        let at = |ms| policy.retention(TimeMs::new(ms));
        assert_eq!(at(0), Retention::WriteOnce(TimeMs::new(3 * DAY_MS)));
        assert_eq!(at(DAY_MS - 1), at(0));
        assert_eq!(at(DAY_MS), Retention::WriteOnce(TimeMs::new(4 * DAY_MS)));
        assert_eq!(Policy::default().retention(TimeMs::ZERO), Retention::UntilErased);
    }
}
