//! The demonstration: this very program is attested, and the receipt is checked by nothing but two files.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use client::EntryName;
use crypto::Scheme;
use model::entry::{State, Ticket, Wait};
use node::keystore::{Keystore, Owner, Protection};
use proto::id::{NetworkId, Tenant};
use proto::operation::Operation;
use serde::Serialize;
use testnet::in_process::LocalNetwork;
use testnet::topology::Topology;
use verify::Options;

use crate::commands::submit::{Draft, state_name};
use crate::commands::verify::{Belief, Files, judge};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Tone, short};
use crate::{files, net, submitter};

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// What kind of statement it is.
const PREDICATE_TYPE: &str = "urn:quorate:attestation:program:v1";

#[derive(Serialize)]
struct Told {
    id: String,
    state: &'static str,
    height: Option<u64>,
    index: Option<u64>,
    checkpoint_size: Option<u64>,
    accepted_ms: f64,
    committed_ms: f64,
    finalized_ms: f64,
    receipt: PathBuf,
    policy: PathBuf,
    verified: bool,
}

/// Attests this program, fetches the receipt, and verifies it from its files. They are kept below `kept`; none: they
/// go when the network ends.
pub async fn run(
    topology: &Topology,
    network: &LocalNetwork,
    kept: Option<&Path>,
    output: &Output,
) -> Result<Exit, Failure> {
    let dir = kept.unwrap_or(topology.dir()).join("demo");
    std::fs::create_dir_all(&dir)
        .map_err(|fault| Failure::usage(format_args!("cannot make {}: {fault}", dir.display())))?;
    let program = std::env::current_exe()
        .map_err(|fault| Failure::internal(format_args!("this program cannot find itself: {fault}")))?;
    let (content, bytes) = files::hash(&[], &program)?;
    let predicate = serde_json::json!({
        "name": "quorate",
        "version": env!("CARGO_PKG_VERSION"),
        "sha256": content.to_string(),
        "bytes": bytes,
    });
    let operation = Operation::AttestationIssue {
        subject: format!("quorate {}", env!("CARGO_PKG_VERSION")),
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: predicate.to_string().into_bytes(),
        content: Some(content),
        expires_at_ms: None,
    };
    let network_id: NetworkId = topology.network.parse().map_err(Failure::internal)?;
    let draft = Draft {
        author: None,
        tenant: Tenant::default_tenant(),
        operation,
        expires_in: Duration::from_secs(3_600),
    };
    let submission = draft.sign(network_id, &key(&dir)?)?;

    let client = net::client(&network.url())?;
    let begin = Instant::now();
    let mut times_ms = [0.0; 3];
    let mut last = None;
    // The same bytes each time: they are executed once, and each answer says how far they have come.
    for (wait, time_ms) in [Wait::Accepted, Wait::Committed, Wait::Finalized].into_iter().zip(&mut times_ms) {
        let ticket =
            net::submit_and_wait(&client, &submission, wait, PATIENCE).await.map_err(net::refused)?;
        // To the microsecond: more is noise in the JSON.
        *time_ms = (begin.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        let exit = net::exit_of(wait, ticket.state);
        if exit != Exit::Ok {
            return Err(Failure::new(
                exit,
                format_args!("the attestation is only {}", state_name(ticket.state)),
            ));
        }
        last = Some(ticket);
    }
    let [accepted_ms, committed_ms, finalized_ms] = times_ms;
    let Some(ticket @ Ticket { state: State::Finalized, .. }) = last else {
        return Err(Failure::new(Exit::Unknown, "the attestation is not final yet"));
    };
    let number = |number: Option<model::scalar::Uint>| number.map(|number| number.0);
    let (height, index) = (number(ticket.height), number(ticket.index));
    output.row(
        "submitted",
        format_args!(
            "{}   accepted {accepted_ms:.0} ms · committed h={} i={} {committed_ms:.0} ms · finalized {finalized_ms:.0} ms",
            short(&ticket.id),
            height.unwrap_or_default(),
            index.unwrap_or_default(),
        ),
    );
    output.row("id", ticket.id);

    let (receipt_file, policy_file) = (dir.join("receipt.json"), dir.join("policy.txt"));
    let receipt = client.receipt(EntryName::Id(submission.id()), None).await.map_err(net::refused)?;
    files::write(&receipt_file, receipt.to_json().as_bytes())?;
    // The policy is the one drawn with the network, not one that a node tells.
    let policy = topology.dir().join(Topology::POLICY);
    let policy = files::read(&policy, proto::policy::Policy::BYTES_MAX)
        .map_err(|fault| files::unreadable(&policy, &fault))?;
    files::write(&policy_file, &policy)?;

    // From here on nothing is asked of any node: two files and this program, as a verifier has them.
    let files = Files {
        keys: None,
        receipt: &receipt_file,
        belief: Belief::Policy(Some(&policy_file)),
        artifact: Some(&program),
        salt: None,
        entry: None,
    };
    let verdict = judge(files, Options { submission: Some(submission.id()), ..Options::default() })?;
    output.row("verified", verdict.summary());
    let word = match verdict.verified {
        true => output.paint(Tone::Good, "VERIFIED   "),
        false => output.paint(Tone::Bad, "NOT VERIFIED"),
    };
    if !output.is_json() {
        match kept {
            Some(_) => output.line(format_args!("  {word} receipt saved to {}", receipt_file.display())),
            None => output.line(format!("  {word}").trim_end()),
        }
    }
    if kept.is_some() {
        let (receipt, policy) = (receipt_file.display(), policy_file.display());
        output.row("try", format_args!("quorate verify {receipt} --policy {policy}"));
    }
    if output.is_json() {
        output.json(&Told {
            id: ticket.id.to_string(),
            state: state_name(ticket.state),
            height,
            index,
            checkpoint_size: number(ticket.checkpoint_size),
            accepted_ms,
            committed_ms,
            finalized_ms,
            receipt: receipt_file,
            policy: policy_file,
            verified: verdict.verified,
        });
    }
    Ok(if verdict.verified { Exit::Ok } else { Exit::NotVerified })
}

/// The demonstration's own key; the user's keys are no part of it.
fn key(dir: &Path) -> Result<crypto::SecretKey, Failure> {
    let path = dir.join("submitter.json");
    let keystore = match path.exists() {
        true => Keystore::read(&path),
        false => Keystore::create(&path, Owner::Submitter { scheme: Scheme::Ed25519 }, Protection::Dev),
    };
    keystore
        .and_then(|keystore| keystore.unlock_submitter(Protection::Dev))
        .map_err(|fault| submitter::refused(&fault))
}
