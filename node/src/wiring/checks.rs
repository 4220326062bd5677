//! What configuration and genesis must agree on before anything starts, and what follows from them.

use std::net::SocketAddr;

use api::{Exposure, Keeping};
use archive::artifacts::room::Room;
use archive::{ArchiveError, Artifacts};
use mempool::limits::{Limit, PoolLimits};
use proto::validators::ValidatorSet;
use tokio::net::TcpListener;

use super::StartError;
use crate::config::{Config, Mempool};
use crate::keys::NodeKeys;

/// Checks that this node may run by this configuration: as the validator of its name, with the keys that go with it, or
/// nobody would accept its word; or as an observer, if it is set to be one.
pub(super) fn check_role(set: &ValidatorSet, config: &Config, keys: &NodeKeys) -> Result<(), StartError> {
    let name = config.name.clone().ok_or(StartError::NameMissing)?;
    match set.iter().find(|(_, validator)| validator.name == name) {
        Some((_, validator)) if *validator == keys.validator(&name, validator.power) => Ok(()),
        Some(_) => Err(StartError::OtherKeys { name }),
        None if config.observe => Ok(()),
        None => Err(StartError::NotAValidator { name }),
    }
}

/// How much may wait, as configured.
pub(super) fn pool_limits(config: &Config) -> PoolLimits {
    let Mempool { count_max, bytes_max, tenant_count_max, tenant_bytes_max } = config.mempool;
    PoolLimits {
        total: Limit { count_max, bytes_max },
        tenant: Limit { count_max: tenant_count_max, bytes_max: tenant_bytes_max },
    }
}

/// Where artifacts are kept, and where they go whose time is over. These are two places: what is put into the one is erased
/// in the other.
pub(super) fn artifacts(config: &Config) -> Result<(Option<Artifacts>, Option<Artifacts>), StartError> {
    let open = |url: &str| Artifacts::open(url).map(|it| it.of_at_most(config.keeping.bytes_max));
    let kept = config.artifacts.as_deref().map(open).transpose()?;
    let archived = config.keeping.archive.as_deref().map(open).transpose()?;
    match (&kept, &archived) {
        (Some(kept), Some(archived)) if kept.is_at(archived) => {
            let fault = "artifacts.archive: artifacts are kept there already".to_owned();
            Err(ArchiveError::Address { url: archived.to_string(), fault }.into())
        }
        _ => Ok((kept, archived)),
    }
}

/// How much of them, and how long.
pub(super) fn keeping(config: &Config) -> Keeping {
    let keeping = &config.keeping;
    Keeping {
        room: Room::new(keeping.quota, keeping.quotas.clone()),
        default: keeping.policy,
        tenants: keeping.policies.clone(),
    }
}

/// A listener and the address it got.
pub(super) type Bound = (TcpListener, SocketAddr);

/// Takes the addresses of the public listeners and of the operator's.
pub(super) async fn bind(config: &Config) -> Result<(Vec<Bound>, Bound), StartError> {
    let mut rpc = Vec::new();
    for address in &config.rpc.listen {
        rpc.push(bind_one(*address).await?);
    }
    Ok((rpc, bind_one(config.admin_listen).await?))
}

async fn bind_one(address: SocketAddr) -> Result<Bound, StartError> {
    let fault = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    Ok((listener, address))
}

/// Where a listener can be reached from.
pub(super) fn exposure(address: SocketAddr, config: &Config) -> Exposure {
    match address.ip().is_loopback() {
        true => Exposure::Loopback,
        false => Exposure::Open { hosts: config.rpc.hosts.clone() },
    }
}
