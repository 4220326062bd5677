use std::sync::Arc;
use std::time::Duration;

use crypto::Scheme;
use proto::id::Tenant;

use super::content::{Authors, Kind};
use super::fake::{self, Script};
use super::report::{Bounds, Latency, Report, Row};
use super::search::Search;
use super::usage::Gauge;
use super::*;

const BOUNDS: Bounds = Bounds { finalized_p99_ms: 1_000, failed_share: 0.01 };

/// A short load without receipts.
pub fn load(urls: Vec<String>, rate: u32) -> Load {
    Load {
        urls,
        rate,
        duration: Duration::from_secs(1),
        warmup: Duration::ZERO,
        connections: 8,
        drain: Duration::from_secs(5),
        tenant: Tenant::default_tenant(),
        kind: Kind::Proof,
        bytes: 0,
        proofs: 0,
        receipts: 0,
    }
}

/// A row in which all became final within so many milliseconds.
pub fn row(rate: u32, ms: f64) -> Row {
    let tally = Tally::new().expect("bounds");
    let row = tally.row(&load(Vec::new(), rate), Duration::from_secs(1), 0, Vec::new());
    let latency = Some(Latency { p50: ms, p90: ms, p99: ms, p999: ms, max: ms });
    Row { offered: 10_000, accepted_ms: latency, finalized_ms: latency, ..row }
}

/// A report of these rows.
pub fn report(rows: Vec<Row>) -> Report {
    Report {
        date: "2026-11-22T00:00:00Z".to_owned(),
        urls: vec!["http://127.0.0.1:7070".to_owned()],
        connections: 1,
        duration_s: 1.0,
        warmup_s: 0.0,
        kind: Kind::Proof,
        authors: 1,
        scheme: None,
        bounds: BOUNDS,
        rows,
        held: None,
        notes: Vec::new(),
    }
}

async fn measured(load: &Load) -> Row {
    let network = network(&load.urls).await.expect("answers");
    let authors = Arc::new(Authors::fresh(2, Scheme::Ed25519).expect("signs"));
    let gauge = Arc::new(Gauge::default());
    run(load, network, &authors, &gauge).await.expect("runs")
}

/// One connection, and a node that answers nothing for 600 of 2,000 ms. Whoever waits with it sends one submission in
/// that time and finds one slow answer among hundreds; by the times they were due, three in ten were slow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_shows_in_all_that_was_due_meanwhile() {
    let stall = Some((Duration::from_millis(500), Duration::from_millis(600)));
    let url = fake::serve(Script { stall, ..Script::default() }).await;
    let load = Load { duration: Duration::from_secs(2), connections: 1, ..load(vec![url], 200) };
    let row = measured(&load).await;
    assert_eq!((row.offered, row.accepted, row.finalized, row.unresolved), (400, 400, 400, 0));
    for (name, latency) in [
        ("sent late", row.sent_late_ms),
        ("accepted", row.accepted_ms),
        ("committed", row.committed_ms),
        ("finalized", row.finalized_ms),
    ] {
        let latency = latency.expect("was counted");
        assert!(latency.p99 > 500.0, "{name}: {latency:?}");
        assert!(latency.p90 > 250.0, "{name}: {latency:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_executed_and_what_is_final_are_told_apart() {
    let url = fake::serve(Script { step: Duration::from_millis(60), ..Script::default() }).await;
    let load = Load { warmup: Duration::from_millis(500), ..load(vec![url], 100) };
    let row = measured(&load).await;
    assert_eq!((row.offered, row.accepted, row.committed, row.finalized), (100, 100, 100, 100));
    let at = |latency: Option<Latency>| latency.expect("was counted").p50;
    assert!(at(row.committed_ms) >= 59.0, "{row:?}");
    assert!(at(row.finalized_ms) >= at(row.committed_ms) + 30.0, "{row:?}");
    assert!(row.envelope_bytes > 100, "{row:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_highest_rate_held_is_found() {
    let url = fake::serve(Script { capacity: Some(400), ..Script::default() }).await;
    let mut search = Search::new(100, 10_000);
    while let Some(rate) = search.next() {
        let load = Load { duration: Duration::from_millis(500), ..load(vec![url.clone()], rate) };
        let row = measured(&load).await;
        search.tried(rate, row.held(&BOUNDS).is_ok());
        rest(&load.urls).await.expect("rests");
    }
    let held = search.held().expect("the first is held");
    assert!((300..=420).contains(&held), "{held} of 400");
}

#[tokio::test]
async fn nodes_of_two_networks_are_not_measured_as_one() {
    assert!(network(&[]).await.is_err());
    let one = fake::serve(Script::default()).await;
    assert!(network(&[one.clone(), one]).await.is_ok());
}
