//! The command line: every command and the flags they share.

use clap::{Parser, Subcommand};

use crate::commands::anchor::AnchorCommand;
use crate::commands::artifact::ArtifactCommand;
use crate::commands::audit::Audit;
use crate::commands::audit_log::AuditLog;
use crate::commands::bench::Bench;
use crate::commands::config::ConfigCommand;
use crate::commands::dev::Dev;
use crate::commands::evidence::EvidenceCommand;
use crate::commands::export::Export;
use crate::commands::get::Get;
use crate::commands::identity::Identity;
use crate::commands::keys::Keys;
use crate::commands::node::Node;
use crate::commands::policy::PolicyCommand;
use crate::commands::receipt::Fetch;
use crate::commands::retention::RetentionCommand;
use crate::commands::rows::Rows;
use crate::commands::search::Search;
use crate::commands::status::Status;
use crate::commands::submit::Submit;
use crate::commands::testnet::Testnet;
use crate::commands::tiles::TilesCommand;
use crate::commands::trust::Trust;
use crate::commands::validator::Validator;
use crate::commands::verify::Verify;
use crate::commands::verify_evidence::VerifyEvidence;
use crate::commands::verify_proof::VerifyProof;
use crate::commands::version::Completions;
use crate::commands::witness::WitnessCommand;
use crate::exit::Exit;
use crate::output::{Colour, Format};

/// Heading of the flags that every command has, so that they do not stand between its own.
const GLOBAL: &str = "Global options";

/// A replicated, append-only ledger for proofs and attestations.
#[derive(Parser, Debug)]
#[command(name = "quorate", version, arg_required_else_help = true, after_help = Exit::help())]
pub struct Cli {
    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = GLOBAL)]
    pub output: Format,
    /// When to use colour; NO_COLOR is obeyed
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = GLOBAL)]
    pub color: Colour,
    /// Say nothing but results and errors
    #[arg(long, short, global = true, help_heading = GLOBAL)]
    pub quiet: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run a network in this process, to try things out
    Dev(Dev),
    /// A network of processes on this machine
    #[command(subcommand)]
    Testnet(Testnet),
    /// One node of a network
    #[command(subcommand)]
    Node(Node),
    /// Sign that a file exists, submit that, and wait for it
    Submit(Submit),
    /// Show what became of a submission
    Get(Get),
    /// Look for a content, a subject, an author; prove that nothing was left out
    Search(Search),
    /// Fetch the receipt of an entry
    Receipt(Fetch),
    /// Check a receipt offline
    Verify(Verify),
    /// The log as files: publish it, check it
    #[command(subcommand)]
    Tiles(TilesCommand),
    /// Compute the whole log anew, from its first entry on, and compare
    Audit(Audit),
    /// Who did what, and what was refused: ask a node, take it away with its proofs, look at a store
    #[command(subcommand)]
    AuditLog(AuditLog),
    /// Whom to believe: make a policy, put it in words, check it
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Fetch the chain of trust, from genesis to the validators of today
    Trust(Trust),
    /// Who orders submissions, and how that changes
    #[command(subcommand)]
    Validator(Validator),
    /// Proof that a validator contradicted itself
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// What others outside say of a checkpoint, and when
    #[command(subcommand)]
    Anchor(AnchorCommand),
    /// Cosigning the logs of others, and having ours cosigned
    #[command(subcommand)]
    Witness(WitnessCommand),
    /// Show where a node stands
    Status(Status),
    /// Keys to sign submissions with, and how they change
    #[command(subcommand)]
    Keys(Box<Keys>),
    /// Who speaks by which keys
    #[command(subcommand)]
    Identity(Identity),
    /// Bytes that the ledger commits to and nodes keep, until they are erased
    #[command(subcommand)]
    Artifact(ArtifactCommand),
    /// What tenants have had kept, how long, and what became of it
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// A node's configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Measure a network under load
    #[command(subcommand)]
    Bench(Bench),
    /// Write a quality-on-demand proof to files
    Export(Box<Export>),
    /// Check records of evidence that QCOS sealed, offline
    VerifyEvidence(VerifyEvidence),
    /// Check a quality-on-demand proof of any service that publishes its keys
    VerifyProof(VerifyProof),
    /// What the systems that came before promised, row by row, and which test holds it
    Rows(Rows),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print the version
    Version,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
