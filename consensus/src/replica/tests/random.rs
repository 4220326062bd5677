//! Random schedules: letters lost, late and out of order, links cut, members crashed at every point and restarted.
//!
//! The network watches agreement, order and that nobody contradicts itself on every step; here it is also asked, when
//! the trouble ends, to commit everything and to fall silent.

use proptest::prelude::{ProptestConfig, any};
use proptest::{prop_assert, proptest};

use super::net::{CrashPoint, Dice, Net};
use crate::testing::batch;

fn trouble(net: &mut Net, dice: &mut Dice, rounds: u64) {
    for round in 0..rounds {
        let at = dice.roll(net.members.len() as u64) as usize;
        match dice.roll(8) {
            0 => net.crash(at),
            1 | 2 if net.members[at].replica.is_none() => net.start(at),
            1 => {
                let points = [CrashPoint::BeforeWrite, CrashPoint::AfterWrite, CrashPoint::AfterSending];
                net.members[at].crash_at = Some(points[dice.roll(3) as usize]);
            }
            2 => net.members[at].crash_at = None,
            3 => {
                let others: Vec<usize> = (0..net.members.len()).filter(|other| *other != at).collect();
                net.part(&[at], &others);
            }
            4 => net.heal(),
            5 => net.members[at].withhold = true,
            6 => net.release(at),
            _ => net.submit(batch(1_000 + round)),
        }
        let ms = dice.roll(150);
        net.until(ms, |_| false);
    }
}

fn survives(members: usize, seed: u64) -> Result<(), proptest::test_runner::TestCaseError> {
    let mut dice = Dice(seed);
    let mut net = Net::new(members);
    net.dice = Dice(seed ^ 0xffff);
    net.loss = dice.roll(25);
    net.delay_max = 1 + dice.roll(60);
    net.submit(batch(1));
    trouble(&mut net, &mut dice, 40);
    net.loss = 0;
    net.delay_max = 1 + dice.roll(10);
    net.heal();
    for at in 0..members {
        net.members[at].crash_at = None;
        if net.members[at].replica.is_none() {
            net.start(at);
        }
        net.release(at);
    }
    net.submit(batch(2));
    let ordered = |net: &Net| {
        net.members.iter().all(|member| member.log.iter().any(|it| it.block.batches.contains(&batch(2))))
    };
    prop_assert!(net.until(30_000, ordered), "no progress after the trouble");
    prop_assert!(net.quiet(60_000), "never silent again");
    let heights: Vec<_> = net.members.iter().map(|member| member.tip.block.height).collect();
    prop_assert!(
        heights.windows(2).all(|pair| pair[0] == pair[1]),
        "silent at different heights {heights:?}"
    );
    prop_assert!(net.evidence.is_empty() && net.misbehaved.is_empty(), "honest members are accused");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn four_agree_recover_and_rest(seed in any::<u64>()) {
        survives(4, seed)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn seven_agree_recover_and_rest(seed in any::<u64>()) {
        survives(7, seed)?;
    }
}
