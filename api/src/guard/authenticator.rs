//! The one place where a credential becomes a [`Principal`].
//!
//! A token is believed for its signature (`token`). Keys are an operator's or a developer's: texts that were given out,
//! known here by their SHA-256 and compared in a time that does not depend on which of them, if any, is meant. Whoever shows
//! nothing is believed on loopback alone, and only where the operator says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crypto::{Digest, sha256};
use model::error::AccessError;
use proto::id::Tenant;

use super::Exposure;
use super::principal::Principal;
use super::shown::{Secret, Shown};
use super::sight::{Private, Sight};
use super::token::is_token;

/// Most keys; each is compared with every key that is shown.
pub const KEYS_MAX: usize = 1_024;

/// Whether callers without a credential are served, on a loopback listener; elsewhere they never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anonymous {
    /// They are: a developer's network.
    Allowed,
    /// They are not.
    Refused,
}

/// Who is believed, and why.
#[derive(Debug)]
pub struct Authenticator {
    keys: Vec<(Digest, Principal)>,
    anonymous: Anonymous,
    private: Private,
}

/// Why keys cannot be those of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// Too many.
    #[error("{found} keys, at most {max} are kept")]
    Count {
        /// Number found.
        found: usize,
        /// Number allowed.
        max: usize,
    },
    /// One key for two.
    #[error("the same key stands there twice")]
    Twice,
}

impl Authenticator {
    /// Believes these keys, named by their SHA-256.
    ///
    /// # Errors
    /// `KeysError` when there are too many, or two of them are one.
    pub fn new(keys: Vec<(Digest, Principal)>, anonymous: Anonymous) -> Result<Self, KeysError> {
        if keys.len() > KEYS_MAX {
            return Err(KeysError::Count { found: keys.len(), max: KEYS_MAX });
        }
        let distinct: BTreeMap<_, _> = keys.iter().map(|(digest, principal)| (digest, principal)).collect();
        match distinct.len() == keys.len() {
            true => Ok(Self { keys, anonymous, private: Private::default() }),
            false => Err(KeysError::Twice),
        }
    }

    /// The same, where the records of these tenants are for their own callers alone.
    #[must_use]
    pub fn keeping_private(self, tenants: BTreeSet<Tenant>) -> Self {
        Self { private: Arc::new(tenants), ..self }
    }

    /// Believes nobody.
    pub fn closed() -> Self {
        Self { keys: Vec::new(), anonymous: Anonymous::Refused, private: Private::default() }
    }

    /// Who shows this on a listener of this exposure; `tokens` knows whom to believe a token. Whoever shows a credential is
    /// judged by it, also where none is needed.
    ///
    /// # Errors
    /// `AccessError`.
    pub(crate) fn principal(
        &self,
        shown: &Shown,
        exposure: &Exposure,
        tokens: impl FnOnce(&str) -> Result<Principal, AccessError>,
    ) -> Result<Principal, AccessError> {
        let principal = match (&shown.secret, self.anonymous, exposure) {
            (Some(Secret(text)), _, _) if is_token(text) => tokens(text)?,
            (Some(secret), _, _) => self.known(secret)?,
            (None, Anonymous::Allowed, Exposure::Loopback) => Principal::anonymous(),
            (None, Anonymous::Allowed, Exposure::Open { .. }) | (None, Anonymous::Refused, _) => {
                return Err(match self.keys.is_empty() {
                    true => AccessError::Unconfigured,
                    false => AccessError::Missing { what: "a credential is needed here" },
                });
            }
        };
        of_tenant(principal, shown.tenant.as_deref())
    }

    /// The tenants whose records are private.
    pub(crate) fn private(&self) -> &Private {
        &self.private
    }

    /// What a caller may see; none: one who is not known.
    pub(crate) fn sight(&self, principal: Option<&Principal>) -> Sight {
        Sight::of(&self.private, principal)
    }

    /// The rates of its keys, in requests a minute.
    pub(crate) fn rates(&self) -> impl Iterator<Item = u32> {
        self.keys.iter().filter_map(|(_, principal)| principal.per_minute)
    }

    fn known(&self, secret: &Secret) -> Result<Principal, AccessError> {
        let digest = sha256(secret.0.as_bytes());
        let mut found = None;
        // All are looked at, each to its end.
        for (key, principal) in &self.keys {
            let differs = key.as_bytes().iter().zip(digest.as_bytes()).fold(0, |all, (a, b)| all | (a ^ b));
            if differs == 0 {
                found = Some(principal);
            }
        }
        match found {
            Some(principal) => Ok(principal.clone()),
            None => Err(AccessError::Unknown { fault: "the credential is not known here" }),
        }
    }
}

/// A tenant that is named beside the credential must be the credential's own: it is repeated, never chosen.
fn of_tenant(principal: Principal, named: Option<&str>) -> Result<Principal, AccessError> {
    match named {
        Some(named) if named != principal.tenant.as_str() => Err(AccessError::Tenant {
            found: named.chars().take(Tenant::BYTES_MAX).collect(),
            expected: principal.tenant.to_string(),
        }),
        Some(_) | None => Ok(principal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::principal::Scopes;

    fn principal(name: &str, scopes: Scopes) -> Principal {
        let tenant = Tenant::parse(name).expect("a tenant");
        Principal { tenant, subject: name.to_owned(), scopes, per_minute: None, until_s: None }
    }

    fn keys() -> Vec<(Digest, Principal)> {
        let read = Scopes::parse("proof:read").expect("one");
        vec![(sha256(b"good"), principal("acme", read)), (sha256(b"root"), principal("default", Scopes::All))]
    }

    fn ask(
        anonymous: Anonymous,
        secret: Option<&str>,
        tenant: Option<&str>,
        open: bool,
    ) -> Result<Principal, u16> {
        let authenticator = Authenticator::new(keys(), anonymous).expect("two keys");
        let secret = secret.map(|text| Secret(text.to_owned()));
        let shown = Shown { secret, tenant: tenant.map(str::to_owned) };
        let exposure = if open { Exposure::Open { hosts: Vec::new() } } else { Exposure::Loopback };
        let tokens = |_: &str| panic!("no token is shown");
        authenticator.principal(&shown, &exposure, tokens).map_err(|error| error.row().status)
    }

    #[test]
    fn strangers_are_served_on_loopback_only_and_only_if_allowed() {
        for (anonymous, secret, open, verdict) in [
            (Anonymous::Allowed, None, false, Ok("anonymous")),
            (Anonymous::Allowed, None, true, Err(401)),
            (Anonymous::Refused, None, false, Err(401)),
            (Anonymous::Refused, Some("good"), true, Ok("acme")),
            (Anonymous::Allowed, Some("bad"), false, Err(401)),
            (Anonymous::Allowed, Some("goo"), false, Err(401)),
        ] {
            let asked = ask(anonymous, secret, None, open).map(|principal| principal.subject);
            assert_eq!(asked, verdict.map(str::to_owned), "{anonymous:?} {secret:?} {open}");
        }
        let nobody = Authenticator::closed()
            .principal(&Shown::default(), &Exposure::Loopback, |_| panic!("no token is shown"));
        assert_eq!(nobody, Err(AccessError::Unconfigured));
    }

    #[test]
    fn a_tenant_beside_the_credential_selects_nothing() {
        let tenant = |secret, named| {
            ask(Anonymous::Refused, Some(secret), Some(named), true)
                .map(|principal| principal.tenant.to_string())
        };
        assert_eq!(tenant("good", "acme"), Ok("acme".to_owned()));
        assert_eq!(tenant("good", "other"), Err(403));
        assert_eq!(tenant("good", "ACME"), Err(403));
        assert_eq!(tenant("good", ""), Err(403));
        assert_eq!(tenant("root", "other"), Err(403));
        assert_eq!(tenant("root", "default"), Ok("default".to_owned()));
    }

    #[test]
    fn keys_are_bounded_and_distinct() {
        let one = || (sha256(b"x"), Principal::anonymous());
        assert_eq!(Authenticator::new(vec![one(), one()], Anonymous::Refused).err(), Some(KeysError::Twice));
        let many = (0..=KEYS_MAX).map(|n| (sha256(&n.to_be_bytes()), Principal::anonymous())).collect();
        let refused = Authenticator::new(many, Anonymous::Refused).err();
        assert_eq!(refused, Some(KeysError::Count { found: KEYS_MAX + 1, max: KEYS_MAX }));
    }
}
