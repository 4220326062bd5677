//! The sending end of a lane: keeps one stream to one validator open and empties its outbox into it.
//!
//! A stream counts as open when the reader has said so; until then no frame is spent on it. Small frames that
//! wait together leave in one flush. An idle writer sends heartbeats. It reads on, too, for the only thing
//! that can come back is the end.

use std::sync::Arc;
use std::time::Duration;

use futures::io::WriteHalf;
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::{PeerId, Stream, StreamProtocol};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::codec::{HEARTBEAT, encode_head};
use crate::limits::Limits;
use crate::links::{LinkCounts, is_up};
use crate::outbox::{Outbox, Outgoing};
use crate::reader::ACCEPTED;
use crate::stats::{Counters, DropReason};

/// Taken from the outbox for one flush, in bytes, unless a single frame is larger.
const FLUSH_BYTES: usize = 64 << 10;
/// The pause after a first failure to open; doubled by each further one.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// A stream that lived so long was a good one.
const GOOD_LIFE: Duration = Duration::from_secs(5);

/// Writes to one validator on one lane, for as long as it is one.
pub(crate) struct Writer {
    pub(crate) to: PeerId,
    pub(crate) protocol: StreamProtocol,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) links: watch::Receiver<LinkCounts>,
    pub(crate) control: libp2p_stream::Control,
    pub(crate) counters: Arc<Counters>,
    pub(crate) limits: Arc<Limits>,
}

/// How a pause has ended.
enum Rest {
    Over,
    Renewed,
}

impl Writer {
    pub(crate) async fn run(mut self) {
        let mut pause = PAUSE_FIRST;
        loop {
            if !self.is_linked() {
                pause = PAUSE_FIRST;
            }
            let linked = |counts: &LinkCounts| counts.get(&self.to).copied().is_some_and(is_up);
            let seen = match self.links.wait_for(linked).await {
                Ok(counts) => counts.get(&self.to).copied(),
                Err(_) => return,
            };
            if let Ok(Some(stream)) = timeout(self.limits.open_timeout, self.open()).await {
                let opened = Instant::now();
                self.pump(stream).await;
                if opened.elapsed() >= GOOD_LIFE {
                    pause = PAUSE_FIRST;
                }
            }
            pause = match self.rest(pause, seen).await {
                Rest::Over => (pause * 2).min(PAUSE_MAX),
                Rest::Renewed => PAUSE_FIRST,
            };
        }
    }

    fn is_linked(&self) -> bool {
        self.links.borrow().get(&self.to).copied().is_some_and(is_up)
    }

    /// Waits for the pause to pass, but no longer than until the link is a new one: what a connection refused,
    /// the next one may offer, as when an observer has become a validator.
    async fn rest(&mut self, pause: Duration, seen: Option<u64>) -> Rest {
        let renewed = |counts: &LinkCounts| counts.get(&self.to).copied() != seen;
        match timeout(pause, self.links.wait_for(renewed)).await {
            Ok(_) => Rest::Renewed,
            Err(_) => Rest::Over,
        }
    }

    /// Opens a stream and waits until the other side has accepted it.
    async fn open(&mut self) -> Option<Stream> {
        let mut stream = self.control.open_stream(self.to, self.protocol.clone()).await.ok()?;
        let mut answer = [0];
        stream.read_exact(&mut answer).await.ok()?;
        (answer == [ACCEPTED]).then_some(stream)
    }

    /// Sends until the stream ends.
    async fn pump(&self, stream: Stream) {
        let (mut read, mut write) = stream.split();
        let mut byte = [0];
        let mut end = read.read(&mut byte);
        loop {
            let frames = tokio::select! {
                biased;
                // A reader says nothing after its first byte: whatever comes now means the end.
                _ = &mut end => return,
                () = self.outbox.filled() => self.outbox.take(FLUSH_BYTES),
                () = sleep(self.limits.heartbeat) => Vec::new(),
            };
            match timeout(self.limits.frame_timeout, write_all(&mut write, &frames)).await {
                Ok(Ok(())) => {
                    for frame in &frames {
                        self.counters.sent(frame.kind, frame.bytes.len());
                    }
                }
                Ok(Err(_)) | Err(_) => {
                    self.counters.dropped(DropReason::StreamBroke, frames.len());
                    return;
                }
            }
        }
    }
}

/// Writes the frames, or a heartbeat when there are none, and flushes once.
async fn write_all(write: &mut WriteHalf<Stream>, frames: &[Outgoing]) -> std::io::Result<()> {
    let mut small = Vec::new();
    if frames.is_empty() {
        small.extend_from_slice(&HEARTBEAT);
    }
    for Outgoing { kind, bytes } in frames {
        let head = encode_head(*kind, bytes.len()).map_err(std::io::Error::other)?;
        small.extend_from_slice(&head);
        if bytes.len() <= FLUSH_BYTES {
            small.extend_from_slice(bytes);
        } else {
            // Large payloads are not copied; order keeps what was gathered in front of them.
            write.write_all(&small).await?;
            small.clear();
            write.write_all(bytes).await?;
        }
    }
    write.write_all(&small).await?;
    write.flush().await
}
