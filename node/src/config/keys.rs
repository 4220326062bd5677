//! The table of keys: what may be configured, what it means, and what holds when nobody says anything.

use super::value::Shape;

/// One thing that may be configured.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name in the file and on the command line.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What holds when nobody says anything, written as in the environment.
    pub default: &'static str,
    pub(super) shape: Shape,
}

const fn key(name: &'static str, shape: Shape, default: &'static str, about: &'static str) -> Key {
    Key { name, about, default, shape }
}

const fn number(name: &'static str, min: u64, max: u64, default: &'static str, about: &'static str) -> Key {
    key(name, Shape::Number { min, max }, default, about)
}

impl Key {
    /// Every key, in the order in which they are shown.
    pub const ALL: [Self; 33] = [
        key("data_dir", Shape::Text, "", "where journal and store are kept; empty: the node's directory"),
        key("storage.engine", Shape::Text, "sled", "what keeps the store: sled or fjall"),
        key("name", Shape::Text, "", "the node's name, also among the validators if it is one"),
        key("observe", Shape::Flag, "false", "whether this node also runs while it is no validator"),
        key("rpc.listen", Shape::List, "127.0.0.1:7070", "where REST and JSON-RPC are served"),
        key("rpc.hosts", Shape::List, "", "host names that listeners beyond loopback answer to; empty: any"),
        key("rpc.submit_to", Shape::List, "", "URLs of validators, told to those who submit to an observer"),
        key("admin.listen", Shape::Text, "127.0.0.1:7071", "where metrics and health are served"),
        key("p2p.listen", Shape::List, "/ip4/127.0.0.1/tcp/7072", "where other nodes connect"),
        number("p2p.observers_max", 0, 10_000, "16", "connections from nodes that are no validators"),
        key("peers", Shape::Peers, "", "where the validators can be dialled: name = [addresses]"),
        number("consensus.view_timeout_ms", 10, 600_000, "250", "how long a view may last at first"),
        number("consensus.view_timeout_max_ms", 10, 600_000, "8000", "how long a view may last at most"),
        number("consensus.resend_ms", 10, 600_000, "500", "when an unanswered timeout is said again"),
        number("consensus.clock_bound_ms", 0, 600_000, "2000", "how far a block's time may be ahead of ours"),
        number(
            "consensus.heartbeat_ms",
            0,
            86_400_000,
            "0",
            "when an idle leader proposes an empty block; 0: never",
        ),
        number("mempool.count_max", 1, 10_000_000, "10000", "most submissions that wait"),
        number("mempool.bytes_max", 65_536, 1 << 36, "67108864", "most bytes that wait"),
        number("mempool.tenant_count_max", 1, 10_000_000, "5000", "most submissions of one tenant that wait"),
        number("mempool.tenant_bytes_max", 65_536, 1 << 36, "33554432", "most bytes of one tenant that wait"),
        key(
            "gateway.enabled",
            Shape::Flag,
            "false",
            "whether this node signs for callers who send plain JSON",
        ),
        key(
            "gateway.tokens_file",
            Shape::Text,
            "",
            "SHA-256 digests of their bearer tokens, in hex, one a line",
        ),
        key("gateway.anonymous", Shape::Flag, "false", "whether callers on loopback need no token"),
        key(
            "artifacts.url",
            Shape::Text,
            "artifacts",
            "where artifacts are kept: file://, s3://, gs:// or az://, or a directory; empty: nowhere",
        ),
        key(
            "publish.url",
            Shape::Text,
            "",
            "where the log is published as files: file://, s3://, gs:// or az://, or a directory; empty: nowhere",
        ),
        number("publish.interval_ms", 100, 86_400_000, "5000", "how often what is new is published"),
        key(
            "witness.name",
            Shape::Text,
            "",
            "the name to cosign other logs under; empty: <origin>/<name>/witness",
        ),
        key("witness.logs", Shape::List, "", "logs to cosign: log <vkey> [<url>], or the vkey alone"),
        key("witness.policies", Shape::List, "", "files with policies of logs to cosign, quorum included"),
        key("witness.cosigners", Shape::List, "", "who is to cosign our log: witness <name> <vkey> <url>"),
        number("witness.interval_ms", 50, 86_400_000, "1000", "how often they are asked at most"),
        key("log.format", Shape::Text, "auto", "auto, human or json; auto: human on a terminal"),
        key(
            "log.filter",
            Shape::Text,
            "info,libp2p_gossipsub=error,libp2p_kad=error",
            "which lines, such as info,p2p=debug",
        ),
    ];

    /// The key of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|key| key.name == name)
    }

    /// The variable of the environment that sets it.
    pub fn env_name(&self) -> String {
        format!("{ENV_PREFIX}{}", self.name.to_ascii_uppercase().replace('.', "_"))
    }

    /// The key most like a name that is none.
    pub(super) fn near(name: &str) -> Option<&'static str> {
        Self::ALL
            .iter()
            .map(|key| (distance(key.name, name), key.name))
            .min()
            .filter(|(distance, _)| *distance <= 3)
            .map(|(_, key)| key)
    }
}

/// What our variables begin with.
pub(super) const ENV_PREFIX: &str = "QUORATE_";

/// Variables with our prefix that are not a node's: other commands of the program and its tests read them.
pub(super) const ENV_OF_OTHERS: [&str; 6] = [
    "QUORATE_CONFIG_DIR",
    "QUORATE_DIR",
    "QUORATE_OUTPUT",
    "QUORATE_POLICY",
    "QUORATE_URL",
    "QUORATE_VECTORS",
];

/// How many letters must be put in, taken out or replaced to make one word the other.
fn distance(a: &str, b: &str) -> usize {
    let b = b.as_bytes();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
