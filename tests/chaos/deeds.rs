//! Doing to the network what a plan says, and undoing it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use testnet::process::{Paused, last_words};
use testnet::proxy::{Flow, Way};
use tokio::task::JoinHandle;

use crate::journal::Reader;
use crate::net::{Net, PATIENCE};
use crate::plan::{Fault, Name};

/// How often a journal is looked at for a first vote.
const GLANCE: Duration = Duration::from_millis(5);

/// What has to be undone.
pub enum Ongoing {
    Dead(Vec<usize>),
    Stopped(usize),
    /// These ways are held.
    Held(Vec<(usize, usize)>),
    Unplugged(usize),
    Full(usize),
    /// Something is done again and again, to this node.
    Shaking(JoinHandle<()>, usize),
    Weather(Vec<(usize, usize)>),
    Over,
}

/// Does it, and says what was done in words where the plan leaves that open.
pub async fn begin(net: &Arc<Net>, fault: &Fault) -> (Ongoing, String) {
    let others = |node: usize| (0..net.len()).filter(move |other| *other != node);
    let mut note = String::new();
    let ongoing = match fault {
        Fault::Kill(node) => kill(net, vec![*node]),
        Fault::KillLeader => {
            let leader = leader(net).await.unwrap_or(0);
            note = format!("it was {}", Name(leader));
            kill(net, vec![leader])
        }
        Fault::KillAll => kill(net, (0..net.len()).collect()),
        Fault::Pause(node) => {
            net.pause(*node, Paused::Yes);
            Ongoing::Stopped(*node)
        }
        Fault::Slow(node) => {
            let (net, node) = (Arc::clone(net), *node);
            let shaking = async move {
                loop {
                    net.pause(node, Paused::Yes);
                    tokio::time::sleep(Duration::from_millis(60)).await;
                    net.pause(node, Paused::No);
                    tokio::time::sleep(Duration::from_millis(40)).await;
                }
            };
            Ongoing::Shaking(tokio::spawn(shaking), node)
        }
        Fault::Part(side) => {
            let apart = |a: usize| (0..net.len()).filter(move |b| side.contains(&a) != side.contains(b));
            hold(net, (0..net.len()).flat_map(|a| apart(a).map(move |b| (a, b))).collect())
        }
        Fault::Mute(node) => hold(net, others(*node).map(|other| (*node, other)).collect()),
        Fault::Deaf(node) => hold(net, others(*node).map(|other| (other, *node)).collect()),
        Fault::Unplug(node) => {
            net.plug(*node, Flow::Held);
            Ongoing::Unplugged(*node)
        }
        Fault::Flap(node) => {
            let (net, node) = (Arc::clone(net), *node);
            let shaking = async move {
                loop {
                    for flow in [Flow::Held, Flow::Open] {
                        net.plug(node, flow);
                        tokio::time::sleep(Duration::from_millis(150)).await;
                    }
                }
            };
            Ongoing::Shaking(tokio::spawn(shaking), node)
        }
        Fault::Cut(node) => {
            net.cut(*node);
            Ongoing::Over
        }
        Fault::DiskFull => {
            let node = net.len() - 1;
            match net.has_small_disk(node) {
                true => {
                    net.fill(node);
                    Ongoing::Full(node)
                }
                false => kill(net, vec![node]),
            }
        }
        Fault::Weather { around, way } => {
            let all = (0..net.len()).flat_map(|a| others(a).map(move |b| (a, b)));
            let pairs: Vec<_> =
                all.filter(|(a, b)| around.is_none_or(|node| node == *a || node == *b)).collect();
            pairs.iter().for_each(|(a, b)| net.weather(*a, *b, *way));
            Ongoing::Weather(pairs)
        }
    };
    (ongoing, note)
}

/// Undoes it. Gives the nodes that had to be started again, and what there is to say.
pub async fn end(net: &Arc<Net>, ongoing: Ongoing) -> (Vec<usize>, String) {
    match ongoing {
        Ongoing::Dead(nodes) => return (nodes, String::new()),
        Ongoing::Stopped(node) => net.pause(node, Paused::No),
        Ongoing::Held(pairs) => pairs.iter().for_each(|(a, b)| net.flow(*a, *b, Flow::Open)),
        Ongoing::Unplugged(node) => net.plug(node, Flow::Open),
        Ongoing::Shaking(shaking, node) => {
            shaking.abort();
            // It may have been in the middle of a step: what comes now is what stays.
            let _ = shaking.await;
            net.pause(node, Paused::No);
            net.plug(node, Flow::Open);
        }
        Ongoing::Full(node) => {
            net.empty(node);
            if !net.runs(node) {
                let words = last_words(net.node(node), 8);
                let why = words.lines().rev().find(|line| line.contains("error")).unwrap_or_default();
                return (vec![node], format!("it had stopped; {}", why.trim()));
            }
            return (Vec::new(), "it had gone on".to_owned());
        }
        Ongoing::Weather(pairs) => pairs.iter().for_each(|(a, b)| net.weather(*a, *b, Way::default())),
        Ongoing::Over => {}
    }
    (Vec::new(), String::new())
}

fn kill(net: &Net, nodes: Vec<usize>) -> Ongoing {
    nodes.iter().for_each(|node| net.kill(*node));
    Ongoing::Dead(nodes)
}

fn hold(net: &Net, pairs: Vec<(usize, usize)>) -> Ongoing {
    pairs.iter().for_each(|(a, b)| net.flow(*a, *b, Flow::Held));
    Ongoing::Held(pairs)
}

/// Who leads, as the first node says that answers.
pub async fn leader(net: &Net) -> Option<usize> {
    for node in (0..net.len()).filter(|node| net.runs(*node)) {
        let status =
            tokio::time::timeout(Duration::from_millis(500), async move { net.client(node).status().await });
        if let Ok(Ok(status)) = status.await {
            return Some(usize::from(status.leader));
        }
    }
    None
}

/// Starts a node and gives how long it takes until its journal has a vote of a later view than all before; none when
/// that takes longer than `PATIENCE`.
pub async fn boot_until_it_votes(net: Arc<Net>, node: usize) -> Option<Duration> {
    let mut reader = Reader::new(net.data_dir(node).join("journal"));
    let mut last = None;
    reader.read(|vote| last = last.max(Some(vote.at)));
    let begin = Instant::now();
    net.boot(node);
    while begin.elapsed() < PATIENCE {
        let mut newest = None;
        reader.read(|vote| newest = newest.max(Some(vote.at)));
        if newest > last {
            return Some(begin.elapsed());
        }
        tokio::time::sleep(GLANCE).await;
    }
    None
}
