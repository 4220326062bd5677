//! Artifacts: bytes are taken if they are the committed ones, given while they are kept, and gone when the log says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use api::keeping::Policy;
use api::{Exposure, Keeping};
use archive::Artifacts;
use archive::artifacts::room::{Quota, Room};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use crypto::sha256;
use proto::counter::TimeMs;
use proto::id::{Did, SubmissionId};
use proto::operation::{Operation, Retention, RetentionClass};
use serde_json::{Value, json as value};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::node::{Node, READER, Setup, TOKEN, bytes, json, person};

/// A node that keeps artifacts, and one who commits them.
struct Keeper {
    node: Node,
    dir: TempDir,
    nonce: u64,
}

impl Keeper {
    fn with(exposure: Exposure) -> Self {
        Self::keeping(exposure, crate::node::keeping())
    }

    fn keeping(exposure: Exposure, keeping: Keeping) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let artifacts = Some(Artifacts::open(&dir.path().display().to_string()).expect("opens"));
        Self { node: Node::with(Setup { artifacts, exposure, keeping, ..Setup::default() }), dir, nonce: 0 }
    }

    fn of_at_most(bytes_max: u64) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let artifacts =
            Artifacts::open(&dir.path().display().to_string()).expect("opens").of_at_most(bytes_max);
        Self { node: Node::with(Setup { artifacts: Some(artifacts), ..Setup::default() }), dir, nonce: 0 }
    }

    async fn ask(&self, method: Method, id: &str, headers: &[(&str, &str)], key: Option<&str>) -> Response {
        let mut request = Request::builder().method(method).uri(format!("/v1/artifacts/{id}/bytes"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        self.node.ask(request.body(Body::empty()).expect("a request")).await
    }

    async fn get_as(&self, key: &str, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).header("authorization", format!("Bearer {key}"));
        let response = self.node.ask(request.body(Body::empty()).expect("a request")).await;
        (response.status(), json(response).await)
    }

    async fn report(&self, query: &str) -> Value {
        let (status, report) = self.get_as(TOKEN, &format!("/v1/retention/report{query}")).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        report
    }

    async fn say(&mut self, who: u8, operation: Operation) -> Value {
        self.nonce += 1;
        let did = Did::of(person(who).public());
        let envelope = self.node.signed(&person(who), &did, self.nonce, operation);
        self.node.submit(&envelope, "finalized", 5_000).await.1
    }

    /// Commits to bytes: the submission's id.
    async fn commit(&mut self, bytes: &[u8], salted: bool, retention: Retention) -> String {
        self.commit_as(bytes, salted, retention, "").await
    }

    async fn commit_as(
        &mut self,
        bytes: &[u8],
        salted: bool,
        retention: Retention,
        media_type: &str,
    ) -> String {
        let operation = Operation::ArtifactCommit {
            address: sha256(bytes),
            salted,
            content_bytes: 0,
            media_type: media_type.to_owned(),
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
        self.give_as(None, id, content).await
    }

    async fn give_as(&self, key: Option<&str>, id: &str, content: &[u8]) -> (StatusCode, Value) {
        let mut request = Request::post(format!("/v1/artifacts/{id}/bytes"))
            .header("content-type", "application/octet-stream")
            .header("content-length", content.len());
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let response = self.node.ask(request.body(Body::from(content.to_vec())).expect("a request")).await;
        (response.status(), json(response).await)
    }

    /// Gives bytes in small pieces; the length is said beforehand or not.
    async fn give_how(&self, id: &str, content: &[u8], length_is_said: bool) -> (StatusCode, Value) {
        let mut request = Request::post(format!("/v1/artifacts/{id}/bytes"))
            .header("content-type", "application/octet-stream");
        if length_is_said {
            request = request.header("content-length", content.len());
        }
        let pieces: Vec<std::io::Result<Vec<u8>>> =
            content.chunks(3).map(|piece| Ok(piece.to_vec())).collect();
        let body = Body::from_stream(futures::stream::iter(pieces));
        let response = self.node.ask(request.body(body).expect("a request")).await;
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
    // Room is somebody's: beyond this machine nobody gives without a credential, nor into another tenant's room.
    for (key, expected) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some(READER), StatusCode::FORBIDDEN),
        (Some("unknown"), StatusCode::UNAUTHORIZED),
        (Some(TOKEN), StatusCode::CREATED),
    ] {
        assert_eq!(keeper.give_as(key, &open, b"letter").await.0, expected, "{key:?}");
        assert_eq!(keeper.give_as(key, &salted, b"salt and letter").await.0, expected, "{key:?}");
    }
    assert_eq!(keeper.take(&open).await.0, StatusCode::OK);
    for (key, expected) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some(READER), StatusCode::FORBIDDEN),
        (Some(TOKEN), StatusCode::OK),
    ] {
        let asked = keeper.ask(Method::GET, &salted, &[], key).await;
        assert_eq!(asked.status(), expected, "{key:?}");
    }
}

#[tokio::test]
async fn bytes_are_given_as_object_stores_give_them() {
    let mut keeper = Keeper::with(Exposure::Loopback);
    let id =
        keeper.commit_as(b"0123456789", false, Retention::UntilErased, "text/plain; charset=utf-8").await;
    keeper.give(&id, b"0123456789").await;
    let tag = format!("\"{}\"", sha256(b"0123456789"));
    let header = |response: &Response, name: &str| {
        response.headers().get(name).map(|value| value.to_str().expect("text").to_owned())
    };
    let whole = keeper.ask(Method::GET, &id, &[], None).await;
    assert_eq!(whole.status(), StatusCode::OK);
    for (name, expected) in [
        ("content-length", "10"),
        ("content-type", "text/plain; charset=utf-8"),
        ("accept-ranges", "bytes"),
        ("etag", &tag),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("content-disposition", "attachment"),
        ("content-security-policy", "default-src 'none'; sandbox"),
    ] {
        assert_eq!(header(&whole, name).as_deref(), Some(expected), "{name}");
    }
    let head = keeper.ask(Method::HEAD, &id, &[], None).await;
    assert_eq!((head.status(), header(&head, "content-length").as_deref()), (StatusCode::OK, Some("10")));
    assert!(bytes(head).await.is_empty());
    for (asked, content_range, expected) in [
        ("bytes=2-4", "bytes 2-4/10", &b"234"[..]),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-1", "bytes 9-9/10", b"9"),
        ("bytes=0-99", "bytes 0-9/10", b"0123456789"),
    ] {
        let part = keeper.ask(Method::GET, &id, &[("range", asked)], None).await;
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT, "{asked}");
        assert_eq!(header(&part, "content-range").as_deref(), Some(content_range));
        assert_eq!(header(&part, "content-length"), Some(expected.len().to_string()));
        assert_eq!(bytes(part).await, expected);
    }
    let beyond = keeper.ask(Method::GET, &id, &[("range", "bytes=10-")], None).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(header(&beyond, "content-range").as_deref(), Some("bytes */10"));
    assert_eq!(json(beyond).await["code"], "range_not_satisfiable");
    for (headers, expected) in [
        (vec![("range", "bytes=2-4"), ("if-range", tag.as_str())], StatusCode::PARTIAL_CONTENT),
        (vec![("range", "bytes=2-4"), ("if-range", "\"other\"")], StatusCode::OK),
        (vec![("range", "bytes=2-4,6-7")], StatusCode::OK),
        (vec![("if-none-match", tag.as_str())], StatusCode::NOT_MODIFIED),
    ] {
        assert_eq!(keeper.ask(Method::GET, &id, &headers, None).await.status(), expected, "{headers:?}");
    }
    let html = keeper.commit_as(b"<script>", false, Retention::UntilErased, "text/ html").await;
    keeper.give(&html, b"<script>").await;
    let odd = keeper.ask(Method::GET, &html, &[], None).await;
    assert_eq!(header(&odd, "content-type").as_deref(), Some("application/octet-stream"), "what is no type");
}

#[tokio::test]
async fn what_is_spoilt_is_not_given_whole() {
    let mut keeper = Keeper::with(Exposure::Loopback);
    let long: Vec<u8> = (0..700_000u32).map(|n| (n / 3) as u8).collect();
    let id = keeper.commit(&long, false, Retention::UntilErased).await;
    assert_eq!(keeper.give(&id, &long).await.0, StatusCode::CREATED);
    assert_eq!(keeper.take(&id).await, (StatusCode::OK, long.clone()));
    let file = keeper.dir.path().join("artifacts").join(&id[..2]).join(&id);
    let mut spoilt = long.clone();
    spoilt[600_000] ^= 1;
    std::fs::write(&file, spoilt).expect("the file is there");
    // Its beginning is good, so it is begun; then it is broken off.
    let begun = keeper.ask(Method::GET, &id, &[], None).await;
    assert_eq!(begun.status(), StatusCode::OK);
    assert!(axum::body::to_bytes(begun.into_body(), usize::MAX).await.is_err(), "it is not given whole");
    let range = keeper.ask(Method::GET, &id, &[("range", "bytes=600000-600001")], None).await;
    assert_eq!(range.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(json(range).await["code"], "artifact_corrupt");
    // Whoever has it gives it again.
    assert_eq!(keeper.give(&id, &long).await.0, StatusCode::CREATED);
    assert_eq!(keeper.take(&id).await, (StatusCode::OK, long));
}

fn quota(bytes_max: u64, count_max: u64) -> Keeping {
    let room = Room::new(Quota { bytes_max, count_max }, BTreeMap::new());
    room.counted(BTreeMap::new());
    Keeping { room, ..Keeping::default() }
}

#[tokio::test]
async fn a_tenant_has_no_more_room_than_it_has() {
    let mut keeper = Keeper::keeping(Exposure::Loopback, quota(20, 2));
    let (ten, eleven) = (b"0123456789".to_vec(), b"0123456789x".to_vec());
    let first = keeper.commit(&ten, false, Retention::UntilErased).await;
    let second = keeper.commit(&eleven, false, Retention::UntilErased).await;
    assert_eq!(keeper.give(&first, &ten).await.0, StatusCode::CREATED);
    assert_eq!(keeper.give(&first, &ten).await.0, StatusCode::CREATED, "the same again takes no more");
    // Told before a byte is sent, and found out on the way: what is refused is not there.
    for length_is_said in [true, false] {
        let (status, refused) = keeper.give_how(&second, &eleven, length_is_said).await;
        assert_eq!((status.as_u16(), code(&refused)), (507, "quota_bytes"), "{refused}");
        let said = refused["detail"].as_str().expect("text");
        let held = if length_is_said { "keeps 10 bytes here" } else { "keeps 19 bytes here" };
        assert!(said.contains(held) && said.contains("beyond its 20"), "{said}");
        assert_eq!(keeper.standing(&second).await["here"], false);
    }
    let third = keeper.commit(b"x", false, Retention::UntilErased).await;
    let fourth = keeper.commit(b"y", false, Retention::UntilErased).await;
    assert_eq!(keeper.give(&third, b"x").await.0, StatusCode::CREATED);
    let (status, refused) = keeper.give(&fourth, b"y").await;
    assert_eq!((status.as_u16(), code(&refused)), (507, "quota_count"), "{refused}");
    // What could not be kept took no room.
    let (status, _) = keeper.give(&third, b"z").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let report = keeper.report("").await;
    assert_eq!(report["here"], value!({ "count": 2, "bytes": 11, "count_max": 2, "bytes_max": 20 }));

    let uncounted = Keeper::keeping(Exposure::Loopback, Keeping::default());
    let mut uncounted = uncounted;
    let id = uncounted.commit(b"x", false, Retention::UntilErased).await;
    let (status, refused) = uncounted.give(&id, b"x").await;
    assert_eq!((status, code(&refused)), (StatusCode::SERVICE_UNAVAILABLE, "artifacts_counting"));
}

#[tokio::test]
async fn more_than_one_may_have_is_refused_before_and_on_the_way() {
    let mut keeper = Keeper::of_at_most(10);
    let eleven = b"0123456789x".to_vec();
    let id = keeper.commit(&eleven, false, Retention::UntilErased).await;
    for length_is_said in [true, false] {
        let (status, refused) = keeper.give_how(&id, &eleven, length_is_said).await;
        assert_eq!((status, code(&refused)), (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"));
    }
}

#[tokio::test]
async fn artifacts_are_listed_by_tenant_in_pages() {
    let mut keeper = Keeper::with(Exposure::Loopback);
    let mut ids = Vec::new();
    for n in 0..5u8 {
        ids.push(keeper.commit(&[n], false, Retention::Of(RetentionClass::Standard)).await);
    }
    ids.reverse();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for expected in [2, 2, 1] {
        let (status, page) = keeper.get_as(TOKEN, &format!("/v1/artifacts?limit=2{cursor}")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let items = page["items"].as_array().expect("items");
        assert_eq!(items.len(), expected);
        assert!(items.iter().all(|it| it["class"] == "standard"), "{page}");
        found.extend(items.iter().map(|it| it["id"].as_str().expect("an id").to_owned()));
        cursor = page["next_cursor"].as_str().map(|it| format!("&cursor={it}")).unwrap_or_default();
    }
    assert_eq!((found, cursor), (ids, String::new()));
    let (_, other) = keeper.get_as(TOKEN, "/v1/artifacts?tenant=acme").await;
    assert_eq!(other, value!({ "items": [], "next_cursor": null }));
    let reader = keeper.get_as(READER, "/v1/artifacts?tenant=default").await;
    assert_eq!((reader.0, code(&reader.1)), (StatusCode::FORBIDDEN, "tenant_mismatch"));
    assert_eq!(keeper.get_as(READER, "/v1/artifacts").await.1["items"], value!([]));
}

#[tokio::test]
async fn a_report_holds_under_the_head_that_it_names() {
    let mut keeper = Keeper::with(Exposure::Loopback);
    let mut ids = Vec::new();
    for n in 0..4u8 {
        ids.push(keeper.commit(&[n], false, Retention::Of(RetentionClass::Standard)).await);
    }
    let once = keeper.commit(b"once", false, Retention::Of(RetentionClass::Compliance)).await;
    let refused = keeper.erase(1, &once).await;
    assert_eq!(refused["reason"], "write_once", "{refused}");
    for id in &ids[..3] {
        assert_eq!(keeper.erase(1, id).await["state"], "finalized");
    }
    let first = keeper.report("?limit=2").await;
    let of = |report: &Value, class: &str| {
        let classes = report["classes"].as_array().expect("classes");
        classes.iter().find(|it| it["class"] == class).expect("every class").clone()
    };
    let standard = of(&first, "standard");
    for (member, expected) in [("committed", 4), ("erased", 3), ("kept", 1), ("over", 0), ("unstated", 4)] {
        assert_eq!(standard[member], expected, "{member}: {standard}");
    }
    let left = keeper.standing(&ids[3]).await;
    assert_eq!(standard["next_expiry_ms"], left["keep_until_ms"]);
    let compliance = of(&first, "compliance");
    assert_eq!((&compliance["committed"], &compliance["kept"]), (&value!(1), &value!(1)));
    let (_, head) = keeper.node.get("/v1/checkpoints/latest").await;
    assert_eq!(first["checkpoint_size"], head["size"], "{head}");
    assert_eq!(first["checkpoint_root"], head["root"]);
    let erased = |report: &Value| -> Vec<Value> {
        report["tombstones"]["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|it| it["artifact"].clone())
            .collect()
    };
    assert_eq!(erased(&first), [value!(ids[2]), value!(ids[1])]);

    // What comes later changes no page of it.
    assert_eq!(keeper.erase(1, &ids[3]).await["state"], "finalized");
    let cursor = first["tombstones"]["next_cursor"].as_str().expect("there is more").to_owned();
    let second = keeper.report(&format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(erased(&second), [value!(ids[0])]);
    assert_eq!(second["tombstones"]["next_cursor"], Value::Null);
    for member in ["checkpoint_size", "checkpoint_root", "time_ms", "classes"] {
        assert_eq!(first[member], second[member], "{member}");
    }
    assert_eq!(of(&keeper.report("").await, "standard")["erased"], 4);
    let (status, refused) = keeper.get_as(TOKEN, "/v1/retention/report?cursor=AAAA").await;
    assert_eq!((status, code(&refused)), (StatusCode::BAD_REQUEST, "invalid_params"));
    let other = keeper.get_as(READER, "/v1/retention/report?tenant=default").await;
    assert_eq!(other.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_does_not_say_how_long_is_told_by_the_operator() {
    let policy = |text: &str| Policy::parse(text).expect("a policy");
    let acme = proto::id::Tenant::parse("acme").expect("a name");
    let keeping = Keeping {
        default: policy("compliance"),
        tenants: [(acme, policy("enterprise 30 write-once archive"))].into(),
        ..crate::node::keeping()
    };
    let node = Node::with(Setup { gateway: true, keeping, ..Setup::default() });
    let (_, shown) = node.get("/v1/retention").await;
    let expected = value!({ "class": "compliance", "days": 2557, "write_once": true, "when_over": "delete" });
    assert_eq!(shown, expected);
    let (_, shown) = node.get("/v1/retention?tenant=acme").await;
    assert_eq!((&shown["class"], &shown["when_over"]), (&value!("enterprise"), &value!("archive")));
    for (tenant, said, class) in [
        ("default", value!({}), "compliance"),
        ("acme", value!({}), "enterprise"),
        ("default", value!({ "class": "standard" }), "standard"),
        ("default", value!({ "keep_until_ms": 4_000_000_000_000u64 }), "enterprise"),
    ] {
        let mut operation = value!({ "type": "artifact.commit", "address": "00".repeat(32) });
        for (name, value) in said.as_object().expect("members") {
            operation[name] = value.clone();
        }
        let order = value!({ "operation": operation, "tenant": tenant, "wait": "committed" });
        let request = Request::post("/v1/entries").header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {TOKEN}"));
        let ticket =
            json(node.ask(request.body(Body::from(order.to_string())).expect("a request")).await).await;
        let id = ticket["id"].as_str().unwrap_or_else(|| panic!("{ticket}"));
        let (_, standing) = node.get(&format!("/v1/artifacts/{id}")).await;
        assert_eq!(
            (&standing["class"], &standing["tenant"]),
            (&value!(class), &value!(tenant)),
            "{standing}"
        );
    }
}

#[tokio::test]
async fn bytes_that_changed_on_the_disk_are_not_given() {
    let mut keeper = Keeper::with(Exposure::Loopback);
    let id = keeper.commit(b"letter", false, Retention::UntilErased).await;
    keeper.give(&id, b"letter").await;
    let file = keeper.dir.path().join("artifacts").join(&id[..2]).join(&id);
    std::fs::write(&file, b"lettex").expect("the file is there");
    let response = keeper.ask(Method::GET, &id, &[], None).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(json(response).await["code"], "artifact_corrupt");
}

/// A server of files that holds each write until it is told to go on.
#[derive(Clone, Default)]
struct Slow {
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
    files: Arc<Mutex<BTreeSet<String>>>,
}

impl Slow {
    async fn serve(self) -> String {
        let answer = move |request: Request<Body>| {
            let slow = self.clone();
            async move {
                let path = request.uri().path().to_owned();
                match request.method().as_str() {
                    "PUT" => {
                        slow.files.lock().expect("a lock").insert(path);
                        slow.begun.notify_one();
                        slow.go_on.notified().await;
                        StatusCode::CREATED
                    }
                    "DELETE" => match slow.files.lock().expect("a lock").remove(&path) {
                        true => StatusCode::NO_CONTENT,
                        false => StatusCode::NOT_FOUND,
                    },
                    _ => match slow.files.lock().expect("a lock").contains(&path) {
                        true => StatusCode::OK,
                        false => StatusCode::NOT_FOUND,
                    },
                }
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let router = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

#[tokio::test]
async fn what_is_erased_while_it_is_written_does_not_stay() {
    let slow = Slow::default();
    let (begun, go_on, files) = (slow.begun.clone(), slow.go_on.clone(), slow.files.clone());
    let url = slow.serve().await;
    let artifacts = Some(Artifacts::open(&url).expect("opens"));
    let dir = tempfile::tempdir().expect("a directory");
    let node = Node::with(Setup { artifacts, ..Setup::default() });
    let mut keeper = Keeper { node, dir, nonce: 0 };
    let id = keeper.commit(b"letter", false, Retention::UntilErased).await;
    let request = Request::post(format!("/v1/artifacts/{id}/bytes"))
        .header("content-type", "application/octet-stream")
        .body(Body::from(b"letter".to_vec()));
    let given = tokio::spawn(keeper.node.ask_later(request.expect("a request")));
    begun.notified().await;
    // Whoever erases comes and goes while the bytes are being written.
    let ticket = keeper.erase(1, &id).await;
    assert_eq!(ticket["state"], "finalized", "{ticket}");
    go_on.notify_one();
    let response = given.await.expect("an answer");
    assert_eq!(response.status(), StatusCode::GONE);
    assert_eq!(json(response).await["code"], "artifact_gone");
    assert!(files.lock().expect("a lock").is_empty(), "the bytes are gone: {files:?}");
}
