//! Order, fairness and the exactly-one rule of the inbox, without a network.

use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::identity::{keypair, peer_id};
use crate::links::{LinkChange, Links};

fn peer(number: u8) -> PeerId {
    let key = keypair(&mut [number; 32]).public().try_into_ed25519().unwrap().to_bytes();
    peer_id(&key).unwrap()
}

struct World {
    inbox: Inbox,
    links: Links,
    incoming: mpsc::Receiver<Incoming>,
    room: Arc<Semaphore>,
}

/// `deliver` starts when `fill` has put its messages, so their order of arrival cannot matter.
async fn world(fill: impl FnOnce(&Inbox, &Links, &Arc<Semaphore>)) -> World {
    let (inbox, sources) = Inbox::new(4, Arc::new(Counters::default()));
    let links = Links::new([peer(0), peer(1)]);
    let room = Arc::new(Semaphore::new(1000));
    fill(&inbox, &links, &room);
    let (sender, incoming) = mpsc::channel(1);
    tokio::spawn(deliver(sources, links.watch(), sender));
    World { inbox, links, incoming, room }
}

fn put(inbox: &Inbox, room: &Arc<Semaphore>, kind: Kind) {
    let permit = Arc::clone(room).try_acquire_many_owned(1).unwrap();
    inbox.frame(peer(1), kind, vec![kind as u8], permit);
}

async fn next(incoming: &mut mpsc::Receiver<Incoming>) -> Incoming {
    timeout(Duration::from_secs(5), incoming.recv()).await.unwrap().unwrap()
}

async fn next_kind(incoming: &mut mpsc::Receiver<Incoming>) -> Kind {
    match next(incoming).await {
        Incoming::Frame { kind, .. } => kind,
        other => panic!("a frame was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn votes_overtake_batches_and_batches_get_a_turn() {
    let mut world = world(|inbox, _, room| {
        for _ in 0..3 {
            put(inbox, room, Kind::Batch);
        }
        for _ in 0..20 {
            put(inbox, room, Kind::Vote);
        }
    })
    .await;
    let mut kinds = Vec::new();
    for _ in 0..23 {
        kinds.push(next_kind(&mut world.incoming).await);
    }
    let batches: Vec<_> =
        kinds.iter().enumerate().filter(|(_, k)| **k == Kind::Batch).map(|(at, _)| at).collect();
    assert_eq!(batches, [8, 17, 22]);
}

#[tokio::test]
async fn room_is_held_until_the_node_takes_the_frame() {
    let mut world = world(|_, _, _| {}).await;
    for _ in 0..10 {
        put(&world.inbox, &world.room, Kind::Vote);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    // One lies in the channel, one is in the hand of `deliver`; the other eight hold their room.
    assert!(world.room.available_permits() <= 1000 - 8);
    for _ in 0..10 {
        next(&mut world.incoming).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.room.available_permits(), 1000);
}

#[tokio::test]
async fn a_request_has_exactly_one_answer() {
    let places = Arc::new(Semaphore::new(2));
    let mut world = world(|_, _, _| {}).await;
    let first = Pending::new(1, peer(0), &world.inbox, &places).unwrap();
    let second = Pending::new(2, peer(0), &world.inbox, &places).unwrap();
    assert!(Pending::new(3, peer(0), &world.inbox, &places).is_none());
    assert_eq!(next(&mut world.incoming).await, Incoming::RequestFailed { ticket: 3 });
    drop(second);
    assert_eq!(next(&mut world.incoming).await, Incoming::RequestFailed { ticket: 2 });
    first.answered(vec![7]);
    assert_eq!(
        next(&mut world.incoming).await,
        Incoming::Response { ticket: 1, from: peer(0), bytes: vec![7] }
    );
    assert!(timeout(Duration::from_millis(50), world.incoming.recv()).await.is_err());
    assert_eq!(places.available_permits(), 2);
}

#[tokio::test]
async fn a_link_that_fell_and_rose_is_told_as_both() {
    let mut world = world(|_, links, _| links.change(&peer(1), LinkChange::Up)).await;
    assert_eq!(next(&mut world.incoming).await, Incoming::PeerUp { peer: peer(1) });
    world.links.change(&peer(1), LinkChange::Renewed);
    assert_eq!(next(&mut world.incoming).await, Incoming::PeerDown { peer: peer(1) });
    assert_eq!(next(&mut world.incoming).await, Incoming::PeerUp { peer: peer(1) });
}

#[tokio::test]
async fn who_leaves_the_roster_is_told_as_down_and_may_come_back() {
    let mut world = world(|_, links, _| links.change(&peer(1), LinkChange::Up)).await;
    assert_eq!(next(&mut world.incoming).await, Incoming::PeerUp { peer: peer(1) });
    world.links.remove(&peer(1));
    world.links.add(peer(1));
    world.links.change(&peer(1), LinkChange::Up);
    assert_eq!(next(&mut world.incoming).await, Incoming::PeerDown { peer: peer(1) });
    assert_eq!(next(&mut world.incoming).await, Incoming::PeerUp { peer: peer(1) });
    world.links.remove(&peer(1));
    assert_eq!(next(&mut world.incoming).await, Incoming::PeerDown { peer: peer(1) });
}

#[tokio::test]
async fn too_many_questions_are_dropped_and_counted() {
    let counters = Arc::new(Counters::default());
    let (inbox, _sources) = Inbox::new(2, Arc::clone(&counters));
    let announcement = Incoming::Announcement { author: peer(1), bytes: vec![1] };
    assert_eq!(inbox.ask(announcement.clone()), Accepted::Yes);
    assert_eq!(inbox.ask(announcement.clone()), Accepted::Yes);
    assert_eq!(inbox.ask(announcement), Accepted::No);
    assert_eq!(counters.read().drops(DropReason::InboxFull), 1);
}
