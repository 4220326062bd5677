//! Coming back: after a kill with a long past on the disk, and after the disk was lost.

use std::fs;
use std::time::{Duration, Instant};

use model::entry::{State, Wait};
use testnet::process;

use crate::quorate;
use crate::support::Net;

/// Blocks of the past in the run that gives the figures of `TESTING.md`; set `RECOVERY_BLOCKS` for another number.
const BLOCKS: u64 = 100_000;
const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until a node is at this height, and says how long that took.
async fn reaches(net: &Net, node: usize, height: u64) -> Duration {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Ok(status) = net.client(node).status().await
            && status.height.0 >= height
        {
            return begin.elapsed();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} is not at height {height} after {PATIENCE:?}", net.node(node).name);
}

/// Submits until it is final: with three of four nodes running, all three have to vote.
async fn finalizes(net: &Net, node: usize) -> Duration {
    let submission = net.submission().await;
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let ticket = net.submit(node, &submission, Wait::Finalized, Duration::from_secs(2)).await;
        if ticket.is_some_and(|ticket| ticket.state == State::Finalized) {
            return begin.elapsed();
        }
    }
    panic!("nothing is final after {PATIENCE:?}");
}

/// Loses everything but its keys and configuration.
fn wipe(net: &Net, node: usize) {
    let dir = net.node(node).dir();
    fs::remove_dir_all(dir.join("data")).expect("a store");
    fs::remove_file(dir.join("journal")).expect("a journal");
}

async fn comes_back(port: u16, blocks: u64) {
    let begin = Instant::now();
    let net = Net::with_past(port, blocks);
    println!("{blocks} blocks made in {:.1?}", begin.elapsed());
    let begin = Instant::now();
    for node in 0..4 {
        net.boot(node);
    }
    net.ready().await;
    println!("all four ready {:.1?} after their start", begin.elapsed());
    net.finalize(0).await;

    // Without node 2 there is no quorum but with node 3.
    net.kill(2);
    finalizes(&net, 0).await;
    net.kill(3);
    let begin = Instant::now();
    net.boot(3);
    finalizes(&net, 0).await;
    println!("killed with {blocks} blocks on disk, voting again after {:.2?}", begin.elapsed());
    net.boot(2);
    net.ready().await;

    net.kill(3);
    wipe(&net, 3);
    let refused = process::start(net.node(3), quorate()).is_ok() && {
        tokio::time::sleep(Duration::from_secs(3)).await;
        process::running(net.node(3)).is_none()
    };
    assert!(refused, "a lost journal is no fresh start");
    assert!(
        process::last_words(net.node(3), 5).contains("--wiped"),
        "{}",
        process::last_words(net.node(3), 5)
    );
    let goal = net.height(0).await;
    let begin = Instant::now();
    process::start_with(net.node(3), quorate(), &["--wiped"]).expect("the node starts");
    reaches(&net, 3, goal).await;
    println!("wiped, {goal} heights behind, at the head after {:.2?}", begin.elapsed());
    // The network goes on, and so outgrows what node 3 may have said.
    for _ in 0..4 {
        net.finalize(0).await;
    }
    net.kill(2);
    finalizes(&net, 0).await;
    println!("wiped, voting again after {:.2?}", begin.elapsed());
    net.boot(2);
    net.ready().await;
    let (id, index) = net.finalize(3).await;
    let policy = net.policy(0).await;
    for node in 0..4 {
        assert_eq!(net.receipt(node, id, &policy).await.index.get(), index);
    }
    net.nobody_is_accused().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_and_a_wiped_validator_come_back() {
    // Enough that the log is replayed, and not every block fetched.
    comes_back(21_500, 1_500).await;
}

/// `cargo test --release -p cli --test e2e -- --ignored --nocapture long_past`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; its figures are in TESTING.md"]
async fn long_past() {
    let blocks = std::env::var("RECOVERY_BLOCKS").ok().and_then(|text| text.parse().ok());
    comes_back(21_600, blocks.unwrap_or(BLOCKS)).await;
}
