//! `quorate evidence verify`: does this file convict a validator? Opens no socket, asks nobody.
//!
//! The keys are those of the genesis that the user names; nothing in the file is believed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use node::evidence_file::EvidenceFile;
use node::genesis_file;
use proto::verified::Strict;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::{Output, Tone};

/// What to do with evidence.
#[derive(Subcommand, Debug)]
pub enum EvidenceCommand {
    /// Check offline whether a file convicts a validator
    Verify(Verify),
}

/// Flags of `evidence verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// The evidence, as a node keeps it in its directory `evidence`; `-` for stdin
    evidence: PathBuf,
    /// The network's genesis, from someone you trust; it knows the validators of epoch 0
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
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
    let genesis =
        genesis_file::read(&args.genesis).map_err(|fault| Failure::new(Exit::NoTrust, fault).hint(HINT))?;
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
