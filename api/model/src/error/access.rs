//! Why a caller may not do what it asks: its credential, its tenant, its scopes, its rate.
//!
//! No error of these says what the credential was, and none but [`AccessError::Unknown`] depends on a secret.

use super::{Row, row};

/// Why a caller is turned away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A credential is needed and none was shown.
    #[error("{what}")]
    Missing {
        /// What it is needed for.
        what: &'static str,
    },
    /// Something else than a credential was shown.
    #[error("{fault}")]
    Malformed {
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The credential shown is not one that is good here.
    #[error("{fault}")]
    Unknown {
        /// Why not; never what it was.
        fault: &'static str,
    },
    /// The credential shown was good once.
    #[error("the token was good until {until_s} s since 1970")]
    Expired {
        /// Until when.
        until_s: u64,
    },
    /// Nobody can have a credential, because the operator gave out none.
    #[error("this node has no credentials configured, so nobody can have one")]
    Unconfigured,
    /// The request names another tenant than the credential's.
    #[error("the credential is of tenant {expected:?}, the request names {found:?}")]
    Tenant {
        /// The tenant named, shortened.
        found: String,
        /// The credential's.
        expected: String,
    },
    /// The request names no tenant where it has to.
    #[error("the header x-tenant-id is needed here")]
    TenantMissing,
    /// The credential does not reach so far.
    #[error("scope {needed:?} is needed, the credential has {found}")]
    Scope {
        /// The scope needed.
        needed: &'static str,
        /// The scopes found, as text.
        found: String,
    },
    /// More was asked for than the credential has to give.
    #[error("scope {wanted:?} was asked for, the credential has {found}")]
    Beyond {
        /// The scope asked for.
        wanted: String,
        /// The scopes found, as text.
        found: String,
    },
    /// The tenant asks more often than it may.
    #[error("tenant {tenant:?} may ask {name} {per_minute} times a minute")]
    Rate {
        /// The tenant.
        tenant: String,
        /// The endpoint.
        name: &'static str,
        /// The limit.
        per_minute: u32,
        /// When the next request will be taken, in milliseconds.
        retry_after_ms: u64,
    },
}

impl AccessError {
    /// The error's line of the table.
    pub const fn row(&self) -> Row {
        match self {
            Self::Missing { .. } => row(
                "unauthorized",
                401,
                1007,
                "Token needed",
                "Send authorization: Bearer <token> or x-api-key: <key>; a signed envelope needs neither.",
            ),
            Self::Malformed { .. } => row(
                "credential_malformed",
                401,
                1701,
                "Not a credential",
                "Send one credential: authorization: Bearer <token>, or x-api-key: <key>, or ?api_key=.",
            ),
            Self::Unknown { .. } => row(
                "credential_unknown",
                401,
                1702,
                "Not good here",
                "Ask the operator for a key, or the network for a token.",
            ),
            Self::Expired { .. } => {
                row("credential_expired", 401, 1703, "Too old", "Ask for a new token: POST /oauth/token.")
            }
            Self::Unconfigured => row(
                "auth_not_configured",
                500,
                1704,
                "No credentials configured",
                "The operator names a file of keys in auth.keys_file of the node's configuration.",
            ),
            Self::Tenant { .. } => row(
                "tenant_mismatch",
                403,
                1705,
                "Another tenant",
                "The credential says whose data is meant; x-tenant-id may only repeat it.",
            ),
            Self::TenantMissing => row(
                "tenant_missing",
                400,
                1708,
                "Tenant not named",
                "Send x-tenant-id with the tenant of your credential.",
            ),
            Self::Scope { .. } => row(
                "scope_missing",
                403,
                1706,
                "Not within its scopes",
                "Ask for a credential with the scope that is named.",
            ),
            Self::Beyond { .. } => row(
                "scope_beyond",
                403,
                1709,
                "More than its scopes",
                "A token has no scope that the credential it is asked for with has not.",
            ),
            Self::Rate { .. } => row(
                "rate_limited",
                429,
                1707,
                "Too often",
                "Come again after retry_after_ms; each endpoint and tenant has a rate of its own.",
            ),
        }
    }

    /// How long to wait before trying again, where that can help.
    pub const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Rate { retry_after_ms, .. } => Some(*retry_after_ms),
            Self::Missing { .. }
            | Self::Malformed { .. }
            | Self::Unknown { .. }
            | Self::Expired { .. }
            | Self::Unconfigured
            | Self::Tenant { .. }
            | Self::TenantMissing
            | Self::Beyond { .. }
            | Self::Scope { .. } => None,
        }
    }
}
