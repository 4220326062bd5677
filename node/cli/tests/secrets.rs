//! Nothing a caller shows of itself is written down: a node that logs all it can, asked with every kind of credential in
//! every place where one may stand.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use node::security_log::FILE_NAME;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// Ends a process whatever happens to the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn quorate(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command.args(args).current_dir(dir).env("QUORATE_CONFIG_DIR", dir.join("config"));
    command
}

/// Sends a request as it is written; the head of the answer, and its body where the node closes behind it.
fn ask(address: &str, line: &str, headers: &[String], body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let own = ["host: localhost".to_owned(), format!("content-length: {}", body.len())];
    let head = [&own[..], headers].concat().join("\r\n");
    stream.write_all(format!("{line} HTTP/1.1\r\n{head}\r\n\r\n{body}").as_bytes()).expect("sent");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let mut answer = Vec::new();
    let mut part = [0; 4_096];
    while !answer.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        match stream.read(&mut part).expect("answered") {
            0 => break,
            count => answer.extend_from_slice(&part[..count]),
        }
    }
    if headers.iter().any(|header| header == "connection: close") {
        stream.read_to_end(&mut answer).expect("answered");
    }
    String::from_utf8(answer).expect("text")
}

#[test]
fn no_credential_stands_in_what_a_node_logs() {
    let dir = tempfile::tempdir().expect("a directory");
    let init =
        ["testnet", "init", "--dir", "net", "--validators", "1", "--port", "24870", "--output", "json"];
    let drawn = quorate(dir.path(), &init).output().expect("runs");
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let drawn: Value = serde_json::from_slice(&drawn.stdout).expect("one object");
    let address = drawn["nodes"][0]["rpc"].as_str().expect("an address").trim_start_matches("http://");
    let key = std::fs::read_to_string(dir.path().join("net/token")).expect("a token").trim().to_owned();
    let (log, node) = (dir.path().join("log"), dir.path().join("net/v1"));
    let start = ["node", "start", "--dir", "net/v1", "--passphrase-file", "net/v1/passphrase"];
    let all = ["--set", "log.filter=trace", "--set", "log.format=human"];
    let mut command = quorate(dir.path(), &[&start[..], &all].concat());
    let to = || Stdio::from(File::options().create(true).append(true).open(&log).expect("a file"));
    let mut running = Killed(command.stdout(to()).stderr(to()).spawn().expect("starts"));
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(begun.elapsed() < PATIENCE && running.0.try_wait().expect("asks").is_none(), "it listens");
        std::thread::sleep(Duration::from_millis(50));
    }

    let close = || "connection: close".to_owned();
    let bearer = |secret: &str| format!("authorization: Bearer {secret}");
    let json = "content-type: application/json".to_owned();
    let issued = ask(
        address,
        "POST /v1/tokens",
        &[bearer(&key), json, close()],
        "{\"scope\":\"proof:read\",\"expires_in\":60}",
    );
    let (head, body) = issued.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200"), "{issued}");
    let issued: Value = serde_json::from_str(body).expect("one object");
    let jwt = issued["access_token"].as_str().expect("a token");
    let parts: Vec<&str> = jwt.split('.').collect();
    let [_, said, signature] = parts[..] else { panic!("a JWT has three parts: {jwt}") };
    let forged = format!("{}.{said}.{}", parts[0], signature.chars().rev().collect::<String>());
    let unknown = "a-key-that-nobody-has";

    let upgrade = |secret: &str| {
        let fixed = ["connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13"];
        let more = ["sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="];
        let offered = format!("sec-websocket-protocol: quorate.token.{secret}");
        fixed.iter().chain(&more).map(|header| (*header).to_owned()).chain([offered]).collect::<Vec<_>>()
    };
    let mut asked = 0;
    for (secret, status) in [(key.as_str(), 200), (jwt, 200), (forged.as_str(), 401), (unknown, 401)] {
        let ways = [
            ("GET /v1/caller".to_owned(), vec![bearer(secret), close()], status),
            ("GET /v1/caller".to_owned(), vec![format!("x-api-key: {secret}"), close()], status),
            (format!("GET /v1/caller?api_key={secret}"), vec![close()], status),
            (format!("GET /v1/caller?token={secret}"), vec![close()], status),
            ("GET /v1/caller".to_owned(), [upgrade(secret), vec![close()]].concat(), status),
            // Two of them: refused before either is believed.
            (format!("GET /v1/caller?token={secret}"), vec![bearer("another"), close()], 401),
            // A stream, as a page would open it.
            ("GET /v1/events".to_owned(), upgrade(secret), 200),
        ];
        for (line, headers, status) in ways {
            let answer = ask(address, &line, &headers, "");
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line} {headers:?}: {answer}");
            assert!(!answer.contains(secret), "{answer}");
            // Events are everybody's, and are not noted.
            asked += usize::from(line.contains("caller"));
        }
    }
    assert!(Command::new("sh").args(["-c", &format!("kill -TERM {}", running.0.id())]).status().is_ok());
    assert_eq!(running.0.wait().expect("ends").code(), Some(0));

    let (logged, noted) = (
        std::fs::read_to_string(&log).expect("a log"),
        std::fs::read_to_string(node.join(FILE_NAME)).expect("notes"),
    );
    assert!(logged.contains("TRACE"), "it logs all it can");
    assert!(noted.lines().count() >= asked, "each was noted: {noted}");
    for (name, text) in [("log", &logged), ("security log", &noted)] {
        for secret in [key.as_str(), said, signature, forged.rsplit('.').next().expect("a part"), unknown] {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} stands in the {name}");
        }
    }
}
