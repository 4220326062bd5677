//! How much a record shows, and that it is never taken for more.
//!
//! A record claims a level; what was checked shows one. The lower of the two is confirmed: a claim lifts nothing, and who
//! claims little is not made to say more. Source: the ladder of QCOS evidence, protocol 1.

use std::fmt;

use crypto::Outside;

use crate::canon::Value;

/// A level of evidence, from nothing up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It is not what it says it is.
    Invalid,
    /// Its digests hold; nobody signed it.
    SealedUnsigned,
    /// A key that was good at the time signed it.
    SealedAttested,
    /// The same, and a quantum computer does not forge that.
    SealedAttestedPqc,
    /// The same, and it is bound to a job of the provider that ran it.
    ProviderAttested,
}

impl Level {
    /// Every level, the lowest first.
    pub const ALL: [Self; 5] = [
        Self::Invalid,
        Self::SealedUnsigned,
        Self::SealedAttested,
        Self::SealedAttestedPqc,
        Self::ProviderAttested,
    ];

    /// Its name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID",
            Self::SealedUnsigned => "SEALED_UNSIGNED",
            Self::SealedAttested => "SEALED_ATTESTED",
            Self::SealedAttestedPqc => "SEALED_ATTESTED_PQC",
            Self::ProviderAttested => "PROVIDER_ATTESTED",
        }
    }

    /// The level of exactly this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// What is confirmed of a record that claims `claim`, by what was found of it: the lower of what it claims and shows.
    pub fn confirmed(claim: Self, shown: Shown) -> Self {
        claim.min(shown.level())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What was found of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Every digest in it holds.
    pub is_sealed: bool,
    /// Whose signature of it holds, by a key that was good at the time.
    pub attested: Option<Outside>,
    /// Its item of the execution names the provider's job ([`binds_provider`]).
    pub is_bound: bool,
}

impl Shown {
    /// The level that this shows.
    pub const fn level(self) -> Level {
        match self {
            Self { is_sealed: false, .. } => Level::Invalid,
            Self { attested: None, .. } => Level::SealedUnsigned,
            Self { attested: Some(algorithm), .. } if !algorithm.is_post_quantum() => Level::SealedAttested,
            Self { is_bound: false, .. } => Level::SealedAttestedPqc,
            Self { is_bound: true, .. } => Level::ProviderAttested,
        }
    }
}

/// The label of the item that tells of the execution.
pub const EXECUTION: &str = "Execution";

/// Whether the data of the item labelled [`EXECUTION`] bind a record to what a provider ran: what was compiled, the job, and
/// the result as the provider gave it, each a text that is not empty.
pub fn binds_provider(execution: &Value) -> bool {
    ["compiled_artifact_hash", "provider_job_id", "raw_provider_result_hash"]
        .into_iter()
        .all(|name| execution.get(name).and_then(Value::as_text).is_some_and(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_has_an_order_and_names() {
        assert!(Level::ALL.is_sorted_by(|lower, higher| lower < higher));
        for level in Level::ALL {
            assert_eq!(Level::from_name(level.name()), Some(level));
        }
        for other in ["", "sealed_attested", "SEALED", "PROVIDER_ATTESTED "] {
            assert_eq!(Level::from_name(other), None, "{other:?}");
        }
    }

    #[test]
    fn each_thing_that_is_missing_costs_its_step() {
        let all = Shown { is_sealed: true, attested: Some(Outside::MlDsa65), is_bound: true };
        for (shown, level) in [
            (all, Level::ProviderAttested),
            (Shown { is_bound: false, ..all }, Level::SealedAttestedPqc),
            (Shown { attested: Some(Outside::Ed25519), ..all }, Level::SealedAttested),
            (Shown { attested: None, ..all }, Level::SealedUnsigned),
            (Shown { is_sealed: false, ..all }, Level::Invalid),
        ] {
            assert_eq!(shown.level(), level);
            for claim in Level::ALL {
                let confirmed = Level::confirmed(claim, shown);
                assert!(confirmed <= claim && confirmed <= level, "{claim} of {level}");
                assert!(confirmed == claim || confirmed == level);
            }
        }
    }

    #[test]
    fn a_provider_is_bound_by_three_texts() {
        let names = ["compiled_artifact_hash", "provider_job_id", "raw_provider_result_hash"];
        let of = |texts: [Value; 3]| Value::Object(names.map(str::to_owned).into_iter().zip(texts).collect());
        assert!(binds_provider(&of(["a".into(), "b".into(), "c".into()])));
        for missing in 0..3 {
            for nothing in
                [Value::from(""), Value::Null, Value::from(7), Value::from(true), Value::List(Vec::new())]
            {
                let mut texts = ["a", "b", "c"].map(Value::from);
                texts[missing] = nothing;
                assert!(!binds_provider(&of(texts)), "{missing}");
            }
        }
        assert!(!binds_provider(&Value::Null));
    }
}
