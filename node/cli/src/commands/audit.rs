//! `quorate audit`: the whole log computed anew, from its first entry on, and compared with what is there.
//!
//! Nobody is believed on the way; whose log it is at all is said by a genesis or a policy.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use archive::audit::Store;
use archive::place::IfMissing;
use archive::{Audit as Auditing, AuditError, Audited, Place, Walk};
use clap::Args;
use node::genesis_file;
use proto::id::NetworkId;
use serde::Serialize;
use store::disk::{Disk, Engine};
use store::memory::Memory;
use store::port::Store as _;

use crate::commands::tiles::{Report, address, believed, failed};
use crate::exit::{Exit, Failure};
use crate::net;
use crate::output::{Output, Tone};
use crate::progress::Progress;

/// Flags of `audit`.
#[derive(Args, Debug)]
pub struct Audit {
    /// Where the log is: http(s):// of a node, or where its files are published: a directory, file://, s3://, gs:// or
    /// az://
    place: String,
    /// Whom to believe the newest checkpoint: a C2SP tlog-policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Whose log this must be: the genesis.json of the network, from someone you trust; who reigns later follows from
    /// the log itself
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// A directory for the state that is computed, made if it is not there. An audit that ends or is interrupted is gone
    /// on with from there by the same command, and one of a log that has grown reads only what is new; what was
    /// audited before is bound by the tiles above it. Nothing is passed over of a log in which a fault was found.
    /// Without it the state is kept in memory, which grows with the log
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Threads that check signatures [default: one for each processor]
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
}

/// Audits a log.
pub fn run(args: &Audit, output: &Output) -> Result<Exit, Failure> {
    let trusted = args.genesis.as_deref().map(genesis_file::read).transpose();
    let trusted: Option<NetworkId> =
        trusted.map_err(|fault| Failure::new(Exit::NoTrust, fault))?.map(|genesis| genesis.network());
    let store = open_store(args)?;
    let place = Place::open(&address(&args.place), IfMissing::Refuse).map_err(failed)?;
    let threads =
        args.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    let progress = Progress::new(output, "auditing", "entries");
    let mut said = |done, of| progress.at(done, of);
    let runtime = net::runtime()?;
    let walk = runtime.block_on(Walk::begin(place)).map_err(failed)?;
    let stated = walk.stated().clone();
    let facts = believed(&stated, args.policy.as_deref())?;
    let audited = runtime.block_on(async {
        let audit = Auditing::begin(walk, store, trusted, threads).await?;
        audit.run(&mut said).await
    });
    drop(progress);
    let audited = audited.map_err(unable)?;
    let files = Report::of(&stated, facts.as_ref(), &audited.checked);
    let report = Verdict::of(&audited, files, trusted.is_some());
    if output.is_json() {
        output.json(&report);
    } else {
        report.print(output);
    }
    Ok(if report.ok { Exit::Ok } else { Exit::NotVerified })
}

fn open_store(args: &Audit) -> Result<Store, Failure> {
    let Some(dir) = &args.resume else {
        let memory = Arc::new(Memory::new());
        let to = Arc::clone(&memory);
        let commit = move |change: &_| to.commit(change).map_err(|fault| fault.to_string());
        return Ok(Store { read: memory, commit: Box::new(commit) });
    };
    std::fs::create_dir_all(dir)
        .map_err(|fault| Failure::usage(format_args!("cannot make {}: {fault}", dir.display())))?;
    let disk = Disk::open(dir, Engine::Fjall).map_err(|fault| {
        Failure::usage(format_args!("{}: {fault}", dir.display()))
            .hint("--resume names a directory of an audit; without it nothing is kept")
    })?;
    let disk = Arc::new(disk);
    let to = Arc::clone(&disk);
    let commit = move |change: &_| to.commit(change).map_err(|fault| fault.to_string());
    Ok(Store { read: disk, commit: Box::new(commit) })
}

fn unable(fault: AuditError) -> Failure {
    match fault {
        AuditError::Archive(fault) => failed(fault),
        AuditError::OtherNetwork { .. } => Failure::new(Exit::NotVerified, fault),
        AuditError::Ledger(ledger::LedgerError::OtherNetwork { .. }) => {
            Failure::usage(fault).hint("--resume names the directory of an audit of another network")
        }
        AuditError::Ledger(_) | AuditError::Commit(_) | AuditError::Policy(_) => Failure::internal(fault),
    }
}

/// What was found, as it is printed.
#[derive(Debug, Serialize)]
struct Verdict {
    ok: bool,
    network: String,
    /// Whether the caller said whose log it must be.
    genesis_trusted: bool,
    files: Report,
    height: u64,
    epoch: u64,
    state: String,
    /// Leaves whose state was computed.
    leaves: u64,
    resumed: u64,
    blocks: u64,
    submissions: u64,
    heads: u64,
    findings: Vec<String>,
}

impl Verdict {
    fn of(audited: &Audited, files: Report, genesis_trusted: bool) -> Self {
        Self {
            ok: audited.is_true(),
            network: audited.network.to_string(),
            genesis_trusted,
            files,
            height: audited.stand.height.get(),
            epoch: audited.epoch.get(),
            state: audited.stand.state.to_string(),
            leaves: audited.stand.size.get(),
            resumed: audited.resumed,
            blocks: audited.blocks,
            submissions: audited.submissions,
            heads: audited.heads,
            findings: audited.findings.iter().map(ToString::to_string).collect(),
        }
    }

    fn print(&self, output: &Output) {
        let whose = match self.genesis_trusted {
            true => "as trusted",
            false => "NOT ASKED: no --genesis was given, so it is whoever's log it says",
        };
        output.row("network", format_args!("{} ({whose})", self.network));
        self.files.print(output);
        output.row("state", format_args!("{} at height {}, epoch {}", self.state, self.height, self.epoch));
        output.row(
            "judged",
            format_args!(
                "{} leaves, {} of them before; {} blocks, {} signatures of submissions, {} quorums",
                self.leaves, self.resumed, self.blocks, self.submissions, self.heads
            ),
        );
        for finding in &self.findings {
            output.row(&output.paint(Tone::Bad, "FOUND"), finding);
        }
        match self.ok {
            true => output.line(output.paint(Tone::Good, "EVERYTHING FOLLOWS FROM THE FIRST ENTRY")),
            false => output.line(output.paint(Tone::Bad, "AUDIT FAILED")),
        }
    }
}
