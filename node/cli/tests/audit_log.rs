//! `quorate audit-log check`, run as a process on the data of a node that was stopped: whole, and changed in ways in which a
//! hand on the disk can change it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use ledger::change::{ChangeSet, Table};
use ledger::read::Read as _;
use node::security_log::{FILE_NAME, HEAD_NAME};
use node::wiring::STORE_DIR;
use serde_json::Value;
use store::disk::{Disk, Engine};
use store::port::Store as _;

fn quorate(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command.args(args).current_dir(dir).env("QUORATE_CONFIG_DIR", dir.join("config"));
    command
}

/// Ends a process whatever happens to the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a node keeps that was told two things, refused a third one, and was stopped.
fn stopped(dir: &Path) -> PathBuf {
    let arguments = ["dev", "--port", "0", "--validators", "1", "--data-dir", "data", "--output", "json"];
    let mut running = Killed(quorate(dir, &arguments).stdout(Stdio::piped()).spawn().expect("starts"));
    let stdout = BufReader::new(running.0.stdout.take().expect("piped"));
    let mut told = String::new();
    for line in stdout.lines() {
        told += &line.expect("reads");
        if told.ends_with('}') && serde_json::from_str::<Value>(&told).is_ok() {
            break;
        }
    }
    let told: Value = serde_json::from_str(&told).expect("one object");
    let url = told["url"].as_str().expect("an address");
    for name in ["one", "two"] {
        std::fs::write(dir.join(name), name).expect("writes");
        let said =
            quorate(dir, &["submit", name, "--url", url, "--wait", "finalized"]).output().expect("runs");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }
    for credential in ["nobody's", "nobody's either"] {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("it listens");
        let asked = format!(
            "GET /v1/caller HTTP/1.1\r\nhost: localhost\r\nx-api-key: {credential}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(asked.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
    // While it runs nothing can be said of its store.
    assert_eq!(checked(&dir.join("data/v1")).0, Some(2));
    let ask = format!("kill -TERM {}", running.0.id());
    assert!(Command::new("sh").args(["-c", &ask]).status().expect("asks").success());
    assert_eq!(running.0.wait().expect("ends").code(), Some(0));
    dir.join("data/v1")
}

/// The exit code of a check, what it found, and what it said.
fn checked(node: &Path) -> (Option<i32>, Value, String) {
    let said =
        quorate(node, &["audit-log", "check", "--dir", ".", "--output", "json"]).output().expect("runs");
    let found = serde_json::from_slice(&said.stdout).unwrap_or_default();
    (said.status.code(), found, String::from_utf8_lossy(&said.stderr).into_owned())
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("a file").path();
        let place = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true => copied(&path, &place),
            false => drop(std::fs::copy(&path, &place).expect("copied")),
        }
    }
}

/// Does something to a file of a node.
fn rewrite(node: &Path, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = node.join(name);
    let mut bytes = std::fs::read(&path).expect("reads");
    let before = bytes.clone();
    change(&mut bytes);
    assert_ne!(bytes, before, "{name}");
    std::fs::write(&path, bytes).expect("writes");
}

/// Does something to the last leaves of a store, with all that the store itself checks made right.
fn commit(node: &Path, change: impl FnOnce(&[u8], &[u8], &mut ChangeSet)) {
    let path = node.join(STORE_DIR);
    let disk = Disk::open(&path, Engine::of(&path).expect("a store")).expect("opens");
    let (key, value) = disk.at_or_below(Table::Leaves, &[0xff; 8]).expect("readable").expect("leaves");
    let mut changes = ChangeSet::new();
    change(&key, &value, &mut changes);
    disk.commit(&changes).expect("committed");
}

#[test]
fn the_data_of_a_stopped_node_is_whole_and_whoever_changes_it_is_noticed() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = stopped(dir.path());
    let (code, found, said) = checked(&node);
    assert_eq!(code, Some(0), "{said}");
    // Genesis, epoch, and two submissions with the entries of their blocks.
    assert_eq!((&found["leaves"], &found["certified"]), (&6.into(), &6.into()), "{found}");
    assert!(found["notes"].as_u64() >= Some(2), "{found}");
    assert!(std::fs::read_to_string(node.join(FILE_NAME)).expect("reads").contains("credential_unknown"));

    type Deed = fn(&Path);
    let deeds: [(&str, Deed); 9] = [
        ("a byte of the security log is another", |node| {
            rewrite(node, FILE_NAME, |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            });
        }),
        ("its last line is gone", |node| {
            rewrite(node, FILE_NAME, |bytes| {
                let end =
                    bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("two lines");
                bytes.truncate(end + 1);
            });
        }),
        ("its last byte is gone", |node| rewrite(node, FILE_NAME, |bytes| bytes.truncate(bytes.len() - 1))),
        ("all of it is gone", |node| std::fs::remove_file(node.join(FILE_NAME)).expect("removed")),
        ("its head is another", |node| rewrite(node, HEAD_NAME, |bytes| bytes[0] ^= 1)),
        ("a byte of a leaf is another", |node| {
            commit(node, |key, value, change| {
                let mut value = value.to_vec();
                let middle = value.len() / 2;
                value[middle] ^= 1;
                change.put(Table::Leaves, key, value);
            });
        }),
        ("the last leaves are gone", |node| {
            commit(node, |key, _, change| change.delete(Table::Leaves, key));
        }),
        ("a line of the index is gone", |node| {
            let path = node.join(STORE_DIR);
            let disk = Disk::open(&path, Engine::of(&path).expect("a store")).expect("opens");
            let first = disk.at_or_above(Table::AuditTerms, &[]).expect("readable").expect("an index");
            let mut change = ChangeSet::new();
            change.delete(Table::AuditTerms, &first.0);
            disk.commit(&change).expect("committed");
        }),
        ("the store's own log is gone", |node| {
            std::fs::remove_dir_all(node.join(STORE_DIR).join("log")).expect("removed");
        }),
    ];
    for (number, (what, deed)) in deeds.into_iter().enumerate() {
        let copy = dir.path().join(format!("copy{number}"));
        copied(&node, &copy);
        assert_eq!(checked(&copy).0, Some(0), "before {what}");
        deed(&copy);
        let (code, found, said) = checked(&copy);
        assert_eq!((code, found), (Some(4), Value::Null), "{what}: {said}");
    }
    assert_eq!(checked(&node).0, Some(0), "what was not touched is as it was");
}
