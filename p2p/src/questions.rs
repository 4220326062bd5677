//! Requests under way: ours, that wait for an answer, and those of others, that wait for ours.
//!
//! Both tables are bounded. A request of ours that is dropped from its table has failed, and its drop tells
//! the node so; a request of someone else that is dropped tells the asker.

use std::collections::BTreeMap;
use std::sync::Arc;

use libp2p::PeerId;
use libp2p::request_response::{Event, Message, OutboundRequestId, ResponseChannel};
use proto::message::Kind;

use crate::fetch;
use crate::handle::Shared;
use crate::identity::Roster;
use crate::inbox::{Accepted, InboundTicket, Incoming, PeerRef, Pending};
use crate::stats::DropReason;

/// The two tables.
pub(crate) struct Questions {
    ours: BTreeMap<OutboundRequestId, Pending>,
    theirs: BTreeMap<InboundTicket, ResponseChannel<Vec<u8>>>,
    theirs_max: usize,
    tickets: u64,
    shared: Arc<Shared>,
}

impl Questions {
    pub(crate) fn new(theirs_max: usize, shared: Arc<Shared>) -> Self {
        Self { ours: BTreeMap::new(), theirs: BTreeMap::new(), theirs_max, tickets: 0, shared }
    }

    /// Asks a peer that is connected.
    pub(crate) fn ask(
        &mut self,
        fetch: &mut fetch::Behaviour,
        peer: PeerId,
        pending: Pending,
        bytes: Vec<u8>,
    ) {
        self.shared.counters.sent(Kind::Request, bytes.len());
        let id = fetch.send_request(&peer, bytes);
        self.ours.insert(id, pending);
    }

    /// Answers a request, unless it has timed out or its asker is gone.
    pub(crate) fn answer(&mut self, fetch: &mut fetch::Behaviour, ticket: InboundTicket, bytes: Vec<u8>) {
        let Some(channel) = self.theirs.remove(&ticket) else { return };
        let size = bytes.len();
        if size > Kind::Response.bytes_max() {
            self.shared.counters.dropped(DropReason::Unlawful, 1);
            return;
        }
        if fetch.send_response(channel, bytes).is_ok() {
            self.shared.counters.sent(Kind::Response, size);
        }
    }

    pub(crate) fn on_event(&mut self, event: Event<Vec<u8>, Vec<u8>>, roster: &Roster) {
        match event {
            Event::Message { peer, message: Message::Request { request, channel, .. }, .. } => {
                let from = match roster.contains(&peer) {
                    true => PeerRef::Validator(peer),
                    false => PeerRef::Observer(peer),
                };
                self.on_asked(from, request, channel);
            }
            Event::Message { message: Message::Response { request_id, response }, .. } => {
                if let Some(pending) = self.ours.remove(&request_id) {
                    self.shared.counters.received(Kind::Response, response.len());
                    pending.answered(response);
                }
            }
            Event::OutboundFailure { request_id, error, .. } => {
                tracing::debug!(%error, "request failed");
                self.ours.remove(&request_id);
            }
            Event::InboundFailure { .. } => self.forget_the_gone(),
            Event::ResponseSent { .. } => {}
        }
    }

    /// Someone asks: refused at once when too many questions wait, for then the asker can turn to another.
    fn on_asked(&mut self, from: PeerRef, bytes: Vec<u8>, channel: ResponseChannel<Vec<u8>>) {
        self.forget_the_gone();
        let places = match from {
            PeerRef::Validator(_) => self.theirs_max,
            // Half of the places are for validators alone: no crowd may keep one from catching up.
            PeerRef::Observer(_) => self.theirs_max.div_ceil(2),
        };
        if self.theirs.len() >= places {
            self.shared.counters.dropped(DropReason::InboxFull, 1);
            return;
        }
        let ticket = InboundTicket::new(self.tickets);
        self.tickets += 1;
        let size = bytes.len();
        match self.shared.inbox.ask(Incoming::Request { from, ticket, bytes }) {
            Accepted::Yes => {
                self.shared.counters.received(Kind::Request, size);
                self.theirs.insert(ticket, channel);
            }
            Accepted::No => {}
        }
    }

    fn forget_the_gone(&mut self) {
        self.theirs.retain(|_, channel| channel.is_open());
    }
}
