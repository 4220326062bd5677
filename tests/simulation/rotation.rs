//! Keys that change while the network works, in quiet worlds and in troubled ones.

use crypto::defects::{Defect, with};
use sim::{Outcomes, Plan, World};

const ROTATIONS: u64 = 12;

fn run(seed: u64, plan: Plan) -> Outcomes {
    match World::new(seed, plan).run() {
        Ok(outcomes) => outcomes,
        Err(violation) => panic!("seed {seed}: {violation}"),
    }
}

#[test]
fn what_a_key_signed_was_signed_while_it_was_good() {
    // The first of them registers, the others all retire one.
    for seed in 0..3 {
        let calm = Plan { rotations: ROTATIONS, ..Plan::calm(4, 12_000, 60) };
        assert_eq!(run(seed, calm).rotations, ROTATIONS - 1, "seed {seed}");
    }
    // In trouble some come too late, or meet in another order.
    let retired: u64 =
        (3..13).map(|seed| run(seed, Plan { rotations: ROTATIONS, ..Plan::draw(seed) }).rotations).sum();
    assert!(retired > 10, "{retired} keys retired in ten worlds");
}

#[test]
fn a_key_that_speaks_on_is_noticed() {
    let calm = Plan { rotations: ROTATIONS, ..Plan::calm(4, 12_000, 60) };
    let found = with(Defect::EndedKeysSpeak, || World::new(0, calm).run());
    let violation = found.expect_err("old keys sign").to_string();
    assert!(violation.contains("not good there"), "{violation}");
}
