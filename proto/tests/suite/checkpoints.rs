//! Cosignatures and certified checkpoints: what each key signs, and what makes a head final.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::certificate::CertificateError;
use proto::checkpoint::{
    CertifiedCheckpoint, CheckpointText, Cosignature, CosignatureError, CosignedSubtree, SignatureLineError,
    cosignature_v1_message, cosigned_messages, note_keys,
};
use proto::counter::{Epoch, TreeSize};
use proto::note::{KeyName, Note, SignatureType};
use proto::validators::ValidatorSet;
use proto::verified::{Strict, Unverified, Verified};

use crate::fixture::{Network, head, index};

fn certified(network: &Network, signers: &[usize]) -> CertifiedCheckpoint {
    let cosign = |signer: &usize| network.cosign(*signer, head(7), 1_790_000_000 + *signer as u64);
    CertifiedCheckpoint { head: head(7), cosignatures: signers.iter().map(cosign).collect() }
}

fn verify(network: &Network, checkpoint: &CertifiedCheckpoint) -> Result<(), CosignatureError> {
    Unverified::new(checkpoint.clone()).verify(&network.set, &Strict).map(|_| ())
}

#[test]
fn the_signed_bytes_are_those_of_the_specification() {
    // The example of C2SP tlog-cosignature.
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let message = cosignature_v1_message(1_679_315_147, text);
    assert_eq!(message, format!("cosignature/v1\ntime 1679315147\n{text}").into_bytes());

    let text = CheckpointText::parse(text).expect("well formed");
    let cosigner = KeyName::parse("witness.example/w").expect("a name");
    let (time_s, end, hash) = (0x0102, 20_852_163, text.head.root);
    let message = CosignedSubtree { cosigner: &cosigner, time_s, origin: &text.origin, start: 0, end, hash }
        .signed_bytes();
    let expected = [
        b"subtree/v1\n\0".as_slice(),
        b"\x11witness.example/w",
        &[0, 0, 0, 0, 0, 0, 1, 2],
        b"\x1bexample.com/behind-the-sofa",
        &[0; 8],
        &20_852_163_u64.to_be_bytes(),
        &STANDARD.decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=").expect("base64"),
    ];
    assert_eq!(message, expected.concat());
}

#[test]
fn a_cosignature_holds_or_says_why_not() {
    let network = Network::new(&[1; 4]);
    let good = network.cosign(2, head(7), 1_790_000_000);
    let verify = |cosignature: Cosignature| {
        Unverified::new(cosignature).verify(&network.set, &Strict).map(|verified| verified.into_inner())
    };
    assert_eq!(verify(good.clone()), Ok(good.clone()));
    let failed = |signature| Err(CosignatureError::Signature { signer: index(2), signature });
    let with = |spoil: &dyn Fn(&mut Cosignature)| {
        let mut cosignature = good.clone();
        spoil(&mut cosignature);
        verify(cosignature)
    };
    let other = network.cosign(2, head(8), 1_790_000_000);
    assert_eq!(with(&|c| c.head.size = TreeSize::new(8)), failed(SignatureType::Ed25519));
    assert_eq!(with(&|c| c.head.root = head(8).root), failed(SignatureType::Ed25519));
    assert_eq!(with(&|c| c.log = other.log.clone()), failed(SignatureType::Ed25519));
    assert_eq!(with(&|c| c.log = c.ed25519.clone()), failed(SignatureType::Ed25519));
    assert_eq!(with(&|c| c.time_s += 1), failed(SignatureType::CosignatureEd25519));
    assert_eq!(with(&|c| c.ed25519 = other.ed25519.clone()), failed(SignatureType::CosignatureEd25519));
    assert_eq!(with(&|c| c.ml_dsa_65 = other.ml_dsa_65.clone()), failed(SignatureType::CosignatureMlDsa65));
    let late = Err(CosignatureError::Time { signer: index(2), found: 1 << 63 });
    assert_eq!(with(&|c| c.time_s = 1 << 63), late);
    let stranger = CosignatureError::Signers(CertificateError::UnknownSigner { signer: index(4) });
    assert_eq!(with(&|c| c.signer = index(4)), Err(stranger));
    let swapped = CosignatureError::Signature { signer: index(1), signature: SignatureType::Ed25519 };
    assert_eq!(with(&|c| c.signer = index(1)), Err(swapped));
}

#[test]
fn another_log_is_another_message() {
    let network = Network::new(&[1; 4]);
    let validators = network.genesis.validators.clone();
    let set = |origin: &str| {
        let (id, opening) = (*network.set.network(), network.set.opening());
        ValidatorSet::new(id, origin.into(), Epoch::ZERO, opening, validators.clone()).expect("a set")
    };
    let moved = set("example.com/moved");
    let refused = Unverified::new(network.cosign(0, head(7), 1)).verify(&moved, &Strict).map(|_| ());
    let expected = CosignatureError::Signature { signer: index(0), signature: SignatureType::Ed25519 };
    assert_eq!(refused, Err(expected));
    let nameless = set("two words");
    assert!(matches!(cosigned_messages(&nameless, index(0), head(7), 1), Err(CosignatureError::Name(_))));
}

#[test]
fn a_checkpoint_is_certified_or_says_why_not() {
    let network = Network::new(&[1; 4]);
    assert_eq!(verify(&network, &certified(&network, &[0, 1, 2, 3])), Ok(()));
    assert_eq!(verify(&network, &certified(&network, &[0, 2, 3])), Ok(()));
    let signers = |error| Err(CosignatureError::Signers(error));
    let below = signers(CertificateError::BelowQuorum { power: 2, needed: 3 });
    assert_eq!(verify(&network, &certified(&network, &[0, 1])), below);
    let order = |signer| signers(CertificateError::SignerOrder { signer: index(signer) });
    assert_eq!(verify(&network, &certified(&network, &[0, 1, 1])), order(1));
    assert_eq!(verify(&network, &certified(&network, &[0, 2, 1])), order(1));
    let mut checkpoint = certified(&network, &[0, 1, 2]);
    checkpoint.cosignatures[1] = network.cosign(1, head(8), 1);
    let other =
        CosignatureError::OtherHead { signer: index(1), found: TreeSize::new(8), expected: TreeSize::new(7) };
    assert_eq!(verify(&network, &checkpoint), Err(other));
    let mut checkpoint = certified(&network, &[0, 1, 2]);
    checkpoint.cosignatures[2].ml_dsa_65 = checkpoint.cosignatures[1].ml_dsa_65.clone();
    let half = CosignatureError::Signature { signer: index(2), signature: SignatureType::CosignatureMlDsa65 };
    assert_eq!(verify(&network, &checkpoint), Err(half));
}

#[test]
fn checked_cosignatures_make_a_checkpoint() {
    let network = Network::new(&[1; 4]);
    let checked = |signer, size| {
        Unverified::new(network.cosign(signer, head(size), 1)).verify(&network.set, &Strict).expect("holds")
    };
    let made = Verified::certify(&network.set, head(7), vec![checked(0, 7), checked(1, 7), checked(3, 7)]);
    assert_eq!(made.expect("a quorum").cosignatures.len(), 3);
    let few = Verified::certify(&network.set, head(7), vec![checked(0, 7), checked(1, 7)]).map(|_| ());
    assert!(matches!(few, Err(CosignatureError::Signers(CertificateError::BelowQuorum { .. }))));
    let mixed = Verified::certify(&network.set, head(7), vec![checked(0, 7), checked(1, 7), checked(3, 8)]);
    assert!(matches!(mixed, Err(CosignatureError::OtherHead { .. })));
}

#[test]
fn a_checkpoint_is_a_note_that_each_key_signed() {
    let network = Network::new(&[1; 4]);
    let checkpoint = certified(&network, &[0, 2, 3]);
    let note = Note::parse(&checkpoint.to_note(&network.set).expect("a note")).expect("well formed");
    let text = CheckpointText::parse(note.text()).expect("a checkpoint");
    assert_eq!((text.origin.as_str(), text.head), ("example.com/log", head(7)));
    let mut lines = note.signatures().iter();
    for signer in [0, 2, 3] {
        let validator = network.set.get(index(signer)).expect("a validator");
        let keys = note_keys(&network.set, validator).expect("names");
        assert_eq!(keys[0].name().as_str(), "example.com/log");
        assert_eq!(keys[1].name().as_str(), format!("example.com/log/v{}", signer + 1));
        for key in keys {
            let line = lines.next().expect("three lines each");
            assert_eq!((&line.name, line.key_id), (key.name(), key.id()));
            let time_s = text.verify_line(&key, &line.signature, &Strict).expect("signed");
            let said = (key.known().map(|(kind, _)| kind) != Some(SignatureType::Ed25519))
                .then_some(1_790_000_000 + signer as u64);
            assert_eq!(time_s, said);
        }
    }
    assert_eq!(lines.next(), None);
    let mut stranger = checkpoint;
    stranger.cosignatures[0].signer = index(9);
    assert!(stranger.to_note(&network.set).is_err());
}

#[test]
fn a_line_says_a_time_that_is_allowed_and_signed() {
    let network = Network::new(&[1; 4]);
    let origin = KeyName::parse(network.set.origin()).expect("a name");
    let text = CheckpointText { origin, head: head(7) };
    let validator = network.set.get(index(0)).expect("the first");
    let [log, ed25519, _] = note_keys(&network.set, validator).expect("names");
    let signed = |time_s: u64| {
        let message = cosignature_v1_message(time_s, &text.to_string());
        let signature = network.members[0].ed25519.sign(&message);
        [&time_s.to_be_bytes(), signature.as_bytes()].concat()
    };
    let verify = |line: &[u8]| text.verify_line(&ed25519, line, &Strict);
    let latest = (1 << 63) - 1;
    assert_eq!(verify(&signed(latest)), Ok(Some(latest)));
    assert_eq!(verify(&signed(1 << 63)), Err(SignatureLineError::Time { found: 1 << 63 }));
    assert_eq!(verify(&[0; 7]), Err(SignatureLineError::NoTime { found: 7 }));
    let mut moved = signed(5);
    moved[7] = 6;
    assert!(matches!(verify(&moved), Err(SignatureLineError::Signature(_))));
    assert!(matches!(verify(&signed(5)[..71]), Err(SignatureLineError::Signature(_))));
    // The bare signature of a log, and the timed one of a cosigner, do not stand in for each other.
    let bare = network.members[0].log.sign(text.to_string().as_bytes());
    assert_eq!(text.verify_line(&log, bare.as_bytes(), &Strict), Ok(None));
    assert!(text.verify_line(&log, &signed(5), &Strict).is_err());
    assert!(verify(bare.as_bytes()).is_err());
}
