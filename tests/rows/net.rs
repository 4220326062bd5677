//! The network that all rows share, and a client that knows nothing of it but HTTP.
//!
//! Four nodes in this process, in production's configuration but for their development keys: callers need credentials, and
//! these are they. The network ends with the process; what it wrote is removed when the next one begins.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, mpsc};
use std::time::{Duration, Instant};

use crypto::sha256;
use node::RunningNode;
use node::config::Sources;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use testnet::in_process::{Doors, LocalNetwork};
use testnet::topology::{Keys, Plan, Topology};

/// How long anything may take; debug builds on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// May do everything.
pub const OPERATOR: &str = "rows-operator";
/// Of tenant acme, with the scopes its clients use.
pub const ACME: &str = "rows-acme";
/// The same of tenant globex.
pub const GLOBEX: &str = "rows-globex";
/// Of tenant acme, may read alone.
pub const READER: &str = "rows-reader";
/// The same of tenant vault, whose records are private.
pub const VAULT: &str = "rows-vault";
/// Of tenant keeper, whose artifacts are kept by a policy.
pub const KEEPER: &str = "rows-keeper";
/// Of tenant slow, which may ask each endpoint five times a minute.
pub const SLOW: &str = "rows-slow";

const SCOPES: &str = "proof:create,proof:read,identity:read,identity:create,attestation:create,attestation:read,\
                      audit:read,job:create";

static NET: LazyLock<Net> = LazyLock::new(Net::start);

/// The shared network; the first who asks starts it.
pub fn net() -> &'static Net {
    &NET
}

/// A network that runs.
pub struct Net {
    urls: Vec<String>,
    also: Vec<String>,
    dir: PathBuf,
    _lock: File,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The body as JSON, of an answer that has this status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A question under way.
pub struct Ask {
    request: reqwest::RequestBuilder,
    /// The node of the shared network that may commit something because of it.
    writer: Option<usize>,
}

impl Ask {
    /// With a credential, as a bearer token.
    pub fn bearer(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    /// With a credential, as an API key.
    pub fn key(self, key: &str) -> Self {
        self.header("x-api-key", key)
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    /// With a body as it is, called JSON.
    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self { request: self.request.header("content-type", "application/json").body(body), ..self }
    }

    /// With a body as it is; its type is said before.
    pub fn raw(self, body: impl Into<reqwest::Body>) -> Self {
        Self { request: self.request.body(body), ..self }
    }

    /// What is answered; what the shared network committed meanwhile, every node of it has by then.
    pub async fn send(self) -> Reply {
        let response = self.request.timeout(PATIENCE).send().await.expect("the node answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let reply = Reply { status, headers, text: response.text().await.expect("a body of text") };
        if let Some(writer) = self.writer.filter(|_| reply.status < 300) {
            Box::pin(net().level(writer)).await;
        }
        reply
    }
}

impl Net {
    /// The address of one of four nodes.
    pub fn url(&self, node: usize) -> &str {
        &self.urls[node]
    }

    /// Every address of the first node: clients of several systems each know one port.
    pub fn listeners(&self) -> &[String] {
        &self.also
    }

    /// Where a node keeps its files.
    pub fn dir(&self, node: usize) -> PathBuf {
        self.dir.join(format!("v{}", node + 1))
    }

    pub fn ask(&self, node: usize, method: Method, path: &str) -> Ask {
        let writer = (method != Method::GET).then_some(node);
        Ask { writer, ..self.ask_at(self.url(node), method, path) }
    }

    /// The same at any address.
    pub fn ask_at(&self, url: &str, method: Method, path: &str) -> Ask {
        // A client of its own: a pool would outlive the runtime of the test that filled it.
        let client = reqwest::Client::builder()
            .tls_certs_only([])
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        let url = format!("{url}{path}");
        Ask { request: client.build().expect("a client").request(method, url), writer: None }
    }

    pub async fn get(&self, node: usize, path: &str) -> Reply {
        self.ask(node, Method::GET, path).send().await
    }

    pub async fn post(&self, node: usize, path: &str, key: &str, body: &Value) -> Reply {
        self.ask(node, Method::POST, path).bearer(key).json(body).send().await
    }

    /// Calls a method of JSON-RPC at the root.
    pub async fn rpc(&self, node: usize, method: &str, params: Value) -> Value {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.ask(node, Method::POST, "/").json(&call).send().await.expect(200)
    }

    /// Asks until the answer is as wanted: what one node committed another has a moment later.
    pub async fn until(&self, node: usize, path: &str, wanted: impl Fn(&Reply) -> bool) -> Reply {
        let begun = Instant::now();
        loop {
            let reply = self.get(node, path).await;
            if wanted(&reply) {
                return reply;
            }
            assert!(begun.elapsed() < PATIENCE, "{path} still answers {} {}", reply.status, reply.text);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until every node has the leaves that one has now.
    async fn level(&self, node: usize) {
        let leaves = |reply: &Reply| reply.expect(200)["tree_size"].as_u64().expect("a number");
        let size = leaves(&self.get(node, "/v1/status").await);
        for other in (0..self.urls.len()).filter(|other| *other != node) {
            self.until(other, "/v1/status", |reply| leaves(reply) >= size).await;
        }
    }

    fn start() -> Self {
        listen();
        let (dir, lock) = scratch();
        let topology = Topology::create(&Plan {
            validators: 4,
            dir: dir.join("net"),
            port: Topology::PORT,
            origin: None,
            keys: Keys::Dev,
            registrars: Vec::new(),
        })
        .expect("a network is drawn");
        for node in &topology.nodes {
            guard(node.dir());
        }
        let dir = topology.dir().to_owned();
        let (tell, hear) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let doors = Doors { also: vec![0, 0], ..Doors::default() };
                let network = LocalNetwork::start(&topology, doors).await.expect("a network");
                network.ready(PATIENCE).await.expect("it becomes ready");
                let of =
                    |node: &RunningNode| node.rpc_addrs.iter().map(|at| format!("http://{at}")).collect();
                let also: Vec<String> = network.nodes().next().map(|(_, node)| of(node)).expect("four nodes");
                let urls = network.nodes().map(|(_, node)| format!("http://{}", node.rpc_addrs[0])).collect();
                tell.send((urls, also)).expect("somebody waits");
                panic!("a node ended: {}", network.ended().await);
            });
        });
        let (urls, also): (Vec<String>, Vec<String>) = hear.recv().expect("the network starts");
        Self { urls, also, dir, _lock: lock }
    }
}

/// Gives a node of a development network keys to ask for, as a real one has them.
fn guard(dir: &Path) {
    let keys = [
        (OPERATOR, "subject=operator".to_owned()),
        (ACME, format!("tenant=acme subject=acme-client scopes={SCOPES}")),
        (GLOBEX, format!("tenant=globex subject=globex-client scopes={SCOPES}")),
        (VAULT, format!("tenant=vault subject=vault-client scopes={SCOPES}")),
        (READER, "tenant=acme subject=acme-reader scopes=proof:read,identity:read".to_owned()),
        (KEEPER, format!("tenant=keeper subject=keeper-client scopes={SCOPES}")),
        (SLOW, format!("tenant=slow subject=slow-client scopes={SCOPES} rate=5")),
    ];
    let lines: String =
        keys.iter().map(|(key, rest)| format!("{} {rest}\n", sha256(key.as_bytes()))).collect();
    std::fs::write(dir.join("keys"), lines).expect("written");
    let path = dir.join(Sources::FILE_NAME);
    let config = std::fs::read_to_string(&path).expect("a configuration");
    let guarded = config.replace("open = true", "keys_file = \"keys\"\nprivate_tenants = [\"vault\"]");
    assert_ne!(guarded, config, "the network needs no keys already");
    let guarded = guarded + attestations(dir) + RETENTION;
    std::fs::write(&path, guarded).expect("written");
}

/// Where what is over goes, and whose does.
const RETENTION: &str = "
[artifacts]
archive = \"archive\"
[retention]
tenants = [\"keeper enterprise 30 write-once archive\"]
";

/// Two nodes issue as one, one as another, and one signs nothing.
fn attestations(dir: &Path) -> &'static str {
    match dir.file_name().and_then(|name| name.to_str()) {
        Some("v2") => "\n[attestations]\nissuer = \"did:qwed:node:staging\"\nname = \"QWED Staging\"\n",
        Some("v4") => "\n[attestations]\nsigning = \"off\"\n",
        _ => "\n[attestations]\nissuer = \"did:qwed:node:production\"\nname = \"QWED Production\"\n",
    }
}

/// What the nodes have logged so far: they run in this process.
pub fn logged() -> String {
    String::from_utf8_lossy(&LOG.0.lock().expect("no test panics while it holds this")).into_owned()
}

static LOG: Log = Log(Mutex::new(Vec::new()));

/// Keeps what is logged.
struct Log(Mutex<Vec<u8>>);

impl std::io::Write for &Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test panics while it holds this").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Listens to the nodes, before the first of them starts.
fn listen() {
    let listening = tracing_subscriber::fmt().json().with_max_level(tracing::Level::INFO);
    let _ = listening.with_writer(|| &LOG).try_init();
}

/// A folder of this run's own, empty. A static is never dropped, so the run before left its files there.
fn scratch() -> (PathBuf, File) {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    for n in 0..16 {
        let lock = File::create(root.join(format!("rows-{n}.lock"))).expect("a lock file");
        if lock.try_lock().is_ok() {
            let dir = root.join(format!("rows-{n}"));
            let _ = std::fs::remove_dir_all(&dir);
            std::fs::create_dir_all(&dir).expect("a folder");
            return (dir, lock);
        }
    }
    panic!("sixteen suites of rows run at once");
}
