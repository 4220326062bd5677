//! The walk: breadth first through every state of the world, so that the first violation found is a shortest one.
//!
//! A state is three numbers of local states in one word of 64 bits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proto::id::ValidatorIndex;

use crate::notary::set;
use crate::prng::Prng;
use crate::small::local::{Fault, Final, LocalNo, Locals};
use crate::small::seen::Seen;
use crate::small::soup::Soup;
use crate::small::words::{BlockNo, LetterNo, Word, Words};

/// Bits of a local state's number within a state.
const BITS: u32 = 21;

/// Which steps count as states of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Every arrival that changes a replica.
    Arrivals,
    /// Only those after which it has said or committed something: what it heard in silence before may as well have
    /// arrived just then, since nobody else can tell and nothing that could arrive ever stops to.
    Words,
}

/// What is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Views with proposals.
    pub views: u64,
    /// Who lies.
    pub liar: u16,
    /// Most states; fewer if there are two million local ones before.
    pub states: u64,
    /// Which steps count.
    pub detail: Detail,
}

/// A broken promise, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What was broken.
    pub what: String,
    /// What was said and committed, in order.
    pub story: Vec<String>,
}

/// What a walk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// States, each once.
    pub states: u64,
    /// Steps between them.
    pub transitions: u64,
    /// Longest of the shortest ways from the beginning.
    pub depth: u64,
    /// Whether nothing is left.
    pub complete: bool,
    /// Local states of all three.
    pub locals: u64,
    /// Steps that a real replica took.
    pub steps: u64,
    /// Blocks that came up, genesis included.
    pub blocks: u64,
    /// Letters that came up.
    pub letters: u64,
    /// Most blocks that one of them committed.
    pub committed: u64,
    /// The first broken promise.
    pub found: Option<Found>,
}

/// Walks until all is seen, a promise is broken, or there are too many states.
pub fn explore(bound: Bound) -> Report {
    Walk::new(bound).run()
}

/// Looks for a violation by descents at random, `tries` of them, each until nothing can be said any more: found sooner
/// than by the walk where the way is long, and no proof of anything if nothing is found.
pub fn hunt(bound: Bound, seed: u64, tries: u64) -> Option<Found> {
    let mut walk = Walk::new(bound);
    let mut prng = Prng::new(seed);
    let begin = walk.begin();
    (0..tries).find_map(|_| walk.descend(begin, &mut prng))
}

struct Walk {
    bound: Bound,
    words: Words,
    locals: Locals,
    /// The indices of the honest three.
    honest: [ValidatorIndex; 3],
    /// Soups by what each of the three said.
    soups: BTreeMap<[u32; 3], u32>,
    /// Different soups.
    kinds: Vec<Soup>,
    kind_numbers: BTreeMap<Vec<LetterNo>, u32>,
    /// Where one of them may go, given a soup.
    ways: BTreeMap<(LocalNo, u32), Arc<[LocalNo]>>,
    seen: Seen,
    /// States in the order found, and where each was found from.
    order: Vec<u64>,
    parent: Vec<u32>,
    transitions: u64,
    committed: usize,
}

fn pack(state: [LocalNo; 3]) -> u64 {
    // One more, so that no state is zero.
    state.iter().fold(1, |packed, local| packed << BITS | u64::from(*local))
}

fn unpack(packed: u64) -> [LocalNo; 3] {
    let at = |position: u32| (packed >> (BITS * (2 - position)) & ((1 << BITS) - 1)) as LocalNo;
    [at(0), at(1), at(2)]
}

impl Walk {
    fn new(bound: Bound) -> Self {
        let liar = ValidatorIndex::new(bound.liar % 4);
        let mut honest = (0..4).map(ValidatorIndex::new).filter(|index| *index != liar);
        let honest = [(); 3].map(|()| honest.next().expect("three of four remain"));
        Self {
            words: Words::new(set(4), liar),
            bound,
            locals: Locals::default(),
            honest,
            soups: BTreeMap::new(),
            kinds: Vec::new(),
            kind_numbers: BTreeMap::new(),
            ways: BTreeMap::new(),
            seen: Seen::new(),
            order: Vec::new(),
            parent: Vec::new(),
            transitions: 0,
            committed: 0,
        }
    }

    fn run(mut self) -> Report {
        let begin = self.begin();
        let mut found = self.take(begin, 0);
        let (mut next, mut depth, mut level_ends) = (0, 0, 1);
        // The margin is more than one state can add.
        let room = |walk: &Self| walk.locals.len() + (1 << 16) < 1 << BITS;
        while found.is_none()
            && next < self.order.len()
            && (self.order.len() as u64) < self.bound.states
            && room(&self)
        {
            if next == level_ends {
                depth += 1;
                level_ends = self.order.len();
            }
            found = self.expand(next);
            next += 1;
        }
        Report {
            states: self.order.len() as u64,
            transitions: self.transitions,
            depth,
            complete: found.is_none() && next == self.order.len(),
            locals: self.locals.len() as u64,
            steps: self.locals.steps,
            blocks: self.words.blocks() as u64,
            letters: self.words.letters() as u64,
            committed: self.committed as u64,
            found,
        }
    }

    fn begin(&mut self) -> [LocalNo; 3] {
        self.honest.map(|me| self.locals.begin(&mut self.words, me, self.bound.views))
    }

    /// One way down, at random.
    fn descend(&mut self, begin: [LocalNo; 3], prng: &mut Prng) -> Option<Found> {
        let mut state = begin;
        self.order = vec![pack(state)];
        self.parent = vec![0];
        loop {
            let soup = self.soup(state);
            let ways = [0, 1, 2].map(|member| self.ways(state[member], soup));
            // Each member is as likely as another, however many ways it has.
            let open: Vec<usize> = (0..3).filter(|member| !ways[*member].is_empty()).collect();
            if open.is_empty() {
                return None;
            }
            let member = open[prng.below(open.len())];
            state[member] = ways[member][prng.below(ways[member].len())];
            self.parent.push(self.order.len() as u32 - 1);
            self.order.push(pack(state));
            if let Some(what) = self.judge(state) {
                return Some(Found { what, story: self.story() });
            }
        }
    }

    fn expand(&mut self, at: usize) -> Option<Found> {
        let state = unpack(self.order[at]);
        let soup = self.soup(state);
        for member in 0..3 {
            let ways = self.ways(state[member], soup);
            self.transitions += ways.len() as u64;
            for way in ways.iter() {
                let mut after = state;
                after[member] = *way;
                let found = self.take(after, at);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// Notes a state; judges it if it is new.
    fn take(&mut self, state: [LocalNo; 3], from: usize) -> Option<Found> {
        let packed = pack(state);
        if !self.seen.insert(packed) {
            return None;
        }
        self.order.push(packed);
        self.parent.push(u32::try_from(from).expect("memory ends before four thousand million states"));
        let what = self.judge(state)?;
        Some(Found { what, story: self.story() })
    }

    /// What is broken in a state, if anything.
    fn judge(&mut self, state: [LocalNo; 3]) -> Option<String> {
        for (member, local) in state.into_iter().enumerate() {
            let local = self.locals.get(local);
            self.committed = self.committed.max(local.chain.len());
            let me = self.honest[member];
            match local.fault {
                Some(Fault::Contradiction) => return Some(format!("v{me} contradicts itself")),
                Some(Fault::Halted) => return Some(format!("v{me} saw finality broken")),
                Some(Fault::Order) => return Some(format!("v{me} committed out of order")),
                None => {}
            }
        }
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let (a, b) = (&self.locals.get(state[one]).chain, &self.locals.get(state[other]).chain);
            if a.iter().zip(b).any(|(a, b)| a.block != b.block) {
                return Some(format!("v{} committed {a:?}, v{} {b:?}", self.honest[one], self.honest[other]));
            }
        }
        let soup = self.soup(state) as usize;
        if let Some((a, b)) = self.kinds[soup].two {
            return Some(format!("blocks {a} and {b} of view {} are both certified", self.words.view(a)));
        }
        self.beside(state, &self.kinds[soup].certified)
    }

    /// A block that can be certified in a later view than one the commit rule made final, and does not stand on it: the
    /// claim from which `consensus/SPEC.md` concludes agreement, broken before anybody has committed the other block.
    fn beside(&self, state: [LocalNo; 3], certified: &[BlockNo]) -> Option<String> {
        let words = &self.words;
        let finals = state.into_iter().flat_map(|local| &self.locals.get(local).chain);
        // What is final with a descendant only may have had a certified rival before that descendant.
        let mut finals = finals.filter(|it| it.by_rule).map(|it| it.block);
        let stranger = |last: BlockNo| {
            let mut later = certified.iter().copied().filter(|block| words.view(*block) > words.view(last));
            later.find(|block| !words.descends(*block, last)).map(|block| (last, block))
        };
        let (last, block) = finals.find_map(stranger)?;
        Some(format!("block {last} is final, and block {block} of view {} beside it", words.view(block)))
    }

    /// The number of the soup of a state.
    fn soup(&mut self, state: [LocalNo; 3]) -> u32 {
        let key = state.map(|local| self.locals.get(local).said_number);
        if let Some(known) = self.soups.get(&key) {
            return *known;
        }
        let said = state.map(|local| Arc::clone(&self.locals.get(local).said));
        let said: [&BTreeSet<Word>; 3] = [&said[0], &said[1], &said[2]];
        let liar = ValidatorIndex::new(self.bound.liar % 4);
        let soup = Soup::new(&mut self.words, said, self.bound.views, liar);
        let number = self.kinds.len() as u32;
        let number = *self.kind_numbers.entry(soup.letters.clone()).or_insert(number);
        if number as usize == self.kinds.len() {
            self.kinds.push(soup);
        }
        self.soups.insert(key, number);
        number
    }

    /// Where a local state may go with what can arrive.
    fn ways(&mut self, from: LocalNo, soup: u32) -> Arc<[LocalNo]> {
        if let Some(known) = self.ways.get(&(from, soup)) {
            return Arc::clone(known);
        }
        let letters = std::mem::take(&mut self.kinds[soup as usize].letters);
        let mut silent = vec![from];
        let mut visited = BTreeSet::from([from]);
        let mut found = BTreeSet::new();
        while let Some(at) = silent.pop() {
            for letter in letters.iter().copied() {
                let to = self.locals.after(&mut self.words, at, letter, self.bound.views);
                if to == at {
                    continue;
                }
                let counts = match self.bound.detail {
                    Detail::Arrivals => true,
                    Detail::Words => self.audible(at, to),
                };
                if counts {
                    found.insert(to);
                } else if visited.insert(to) {
                    silent.push(to);
                }
            }
        }
        self.kinds[soup as usize].letters = letters;
        let ways: Arc<[LocalNo]> = found.into_iter().collect();
        self.ways.insert((from, soup), Arc::clone(&ways));
        ways
    }

    /// Whether a step can be told from outside.
    fn audible(&self, before: LocalNo, after: LocalNo) -> bool {
        let (before, after) = (self.locals.get(before), self.locals.get(after));
        before.said_number != after.said_number
            || before.chain.len() != after.chain.len()
            || before.fault != after.fault
    }

    /// How the last state came about.
    fn story(&self) -> Vec<String> {
        let mut path = Vec::new();
        let mut at = self.order.len() - 1;
        while at != 0 {
            path.push(at);
            at = self.parent[at] as usize;
        }
        path.reverse();
        path.into_iter().flat_map(|at| self.told(self.parent[at] as usize, at)).collect()
    }

    /// What was said and committed between two states.
    fn told(&self, from: usize, to: usize) -> Vec<String> {
        let (before, after) = (unpack(self.order[from]), unpack(self.order[to]));
        let mut lines = Vec::new();
        for member in (0..3).filter(|member| before[*member] != after[*member]) {
            let me = self.honest[member];
            let (before, after) = (self.locals.get(before[member]), self.locals.get(after[member]));
            lines.extend(after.said.difference(&before.said).map(|word| self.line(me, *word)));
            for Final { block, by_rule: _ } in &after.chain[before.chain.len()..] {
                lines.push(format!("v{me} commits block {block} of view {}", self.words.view(*block)));
            }
        }
        lines
    }

    fn line(&self, me: ValidatorIndex, word: Word) -> String {
        let about = |block: u16| {
            let it = self.words.block(block);
            format!("block {block} of view {} (parent of view {})", it.view, it.parent_view)
        };
        match word {
            Word::Vote(block) => format!("v{me} votes for {}", about(block)),
            Word::Leave { view, high } => {
                format!("v{me} leaves view {view}, reports view {}", self.words.view(high))
            }
            Word::Propose { block, tc } => match tc {
                None => format!("v{me} proposes {}", about(block)),
                Some(tc) => format!("v{me} proposes {} after view {} failed", about(block), tc.view),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::defects::{self, Defect};

    fn bound(views: u64, liar: u16, detail: Detail) -> Bound {
        Bound { views, liar, states: 2_000_000, detail }
    }

    #[test]
    fn a_state_is_three_numbers() {
        for state in [[0, 0, 0], [1, 2, 3], [(1 << BITS) - 1, 0, 7]] {
            assert_eq!(unpack(pack(state)), state);
            assert_ne!(pack(state), 0);
        }
    }

    #[test]
    fn two_views_are_exhausted_and_nothing_is_broken() {
        for liar in 0..4 {
            let report = explore(bound(2, liar, Detail::Words));
            assert_eq!(report.found, None, "liar {liar}");
            assert!(report.complete && report.states > 50, "liar {liar}: {report:?}");
        }
    }

    #[test]
    fn silence_hides_nothing() {
        // The words that can be said are the same, whether or not silent arrivals count as states.
        let brief = explore(bound(2, 1, Detail::Words));
        let full = explore(bound(2, 1, Detail::Arrivals));
        assert!(brief.complete && full.complete && brief.states < full.states);
        assert_eq!(
            (brief.blocks, brief.letters, brief.committed),
            (full.blocks, full.letters, full.committed)
        );
    }

    fn is_found(defect: Defect, views: u64, liar: u16) {
        let report = defects::with(defect, || explore(bound(views, liar, Detail::Words)));
        let found = report.found.unwrap_or_else(|| panic!("{defect:?}: nobody noticed"));
        println!("{defect:?}: {} states: {}\n  {}", report.states, found.what, found.story.join("\n  "));
    }

    fn is_hunted_down(defect: Defect, liar: u16) {
        let found = defects::with(defect, || hunt(bound(3, liar, Detail::Words), 1, 4_000));
        let found = found.unwrap_or_else(|| panic!("{defect:?}: nobody noticed"));
        println!("{defect:?}: liar {liar}: {}\n  {}", found.what, found.story.join("\n  "));
    }

    #[test]
    fn a_hunt_through_a_sound_world_finds_nothing() {
        assert_eq!(hunt(bound(4, 2, Detail::Words), 1, 300), None);
    }

    #[test]
    fn a_quorum_of_2f_is_found() {
        is_found(Defect::QuorumOfTwoThirds, 2, 1);
    }

    #[test]
    fn a_vote_after_the_own_timeout_is_found() {
        is_found(Defect::VoteAfterTimeout, 2, 0);
    }

    #[test]
    fn a_commit_across_a_gap_is_found() {
        is_hunted_down(Defect::CommitAcrossGap, 1);
    }

    #[test]
    fn a_report_ignored_is_found() {
        is_hunted_down(Defect::ReportIgnored, 3);
    }
}
