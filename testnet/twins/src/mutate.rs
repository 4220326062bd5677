//! Mutations: one deed at each moment, then several by chance in networks that are torn apart as well.
//!
//! A number is a scenario. The first numbers are single deeds: each key, each view, each kind of message, each deed that
//! fits it, to all and to each other member, in a calm network and in two troubled ones. The numbers after them are drawn,
//! each from itself as seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use proto::counter::View;
use proto::id::ValidatorIndex;
use proto::message::Kind;
use proto::validators::ValidatorSet;

use crate::adversary::{Adversary, Mutation, Tally};
use crate::campaign::Sum;
use crate::deed::Deed;
use crate::net::Net;
use crate::play::{Outcome, run};
use crate::prng::Prng;
use crate::watch::Violation;

/// Members of the network; one of them is the adversary.
const MEMBERS: usize = 4;

/// Kinds of messages that are altered.
const KINDS: [Kind; 5] = [Kind::Proposal, Kind::Vote, Kind::Timeout, Kind::SyncInfo, Kind::Response];

/// Who plays foul, how, and in what trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foul {
    /// Whose key it has; its instance has the same number.
    pub adversary: usize,
    /// Its deeds.
    pub plan: Vec<Mutation>,
    /// For each scripted view, the group of each instance.
    pub groups: Vec<Vec<u8>>,
}

/// All scenarios of so many scripted views.
#[derive(Clone, Debug)]
pub struct Fouls {
    views: usize,
    singles: Vec<(usize, Mutation, Trouble)>,
}

/// What else goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Nothing.
    Calm,
    /// The leader of every second view is alone.
    LostLeaders,
    /// In each view one member is alone, one after the other, and never the leader: it will have to ask.
    LostMembers,
}

impl Trouble {
    const ALL: [Self; 3] = [Self::Calm, Self::LostLeaders, Self::LostMembers];

    fn groups(self, view: usize) -> Vec<u8> {
        let alone = match self {
            Self::Calm => None,
            Self::LostLeaders => view.is_multiple_of(2).then_some(view % MEMBERS),
            Self::LostMembers => Some((view + 2) % MEMBERS),
        };
        (0..MEMBERS).map(|member| u8::from(Some(member) == alone)).collect()
    }
}

impl Fouls {
    /// The scenarios of so many scripted views.
    pub fn new(views: usize) -> Self {
        let mut singles = Vec::new();
        for adversary in 0..MEMBERS {
            for view in 1..=views {
                for (kind, deed) in KINDS.iter().flat_map(|kind| Deed::ALL.map(|deed| (*kind, deed))) {
                    let leads = view % MEMBERS == adversary;
                    if !deed.fits(kind) || kind == Kind::Proposal && !leads {
                        continue;
                    }
                    let others = (0..MEMBERS).filter(|other| *other != adversary).map(Some);
                    for target in others.chain([None]) {
                        let view = View::new(view as u64);
                        let mutation = Mutation { view, kind, target, deed };
                        singles.extend(Trouble::ALL.map(|trouble| (adversary, mutation, trouble)));
                    }
                }
            }
        }
        Self { views, singles }
    }

    /// How many numbers are of single deeds.
    pub const fn singles(&self) -> usize {
        self.singles.len()
    }

    /// The scenario of a number.
    pub fn foul(&self, number: u64) -> Foul {
        let single = usize::try_from(number).ok().and_then(|at| self.singles.get(at));
        match single {
            Some((adversary, mutation, trouble)) => Foul {
                adversary: *adversary,
                plan: vec![*mutation],
                groups: (1..=self.views).map(|view| trouble.groups(view)).collect(),
            },
            None => self.drawn(number),
        }
    }

    fn drawn(&self, seed: u64) -> Foul {
        let mut prng = Prng::new(seed);
        let adversary = prng.below(MEMBERS);
        let count = 2 + prng.below(5);
        let mut plan = Vec::new();
        while plan.len() < count {
            let kind = KINDS[prng.below(KINDS.len())];
            let fitting: Vec<Deed> = Deed::ALL.into_iter().filter(|deed| deed.fits(kind)).collect();
            let deed = fitting[prng.below(fitting.len())];
            let target = Some(prng.below(MEMBERS * 2)).filter(|target| *target < MEMBERS);
            let view = View::new(1 + prng.below(self.views) as u64);
            plan.push(Mutation { view, kind, target, deed });
        }
        // One view in two is torn, at any place.
        let groups = (0..self.views).map(|_| {
            let torn = prng.below(2) == 0;
            (0..MEMBERS).map(|_| if torn { prng.below(2) as u8 } else { 0 }).collect()
        });
        Foul { adversary, plan, groups: groups.collect() }
    }
}

/// What scenarios with an adversary came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoulSum {
    /// As for twins.
    pub sum: Sum,
    /// What became of each deed.
    pub tally: BTreeMap<Deed, Tally>,
}

impl FoulSum {
    /// Adds what another thread came to.
    pub fn join(&mut self, other: Self) {
        self.sum.join(other.sum);
        for (deed, more) in other.tally {
            let tally = self.tally.entry(deed).or_default();
            tally.applied += more.applied;
            tally.refused += more.refused;
            tally.let_in += more.let_in;
        }
    }
}

/// Runs one scenario; says what became of each deed if no promise was broken.
///
/// # Errors
/// The first promise broken.
pub fn play(set: &Arc<ValidatorSet>, foul: &Foul) -> Result<(Outcome, BTreeMap<Deed, Tally>), Violation> {
    let indices: Vec<ValidatorIndex> = (0..MEMBERS as u16).map(ValidatorIndex::new).collect();
    let me = indices[foul.adversary];
    let adversary = Adversary::new(foul.adversary, me, foul.plan.clone(), Arc::clone(set));
    let net = Net::new(Arc::clone(set), &indices, foul.groups.clone(), Some(adversary));
    let (outcome, adversary) = run(net, foul.groups.len())?;
    Ok((outcome, adversary.map(|it| it.tally).unwrap_or_default()))
}

/// Runs every `jobs`-th of the numbers below `scenarios`, from `job` on.
pub fn share(fouls: &Fouls, scenarios: u64, job: u64, jobs: u64) -> FoulSum {
    let set = crate::notary::set(MEMBERS);
    let mut all = FoulSum::default();
    let mut number = job;
    while number < scenarios {
        let outcome = play(&set, &fouls.foul(number));
        let outcome = outcome.map(|(outcome, tally)| {
            all.join(FoulSum { sum: Sum::default(), tally });
            outcome
        });
        all.sum.add(u128::from(number), outcome);
        number += jobs;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::defects::{self, Defect};

    #[test]
    fn each_deed_is_done_and_does_no_harm() {
        // Every nineteenth single of five views, so that each key and each kind of trouble comes up.
        let fouls = Fouls::new(5);
        let mut all = share(&fouls, fouls.singles() as u64, 3, 19);
        assert_eq!(all.sum.violations, []);
        // Answers are asked for seldom: more of them.
        let from = fouls.singles() as u64;
        let set = crate::notary::set(MEMBERS);
        for number in from..from + 300 {
            let (_, tally) = play(&set, &fouls.foul(number)).expect("no promise is broken");
            all.join(FoulSum { sum: Sum::default(), tally });
        }
        for deed in Deed::ALL {
            assert!(all.tally.get(&deed).is_some_and(|tally| tally.applied > 0), "{deed:?} was never done");
        }
        for deed in [
            Deed::Epoch,
            Deed::Network,
            Deed::AsOther,
            Deed::SignerTwice,
            Deed::OneShort,
            Deed::Foreign,
            Deed::CertificateView,
            Deed::CertificateBlock,
            Deed::Oversized,
        ] {
            let tally = all.tally[&deed];
            assert!(tally.refused > 0 && tally.let_in == 0, "{deed:?}: {tally:?}");
        }
    }

    #[test]
    fn a_signer_that_counts_twice_gets_in() {
        let fouls = Fouls::new(4);
        let set = crate::notary::set(MEMBERS);
        let spoils = |number: &u64| fouls.foul(*number).plan[0].deed == Deed::SignerTwice;
        let let_in = |number: u64| {
            let outcome = play(&set, &fouls.foul(number));
            outcome.map_or(0, |(_, tally)| tally.get(&Deed::SignerTwice).map_or(0, |tally| tally.let_in))
        };
        let numbers: Vec<u64> = (0..fouls.singles() as u64).filter(spoils).step_by(5).collect();
        assert_eq!(numbers.iter().map(|number| let_in(*number)).sum::<u64>(), 0);
        let broken = || numbers.iter().map(|number| let_in(*number)).sum::<u64>();
        assert!(defects::with(Defect::SignerCountsTwice, broken) > 0, "nobody noticed");
    }
}
