use super::*;

use api::keeping::Policy;
use archive::artifacts::room::Quota;
use proptest::prelude::*;

fn load(sources: &Sources) -> Result<Config, ConfigError> {
    Config::load(Path::new("node"), sources)
}

fn file(text: &str) -> Sources {
    Sources { file: Some((PathBuf::from("config.toml"), text.to_owned())), ..Sources::default() }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_defaults_are_a_configuration() {
    let config = load(&Sources::default()).unwrap();
    assert_eq!(config.consensus, consensus::Config::default());
    assert_eq!(config.rpc.listen, ["127.0.0.1:7070".parse().unwrap()]);
    assert!(config.rpc.listen.iter().all(|listen| listen.ip().is_loopback()), "nothing is public by default");
    assert!(config.admin_listen.ip().is_loopback());
    assert_eq!((config.name, config.data_dir), (None, PathBuf::from("node")));
    assert!(!config.gateway.enabled && !config.auth.open && config.surfaces.is_empty());
    assert_eq!(config.publish, None);
    let bucket = load(&file("[publish]\nurl = \"s3://bucket/log\"")).unwrap().publish.unwrap();
    assert_eq!((bucket.url.as_str(), bucket.interval.as_millis()), ("s3://bucket/log", 5_000));
    assert!(config.settings.iter().all(|setting| setting.origin == Origin::Default));
}

#[test]
fn a_whole_file_is_read() {
    let config = load(&file(
        r#"
        name = "v1"
        data_dir = "data"
        [storage]
        engine = "fjall"
        [rpc]
        listen = ["0.0.0.0:7070", "[::1]:8080"]
        hosts = ["ledger.example"]
        [p2p]
        listen = ["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/udp/1/quic-v1"]
        [peers]
        v2 = ["/ip4/127.0.0.1/tcp/2"]
        v3 = []
        [consensus]
        heartbeat_ms = 30000
        [gateway]
        enabled = true
        [auth]
        keys_file = "keys"
        [surfaces]
        qod = true
        [publish]
        url = "public"
        interval_ms = 250
        "#,
    ))
    .unwrap();
    assert_eq!(config.name.as_deref(), Some("v1"));
    assert_eq!(config.data_dir, PathBuf::from("node/data"));
    assert_eq!(config.engine, Engine::Fjall);
    assert_eq!((config.rpc.listen.len(), config.p2p.listen.len()), (2, 2));
    assert_eq!(config.peers["v2"], ["/ip4/127.0.0.1/tcp/2".parse().unwrap()]);
    assert_eq!(config.peers["v3"], []);
    assert_eq!(config.consensus.heartbeat_ms, Some(30_000));
    assert_eq!(config.auth.keys_file, Some(PathBuf::from("node/keys")));
    assert_eq!(config.surfaces, BTreeSet::from([Surface::Qod]));
    let interval = std::time::Duration::from_millis(250);
    assert_eq!(config.publish, Some(Publish { url: "node/public".to_owned(), interval }));
}

#[test]
fn peers_can_be_said_in_one_text() {
    let env =
        pairs(&[("QUORATE_PEERS", "v2=/ip4/10.0.0.2/tcp/1, v2=/ip4/10.0.0.2/udp/1/quic-v1,v3=/dns/x/tcp/1")]);
    let config = load(&Sources { env, ..Sources::default() }).unwrap();
    assert_eq!((config.peers["v2"].len(), config.peers["v3"].len()), (2, 1));
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    let cases = [
        (file("nmae = \"v1\""), "name"),
        (file("[rpc]\nlisten = []\n[mempol]\ncount_max = 1"), ""),
        (file("[consensus]\nview_timeout = 1"), "consensus.view_timeout_ms"),
        (Sources { env: pairs(&[("QUORATE_RPC_LISTN", "x")]), ..Sources::default() }, "rpc.listen"),
        (Sources { flags: pairs(&[("log.formt", "json")]), ..Sources::default() }, "log.format"),
    ];
    for (sources, expected) in cases {
        match load(&sources) {
            Err(ConfigError::UnknownKey { near, .. }) => assert_eq!(near.unwrap_or_default(), expected),
            other => panic!("{sources:?}: {other:?}"),
        }
    }
    let refused = load(&file("nmae = \"v1\"")).unwrap_err().to_string();
    assert_eq!(refused, "file config.toml: there is no key \"nmae\"; did you mean \"name\"?");
}

#[test]
fn variables_of_others_are_left_alone() {
    let env =
        pairs(&[("OUTPUT", "json"), ("QUORATE_VECTORS", "dir"), ("QUORATE_URL", "http://x"), ("name", "x")]);
    assert!(load(&Sources { env, ..Sources::default() }).is_ok());
}

#[test]
fn bad_values_are_refused_with_both_sides() {
    let cases = [
        (file("name = 1"), "a text is needed"),
        (file("[rpc]\nlisten = [\"7070\"]"), "\"7070\": a listener is an address and a port"),
        (file("[consensus]\nview_timeout_ms = 5"), "between 10 and 600000"),
        (file("[consensus]\nview_timeout_ms = -5"), "a whole number"),
        (
            file("[consensus]\nview_timeout_ms = 9000"),
            "more than consensus.view_timeout_max_ms, which is 8000",
        ),
        (file("[mempool]\ntenant_count_max = 10001"), "more than mempool.count_max, which is 10000"),
        (file("[gateway]\nenabled = \"yes\""), "true or false"),
        (file("[peers]\nv1 = \"/ip4/1.2.3.4/tcp/1\""), "a list of texts"),
        (file("[peers]\nv1 = [\"1.2.3.4\"]"), "not a multiaddress"),
        (file("[log]\nformat = \"xml\""), "one of auto, human and json"),
        (file("[storage]\nengine = \"rocksdb\""), "one of sled and fjall"),
        (file("peers = 1"), "a table is needed"),
        (Sources { flags: pairs(&[("mempool.count_max", "1e3")]), ..Sources::default() }, "a whole number"),
        (Sources { flags: pairs(&[("mempool.count_max", "+9")]), ..Sources::default() }, "a whole number"),
    ];
    for (sources, expected) in cases {
        let refused = load(&sources).expect_err(expected);
        assert!(refused.to_string().contains(expected), "{refused} does not say {expected:?}");
    }
    assert!(matches!(load(&file("name = ")), Err(ConfigError::Syntax { .. })));
    assert!(matches!(load(&file("name = \"a\"\nname = \"b\"")), Err(ConfigError::Syntax { .. })));
}

#[test]
fn no_two_keys_share_a_variable_and_none_is_somebody_elses() {
    let mut names: Vec<_> = Key::ALL.iter().map(Key::env_name).collect();
    assert!(names.iter().all(|name| !keys::ENV_OF_OTHERS.contains(&name.as_str())));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), Key::ALL.len());
}

#[test]
fn a_node_without_a_file_is_configured_by_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let flags = pairs(&[("name", "v1")]);
    assert!(Sources::of_node(dir.path(), flags.clone()).unwrap().file.is_none());
    std::fs::write(dir.path().join(Sources::FILE_NAME), "name = \"v2\"").unwrap();
    let sources = Sources::of_node(dir.path(), flags).unwrap();
    assert_eq!(sources.file.unwrap().1, "name = \"v2\"");
    std::fs::write(dir.path().join(Sources::FILE_NAME), [0xff]).unwrap();
    assert!(matches!(Sources::of_node(dir.path(), vec![]), Err(ConfigError::Io { .. })));
}

proptest! {
    /// For any set of layers that name a key, the strongest wins and is named as the origin; other keys keep
    /// theirs.
    #[test]
    fn the_strongest_layer_wins(in_file: Option<u16>, in_env: Option<u16>, in_flag: Option<u16>) {
        let key = "mempool.count_max";
        let at_least = |value: u16| u64::from(value) + 10_000;
        let mut sources = Sources::default();
        let mut expected = (10_000, Origin::Default);
        if let Some(value) = in_file {
            let path = PathBuf::from("config.toml");
            sources.file = Some((path.clone(), format!("[mempool]\ncount_max = {}", at_least(value))));
            expected = (at_least(value), Origin::File(path));
        }
        if let Some(value) = in_env {
            let name = "QUORATE_MEMPOOL_COUNT_MAX".to_owned();
            sources.env = vec![(name.clone(), at_least(value).to_string())];
            expected = (at_least(value), Origin::Env { name });
        }
        if let Some(value) = in_flag {
            sources.flags = vec![(key.to_owned(), at_least(value).to_string())];
            expected = (at_least(value), Origin::Flag);
        }
        let config = load(&sources).unwrap();
        prop_assert_eq!(config.mempool.count_max as u64, expected.0);
        for setting in config.effective() {
            if setting.key == key {
                prop_assert_eq!(&setting.value, &expected.0.to_string());
                prop_assert_eq!(&setting.origin, &expected.1);
            } else {
                prop_assert_eq!(&setting.origin, &Origin::Default);
            }
        }
    }

    /// What is shown as effective is a file that means the same.
    #[test]
    fn what_is_shown_can_be_read_back(name in "[a-z\"\\\\ \n]{0,12}", hosts: Vec<String>, ms in 10_u64..8000) {
        let flags = vec![("name".to_owned(), name), ("consensus.view_timeout_ms".to_owned(), ms.to_string())];
        let env = pairs(&[("QUORATE_PEERS", "v1=/ip4/1.2.3.4/tcp/5")]);
        let list = toml::Value::from(hosts);
        let with_hosts = Sources { flags, env, ..file(&format!("[rpc]\nhosts = {list}")) };
        let first = load(&with_hosts).unwrap();
        let text: String = first.effective().iter().map(|it| format!("{} = {}\n", it.key, it.value)).collect();
        let second = load(&file(&text)).unwrap();
        let values = |config: &Config| config.effective().iter().map(|it| it.value.clone()).collect::<Vec<_>>();
        prop_assert_eq!(values(&first), values(&second));
    }
}

#[test]
fn how_artifacts_are_kept_is_read_and_what_cannot_be_is_refused() {
    let keeping = load(&Sources::default()).unwrap().keeping;
    assert_eq!((keeping.bytes_max, keeping.quota, keeping.archive), (64 << 20, Quota::default(), None));
    assert_eq!((keeping.policy, keeping.policies.len()), (Policy::default(), 0));
    let keeping = load(&file(
        r#"
        [artifacts]
        bytes_max = 5000
        tenant_bytes_max = 100000
        tenant_count_max = 7
        quotas = ["acme 0 9", "globex 5 0"]
        archive = "s3://bucket/old"
        [retention]
        default = "standard"
        tenants = ["acme compliance archive", "globex enterprise 30 write-once"]
        "#,
    ))
    .unwrap()
    .keeping;
    let tenant = |name| proto::id::Tenant::parse(name).unwrap();
    assert_eq!((keeping.quota.bytes_max, keeping.quota.count_max), (100_000, 7));
    assert_eq!(keeping.quotas[&tenant("acme")], Quota { bytes_max: 0, count_max: 9 });
    assert_eq!(keeping.archive.as_deref(), Some("s3://bucket/old"));
    assert_eq!(keeping.policies[&tenant("acme")], Policy::parse("compliance archive").unwrap());
    for (wrong, why) in [
        ("[artifacts]\nquotas = [\"acme 5\"]", "a quota is"),
        ("[artifacts]\nquotas = [\"Acme 5 5\"]", "Acme"),
        ("[artifacts]\nquotas = [\"acme 5 5\", \"acme 6 6\"]", "twice"),
        ("[artifacts]\nbytes_max = 5", "between"),
        ("[retention]\ndefault = \"gold\"", "gold"),
        ("[retention]\ndefault = \"open archive\"", "artifacts.archive must say where"),
        ("[retention]\ntenants = [\"acme standard archive\"]", "artifacts.archive must say where"),
        ("[retention]\ntenants = [\"acme\"]", "acme"),
    ] {
        let refused = load(&file(wrong)).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
}
