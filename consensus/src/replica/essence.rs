//! The essence of a replica: a digest of what decides its further words.
//!
//! Certificates count by what they certify, whoever signed them; timers, manners of asking and whom we answered when are
//! left out. Who walks through all states of a small network takes two replicas of one essence for one.

use crypto::{Digest, Hasher};
use proto::block::Block;
use proto::certificate::{QuorumCert, TimeoutCert};
use proto::counter::View;
use proto::id::{BlockId, ValidatorIndex};

use super::Replica;

/// A hasher that knows how much of each thing matters.
#[derive(Default)]
pub(crate) struct Essence(Hasher);

impl Essence {
    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        self.0.update(&number.to_be_bytes());
        self
    }

    pub(crate) fn view(&mut self, view: View) -> &mut Self {
        self.number(view.get())
    }

    pub(crate) fn validator(&mut self, index: ValidatorIndex) -> &mut Self {
        self.number(u64::from(index.get()))
    }

    pub(crate) fn block(&mut self, id: &BlockId) -> &mut Self {
        self.0.update(id.as_bytes());
        self
    }

    pub(crate) fn qc(&mut self, qc: &QuorumCert) -> &mut Self {
        self.view(qc.view).block(&qc.block)
    }

    pub(crate) fn tc(&mut self, tc: Option<&TimeoutCert>) -> &mut Self {
        match tc {
            Some(tc) => self.number(1).view(tc.view).qc(&tc.high_qc),
            None => self.number(0),
        }
    }

    pub(crate) fn maybe(&mut self, block: Option<&Block>) -> &mut Self {
        match block {
            Some(block) => self.number(1).block(&block.id()),
            None => self.number(0),
        }
    }
}

impl Replica {
    /// A digest of what decides our further words and commits: replicas of one essence answer the same input with
    /// statements that differ in the signers of certificates at most. Cheaper than `digest`, and coarser.
    pub fn essence(&self) -> Digest {
        let Self {
            config: _,
            set: _,
            me,
            tree,
            pacemaker,
            safety,
            votes,
            timeouts,
            proposals,
            fetch,
            teller: _,
            aside,
            answered: _,
            waiting,
            asked,
            formed,
            relay,
            halted,
            closed,
        } = self;
        let mut out = Essence::default();
        out.number(me.map_or(u64::MAX, |me| u64::from(me.get())));
        out.qc(pacemaker.high_qc()).tc(pacemaker.high_tc());
        tree.essence(&mut out);
        safety.essence(&mut out);
        votes.essence(&mut out);
        timeouts.essence(&mut out);
        proposals.essence(&mut out);
        fetch.essence(&mut out);
        match aside {
            Some(it) => out.number(1).qc(&it.certificate),
            None => out.number(0),
        };
        out.number(u64::from(*waiting)).number(u64::from(halted.is_some())).number(u64::from(*closed));
        let (view, parent) = asked.unwrap_or_default();
        out.view(view).view(parent).view(formed.unwrap_or_default()).view(relay.unwrap_or_default());
        out.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proto::counter::TimeMs;
    use proto::message::SyncInfo;
    use proto::verified::Unverified;

    use crate::testing::{Ideal, certify, chain, genesis, i, set};
    use crate::{Config, Input, Replica, Tip};

    #[test]
    fn signers_do_not_matter_and_certificates_do() {
        let set = set(4);
        let (blocks, qc) = chain(&set, &[1, 2]);
        let mut others = qc.clone();
        others.signatures = certify_by(&set, &qc, &[1, 2, 3]);
        let after = |certificate: &proto::certificate::QuorumCert| {
            let tip = Tip::genesis(genesis());
            let mut replica =
                Replica::new(Config::default(), Arc::clone(&set), Some(i(0)), tip, None, Vec::new()).unwrap();
            let info = SyncInfo { high_qc: certificate.clone(), high_tc: None };
            let info = Unverified::new(info).verify(&set, &Ideal).unwrap();
            replica.step(TimeMs::ZERO, Input::SyncInfo { from: i(1), info });
            (replica.essence(), replica.digest())
        };
        assert_eq!(after(&qc).0, after(&others).0);
        assert_ne!(after(&qc).1, after(&others).1);
        assert_ne!(after(&qc).0, after(&certify(&set, &blocks[0].0)).0);
    }

    fn certify_by(
        set: &proto::validators::ValidatorSet,
        qc: &proto::certificate::QuorumCert,
        signers: &[u16],
    ) -> Vec<(proto::id::ValidatorIndex, crypto::Signature)> {
        let message = qc.statement().signed_bytes(set.network());
        signers.iter().map(|by| (i(*by), crate::testing::sign(set, i(*by), &message))).collect()
    }
}
