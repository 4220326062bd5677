//! Evidence as a file: two signed statements that exclude each other, for whoever knows the network's validators.
//!
//! The file carries the statements and nothing to trust: who signed, about what, and whether it holds is computed from
//! them and from keys that the reader has from elsewhere: of epoch 0, a genesis. A value has one spelling, so that every
//! changed byte is noticed. Source: `consensus/SPEC.md`, rules E1 to E3; `ledger/STATE.md`, rule C4.

use consensus::{Evidence, EvidenceError};
use ledger::{TwoRoots, TwoRootsError};
use proto::canonical::{Canonical, DecodeError};
use proto::counter::Epoch;
use proto::id::{NetworkId, ValidatorIndex};
use proto::validators::ValidatorSet;
use proto::verified::SignatureChecker;
use serde::{Deserialize, Serialize};

/// What convicts a validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Two ballots or proposals of one view.
    Consensus(Evidence),
    /// Two roots for one size of the log.
    Roots(TwoRoots),
}

/// What a proof is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Two votes.
    Votes,
    /// Two timeouts that report different certificates.
    Timeouts,
    /// Two blocks proposed.
    Proposals,
    /// Two roots of the log.
    Roots,
}

impl Kind {
    /// As it stands in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Votes => "votes",
            Self::Timeouts => "timeouts",
            Self::Proposals => "proposals",
            Self::Roots => "roots",
        }
    }

    /// What `Proof::number` counts.
    pub const fn of_what(self) -> &'static str {
        match self {
            Self::Votes | Self::Timeouts | Self::Proposals => "view",
            Self::Roots => "size",
        }
    }
}

impl Proof {
    /// What it is about.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Consensus(Evidence::Votes(_)) => Kind::Votes,
            Self::Consensus(Evidence::Timeouts(_)) => Kind::Timeouts,
            Self::Consensus(Evidence::Proposals(_)) => Kind::Proposals,
            Self::Roots(_) => Kind::Roots,
        }
    }

    /// The reign it is about: whose keys decide, and what the index of the accused means.
    pub fn epoch(&self) -> Epoch {
        match self {
            Self::Consensus(Evidence::Votes(pair)) => pair[0].statement.epoch,
            Self::Consensus(Evidence::Timeouts(pair)) => pair[0].epoch,
            Self::Consensus(Evidence::Proposals(pair)) => pair[0].block.epoch,
            Self::Roots(TwoRoots(pair)) => pair[0].epoch,
        }
    }

    /// Whom it convicts, if it holds.
    pub fn accused(&self) -> ValidatorIndex {
        match self {
            Self::Consensus(it) => it.accused(),
            Self::Roots(it) => it.accused(),
        }
    }

    /// The view, or the size of the log, that it is about: see `Kind::of_what`.
    pub fn number(&self) -> u64 {
        match self {
            Self::Consensus(it) => it.view().get(),
            Self::Roots(it) => it.size().get(),
        }
    }
}

/// Evidence and the network it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceFile {
    /// The network.
    pub network: NetworkId,
    /// The statements.
    pub proof: Proof,
}

/// Why bytes are no evidence file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceFileError {
    /// Too long; nothing was read.
    #[error("{found} bytes, an evidence file has at most {max}")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// Not JSON, or with members missing, unknown, twice or of the wrong form.
    #[error("not readable: {0}")]
    Json(String),
    /// Another format.
    #[error("format {found:?}, this reads {:?}", EvidenceFile::FORMAT)]
    Format {
        /// The format found.
        found: String,
    },
    /// A statement is not one of its kind.
    #[error("statement {member:?}: {fault}")]
    Statement {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        fault: String,
    },
    /// The same evidence is written differently.
    #[error("not spelled as evidence is written: some byte was changed or added")]
    Spelling,
}

/// Why evidence convicts nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Acquittal {
    /// It is about another network than the validators asked.
    #[error("about network {found}, the validators are of {expected}")]
    Network {
        /// The network found.
        found: NetworkId,
        /// The validators'.
        expected: NetworkId,
    },
    /// It is about another epoch than the validators asked.
    #[error("about epoch {found}, the validators are those of epoch {expected}")]
    Epoch {
        /// The epoch found.
        found: Epoch,
        /// The validators'.
        expected: Epoch,
    },
    /// The ballots or proposals do not convict.
    #[error(transparent)]
    Consensus(#[from] EvidenceError),
    /// The cosignatures do not convict.
    #[error(transparent)]
    Roots(#[from] TwoRootsError),
}

/// The members, in the order in which they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    format: String,
    network: String,
    kind: Kind,
    first: String,
    second: String,
}

impl EvidenceFile {
    /// What the member `format` says.
    pub const FORMAT: &str = "quorate/evidence/v1";
    /// Longest file, in bytes: two proposals in hexadecimal, and what stands around them.
    pub const BYTES_MAX: usize = (1 << 20) + (4 << 10);

    /// The file's text.
    pub fn to_json(&self) -> String {
        let [first, second] = match &self.proof {
            Proof::Consensus(Evidence::Votes(pair)) => pair.each_ref().map(Canonical::encode),
            Proof::Consensus(Evidence::Timeouts(pair)) => pair.each_ref().map(Canonical::encode),
            Proof::Consensus(Evidence::Proposals(pair)) => pair.each_ref().map(Canonical::encode),
            Proof::Roots(TwoRoots(pair)) => pair.each_ref().map(Canonical::encode),
        };
        let shape = Shape {
            format: Self::FORMAT.to_owned(),
            network: self.network.to_string(),
            kind: self.proof.kind(),
            first: hex::encode(first),
            second: hex::encode(second),
        };
        let mut text = serde_json::to_string_pretty(&shape).expect("strings are always JSON");
        text.push('\n');
        text
    }

    /// Reads a file. Nothing is verified.
    ///
    /// # Errors
    /// `EvidenceFileError`.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceFileError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(EvidenceFileError::TooLarge { found: bytes.len(), max: Self::BYTES_MAX });
        }
        let json = |fault: String| EvidenceFileError::Json(fault);
        let shape: Shape = serde_json::from_slice(bytes).map_err(|fault| json(fault.to_string()))?;
        if shape.format != Self::FORMAT {
            return Err(EvidenceFileError::Format { found: shape.format.chars().take(80).collect() });
        }
        let network = shape.network.parse().map_err(|fault| json(format!("network: {fault}")))?;
        let proof = match shape.kind {
            Kind::Votes => Proof::Consensus(Evidence::Votes(pair(&shape)?)),
            Kind::Timeouts => Proof::Consensus(Evidence::Timeouts(pair(&shape)?)),
            Kind::Proposals => Proof::Consensus(Evidence::Proposals(pair(&shape)?)),
            Kind::Roots => Proof::Roots(TwoRoots(pair(&shape)?)),
        };
        let file = Self { network, proof };
        match file.to_json().as_bytes() == bytes {
            true => Ok(file),
            false => Err(EvidenceFileError::Spelling),
        }
    }

    /// Checks that the statements convict, by the keys of the validators of their epoch.
    ///
    /// # Errors
    /// `Acquittal`.
    pub fn verify(&self, set: &ValidatorSet, checker: &dyn SignatureChecker) -> Result<(), Acquittal> {
        let (network, epoch) = (*set.network(), self.proof.epoch());
        if self.network != network {
            return Err(Acquittal::Network { found: self.network, expected: network });
        }
        if epoch != set.epoch() {
            return Err(Acquittal::Epoch { found: epoch, expected: set.epoch() });
        }
        match &self.proof {
            Proof::Consensus(it) => Ok(it.verify(set, checker)?),
            Proof::Roots(it) => Ok(it.verify(set, checker)?),
        }
    }
}

fn pair<T: Canonical>(shape: &Shape) -> Result<Box<[T; 2]>, EvidenceFileError> {
    let statement = |member: &'static str, text: &str| {
        let fault = |fault: String| EvidenceFileError::Statement { member, fault };
        let bytes = hex::decode(text).map_err(|it| fault(it.to_string()))?;
        T::decode(&bytes).map_err(|it: DecodeError| fault(it.to_string()))
    };
    Ok(Box::new([statement("first", &shape.first)?, statement("second", &shape.second)?]))
}

#[cfg(test)]
mod tests;
