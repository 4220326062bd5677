//! Whose seals are good: the keys of all services that validators endorsed on the log.
//!
//! A key's canonical name is the DID URL of its `did:key`, which is the same on every node; its thumbprint is another
//! name. `default` is an alias of the serving node's own key, for clients that ask for that name. A key that was endorsed
//! stays in the list when its validator leaves, so that what it sealed can be checked for ever.

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::PublicKey;
use ledger::LedgerReader;
use model::error::ApiError;
use model::jwks::Jwk;
use proto::canon::Value;
use proto::id::Did;

use super::body::ok;
use crate::api::{Api, Fault};
use crate::respond::Failure;
use crate::routes::Context;

/// Most keys that are listed.
const KEYS_MAX: usize = 1_000;
/// The alias of the serving node's own key.
const DEFAULT: &str = "default";

/// The name of a key in seals: the DID URL of its `did:key`.
pub(super) fn kid(key: &PublicKey) -> String {
    let did = Did::of(key);
    let fragment = did.as_str().rsplit(':').next().unwrap_or_default();
    format!("{did}#{fragment}")
}

/// Every key and every name of it but its thumbprint, in the order of the names.
async fn named(api: &Api) -> Result<Vec<(String, PublicKey)>, ApiError> {
    let services = api.read(|reader| Ok(reader.services(KEYS_MAX)?)).await?;
    let mut keys: Vec<_> = services.into_iter().map(|service| (kid(&service.key), service.key)).collect();
    keys.push((DEFAULT.to_owned(), api.doors().service.public().clone()));
    keys.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(keys)
}

/// The key of that name, if it is a service's.
pub(super) async fn find(api: &Api, name: &str) -> Result<Option<PublicKey>, ApiError> {
    let own = api.doors().service.public().clone();
    let name = name.to_owned();
    let read = move |reader: &LedgerReader| {
        if name == DEFAULT {
            return Ok(reader.service(&own.id())?.map(|service| service.key));
        }
        let services = reader.services(KEYS_MAX).map_err(Fault::Store)?;
        let mut keys = services.into_iter().map(|service| service.key);
        Ok(keys.find(|key| kid(key) == name || key.id().to_string() == name))
    };
    api.read(read).await
}

/// What the network's key set holds beside its own keys: one entry for every name of every service's key.
///
/// # Errors
/// `Storage` or `Internal`.
pub(crate) async fn jwks(api: &Api) -> Result<Vec<Jwk>, ApiError> {
    let keys = named(api).await?;
    Ok(keys.into_iter().filter_map(|(name, key)| Jwk::named(&key, name)).collect())
}

/// `GET /public-keys`.
pub(super) async fn public_keys(State(context): State<Context>) -> Result<Response, Failure> {
    let keys = named(&context.api).await?.into_iter().map(|(name, key)| {
        Value::object([
            ("kid", name.into()),
            ("alg", "ed25519".into()),
            ("public_key_b64url", URL_SAFE_NO_PAD.encode(key.as_bytes()).into()),
        ])
    });
    Ok(ok(&Value::object([("keys", Value::List(keys.collect()))])))
}
