//! What configuration and genesis must agree on before anything starts, and what follows from them.

use std::net::SocketAddr;

use api::Exposure;
use mempool::limits::{Limit, PoolLimits};
use proto::id::ValidatorIndex;
use proto::validators::ValidatorSet;
use tokio::net::TcpListener;

use super::StartError;
use crate::config::{Config, Mempool};
use crate::keys::NodeKeys;
use crate::seats::network_key;

/// Which validator this node is, none for an observer. Its keys must be the ones its name goes with, or nobody would
/// accept its word.
pub(super) fn find(
    set: &ValidatorSet,
    config: &Config,
    keys: &NodeKeys,
) -> Result<Option<ValidatorIndex>, StartError> {
    let name = config.name.clone().ok_or(StartError::NameMissing)?;
    match set.iter().find(|(_, validator)| validator.name == name) {
        Some((me, validator)) if *validator == keys.validator(&name, validator.power) => Ok(Some(me)),
        Some(_) => Err(StartError::OtherKeys { name }),
        None if config.observe => Ok(None),
        None => Err(StartError::NotAValidator { name }),
    }
}

/// Every validator with the addresses it can be dialled at.
pub(super) fn peers(set: &ValidatorSet, config: &Config) -> Vec<p2p::Peer> {
    set.iter()
        .map(|(_, validator)| p2p::Peer {
            public_key: network_key(validator),
            addresses: config.peers.get(&validator.name).cloned().unwrap_or_default(),
        })
        .collect()
}

/// An address for nobody may be a slip of the pen, or of somebody who has left or is still to come.
pub(super) fn warn_of_unknown(set: &ValidatorSet, config: &Config) {
    let known = |peer: &str| set.iter().any(|(_, validator)| validator.name == peer);
    for name in config.peers.keys().filter(|peer| !known(peer)) {
        tracing::warn!(
            code = "unknown_peer",
            name,
            "the configuration has an address for one who is no validator"
        );
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
