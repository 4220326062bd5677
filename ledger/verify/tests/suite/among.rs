//! A receipt among others is judged as it is alone, word by word: true ones and spoiled ones, in every order.

use std::time::Instant;

use crypto::Scheme;
use merkle::LeafHashes;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, proptest};
use proto::canonical::Canonical as _;
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::entry::{Entry, SubmissionEntry};
use proto::id::Did;
use proto::receipt::{Bundle, Receipt};
use verify::{Belief, Memory, Options, parts};

use crate::fixture::{Network, TIME_S, secret};

/// A receipt, and in which way it is spoiled.
#[derive(Clone, Debug)]
struct Spoiled {
    index: u64,
    older: bool,
    how: u8,
    at: usize,
}

/// All receipts of a network, under one checkpoint.
fn receipts(network: &Network) -> Vec<Receipt> {
    let checkpoint = network.receipt(0).checkpoint;
    let count = network.entries.len() as u64;
    (0..count).map(|n| Receipt { checkpoint: checkpoint.clone(), ..network.receipt(n) }).collect()
}

/// Two logs, of which one is the beginning of the other.
fn networks() -> [Network; 2] {
    let network = Network::new("example.com/log");
    let mut older = Network::new("example.com/log");
    older.entries.truncate(4);
    [network, older]
}

fn spoiled(network: &Network, receipts: &[Receipt], spoil: &Spoiled) -> Bundle {
    let Spoiled { index, older: _, how, at } = *spoil;
    let mut receipt = receipts[index as usize % receipts.len()].clone();
    match how {
        0 if !receipt.proof.is_empty() => {
            let at = at % receipt.proof.len();
            receipt.proof[at] = crypto::sha256(receipt.proof[at].as_bytes());
        }
        1 => {
            receipt.proof.pop();
        }
        2 => receipt.index = receipt.index.next(),
        3 => {
            let at = at % receipt.entry.len();
            receipt.entry[at] ^= 1;
        }
        4 => {
            // One character of the note, which stays text.
            let mut note = receipt.checkpoint.into_bytes();
            let at = at % note.len();
            note[at] = if note[at].is_ascii_digit() { b'x' } else { b'7' };
            receipt.checkpoint = String::from_utf8_lossy(&note).into_owned();
        }
        5 => receipt.checkpoint = network.checkpoint(network.head(network.entries.len()), &[(0, TIME_S)]),
        6 => receipt.checkpoint = String::new(),
        _ => {}
    }
    Bundle::of(receipt)
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 24, ..Default::default() })]
    #[test]
    fn among_others_as_alone(
        spoils in proptest::collection::vec(
            (0u64..8, any::<bool>(), 0u8..16, any::<usize>())
                .prop_map(|(index, older, how, at)| Spoiled { index, older, how, at }),
            1..24,
        ),
        workers in Just(3usize),
    ) {
        let networks = networks();
        let receipts = [receipts(&networks[0]), receipts(&networks[1])];
        let spoiled = |spoil: &Spoiled| {
            let which = usize::from(spoil.older);
            spoiled(&networks[which], &receipts[which], spoil)
        };
        let bundles: Vec<Bundle> = spoils.iter().map(spoiled).collect();
        let belief = Belief::Policy(&networks[0].policy);
        let mut judged = 0;
        for part in parts(&bundles, workers) {
            let mut memory = Memory::new();
            for at in part {
                let alone = belief.verify(&bundles[at], Options::default());
                prop_assert_eq!(belief.verify_among(&bundles[at], Options::default(), &mut memory), alone);
                judged += 1;
            }
        }
        prop_assert_eq!(judged, bundles.len());
    }
}

#[test]
fn equal_checkpoints_stand_side_by_side() {
    let [longer, shorter] = networks();
    let (longer, shorter) = (receipts(&longer), receipts(&shorter));
    let bundles: Vec<Bundle> = (0..12)
        .map(|n| if n % 2 == 0 { &longer[n % 6] } else { &shorter[n % 4] })
        .map(|receipt| Bundle::of(receipt.clone()))
        .collect();
    let parts = parts(&bundles, 2);
    assert_eq!(parts.len(), 2);
    for part in &parts {
        let note = &bundles[part[0]].receipt.checkpoint;
        assert!(part.iter().all(|at| bundles[*at].receipt.checkpoint == *note));
    }
    let mut all = parts.concat();
    all.sort_unstable();
    assert_eq!(all, (0..12).collect::<Vec<_>>());
}

/// How much less work a receipt is among a thousand. Run it with
/// `cargo test --release -p verify --test suite a_thousand -- --ignored --nocapture`.
#[test]
#[ignore = "it takes time, which is what it measures"]
fn a_thousand_receipts_of_one_checkpoint() {
    let mut network = Network::new("example.com/log");
    let genesis = crate::fixture::genesis("example.com/log");
    let author = secret(Scheme::Ed25519, "author");
    let did = Did::of(author.public());
    network.entries.extend((10..1_010).map(|nonce| {
        let submission = crate::fixture::submission(&genesis, nonce, &author, did.clone());
        let (height, time) = (Height::new(2), TimeMs::new(1_789_000_002_000));
        Entry::Submission(Box::new(SubmissionEntry { height, time, submission })).encode()
    }));
    let size = network.entries.len();
    let checkpoint = network.checkpoint(network.head(size), &[(0, TIME_S), (1, TIME_S + 1), (2, TIME_S + 2)]);
    let leaves = network.leaves();
    let bundles: Vec<Bundle> = (size - 1_000..size)
        .map(|index| Receipt {
            entry: network.entries[index].clone(),
            index: LeafIndex::new(index as u64),
            proof: merkle::inclusion::prove(&LeafHashes::new(&leaves), index as u64, size as u64)
                .expect("in the log"),
            checkpoint: checkpoint.clone(),
            item: None,
        })
        .map(Bundle::of)
        .collect();
    let belief = Belief::Policy(&network.policy);
    let begun = Instant::now();
    let alone: Vec<_> = bundles.iter().map(|one| belief.verify(one, Options::default())).collect();
    let alone_us = begun.elapsed().as_micros();
    let begun = Instant::now();
    let mut memory = Memory::new();
    let among: Vec<_> =
        bundles.iter().map(|one| belief.verify_among(one, Options::default(), &mut memory)).collect();
    let among_us = begun.elapsed().as_micros();
    assert!(alone.iter().all(verify::Report::is_true));
    assert_eq!(alone, among);
    println!(
        "{} us a receipt alone, {} us among others: {:.1} times less, on one thread",
        alone_us / 1_000,
        among_us / 1_000,
        alone_us as f64 / among_us as f64
    );
}
