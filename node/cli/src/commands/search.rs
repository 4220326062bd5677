//! `quorate search`: all entries of a content, a subject, an author or an id; with `--prove`, that there are no others.
//!
//! Without a proof the answer is the node's word. With one it is judged here, under a policy the user trusts: nothing else
//! below the block it names has the key, by the word of the quorum that executed the blocks, which `quorate audit` computes
//! anew. A saved answer is judged again by `quorate verify`, without any node.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use crypto::Digest;
use model::scalar::Uint;
use model::search::{SearchAnswer, SearchParams};
use model::strict;
use proto::counter::LeafIndex;
use proto::id::{Did, SubmissionId};
use proto::lookup::{Kind, LookupKey};
use serde::Serialize;
use verify::{Asked, Belief, Freshness, SearchFacts, SearchOutcome, SearchReport, verify_search};

use crate::commands::verify::{Believed, Trusted};
use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::{Output, Tone};
use crate::{files, time};

/// Largest saved search, in bytes: some hundred answers.
pub const SAVED_BYTES_MAX: usize = 64 << 20;
/// Entries of one answer.
const PAGE: u64 = 100;
/// Said of a leaf that does not fit its proof.
const FORMAT: &str = "answer_format";

/// Flags of `search`.
#[derive(Args, Debug)]
pub struct Search {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    node: Node,
    /// The first leaf to look at: what was searched before need not be again
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    from: u64,
    /// Stop behind so many entries [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Check that the entries are true and that none was left out
    #[arg(long)]
    prove: bool,
    /// Whom to believe: a C2SP tlog-policy [default: policy.txt in the configuration directory]
    #[arg(long, value_name = "FILE", conflicts_with = "genesis", requires = "prove")]
    policy: Option<PathBuf>,
    /// Whom to believe: the validators of this genesis.json, and those who followed them by --trust
    #[arg(long, value_name = "FILE", requires = "prove")]
    genesis: Option<PathBuf>,
    /// The chain of trust from the genesis on, as quorate trust fetches it
    #[arg(long, value_name = "FILE", requires = "genesis")]
    trust: Option<PathBuf>,
    /// How old the checkpoint may be at most, such as 1h: an older answer may hide what came since
    #[arg(long, value_name = "DURATION", value_parser = time::duration, requires = "prove")]
    max_age: Option<Duration>,
    /// Where to keep the answer with its proof, for quorate verify
    #[arg(long, value_name = "FILE", requires = "prove")]
    save: Option<PathBuf>,
}

/// What is looked for.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct What {
    /// The submission of this id
    #[arg(long, value_name = "ID")]
    id: Option<SubmissionId>,
    /// This SHA-256: of a content, a statement's payload or its artifact, or a batch's root
    #[arg(long, value_name = "SHA-256")]
    content: Option<Digest>,
    /// The content of this file
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What it is about, as it was written
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    /// Who speaks
    #[arg(long, value_name = "DID", value_parser = |text: &str| Did::parse(text))]
    author: Option<Did>,
    /// What it names: a submission it revokes or erases, a key it lists or ends
    #[arg(long, value_name = "ID")]
    about: Option<Digest>,
}

impl What {
    fn key(&self) -> Result<LookupKey, Failure> {
        let Self { id, content, file, subject, author, about } = self;
        let file = file.as_deref().map(|file| files::hash(&[], file)).transpose()?.map(|(digest, _)| digest);
        let given = [
            id.map(LookupKey::Id),
            content.or(file).map(LookupKey::Content),
            author.clone().map(LookupKey::Author),
            about.map(LookupKey::About),
        ];
        match (given.into_iter().flatten().next(), subject) {
            (Some(key), _) => Ok(key),
            (None, Some(subject)) => {
                LookupKey::parse(Kind::Subject, subject).map_err(|fault| Failure::usage(&fault))
            }
            (None, None) => Err(Failure::usage("nothing was named to look for")),
        }
    }
}

/// What was found, as it is printed.
#[derive(Debug, Serialize)]
struct Findings {
    by: &'static str,
    value: String,
    /// The first leaf that was looked at.
    from: u64,
    /// The first leaf that was not.
    to: u64,
    /// Size of the head it is as of.
    size: u64,
    /// The first leaf that the index covers.
    covers_from: u64,
    /// Whether nothing is left to look at below the newest head the node has.
    complete: bool,
    /// Whether all of it was checked here.
    proven: bool,
    /// The check that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<&'static str>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The time a quorum vouches for, in seconds since 1970, if it was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    vouched_time_s: Option<u64>,
    entries: Vec<Entry>,
}

/// An entry that was found.
#[derive(Debug, Serialize)]
struct Entry {
    index: u64,
    id: String,
    operation: String,
}

/// Asks, part by part, checks if asked to, and prints.
pub fn run(args: &Search, output: &Output) -> Result<Exit, Failure> {
    let key = args.what.key()?;
    let believed = match args.prove {
        false => None,
        true => Some(Believed::read(match &args.genesis {
            Some(genesis) => Trusted::Genesis { genesis, chain: args.trust.as_deref() },
            None => Trusted::Policy(args.policy.as_deref()),
        })?),
    };
    let freshness =
        args.max_age.map(|age| Freshness { now_s: time::now_ms() / 1_000, max_age_s: age.as_secs() });
    let (client, runtime) = (args.node.client()?, net::runtime()?);
    let (mut answers, mut from, mut left) = (Vec::new(), args.from, args.limit);
    loop {
        let limit = left.unwrap_or(PAGE).min(PAGE);
        let params = SearchParams {
            from: Some(Uint(from)),
            limit: Some(Uint(limit)),
            prove: Some(args.prove),
            ..SearchParams::of(&key)
        };
        let answer = runtime.block_on(client.search(&params)).map_err(net::refused)?;
        let (to, block, found) = (answer.to.0, answer.block.0, answer.entries.len() as u64);
        answers.push(answer);
        left = left.map(|left| left.saturating_sub(found));
        // A node that does not get on would be asked for ever.
        if to >= block || left == Some(0) || to <= from {
            break;
        }
        from = to;
    }
    if let Some(path) = &args.save {
        let lines: Vec<_> =
            answers.iter().map(|it| serde_json::to_string(it).unwrap_or_default() + "\n").collect();
        files::write(path, lines.concat().as_bytes())?;
        output.note(format_args!("answer written to {}: quorate verify {0}", path.display()));
    }
    let asked = Asked { key: Some(&key), from: Some(LeafIndex::new(args.from)), freshness };
    let found = match &believed {
        Some(believed) => judged(&answers, believed.belief(), asked, output),
        None => told(&key, args.from, &answers),
    };
    Ok(found.print(output))
}

/// Judges a saved search, if the bytes are one.
///
/// # Errors
/// `NotVerified` when a line of it is none.
pub fn saved(bytes: &[u8]) -> Result<Option<Vec<SearchAnswer>>, Failure> {
    let is_search = |line: &[u8]| {
        let value = strict::parse(line, SAVED_BYTES_MAX).ok();
        value.is_some_and(|value| value.get("covers_from").is_some() && value.get("by").is_some())
    };
    let mut lines =
        bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).peekable();
    if !lines.peek().is_some_and(|line| is_search(line)) {
        return Ok(None);
    }
    let mut answers = Vec::new();
    for (line, number) in lines.zip(1..) {
        let refused = |fault: String| Failure::new(Exit::NotVerified, format_args!("line {number}: {fault}"));
        let value = strict::parse(line, SAVED_BYTES_MAX).map_err(|fault| refused(fault.to_string()))?;
        answers.push(strict::shape(value).map_err(refused)?);
    }
    Ok(Some(answers))
}

/// Judges what was saved, and prints it.
pub fn verify_saved(
    answers: &[SearchAnswer],
    belief: Belief<'_>,
    freshness: Option<Freshness>,
    output: &Output,
) -> Exit {
    judged(answers, belief, Asked { key: None, from: None, freshness }, output).print(output)
}

/// Judges the parts of an answer, each under its own head, and that they follow one another.
fn judged(answers: &[SearchAnswer], belief: Belief<'_>, asked: Asked<'_>, output: &Output) -> Findings {
    let mut whole: Option<Findings> = None;
    for answer in answers {
        let proof = match answer.parts() {
            Ok(proof) => proof,
            Err(fault) => return Findings::refused(whole, answer, FORMAT, fault.to_string()),
        };
        let first = whole.is_none();
        let from = match &whole {
            None => asked.from,
            Some(before) => Some(LeafIndex::new(before.to)),
        };
        let report = verify_search(belief, &proof, Asked { from, ..asked });
        if first || report.facts.is_none() {
            checks(&report, output);
        }
        match (&report.facts, report.failure()) {
            (Some(facts), _) => {
                let part = Findings::proven(&proof.key, facts);
                // A search from file says of itself what it is about: all parts the same.
                let mixed =
                    whole.as_ref().is_some_and(|before| (before.by, &before.value) != (part.by, &part.value));
                if mixed {
                    return Findings::refused(
                        whole,
                        answer,
                        "question",
                        "parts of different searches".to_owned(),
                    );
                }
                whole = Some(Findings::joined(whole, part));
            }
            (None, Some((code, fault))) => {
                return Findings::refused(whole, answer, code.as_str(), fault.to_string());
            }
            (None, None) => {
                return Findings::refused(whole, answer, FORMAT, "nothing was checked".to_owned());
            }
        }
    }
    whole.unwrap_or_else(Findings::nothing)
}

/// What the node said, believed as it is.
fn told(key: &LookupKey, from: u64, answers: &[SearchAnswer]) -> Findings {
    let mut whole = Findings::nothing();
    (whole.by, whole.value, whole.from) = (key.kind().name(), key.text(), from);
    for answer in answers {
        (whole.to, whole.size) = (answer.to.0, answer.size.0);
        whole.covers_from = answer.covers_from.0;
        whole.complete = answer.to >= answer.block;
        whole.entries.extend(answer.entries.iter().map(|entry| Entry {
            index: entry.index.0,
            id: entry.id.to_string(),
            operation: entry.operation.clone(),
        }));
    }
    whole.from = whole.from.max(whole.covers_from);
    whole
}

fn checks(report: &SearchReport, output: &Output) {
    if output.is_json() {
        return;
    }
    for check in &report.checks {
        let (tone, word, detail) = match &check.outcome {
            SearchOutcome::Passed => (Tone::Good, "ok", String::new()),
            SearchOutcome::Failed(fault) => (Tone::Bad, "FAILED", fault.to_string()),
            SearchOutcome::Skipped(why) => (Tone::Faint, "-", (*why).to_owned()),
        };
        let word = output.paint(tone, &format!("{word:6}"));
        output.line(format_args!("  {:22} {word} {detail}", check.code.as_str()).to_string().trim_end());
    }
}

impl Findings {
    const fn nothing() -> Self {
        Self {
            by: "",
            value: String::new(),
            from: 0,
            to: 0,
            size: 0,
            covers_from: 0,
            complete: false,
            proven: false,
            failed: None,
            detail: None,
            vouched_time_s: None,
            entries: Vec::new(),
        }
    }

    fn proven(key: &LookupKey, facts: &SearchFacts) -> Self {
        let SearchFacts { checkpoint, block, height: _, time: _, covered, from, to, hits, spare: _ } = facts;
        Self {
            by: key.kind().name(),
            value: key.text(),
            from: from.get(),
            to: to.get(),
            size: checkpoint.head.size.get(),
            covers_from: covered.get(),
            complete: to == block,
            proven: true,
            failed: None,
            detail: None,
            vouched_time_s: checkpoint.vouched_time_s,
            entries: hits
                .iter()
                .map(|hit| Entry {
                    index: hit.index.get(),
                    id: hit.id.to_string(),
                    operation: hit.operation.to_owned(),
                })
                .collect(),
        }
    }

    fn joined(before: Option<Self>, mut part: Self) -> Self {
        if let Some(Self { from, mut entries, .. }) = before {
            entries.append(&mut part.entries);
            (part.from, part.entries) = (from, entries);
        }
        part
    }

    /// What was proven before is not told either: whoever asked wanted all of it.
    fn refused(before: Option<Self>, answer: &SearchAnswer, code: &'static str, detail: String) -> Self {
        let by = Kind::parse(&answer.by).map_or("", Kind::name);
        let from = before.map_or(answer.from.0, |before| before.from);
        let (failed, detail) = (Some(code), Some(detail));
        Self { by, value: answer.value.clone(), from, to: from, failed, detail, ..Self::nothing() }
    }

    fn print(&self, output: &Output) -> Exit {
        let exit = if self.failed.is_some() { Exit::NotVerified } else { Exit::Ok };
        if output.is_json() {
            output.json(self);
            return exit;
        }
        if let Some(code) = self.failed {
            let word = output.paint(Tone::Bad, "NOT VERIFIED");
            output.line(format_args!("{word}  check {code} failed"));
            return exit;
        }
        for Entry { index, id, operation } in &self.entries {
            output.line(format_args!("{index:>10}  {id}  {operation}"));
        }
        let Self { from, to, size, covers_from, entries, .. } = self;
        let how_many = match (entries.len(), self.complete) {
            (0, true) => format!("none as of size {size}"),
            (0, false) => format!("none from leaf {from} to {to}"),
            (count, true) => format!("{count} found, complete as of size {size}"),
            (count, false) => format!("{count} found, complete from leaf {from} to {to}; there may be more"),
        };
        let beyond = match covers_from {
            0..=2 => String::new(),
            from => format!(" (the index covers leaves from {from} on)"),
        };
        match self.proven {
            true => {
                let word = output.paint(Tone::Good, "VERIFIED");
                output.line(format_args!("{word}  {how_many}{beyond}"));
            }
            false => {
                output.line(format_args!("{how_many}{beyond}"));
                output.note("as the node says; --prove checks that it is true and that nothing was left out");
            }
        }
        exit
    }
}
