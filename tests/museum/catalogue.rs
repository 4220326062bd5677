//! What is shown: each defect, the rule it breaks, and the suites that must notice.

use crypto::defects::Defect;

use crate::suite::Suite;

/// One defect.
pub struct Exhibit {
    pub defect: Defect,
    /// Rule and pitfall numbers of `consensus/SPEC.md`, or the source.
    pub rule: &'static str,
    /// Who must notice.
    pub suites: &'static [Suite],
}

macro_rules! exhibits {
    ($($defect:ident, $rule:literal, [$($suite:ident),*];)*) => {
        &[$(Exhibit { defect: Defect::$defect, rule: $rule, suites: &[$(Suite::$suite),*] }),*]
    };
}

/// All of them.
pub const EXHIBITS: &[Exhibit] = exhibits![
    QuorumOfTwoThirds, "quorum", [Proto, Consensus];
    SignerCountsTwice, "C1, P19", [Proto];
    HeightNotSigned, "C1, P11", [Proto];
    OpeningOfAnyView, "C1, P12", [Proto];
    JustifyUnverified, "C4, P13", [Proto];
    ProposerUnsigned, "C4, P14", [Proto];
    TimeoutCertWithoutQuorum, "C2, P15", [Proto];
    TimeoutCertHidesTheHighest, "C2, P15", [Proto];
    AnyEpoch, "C1, P18", [Proto];
    AnyoneLeads, "V3, P14", [Consensus];
    VoteAfterTimeout, "T3, P8", [Consensus];
    ActsAgain, "V2, P9", [Consensus];
    ReportIgnored, "V6", [Consensus];
    LockInsistedOn, "V6, P23", [Consensus];
    BatchesNotAwaited, "V5", [Consensus];
    CommitAcrossGap, "K1, P21", [Consensus];
    AncestorsSkipped, "K2, P22", [Consensus];
    RestartForgetsTimeoutCert, "R1, P4", [Consensus];
    OwnWordsForgotten, "R3, P5", [Consensus];
    TimeoutsOfAllViews, "T6, P18", [Consensus];
    TimeoutSaidOnce, "T4, P24", [Consensus];
    BackOffWithoutEnd, "T5, P28", [Consensus];
    RangeUncertified, "F5, P31", [Consensus];
    OnePeerAsked, "F4, P31", [Consensus];
    OlderCertificatesIgnored, "K5", [Consensus];
    HandoverNotCompared, "H2", [Engine];
    OrdersAfterClosing, "H3", [Consensus];
    NextEpochEarly, "H5", [Engine];
    SilentTooShortly, "R7", [Consensus];
    ExecutedAgain, "STATE S4", [Ledger];
    EndedKeysSpeak, "STATE K1", [Ledger];
    KeysUnasked, "STATE K6", [Ledger];
    AnyKeyRotates, "STATE K7", [Ledger];
    RevokedAhead, "STATE K8", [Ledger];
    RevokedFromIgnored, "STATE K8", [Verify];
    CosignedBeforeDurable, "durable before told", [Engine];
    OddNodeDoubled, "RFC 6962 §2.1", [Merkle];
    NoLeafPrefix, "RFC 6962 §2.1", [Merkle];
    IndexNotBound, "RFC 9162 §2.1.3.2", [Merkle, Verify];
    OlderRootIgnored, "RFC 9162 §2.1.4.2", [Merkle];
    CosignersNotCounted, "C2SP tlog-policy", [Verify];
    CosignerCountsTwice, "C2SP signed-note", [Verify];
    SecondSignatureIgnored, "STATE T1", [Proto, Ledger];
    RunsNotCounted, "STATE Z3", [Verify];
    NeighboursNotAsked, "STATE Z2", [Verify];
    ServiceForEver, "STATE E2", [Ledger];
    AnyoneServes, "STATE E2", [Ledger];
    EndorsementUnsigned, "STATE E1", [Ledger];
    SessionOfAnyTenant, "STATE Q2", [Ledger];
    FinalizedAgain, "STATE Q4", [Ledger];
    SessionsNotChained, "STATE Q4", [Ledger];
    ProofByAnyKey, "STATE N1", [Ledger];
    ProofToldTwice, "STATE N3", [Ledger];
    ProofAhead, "STATE N4", [Ledger];
    ParentNotAsked, "STATE N5", [Ledger];
    ChainNotFollowed, "STATE N6", [Ledger];
    ChainWithGaps, "STATE N6", [Ledger];
    AnyoneSaysMore, "STATE N7", [Ledger];
    SealedByAnyone, "STATE A6", [Ledger];
    SealedTwice, "STATE A7", [Ledger];
    SealedAtAnyTime, "STATE A8", [Ledger];
    SealedAnywhere, "STATE A9", [Ledger];
    ContentNotIndexed, "STATE Z1", [Ledger];
    IndexNotCompared, "STATE Z7", [Ledger];
    LastNameWins, "RFC 7493 §2.3", [Model];
];
