//! `quorate verify-evidence`: what a record of evidence shows, or all of them below a directory. Opens no socket.
//!
//! The documents of trust are files: a root that somebody the user trusts gave to them, a bundle of keys from anybody. Files
//! that a record describes are hashed where they lie beside it. The checks and the verdicts are those of
//! `ledger/verify/EVIDENCE.md`; the command ends with the verdict's own number.

use std::path::{Component, Path, PathBuf};

use clap::Args;
use crypto::Digest;
use proto::counter::TimeMs;
use proto::evidence::trust::{RevocationHead, TrustBundle, TrustRoot};
use proto::evidence::{DocumentError, Level, Record};
use proto::iso::Moment;
use serde::Serialize;
use verify::{
    EvidenceAsked, EvidenceReport, EvidenceTrust, GivenTrust, SealDetails, Verdict, artifact_of,
    verify_evidence,
};

use crate::exit::{Exit, Failure};
use crate::output::{Output, Tone};
use crate::{files, time};

mod directory;

/// Flags of `verify-evidence`.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes of this command:\n  0  VERIFIED\n  1  FAILED\n  2  UNKNOWN, or wrong usage\n  3  STALE\n  \
                  4  OFFLINE_WITHOUT_STATUS\n"
)]
pub struct VerifyEvidence {
    /// The record, qcos-evidence/1; - for stdin. A directory: all records below it
    record: PathBuf,
    /// Whom to believe: a quantumlock-trust-root/1, from somebody you trust
    #[arg(long, value_name = "FILE")]
    trust_root: Option<PathBuf>,
    /// The SHA-256 that pins a root: the one given, or one in the bundle
    #[arg(long, value_name = "SHA-256", value_parser = pin)]
    root_pin: Option<Digest>,
    /// The keys that sign evidence and what was revoked, from anybody
    #[arg(long, value_name = "FILE")]
    trust_bundle: Option<PathBuf>,
    /// What was known of revocations the last time, to see that nothing vanished since; written when more is known
    #[arg(long, value_name = "FILE", requires = "trust_bundle")]
    checkpoint: Option<PathBuf>,
    /// Where the files lie that the record describes [default: beside it]
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
    /// How much it must show, such as SEALED_ATTESTED_PQC
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    at_least: Option<Level>,
    /// Judge as of this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::instant_ms)]
    at: Option<u64>,
}

fn pin(text: &str) -> Result<Digest, String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    digits.parse().map_err(|fault: crypto::digest::DigestError| fault.to_string())
}

fn level(text: &str) -> Result<Level, String> {
    Level::from_name(text).ok_or_else(|| {
        let names: Vec<_> = Level::ALL.iter().skip(1).map(|level| level.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

/// Verifies a record, or all below a directory, and prints what was found.
pub fn run(args: &VerifyEvidence, output: &Output) -> Result<Exit, Failure> {
    let documents = match Documents::read(args)? {
        Ok(documents) => documents,
        Err(judged) => return Ok(judged.finish(output)),
    };
    let now = Moment::of(TimeMs::new(args.at.unwrap_or_else(time::now_ms)));
    let Documents { root, bundle, kept } = &documents;
    let given =
        GivenTrust { root: root.as_ref(), pin: args.root_pin, bundle: bundle.as_ref(), kept: *kept, now };
    let trust = EvidenceTrust::judge(given);
    let exit = if args.record.is_dir() {
        directory::run(&args.record, &trust, args.at_least, output)?
    } else {
        let bytes = files::read(&args.record, Record::BYTES_MAX)
            .map_err(|fault| files::unreadable(&args.record, &fault))?;
        let beside = args.artifacts.as_deref().or_else(|| args.record.parent());
        judge(&bytes, &trust, beside, args.at_least)?.finish(output)
    };
    if let (Some(path), Some(head)) = (&args.checkpoint, trust.head_to_keep().filter(|it| Some(*it) != *kept))
    {
        files::write(path, &head.to_json())?;
    }
    Ok(exit)
}

/// What was read of the documents of trust.
struct Documents {
    root: Option<TrustRoot>,
    bundle: Option<TrustBundle>,
    kept: Option<RevocationHead>,
}

impl Documents {
    /// Reads them. What is no root, no bundle or no head is a finding; what cannot be opened is wrong usage.
    fn read(args: &VerifyEvidence) -> Result<Result<Self, Judged>, Failure> {
        let bytes =
            |path: &Path, max| files::read(path, max).map_err(|fault| files::unreadable(path, &fault));
        let unread = |code, fault: DocumentError| Ok(Err(Judged::unread(code, &fault)));
        let root = args.trust_root.as_deref().map(|path| bytes(path, TrustRoot::BYTES_MAX)).transpose()?;
        let root = match root.map(|bytes| TrustRoot::parse(&bytes)).transpose() {
            Ok(root) => root,
            Err(fault) => return unread("trust_root_format", fault),
        };
        let bundle =
            args.trust_bundle.as_deref().map(|path| bytes(path, TrustBundle::BYTES_MAX)).transpose()?;
        let bundle = match bundle.map(|bytes| TrustBundle::parse(&bytes)).transpose() {
            Ok(bundle) => bundle,
            Err(fault) => return unread("trust_bundle_format", fault),
        };
        let kept = match args.checkpoint.as_deref().filter(|path| path.exists()) {
            Some(path) => Some(bytes(path, RevocationHead::BYTES_MAX)?),
            None => None,
        };
        match kept.map(|bytes| RevocationHead::parse(&bytes)).transpose() {
            Ok(kept) => Ok(Ok(Self { root, bundle, kept })),
            Err(fault) => unread("checkpoint_format", fault),
        }
    }
}

/// What was found of a record, as it is printed.
#[derive(Debug, Serialize)]
struct Judged {
    /// The verdict.
    verdict: &'static str,
    /// The number with which the command ends.
    exit_code: u8,
    /// The check that decided it; null where all hold.
    decided_by: Option<&'static str>,
    /// The record's name; null where it is not read.
    record_id: Option<String>,
    /// Whose it is.
    tenant_id: Option<String>,
    /// Its hash.
    bundle_hash: Option<String>,
    /// What it claims to be.
    claimed_level: Option<&'static str>,
    /// What is confirmed.
    confirmed_level: &'static str,
    /// From the root to the key that signed, where that is believed.
    trust_chain: Option<String>,
    /// The four details.
    details: Details,
    /// All checks, in order.
    checks: Vec<CheckLine>,
    /// The files it describes.
    artifacts: Vec<ArtifactLine>,
}

/// The details of a verification; null where that is not known.
#[derive(Debug, Default, Serialize)]
struct Details {
    bundle_hash_verified: Option<bool>,
    signature_valid: Option<bool>,
    key_not_revoked: Option<bool>,
    timestamp_within_validity: Option<bool>,
}

impl From<SealDetails> for Details {
    fn from(details: SealDetails) -> Self {
        let SealDetails { bundle_hash_verified, signature_valid, key_not_revoked, timestamp_within_validity } =
            details;
        Self { bundle_hash_verified, signature_valid, key_not_revoked, timestamp_within_validity }
    }
}

/// One check.
#[derive(Debug, Serialize)]
struct CheckLine {
    /// The stable code.
    code: &'static str,
    /// `passed`, `failed`, `unknown`, `stale`, `without_status` or `skipped`.
    outcome: &'static str,
    /// Why it is not passed.
    detail: String,
}

/// A file that a record describes.
#[derive(Clone, Debug, Serialize)]
struct ArtifactLine {
    /// Its name.
    name: String,
    /// `matches`, `differs`, or `absent`: it does not lie there.
    outcome: &'static str,
}

const FORMAT: &str = "record_format";

impl Judged {
    /// What is said of a document that is none.
    fn unread(code: &'static str, fault: &DocumentError) -> Self {
        Self {
            verdict: Verdict::Failed.name(),
            exit_code: Verdict::Failed.code(),
            decided_by: Some(code),
            record_id: None,
            tenant_id: None,
            bundle_hash: None,
            claimed_level: None,
            confirmed_level: Level::Invalid.name(),
            trust_chain: None,
            details: Details::default(),
            checks: vec![CheckLine { code, outcome: "failed", detail: fault.to_string() }],
            artifacts: Vec::new(),
        }
    }

    fn of(record: &Record, report: &EvidenceReport, artifacts: Vec<ArtifactLine>) -> Self {
        let mut checks = vec![CheckLine { code: FORMAT, outcome: "passed", detail: String::new() }];
        checks.extend(report.checks.iter().map(|check| CheckLine {
            code: check.code.as_str(),
            outcome: check.outcome.name(),
            detail: check.outcome.detail(),
        }));
        Self {
            verdict: report.verdict().name(),
            exit_code: report.verdict().code(),
            decided_by: report.decided_by().map(|check| check.code.as_str()),
            record_id: Some(record.header.record_id.clone()),
            tenant_id: Some(record.header.tenant_id.clone()),
            bundle_hash: Some(record.bundle_hash.to_string()),
            claimed_level: Some(report.facts.claimed.name()),
            confirmed_level: report.facts.confirmed.name(),
            trust_chain: report.facts.chain.clone(),
            details: report.details().into(),
            checks,
            artifacts,
        }
    }

    /// Why it is not verified, in one line; empty where it is.
    fn why(&self) -> String {
        let of_code = |check: &&CheckLine| Some(check.code) == self.decided_by;
        self.checks.iter().find(of_code).map(|check| check.detail.clone()).unwrap_or_default()
    }

    fn finish(self, output: &Output) -> Exit {
        if output.is_json() {
            output.json(&self);
        } else {
            self.print(output);
        }
        exit_of(self.exit_code)
    }

    fn print(&self, output: &Output) {
        for (label, text) in [
            ("record", self.record_id.as_deref()),
            ("tenant", self.tenant_id.as_deref()),
            ("claims", self.claimed_level),
            ("confirmed", Some(self.confirmed_level)),
            ("trust", self.trust_chain.as_deref()),
        ] {
            text.iter().for_each(|text| output.row(label, text));
        }
        for CheckLine { code, outcome, detail } in &self.checks {
            let (tone, word) = match *outcome {
                "passed" => (Tone::Good, "ok"),
                "skipped" => (Tone::Faint, "-"),
                other => (Tone::Bad, other),
            };
            output.line(format_args!("  {} {code:16} {detail}", output.paint(tone, &format!("{word:14}"))));
        }
        for ArtifactLine { name, outcome } in &self.artifacts {
            output.row(outcome, name);
        }
        let tone = if self.exit_code == 0 { Tone::Good } else { Tone::Bad };
        output.line(output.paint(tone, self.verdict));
    }
}

/// The verdict's own number, which scripts of those who issue such records branch on; the names here are of other commands.
fn exit_of(code: u8) -> Exit {
    Exit::TABLE.iter().map(|(exit, _)| *exit).find(|exit| exit.code() == code).unwrap_or(Exit::Internal)
}

/// Judges a record, and the files it describes that lie in `beside`.
fn judge(
    bytes: &[u8],
    trust: &EvidenceTrust<'_>,
    beside: Option<&Path>,
    at_least: Option<Level>,
) -> Result<Judged, Failure> {
    let record = match Record::parse(bytes) {
        Ok(record) => record,
        Err(fault) => return Ok(Judged::unread(FORMAT, &fault)),
    };
    let (mut found, mut lines) = (Vec::new(), Vec::new());
    for (name, expected) in record.data.iter().filter_map(artifact_of) {
        let path = beside.filter(|_| is_plain(name)).map(|dir| dir.join(name)).filter(|path| path.is_file());
        let outcome = match path {
            None => "absent",
            Some(path) => {
                let (digest, _) = files::hash(&[], &path)?;
                found.push((name.to_owned(), digest));
                if digest == expected { "matches" } else { "differs" }
            }
        };
        lines.push(ArtifactLine { name: name.to_owned(), outcome });
    }
    let report = verify_evidence(&record, trust, EvidenceAsked { artifacts: &found, at_least });
    Ok(Judged::of(&record, &report, lines))
}

/// Whether a name is that of a file in one directory, and leads nowhere else.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) && !name.contains(['/', '\\'])
}
