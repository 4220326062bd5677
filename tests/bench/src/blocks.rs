//! The state machine: a block of a thousand submissions is applied.

use std::rc::Rc;
use std::sync::Arc;

use ledger::{Committed, Ledger, batch_ref};
use proto::batch::Batch;
use proto::block::Block;
use proto::certificate::QuorumCert;
use proto::counter::Epoch;
use proto::id::ValidatorIndex;
use proto::verified::Verified;
use store::memory::Memory;
use store::port::Store as _;

use crate::body::{Body, Kind};
use crate::fixture::{Network, believed};

const COUNT: u64 = 1_000;

/// From the committed block to the change that is to be made durable.
pub fn bodies() -> Vec<Body> {
    let network = Network::new();
    let submissions = believed(network.genesis.network(), COUNT);
    let batch: Rc<Verified<Batch>> = Rc::new(Verified::pack(ValidatorIndex::new(0), submissions));
    let apply = move || {
        let (mut ledger, committed) = ready(&network, &batch);
        move || {
            let applied = ledger.apply(committed).expect("the next block");
            (ledger, applied)
        }
    };
    vec![Body::new("ledger: apply a block of 1,000", Kind::Plain, COUNT, apply)]
}

fn ready(network: &Network, batch: &Verified<Batch>) -> (Ledger, Committed) {
    let store = Arc::new(Memory::new());
    let (mut ledger, change) = Ledger::open(store.clone(), &network.genesis).expect("an empty store");
    store.commit(&change.expect("an empty store is written")).expect("memory does not fail");
    ledger.durable(ledger.tip().height);
    let tip = ledger.tip_block();
    let (parent, parent_view) = (tip.id(), tip.view);
    let block = Block {
        epoch: Epoch::ZERO,
        height: tip.height.next(),
        view: parent_view.next(),
        parent,
        parent_view,
        proposer: ValidatorIndex::new(1),
        time: tip.time.plus(1_000),
        batches: vec![batch_ref(batch)],
        handover: None,
    };
    // Whether it holds is consensus' matter; here it only has to name the parent.
    let justify = QuorumCert {
        epoch: Epoch::ZERO,
        view: parent_view,
        height: tip.height,
        block: parent,
        signatures: Vec::new(),
    };
    let batches = vec![batch.clone()];
    (ledger, Committed { block, justify, batches })
}
