//! Seeing to it that this node's issuer is on the ledger, and lists the key that this node signs with.

use ledger::issuer::Issuer;
use model::error::{ApiError, SurfaceError};
use model::qwed::IssuerParams;
use proto::id::Tenant;
use proto::operation::Operation;
use proto::operation::issuer::{IssuerDid, IssuerKind, IssuerSet, IssuerStatus};

use crate::api::{Api, Fault};
use crate::attester::{Attester, SigningKey};
use crate::clock;
use crate::service::{Order, Settled};

/// How often a listing is tried anew that others' came before.
const ATTEMPTS_MAX: usize = 4;

/// What is known of an issuer.
pub(super) async fn issuer(api: &Api, did: &IssuerDid) -> Result<Option<Issuer>, ApiError> {
    let did = did.clone();
    api.read(move |reader| reader.issuer(&did).map_err(Fault::Store)).await
}

/// Lists the key, unless it is. What the ledger refuses comes back as its own words.
///
/// # Errors
/// `ApiError` when the ledger cannot be asked, or has not decided.
pub(super) async fn listed(
    api: &Api,
    attester: &Attester,
    key: &SigningKey,
) -> Result<Result<(), String>, ApiError> {
    let id = key.public().id();
    let is_listed = |known: &Option<Issuer>| known.as_ref().is_some_and(|it| it.key(&id).is_some());
    if is_listed(&issuer(api, attester.issuer()).await?) {
        return Ok(Ok(()));
    }
    let _one_at_a_time = attester.listing().await;
    let mut refused = String::new();
    for _ in 0..ATTEMPTS_MAX {
        let known = issuer(api, attester.issuer()).await?;
        if is_listed(&known) {
            return Ok(Ok(()));
        }
        let operation = match known {
            None => Operation::IssuerSet(Box::new(IssuerSet {
                issuer: attester.issuer().clone(),
                name: attester.name().to_owned(),
                status: IssuerStatus::Active,
                certification: String::new(),
            })),
            Some(_) => {
                let (set, author) = (api.doors().set(), api.doors().service.author());
                let listed = attester.listed(key, set.network(), author, clock::now_s());
                Operation::IssuerKey(Box::new(listed))
            }
        };
        if let Err(fault) = say(api, attester.issuer(), operation).await? {
            refused = fault;
        }
    }
    Ok(Err(refused))
}

/// Says something of the issuer. Of one that the validators run their services speak (rule A3), so the network has to know
/// this one.
async fn say(api: &Api, issuer: &IssuerDid, operation: Operation) -> Result<Result<(), String>, ApiError> {
    let service = &api.doors().service;
    match issuer.kind() {
        IssuerKind::Node => {
            if let Err(fault) = service.announced(api).await? {
                return Ok(Err(fault));
            }
        }
        IssuerKind::Provider | IssuerKind::User => {}
    }
    // What is said now may have been said before, and been contradicted since.
    let nonce = clock::now().get();
    let order = Order { nonce, ..Order::once(Tenant::default_tenant(), operation) };
    match service.submit(api, order).await? {
        Settled::Logged(_) => Ok(Ok(())),
        Settled::Refused { detail, .. } => Ok(Err(detail)),
        Settled::Pending { id } => Err(SurfaceError::Undecided { id: id.into() }.into()),
    }
}

/// Says of an issuer what an operator wants said. What is left out stays as it was.
///
/// # Errors
/// `SurfaceError`: unprocessable, forbidden by the ledger's rules, or not decided.
pub(super) async fn set(
    api: &Api,
    attester: &Attester,
    did: IssuerDid,
    params: IssuerParams,
) -> Result<Issuer, ApiError> {
    let known = issuer(api, &did).await?;
    let status = match params.status.as_deref() {
        None => known.as_ref().map_or(IssuerStatus::Active, |issuer| issuer.status),
        Some("active") => IssuerStatus::Active,
        Some("inactive") => IssuerStatus::Inactive,
        Some(_) => {
            let fault = "status: is active or inactive".to_owned();
            return Err(SurfaceError::Unprocessable { fault }.into());
        }
    };
    let was = |of: fn(&Issuer) -> &String| known.as_ref().map(of).cloned();
    let operation = Operation::IssuerSet(Box::new(IssuerSet {
        issuer: did.clone(),
        name: params.name.or(was(|issuer| &issuer.name)).unwrap_or_else(|| attester.name().to_owned()),
        status,
        certification: params.certification_level.or(was(|issuer| &issuer.certification)).unwrap_or_default(),
    }));
    say(api, &did, operation).await?.map_err(|fault| SurfaceError::Forbidden { fault })?;
    issuer(api, &did).await?.ok_or(ApiError::Internal)
}
