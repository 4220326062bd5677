//! The door: a submission is read from its bytes and its signature checked.

use std::rc::Rc;

use proto::canonical::Canonical as _;
use proto::submission::Submission;
use proto::verified::{Strict, Unverified};

use crate::body::{Body, Kind};
use crate::fixture::{Network, submissions};

const COUNT: u64 = 100;

/// Reading and checking.
pub fn bodies() -> Vec<Body> {
    let network = Network::new().genesis.network();
    let envelopes = submissions(network, COUNT).into_iter().map(|submission| submission.bytes().to_vec());
    let envelopes: Rc<Vec<Vec<u8>>> = Rc::new(envelopes.collect());
    let admit = move || {
        let envelopes = Rc::clone(&envelopes);
        move || {
            for envelope in envelopes.iter() {
                let submission = Submission::decode(envelope).expect("signed by the fixture");
                Unverified::new(submission).verify(&network, &Strict).expect("signed by the fixture");
            }
        }
    };
    vec![Body::new("submission: decode and verify", Kind::Signatures, COUNT, admit)]
}
