//! Which logs are cosigned, and by whose signatures a checkpoint is known to be theirs.
//!
//! Each origin has one policy: its log keys, and a quorum where a single key is not to be enough. A validator network
//! is a log of many keys, one a validator; with its quorum in the policy no minority of them can lead a witness astray.
//! Source: C2SP tlog-witness, signed-note, tlog-policy; `WITNESS.md`, rules W1 and W2.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{Digest, sha256};
use proto::checkpoint::{CheckpointText, SignatureLineError};
use proto::note::{KeyName, Note, NoteSignature};
use proto::policy::{Policy, PolicyError, Signer};
use proto::verified::SignatureChecker;

/// The logs that are cosigned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    policies: BTreeMap<String, Policy>,
}

/// Why a log cannot be cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchedError {
    /// The lines are no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A policy that knows no log.
    #[error("the policy names no log")]
    NoLog,
    /// A key whose signatures cannot be checked here: a checkpoint by it alone would never be believed.
    #[error("no key of the log {origin} can be checked here: types 0x01 and 0x06 can")]
    Unchecked {
        /// The log.
        origin: KeyName,
    },
    /// Two policies for one log.
    #[error("the log {origin} is given twice")]
    Twice {
        /// The log.
        origin: KeyName,
    },
    /// More logs than are watched.
    #[error("more than {max} logs")]
    TooMany {
        /// Number allowed.
        max: usize,
    },
}

/// Why a checkpoint is not known to be the log's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// A known key's signature does not hold, which makes the note a malformed one.
    #[error("signature line {line}, by {name}: {fault}")]
    Signature {
        /// The line, counted from 1.
        line: usize,
        /// The name in the line.
        name: KeyName,
        /// What is wrong with it.
        fault: SignatureLineError,
    },
    /// No line is by a trusted key of the log.
    #[error("no signature is by a key that is trusted for this log")]
    NoLog,
    /// The log has signed, and too few of those whom the policy asks for besides.
    #[error("the quorum that is asked for this log is not reached")]
    BelowQuorum,
}

/// By what a log is named where its origin cannot stand: in a path.
pub fn origin_digest(origin: &KeyName) -> Digest {
    sha256(origin.as_str().as_bytes())
}

impl Watched {
    /// Most logs.
    pub const LOGS_MAX: usize = 1_024;

    /// The logs of lines `log <vkey> [<url>]`, or of vkeys alone, and of whole policies. The keys that lines give for
    /// one origin are keys of one log, each of which is enough.
    ///
    /// # Errors
    /// `WatchedError`, the first fault.
    pub fn new(lines: &[String], policies: Vec<Policy>) -> Result<Self, WatchedError> {
        let mut watched = Self::default();
        if !lines.is_empty() {
            let line = |line: &String| match line.split_whitespace().next() {
                Some("log") => format!("{line}\n"),
                Some(_) | None => format!("log {line}\n"),
            };
            let text: String = lines.iter().map(line).collect();
            watched.add(format!("{text}quorum none\n").parse()?)?;
        }
        policies.into_iter().try_for_each(|policy| watched.add(policy))?;
        Ok(watched)
    }

    fn add(&mut self, policy: Policy) -> Result<(), WatchedError> {
        let origins: BTreeSet<KeyName> = policy.logs().iter().map(|log| log.key.name().clone()).collect();
        if origins.is_empty() {
            return Err(WatchedError::NoLog);
        }
        for origin in origins {
            let mut keys = policy.logs().iter().filter(|log| *log.key.name() == origin);
            if !keys.any(|log| log.key.is_checked()) {
                return Err(WatchedError::Unchecked { origin });
            }
            if self.policies.len() == Self::LOGS_MAX {
                return Err(WatchedError::TooMany { max: Self::LOGS_MAX });
            }
            if self.policies.insert(origin.as_str().to_owned(), policy.clone()).is_some() {
                return Err(WatchedError::Twice { origin });
            }
        }
        Ok(())
    }

    /// By what checkpoints of this origin are judged; none for a log that is not cosigned.
    pub fn policy(&self, origin: &KeyName) -> Option<&Policy> {
        self.policies.get(origin.as_str())
    }

    /// The origins, in order.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.policies.keys().map(String::as_str)
    }

    /// Whether no log is cosigned.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }
}

/// The signature lines by keys of the policy, each checked and each key once; lines by others are passed over.
///
/// # Errors
/// `Untrusted`, the first fault.
// Rule W2
pub fn trusted_lines(
    policy: &Policy,
    note: &Note,
    text: &CheckpointText,
    checker: &dyn SignatureChecker,
) -> Result<Vec<NoteSignature>, Untrusted> {
    let mut seen = BTreeSet::new();
    let mut cosigned = BTreeSet::new();
    let mut log_signed = false;
    let mut lines = Vec::new();
    for (part, line) in note.signatures().iter().zip(1..) {
        let Some(signer) = policy.signer(&part.name, part.key_id) else { continue };
        let key = match signer {
            // The key of another log says nothing of this one.
            Signer::Log(log) if *log.key.name() != text.origin => continue,
            Signer::Log(log) => &log.key,
            Signer::Witness(witness) => &witness.key,
        };
        // A type that is not understood here is as good as unknown. A key is asked once, so that nobody can make this
        // take longer than the policy is long.
        if !key.is_checked() || !seen.insert((&part.name, part.key_id)) {
            continue;
        }
        text.verify_line(key, &part.signature, checker).map_err(|fault| Untrusted::Signature {
            line,
            name: part.name.clone(),
            fault,
        })?;
        match signer {
            Signer::Log(_) => log_signed = true,
            Signer::Witness(witness) => drop(cosigned.insert(witness.name.as_str())),
        }
        lines.push(part.clone());
    }
    match (log_signed, policy.satisfied(&cosigned)) {
        (false, _) => Err(Untrusted::NoLog),
        (true, false) => Err(Untrusted::BelowQuorum),
        (true, true) => Ok(lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Log, Someone};
    use proto::verified::Strict;

    #[test]
    fn lines_and_policies_say_which_logs() {
        let (a, b) = (Log::new("log.example/a", 1), Log::new("log.example/b", 2));
        let lines = [a.vkey(), format!("log {} http://log.example/", b.vkey())];
        let watched = Watched::new(&lines, Vec::new()).expect("two logs");
        assert_eq!(watched.origins().collect::<Vec<_>>(), ["log.example/a", "log.example/b"]);
        let policy: Policy = format!("log {}\nquorum none\n", a.vkey()).parse().expect("a policy");
        let twice = Watched::new(&[a.vkey()], vec![policy.clone()]);
        assert_eq!(twice, Err(WatchedError::Twice { origin: a.origin() }));
        assert_eq!(Watched::new(&[], vec![policy]).expect("one log").origins().count(), 1);
        let none: Policy = "quorum none\n".parse().expect("a policy");
        assert_eq!(Watched::new(&[], vec![none]), Err(WatchedError::NoLog));
        assert!(matches!(Watched::new(&["x".to_owned()], Vec::new()), Err(WatchedError::Policy(_))));
        // ECDSA: an origin whose checkpoints nobody here could believe.
        let ecdsa = Watched::new(&["log.example/c+00000000+AmFiYw==".to_owned()], Vec::new());
        assert!(matches!(ecdsa, Err(WatchedError::Unchecked { .. })), "{ecdsa:?}");
    }

    #[test]
    fn a_quorum_can_be_asked_for() {
        let log = Log::new("log.example/a", 1);
        let (w, other) = (Someone::new("w.example", 9), Someone::new("x.example", 8));
        let policy = format!("log {}\nwitness w {}\nquorum w\n", log.vkey(), w.vkey_ed25519());
        let policy: Policy = policy.parse().expect("a policy");
        let judged = |note: &Note| {
            let text = CheckpointText::parse(note.text()).expect("a checkpoint");
            trusted_lines(&policy, note, &text, &Strict).map(|lines| lines.len())
        };
        let text = log.text(7);
        let signed = |lines| Note::new(text.to_string(), lines).expect("a note");
        let mine = log.line(&text);
        assert_eq!(judged(&signed(vec![mine.clone()])), Err(Untrusted::BelowQuorum));
        let good = w.ed25519(&text, 3);
        assert_eq!(judged(&signed(vec![mine.clone(), good.clone()])), Ok(2));
        assert_eq!(judged(&signed(vec![good.clone()])), Err(Untrusted::NoLog));
        // Strangers are passed over, twins of a line are not asked twice.
        let crowd = vec![other.ed25519(&text, 3), mine.clone(), mine.clone(), good];
        assert_eq!(judged(&signed(crowd)), Ok(2));
        let spoiled = NoteSignature { signature: vec![0; 64], ..mine };
        assert!(matches!(judged(&signed(vec![spoiled])), Err(Untrusted::Signature { line: 1, .. })));
    }
}
