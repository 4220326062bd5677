//! One engine in the world: its keys, its disk, its clock, its lives.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crypto::Scheme;
use engine::{Engine, EngineError, Past, Peer, Reigns, Setup, Timer};
use ledger::LedgerReader;
use proto::ballot::{Timeout, TimeoutStatement, Vote};
use proto::checkpoint::{Cosignature, Head, cosigned_messages};
use proto::id::ValidatorIndex;
use proto::message::Message;
use proto::proposal::Proposal;
use proto::validators::{Validator, ValidatorSet};
use proto::verified::Unverified;

use consensus::Say;

use crate::cast::Cast;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::notary::{Notary, Signer};
use crate::plan::ShellDefect;

/// The gap in heights above which a member replays the log: the least that makes it ask for a range at all, for histories
/// here are short.
const REPLAY_ABOVE: u64 = 32;

/// The key pairs of a member's roles.
pub struct Keys {
    consensus: Signer,
    network: Signer,
    log: Signer,
    cosigner_ed25519: Signer,
    cosigner_ml_dsa_65: Signer,
}

thread_local! {
    /// Keys made so far, by position. Every world has the same: to make them costs more than to run some worlds.
    static RING: RefCell<Vec<Rc<Keys>>> = const { RefCell::new(Vec::new()) };
}

impl Keys {
    /// The keys of a seed, known to the notary.
    pub fn new(seed: &[u8; 32], notary: &mut Notary) -> Self {
        let keys = Self::made(seed);
        keys.register(notary);
        keys
    }

    /// The keys of the member at a position, known to the notary.
    pub fn of(position: u16, notary: &mut Notary) -> Rc<Self> {
        let keys = RING.with_borrow_mut(|ring| {
            while ring.len() <= usize::from(position) {
                let seed = crypto::sha256(&ring.len().to_be_bytes());
                ring.push(Rc::new(Self::made(seed.as_bytes())));
            }
            Rc::clone(&ring[usize::from(position)])
        });
        keys.register(notary);
        keys
    }

    fn register(&self, notary: &mut Notary) {
        let Self { consensus, network, log, cosigner_ed25519, cosigner_ml_dsa_65 } = self;
        for signer in [consensus, network, log, cosigner_ed25519, cosigner_ml_dsa_65] {
            notary.register(signer);
        }
    }

    fn made(seed: &[u8; 32]) -> Self {
        let signer = |scheme, role| Signer::new(scheme, crypto::derive_seed(seed, role));
        Self {
            consensus: signer(Scheme::Ed25519, "consensus"),
            network: signer(Scheme::Ed25519, "network"),
            log: signer(Scheme::Ed25519, "log"),
            cosigner_ed25519: signer(Scheme::Ed25519, "cosigner-ed25519"),
            cosigner_ml_dsa_65: signer(Scheme::MlDsa65, "cosigner-ml-dsa-65"),
        }
    }

    /// The key it votes with.
    pub fn consensus(&self) -> &crypto::PublicKey {
        self.consensus.public()
    }

    /// The key it is named by in the network.
    pub fn network(&self) -> &crypto::PublicKey {
        self.network.public()
    }

    /// Signs by the key it votes with, really.
    pub fn approve(&self, message: &[u8]) -> crypto::Signature {
        self.consensus.sign(message)
    }

    /// The member as genesis lists it.
    pub fn validator(&self, name: String) -> Validator {
        Validator {
            name,
            power: 1,
            consensus: self.consensus.public().clone(),
            network: self.network.public().clone(),
            log: self.log.public().clone(),
            cosigner_ed25519: self.cosigner_ed25519.public().clone(),
            cosigner_ml_dsa_65: self.cosigner_ml_dsa_65.public().clone(),
        }
    }

    /// Signs what a replica wants to say.
    pub fn say(&self, say: Say, me: ValidatorIndex, set: &ValidatorSet, notary: &Notary) -> Message {
        let network = set.network();
        let sign = |message: Vec<u8>| notary.sign(&self.consensus, &message);
        match say {
            Say::Vote { statement, to: _ } => {
                Message::Vote(Vote { statement, voter: me, signature: sign(statement.signed_bytes(network)) })
            }
            Say::Timeout { epoch, view, high_qc, last_tc } => {
                let statement = TimeoutStatement { epoch, view, high_qc_view: high_qc.view };
                let signature = sign(statement.signed_bytes(network));
                Message::Timeout(Timeout { epoch, view, high_qc, last_tc, voter: me, signature })
            }
            Say::Proposal { block, justify, timeout_cert } => {
                let signature = sign(Proposal::signed_bytes(network, &block));
                Message::Proposal(Proposal { block, justify, timeout_cert, signature })
            }
        }
    }

    /// Signs a head with the three log keys.
    pub fn cosign(
        &self,
        head: Head,
        me: ValidatorIndex,
        time_s: u64,
        set: &ValidatorSet,
        notary: &Notary,
    ) -> Cosignature {
        let messages = cosigned_messages(set, me, head, time_s).expect("the member is in the set");
        Cosignature {
            epoch: set.epoch(),
            signer: me,
            head,
            time_s,
            log: notary.sign(&self.log, &messages.log),
            ed25519: notary.sign(&self.cosigner_ed25519, &messages.ed25519),
            ml_dsa_65: notary.sign(&self.cosigner_ml_dsa_65, &messages.ml_dsa_65),
        }
    }
}

/// One member of the simulated network.
pub struct Member {
    /// Its number in the world, the same whether it reigns or not.
    pub number: u16,
    /// Who reigns, as its engine says.
    pub reigns: Option<Arc<Reigns>>,
    /// Its keys.
    pub keys: Rc<Keys>,
    /// What survives a crash.
    pub disk: Disk,
    /// What does not; none while it is down.
    pub engine: Option<Engine>,
    /// What it takes for the time.
    pub clock: Clock,
    /// The number of its life; timers and writes of earlier lives mean nothing.
    pub life: u64,
    /// The timers that run, each with the number of its last start.
    pub timers: BTreeMap<Timer, u64>,
}

impl Member {
    /// A member that has never run.
    pub fn new(number: u16, keys: Rc<Keys>, clock: Clock) -> Self {
        let (disk, timers) = (Disk::default(), BTreeMap::new());
        Self { number, reigns: None, keys, disk, engine: None, clock, life: 0, timers }
    }

    /// Loses power and disk. That something was lost is known to who starts it again.
    pub fn wipe(&mut self) {
        self.stop();
        self.disk = Disk::default();
        self.disk.lost = true;
    }

    /// The name that others know it by.
    pub fn peer(&self) -> Peer {
        Peer(self.keys.network.public().id())
    }

    /// Its position in a set, if it is there.
    pub fn position(&self, set: &ValidatorSet) -> Option<ValidatorIndex> {
        set.position(self.keys.consensus.public())
    }

    /// Starts it from its disk.
    ///
    /// # Errors
    /// What the engine refuses.
    pub fn boot(
        &mut self,
        cast: &Cast,
        defect: Option<ShellDefect>,
        forgetful: bool,
    ) -> Result<(), EngineError> {
        self.life += 1;
        self.timers.clear();
        if let Some(defect) = defect {
            crate::defects::spoil(&mut self.disk, defect);
        }
        let reader = LedgerReader::new(Arc::clone(&self.disk.store) as Arc<dyn ledger::read::Read>);
        let set = engine::reigns::reigning(&reader, &cast.genesis).map_err(ledger::LedgerError::Read)?;
        let journaled = self.disk.blocks.iter();
        let journaled =
            journaled.filter_map(|(_, it)| Unverified::new(it.clone()).verify(&set, &cast.notary).ok());
        let record = self.disk.record.clone().filter(|_| !forgetful);
        self.engine = Some(Engine::new(Setup {
            genesis: Arc::clone(&cast.genesis),
            key: Some(self.keys.consensus.public().clone()),
            consensus: consensus::Config::default(),
            pool: mempool::limits::PoolLimits::default(),
            batches: mempool::limits::BatchesLimits::default(),
            store: Arc::clone(&self.disk.store) as Arc<dyn ledger::read::Read>,
            // As the journal has it.
            past: match (self.disk.lost, defect) {
                (true, Some(ShellDefect::LossForgotten)) | (false, _) => Past::Remembered,
                (true, _) => Past::Lost,
            },
            replay_above: REPLAY_ABOVE,
            record: record.and_then(|record| crate::defects::remembered(record, &set, defect)),
            journaled: journaled.collect(),
        })?);
        Ok(())
    }

    /// Loses power, and every write on its way.
    pub(crate) fn end(&mut self) {
        self.stop();
        self.disk.end();
    }

    /// It runs no more: whatever it was about to do, it does not.
    pub fn stop(&mut self) {
        self.engine = None;
        self.life += 1;
        self.timers.clear();
    }
}
