//! Heads of the log: signed by one validator, and gathered from a quorum.

use std::rc::Rc;
use std::sync::Arc;

use crypto::sha256;
use ledger::collector::Collector;
use proto::checkpoint::{Cosignature, Head};
use proto::counter::TreeSize;
use proto::id::ValidatorIndex;
use proto::verified::{Strict, Unverified};

use crate::body::{Body, Kind};
use crate::fixture::Network;

/// Signing in three roles; and three such signatures from the wire to a certified checkpoint.
pub fn bodies() -> Vec<Body> {
    let network = Network::new();
    let head = Head { size: TreeSize::new(1_000), root: sha256(b"root") };
    let cosign = move |network: &Network, n: u16| {
        network.signers[usize::from(n)].cosign(&network.set, ValidatorIndex::new(n), head)
    };
    let parts: Rc<Vec<Cosignature>> = Rc::new((0..3).map(|n| cosign(&network, n)).collect());
    let set = Arc::new(network.set.clone());
    let sign = move || {
        let network = Rc::clone(&network);
        move || cosign(&network, 0)
    };
    let collect = move || {
        let (set, parts) = (Arc::clone(&set), parts.to_vec());
        move || {
            let mut collector = Collector::new(Arc::clone(&set), TreeSize::ZERO);
            assert_eq!(collector.head(head), []);
            for part in parts {
                let part = Unverified::new(part).verify(&set, &Strict).expect("signed by the fixture");
                collector.add(part).expect("under our head");
            }
            collector.quorum(head.size).expect("three of four")
        }
    };
    vec![
        Body::new("checkpoint: cosign", Kind::Signing, 1, sign),
        Body::new("checkpoint: verify three and collect", Kind::Signatures, 1, collect),
    ]
}
