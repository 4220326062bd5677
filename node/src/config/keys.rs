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
    pub const ALL: [Self; 55] = [
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
            "auth.keys_file",
            Shape::Text,
            "",
            "who may have this node write: the SHA-256 of each key, its tenant, subject, scopes and rate, one a line",
        ),
        key(
            "auth.private_tenants",
            Shape::List,
            "",
            "tenants whose records this node shows to their own callers and to operators alone",
        ),
        key("auth.open", Shape::Flag, "false", "whether callers on loopback need no key; elsewhere all do"),
        number(
            "auth.rate_per_minute",
            0,
            1_000_000,
            "6000",
            "requests a minute of one tenant at one endpoint, unless its key says otherwise; 0: any number",
        ),
        number(
            "auth.log_bytes_max",
            65_536,
            1 << 30,
            "16777216",
            "most bytes of the security log, and of the one before it",
        ),
        key("surfaces.qod", Shape::Flag, "false", "whether clients of quality-on-demand proofs are served"),
        key("surfaces.qwed", Shape::Flag, "false", "whether clients of verified attestations are served"),
        key(
            "surfaces.proofnest",
            Shape::Flag,
            "false",
            "whether clients of proofs, identities and votes are served",
        ),
        key(
            "surfaces.qcos",
            Shape::Flag,
            "false",
            "whether clients of evidence of jobs are served, and this node signs some",
        ),
        key(
            "surfaces.dev_custody",
            Shape::Flag,
            "false",
            "whether this node keeps keys for clients of proofs, who then need none: for development only",
        ),
        key(
            "attestations.issuer",
            Shape::Text,
            "did:qwed:node:local",
            "whose attestations this node signs: did:qwed:node:…, which all validators run, or …:provider:…",
        ),
        key(
            "attestations.name",
            Shape::Text,
            "QWED",
            "the issuer's name for people, when this node sets it first",
        ),
        key(
            "attestations.signing",
            Shape::Text,
            "persistent",
            "whose key signs them: persistent, from this node's seed; ephemeral, made at each start; off, none",
        ),
        key(
            "artifacts.url",
            Shape::Text,
            "artifacts",
            "where artifacts are kept: file://, s3://, gs:// or az://, or a directory; empty: nowhere",
        ),
        number(
            "artifacts.bytes_max",
            1_024,
            1 << 40,
            "67108864",
            "most bytes of one artifact, its salt included",
        ),
        number(
            "artifacts.tenant_bytes_max",
            0,
            1 << 60,
            "0",
            "most bytes of all artifacts of a tenant that this node keeps; 0: any number",
        ),
        number(
            "artifacts.tenant_count_max",
            0,
            1 << 40,
            "0",
            "most artifacts of a tenant that this node keeps; 0: any number",
        ),
        key("artifacts.quotas", Shape::List, "", "tenants with other limits: <tenant> <bytes> <artifacts>"),
        key(
            "artifacts.archive",
            Shape::Text,
            "",
            "where artifacts go whose time is over, for tenants whose policy says archive: a URL, or a directory",
        ),
        key(
            "retention.default",
            Shape::Text,
            "open",
            "how long artifacts are kept whose author does not say: open, standard, compliance, or enterprise <days> \
             [write-once]; then delete or archive",
        ),
        key("retention.tenants", Shape::List, "", "tenants for which it is otherwise: <tenant> and the same"),
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
        key(
            "tls.roots",
            Shape::Text,
            "",
            "PEM file: whom HTTPS servers are believed by; empty: the system's",
        ),
        key(
            "anchors.services",
            Shape::List,
            "",
            "who anchors checkpoints: rfc3161 <name> <url> <roots.pem> [<policy>], or ots <name> <url> [<headers>]",
        ),
        number("anchors.every_s", 1, 31_536_000, "3600", "after how many seconds the next one is anchored"),
        number("anchors.every_sizes", 0, 1 << 40, "0", "after how many leaves, if that is sooner; 0: never"),
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
pub(super) const ENV_OF_OTHERS: [&str; 7] = [
    "QUORATE_CONFIG_DIR",
    "QUORATE_DIR",
    "QUORATE_OUTPUT",
    "QUORATE_POLICY",
    "QUORATE_TOKEN",
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
