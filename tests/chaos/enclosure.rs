//! A world of its own for one test: its own processes, network, mounts and user, gone with the test however that ends.
//!
//! The test program runs itself again inside (`unshare`), as process 1 of a namespace of processes. When process 1 ends,
//! the kernel kills the rest and takes back interfaces and mounts. Process 1 ends with the test, with the program
//! outside (its standard input is a pipe from there), and by any signal that ends `unshare`.
//! Source: `pid_namespaces(7)`, `user_namespaces(7)`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What is between the nodes and the rest of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walls {
    /// Each node has a network of its own, and one of them a small disk.
    Namespaces,
    /// Nothing: all nodes are on loopback, and nothing can be unplugged or filled up.
    Loopback,
}

/// Says to the program that it is inside, and where its files go.
const INSIDE: &str = "CHAOS_INSIDE";
/// What is needed of the system: a bridge, and a file system of a chosen size.
const PROBE: &str = "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link add probe type bridge && ip netns add probe \
                     && nsenter --net=/run/netns/probe true";
/// Ends what was started in a directory, once nobody holds its standard input. Only processes that were given one of
/// its nodes' directories are touched.
const WARDEN: &str = r#"trap '' INT TERM HUP; cat >/dev/null
for file in "$1"/net/*/pid; do
    pid=$(cat "$file" 2>/dev/null) || continue
    grep -qF "${file%/pid}" "/proc/$pid/cmdline" 2>/dev/null && kill -9 "$pid"
done"#;

/// Runs `test`, which is the body of the test of this name, in a world of its own where that is permitted, else here.
/// It gets a scratch folder.
pub fn enclosed(name: &str, test: impl FnOnce(Walls, &Path)) {
    if let Some(dir) = std::env::var_os(INSIDE) {
        std::thread::spawn(|| {
            // Nothing ever comes; the end does when the program outside is gone.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(1);
        });
        return test(Walls::Namespaces, &PathBuf::from(dir));
    }
    let dir = tempfile::tempdir().expect("a scratch folder");
    let probe = unshare().args(["sh", "-c", PROBE]).stderr(Stdio::null()).status();
    if !probe.is_ok_and(|status| status.success()) {
        println!(
            "no namespaces are permitted here: on loopback, who is unplugged is held, whose disk is full is killed"
        );
        let mut warden = warden(dir.path());
        test(Walls::Loopback, dir.path());
        drop(warden.stdin.take());
        warden.wait().expect("the warden ends");
        return;
    }
    let program = std::env::current_exe().expect("this program knows itself");
    let mut inside = unshare()
        .arg(program)
        .args(["--exact", name, "--include-ignored", "--nocapture"])
        .env(INSIDE, dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("unshare was there a moment ago");
    // Line by line through this program's own output, which the test runner may keep to itself.
    for line in BufReader::new(inside.stdout.take().expect("a pipe")).lines() {
        println!("{}", line.expect("text"));
    }
    let status = inside.wait().expect("it was started");
    assert!(status.success(), "{name}: {status}");
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child"]);
    command.arg("--mount-proc");
    // A proxy of this machine's is not to be reached from there, and the nodes are.
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command
}

fn warden(dir: &Path) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", WARDEN, "warden"]).arg(dir).stdin(Stdio::piped());
    command.spawn().expect("there is a shell")
}
