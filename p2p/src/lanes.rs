//! The lanes of a validator: a writer for each lane of each other validator, and a reader for each stream
//! they open to us, for as long as both sides are validators.
//!
//! Of two streams of one validator on one lane the newer counts and the older is dropped, for whoever opens a
//! second one has given up the first.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::Digest;
use futures::StreamExt as _;
use libp2p::{PeerId, Stream};
use libp2p_stream::{Control, IncomingStreams};
use proto::message::Lane;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, Id, JoinSet};

use crate::handle::{PeerLanes, Shared};
use crate::limits::Limits;
use crate::links::Links;
use crate::protocol;
use crate::reader::{ReadEnd, Reader};
use crate::writer::Writer;

/// What happened on the lanes.
pub(crate) enum LaneEvent {
    /// A validator opened a stream.
    Opened { peer: PeerId, lane: Lane, stream: Stream },
    /// A stream has ended.
    Ended { from: PeerId, lane: Lane, end: ReadEnd, stream: Standing },
}

/// What a stream that ended was to its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its only stream: the lane has none now.
    Newest,
    /// It ended by itself just before a newer one took its place.
    Replaced,
}

/// The lanes of one validator, sending side.
struct Writing {
    outboxes: PeerLanes,
    writers: [AbortHandle; 2],
}

/// One lane of one validator, receiving side.
struct Receiving {
    /// Room for what was read and not yet taken; it outlives the streams.
    room: Arc<Semaphore>,
    /// The reader of the newest stream.
    reader: Option<AbortHandle>,
}

/// All lanes; on an observer there are none. Dropping this ends every reader and writer.
pub(crate) struct Lanes {
    consensus: Option<IncomingStreams>,
    bulk: Option<IncomingStreams>,
    receiving: BTreeMap<(PeerId, Lane), Receiving>,
    readers: JoinSet<(PeerId, Lane, ReadEnd)>,
    writing: BTreeMap<PeerId, Writing>,
    writers: JoinSet<()>,
    shared: Arc<Shared>,
    limits: Arc<Limits>,
}

impl Lanes {
    /// No lanes: nothing is accepted and nothing is written.
    pub(crate) fn none(shared: Arc<Shared>, limits: Arc<Limits>) -> Self {
        Self {
            consensus: None,
            bulk: None,
            receiving: BTreeMap::new(),
            readers: JoinSet::new(),
            writing: BTreeMap::new(),
            writers: JoinSet::new(),
            shared,
            limits,
        }
    }

    /// Accepts streams from now on; whose, is for the caller to judge.
    pub(crate) fn listen(&mut self, control: &mut Control, network: &Digest) {
        for (lane, streams) in [(Lane::Consensus, &mut self.consensus), (Lane::Bulk, &mut self.bulk)] {
            if streams.is_none() {
                // Refused only when accepted before.
                *streams = control.accept(protocol::lane(network, lane)).ok();
            }
        }
    }

    /// Starts the writers of a validator, which wait until it is connected; those that write from these outboxes
    /// already go on.
    pub(crate) fn open(
        &mut self,
        to: PeerId,
        outboxes: &PeerLanes,
        control: &Control,
        network: &Digest,
        links: &Links,
    ) {
        if self.writing.get(&to).is_some_and(|writing| writing.outboxes.are(outboxes)) {
            return;
        }
        let lanes = [(Lane::Consensus, &outboxes.consensus), (Lane::Bulk, &outboxes.bulk)];
        let writers = lanes.map(|(lane, outbox)| {
            let writer = Writer {
                to,
                protocol: protocol::lane(network, lane),
                outbox: Arc::clone(outbox),
                links: links.watch(),
                control: control.clone(),
                counters: Arc::clone(&self.shared.counters),
                limits: Arc::clone(&self.limits),
            };
            self.writers.spawn(writer.run())
        });
        if let Some(older) = self.writing.insert(to, Writing { outboxes: outboxes.clone(), writers }) {
            older.writers.iter().for_each(AbortHandle::abort);
        }
    }

    /// Ends all streams of this peer, both ways.
    pub(crate) fn close(&mut self, peer: &PeerId) {
        if let Some(Writing { outboxes: _, writers }) = self.writing.remove(peer) {
            writers.iter().for_each(AbortHandle::abort);
        }
        for lane in [Lane::Consensus, Lane::Bulk] {
            if let Some(Receiving { room: _, reader: Some(reader) }) = self.receiving.remove(&(*peer, lane)) {
                reader.abort();
            }
        }
        while self.writers.try_join_next().is_some() {}
    }

    /// Waits for what happens next. Nothing is lost when the wait is given up.
    pub(crate) async fn next(&mut self) -> LaneEvent {
        loop {
            tokio::select! {
                Some((peer, stream)) = next_stream(&mut self.consensus) => {
                    return LaneEvent::Opened { peer, lane: Lane::Consensus, stream };
                }
                Some((peer, stream)) = next_stream(&mut self.bulk) => {
                    return LaneEvent::Opened { peer, lane: Lane::Bulk, stream };
                }
                Some(ended) = self.readers.join_next_with_id() => {
                    // A reader that was replaced ends as cancelled and has nothing to tell.
                    if let Ok((task, (from, lane, end))) = ended {
                        let stream = self.forget(task, from, lane);
                        return LaneEvent::Ended { from, lane, end, stream };
                    }
                }
            }
        }
    }

    /// Reads a stream that a validator opened.
    pub(crate) fn accept(&mut self, from: PeerId, lane: Lane, stream: Stream) {
        let room = self.limits.inbox_bytes(lane);
        let receiving = self
            .receiving
            .entry((from, lane))
            .or_insert_with(|| Receiving { room: Arc::new(Semaphore::new(room)), reader: None });
        let reader = Reader {
            from,
            lane,
            inbox: self.shared.inbox.clone(),
            room: Arc::clone(&receiving.room),
            limits: Arc::clone(&self.limits),
        };
        let reading = self.readers.spawn(async move { (from, lane, reader.run(stream).await) });
        if let Some(older) = receiving.reader.replace(reading) {
            older.abort();
        }
    }

    fn forget(&mut self, task: Id, from: PeerId, lane: Lane) -> Standing {
        let newest = self
            .receiving
            .get_mut(&(from, lane))
            .and_then(|receiving| receiving.reader.take_if(|reader| reader.id() == task));
        match newest {
            Some(_) => Standing::Newest,
            None => Standing::Replaced,
        }
    }
}

/// The next stream of a lane; never, on a node without lanes.
async fn next_stream(streams: &mut Option<IncomingStreams>) -> Option<(PeerId, Stream)> {
    match streams {
        Some(streams) => streams.next().await,
        None => std::future::pending().await,
    }
}
