//! Asks outside witnesses to cosign our certified checkpoints.
//!
//! In rounds, so that all who answer cosign one head: the newest one that is certified when a round begins. A round waits
//! for nobody longer than one answer may take; who fails is left out for a while that doubles. Nothing here is on the
//! path of a commit, and what comes back stands beside the certified checkpoint, never in its place: a receipt that
//! was given out stays what it was.
//! Source: C2SP tlog-witness; `ledger/witness/WITNESS.md`, rule W9; `ledger/STATE.md`, rule C3.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::NodeStatus;
use api::witnessing::{Outside as Shown, OutsideStatus, WitnessedHead};
use client::ClientError;
use client::tls::Roots;
use client::witness::{Answer, WitnessClient};
use ledger::LedgerReader;
use ledger::read::ReadError;
use proto::checkpoint::CheckpointText;
use proto::counter::TreeSize;
use proto::note::{Note, NoteSignature};
use proto::verified::Strict;
use tokio::sync::watch;
use tokio::task::JoinSet;
use witness::{AddCheckpoint, AnswerError, Cosigned, Submitted, read_answer, read_conflict};

use super::settings::OutsideWitness;
use crate::clock;
use crate::files;
use crate::filesystem::System;
use crate::seats::Seats;
use crate::telemetry::Counters;

/// Where the newest witnessed checkpoint is kept, in a node's data directory.
pub(crate) const FILE_NAME: &str = "witnessed";
/// Most checkpoints that are shown: with each, a request may ask for more witnesses than the newest has.
const HEADS_MAX: usize = 16;
/// Pause after a first failure; it doubles with each further one.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// Most requests to one witness in a round: a conflict is answered with the size it has, which may grow meanwhile.
const ASKED_MAX: usize = 3;
/// Longest signature that is sent along: the log's and the Ed25519 cosignatures, but not the post-quantum ones, which
/// other witnesses have no use for and no room.
const SENT_SIGNATURE_BYTES_MAX: usize = 72;

/// Why a witness gave no cosignature.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Answer(#[from] AnswerError),
    #[error("status {status}: {detail}")]
    Refused { status: u16, detail: String },
    #[error("it answered {ASKED_MAX} requests with conflicts, the last from size {ours}")]
    Conflicts { ours: TreeSize },
    /// Another node of ours was there first with a larger checkpoint. Passes: the next round has one as large.
    #[error("it has size {theirs}, ours is {ours}")]
    Ahead { theirs: TreeSize, ours: TreeSize },
    #[error("the log could not be read: {0}")]
    Read(#[from] ReadError),
    #[error("the request could not be made")]
    Unmade,
}

/// A checkpoint of ours, as it is sent.
#[derive(Debug)]
struct Target {
    checkpoint: Submitted,
}

/// A witness and how it stands.
#[derive(Debug)]
struct Asked {
    witness: Arc<OutsideWitness>,
    client: WitnessClient,
    /// The size it is believed to have.
    size: TreeSize,
    last: Option<(u64, u64)>,
    failures: u32,
    fault: Option<String>,
    not_before: Option<Instant>,
}

/// A checkpoint of ours with what was cosigned of it.
#[derive(Clone, Debug)]
struct Head {
    text: CheckpointText,
    lines: Vec<(String, NoteSignature)>,
}

/// All who are asked.
pub(crate) struct Outside {
    asked: Vec<Asked>,
    heads: VecDeque<Head>,
    interval: Duration,
    reader: LedgerReader,
    seats: Arc<Seats>,
    counters: Arc<Counters>,
    path: PathBuf,
    shown: watch::Sender<Arc<Shown>>,
}

impl Outside {
    /// Asks these witnesses, at most once in `interval`; those behind HTTPS are believed by `roots`.
    ///
    /// # Errors
    /// `Address` when a URL is none that can be asked.
    pub(crate) fn new(
        witnesses: Vec<OutsideWitness>,
        roots: &Roots,
        interval: Duration,
        reader: LedgerReader,
        seats: Arc<Seats>,
        counters: Arc<Counters>,
        path: PathBuf,
    ) -> Result<Self, ClientError> {
        let asked = witnesses.into_iter().map(|witness| {
            let client = WitnessClient::new(&witness.url, roots)?;
            let witness = Arc::new(witness);
            let size = TreeSize::ZERO;
            Ok(Asked { witness, client, size, last: None, failures: 0, fault: None, not_before: None })
        });
        let asked = asked.collect::<Result<Vec<_>, ClientError>>()?;
        let shown = watch::Sender::new(Arc::default());
        let mut outside =
            Self { asked, heads: VecDeque::new(), interval, reader, seats, counters, path, shown };
        outside.recall();
        outside.show();
        Ok(outside)
    }

    /// What was cosigned, and how they stand.
    pub(crate) fn shown(&self) -> watch::Receiver<Arc<Shown>> {
        self.shown.subscribe()
    }

    /// Asks until the node stops.
    pub(crate) async fn run(
        mut self,
        mut status: watch::Receiver<NodeStatus>,
        mut stopping: watch::Receiver<bool>,
    ) {
        let work = async {
            loop {
                let certified = TreeSize::new(status.borrow_and_update().checkpoint_size);
                if self.is_due(certified) {
                    self.round(certified).await;
                    self.show();
                    tokio::time::sleep(self.interval).await;
                    continue;
                }
                // Whoever is left out is due again by time alone.
                tokio::select! {
                    changed = status.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(self.interval) => {}
                }
            }
        };
        tokio::select! {
            () = work => {}
            // An error says that the node is gone.
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    fn is_due(&self, certified: TreeSize) -> bool {
        let now = Instant::now();
        certified > TreeSize::ZERO && self.asked.iter().any(|asked| asked.is_due(certified, now))
    }

    /// Asks all who are due for the newest certified checkpoint.
    async fn round(&mut self, certified: TreeSize) {
        let (reader, seats) = (self.reader.clone(), Arc::clone(&self.seats));
        let target = tokio::task::spawn_blocking(move || target(&reader, &seats)).await;
        let target = match target {
            Ok(Ok(Some(target))) => Arc::new(target),
            Ok(Ok(None)) => return,
            Ok(Err(fault)) => {
                tracing::warn!(code = "witness_unasked", %fault, "no checkpoint to be cosigned could be read");
                return;
            }
            Err(_) => return,
        };
        let now = Instant::now();
        let mut answers = JoinSet::new();
        for (at, asked) in self.asked.iter().enumerate().filter(|(_, asked)| asked.is_due(certified, now)) {
            let (witness, client, size) = (Arc::clone(&asked.witness), asked.client.clone(), asked.size);
            let (target, reader) = (Arc::clone(&target), self.reader.clone());
            answers.spawn(async move { (at, ask(&witness, &client, size, &target, &reader).await) });
        }
        while let Some(answer) = answers.join_next().await {
            // A task that panicked has said nothing; its witness is asked again.
            let Ok((at, answer)) = answer else { continue };
            self.heard(at, &target.checkpoint.text, answer);
        }
    }

    fn heard(&mut self, at: usize, text: &CheckpointText, answer: Result<Vec<Cosigned>, AskError>) {
        let asked = &mut self.asked[at];
        match answer {
            Ok(cosigned) => {
                self.counters.outside("cosigned");
                asked.size = text.head.size;
                asked.last = cosigned.iter().map(|one| (text.head.size.get(), one.time_s)).max();
                (asked.failures, asked.fault, asked.not_before) = (0, None, None);
                let name = asked.witness.name.clone();
                let lines = cosigned.into_iter().map(|one| (name.clone(), one.line));
                self.keep(text, lines.collect());
            }
            Err(AskError::Ahead { theirs, .. }) => {
                self.counters.outside("ahead");
                asked.size = theirs;
            }
            Err(fault) => {
                self.counters.outside("failed");
                let pause = PAUSE_MIN.saturating_mul(1 << asked.failures.min(16)).min(PAUSE_MAX);
                asked.failures = asked.failures.saturating_add(1);
                // What it has is asked anew: it may have been put back.
                asked.size = TreeSize::ZERO;
                asked.not_before = Some(Instant::now() + pause);
                let witness = &asked.witness.name;
                tracing::warn!(code = "witness_failed", witness, %fault, ?pause, "a witness did not cosign");
                asked.fault = Some(fault.to_string());
            }
        }
    }

    /// Puts lines under a head, and keeps it on disk if it is the newest.
    fn keep(&mut self, text: &CheckpointText, lines: Vec<(String, NoteSignature)>) {
        match self.heads.iter_mut().find(|head| head.text == *text) {
            Some(head) => {
                let replaced = |old: &NoteSignature| {
                    lines.iter().any(|(_, new)| (&new.name, new.key_id) == (&old.name, old.key_id))
                };
                head.lines.retain(|(_, old)| !replaced(old));
                head.lines.extend(lines);
            }
            None => self.heads.push_front(Head { text: text.clone(), lines }),
        }
        self.heads.truncate(HEADS_MAX);
        let Some(head) = self.heads.front() else { return };
        let lines = head.lines.iter().map(|(_, line)| line.clone()).collect();
        let Ok(note) = Note::new(head.text.to_string(), lines) else { return };
        if let Err(fault) = files::replace_on(&System, &self.path, note.to_string().as_bytes()) {
            // It can be had again; the receipts made of it are in their holders' hands.
            tracing::warn!(code = "witnessed_not_kept", %fault, "a witnessed checkpoint was not written");
        }
    }

    /// Takes up what was kept, as far as it is still ours and holds.
    fn recall(&mut self) {
        let Ok(bytes) = std::fs::read(&self.path) else { return };
        let Some(note) = std::str::from_utf8(&bytes).ok().and_then(|text| Note::parse(text).ok()) else {
            return;
        };
        let Ok(text) = CheckpointText::parse(note.text()) else { return };
        let certified = self.reader.checkpoint_at(text.head.size).ok().flatten();
        let origin = self.seats.now().set().origin().to_owned();
        if origin != text.origin.as_str() || certified.map(|it| it.head) != Some(text.head) {
            return;
        }
        let now_s = clock::now().get() / 1_000;
        let lines: String = note.signatures().iter().map(ToString::to_string).collect();
        let mut kept = Vec::new();
        for asked in &mut self.asked {
            let Ok(found) = read_answer(&asked.witness.keys, &text, &lines, now_s, &Strict) else { continue };
            asked.last = found.iter().map(|one| (text.head.size.get(), one.time_s)).max();
            kept.extend(found.into_iter().map(|one| (asked.witness.name.clone(), one.line)));
        }
        if !kept.is_empty() {
            self.heads.push_front(Head { text, lines: kept });
        }
    }

    fn show(&self) {
        let heads = self.heads.iter().map(|head| {
            let mut witnesses: Vec<String> = Vec::new();
            for (name, _) in &head.lines {
                if !witnesses.contains(name) {
                    witnesses.push(name.clone());
                }
            }
            let lines: String = head.lines.iter().map(|(_, line)| line.to_string()).collect();
            WitnessedHead { size: head.text.head.size.get(), witnesses, lines: lines.into() }
        });
        let witnesses = self.asked.iter().map(|asked| OutsideStatus {
            name: asked.witness.name.clone(),
            url: asked.witness.url.clone(),
            vkeys: asked.witness.keys.iter().map(ToString::to_string).collect(),
            last: asked.last,
            failures: asked.failures.into(),
            fault: asked.fault.clone(),
            retry_at: asked.not_before,
        });
        let shown = Shown { heads: heads.collect(), witnesses: witnesses.collect() };
        self.counters.witnessed(shown.heads.first().map_or(0, |head| head.size));
        self.shown.send_replace(Arc::new(shown));
    }
}

impl Asked {
    fn is_due(&self, certified: TreeSize, now: Instant) -> bool {
        let done = self.last.is_some_and(|(size, _)| size >= certified.get());
        !done && self.not_before.is_none_or(|at| at <= now)
    }
}

/// The newest certified checkpoint; none when there is none, or its validators are gone.
fn target(reader: &LedgerReader, seats: &Seats) -> Result<Option<Target>, ReadError> {
    let Some(certified) = reader.checkpoint_latest()? else { return Ok(None) };
    let reign = seats.now();
    let Some(set) = certified.epoch().and_then(|epoch| reign.reigns.of(epoch)) else { return Ok(None) };
    let Ok(note) = certified.to_note(set) else { return Ok(None) };
    // Written by `to_note`, so it is one; its text is a checkpoint.
    let Ok(Submitted { note, text }) = Submitted::parse(&note) else { return Ok(None) };
    let short = |line: &&NoteSignature| line.signature.len() <= SENT_SIGNATURE_BYTES_MAX;
    let lines = note.signatures().iter().filter(short).cloned().collect();
    let Ok(note) = Note::new(text.to_string(), lines) else { return Ok(None) };
    Ok(Some(Target { checkpoint: Submitted { note, text } }))
}

/// Asks one witness, from the size it is believed to have; a conflict tells the size it has.
async fn ask(
    witness: &OutsideWitness,
    client: &WitnessClient,
    from: TreeSize,
    target: &Target,
    reader: &LedgerReader,
) -> Result<Vec<Cosigned>, AskError> {
    let text = &target.checkpoint.text;
    let ours = text.head.size;
    let mut old = from;
    for _ in 0..ASKED_MAX {
        if old > ours {
            return Err(AskError::Ahead { theirs: old, ours });
        }
        let reader = reader.clone();
        let proof = match old {
            TreeSize::ZERO => Vec::new(),
            old => tokio::task::spawn_blocking(move || reader.consistency(old, ours))
                .await
                .map_err(|_| AskError::Unmade)??
                .ok_or(AskError::Unmade)?,
        };
        let request = AddCheckpoint { old, proof, checkpoint: target.checkpoint.clone() };
        match client.add_checkpoint(request.to_string()).await? {
            Answer::Cosigned(lines) => {
                let now_s = clock::now().get() / 1_000;
                return Ok(read_answer(&witness.keys, text, &lines, now_s, &Strict)?);
            }
            Answer::Conflict(size) => old = read_conflict(&size)?,
            Answer::Refused { status, detail } => return Err(AskError::Refused { status, detail }),
        }
    }
    Err(AskError::Conflicts { ours: old })
}
