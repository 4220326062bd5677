//! Artifacts: bytes are taken if they are the committed ones, given while they are kept, and gone when the log says so.

use api::Exposure;
use archive::Artifacts;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use crypto::sha256;
use proto::counter::TimeMs;
use proto::id::{Did, SubmissionId};
use proto::operation::{Operation, Retention};
use serde_json::{Value, json as value};
use tempfile::TempDir;

use crate::node::{Node, Setup, bytes, json, person};

/// A node that keeps artifacts, and one who commits them.
struct Keeper {
    node: Node,
    dir: TempDir,
    nonce: u64,
}

impl Keeper {
    fn with(exposure: Exposure) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let artifacts = Some(Artifacts::open(&dir.path().display().to_string()).expect("opens"));
        Self { node: Node::with(Setup { artifacts, exposure, ..Setup::default() }), dir, nonce: 0 }
    }

    async fn say(&mut self, who: u8, operation: Operation) -> Value {
        self.nonce += 1;
        let did = Did::of(person(who).public());
        let envelope = self.node.signed(&person(who), &did, self.nonce, operation);
        self.node.submit(&envelope, "finalized", 5_000).await.1
    }

    /// Commits to bytes: the submission's id.
    async fn commit(&mut self, bytes: &[u8], salted: bool, retention: Retention) -> String {
        let operation = Operation::ArtifactCommit {
            address: sha256(bytes),
            salted,
            content_bytes: 0,
            media_type: String::new(),
            subject: String::new(),
            retention,
        };
        let ticket = self.say(1, operation).await;
        assert_eq!(ticket["state"], "finalized", "{ticket}");
        ticket["id"].as_str().expect("an id").to_owned()
    }

    async fn erase(&mut self, who: u8, id: &str) -> Value {
        let artifact = SubmissionId::new(id.parse().expect("an id"));
        self.say(who, Operation::RetentionTombstone { artifact, reason: String::new() }).await
    }

    async fn give(&self, id: &str, content: &[u8]) -> (StatusCode, Value) {
        let request = Request::post(format!("/v1/artifacts/{id}/bytes"))
            .header("content-type", "application/octet-stream")
            .body(Body::from(content.to_vec()));
        let response = self.node.ask(request.expect("a request")).await;
        (response.status(), json(response).await)
    }

    async fn take(&self, id: &str) -> (StatusCode, Vec<u8>) {
        let request = Request::get(format!("/v1/artifacts/{id}/bytes")).body(Body::empty());
        let response = self.node.ask(request.expect("a request")).await;
        (response.status(), bytes(response).await)
    }

    async fn standing(&self, id: &str) -> Value {
        let (status, answer) = self.node.get(&format!("/v1/artifacts/{id}")).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }
}

fn code(answer: &Value) -> &str {
    answer["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn bytes_are_kept_until_their_owner_has_them_erased() {
    let mut keeper = Keeper::with(Exposure::Loopback);
    let id = keeper.commit(b"letter", false, Retention::UntilErased).await;
    assert_eq!(keeper.take(&id).await.0, StatusCode::NOT_FOUND, "nobody gave it");
    let (status, refused) = keeper.give(&id, b"lettex").await;
    assert_eq!((status, code(&refused)), (StatusCode::UNPROCESSABLE_ENTITY, "artifact_mismatch"));
    let (status, answer) = keeper.give(&id, b"letter").await;
    assert_eq!((status, &answer["here"]), (StatusCode::CREATED, &value!(true)), "{answer}");
    assert_eq!(keeper.take(&id).await, (StatusCode::OK, b"letter".to_vec()));
    let receipt = keeper.node.get(&format!("/v1/entries/{id}/receipt")).await;

    let ticket = keeper.erase(2, &id).await;
    assert_eq!(ticket["reason"], "not_owner", "{ticket}");
    assert_eq!(keeper.take(&id).await.0, StatusCode::OK);
    let ticket = keeper.erase(1, &id).await;
    assert_eq!(ticket["state"], "finalized", "{ticket}");
    // Whether the file is there still or not: the log says that it is gone.
    assert_eq!(keeper.take(&id).await.0, StatusCode::GONE);
    let (status, refused) = keeper.give(&id, b"letter").await;
    assert_eq!((status, code(&refused)), (StatusCode::GONE, "artifact_gone"));
    let standing = keeper.standing(&id).await;
    assert_eq!((&standing["standing"], &standing["erased_index"]), (&value!("erased"), &ticket["index"]));
    assert_eq!(keeper.node.get(&format!("/v1/entries/{id}/receipt")).await, receipt, "the proof stays");
}

#[tokio::test]
async fn what_time_ends_is_gone_and_what_is_unknown_was_never_there() {
    let mut keeper = Keeper::with(Exposure::Loopback);
    let over = keeper.commit(b"old", false, Retention::Until(TimeMs::new(1))).await;
    assert_eq!(keeper.standing(&over).await["standing"], "expired");
    assert_eq!(keeper.give(&over, b"old").await.0, StatusCode::GONE);
    assert_eq!(keeper.take(&over).await.0, StatusCode::GONE);

    let proof = crate::node::proof();
    let other = keeper.say(1, proof).await["id"].as_str().expect("an id").to_owned();
    for id in [other, "00".repeat(32)] {
        assert_eq!(keeper.node.get(&format!("/v1/artifacts/{id}")).await.1["code"], "artifact_unknown");
        assert_eq!(keeper.take(&id).await.0, StatusCode::NOT_FOUND);
    }
    let (status, refused) = keeper.node.get("/v1/artifacts/letter").await;
    assert_eq!((status, code(&refused)), (StatusCode::BAD_REQUEST, "invalid_params"));
    let json_body = keeper.node.post(&format!("/v1/artifacts/{over}/bytes"), &value!({})).await;
    assert_eq!(json_body.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn what_is_salted_is_given_to_who_may_have_it() {
    let mut keeper = Keeper::with(Exposure::Open { hosts: Vec::new() });
    let open = keeper.commit(b"letter", false, Retention::UntilErased).await;
    let salted = keeper.commit(b"salt and letter", true, Retention::UntilErased).await;
    assert_eq!(keeper.give(&open, b"letter").await.0, StatusCode::CREATED);
    assert_eq!(keeper.give(&salted, b"salt and letter").await.0, StatusCode::CREATED);
    assert_eq!(keeper.take(&open).await.0, StatusCode::OK);
    assert_eq!(keeper.take(&salted).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bytes_that_changed_on_the_disk_are_not_given() {
    let mut keeper = Keeper::with(Exposure::Loopback);
    let id = keeper.commit(b"letter", false, Retention::UntilErased).await;
    keeper.give(&id, b"letter").await;
    let file = keeper.dir.path().join("artifacts").join(&id[..2]).join(&id);
    std::fs::write(&file, b"lettex").expect("the file is there");
    assert_eq!(keeper.take(&id).await.0, StatusCode::INTERNAL_SERVER_ERROR);
}
