//! Frames between validators: order, size, reconnection, back-pressure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use p2p::DropReason;
use proto::message::Kind;
use tokio::time::sleep;

use crate::support::{Plan, all_connected, bounded, bytes, eventually, peer_id, quic_address, tcp_address};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_validators_exchange_both_lanes_in_order() {
    bounded(async {
        const VOTES: u32 = 200;
        const BATCHES: u32 = 20;
        let mut nodes = Plan::new(4, tcp_address).start_all();
        all_connected(&nodes).await;
        for node in &nodes {
            for number in 0..VOTES {
                node.network.broadcast(Kind::Vote, bytes(&number.to_be_bytes()));
            }
            for number in 0..BATCHES {
                let mut batch = vec![0; 20_000];
                batch[..4].copy_from_slice(&number.to_be_bytes());
                node.network.broadcast(Kind::Batch, batch.into());
            }
        }
        for node in &mut nodes {
            let mut next = BTreeMap::new();
            for _ in 0..3 * (VOTES + BATCHES) {
                let (from, kind, bytes) = node.frame().await;
                let expected: &mut u32 = next.entry((from, kind)).or_default();
                assert_eq!(bytes[..4], expected.to_be_bytes(), "{kind:?} from {from}");
                *expected += 1;
            }
            let (votes, batches): (Vec<_>, Vec<_>) =
                next.into_iter().partition(|((_, kind), _)| *kind == Kind::Vote);
            assert!(votes.iter().all(|(_, count)| *count == VOTES), "{votes:?}");
            assert!(batches.iter().all(|(_, count)| *count == BATCHES), "{batches:?}");
        }
        let stats = nodes[0].network.stats();
        assert_eq!(stats.traffic(Kind::Vote).frames_out, 3 * u64::from(VOTES));
        assert_eq!(stats.traffic(Kind::Batch).bytes_in, 3 * 20_000 * u64::from(BATCHES));
        assert!(stats.drops.iter().all(|count| *count == 0), "{stats:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_batch_arrives_and_a_larger_one_is_not_sent() {
    bounded(async {
        let mut nodes = Plan::new(2, tcp_address).start_all();
        all_connected(&nodes).await;
        let max = Kind::Batch.bytes_max();
        let batch: Vec<u8> = (0..max).map(|at| (at % 251) as u8).collect();
        let network = nodes[0].network.clone();
        network.send(&peer_id(1), Kind::Batch, vec![0; max + 1].into());
        network.send(&peer_id(1), Kind::Request, bytes(b"requests have their own door"));
        network.send(&peer_id(0), Kind::Batch, bytes(b"to ourselves"));
        network.send(&peer_id(2), Kind::Batch, bytes(b"to nobody"));
        network.send(&peer_id(1), Kind::Batch, batch.clone().into());
        assert!(
            nodes[1].frame().await == (0, Kind::Batch, batch),
            "the first frame is the lawful one, unchanged"
        );
        assert_eq!(nodes[0].drops(DropReason::Unlawful), 2);
        assert_eq!(nodes[0].drops(DropReason::NoSuchPeer), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quic_carries_both_lanes() {
    bounded(async {
        let mut nodes = Plan::new(2, quic_address).start_all();
        all_connected(&nodes).await;
        let batch = vec![5; Kind::Batch.bytes_max()];
        nodes[0].network.send(&peer_id(1), Kind::Batch, batch.clone().into());
        assert!(nodes[1].frame().await == (0, Kind::Batch, batch));
        nodes[1].network.send(&peer_id(0), Kind::Vote, bytes(b"vote"));
        assert_eq!(nodes[0].frame().await, (1, Kind::Vote, b"vote".to_vec()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quic_is_tried_when_tcp_is_dead() {
    bounded(async {
        let mut plan = Plan::new(2, quic_address);
        for peer in &mut plan.peers {
            // Nobody listens there.
            peer.addresses.push(tcp_address());
        }
        let nodes = plan.start_all();
        all_connected(&nodes).await;
    })
    .await;
}

/// How long a validator that was away for longer than a moment takes until it hears the other one and is heard.
async fn restart(plan: &Plan, restarted: u8) -> Duration {
    let staying = 1 - restarted;
    let (mut stays, leaves) = (plan.start(staying), plan.start(restarted));
    stays.up(restarted).await;
    leaves.connected(1).await;
    leaves.network.stop().await;
    stays.down(restarted).await;
    sleep(Duration::from_millis(1500)).await;
    let returned = Instant::now();
    let mut leaves = plan.start(restarted);
    stays.up(restarted).await;
    stays.network.send(&peer_id(restarted), Kind::Vote, bytes(b"welcome"));
    leaves.network.send(&peer_id(staying), Kind::Vote, bytes(b"back"));
    assert_eq!(stays.frame().await.2, b"back");
    assert_eq!(leaves.frame().await.2, b"welcome");
    let took = returned.elapsed();
    leaves.network.stop().await;
    stays.network.stop().await;
    took
}

/// The other one has long been backing off when the restarted one comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_validator_is_back_within_a_second() {
    bounded(async {
        let plan = Plan::new(2, tcp_address);
        for restarted in [0u8, 1] {
            let mut took = Vec::new();
            // Once in three times: a machine may be slow, waiting for a dial that was put off is slow every time.
            while took.last().is_none_or(|took| *took >= Duration::from_secs(1)) {
                assert!(took.len() < 3, "validator {restarted} took {took:?}");
                took.push(restart(&plan, restarted).await);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_little_waits_for_the_absent() {
    bounded(async {
        let plan = Plan::new(2, tcp_address);
        let early = plan.start(0);
        let kept = plan.limits.outbox_away_frames_max;
        for number in 0..kept as u32 + 10 {
            early.network.send(&peer_id(1), Kind::Vote, bytes(&number.to_be_bytes()));
        }
        assert_eq!(early.drops(DropReason::Away), 10);
        let mut late = plan.start(1);
        for number in 10..kept as u32 + 10 {
            assert_eq!(late.frame().await, (0, Kind::Vote, number.to_be_bytes().to_vec()));
        }
    })
    .await;
}

/// A node that takes nothing makes us stop reading; what the sender cannot hold it drops, oldest first; votes
/// still pass batches when the node wakes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_node_holds_little_and_hears_votes_first() {
    bounded(async {
        let mut plan = Plan::new(2, tcp_address);
        plan.limits.incoming_max = 2;
        plan.limits.outbox_bytes_max = 8 << 20;
        let mut nodes = plan.start_all();
        all_connected(&nodes).await;
        let batch: Arc<[u8]> = vec![3; Kind::Batch.bytes_max()].into();
        for _ in 0..64 {
            nodes[0].network.send(&peer_id(1), Kind::Batch, Arc::clone(&batch));
            sleep(Duration::from_millis(5)).await;
        }
        eventually("the sender drops", || nodes[0].drops(DropReason::QueueFull) > 0).await;
        let taken = nodes[1].network.stats().traffic(Kind::Batch).frames_in;
        // Two in the channel (one of them says that the peer is up), one in hand, one or two in the inbox.
        assert!(taken <= 5, "a node that takes nothing was read {taken} batches for");
        nodes[0].network.send(&peer_id(1), Kind::Vote, bytes(b"urgent"));
        eventually("the vote is read", || nodes[1].network.stats().traffic(Kind::Vote).frames_in == 1).await;
        let mut before = 0;
        while nodes[1].frame().await.1 != Kind::Vote {
            before += 1;
        }
        assert!(before <= 4, "the vote came after {before} batches");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_networks_share_keys_and_addresses_but_no_frames() {
    bounded(async {
        let plan = Plan::new(2, tcp_address);
        let mut other = plan.clone();
        other.network = crypto::sha256(b"another network");
        let (here, mut there) = (plan.start(0), other.start(1));
        here.connected(1).await;
        here.network.send(&peer_id(1), Kind::Vote, bytes(b"vote"));
        there.up(0).await;
        sleep(Duration::from_millis(500)).await;
        assert!(there.incoming.try_recv().is_err());
        assert_eq!(here.network.stats().traffic(Kind::Vote).frames_out, 0);
    })
    .await;
}
