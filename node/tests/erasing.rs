//! A node erases artifacts: at its start what the log has erased meanwhile, and by time what nobody speaks of.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alone;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crypto::{Scheme, SecretKey, sha256};
use model::entry::Wait;
use node::RunningNode;
use proto::canonical::Canonical as _;
use proto::counter::TimeMs;
use proto::id::{Did, SubmissionId, Tenant};
use proto::operation::{Operation, Retention};
use proto::submission::{Body, Submission};

use alone::{PATIENCE, client, genesis, start};

fn signed(nonce: u64, operation: Operation) -> Submission {
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[99; 32]).unwrap();
    Body {
        network: genesis().network(),
        tenant: Tenant::default_tenant(),
        author: Did::of(secret.public()),
        key: secret.public().clone(),
        nonce,
        expires_at: None,
        operation,
    }
    .sign(&secret)
}

async fn submit(node: &RunningNode, nonce: u64, operation: Operation) -> SubmissionId {
    let submission = signed(nonce, operation);
    let ticket = client(node).submit(&submission.encode(), Wait::Finalized, PATIENCE).await.unwrap();
    assert!(ticket.index.is_some(), "{ticket:?}");
    submission.id()
}

/// Commits to bytes, and gives them.
async fn keep(node: &RunningNode, nonce: u64, bytes: &[u8], retention: Retention) -> SubmissionId {
    let operation = Operation::ArtifactCommit {
        address: sha256(bytes),
        salted: false,
        content_bytes: bytes.len() as u64,
        media_type: String::new(),
        subject: String::new(),
        retention,
    };
    let id = submit(node, nonce, operation).await;
    client(node).give_artifact(&id, bytes.to_vec()).await.unwrap();
    id
}

/// Where the bytes of an artifact are.
fn file(dir: &Path, id: SubmissionId) -> PathBuf {
    let name = id.to_string();
    dir.join("artifacts").join("artifacts").join(&name[..2]).join(name)
}

async fn until_gone(path: &Path) {
    let begin = Instant::now();
    while path.exists() {
        assert!(begin.elapsed() < PATIENCE, "{} is there still", path.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_back_from_a_copy_is_erased_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path(), &[]).await;
    let erased = keep(&node, 1, b"letter", Retention::UntilErased).await;
    let kept = keep(&node, 2, b"other", Retention::UntilErased).await;
    let (gone, stays) = (file(dir.path(), erased), file(dir.path(), kept));
    assert!(gone.exists() && stays.exists());
    submit(&node, 3, Operation::RetentionTombstone { artifact: erased, reason: String::new() }).await;
    until_gone(&gone).await;
    node.stop().await.unwrap();

    // Somebody brings the directory back as it was, or the node went down before it had erased.
    std::fs::create_dir_all(gone.parent().unwrap()).unwrap();
    std::fs::write(&gone, b"letter").unwrap();
    let node = start(dir.path(), &[]).await;
    until_gone(&gone).await;
    assert!(stays.exists(), "what nobody erased stays");
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_time_ends_is_erased_though_nothing_happens() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path(), &[]).await;
    let now_ms = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let now = now_ms();
    let until = |ms| Retention::Until(TimeMs::new(now + ms));
    let short = keep(&node, 1, b"letter", until(3_000)).await;
    let long = keep(&node, 2, b"other", until(3_600_000)).await;
    let (gone, stays) = (file(dir.path(), short), file(dir.path(), long));
    assert!(gone.exists() && stays.exists());
    // No further block: nobody submits, and an idle network makes none.
    until_gone(&gone).await;
    assert!(now_ms() > now + 3_000, "not before its time");
    assert!(stays.exists(), "what has time stays");
    node.stop().await.unwrap();
}

/// What a crash in the middle of a move leaves, whichever step it was: the next start ends it as it should have ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_broken_off_is_ended_at_the_next_start() {
    let settings = [("artifacts.archive", "archive"), ("retention.default", "open archive")];
    let dir = tempfile::tempdir().unwrap();
    let now_ms = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let node = start(dir.path(), &settings).await;
    let until = now_ms() + 3_000;
    let mut ids = Vec::new();
    for (nonce, bytes) in [(1, b"never begun"), (2, b"copied only"), (3, b"half copied")] {
        ids.push((keep(&node, nonce, bytes, Retention::WriteOnce(TimeMs::new(until))).await, bytes));
    }
    let lasting = keep(&node, 4, b"lasting", Retention::UntilErased).await;
    node.stop().await.unwrap();
    assert!(now_ms() < until, "too slow to say anything");

    let archived = |id: SubmissionId| {
        let name = id.to_string();
        dir.path().join("archive").join("artifacts").join(&name[..2]).join(name)
    };
    for (id, bytes) in &ids[1..] {
        std::fs::create_dir_all(archived(*id).parent().unwrap()).unwrap();
        let there: &[u8] = if *bytes == b"half copied" { b"half" } else { *bytes };
        std::fs::write(archived(*id), there).unwrap();
    }
    // And an upload that never ended.
    let left = PathBuf::from(format!("{}#1", file(dir.path(), lasting).display()));
    std::fs::write(&left, b"las").unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(600);
    std::fs::File::options().write(true).open(&left).unwrap().set_modified(long_ago).unwrap();

    tokio::time::sleep(Duration::from_millis(until.saturating_sub(now_ms()) + 100)).await;
    let node = start(dir.path(), &settings).await;
    for (id, bytes) in &ids {
        until_gone(&file(dir.path(), *id)).await;
        assert_eq!(std::fs::read(archived(*id)).unwrap(), *bytes);
        let told = client(&node).artifact(id).await.unwrap();
        assert!(told.erased_index.is_some(), "no tombstone says so: {told:?}");
    }
    until_gone(&left).await;
    assert_eq!(client(&node).artifact_bytes(&lasting).await.unwrap(), b"lasting");
    assert_eq!(client(&node).artifact(&lasting).await.unwrap().class, "open");
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_not_archived_onto_itself() {
    let dir = tempfile::tempdir().unwrap();
    let settings = [("artifacts.archive", "artifacts"), ("retention.default", "open archive")];
    let refused = node::start(alone::setup(dir.path(), &settings)).await;
    let Err(fault) = refused else { panic!("what it archives it would erase") };
    assert!(fault.to_string().contains("kept there already"), "{fault}");
}
