//! Looking up on another node than the one that took the submission: what is found is proven, what is not there as well,
//! and a saved answer holds without any node.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::batch::Desk;
use crate::support::Net;

/// Searches until so many are found; what was submitted to one node is certified at the others a little later.
async fn find(desk: &Desk, count: usize, args: &[&str]) -> Value {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let proven = [&["search", "--prove", "--policy", "policy"], args].concat();
        let output = desk.run(&proven).await;
        let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let entries = found["entries"].as_array().map_or(0, Vec::len);
        if output.status.code() == Some(0) && entries == count {
            assert_eq!((&found["proven"], &found["complete"]), (&Value::Bool(true), &Value::Bool(true)));
            return found;
        }
        assert!(Instant::now() < until, "{args:?}: {found} {}", String::from_utf8_lossy(&output.stderr));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_took_is_found_and_proven_at_every_other() {
    let net = Net::start(22_600).await;
    let desk = Desk { dir: tempfile::tempdir().expect("a scratch folder"), url: net.node(0).url() };
    desk.write("policy", net.policy(0).await.to_string());
    let mut ids = Vec::new();
    for (name, content) in [("one", "the same"), ("two", "the same"), ("three", "another")] {
        desk.write(name, content);
        let ticket = desk.json(0, &["submit", name, "--timeout", "60s"]).await;
        assert_eq!(ticket["state"], "finalized", "{ticket}");
        ids.push(ticket["id"].as_str().expect("an id").to_owned());
    }
    let (two, three) = (net.node(2).url(), net.node(3).url());
    let found = find(&desk, 2, &["--file", "one", "--url", &two, "--save", "found"]).await;
    let hits: Vec<_> = found["entries"].as_array().expect("a list").iter().map(|it| &it["id"]).collect();
    assert_eq!(hits, [&Value::from(ids[0].clone()), &Value::from(ids[1].clone())]);
    let found = find(&desk, 1, &["--id", &ids[2], "--url", &three]).await;
    assert_eq!(found["entries"][0]["operation"], "proof.submit");
    // That nothing is there is proven as well: no such subject, and nothing that names the submission.
    find(&desk, 0, &["--subject", "nobody wrote of this", "--url", &three, "--save", "none"]).await;
    find(&desk, 0, &["--about", &ids[0], "--url", &two]).await;
    // From the last one on there is nothing more; without a proof the node says the same.
    let from = (found["entries"][0]["index"].as_u64().expect("an index") + 1).to_string();
    find(&desk, 0, &["--file", "one", "--from", &from, "--url", &two]).await;
    let told = desk.json(0, &["search", "--file", "one", "--url", &two]).await;
    assert_eq!((told["entries"].as_array().map(Vec::len), &told["proven"]), (Some(2), &Value::Bool(false)));

    // A node that was killed goes on with the same index.
    net.kill(3);
    net.boot(3);
    net.ready().await;
    desk.write("four", "after the crash");
    desk.json(0, &["submit", "four", "--timeout", "60s"]).await;
    find(&desk, 1, &["--file", "four", "--url", &three]).await;
    net.nobody_is_accused().await;

    // From here on nobody is asked.
    drop(net);
    let kept = desk.json(0, &["verify", "found", "--policy", "policy"]).await;
    assert_eq!((kept["entries"].as_array().map(Vec::len), &kept["proven"]), (Some(2), &Value::Bool(true)));
    let kept = desk.json(0, &["verify", "none", "--policy", "policy"]).await;
    assert_eq!(kept["entries"].as_array().map(Vec::len), Some(0));
    // A hiding server: without one of the leaves, without one of the runs.
    let mut answer: Value = serde_json::from_str(&desk.read("found")).expect("one answer");
    answer["proof"]["leaves"].as_array_mut().expect("two").remove(1);
    desk.write("hidden", answer.to_string());
    let refused = desk.json(4, &["verify", "hidden", "--policy", "policy"]).await;
    assert_eq!((&refused["failed"], &refused["proven"]), (&Value::from("leaves"), &Value::Bool(false)));
    let mut answer: Value = serde_json::from_str(&desk.read("none")).expect("one answer");
    answer["proof"]["spans"].as_array_mut().expect("runs").pop();
    answer["proof"]["runs"].as_array_mut().expect("runs").pop();
    desk.write("hidden", answer.to_string());
    let refused = desk.json(4, &["verify", "hidden", "--policy", "policy"]).await;
    assert_eq!(refused["failed"], "directory");
}
