//! Who may use a route: a rule that stands in the route's own row, so that no route is without one.

use axum::http::HeaderValue;
use model::error::AccessError;

use super::principal::Principal;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Everybody who sends what is signed; whoever wants the node to sign shows a credential.
    Signed,
    /// Everybody on loopback, elsewhere whoever shows a credential, for what is not public.
    Private,
    /// Whoever shows a credential.
    Credential,
    /// Whoever shows a credential, and names its tenant beside it.
    Tenant,
    /// Whoever shows a credential that has this scope.
    Scope(&'static str),
}

impl Access {
    /// Whether the route itself asks for a credential; else its handler does, when there is need.
    pub(crate) const fn is_guarded(self) -> bool {
        match self {
            Self::Open | Self::Signed | Self::Private => false,
            Self::Credential | Self::Tenant | Self::Scope(_) => true,
        }
    }

    /// Whether this caller may.
    ///
    /// # Errors
    /// `Scope` with both sides, or `TenantMissing`.
    pub(crate) fn admit(self, principal: &Principal, named: Option<&HeaderValue>) -> Result<(), AccessError> {
        match self {
            // That it is the credential's own was seen when the credential was believed.
            Self::Tenant if named.is_none() => Err(AccessError::TenantMissing),
            Self::Scope(needed) if !principal.scopes.allow(needed) => {
                Err(AccessError::Scope { needed, found: principal.scopes.to_string() })
            }
            Self::Open | Self::Signed | Self::Private | Self::Credential | Self::Tenant | Self::Scope(_) => {
                Ok(())
            }
        }
    }
}
