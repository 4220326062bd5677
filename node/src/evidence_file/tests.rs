use super::*;
use crypto::sha256;
use proto::ballot::{Vote, VoteStatement};
use proto::certificate::CertificateError;
use proto::checkpoint::{Cosignature, Head, cosigned_messages};
use proto::counter::{Epoch, Height, TimeMs, TreeSize, View};
use proto::genesis::{Admission, Genesis};
use proto::id::BlockId;
use proto::verified::Strict;

use crate::keys::{MasterSeed, NodeKeys};

fn keys(number: u16) -> NodeKeys {
    NodeKeys::derive(&MasterSeed::new([number as u8 + 1; 32]))
}

fn genesis(origin: &str) -> Genesis {
    Genesis {
        origin: origin.to_owned(),
        time: TimeMs::new(1_700_000_000_000),
        validators: (0..4).map(|number| keys(number).validator(&format!("v{number}"), 1)).collect(),
        admission: Admission::Open,
        registrars: Vec::new(),
    }
}

fn vote(genesis: &Genesis, voter: u16, view: u64, block: &[u8]) -> Vote {
    let statement = VoteStatement {
        epoch: Epoch::ZERO,
        view: View::new(view),
        height: Height::new(1),
        block: BlockId::new(sha256(block)),
    };
    let signature = keys(voter).consensus.sign(&statement.signed_bytes(&genesis.network()));
    Vote { statement, voter: ValidatorIndex::new(voter), signature }
}

fn votes(genesis: &Genesis, first: Vote, second: Vote) -> EvidenceFile {
    let proof = Proof::Consensus(Evidence::Votes(Box::new([first, second])));
    EvidenceFile { network: genesis.network(), proof }
}

fn roots(genesis: &Genesis) -> EvidenceFile {
    let signer = ValidatorIndex::new(2);
    let signed = |root: &[u8]| {
        let head = Head { size: TreeSize::new(9), root: sha256(root) };
        let messages = cosigned_messages(&genesis.validator_set(), signer, head, 5).unwrap();
        let keys = keys(2);
        Cosignature {
            epoch: Epoch::ZERO,
            signer,
            head,
            time_s: 5,
            log: keys.log.sign(&messages.log),
            ed25519: keys.cosigner_ed25519.sign(&messages.ed25519),
            ml_dsa_65: keys.cosigner_ml_dsa_65.sign(&messages.ml_dsa_65),
        }
    };
    let proof = Proof::Roots(TwoRoots(Box::new([signed(b"one"), signed(b"two")])));
    EvidenceFile { network: genesis.network(), proof }
}

#[test]
fn what_is_written_is_read_and_convicts() {
    let genesis = genesis("ledger.test/one");
    let two = votes(&genesis, vote(&genesis, 3, 7, b"a"), vote(&genesis, 3, 7, b"b"));
    for (file, kind, accused, number) in [(two, Kind::Votes, 3, 7), (roots(&genesis), Kind::Roots, 2, 9)] {
        let read = EvidenceFile::parse(file.to_json().as_bytes()).unwrap();
        assert_eq!(read, file);
        assert_eq!(read.verify(&genesis.validator_set(), &Strict), Ok(()));
        let facts = (read.proof.kind(), read.proof.accused().get(), read.proof.number());
        assert_eq!(facts, (kind, accused, number));
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let genesis = genesis("ledger.test/one");
    let text = votes(&genesis, vote(&genesis, 3, 7, b"a"), vote(&genesis, 3, 7, b"b")).to_json();
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let holds = EvidenceFile::parse(&bytes)
                .is_ok_and(|file| file.verify(&genesis.validator_set(), &Strict).is_ok());
            assert!(!holds, "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn what_convicts_nobody_is_refused_by_name() {
    let (genesis, other) = (genesis("ledger.test/one"), genesis("ledger.test/two"));
    let judged = |first, second| votes(&genesis, first, second).verify(&genesis.validator_set(), &Strict);
    let one = vote(&genesis, 3, 7, b"a");
    assert_eq!(judged(one.clone(), one.clone()), Err(Acquittal::Consensus(EvidenceError::Same)));
    let (first, second) = (View::new(7), View::new(8));
    assert_eq!(
        judged(one.clone(), vote(&genesis, 3, 8, b"b")),
        Err(Acquittal::Consensus(EvidenceError::TwoViews { first, second }))
    );
    let (first, second) = (ValidatorIndex::new(3), ValidatorIndex::new(2));
    assert_eq!(
        judged(one.clone(), vote(&genesis, 2, 7, b"b")),
        Err(Acquittal::Consensus(EvidenceError::TwoAuthors { first, second }))
    );
    // Signed for another network, by the same keys.
    assert_eq!(
        judged(one.clone(), vote(&other, 3, 7, b"b")),
        Err(Acquittal::Consensus(EvidenceError::Certificate(CertificateError::Signature {
            signer: ValidatorIndex::new(3)
        })))
    );
    let stranger = |block: &[u8]| Vote { voter: ValidatorIndex::new(9), ..vote(&genesis, 3, 7, block) };
    assert_eq!(
        judged(stranger(b"a"), stranger(b"b")),
        Err(Acquittal::Consensus(EvidenceError::Certificate(CertificateError::UnknownSigner {
            signer: ValidatorIndex::new(9)
        })))
    );
    let file = votes(&genesis, one, vote(&genesis, 3, 7, b"b"));
    let (found, expected) = (genesis.network(), other.network());
    assert_eq!(file.verify(&other.validator_set(), &Strict), Err(Acquittal::Network { found, expected }));
}

#[test]
fn evidence_of_an_epoch_is_judged_by_its_validators_alone() {
    let genesis = genesis("ledger.test/one");
    let mut file = roots(&genesis);
    let Proof::Roots(TwoRoots(pair)) = &mut file.proof else { panic!("they are roots") };
    pair[0].epoch = Epoch::new(1);
    let (found, expected) = (Epoch::new(1), Epoch::ZERO);
    assert_eq!(file.verify(&genesis.validator_set(), &Strict), Err(Acquittal::Epoch { found, expected }));
    // The epoch is not signed; a second half that claims another one is asked of other keys, which are not here.
    let Proof::Roots(TwoRoots(pair)) = &mut file.proof else { panic!("they are roots") };
    pair.swap(0, 1);
    let refused = file.verify(&genesis.validator_set(), &Strict);
    assert!(matches!(refused, Err(Acquittal::Roots(TwoRootsError::Cosignature(_)))), "{refused:?}");
}

#[test]
fn another_spelling_is_refused() {
    let genesis = genesis("ledger.test/one");
    let text = roots(&genesis).to_json();
    let refused = |text: &str| EvidenceFile::parse(text.as_bytes()).unwrap_err();
    assert_eq!(refused(text.trim_end()), EvidenceFileError::Spelling);
    assert!(matches!(refused(&text.replace("/v1", "/v2")), EvidenceFileError::Format { .. }));
    assert!(matches!(refused(&text.replace("roots", "votes")), EvidenceFileError::Statement { .. }));
    assert!(matches!(refused(&text.replace("roots", "words")), EvidenceFileError::Json(_)));
    let long = " ".repeat(EvidenceFile::BYTES_MAX + 1);
    assert!(matches!(refused(&long), EvidenceFileError::TooLarge { .. }));
}
