//! The gateway: a node that signs for callers who send plain JSON.
//!
//! The author of what it signs is the gateway's own key, so a receipt says who vouched: this node, not its caller.
//! It signs with Ed25519 only, whose signatures are functions of key and message: a caller who repeats a request
//! gets the same envelope, the same id, and no second entry.

use crypto::{PublicKey, Scheme, SecretKey};
use model::entry::SubmitParams;
use model::error::{AccessError, ApiError};
use proto::canonical::Canonical as _;
use proto::counter::TimeMs;
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::Operation;
use proto::submission::{Body, Submission};

use crate::guard::principal::{Principal, Scopes};
use crate::keeping::Keeping;

/// A key to sign with, for callers who have shown who they are.
#[derive(Debug)]
pub struct Gateway {
    key: SecretKey,
}

/// Why a key cannot be a gateway's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a gateway signs with ed25519, whose signatures are repeatable; this is a key of {found}")]
pub struct GatewayError {
    /// The key's scheme.
    pub found: Scheme,
}

impl Gateway {
    /// A gateway.
    ///
    /// # Errors
    /// `GatewayError` for a key of another scheme than Ed25519.
    pub fn new(key: SecretKey) -> Result<Self, GatewayError> {
        match key.public().scheme() {
            Scheme::Ed25519 => Ok(Self { key }),
            found @ (Scheme::MlDsa65
            | Scheme::HybridEd25519MlDsa65
            | Scheme::Dilithium3R3
            | Scheme::HybridDilithium3R3Ed25519
            | Scheme::Es256) => Err(GatewayError { found }),
        }
    }

    /// The key it signs with.
    pub const fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// Makes and signs the submission that plain JSON asks for. It is of the caller's tenant; only an operator's key may
    /// name another.
    ///
    /// # Errors
    /// `InvalidParams` when a member does not fit, `Tenant` when it is another's, `Scope` when the caller may not.
    pub(crate) fn sign(
        &self,
        network: NetworkId,
        caller: &Principal,
        keeping: &Keeping,
        params: &SubmitParams,
    ) -> Result<Submission, ApiError> {
        let wrong = |fault: String| ApiError::InvalidParams { fault };
        let Some(operation) = &params.operation else {
            return Err(wrong("either \"envelope\" or \"operation\" is needed".to_owned()));
        };
        let tenant = match &params.tenant {
            Some(name) => Tenant::parse(name).map_err(|fault| wrong(format!("tenant: {fault}")))?,
            None => caller.tenant.clone(),
        };
        if tenant != caller.tenant && caller.scopes != Scopes::All {
            let (found, expected) = (tenant.to_string(), caller.tenant.to_string());
            return Err(AccessError::Tenant { found, expected }.into());
        }
        let public = self.key.public();
        let expires_at_ms = params.expires_at_ms.unwrap_or_default().0;
        let operation = operation.parse().map_err(|fault| wrong(format!("operation: {fault}")))?;
        let body = Body {
            network,
            operation: keeping.by_default(&tenant, operation, crate::clock::now()),
            tenant,
            author: Did::of(public),
            key: public.clone(),
            nonce: params.nonce.unwrap_or_default().0,
            expires_at: (expires_at_ms != 0).then(|| TimeMs::new(expires_at_ms)),
        };
        // The gateway's own keys are everybody's here.
        if concerns(&body.operation, &body.author) && caller.scopes != Scopes::All {
            return Err(AccessError::Scope { needed: OPERATOR, found: caller.scopes.to_string() }.into());
        }
        let needed = scope_of(&body.operation);
        if !caller.scopes.allow(needed) {
            return Err(AccessError::Scope { needed, found: caller.scopes.to_string() }.into());
        }
        let submission = body.sign(&self.key);
        // Decoding checks the lengths and ranges that JSON shapes leave open.
        Submission::decode(submission.bytes()).map_err(|fault| wrong(fault.to_string()))
    }
}

/// What only a credential with all scopes may: the name in refusals.
const OPERATOR: &str = "operator";

/// Whether an operation changes the keys of this identity.
fn concerns(operation: &Operation, own: &Did) -> bool {
    match operation {
        Operation::IdentityCreate { identity, .. }
        | Operation::KeyAdd { identity, .. }
        | Operation::KeyRotate { identity, .. }
        | Operation::KeyRevoke { identity, .. } => identity == own,
        Operation::ProofSubmit { .. }
        | Operation::ProofPrimitive(_)
        | Operation::BatchAnchor { .. }
        | Operation::ArtifactCommit { .. }
        | Operation::RetentionTombstone { .. }
        | Operation::Session { .. }
        | Operation::Statement(_)
        | Operation::AttestationIssue { .. }
        | Operation::AttestationRevoke { .. }
        | Operation::AttestationSeal(_)
        | Operation::IssuerSet(_)
        | Operation::IssuerKey(_)
        | Operation::ValidatorJoin { .. }
        | Operation::ValidatorLeave { .. }
        | Operation::ServiceEndorse { .. }
        | Operation::Job { .. }
        | Operation::Evidence { .. }
        | Operation::Signer(_) => false,
    }
}

/// The scope that has the node sign this.
const fn scope_of(operation: &Operation) -> &'static str {
    match operation {
        Operation::ProofSubmit { .. }
        | Operation::ProofPrimitive(_)
        | Operation::BatchAnchor { .. }
        | Operation::ArtifactCommit { .. }
        | Operation::RetentionTombstone { .. }
        | Operation::Session { .. }
        | Operation::Statement(_) => "proof:create",
        Operation::AttestationIssue { .. }
        | Operation::AttestationRevoke { .. }
        | Operation::AttestationSeal(_) => "attestation:create",
        Operation::IssuerSet(_) | Operation::IssuerKey(_) => "issuer:create",
        Operation::IdentityCreate { .. }
        | Operation::KeyAdd { .. }
        | Operation::KeyRotate { .. }
        | Operation::KeyRevoke { .. } => "identity:create",
        Operation::Job { .. } | Operation::Evidence { .. } => "job:create",
        Operation::ValidatorJoin { .. }
        | Operation::ValidatorLeave { .. }
        | Operation::Signer(_)
        | Operation::ServiceEndorse { .. } => "validator:change",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_speaks_for_its_own_tenant() {
        let key = SecretKey::from_seed(Scheme::Ed25519, &[9; 32]).expect("signs");
        let gateway = Gateway::new(key).expect("ed25519");
        let sign = |scopes, named: Option<&str>| {
            let tenant = Tenant::parse("acme").expect("a tenant");
            let caller = Principal { tenant, scopes, ..Principal::anonymous() };
            let operation =
                serde_json::json!({ "type": "proof.submit", "content": "00".repeat(32), "content_bytes": 1 });
            let mut params = serde_json::json!({ "operation": operation });
            if let Some(named) = named {
                params["tenant"] = named.into();
            }
            let params = serde_json::from_value(params).expect("a shape");
            let signed = gateway.sign(NetworkId::default(), &caller, &Keeping::default(), &params);
            signed.map(|submission| submission.body().tenant.to_string()).map_err(|error| error.row().code)
        };
        let few = || Scopes::parse("proof:create").expect("one");
        assert_eq!(sign(few(), None), Ok("acme".to_owned()));
        assert_eq!(sign(few(), Some("acme")), Ok("acme".to_owned()));
        assert_eq!(sign(few(), Some("other")), Err("tenant_mismatch"));
        let reader = Scopes::parse("proof:read").expect("one");
        assert_eq!(sign(reader, None), Err("scope_missing"));
        assert_eq!(sign(Scopes::All, Some("other")), Ok("other".to_owned()));
    }

    #[test]
    fn its_own_keys_are_changed_for_operators_alone() {
        let key = SecretKey::from_seed(Scheme::Ed25519, &[9; 32]).expect("signs");
        let gateway = Gateway::new(key).expect("ed25519");
        let other = SecretKey::from_seed(Scheme::Ed25519, &[8; 32]).expect("signs");
        let revoke = |scopes, of: &PublicKey| {
            let caller = Principal { scopes, ..Principal::anonymous() };
            let operation = serde_json::json!({ "type": "key.revoke", "identity": Did::of(of).as_str(),
                "key": of.id().to_string(), "reason": "unspecified" });
            let params =
                serde_json::from_value(serde_json::json!({ "operation": operation })).expect("a shape");
            let signed = gateway.sign(NetworkId::default(), &caller, &Keeping::default(), &params);
            signed.map(|_| ()).map_err(|error| error.row().code)
        };
        let few = || Scopes::parse("identity:create").expect("one");
        assert_eq!(revoke(few(), gateway.public()), Err("scope_missing"));
        assert_eq!(revoke(Scopes::All, gateway.public()), Ok(()));
        // Another's the ledger judges.
        assert_eq!(revoke(few(), other.public()), Ok(()));
    }

    #[test]
    fn only_repeatable_signatures_are_made() {
        let key = SecretKey::from_seed(Scheme::MlDsa65, &[9; 32]).expect("signs");
        let refused = Gateway::new(key).expect_err("hedged");
        assert_eq!(refused, GatewayError { found: Scheme::MlDsa65 });
    }
}
