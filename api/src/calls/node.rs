//! `node_status`, the network's keys, health: what a node says of itself.

use model::jwks::{Jwk, Jwks};
use model::scalar::{Hash, Uint};
use model::status::{CallerAnswer, HealthAnswer, StatusAnswer};

use crate::api::Api;
use crate::doors::{NodeStatus, Role};
use crate::guard::principal::{Principal, Scopes};

/// The node's present state.
pub(crate) fn status(api: &Api) -> StatusAnswer {
    let set = api.doors().set();
    let NodeStatus {
        name,
        version,
        height,
        head_height_seen,
        view,
        leader,
        tree_size,
        checkpoint_size,
        block_time_ms,
        epoch,
        role,
        peers_connected,
        mempool_count,
        mempool_bytes,
        ready,
        reasons,
    } = api.doors().status.borrow().clone();
    StatusAnswer {
        name,
        version,
        network: Hash(*set.network().digest()),
        origin: set.origin().to_owned(),
        height: Uint(height),
        head_height_seen: Uint(head_height_seen),
        view: Uint(view),
        leader,
        tree_size: Uint(tree_size),
        checkpoint_size: Uint(checkpoint_size),
        block_time_ms: Uint(block_time_ms),
        // A set has at most 100 validators.
        epoch: Uint(epoch),
        role: match role {
            Role::Observer => model::status::Role::Observer,
            Role::Validator => model::status::Role::Validator,
        },
        validators: u16::try_from(set.count()).unwrap_or(u16::MAX),
        peers_connected,
        mempool_count: Uint(mempool_count),
        mempool_bytes: Uint(mempool_bytes),
        ready,
        reasons,
    }
}

/// The public keys under which this network speaks to the outside: those of its log and cosigners.
pub(crate) fn jwks(api: &Api) -> Jwks {
    let set = api.doors().set();
    let keys = set.iter().flat_map(|(_, validator)| {
        [&validator.log, &validator.cosigner_ed25519, &validator.cosigner_ml_dsa_65, &validator.consensus]
    });
    let gateway = api.doors().gateway.as_ref().map(|gateway| gateway.public());
    let service = (!api.doors().surfaces.is_empty()).then(|| api.doors().service.public());
    Jwks { keys: keys.chain(gateway).chain(service).filter_map(Jwk::of).collect() }
}

/// Who the credential of a request stands for.
pub(crate) fn caller(principal: &Principal) -> CallerAnswer {
    CallerAnswer {
        tenant: principal.tenant.to_string(),
        subject: principal.subject.clone(),
        scopes: match &principal.scopes {
            Scopes::All => None,
            Scopes::Some(scopes) => Some(scopes.iter().cloned().collect()),
        },
    }
}

/// Whether the node can serve, and is at most `lag_max` blocks behind the highest seen.
pub(crate) fn readiness(api: &Api, lag_max: Option<Uint>) -> HealthAnswer {
    let status = api.doors().status.borrow();
    let mut reasons = status.reasons.clone();
    if !status.ready && reasons.is_empty() {
        reasons.push("the node says that it is not ready".to_owned());
    }
    let lag = status.head_height_seen.saturating_sub(status.height);
    if let Some(max) = lag_max
        && lag > max.0
    {
        reasons.push(format!("{lag} blocks behind the highest seen, at most {max} are allowed"));
    }
    if *api.doors().stopping.borrow() {
        reasons.push("the node is stopping".to_owned());
    }
    HealthAnswer { ok: status.ready && reasons.is_empty(), reasons }
}
