//! What a caller may see: everything that is public, and of what is private its own tenant's.
//!
//! An operator names the tenants whose records are private (`auth.private_tenants`). To everybody else they are not there:
//! the answer is the one for a name that nobody has given, made after the same look at the store. Ids, places and hashes
//! are no secret; what a leaf says is. Every answer that shows what a leaf says asks here.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use proto::canonical::Canonical as _;
use proto::entry::Entry;
use proto::id::Tenant;

use super::Caller;
use super::principal::{Principal, Scopes};
use crate::respond::Keep;
use crate::routes::Context;

/// The tenants whose records are private.
pub(crate) type Private = Arc<BTreeSet<Tenant>>;

/// What one caller may see.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    private: Private,
    whose: Whose,
}

#[derive(Clone, Debug)]
enum Whose {
    /// An operator sees everything.
    Everybodys,
    /// One of a tenant.
    Tenant(Tenant),
    /// Who shows nothing, or nothing that is believed.
    Nobodys,
}

impl Sight {
    /// What this caller may see where these tenants are private.
    pub(super) fn of(private: &Private, principal: Option<&Principal>) -> Self {
        let whose = match principal {
            None => Whose::Nobodys,
            Some(Principal { scopes: Scopes::All, .. }) => Whose::Everybodys,
            Some(Principal { tenant, .. }) => Whose::Tenant(tenant.clone()),
        };
        Self { private: Arc::clone(private), whose }
    }

    /// Whether the records of this tenant are there for this caller.
    pub(crate) fn sees(&self, tenant: &Tenant) -> bool {
        match &self.whose {
            Whose::Everybodys => true,
            Whose::Tenant(own) => own == tenant || !self.private.contains(tenant),
            Whose::Nobodys => !self.private.contains(tenant),
        }
    }

    /// Whether what a leaf says may be told.
    pub(crate) fn sees_entry(&self, entry: &Entry) -> bool {
        entry.submission().is_none_or(|submission| self.sees(&submission.body().tenant))
    }

    /// The same of a leaf's bytes. What cannot be read is for who reads it to say.
    pub(crate) fn sees_leaf(&self, leaf: &[u8]) -> bool {
        self.sees_all() || Entry::decode(leaf).map_or(true, |entry| self.sees_entry(&entry))
    }

    /// Whether nothing is hidden from this caller.
    pub(crate) fn sees_all(&self) -> bool {
        self.private.is_empty() || matches!(self.whose, Whose::Everybodys)
    }

    /// How long an answer may be kept by others: where anything is private, what was shown for a credential not at all.
    pub(crate) fn keep(&self, keep: Keep) -> Keep {
        match (&self.whose, self.private.is_empty()) {
            (Whose::Everybodys | Whose::Tenant(_), false) => Keep::Never,
            (Whose::Everybodys | Whose::Tenant(_), true) | (Whose::Nobodys, _) => keep,
        }
    }
}

/// What a handler is given that asks for it. Whoever shows nothing good sees what is public.
impl FromRequestParts<Context> for Sight {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Infallible> {
        let authenticator = &context.api.doors().authenticator;
        // Where nothing is private nobody has to be known.
        if authenticator.private().is_empty() {
            return Ok(authenticator.sight(None));
        }
        let caller = Caller::from_request_parts(parts, context).await?;
        Ok(authenticator.sight(caller.principal.as_ref().ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_private_is_its_tenants_and_the_operators() {
        let tenant = |name: &str| Tenant::parse(name).expect("a tenant");
        let private: Private = Arc::new(BTreeSet::from([tenant("vault")]));
        let few = || Scopes::parse("proof:read").expect("one");
        let of = |name: &str, scopes| Principal { tenant: tenant(name), scopes, ..Principal::anonymous() };
        for (principal, vault, keep) in [
            (None, false, Keep::Forever),
            (Some(of("acme", few())), false, Keep::Never),
            (Some(of("vault", few())), true, Keep::Never),
            (Some(of("acme", Scopes::All)), true, Keep::Never),
        ] {
            let sight = Sight::of(&private, principal.as_ref());
            assert_eq!(sight.sees(&tenant("vault")), vault, "{principal:?}");
            assert!(sight.sees(&tenant("acme")), "{principal:?}");
            assert_eq!(sight.keep(Keep::Forever), keep, "{principal:?}");
        }
        let public = Sight::of(&Private::default(), None);
        assert!(public.sees(&tenant("vault")) && public.sees_all());
        assert_eq!(Sight::of(&Private::default(), Some(&of("acme", few()))).keep(Keep::Moment), Keep::Moment);
    }
}
