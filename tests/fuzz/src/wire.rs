//! Bytes from peers: whatever is read is the one encoding of its value, and is verified without a panic.

use std::fmt::Debug;
use std::sync::LazyLock;

use crypto::{PublicKey, Scheme, SecretKey};
use engine::VerifiedMessage;
use p2p::codec::{Decoder, Found, encode_head};
use proto::batch::Batch;
use proto::block::{Block, CertifiedBlock};
use proto::canonical::Canonical;
use proto::certificate::{QuorumCert, TimeoutCert};
use proto::entry::Entry;
use proto::message::{Kind, Lane, Message, Request, Response};
use proto::record::SafetyRecord;
use proto::statement::{Format, cose};
use proto::submission::Submission;
use proto::validators::ValidatorSet;
use proto::verified::{Strict, Unverified};

use super::fixture::NETWORK;

/// The network whose signatures the seeds carry.
static SET: LazyLock<&ValidatorSet> = LazyLock::new(|| &NETWORK.set);

/// The key beside an envelope that cannot hold it: that of the seeds.
static DSSE_KEY: LazyLock<PublicKey> = LazyLock::new(|| {
    let seed = crypto::derive_seed(&[1; 32], "statement/ed25519");
    SecretKey::from_seed(Scheme::Ed25519, &seed).expect("signs").public().clone()
});

/// Reads a value; one that is read has exactly these bytes, and reads again as the same value.
fn one_encoding<T: Canonical + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let value = T::decode(bytes).ok()?;
    let again = value.encode();
    assert_eq!(again, bytes, "a second encoding of {value:?}");
    assert_eq!(T::decode(&again).as_ref(), Ok(&value), "another value after one turn");
    Some(value)
}

/// A message as the lanes carry it: the byte of its kind, then its encoding.
pub fn message(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let Some(kind) = Kind::parse(*kind) else { return };
    let Ok(message) = Message::decode(kind, bytes) else { return };
    assert_eq!(message.kind(), kind);
    assert_eq!(message.encode(), bytes, "a second encoding of {message:?}");
    if let Ok(verified) = VerifiedMessage::verify(message.clone(), &SET, &Strict) {
        let twice = VerifiedMessage::verify(message, &SET, &Strict);
        assert_eq!(twice, Ok(verified), "two verdicts on one message");
    }
}

/// A question, or the answer to one: the first byte says which.
pub fn exchange(bytes: &[u8]) {
    match bytes.split_first() {
        Some((0, bytes)) => drop(one_encoding::<Request>(bytes)),
        Some((_, bytes)) => {
            if let Some(response) = one_encoding::<Response>(bytes) {
                verify(response);
            }
        }
        None => {}
    }
}

fn verify(response: Response) {
    match response {
        Response::Blocks(blocks) => {
            blocks.into_iter().for_each(|it| drop(Unverified::new(it).verify(&SET, &Strict)));
        }
        Response::Batches(batches) => {
            batches.into_iter().for_each(|it| drop(Unverified::new(it).verify(SET.network(), &Strict)));
        }
        Response::Checkpoint(checkpoint) => {
            checkpoint.into_iter().for_each(|it| drop(Unverified::new(it).verify(&SET, &Strict)));
        }
        Response::Certificates(info) => drop(Unverified::new(*info).verify(&SET, &Strict)),
        Response::Log(part) => {
            part.into_iter().for_each(|it| drop(Unverified::new(*it).verify(&SET, &Strict)));
        }
    }
}

/// Blocks and what certifies them: the first byte says which.
pub fn certified_block(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    match which % 5 {
        0 => {
            if let Some(it) = one_encoding::<CertifiedBlock>(bytes) {
                drop(Unverified::new(it).verify(&SET, &Strict));
            }
        }
        1 => {
            if let Some(it) = one_encoding::<Block>(bytes) {
                assert_eq!(Block::decode(&it.encode()).map(|again| again.id()), Ok(it.id()));
            }
        }
        2 => {
            if let Some(it) = one_encoding::<QuorumCert>(bytes) {
                drop(it.verify(&SET, &Strict));
            }
        }
        3 => {
            if let Some(it) = one_encoding::<TimeoutCert>(bytes) {
                drop(it.verify(&SET, &Strict));
            }
        }
        _ => drop(one_encoding::<SafetyRecord>(bytes)),
    }
}

/// A submission's envelope, alone (even first byte) or in a batch.
pub fn submission(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    if which % 2 == 0 {
        let Ok(submission) = Submission::decode(bytes) else { return };
        assert_eq!(submission.encode(), bytes, "a second encoding");
        drop(Unverified::new(submission).verify(SET.network(), &Strict));
    } else if let Some(batch) = one_encoding::<Batch>(bytes) {
        drop(Unverified::new(batch).verify(SET.network(), &Strict));
    }
}

/// A statement that was signed elsewhere: the first byte says in which format. What is taken has one envelope, and what
/// hangs on one in COSE changes nothing.
pub fn statement(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let format = Format::ALL[usize::from(*which) % Format::ALL.len()];
    let keys = match format {
        Format::Dsse => vec![DSSE_KEY.clone()],
        Format::Cose | Format::Jws | Format::JwsJson | Format::Http => Vec::new(),
    };
    let made = match format {
        Format::Cose => cose::submission(bytes),
        Format::Jws | Format::JwsJson | Format::Dsse | Format::Http => {
            Submission::statement(format, bytes, keys)
        }
    };
    let Ok(submission) = made else { return };
    assert_eq!(Submission::decode(submission.bytes()).as_ref(), Ok(&submission), "another after one turn");
    if format == Format::Cose {
        assert_eq!(cose::strip(submission.bytes()).as_deref(), Ok(&**submission.bytes()), "stripped twice");
    }
    drop(Unverified::new(submission).verify(SET.network(), &Strict));
}

/// A leaf of the log.
pub fn entry(bytes: &[u8]) {
    one_encoding::<Entry>(bytes);
}

/// A lane's stream: the first two bytes choose the lane and how the rest is sliced. However it is sliced, the same frames
/// are found, and each has the head that was announced.
pub fn frame(bytes: &[u8]) {
    let Some(([lane, step], bytes)) = bytes.split_first_chunk() else { return };
    let lane = if lane % 2 == 0 { Lane::Consensus } else { Lane::Bulk };
    let whole = frames(lane, bytes, bytes.len());
    let sliced = frames(lane, bytes, usize::from(*step).max(1));
    assert_eq!(whole, sliced, "the slicing shows");
    for found in whole {
        if let Found::Frame { kind, bytes } = found {
            assert_eq!(kind.lane(), lane);
            encode_head(kind, bytes.len()).expect("what was read may be sent");
        }
    }
}

fn frames(lane: Lane, bytes: &[u8], step: usize) -> Vec<Found> {
    let mut decoder = Decoder::new(lane);
    let mut found = Vec::new();
    for mut slice in bytes.chunks(step.max(1)) {
        while !slice.is_empty() {
            match decoder.next(&mut slice) {
                Ok(Some(frame)) => found.push(frame),
                Ok(None) => {}
                Err(_) => return found,
            }
        }
    }
    found
}
