//! A validator whose directory was restored from an old copy: it has forgotten what it said, and says it otherwise.
//!
//! Two of four are stopped in a view that the forgetful one leads, so that the view lasts. It has proposed a block there;
//! restored, it leads the same view and proposes another. One of four is forgiven: what honest nodes promise stays true,
//! and they name it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use node::genesis_file;
use testnet::process::Paused;

use crate::audit;
use crate::enclosure::{Walls, enclosed};
use crate::judge::{Breach, Evidence, judge};
use crate::load::Load;
use crate::net::Net;
use crate::quorate;
use crate::storm::block_on;
use crate::witness::Witness;

/// Who forgets.
const FORGETFUL: usize = 3;
/// Who stands still, so that there is no quorum.
const STILL: [usize; 2] = [1, 2];
/// Who hears both statements.
const HEARER: usize = 0;
/// How often it is tried to stop a view with that leader: a quarter of the views are its own.
const TRIES: usize = 60;
/// How long it may take to name it after it is restored.
const NAMED: Duration = Duration::from_secs(30);

#[test]
#[ignore = "a minute"]
fn a_validator_restored_from_an_old_copy_is_named_by_the_others() {
    let name = "amnesia::a_validator_restored_from_an_old_copy_is_named_by_the_others";
    enclosed(name, |walls, dir| block_on(forget(walls, dir)));
}

async fn forget(walls: Walls, dir: &Path) {
    let net = Arc::new(Net::start(dir, 4, walls, 1).await);
    let (witness, load) = (Witness::start(&net), Load::start(&net));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (data, copy) = (net.data_dir(FORGETFUL), dir.join("copy"));
    net.kill(FORGETFUL);
    for file in ["journal", "data"] {
        std::fs::create_dir_all(&copy).expect("a folder");
        copied(&data.join(file), &copy);
    }
    net.boot(FORGETFUL);
    net.ready().await;

    let view = stopped_view(&net).await;
    net.kill(FORGETFUL);
    std::fs::remove_file(data.join("journal")).expect("the journal");
    std::fs::remove_dir_all(data.join("data")).expect("the store");
    for file in ["journal", "data"] {
        copied(&copy.join(file), &data);
    }
    net.boot(FORGETFUL);
    let begin = Instant::now();
    while audit::contradictions(&net, HEARER).await == 0 {
        assert!(begin.elapsed() < NAMED, "nobody has noticed within {NAMED:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("named {} ms after it was started again, in view {view}", begin.elapsed().as_millis());
    let log = std::fs::read_to_string(net.node(HEARER).log()).expect("a log");
    let line = log.lines().find(|line| line.contains("\"equivocation\"")).expect("a line of the log");
    println!("{}…", &line[..line.len().min(300)]);
    for said in [format!("\"validator\":\"{FORGETFUL}\""), format!("\"view\":\"{view}\"")] {
        assert!(line.contains(&said), "{said} is not in {line}");
    }

    convicted(&net.data_dir(HEARER), &net.node(HEARER).dir().join(genesis_file::FILE_NAME));

    STILL.iter().for_each(|node| net.pause(*node, Paused::No));
    let told = load.finish().await;
    let last = told.promises.iter().map(|promise| promise.index).max().expect("promises");
    let logs = audit::logs(&net, 0..FORGETFUL, last + 1).await;
    let denied = told.denied.into_iter();
    let mut breaches: Vec<Breach> = denied.map(|(id, fault)| Breach::Denied { id, fault }).collect();
    let receipts = audit::receipts(&net, 0..FORGETFUL, &told.promises, &mut breaches).await;
    let (seen, leaves) = (witness.finish(), logs[0].len() as u64);
    let evidence = Evidence {
        promises: told.promises,
        logs,
        heads: seen.heads.into_iter().filter(|sight| sight.size <= leaves).collect(),
        votes: seen.votes.into_iter().filter(|(node, _)| *node != FORGETFUL).collect(),
    };
    breaches.extend(judge(&evidence));
    println!("verdict: {} promises, {leaves} leaves, {receipts} receipts", evidence.promises.len());
    assert_eq!(breaches, [], "what honest nodes promised");
}

/// Stops two of four in a view that the forgetful one leads, and gives it.
async fn stopped_view(net: &Net) -> u64 {
    for _ in 0..TRIES {
        STILL.iter().for_each(|node| net.pause(*node, Paused::Yes));
        // What was under way arrives, and the leader has time to propose.
        tokio::time::sleep(Duration::from_millis(700)).await;
        let status =
            net.client(HEARER).status().await.expect("it stands still with the others, but it answers");
        if usize::from(status.leader) == FORGETFUL {
            return status.view.0;
        }
        STILL.iter().for_each(|node| net.pause(*node, Paused::No));
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    panic!("no view stood still with that leader");
}

/// The hearer keeps a file that convicts it, which anybody can check with the genesis alone.
fn convicted(data: &Path, genesis: &Path) {
    let begin = Instant::now();
    // One that is being written still has another name.
    let file = loop {
        let files = std::fs::read_dir(data.join("evidence")).expect("a folder");
        let mut paths = files.map(|file| file.expect("a file").path());
        if let Some(whole) = paths.find(|path| path.extension().is_some_and(|it| it == "json")) {
            break whole;
        }
        assert!(begin.elapsed() < NAMED, "no evidence was kept within {NAMED:?}");
        std::thread::sleep(Duration::from_millis(20));
    };
    let (file, genesis) = (file.to_str().expect("a path"), genesis.to_str().expect("a path"));
    let verify = ["evidence", "verify", file, "--genesis", genesis];
    let output = Command::new(quorate()).args(verify).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success() && said.contains(&format!("v{}", FORGETFUL + 1)), "{output:?}");
}

fn copied(from: &Path, into: &Path) {
    let status = Command::new("cp").arg("-a").args([from, into]).status();
    assert!(status.is_ok_and(|status| status.success()), "{} is copied", from.display());
}
