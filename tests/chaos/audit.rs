//! Asks all nodes after the storm: for every leaf of their logs, for receipts, and for proofs that each checkpoint that
//! was seen extends the one before.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use client::{ClientError, EntryName};
use merkle::tile::TileId;
use model::scalar::Position;
use proto::counter::TreeSize;
use proto::policy::Policy;

use verify::{Options, verify_history, verify_receipt};

use crate::judge::{Breach, Promise};
use crate::net::{Net, PATIENCE};

/// Most receipts that each node is asked for, spread evenly.
const RECEIPTS_MAX: usize = 150;
/// Most checkpoints that are compared with the one before, spread evenly.
const CHECKPOINTS_MAX: usize = 200;

/// Every leaf of these nodes' logs up to the size of a checkpoint that all of them have, which is at least `size`.
pub async fn logs(net: &Net, nodes: Range<usize>, size: u64) -> Vec<Vec<Vec<u8>>> {
    let until = Instant::now() + PATIENCE;
    let mut common = u64::MAX;
    for node in nodes.clone() {
        common = common.min(loop {
            match net.client(node).checkpoint(Position::Latest).await {
                Ok(answer) if answer.size.0 >= size => break answer.size.0,
                other if Instant::now() > until => panic!("{}: {other:?}", net.node(node).name),
                Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        });
    }
    let mut logs = Vec::new();
    for node in nodes {
        logs.push(log(net, node, common).await);
    }
    logs
}

/// The log as a mirror would fetch it. Source: C2SP tlog-tiles.
async fn log(net: &Net, node: usize, size: u64) -> Vec<Vec<u8>> {
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().expect("a client");
    let mut leaves = Vec::new();
    for tile in (0..).map_while(|index| TileId::at(0, index, size)) {
        let name = tile.to_string();
        let name = name.strip_prefix("0/").expect("level 0");
        let url = format!("{}/tile/entries/{name}", net.node(node).url());
        let answer = http.get(url).send().await.and_then(reqwest::Response::error_for_status);
        let bundle = answer.expect("a bundle").bytes().await.expect("bytes");
        let mut rest = &bundle[..];
        while let Some((length, behind)) = rest.split_first_chunk::<2>() {
            let (leaf, behind) = behind.split_at(usize::from(u16::from_be_bytes(*length)));
            leaves.push(leaf.to_vec());
            rest = behind;
        }
    }
    assert_eq!(leaves.len() as u64, size, "{} left leaves out", net.node(node).name);
    leaves
}

/// The policy by which everything is judged, from the file that was drawn before any node ran.
pub fn policy(net: &Net) -> Policy {
    let path = net.topology.dir().join(testnet::topology::Topology::POLICY);
    std::fs::read_to_string(path).expect("a file").parse().expect("a policy")
}

/// Receipts of what was promised, from these nodes, verified without them. Gives how many held.
pub async fn receipts(
    net: &Net,
    nodes: Range<usize>,
    promises: &[Promise],
    breaches: &mut Vec<Breach>,
) -> usize {
    let policy = policy(net);
    let mut held = 0;
    for node in nodes {
        for Promise { id, index, .. } in spread(promises, RECEIPTS_MAX) {
            let fault = match receipt(net, node, id).await {
                Err(fault) => fault.to_string(),
                Ok(receipt) => {
                    let report = verify_receipt(&policy, &receipt, Options::default());
                    match report.failure() {
                        Some(failure) => format!("{failure:?}"),
                        None if receipt.index.get() != index => format!("it is for {}", receipt.index.get()),
                        None => {
                            held += 1;
                            continue;
                        }
                    }
                }
            };
            breaches.push(Breach::Receipt { id, node, fault });
        }
    }
    held
}

async fn receipt(
    net: &Net,
    node: usize,
    id: proto::id::SubmissionId,
) -> Result<proto::receipt::Receipt, ClientError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match net.client(node).receipt(EntryName::Id(id), None).await {
            Err(fault) if !fault.is_permanent() && Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            answer => return answer,
        }
    }
}

/// Proofs that each checkpoint extends the one before, by nodes in turn. Gives how many held.
pub async fn histories(net: &Net, notes: &BTreeMap<u64, String>, breaches: &mut Vec<Breach>) -> usize {
    let policy = policy(net);
    let notes: Vec<(u64, &String)> = notes.iter().map(|(size, note)| (*size, note)).collect();
    let notes = spread(&notes, CHECKPOINTS_MAX);
    let mut held = 0;
    for (step, pair) in notes.windows(2).enumerate() {
        let [(from, older), (to, newer)] = pair else { continue };
        let client = net.client(step % net.len());
        let fault = match client.consistency(TreeSize::new(*from), TreeSize::new(*to)).await {
            Err(fault) => fault.to_string(),
            Ok(answer) => {
                let proof: Vec<_> = answer.proof.iter().map(|hash| hash.0).collect();
                match verify_history(&policy, older, newer, &proof) {
                    Err(fault) => fault.to_string(),
                    Ok(_) => {
                        held += 1;
                        continue;
                    }
                }
            }
        };
        breaches.push(Breach::History { from: *from, to: *to, fault });
    }
    held
}

/// How many contradictions a node has seen in its present life.
pub async fn contradictions(net: &Net, node: usize) -> u64 {
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().expect("a client");
    let answer = http.get(format!("http://{}/metrics", net.node(node).admin)).send().await;
    let text = answer.expect("metrics").text().await.expect("text");
    let lines = text.lines().filter(|line| line.starts_with("quorate_equivocations_seen_total"));
    let counts: Vec<f64> = lines.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
    assert!(!counts.is_empty(), "there is no such metric");
    counts.iter().sum::<f64>() as u64
}

/// At most `most` of them, first and last among them.
fn spread<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    let step = all.len().div_ceil(most).max(1);
    let last = all.last().filter(|_| !(all.len().saturating_sub(1)).is_multiple_of(step));
    all.iter().step_by(step).chain(last).copied().collect()
}
