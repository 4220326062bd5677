//! A policy as a file: one definition a line.
//!
//! Reading keeps definitions and drops comments and spacing; what is printed can be read again and says the same.
//! Source: C2SP tlog-policy.

use std::fmt;
use std::str::FromStr;

use super::{
    Draft, Policy, PolicyError, PolicyFault, PolicyGroup, PolicyLog, PolicyWitness, Quorum, Threshold,
};
use crate::note::NoteKey;

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        if text.len() > Self::BYTES_MAX {
            return Err(PolicyError::TooLarge { found: text.len(), max: Self::BYTES_MAX });
        }
        let mut draft = Draft::default();
        let mut quorum = None;
        for (line, number) in text.split_inclusive('\n').zip(1..) {
            read(line, &mut draft, &mut quorum).map_err(|fault| PolicyError::Line { line: number, fault })?;
        }
        let quorum = quorum.ok_or(PolicyError::NoQuorum)?;
        let Draft { logs, witnesses, groups, .. } = draft;
        Ok(Self { logs, witnesses, groups, quorum })
    }
}

fn read(line: &str, draft: &mut Draft, quorum: &mut Option<Quorum>) -> Result<(), PolicyFault> {
    // A file that was cut off must not pass for a shorter policy.
    let line = line.strip_suffix('\n').ok_or(PolicyFault::Unfinished)?;
    if let Some(found) = line.bytes().find(|b| (*b < 0x20 && *b != b'\t') || *b == 0x7f) {
        return Err(PolicyFault::Control { found });
    }
    let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    let Some((keyword, words)) = words.split_first() else {
        return Ok(());
    };
    if keyword.starts_with('#') {
        return Ok(());
    }
    match *keyword {
        "log" => match words {
            [key] => draft.log(PolicyLog { key: NoteKey::parse(key)?, url: None }),
            [key, url] => draft.log(PolicyLog { key: NoteKey::parse(key)?, url: Some((*url).to_owned()) }),
            _ => Err(PolicyFault::Form { form: "log <vkey> [<url>]" }),
        },
        "witness" => match words {
            [name, key] => draft.witness(witness(name, key, None)?),
            [name, key, url] => draft.witness(witness(name, key, Some(url))?),
            _ => Err(PolicyFault::Form { form: "witness <name> <vkey> [<url>]" }),
        },
        "group" => match words {
            [name, threshold, members @ ..] if !members.is_empty() => draft.group(PolicyGroup {
                name: (*name).to_owned(),
                threshold: read_threshold(threshold, members.len())?,
                members: members.iter().map(|member| (*member).to_owned()).collect(),
            }),
            _ => Err(PolicyFault::Form { form: "group <name> all|any|<number> <name>…" }),
        },
        "quorum" => match words {
            [_] if quorum.is_some() => Err(PolicyFault::QuorumTwice),
            ["none"] => {
                *quorum = Some(Quorum::None);
                Ok(())
            }
            [name] => {
                draft.expect_defined(name)?;
                *quorum = Some(Quorum::Of((*name).to_owned()));
                Ok(())
            }
            _ => Err(PolicyFault::Form { form: "quorum <name>|none" }),
        },
        other => Err(PolicyFault::Keyword { found: other.chars().take(80).collect() }),
    }
}

fn witness(name: &str, key: &str, url: Option<&str>) -> Result<PolicyWitness, PolicyFault> {
    Ok(PolicyWitness { name: name.to_owned(), key: NoteKey::parse(key)?, url: url.map(str::to_owned) })
}

fn read_threshold(text: &str, members: usize) -> Result<Threshold, PolicyFault> {
    let fault = || PolicyFault::Threshold { found: text.chars().take(80).collect(), members };
    match text {
        "all" => Ok(Threshold::All),
        "any" => Ok(Threshold::Any),
        number => {
            let count = number.parse::<usize>().map_err(|_| fault())?;
            match count >= 1 && count <= members && count.to_string() == number {
                true => Ok(Threshold::AtLeast(count)),
                false => Err(fault()),
            }
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = |url: &Option<String>| url.as_ref().map_or_else(String::new, |url| format!(" {url}"));
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, url(&log.url))?;
        }
        for witness in &self.witnesses {
            writeln!(f, "witness {} {}{}", witness.name, witness.key, url(&witness.url))?;
        }
        for PolicyGroup { name, threshold, members } in &self.groups {
            writeln!(f, "group {name} {threshold} {}", members.join(" "))?;
        }
        match &self.quorum {
            Quorum::None => writeln!(f, "quorum none"),
            Quorum::Of(name) => writeln!(f, "quorum {name}"),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Any => f.write_str("any"),
            Self::AtLeast(count) => count.fmt(f),
        }
    }
}
