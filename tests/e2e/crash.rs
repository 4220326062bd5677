//! kill -9, of one validator and of all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use model::entry::{Ticket, Wait};
use model::scalar::Uint;

use crate::support::Net;

/// Rounds of killing all four; each is a power cut for the processes, not for the machine. `KILL_ROUNDS` asks
/// for another number.
const ROUNDS: u64 = 20;

fn rounds() -> u64 {
    match std::env::var("KILL_ROUNDS") {
        Ok(text) => text.parse().expect("KILL_ROUNDS is a number"),
        Err(_) => ROUNDS,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_validator_dies_and_comes_back() {
    let net = Net::start(21_000).await;
    let policy = net.policy(0).await;
    let mut promised = BTreeMap::from([net.finalize(0).await]);

    net.kill(3);
    for node in [0, 1, 2] {
        promised.extend([net.finalize(node).await]);
    }
    let height = net.height(0).await;

    net.boot(3);
    net.ready().await;
    promised.extend([net.finalize(3).await]);
    assert!(net.height(3).await > height, "the restarted validator did not catch up");
    net.keeps(&promised, &policy).await;

    // It votes: without it and with another one gone there would be no quorum.
    net.kill(0);
    promised.extend([net.finalize(3).await]);
    net.boot(0);
    net.ready().await;
    net.keeps(&promised, &policy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_validators_die_under_load_and_lose_nothing_that_was_final() {
    let net = Net::start(21_100).await;
    let policy = net.policy(0).await;
    let mut promised = BTreeMap::new();
    let mut height = 0;
    let rounds = rounds();
    for round in 0..rounds {
        // Something is final, and something is under way, when the power goes.
        promised.extend([net.finalize((round % 4) as usize).await]);
        let under_way: Vec<_> = (0..8).map(|_| net.submission()).collect();
        let mut waiting = Vec::new();
        for (n, submission) in under_way.into_iter().enumerate() {
            let submission = submission.await;
            let client = net.client(n % 4);
            waiting.push(tokio::spawn(async move {
                let wait = client.submit(submission.bytes(), Wait::Finalized, Duration::from_secs(20));
                (submission.id(), wait.await.ok())
            }));
        }
        tokio::time::sleep(Duration::from_millis(7 * (round % ROUNDS))).await;
        net.nobody_is_accused().await;
        for node in 0..4 {
            net.kill(node);
        }
        for answer in waiting {
            let (id, ticket) = answer.await.expect("the task ends");
            if let Some(Ticket { index: Some(Uint(index)), checkpoint_size: Some(_), .. }) = ticket {
                promised.insert(id, index);
            }
        }
        for node in 0..4 {
            net.boot(node);
        }
        net.ready().await;
        let (id, index) = net.finalize(0).await;
        promised.insert(id, index);
        let now = net.height(0).await;
        assert!(now > height, "round {round}: height went from {height} to {now}");
        height = now;
    }
    net.keeps(&promised, &policy).await;
    net.nobody_is_accused().await;
    for node in 0..4 {
        let mut voted = BTreeMap::new();
        for vote in net.votes(node) {
            let first = *voted.entry(vote.at).or_insert(vote.block);
            assert_eq!(first, vote.block, "{} voted twice in {:?}", net.node(node).name, vote.at);
        }
        assert!(voted.len() as u64 > rounds, "{} has {} votes", net.node(node).name, voted.len());
    }
    println!("{rounds} rounds, {} promises kept, height {height}", promised.len());
}
