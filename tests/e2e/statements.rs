//! What others signed, into four nodes; each receipt comes from another node and holds without any.

use std::path::Path;
use std::time::{Duration, Instant};

use proto::statement::cose;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::batch::Desk;
use crate::support::Net;

/// The committed statements, and the keys that have to stand beside them.
const STATEMENTS: [(&str, &str, Option<&str>); 7] = [
    ("cose-ed25519.cose", "cose", None),
    ("cose-ml-dsa-65.cose", "cose", None),
    ("jws-ed25519.jws", "jws", None),
    ("jws-json.json", "jws-json", None),
    ("dsse.json", "dsse", Some("ed25519.jwk")),
    ("dsse-both.json", "dsse", Some("both.jwks")),
    ("http-ed25519.json", "http-signature", None),
];

fn committed(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/statement");
    std::fs::read(folder.join(name)).expect("proto's tests write it")
}

fn jwk(scheme: crypto::Scheme, name: &str) -> Value {
    let seed = crypto::derive_seed(&[1; 32], name);
    let secret = crypto::SecretKey::from_seed(scheme, &seed).expect("signs");
    serde_json::to_value(model::jwks::Jwk::of(secret.public())).expect("writes")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_signed_has_a_receipt_from_every_node() {
    let net = Net::start(22_300).await;
    let desk = Desk { dir: tempfile::tempdir().expect("a scratch folder"), url: net.node(0).url() };
    desk.write("policy", net.policy(0).await.to_string());
    let (one, two) = (
        jwk(crypto::Scheme::Ed25519, "statement/ed25519"),
        jwk(crypto::Scheme::MlDsa65, "statement/ml-dsa-65"),
    );
    desk.write("ed25519.jwk", one.to_string());
    desk.write("both.jwks", serde_json::json!({ "keys": [one, two] }).to_string());

    let mut ids = Vec::new();
    for (name, format, keys) in STATEMENTS {
        desk.write(name, committed(name));
        let mut submit = vec!["submit", "statement", name, "--timeout", "60s"];
        submit.extend(keys.iter().flat_map(|keys| ["--jwk", keys]));
        let ticket = desk.json(0, &submit).await;
        assert_eq!(ticket["state"], "finalized", "{name}: {ticket}");
        // The same again, said to another node: the same place.
        submit.extend(["--url", net.node(1).url().leak()]);
        let again = desk.json(0, &submit).await;
        assert_eq!((&again["id"], &again["index"]), (&ticket["id"], &ticket["index"]), "{name}");
        ids.push((ticket["id"].as_str().expect("an id").to_owned(), name, format));
    }
    // The key of an envelope that has no place for it has to be given.
    desk.json(2, &["submit", "statement", "dsse.json"]).await;
    desk.write("spoiled.cose", {
        let mut bytes = committed("cose-ed25519.cose");
        *bytes.last_mut().expect("not empty") ^= 1;
        bytes
    });
    assert_ne!(desk.run(&["submit", "statement", "spoiled.cose"]).await.status.code(), Some(0));

    scitt(&net).await;

    let others = [net.node(2).url(), net.node(3).url()];
    for (at, (id, name, _)) in ids.iter().enumerate() {
        let (out, from) = (format!("{name}.receipt"), &others[at % 2]);
        let fetch = ["receipt", id, "--out", &out, "--url", from];
        let until = Instant::now() + Duration::from_secs(60);
        while desk.run(&fetch).await.status.code() != Some(0) {
            assert!(Instant::now() < until, "{from} never has the receipt of {name}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    net.nobody_is_accused().await;
    // From here on nobody is asked.
    drop(net);
    for (id, name, format) in ids {
        let receipt = format!("{name}.receipt");
        let report = desk.json(0, &["verify", &receipt, "--policy", "policy", "--id", &id]).await;
        let facts = &report["facts"];
        assert_eq!(facts["operation"], "statement.register", "{name}: {report}");
        assert_eq!(facts["statement"]["format"], format, "{name}");
        assert_eq!(facts["network"], Value::Null, "{name}: it names none");
        // A statement of COSE is the leaf, and says nothing of its height.
        assert_eq!(facts["height"].is_null(), format == "cose", "{name}");
        let spoiled = desk.read(&receipt).replacen("\"entry\":\"", "\"entry\":\"AAAA", 1);
        desk.write("spoiled.json", spoiled);
        let report = desk.json(4, &["verify", "spoiled.json", "--policy", "policy"]).await;
        assert_eq!(report["failed"], "root", "{name}");
    }
}

/// A SCITT client: the statement registered above gets its receipt at once, by every node's door.
async fn scitt(net: &Net) {
    let statement = committed("cose-ed25519.cose");
    let id = cose::submission(&statement).expect("reads").id();
    let head = format!(
        "POST /entries HTTP/1.1\r\ncontent-type: application/cose\r\ncontent-length: {}",
        statement.len()
    );
    let (status, headers, first) = ask(&net.node(0).url(), &head, &statement).await;
    assert_eq!(status, 200, "it was registered before");
    assert!(headers.contains(&format!("location: /entries/{id}")), "{headers}");
    let head = format!("GET /entries/{id} HTTP/1.1");
    let (status, _, receipt) = ask(&net.node(0).url(), &head, b"").await;
    assert_eq!((status, receipt.is_empty()), (200, false));
    assert_eq!(receipt, first);
    let head = format!("GET /entries/{} HTTP/1.1", "0".repeat(64));
    let (status, headers, _) = ask(&net.node(0).url(), &head, b"").await;
    assert_eq!(status, 404);
    assert!(headers.contains("application/concise-problem-details+cbor"), "{headers}");
}

/// One request over a socket: status, head in lower case, body.
async fn ask(url: &str, head: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut socket = tokio::net::TcpStream::connect(address).await.expect("the node listens");
    let request = format!("{head}\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket.write_all(&[request.as_bytes(), body].concat()).await.expect("it reads");
    let mut answer = Vec::new();
    let whole = socket.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(30), whole).await.expect("an answer").expect("a whole one");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (status, head, answer[end + 4..].to_vec())
}
