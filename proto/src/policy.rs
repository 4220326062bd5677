//! Trust policies: which logs and which quorum of cosigners a verifier believes.
//!
//! "Two thirds of the validators, with both of their keys" is one group of groups, so a tool that has never heard of
//! this ledger can check what its validators agreed on. A policy is the only root of trust a verifier has; nothing
//! in a receipt can add to it.
//! Source: C2SP tlog-policy. Narrower than that: names and comments are UTF-8.

mod draft;
mod template;
mod text;

pub use template::{Outside, PostQuantum};

use std::collections::BTreeSet;

use self::draft::Draft;
use crate::note::{KeyName, NoteKey, NoteKeyError, NoteKeyId, SignatureType};

/// A log whose checkpoints are believed; the key's name is its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key.
    pub key: NoteKey,
    /// Where it is served.
    pub url: Option<String>,
}

/// A cosigner that may count towards the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name in this policy.
    pub name: String,
    /// Its key.
    pub key: NoteKey,
    /// Where it is served.
    pub url: Option<String>,
}

/// How many members of a group must have cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// Every one.
    All,
    /// At least one.
    Any,
    /// At least so many; from 1 to the number of members.
    AtLeast(usize),
}

/// Several witnesses or groups that count as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyGroup {
    /// Its name in this policy.
    pub name: String,
    /// How many of its members must have cosigned.
    pub threshold: Threshold,
    /// Names of witnesses and of earlier groups, each a member of nothing else.
    pub members: Vec<String>,
}

impl PolicyGroup {
    /// How many of its members must have cosigned.
    pub fn needed(&self) -> usize {
        match self.threshold {
            Threshold::All => self.members.len(),
            Threshold::Any => 1,
            Threshold::AtLeast(count) => count,
        }
    }
}

/// Whose cosignatures a checkpoint needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// Nobody's: a log's signature is enough.
    None,
    /// Those of this witness or group.
    Of(String),
}

/// What a line of a policy cannot say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// The first word of the line is not known.
    #[error("begins with {found:?}, not with log, witness, group or quorum")]
    Keyword {
        /// The word.
        found: String,
    },
    /// Too few words or too many.
    #[error("is not of the form: {form}")]
    Form {
        /// The form it should have.
        form: &'static str,
    },
    /// A control character other than tab and newline.
    #[error("holds the control character 0x{found:02x}")]
    Control {
        /// The byte found.
        found: u8,
    },
    /// The line is not ended by a newline.
    #[error("does not end in a newline: the file may have been cut off")]
    Unfinished,
    /// Not a vkey.
    #[error(transparent)]
    Key(#[from] NoteKeyError),
    /// A log's key in the place of a witness, or the reverse.
    #[error("a key for a {} cannot be the key of a {role}", .found.name())]
    Role {
        /// What the key signs.
        found: SignatureType,
        /// What the line defines.
        role: &'static str,
    },
    /// A key of a type that signs no checkpoint in this role, and that is not understood here otherwise.
    #[error("a key of type 0x{found:02x} cannot be the key of a {role}")]
    OpaqueRole {
        /// The type.
        found: u8,
        /// What the line defines.
        role: &'static str,
    },
    /// One public key is given twice.
    #[error("the key of {name} was given before")]
    KeyTwice {
        /// The key's name.
        name: KeyName,
    },
    /// Two keys that a signature line cannot tell apart.
    #[error("two keys have the name {name} and the id {id}")]
    KeyIdTwice {
        /// The name.
        name: KeyName,
        /// The id.
        id: NoteKeyId,
    },
    /// A name is not one word, is reserved, or is defined twice.
    #[error("{name:?} is defined before, reserved, or not one word")]
    Name {
        /// The name.
        name: String,
    },
    /// A name that no earlier line defines.
    #[error("{name:?} is not defined on a line before")]
    Undefined {
        /// The name.
        name: String,
    },
    /// A name stands in two groups, or twice in one: it would count twice.
    #[error("{name:?} is a member of a group already")]
    MemberTwice {
        /// The name.
        name: String,
    },
    /// A threshold is not a number between 1 and the number of members.
    #[error("threshold {found:?} of {members} members: all, any, or a number from 1 to {members} is needed")]
    Threshold {
        /// The threshold found.
        found: String,
        /// Number of members.
        members: usize,
    },
    /// The quorum is defined twice.
    #[error("the quorum is defined before")]
    QuorumTwice,
    /// More logs, witnesses or groups than are read.
    #[error("more than {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// Number allowed.
        max: usize,
    },
}

/// Why a text or a validator set gives no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Longer than a policy may be; nothing was read.
    #[error("the policy has {found} bytes, at most {max} are allowed")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// A line is refused.
    #[error("line {line} of the policy {fault}")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        fault: PolicyFault,
    },
    /// No line says whose cosignatures are needed.
    #[error("the policy has no quorum line")]
    NoQuorum,
    /// The validators' keys or names do not make a policy.
    #[error("the validator set gives no policy: {0}")]
    Set(PolicyFault),
    /// A policy counts heads; no count says the same as these voting powers.
    #[error(
        "{fewest} validators can hold a quorum of voting power, and other {fewest} cannot: no count says that"
    )]
    UnequalPowers {
        /// The smallest number of validators that can hold a quorum.
        fewest: usize,
    },
}

/// What a verifier believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<PolicyGroup>,
    quorum: Quorum,
}

/// Whose key a signature line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer<'a> {
    /// A log's.
    Log(&'a PolicyLog),
    /// A witness's.
    Witness(&'a PolicyWitness),
}

impl Policy {
    /// Longest policy, in bytes: 100 validators take some 320 kB.
    pub const BYTES_MAX: usize = 1 << 20;
    /// Most logs.
    pub const LOGS_MAX: usize = 256;
    /// Most witnesses.
    pub const WITNESSES_MAX: usize = 512;
    /// Most groups.
    pub const GROUPS_MAX: usize = 256;

    /// The logs, in the policy's order.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses, in the policy's order.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// The groups; each has only members that stand before it.
    pub fn groups(&self) -> &[PolicyGroup] {
        &self.groups
    }

    /// Whose cosignatures a checkpoint needs.
    pub const fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// Whose key has this name and id. At most one has: two would have been refused.
    pub fn signer(&self, name: &KeyName, id: NoteKeyId) -> Option<Signer<'_>> {
        let is_it = |key: &NoteKey| key.id() == id && key.name() == name;
        let log = self.logs.iter().find(|log| is_it(&log.key)).map(Signer::Log);
        log.or_else(|| self.witnesses.iter().find(|witness| is_it(&witness.key)).map(Signer::Witness))
    }

    /// Whether the quorum has cosigned when the witnesses of these names have.
    pub fn satisfied(&self, cosigned: &BTreeSet<&str>) -> bool {
        let Quorum::Of(quorum) = &self.quorum else {
            return true;
        };
        let known = self.witnesses.iter().map(|witness| witness.name.as_str());
        let mut holds: BTreeSet<&str> = known.filter(|name| cosigned.contains(name)).collect();
        // Members stand before their group, so one pass decides all of them.
        for group in &self.groups {
            let found = group.members.iter().filter(|member| holds.contains(member.as_str())).count();
            if found >= group.needed() {
                holds.insert(&group.name);
            }
        }
        holds.contains(quorum.as_str())
    }
}
