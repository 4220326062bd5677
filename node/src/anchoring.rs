//! Has certified checkpoints anchored outside: by time-stamping authorities, and by calendars of OpenTimestamps.
//!
//! A task of its own, on the path of no commit: it looks once a second, asks whoever is due, and writes what came of it
//! before it shows it. What is due and what an answer is worth is decided in `anchor`; here are the clock, chance, the
//! network and the disk. What was begun is taken up again after a restart.
//! Source: `ledger/anchor/ANCHOR.md`, rules N9 to N12.

mod book;
mod settings;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anchor::{Anchored, Deed, Every, Heard, Record, State};
use api::NodeStatus;
use api::anchoring::{AnchorService, Anchoring, Source};
use client::anchor::{AnchorClient, Answer};
use client::tls::Roots;
use ledger::LedgerReader;
use proto::note::Note;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock;
use crate::config;
use crate::seats::Seats;
use crate::telemetry::Counters;
use book::Book;
use settings::Asked;

pub use settings::AnchorSettingsError;

/// The directory of anchors, in a node's data directory.
const DIR: &str = "anchors";
/// Checkpoints whose anchors are worked at and listed; older ones are read when they are asked for.
const KEPT_MAX: usize = 64;
/// Most questions at once.
const AT_ONCE: usize = 16;
/// How often it is looked whether something is due.
const LOOK: Duration = Duration::from_secs(1);

/// Why anchoring cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum AnchorStartError {
    /// The configuration is refused.
    #[error(transparent)]
    Settings(#[from] AnchorSettingsError),
    /// The directory cannot be used.
    #[error("the directory of anchors: {0}")]
    Dir(#[from] io::Error),
}

/// All who are asked, and what came of it.
pub(crate) struct Anchors {
    asked: Vec<Asked>,
    every: Every,
    book: Book,
    /// The largest checkpoint first.
    kept: Vec<Anchored>,
    reader: LedgerReader,
    seats: Arc<Seats>,
    counters: Arc<Counters>,
    shown: watch::Sender<Arc<[Anchored]>>,
}

impl Anchors {
    /// Takes up what was begun.
    ///
    /// # Errors
    /// `AnchorStartError`.
    pub(crate) fn open(
        settings: &config::Anchors,
        data_dir: &Path,
        tls: &Roots,
        reader: LedgerReader,
        seats: Arc<Seats>,
        counters: Arc<Counters>,
    ) -> Result<Self, AnchorStartError> {
        let asked = settings::asked(settings, &settings.dir, tls)?;
        let book = Book::open(data_dir.join(DIR))?;
        let kept = book.newest(KEPT_MAX)?;
        let every = settings.every;
        let shown = watch::Sender::new(Arc::from(Vec::new()));
        let anchors = Self { asked, every, book, kept, reader, seats, counters, shown };
        anchors.show();
        Ok(anchors)
    }

    /// What the window shows of it.
    pub(crate) fn door(&self) -> Anchoring {
        let book = self.book.clone();
        let services = self.asked.iter().map(|asked| AnchorService {
            name: asked.service.name.clone(),
            kind: asked.service.kind,
            url: asked.service.url.clone(),
        });
        Anchoring {
            services: services.collect(),
            newest: self.shown.subscribe(),
            older: Source::new(move |size| book.read(size)),
        }
    }

    /// Works until the node stops.
    pub(crate) async fn run(
        mut self,
        status: watch::Receiver<NodeStatus>,
        mut stopping: watch::Receiver<bool>,
    ) {
        if self.asked.is_empty() {
            return;
        }
        let work = async {
            loop {
                let certified = status.borrow().checkpoint_size;
                self.begin(certified).await;
                self.round().await;
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = work => {}
            // An error says that the node is gone.
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    /// Begins to anchor the newest certified checkpoint, if one is due.
    async fn begin(&mut self, certified: u64) {
        let now_s = now_s();
        let since = |one: &Anchored| one.records.iter().map(|record| record.since_s).max().unwrap_or(0);
        let last = self.kept.first().map(|one| (one.size, since(one)));
        if !self.every.is_due(last, certified, now_s) {
            return;
        }
        let (reader, seats) = (self.reader.clone(), Arc::clone(&self.seats));
        let read = tokio::task::spawn_blocking(move || newest(&reader, &seats)).await;
        let Ok(Some((size, text))) = read else { return };
        if self.kept.first().is_some_and(|one| one.size >= size) {
            return;
        }
        let records = self.asked.iter().map(|asked| {
            Record::new(asked.service.name.clone(), asked.service.kind, asked.service.url.clone(), now_s)
        });
        let anchored = Anchored::new(size, text, records.collect());
        tracing::info!(size, services = anchored.records.len(), "a checkpoint is to be anchored");
        if self.keep(anchored.clone()).await {
            self.kept.insert(0, anchored);
            self.forget();
            self.show();
        }
    }

    /// Works at no more than so many: those that are finished go first, for they lose nothing.
    fn forget(&mut self) {
        while self.kept.len() > KEPT_MAX {
            let finished = |one: &Anchored| {
                one.records.iter().all(|it| it.standing.is_confirmed() || it.standing == State::Failed {})
            };
            let at = self.kept.iter().rposition(finished).unwrap_or(self.kept.len() - 1);
            self.kept.remove(at);
        }
    }

    /// Asks whoever is due.
    async fn round(&mut self) {
        let now_s = now_s();
        self.asked.iter_mut().for_each(Asked::refresh);
        let mut answers = JoinSet::new();
        'all: for one in &self.kept {
            let digest = one.digest();
            for (at, record) in one.records.iter().enumerate() {
                if answers.len() == AT_ONCE {
                    break 'all;
                }
                // Who is not configured any more is not asked; what was said before is kept.
                let named = |asked: &&Asked| asked.service.name == record.service;
                let Some(asked) = self.asked.iter().find(named) else { continue };
                let nonce = u64::from_be_bytes(rand::random());
                let Some(deed) = record.deed(&digest, &asked.trust, now_s, nonce) else { continue };
                let (size, client, trust) = (one.size, asked.client.clone(), asked.trust.clone());
                let digest = *digest.as_bytes();
                answers.spawn(async move {
                    let heard = perform(&client, &deed, &digest).await;
                    (size, at, deed, heard, trust)
                });
            }
        }
        while let Some(answer) = answers.join_next().await {
            // A task that panicked has heard nothing; it is asked again.
            let Ok((size, at, deed, heard, trust)) = answer else { continue };
            let Some(place) = self.kept.iter().position(|one| one.size == size) else { continue };
            let mut one = self.kept[place].clone();
            let digest = one.digest();
            let record = &mut one.records[at];
            let judged = record.take(&digest, &trust, crate::anchoring::now_s(), &deed, &heard);
            let (service, state) = (&record.service, record.standing.word());
            self.counters.anchor(if judged.is_ok() { state } else { "fault" });
            match judged {
                Ok(()) => tracing::info!(size, service, state, "an anchor was asked for"),
                Err(fault) => tracing::warn!(
                    code = "anchor_fault", size, service, state, %fault, "an anchor was not given"
                ),
            }
            // What is not durable is not shown, and is asked for again.
            if self.keep(one.clone()).await {
                self.kept[place] = one;
            }
            self.show();
        }
    }

    async fn keep(&self, anchored: Anchored) -> bool {
        let book = self.book.clone();
        match tokio::task::spawn_blocking(move || book.write(&anchored)).await {
            Ok(Ok(())) => true,
            Ok(Err(fault)) => {
                tracing::error!(code = "anchor_not_kept", %fault, "an anchor could not be written");
                false
            }
            Err(_) => false,
        }
    }

    fn show(&self) {
        let confirmed = |one: &&Anchored| one.records.iter().any(|record| record.standing.is_confirmed());
        self.counters.anchored(self.kept.iter().find(confirmed).map_or(0, |one| one.size));
        self.shown.send_replace(Arc::from(self.kept.clone()));
    }
}

fn now_s() -> u64 {
    clock::now().get() / 1_000
}

/// The newest certified checkpoint: its size, and the text above its signatures.
fn newest(reader: &LedgerReader, seats: &Seats) -> Option<(u64, String)> {
    let certified = match reader.checkpoint_latest() {
        Ok(certified) => certified?,
        Err(fault) => {
            tracing::warn!(code = "anchor_unread", %fault, "no checkpoint to be anchored could be read");
            return None;
        }
    };
    let reign = seats.now();
    let set = certified.epoch().and_then(|epoch| reign.reigns.of(epoch))?;
    let note = Note::parse(&certified.to_note(set).ok()?).ok()?;
    Some((certified.head.size.get(), note.text().to_owned()))
}

/// Does what is to be done; one answer for each message of an upgrade, else one.
async fn perform(client: &AnchorClient, deed: &Deed, digest: &[u8; 32]) -> Vec<Heard> {
    let heard = |answer: Result<Answer, client::ClientError>| match answer {
        Ok(Answer::Given(bytes)) => Heard::Bytes(bytes),
        Ok(Answer::NotYet) => Heard::NotYet,
        Ok(Answer::Refused { status }) => Heard::Fault(format!("it answered with status {status}")),
        Err(fault) => Heard::Fault(fault.to_string()),
    };
    match deed {
        Deed::Stamp { request, nonce: _ } => vec![heard(client.timestamp(request.clone()).await)],
        Deed::Promise => vec![heard(client.digest(digest).await)],
        Deed::Upgrade { of } => {
            let mut all = Vec::new();
            for message in of {
                all.push(heard(client.upgrade(&hex::encode(message)).await));
            }
            all
        }
        Deed::Look => Vec::new(),
    }
}
