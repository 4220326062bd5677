//! Nodes as processes of their own: started, stopped, killed, and never mistaken for another's.
//!
//! A process id is reused by the system, so a number in a file is believed only while `/proc` shows a process with
//! that id that was started for this very node's directory. No other process is ever signalled.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::topology::Member;

/// How often a process that should end is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// How long a process may take to become the program it was started for, on a machine that does much else.
const BECOMING: Duration = Duration::from_secs(2);
/// How much of a log's end is looked at, in bytes.
const TAIL_BYTES: u64 = 16 << 10;

/// Why a process did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It runs already.
    #[error("{name} runs already, as process {pid}")]
    Running {
        /// The node.
        name: String,
        /// Its process.
        pid: u32,
    },
    /// The signal could not be sent.
    #[error("process {pid} of {name} cannot be signalled: {source}")]
    Signal {
        /// The node.
        name: String,
        /// Its process.
        pid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// It was asked to end and did not.
    #[error("process {pid} of {name} has not ended within {waited_s} s")]
    StillThere {
        /// The node.
        name: String,
        /// Its process.
        pid: u32,
        /// How long it was waited for, in seconds.
        waited_s: u64,
    },
}

/// Starts a node with the program at `program`, in a session of its own, so that it outlives this process.
///
/// # Errors
/// `Running` when it runs, `Io` when it cannot be started.
pub fn start(node: &Member, program: &Path) -> Result<u32, ProcessError> {
    start_with(node, program, &[])
}

/// The same, with more flags.
///
/// # Errors
/// As `start`.
pub fn start_with(node: &Member, program: &Path, flags: &[&str]) -> Result<u32, ProcessError> {
    if let Some(pid) = running(node) {
        return Err(ProcessError::Running { name: node.name.clone(), pid });
    }
    let io = |path: PathBuf| move |source| ProcessError::Io { path, source };
    // Each run has a log of its own, so that its last words are its own; that of the run before is kept.
    match fs::rename(node.log(), node.dir().join("log.previous")) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(io(node.log())(fault)),
        Ok(()) | Err(_) => {}
    }
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(node.log());
    let log = log.map_err(io(node.log()))?;
    let both: io::Result<File> = log.try_clone();
    // `--detached` makes the child leave this session by itself: that needs no code between fork and exec.
    let child = Command::new(program)
        .args(["node", "start", "--detached", "--dir"])
        .arg(node.dir())
        .arg("--passphrase-file")
        .arg(node.passphrase())
        .args(flags)
        .stdin(Stdio::null())
        .stdout(both.map_err(io(node.log()))?)
        .stderr(log)
        .spawn()
        .map_err(io(program.to_owned()))?;
    let pid = child.id();
    fs::write(node.pid_file(), format!("{pid}\n")).map_err(io(node.pid_file()))?;
    Ok(pid)
}

/// Leaves the session of whoever started this process, which `--detached` asks for. The leader of a session has none
/// to leave, and stays.
pub fn leave_session() {
    let _ = rustix::process::setsid();
}

/// The process of a node, if it runs.
pub fn running(node: &Member) -> Option<u32> {
    let text = fs::read_to_string(node.pid_file()).ok()?;
    let pid: u32 = text.trim().parse().ok().filter(|pid| *pid > 1)?;
    is_of(node, pid).then_some(pid)
}

/// Whether the process with this id was started for this node.
///
/// A process that has ended has no command line; one that is about to become the program it was started for has none
/// yet. Taken for gone, that one would run on with nobody knowing its id, so it is waited for.
fn is_of(node: &Member, pid: u32) -> bool {
    let until = Instant::now() + BECOMING;
    let line = loop {
        match fs::read(format!("/proc/{pid}/cmdline")) {
            Ok(line) if line.is_empty() && lives(pid) && Instant::now() < until => {
                thread::sleep(Duration::from_millis(1));
            }
            Ok(line) => break line,
            Err(_) => return false,
        }
    };
    let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    let dir = node.dir().as_os_str().as_bytes();
    words.windows(2).any(|pair| pair == [b"node".as_slice(), b"start"])
        && words.windows(2).any(|pair| pair == [b"--dir".as_slice(), dir])
}

/// Whether a process has not ended. Source: `proc_pid_stat(5)`, the state behind the name in brackets.
fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// Asks a node to end and waits until it has; nothing to do when it does not run.
///
/// # Errors
/// `Signal`, or `StillThere` when `patience` is over.
pub fn stop(node: &Member, patience: Duration) -> Result<(), ProcessError> {
    end(node, Signal::TERM, patience)
}

/// Kills a node without a word, as a crash would, and waits until it is gone.
///
/// # Errors
/// As `stop`.
pub fn kill(node: &Member, patience: Duration) -> Result<(), ProcessError> {
    end(node, Signal::KILL, patience)
}

/// Asks a node to end, and does not wait.
///
/// # Errors
/// `Signal`.
pub fn ask_to_stop(node: &Member) -> Result<(), ProcessError> {
    match running(node) {
        Some(pid) => signal(node, pid, Signal::TERM),
        None => Ok(()),
    }
}

/// Holds a node in its steps, as a machine that stalls would, or lets it go on.
///
/// # Errors
/// `Signal`.
pub fn pause(node: &Member, paused: Paused) -> Result<(), ProcessError> {
    let kind = match paused {
        Paused::Yes => Signal::STOP,
        Paused::No => Signal::CONT,
    };
    match running(node) {
        Some(pid) => signal(node, pid, kind),
        None => Ok(()),
    }
}

/// Whether a node is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// It is.
    Yes,
    /// It goes on.
    No,
}

fn end(node: &Member, kind: Signal, patience: Duration) -> Result<(), ProcessError> {
    let Some(pid) = running(node) else {
        return forget(node);
    };
    signal(node, pid, kind)?;
    let until = Instant::now() + patience;
    while is_of(node, pid) {
        if Instant::now() >= until {
            let (name, waited_s) = (node.name.clone(), patience.as_secs());
            return Err(ProcessError::StillThere { name, pid, waited_s });
        }
        thread::sleep(GLANCE);
    }
    forget(node)
}

fn signal(node: &Member, pid: u32, kind: Signal) -> Result<(), ProcessError> {
    let known = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(known) = known else {
        return Ok(());
    };
    match kill_process(known, kind) {
        // It ended by itself in the meantime.
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(fault) => Err(ProcessError::Signal { name: node.name.clone(), pid, source: fault.into() }),
    }
}

fn forget(node: &Member) -> Result<(), ProcessError> {
    match fs::remove_file(node.pid_file()) {
        Ok(()) => Ok(()),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(ProcessError::Io { path: node.pid_file(), source }),
    }
}

/// The end of a node's log: what it said last. Empty when there is none to read.
pub fn last_words(node: &Member, lines: usize) -> String {
    let tail = tail(&node.log()).unwrap_or_default();
    let tail = String::from_utf8_lossy(&tail);
    let all: Vec<&str> = tail.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// The last bytes of a file, however long it is.
fn tail(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::topology::{Keys, Plan, Topology};

    /// A network with one node, and a program that only waits, whatever its arguments.
    fn network(dir: &Path) -> (Topology, PathBuf) {
        let plan = Plan {
            validators: 1,
            dir: dir.join("net"),
            port: 22_170,
            origin: None,
            keys: Keys::Dev,
            registrars: Vec::new(),
        };
        let program = dir.join("program");
        fs::write(&program, "#!/bin/sh\necho started\nwhile :; do sleep 0.05; done\n").expect("writes");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("its owner may");
        (Topology::create(&plan).expect("draws"), program)
    }

    #[test]
    fn a_node_is_started_once_and_stopped() {
        let dir = tempfile::tempdir().expect("a directory");
        let (topology, program) = network(dir.path());
        let node = &topology.nodes[0];
        assert_eq!(running(node), None);
        let pid = start(node, &program).expect("starts");
        // It has written its first line once it is the program.
        let until = Instant::now() + Duration::from_secs(10);
        while running(node) != Some(pid) || last_words(node, 1) != "started" {
            assert!(Instant::now() < until, "{}", last_words(node, 5));
            thread::sleep(GLANCE);
        }
        assert!(matches!(start(node, &program), Err(ProcessError::Running { .. })));
        pause(node, Paused::Yes).expect("stops");
        pause(node, Paused::No).expect("goes on");
        kill(node, Duration::from_secs(10)).expect("ends");
        assert_eq!(running(node), None);
        assert!(!node.pid_file().exists());
        fs::write(node.log(), "words of the run before").expect("writes");
        start(node, &program).expect("starts again");
        assert!(!last_words(node, 5).contains("before"));
        assert!(node.dir().join("log.previous").exists());
        kill(node, Duration::from_secs(10)).expect("ends");
        stop(node, Duration::ZERO).expect("nothing to do");
    }

    #[test]
    fn a_node_that_was_just_started_is_not_taken_for_gone() {
        let dir = tempfile::tempdir().expect("a directory");
        let (topology, program) = network(dir.path());
        let node = &topology.nodes[0];
        for round in 0..25 {
            let pid = start(node, &program).expect("starts");
            assert_eq!(running(node), Some(pid), "round {round}");
            kill(node, Duration::from_secs(10)).expect("ends");
        }
    }

    #[test]
    fn a_reused_process_id_is_nobody_of_ours() {
        let dir = tempfile::tempdir().expect("a directory");
        let (topology, _) = network(dir.path());
        let node = &topology.nodes[0];
        // This test's own process stands for one that got the id later.
        for text in [std::process::id().to_string(), "1".into(), "0".into(), "-5".into(), "x".into()] {
            fs::write(node.pid_file(), &text).expect("writes");
            assert_eq!(running(node), None, "{text}");
            kill(node, Duration::ZERO).expect("nobody is killed");
        }
    }
}
