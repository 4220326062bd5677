//! Cosigning for others: requests are judged one after the other, so none is judged by what another is just changing.
//!
//! Source: C2SP tlog-witness; `ledger/witness/WITNESS.md`, rules W1 to W8.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::witnessing::{CosignReply, CosignRequest, CosignWhat, CosignedHead, Cosigner};
use consensus::Gated;
use crypto::{Digest, sha256};
use proto::verified::Strict;
use tokio::sync::{mpsc, watch};
use witness::{
    AddCheckpoint, Record, Refusal, Refused, SignSubtree, SubtreeRefusal, TwoHeads, Watched, judge,
    judge_subtree, origin_digest,
};

use super::book::Book;
use super::keys::WitnessKeys;

/// A node as a witness.
#[derive(Debug)]
pub struct Server {
    watched: Watched,
    keys: WitnessKeys,
    book: Book,
    shown: watch::Sender<Arc<Cosigner>>,
}

/// What a request led to, and what of it is kept.
#[derive(Debug)]
pub struct Answered {
    /// For the caller.
    pub reply: CosignReply,
    /// Convicts a log.
    pub evidence: Option<Box<TwoHeads>>,
}

impl Server {
    /// A witness of these logs, with what it has cosigned before.
    pub fn new(watched: Watched, keys: WitnessKeys, book: Book) -> Self {
        let logs = watched.origins().map(|origin| {
            let head = CosignedHead { origin: origin.to_owned(), last: None };
            (sha256(origin.as_bytes()), head)
        });
        let mut logs: BTreeMap<Digest, CosignedHead> = logs.collect();
        for (digest, head) in &mut logs {
            head.last = book.of(digest).map(last);
        }
        let shown = Cosigner {
            name: keys.name().to_string(),
            vkeys: keys.notes().iter().map(ToString::to_string).collect(),
            logs,
        };
        Self { watched, keys, book, shown: watch::Sender::new(Arc::new(shown)) }
    }

    /// What it shows of itself.
    pub fn shown(&self) -> watch::Receiver<Arc<Cosigner>> {
        self.shown.subscribe()
    }

    /// Answers until nobody can ask any more. `now_s` is the clock, `done` is told of each answer.
    pub fn serve(
        mut self,
        mut requests: mpsc::Receiver<CosignRequest>,
        now_s: impl Fn() -> u64,
        done: impl Fn(&Answered),
    ) {
        while let Some(CosignRequest { what, body, reply }) = requests.blocking_recv() {
            let answered = match what {
                CosignWhat::Checkpoint => self.add_checkpoint(&body, now_s()),
                CosignWhat::Subtree => Answered { reply: self.sign_subtree(&body), evidence: None },
            };
            done(&answered);
            // A caller that went away has its cosignature from the next request.
            let _ = reply.send(answered.reply);
        }
    }

    /// Cosigns a checkpoint, or says why not.
    pub fn add_checkpoint(&mut self, body: &[u8], now_s: u64) -> Answered {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(fault) => return CosignReply::Malformed(fault.to_string()).into(),
        };
        let before = self.book.last(&request.checkpoint.text.origin);
        let admitted = match judge(&self.watched, before, &request, &Strict) {
            Ok(admitted) => admitted,
            Err(Refused { why, evidence }) => return Answered { reply: refused(&why), evidence },
        };
        let lines = self.keys.cosign(&admitted.text, now_s);
        let text = lines.iter().map(ToString::to_string).collect();
        let record = match admitted.record(&lines) {
            Ok(record) => record,
            Err(fault) => return CosignReply::Malformed(fault.to_string()).into(),
        };
        // Rule W4: the lines come out only when the record is durable.
        match Gated::new(record, vec![text]).open(|record| self.keep(record)) {
            Ok(mut lines) => CosignReply::Cosigned(lines.pop().unwrap_or_default()).into(),
            Err(fault) => {
                tracing::error!(code = "witness_not_recorded", %fault, "not cosigned: the record was not written");
                CosignReply::NotRecorded.into()
            }
        }
    }

    fn keep(&mut self, record: &Record) -> std::io::Result<()> {
        self.book.keep(record)?;
        let digest = origin_digest(record.origin());
        self.shown.send_modify(|shown| {
            if let Some(head) = Arc::make_mut(shown).logs.get_mut(&digest) {
                head.last = Some(last(record));
            }
        });
        Ok(())
    }

    /// Cosigns a subtree, or says why not.
    pub fn sign_subtree(&self, body: &[u8]) -> CosignReply {
        let request = match SignSubtree::parse(body) {
            Ok(request) => request,
            Err(fault) => return CosignReply::Malformed(fault.to_string()),
        };
        let last = self.book.last(&request.checkpoint.text.origin);
        match judge_subtree(&self.watched, last, self.keys.notes(), &request, &Strict) {
            Ok(admitted) => {
                let lines = self.keys.cosign_subtree(&admitted);
                CosignReply::Cosigned(lines.iter().map(ToString::to_string).collect())
            }
            Err(why) => refused_subtree(why),
        }
    }
}

impl From<CosignReply> for Answered {
    fn from(reply: CosignReply) -> Self {
        Self { reply, evidence: None }
    }
}

fn last(record: &Record) -> (u64, Digest, Arc<str>) {
    let head = record.head();
    (head.size.get(), head.root, record.note().to_string().into())
}

fn refused(why: &Refusal) -> CosignReply {
    let detail = why.to_string();
    match why {
        Refusal::UnknownOrigin { .. } => CosignReply::OriginUnknown(detail),
        Refusal::Untrusted(_) => CosignReply::Untrusted(detail),
        Refusal::OldAboveNew { .. } => CosignReply::Malformed(detail),
        Refusal::Conflict { ours, .. } => CosignReply::Conflict { ours: ours.get(), detail },
        Refusal::EmptyRoot { .. } | Refusal::ProofFromEmpty { .. } | Refusal::Inconsistent(_) => {
            CosignReply::Inconsistent(detail)
        }
    }
}

fn refused_subtree(why: SubtreeRefusal) -> CosignReply {
    let detail = why.to_string();
    match why {
        SubtreeRefusal::UnknownOrigin { .. } => CosignReply::OriginUnknown(detail),
        SubtreeRefusal::Range { .. } | SubtreeRefusal::Subtree(_) => CosignReply::Malformed(detail),
        SubtreeRefusal::Untrusted(_) | SubtreeRefusal::UnknownCheckpoint { known: None, .. } => {
            CosignReply::Untrusted(detail)
        }
        SubtreeRefusal::UnknownCheckpoint { known: Some(known), .. } => {
            CosignReply::KnownCheckpoint { note: known.to_string(), detail }
        }
        SubtreeRefusal::Inconsistent(_) => CosignReply::Inconsistent(detail),
    }
}
