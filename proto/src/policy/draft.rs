//! A policy while its definitions arrive, each checked against those before it.
//!
//! Both a file and a validator set become a policy through this one gate.
//! Source: C2SP tlog-policy.

use std::collections::BTreeSet;

use super::{Policy, PolicyFault, PolicyGroup, PolicyLog, PolicyWitness};
use crate::note::{NoteKey, SignatureType};

/// The definitions so far.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) logs: Vec<PolicyLog>,
    pub(super) witnesses: Vec<PolicyWitness>,
    pub(super) groups: Vec<PolicyGroup>,
    /// Names of witnesses and groups.
    defined: BTreeSet<String>,
    /// Names that are members of a group.
    members: BTreeSet<String>,
}

impl Draft {
    pub(super) fn log(&mut self, log: PolicyLog) -> Result<(), PolicyFault> {
        let earlier = self.logs.iter().map(|log| &log.key);
        self.check_key(&log.key, earlier, "log")?;
        push(&mut self.logs, log, "logs", Policy::LOGS_MAX)
    }

    pub(super) fn witness(&mut self, witness: PolicyWitness) -> Result<(), PolicyFault> {
        let earlier = self.witnesses.iter().map(|witness| &witness.key);
        self.check_key(&witness.key, earlier, "witness")?;
        self.define(&witness.name)?;
        push(&mut self.witnesses, witness, "witnesses", Policy::WITNESSES_MAX)
    }

    pub(super) fn group(&mut self, group: PolicyGroup) -> Result<(), PolicyFault> {
        let (found, members) = (group.needed(), group.members.len());
        if found == 0 || found > members {
            return Err(PolicyFault::Threshold { found: found.to_string(), members });
        }
        for member in &group.members {
            self.expect_defined(member)?;
            if !self.members.insert(member.clone()) {
                return Err(PolicyFault::MemberTwice { name: member.clone() });
            }
        }
        // After its members, so that a group cannot be a member of itself.
        self.define(&group.name)?;
        push(&mut self.groups, group, "groups", Policy::GROUPS_MAX)
    }

    pub(super) fn expect_defined(&self, name: &str) -> Result<(), PolicyFault> {
        match self.defined.contains(name) {
            true => Ok(()),
            false => Err(PolicyFault::Undefined { name: name.to_owned() }),
        }
    }

    fn define(&mut self, name: &str) -> Result<(), PolicyFault> {
        let one_word = !name.is_empty() && !name.contains([' ', '\t', '\n']);
        if !one_word || name == "none" || !self.defined.insert(name.to_owned()) {
            return Err(PolicyFault::Name { name: name.to_owned() });
        }
        Ok(())
    }

    fn check_key<'a>(
        &self,
        key: &NoteKey,
        mut earlier: impl Iterator<Item = &'a NoteKey>,
        role: &'static str,
    ) -> Result<(), PolicyFault> {
        // An ECDSA key, or one for the tree heads of RFC 6962, signs without a time: no witness does.
        if let (0x02 | 0x05, "witness") = (key.type_byte(), role) {
            return Err(PolicyFault::OpaqueRole { found: key.type_byte(), role });
        }
        if let Some((found, _)) = key.known() {
            let is_log = match found {
                SignatureType::Ed25519 => true,
                SignatureType::CosignatureEd25519 | SignatureType::CosignatureMlDsa65 => false,
            };
            if is_log != (role == "log") {
                return Err(PolicyFault::Role { found, role });
            }
        }
        if earlier.any(|other| other.is_same_key(key)) {
            return Err(PolicyFault::KeyTwice { name: key.name().clone() });
        }
        let keys = self.logs.iter().map(|log| &log.key).chain(self.witnesses.iter().map(|w| &w.key));
        for other in keys {
            if other.id() == key.id() && other.name() == key.name() {
                return Err(PolicyFault::KeyIdTwice { name: key.name().clone(), id: key.id() });
            }
        }
        Ok(())
    }
}

fn push<T>(list: &mut Vec<T>, item: T, what: &'static str, max: usize) -> Result<(), PolicyFault> {
    if list.len() == max {
        return Err(PolicyFault::TooMany { what, max });
    }
    list.push(item);
    Ok(())
}
