//! Requests: answered, refused, timed out, to nobody; exactly one outcome each.

use std::time::Duration;

use p2p::{DropReason, InboundTicket, Incoming, PeerRef};
use proto::message::Kind;
use tokio::time::{Instant, timeout};

use crate::support::{Node, Plan, all_connected, bounded, peer_id, tcp_address};

async fn asked(node: &mut Node) -> (PeerRef, InboundTicket, Vec<u8>) {
    node.next_of(|incoming| match incoming {
        Incoming::Request { from, ticket, bytes } => Some((from, ticket, bytes)),
        _ => None,
    })
    .await
}

/// The outcome of the next request: its ticket, and the answer if there is one.
async fn outcome(node: &mut Node) -> (u64, Option<Vec<u8>>) {
    node.next_of(|incoming| match incoming {
        Incoming::Response { ticket, bytes, .. } => Some((ticket, Some(bytes))),
        Incoming::RequestFailed { ticket } => Some((ticket, None)),
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_the_largest_size_comes_back() {
    bounded(async {
        let mut nodes = Plan::new(2, tcp_address).start_all();
        all_connected(&nodes).await;
        let question = vec![1; Kind::Request.bytes_max()];
        let answer = vec![2; Kind::Response.bytes_max()];
        nodes[0].network.request(peer_id(1), 77, question.clone());
        let (from, ticket, bytes) = asked(&mut nodes[1]).await;
        assert_eq!((from, bytes), (PeerRef::Validator(peer_id(0)), question));
        nodes[1].network.respond(ticket, answer.clone());
        nodes[1].network.respond(ticket, b"a second answer goes nowhere".to_vec());
        assert!(outcome(&mut nodes[0]).await == (77, Some(answer)));
        assert!(timeout(Duration::from_millis(200), nodes[0].incoming.recv()).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_told_once_and_in_time() {
    bounded(async {
        let mut plan = Plan::new(3, tcp_address);
        plan.limits.request_timeout = Duration::from_millis(700);
        let (mut asker, mut answerer) = (plan.start(0), plan.start(1));
        asker.connected(1).await;
        answerer.connected(1).await;

        asker.network.request(peer_id(1), 1, vec![0; Kind::Request.bytes_max() + 1]);
        assert_eq!(outcome(&mut asker).await, (1, None));
        assert_eq!(asker.drops(DropReason::Unlawful), 1);
        asker.network.request(peer_id(2), 2, b"to one who is away".to_vec());
        assert_eq!(outcome(&mut asker).await, (2, None));
        asker.network.request(peer_id(0), 3, b"to ourselves".to_vec());
        assert_eq!(outcome(&mut asker).await, (3, None));
        asker.network.request(peer_id(9), 4, b"to nobody".to_vec());
        assert_eq!(outcome(&mut asker).await, (4, None));

        asker.network.request(peer_id(1), 5, b"never answered".to_vec());
        let (_, late, _) = asked(&mut answerer).await;
        let begun = Instant::now();
        assert_eq!(outcome(&mut asker).await, (5, None));
        assert!(begun.elapsed() < Duration::from_secs(3));
        answerer.network.respond(late, b"too late".to_vec());

        asker.network.request(peer_id(1), 6, b"answered beyond the bound".to_vec());
        let (_, ticket, _) = asked(&mut answerer).await;
        answerer.network.respond(ticket, vec![0; Kind::Response.bytes_max() + 1]);
        assert_eq!(outcome(&mut asker).await, (6, None));

        asker.network.request(peer_id(1), 7, b"lost with its connection".to_vec());
        asked(&mut answerer).await;
        answerer.network.stop().await;
        assert_eq!(outcome(&mut asker).await, (7, None));
        while let Ok(incoming) = asker.incoming.try_recv() {
            assert!(matches!(incoming, Incoming::PeerDown { .. }), "{incoming:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_requests_fail_at_once_and_places_come_back() {
    bounded(async {
        let mut plan = Plan::new(2, tcp_address);
        plan.limits.requests_max = 2;
        let mut nodes = plan.start_all();
        all_connected(&nodes).await;
        for ticket in 0..3 {
            nodes[0].network.request(peer_id(1), ticket, vec![]);
        }
        assert_eq!(outcome(&mut nodes[0]).await, (2, None));
        for _ in 0..2 {
            let (_, ticket, _) = asked(&mut nodes[1]).await;
            nodes[1].network.respond(ticket, vec![]);
            assert!(outcome(&mut nodes[0]).await.1.is_some());
        }
        nodes[0].network.request(peer_id(1), 9, vec![]);
        let (_, ticket, _) = asked(&mut nodes[1]).await;
        nodes[1].network.respond(ticket, vec![8]);
        assert_eq!(outcome(&mut nodes[0]).await, (9, Some(vec![8])));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_questions_of_others_are_refused() {
    bounded(async {
        let mut plan = Plan::new(2, tcp_address);
        plan.limits.inbound_requests_max = 2;
        let mut nodes = plan.start_all();
        all_connected(&nodes).await;
        for ticket in 0..5 {
            nodes[0].network.request(peer_id(1), ticket, vec![]);
        }
        for _ in 0..3 {
            assert_eq!(outcome(&mut nodes[0]).await.1, None);
        }
        assert_eq!(nodes[1].drops(DropReason::InboxFull), 3);
        for _ in 0..2 {
            let (_, ticket, _) = asked(&mut nodes[1]).await;
            nodes[1].network.respond(ticket, vec![]);
            assert!(outcome(&mut nodes[0]).await.1.is_some());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_observer_asks_and_is_named_by_its_key() {
    bounded(async {
        let plan = Plan::new(1, tcp_address);
        let mut validator = plan.start(0);
        let mut observer = plan.observer(100);
        observer.connected(1).await;
        observer.network.request(peer_id(0), 5, b"which blocks?".to_vec());
        let (from, ticket, _) = asked(&mut validator).await;
        assert_eq!(from, PeerRef::Observer(peer_id(100)));
        validator.network.respond(ticket, b"these".to_vec());
        assert_eq!(outcome(&mut observer).await, (5, Some(b"these".to_vec())));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observers_cannot_take_the_places_of_validators() {
    bounded(async {
        let mut plan = Plan::new(2, tcp_address);
        plan.limits.inbound_requests_max = 4;
        let mut nodes = plan.start_all();
        let mut observer = plan.observer(100);
        observer.connected(2).await;
        nodes[0].connected(1).await;
        for ticket in 0..3 {
            observer.network.request(peer_id(1), ticket, vec![]);
        }
        assert_eq!(outcome(&mut observer).await.1, None);
        nodes[0].network.request(peer_id(1), 0, vec![]);
        let (mut from, mut ticket) = (PeerRef::Validator(peer_id(9)), InboundTicket::new(0));
        for _ in 0..3 {
            (from, ticket, _) = asked(&mut nodes[1]).await;
        }
        assert_eq!(from, PeerRef::Validator(peer_id(0)));
        nodes[1].network.respond(ticket, vec![1]);
        assert_eq!(outcome(&mut nodes[0]).await, (0, Some(vec![1])));
    })
    .await;
}
