//! Whatever the value: its encoding leads back to it, and the encoding of what was read is what was read.

use std::fmt::Debug;

use proto::canonical::Canonical;
use proto::message::{Kind, Message};

use crate::dice::Dice;

fn there_and_back<T: Canonical + PartialEq + Debug>(value: &T) {
    let bytes = value.encode();
    assert!(bytes.len() <= T::BYTES_MAX);
    assert_eq!(T::decode(&bytes).as_ref(), Ok(value));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(96))]

    #[test]
    fn every_value_survives_its_encoding(seed: u64) {
        let dice = &mut Dice(seed);
        for kind in 0..10 {
            there_and_back(&dice.submission(kind));
        }
        for kind in 0..5 {
            there_and_back(&dice.entry(kind));
        }
        for kind in 0..6 {
            there_and_back(&dice.request(kind));
            there_and_back(&dice.response(kind));
        }
        there_and_back(&dice.certified_block());
        there_and_back(&dice.block());
        there_and_back(&dice.qc());
        there_and_back(&dice.tc());
        there_and_back(&dice.genesis());
        there_and_back(&dice.record());
        let messages = [
            Message::Proposal(dice.proposal()),
            Message::Vote(dice.vote()),
            Message::Timeout(dice.timeout()),
            Message::SyncInfo(dice.sync_info()),
            Message::Batch(dice.batch()),
            Message::Cosignature(dice.cosignature()),
            Message::CertifiedCheckpoint(dice.checkpoint()),
        ];
        for message in messages {
            let bytes = message.encode();
            assert!(bytes.len() <= message.kind().bytes_max());
            for kind in Kind::ALL {
                // A message read as another kind is refused or is another message; it never passes for itself.
                let read = Message::decode(kind, &bytes);
                assert_eq!(read.as_ref() == Ok(&message), kind == message.kind());
            }
        }
    }

    /// Noise is refused or is the one encoding of something; reading it never panics.
    #[test]
    fn noise_is_read_without_harm(bytes: Vec<u8>, cut in 0..64_usize, seed: u64) {
        let mut dice = Dice(seed);
        let mut spliced = dice.proposal().encode();
        spliced.truncate(cut);
        spliced.extend_from_slice(&bytes);
        for kind in Kind::ALL {
            for bytes in [&bytes, &spliced] {
                if let Ok(message) = Message::decode(kind, bytes) {
                    proptest::prop_assert_eq!(&message.encode(), bytes);
                }
            }
        }
    }
}
