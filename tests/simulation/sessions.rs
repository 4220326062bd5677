//! Sessions that are measured and proven while the network works, in quiet worlds and in troubled ones.

use sim::{Outcomes, Plan, World};

const SESSIONS: u64 = 8;

fn run(seed: u64, plan: Plan) -> Outcomes {
    match World::new(seed, plan).run() {
        Ok(outcomes) => outcomes,
        Err(violation) => panic!("seed {seed}: {violation}"),
    }
}

#[test]
fn every_member_has_one_chain_of_proofs() {
    for seed in 0..3 {
        // The first time the services are endorsed; the last two sessions are not finalized.
        let calm = Plan { sessions: SESSIONS, ..Plan::calm(4, 12_000, 60) };
        assert_eq!(run(seed, calm).proofs, SESSIONS - 3, "seed {seed}");
    }
    // In trouble some come too late, or meet in another order.
    let proofs: u64 =
        (3..13).map(|seed| run(seed, Plan { sessions: SESSIONS, ..Plan::draw(seed) }).proofs).sum();
    assert!(proofs > 10, "{proofs} proofs in ten worlds");
}
