//! A policy in plain words.

use proto::note::{NoteKey, SignatureType};
use proto::policy::{Policy, PolicyGroup, PolicyWitness, Quorum, Threshold};

/// Names listed before the rest is only counted.
const LISTED_MAX: usize = 10;

/// What a key signs with.
pub fn kind(key: &NoteKey) -> &'static str {
    match key.known() {
        Some((SignatureType::Ed25519 | SignatureType::CosignatureEd25519, _)) => "Ed25519",
        Some((SignatureType::CosignatureMlDsa65, _)) => "ML-DSA-65",
        None if key.ml_dsa_44().is_some() => "ML-DSA-44",
        None => "of a type not checked here",
    }
}

/// Which logs are believed.
pub fn logs(policy: &Policy) -> String {
    let mut origins: Vec<(&str, usize)> = Vec::new();
    for log in policy.logs() {
        let origin = log.key.name().as_str();
        match origins.iter_mut().find(|(known, _)| *known == origin) {
            Some((_, keys)) => *keys += 1,
            None => origins.push((origin, 1)),
        }
    }
    match origins.as_slice() {
        [] => "no log".to_owned(),
        some => {
            let each = some.iter().map(|(origin, keys)| match keys {
                1 => format!("the log {origin}, by its key"),
                keys => format!("the log {origin}, by any of {keys} keys"),
            });
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

/// Whose cosignatures are needed.
pub fn quorum(policy: &Policy) -> String {
    match policy.quorum() {
        Quorum::None => "nobody: the log's word is enough".to_owned(),
        Quorum::Of(name) => who(policy, name),
    }
}

fn witness<'a>(policy: &'a Policy, name: &str) -> Option<&'a PolicyWitness> {
    policy.witnesses().iter().find(|witness| witness.name == name)
}

fn group<'a>(policy: &'a Policy, name: &str) -> Option<&'a PolicyGroup> {
    policy.groups().iter().find(|group| group.name == name)
}

/// By which keys one signer signs, if a name is one: a witness, or a group of keys that sign under one name.
fn signer(policy: &Policy, name: &str) -> Option<String> {
    if let Some(witness) = witness(policy, name) {
        return Some(kind(&witness.key).to_owned());
    }
    let group = group(policy, name)?;
    let keys: Vec<&NoteKey> =
        group.members.iter().map(|member| Some(&witness(policy, member)?.key)).collect::<Option<_>>()?;
    if keys.len() < 2 || keys.iter().any(|key| key.name() != keys[0].name()) {
        return None;
    }
    let kinds: Vec<&str> = keys.iter().map(|key| kind(key)).collect();
    match group.threshold {
        Threshold::All => Some(kinds.join(" and ")),
        Threshold::Any => Some(kinds.join(" or ")),
        Threshold::AtLeast(count) if count == kinds.len() => Some(kinds.join(" and ")),
        Threshold::AtLeast(count) => Some(format!("{count} of {}", kinds.join(", "))),
    }
}

/// A policy's groups stand one in the other at most as often as it has groups, so this ends.
fn who(policy: &Policy, name: &str) -> String {
    if let Some(kinds) = signer(policy, name) {
        return format!("{name}, by {kinds}");
    }
    // A quorum and a member are defined: the policy was read.
    let Some(group) = group(policy, name) else { return name.to_owned() };
    let count = group.members.len();
    let signers: Option<Vec<String>> = group.members.iter().map(|member| signer(policy, member)).collect();
    let Some(kinds) = signers else {
        let members: Vec<String> = group.members.iter().map(|member| who(policy, member)).collect();
        return match group.threshold {
            Threshold::All => members.join("; and "),
            Threshold::Any => format!("either {}", members.join("; or ")),
            Threshold::AtLeast(needed) => format!("at least {needed} of: {}", members.join("; ")),
        };
    };
    let listed = match count > LISTED_MAX {
        true => format!("the {count} {}, {} to {}", group.name, group.members[0], group.members[count - 1]),
        false => group.members.join(" "),
    };
    let some = match (group.needed(), count) {
        (_, 1) => listed,
        (1, _) => format!("one of {listed}"),
        (needed, _) if needed == count => format!("all of {listed}"),
        (needed, _) => format!("at least {needed} of {listed}"),
    };
    match kinds.iter().all(|one| *one == kinds[0]) {
        true => format!("{some}, each by {}", kinds[0]),
        false => {
            let each = group.members.iter().zip(&kinds).map(|(name, kinds)| format!("{name} by {kinds}"));
            format!("{some} ({})", each.collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A policy of keys whose bytes do not matter here, but for their types.
    fn policy(rest: &str) -> Policy {
        use crypto::{Scheme, SecretKey};
        use proto::note::KeyName;
        let mut text = String::new();
        for (number, name) in (1..).zip(["v1", "v2", "v3", "w"]) {
            for (kind, end) in
                [(SignatureType::CosignatureEd25519, "ed"), (SignatureType::CosignatureMlDsa65, "pq")]
            {
                let key = SecretKey::from_seed(kind.scheme(), &[number; 32]).expect("signs");
                let name_of = KeyName::parse(&format!("log.example/{name}")).expect("a name");
                let key = NoteKey::new(name_of, kind, key.public().clone()).expect("fits");
                text += &format!("witness {name}-{end} {key}\n");
            }
        }
        let log = SecretKey::from_seed(Scheme::Ed25519, &[9; 32]).expect("signs");
        let origin = KeyName::parse("log.example").expect("a name");
        let log = NoteKey::new(origin, SignatureType::Ed25519, log.public().clone()).expect("fits");
        format!("log {log}\n{text}{rest}").parse().expect("a policy")
    }

    const THREE: &str = "group v1 all v1-ed v1-pq\ngroup v2 all v2-ed v2-pq\ngroup v3 all v3-ed v3-pq\n";

    #[test]
    fn a_policy_is_said_as_people_would_say_it() {
        let said = |rest: &str| quorum(&policy(&format!("{THREE}{rest}\n")));
        let both = "at least 2 of v1 v2 v3, each by Ed25519 and ML-DSA-65";
        assert_eq!(said("group validators 2 v1 v2 v3\nquorum validators"), both);
        let outside =
            "group validators 2 v1 v2 v3\ngroup witnesses any w-ed\ngroup net all validators witnesses";
        assert_eq!(said(&format!("{outside}\nquorum net")), format!("{both}; and w-ed, each by Ed25519"));
        assert_eq!(said("quorum v1"), "v1, by Ed25519 and ML-DSA-65");
        assert_eq!(said("quorum w-pq"), "w-pq, by ML-DSA-65");
        assert_eq!(said("quorum none"), "nobody: the log's word is enough");
        let mixed = "one of v1 w-ed (v1 by Ed25519 and ML-DSA-65, w-ed by Ed25519)";
        assert_eq!(said("group g any v1 w-ed\nquorum g"), mixed);
        assert_eq!(logs(&policy("quorum none\n")), "the log log.example, by its key");
    }
}
