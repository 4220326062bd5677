//! Bundles changed at random, as many as `QUORATE_MUTATIONS` says: none is believed, none makes the verifier panic.
//!
//! A change is made in the bytes of the file, or in one of the values within it, which is then written anew. What is
//! still believed must say nothing that the bundle before did not say: white space is free, and a bundle may hold less.
//! A run in full: `QUORATE_MUTATIONS=10000000 cargo test --release -p verify --test suite mutations -- --nocapture`.

use std::time::Instant;

use proto::receipt::{Bundle, Issued, KeyProof, Receipt};
use verify::{Belief, Memory, Options};

use crate::dialects::{Life, SIGNED, life_bundle, whole};
use crate::fixture::{Network, SUBMITTED};

/// How many are tried unless somebody says otherwise.
const FEW: u64 = 3_000;

/// SplitMix64: a fault is found again by its number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound.max(1) as u64) as usize
    }
}

/// Changes bytes in one of the ways in which files are spoiled.
fn spoil(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let length = bytes.len();
    if length == 0 {
        return bytes.push(dice.roll() as u8);
    }
    let (at, other) = (dice.below(length), dice.below(length));
    let run = 1 + dice.below(40);
    match dice.below(8) {
        0 | 1 => bytes[at] ^= 1 << dice.below(8),
        2 => bytes[at] = b"0123456789abcdef{}[]\",:"[dice.below(23)],
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(at..(at + run).min(length))),
        5 => {
            let copy = bytes[at..(at + run).min(length)].to_vec();
            bytes.splice(other..other, copy);
        }
        6 => bytes.swap(at, other),
        _ => bytes.insert(at, dice.roll() as u8),
    }
}

/// Changes one value of a bundle.
fn twist(bundle: &mut Bundle, other: &Bundle, dice: &mut Dice) {
    match dice.below(9) {
        0 => spoil(&mut bundle.receipt.entry, dice),
        1 => bundle.receipt.index = bundle.receipt.index.next(),
        2 => {
            let mut note = std::mem::take(&mut bundle.receipt.checkpoint).into_bytes();
            spoil(&mut note, dice);
            bundle.receipt.checkpoint = String::from_utf8_lossy(&note).into_owned();
        }
        3 => {
            let at = dice.below(bundle.receipt.proof.len());
            bundle.receipt.proof[at] = crypto::sha256(&dice.roll().to_be_bytes());
        }
        4 => bundle.receipt.checkpoint.clone_from(&other.receipt.checkpoint),
        5 => bundle.submission.clone_from(&other.submission),
        6 => {
            // Another's word, or one's own with a byte changed.
            let mut bytes = match dice.below(2) {
                0 => other.cose[dice.below(other.cose.len())].to_cose(),
                _ => bundle.cose[dice.below(bundle.cose.len())].to_cose(),
            };
            if dice.below(4) != 0 {
                let at = dice.below(bytes.len());
                bytes[at] ^= 1 << dice.below(8);
            }
            if let Ok(issued) = Issued::from_cose(&bytes) {
                let at = dice.below(bundle.cose.len());
                bundle.cose[at] = issued;
            }
        }
        7 => {
            if let Some(standing) = &mut bundle.standing {
                match dice.below(3) {
                    0 => spoil(&mut standing.listed.entry, dice),
                    1 => standing.ended = Some(standing.listed.clone()),
                    _ => standing.listed.index = standing.listed.index.next(),
                }
            }
        }
        _ => bundle.standing.clone_from(&other.standing),
    }
}

/// Whether everything in `found` stands in `bundle`, too.
fn says_no_more(found: &Bundle, bundle: &Bundle) -> bool {
    let Bundle { receipt, submission, cose, standing } = found;
    let shown = |standing: &KeyProof| {
        bundle.standing.as_ref().is_some_and(|whole| {
            whole.listed == standing.listed && (standing.ended.is_none() || whole.ended == standing.ended)
        })
    };
    *receipt == bundle.receipt
        && (submission.is_none() || *submission == bundle.submission)
        && cose.iter().all(|issued| bundle.cose.contains(issued))
        && standing.as_ref().is_none_or(shown)
}

#[test]
fn no_mutation_of_a_bundle_is_believed() {
    let count = std::env::var("QUORATE_MUTATIONS").ok();
    let count: u64 = count.map_or(FEW, |count| count.parse().expect("QUORATE_MUTATIONS is a number"));
    let (network, life) = (Network::new("example.com/log"), Life::new());
    let first = whole(&network, SUBMITTED);
    // Under one note: two notes of one head would be true, each with either receipt.
    let mut epoch = whole(&network, 1);
    epoch.receipt.checkpoint.clone_from(&first.receipt.checkpoint);
    let bundles = [first, life_bundle(&life, SIGNED), epoch];
    let texts: Vec<Vec<u8>> = bundles.iter().map(|bundle| bundle.to_json().into_bytes()).collect();
    let coses: Vec<Vec<u8>> = bundles.iter().map(|bundle| bundle.receipt.to_cose(&bundle.cose[0])).collect();
    let belief = Belief::Policy(&network.policy);
    for text in texts.iter().chain(&coses) {
        let read = Bundle::read(text, None).expect("well formed");
        assert!(belief.verify(&read, Options::default()).is_true(), "what is spoiled is true before");
    }
    let mut memory = Memory::new();
    let begun = Instant::now();
    let (mut unread, mut refused, mut same) = (0u64, 0u64, 0u64);
    for number in 0..count {
        let mut dice = Dice(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let which = dice.below(bundles.len());
        let bundle = &bundles[which];
        let bytes = match dice.below(4) {
            0 => {
                let mut bytes = coses[which].clone();
                spoil(&mut bytes, &mut dice);
                bytes
            }
            1 => {
                let mut twisted = bundle.clone();
                let other = dice.below(bundles.len());
                twist(&mut twisted, &bundles[other], &mut dice);
                twisted.to_json().into_bytes()
            }
            _ => {
                let mut bytes = texts[which].clone();
                for _ in 0..1 + dice.below(3) {
                    spoil(&mut bytes, &mut dice);
                }
                bytes
            }
        };
        let Ok(read) = Bundle::read(&bytes, None) else {
            unread += 1;
            continue;
        };
        match belief.verify_among(&read, Options::default(), &mut memory).is_true() {
            false => refused += 1,
            true => {
                assert!(says_no_more(&read, bundle), "mutation {number} is believed: {read:?}");
                same += 1;
            }
        }
        // What is remembered must not grow with what is spoiled.
        if number % 4_096 == 0 {
            memory = Memory::new();
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{count} mutations in {seconds:.1} s ({:.0} a second): {unread} not read, {refused} refused, {same} say the same",
        count as f64 / seconds
    );
    assert_eq!(unread + refused + same, count);
    assert!(same < count / 10 && refused > 0, "most mutations change what is said");
}

#[test]
fn a_receipt_of_another_network_is_no_part_of_a_bundle() {
    let (network, other) = (Network::new("example.com/log"), Network::new("example.com/other"));
    let receipt: Receipt = other.receipt(SUBMITTED);
    let bundle = Bundle { receipt, ..whole(&network, SUBMITTED) };
    assert!(!Belief::Policy(&network.policy).verify(&bundle, Options::default()).is_true());
}
