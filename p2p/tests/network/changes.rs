//! Validators that join and leave while the network runs.

use std::time::{Duration, Instant};

use p2p::identity::IdentityError;
use p2p::{DropReason, Incoming, PeerRef};
use proto::message::{Kind, Lane};
use tokio::time::sleep;

use crate::support::{Node, Plan, Raw, all_connected, bounded, bytes, eventually, peer_id, tcp_address};

/// A network of five of which the first `begun` are validators; the others know where those are.
fn world(begun: usize) -> (Plan, Vec<Node>) {
    let all = Plan::new(5, tcp_address);
    let first = Plan { peers: all.peers[..begun].to_vec(), ..all.clone() };
    let nodes = (0..5)
        .map(|index| {
            let mut config = first.config(0);
            config.seed = crate::support::seed(index);
            config.listen = vec![all.address(index)];
            Node::start(config)
        })
        .collect();
    (all, nodes)
}

/// Tells all that the validators are those of `members` now, and of nobody's address but its own.
fn change(plan: &Plan, nodes: &[Node], members: &[usize]) {
    let list: Vec<_> = members.iter().map(|index| plan.peers[*index].clone()).collect();
    for node in nodes {
        node.network.set_validators(&list).unwrap();
    }
}

/// Sends a numbered vote from everyone to everyone and waits until all have come.
async fn all_hear_all(nodes: &mut [Node], members: &[usize], number: u8) {
    for from in members {
        nodes[*from].network.broadcast(Kind::Vote, bytes(&[number]));
    }
    for to in members {
        let mut heard = Vec::new();
        while heard.len() < members.len() - 1 {
            let (from, _, bytes) = nodes[*to].frame().await;
            if bytes == [number] {
                heard.push(usize::from(from));
            }
        }
        heard.sort_unstable();
        let expected: Vec<_> = members.iter().copied().filter(|from| from != to).collect();
        assert_eq!(heard, expected, "at {to}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observers_become_validators_without_a_restart_and_go_again() {
    bounded(async {
        let (plan, mut nodes) = world(3);
        all_connected(&nodes[..3]).await;
        nodes[3].connected(3).await;
        nodes[4].connected(3).await;
        all_hear_all(&mut nodes, &[0, 1, 2], 1).await;
        let frames = |node: &Node| node.network.stats().traffic(Kind::Vote).frames_in;
        assert_eq!(frames(&nodes[3]), 0, "an observer hears no votes");

        let begun = Instant::now();
        change(&plan, &nodes, &[0, 1, 2, 3, 4]);
        all_hear_all(&mut nodes, &[0, 1, 2, 3, 4], 2).await;
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(5), "five had all lanes after {took:?}");

        // Two leave, one of them with the lowest index; the newcomers stay.
        change(&plan, &nodes, &[2, 3, 4]);
        all_hear_all(&mut nodes, &[2, 3, 4], 3).await;
        nodes[0].network.send(&peer_id(3), Kind::Vote, bytes(b"from one who left"));
        assert_eq!(nodes[0].drops(DropReason::NoSuchPeer), 1);
        nodes[3].network.send(&peer_id(0), Kind::Vote, bytes(b"to one who left"));
        assert_eq!(nodes[3].drops(DropReason::NoSuchPeer), 1);

        // Who left goes on as an observer: it asks, and is named as one.
        eventually("it is connected again", || nodes[0].network.stats().validators_connected == 3).await;
        nodes[0].network.request(peer_id(3), 7, b"what is new?".to_vec());
        let from = nodes[3].next_of(|incoming| match incoming {
            Incoming::Request { from, .. } => Some(from),
            _ => None,
        });
        assert_eq!(from.await, PeerRef::Observer(peer_id(0)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stays_keeps_connection_and_queue() {
    bounded(async {
        let (plan, mut nodes) = world(3);
        all_connected(&nodes[..3]).await;
        all_hear_all(&mut nodes, &[0, 1], 1).await;
        // In the queue of one who stays, the frames of before come through in order.
        for number in 10..60u8 {
            nodes[0].network.send(&peer_id(1), Kind::Vote, bytes(&[number]));
            if number == 30 {
                change(&plan, &nodes, &[0, 1, 3]);
            }
        }
        for number in 10..60u8 {
            let (from, _, bytes) = nodes[1]
                .next_of(|incoming| match incoming {
                    Incoming::Frame { from, kind, bytes } => Some((from, kind, bytes)),
                    Incoming::PeerDown { peer } => {
                        assert_eq!(peer, peer_id(2), "only who left is gone");
                        None
                    }
                    _ => None,
                })
                .await;
            assert_eq!((from, bytes), (peer_id(0), vec![number]));
        }
    })
    .await;
}

/// The key of a frame's sender says who sent it, though the sender's place in the list was another's meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_read_before_a_change_are_their_senders_after_it() {
    bounded(async {
        let (plan, mut nodes) = world(3);
        all_connected(&nodes[..3]).await;
        for (from, node) in (0u8..2).zip(&nodes) {
            node.network.send(&peer_id(2), Kind::Vote, bytes(&[from]));
        }
        eventually("both are read and not taken", || {
            nodes[2].network.stats().traffic(Kind::Vote).frames_in == 2
        })
        .await;
        change(&plan, &nodes, &[1, 2, 3]);
        sleep(Duration::from_millis(100)).await;
        for _ in 0..2 {
            let (from, _, bytes) = nodes[2].frame().await;
            assert_eq!(bytes, [from]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_left_is_not_offered_the_lanes() {
    bounded(async {
        let plan = Plan::new(3, tcp_address);
        let node = plan.start(0);
        let mut leaver = Raw::new(1);
        leaver.connect(plan.address(0)).await;
        let mut stream = leaver.open(peer_id(0), Lane::Consensus).await.unwrap();
        node.network.set_validators(&[plan.peers[0].clone(), plan.peers[2].clone()]).unwrap();
        crate::support::closed(&mut stream).await;
        eventually("its connection is closed", || {
            let stats = node.network.stats();
            (stats.validators_connected, stats.observers_connected) == (0, 0)
        })
        .await;
        leaver.connect(plan.address(0)).await;
        let refused = leaver.open(peer_id(0), Lane::Consensus).await.unwrap_err();
        assert!(refused.to_string().contains("does not support"), "{refused}");
        assert_eq!(node.network.stats().observers_connected, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_lies_changes_nothing() {
    bounded(async {
        let mut nodes = Plan::new(2, tcp_address).start_all();
        all_connected(&nodes).await;
        let twice = Plan::new(2, tcp_address).peers[1].clone();
        let refused = nodes[0].network.set_validators(&[twice.clone(), twice]).unwrap_err();
        assert_eq!(refused, IdentityError::Duplicate { first: 0, second: 1 });
        all_hear_all(&mut nodes, &[0, 1], 1).await;
    })
    .await;
}
