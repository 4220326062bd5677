//! Evidence is kept: each conviction once, in a file of its own, written before the log names the validator.
//!
//! A validator that contradicts itself for ever fills its own share of the directory and nobody else's.
//! Files are written by a thread of their own, for the main loop waits for no disk.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use consensus::Evidence;
use ledger::TwoRoots;
use ledger::collector::Divergence;
use proto::id::ValidatorIndex;
use proto::validators::ValidatorSet;

use crate::evidence_file::{EvidenceFile, Proof};
use crate::files;
use crate::filesystem::System;

/// The directory in a node's data directory.
pub const DIR: &str = "evidence";
/// Most files about one validator; one is enough to convict it.
const FILES_OF_ONE_MAX: usize = 16;
/// Most proofs that wait to be written.
const WAITING_MAX: usize = 64;

/// Where evidence goes.
#[derive(Debug)]
pub(crate) struct Evidences {
    set: Arc<ValidatorSet>,
    dir: PathBuf,
    names: Mutex<BTreeSet<String>>,
    queue: SyncSender<(PathBuf, EvidenceFile)>,
}

impl Evidences {
    /// The evidence of a data directory, and the thread that adds to it and ends with the last holder of this.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn open(data_dir: &Path, set: Arc<ValidatorSet>) -> io::Result<Self> {
        let dir = data_dir.join(DIR);
        files::private_dir(&dir)?;
        let names = std::fs::read_dir(&dir)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .filter(|name| name.as_ref().map_or(true, |name| name.ends_with(".json")))
            .collect::<io::Result<_>>()?;
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let writer = {
            let set = Arc::clone(&set);
            move || write_all(&waiting, &set)
        };
        std::thread::Builder::new().name("evidence".to_owned()).spawn(writer)?;
        Ok(Self { set, dir, names: Mutex::new(names), queue })
    }

    /// Keeps what convicts a validator of contradicting itself in a view.
    pub(crate) fn equivocation(&self, evidence: Evidence) {
        self.keep(Proof::Consensus(evidence));
    }

    /// Keeps what convicts a validator by its own words alone. That it differs from us is for the log: our word against
    /// its word convicts nobody.
    pub(crate) fn divergence(&self, divergence: Divergence) {
        match divergence {
            Divergence::FromItself { first, second } => {
                self.keep(Proof::Roots(TwoRoots(Box::new([*first, *second]))));
            }
            Divergence::FromUs { .. } => {}
        }
    }

    fn keep(&self, proof: Proof) {
        let (kind, number) = (proof.kind(), proof.number());
        let of_one = prefix(proof.accused());
        let name = format!("{of_one}{}-{}-{number}.json", kind.name(), kind.of_what());
        let path = self.dir.join(&name);
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let full = names.iter().filter(|name| name.starts_with(&of_one)).count() >= FILES_OF_ONE_MAX;
        if full || names.contains(&name) {
            return;
        }
        let file = EvidenceFile { network: *self.set.network(), proof };
        match self.queue.try_send((path, file)) {
            Ok(()) => drop(names.insert(name)),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                tracing::error!(
                    code = "evidence_lost",
                    name,
                    "evidence was not written: too much waits already"
                );
            }
        }
    }
}

fn prefix(validator: ValidatorIndex) -> String {
    format!("validator-{validator}-")
}

fn write_all(waiting: &Receiver<(PathBuf, EvidenceFile)>, set: &ValidatorSet) {
    for (path, file) in waiting {
        let accused = file.proof.accused();
        let validator = set.get(accused).map_or("?", |it| it.name.as_str());
        let (kind, number) = (file.proof.kind().name(), file.proof.number());
        match files::replace_on(&System, &path, file.to_json().as_bytes()) {
            Ok(()) => tracing::error!(
                code = "evidence_kept",
                validator,
                index = %accused,
                kind,
                number,
                file = %path.display(),
                "this validator contradicted itself; the file convicts it"
            ),
            Err(fault) => {
                tracing::error!(code = "evidence_lost", validator, file = %path.display(), %fault, "not written");
            }
        }
    }
}
