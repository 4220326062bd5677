use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use node::config::Config;

use super::*;

fn plan(dir: &Path, keys: Keys) -> Plan {
    Plan { validators: 4, dir: dir.join("net"), port: 21_170, origin: None, keys, registrars: Vec::new() }
}

#[test]
fn a_network_is_drawn_with_files_that_nodes_accept() {
    let dir = tempfile::tempdir().expect("a directory");
    let topology = Topology::create(&plan(dir.path(), Keys::Encrypted)).expect("draws");
    assert_eq!(Topology::read(&dir.path().join("net")).expect("reads"), topology);
    let mut ports = BTreeSet::new();
    for node in &topology.nodes {
        let sources = Sources { env: Vec::new(), ..Sources::of_node(node.dir(), Vec::new()).expect("reads") };
        let config = Config::load(node.dir(), &sources).expect("a configuration");
        assert_eq!(config.name.as_deref(), Some(node.name.as_str()));
        assert_eq!((config.rpc.listen, config.admin_listen), (vec![node.rpc], node.admin));
        assert_eq!(config.peers.len(), 4);
        assert!(config.gateway.enabled && !config.auth.open && config.surfaces.len() == 4);
        let tokens = fs::read_to_string(config.auth.keys_file.expect("a file")).expect("reads");
        let token = fs::read_to_string(topology.dir().join(Topology::TOKEN)).expect("reads");
        assert_eq!(tokens.trim(), sha256(token.trim().as_bytes()).to_string());

        let genesis = genesis_file::read(&node.dir().join(genesis_file::FILE_NAME)).expect("a genesis");
        assert_eq!(genesis.network().to_string(), topology.network);
        let keystore = Keystore::read(&node.keystore()).expect("a keystore");
        assert!(!keystore.is_dev());
        let passphrase = Passphrase::from_file(&node.passphrase()).expect("a passphrase");
        keystore.unlock_validator(Protection::Passphrase(&passphrase)).expect("opens");
        assert!(genesis.validators.contains(&keystore.validator(&node.name, 1).expect("a validator")));
        for file in [node.keystore(), node.passphrase()] {
            assert_eq!(fs::metadata(file).expect("there").permissions().mode() & 0o777, 0o600);
        }
        ports.extend([node.rpc.port(), node.admin.port()]);
    }
    assert_eq!(ports.len(), 8, "every listener has a port of its own");
    let policy = fs::read_to_string(topology.dir().join(Topology::POLICY)).expect("reads");
    policy.parse::<Policy>().expect("a policy");
}

#[test]
fn a_network_is_never_drawn_over_another() {
    let dir = tempfile::tempdir().expect("a directory");
    let plan = plan(dir.path(), Keys::Dev);
    let first = Topology::create(&plan).expect("draws");
    assert!(Keystore::read(&first.nodes[0].keystore()).expect("reads").is_dev());
    assert!(!first.dir().join(Topology::TOKEN).exists(), "callers of a dev network need no token");
    assert!(matches!(Topology::create(&plan), Err(TopologyError::Exists { .. })));
    assert_eq!(Topology::read(&plan.dir).expect("untouched"), first);
}

#[test]
fn a_failed_attempt_leaves_nothing_in_the_way_of_the_next() {
    let dir = tempfile::tempdir().expect("a directory");
    let plan = plan(dir.path(), Keys::Encrypted);
    let bad = Plan { origin: Some("no origin!".into()), ..plan.clone() };
    assert!(matches!(Topology::create(&bad), Err(TopologyError::Malformed { .. })));
    assert_eq!(fs::read_dir(&plan.dir).expect("lists").count(), 0);
    Topology::create(&plan).expect("draws");
}

#[test]
fn what_is_no_network_is_told_apart() {
    let dir = tempfile::tempdir().expect("a directory");
    let refused = |count| Topology::create(&Plan { validators: count, ..plan(dir.path(), Keys::Dev) });
    assert!(matches!(refused(0), Err(TopologyError::Count { found: 0, .. })));
    assert!(matches!(refused(101), Err(TopologyError::Count { found: 101, .. })));
    assert!(matches!(Topology::read(&dir.path().join("absent")), Err(TopologyError::Missing { .. })));
    assert!(matches!(Topology::read(dir.path()), Err(TopologyError::Missing { .. })));
    let path = dir.path().join(Topology::FILE_NAME);
    for text in [
        "{}",
        r#"{"network":"","origin":"","nodes":[{"name":"../x","rpc":"127.0.0.1:1","admin":"127.0.0.1:2","p2p":""}]}"#,
    ] {
        fs::write(&path, text).expect("writes");
        assert!(matches!(Topology::read(dir.path()), Err(TopologyError::Malformed { .. })), "{text}");
    }
}

#[test]
fn a_network_moves_and_its_nodes_see_the_doors_they_were_given() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut topology = Topology::create(&plan(dir.path(), Keys::Encrypted)).expect("draws");
    let at = |host: u8, port: u16| SocketAddr::from(([10, 0, 0, host], port));
    let house = |n: u8| House {
        rpc: at(n, 1),
        admin: at(n, 2),
        p2p: at(n, 3),
        peers: (0..4).map(|to| at(9, u16::from(n) * 10 + to)).collect(),
        data_dir: (n == 3).then(|| "disk".into()),
    };
    let houses: Vec<House> = (0..4).map(house).collect();
    let before = topology.clone();
    assert!(matches!(topology.rehouse(&houses[..3]), Err(TopologyError::Houses { found: 3, nodes: 4 })));
    assert_eq!(topology, before);

    topology.rehouse(&houses).expect("moves");
    assert_eq!(Topology::read(topology.dir()).expect("reads"), topology);
    for (number, node) in topology.nodes.iter().enumerate() {
        let sources = Sources { env: Vec::new(), ..Sources::of_node(node.dir(), Vec::new()).expect("reads") };
        let config = Config::load(node.dir(), &sources).expect("a configuration");
        assert_eq!((config.rpc.listen, config.admin_listen), (vec![node.rpc], node.admin));
        assert_eq!(config.peers["v2"][0].to_string(), format!("/ip4/10.0.0.9/tcp/{}", number * 10 + 1));
        let data_dir = if number == 3 { node.dir().join("disk") } else { node.dir().to_owned() };
        assert_eq!(config.data_dir, data_dir);
    }
}
