//! The pacemaker: the highest certificates, the view they lead to, and how long it may last.
//!
//! The view is derived and never stored, so no restart can put it elsewhere: it follows the highest certificate of
//! either kind, and nothing else moves it. Source: `SPEC.md`, rules S1, T5, I3.

use proto::certificate::{QuorumCert, TimeoutCert};
use proto::counter::View;
use proto::message::SyncInfo;

use crate::effect::Effect;
use crate::input::Timer;

/// The highest certificates, and the timer that runs for the view.
#[derive(Clone, Debug)]
pub struct Pacemaker {
    high_qc: QuorumCert,
    high_tc: Option<TimeoutCert>,
    running: Option<(Timer, u64)>,
}

impl Pacemaker {
    /// A pacemaker that holds one certificate; no timer runs.
    pub const fn new(high_qc: QuorumCert) -> Self {
        Self { high_qc, high_tc: None, running: None }
    }

    /// The highest quorum certificate; in HotStuff-2, the lock.
    pub const fn high_qc(&self) -> &QuorumCert {
        &self.high_qc
    }

    /// The highest timeout certificate.
    pub const fn high_tc(&self) -> Option<&TimeoutCert> {
        self.high_tc.as_ref()
    }

    /// The current view.
    // rule S1
    pub fn view(&self) -> View {
        self.high_qc.view.max(self.high_tc_view()).next()
    }

    /// The view of the highest timeout certificate, 0 without one.
    pub fn high_tc_view(&self) -> View {
        self.high_tc.as_ref().map_or(View::ZERO, |tc| tc.view)
    }

    /// The timeout certificate that led into the current view, if it was not a quorum certificate.
    pub fn entered_by(&self) -> Option<&TimeoutCert> {
        match self.view().follows(self.high_qc.view) {
            true => None,
            false => self.high_tc.as_ref(),
        }
    }

    /// What to tell a peer that lags.
    pub fn sync_info(&self) -> SyncInfo {
        let later = |tc: &&TimeoutCert| tc.view > self.high_qc.view;
        SyncInfo { high_qc: self.high_qc.clone(), high_tc: self.high_tc.as_ref().filter(later).cloned() }
    }

    /// Takes a quorum certificate; true if it is higher than the one held.
    pub fn absorb_qc(&mut self, qc: &QuorumCert) -> bool {
        let higher = qc.view > self.high_qc.view;
        if higher {
            self.high_qc = qc.clone();
        }
        higher
    }

    /// Takes a timeout certificate, but not the quorum certificate inside.
    pub fn absorb_tc(&mut self, tc: &TimeoutCert) {
        if tc.view > self.high_tc_view() {
            self.high_tc = Some(tc.clone());
        }
    }

    /// Lets exactly the `wanted` timer run, of this time in ms.
    pub fn run(&mut self, wanted: Option<(Timer, u64)>, out: &mut Vec<Effect>) {
        if self.running == wanted {
            return;
        }
        if let Some((timer, _)) = self.running
            && wanted.is_none_or(|(next, _)| next != timer)
        {
            out.push(Effect::StopTimer { timer });
        }
        if let Some((timer, after_ms)) = wanted {
            out.push(Effect::StartTimer { timer, after_ms });
        }
        self.running = wanted;
    }

    /// Whether this timer is the one that runs; it no longer does.
    pub fn fired(&mut self, timer: Timer) -> bool {
        let ours = self.running.is_some_and(|(running, _)| running == timer);
        if ours {
            self.running = None;
        }
        ours
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{chain, genesis_qc, leave, set, v};

    #[test]
    fn the_view_follows_the_higher_certificate() {
        let set = set(4);
        let (_, qc) = chain(&set, &[1, 2]);
        let mut pacemaker = Pacemaker::new(genesis_qc());
        assert_eq!(pacemaker.view(), v(1));
        assert!(pacemaker.absorb_qc(&qc));
        assert!(!pacemaker.absorb_qc(&genesis_qc()));
        assert_eq!((pacemaker.view(), pacemaker.entered_by()), (v(3), None));
        let tc = leave(&set, 3, &qc);
        pacemaker.absorb_tc(&tc);
        pacemaker.absorb_tc(&leave(&set, 1, &genesis_qc()));
        assert_eq!((pacemaker.view(), pacemaker.entered_by()), (v(4), Some(&tc)));
        assert_eq!(pacemaker.sync_info().high_tc, Some(tc.clone()));
        let later = QuorumCert { view: v(3), ..qc };
        pacemaker.absorb_qc(&later);
        assert_eq!((pacemaker.view(), pacemaker.entered_by()), (v(4), None));
        assert_eq!(pacemaker.sync_info().high_tc, None, "it says nothing new");
    }

    #[test]
    fn the_last_view_is_the_end() {
        let last = QuorumCert { view: v(u64::MAX), ..genesis_qc() };
        let mut pacemaker = Pacemaker::new(genesis_qc());
        pacemaker.absorb_qc(&last);
        assert_eq!(pacemaker.view(), v(u64::MAX));
        assert_eq!(pacemaker.entered_by(), None);
    }

    #[test]
    fn exactly_the_wanted_timer_runs() {
        let mut pacemaker = Pacemaker::new(genesis_qc());
        let mut out = Vec::new();
        let (first, second) = (Timer::View { view: v(1) }, Timer::Resend { view: v(1) });
        pacemaker.run(Some((first, 5)), &mut out);
        pacemaker.run(Some((first, 5)), &mut out);
        assert_eq!(out, [Effect::StartTimer { timer: first, after_ms: 5 }]);
        out.clear();
        assert!(!pacemaker.fired(second));
        pacemaker.run(Some((second, 5)), &mut out);
        assert_eq!(
            out,
            [Effect::StopTimer { timer: first }, Effect::StartTimer { timer: second, after_ms: 5 }]
        );
        out.clear();
        assert!(pacemaker.fired(second));
        pacemaker.run(None, &mut out);
        assert_eq!(out, [], "it stopped by itself");
    }
}
