//! How bytes travel between nodes. The only crate that sees libp2p.
//!
//! Bytes are opaque here: a frame carries a [`proto::message::Kind`] and up to that kind's `bytes_max()`,
//! and nothing below decodes it. What this room promises is who sent a frame (the Noise or TLS handshake
//! proves the peer's Ed25519 key), that frames of one lane arrive in the order sent while the link holds,
//! and that no peer can make us spend more memory than [`Limits`] allows. It does not promise delivery:
//! a lost link loses frames, and the protocols above send again.
//!
//! ```text
//!    validator A                                             validator B
//!    outbox consensus ──► writer ══ /quorate/<net>/consensus/1 ══► reader ──┐
//!    outbox bulk      ──► writer ══ /quorate/<net>/bulk/1      ══► reader ──┤ inbox ──► Incoming
//!    request(ticket)  ──────────── /quorate/<net>/request/1    ──► request ─┤  urgent first,
//!         ▲                 one stream a question                    │      │  bounded in bytes
//!         └──────────────────────── response ◄───────── respond(ticket)     │
//!    announce         ─ ─ ─ gossipsub, signed by a validator ─ ─ ─► observers
//! ```
//!
//! Between two validators there is one connection (TCP + Noise + Yamux, or QUIC) and on it one stream per
//! lane and direction. A writer opens its stream, waits for one byte that says it was accepted, then sends
//! frames and, when it has none, heartbeats; silence means the peer is gone. Observers hold a few slots:
//! they may ask, listen to announcements and find one another (identify, Kademlia), and the lane protocols
//! are not even offered to them.
//!
//! Reading order: `limits`, `codec`, `identity`, `protocol` are plain values; `outbox`, `fair`, `inbox` and
//! `links` are the queues; `writer` and `reader` are the two ends of a lane, and `lanes` keeps them; `gate`,
//! `fetch`, `gossip` and `behaviour` are what libp2p runs for us; `questions` are the requests under way;
//! `membership` is the list of validators, which changes while the network runs; `peers` decides whom to dial
//! and whom to shut out; `start` builds it all, `swarm` is the loop, and `handle` is what the node holds.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod behaviour;
pub mod codec;
mod fair;
mod fetch;
mod gate;
mod gossip;
pub mod handle;
pub mod identity;
mod inbox;
mod lanes;
pub mod limits;
mod links;
mod membership;
mod outbox;
mod peers;
pub mod protocol;
mod questions;
mod reader;
mod start;
pub mod stats;
mod swarm;
mod writer;

pub use handle::{Config, Network, Peer, StartError};
pub use inbox::{InboundTicket, Incoming, PeerRef};
pub use libp2p::{Multiaddr, PeerId};
pub use limits::Limits;
pub use stats::{DropReason, Stats};
