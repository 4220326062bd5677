//! `quorate policy check`: is this a policy, can its quorum be reached, and which signatures of a receipt count?
//!
//! Opens no socket. What it says of a receipt concerns the signatures under its checkpoint alone: whether the receipt is
//! true is for `quorate verify`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use proto::checkpoint::CheckpointText;
use proto::note::Note;
use proto::policy::{Policy, Quorum, Signer};
use proto::receipt::Receipt;
use proto::verified::Strict;
use serde::Serialize;

use super::{read, words};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::{Output, Tone};
use crate::time;

/// Flags of `policy check`.
#[derive(Args, Debug)]
pub struct Check {
    /// The policy (C2SP tlog-policy)
    policy: PathBuf,
    /// A receipt, a tlog-proof or a checkpoint whose signatures are looked at
    receipt: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
    /// Whether the quorum can be reached by keys whose signatures can be checked here.
    reachable: bool,
    quorum: String,
    logs: usize,
    witnesses: usize,
    groups: usize,
    /// What is doubtful, though allowed.
    warnings: Vec<String>,
    checkpoint: Option<Looked>,
}

/// What a policy makes of a checkpoint's signatures.
#[derive(Debug, Serialize)]
struct Looked {
    origin: String,
    size: u64,
    /// Whether a log has signed and the quorum is reached.
    satisfied: bool,
    signatures: Vec<Line>,
    /// Witnesses of the policy that have not signed.
    missing: Vec<String>,
    /// Groups of the quorum that are not reached: name, members that count, members needed.
    unreached: Vec<(String, usize, usize)>,
}

/// One signature line.
#[derive(Debug, Serialize)]
struct Line {
    line: usize,
    name: String,
    key_id: String,
    counts: bool,
    /// As what it counts, or why it does not.
    as_what: String,
    time_s: Option<u64>,
}

/// Checks a policy.
pub fn run(args: &Check, output: &Output) -> Result<Exit, Failure> {
    let policy = read(&args.policy)?;
    let known = |key: &proto::note::NoteKey| key.is_checked();
    let checked: BTreeSet<&str> =
        policy.witnesses().iter().filter(|one| known(&one.key)).map(|one| one.name.as_str()).collect();
    let reachable = policy.satisfied(&checked) && policy.logs().iter().any(|log| known(&log.key));
    let checkpoint = args.receipt.as_deref().map(|path| look(&policy, path)).transpose()?;
    let found = Found {
        reachable,
        quorum: words::quorum(&policy),
        logs: policy.logs().len(),
        witnesses: policy.witnesses().len(),
        groups: policy.groups().len(),
        warnings: warnings(&policy),
        checkpoint,
    };
    match output.is_json() {
        true => output.json(&found),
        false => found.print(output),
    }
    Ok(match &found.checkpoint {
        _ if !found.reachable => Exit::NoTrust,
        Some(looked) if !looked.satisfied => Exit::NotVerified,
        Some(_) | None => Exit::Ok,
    })
}

fn warnings(policy: &Policy) -> Vec<String> {
    let mut warnings = Vec::new();
    if policy.logs().is_empty() {
        warnings.push("it names no log, so no receipt can be believed under it".to_owned());
    }
    if *policy.quorum() == Quorum::None {
        warnings.push("it asks for no cosigners: a log alone can tell everybody something else".to_owned());
    }
    let unused = |name: &str| {
        *policy.quorum() != Quorum::Of(name.to_owned())
            && !policy.groups().iter().any(|group| group.members.iter().any(|member| member == name))
    };
    let names = policy.witnesses().iter().map(|one| one.name.as_str());
    for name in names.chain(policy.groups().iter().map(|group| group.name.as_str())) {
        if unused(name) {
            warnings.push(format!("{name} is of no use: neither the quorum nor a member of a group"));
        }
    }
    for witness in policy.witnesses().iter().filter(|one| !one.key.is_checked()) {
        warnings.push(format!("{} is {}", witness.name, words::kind(&witness.key)));
    }
    warnings
}

/// The checkpoint of a receipt in any of its spellings, or a checkpoint by itself.
fn note_of(path: &Path) -> Result<Note, Failure> {
    let refused = |fault: &dyn std::fmt::Display| {
        Failure::new(Exit::NotVerified, format_args!("{}: {fault}", path.display()))
    };
    let bytes = files::read(path, Receipt::BYTES_MAX).map_err(|fault| files::unreadable(path, &fault))?;
    let text = String::from_utf8(bytes).map_err(|_| refused(&"not UTF-8 text"))?;
    let note = if text.starts_with('{') {
        Receipt::from_json(&text).map_err(|fault| refused(&fault))?.checkpoint
    } else if text.starts_with("c2sp.org/tlog-proof") {
        let parts = text.split_once("\n\n").ok_or_else(|| refused(&"a tlog-proof without a checkpoint"))?;
        parts.1.to_owned()
    } else {
        text
    };
    Note::parse(&note).map_err(|fault| refused(&fault))
}

fn look(policy: &Policy, path: &Path) -> Result<Looked, Failure> {
    let note = note_of(path)?;
    let text = CheckpointText::parse(note.text())
        .map_err(|fault| Failure::new(Exit::NotVerified, format_args!("{}: {fault}", path.display())))?;
    let (mut log_signed, mut spoiled) = (false, false);
    let mut seen = BTreeSet::new();
    let mut cosigned: BTreeSet<&str> = BTreeSet::new();
    let mut signatures = Vec::new();
    for (part, line) in note.signatures().iter().zip(1..) {
        let signer = policy.signer(&part.name, part.key_id);
        let key = match signer {
            Some(Signer::Log(log)) if *log.key.name() == text.origin => Some(&log.key),
            Some(Signer::Witness(witness)) => Some(&witness.key),
            Some(Signer::Log(_)) | None => None,
        };
        let (counts, as_what, time_s) = match key.map(|key| text.verify_line(key, &part.signature, &Strict)) {
            None => (false, "a key that the policy does not name for this log".to_owned(), None),
            Some(_) if !seen.insert((&part.name, part.key_id)) => {
                (false, "a second line by one key".to_owned(), None)
            }
            Some(Err(fault)) => (false, fault.to_string(), None),
            Some(Ok(time_s)) => match signer {
                Some(Signer::Witness(witness)) => {
                    cosigned.insert(&witness.name);
                    (true, format!("witness {}", witness.name), time_s)
                }
                Some(Signer::Log(_)) | None => {
                    log_signed = true;
                    (true, "the log".to_owned(), None)
                }
            },
        };
        // A strict verifier refuses the whole note for one such line.
        spoiled |= !counts;
        let (name, key_id) = (part.name.to_string(), part.key_id.to_string());
        signatures.push(Line { line, name, key_id, counts, as_what, time_s });
    }
    let missing =
        policy.witnesses().iter().map(|one| &one.name).filter(|name| !cosigned.contains(name.as_str()));
    Ok(Looked {
        origin: text.origin.to_string(),
        size: text.head.size.get(),
        satisfied: log_signed && !spoiled && policy.satisfied(&cosigned),
        signatures,
        missing: missing.cloned().collect(),
        unreached: unreached(policy, &cosigned),
    })
}

/// The groups that are not reached, in the policy's order.
fn unreached(policy: &Policy, cosigned: &BTreeSet<&str>) -> Vec<(String, usize, usize)> {
    let mut holds: BTreeSet<&str> = cosigned.clone();
    let mut unreached = Vec::new();
    for group in policy.groups() {
        let found = group.members.iter().filter(|member| holds.contains(member.as_str())).count();
        match found >= group.needed() {
            true => drop(holds.insert(&group.name)),
            false => unreached.push((group.name.clone(), found, group.needed())),
        }
    }
    unreached
}

impl Found {
    fn print(&self, output: &Output) {
        output.row("quorum", &self.quorum);
        let Self { logs, witnesses, groups, .. } = self;
        output.row("holds", format_args!("{logs} log keys, {witnesses} witness keys, {groups} groups"));
        for warning in &self.warnings {
            output.row("note", warning);
        }
        if let Some(looked) = &self.checkpoint {
            output.row("checkpoint", format_args!("{}, {} leaves", looked.origin, looked.size));
            for line in &looked.signatures {
                let word = match line.counts {
                    true => output.paint(Tone::Good, "counts "),
                    false => output.paint(Tone::Bad, "refused"),
                };
                let time = line.time_s.map(|at| format!(", {}", time::utc(at))).unwrap_or_default();
                output.row(
                    "signature",
                    format_args!("{word} {} {}: {}{time}", line.key_id, line.name, line.as_what),
                );
            }
            if !looked.missing.is_empty() {
                output.row("missing", looked.missing.join(" "));
            }
            for (name, found, needed) in &looked.unreached {
                output.row("unreached", format_args!("{name}: {found} of the {needed} needed"));
            }
        }
        output.line(match (self.reachable, &self.checkpoint) {
            (false, _) => format!(
                "{}  its quorum cannot be reached by keys that are checked here",
                output.paint(Tone::Bad, "UNUSABLE")
            ),
            (true, None) => output.paint(Tone::Good, "GOOD"),
            (true, Some(looked)) if looked.satisfied => output.paint(Tone::Good, "SATISFIED"),
            (true, Some(_)) => output.paint(Tone::Bad, "NOT SATISFIED"),
        });
    }
}
