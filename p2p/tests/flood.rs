//! Ten thousand bad frames, in a process of their own so that its memory can be watched.
#![allow(clippy::unwrap_used)]

#[path = "network/support.rs"]
mod support;

use std::time::Duration;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::Multiaddr;
use p2p::DropReason;
use p2p::codec::HEARTBEAT;
use p2p::limits::lane_bytes_max;
use proto::message::{Kind, Lane};
use support::{Plan, Raw, RawEvent, bounded, bytes, patient, peer_id, resident_bytes, tcp_address};
use tokio::time::sleep;

/// A small generator: the same bad frames in every run.
struct Seeded(u64);

impl Seeded {
    /// The next number (xorshift64*).
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn bytes(&mut self, count: u64) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// Bytes that end in a frame no reader of `lane` may accept.
    fn bad_frame(&mut self, lane: Lane) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.below(4) == 0 {
            bytes.extend_from_slice(&HEARTBEAT);
        }
        let max = lane_bytes_max(lane) as u64;
        let (length, kind) = match self.below(4) {
            0 => (max + 2 + self.below(u64::from(u32::MAX) - max - 2), self.next() as u8),
            1 => (1 + self.below(max), 10 + self.below(246) as u8),
            2 => (1 + self.below(max), 0),
            _ => {
                let others: Vec<_> = Kind::ALL.into_iter().filter(|kind| kind.lane() != lane).collect();
                (1 + self.below(max), others[self.below(others.len() as u64) as usize] as u8)
            }
        };
        bytes.extend_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
        bytes.push(kind);
        let tail = self.below(64);
        bytes.extend(self.bytes(tail));
        bytes
    }
}

/// Writes `count` bad frames to validator 0, each on a stream of its own, and sees each stream closed.
async fn flood(raw: &mut Raw, address: &Multiaddr, lane: Lane, count: usize, seed: u64) {
    let mut seeded = Seeded(seed);
    let mut done = 0;
    while done < count {
        // The stream may be refused when the last one is still being taken away; that is a refusal, too. And on a slow
        // machine the connection ends meanwhile: it is one without a consensus lane that would stay.
        let Ok(mut stream) = raw.open(peer_id(0), lane).await else {
            if raw.events.try_recv() == Ok(RawEvent::Closed) {
                raw.connect(address.clone()).await;
            }
            continue;
        };
        let bad = seeded.bad_frame(lane);
        let written = async {
            stream.write_all(&bad).await?;
            stream.flush().await
        };
        // The reader may close before the tail is written.
        let _ = written.await;
        let mut byte = [0];
        assert!(matches!(stream.read(&mut byte).await, Ok(0) | Err(_)), "a bad frame was not refused");
        done += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_bad_frames_cost_nothing_and_good_peers_go_on() {
    bounded(async {
        const EACH: usize = 5_000;
        let mut plan = Plan::new(4, tcp_address);
        plan.limits = patient();
        let (mut node, good) = (plan.start(0), plan.start(3));
        good.connected(1).await;
        let mut floods = Vec::new();
        let mut before = 0;
        for (number, lane) in [(1, Lane::Consensus), (2, Lane::Bulk)] {
            let mut raw = Raw::new(number);
            raw.connect(plan.address(0)).await;
            // Warm: what libp2p keeps for a connection is there before memory is measured.
            flood(&mut raw, &plan.address(0), lane, 1, 0).await;
            before = resident_bytes();
            let (address, seed) = (plan.address(0), 0x5eed + u64::from(number));
            floods.push(tokio::spawn(async move { flood(&mut raw, &address, lane, EACH, seed).await }));
        }
        let mut sent = 0u32;
        while floods.iter().any(|flood| !flood.is_finished()) {
            good.network.send(&peer_id(0), Kind::Vote, bytes(&sent.to_be_bytes()));
            assert_eq!(node.frame().await, (3, Kind::Vote, sent.to_be_bytes().to_vec()));
            sent += 1;
            sleep(Duration::from_millis(20)).await;
        }
        for flood in floods {
            flood.await.unwrap();
        }
        assert!(node.drops(DropReason::BadFrame) >= 2 * EACH as u64);
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < 32 << 20, "memory grew by {grown} B over 10,000 bad frames");
        assert!(sent > 0);
        good.network.send(&peer_id(0), Kind::Batch, vec![1; Kind::Batch.bytes_max()].into());
        assert_eq!(node.frame().await.1, Kind::Batch);
    })
    .await;
}
