//! Two networks: one cosigns the checkpoints of the other, and those of a log that misbehaves.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use client::tls::Roots;
use client::witness::{Answer, WitnessClient};
use client::{Client, EntryName};
use crypto::{Digest, Scheme, SecretKey, sha256};
use merkle::{LeafHashes, consistency, leaf_hash, root_at};
use model::entry::{State, Ticket, Wait};
use node::genesis_file;
use proto::checkpoint::{CheckpointText, Head};
use proto::counter::TreeSize;
use proto::id::{Did, NetworkId, Tenant};
use proto::note::{KeyName, Note, NoteKey, NoteSignature, SignatureType};
use proto::operation::Operation;
use proto::policy::{Outside, Policy, PostQuantum, Threshold};
use proto::receipt::Receipt;
use proto::submission::{Body, Submission};
use proto::validators::ValidatorSet;
use testnet::in_process::{Doors, LocalNetwork};
use testnet::topology::{Keys, Member, Plan, Topology};

const PATIENCE: Duration = Duration::from_secs(30);

fn drawn(dir: &Path, validators: usize, port: u16) -> Topology {
    let keys = Keys::Dev;
    let plan = Plan { validators, dir: dir.to_owned(), port, origin: None, keys, registrars: Vec::new() };
    Topology::create(&plan).expect("draws")
}

fn set_of(topology: &Topology) -> ValidatorSet {
    let path = topology.nodes[0].dir().join(genesis_file::FILE_NAME);
    genesis_file::read(&path).expect("a genesis").validator_set()
}

fn configure(node: &Member, text: &str) {
    let path = node.dir().join("config.toml");
    let mut file = OpenOptions::new().append(true).open(path).expect("opens");
    write!(file, "\n[witness]\n{text}").expect("writes");
}

async fn started(topology: &Topology, rpc: u16) -> LocalNetwork {
    let network = LocalNetwork::start(topology, Doors { rpc, ..Doors::default() }).await.expect("starts");
    network.ready(PATIENCE).await.expect("ready");
    network
}

async fn submit(topology: &Topology, url: &str, nonce: u64) -> Ticket {
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[5; 32]).expect("signs");
    let body = Body {
        network: topology.network.parse::<NetworkId>().expect("an id"),
        tenant: Tenant::default_tenant(),
        author: Did::of(secret.public()),
        key: secret.public().clone(),
        nonce,
        expires_at: None,
        operation: Operation::ProofSubmit {
            content: sha256(b"what is kept"),
            content_bytes: 12,
            media_type: String::new(),
            subject: "a test".to_owned(),
        },
    };
    let submission: Submission = body.sign(&secret);
    let client = Client::new(url).expect("an address");
    let ticket = client.submit(submission.bytes(), Wait::Finalized, PATIENCE).await.expect("an answer");
    assert_eq!(ticket.state, State::Finalized, "{ticket:?}");
    ticket
}

/// Waits for the receipt that an outside witness cosigned.
async fn witnessed(client: &Client, ticket: &Ticket) -> Receipt {
    let begin = Instant::now();
    loop {
        match client.receipt_witnessed(EntryName::Id(ticket.id.submission()), 1).await {
            Ok(receipt) => return receipt,
            Err(fault) if begin.elapsed() > PATIENCE => panic!("{fault}: {:?}", client.witness().await),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn judged(policy: &Policy, receipt: &Receipt) -> Option<&'static str> {
    let report = verify::verify_receipt(policy, receipt, verify::Options::default());
    report.failure().map(|(code, _)| code.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_cosigns_the_other() {
    let dir = tempfile::tempdir().expect("a directory");
    let ours = drawn(&dir.path().join("ours"), 4, 23_400);
    let theirs = drawn(&dir.path().join("theirs"), 1, 23_500);
    // They ask for a quorum of our validators, not for the word of one.
    let trusted = Policy::template(&set_of(&ours), PostQuantum::Accept, None).expect("equal powers");
    std::fs::write(theirs.nodes[0].dir().join("ours.policy"), trusted.to_string()).expect("writes");
    configure(&theirs.nodes[0], "policies = [\"ours.policy\"]\n");
    let port = testnet::ports::free(23_700, 1).expect("a port")[0];
    let witness = started(&theirs, port).await;
    let monitor = Client::new(&witness.url()).expect("an address");
    let cosigns = monitor.witness().await.expect("an answer").cosigns.expect("a witness");
    assert_eq!(cosigns.logs.len(), 1);

    let url = format!("{}/witness", witness.url());
    let line = |(at, vkey): (usize, &String)| format!("\"witness w{at} {vkey} {url}\"");
    let lines: Vec<String> = cosigns.vkeys.iter().enumerate().map(line).collect();
    configure(&ours.nodes[0], &format!("cosigners = [{}]\ninterval_ms = 100\n", lines.join(", ")));
    let network = started(&ours, 0).await;
    let client = Client::new(&network.url()).expect("an address");
    let first = submit(&ours, &network.url(), 1).await;
    let plain = client.receipt(EntryName::Id(first.id.submission()), None).await.expect("a receipt");
    let receipt = witnessed(&client, &first).await;

    let keys = cosigns.vkeys.iter().map(|vkey| (NoteKey::parse(vkey).expect("a vkey"), None)).collect();
    let outside = Outside { threshold: Threshold::All, keys };
    let both = Policy::template(&set_of(&ours), PostQuantum::Require, Some(&outside)).expect("no clash");
    let validators = Policy::of(&set_of(&ours)).expect("equal powers");
    assert_eq!(judged(&both, &receipt), None, "both of the witness's keys, and the validators' quorum");
    assert_eq!(judged(&both, &plain), Some("quorum"));
    assert_eq!(judged(&validators, &plain), None);
    let again = client.receipt(EntryName::Id(first.id.submission()), None).await.expect("a receipt");
    assert_eq!(again, plain, "a receipt stays the same for ever");
    let shown = monitor.witness().await.expect("an answer").cosigns.expect("a witness");
    assert!(shown.logs[0].size.is_some_and(|size| size.0 > 0), "{shown:?}");

    // The witness goes away; ours goes on, and the witness remembers when it is back.
    witness.stop().await.expect("stops");
    let second = submit(&ours, &network.url(), 2).await;
    let witness = started(&theirs, port).await;
    assert_eq!(judged(&both, &witnessed(&client, &second).await), None);
    let answer = client.witness().await.expect("an answer");
    assert_eq!((answer.witnesses.len(), answer.witnesses[0].failures.0), (1, 0), "{answer:?}");

    // Ours comes back without the witness, and still has what was cosigned.
    network.stop().await.expect("stops");
    witness.stop().await.expect("stops");
    let network = started(&ours, 0).await;
    let client = Client::new(&network.url()).expect("an address");
    assert_eq!(judged(&both, &witnessed(&client, &second).await), None);
    network.stop().await.expect("stops");
}

/// A log whose leaf `n` says `n`, or in a fork something else.
struct Log {
    key: SecretKey,
    leaves: Vec<Digest>,
}

impl Log {
    fn new(fork: &str) -> Self {
        let key = SecretKey::from_seed(Scheme::Ed25519, &[6; 32]).expect("signs");
        let leaf = |at| leaf_hash(format!("{at}{}", if at < 4 { "" } else { fork }).as_bytes());
        Self { key, leaves: (0..32).map(leaf).collect() }
    }

    fn vkey(&self) -> NoteKey {
        let name = KeyName::parse("log.example/test").expect("a name");
        NoteKey::new(name, SignatureType::Ed25519, self.key.public().clone()).expect("ed25519")
    }

    fn request(&self, old: u64, new: u64) -> String {
        let nodes = LeafHashes::new(&self.leaves);
        let head = Head { size: TreeSize::new(new), root: root_at(&nodes, new).expect("all leaves") };
        let (name, key_id) = (self.vkey().name().clone(), self.vkey().id());
        let text = CheckpointText { origin: name.clone(), head };
        let signature = self.key.sign(text.to_string().as_bytes()).as_bytes().to_vec();
        let note =
            Note::new(text.to_string(), vec![NoteSignature { name, key_id, signature }]).expect("a note");
        let proof = consistency::prove(&nodes, old, new).expect("grows");
        let checkpoint = witness::Submitted { note, text };
        witness::AddCheckpoint { old: TreeSize::new(old), proof, checkpoint }.to_string()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_forks_is_refused_and_convicted() {
    let dir = tempfile::tempdir().expect("a directory");
    let topology = drawn(&dir.path().join("net"), 1, 23_600);
    let (log, fork) = (Log::new(""), Log::new("'"));
    configure(&topology.nodes[0], &format!("logs = [\"{}\"]\n", log.vkey()));
    let network = started(&topology, 0).await;
    let witness =
        WitnessClient::new(&format!("{}/witness", network.url()), &Roots::default()).expect("an address");
    let ask = async |body: String| witness.add_checkpoint(body).await.expect("an answer");

    // Many that go on from one size: one is cosigned, the others are told which.
    let racing = (1..=16).map(|size| witness.add_checkpoint(log.request(0, size)));
    let answers = futures_all(racing).await;
    let cosigned = answers.iter().filter(|answer| matches!(answer, Answer::Cosigned(_))).count();
    let sizes: Vec<&String> = answers
        .iter()
        .filter_map(|answer| match answer {
            Answer::Conflict(size) => Some(size),
            Answer::Cosigned(_) => None,
            Answer::Refused { status, detail } => panic!("{status} {detail}"),
        })
        .collect();
    assert_eq!((cosigned, sizes.len()), (1, 15));
    assert!(sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");
    let old = sizes[0].trim_end().parse::<u64>().expect("a size");
    assert!(matches!(ask(log.request(old, 20)).await, Answer::Cosigned(_)));

    let refused = |answer| match answer {
        Answer::Refused { status, detail } => (status, detail),
        other => panic!("{other:?}"),
    };
    let (status, detail) = refused(ask(fork.request(20, 24)).await);
    assert_eq!(status, 422, "{detail}");
    let (status, detail) = refused(ask(fork.request(20, 20)).await);
    assert!(status == 422 && detail.contains("witness_inconsistent"), "{status} {detail}");
    // A restart forgets nothing.
    network.stop().await.expect("stops");
    let network = started(&topology, 0).await;
    let witness =
        WitnessClient::new(&format!("{}/witness", network.url()), &Roots::default()).expect("an address");
    let (status, _) = refused(witness.add_checkpoint(fork.request(20, 20)).await.expect("an answer"));
    assert_eq!(status, 422);
    let metrics = Client::new(&format!("http://{}", network.admin())).expect("an address");
    let metrics = metrics.metrics().await.expect("metrics");
    assert!(metrics.contains("\nquorate_witness_two_heads_total 1\n"), "{metrics}");
    network.stop().await.expect("stops");

    let evidence = topology.nodes[0].dir().join(node::evidence::DIR);
    let files: Vec<_> =
        std::fs::read_dir(evidence).expect("a directory").map(|it| it.expect("a file").path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let text = std::fs::read_to_string(&files[0]).expect("text");
    let heads = witness::TwoHeads::parse(&text).expect("evidence");
    let policy: Policy = format!("log {}\nquorum none\n", log.vkey()).parse().expect("a policy");
    let convicted = heads.verify(&policy, &proto::verified::Strict).expect("it holds");
    assert_eq!(convicted, [(log.vkey().name().clone(), log.vkey().id())]);
}

/// Waits for all, all under way at once.
async fn futures_all(
    asked: impl Iterator<Item = impl Future<Output = Result<Answer, client::ClientError>>>,
) -> Vec<Answer> {
    let mut pending: Vec<_> = asked.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        pending.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                done.push(answer.expect("an answer"));
                false
            }
            std::task::Poll::Pending => true,
        });
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}
