//! The policies that a network's own validators and outside witnesses make.
//!
//! What people ask of a log fits two questions: are both of a validator's keys needed, and must somebody outside have
//! seen it too? Groups of groups say both, in a file that tools of others read.
//! Source: C2SP tlog-policy.

use super::{
    Draft, Policy, PolicyError, PolicyFault, PolicyGroup, PolicyLog, PolicyWitness, Quorum, Threshold,
};
use crate::checkpoint::note_keys;
use crate::note::{KeyName, NoteKey, SignatureType};
use crate::validators::ValidatorSet;

/// What is asked of the post-quantum half of each signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostQuantum {
    /// Both of a signer's keys must have signed: a forger must break Ed25519 and ML-DSA-65.
    Require,
    /// One of a signer's keys is enough.
    Accept,
}

impl PostQuantum {
    const fn threshold(self) -> Threshold {
        match self {
            Self::Require => Threshold::All,
            Self::Accept => Threshold::Any,
        }
    }
}

/// Witnesses beside the validators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// How many of them must have cosigned.
    pub threshold: Threshold,
    /// Their keys, each perhaps with where it is served; keys of one name are one witness's.
    pub keys: Vec<(NoteKey, Option<String>)>,
}

impl Policy {
    /// The policy that says "a quorum of these validators, by both of their keys": see [`Policy::template`].
    ///
    /// # Errors
    /// As `template`.
    pub fn of(set: &ValidatorSet) -> Result<Self, PolicyError> {
        Self::template(set, PostQuantum::Require, None)
    }

    /// The policy of these validators: each one's log key; a group `<name>` of `<name>-ed25519` and `<name>-ml-dsa-65`,
    /// of which both or one are needed; the group `validators` that needs as many of these as a quorum has. With
    /// witnesses outside also a group `witnesses`, and `network` that needs both groups.
    ///
    /// A policy counts members and cannot weigh them. So validators of unequal power get one only if some count says
    /// exactly the same: every so many validators are a quorum, and no fewer ever are.
    ///
    /// # Errors
    /// `UnequalPowers` when there is no such count, `Set` when names collide, as of validators `a` and `a-ed25519`, or
    /// a witness's key cannot be one.
    pub fn template(
        set: &ValidatorSet,
        post_quantum: PostQuantum,
        outside: Option<&Outside>,
    ) -> Result<Self, PolicyError> {
        let count = quorum_count(set)?;
        filled(set, count, post_quantum, outside).map_err(PolicyError::Set)
    }
}

fn filled(
    set: &ValidatorSet,
    count: usize,
    post_quantum: PostQuantum,
    outside: Option<&Outside>,
) -> Result<Policy, PolicyFault> {
    let mut draft = Draft::default();
    let mut members = Vec::with_capacity(set.count());
    for (_, validator) in set.iter() {
        let [log, ed25519, ml_dsa_65] = note_keys(set, validator)?;
        draft.log(PolicyLog { key: log, url: None })?;
        let keys = [(ed25519, None), (ml_dsa_65, None)];
        members.push(signer(&mut draft, &validator.name, &keys, post_quantum)?);
    }
    let validators = group(&mut draft, "validators", Threshold::AtLeast(count), members)?;
    let quorum = match outside {
        None => validators,
        Some(Outside { threshold, keys }) => {
            let mut names: Vec<&KeyName> = Vec::new();
            for (key, _) in keys {
                if !names.contains(&key.name()) {
                    names.push(key.name());
                }
            }
            let mut members = Vec::with_capacity(names.len());
            for name in names {
                let keys: Vec<_> = keys.iter().filter(|(key, _)| key.name() == name).cloned().collect();
                members.push(signer(&mut draft, name.as_str(), &keys, post_quantum)?);
            }
            let witnesses = group(&mut draft, "witnesses", *threshold, members)?;
            group(&mut draft, "network", Threshold::All, vec![validators, witnesses])?
        }
    };
    let Draft { logs, witnesses, groups, .. } = draft;
    Ok(Policy { logs, witnesses, groups, quorum: Quorum::Of(quorum) })
}

/// One who signs: a witness by a single key, or a group of a witness for each key.
fn signer(
    draft: &mut Draft,
    name: &str,
    keys: &[(NoteKey, Option<String>)],
    post_quantum: PostQuantum,
) -> Result<String, PolicyFault> {
    if let [(key, url)] = keys {
        let (name, key, url) = (name.to_owned(), key.clone(), url.clone());
        draft.witness(PolicyWitness { name: name.clone(), key, url })?;
        return Ok(name);
    }
    let mut members = Vec::with_capacity(keys.len());
    for (key, url) in keys {
        let name = format!("{name}-{}", suffix(key));
        members.push(name.clone());
        draft.witness(PolicyWitness { name, key: key.clone(), url: url.clone() })?;
    }
    group(draft, name, post_quantum.threshold(), members)
}

fn suffix(key: &NoteKey) -> String {
    match key.known() {
        Some((SignatureType::Ed25519 | SignatureType::CosignatureEd25519, _)) => "ed25519".to_owned(),
        Some((SignatureType::CosignatureMlDsa65, _)) => "ml-dsa-65".to_owned(),
        None if key.ml_dsa_44().is_some() => "ml-dsa-44".to_owned(),
        None => format!("type-{:02x}", key.type_byte()),
    }
}

fn group(
    draft: &mut Draft,
    name: &str,
    threshold: Threshold,
    members: Vec<String>,
) -> Result<String, PolicyFault> {
    draft.group(PolicyGroup { name: name.to_owned(), threshold, members })?;
    Ok(name.to_owned())
}

/// The number of validators that says the same as a quorum of their power.
fn quorum_count(set: &ValidatorSet) -> Result<usize, PolicyError> {
    let mut powers: Vec<u64> = set.iter().map(|(_, validator)| validator.power).collect();
    powers.sort_unstable();
    let (mut count, mut strongest) = (0, 0);
    for power in powers.iter().rev() {
        count += 1;
        strongest += power;
        if strongest >= set.quorum_power() {
            break;
        }
    }
    let weakest: u64 = powers.iter().take(count).sum();
    match weakest >= set.quorum_power() {
        true => Ok(count),
        false => Err(PolicyError::UnequalPowers { fewest: count }),
    }
}
