//! `quorate anchor verify`: whether a file is an anchor of a checkpoint. Nobody is asked.

use std::path::PathBuf;

use anchor::ots::{BYTES_MAX, HEADERS_BYTES_MAX, Headers, Judged, MAGIC, OtsError, Proof, judge};
use anchor::tsp::{self, Expected, RESPONSE_BYTES_MAX, Roots, Stamp};
use anchor::{Kind, digest_of};
use clap::Args;
use serde::Serialize;

use super::{NOTE_BYTES_MAX, read, text_of};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Tone};
use crate::time;

/// Largest file of roots, in bytes.
const ROOTS_BYTES_MAX: usize = 1 << 20;

/// Flags of `anchor verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// The anchor: a .tsr or .ots file
    file: PathBuf,
    /// The checkpoint: a signed note, or the text above its signatures; `-` for stdin
    #[arg(long, value_name = "NOTE")]
    checkpoint: PathBuf,
    /// The certificates that an authority must be signed by, in PEM
    #[arg(long, value_name = "PEM")]
    roots: Option<PathBuf>,
    /// The policy that an authority must follow, such as 1.2.3.4
    #[arg(long, value_name = "OID")]
    policy: Option<String>,
    /// The header of the Bitcoin block, 80 bytes in hex, from a source that you trust
    #[arg(long, value_name = "HEX", conflicts_with = "headers")]
    header: Option<String>,
    /// A file of headers, one a line: height, space, header in hex
    #[arg(long, value_name = "FILE")]
    headers: Option<PathBuf>,
}

/// What is told.
#[derive(Serialize)]
struct Report {
    kind: &'static str,
    state: &'static str,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    calendars: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

/// Checks an anchor.
pub(super) fn run(args: &Verify, output: &Output) -> Result<Exit, Failure> {
    let bytes = read(&args.file, RESPONSE_BYTES_MAX.max(BYTES_MAX))?;
    let text = text_of(read(&args.checkpoint, NOTE_BYTES_MAX)?)?;
    let digest = digest_of(&text);
    let kind = if bytes.starts_with(MAGIC) { Kind::Ots } else { Kind::Rfc3161 };
    let mut report = Report {
        kind: kind.word(),
        state: "failed",
        digest: digest.to_string(),
        time_ms: None,
        accuracy_us: None,
        authority: None,
        policy: None,
        height: None,
        block: None,
        calendars: Vec::new(),
        fault: None,
    };
    let exit = match kind {
        Kind::Rfc3161 => {
            let missing = || {
                Failure::new(Exit::NoTrust, "an authority is judged by roots that you trust")
                    .hint("--roots PEM names the certificates; those that come with an anchor prove nothing")
            };
            let pem = read(args.roots.as_ref().ok_or_else(missing)?, ROOTS_BYTES_MAX)?;
            let roots = Roots::from_pem(&pem).map_err(|fault| Failure::new(Exit::NoTrust, fault))?;
            let expected = Expected { digest: &digest, nonce: None, policy: args.policy.as_deref() };
            match tsp::verify(&bytes, &expected, &roots) {
                Ok(stamp) => {
                    let Stamp { time_ms, accuracy_us, policy, serial: _, authority } = stamp;
                    report.state = "confirmed";
                    (report.time_ms, report.accuracy_us) = (Some(time_ms), accuracy_us);
                    (report.authority, report.policy) = (Some(authority), Some(policy));
                    Exit::Ok
                }
                Err(fault) => {
                    report.fault = Some(fault.to_string());
                    Exit::NotVerified
                }
            }
        }
        Kind::Ots => {
            let judged = proof(args, &bytes, &digest)?;
            report.height = match &judged {
                Ok(Judged::Attested { height } | Judged::Confirmed { height, .. }) => Some(*height),
                Ok(Judged::Pending { .. }) | Err(_) => None,
            };
            match judged {
                Ok(Judged::Confirmed { height: _, header }) => {
                    report.state = "confirmed";
                    report.time_ms = Some(header.time_s().saturating_mul(1_000));
                    report.block = Some(header.hash());
                    Exit::Ok
                }
                Ok(Judged::Attested { .. }) => {
                    report.state = "attested";
                    Exit::NoTrust
                }
                Ok(Judged::Pending { calendars }) => {
                    (report.state, report.calendars) = ("pending", calendars);
                    Exit::NotFound
                }
                Err(fault) => {
                    report.fault = Some(fault.to_string());
                    Exit::NotVerified
                }
            }
        }
    };
    match output.is_json() {
        true => output.json(&report),
        false => print(&report, output),
    }
    Ok(exit)
}

/// Judges a proof by the headers that were given. A header that was given without its height is taken for that of the block
/// which the proof names, so that the roots decide.
fn proof(args: &Verify, bytes: &[u8], digest: &crypto::Digest) -> Result<Result<Judged, OtsError>, Failure> {
    let proof = match Proof::read(bytes) {
        Ok(proof) => proof,
        Err(fault) => return Ok(Err(fault.into())),
    };
    let headers = match (&args.headers, &args.header) {
        (Some(path), _) => {
            let text = String::from_utf8(read(path, HEADERS_BYTES_MAX)?);
            let text = text.map_err(|_| Failure::usage("the file of headers is no text"))?;
            text.parse().map_err(|fault| Failure::usage(format_args!("{}: {fault}", path.display())))?
        }
        (None, Some(hex)) => match judge(&proof, digest, &Headers::default()) {
            Ok(Judged::Attested { height }) => format!("{height} {hex}")
                .parse()
                .map_err(|_| Failure::usage("--header: a header is 80 bytes in hex"))?,
            other => return Ok(other),
        },
        (None, None) => Headers::default(),
    };
    Ok(judge(&proof, digest, &headers))
}

fn print(report: &Report, output: &Output) {
    let state = match report.state {
        "confirmed" => output.paint(Tone::Good, "confirmed"),
        "attested" => "attested, not checked: --header HEX gives the header of the block".to_owned(),
        "pending" => "pending: a promise, and no anchor yet".to_owned(),
        _ => output.paint(Tone::Bad, "NOT AN ANCHOR"),
    };
    output.row("anchor", format_args!("{}  {state}", report.kind));
    output.row("digest", &report.digest);
    if let Some(ms) = report.time_ms {
        output.row("time", time::utc(ms / 1_000));
    }
    if let Some(authority) = &report.authority {
        output.row("authority", authority);
    }
    if let Some(policy) = &report.policy {
        output.row("policy", policy);
    }
    if let Some(height) = report.height {
        output.row("height", height);
    }
    if let Some(block) = &report.block {
        output.row("block", format_args!("{block}: look it up where you trust the chain"));
    }
    for calendar in &report.calendars {
        output.row("calendar", calendar);
    }
    if let Some(fault) = &report.fault {
        output.row("fault", fault);
    }
}
