//! A validator's key in hostile hands: frames that break each rule, silence and stalls.

use std::time::Duration;

use futures::AsyncWriteExt as _;
use p2p::codec::{HEARTBEAT, encode_head};
use p2p::limits::lane_bytes_max;
use p2p::{DropReason, Incoming, Limits};
use proto::message::{Kind, Lane};
use tokio::time::sleep;

use crate::support::{
    Node, Plan, Raw, RawEvent, bounded, closed, eventually, network_id, patient, peer_id, tcp_address,
};

/// A network whose validator 1 is hostile.
async fn world(limits: Limits) -> (Plan, Node, Raw) {
    let mut plan = Plan::new(3, tcp_address);
    plan.limits = limits;
    let node = plan.start(0);
    let mut hostile = Raw::new(1);
    hostile.connect(plan.address(0)).await;
    (plan, node, hostile)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bad_frame_closes_its_stream_and_is_counted() {
    bounded(async {
        struct Case {
            name: &'static str,
            lane: Lane,
            bytes: Vec<u8>,
        }
        let over = |lane| u32::try_from(lane_bytes_max(lane) + 2).unwrap().to_be_bytes().to_vec();
        let cases = [
            Case { name: "length of all ones", lane: Lane::Consensus, bytes: vec![0xff; 4] },
            Case { name: "one above the lane", lane: Lane::Bulk, bytes: over(Lane::Bulk) },
            Case { name: "unknown kind", lane: Lane::Consensus, bytes: vec![0, 0, 0, 1, 99] },
            Case { name: "kind zero", lane: Lane::Bulk, bytes: vec![0, 0, 0, 1, 0] },
            Case { name: "batch among votes", lane: Lane::Consensus, bytes: vec![0, 0, 0, 2, 5, 0] },
            Case { name: "request on a lane", lane: Lane::Bulk, bytes: vec![0, 0, 0, 2, 8, 0] },
            Case { name: "vote of 2 KiB", lane: Lane::Consensus, bytes: vec![0, 0, 8, 0, 2] },
        ];
        let (_, mut node, mut hostile) = world(patient()).await;
        for (refused, case) in (1..).zip(&cases) {
            let mut stream = hostile.open(peer_id(0), case.lane).await.unwrap();
            // What came before the bad frame counts.
            let good = if case.lane == Lane::Consensus { Kind::Vote } else { Kind::Cosignature };
            stream.write_all(&encode_head(good, 1).unwrap()).await.unwrap();
            stream.write_all(&[7]).await.unwrap();
            stream.write_all(&case.bytes).await.unwrap();
            stream.flush().await.unwrap();
            closed(&mut stream).await;
            assert_eq!(node.frame().await, (1, good, vec![7]), "{}", case.name);
            eventually(case.name, || node.drops(DropReason::BadFrame) == refused).await;
        }
        assert_eq!(node.network.stats().bans, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_offence_shuts_out_for_a_while() {
    bounded(async {
        let limits = Limits { strikes_max: 3, ban: Duration::from_secs(1), ..Limits::default() };
        let (plan, mut node, mut hostile) = world(limits).await;
        for _ in 0..3 {
            let mut stream = hostile.open(peer_id(0), Lane::Consensus).await.unwrap();
            stream.write_all(&[0xff; 8]).await.unwrap();
            stream.flush().await.unwrap();
            closed(&mut stream).await;
        }
        hostile.expect(RawEvent::Closed).await;
        node.up(1).await;
        node.down(1).await;
        assert_eq!(node.network.stats().bans, 1);
        // It comes again at once and is turned away; the handshake ends before the refusal is seen.
        hostile.dials.send(plan.address(0)).unwrap();
        hostile.expect(RawEvent::Closed).await;
        assert_eq!(node.network.stats().validators_connected, 0);
        sleep(Duration::from_millis(1200)).await;
        hostile.connect(plan.address(0)).await;
        node.up(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_and_stalls_are_ended() {
    bounded(async {
        let limits = Limits {
            frame_timeout: Duration::from_millis(500),
            silence_max: Duration::from_millis(1000),
            ..patient()
        };
        let (plan, node, mut hostile) = world(limits).await;
        // Half a frame, then nothing: the lane ends, and the room bought for it is free again.
        let mut stalled = hostile.open(peer_id(0), Lane::Bulk).await.unwrap();
        stalled.write_all(&encode_head(Kind::Batch, 1000).unwrap()).await.unwrap();
        stalled.flush().await.unwrap();
        closed(&mut stalled).await;
        eventually("the stall is counted", || node.drops(DropReason::Stalled) == 1).await;
        assert_eq!(node.network.stats().validators_connected, 1);
        // Heartbeats keep a lane alive beyond the silence allowed; without them the connection goes.
        let mut silent = hostile.open(peer_id(0), Lane::Consensus).await.unwrap();
        for _ in 0..6 {
            silent.write_all(&HEARTBEAT).await.unwrap();
            silent.flush().await.unwrap();
            sleep(Duration::from_millis(300)).await;
        }
        assert_eq!(node.network.stats().validators_connected, 1);
        hostile.expect(RawEvent::Closed).await;
        eventually("the silence is counted", || node.drops(DropReason::Stalled) == 2).await;
        hostile.connect(plan.address(0)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_stream_takes_the_place_of_the_older() {
    bounded(async {
        let (_, mut node, mut hostile) = world(patient()).await;
        let mut older = hostile.open(peer_id(0), Lane::Consensus).await.unwrap();
        let mut newer = hostile.open(peer_id(0), Lane::Consensus).await.unwrap();
        closed(&mut older).await;
        newer.write_all(&encode_head(Kind::Vote, 0).unwrap()).await.unwrap();
        newer.flush().await.unwrap();
        assert_eq!(node.frame().await, (1, Kind::Vote, vec![]));
    })
    .await;
}

/// Anyone may ask, so anyone may ask wrongly: it costs them the stream, and nobody else anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_requests_of_strangers_close_their_streams() {
    bounded(async {
        let plan = Plan::new(1, tcp_address);
        let mut node = plan.start(0);
        let mut stranger = Raw::new(100);
        stranger.connect(plan.address(0)).await;
        let protocol = p2p::protocol::lane(&network_id(), Lane::Request);
        for bad in [&[0xff; 8][..], &[0, 0, 0x10, 1], &[0, 0, 0, 9, 1, 2, 3], &[0, 0]] {
            let mut stream = stranger.control.open_stream(peer_id(0), protocol.clone()).await.unwrap();
            stream.write_all(bad).await.unwrap();
            stream.close().await.unwrap();
            closed(&mut stream).await;
        }
        let observer = plan.observer(101);
        observer.connected(1).await;
        observer.network.request(peer_id(0), 1, b"good".to_vec());
        let asked = node.next_of(|incoming| match incoming {
            Incoming::Request { bytes, .. } => Some(bytes),
            _ => None,
        });
        assert_eq!(asked.await, b"good");
    })
    .await;
}
