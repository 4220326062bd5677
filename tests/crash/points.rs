//! Which points there are, and how each is tried.

use std::cell::RefCell;
use std::rc::Rc;

use sim::checkers::Violation;
use sim::crash::{Crash, Effect, Mode, Strike};
use sim::{Attack, Outcomes, Plan, Role, ShellDefect, Trouble, World};

use crate::cases::Case;
use crate::journal_file::{Log, RealJournal, number};
use crate::ram::{Fault, Lie};

/// Long enough down that the others time out, in microseconds.
const LONG_US: u64 = 1_500_000;
/// Back before anybody times out, in microseconds.
const SHORT_US: u64 = 3_000;

/// A world in which crashes are tried.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    seed: u64,
    loss: u64,
    /// A member that never says anything, so that its views fail.
    silent: Option<u16>,
    /// Times that services, issuers and all others say something, so that every table of the state is written.
    words: u64,
}

/// The worlds: one where all goes well, one where one view in four fails, one where messages are lost.
pub const SCENARIOS: [Scenario; 3] = [
    Scenario { name: "calm", seed: 1, loss: 0, silent: None, words: 4 },
    Scenario { name: "silent", seed: 2, loss: 0, silent: Some(3), words: 0 },
    Scenario { name: "lossy", seed: 3, loss: 120, silent: None, words: 0 },
];

/// What is broken on purpose; nothing, but for the tests of these tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Broken {
    /// A rule of the shell.
    pub shell: Option<ShellDefect>,
    /// A promise of the file system.
    pub lie: Lie,
}

impl Scenario {
    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        SCENARIOS.into_iter().find(|it| it.name == name)
    }

    fn plan(self, broken: Broken) -> Plan {
        let role = |member| Role { member, attack: Attack::Silent };
        let loss = Trouble {
            fault: sim::Fault::Loss,
            at_ms: 0,
            for_ms: 4_000,
            members: Vec::new(),
            amount: self.loss as i64,
        };
        Plan {
            byzantine: self.silent.map(role).into_iter().collect(),
            delay_us: (300, 4_000),
            skew_ms: 50,
            write_us: (100, 2_500),
            defect: broken.shell,
            troubles: vec![loss],
            rotations: self.words,
            sessions: self.words,
            voices: self.words,
            ..Plan::calm(4, 4_000, 6)
        }
    }

    /// The members whose crashes are tried.
    fn members(self) -> impl Iterator<Item = u16> {
        (0..4).filter(move |member| self.silent != Some(*member))
    }

    /// Plays it with this crash. The log is that of the member struck.
    pub fn play(
        self,
        crash: &Crash,
        broken: Broken,
        verbose: bool,
    ) -> (Result<Outcomes, Violation>, Rc<RefCell<Log>>) {
        let mut world = World::new(self.seed, self.plan(broken));
        world.verbose = verbose;
        let network = *world.set().network();
        let keys: Vec<_> = world.set().iter().map(|(_, it)| it.consensus.clone()).collect();
        let logs: Vec<Rc<RefCell<Log>>> = (0..4).map(|_| Rc::default()).collect();
        world.with_journal_files(|member| {
            let log = Rc::clone(&logs[usize::from(member)]);
            let us = keys[usize::from(member)].clone();
            Box::new(RealJournal::new(network, us, broken.lie, log))
        });
        let log = Rc::clone(&logs[usize::from(crash.member)]);
        world.crash(crash.clone());
        (world.run(), log)
    }
}

/// How many of the points are tried.
#[derive(Clone, Copy, Debug)]
pub struct Breadth {
    /// Of the points with one crash, every n-th.
    pub single: usize,
    /// Of the points with a crash of several at once, every n-th.
    pub several: usize,
    /// Of the points with crashes during recovery, every n-th.
    pub again: usize,
    /// How many effects after a restart are tried.
    pub again_effects: u64,
}

/// All points of a scenario: for each member, each effect, each way to end there.
pub fn points(scenario: Scenario, broken: Broken, breadth: Breadth) -> Vec<Case> {
    let (mut single, mut several, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for member in scenario.members() {
        let listing = Crash { member, strikes: Vec::new(), with: Vec::new(), down_us: 0 };
        let (outcomes, log) = scenario.play(&listing, broken, false);
        let effects = outcomes.expect("the world is clean without crashes").effects;
        let mut appends = log.borrow().appends.clone().into_iter();
        for (effect, kind) in (0..).zip(effects) {
            let mut modes = modes(kind);
            if kind == Effect::Journal {
                let deeds = appends.next().unwrap_or_default();
                for (deed, kind) in deeds.into_iter().enumerate() {
                    modes.extend(Fault::of(kind).into_iter().map(|fault| Mode::Fault(number(deed, fault))));
                }
            }
            let case = |strikes: Vec<Strike>, with: &[u16], down_us| Case {
                scenario: scenario.name.to_owned(),
                crash: Crash { member, strikes, with: with.to_vec(), down_us },
            };
            // Who comes back at once and who comes back late meet different worlds.
            for (mode, down_us) in
                modes.into_iter().zip([SHORT_US, LONG_US].into_iter().cycle().skip((effect % 2) as usize))
            {
                single.push(case(vec![Strike { effect, mode }], &[], down_us));
            }
            let most: Vec<u16> = (1..3).map(|n| (member + n) % 4).collect();
            let all: Vec<u16> = (1..4).map(|n| (member + n) % 4).collect();
            for (with, mode) in
                [(&most, Mode::Before), (&most, ending(kind)), (&all, Mode::Before), (&all, ending(kind))]
            {
                several.push(case(vec![Strike { effect, mode }], with, SHORT_US));
            }
            let firsts = match kind {
                // The first deed of an append is its write.
                Effect::Journal => {
                    vec![Mode::Before, Mode::Fault(number(0, Fault::Torn(4))), ending(kind)]
                }
                Effect::Block | Effect::Certificate | Effect::Command => vec![Mode::Before, ending(kind)],
            };
            for (nth, first) in (0..breadth.again_effects).zip(firsts.into_iter().cycle()) {
                let first = Strike { effect, mode: first };
                let mode = if nth % 5 == 0 { Mode::Sent } else { Mode::Before };
                let second = Strike { effect: nth, mode };
                again.push(case(vec![first, second], &[], SHORT_US));
                let third = Strike { effect: nth / 2, mode: Mode::Before };
                again.push(case(vec![first, second, third], &[], SHORT_US));
            }
        }
    }
    let thin = |cases: Vec<Case>, nth: usize| cases.into_iter().step_by(nth.max(1));
    thin(single, breadth.single)
        .chain(thin(several, breadth.several))
        .chain(thin(again, breadth.again))
        .collect()
}

/// The ways to end at an effect, but for those of the journal's file.
fn modes(effect: Effect) -> Vec<Mode> {
    match effect {
        Effect::Journal => vec![Mode::Before, Mode::After, Mode::AllDurable, Mode::Sent],
        Effect::Block | Effect::Certificate => {
            vec![Mode::Before, Mode::After, Mode::AllDurable, Mode::Sent, Mode::Full]
        }
        Effect::Command => vec![Mode::Before, Mode::Partly],
    }
}

/// The way that leaves the most behind and tells the least.
fn ending(effect: Effect) -> Mode {
    match effect.is_durable() {
        true => Mode::AllDurable,
        false => Mode::Partly,
    }
}
