//! The receiving end of a lane: one stream of one validator, read frame by frame.
//!
//! It says that it accepted the stream, then only reads. It buys room before it takes a payload, so it stops
//! reading when the node is slow; a frame that has begun must end in time, and a silent stream is given up.

use std::sync::Arc;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::{PeerId, Stream};
use proto::message::Lane;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use crate::codec::{Decoder, Found, FrameError};
use crate::inbox::Inbox;
use crate::limits::{FRAME_COST_BYTES, Limits};

/// The byte with which a reader accepts a stream.
pub(crate) const ACCEPTED: u8 = 1;

/// Read from the stream at once, in bytes.
const SLICE_BYTES: usize = 16 << 10;

/// Why a stream has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReadEnd {
    /// The sender closed it, or the connection fell.
    Closed,
    /// Not even a heartbeat for too long.
    Silent,
    /// A frame began and did not end in time.
    Stalled,
    /// A frame broke the rules.
    Unlawful(FrameError),
}

/// Reads one stream.
pub(crate) struct Reader {
    pub(crate) from: PeerId,
    pub(crate) lane: Lane,
    pub(crate) inbox: Inbox,
    /// Room for this validator on this lane, shared with the stream this one may replace.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) limits: Arc<Limits>,
}

impl Reader {
    /// Reads until the stream ends, for whatever reason.
    pub(crate) async fn run(self, mut stream: Stream) -> ReadEnd {
        let accept = async {
            stream.write_all(&[ACCEPTED]).await?;
            stream.flush().await
        };
        if !matches!(timeout(self.limits.open_timeout, accept).await, Ok(Ok(()))) {
            return ReadEnd::Closed;
        }
        let mut decoder = Decoder::new(self.lane);
        let mut slice = vec![0; SLICE_BYTES];
        let mut room = None;
        let mut deadline = Instant::now() + self.limits.silence_max;
        loop {
            let filled = match timeout_at(deadline, stream.read(&mut slice)).await {
                Err(_) if decoder.at_boundary() => return ReadEnd::Silent,
                Err(_) => return ReadEnd::Stalled,
                Ok(Err(_) | Ok(0)) => return ReadEnd::Closed,
                Ok(Ok(filled)) => filled,
            };
            let mut input = &slice[..filled];
            loop {
                match decoder.next(&mut input) {
                    Err(error) => return ReadEnd::Unlawful(error),
                    Ok(None) => break,
                    Ok(Some(Found::Heartbeat)) => deadline = Instant::now() + self.limits.silence_max,
                    Ok(Some(Found::Head { payload_bytes, .. })) => {
                        room = Some(self.buy_room(payload_bytes).await);
                        deadline = Instant::now() + self.limits.frame_timeout;
                    }
                    Ok(Some(Found::Frame { kind, bytes })) => {
                        let room = room.take().expect("the decoder tells a head before each frame");
                        self.inbox.frame(self.from, kind, bytes, room);
                        deadline = Instant::now() + self.limits.silence_max;
                    }
                }
            }
        }
    }

    async fn buy_room(&self, payload_bytes: usize) -> tokio::sync::OwnedSemaphorePermit {
        let cost = u32::try_from(payload_bytes + FRAME_COST_BYTES).expect("a lane's largest frame fits u32");
        let room = Arc::clone(&self.room).acquire_many_owned(cost).await;
        room.expect("nobody closes the semaphore")
    }
}
