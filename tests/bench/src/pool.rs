//! The mempool: submissions that come to wait.

use std::rc::Rc;

use mempool::limits::PoolLimits;
use mempool::pool::Pool;
use proto::verified::Verified;

use crate::body::{Body, Kind};
use crate::fixture::{Network, believed};

const COUNT: u64 = 1_000;

/// Insertion.
pub fn bodies() -> Vec<Body> {
    let network = Network::new().genesis.network();
    let waiting: Rc<Vec<Verified<_>>> = Rc::new(believed(network, COUNT));
    let insert = move || {
        let waiting = waiting.to_vec();
        move || {
            let mut pool = Pool::new(PoolLimits::default());
            for submission in waiting {
                pool.insert(submission).expect("room for all of them");
            }
            pool
        }
    };
    vec![Body::new("mempool: insert", Kind::Plain, COUNT, insert)]
}
