//! Who asks, once its credential has been believed: a tenant, a subject, scopes, a rate.
//!
//! Everything behind the doors knows callers by this alone; which of the credentials it was is not asked again.

use std::collections::BTreeSet;
use std::fmt;

use proto::id::Tenant;

/// Longest subject, in bytes.
pub const SUBJECT_BYTES_MAX: usize = 256;
/// Most scopes of a credential.
pub const SCOPES_MAX: usize = 32;
/// Longest name of a scope, in bytes.
pub const SCOPE_BYTES_MAX: usize = 64;

/// A caller that has shown who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Whose data it may touch.
    pub tenant: Tenant,
    /// Who it is among the tenant's: a DID, or a name that the operator gave.
    pub subject: String,
    /// What it may do.
    pub scopes: Scopes,
    /// How often its tenant may ask one endpoint, in requests a minute; none: as often as everybody.
    pub per_minute: Option<u32>,
    /// Until when its credential is good, in seconds since 1970; none: until it is taken back.
    pub until_s: Option<u64>,
}

/// What a credential allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// Everything, in the name of any tenant: an operator's, or a developer's on loopback.
    All,
    /// These.
    Some(BTreeSet<String>),
}

impl Principal {
    /// The caller that needs no credential: a developer on loopback.
    pub fn anonymous() -> Self {
        Self {
            tenant: Tenant::default_tenant(),
            subject: "anonymous".to_owned(),
            scopes: Scopes::All,
            per_minute: None,
            until_s: None,
        }
    }
}

impl Scopes {
    /// Reads scopes, separated as OAuth does it or by commas.
    ///
    /// # Errors
    /// What is wrong, in words: too many, too long, or letters that no scope has.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut scopes = BTreeSet::new();
        for scope in text.split([' ', ',']).filter(|scope| !scope.is_empty()) {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'.' | b'_' | b'-' | b'/');
            if scope.len() > SCOPE_BYTES_MAX || !scope.bytes().all(allowed) {
                return Err("a scope is up to 64 letters, digits, and : . _ - /");
            }
            scopes.insert(scope.to_owned());
            if scopes.len() > SCOPES_MAX {
                return Err("at most 32 scopes are read");
            }
        }
        Ok(Self::Some(scopes))
    }

    /// Whether this is among them.
    pub fn allow(&self, scope: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(scopes) => scopes.contains(scope),
        }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Some(scopes) if scopes.is_empty() => f.write_str("none"),
            Self::Some(scopes) => {
                f.write_str(&scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_bounded_words() {
        let two = Scopes::parse("proof:create, proof:read").expect("two");
        assert!(two.allow("proof:read") && !two.allow("proof") && !two.allow("identity:read"));
        assert_eq!(two.to_string(), "proof:create proof:read");
        assert_eq!(Scopes::parse("").expect("none").to_string(), "none");
        assert!(Scopes::All.allow("anything"));
        let long = "x".repeat(SCOPE_BYTES_MAX + 1);
        let many: String = (0..=SCOPES_MAX).map(|n| format!("s{n} ")).collect();
        for bad in ["a\"b", "a\nb", &long, &many] {
            assert!(Scopes::parse(bad).is_err(), "{bad:?}");
        }
    }
}
