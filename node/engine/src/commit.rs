//! From a committed block to a durable one, and what may be told only then.

use consensus::{CommittedBlock, Gated};
use ledger::change::Table;
use ledger::{Applied, Committed, LedgerError};
use proto::canonical::Canonical as _;
use proto::verified::Verified;

use crate::command::Command;
use crate::cosign::{Shown, is_due};
use crate::engine::{Engine, TIP_CERTIFICATE};
use crate::epochs::put_end;
use crate::event::Event;

impl Engine {
    /// Executes a committed block. Its notices and its head leave when its writes are durable.
    ///
    /// # Errors
    /// `LedgerError` when committed data cannot be applied: then nothing later may be.
    pub(crate) fn commit(
        &mut self,
        committed: CommittedBlock,
        out: &mut Vec<Command>,
    ) -> Result<(), LedgerError> {
        let CommittedBlock { block, justify, certificate, is_followed, end } = committed;
        self.bodies.gather(&block, &self.batches);
        let batches = self.bodies.of(&block.id()).unwrap_or_default();
        let of_ours = batches.iter().filter(|batch| Some(batch.author) == self.me);
        self.congestion.taken(block.time, of_ours.map(|batch| batch.submissions.len()).sum());
        let batches = batches.iter().map(|batch| Verified::clone(batch)).collect();
        let (proposer, refs) = (block.proposer, block.batches.clone());
        let is_due = !is_followed || end.is_some() || is_due(self.ledger.tip_block().time, block.time);
        let Applied { height, mut change, head, outcomes, notices } =
            self.ledger.apply(Committed { block, justify, batches })?;
        change.put(Table::Meta, TIP_CERTIFICATE, certificate.encode());
        if let Some(end) = &end {
            put_end(self.set.epoch(), end, &mut change);
            self.cosigning.end_term(self.ledger.reign().size);
        }

        self.pool.remove_committed(outcomes.iter().map(|(id, _)| id));
        self.batches.committed(&refs);
        self.batches.forget(outcomes.iter().map(|(id, _)| *id));
        self.bodies.forget(height);
        // What found no room before has some now, and nobody else knows that it waits.
        if !self.flush_running {
            self.seal(out);
        }

        let mut then = vec![Command::Happen(Event::Applied { height }), Command::Publish(notices)];
        let cosign = head.filter(|_| is_due).and_then(|head| self.cosigning.command(head));
        match crypto::broken!(CosignedBeforeDurable) {
            true => out.extend(cosign),
            false => then.extend(cosign),
        }
        out.push(Command::Store(Gated::new(change, then)));
        // After the block's own writes: cosignatures that came early may certify the head at once, and a certificate
        // must not become durable before what it certifies.
        if let Some(head) = head {
            self.head_applied(head, Shown::new(Some(proposer), is_due), out);
        }
        Ok(())
    }
}
