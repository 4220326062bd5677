//! Power cuts under the real store and the real journal, on a real file system.
//!
//! An ext4 of its own in a file, and the call by which ext4 drops all that is not on its disk, as a power cut would: the
//! next mount replays its log and finds what was forced, perhaps more, never less. Needs root, a loop device, `unshare`,
//! `mkfs.ext4` and `python3`, so it runs only when asked:
//!
//! ```text
//! CRASH_POWER_CUTS=100 cargo test -p tests --test crash power -- --nocapture
//! ```

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use sim::prng::Prng;

use crate::store::{KILLS_PER_DIRECTORY, Promised, Tally, Writer, asked};

const CUTS: &str = "CRASH_POWER_CUTS";
/// Says to a child that it is alone with its mounts, and where.
const INSIDE: &str = "CRASH_POWER_INSIDE";
/// Size of the file system: room for the store's reserve and for what is written.
const DISK_BYTES: u64 = 512 << 20;
/// `EXT4_IOC_SHUTDOWN` without flushing the log: what is not on the disk is gone.
const CUT: &str = "import fcntl, os, struct, sys\n\
    disk, how = os.open(sys.argv[1], os.O_RDONLY), struct.pack('I', 2)\n\
    print('ready', flush=True)\n\
    sys.stdin.readline()\n\
    fcntl.ioctl(disk, 0x8004587D, how)";

fn call(program: &str, arguments: &[&dyn AsRef<std::ffi::OsStr>]) {
    let status = Command::new(program).args(arguments).status();
    let status = status.unwrap_or_else(|fault| panic!("{program}: {fault}"));
    assert!(status.success(), "{program}: {status}");
}

struct Machine {
    disk: PathBuf,
    mount: PathBuf,
}

impl Machine {
    fn new(dir: &Path) -> Self {
        let machine = Self { disk: dir.join("disk"), mount: dir.join("mount") };
        let file = std::fs::File::create(&machine.disk).expect("creates");
        file.set_len(DISK_BYTES).expect("grows");
        std::fs::create_dir_all(&machine.mount).expect("creates");
        call("mkfs.ext4", &[&"-q", &"-F", &machine.disk]);
        machine
    }

    fn on(&self) {
        call("mount", &[&"-o", &"loop", &self.disk, &self.mount]);
    }

    /// Cuts the power; what the writer had said just before. What it says afterwards counts for nothing: a sync that
    /// was under way may return as if it had succeeded, to a process that a real cut would have ended.
    fn cut(&self, writer: &Writer) -> Promised {
        let mut cutter = Command::new("python3")
            .args(["-c", CUT])
            .arg(&self.mount)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there");
        let mut ready = String::new();
        let told = cutter.stdout.take().expect("it is piped");
        BufReader::new(told).read_line(&mut ready).expect("it says that it is ready");
        let said = writer.said();
        drop(cutter.stdin.take());
        assert!(cutter.wait().expect("it ends").success(), "the power was not cut");
        said
    }

    fn off(&self) {
        call("umount", &[&self.mount]);
    }
}

/// The child, in a mount namespace of its own: nobody else keeps its file system alive.
#[test]
fn inside() {
    let Some(dir) = std::env::var_os(INSIDE).map(PathBuf::from) else { return };
    let (cuts, begin) = (asked(CUTS, 0), Instant::now());
    let (mut moments, mut tally) = (Prng::new(cuts, "moments"), Tally::default());
    let (mut cut, mut ghosts) = (0, 0);
    while cut < cuts {
        let machine = Machine::new(&dir);
        let node = machine.mount.join("node");
        let mut promised = Promised::default();
        for _ in 0..KILLS_PER_DIRECTORY.min(cuts - cut) {
            cut += 1;
            machine.on();
            let writer = Writer::start(&node);
            writer.wait(&mut moments);
            let said = machine.cut(&writer);
            let late = writer.kill();
            machine.off();
            machine.on();
            tally.look(&format!("cut {cut}"), &node, &mut promised, said);
            ghosts += u64::from(promised.lacks(late));
            machine.off();
        }
        machine.on();
        tally.look_at_all(&node, promised);
        machine.off();
    }
    println!(
        "{cuts} power cuts in {:.1} s: {tally:?}; {ghosts} syncs that returned after the cut",
        begin.elapsed().as_secs_f64()
    );
}

#[test]
fn whatever_was_acknowledged_survives_a_power_cut() {
    if asked(CUTS, 0) == 0 {
        return println!("no power is cut without {CUTS}");
    }
    let dir = tempfile::tempdir().expect("a directory");
    let status = Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .arg(std::env::current_exe().expect("this test has a path"))
        .args(["--exact", "power::inside", "--nocapture", "--test-threads", "1"])
        .env(INSIDE, dir.path())
        .status();
    assert!(status.expect("unshare is there").success(), "see above");
}
