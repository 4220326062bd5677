//! Connections: how many, how long, how much of a head; and going down without breaking answers off.
//!
//! Its limits: a head of 64 KiB, connections counted before they are accepted.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::api::stopped;
use crate::guard::HEAD_BYTES_MAX;

/// Most connections open at once; more wait in the system's queue.
const CONNECTIONS_MAX: usize = 1_024;
/// Longest time for a head to arrive.
const HEAD_ARRIVAL: Duration = Duration::from_secs(10);
/// How long open answers get to finish when the node goes down.
const FAREWELL: Duration = Duration::from_secs(5);
/// Pause after a failure to accept: out of descriptors, most likely, and that passes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` until `stopping` turns true; returns when the last answer is given or its time is
/// up.
pub async fn serve(listener: TcpListener, router: Router, stopping: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        // Never closed, so a permit always comes.
        let Ok(permit) = room.clone().acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(stopping.clone()) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let (router, stopping) = (router.clone(), stopping.clone());
                connections.spawn(async move {
                    converse(stream, router, stopping).await;
                    drop(permit);
                });
            }
            Err(fault) => {
                tracing::warn!(%fault, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all).await.is_err() {
        connections.shutdown().await;
    }
}

/// Serves one connection to its end. A peer that breaks it off is no event of ours.
async fn converse(stream: TcpStream, router: Router, stopping: watch::Receiver<bool>) {
    // Answers are small and awaited: better sent at once than gathered. A failure costs time only.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_ARRIVAL)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stopped(stopping) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
