//! Messages to bytes and back: which decoder reads which kind.

use proto::ballot::{Timeout, Vote};
use proto::batch::Batch;
use proto::canonical::{Canonical, DecodeError};
use proto::checkpoint::{CertifiedCheckpoint, Cosignature};
use proto::message::{Kind, Message, SyncInfo};
use proto::proposal::Proposal;

/// A message's canonical bytes; its kind travels beside them.
pub(crate) fn encode(message: &Message) -> Vec<u8> {
    match message {
        Message::Proposal(it) => it.encode(),
        Message::Vote(it) => it.encode(),
        Message::Timeout(it) => it.encode(),
        Message::SyncInfo(it) => it.encode(),
        Message::Batch(it) => it.encode(),
        Message::Cosignature(it) => it.encode(),
        Message::CertifiedCheckpoint(it) => it.encode(),
    }
}

/// Reads a message of a kind; none for kinds that are no messages.
pub(crate) fn decode(kind: Kind, bytes: &[u8]) -> Option<Result<Message, DecodeError>> {
    Some(match kind {
        Kind::Proposal => Proposal::decode(bytes).map(Message::Proposal),
        Kind::Vote => Vote::decode(bytes).map(Message::Vote),
        Kind::Timeout => Timeout::decode(bytes).map(Message::Timeout),
        Kind::SyncInfo => SyncInfo::decode(bytes).map(Message::SyncInfo),
        Kind::Batch => Batch::decode(bytes).map(Message::Batch),
        Kind::Cosignature => Cosignature::decode(bytes).map(Message::Cosignature),
        Kind::CertifiedCheckpoint => CertifiedCheckpoint::decode(bytes).map(Message::CertifiedCheckpoint),
        Kind::Request | Kind::Response => return None,
    })
}
