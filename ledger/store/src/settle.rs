//! Writing to the engine what waits, behind the commits' backs.
//!
//! One thread takes what waits when it is large or old, writes it to the engine in small batches with rests between them,
//! makes it durable there, and only then forgets it in memory and gives the log's segments free. The rests are for the
//! node's other threads, and end when somebody waits for room: written at once, a second's work took a tenth of one from
//! all who share the processor, and replicas of one log have it at the same time. The number of
//! commits goes with the last batch: whatever a crash leaves of the others is written again from the log, and as every
//! write is absolute, writing it twice changes nothing. Commits wait only when too much waits.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::acknowledged;
use crate::disk::{Inside, State, make_durable};
use crate::engine::{Map, Write, step_back};
use crate::keys::{self, COUNT_KEY};
use crate::pieces;
use crate::port::StoreError;
use crate::waiting::Writes;

/// How much waits, and what the thread is to do about it.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    amount: Mutex<Amount>,
    /// Something is to be written, or the thread is to end.
    work: Condvar,
    /// Something was written.
    room: Condvar,
}

#[derive(Debug, Default)]
struct Amount {
    /// In the younger table.
    waiting_bytes: usize,
    /// In the elder one, which is being written.
    leaving_bytes: usize,
    /// A commit waits for room.
    wanted: bool,
    /// When the oldest write of the younger table came.
    since: Option<Instant>,
    ending: Option<Ending>,
    stopped: bool,
}

/// How the thread is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As soon as it can: the log has what waits.
    Now,
    /// When nothing waits any more.
    WhenSettled,
}

impl Backlog {
    fn amount(&self) -> MutexGuard<'_, Amount> {
        self.amount.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let amount = self.amount();
        amount.waiting_bytes + amount.leaving_bytes
    }

    /// Waits until a set of so many bytes leaves no more than `bytes_max` waiting, or is alone. Each thread that commits
    /// may be one set ahead of the others.
    pub(crate) fn wait_for_room(&self, bytes: usize, bytes_max: usize) {
        let mut amount = self.amount();
        loop {
            let waiting = amount.waiting_bytes + amount.leaving_bytes;
            if amount.stopped || waiting == 0 || waiting + bytes <= bytes_max {
                return;
            }
            // Too little to begin with, perhaps, and yet too much for another set.
            amount.wanted = true;
            self.work.notify_one();
            amount = self.room.wait(amount).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A set waits.
    pub(crate) fn add(&self, bytes: usize, settle_above_bytes: usize) {
        let mut amount = self.amount();
        amount.waiting_bytes += bytes;
        if amount.since.is_none() {
            amount.since = Some(Instant::now());
            self.work.notify_one();
        } else if amount.waiting_bytes >= settle_above_bytes {
            self.work.notify_one();
        }
    }

    /// Rests until a moment, or until somebody waits for room, much waits, or it is time to end.
    fn rest(&self, until: Instant, settle_above_bytes: usize) {
        let mut amount = self.amount();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let hurries = amount.wanted || amount.waiting_bytes >= settle_above_bytes;
            if left.is_zero() || hurries || amount.stopped || amount.ending.is_some() {
                return;
            }
            (amount, _) = self.work.wait_timeout(amount, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What was leaving is in the engine.
    fn left(&self) {
        let mut amount = self.amount();
        // Whoever still waits says so again.
        (amount.leaving_bytes, amount.wanted) = (0, false);
        self.room.notify_all();
    }

    pub(crate) fn end(&self, how: Ending) {
        self.amount().ending = Some(how);
        self.work.notify_one();
    }

    /// Nobody waits any more.
    pub(crate) fn stop(&self) {
        self.amount().stopped = true;
        self.room.notify_all();
        self.work.notify_one();
    }
}

/// The thread.
pub(crate) struct Settling(Arc<Inside>);

impl Settling {
    pub(crate) const fn new(inside: Arc<Inside>) -> Self {
        Self(inside)
    }

    /// Until it is told to end, or something fails.
    pub(crate) fn run(self) {
        step_back();
        while self.wait() {
            if let Err(fault) = self.settle() {
                self.0.stop(&fault);
                return;
            }
        }
    }

    /// Waits until something is to be written. False: it is time to end.
    fn wait(&self) -> bool {
        let (backlog, bounds) = (&self.0.backlog, &self.0.bounds);
        let mut amount = backlog.amount();
        loop {
            match (amount.stopped, amount.ending) {
                (true, _) | (false, Some(Ending::Now)) => return false,
                (false, Some(Ending::WhenSettled)) => return amount.since.is_some(),
                (false, None) => {}
            }
            let Some(since) = amount.since else {
                amount = backlog.work.wait(amount).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = bounds.settle_after.saturating_sub(since.elapsed());
            if amount.wanted || amount.waiting_bytes >= bounds.settle_above_bytes || left.is_zero() {
                return true;
            }
            (amount, _) = backlog.work.wait_timeout(amount, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes what waits to the engine.
    fn settle(&self) -> Result<(), StoreError> {
        let inside = &*self.0;
        let Some((writes, count)) = self.freeze() else { return Ok(()) };
        let (begin, bounds) = (Instant::now(), &inside.bounds);
        let leaving_bytes = inside.backlog.amount().leaving_bytes.max(1);
        settle(&*inside.engine, &writes, count, bounds.batch_bytes, |written_bytes| {
            let share = (written_bytes as f64 / leaving_bytes as f64).min(1.0);
            inside.backlog.rest(begin + bounds.settle_over.mul_f64(share), bounds.settle_above_bytes);
        })?;
        // A crash here leaves in the engine what is in the log as well.
        make_durable(&*inside.engine, &inside.directory, &inside.path)?;
        if let State::Sound(waiting) = &mut *inside.state_mut() {
            waiting.forget();
        }
        inside.backlog.left();
        drop(writes);
        // Nothing needs the segments below any more; a crash here leaves some that are not read.
        let io =
            |fault: std::io::Error| StoreError::Io { deed: "recycling the log", fault: fault.to_string() };
        let (released, mut recycler) = {
            let mut log = inside.log();
            (log.release(count), log.recycler())
        };
        let mut spares = recycler.recycle(released).map_err(io)?;
        if inside.has_room_for_spares() {
            spares.extend(recycler.make().map_err(io)?);
        }
        inside.log().keep(spares).map_err(io)
    }

    /// Takes the younger table, and the number of the last commit in it.
    fn freeze(&self) -> Option<(Arc<Writes>, u64)> {
        let inside = &*self.0;
        // With the log held no commit is between its number and its place in memory.
        let log = inside.log();
        let writes = match &mut *inside.state_mut() {
            State::Sound(waiting) => waiting.freeze(),
            State::Stopped { .. } => return None,
        };
        let mut amount = inside.backlog.amount();
        amount.leaving_bytes = std::mem::take(&mut amount.waiting_bytes);
        amount.since = None;
        Some((writes, log.last()))
    }
}

/// Writes a table to the engine, and with the last batch that `count` commits are there. Between two batches it does what
/// `rest` does with the bytes written so far.
pub(crate) fn settle(
    engine: &dyn Map,
    table: &Writes,
    count: u64,
    batch_bytes_max: usize,
    rest: impl Fn(usize),
) -> Result<(), StoreError> {
    let mut batch = Vec::new();
    let (mut batch_bytes, mut written_bytes) = (0, 0);
    for (key, payload) in table {
        let sealed = payload.as_ref().map(|payload| keys::seal(key, payload));
        batch_bytes += key.len() + sealed.as_ref().map_or(0, Vec::len);
        add(engine, &mut batch, key, sealed.as_deref())?;
        if batch_bytes >= batch_bytes_max {
            engine.write(std::mem::take(&mut batch))?;
            written_bytes += std::mem::take(&mut batch_bytes);
            rest(written_bytes);
        }
    }
    batch.push((COUNT_KEY.to_vec(), Some(acknowledged::encode(COUNT_KEY, count))));
    engine.write(batch)
}

/// Adds the writes of a value and its pieces, and takes out the pieces of the one before that it does not replace.
fn add(
    engine: &dyn Map,
    batch: &mut Vec<Write>,
    key: &[u8],
    sealed: Option<&[u8]>,
) -> Result<(), StoreError> {
    let before = engine.get(key)?;
    let mut count = 0;
    match sealed {
        Some(sealed) => {
            let head = pieces::head(sealed);
            count = pieces::count(&head);
            batch.push((key.to_vec(), Some(head)));
            for (piece_key, piece) in pieces::pieces(key, sealed) {
                batch.push((piece_key, Some(piece.to_vec())));
            }
        }
        // What was written and deleted while it waited never came here.
        None if before.is_none() => {}
        None => batch.push((key.to_vec(), None)),
    }
    for n in count..before.map_or(0, |head| pieces::count(&head)) {
        batch.push((pieces::piece_key(key, n), None));
    }
    Ok(())
}
