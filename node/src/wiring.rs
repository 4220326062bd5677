//! The composition root: every part of a node is made here, once.
//!
//! What can be refused is refused before the first thread starts: `checks`. What runs, and how it ends: `running`.

use std::sync::Arc;
use std::time::Duration;

use api::{Anonymous, Api, Doors, Gateway, Issuer, NodeStatus, Reigning, Witnessing};
use archive::Artifacts;
use crypto::{PublicKey, SecretKey};
use engine::{Command, Engine, Past};
use ledger::LedgerReader;
use p2p::{Multiaddr, Network};
use proto::genesis::Genesis;
use proto::validators::ValidatorSet;
use proto::verified::{Strict, Unverified};
use store::disk::Disk;
use tokio::sync::{broadcast, mpsc, watch};

use crate::addresses::Addresses;
use crate::callers::Callers;
use crate::clock;
use crate::config::Config;
use crate::erasing;
use crate::evidence::Evidences;
use crate::failure::Failure;
use crate::inbox::Inbox;
use crate::intake::{self, Intake};
use crate::journal::{IfMissing, Journal, Recovered};
use crate::keys::NodeKeys;
use crate::perform::{Performer, Signers};
use crate::publish::Publishing;
use crate::queue::Queue;
use crate::remembering::Remembering;
use crate::seats::Seats;
use crate::status::Reporter;
use crate::telemetry::{self, Counters};
use crate::tokens;
use crate::verifier::Verifier;
use crate::witness::outside::{self, Outside};
use crate::witness::settings;

mod checks;
mod error;
mod running;
mod witnessing;

use checks::{bind, check_role, exposure, pool_limits};
pub use error::StartError;
pub use running::RunningNode;
use running::{Current, Threads};

/// The store's directory in a node's data directory.
pub const STORE_DIR: &str = "data";
/// Submissions that wait between the window and the verifier.
const SUBMISSIONS_WAITING: usize = 256;
/// Notices a subscriber may be behind before it reads them from the store.
const NOTICES_WAITING: usize = 1_024;
/// How long the network may take to find the addresses it listens on.
const LISTEN_WAIT: Duration = Duration::from_secs(2);

/// All that a node is made of.
#[derive(Debug)]
pub struct Setup {
    /// Its configuration.
    pub config: Config,
    /// Its network.
    pub genesis: Genesis,
    /// Its keys.
    pub keys: NodeKeys,
    /// What to do when its journal is missing. A journal is made with the keys, so one that is missing was lost.
    pub if_missing: IfMissing,
}

/// Starts a node. Needs a tokio runtime with threads around it.
///
/// # Errors
/// `StartError`; then nothing runs.
pub async fn start(setup: Setup) -> Result<RunningNode, StartError> {
    let Setup { config, genesis, keys, if_missing } = setup;
    genesis.check()?;
    let (rpc, admin) = bind(&config).await?;
    let store = Arc::new(Disk::open(&config.data_dir.join(STORE_DIR), config.engine)?);
    let reader = LedgerReader::new(store.clone());
    let set = Arc::new(engine::reigns::reigning(&reader, &genesis)?);
    check_role(&set, &config, &keys)?;
    let reigning = Reigning::of(Arc::clone(&set))?;
    let NodeKeys {
        consensus,
        network_seed,
        log,
        cosigner_ed25519,
        cosigner_ml_dsa_65,
        witness_ed25519,
        witness_ml_dsa_65,
        witness_ml_dsa_44,
        gateway,
        receipts,
    } = keys;
    let cosigner =
        witnessing::cosigner(&config, &set, witness_ed25519, witness_ml_dsa_65, witness_ml_dsa_44)?;
    let witnesses = settings::outside(&config.witness)?;
    let gateway = make_gateway(&config, gateway)?;
    let (receipts_log, receipts_ml_dsa_65) = receipts;
    let issuer = Issuer::new(receipts_log, receipts_ml_dsa_65)?;
    let (journal, recovered) = open_journal(&config, &set, consensus.public(), if_missing)?;
    let genesis = Arc::new(genesis);
    // Blocks of an earlier epoch are of no use any more.
    let journaled = recovered.blocks.into_iter().filter(|it| it.block.epoch == set.epoch());
    let journaled = journaled.map(|block| Unverified::new(block).verify(&set, &Strict));
    let mut engine = Engine::new(engine::Setup {
        genesis: Arc::clone(&genesis),
        key: Some(consensus.public().clone()),
        consensus: config.consensus,
        pool: pool_limits(&config),
        batches: mempool::limits::BatchesLimits::default(),
        store: store.clone(),
        past: match recovered.lost {
            true => Past::Lost,
            false => Past::Remembered,
        },
        replay_above: engine::REPLAY_ABOVE,
        record: recovered.record,
        journaled: journaled.collect::<Result<_, _>>()?,
    })?;
    let first = engine.start(clock::now());
    let reigns = first.iter().find_map(|command| match command {
        Command::Reign(reigns) => Some(Arc::clone(reigns)),
        _ => None,
    });
    let reigns = reigns.expect("an engine begins by saying who reigns");
    let seats = Arc::new(Seats::new(Arc::clone(&reigns), consensus.public().clone(), &network_seed.public()));
    let addresses = Addresses::new(config.peers.clone());
    addresses.warn_of_unknown(&set);
    let (network, incoming) = Network::start(p2p::Config {
        seed: network_seed.to_bytes(),
        network: *set.network().digest(),
        listen: config.p2p.listen.clone(),
        validators: addresses.peers(&reigns),
        limits: p2p::Limits { observers_max: config.p2p.observers_max, ..p2p::Limits::default() },
    })?;

    let evidence = Evidences::open(&config.data_dir, *set.network()).map_err(StartError::Evidence)?;

    let publishing = config.publish.as_ref().map(|publish| Publishing::open(publish, &reader, &genesis));
    let publishing = publishing.transpose()?;

    let artifacts = config.artifacts.as_deref().map(Artifacts::open).transpose()?;

    let failure = Failure::new();
    let counters: Arc<Counters> = Arc::default();
    let inbox: Arc<Inbox> = Arc::default();
    let callers: Arc<Callers> = Arc::default();
    let stopping = watch::Sender::new(false);
    let name = config.name.clone().unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let told = watch::Sender::new(NodeStatus { name, version, ..NodeStatus::default() });
    let status = told.subscribe();
    let reporter = Arc::new(Reporter::new(Arc::clone(&seats), Arc::clone(&counters), told));
    let verifier = Arc::new(Verifier {
        jobs: Queue::default(),
        seats: Arc::clone(&seats),
        checker: Remembering::new(Strict),
        inbox: Arc::clone(&inbox),
        callers: Arc::clone(&callers),
        counters: Arc::clone(&counters),
    });
    let performer = Arc::new(Performer {
        seats: Arc::clone(&seats),
        addresses,
        reigning: watch::Sender::new(reigning),
        keys: Signers { consensus, log, cosigner_ed25519, cosigner_ml_dsa_65 },
        journal: Queue::default(),
        store: Queue::default(),
        inbox: Arc::clone(&inbox),
        verifier: Arc::clone(&verifier),
        network: network.clone(),
        callers,
        feed: broadcast::Sender::new(NOTICES_WAITING),
        evidence,
        counters: Arc::clone(&counters),
        failure: failure.clone(),
    });
    // From here on a return ends what was begun.
    let mut current = Current { stopping, performer: Arc::clone(&performer), intake: None };

    let threads = Threads::start(engine, first, journal, &store, &performer, &reporter)?;
    let outside = Outside::new(
        witnesses,
        Duration::from_millis(config.witness.interval_ms),
        reader.clone(),
        Arc::clone(&seats),
        Arc::clone(&counters),
        config.data_dir.join(outside::FILE_NAME),
    )?;
    let witnessing = Witnessing {
        cosigner: cosigner.map(|server| witnessing::serve(server, &performer)).transpose()?,
        outside: outside.shown(),
    };

    let publishing = publishing
        .map(|publishing| publishing.start(Arc::clone(&counters), current.stopping.subscribe()))
        .transpose()?;
    let (submit, requests) = mpsc::channel(SUBMISSIONS_WAITING);
    let window = Api::new(Doors {
        submit,
        read: reader.clone(),
        feed: performer.feed.clone(),
        status: status.clone(),
        reign: performer.reigning.subscribe(),
        genesis,
        gateway,
        artifacts: artifacts.clone(),
        issuer: Some(Arc::new(issuer)),
        witnessing,
        metrics: telemetry::source(Arc::clone(&performer), status.clone()),
        stopping: current.stopping.subscribe(),
    });
    let submissions = intake::submissions(
        requests,
        Arc::clone(&verifier),
        Arc::clone(&reporter),
        config.rpc.submit_to.clone(),
        current.stopping.subscribe(),
    );
    let mut serving = vec![
        tokio::spawn(submissions),
        tokio::spawn(outside.run(status.clone(), current.stopping.subscribe())),
    ];
    if let Some(artifacts) = artifacts {
        let (feed, stopping) = (performer.feed.subscribe(), current.stopping.subscribe());
        serving.push(tokio::spawn(erasing::run(artifacts, reader, feed, stopping)));
    }
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
            seats: Arc::clone(&seats),
            reporter,
            failure: failure.clone(),
            stopping: current.stopping.subscribe(),
        }
        .run(incoming),
    );
    current.intake = Some(listening.abort_handle());
    let p2p_addrs = listen_addresses(&network, config.p2p.listen.len()).await;
    let role = seats.now().me.map_or_else(|| "observer".to_owned(), |me| format!("validator {me}"));
    tracing::info!(network = %set.network(), epoch = %set.epoch(), role, ?rpc_addrs, ?p2p_addrs, "this node runs");
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
        publishing,
        threads,
    })
}

/// The gateway, when this node has one.
fn make_gateway(config: &Config, key: SecretKey) -> Result<Option<Gateway>, StartError> {
    if !config.gateway.enabled {
        return Ok(None);
    }
    let tokens = match &config.gateway.tokens_file {
        Some(path) => tokens::read(path)?,
        None => Vec::new(),
    };
    let anonymous = match config.gateway.anonymous {
        true => Anonymous::Allowed,
        false => Anonymous::Refused,
    };
    Ok(Some(Gateway::new(key, tokens, anonymous)?))
}

fn open_journal(
    config: &Config,
    set: &ValidatorSet,
    us: &PublicKey,
    if_missing: IfMissing,
) -> Result<(Journal, Recovered), StartError> {
    let path = config.data_dir.join(Journal::FILE_NAME);
    let (journal, recovered) = Journal::open(&path, set.network(), us, if_missing)?;
    if recovered.cut_bytes > 0 {
        let bytes = recovered.cut_bytes;
        tracing::warn!(code = "journal_cut", bytes, "a write that a crash had left unfinished was cut off");
    }
    if recovered.lost {
        tracing::warn!(
            code = "journal_lost",
            "this validator lost its journal: it follows, and is silent until the others have outgrown all it may have said"
        );
    }
    Ok((journal, recovered))
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
