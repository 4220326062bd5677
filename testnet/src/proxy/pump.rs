//! One direction of one connection: read, wait until due, write.
//!
//! At most `PIECES_MAX` pieces of `PIECE_BYTES` are under way; then the sender is not read until some have arrived. That
//! a side has ended is news that travels like bytes: it too is held while the way is.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};

use super::State;
use super::way::{Flow, Schedule};

/// Most bytes read at once.
const PIECE_BYTES: usize = 16 << 10;
/// Most pieces of a connection and direction under way: 4 MiB.
const PIECES_MAX: usize = 256;

/// Bytes and when they are due; no bytes: that there will be no more.
struct Piece {
    due: Instant,
    bytes: Vec<u8>,
}

/// Carries what `from` says to `to` until it ends, or until nobody listens.
pub(super) async fn run(from: OwnedReadHalf, to: OwnedWriteHalf, state: watch::Receiver<State>, seed: u64) {
    let (send, receive) = mpsc::channel(PIECES_MAX);
    tokio::join!(read(from, send, state.clone(), seed), write(to, receive, state));
}

async fn read(mut from: OwnedReadHalf, send: mpsc::Sender<Piece>, state: watch::Receiver<State>, seed: u64) {
    let mut schedule = Schedule::new(Instant::now(), seed);
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let count = tokio::select! {
            // A connection that was reset says as little as one that has ended.
            count = from.read(&mut buffer) => count.unwrap_or(0),
            () = send.closed() => return,
        };
        let bytes = buffer[..count].to_vec();
        let due = schedule.due(Instant::now(), &state.borrow().way, count);
        if send.send(Piece { due, bytes }).await.is_err() || count == 0 {
            return;
        }
    }
}

async fn write(
    mut to: OwnedWriteHalf,
    mut receive: mpsc::Receiver<Piece>,
    mut state: watch::Receiver<State>,
) {
    while let Some(Piece { due, bytes }) = receive.recv().await {
        tokio::time::sleep_until(due.into()).await;
        // An error: the proxy is gone, and this task with it.
        let _ = state.wait_for(|state| state.way.flow == Flow::Open).await;
        let written = match bytes.is_empty() {
            true => to.shutdown().await,
            false => to.write_all(&bytes).await,
        };
        if written.is_err() {
            return;
        }
    }
}
