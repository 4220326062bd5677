//! How long the network is silent: measured, and held against what the protocol owes.
//!
//! Silence ends with the finality of a submission sent to a living node at the moment the fault begins, or ends: block,
//! commit and cosigned checkpoint. That is later than the first commit, so what is shown here is an upper bound of it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use testnet::proxy::Flow;

use crate::author::{author, proof, signed};
use crate::deeds::{self, boot_until_it_votes};
use crate::enclosure::{Walls, enclosed};
use crate::load::{Load, ask};
use crate::net::Net;
use crate::storm::{asked, block_on};

/// Defaults of `consensus.view_timeout_ms` and `consensus.view_timeout_max_ms`.
const VIEW: Duration = Duration::from_millis(250);
const VIEW_MAX: Duration = Duration::from_secs(8);
/// RELIABILITY: a restart is over after this.
const RESTART: Duration = Duration::from_secs(5);

/// Measures with `CHAOS_NODES` validators (4), each fault `CHAOS_ROUNDS` times (12).
#[test]
#[ignore = "minutes; figures of a machine that does something else as well say little"]
fn silence_after_faults() {
    let (nodes, rounds) = (asked("NODES", 4) as usize, asked("ROUNDS", 12));
    enclosed("figures::silence_after_faults", |walls, dir| block_on(measure(nodes, rounds, walls, dir)));
}

async fn measure(nodes: usize, rounds: u64, walls: Walls, dir: &Path) {
    let net = Arc::new(Net::start(dir, nodes, walls, 1).await);
    // Some load, so that views come and go as they do in earnest.
    let load = Load::start(&net);
    let mut nonce = 1 << 60;
    let mut table = Vec::new();

    let mut calm = Vec::new();
    for _ in 0..rounds * 3 {
        calm.push(final_at(&net, 0, &mut nonce).await);
    }
    table.push(("no fault", calm, None));

    let (mut leader_dies, mut votes_again) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let leader = deeds::leader(&net).await.expect("somebody answers");
        net.kill(leader);
        leader_dies.push(final_at(&net, (leader + 1) % nodes, &mut nonce).await);
        votes_again.push(boot_until_it_votes(Arc::clone(&net), leader).await.expect("it votes again"));
        rest(&net).await;
    }
    table.push(("kill -9 of the leader", leader_dies, Some(("3 view timeouts", VIEW * 3))));
    table.push(("kill -9, start, first vote", votes_again, Some(("5 s", RESTART))));

    let mut all_vote_again = Vec::new();
    for _ in 0..rounds {
        (0..nodes).for_each(|node| net.kill(node));
        let boots = (0..nodes).map(|node| tokio::spawn(boot_until_it_votes(Arc::clone(&net), node)));
        for boot in boots.collect::<Vec<_>>() {
            all_vote_again.push(boot.await.expect("no panic").expect("it votes again"));
        }
        rest(&net).await;
    }
    table.push(("kill -9 of all, start, first vote", all_vote_again, Some(("5 s", RESTART))));

    for (name, lasts) in [("partition of 1 s heals", 1_000), ("partition of 10 s heals", 10_000)] {
        let mut heals = Vec::new();
        for _ in 0..rounds {
            parted(&net, Flow::Held);
            tokio::time::sleep(Duration::from_millis(lasts)).await;
            parted(&net, Flow::Open);
            heals.push(final_at(&net, 0, &mut nonce).await);
            rest(&net).await;
        }
        table.push((name, heals, Some(("2 capped timeouts", VIEW_MAX * 2))));
    }
    // A way of the proxy that opens delivers at once what it held; a cable that is plugged in waits for TCP to try again.
    for (name, lasts) in [("all cables out for 3 s", 3), ("all cables out for 10 s", 10)] {
        if walls == Walls::Loopback {
            continue;
        }
        let mut heals = Vec::new();
        for _ in 0..rounds {
            (0..nodes).for_each(|node| net.plug(node, Flow::Held));
            tokio::time::sleep(Duration::from_secs(lasts)).await;
            (0..nodes).for_each(|node| net.plug(node, Flow::Open));
            heals.push(final_at(&net, 0, &mut nonce).await);
            rest(&net).await;
        }
        table.push((name, heals, Some(("2 capped timeouts", VIEW_MAX * 2))));
    }
    let told = load.finish().await;
    println!(
        "{nodes} validators, {walls:?}, {} promises meanwhile, {} denied",
        told.promises.len(),
        told.denied.len()
    );
    println!("| silence after | times | least ms | median ms | p90 ms | most ms | owed | kept |");
    println!("|---|---|---|---|---|---|---|---|");
    for (name, mut times, owed) in table {
        times.sort_unstable();
        let at = |part: usize| times[(times.len() - 1) * part / 100].as_millis();
        let owed_text = owed.map_or("", |(text, _)| text);
        let kept = owed.map_or(String::new(), |(_, most)| {
            format!("{} of {}", times.iter().filter(|time| **time <= most).count(), times.len())
        });
        println!(
            "| {name} | {} | {} | {} | {} | {} | {owed_text} | {kept} |",
            times.len(),
            at(0),
            at(50),
            at(90),
            at(100)
        );
    }
    assert!(told.denied.is_empty(), "{:?}", told.denied);
}

/// How long a submission sent now to this node takes to be final.
async fn final_at(net: &Net, node: usize, nonce: &mut u64) -> Duration {
    *nonce += 1;
    let submission = signed(&net.topology.network, &author(), *nonce, proof(*nonce));
    let begin = Instant::now();
    while ask(net, node, submission.bytes()).await.expect("nothing is wrong with it").is_none() {
        assert!(begin.elapsed() < Duration::from_secs(120), "nothing is decided any more");
    }
    begin.elapsed()
}

/// The two halves of the network do not hear each other, or do again.
fn parted(net: &Net, flow: Flow) {
    let half = net.len() / 2;
    for a in 0..net.len() {
        for b in (0..net.len()).filter(|b| (a < half) != (*b < half)) {
            net.flow(a, b, flow);
        }
    }
}

/// Lets all nodes come to themselves, and the view timeouts shrink.
async fn rest(net: &Net) {
    net.ready().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
}
