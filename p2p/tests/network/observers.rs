//! Observers: what reaches them, what they cannot do, how many there may be.

use std::time::Duration;

use p2p::{DropReason, Incoming};
use proto::message::{Kind, Lane};
use tokio::time::{sleep, timeout};

use crate::support::{Node, Plan, Raw, RawEvent, bounded, bytes, eventually, peer_id, tcp_address};

async fn announcement(node: &mut Node) -> Vec<u8> {
    node.next_of(|incoming| match incoming {
        Incoming::Announcement { author: _, bytes } => Some(bytes),
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn announcements_reach_observers_and_only_validators_make_them() {
    bounded(async {
        let plan = Plan::new(2, tcp_address);
        let mut nodes = plan.start_all();
        let mut observer = plan.observer(100);
        observer.connected(2).await;
        nodes[0].connected(1).await;
        let checkpoint = vec![9; Kind::CertifiedCheckpoint.bytes_max()];
        let heard = async {
            loop {
                // Said again until the subscription has got around; it is one message all the same.
                nodes[0].network.announce(checkpoint.clone());
                if let Ok(bytes) = timeout(Duration::from_millis(300), announcement(&mut observer)).await {
                    return bytes;
                }
            }
        };
        assert!(heard.await == checkpoint);
        assert!(announcement(&mut nodes[1]).await == checkpoint);
        nodes[0].network.announce(vec![0; Kind::CertifiedCheckpoint.bytes_max() + 1]);
        assert_eq!(nodes[0].drops(DropReason::Unlawful), 1);

        observer.network.announce(b"believe me".to_vec());
        eventually("a validator refuses it", || {
            nodes.iter().any(|node| node.drops(DropReason::Untrusted) > 0)
        })
        .await;
        nodes[1].network.announce(b"the next checkpoint".to_vec());
        assert_eq!(announcement(&mut nodes[0]).await, b"the next checkpoint");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn validators_announce_nothing_to_one_another() {
    bounded(async {
        let plan = Plan::new(2, tcp_address);
        let mut nodes = plan.start_all();
        nodes[0].connected(1).await;
        for number in 0..10 {
            nodes[0].network.announce(vec![number; 100]);
            sleep(Duration::from_millis(20)).await;
        }
        assert!(timeout(Duration::from_millis(300), announcement(&mut nodes[1])).await.is_err());

        // While an observer listens at one of them, it hears what the other announces; afterwards no more.
        let observer = plan.observer(100);
        let heard = async {
            loop {
                nodes[0].network.announce(b"for the observer".to_vec());
                if timeout(Duration::from_millis(300), announcement(&mut nodes[1])).await.is_ok() {
                    return;
                }
            }
        };
        heard.await;
        observer.network.stop().await;
        let mut number = 0_u32;
        let silent = async {
            loop {
                nodes[0].network.announce(number.to_be_bytes().to_vec());
                number += 1;
                if timeout(Duration::from_millis(300), announcement(&mut nodes[1])).await.is_err() {
                    return;
                }
            }
        };
        silent.await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_not_offered_the_lanes() {
    bounded(async {
        let plan = Plan::new(2, tcp_address);
        let node = plan.start(0);
        let mut stranger = Raw::new(100);
        stranger.connect(plan.address(0)).await;
        for lane in [Lane::Consensus, Lane::Bulk] {
            let refused = stranger.open(peer_id(0), lane).await.unwrap_err();
            assert!(refused.to_string().contains("does not support"), "{refused}");
        }
        // The same peer with a listed key is let in.
        let mut validator = Raw::new(1);
        validator.connect(plan.address(0)).await;
        assert!(validator.open(peer_id(0), Lane::Consensus).await.is_ok());
        let stats = node.network.stats();
        assert_eq!((stats.validators_connected, stats.observers_connected), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observers_have_few_slots_and_validators_their_own() {
    bounded(async {
        let mut plan = Plan::new(2, tcp_address);
        plan.limits.observers_max = 2;
        let node = plan.start(0);
        let mut strangers: Vec<_> = (100..103).map(Raw::new).collect();
        for stranger in &mut strangers[..2] {
            stranger.connect(plan.address(0)).await;
        }
        eventually("both slots are taken", || node.network.stats().observers_connected == 2).await;
        strangers[2].dials.send(plan.address(0)).unwrap();
        strangers[2].expect(RawEvent::Closed).await;
        let _validator = plan.start(1);
        node.connected(1).await;
        // A slot that is given back can be taken.
        drop(strangers.remove(0));
        eventually("a slot is free", || node.network.stats().observers_connected == 1).await;
        strangers[1].connect(plan.address(0)).await;
        // Nor does it matter who dialled whom between the validators.
        eventually("it is taken", || node.network.stats().observers_connected == 2).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_observer_has_no_lanes_to_send_on() {
    bounded(async {
        let plan = Plan::new(1, tcp_address);
        let mut validator = plan.start(0);
        let observer = plan.observer(100);
        observer.connected(1).await;
        observer.network.send(&peer_id(0), Kind::Vote, bytes(b"vote"));
        observer.network.broadcast(Kind::Vote, bytes(b"vote"));
        assert_eq!(observer.drops(DropReason::NoSuchPeer), 1);
        sleep(Duration::from_millis(200)).await;
        assert!(validator.incoming.try_recv().is_err());
    })
    .await;
}

/// Observers meet each other through the address book of a validator, which itself dials neither.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observers_find_one_another() {
    bounded(async {
        let plan = Plan::new(1, tcp_address);
        let validator = plan.start(0);
        let first = plan.observer(100);
        first.connected(1).await;
        eventually("the validator sees it", || validator.network.stats().observers_connected == 1).await;
        sleep(Duration::from_millis(300)).await;
        let second = plan.observer(101);
        eventually("they are connected", || {
            first.network.stats().observers_connected == 1 && second.network.stats().observers_connected == 1
        })
        .await;
    })
    .await;
}
