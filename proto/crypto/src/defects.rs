//! Rules broken on purpose, to see that the proving ground notices.
//!
//! Compiled only with the feature `seeded-defects`, which the tests ask for and no binary does; even then a rule is broken
//! for the thread inside `with`, or for a process started with the variable that names it. What finds which of them is in
//! `consensus/MUSEUM.md`.

#[cfg(feature = "seeded-defects")]
use std::{cell::Cell, sync::OnceLock};

/// Whether a rule is broken on purpose now: `broken!(AnyEpoch)`. In every build but the tests' it is the word `false`.
#[cfg(feature = "seeded-defects")]
#[macro_export]
macro_rules! broken {
    ($defect:ident) => {
        $crate::defects::is($crate::defects::Defect::$defect)
    };
}

/// Whether a rule is broken on purpose now: `false` in every build but the tests'.
#[cfg(not(feature = "seeded-defects"))]
#[macro_export]
macro_rules! broken {
    ($defect:ident) => {
        false
    };
}

/// A rule that can be broken. Each variant says what the broken code does; rule and pitfall numbers are those of
/// `consensus/SPEC.md`, others of the document named.
#[cfg(feature = "seeded-defects")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// Two thirds of the power are a quorum: 2f instead of 2f + 1.
    QuorumOfTwoThirds,
    /// A signer that stands twice in a certificate counts twice (C1, P19).
    SignerCountsTwice,
    /// A vote's signature does not cover the height (C1, P11).
    HeightNotSigned,
    /// The first block of an epoch is certified in any view, without signatures (C1, P12).
    OpeningOfAnyView,
    /// The certificate a proposal stands on is not verified (C4, P13).
    JustifyUnverified,
    /// A proposal's signature is not asked for (C4, P14).
    ProposerUnsigned,
    /// Any number of signers make a timeout certificate (C2, P15).
    TimeoutCertWithoutQuorum,
    /// A timeout certificate may carry a lower certificate than its signers report (C2, P15).
    TimeoutCertHidesTheHighest,
    /// A certificate older than the highest one is thrown away, even if it makes a block final (K5).
    OlderCertificatesIgnored,
    /// Whatever a block says of the next epoch is agreed to (H2).
    HandoverNotCompared,
    /// Statements of other epochs count (C1, P18).
    AnyEpoch,
    /// Whoever proposes is the leader (V3, P14).
    AnyoneLeads,
    /// A vote in a view that one has left by a timeout (T3, P8).
    VoteAfterTimeout,
    /// One may act in a view again (V2, P9).
    ActsAgain,
    /// A timeout certificate excuses any parent, however old (V6).
    ReportIgnored,
    /// One's own certificate is insisted on where a timeout certificate allows a lower one (V6, P23).
    LockInsistedOn,
    /// Blocks are voted for before their batches are here (V5).
    BatchesNotAwaited,
    /// Two certified blocks in a row are final, whatever views lie between them (K1, P21).
    CommitAcrossGap,
    /// Only the newest of the blocks that are final leaves (K2, P22).
    AncestorsSkipped,
    /// After a restart the timeout certificate of the record is not read (R1, P4).
    RestartForgetsTimeoutCert,
    /// After a restart nothing is said again (R3, P5).
    OwnWordsForgotten,
    /// Timeouts of all views are added up (T6, P18).
    TimeoutsOfAllViews,
    /// A timeout is said once (T4, P24).
    TimeoutSaidOnce,
    /// The time of a view doubles with each failure and has no bound (T5, P28).
    BackOffWithoutEnd,
    /// Of a range of blocks those enter, too, that nothing certifies (F5, P31).
    RangeUncertified,
    /// Who was asked first for a block is asked for ever (F4, P31).
    OnePeerAsked,
    /// On the closing block of an epoch others may order something (H3).
    OrdersAfterClosing,
    /// The next epoch begins before the closing block is durable (H5).
    NextEpochEarly,
    /// Who lost its journal waits for the answers of f + 1 others only (R7).
    SilentTooShortly,
    /// What was decided before is executed again (`ledger/STATE.md`, S4).
    ExecutedAgain,
    /// What was retired or revoked goes on speaking (`ledger/STATE.md`, K1).
    EndedKeysSpeak,
    /// Keys are listed that did not consent (`ledger/STATE.md`, K6).
    KeysUnasked,
    /// Any key of an identity puts a new one in the place of another (`ledger/STATE.md`, K7).
    AnyKeyRotates,
    /// A revocation begins at a size or time that is still to come (`ledger/STATE.md`, K8).
    RevokedAhead,
    /// What a key signed since it was in other hands is believed (`ledger/STATE.md`, K8).
    RevokedFromIgnored,
    /// A head is cosigned before its block is durable (`ledger/store/DURABILITY.md`).
    CosignedBeforeDurable,
    /// An odd node is joined with itself on the way up (RFC 6962 §2.1).
    OddNodeDoubled,
    /// A leaf is hashed without the prefix that tells it from a node (RFC 6962 §2.1).
    NoLeafPrefix,
    /// A proof shows that a leaf is in the log, at whatever index (RFC 9162 §2.1.3.2).
    IndexNotBound,
    /// A consistency proof is checked against the newer root only (RFC 9162 §2.1.4.2).
    OlderRootIgnored,
    /// A receipt is believed without the policy's quorum (C2SP tlog-policy).
    CosignersNotCounted,
    /// One key may sign a checkpoint as often as it likes (C2SP signed-note).
    CosignerCountsTwice,
    /// Of two members of one name in a JSON object the last counts (RFC 7493 §2.3).
    LastNameWins,
    /// Of a statement with two signatures one is checked (`ledger/STATE.md`, T1).
    SecondSignatureIgnored,
    /// An answer to a search may leave out runs that cover leaves of its part (`ledger/STATE.md`, Z3).
    RunsNotCounted,
    /// An answer to a search need not show what stands beside the key in a run (`ledger/STATE.md`, Z2).
    NeighboursNotAsked,
    /// What a validator's service signs counts after the validator has gone (`ledger/STATE.md`, E2).
    ServiceForEver,
    /// Who is of no service acts on sessions (`ledger/STATE.md`, E2).
    AnyoneServes,
    /// A service is endorsed by whoever says so (`ledger/STATE.md`, E1).
    EndorsementUnsigned,
    /// A session is everybody's, whatever the tenant (`ledger/STATE.md`, Q2).
    SessionOfAnyTenant,
    /// A session is measured and finalized after it was finalized (`ledger/STATE.md`, Q4).
    FinalizedAgain,
    /// The proof of a session stands behind no other one (`ledger/STATE.md`, Q4).
    SessionsNotChained,
    /// Any key signs proofs of an identity of ProofNest (`ledger/STATE.md`, N1).
    ProofByAnyKey,
    /// A proof is told again (`ledger/STATE.md`, N3).
    ProofToldTwice,
    /// A proof may be of tomorrow (`ledger/STATE.md`, N4).
    ProofAhead,
    /// A proof may follow one that nobody told (`ledger/STATE.md`, N5).
    ParentNotAsked,
    /// A proof of a chain need not follow the last (`ledger/STATE.md`, N6).
    ChainNotFollowed,
    /// A proof takes any place in a chain (`ledger/STATE.md`, N6).
    ChainWithGaps,
    /// Others say what an issuer did not sign (`ledger/STATE.md`, N7).
    AnyoneSaysMore,
    /// Whoever likes seals for an issuer (`ledger/STATE.md`, A6).
    SealedByAnyone,
    /// An attestation is sealed again under its name (`ledger/STATE.md`, A7).
    SealedTwice,
    /// What is sealed may be of any time (`ledger/STATE.md`, A8).
    SealedAtAnyTime,
    /// A seal takes any place in a chain (`ledger/STATE.md`, A9).
    SealedAnywhere,
    /// The index does not know what content a leaf speaks of (`ledger/STATE.md`, Z1).
    ContentNotIndexed,
    /// Who replays the log takes any index (`ledger/STATE.md`, Z7).
    IndexNotCompared,
}

#[cfg(feature = "seeded-defects")]
impl Defect {
    /// Every defect.
    pub const ALL: [Self; 65] = [
        Self::QuorumOfTwoThirds,
        Self::SignerCountsTwice,
        Self::HeightNotSigned,
        Self::OpeningOfAnyView,
        Self::HandoverNotCompared,
        Self::OlderCertificatesIgnored,
        Self::JustifyUnverified,
        Self::ProposerUnsigned,
        Self::TimeoutCertWithoutQuorum,
        Self::TimeoutCertHidesTheHighest,
        Self::AnyEpoch,
        Self::AnyoneLeads,
        Self::VoteAfterTimeout,
        Self::ActsAgain,
        Self::ReportIgnored,
        Self::LockInsistedOn,
        Self::BatchesNotAwaited,
        Self::CommitAcrossGap,
        Self::AncestorsSkipped,
        Self::RestartForgetsTimeoutCert,
        Self::OwnWordsForgotten,
        Self::TimeoutsOfAllViews,
        Self::TimeoutSaidOnce,
        Self::BackOffWithoutEnd,
        Self::RangeUncertified,
        Self::OnePeerAsked,
        Self::OrdersAfterClosing,
        Self::NextEpochEarly,
        Self::SilentTooShortly,
        Self::ExecutedAgain,
        Self::EndedKeysSpeak,
        Self::KeysUnasked,
        Self::AnyKeyRotates,
        Self::RevokedAhead,
        Self::RevokedFromIgnored,
        Self::CosignedBeforeDurable,
        Self::OddNodeDoubled,
        Self::NoLeafPrefix,
        Self::IndexNotBound,
        Self::OlderRootIgnored,
        Self::CosignersNotCounted,
        Self::CosignerCountsTwice,
        Self::LastNameWins,
        Self::SecondSignatureIgnored,
        Self::RunsNotCounted,
        Self::NeighboursNotAsked,
        Self::ServiceForEver,
        Self::AnyoneServes,
        Self::EndorsementUnsigned,
        Self::SessionOfAnyTenant,
        Self::FinalizedAgain,
        Self::SessionsNotChained,
        Self::ProofByAnyKey,
        Self::ProofToldTwice,
        Self::ProofAhead,
        Self::ParentNotAsked,
        Self::ChainNotFollowed,
        Self::ChainWithGaps,
        Self::AnyoneSaysMore,
        Self::SealedByAnyone,
        Self::SealedTwice,
        Self::SealedAtAnyTime,
        Self::SealedAnywhere,
        Self::ContentNotIndexed,
        Self::IndexNotCompared,
    ];

    /// The defect of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|defect| format!("{defect:?}") == name)
    }
}

#[cfg(feature = "seeded-defects")]
thread_local! {
    static ACTIVE: Cell<Option<Defect>> = Cell::new(from_environment());
}

/// The variable that breaks a rule for a whole process: the name of the variant.
#[cfg(feature = "seeded-defects")]
pub const VARIABLE: &str = "QUORATE_DEFECT";

#[cfg(feature = "seeded-defects")]
fn from_environment() -> Option<Defect> {
    static NAMED: OnceLock<Option<Defect>> = OnceLock::new();
    *NAMED.get_or_init(|| {
        let name = std::env::var(VARIABLE).ok()?;
        Some(Defect::parse(&name).unwrap_or_else(|| panic!("{VARIABLE}: no defect is named {name:?}")))
    })
}

/// Runs `body` with a rule broken.
#[cfg(feature = "seeded-defects")]
pub fn with<T>(defect: Defect, body: impl FnOnce() -> T) -> T {
    let before = ACTIVE.replace(Some(defect));
    let result = body();
    ACTIVE.set(before);
    result
}

/// Whether this rule is broken now, on this thread.
#[cfg(feature = "seeded-defects")]
pub fn is(defect: Defect) -> bool {
    ACTIVE.get() == Some(defect)
}
