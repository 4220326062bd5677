//! `quorate submit batch`: many digests under one signature, and a receipt for each.
//!
//! The ledger gets the root of their tree; digests and files stay here. What is kept of it is one file for all items,
//! or one receipt an item, or both; `quorate receipt batch` makes the same again later, out of the same items.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{ArgGroup, Args};
use client::{Anchored, Batch, Client, EntryName};
use crypto::Digest;
use model::entry::{Ticket, Wait};
use model::scalar::Hash;
use serde::Serialize;

use super::sending::{Sending, Sent};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::{files, net};

/// Most receipts written one by one; each holds the whole receipt of the anchor.
const RECEIPTS_MAX: usize = 100_000;
/// How long nothing is said about a long list.
const SILENCE: Duration = Duration::from_secs(2);

/// Flags of `submit batch`.
#[derive(Args, Debug)]
pub struct SubmitBatch {
    #[command(flatten)]
    items: Items,
    #[command(flatten)]
    keeping: Keeping,
    #[command(flatten)]
    sending: Sending,
}

/// What a batch consists of.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("items").args(["files", "digests"]).required(true))]
pub struct Items {
    /// The files, in the order of the batch
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A list of SHA-256 digests in place of files: one a line, lower-case hex; `-` for stdin
    #[arg(long, value_name = "LIST")]
    digests: Option<PathBuf>,
}

/// Where the receipts go.
#[derive(Args, Debug)]
pub struct Keeping {
    /// Write all of it to this one file: the anchor's receipt and the digests, which each item's receipt is made of
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Write each item's receipt to a file of this directory, named by its digest
    #[arg(long, value_name = "DIR")]
    receipts: Option<PathBuf>,
}

/// What is printed of a batch for programs.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    ticket: &'a Ticket,
    batch: Made<'a>,
}

/// A batch as it was made, and what was kept of it.
#[derive(Serialize)]
struct Made<'a> {
    root: Hash,
    count: usize,
    /// Items that were named before, and are left out.
    repeated: usize,
    bundle: Option<&'a Path>,
    receipts: Option<&'a Path>,
    /// The files' digests; empty for a list.
    files: &'a [FileItem],
}

/// A file, and which item of the batch it is.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct FileItem {
    file: PathBuf,
    digest: Hash,
    index: usize,
}

/// The items that were named, each once.
#[derive(Debug)]
pub struct Named {
    /// The batch.
    pub batch: Batch,
    repeated: usize,
    files: Vec<FileItem>,
}

/// Submits a batch.
pub fn run(args: &SubmitBatch, output: &Output) -> Result<Exit, Failure> {
    let named = args.items.read(output)?;
    args.keeping.check(&named.batch)?;
    let wait = if args.keeping.is_asked() { Wait::Finalized } else { args.sending.wait.into() };
    let node = &args.sending.node;
    net::runtime()?.block_on(async {
        let operation = named.batch.operation();
        let Sent { client, ticket, exit, author: _ } = args.sending.send(operation, wait, output).await?;
        let kept = match args.keeping.is_asked() && exit == Exit::Ok {
            true => Some(args.keeping.fetch(&client, ticket.id, &named.batch, output).await),
            false => None,
        };
        // Said whether or not the receipts could be kept: what is anchored is anchored.
        let is_kept = matches!(kept, Some(Ok(())));
        match output.is_json() {
            true => output.json(&Answer { ticket: &ticket, batch: named.made(&args.keeping, is_kept) }),
            false => {
                super::print(&ticket, node, output);
                named.print(args.keeping.bundle.as_deref().filter(|_| is_kept), output);
            }
        }
        if matches!(exit, Exit::Ok | Exit::Unknown) && !is_kept {
            let (id, flag) = (ticket.id, node.flag());
            output.note(format_args!(
                "for the items' receipts, once it is final: \
                 quorate receipt batch {id}{flag} --bundle FILE, and the same items in the same order"
            ));
        }
        kept.unwrap_or(Ok(())).map(|()| exit)
    })
}

impl Items {
    /// Reads them. One that was named before is left out: it has a receipt already.
    ///
    /// # Errors
    /// `Usage` when a file cannot be read, a list is none, or there are too many.
    pub fn read(&self, output: &Output) -> Result<Named, Failure> {
        let mut files = Vec::new();
        let (digests, listed) = match &self.digests {
            Some(path) => {
                let listed = read_list(path)?;
                let (count, mut known) = (listed.len(), BTreeSet::new());
                let fresh = listed.into_iter().filter(|digest| known.insert(*digest)).collect();
                (fresh, count)
            }
            None => {
                if self.files.iter().filter(|path| *path == Path::new("-")).count() > 1 {
                    return Err(Failure::usage("there is one stdin, so `-` can be one item only"));
                }
                let (mut digests, mut known) = (Vec::new(), BTreeMap::new());
                let mut steps = Steps::new("hashed", self.files.len(), output);
                for path in &self.files {
                    let (digest, _) = files::hash(&[], path)?;
                    let index = *known.entry(digest).or_insert_with(|| {
                        digests.push(digest);
                        digests.len() - 1
                    });
                    files.push(FileItem { file: path.clone(), digest: Hash(digest), index });
                    steps.step();
                }
                (digests, self.files.len())
            }
        };
        let repeated = listed - digests.len();
        if repeated > 0 {
            output.note(format_args!(
                "{repeated} of {listed} items have the digest of an earlier one; each digest is one item"
            ));
        }
        let batch = Batch::new(digests).map_err(Failure::usage)?;
        Ok(Named { batch, repeated, files })
    }
}

fn read_list(path: &Path) -> Result<Vec<Digest>, Failure> {
    let fault = |fault: &dyn std::fmt::Display| {
        Failure::usage(format_args!("{}: {fault}", path.display()))
            .hint("a list has one digest a line, as from: sha256sum FILES | cut -c1-64")
    };
    let bytes = files::read(path, Batch::LIST_BYTES_MAX).map_err(|error| files::unreadable(path, &error))?;
    if bytes.len() > Batch::LIST_BYTES_MAX {
        return Err(fault(&format_args!(
            "more than {} digests, which is as many as a batch has",
            Batch::COUNT_MAX
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| fault(&"it is not text"))?;
    Batch::read_list(&text).map_err(|error| fault(&error))
}

impl Named {
    fn made<'a>(&'a self, keeping: &'a Keeping, kept: bool) -> Made<'a> {
        let written = |path: &'a Option<PathBuf>| path.as_deref().filter(|_| kept);
        Made {
            root: Hash(self.batch.root()),
            count: self.batch.digests().len(),
            repeated: self.repeated,
            bundle: written(&keeping.bundle),
            receipts: written(&keeping.receipts),
            files: &self.files,
        }
    }

    fn print(&self, bundle: Option<&Path>, output: &Output) {
        let count = self.batch.digests().len();
        output.row("batch", format_args!("{count} items, root {}", self.batch.root()));
        if let Some(bundle) = bundle {
            let bundle = bundle.display();
            output.row(
                "item",
                format_args!("quorate receipt item {bundle} --artifact FILE --out receipt.json"),
            );
        }
    }
}

impl Keeping {
    /// Whether anything is to be kept.
    pub const fn is_asked(&self) -> bool {
        self.bundle.is_some() || self.receipts.is_some()
    }

    /// Whether a batch can be kept so; asked before anything is submitted.
    ///
    /// # Errors
    /// `Usage` for too many single files, or a directory that cannot be made.
    pub fn check(&self, batch: &Batch) -> Result<(), Failure> {
        let Some(dir) = &self.receipts else { return Ok(()) };
        let count = batch.digests().len();
        if count > RECEIPTS_MAX {
            return Err(Failure::usage(format_args!(
                "{count} receipts are too many single files, at most {RECEIPTS_MAX} are written"
            ))
            .hint("--bundle FILE keeps them in one; quorate receipt item takes one out"));
        }
        std::fs::create_dir_all(dir)
            .map_err(|fault| Failure::usage(format_args!("cannot make {}: {fault}", dir.display())))
    }

    /// Fetches the receipt of a batch's anchor, and writes what was asked for.
    ///
    /// # Errors
    /// As the node says; `NotVerified` when the receipt is not of these items; `Usage` when a file cannot be written.
    pub async fn fetch(
        &self,
        client: &Client,
        id: Hash,
        batch: &Batch,
        output: &Output,
    ) -> Result<(), Failure> {
        let anchor = client.receipt(EntryName::Id(id.submission()), None).await.map_err(net::refused)?;
        let anchored = Anchored::new(batch.clone(), anchor).map_err(|fault| {
            Failure::new(Exit::NotVerified, format_args!("{id} does not anchor these items: {fault}"))
                .hint("are they all there, in the order in which they were submitted?")
        })?;
        // First what all the others can be made of again.
        if let Some(path) = &self.bundle {
            files::write(path, anchored.to_text().as_bytes())?;
            output.note(format_args!("all items' receipts written to {}", path.display()));
        }
        if let Some(dir) = &self.receipts {
            let digests = batch.digests();
            let mut steps = Steps::new("written", digests.len(), output);
            for (digest, receipt) in digests.iter().zip(anchored.receipts()) {
                files::write(&dir.join(format!("{digest}.json")), receipt.to_json().as_bytes())?;
                steps.step();
            }
            output.note(format_args!("{} receipts written to {}", digests.len(), dir.display()));
        }
        Ok(())
    }
}

/// Says now and then how far a long list has come, to whom it may concern.
struct Steps<'a> {
    word: &'static str,
    of: usize,
    done: usize,
    said: Instant,
    output: &'a Output,
}

impl<'a> Steps<'a> {
    fn new(word: &'static str, of: usize, output: &'a Output) -> Self {
        Self { word, of, done: 0, said: Instant::now(), output }
    }

    fn step(&mut self) {
        self.done += 1;
        if self.output.shows_progress() && self.said.elapsed() >= SILENCE {
            self.said = Instant::now();
            self.output.note(format_args!("{} {} of {} …", self.word, self.done, self.of));
        }
    }
}
