//! The composition root: every part of a node is made here, once.
//!
//! What can be refused is refused before the first thread starts. Stopping goes with the current: callers are let go,
//! the engine ends, the gates it left are opened or kept shut by their writes, and last the files are closed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use api::{Anonymous, Api, Doors, Exposure, NodeStatus};
use engine::Engine;
use ledger::LedgerReader;
use p2p::{Multiaddr, Network};
use proto::counter::Height;
use proto::genesis::Genesis;
use proto::id::ValidatorIndex;
use proto::policy::Policy;
use proto::validators::ValidatorSet;
use proto::verified::{Strict, Unverified};
use store::disk::Disk;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc, watch};

use crate::callers::Callers;
use crate::config::Config;
use crate::failure::{self, Failure, FatalError};
use crate::inbox::Inbox;
use crate::intake::{self, Intake};
use crate::journal::{IfMissing, Journal, Recovered};
use crate::keys::NodeKeys;
use crate::perform::{Performer, Signers};
use crate::queue::Queue;
use crate::status::Reporter;
use crate::telemetry::{self, Counters, Gauges};
use crate::verifier::Verifier;
use crate::{driver, durable, tokens};

mod error;

pub use error::StartError;

/// The store's directory in a node's data directory.
pub const STORE_DIR: &str = "data";
/// Submissions that wait between the window and the verifier.
const SUBMISSIONS_WAITING: usize = 256;
/// Notices a subscriber may be behind before it reads them from the store.
const NOTICES_WAITING: usize = 1_024;
/// How long the network may take to find the addresses it listens on.
const LISTEN_WAIT: Duration = Duration::from_secs(2);
/// How long readers may hold the store after everything else has ended.
const READERS_WAIT: Duration = Duration::from_secs(2);

/// All that a node is made of.
#[derive(Debug)]
pub struct Setup {
    /// Its configuration.
    pub config: Config,
    /// Its network.
    pub genesis: Genesis,
    /// Its keys.
    pub keys: NodeKeys,
}

/// A node that runs. Dropped without `stop`, it ends without waiting.
#[derive(Debug)]
pub struct RunningNode {
    /// Where REST and JSON-RPC are served.
    pub rpc_addrs: Vec<SocketAddr>,
    /// Where metrics and health are served.
    pub admin_addr: SocketAddr,
    /// Where other nodes connect.
    pub p2p_addrs: Vec<Multiaddr>,
    /// How the node stands.
    pub status: watch::Receiver<NodeStatus>,
    failure: Failure,
    current: Current,
    store: Arc<Disk>,
    serving: Vec<tokio::task::JoinHandle<()>>,
    listening: tokio::task::JoinHandle<()>,
    engine: Vec<JoinHandle<()>>,
    journal: JoinHandle<()>,
    commits: JoinHandle<()>,
}

/// What is closed to end a node, in this order.
struct Current {
    stopping: watch::Sender<bool>,
    performer: Arc<Performer>,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Current")
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        self.stopping.send_replace(true);
        self.performer.verifier.jobs.close();
        self.performer.inbox.close();
        self.performer.journal.close();
        self.performer.store.close();
    }
}

/// Starts a node. Needs a tokio runtime with threads around it.
///
/// # Errors
/// `StartError`; then nothing runs.
pub async fn start(setup: Setup) -> Result<RunningNode, StartError> {
    let Setup { config, genesis, keys } = setup;
    let set = Arc::new(genesis.validator_set());
    let me = find(&set, &config, &keys)?;
    let policy: Arc<str> = Policy::of(&set)?.to_string().into();
    let gateway_tokens = match (config.gateway.enabled, &config.gateway.tokens_file) {
        (true, Some(path)) => tokens::read(path)?,
        (true, None) | (false, _) => Vec::new(),
    };
    let (rpc, admin) = bind(&config).await?;

    let store = Arc::new(Disk::open(&config.data_dir.join(STORE_DIR))?);
    let reader = LedgerReader::new(store.clone());
    let (journal, recovered) = open_journal(&config, &set, me, &reader)?;
    let NodeKeys { consensus, network_seed, log, cosigner_ed25519, cosigner_ml_dsa_65, gateway } = keys;
    let genesis = Arc::new(genesis);
    let journaled = recovered.blocks.into_iter().map(|block| Unverified::new(block).verify(&set, &Strict));
    let engine = Engine::new(engine::Setup {
        genesis: Arc::clone(&genesis),
        policy: policy.to_string(),
        me: Some(me),
        consensus: config.consensus,
        pool: pool_limits(&config),
        batches: mempool::limits::BatchesLimits::default(),
        store: store.clone(),
        record: recovered.record,
        journaled: journaled.collect::<Result<_, _>>()?,
    })?;
    let (network, incoming) = Network::start(p2p::Config {
        seed: network_seed.to_bytes(),
        network: *set.network().digest(),
        listen: config.p2p.listen.clone(),
        validators: peers(&set, &config),
        role: p2p::Role::Validator { index: me.get() },
        limits: p2p::Limits { observers_max: config.p2p.observers_max, ..p2p::Limits::default() },
    })?;

    let failure = Failure::new();
    let counters: Arc<Counters> = Arc::default();
    let inbox: Arc<Inbox> = Arc::default();
    let callers: Arc<Callers> = Arc::default();
    let stopping = watch::Sender::new(false);
    let name = set.get(me).map(|it| it.name.clone()).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let told = watch::Sender::new(NodeStatus { name, version, ..NodeStatus::default() });
    let status = told.subscribe();
    let reporter = Arc::new(Reporter::new(Arc::clone(&set), me, Arc::clone(&counters), told));
    let verifier = Arc::new(Verifier {
        jobs: Queue::default(),
        set: Arc::clone(&set),
        me,
        inbox: Arc::clone(&inbox),
        callers: Arc::clone(&callers),
        counters: Arc::clone(&counters),
    });
    let performer = Arc::new(Performer {
        me,
        set: Arc::clone(&set),
        keys: Signers { consensus, log, cosigner_ed25519, cosigner_ml_dsa_65 },
        journal: Queue::default(),
        store: Queue::default(),
        inbox: Arc::clone(&inbox),
        verifier: Arc::clone(&verifier),
        network: network.clone(),
        callers,
        feed: broadcast::Sender::new(NOTICES_WAITING),
        counters: Arc::clone(&counters),
        failure: failure.clone(),
    });
    // From here on a return ends what was begun.
    let current = Current { stopping, performer: Arc::clone(&performer) };

    let mut threads = Vec::new();
    for _ in 0..std::thread::available_parallelism().map_or(1, |count| count.get().min(8)) {
        let verifier = Arc::clone(&verifier);
        threads.push(failure::spawn("verifier", &failure, move || verifier.work())?);
    }
    let shared = || durable::Shared { counters: Arc::clone(&counters), failure: failure.clone() };
    let journal = {
        let (performer, shared) = (Arc::clone(&performer), shared());
        failure::spawn("journal", &failure, move || {
            durable::run_journal(journal, &performer.journal, &shared, |command| performer.perform(command));
        })?
    };
    let commits = {
        let (performer, shared, store) = (Arc::clone(&performer), shared(), Arc::clone(&store));
        failure::spawn("store", &failure, move || {
            durable::run_store(&*store, &performer.store, &shared, |command| performer.perform(command));
        })?
    };
    threads.push({
        let (performer, reporter) = (Arc::clone(&performer), Arc::clone(&reporter));
        failure::spawn("engine", &failure, move || driver::run(engine, &performer, &reporter))?
    });

    let (submit, requests) = mpsc::channel(SUBMISSIONS_WAITING);
    let gauges = Gauges {
        status: status.clone(),
        network: network.clone(),
        inbox: Box::new({
            let inbox = Arc::clone(&inbox);
            move || inbox.len()
        }),
        store: Box::new({
            let performer = Arc::clone(&performer);
            move || performer.store.len()
        }),
    };
    let gateway = match config.gateway.enabled {
        true => {
            let anonymous = match config.gateway.anonymous {
                true => Anonymous::Allowed,
                false => Anonymous::Refused,
            };
            Some(api::Gateway::new(gateway, gateway_tokens, anonymous)?)
        }
        false => None,
    };
    let window = Api::new(Doors {
        submit,
        read: reader,
        feed: performer.feed.clone(),
        status: status.clone(),
        set: Arc::clone(&set),
        genesis,
        policy,
        gateway,
        metrics: telemetry::source(Arc::clone(&counters), gauges),
        stopping: current.stopping.subscribe(),
    });
    let submissions = intake::submissions(requests, Arc::clone(&verifier), current.stopping.subscribe());
    let mut serving = vec![tokio::spawn(submissions)];
    let mut rpc_addrs = Vec::new();
    for (listener, address) in rpc {
        let router = window.public_router(exposure(address, &config));
        serving.push(tokio::spawn(api::serve(listener, router, current.stopping.subscribe())));
        rpc_addrs.push(address);
    }
    let (listener, admin_addr) = admin;
    let router = window.admin_router(exposure(admin_addr, &config));
    serving.push(tokio::spawn(api::serve(listener, router, current.stopping.subscribe())));
    let listening = tokio::spawn(
        Intake {
            network: network.clone(),
            verifier,
            inbox,
            counters,
            reporter,
            failure: failure.clone(),
            stopping: current.stopping.subscribe(),
        }
        .run(incoming),
    );
    let p2p_addrs = listen_addresses(&network, config.p2p.listen.len()).await;
    tracing::info!(network = %set.network(), validator = %me, ?rpc_addrs, ?p2p_addrs, "this node runs");
    Ok(RunningNode {
        rpc_addrs,
        admin_addr,
        p2p_addrs,
        status,
        failure,
        current,
        store,
        serving,
        listening,
        engine: threads,
        journal,
        commits,
    })
}

impl RunningNode {
    /// Waits until the node cannot go on, and says why. A node that is well never ends by itself.
    pub async fn wait(&self) -> FatalError {
        self.failure.told().await
    }

    /// Stops the node: callers get their answers, what is decided is written, files are closed.
    ///
    /// # Errors
    /// `FatalError` when it had stopped before, or its last writes failed.
    pub async fn stop(self) -> Result<(), FatalError> {
        let Self { failure, current, store, serving, listening, engine, journal, commits, .. } = self;
        current.stopping.send_replace(true);
        for task in serving {
            // A task that panicked has nothing left to end.
            let _ = task.await;
        }
        let performer = Arc::clone(&current.performer);
        performer.verifier.jobs.close();
        performer.inbox.close();
        // Who waits for room in the store's queue would wait for ever if the store's thread has died.
        if failure.is_told() {
            performer.store.close();
        }
        join(engine).await;
        performer.journal.close();
        join(vec![journal]).await;
        performer.store.close();
        join(vec![commits]).await;
        performer.network.clone().stop().await;
        let _ = listening.await;
        drop((performer, current));
        close(store).await;
        match failure.is_told() {
            true => Err(failure.told().await),
            false => Ok(()),
        }
    }
}

/// Waits for threads. One that panicked has told so.
async fn join(threads: Vec<JoinHandle<()>>) {
    let joined = tokio::task::spawn_blocking(move || {
        for thread in threads {
            let _ = thread.join();
        }
    });
    let _ = joined.await;
}

/// Closes the store when its last reader is gone. It is durable either way; closed, it opens faster.
async fn close(mut store: Arc<Disk>) {
    let begin = tokio::time::Instant::now();
    loop {
        match Arc::try_unwrap(store) {
            Ok(store) => {
                let closed = tokio::task::spawn_blocking(move || store.close()).await;
                if let Ok(Err(fault)) = closed {
                    tracing::warn!(code = "store_close", %fault, "the store did not close well");
                }
                return;
            }
            Err(_) if begin.elapsed() > READERS_WAIT => return,
            Err(shared) => store = shared,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Which validator this node is; its keys must be the ones genesis names, or nobody would accept its word.
fn find(set: &ValidatorSet, config: &Config, keys: &NodeKeys) -> Result<ValidatorIndex, StartError> {
    let name = config.name.clone().ok_or(StartError::NameMissing)?;
    let found = set.iter().find(|(_, validator)| validator.name == name);
    let (me, validator) = found.ok_or_else(|| StartError::NotAValidator { name: name.clone() })?;
    if *validator != keys.validator(&name, validator.power) {
        return Err(StartError::OtherKeys { name });
    }
    let known = |peer: &str| set.iter().any(|(_, validator)| validator.name == peer);
    match config.peers.keys().find(|peer| !known(peer)) {
        Some(peer) => Err(StartError::UnknownPeer { name: peer.clone() }),
        None => Ok(me),
    }
}

fn open_journal(
    config: &Config,
    set: &ValidatorSet,
    me: ValidatorIndex,
    reader: &LedgerReader,
) -> Result<(Journal, Recovered), StartError> {
    let begun = reader.tip()?.is_some_and(|tip| tip.height > Height::ZERO);
    let if_missing = match begun {
        true => IfMissing::Refuse,
        false => IfMissing::Create,
    };
    let path = config.data_dir.join(Journal::FILE_NAME);
    let (journal, recovered) = Journal::open(&path, set.network(), me, if_missing)?;
    if recovered.cut_bytes > 0 {
        let bytes = recovered.cut_bytes;
        tracing::warn!(code = "journal_cut", bytes, "a write that a crash had left unfinished was cut off");
    }
    Ok((journal, recovered))
}

fn peers(set: &ValidatorSet, config: &Config) -> Vec<p2p::Peer> {
    set.iter()
        .map(|(_, validator)| p2p::Peer {
            public_key: validator
                .network
                .as_bytes()
                .try_into()
                .expect("an ed25519 key, as the set has checked"),
            addresses: config.peers.get(&validator.name).cloned().unwrap_or_default(),
        })
        .collect()
}

fn pool_limits(config: &Config) -> mempool::limits::PoolLimits {
    use mempool::limits::Limit;
    let crate::config::Mempool { count_max, bytes_max, tenant_count_max, tenant_bytes_max } = config.mempool;
    mempool::limits::PoolLimits {
        total: Limit { count_max, bytes_max },
        tenant: Limit { count_max: tenant_count_max, bytes_max: tenant_bytes_max },
    }
}

type Bound = (TcpListener, SocketAddr);

async fn bind(config: &Config) -> Result<(Vec<Bound>, Bound), StartError> {
    let mut rpc = Vec::new();
    for address in &config.rpc.listen {
        rpc.push(bind_one(*address).await?);
    }
    Ok((rpc, bind_one(config.admin_listen).await?))
}

async fn bind_one(address: SocketAddr) -> Result<Bound, StartError> {
    let fault = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    Ok((listener, address))
}

fn exposure(address: SocketAddr, config: &Config) -> Exposure {
    match address.ip().is_loopback() {
        true => Exposure::Loopback,
        false => Exposure::Open { hosts: config.rpc.hosts.clone() },
    }
}

/// The addresses listened on; those that are not known in time are left out.
async fn listen_addresses(network: &Network, wanted: usize) -> Vec<Multiaddr> {
    let begin = tokio::time::Instant::now();
    loop {
        let found = network.listen_addresses();
        if found.len() >= wanted || begin.elapsed() > LISTEN_WAIT {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
