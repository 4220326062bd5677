//! The real safety journal as the simulated world's: the code that is shipped, on a file system that forgets.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use crypto::{PublicKey, Scheme, SecretKey};
use engine::JournalWrite;
use node::filesystem::FileSystem;
use node::journal::{IfMissing, Journal, Write};
use proto::block::CertifiedBlock;
use proto::id::NetworkId;
use proto::record::SafetyRecord;
use sim::crash::JournalFile;

use crate::ram::{Deed, Fault, Lie, Ram};

/// Rewritten above this size, so that it happens several times in a run.
pub const COMPACT_ABOVE_BYTES: u64 = 6_000;

/// The journal's place on its file system.
pub fn path() -> &'static Path {
    Path::new("node/journal")
}

/// The key of a validator that only files know.
pub fn key() -> PublicKey {
    SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("a scheme that signs").public().clone()
}

/// What a member's journal did.
#[derive(Debug, Default)]
pub struct Log {
    /// The deeds of each append.
    pub appends: Vec<Vec<Deed>>,
    /// What was written by each append that succeeded.
    pub written: Vec<Vec<JournalWrite>>,
    /// The fault that was asked for happened.
    pub struck: bool,
    /// It happened, and the journal did not notice.
    pub swallowed: bool,
}

/// One member's journal.
pub struct RealJournal {
    ram: Ram,
    network: NetworkId,
    us: PublicKey,
    journal: Option<Journal>,
    log: Rc<RefCell<Log>>,
}

/// A write of the engine's as the journal takes it.
pub fn of(write: &JournalWrite) -> Write<'_> {
    Write { record: &write.record, body: write.body.as_deref(), settled: write.settled }
}

/// The number by which the world asks for a fault of one deed of an append.
pub fn number(deed: usize, fault: Fault) -> u32 {
    let index = Fault::ALL.iter().position(|it| *it == fault).expect("all are listed");
    (deed * Fault::ALL.len() + index) as u32
}

/// What a number asks for.
pub fn numbered(number: u32) -> (usize, Fault) {
    let number = number as usize;
    (number / Fault::ALL.len(), Fault::ALL[number % Fault::ALL.len()])
}

impl RealJournal {
    /// A journal that does not exist yet.
    pub fn new(network: NetworkId, us: PublicKey, lie: Lie, log: Rc<RefCell<Log>>) -> Self {
        Self { ram: Ram::lying(lie), network, us, journal: None, log }
    }
}

impl JournalFile for RealJournal {
    fn append(&mut self, writes: &[&JournalWrite], fault: Option<u32>) -> Result<(), String> {
        let Some(journal) = &mut self.journal else { return Err("it is not open".to_owned()) };
        let written: Vec<JournalWrite> = writes.iter().copied().cloned().collect();
        let writes: Vec<_> = writes.iter().map(|it| of(it)).collect();
        self.ram.arm(fault.map(numbered));
        let done = journal.append(&writes).map_err(|fault| fault.to_string());
        let mut log = self.log.borrow_mut();
        log.appends.push(self.ram.deeds());
        if done.is_ok() {
            log.written.push(written);
        }
        if self.ram.struck().is_some() {
            log.struck = true;
            log.swallowed |= done.is_ok();
        }
        done
    }

    fn end(&mut self) {
        self.journal = None;
        self.ram.restart();
    }

    fn recover(&mut self, begun: bool) -> Result<(Option<SafetyRecord>, Vec<CertifiedBlock>), String> {
        let if_missing = if begun { IfMissing::Refuse } else { IfMissing::Create };
        let on: Arc<dyn FileSystem> = Arc::new(self.ram.clone());
        let opened = Journal::open_on(on, path(), &self.network, &self.us, if_missing);
        let (mut journal, recovered) = opened.map_err(|fault| fault.to_string())?;
        journal.compact_above(COMPACT_ABOVE_BYTES);
        self.journal = Some(journal);
        Ok((recovered.record, recovered.blocks))
    }
}
