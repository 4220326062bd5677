//! The libp2p behaviours, put together.

use std::time::Duration;

use crypto::Digest;
use libp2p::identity::Keypair;
use libp2p::kad::store::{MemoryStore, MemoryStoreConfig};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{identify, kad, memory_connection_limits};
use libp2p_allow_block_list::{self as allow_block_list, BlockedPeers};
use libp2p_connection_limits::{self as connection_limits, ConnectionLimits};
use proto::message::Lane;

use crate::gate::Gate;
use crate::gossip::GossipError;
use crate::identity::Roster;
use crate::limits::Limits;
use crate::{fetch, gossip, protocol};

/// How often an observer looks for others.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(300);

/// All that libp2p runs for us. Those that refuse connections come first: what is refused late leaves traces
/// in those asked before.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) shut_out: allow_block_list::Behaviour<BlockedPeers>,
    pub(crate) connections: connection_limits::Behaviour,
    pub(crate) memory: memory_connection_limits::Behaviour,
    pub(crate) gate: Gate,
    pub(crate) identify: identify::Behaviour,
    pub(crate) kad: kad::Behaviour<MemoryStore>,
    pub(crate) gossip: gossip::Behaviour,
    pub(crate) fetch: fetch::Behaviour,
}

impl Behaviour {
    /// # Errors
    /// What gossipsub refuses.
    pub(crate) fn new(
        network: &Digest,
        keypair: &Keypair,
        roster: &Roster,
        limits: &Limits,
    ) -> Result<Self, GossipError> {
        let mut connections = connection_limits::Behaviour::new(
            ConnectionLimits::default()
                .with_max_pending_incoming(Some(limits.pending_connections_max))
                .with_max_pending_outgoing(Some(limits.pending_connections_max))
                .with_max_established_per_peer(Some(2)),
        );
        for peer in roster.others() {
            connections.bypass_peer_id(&peer);
        }
        Ok(Self {
            shut_out: allow_block_list::Behaviour::default(),
            connections,
            memory: memory_connection_limits::Behaviour::with_max_bytes(limits.process_bytes_max),
            gate: Gate::new(roster, limits.observers_max),
            identify: identify::Behaviour::new(
                identify::Config::new(protocol::family(network), keypair.public())
                    .with_agent_version("quorate".to_owned())
                    .with_push_listen_addr_updates(false)
                    .with_cache_size(0),
            ),
            kad: discovery(network, roster),
            gossip: gossip::behaviour(network, keypair)?,
            fetch: fetch::behaviour(protocol::lane(network, Lane::Request), limits),
        })
    }
}

/// Kademlia as an address book: it finds peers and stores no records, whoever sends them. Who begins as a validator
/// looks for nobody; who becomes one goes on looking, and the gate lets none of it be dialled.
fn discovery(network: &Digest, roster: &Roster) -> kad::Behaviour<MemoryStore> {
    let mut config = kad::Config::new(protocol::kad(network));
    config
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_replication_interval(None)
        .set_publication_interval(None)
        .set_provider_publication_interval(None)
        .set_kbucket_inserts(kad::BucketInserts::Manual)
        .set_periodic_bootstrap_interval((!roster.has_us()).then_some(DISCOVERY_INTERVAL));
    let nothing = MemoryStoreConfig {
        max_records: 0,
        max_value_bytes: 0,
        max_providers_per_key: 0,
        max_provided_keys: 0,
    };
    let us = roster.us();
    let mut kad = kad::Behaviour::with_config(us, MemoryStore::with_config(us, nothing), config);
    kad.set_mode(Some(kad::Mode::Server));
    kad
}
