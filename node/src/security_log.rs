//! The security log: who asked this node for what, and was refused or let in. Local, bounded, and chained.
//!
//! Every line has a hash that follows from the one before (`chain`): whoever changes, removes or moves a line in the middle
//! breaks the chain there, and the newest lines are held by a head beside them (`head`). At its largest size the log becomes
//! the old one, in the place of the older, and a new one goes on with the chain. Notes hold no credential (`api::audit`).
//! `reading` gives out what was refused, while the log is written.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use api::Noted;
use crypto::{Digest, sha256};
use rand::TryRng as _;
use tokio::sync::{mpsc, watch};

mod chain;
mod head;
mod reading;

pub use chain::{Checked, SecurityLogError, check, check_all, hash};
use chain::{Kept, SEPARATOR};
pub use head::HEAD_NAME;
use head::Head;
pub use reading::Reading;

/// The log's name in a node's data directory.
pub const FILE_NAME: &str = "security.log";
/// The name of the one before it.
pub const OLD_NAME: &str = "security.log.old";
/// Notes that wait to be written.
pub(crate) const WAITING: usize = 1_024;
/// How often the head is written, at most, while notes come.
const HEAD_EVERY: Duration = Duration::from_secs(5);

/// A log that is being written.
pub struct SecurityLog {
    dir: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
    bytes_max: u64,
    next: u64,
    last: Digest,
    /// When the head was written, and the number that came next then.
    headed: (Instant, u64),
    turning: Arc<Mutex<()>>,
}

impl SecurityLog {
    /// Goes on with the log in `dir`, or begins one. What a crash left unfinished at its end is cut off.
    ///
    /// # Errors
    /// `Io`, or that somebody changed it: then it is for the operator to put aside.
    pub fn open(dir: &Path, bytes_max: u64) -> Result<Self, SecurityLogError> {
        let path = dir.join(FILE_NAME);
        let io = |source| SecurityLogError::Io { path: path.clone(), source };
        let checked = check_all(dir)?;
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(io)?;
        file.set_len(checked.whole_bytes).map_err(io)?;
        let Checked { next, last, whole_bytes: bytes, .. } = checked;
        let (file, turning) = (BufWriter::new(file), Arc::default());
        let headed = (Instant::now(), 0);
        let mut log = Self { dir: dir.to_owned(), file, bytes, bytes_max, next, last, headed, turning };
        log.write_head().map_err(io)?;
        Ok(log)
    }

    /// Reads what this writes.
    pub fn reading(&self) -> Reading {
        Reading { dir: self.dir.clone(), turning: Arc::clone(&self.turning) }
    }

    /// Writes one note.
    ///
    /// # Errors
    /// What the system says.
    fn write(&mut self, noted: &Noted, time_ms: u64) -> io::Result<()> {
        let mut salt = [0; 16];
        rand::rngs::SysRng.try_fill_bytes(&mut salt).map_err(io::Error::other)?;
        let note = serde_json::to_string(&Kept {
            number: self.next,
            time_ms,
            after: self.last.to_string(),
            salt: Some(hex::encode(salt)),
            noted: noted.clone(),
        })?;
        let hash = chain::hash(&self.last, &sha256(note.as_bytes()));
        let line = format!("{hash}{SEPARATOR}{note}\n");
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.bytes_max {
            self.turn_over()?;
        }
        self.file.write_all(line.as_bytes())?;
        self.bytes += line.len() as u64;
        self.next += 1;
        self.last = hash;
        Ok(())
    }

    fn turn_over(&mut self) -> io::Result<()> {
        self.write_head()?;
        let path = self.dir.join(FILE_NAME);
        let turning = Arc::clone(&self.turning);
        let _held = turning.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::rename(&path, self.dir.join(OLD_NAME))?;
        self.file = BufWriter::new(OpenOptions::new().create(true).append(true).open(&path)?);
        self.bytes = 0;
        Ok(())
    }

    /// Says beside the log how far it reaches, once that is on the disk.
    fn write_head(&mut self) -> io::Result<()> {
        self.file.flush()?;
        let Some(number) = self.next.checked_sub(1) else { return Ok(()) };
        Head { number, hash: self.last }.write(&self.dir, self.file.get_ref())?;
        self.headed = (Instant::now(), self.next);
        Ok(())
    }

    /// Writes what comes until the node goes down, and then what has come by then. A line is copied into the system's memory
    /// and not waited for.
    pub(crate) async fn run(mut self, mut notes: mpsc::Receiver<Noted>, mut stopping: watch::Receiver<bool>) {
        loop {
            let (written, due) = (self.headed.1, self.headed.0 + HEAD_EVERY);
            let noted = tokio::select! {
                noted = notes.recv() => Some(noted),
                () = tokio::time::sleep_until(due.into()), if written < self.next => None,
                _ = stopping.wait_for(|stopping| *stopping) => break,
            };
            match noted {
                Some(Some(noted)) => self.keep(&noted, notes.is_empty()),
                Some(None) => break,
                None => match headed(self).await {
                    Some(log) => self = log,
                    None => return,
                },
            }
        }
        notes.close();
        while let Ok(noted) = notes.try_recv() {
            self.keep(&noted, notes.is_empty());
        }
        headed(self).await;
    }

    fn keep(&mut self, noted: &Noted, is_last: bool) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let flushed = |log: &mut Self| if is_last { log.file.flush() } else { Ok(()) };
        if let Err(fault) = self.write(noted, time_ms).and_then(|()| flushed(self)) {
            // The node serves on: a full disk must not decide who is let in. Its operator is told.
            tracing::error!(code = "security_log", %fault, "a request could not be noted");
        }
    }
}

/// Writes the head on a thread that may wait for the disk.
async fn headed(mut log: SecurityLog) -> Option<SecurityLog> {
    let written = tokio::task::spawn_blocking(move || {
        if let Err(fault) = log.write_head() {
            tracing::error!(code = "security_log", %fault, "the end of the security log could not be noted");
            log.headed.0 = Instant::now();
        }
        log
    });
    written.await.ok()
}

#[cfg(test)]
mod tests;
