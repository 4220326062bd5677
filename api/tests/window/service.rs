//! The service author: the same order is the same record, and every state has its name.

use std::time::Duration;

use api::service::{Order, Settled};
use model::error::ApiError;
use proto::id::Tenant;
use proto::operation::Operation;

use crate::node::{Node, Pace, proof};

fn order(operation: Operation) -> Order {
    Order::once(Tenant::parse("acme").expect("a tenant"), operation)
}

async fn place(node: &Node, order: Order) -> api::service::Place {
    let service = &node.service();
    match service.submit(&node.api, order).await.expect("an answer") {
        Settled::Logged(place) => place,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_same_order_finds_the_same_record() {
    let node = Node::new();
    let first = place(&node, order(proof())).await;
    let again = place(&node, order(proof())).await;
    assert!(!first.before && again.before);
    assert_eq!((again.id, again.index, again.time), (first.id, first.index, first.time));
    let meant_twice = place(&node, Order { nonce: 1, ..order(proof()) }).await;
    assert_ne!(meant_twice.index, first.index);
    let (_, entry) = node.get(&format!("/v1/entries/{}", first.id)).await;
    assert_eq!(entry["content"]["author"], node.service().author().as_str());
    assert_eq!(entry["content"]["tenant"], "acme");
}

#[tokio::test]
async fn time_that_runs_out_leaves_an_order_that_can_be_found() {
    let node = Node::paced(Pace::Freeze);
    let short = || Order { timeout: Duration::from_millis(50), ..order(proof()) };
    let late = node.service().submit(&node.api, short()).await.expect("an answer");
    let Settled::Pending { id } = late else { panic!("{late:?}") };
    assert!(matches!(late.logged(), Err(ApiError::Surface(_))));
    node.pace.send(Pace::Finalize).expect("the node runs");
    assert_eq!(place(&node, order(proof())).await.id, id);
}

#[tokio::test]
async fn what_a_rule_refuses_keeps_its_code() {
    let node = Node::new();
    let reason = "lost".to_owned();
    let nothing = proto::id::SubmissionId::default();
    let refused = Operation::AttestationRevoke { attestation: nothing, reason };
    let settled = node.service().submit(&node.api, order(refused)).await.expect("an answer");
    assert!(matches!(settled, Settled::Refused { code: "unknown_attestation", .. }), "{settled:?}");
    let Err(ApiError::SubmissionRefused { reason, .. }) = settled.logged() else { panic!("refused") };
    assert_eq!(reason, "unknown_attestation");
}
