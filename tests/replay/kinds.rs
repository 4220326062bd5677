//! What there is to be done, and that a chain does all of it.
//!
//! Each list names the variants of a type in patterns that leave nothing out: a new variant does not compile until it has a
//! line here, and a line here is a failure until the story has an example.

use std::collections::{BTreeMap, BTreeSet};

use crypto::Scheme;
use ledger::change::Table;
use ledger::read::Read;
use proto::job;
use proto::operation::evidence::EvidenceAct;
use proto::operation::issuer::{IssuerKeyChange, IssuerStatus};
use proto::operation::{Operation, Retention, RetentionClass, RevokedFrom};
use proto::primitive::Told;
use proto::session::Act;
use proto::signer::SignerChange;
use proto::statement::Format;

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident of $type:ty: $($kind:ident = $pattern:pat,)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($kind),*
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            pub const fn of(it: &$type) -> Self {
                match it {
                    $($pattern => Self::$kind),*
                }
            }
        }
    };
}

kinds! {
    /// What a submission may ask, a line each.
    Kind of Operation:
    IdentityCreate = Operation::IdentityCreate { .. },
    KeyAdd = Operation::KeyAdd { .. },
    KeyRotate = Operation::KeyRotate { .. },
    KeyRevoke = Operation::KeyRevoke { .. },
    ProofSubmit = Operation::ProofSubmit { .. },
    AttestationIssue = Operation::AttestationIssue { .. },
    AttestationRevoke = Operation::AttestationRevoke { .. },
    IssuerSet = Operation::IssuerSet(_),
    IssuerKey = Operation::IssuerKey(_),
    AttestationSeal = Operation::AttestationSeal(_),
    BatchAnchor = Operation::BatchAnchor { .. },
    ArtifactCommit = Operation::ArtifactCommit { .. },
    RetentionTombstone = Operation::RetentionTombstone { .. },
    ValidatorJoin = Operation::ValidatorJoin { .. },
    ValidatorLeave = Operation::ValidatorLeave { .. },
    ServiceEndorse = Operation::ServiceEndorse { .. },
    SessionOpen = Operation::Session { act: Act::Open(_), .. },
    SessionSample = Operation::Session { act: Act::Sample(_), .. },
    SessionFinalize = Operation::Session { act: Act::Finalize, .. },
    SessionDelete = Operation::Session { act: Act::Delete, .. },
    ProofPrimitive = Operation::ProofPrimitive(_),
    StatementRegister = Operation::Statement(_),
    JobOpen = Operation::Job { act: job::Act::Open(_), .. },
    JobRun = Operation::Job { act: job::Act::Run { .. }, .. },
    JobComplete = Operation::Job { act: job::Act::Complete { .. }, .. },
    JobFail = Operation::Job { act: job::Act::Fail { .. }, .. },
    EvidenceSeal = Operation::Evidence { act: EvidenceAct::Seal(_), .. },
    EvidenceVerified = Operation::Evidence { act: EvidenceAct::Verified, .. },
    EvidenceDelete = Operation::Evidence { act: EvidenceAct::Delete { .. }, .. },
    Signer = Operation::Signer(_),
}

kinds! {
    /// From where on a key is not believed.
    From of RevokedFrom:
    Here = RevokedFrom::Here,
    Size = RevokedFrom::Size(_),
    Time = RevokedFrom::Time(_),
}

kinds! {
    /// How long something is kept.
    Kept of Retention:
    UntilErased = Retention::UntilErased,
    Until = Retention::Until(_),
    WriteOnce = Retention::WriteOnce(_),
    Standard = Retention::Of(RetentionClass::Standard),
    Compliance = Retention::Of(RetentionClass::Compliance),
}

kinds! {
    /// What becomes of an issuer's key.
    KeyChange of IssuerKeyChange:
    List = IssuerKeyChange::List { .. },
    Drop = IssuerKeyChange::Drop { .. },
}

kinds! {
    /// What becomes of a key that signs evidence.
    OfSigner of SignerChange:
    List = SignerChange::List(_),
    Revoke = SignerChange::Revoke { .. },
}

kinds! {
    /// What is said of an issuer.
    Standing of IssuerStatus:
    Active = IssuerStatus::Active,
    Inactive = IssuerStatus::Inactive,
}

kinds! {
    /// How a proof is told.
    Telling of Told:
    Whole = Told::Whole(_),
    Hashes = Told::Hashes { .. },
}

/// The schemes that sign proofs of ProofNest.
const PROOFNEST: [Scheme; 3] = [Scheme::Ed25519, Scheme::Dilithium3R3, Scheme::HybridDilithium3R3Ed25519];

/// What a chain holds.
#[derive(Debug, Default)]
pub struct Count {
    /// Of each kind, how many were accepted and how many refused.
    kinds: BTreeMap<Kind, [u64; 2]>,
    from: BTreeSet<From>,
    kept: BTreeSet<Kept>,
    key_changes: BTreeSet<KeyChange>,
    signers: BTreeSet<OfSigner>,
    standings: BTreeSet<Standing>,
    tellings: BTreeSet<Telling>,
    formats: BTreeSet<u32>,
    schemes: BTreeSet<Scheme>,
    /// Names of what was accepted.
    pub names: BTreeSet<&'static str>,
    /// Codes of refusals.
    pub codes: BTreeSet<&'static str>,
}

impl Count {
    /// One that was decided, and the code of its refusal.
    pub fn add(&mut self, operation: &Operation, refused: Option<&'static str>) {
        let count = self.kinds.entry(Kind::of(operation)).or_default();
        count[usize::from(refused.is_some())] += 1;
        if let Some(code) = refused {
            self.codes.insert(code);
            return;
        }
        self.names.insert(operation.name());
        match operation {
            Operation::KeyRevoke { from, .. } => drop(self.from.insert(From::of(from))),
            Operation::ArtifactCommit { retention, .. } => drop(self.kept.insert(Kept::of(retention))),
            Operation::IssuerKey(it) => drop(self.key_changes.insert(KeyChange::of(&it.change))),
            Operation::IssuerSet(it) => drop(self.standings.insert(Standing::of(&it.status))),
            Operation::Signer(it) => drop(self.signers.insert(OfSigner::of(it))),
            Operation::Statement(facts) => drop(self.formats.insert(facts.format.id())),
            Operation::ProofPrimitive(it) => {
                self.tellings.insert(Telling::of(&it.told));
                self.schemes.insert(it.key.scheme());
            }
            Operation::IdentityCreate { .. }
            | Operation::KeyAdd { .. }
            | Operation::KeyRotate { .. }
            | Operation::ProofSubmit { .. }
            | Operation::AttestationIssue { .. }
            | Operation::AttestationRevoke { .. }
            | Operation::AttestationSeal(_)
            | Operation::BatchAnchor { .. }
            | Operation::RetentionTombstone { .. }
            | Operation::ValidatorJoin { .. }
            | Operation::ValidatorLeave { .. }
            | Operation::ServiceEndorse { .. }
            | Operation::Session { .. }
            | Operation::Job { .. }
            | Operation::Evidence { .. } => {}
        }
    }

    /// What it lacks, in words; nothing when every kind was accepted and refused, in every shade.
    pub fn lacks(&self) -> Vec<String> {
        let mut lacks = Vec::new();
        for kind in Kind::ALL {
            let [accepted, refused] = self.kinds.get(kind).copied().unwrap_or_default();
            if accepted == 0 || refused == 0 {
                lacks.push(format!("{kind:?}: {accepted} accepted, {refused} refused"));
            }
        }
        missing(From::ALL, &self.from, &mut lacks);
        missing(Kept::ALL, &self.kept, &mut lacks);
        missing(KeyChange::ALL, &self.key_changes, &mut lacks);
        missing(OfSigner::ALL, &self.signers, &mut lacks);
        missing(Standing::ALL, &self.standings, &mut lacks);
        missing(Telling::ALL, &self.tellings, &mut lacks);
        missing(&Format::ALL.map(Format::id), &self.formats, &mut lacks);
        missing(&PROOFNEST, &self.schemes, &mut lacks);
        lacks
    }
}

fn missing<T: Copy + Ord + std::fmt::Debug>(all: &[T], found: &BTreeSet<T>, lacks: &mut Vec<String>) {
    let missing = all.iter().filter(|it| !found.contains(it));
    lacks.extend(missing.map(|it| format!("{} {it:?}", std::any::type_name::<T>())));
}

/// The tables of the replicated state that hold nothing.
pub fn empty_tables(store: &dyn Read) -> Vec<Table> {
    let is_empty = |table: &Table| store.at_or_above(*table, &[]).expect("readable").is_none();
    Table::ALL.into_iter().filter(|table| table.is_state()).filter(is_empty).collect()
}

#[test]
fn what_is_not_there_is_named() {
    let mut count = Count::default();
    let lacks = count.lacks();
    assert_eq!(
        lacks.len(),
        Kind::ALL.len()
            + From::ALL.len()
            + Kept::ALL.len()
            + 2
            + 2
            + 2
            + 2
            + Format::ALL.len()
            + PROOFNEST.len()
    );
    let anchor = Operation::BatchAnchor { root: crypto::sha256(b"root"), count: 1, tree: String::new() };
    count.add(&anchor, None);
    assert!(count.lacks().contains(&"BatchAnchor: 1 accepted, 0 refused".to_owned()));
    count.add(&anchor, Some("key_retired"));
    assert_eq!(count.lacks().len(), lacks.len() - 1);
}
