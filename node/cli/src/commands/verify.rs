//! `quorate verify`: is this receipt true, or are all below this directory? Opens no socket, asks nobody.
//!
//! The check list is printed whatever the outcome; each check has a stable code. A receipt that cannot even be read
//! is not true, so it fails the check `receipt_format`, which stands before the others.
//! The order of the checks is that of `ledger/verify/src/receipt.rs`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use crypto::Digest;
use model::search::SearchAnswer;
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::entry::ENTRY_BYTES_MAX;
use proto::id::SubmissionId;
use proto::operation::RevokedFrom;
use proto::policy::Policy;
use proto::receipt::{Bundle, Receipt, UnreadReceipt};
use serde::Serialize;
use verify::{
    Ended, EntryFacts, Freshness, ItemFacts, KeyEnd, KeyLife, LEAVES_MAX, Options, Outcome, ProvenLeaf,
    Report, Standing, Trust,
};

use crate::commands::{artifact, audit_log, search};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Tone, short};
use crate::{files, submitter, time, trust};

mod directory;

pub use directory::below;

/// Flags of `verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// The receipt: JSON, C2SP tlog-proof, COSE or bundle; `-` for stdin. A directory: all receipts below it. Or an answer
    /// that quorate search --save wrote, or what quorate audit-log export did
    receipt: PathBuf,
    /// Whom to believe: a C2SP tlog-policy [default: policy.txt in the configuration directory]
    #[arg(long, value_name = "FILE", conflicts_with = "genesis")]
    policy: Option<PathBuf>,
    /// Whom to believe: the validators of this genesis.json, and those who followed them by --trust
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// The chain of trust from the genesis on, as quorate trust fetches it
    #[arg(long, value_name = "FILE", requires = "genesis")]
    trust: Option<PathBuf>,
    /// The file the receipt should be about
    #[arg(long, value_name = "FILE", conflicts_with = "digest")]
    artifact: Option<PathBuf>,
    /// The file with its salt, as quorate artifact commit --private wrote it
    #[arg(long, value_name = "FILE", requires = "artifact")]
    salt: Option<PathBuf>,
    /// The SHA-256 of what the receipt should be about, in lower-case hex
    #[arg(long, value_name = "SHA-256")]
    digest: Option<Digest>,
    /// The submission it should be a receipt of
    #[arg(long, value_name = "ID")]
    id: Option<SubmissionId>,
    /// The entry's bytes, which travel beside a tlog-proof
    #[arg(long, value_name = "FILE")]
    entry: Option<PathBuf>,
    /// Receipts of the entries that listed and ended the author's keys, as quorate keys history --receipts wrote them: what
    /// a key signed after it was lost is then refused
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// How old the checkpoint may be at most, such as 24h
    #[arg(long, value_name = "DURATION", value_parser = time::duration)]
    max_age: Option<Duration>,
}

/// Verifies a receipt and prints the check list; of a directory, what is not true.
pub fn run(args: &Verify, output: &Output) -> Result<Exit, Failure> {
    let freshness =
        args.max_age.map(|age| Freshness { now_s: time::now_ms() / 1_000, max_age_s: age.as_secs() });
    let belief = match &args.genesis {
        Some(genesis) => Belief::Genesis { genesis, chain: args.trust.as_deref() },
        None => Belief::Policy(args.policy.as_deref()),
    };
    if audit_log::is_export(&args.receipt) {
        return audit_log::verify(&args.receipt, &Believed::read(belief)?, freshness, output);
    }
    if let Some(answers) = saved_search(&args.receipt)? {
        return Ok(search::verify_saved(&answers, Believed::read(belief)?.belief(), freshness, output));
    }
    if args.receipt.is_dir() {
        let of_one =
            args.id.is_some() || args.digest.is_some() || args.artifact.is_some() || args.entry.is_some();
        if of_one {
            let fault = "--id, --artifact, --digest and --entry are about one receipt, not about a directory";
            return Err(Failure::usage(fault));
        }
        let options = Options { freshness, ..Options::default() };
        let believed = Believed::read(belief)?;
        let leaves = args.keys.as_deref().map(|path| believed.leaves(path)).transpose()?.unwrap_or_default();
        return directory::run(&args.receipt, believed.belief(), &leaves, options, output);
    }
    let files = Files {
        receipt: &args.receipt,
        belief,
        artifact: args.artifact.as_deref(),
        salt: args.salt.as_deref(),
        entry: args.entry.as_deref(),
        keys: args.keys.as_deref(),
    };
    let verdict = judge(files, Options { submission: args.id, artifact: args.digest, freshness })?;
    verdict.print(output);
    Ok(if verdict.verified { Exit::Ok } else { Exit::NotVerified })
}

/// The answer to a search that stands in a file, if it is one.
fn saved_search(path: &Path) -> Result<Option<Vec<SearchAnswer>>, Failure> {
    // A search is larger than any receipt can be; what cannot be read here is refused as a receipt.
    if !path.is_file() {
        return Ok(None);
    }
    match files::read(path, search::SAVED_BYTES_MAX) {
        Ok(bytes) => search::saved(&bytes),
        Err(_) => Ok(None),
    }
}

/// All that a verifier has.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// The receipt.
    pub receipt: &'a Path,
    /// Whom to believe.
    pub belief: Belief<'a>,
    /// What the receipt should be about.
    pub artifact: Option<&'a Path>,
    /// The file with the salt that stands before the artifact.
    pub salt: Option<&'a Path>,
    /// The entry, if it does not travel in the receipt.
    pub entry: Option<&'a Path>,
    /// Receipts of the entries that tell of the author's keys, one a line.
    pub keys: Option<&'a Path>,
}

/// Where it is written whom to believe.
#[derive(Clone, Copy, Debug)]
pub enum Belief<'a> {
    /// A policy; none: the one of the configuration directory.
    Policy(Option<&'a Path>),
    /// A genesis and the chain of trust that begins with it.
    Genesis {
        /// The genesis.
        genesis: &'a Path,
        /// The chain; none: epoch 0 alone is believed.
        chain: Option<&'a Path>,
    },
}

pub use Belief as Trusted;

/// Whom to believe.
pub enum Believed {
    /// Those of a policy.
    Policy(Policy),
    /// The validators of a genesis, and those who followed.
    Trust(Box<Trust>),
}

impl Believed {
    /// Reads whom to believe.
    ///
    /// # Errors
    /// `NoTrust` when that cannot be read.
    pub fn read(belief: Belief<'_>) -> Result<Self, Failure> {
        Ok(match belief {
            Belief::Policy(path) => Self::Policy(read_policy(path)?),
            Belief::Genesis { genesis, chain } => Self::Trust(Box::new(trust::read(genesis, chain)?)),
        })
    }

    /// As the checks want it.
    pub const fn belief(&self) -> verify::Belief<'_> {
        match self {
            Self::Policy(policy) => verify::Belief::Policy(policy),
            Self::Trust(trust) => verify::Belief::Trust(trust),
        }
    }

    /// The leaves that a file of receipts proves, all of which must hold.
    fn leaves(&self, path: &Path) -> Result<Vec<ProvenLeaf>, Failure> {
        let bytes = files::read(path, LEAVES_MAX * Receipt::BYTES_MAX)
            .map_err(|fault| files::unreadable(path, &fault))?;
        let fault = |line: usize, fault: String| {
            Failure::new(Exit::NotVerified, format_args!("{}, line {line}: {fault}", path.display()))
                .hint("fetch the receipts again: quorate keys history --receipts")
        };
        let text = String::from_utf8(bytes).map_err(|it| fault(1, it.to_string()))?;
        let mut leaves = Vec::new();
        for (line, number) in text.lines().filter(|line| !line.trim().is_empty()).zip(1..) {
            if number > LEAVES_MAX {
                return Err(fault(number, format!("at most {LEAVES_MAX} receipts are looked at")));
            }
            let receipt = Receipt::from_json(line).map_err(|it| fault(number, it.to_string()))?;
            let leaf = match self {
                Self::Policy(policy) => ProvenLeaf::prove(policy, &receipt),
                Self::Trust(trust) => ProvenLeaf::prove_by(trust, &receipt),
            };
            leaves.push(leaf.map_err(|it| fault(number, it.to_string()))?);
        }
        Ok(leaves)
    }
}

/// Verifies a receipt from files alone; an artifact among the files stands for the one of `options`.
///
/// # Errors
/// `NoTrust` without somebody to believe, `Usage` when a file cannot be read.
pub fn judge(files: Files<'_>, options: Options) -> Result<Verdict, Failure> {
    let believed = Believed::read(files.belief)?;
    let read = |path: &Path, max| files::read(path, max).map_err(|fault| files::unreadable(path, &fault));
    let bytes = read(files.receipt, Bundle::BYTES_MAX)?;
    let entry = files.entry.map(|path| read(path, ENTRY_BYTES_MAX)).transpose()?;
    let salt = files.salt.map(artifact::read_salt).transpose()?.unwrap_or_default();
    let artifact = files.artifact.map(|file| files::hash(&salt, file)).transpose()?.map(|(digest, _)| digest);
    let artifact = artifact.or(options.artifact);
    match read_receipt(&bytes, entry) {
        Ok(bundle) => {
            let leaves = files.keys.map(|path| believed.leaves(path)).transpose()?.unwrap_or_default();
            let options = Options { artifact, ..options };
            let lives: verify::Lives<'_> = &|log, author, key| KeyLife::shown(log, author, key, &leaves);
            Ok(Verdict::of(&believed.belief().verify_knowing(&bundle, options, lives, None)))
        }
        Err(Unread::Receipt(fault)) => Ok(Verdict::unreadable(fault)),
        Err(Unread::Usage(failure)) => Err(failure),
    }
}

/// Reads the policy that is given, or the one in the configuration directory.
///
/// # Errors
/// `NoTrust` when it cannot be read or is none.
pub fn read_policy(given: Option<&Path>) -> Result<Policy, Failure> {
    let trust = |fault: String| {
        Failure::new(Exit::NoTrust, fault).hint(
            "--policy FILE names whom to believe; take the file from someone you trust, not from the receipt",
        )
    };
    let path = match given {
        Some(path) => path.to_owned(),
        None => submitter::config_dir().map_err(|failure| trust(failure.message))?.join("policy.txt"),
    };
    let bytes = files::read(&path, Policy::BYTES_MAX)
        .map_err(|fault| trust(format!("cannot read the policy {}: {fault}", path.display())))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| trust(format!("the policy {} is not UTF-8 text", path.display())))?;
    text.parse::<Policy>().map_err(|fault| trust(format!("{}: {fault}", path.display())))
}

/// Why there is no receipt to verify.
enum Unread {
    /// The bytes are not one.
    Receipt(String),
    /// The flags do not fit it.
    Usage(Failure),
}

fn read_receipt(bytes: &[u8], entry: Option<Vec<u8>>) -> Result<Bundle, Unread> {
    Bundle::read(bytes, entry).map_err(|fault| match fault {
        UnreadReceipt::NoEntry => {
            Unread::Usage(Failure::usage(&fault).hint("--entry FILE names the file with the entry's bytes"))
        }
        UnreadReceipt::EntryTwice => Unread::Usage(Failure::usage(
            "--entry goes with a tlog-proof; receipts in JSON and COSE hold their entry",
        )),
        UnreadReceipt::TooLarge { .. }
        | UnreadReceipt::NotText
        | UnreadReceipt::Json(_)
        | UnreadReceipt::TlogProof(_)
        | UnreadReceipt::Cose(_) => Unread::Receipt(fault.to_string()),
    })
}

/// What was found, as it is printed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether every check that was made holds.
    pub verified: bool,
    /// The code of the check that failed.
    pub failed: Option<&'static str>,
    /// All checks, in order.
    pub checks: Vec<CheckLine>,
    /// What the receipt shows, as far as it is believed.
    pub facts: Facts,
}

/// One check.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct CheckLine {
    /// The stable code.
    pub code: &'static str,
    /// `passed`, `failed` or `skipped`.
    pub outcome: &'static str,
    /// Why it failed or was skipped.
    pub detail: String,
}

/// What a receipt shows; null where nothing is believed.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The log.
    origin: Option<String>,
    /// Size of its checkpoint.
    checkpoint_size: Option<u64>,
    /// Root of its checkpoint.
    root: Option<String>,
    /// Who cosigned.
    cosigners: Vec<String>,
    /// The time a quorum vouches for, in seconds since 1970.
    vouched_time_s: Option<u64>,
    /// Place of the entry.
    index: Option<u64>,
    /// Kind of the entry.
    entry: Option<&'static str>,
    /// The submission.
    id: Option<String>,
    /// Height of its block.
    height: Option<u64>,
    /// Time of its block, in milliseconds since 1970.
    time_ms: Option<u64>,
    /// The network it was signed for.
    network: Option<String>,
    /// Its operation.
    operation: Option<&'static str>,
    /// Its tenant.
    tenant: Option<String>,
    /// Who speaks.
    author: Option<String>,
    /// The author's key.
    key: Option<String>,
    /// Why the key was the author's: `self_certified`, `attested_by_log`, or `listed` where --keys shows it.
    key_standing: Option<&'static str>,
    /// How the key ended, where --keys shows that.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_end: Option<KeyEndFact>,
    /// SHA-256 of what it is about.
    content: Option<String>,
    /// What a statement that was signed elsewhere says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<StatementFact>,
    /// The item of the batch that the entry anchors.
    item: Option<ItemFact>,
}

const FORMAT: &str = "receipt_format";

impl Verdict {
    fn of(report: &Report) -> Self {
        let mut checks = vec![CheckLine { code: FORMAT, outcome: "passed", detail: String::new() }];
        checks.extend(report.checks.iter().map(|check| {
            let (outcome, detail) = match &check.outcome {
                Outcome::Passed => ("passed", String::new()),
                Outcome::Failed(fault) => ("failed", fault.to_string()),
                Outcome::Skipped(why) => ("skipped", (*why).to_owned()),
            };
            CheckLine { code: check.code.as_str(), outcome, detail }
        }));
        Self {
            verified: report.is_true(),
            failed: report.failure().map(|(code, _)| code.as_str()),
            checks,
            facts: Facts::of(report),
        }
    }

    fn unreadable(fault: String) -> Self {
        let skipped = |code: verify::Code| CheckLine {
            code: code.as_str(),
            outcome: "skipped",
            detail: "an earlier check failed".to_owned(),
        };
        let mut checks = vec![CheckLine { code: FORMAT, outcome: "failed", detail: fault }];
        checks.extend(verify::Code::ALL.map(skipped));
        Self { verified: false, failed: Some(FORMAT), checks, facts: Facts::default() }
    }

    /// Prints the check list and the verdict.
    pub fn print(&self, output: &Output) {
        if output.is_json() {
            return output.json(self);
        }
        for check in &self.checks {
            let (tone, word) = match check.outcome {
                "passed" => (Tone::Good, "ok"),
                "failed" => (Tone::Bad, "FAILED"),
                _ => (Tone::Faint, "-"),
            };
            let detail =
                if check.outcome == "passed" { self.shown_by(check.code) } else { check.detail.clone() };
            // Padded before it is painted: colour codes have no width.
            let word = output.paint(tone, &format!("{word:6}"));
            output.line(format_args!("  {:22} {word} {detail}", check.code).to_string().trim_end());
        }
        self.facts.print(output);
        match self.failed {
            None => output.line(output.paint(Tone::Good, "VERIFIED")),
            Some(code) => {
                output.line(format_args!("{}  check {code} failed", output.paint(Tone::Bad, "NOT VERIFIED")))
            }
        }
    }

    /// What a passed check shows, in a few words.
    fn shown_by(&self, code: &str) -> String {
        let facts = &self.facts;
        match (code, facts.index, facts.checkpoint_size) {
            ("policy", _, _) => facts.origin.clone().unwrap_or_default(),
            ("quorum", _, Some(_)) => format!("{} cosignatures", facts.cosigners.len()),
            ("index", Some(index), Some(size)) => format!("leaf {index} of {size}"),
            ("batch_item", _, _) => facts.item.as_ref().map(ItemFact::place).unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// The verdict in one line, as `dev --demo` prints it.
    pub fn summary(&self) -> String {
        let facts = &self.facts;
        match self.failed {
            Some(code) => format!("check {code} failed"),
            None => format!(
                "signature ok · inclusion ok (leaf {} of {}) · checkpoint ok ({} cosignatures)",
                facts.index.unwrap_or_default(),
                facts.checkpoint_size.unwrap_or_default(),
                facts.cosigners.len()
            ),
        }
    }
}

/// How the key that signed ended, before it signed or after.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct KeyEndFact {
    /// `retired` or `revoked`.
    kind: &'static str,
    /// By this entry.
    index: u64,
    /// From where on it is not believed.
    from: String,
}

impl KeyEndFact {
    fn of(end: KeyEnd) -> Self {
        let index = end.at.get();
        match end.how {
            Ended::Retired => Self { kind: "retired", index, from: RevokedFrom::Here.to_string() },
            Ended::Revoked(from) => Self { kind: "revoked", index, from: from.to_string() },
        }
    }
}

/// A statement that was signed elsewhere.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct StatementFact {
    /// How it is written.
    format: &'static str,
    /// Whom it names as its issuer.
    issuer: String,
    /// What it is about.
    subject: String,
    /// What its payload is.
    media_type: String,
    /// SHA-256 of the payload.
    payload: String,
}

impl StatementFact {
    fn of(facts: &proto::statement::Facts) -> Self {
        Self {
            format: facts.format.name(),
            issuer: facts.issuer.clone(),
            subject: facts.subject.clone(),
            media_type: facts.media_type.clone(),
            payload: facts.payload.to_string(),
        }
    }
}

/// An item of the batch that the entry anchors.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ItemFact {
    /// SHA-256 of its content.
    digest: String,
    /// Its place in the batch, from 0.
    index: u64,
    /// How many items the batch has.
    count: u64,
}

impl ItemFact {
    fn place(&self) -> String {
        format!("item {} of {}", self.index, self.count)
    }
}

impl Facts {
    fn of(report: &Report) -> Self {
        let mut facts = Self { index: report.index.map(LeafIndex::get), ..Self::default() };
        if let Some(checkpoint) = &report.checkpoint {
            facts.origin = Some(checkpoint.origin.to_string());
            facts.checkpoint_size = Some(checkpoint.head.size.get());
            facts.root = Some(checkpoint.head.root.to_string());
            facts.cosigners = checkpoint.cosigners.iter().map(|cosigner| cosigner.name.clone()).collect();
            facts.vouched_time_s = checkpoint.vouched_time_s;
        }
        match &report.entry {
            None => {}
            Some(entry @ EntryFacts::Epoch(epoch)) => {
                facts.entry = Some(entry.kind());
                facts.height = Some(epoch.height.get());
            }
            Some(entry @ EntryFacts::Genesis { network }) => {
                facts.entry = Some(entry.kind());
                facts.network = Some(network.to_string());
            }
            Some(entry @ EntryFacts::Block { height, time }) => {
                facts.entry = Some(entry.kind());
                facts.height = Some(height.get());
                facts.time_ms = Some(time.get());
            }
            Some(entry @ EntryFacts::Submission(submission)) => {
                facts.entry = Some(entry.kind());
                facts.id = Some(submission.id.to_string());
                facts.height = submission.height.map(Height::get);
                facts.time_ms = submission.time.map(TimeMs::get);
                facts.network = submission.network.as_ref().map(ToString::to_string);
                facts.operation = Some(submission.operation);
                facts.tenant = Some(submission.tenant.to_string());
                facts.author = Some(submission.author.to_string());
                facts.key = Some(submission.key.to_string());
                facts.key_standing = Some(match submission.standing {
                    Standing::SelfCertified => "self_certified",
                    Standing::AttestedByLog => "attested_by_log",
                    Standing::Listed { .. } => "listed",
                });
                facts.key_end = submission.key_end.map(KeyEndFact::of);
                facts.content = submission.content.as_ref().map(ToString::to_string);
                facts.statement = submission.statement.as_deref().map(StatementFact::of);
            }
        }
        facts.item = report.item.map(|ItemFacts { digest, index, count }| ItemFact {
            digest: digest.to_string(),
            index: index.get(),
            count,
        });
        facts
    }

    fn print(&self, output: &Output) {
        let rows = [
            ("submission", self.id.clone()),
            ("operation", self.operation.map(str::to_owned)),
            ("content", self.content.as_ref().map(|content| format!("sha256 {content}"))),
            ("item", self.item.as_ref().map(|item| format!("sha256 {}", item.digest))),
            (
                "statement",
                self.statement.as_ref().map(|it| match it.subject.is_empty() {
                    true => it.format.to_owned(),
                    false => format!("{}, about {}", it.format, abridged(&it.subject)),
                }),
            ),
            ("author", self.author.as_ref().map(|author| abridged(author))),
            (
                "key",
                self.key_end.as_ref().map(|end| {
                    format!("{} by entry {}, not believed from {} on", end.kind, end.index, end.from)
                }),
            ),
            (
                "block",
                self.height.map(|height| {
                    let time = self.time_ms.map(|time| time::utc(time / 1_000)).unwrap_or_default();
                    format!("height {height}, {time}")
                }),
            ),
            (
                "checkpoint",
                self.root.as_ref().map(|root| {
                    let time = self.vouched_time_s.map(time::utc).unwrap_or_default();
                    format!("root {}, cosigned {time}", short(root))
                }),
            ),
        ];
        for (label, text) in rows {
            if let Some(text) = text {
                output.row(label, text);
            }
        }
    }
}

/// A DID of a post-quantum key has thousands of characters; the ends tell it apart.
fn abridged(did: &str) -> String {
    match (did.get(..40), did.get(did.len().saturating_sub(8)..)) {
        (Some(head), Some(tail)) if did.len() > 100 => format!("{head}…{tail}"),
        _ => did.to_owned(),
    }
}
