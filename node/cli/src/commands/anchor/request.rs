//! `quorate anchor request`: asks an authority or a calendar, without any node between.

use std::path::PathBuf;

use anchor::ots::{self, Headers, Judged, Proof};
use anchor::tsp::Roots;
use anchor::{Deed, Heard, Kind, Record, Trust, digest_of};
use clap::{Args, ValueEnum};
use client::anchor::{AnchorClient, Answer};
use client::tls;
use serde::Serialize;

use super::{NOTE_BYTES_MAX, read, text_of};
use crate::exit::{Exit, Failure};
use crate::net;
use crate::output::Output;
use crate::{files, time};

/// Largest file of certificates, in bytes.
const PEM_BYTES_MAX: usize = 1 << 20;

/// Who is asked.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// A time-stamping authority
    Rfc3161,
    /// A calendar of OpenTimestamps
    Ots,
}

/// Flags of `anchor request`.
#[derive(Args, Debug)]
pub struct Request {
    /// What is asked for
    #[arg(long, value_enum)]
    kind: Of,
    /// Where the authority or the calendar answers
    #[arg(long, value_name = "URL")]
    from: String,
    /// The checkpoint: a signed note, or the text above its signatures; `-` for stdin
    #[arg(long, value_name = "NOTE")]
    checkpoint: PathBuf,
    /// The certificates that an authority must be signed by, in PEM
    #[arg(long, value_name = "PEM", required_if_eq("kind", "rfc3161"))]
    roots: Option<PathBuf>,
    /// The policy that an authority must follow, such as 1.2.3.4
    #[arg(long, value_name = "OID")]
    policy: Option<String>,
    /// The certificates that an HTTPS server must be signed by, in PEM [default: the system's]
    #[arg(long, value_name = "PEM")]
    tls_roots: Option<PathBuf>,
    /// The file to write the anchor to; a promise that stands there already is asked after
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// What is told.
#[derive(Serialize)]
struct Done {
    state: &'static str,
    file: String,
}

/// Asks, and checks the answer before it is written.
pub(super) fn run(args: &Request, output: &Output) -> Result<Exit, Failure> {
    let text = text_of(read(&args.checkpoint, NOTE_BYTES_MAX)?)?;
    let digest = digest_of(&text);
    let tls = match &args.tls_roots {
        Some(path) => tls::Roots::from_pem(&read(path, PEM_BYTES_MAX)?).map_err(Failure::usage)?,
        None => tls::Roots::System,
    };
    let client = AnchorClient::new(&args.from, &tls).map_err(net::refused)?;
    let roots = match &args.roots {
        Some(path) => {
            let read = Roots::from_pem(&read(path, PEM_BYTES_MAX)?);
            Some(read.map_err(|fault| Failure::new(Exit::NoTrust, fault))?)
        }
        None => None,
    };
    let trust = Trust { roots, policy: args.policy.clone(), headers: Headers::default() };
    let kind = match args.kind {
        Of::Rfc3161 => Kind::Rfc3161,
        Of::Ots => Kind::Ots,
    };
    let now_s = time::now_ms() / 1_000;
    let mut record = Record::new("request".to_owned(), kind, args.from.clone(), now_s);
    if let (Kind::Ots, true) = (kind, args.out.exists()) {
        let bytes = read(&args.out, ots::BYTES_MAX)?;
        let judged = Proof::read(&bytes).map_err(Into::into);
        let judged = judged.and_then(|proof| ots::judge(&proof, &digest, &Headers::default()));
        let judged: Judged =
            judged.map_err(|fault| Failure::usage(format_args!("{}: {fault}", args.out.display())))?;
        (record.standing, record.evidence) = (judged.into(), Some(bytes));
    }
    let Some(deed) = record.deed(&digest, &trust, now_s, u64::from_be_bytes(rand::random())) else {
        // A proof that leads to a block is whole.
        return Ok(done(&record, args, output));
    };
    let heard = net::runtime()?.block_on(ask(&client, &deed, digest.as_bytes()))?;
    record
        .take(&digest, &trust, time::now_ms() / 1_000, &deed, &heard)
        .map_err(|fault| Failure::new(Exit::NotVerified, fault))?;
    files::write(&args.out, record.evidence.as_deref().unwrap_or_default())?;
    Ok(done(&record, args, output))
}

async fn ask(client: &AnchorClient, deed: &Deed, digest: &[u8; 32]) -> Result<Vec<Heard>, Failure> {
    let mut heard = Vec::new();
    let mut put = |answer: Answer| match answer {
        Answer::Given(bytes) => {
            heard.push(Heard::Bytes(bytes));
            Ok(())
        }
        Answer::NotYet => {
            heard.push(Heard::NotYet);
            Ok(())
        }
        Answer::Refused { status } => {
            Err(Failure::new(Exit::Refused, format_args!("it answered with status {status}")))
        }
    };
    match deed {
        Deed::Stamp { request, nonce: _ } => {
            put(client.timestamp(request.clone()).await.map_err(net::refused)?)?;
        }
        Deed::Promise => put(client.digest(digest).await.map_err(net::refused)?)?,
        Deed::Upgrade { of } => {
            for message in of {
                put(client.upgrade(&hex::encode(message)).await.map_err(net::refused)?)?;
            }
        }
        Deed::Look => {}
    }
    Ok(heard)
}

fn done(record: &Record, args: &Request, output: &Output) -> Exit {
    let done = Done { state: record.standing.word(), file: args.out.display().to_string() };
    match output.is_json() {
        true => output.json(&done),
        false => {
            output.row(done.state, &done.file);
            if done.state == "pending" {
                output.note("a promise, and no anchor yet: run the same command again in some hours");
            }
        }
    }
    Exit::Ok
}
