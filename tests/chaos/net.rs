//! The network under test: processes, each in its own network where that is permitted, behind the doors of a proxy.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use client::Client;
use testnet::process::{self, Paused};
use testnet::proxy::{Flow, Proxy, Way};
use testnet::topology::{House, Keys, Member, Plan, Topology};
use testnet::watch;

use crate::enclosure::Walls;
use crate::plan::Name;
use crate::quorate;

/// How long a node may take to become ready or to end, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Where all nodes meet in the world of their own, and where the proxy is.
const HUB: Ipv4Addr = Ipv4Addr::new(10, 88, 0, 254);
/// The small disk.
const DISK_BYTES: u64 = 192 << 20;

/// The network. Its processes end when it is dropped.
pub struct Net {
    pub topology: Topology,
    pub walls: Walls,
    proxy: Proxy,
    /// What each node is started with.
    programs: Vec<PathBuf>,
    lines: Mutex<Vec<Vec<Way>>>,
}

impl Net {
    /// Draws a network in `dir` and starts it.
    pub async fn start(dir: &Path, validators: usize, walls: Walls, seed: u64) -> Self {
        let plan = Plan {
            validators,
            dir: dir.join("net"),
            port: 23_000,
            origin: None,
            keys: Keys::Encrypted,
            registrars: Vec::new(),
        };
        let mut topology = Topology::create(&plan).expect("a network is drawn");
        let nodes: Vec<usize> = (0..validators).collect();
        let mut programs = vec![quorate().to_owned(); validators];
        let mut addresses: Vec<[SocketAddr; 3]> = topology.nodes.iter().map(on_loopback).collect();
        let mut hub = IpAddr::V4(Ipv4Addr::LOCALHOST);
        if walls == Walls::Namespaces {
            hub = IpAddr::V4(HUB);
            wire_the_hub();
            for node in &nodes {
                let host = Ipv4Addr::new(10, 88, 0, *node as u8 + 1);
                wire(*node, host);
                programs[*node] = program(dir, *node);
                addresses[*node] = [7070, 7071, 7072].map(|port| SocketAddr::from((host, port)));
            }
            let disk = topology.nodes[validators - 1].dir().join("disk");
            fs::create_dir(&disk).expect("a folder");
            run("mount", &["-t", "tmpfs", "-o", &format!("size={DISK_BYTES}"), "tmpfs", text(&disk)]);
        }
        let targets: Vec<SocketAddr> = addresses.iter().map(|[_, _, p2p]| *p2p).collect();
        let proxy = Proxy::start(hub, &targets, seed).await.expect("a door for each pair");
        let house = |node: usize| House {
            rpc: addresses[node][0],
            admin: addresses[node][1],
            p2p: addresses[node][2],
            peers: nodes.iter().map(|to| proxy.address(node, *to).unwrap_or(targets[*to])).collect(),
            data_dir: (walls == Walls::Namespaces && node + 1 == validators).then(|| "disk".into()),
        };
        let houses: Vec<House> = nodes.iter().map(|node| house(*node)).collect();
        topology.rehouse(&houses).expect("the network moves");
        let lines = Mutex::new(vec![vec![Way::default(); validators]; validators]);
        let net = Self { topology, walls, proxy, programs, lines };
        nodes.iter().for_each(|node| net.boot(*node));
        net.ready().await;
        net
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.topology.nodes.len()
    }

    /// One node.
    pub fn node(&self, node: usize) -> &Member {
        &self.topology.nodes[node]
    }

    /// A client of one node.
    pub fn client(&self, node: usize) -> Client {
        Client::new(&self.node(node).url()).expect("an address")
    }

    /// The folder of a node's journal and store.
    pub fn data_dir(&self, node: usize) -> PathBuf {
        match self.has_small_disk(node) {
            true => self.node(node).dir().join("disk"),
            false => self.node(node).dir().to_owned(),
        }
    }

    /// Whether a node's disk can be filled.
    pub fn has_small_disk(&self, node: usize) -> bool {
        self.walls == Walls::Namespaces && node + 1 == self.len()
    }

    /// Starts a node that does not run.
    pub fn boot(&self, node: usize) {
        process::start(self.node(node), &self.programs[node]).expect("the node starts");
    }

    /// Whether a node runs, stopped or not.
    pub fn runs(&self, node: usize) -> bool {
        process::running(self.node(node)).is_some()
    }

    /// Ends a node as a crash would.
    pub fn kill(&self, node: usize) {
        process::kill(self.node(node), PATIENCE).expect("the node is killed");
    }

    /// Holds a node in its steps, or lets it go on.
    pub fn pause(&self, node: usize, paused: Paused) {
        process::pause(self.node(node), paused).expect("the node is signalled");
    }

    /// Waits until every node can serve.
    pub async fn ready(&self) {
        let nodes: Vec<_> = self.topology.nodes.iter().collect();
        watch::await_ready(&nodes, PATIENCE).await.expect("all nodes become ready");
    }

    /// How what `from` says travels to `to`, apart from whether it arrives.
    pub fn weather(&self, from: usize, to: usize, way: Way) {
        self.change(from, to, |line| *line = Way { flow: line.flow, ..way });
    }

    /// Whether what `from` says arrives at `to`.
    pub fn flow(&self, from: usize, to: usize, flow: Flow) {
        self.change(from, to, |line| line.flow = flow);
    }

    fn change(&self, from: usize, to: usize, change: impl FnOnce(&mut Way)) {
        let mut lines = self.lines.lock().expect("nobody panics with it");
        change(&mut lines[from][to]);
        self.proxy.set(from, to, lines[from][to]);
    }

    /// Resets every connection between a node and the others.
    pub fn cut(&self, node: usize) {
        (0..self.len()).for_each(|other| self.proxy.cut(node, other));
    }

    /// Takes a node's cable out, or plugs it in. On loopback there is none: what it says and hears is held.
    pub fn plug(&self, node: usize, flow: Flow) {
        match (self.walls, flow) {
            (Walls::Namespaces, Flow::Held) => run("ip", &["link", "set", &veth(node), "down"]),
            (Walls::Namespaces, Flow::Open) => run("ip", &["link", "set", &veth(node), "up"]),
            (Walls::Loopback, _) => {
                for other in (0..self.len()).filter(|other| *other != node) {
                    self.flow(node, other, flow);
                    self.flow(other, node, flow);
                }
            }
        }
    }

    /// Takes the last byte of the small disk.
    pub fn fill(&self, node: usize) {
        let mut ballast = File::create(self.data_dir(node).join("ballast")).expect("a file");
        for block in [1 << 20, 4 << 10, 1] {
            while ballast.write_all(&vec![0; block]).is_ok() {}
        }
    }

    /// Gives the small disk back.
    pub fn empty(&self, node: usize) {
        fs::remove_file(self.data_dir(node).join("ballast")).expect("it was filled");
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for node in &self.topology.nodes {
            let _ = process::pause(node, Paused::No);
            let _ = process::kill(node, PATIENCE);
        }
    }
}

fn on_loopback(node: &Member) -> [SocketAddr; 3] {
    let port = node.p2p.rsplit('/').next().and_then(|port| port.parse().ok()).expect("a TCP address");
    [node.rpc, node.admin, SocketAddr::from((Ipv4Addr::LOCALHOST, port))]
}

fn wire_the_hub() {
    // Network namespaces have names in here; the mount hides nothing from anybody outside.
    run("mount", &["-t", "tmpfs", "tmpfs", "/run"]);
    fs::create_dir("/run/netns").expect("a folder");
    run("ip", &["link", "set", "lo", "up"]);
    run("ip", &["link", "add", "hub", "type", "bridge"]);
    run("ip", &["addr", "add", &format!("{HUB}/24"), "dev", "hub"]);
    run("ip", &["link", "set", "hub", "up"]);
}

/// Gives a node a network of its own with a cable to the hub.
fn wire(node: usize, host: Ipv4Addr) {
    let (name, veth) = (Name(node).to_string(), veth(node));
    run("ip", &["netns", "add", &name]);
    run("ip", &["link", "add", &veth, "type", "veth", "peer", "name", "eth0", "netns", &name]);
    run("ip", &["link", "set", &veth, "master", "hub", "up"]);
    for command in [["link", "set", "lo", "up"].as_slice(), &["link", "set", "eth0", "up"]] {
        run("ip", &[["-n", &name].as_slice(), command].concat());
    }
    run("ip", &["-n", &name, "addr", "add", &format!("{host}/24"), "dev", "eth0"]);
}

fn veth(node: usize) -> String {
    format!("to-{}", Name(node))
}

/// A program that becomes the binary under test, in a node's network.
fn program(dir: &Path, node: usize) -> PathBuf {
    let path = dir.join(format!("start-{}", Name(node)));
    let text =
        format!("#!/bin/sh\nexec nsenter --net=/run/netns/{} '{}' \"$@\"\n", Name(node), quorate().display());
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("its owner may");
    path
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().expect("the probe has found it");
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a scratch folder's name is text")
}
