//! Receipts of a batch's items: one taken out of the batch's file, or all made again from the items themselves.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use client::Anchored;
use crypto::Digest;
use model::scalar::Hash;
use proto::counter::LeafIndex;
use proto::id::SubmissionId;

use super::Writing;
use crate::commands::submit::batch::{Items, Keeping};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::net::{self, Node};
use crate::output::Output;

/// Flags of `receipt item`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").args(["artifact", "digest", "index"]).required(true))]
pub struct TakeItem {
    /// The batch's file, as quorate submit batch --bundle wrote it; `-` for stdin
    bundle: PathBuf,
    /// The item of this file
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
    /// The item of this SHA-256, in lower-case hex
    #[arg(long, value_name = "SHA-256")]
    digest: Option<Digest>,
    /// The item at this place, from 0
    #[arg(long, value_name = "N")]
    index: Option<u64>,
    #[command(flatten)]
    writing: Writing,
}

/// Flags of `receipt batch`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("kept").args(["bundle", "receipts"]).multiple(true).required(true))]
pub struct FetchBatch {
    /// The id of the submission that anchored it
    id: SubmissionId,
    #[command(flatten)]
    items: Items,
    #[command(flatten)]
    keeping: Keeping,
    #[command(flatten)]
    node: Node,
}

/// Takes the receipt of one item out of a batch's file.
pub fn item(args: &TakeItem, output: &Output) -> Result<Exit, Failure> {
    let unusable = |fault: &dyn std::fmt::Display| {
        Failure::usage(format_args!("{} is no batch with its anchor: {fault}", args.bundle.display()))
            .hint("quorate submit batch --bundle FILE writes one, quorate receipt batch makes it again")
    };
    let bytes = files::read(&args.bundle, Anchored::BYTES_MAX);
    let bytes = bytes.map_err(|fault| files::unreadable(&args.bundle, &fault))?;
    let text = String::from_utf8(bytes).map_err(|_| unusable(&"it is not text"))?;
    let anchored = Anchored::from_text(&text).map_err(|fault| unusable(&fault))?;
    let digest = match &args.artifact {
        Some(path) => Some(files::hash(&[], path)?.0),
        None => args.digest,
    };
    let index = match digest {
        Some(digest) => anchored.place(&digest),
        None => args.index.map(LeafIndex::new),
    };
    let receipt = index.and_then(|index| anchored.receipt(index)).ok_or_else(|| {
        let named = match (digest, args.index) {
            (Some(digest), _) => format!("with digest {digest}"),
            (None, index) => format!("at place {}", index.unwrap_or_default()),
        };
        let count = anchored.batch().digests().len();
        Failure::new(Exit::NotFound, format_args!("the batch of {count} items has none {named}"))
    })?;
    let place = receipt.item.as_ref().map_or(LeafIndex::new(0), |item| item.index);
    args.writing.write(&receipt, format_args!("item {place}"), output)
}

/// Makes the receipts of a batch's items out of the anchor's.
pub fn fetch(args: &FetchBatch, output: &Output) -> Result<Exit, Failure> {
    let named = args.items.read(output)?;
    args.keeping.check(&named.batch)?;
    let client = args.node.client()?;
    let id = Hash::from(args.id);
    net::runtime()?.block_on(args.keeping.fetch(&client, id, &named.batch, output)).map(|()| Exit::Ok)
}
