//! Starting and stopping.

use std::time::Duration;

use p2p::identity::IdentityError;
use p2p::{Limits, Network, StartError};
use proto::message::Kind;
use tokio::time::{sleep, timeout};

use crate::support::{Node, Plan, bounded, bytes, eventually, peer_id, public_key, tcp_address};

#[test]
fn a_network_needs_a_runtime() {
    let refused = Network::start(Plan::new(1, tcp_address).config(0)).err().unwrap();
    assert!(matches!(refused, StartError::NoRuntime), "{refused}");
}

#[tokio::test]
async fn bad_configurations_are_refused() {
    let plan = Plan::new(2, tcp_address);
    let _running = plan.start(0);
    let occupied = Network::start(plan.config(0)).err().unwrap();
    assert!(
        matches!(&occupied, StartError::Listen { address, .. } if *address == plan.address(0)),
        "{occupied}"
    );

    let mut unsupported = plan.config(1);
    unsupported.listen = vec!["/ip4/127.0.0.1/udp/1".parse().unwrap()];
    let refused = Network::start(unsupported).err().unwrap();
    assert!(matches!(refused, StartError::Listen { .. }), "{refused}");

    let mut twice = plan.config(1);
    twice.validators[0].public_key = public_key(1);
    let refused = Network::start(twice).err().unwrap();
    assert!(
        matches!(refused, StartError::Identity(IdentityError::Duplicate { first: 0, second: 1 })),
        "{refused}"
    );
}

#[tokio::test]
async fn port_zero_is_resolved_and_the_seed_is_not_shown() {
    let mut config = Plan::new(1, tcp_address).config(0);
    config.seed = [200; 32];
    assert!(!format!("{config:?}").contains("200, 200"));
    config.seed = crate::support::seed(0);
    config.listen =
        vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap(), "/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()];
    let node = Node::start(config);
    eventually("both addresses are known", || node.network.listen_addresses().len() == 2).await;
    assert!(node.network.listen_addresses().iter().all(|address| !address.to_string().contains("/0")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_stops_in_each_of_three_ways_and_frees_its_port() {
    bounded(async {
        let plan = Plan::new(1, tcp_address);
        let Node { network, mut incoming } = plan.start(0);
        network.clone().stop().await;
        assert_eq!(incoming.recv().await, None);
        network.stop().await;

        let Node { network, mut incoming } = plan.start(0);
        drop(network);
        assert_eq!(timeout(Duration::from_secs(5), incoming.recv()).await.unwrap(), None);

        let Node { network, incoming } = restarted(&plan).await;
        drop(incoming);
        let again = restarted(&plan).await;
        network.stop().await;
        again.network.stop().await;
    })
    .await;
}

/// Starts validator 0 as soon as its port is free.
async fn restarted(plan: &Plan) -> Node {
    for _ in 0..100 {
        if let Ok((network, incoming)) = Network::start(plan.config(0)) {
            return Node { network, incoming };
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("the port was not given back");
}

/// Limits come from a file that people write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn absurd_limits_do_no_harm() {
    bounded(async {
        let long = Duration::MAX;
        let mut plan = Plan::new(2, tcp_address);
        plan.limits = Limits {
            outbox_bytes_max: usize::MAX,
            inbox_bytes_max: usize::MAX,
            incoming_max: usize::MAX,
            requests_max: usize::MAX,
            inbound_requests_max: usize::MAX,
            streams_per_connection_max: usize::MAX,
            request_timeout: long,
            open_timeout: long,
            frame_timeout: long,
            heartbeat: long,
            silence_max: long,
            ban: long,
            ..Limits::default()
        };
        let (network, mut other) = (plan.start(0), plan.start(1));
        network.network.send(&peer_id(1), Kind::Vote, bytes(b"large"));
        assert_eq!(other.frame().await.2, b"large");

        let mut plan = Plan::new(2, tcp_address);
        plan.limits = Limits {
            observers_max: 0,
            pending_connections_max: 0,
            outbox_frames_max: 0,
            inbox_bytes_max: 0,
            incoming_max: 0,
            requests_max: 0,
            inbound_requests_max: 0,
            requests_per_connection_max: 0,
            strikes_max: 0,
            ..Limits::default()
        };
        let (network, mut other) = (plan.start(0), plan.start(1));
        network.connected(1).await;
        network.network.send(&peer_id(1), Kind::Batch, vec![0; Kind::Batch.bytes_max()].into());
        assert_eq!(other.frame().await.1, Kind::Batch);
    })
    .await;
}
