//! Tokens for callers who have a key: shorter in life, and with no more scopes than the key.
//!
//! Whoever runs an agent gives it a token and keeps the key. Any node believes it (`guard::token`), until it is over.

use std::time::{SystemTime, UNIX_EPOCH};

use crypto::sha256;
use model::error::{AccessError, ApiError, SurfaceError};
use model::scalar::Uint;
use model::status::{TokenAnswer, TokenParams};

use crate::api::Api;
use crate::guard::principal::{Principal, Scopes};
use crate::guard::token::{Claims, LIFE_S_MAX, network};

/// How long a token lives when nobody says, in seconds.
const LIFE_S: u64 = 3_600;

/// Makes a token.
///
/// # Errors
/// `InvalidParams` for a life that is too long or no scope; `Scope` for one that the caller has not; `NotConfigured` where
/// the node signs for nobody, being no validator.
pub(crate) fn issue(api: &Api, caller: &Principal, params: TokenParams) -> Result<TokenAnswer, ApiError> {
    let wrong = |fault: String| ApiError::InvalidParams { fault };
    let TokenParams { scope, expires_in } = params;
    let expires_in = expires_in.map_or(LIFE_S, |seconds| seconds.0);
    if !(1..=LIFE_S_MAX).contains(&expires_in) {
        return Err(wrong(format!(
            "expires_in is {expires_in}, between 1 and {LIFE_S_MAX} seconds is needed"
        )));
    }
    let scopes = Scopes::parse(&scope).map_err(|fault| wrong(format!("scope: {fault}")))?;
    let Scopes::Some(wanted) = &scopes else { return Err(ApiError::Internal) };
    if let Some(beyond) = wanted.iter().find(|scope| !caller.scopes.allow(scope)) {
        let found = caller.scopes.to_string();
        return Err(AccessError::Beyond { wanted: beyond.clone(), found }.into());
    }
    let set = api.doors().set();
    let issuer = api.doors().issuer.as_ref().filter(|issuer| issuer.reigns_in(&set));
    let issuer = issuer.ok_or_else(|| SurfaceError::NotConfigured {
        fault: "this node is no validator, so nobody would believe its tokens".to_owned(),
    })?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // A token is asked for with a token: it ends with it, or nobody could end either.
    let exp = now.as_secs().saturating_add(expires_in).min(caller.until_s.unwrap_or(u64::MAX));
    let name = format!("{}/{}/{}/{scopes}", caller.tenant, caller.subject, now.as_nanos());
    let claims = Claims {
        iss: set.origin().to_owned(),
        aud: network(set.network()),
        sub: caller.subject.clone(),
        tenant: caller.tenant.to_string(),
        scope: wanted.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        iat: now.as_secs(),
        exp,
        jti: sha256(name.as_bytes()).to_string()[..32].to_owned(),
    };
    Ok(TokenAnswer {
        access_token: issuer.token(&claims),
        token_type: "Bearer".to_owned(),
        expires_in: Uint(exp.saturating_sub(now.as_secs())),
        scope: claims.scope,
    })
}
