//! The composition root: every part of a node is made here, once.
//!
//! What can be refused is refused before the first thread starts: `checks`. What runs, and how it ends: `running`.

use std::sync::Arc;
use std::time::Duration;

use api::{
    Anonymous, Api, Attester, Authenticator, Custody, Doors, Gateway, Issuer, NodeStatus, Notary, Reigning,
    Service, SigningKey, Surface, Witnessing,
};
use crypto::{PublicKey, Scheme, SecretKey};
use engine::{Command, Engine, Past};
use ledger::LedgerReader;
use p2p::{Multiaddr, Network};
use proto::genesis::Genesis;
use proto::operation::endorsement_bytes;
use proto::operation::issuer::Continuity;
use proto::validators::ValidatorSet;
use proto::verified::{Strict, Unverified};
use rand::TryRng as _;
use rand::rngs::SysRng;
use store::disk::Disk;
use tokio::sync::{broadcast, mpsc, watch};
use zeroize::Zeroizing;

use crate::addresses::Addresses;
use crate::anchoring::Anchors;
use crate::auditing;
use crate::callers::Callers;
use crate::clock;
use crate::config::{self, Config};
use crate::credentials;
use crate::custody::HeldKeys;
use crate::erasing::Erasing;
use crate::evidence::Evidences;
use crate::failure::Failure;
use crate::files;
use crate::inbox::Inbox;
use crate::intake::{self, Intake};
use crate::journal::{IfMissing, Journal, Recovered};
use crate::keys::NodeKeys;
use crate::perform::{Performer, Signers};
use crate::publish::Publishing;
use crate::queue::Queue;
use crate::remembering::Remembering;
use crate::seats::Seats;
use crate::security_log::{self, SecurityLog};
use crate::shelf::Folder;
use crate::status::Reporter;
use crate::telemetry::{self, Counters};
use crate::verifier::Verifier;
use crate::witness::outside::{self, Outside};
use crate::witness::settings;
use client::tls::Roots;

mod checks;
mod error;
mod running;
mod witnessing;

use checks::{bind, check_role, exposure, pool_limits};
pub use error::{Cause, StartError};
pub use running::RunningNode;
use running::{Current, Threads};

/// The store's directory in a node's data directory.
pub const STORE_DIR: &str = "data";
/// Submissions that wait between the window and the verifier.
const SUBMISSIONS_WAITING: usize = 256;
/// Notices a subscriber may be behind before it reads them from the store.
const NOTICES_WAITING: usize = 1_024;
/// Largest file of certificates for HTTPS, in bytes.
const TLS_ROOTS_BYTES_MAX: u64 = 1 << 20;
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
    auditing::prepare(&store)?;
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
        service,
        custody,
        attester,
        notary,
        trust_root,
        receipts,
    } = keys;
    let cosigner =
        witnessing::cosigner(&config, &set, witness_ed25519, witness_ml_dsa_65, witness_ml_dsa_44)?;
    let witnesses = settings::outside(&config.witness)?;
    let tls = tls_roots(&config)?;
    let gateway = config.gateway.enabled.then(|| Gateway::new(gateway)).transpose()?;
    let (authenticator, service) = (authenticator(&config)?, Service::new(service)?);
    let service = endorsed(service, &genesis, &set, &config, &consensus);
    let custody = match config.dev_custody {
        true => Some(HeldKeys::open(&config.data_dir, &custody).map_err(StartError::Custody)?),
        false => None,
    };
    let attester = attesting(&config, attester)?;
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

    let (artifacts, archived) = checks::artifacts(&config)?;

    let security = SecurityLog::open(&config.data_dir, config.auth.log_bytes_max)?;

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
        &tls,
        Duration::from_millis(config.witness.interval_ms),
        reader.clone(),
        Arc::clone(&seats),
        Arc::clone(&counters),
        config.data_dir.join(outside::FILE_NAME),
    )?;
    let anchors = Anchors::open(
        &config.anchors,
        &config.data_dir,
        &tls,
        reader.clone(),
        Arc::clone(&seats),
        Arc::clone(&counters),
    )?;
    let witnessing = Witnessing {
        cosigner: cosigner.map(|server| witnessing::serve(server, &performer)).transpose()?,
        outside: outside.shown(),
    };

    let publishing = publishing
        .map(|publishing| publishing.start(Arc::clone(&counters), current.stopping.subscribe()))
        .transpose()?;
    let keeping = checks::keeping(&config);
    let (audit, notes) = mpsc::channel(security_log::WAITING);
    let (submit, requests) = mpsc::channel(SUBMISSIONS_WAITING);
    let window = Api::new(Doors {
        submit,
        read: reader.clone(),
        feed: performer.feed.clone(),
        status: status.clone(),
        reign: performer.reigning.subscribe(),
        genesis,
        gateway,
        authenticator,
        rate_per_minute: config.auth.rate_per_minute,
        audit: Some(audit),
        notes: Some(Arc::new(security.reading())),
        service,
        custody: custody.map(|keys| Arc::new(keys) as Arc<dyn Custody>),
        attester,
        notary: notarizing(&config, notary, trust_root)?,
        surfaces: config.surfaces.clone(),
        artifacts: artifacts.clone(),
        keeping: keeping.clone(),
        issuer: Some(Arc::new(issuer)),
        witnessing,
        anchoring: anchors.door(),
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
        tokio::spawn(security.run(notes, current.stopping.subscribe())),
        tokio::spawn(outside.run(status.clone(), current.stopping.subscribe())),
        tokio::spawn(anchors.run(status.clone(), current.stopping.subscribe())),
        tokio::spawn(api::packing::run(window.clone())),
    ];
    if let Some(artifacts) = artifacts {
        let (feed, stopping) = (performer.feed.subscribe(), current.stopping.subscribe());
        let erasing = Erasing::new(artifacts, archived, keeping, reader, window.clone());
        serving.push(tokio::spawn(erasing.run(feed, stopping)));
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

/// Whom HTTPS servers are believed by.
fn tls_roots(config: &Config) -> Result<Roots, StartError> {
    let Some(path) = &config.tls_roots else { return Ok(Roots::System) };
    let refused = |fault: String| StartError::TlsRoots { path: path.clone(), fault };
    let file = std::fs::File::open(path).map_err(|fault| refused(fault.to_string()))?;
    let pem = files::read_at_most(file, TLS_ROOTS_BYTES_MAX).map_err(|fault| refused(fault.to_string()))?;
    let pem = pem.ok_or_else(|| refused(format!("it has more than {TLS_ROOTS_BYTES_MAX} bytes")))?;
    Roots::from_pem(&pem).map_err(|fault| refused(fault.to_string()))
}

/// The service with the word of the validator whose it is: of this epoch, or by its name of a later one.
fn endorsed(
    service: Service,
    genesis: &Genesis,
    set: &ValidatorSet,
    config: &Config,
    consensus: &SecretKey,
) -> Service {
    let reigning = set.iter().find(|(_, validator)| validator.consensus == *consensus.public());
    let name = reigning.map(|(_, validator)| validator.name.clone()).or_else(|| config.name.clone());
    let Some(name) = name else { return service };
    let endorsement = endorsement_bytes(&genesis.network(), &name, &service.public().id());
    service.endorsed(name, consensus.sign(&endorsement))
}

/// This node's part in an issuer of attestations.
fn attesting(config: &Config, kept: SecretKey) -> Result<Option<Attester>, StartError> {
    let config::Attestations { issuer, name, signing } = config.attestations.clone();
    let key = match signing {
        None => None,
        Some(policy @ Continuity::Persistent) => Some(SigningKey::new(kept, policy)?),
        Some(policy @ Continuity::Ephemeral) => {
            let mut seed = Zeroizing::new([0; 32]);
            SysRng.try_fill_bytes(&mut *seed).map_err(|fault| StartError::Random(fault.to_string()))?;
            let made =
                SecretKey::from_seed(Scheme::Es256, &seed).expect("every seed leads to a key of ES256");
            Some(SigningKey::new(made, policy)?)
        }
    };
    Ok(Some(Attester::new(issuer, name, key)))
}

/// This node's part in evidence of jobs, where clients of that are served.
fn notarizing(config: &Config, key: SecretKey, trust_root: SecretKey) -> Result<Option<Notary>, StartError> {
    if !config.surfaces.contains(&Surface::Qcos) {
        return Ok(None);
    }
    let shelf = Folder::open(&config.data_dir).map_err(StartError::Shelf)?;
    let name = Notary::name_of(config.name.as_deref().unwrap_or_default(), key.public());
    Ok(Some(Notary::new(name, key, trust_root, Arc::new(shelf))?))
}

/// Who is believed at this node's doors.
fn authenticator(config: &Config) -> Result<Authenticator, StartError> {
    let keys = config.auth.keys_file.as_deref().map(credentials::read).transpose()?.unwrap_or_default();
    let anonymous = match config.auth.open {
        true => Anonymous::Allowed,
        false => Anonymous::Refused,
    };
    Ok(Authenticator::new(keys, anonymous)?.keeping_private(config.auth.private_tenants.clone()))
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
