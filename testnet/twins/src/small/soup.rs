//! The soup: which letters can be made from the words said, by the network or by the liar.
//!
//! Words are never unsaid, so the soup only grows, and what could arrive once may arrive for ever. The liar votes for
//! everything, reports whatever it can show, and proposes two blocks for each foundation its views allow.

use std::collections::BTreeSet;

use proto::id::ValidatorIndex;

use crate::small::words::{Arrival, BlockNo, LetterNo, Tc, Word, Words};

/// Blocks that the liar proposes on each foundation.
const LIES: u64 = 2;

/// What can arrive, and whether two blocks of one view can be certified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Soup {
    /// The letters, ascending.
    pub letters: Vec<LetterNo>,
    /// The blocks that can be certified, genesis among them.
    pub certified: Vec<BlockNo>,
    /// Two certified blocks of one view.
    pub two: Option<(BlockNo, BlockNo)>,
}

impl Soup {
    /// The soup of what three honest members said; `views` bounds proposals and certificates, and views are left below it.
    pub fn new(words: &mut Words, said: [&BTreeSet<Word>; 3], views: u64, liar: ValidatorIndex) -> Self {
        let needed = words.set.quorum_power().saturating_sub(words.set.power(liar));
        let certified = certified(said, needed);
        let mut arrivals: BTreeSet<Arrival> = (1..views).map(Arrival::Time).collect();
        arrivals.extend(certified.iter().filter(|block| **block != 0).copied().map(Arrival::Qc));
        arrivals.extend(certified.iter().filter(|block| **block != 0).copied().map(Arrival::Body));
        let tcs = left(words, said, &certified, needed, views);
        arrivals.extend(tcs.iter().copied().map(Arrival::Tc));
        for word in said.into_iter().flatten() {
            if let Word::Propose { block, tc } = *word {
                arrivals.insert(Arrival::Proposal { block, tc });
            }
        }
        let count = words.set.count() as u64;
        for view in (1..=views).filter(|view| view % count == u64::from(liar.get())) {
            for (parent, variant) in
                certified.iter().flat_map(|parent| (0..LIES).map(move |it| (*parent, it)))
            {
                let below = words.view(parent);
                if below + 1 == view {
                    let block = words.lie(view, parent, variant);
                    arrivals.insert(Arrival::Proposal { block, tc: None });
                } else if below < view {
                    for tc in tcs.iter().filter(|tc| tc.view + 1 == view) {
                        let block = words.lie(view, parent, variant);
                        arrivals.insert(Arrival::Proposal { block, tc: Some(*tc) });
                    }
                }
            }
        }
        let two = twice(words, &certified);
        let letters: BTreeSet<LetterNo> = arrivals.into_iter().map(|it| words.letter(it)).collect();
        Self { letters: letters.into_iter().collect(), certified, two }
    }
}

/// The blocks for which enough honest members voted, and genesis.
fn certified(said: [&BTreeSet<Word>; 3], needed: u64) -> Vec<BlockNo> {
    let mut votes: Vec<BlockNo> = Vec::new();
    for word in said.into_iter().flatten() {
        if let Word::Vote(block) = word {
            votes.push(*block);
        }
    }
    votes.sort_unstable();
    let mut certified = vec![0];
    for block in votes.iter().copied() {
        let power = votes.iter().filter(|vote| **vote == block).count() as u64;
        if power >= needed && certified.last() != Some(&block) {
            certified.push(block);
        }
    }
    certified
}

/// The timeout certificates that enough honest members make possible. The liar's own report is as high as it likes.
fn left(
    words: &Words,
    said: [&BTreeSet<Word>; 3],
    certified: &[BlockNo],
    needed: u64,
    views: u64,
) -> Vec<Tc> {
    let mut found = Vec::new();
    for view in 1..views {
        for high in certified.iter().copied().filter(|high| words.view(*high) < view) {
            let reports = said.into_iter().flatten().filter(|word| match word {
                Word::Leave { view: of, high: theirs } => {
                    *of == view && words.view(*theirs) <= words.view(high)
                }
                Word::Vote(_) | Word::Propose { .. } => false,
            });
            if reports.count() as u64 >= needed {
                found.push(Tc { view, high });
            }
        }
    }
    found
}

fn twice(words: &Words, certified: &[BlockNo]) -> Option<(BlockNo, BlockNo)> {
    certified.iter().enumerate().find_map(|(position, first)| {
        let mut later = certified[position + 1..].iter();
        later.find(|second| words.view(**second) == words.view(*first)).map(|second| (*first, *second))
    })
}
