//! The engine: what lies below `disk`, an ordered map from bytes to bytes that writes many of them at once.
//!
//! It promises little: a `write` survives a crash whole or not at all, one that survives is never without those before
//! it, and `flush` hands all of them to the system. The rest of the contract is made above it, once for all engines: what
//! is durable, and when, is the log's affair.

use std::fmt;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use ledger::read::Pair;

use crate::port::StoreError;

mod fjall;
mod sled;

/// How often a lock is asked for before it counts as another's: an engine's threads let go of theirs a little after its
/// last owner, and a process that is being started holds whatever its parent held until it runs its own program.
pub(crate) const LOCK_ATTEMPTS: u32 = 100;
/// How long is waited before it is asked for again.
pub(crate) const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// An engine's cache of what it has read, in bytes. What it really takes is more.
const CACHE_BYTES: u64 = 64 << 20;

/// How far an engine's threads step back, as nice(2) counts. Far enough for others to go first, and not so far that a busy
/// machine starves them: at 15, beside compilers on both cores, commits waited for room for seconds.
const NICENESS: i32 = 5;

/// A stored key and its value, or none to take it out.
pub(crate) type Write = (Vec<u8>, Option<Vec<u8>>);
/// Stored keys from one to another.
pub(crate) type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// Which engine keeps a store. A directory belongs to the one that made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// sled 0.34, a tree of pages.
    #[default]
    Sled,
    /// fjall 3, a log-structured merge tree.
    Fjall,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Self; 2] = [Self::Sled, Self::Fjall];

    /// Its name in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sled => "sled",
            Self::Fjall => "fjall",
        }
    }

    /// What only this engine puts into a store's directory.
    const fn mark(self) -> &'static str {
        match self {
            Self::Sled => "db",
            Self::Fjall => fjall::DIRECTORY,
        }
    }

    /// The engine that made what is in a directory; none if nothing is.
    pub fn of(path: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| path.join(engine.mark()).exists())
    }

    pub(crate) fn open(self, path: &Path) -> Result<Box<dyn Map>, StoreError> {
        let mut attempt = 1;
        loop {
            match self.open_behind(path) {
                // Nobody else holds the directory's lock, so this is a store of this process that is being dropped.
                Err(Opening::Locked) if attempt < LOCK_ATTEMPTS => {
                    std::thread::sleep(LOCK_PAUSE);
                    attempt += 1;
                }
                Err(Opening::Locked) => {
                    let fault = "its files are locked".to_owned();
                    return Err(StoreError::Engine { deed: "opening", fault });
                }
                Err(Opening::Failed(fault)) => return Err(fault),
                Ok(map) => return Ok(map),
            }
        }
    }

    /// Opens it in a thread that steps back: the threads that an engine starts for itself do as the one they come from.
    fn open_behind(self, path: &Path) -> Result<Box<dyn Map>, Opening> {
        let open = || {
            step_back();
            match self {
                Self::Sled => sled::open(path),
                Self::Fjall => fjall::open(path),
            }
        };
        std::thread::scope(|scope| {
            let opening = std::thread::Builder::new().name("store-open".to_owned()).spawn_scoped(scope, open);
            let opening = opening.map_err(|fault| {
                Opening::Failed(StoreError::Io { deed: "starting a thread", fault: fault.to_string() })
            })?;
            opening.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// Puts this thread, and those that it starts, behind the node's others. Nobody waits for the engine but those who ran far
/// ahead: what everybody waits for goes first. Refused, it is merely less fair. Elsewhere than on Linux nice(2) is about a
/// whole process.
pub(crate) fn step_back() {
    if cfg!(target_os = "linux") {
        let _ = rustix::process::nice(NICENESS);
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|engine| engine.name() == text);
        found.ok_or_else(|| format!("one of {}", Self::ALL.map(Self::name).join(" and ")))
    }
}

/// Why an engine does not open.
enum Opening {
    /// Somebody holds its lock, perhaps for a moment only.
    Locked,
    Failed(StoreError),
}

/// The map an engine keeps. What it returns or throws in a call becomes an error of the store.
pub(crate) trait Map: fmt::Debug + Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// The first pair of a range.
    fn first(&self, range: Range) -> Result<Option<Pair>, StoreError>;
    /// The last pair of a range.
    fn last(&self, range: Range) -> Result<Option<Pair>, StoreError>;
    /// Writes all, or nothing.
    fn write(&self, writes: Vec<Write>) -> Result<(), StoreError>;
    /// Hands everything written to the system.
    fn flush(&self) -> Result<(), StoreError>;
}

/// What an engine's own error says.
enum Said {
    Io(String),
    Other(String),
}

/// Calls into an engine. It keeps no borrow of ours, and after a panic in a commit it is not called again, so nothing
/// half-changed is met later.
fn shielded<T, E: Into<Said>>(
    deed: &'static str,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(fault)) => Err(match fault.into() {
            Said::Io(fault) => StoreError::Io { deed, fault },
            Said::Other(fault) => StoreError::Engine { deed, fault },
        }),
        Err(thrown) => {
            let text = thrown.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| thrown.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(StoreError::Engine { deed, fault: format!("it panicked: {text}") })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn what_the_engine_throws_becomes_an_error() {
        let thrown: Result<(), _> = shielded::<_, ::sled::Error>("testing", || panic!("page {} is gone", 7));
        let fault = "it panicked: page 7 is gone".to_owned();
        assert_eq!(thrown, Err(StoreError::Engine { deed: "testing", fault }));
        let expected = StoreError::Io { deed: "testing", fault: "EIO".to_owned() };
        let io = shielded::<(), _>("testing", || Err(::sled::Error::from(io::Error::other("EIO"))));
        assert_eq!(io, Err(expected.clone()));
        let io = shielded::<(), _>("testing", || Err(::fjall::Error::from(io::Error::other("EIO"))));
        assert_eq!(io, Err(expected));
    }

    #[test]
    fn an_engine_is_named_as_in_a_configuration() {
        for engine in Engine::ALL {
            assert_eq!(engine.name().parse(), Ok(engine));
        }
        assert_eq!("Sled".parse::<Engine>(), Err("one of sled and fjall".to_owned()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_engines_threads_step_back_and_nobody_else() {
        // By the thread's name (proc(5)): after the name in parentheses, the nice value is the 17th field.
        let niceness = |stat: String| -> Option<(String, i32)> {
            let (name, fields) = stat.split_once('(')?.1.rsplit_once(')')?;
            Some((name.to_owned(), fields.split_whitespace().nth(16)?.parse().ok()?))
        };
        let own = || niceness(std::fs::read_to_string("/proc/thread-self/stat").ok()?).map(|(_, nice)| nice);
        let before = own().expect("this thread's");
        let dir = tempfile::tempdir().expect("a directory");
        let map = Engine::Fjall.open(dir.path()).expect("a map");
        let workers = || -> Vec<i32> {
            let tasks = std::fs::read_dir("/proc/self/task").expect("the threads");
            let stats = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
            let named = stats.filter_map(niceness).filter(|(name, _)| name.starts_with("fjall"));
            named.map(|(_, nice)| nice).collect()
        };
        // A thread names itself, when it first runs.
        let begin = std::time::Instant::now();
        while workers().is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(20), "an engine with threads of its own");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(workers().into_iter().all(|nice| nice == (before + NICENESS).min(19)));
        assert_eq!(own(), Some(before), "who opens it stays where it was");
        drop(map);
    }
}
