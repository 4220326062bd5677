//! The validators change while the network works: four, seven, four, and of the first four only two are left.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::trust::extended;
use client::{ClientError, EntryName};
use model::entry::{State, Wait};
use model::scalar::Uint;
use node::genesis_file;
use proto::id::SubmissionId;
use tokio::sync::Mutex;
use verify::{Options, Trust};

use crate::quorate;
use crate::support::{Net, agree};

/// How often something is submitted.
const PACE: Duration = Duration::from_millis(100);
/// How long one change may take; debug builds on a busy machine.
const PATIENCE: &str = "120s";
/// The view timeout of nodes that are configured as `testnet init` does.
const VIEW_TIMEOUT: Duration = Duration::from_millis(250);
/// What a busy machine may add to any gap before this test calls it one.
const BUSY: Duration = Duration::from_secs(2);

/// When each submission became final.
type Finals = Arc<Mutex<BTreeMap<SubmissionId, Instant>>>;

/// Submits to `nodes` in turn until told to stop; what is not answered is sent again, to the next.
async fn load(net: Arc<Net>, nodes: Vec<usize>, finals: Finals, stop: Arc<AtomicBool>) {
    let mut under_way = tokio::task::JoinSet::new();
    let mut turn = 0;
    while !stop.load(Ordering::Relaxed) {
        let submission = net.submission().await;
        let (net, nodes, finals) = (Arc::clone(&net), nodes.clone(), Arc::clone(&finals));
        under_way.spawn(async move {
            for attempt in turn.. {
                let node = nodes[attempt % nodes.len()];
                let ticket = net.submit(node, &submission, Wait::Finalized, Duration::from_secs(5)).await;
                match ticket.map(|ticket| ticket.state) {
                    Some(State::Finalized) => break,
                    Some(State::Rejected | State::Expired) => panic!("{} was refused", submission.id()),
                    Some(State::Accepted | State::Committed) | None => tokio::time::sleep(PACE).await,
                }
            }
            finals.lock().await.insert(submission.id(), Instant::now());
        });
        turn += 1;
        tokio::time::sleep(PACE).await;
    }
    while let Some(ended) = under_way.join_next().await {
        ended.expect("every submission becomes final");
    }
}

/// Runs a command of `testnet` and says when it began and ended.
async fn testnet(net: &Net, words: &[&str]) -> (Instant, Instant) {
    let begun = Instant::now();
    let mut command = Command::new(quorate());
    command.arg("testnet").args(words).arg("--dir").arg(net.dir()).args(["--timeout", PATIENCE]);
    command.env("QUORATE_CONFIG_DIR", net.dir().join("config"));
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("it ran").expect("it ran");
    let (out, fault) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{words:?}: {out}{fault}");
    print!("{out}");
    (begun, Instant::now())
}

/// The longest time without anything becoming final, between two moments.
async fn longest_gap(finals: &Finals, from: Instant, to: Instant) -> Duration {
    let mut moments: Vec<_> = finals.lock().await.values().copied().collect();
    moments.sort_unstable();
    moments.retain(|moment| (from..=to).contains(moment));
    let begins = std::iter::once(from).chain(moments.iter().copied());
    let ends = moments.iter().copied().chain(std::iter::once(to));
    begins.zip(ends).map(|(begin, end)| end - begin).max().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn four_become_seven_become_four_under_load() {
    let net = Arc::new(Net::start(21_700).await);
    let (finals, stop) = (Finals::default(), Arc::new(AtomicBool::new(false)));
    // Those who stay take what is submitted; v1 and v2 will leave.
    let staying = vec![2, 3];
    let loading = tokio::spawn(load(Arc::clone(&net), staying, Arc::clone(&finals), Arc::clone(&stop)));
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let usual = longest_gap(&finals, begun + Duration::from_secs(1), Instant::now()).await;
    println!("usual: longest gap between finalizations {usual:?}");

    let mut gaps = Vec::new();
    for words in [&["join", "--count", "3"][..], &["leave", "v1", "v2", "v5"]] {
        let (from, to) = testnet(&net, words).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let gap = longest_gap(&finals, from, to).await;
        println!("{}: {:?} in all, longest gap between finalizations {gap:?}", words.join(" "), to - from);
        gaps.push(gap);
    }
    stop.store(true, Ordering::Relaxed);
    loading.await.expect("no submission is lost");
    for gap in gaps {
        assert!(gap <= usual + VIEW_TIMEOUT + BUSY, "a hand-over held everybody up for {gap:?}");
    }

    let mut net = Arc::into_inner(net).expect("nobody submits any more");
    net.look_again();
    let validators = net.client(2).validators(None).await.expect("validators");
    let names: Vec<_> = validators.validators.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["v3", "v4", "v6", "v7"]);

    // Receipts of all epochs hold, from the genesis and the chain alone; a retired node serves them too.
    let genesis = genesis_file::read(&net.node(0).dir().join(genesis_file::FILE_NAME)).expect("a genesis");
    let chain = net.client(net.index("v6")).trust().await.expect("a chain");
    assert_eq!(chain.handovers.len() as u64, validators.epoch.0);
    let trust =
        extended(Trust::from_genesis(&genesis).expect("a genesis"), &chain).expect("every link holds");
    let finals = finals.lock().await;
    let ids: Vec<_> = finals.keys().copied().collect();
    println!("{} submissions, {} epochs", ids.len(), validators.epoch);
    for id in &ids {
        let receipt = net.client(3).receipt(EntryName::Id(*id), None).await.expect("a receipt");
        let report = trust.verify_receipt(&receipt, Options { submission: Some(*id), ..Options::default() });
        assert!(report.is_true(), "{id}: {:?}", report.failure());
    }
    let last = *ids.last().expect("something was submitted");
    let ours = net.client(3).receipt(EntryName::Id(last), None).await.expect("a receipt");
    let retired = net.client(0).receipt(EntryName::Id(last), None).await.expect("a receipt");
    agree(&ours, &retired);
    let report = trust.verify_receipt(&retired, Options { submission: Some(last), ..Options::default() });
    assert!(report.is_true(), "an observer serves what holds: {:?}", report.failure());

    // Each validator's keys are told of with the sizes of the heads they sign.
    let history = net.client(3).validator_keys(Uint(0)).await.expect("a history");
    let sizes: BTreeSet<u64> = chain.handovers.iter().map(|link| link.size.0 + 1).collect();
    for (name, began, left) in
        [("v1", true, true), ("v3", true, false), ("v5", false, true), ("v6", false, false)]
    {
        let keys: Vec<_> = history.validators.iter().filter(|key| key.validator == name).collect();
        assert_eq!(keys.len(), 4, "{name} has four keys");
        for key in keys {
            assert_eq!((key.from_size.0 == 1, key.until_size.is_some()), (began, left), "{name}");
            assert!(began || sizes.contains(&key.from_size.0), "{name} begins with {}", key.from_size);
            assert!(
                key.until_size.is_none_or(|until| sizes.contains(&until.0)),
                "{name}: {:?}",
                key.until_size
            );
        }
    }

    // The retired take no submissions, and say who does.
    for name in ["v1", "v2", "v5"] {
        let submission = net.submission().await;
        let client = net.client(net.index(name));
        let refused = client.submit(submission.bytes(), Wait::Finalized, Duration::from_secs(5)).await;
        let Err(ClientError::Refused(problem)) = refused else { panic!("{name}: {refused:?}") };
        assert_eq!(problem.code, "observer");
        assert!(problem.detail.contains("v3") || problem.detail.contains("http://"), "{}", problem.detail);
    }
}
