//! The gateway: a node that signs for callers who send plain JSON.
//!
//! The author of what it signs is the gateway's own key, so a receipt says who vouched: this node, not its caller.
//! It signs with Ed25519 only, whose signatures are functions of key and message: a caller who repeats a request
//! gets the same envelope, the same id, and no second entry.

use crypto::{Digest, PublicKey, Scheme, SecretKey, sha256};
use model::entry::SubmitParams;
use model::error::ApiError;
use proto::canonical::Canonical as _;
use proto::counter::TimeMs;
use proto::id::{Did, NetworkId, Tenant};
use proto::submission::{Body, Submission};

use crate::guard::{Caller, Exposure};

/// Whether callers without a token are served, on a loopback listener; elsewhere they never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anonymous {
    /// They are: a developer's network.
    Allowed,
    /// They are not.
    Refused,
}

/// A key to sign with, and who may ask for its signature.
#[derive(Debug)]
pub struct Gateway {
    key: SecretKey,
    tokens: Vec<Digest>,
    anonymous: Anonymous,
}

/// Why a key cannot be a gateway's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a gateway signs with ed25519, whose signatures are repeatable; this is a key of {found}")]
pub struct GatewayError {
    /// The key's scheme.
    pub found: Scheme,
}

impl Gateway {
    /// A gateway; `tokens` are SHA-256 digests of the bearer tokens it accepts.
    ///
    /// # Errors
    /// `GatewayError` for a key of another scheme than Ed25519.
    pub fn new(key: SecretKey, tokens: Vec<Digest>, anonymous: Anonymous) -> Result<Self, GatewayError> {
        match key.public().scheme() {
            Scheme::Ed25519 => Ok(Self { key, tokens, anonymous }),
            found @ (Scheme::MlDsa65 | Scheme::HybridEd25519MlDsa65 | Scheme::Dilithium3R3) => {
                Err(GatewayError { found })
            }
        }
    }

    /// The key it signs with.
    pub const fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// Whether `caller` may ask for a signature.
    ///
    /// # Errors
    /// `Unauthorized` saying whether the token is missing or unknown.
    pub(crate) fn admit(&self, caller: &Caller) -> Result<(), ApiError> {
        match (&caller.token, self.anonymous, &caller.exposure) {
            // Digests are compared, so the time this takes tells nothing of a token.
            (Some(token), _, _) => match self.tokens.contains(&sha256(token.as_bytes())) {
                true => Ok(()),
                false => Err(ApiError::Unauthorized { fault: "the token is not known here" }),
            },
            (None, Anonymous::Allowed, Exposure::Loopback) => Ok(()),
            (None, Anonymous::Allowed, Exposure::Open { .. }) | (None, Anonymous::Refused, _) => {
                Err(ApiError::Unauthorized { fault: "a bearer token is needed to have this node sign" })
            }
        }
    }

    /// Makes and signs the submission that plain JSON asks for.
    ///
    /// # Errors
    /// `InvalidParams` when a member does not fit.
    pub(crate) fn sign(&self, network: NetworkId, params: &SubmitParams) -> Result<Submission, ApiError> {
        let wrong = |fault: String| ApiError::InvalidParams { fault };
        let Some(operation) = &params.operation else {
            return Err(wrong("either \"envelope\" or \"operation\" is needed".to_owned()));
        };
        let tenant = match &params.tenant {
            Some(name) => Tenant::parse(name).map_err(|fault| wrong(format!("tenant: {fault}")))?,
            None => Tenant::default_tenant(),
        };
        let public = self.key.public();
        let expires_at_ms = params.expires_at_ms.unwrap_or_default().0;
        let body = Body {
            network,
            tenant,
            author: Did::of(public),
            key: public.clone(),
            nonce: params.nonce.unwrap_or_default().0,
            expires_at: (expires_at_ms != 0).then(|| TimeMs::new(expires_at_ms)),
            operation: operation.parse().map_err(|fault| wrong(format!("operation: {fault}")))?,
        };
        let submission = body.sign(&self.key);
        // Decoding checks the lengths and ranges that JSON shapes leave open.
        Submission::decode(submission.bytes()).map_err(|fault| wrong(fault.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(anonymous: Anonymous) -> Gateway {
        let key = SecretKey::from_seed(Scheme::Ed25519, &[9; 32]).expect("signs");
        Gateway::new(key, vec![sha256(b"good")], anonymous).expect("ed25519")
    }

    #[test]
    fn strangers_sign_on_loopback_only_and_only_if_allowed() {
        let caller = |token: Option<&str>, exposure| Caller { token: token.map(str::to_owned), exposure };
        let open = || Exposure::Open { hosts: Vec::new() };
        for (anonymous, token, exposure, admitted) in [
            (Anonymous::Allowed, None, Exposure::Loopback, true),
            (Anonymous::Allowed, None, open(), false),
            (Anonymous::Refused, None, Exposure::Loopback, false),
            (Anonymous::Refused, Some("good"), open(), true),
            (Anonymous::Allowed, Some("bad"), Exposure::Loopback, false),
            (Anonymous::Refused, Some(""), open(), false),
        ] {
            let verdict = gateway(anonymous).admit(&caller(token, exposure.clone()));
            assert_eq!(verdict.is_ok(), admitted, "{anonymous:?} {token:?} {exposure:?}");
        }
    }

    #[test]
    fn only_repeatable_signatures_are_made() {
        let key = SecretKey::from_seed(Scheme::MlDsa65, &[9; 32]).expect("signs");
        let refused = Gateway::new(key, Vec::new(), Anonymous::Refused).expect_err("hedged");
        assert_eq!(refused, GatewayError { found: Scheme::MlDsa65 });
    }
}
