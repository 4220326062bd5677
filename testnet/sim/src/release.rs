//! What a member says that speaks another release: kinds that nobody knows yet, fields of later schemas, fields missing.
//!
//! Frames are made and read as on the wire, a byte for the kind and the canonical bytes. A receiver must refuse each of
//! these, and nothing worse may come of it.

use proto::canonical::Canonical as _;
use proto::message::{Kind, Message, Response};

use crate::prng::Prng;

/// Field 127, a number: no schema of ours has it.
const LATER_FIELD: [u8; 3] = [0xf8, 0x07, 0x01];

/// A frame: kind and bytes.
pub fn frame(message: &Message) -> (u8, Vec<u8>) {
    let bytes = match message {
        Message::Proposal(it) => it.encode(),
        Message::Vote(it) => it.encode(),
        Message::Timeout(it) => it.encode(),
        Message::SyncInfo(it) => it.encode(),
        Message::Batch(it) => it.encode(),
        Message::Cosignature(it) => it.encode(),
        Message::CertifiedCheckpoint(it) => it.encode(),
    };
    (message.kind() as u8, bytes)
}

/// Reads a frame; none when this release does not know the kind, or the bytes are not of it.
pub fn read(kind: u8, bytes: &[u8]) -> Option<Message> {
    let kind = Kind::parse(kind)?;
    if bytes.len() > kind.bytes_max() {
        return None;
    }
    match kind {
        Kind::Proposal => proto::proposal::Proposal::decode(bytes).ok().map(Message::Proposal),
        Kind::Vote => proto::ballot::Vote::decode(bytes).ok().map(Message::Vote),
        Kind::Timeout => proto::ballot::Timeout::decode(bytes).ok().map(Message::Timeout),
        Kind::SyncInfo => proto::message::SyncInfo::decode(bytes).ok().map(Message::SyncInfo),
        Kind::Batch => proto::batch::Batch::decode(bytes).ok().map(Message::Batch),
        Kind::Cosignature => proto::checkpoint::Cosignature::decode(bytes).ok().map(Message::Cosignature),
        Kind::CertifiedCheckpoint => {
            proto::checkpoint::CertifiedCheckpoint::decode(bytes).ok().map(Message::CertifiedCheckpoint)
        }
        // They travel on streams of their own.
        Kind::Request | Kind::Response => None,
    }
}

/// What arrives of a message that another release says: none when it is refused, as it should be.
pub fn translated(message: &Message, prng: &mut Prng) -> Option<Message> {
    let (mut kind, mut bytes) = frame(message);
    match prng.below(4) {
        // A newer release has more kinds.
        0 => kind = prng.between(Kind::ALL.len() as u64 + 1, 255) as u8,
        // A newer schema has more fields.
        1 => bytes.extend(LATER_FIELD),
        // An older one lacks the last.
        2 => bytes.truncate(bytes.len().saturating_sub(prng.between(1, 8) as usize)),
        // Another one altogether.
        _ => bytes.iter_mut().for_each(|byte| *byte = byte.wrapping_add(1)),
    }
    read(kind, &bytes)
}

/// What arrives of a response when its bytes are as a stranger made them.
pub fn response_of(bytes: &[u8]) -> Option<Response> {
    Response::decode(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::certificate::QuorumCert;
    use proto::id::BlockId;
    use proto::message::SyncInfo;

    #[test]
    fn our_own_frames_are_read_and_foreign_ones_refused() {
        let high_qc = QuorumCert::genesis(BlockId::new(crypto::sha256(b"block")));
        let message = Message::SyncInfo(SyncInfo { high_qc, high_tc: None });
        let (kind, bytes) = frame(&message);
        assert_eq!(read(kind, &bytes), Some(message.clone()));
        let mut prng = Prng::new(1, "release");
        for _ in 0..1_000 {
            assert_eq!(translated(&message, &mut prng), None);
        }
        assert_eq!(read(0, &bytes), None);
        assert_eq!(read(Kind::Response as u8, &bytes), None);
    }
}
