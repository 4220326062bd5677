//! Evidence is kept: each conviction once, in a file of its own, written before the log names the validator.
//!
//! A validator that contradicts itself for ever fills its own share of the directory and nobody else's.
//! Files are written by a thread of their own, for the main loop waits for no disk.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};

use consensus::Evidence;
use ledger::TwoRoots;
use ledger::collector::Divergence;
use proto::checkpoint::CheckpointText;
use proto::id::NetworkId;
use witness::{TwoHeads, origin_digest};

use crate::evidence_file::{EvidenceFile, Proof};
use crate::files;
use crate::filesystem::System;
use crate::seats::Seats;

/// The directory in a node's data directory.
pub const DIR: &str = "evidence";
/// Most files about one validator; one is enough to convict it.
const FILES_OF_ONE_MAX: usize = 16;
/// Most proofs that wait to be written.
const WAITING_MAX: usize = 64;

/// Where evidence goes.
#[derive(Debug)]
pub(crate) struct Evidences {
    network: NetworkId,
    dir: PathBuf,
    names: Mutex<BTreeSet<String>>,
    queue: SyncSender<Waiting>,
}

/// A proof that waits to be written.
#[derive(Debug)]
struct Waiting {
    path: PathBuf,
    told: Told,
}

/// What the log says of a proof when it is written.
#[derive(Debug)]
enum Told {
    /// A validator of ours contradicted itself.
    Validator {
        file: EvidenceFile,
        /// Its name.
        accused: String,
    },
    /// A log that we cosign has two roots for one size.
    Log { heads: Box<TwoHeads>, origin: String },
}

impl Evidences {
    /// The evidence of a data directory, and the thread that adds to it and ends with the last holder of this.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn open(data_dir: &Path, network: NetworkId) -> io::Result<Self> {
        let dir = data_dir.join(DIR);
        files::private_dir(&dir)?;
        let names = std::fs::read_dir(&dir)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .filter(|name| {
                name.as_ref().map_or(true, |name| name.ends_with(".json") || name.ends_with(".txt"))
            })
            .collect::<io::Result<_>>()?;
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let writer = move || write_all(&waiting);
        std::thread::Builder::new().name("evidence".to_owned()).spawn(writer)?;
        Ok(Self { network, dir, names: Mutex::new(names), queue })
    }

    /// Keeps what convicts a validator of contradicting itself in a view.
    pub(crate) fn equivocation(&self, evidence: Evidence, seats: &Seats) {
        self.keep(Proof::Consensus(evidence), seats);
    }

    /// Keeps what convicts a validator by its own words alone. That it differs from us is for the log: our word against
    /// its word convicts nobody.
    pub(crate) fn divergence(&self, divergence: Divergence, seats: &Seats) {
        match divergence {
            Divergence::FromItself { first, second } => {
                self.keep(Proof::Roots(TwoRoots(Box::new([*first, *second]))), seats);
            }
            Divergence::FromUs { .. } => {}
        }
    }

    /// Keeps what convicts a log that we cosign.
    pub(crate) fn two_heads(&self, heads: Box<TwoHeads>) {
        // Made of two checkpoints that were read; only their texts are used for names.
        let Ok(second) = CheckpointText::parse(heads.second.text()) else { return };
        let (digest, size) = (origin_digest(&second.origin).to_string(), second.head.size);
        let root = second.head.root.to_string();
        let of_one = format!("log-{}-", &digest[..16]);
        let name = format!("{of_one}size-{size}-{}.txt", &root[..16]);
        let origin = second.origin.to_string();
        self.queue_one(name, &of_one, Told::Log { heads, origin });
    }

    fn keep(&self, proof: Proof, seats: &Seats) {
        let (epoch, accused) = (proof.epoch(), proof.accused());
        // Views begin anew in each epoch, and an index means somebody else.
        let of_one = format!("epoch-{epoch}-validator-{accused}-");
        let (kind, of_what, number) = (proof.kind().name(), proof.kind().of_what(), proof.number());
        let name = format!("{of_one}{kind}-{of_what}-{number}.json");
        let reign = seats.now();
        let accused = reign.reigns.of(epoch).and_then(|set| set.get(accused)).map(|it| it.name.clone());
        let accused = accused.unwrap_or_default();
        let file = EvidenceFile { network: self.network, proof };
        self.queue_one(name, &of_one, Told::Validator { file, accused });
    }

    /// Hands a proof to the thread that writes, unless it is known or enough are.
    fn queue_one(&self, name: String, of_one: &str, told: Told) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let full = names.iter().filter(|name| name.starts_with(of_one)).count() >= FILES_OF_ONE_MAX;
        if full || names.contains(&name) {
            return;
        }
        let path = self.dir.join(&name);
        match self.queue.try_send(Waiting { path, told }) {
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

fn write_all(waiting: &Receiver<Waiting>) {
    for Waiting { path, told } in waiting {
        let text = match &told {
            Told::Validator { file, .. } => file.to_json(),
            Told::Log { heads, .. } => heads.to_text(),
        };
        match (files::replace_on(&System, &path, text.as_bytes()), told) {
            (Ok(()), Told::Log { origin, .. }) => tracing::error!(
                code = "log_two_heads",
                log = origin,
                file = %path.display(),
                "this log has two roots for one size; the file convicts it"
            ),
            (Ok(()), Told::Validator { file: EvidenceFile { network: _, proof }, accused }) => {
                tracing::error!(
                    code = "evidence_kept",
                    validator = accused,
                    epoch = %proof.epoch(),
                    kind = proof.kind().name(),
                    number = proof.number(),
                    file = %path.display(),
                    "this validator contradicted itself; the file convicts it"
                )
            }
            (Err(fault), Told::Validator { accused, .. }) => {
                tracing::error!(code = "evidence_lost", validator = accused, file = %path.display(), %fault, "not written");
            }
            (Err(fault), Told::Log { origin, .. }) => {
                tracing::error!(code = "evidence_lost", log = origin, file = %path.display(), %fault, "not written");
            }
        }
    }
}
