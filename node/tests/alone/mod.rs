//! A network of one node, started with the settings that a test needs.

use std::path::Path;
use std::time::{Duration, Instant};

use client::Client;
use node::config::{Config, Sources};
use node::journal::IfMissing;
use node::keys::{MasterSeed, NodeKeys};
use node::{RunningNode, Setup};
use proto::counter::TimeMs;
use proto::genesis::{Admission, Genesis};

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

fn keys() -> NodeKeys {
    NodeKeys::derive(&MasterSeed::new([7; 32]))
}

/// The network.
pub fn genesis() -> Genesis {
    Genesis {
        origin: "ledger.test/alone".to_owned(),
        time: TimeMs::new(1_700_000_000_000),
        validators: vec![keys().validator("v0", 1)],
        admission: Admission::Open,
        registrars: Vec::new(),
    }
}

/// The node in this directory, with these settings.
pub fn setup(dir: &Path, settings: &[(&str, &str)]) -> Setup {
    let own = [
        ("name", "v0"),
        ("rpc.listen", "127.0.0.1:0"),
        ("admin.listen", "127.0.0.1:0"),
        ("p2p.listen", "/ip4/127.0.0.1/tcp/0"),
    ];
    let flags = own.iter().chain(settings).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let config = Config::load(dir, &Sources { flags: flags.collect(), ..Sources::default() }).unwrap();
    let if_missing = match config.data_dir.join("journal.lock").exists() {
        true => IfMissing::Refuse,
        false => IfMissing::Create,
    };
    Setup { config, genesis: genesis(), keys: keys(), if_missing }
}

/// Starts it; its predecessor may still be letting go of its files.
pub async fn start(dir: &Path, settings: &[(&str, &str)]) -> RunningNode {
    let begin = Instant::now();
    loop {
        match node::start(setup(dir, settings)).await {
            Ok(node) => return node,
            Err(fault) if begin.elapsed() > PATIENCE => panic!("{fault}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Whoever asks it.
pub fn client(node: &RunningNode) -> Client {
    Client::new(&format!("http://{}", node.rpc_addrs[0])).unwrap()
}
