//! Rules broken on purpose, to see that the proving ground notices.
//!
//! Compiled only with the feature `seeded-defects`, which the tests ask for and no binary does; even then a rule is broken
//! only inside `with`, on the thread that called it.

use std::cell::Cell;

/// A rule that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// Two thirds of the power are a quorum: 2f instead of 2f + 1.
    QuorumOfTwoThirds,
    /// A signer that stands twice in a certificate counts twice.
    SignerCountsTwice,
    /// A certified child makes its parent final, however many views lie between.
    CommitAcrossGap,
    /// Who has left a view may still vote in it.
    VoteAfterTimeout,
    /// A block may stand on any certificate, whatever the quorum that left the view before reports.
    TcReportIgnored,
}

thread_local! {
    static ACTIVE: Cell<Option<Defect>> = const { Cell::new(None) };
}

/// Runs `body` with a rule broken.
pub fn with<T>(defect: Defect, body: impl FnOnce() -> T) -> T {
    ACTIVE.set(Some(defect));
    let result = body();
    ACTIVE.set(None);
    result
}

/// Whether a rule is broken now.
pub fn is(defect: Defect) -> bool {
    ACTIVE.get() == Some(defect)
}
