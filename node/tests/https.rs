//! Witnesses behind HTTPS: asked where the certificates that were configured lead to them, and nowhere else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alone;

use std::sync::Arc;
use std::time::{Duration, Instant};

use client::tls::Roots;
use client::witness::{Answer, WitnessClient};
use crypto::{Scheme, SecretKey};
use node::{RunningNode, StartError};
use proto::note::{KeyName, NoteKey, SignatureType};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use alone::{PATIENCE, client, start};

/// What the witness says to whoever gets through to it.
const WORDS: &str = "no log of yours";

/// A witness behind HTTPS that refuses everything: its URL, and its root in PEM.
async fn witness() -> (String, String) {
    let root_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&root_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &root, &root_key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who does not believe the certificate ends it here.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut part = [0; 16_384];
            let _ = stream.read(&mut part).await;
            let length = WORDS.len();
            let answer = format!(
                "HTTP/1.1 403 x\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{WORDS}"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (format!("https://localhost:{port}"), root.pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_behind_https_is_believed_by_the_roots_that_were_given() {
    let ((url, root), (_, other)) = (witness().await, witness().await);
    let ask = async |roots: &Roots| {
        WitnessClient::new(&url, roots).unwrap().add_checkpoint("old 0\n\n".to_owned()).await
    };
    let answer = ask(&Roots::from_pem(root.as_bytes()).unwrap()).await;
    assert_eq!(answer, Ok(Answer::Refused { status: 403, detail: WORDS.to_owned() }));
    let refused = ask(&Roots::from_pem(other.as_bytes()).unwrap()).await.unwrap_err().to_string();
    assert!(refused.contains("certificate"), "{refused}");
    // Another name than the certificate has.
    let elsewhere = url.replace("localhost", "127.0.0.1");
    let roots = Roots::from_pem(root.as_bytes()).unwrap();
    let refused = WitnessClient::new(&elsewhere, &roots).unwrap().add_checkpoint(String::new()).await;
    assert!(refused.unwrap_err().to_string().contains("certificate"));
    assert!(Roots::from_pem(b"").is_err() && Roots::from_pem(b"no PEM").is_err());
}

/// What a node says of the one witness that it asks.
async fn fault(node: &RunningNode) -> String {
    let begin = Instant::now();
    loop {
        let answer = client(node).witness().await.unwrap();
        if let Some(fault) = &answer.witnesses[0].fault {
            return fault.clone();
        }
        assert!(begin.elapsed() < PATIENCE, "not in time: {answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_asks_witnesses_behind_https() {
    let ((url, root), (_, other)) = (witness().await, witness().await);
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[5; 32]).unwrap();
    let name = KeyName::parse("witness.test").unwrap();
    let vkey = NoteKey::new(name, SignatureType::CosignatureEd25519, secret.public().clone()).unwrap();
    let cosigners = format!("witness w {vkey} {url}");
    for (roots, expected) in [(&root, WORDS), (&other, "certificate")] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("roots.pem"), roots).unwrap();
        let settings = [
            ("witness.cosigners", cosigners.as_str()),
            ("witness.interval_ms", "50"),
            ("tls.roots", "roots.pem"),
            ("consensus.heartbeat_ms", "200"),
        ];
        let node = start(dir.path(), &settings).await;
        let found = fault(&node).await;
        assert!(found.contains(expected), "{found}");
        node.stop().await.unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    for (text, expected) in [(None, "No such file"), (Some("no PEM"), "certificate")] {
        if let Some(text) = text {
            std::fs::write(dir.path().join("roots.pem"), text).unwrap();
        }
        let refused = node::start(alone::setup(dir.path(), &[("tls.roots", "roots.pem")])).await;
        let Err(refused @ StartError::TlsRoots { .. }) = refused else { panic!("{refused:?}") };
        assert!(refused.to_string().contains(expected), "{refused}");
    }
}
