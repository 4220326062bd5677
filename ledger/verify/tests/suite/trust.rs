//! The chain of trust: followed when every link holds, and refused by name when one does not.

use crypto::{Digest, Scheme, SecretKey, sha256};
use merkle::{CompactRange, LeafHashes, leaf_hash};
use proto::canonical::Canonical as _;
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, Head, cosigned_messages};
use proto::counter::{Epoch, Height, LeafIndex, TimeMs, TreeSize, View};
use proto::entry::{BlockEntry, Entry, EpochEntry, GenesisEntry};
use proto::genesis::{Admission, Genesis};
use proto::id::{BlockId, ValidatorIndex};
use proto::policy::Policy;
use proto::receipt::Receipt;
use proto::validators::{Opening, Validator, ValidatorList, ValidatorSet};
use verify::{CheckpointFault, Code, Fault, HandoverProof, Options, Trust, TrustError};

use crate::fixture::secret;

const ORIGIN: &str = "example.com/epochs";
/// Who reigns in each epoch: four, then seven, then four of which one is new.
const REIGNS: [&[u8]; 3] = [&[1, 2, 3, 4], &[1, 2, 3, 4, 5, 6, 7], &[4, 5, 6, 8]];

fn key(number: u8, role: &str) -> SecretKey {
    let scheme = if role == "pq" { Scheme::MlDsa65 } else { Scheme::Ed25519 };
    secret(scheme, &format!("epochs/v{number}/{role}"))
}

fn validator(number: u8) -> Validator {
    let public = |role| key(number, role).public().clone();
    Validator {
        name: format!("v{number}"),
        power: 1,
        consensus: public("consensus"),
        network: public("network"),
        log: public("log"),
        cosigner_ed25519: public("cosigner"),
        cosigner_ml_dsa_65: public("pq"),
    }
}

fn list(numbers: &[u8]) -> ValidatorList {
    ValidatorList::new(numbers.iter().map(|number| validator(*number)).collect()).expect("a list")
}

fn genesis_of(origin: &str) -> Genesis {
    Genesis {
        origin: origin.to_owned(),
        time: TimeMs::new(1_789_000_000_000),
        validators: list(REIGNS[0]).into_inner(),
        admission: Admission::Open,
        registrars: Vec::new(),
    }
}

/// A log that goes through three epochs, each of three blocks.
struct World {
    genesis: Genesis,
    sets: Vec<ValidatorSet>,
    entries: Vec<Vec<u8>>,
    /// Size of the log when each epoch began; 0 for the first.
    since: Vec<usize>,
}

fn block(height: u64) -> Entry {
    Entry::Block(BlockEntry {
        height: Height::new(height),
        view: View::new(1),
        proposer: ValidatorIndex::new(0),
        time: TimeMs::new(1_789_000_000_000 + height),
        batches: Vec::new(),
        accepted: 0,
        rejected: 0,
        rejections: Digest::ZERO,
        state: Digest::ZERO,
        lookup: None,
    })
}

fn epoch_entry(set: &ValidatorSet) -> Entry {
    let policy = Policy::of(set).expect("equal powers").to_string();
    let height = set.opening().height;
    let (epoch, validators, policy) = (set.epoch(), set.digest(), sha256(policy.as_bytes()));
    Entry::Epoch(EpochEntry { epoch, height, validators, policy })
}

impl World {
    fn new(origin: &str) -> Self {
        let genesis = genesis_of(origin);
        let sets: Vec<_> = (0..)
            .zip(REIGNS)
            .map(|(epoch, numbers)| {
                let opening = Opening { block: BlockId::default(), height: Height::new(3 * epoch) };
                let list = list(numbers).into_inner();
                ValidatorSet::new(genesis.network(), origin.to_owned(), Epoch::new(epoch), opening, list)
                    .expect("a set")
            })
            .collect();
        let (network, origin) = (genesis.network(), origin.to_owned());
        let mut entries = vec![Entry::Genesis(GenesisEntry { network, origin })];
        let mut since = Vec::new();
        for (set, epoch) in sets.iter().zip(0u64..) {
            entries.push(epoch_entry(set));
            since.push(if epoch == 0 { 0 } else { entries.len() });
            entries.extend((1..=3).map(|number| block(3 * epoch + number)));
        }
        Self { genesis, sets, entries: entries.iter().map(Entry::encode).collect(), since }
    }

    fn head(&self, size: usize) -> Head {
        let mut range = CompactRange::new();
        for entry in &self.entries[..size] {
            range.append(leaf_hash(entry), &mut |_, _, _| {}).expect("small");
        }
        Head { size: TreeSize::new(size as u64), root: range.root() }
    }

    /// A receipt under a head of this size, cosigned by the first quorum of an epoch.
    fn receipt(&self, index: usize, size: usize, epoch: usize) -> Receipt {
        let count = REIGNS[epoch].len();
        let signers: Vec<u16> = (0..count as u16).take(count * 2 / 3 + 1).collect();
        self.receipt_by(index, size, epoch, &signers)
    }

    fn receipt_by(&self, index: usize, size: usize, epoch: usize, signers: &[u16]) -> Receipt {
        let (set, head) = (&self.sets[epoch], self.head(size));
        let cosign = |signer: &u16| {
            let index = ValidatorIndex::new(*signer);
            let messages = cosigned_messages(set, index, head, 1_790_000_000).expect("a validator");
            let number = REIGNS[epoch][usize::from(*signer)];
            Cosignature {
                epoch: set.epoch(),
                signer: index,
                head,
                time_s: 1_790_000_000,
                log: key(number, "log").sign(&messages.log),
                ed25519: key(number, "cosigner").sign(&messages.ed25519),
                ml_dsa_65: key(number, "pq").sign(&messages.ml_dsa_65),
            }
        };
        let checkpoint = CertifiedCheckpoint { head, cosignatures: signers.iter().map(cosign).collect() };
        let leaves: Vec<_> = self.entries.iter().map(|entry| leaf_hash(entry)).collect();
        Receipt {
            entry: self.entries[index].clone(),
            index: LeafIndex::new(index as u64),
            proof: merkle::inclusion::prove(&LeafHashes::new(&leaves), index as u64, size as u64)
                .expect("in the log"),
            checkpoint: checkpoint.to_note(set).expect("a note"),
            item: None,
        }
    }

    /// The link to an epoch.
    fn link(&self, epoch: usize) -> HandoverProof {
        let size = self.since[epoch];
        HandoverProof { receipt: self.receipt(size - 1, size, epoch - 1), validators: list(REIGNS[epoch]) }
    }

    /// What is believed after all links up to an epoch.
    fn trust(&self, epoch: usize) -> Trust {
        let mut trust = Trust::from_genesis(&self.genesis).expect("a genesis");
        for epoch in 1..=epoch {
            trust.extend(&self.link(epoch)).expect("an honest link");
        }
        trust
    }
}

fn failure(trust: &Trust, receipt: &Receipt) -> Option<(Code, Fault)> {
    let report = trust.verify_receipt(receipt, Options::default());
    report.failure().map(|(code, fault)| (code, fault.clone()))
}

#[test]
fn receipts_of_all_epochs_are_believed_from_the_genesis_and_the_chain() {
    let world = World::new(ORIGIN);
    let trust = world.trust(2);
    assert_eq!(trust.last_epoch(), Epoch::new(2));
    assert_eq!(trust.validators(Epoch::new(1)), Some(&list(REIGNS[1])));
    assert_eq!(trust.validators(Epoch::new(3)), None);
    let end = world.entries.len();
    let heads = [(2, 0), (world.since[1], 0), (world.since[1] + 1, 1), (world.since[2], 1), (end, 2)];
    for (size, epoch) in heads {
        // Under any head that holds it, an entry of any epoch.
        for index in [0, size - 1] {
            assert_eq!(failure(&trust, &world.receipt(index, size, epoch)), None, "leaf {index} of {size}");
        }
    }
}

#[test]
fn a_head_that_a_retired_quorum_signed_is_refused_by_that_name() {
    let world = World::new(ORIGIN);
    let trust = world.trust(2);
    let end = world.entries.len();
    for (epoch, size) in [(0, world.since[1] + 1), (0, end), (1, world.since[2] + 1)] {
        let (_, fault) = failure(&trust, &world.receipt(0, size, epoch)).expect("refused");
        let last = TreeSize::new(world.since[epoch + 1] as u64);
        let (epoch, size) = (Epoch::new(epoch as u64), TreeSize::new(size as u64));
        assert_eq!(fault, Fault::Retired { epoch, size, last });
    }
    // Too few of those who reign are just that, and those to come cannot sign what was before them.
    let few = world.receipt_by(0, end, 2, &[0, 1]);
    let (code, fault) = failure(&trust, &few).expect("refused");
    assert!(
        matches!((code, &fault), (Code::Quorum, Fault::Checkpoint(CheckpointFault::BelowQuorum { .. }))),
        "{fault}"
    );
    let early = world.receipt(0, world.since[1], 1);
    let (code, fault) = failure(&trust, &early).expect("refused");
    assert!(matches!((code, &fault), (Code::CheckpointSignatures, Fault::Checkpoint(_))), "{fault}");
}

#[test]
fn a_truncated_chain_believes_nothing_of_later_epochs() {
    let world = World::new(ORIGIN);
    let late = world.receipt(0, world.entries.len(), 2);
    for known in 0..2 {
        let (code, fault) = failure(&world.trust(known), &late).expect("refused");
        let unknown = matches!(code, Code::CheckpointSignatures | Code::Quorum);
        assert!(unknown && matches!(fault, Fault::Checkpoint(_)), "{known}: {fault}");
    }
}

#[test]
fn a_link_that_is_missing_or_out_of_order_is_named() {
    let world = World::new(ORIGIN);
    let mut trust = world.trust(0);
    let before = trust.clone();
    let expected = Epoch::new(1);
    assert_eq!(trust.extend(&world.link(2)), Err(TrustError::OutOfOrder { found: Epoch::new(2), expected }));
    assert_eq!(trust, before, "what is refused changes nothing");
    trust.extend(&world.link(1)).expect("the right one");
    let twice = trust.extend(&world.link(1));
    assert_eq!(twice, Err(TrustError::OutOfOrder { found: expected, expected: Epoch::new(2) }));
}

#[test]
fn forged_links_are_refused() {
    let world = World::new(ORIGIN);
    let good = world.link(1);
    let refused = |link: HandoverProof| world.trust(0).extend(&link).expect_err("refused");

    let forged = refused(HandoverProof { validators: list(&[1, 2, 3, 9]), ..good.clone() });
    assert!(matches!(forged, TrustError::OtherValidators { .. }), "{forged}");
    // The new validators cannot name themselves.
    let size = world.since[1];
    let own = refused(HandoverProof { receipt: world.receipt(size - 1, size, 1), ..good.clone() });
    assert!(matches!(own, TrustError::Receipt { check: Code::CheckpointSignatures, .. }), "{own}");
    // A later head, even if the old ones signed it, is not where they handed over.
    let later = refused(HandoverProof { receipt: world.receipt(size - 1, size + 1, 0), ..good.clone() });
    assert!(matches!(later, TrustError::OtherHead { .. }), "{later}");
    let other = refused(HandoverProof { receipt: world.receipt(2, size, 0), ..good.clone() });
    assert_eq!(other, TrustError::NotAnEpoch { found: "block", expected: Epoch::new(1) });
    let mut noise = good.clone();
    noise.receipt.entry = b"noise".to_vec();
    assert_eq!(refused(noise), TrustError::NotAnEpoch { found: "malformed", expected: Epoch::new(1) });
    // Another leaf in the place of the one that the head proves.
    let mut set = world.sets[1].clone();
    set = ValidatorSet::new(
        *set.network(),
        ORIGIN.to_owned(),
        set.epoch(),
        set.opening(),
        list(&[1, 9]).into_inner(),
    )
    .expect("a set");
    let mut replaced = HandoverProof { validators: list(&[1, 9]), ..good };
    replaced.receipt.entry = epoch_entry(&set).encode();
    let replaced = refused(replaced);
    assert!(matches!(replaced, TrustError::Receipt { check: Code::Root, .. }), "{replaced}");
}

#[test]
fn a_link_of_another_network_is_refused() {
    let (world, other) = (World::new(ORIGIN), World::new("example.com/other"));
    let refused = world.trust(0).extend(&other.link(1)).expect_err("another log");
    assert!(matches!(refused, TrustError::Receipt { check: Code::Policy, .. }), "{refused}");
    let mut invalid = genesis_of(ORIGIN);
    invalid.origin.clear();
    assert!(matches!(Trust::from_genesis(&invalid), Err(TrustError::Genesis(_))));
}
