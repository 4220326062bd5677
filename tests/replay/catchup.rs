//! The chain as it comes to a fresh node that is far behind: parts of the log where there are such, blocks elsewhere.

use ledger::LedgerReader;
use proto::certificate::QuorumCert;
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, Head};
use proto::counter::{Epoch, TreeSize};
use proto::history::LogPart;
use proto::id::ValidatorIndex;
use proto::validators::ValidatorSet;
use proto::verified::{Unverified, Verified};

use crate::lives::{Home, Life, Node, PLAIN, rounds};
use crate::people::made;
use crate::seen::{Difference, Seen};
use crate::story::told;
use crate::world::{Chain, Lenient};

/// A quorum's word for a head; nobody checks its signatures here.
fn certified(set: &ValidatorSet, head: Head) -> Verified<CertifiedCheckpoint> {
    let ed25519 = made(crypto::Scheme::Ed25519, "x").sign(b"");
    let ml_dsa_65 = made(crypto::Scheme::MlDsa65, "x").sign(b"");
    let part = |signer| {
        let (signer, log, ed25519) = (ValidatorIndex::new(signer), ed25519.clone(), ed25519.clone());
        let (epoch, ml_dsa_65) = (set.epoch(), ml_dsa_65.clone());
        let cosignature = Cosignature { epoch, signer, head, time_s: 1_700, log, ed25519, ml_dsa_65 };
        Unverified::new(cosignature).verify(set, &Lenient).expect("of a validator")
    };
    let parts = (0..set.quorum_power() as u16).map(part).collect();
    Verified::certify(set, head, parts).expect("a quorum")
}

/// The part that begins at a size, of at most so many blocks.
fn part(from: &LedgerReader, begin: TreeSize, target: TreeSize, blocks: usize) -> Option<LogPart> {
    let whole = from.log_part(begin, target).expect("readable")?;
    if whole.blocks.len() <= blocks {
        return Some(whole);
    }
    let mut end = begin.get();
    for block in &whole.blocks[..blocks] {
        let mut rest = block.leaves.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            rest = &after[usize::from(u16::from_be_bytes(*length))..];
            end += 1;
        }
    }
    let mut part = from.log_part(begin, TreeSize::new(end)).expect("readable")?;
    part.proof = from.consistency(TreeSize::new(end), target).expect("readable")?;
    Some(part)
}

/// How many parts were replayed, and how many blocks applied.
fn caught_up(
    chain: &Chain,
    from: &LedgerReader,
    life: Life,
    blocks: usize,
) -> Result<(u64, u64), Difference> {
    let mut node = Node::begin(chain, life);
    let (mut parts, mut applied) = (0, 0);
    while node.height() < chain.blocks.len() {
        let height = node.height();
        let begin = node.ledger().head().size;
        // As far as the block before the one that closes the epoch.
        let closes = chain.blocks[height..].iter().position(|it| it.block.handover.is_some());
        let last = closes.map_or(chain.blocks.len(), |closes| height + closes);
        let target = match last {
            0 => None,
            last => Some(chain.seen[last - 1].head).filter(|head| head.size > begin),
        };
        let part = target.and_then(|head| Some((head, part(from, begin, head.size, blocks)?)));
        match part {
            Some((head, mut part)) => {
                let reign = node.ledger().reign().clone();
                let set = reign.set(chain.network(), chain.genesis.origin.clone());
                let signature = made(crypto::Scheme::Ed25519, "x").sign(b"");
                let quorum = 0..set.quorum_power() as u16;
                let signatures = quorum.map(|n| (ValidatorIndex::new(n), signature.clone())).collect();
                part.certificate = QuorumCert { signatures, ..part.certificate };
                let part = Unverified::new(part).verify(&set, &Lenient).expect("a quorum's");
                let target = certified(&set, head);
                let replayed = node.ledger_mut().replay(&part, &target).expect("an honest part");
                node.keep(replayed.height, replayed.change, 0);
                parts += 1;
                let found = Seen::of(node.ledger(), &node.reader());
                chain.seen[replayed.height.get() as usize - 1].expect(&found)?;
            }
            None => {
                let found = node.step(chain.blocks[height].clone()).expect("the next block");
                chain.seen[height].expect(&found)?;
                applied += 1;
            }
        }
    }
    assert_eq!(node.ledger().reign().epoch, Epoch::new(2 * rounds()));
    Ok((parts, applied))
}

#[test]
fn who_is_far_behind_comes_to_the_same_state() {
    let chain = told(rounds());
    let reader = chain.reader();
    for blocks in [1, 3, 8_192] {
        let (parts, applied) = caught_up(&chain, &reader, PLAIN, blocks).unwrap_or_else(|it| panic!("{it}"));
        assert!(parts > 0 && applied > 0, "{parts} parts, {applied} blocks");
        println!("{parts} parts of {blocks} blocks at most, {applied} blocks by themselves");
    }
    let on_disk = Life { home: Home::Disk(store::disk::Engine::Fjall), ..PLAIN };
    caught_up(&chain, &reader, on_disk, 2).unwrap_or_else(|it| panic!("{it}"));
}
