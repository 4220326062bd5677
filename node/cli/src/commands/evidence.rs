//! `quorate evidence verify`: does this file convict a validator, or a log that was cosigned? Opens no socket, asks nobody.
//!
//! The keys are those of the genesis or policy that the user names; nothing in the file is believed.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use node::evidence_file::EvidenceFile;
use node::genesis_file;
use proto::checkpoint::CheckpointText;
use proto::verified::Strict;
use serde::Serialize;
use witness::TwoHeads;

use crate::commands::policy;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::{Output, Tone};

/// What to do with evidence.
#[derive(Subcommand, Debug)]
pub enum EvidenceCommand {
    /// Check offline whether a file convicts a validator, or a log
    Verify(Verify),
}

/// Flags of `evidence verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// The evidence, as a node keeps it in its directory `evidence`; `-` for stdin
    evidence: PathBuf,
    /// The network's genesis, from someone you trust; it knows the validators of epoch 0
    #[arg(long, value_name = "FILE", required_unless_present = "policy")]
    genesis: Option<PathBuf>,
    /// A policy that names the log: for evidence of two heads of one size, which witnesses keep
    #[arg(long, value_name = "FILE", conflicts_with = "genesis")]
    policy: Option<PathBuf>,
}

/// What was found, as it is printed.
#[derive(Debug, Default, Serialize)]
struct Verdict {
    /// Whether the evidence holds.
    convicts: bool,
    /// The validator's name in genesis; null where nobody is convicted, as all that follows.
    validator: Option<String>,
    /// Its position among the validators.
    index: Option<u16>,
    /// What it signed twice: `votes`, `timeouts`, `proposals`, `roots`.
    kind: Option<&'static str>,
    /// The view both statements are about.
    view: Option<u64>,
    /// The size of the log both roots are about.
    size: Option<u64>,
    /// Why it convicts nobody.
    fault: Option<String>,
}

/// Runs the command.
pub fn run(command: &EvidenceCommand, output: &Output) -> Result<Exit, Failure> {
    let EvidenceCommand::Verify(args) = command;
    let path = match (&args.genesis, &args.policy) {
        (_, Some(policy)) => return two_heads(args, policy, output),
        (Some(genesis), None) => genesis,
        (None, None) => return Err(Failure::usage("--genesis or --policy is needed").hint(HINT)),
    };
    let genesis = genesis_file::read(path).map_err(|fault| Failure::new(Exit::NoTrust, fault).hint(HINT))?;
    let bytes = files::read(&args.evidence, EvidenceFile::BYTES_MAX)
        .map_err(|fault| files::unreadable(&args.evidence, &fault))?;
    let judged = EvidenceFile::parse(&bytes).map_err(|fault| fault.to_string()).and_then(|file| {
        file.verify(&genesis.validator_set(), &Strict).map_err(|fault| fault.to_string())?;
        Ok(file)
    });
    let verdict = match judged {
        Ok(EvidenceFile { network: _, proof }) => {
            let number = |of_what: &str| (proof.kind().of_what() == of_what).then(|| proof.number());
            Verdict {
                convicts: true,
                validator: genesis
                    .validators
                    .get(usize::from(proof.accused().get()))
                    .map(|validator| validator.name.clone()),
                index: Some(proof.accused().get()),
                kind: Some(proof.kind().name()),
                view: number("view"),
                size: number("size"),
                fault: None,
            }
        }
        Err(fault) => Verdict { fault: Some(fault), ..Verdict::default() },
    };
    verdict.print(output);
    Ok(if verdict.convicts { Exit::Ok } else { Exit::NotVerified })
}

/// What was found of a log, as it is printed.
#[derive(Debug, Serialize)]
struct LogVerdict {
    /// Whether the evidence holds.
    convicts: bool,
    /// The log's origin; null where nobody is convicted, as all that follows.
    log: Option<String>,
    /// The size that has two roots.
    size: Option<u64>,
    /// Ids of the keys that signed both; empty when two keys of the log told two histories.
    keys: Vec<String>,
    /// Why it convicts nobody.
    fault: Option<String>,
}

/// Judges evidence of two heads of one size by a policy that names the log.
fn two_heads(args: &Verify, policy: &Path, output: &Output) -> Result<Exit, Failure> {
    let policy = policy::read(policy)?;
    let bytes = files::read(&args.evidence, EvidenceFile::BYTES_MAX)
        .map_err(|fault| files::unreadable(&args.evidence, &fault))?;
    let judged = || -> Result<LogVerdict, String> {
        let text = String::from_utf8(bytes).map_err(|fault| fault.to_string())?;
        let heads = TwoHeads::parse(&text).map_err(|fault| fault.to_string())?;
        let keys = heads.verify(&policy, &Strict).map_err(|fault| fault.to_string())?;
        let text = CheckpointText::parse(heads.first.text()).map_err(|fault| fault.to_string())?;
        let keys = keys.iter().map(|(_, id)| id.to_string()).collect();
        let (log, size) = (Some(text.origin.to_string()), Some(text.head.size.get()));
        Ok(LogVerdict { convicts: true, log, size, keys, fault: None })
    };
    let verdict = judged().unwrap_or_else(|fault| LogVerdict {
        convicts: false,
        log: None,
        size: None,
        keys: Vec::new(),
        fault: Some(fault),
    });
    match (output.is_json(), &verdict.fault) {
        (true, _) => output.json(&verdict),
        (false, Some(fault)) => {
            output.line(format_args!("{}  {fault}", output.paint(Tone::Faint, "NO EVIDENCE")));
        }
        (false, None) => {
            verdict.log.iter().for_each(|log| output.row("log", log));
            verdict.size.iter().for_each(|size| output.row("for size", size));
            let keys = match verdict.keys.as_slice() {
                [] => "no single one: two keys of the log told two histories".to_owned(),
                keys => keys.join(" "),
            };
            output.row("keys", keys);
            output.line(output.paint(Tone::Bad, "CONVICTED"));
        }
    }
    Ok(if verdict.convicts { Exit::Ok } else { Exit::NotVerified })
}

const HINT: &str = "--genesis FILE names the network's genesis; take it from someone you trust";

impl Verdict {
    fn print(&self, output: &Output) {
        if output.is_json() {
            return output.json(self);
        }
        for (label, text) in [
            ("validator", self.validator.clone()),
            ("signed two", self.kind.map(str::to_owned)),
            ("in view", self.view.map(|view| view.to_string())),
            ("for size", self.size.map(|size| size.to_string())),
        ] {
            text.iter().for_each(|text| output.row(label, text));
        }
        match &self.fault {
            None => output.line(output.paint(Tone::Bad, "CONVICTED")),
            Some(fault) => output.line(format_args!("{}  {fault}", output.paint(Tone::Faint, "NO EVIDENCE"))),
        }
    }
}
