//! What is kept in memory: given again without the store, never instead of something that changed.

use axum::body::Body;
use axum::http::header::ETAG;
use axum::http::{Request, StatusCode};
use proto::receipt::Receipt;
use verify::{Options, verify_receipt};

use crate::node::{Node, Pace, bytes};

/// A receipt's text and tag.
async fn receipt(node: &Node, path: &str) -> (String, String) {
    let response = node.ask(Request::get(path).body(Body::empty()).expect("a request")).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let tag = response.headers()[ETAG].to_str().expect("text").to_owned();
    (String::from_utf8(bytes(response).await).expect("text"), tag)
}

/// The size of a receipt's checkpoint, if the receipt holds.
fn size(node: &Node, text: &str) -> u64 {
    let receipt = Receipt::from_json(text).expect("a receipt");
    let report = verify_receipt(&node.policy, &receipt, Options::default());
    assert!(report.is_true(), "{:?}", report.failure());
    report.checkpoint.expect("checked").head.size.get()
}

async fn submit(node: &Node, from: u64, to: u64) {
    for n in from..to {
        node.submit(&node.envelope(n), "finalized", 5_000).await;
    }
}

#[tokio::test]
async fn what_was_read_once_is_not_read_again() {
    let node = Node::new();
    submit(&node, 0, 3).await;
    let first = receipt(&node, "/v1/entries/2/receipt").await;
    let reads = node.memory.reads();
    assert_eq!(receipt(&node, "/v1/entries/2/receipt").await, first);
    // Its neighbour in the block has the same checkpoint, bundle and tile.
    let (neighbour, _) = receipt(&node, "/v1/entries/3/receipt").await;
    assert_eq!(size(&node, &neighbour), size(&node, &first.0));
    assert_eq!(node.memory.reads(), reads);
    // By its id its place has to be learnt, once; another id is not taken for it.
    let (_, entry) = node.get("/v1/entries/2").await;
    let id = entry["id"].as_str().expect("an id");
    assert_eq!(receipt(&node, &format!("/v1/entries/{id}/receipt")).await, first);
    let reads = node.memory.reads();
    assert_eq!(receipt(&node, &format!("/v1/entries/{id}/receipt")).await, first);
    assert_eq!(node.memory.reads(), reads);
    let (_, problem) = node.get(&format!("/v1/entries/{}{}/receipt", &id[..16], "0".repeat(48))).await;
    assert_eq!(problem["code"], "entry_unknown");
}

#[tokio::test]
async fn a_larger_checkpoint_never_stands_for_the_smallest() {
    let node = Node::new();
    submit(&node, 0, 4).await;
    let latest = node.get("/v1/checkpoints/latest").await.1["size"].as_u64().expect("a size");
    // The largest is learnt first, then one between, then what covers each leaf by itself.
    for index in [0, 4] {
        let (text, _) = receipt(&node, &format!("/v1/entries/{index}/receipt?size={latest}")).await;
        assert_eq!(size(&node, &text), latest);
    }
    // Two leaves of the genesis, two of each block.
    for (index, smallest) in [(5, 6), (2, 4), (3, 4), (4, 6), (0, 2), (1, 2), (9, 10), (8, 10)] {
        let (text, _) = receipt(&node, &format!("/v1/entries/{index}/receipt")).await;
        assert_eq!(size(&node, &text), smallest, "{index}");
    }
}

#[tokio::test]
async fn each_receipt_has_a_tag_of_its_own() {
    let node = Node::new();
    submit(&node, 0, 2).await;
    let mut tags = Vec::new();
    for path in ["2/receipt", "3/receipt", "4/receipt", "2/receipt?size=6", "3/receipt?size=6"] {
        tags.push(receipt(&node, &format!("/v1/entries/{path}")).await.1);
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 5, "{tags:?}");
}

#[tokio::test]
async fn that_something_is_not_there_yet_is_not_kept() {
    let node = Node::paced(Pace::Commit);
    node.submit(&node.envelope(0), "committed", 5_000).await;
    let (status, problem) = node.get("/v1/entries/2/receipt").await;
    assert_eq!((status.is_success(), &problem["code"]), (false, &"not_final".into()));
    node.pace.send(Pace::Finalize).expect("the node lives");
    submit(&node, 1, 2).await;
    let (text, _) = receipt(&node, "/v1/entries/2/receipt").await;
    size(&node, &text);
}

#[tokio::test]
async fn tiles_that_were_kept_narrow_are_read_again_when_they_grow() {
    let node = Node::new();
    for n in 0..6 {
        submit(&node, n, n + 1).await;
        let latest = node.get("/v1/checkpoints/latest").await.1["size"].as_u64().expect("a size");
        for index in 0..latest {
            let (text, _) = receipt(&node, &format!("/v1/entries/{index}/receipt?size={latest}")).await;
            assert_eq!(size(&node, &text), latest);
        }
    }
}
