//! The storm on paper: which fault, when and for how long. The same seed draws the same storm.
//!
//! Faults of nodes and partitions come one after another, every kind before any comes again; the weather between the
//! nodes changes meanwhile. More nodes than the protocol forgives may be gone for a while: then nothing is decided, and
//! all the rest still has to hold.

use std::fmt;
use std::time::Duration;

use testnet::proxy::Way;

/// A storm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub nodes: usize,
    pub seconds: u64,
    /// By their beginning.
    pub episodes: Vec<Episode>,
}

/// A fault, when it begins and how long it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    pub at: Duration,
    pub lasts: Duration,
    pub fault: Fault,
}

/// What happens to the network. Nodes are counted from 0 and named from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Kill(usize),
    /// Whoever leads then.
    KillLeader,
    KillAll,
    Pause(usize),
    /// Stopped for the larger part of each tenth of a second.
    Slow(usize),
    /// These nodes and the others do not hear each other.
    Part(Vec<usize>),
    /// Nobody hears it, and it hears all.
    Mute(usize),
    /// It hears nobody, and all hear it.
    Deaf(usize),
    /// The cable is out: no node and no client reaches it.
    Unplug(usize),
    /// The cable is loose.
    Flap(usize),
    /// All its connections are reset.
    Cut(usize),
    /// Not a byte more is written.
    DiskFull,
    /// The ways between all nodes, or to and from one.
    Weather {
        around: Option<usize>,
        way: Way,
    },
}

/// How many kinds of hard faults there are.
const KINDS: u64 = 12;
/// Before the first fault and after the last, in milliseconds.
const CALM_MS: u64 = 2_000;

impl Plan {
    /// Draws a storm.
    pub fn draw(seed: u64, nodes: usize, seconds: u64) -> Self {
        let mut draw = Draw(seed);
        let end = (seconds * 1_000).saturating_sub(CALM_MS);
        let mut episodes = Vec::new();
        let (mut at, mut bag) = (CALM_MS, Vec::new());
        while at < end {
            if bag.is_empty() {
                bag = (0..KINDS).collect();
            }
            let kind = bag.swap_remove(draw.below(bag.len() as u64) as usize);
            let lasts = draw.between(500, 4_000).min(end - at);
            episodes.push(Episode { at: ms(at), lasts: ms(lasts), fault: draw.fault(kind, nodes) });
            at += lasts + draw.between(700, 2_500);
        }
        let mut at = CALM_MS / 2;
        while at < end {
            let lasts = draw.between(2_000, 7_000).min(end - at);
            episodes.push(Episode { at: ms(at), lasts: ms(lasts), fault: draw.weather(nodes) });
            at += lasts + draw.between(0, 2_000);
        }
        episodes.sort_by_key(|episode| episode.at);
        Self { seed, nodes, seconds, episodes }
    }
}

/// Chance. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    fn fault(&mut self, kind: u64, nodes: usize) -> Fault {
        let node = self.below(nodes as u64) as usize;
        match kind {
            0 => Fault::Kill(node),
            1 => Fault::KillLeader,
            2 => Fault::KillAll,
            3 => Fault::Pause(node),
            4 => Fault::Slow(node),
            5 => {
                let size = self.between(1, nodes as u64 / 2);
                let mut side: Vec<usize> = (0..size as usize).map(|step| (node + step) % nodes).collect();
                side.sort_unstable();
                Fault::Part(side)
            }
            6 => Fault::Mute(node),
            7 => Fault::Deaf(node),
            8 => Fault::Unplug(node),
            9 => Fault::Flap(node),
            10 => Fault::Cut(node),
            _ => Fault::DiskFull,
        }
    }

    fn weather(&mut self, nodes: usize) -> Fault {
        let around = match self.below(2) {
            0 => None,
            _ => Some(self.below(nodes as u64) as usize),
        };
        let far = Way { delay: ms(self.between(5, 60)), jitter: ms(self.between(0, 30)), ..Way::default() };
        let way = match self.below(3) {
            0 => far,
            1 => Way { loss_ppm: self.between(2_000, 30_000) as u32, ..far },
            _ => Way { bytes_per_s: Some(self.between(100_000, 1_000_000)), ..far },
        };
        Fault::Weather { around, way }
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(node) => write!(f, "kill -9 {}", Name(*node)),
            Self::KillLeader => f.write_str("kill -9 the leader"),
            Self::KillAll => f.write_str("kill -9 all"),
            Self::Pause(node) => write!(f, "stop {}", Name(*node)),
            Self::Slow(node) => write!(f, "slow {}: stopped for 60 of each 100 ms", Name(*node)),
            Self::Part(side) => {
                f.write_str("part")?;
                side.iter().try_for_each(|node| write!(f, " {}", Name(*node)))?;
                f.write_str(" from the rest")
            }
            Self::Mute(node) => write!(f, "mute {}: nothing it says arrives", Name(*node)),
            Self::Deaf(node) => write!(f, "deafen {}: nothing said to it arrives", Name(*node)),
            Self::Unplug(node) => write!(f, "unplug {}", Name(*node)),
            Self::Flap(node) => write!(f, "flap {}: unplugged and plugged in all the time", Name(*node)),
            Self::Cut(node) => write!(f, "cut the connections of {}", Name(*node)),
            Self::DiskFull => f.write_str("fill the small disk"),
            Self::Weather { around, way } => {
                let Way { flow: _, delay, jitter, loss_ppm, bytes_per_s } = way;
                write!(f, "weather: {} + 0..{} ms", delay.as_millis(), jitter.as_millis())?;
                if *loss_ppm > 0 {
                    write!(f, ", {:.1} % of segments lost", f64::from(*loss_ppm) / 1e4)?;
                }
                if let Some(rate) = bytes_per_s {
                    write!(f, ", {} kB/s", rate / 1_000)?;
                }
                match around {
                    Some(node) => write!(f, ", around {}", Name(*node)),
                    None => f.write_str(", everywhere"),
                }
            }
        }
    }
}

/// A node's name.
#[derive(Clone, Copy, Debug)]
pub struct Name(pub usize);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0 + 1)
    }
}

#[test]
fn a_seed_draws_one_storm_with_all_kinds_of_faults_and_an_end() {
    let plan = Plan::draw(7, 4, 60);
    assert_eq!(plan, Plan::draw(7, 4, 60));
    assert_ne!(plan.episodes, Plan::draw(8, 4, 60).episodes);
    for episode in &plan.episodes {
        assert!(episode.at + episode.lasts <= Duration::from_millis(58_000), "{episode:?}");
    }
    let mut kinds: Vec<_> = plan.episodes.iter().map(|it| std::mem::discriminant(&it.fault)).collect();
    let hard: Vec<_> = plan.episodes.iter().filter(|it| !matches!(it.fault, Fault::Weather { .. })).collect();
    assert!(hard.windows(2).all(|pair| pair[0].at + pair[0].lasts < pair[1].at), "one after another");
    kinds.dedup();
    let mut distinct = Vec::new();
    kinds.into_iter().for_each(|kind| {
        if !distinct.contains(&kind) {
            distinct.push(kind)
        }
    });
    assert_eq!(distinct.len() as u64, KINDS + 1);
}
