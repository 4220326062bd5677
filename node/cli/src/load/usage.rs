//! What nodes cost while they work: processor time, memory, bytes written, bytes sent, the size of their directories.
//!
//! Read from `/proc` of processes on this machine, and the traffic between nodes from their own metrics; what cannot
//! be read is null. Sources: `proc_pid_stat(5)`, `proc_pid_status(5)`, `proc_pid_io(5)`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use testnet::process;
use testnet::topology::Topology;
use tokio::time::Instant;

use crate::exit::Failure;
use crate::net;

/// Parts of a second in which `/proc` counts processor time: `USER_HZ`, 100 on every machine that Linux runs on today.
const TICKS_PER_SECOND: f64 = 100.0;
/// Bytes of a block in which a file's room is counted, whatever the file system's own are.
const STAT_BLOCK_BYTES: u64 = 512;
/// Name of the file that a node holds locked while it runs.
const LOCK_FILE: &str = "journal.lock";

/// A process that is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Process {
    name: String,
    pid: u32,
    /// Directories of the nodes in it.
    dirs: Vec<PathBuf>,
    /// Where its metrics are told.
    admin: Option<String>,
}

/// The processes that are watched.
#[derive(Debug, Default)]
pub struct Gauge {
    processes: Vec<Process>,
    notes: Vec<String>,
    urls: Vec<String>,
}

/// What a process had cost at one moment; none of what could not be read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    at: Instant,
    cpu_ticks: Option<u64>,
    rss_bytes: Option<u64>,
    rss_peak_bytes: Option<u64>,
    written_bytes: Option<u64>,
    traffic: Option<Traffic>,
    dir_bytes: Option<u64>,
}

/// Payload bytes between nodes since a node began, from its metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Traffic {
    received: u64,
    sent: u64,
}

/// What a process cost while it was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Usage {
    /// The node, the nodes, or what else it is.
    pub name: String,
    /// The process.
    pub pid: u32,
    /// Processor time over time: 1 is one core all the time.
    pub cores: Option<f64>,
    /// Memory at the end.
    pub rss_bytes: Option<u64>,
    /// Most memory since the process began.
    pub rss_peak_bytes: Option<u64>,
    /// Bytes that went to the disk.
    pub written_bytes: Option<u64>,
    /// Payload bytes from other nodes.
    pub received_bytes: Option<u64>,
    /// Payload bytes to other nodes.
    pub sent_bytes: Option<u64>,
    /// Size of its directory at the end, as it lies on the disk.
    pub dir_bytes: Option<u64>,
    /// By how much that grew.
    pub dir_grown_bytes: Option<i64>,
}

impl Gauge {
    /// Watches these processes, those of the network in `dir`, and this one.
    ///
    /// # Errors
    /// `Usage` when there is no network in `dir`, or none of its nodes runs here.
    pub fn new(dir: Option<&Path>, pids: &[u32]) -> Result<Self, Failure> {
        let mut gauge = Self::default();
        if let Some(dir) = dir {
            gauge.watch(dir)?;
        }
        if !Path::new("/proc/self/stat").exists() {
            gauge.notes.push("this system has no /proc: what processes cost is not known".to_owned());
            return Ok(gauge);
        }
        for pid in pids {
            if !Path::new(&format!("/proc/{pid}")).exists() {
                return Err(Failure::usage(format_args!("there is no process {pid}")));
            }
            gauge.processes.push(Process { name: format!("process {pid}"), pid: *pid, ..Process::default() });
        }
        let pid = std::process::id();
        gauge.processes.push(Process { name: "this load".to_owned(), pid, ..Process::default() });
        Ok(gauge)
    }

    /// Watches the processes that run the nodes of the network in `dir`: whoever holds a node's lock open runs it.
    fn watch(&mut self, dir: &Path) -> Result<(), Failure> {
        let topology = Topology::read(dir).map_err(crate::commands::testnet::undrawn)?;
        let holders = holders();
        let mut by_pid: BTreeMap<u32, Process> = BTreeMap::new();
        for node in &topology.nodes {
            let lock = fs::canonicalize(node.dir().join(LOCK_FILE)).unwrap_or_default();
            let Some(pid) = holders.get(&lock) else { continue };
            let process = by_pid.entry(*pid).or_insert_with(|| Process { pid: *pid, ..Process::default() });
            process.name = match process.name.is_empty() {
                true => node.name.clone(),
                false => format!("{}+{}", process.name, node.name),
            };
            process.dirs.push(node.dir().to_owned());
            // Nodes of `quorate dev` listen elsewhere than their files say.
            if process::running(node) == Some(*pid) {
                process.admin = Some(format!("http://{}", node.admin));
                self.urls.push(node.url());
            }
        }
        if by_pid.is_empty() && Path::new("/proc/self/stat").exists() {
            return Err(Failure::usage(format_args!("no node of {} runs on this machine", dir.display()))
                .hint(format_args!("quorate testnet start --dir {}", dir.display())));
        }
        self.processes.extend(by_pid.into_values());
        Ok(())
    }

    /// The addresses of the nodes found in the network's directory.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// What a reader has to know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What each process has cost by now.
    pub async fn read(&self) -> Vec<Reading> {
        let mut readings = Vec::with_capacity(self.processes.len());
        for process in &self.processes {
            let of = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", process.pid)).ok();
            let status = of("status");
            let memory = |name| status.as_deref().and_then(|text| field(text, name)).map(|kib| kib * 1_024);
            readings.push(Reading {
                at: Instant::now(),
                cpu_ticks: of("stat").as_deref().and_then(cpu_ticks),
                rss_bytes: memory("VmRSS:"),
                rss_peak_bytes: memory("VmHWM:"),
                written_bytes: of("io").as_deref().and_then(|text| field(text, "write_bytes:")),
                traffic: match &process.admin {
                    Some(admin) => traffic(admin).await,
                    None => None,
                },
                dir_bytes: (!process.dirs.is_empty()).then(|| process.dirs.iter().map(|dir| size(dir)).sum()),
            });
        }
        readings
    }

    /// What each process cost from one reading to another.
    pub fn between(&self, before: &[Reading], after: &[Reading]) -> Vec<Usage> {
        let pairs = self.processes.iter().zip(before.iter().zip(after));
        pairs.map(|(process, (before, after))| usage(process, before, after)).collect()
    }
}

fn usage(process: &Process, before: &Reading, after: &Reading) -> Usage {
    let grown = |before: Option<u64>, after: Option<u64>| Some(after?.saturating_sub(before?));
    let seconds = after.at.saturating_duration_since(before.at).as_secs_f64();
    let ticks = grown(before.cpu_ticks, after.cpu_ticks).filter(|_| seconds > 0.0);
    let traffic = |pick: fn(Traffic) -> u64| grown(before.traffic.map(pick), after.traffic.map(pick));
    let grown_dir = |before: u64, after: u64| i64::try_from(i128::from(after) - i128::from(before)).ok();
    Usage {
        name: process.name.clone(),
        pid: process.pid,
        cores: ticks.map(|ticks| ticks as f64 / TICKS_PER_SECOND / seconds),
        rss_bytes: after.rss_bytes,
        rss_peak_bytes: after.rss_peak_bytes,
        written_bytes: grown(before.written_bytes, after.written_bytes),
        received_bytes: traffic(|it| it.received),
        sent_bytes: traffic(|it| it.sent),
        dir_bytes: after.dir_bytes,
        dir_grown_bytes: before.dir_bytes.zip(after.dir_bytes).and_then(|(a, b)| grown_dir(a, b)),
    }
}

/// Which process has which lock file open, as far as this user may see.
fn holders() -> BTreeMap<PathBuf, u32> {
    let mut holders = BTreeMap::new();
    let entries = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
    for process in entries(Path::new("/proc")) {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        for descriptor in entries(&process.path().join("fd")) {
            if let Ok(file) = fs::read_link(descriptor.path())
                && file.file_name().is_some_and(|name| name == LOCK_FILE)
            {
                holders.insert(file, pid);
            }
        }
    }
    holders
}

/// Processor time in user and system mode: fields 14 and 15, counted behind the name in brackets, which may hold
/// blanks and brackets of its own.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The number on the line that begins with `name`.
fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

async fn traffic(admin: &str) -> Option<Traffic> {
    let text = net::client(admin).ok()?.metrics().await.ok()?;
    Some(Traffic {
        received: family(&text, "quorate_p2p_received_bytes_total")?,
        sent: family(&text, "quorate_p2p_sent_bytes_total")?,
    })
}

/// The sum of a family of counters; none when there is no such family.
fn family(metrics: &str, name: &str) -> Option<u64> {
    let values = metrics.lines().filter_map(|line| {
        let (labels, value) = line.strip_prefix(name)?.rsplit_once(' ')?;
        (labels.is_empty() || labels.starts_with('{')).then(|| value.parse::<f64>().ok()).flatten()
    });
    values.map(|value| value as u64).reduce(u64::saturating_add)
}

/// Room that a directory's files take. One that goes away meanwhile takes none.
fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => size(&entry.path()),
        Ok(data) => data.blocks() * STAT_BLOCK_BYTES,
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_where_the_manual_says() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 500 0 0 0 120 30 7 9 20 0 17 0 100 1000 200";
        assert_eq!(cpu_ticks(stat), Some(150));
        assert_eq!(cpu_ticks("42 (short) S 1"), None);
        let status = "Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n";
        assert_eq!((field(status, "VmRSS:"), field(status, "VmHWM:")), (Some(1_024), Some(2_048)));
        assert_eq!(field("write_bytes: 4096\ncancelled_write_bytes: 1\n", "write_bytes:"), Some(4_096));
        assert_eq!(field("", "write_bytes:"), None);
    }

    #[test]
    fn a_family_is_summed_over_its_labels() {
        let metrics = "# HELP a_total x\na_total{kind=\"vote\"} 3\na_total{kind=\"batch\"} 4\na_total_b 9\n";
        assert_eq!(family(metrics, "a_total"), Some(7));
        assert_eq!(family(metrics, "b_total"), None);
    }

    #[tokio::test]
    async fn this_process_is_measured() {
        let gauge = Gauge::new(None, &[]).expect("no directory is asked for");
        let before = gauge.read().await;
        let begin = std::time::Instant::now();
        let mut sum = 0_u64;
        while begin.elapsed().as_millis() < 200 {
            sum = sum.wrapping_add(begin.elapsed().as_nanos() as u64);
        }
        std::hint::black_box(sum);
        let usage = gauge.between(&before, &gauge.read().await);
        assert_eq!(usage.len(), 1);
        assert!(usage[0].cores.is_some_and(|cores| cores > 0.0), "{usage:?}");
        assert!(usage[0].rss_bytes > Some(100_000) && usage[0].rss_peak_bytes >= usage[0].rss_bytes);
    }

    #[test]
    fn the_holder_of_a_lock_file_is_found() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(LOCK_FILE);
        let held = fs::File::create(&path).expect("creates");
        let path = fs::canonicalize(&path).expect("is there");
        assert_eq!(holders().get(&path), Some(&std::process::id()));
        drop(held);
        assert_eq!(holders().get(&path), None);
    }

    #[test]
    fn what_does_not_run_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(Gauge::new(Some(dir.path()), &[]).is_err());
        assert!(Gauge::new(None, &[u32::MAX]).is_err());
    }
}
