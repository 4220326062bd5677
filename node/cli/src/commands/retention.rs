//! `quorate retention`: what a tenant has had kept, in which classes, and what became of it.
//!
//! A report is true under one certified head, which it names: whoever asks another node for the same head gets the same.

use clap::{Args, Subcommand};
use client::Client;
use model::retention::{ClassReport, RetentionPolicy, RetentionReport, TenantParams};
use model::scalar::Uint;

use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::Output;
use crate::time;

/// Tombstones of one answer.
const PAGE: u64 = 200;

/// Commands of `retention`.
#[derive(Subcommand, Debug)]
pub enum RetentionCommand {
    /// Report what a tenant has had kept and what was erased, as of a certified head
    Report(Report),
    /// Show how a tenant's artifacts are kept, unless their author says otherwise
    Policy(Policy),
}

/// Flags of `retention report`.
#[derive(Args, Debug)]
pub struct Report {
    /// Whose [default: the tenant of the token]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// List no more than so many tombstones, the newest first [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    asking: Asking,
}

/// Flags of `retention policy`.
#[derive(Args, Debug)]
pub struct Policy {
    /// Whose [default: the tenant `default`]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Args, Debug)]
struct Asking {
    #[command(flatten)]
    node: Node,
    /// The node's bearer token
    #[arg(long, env = "QUORATE_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

impl Asking {
    fn client(&self) -> Result<Client, Failure> {
        let client = self.node.client()?;
        Ok(match &self.token {
            Some(token) => client.with_token(token.clone()),
            None => client,
        })
    }
}

/// Runs a command of `retention`.
///
/// # Errors
/// What the node refuses.
pub fn run(command: &RetentionCommand, output: &Output) -> Result<Exit, Failure> {
    match command {
        RetentionCommand::Report(args) => {
            let report = net::runtime()?.block_on(report(args, output))?;
            show(&report, output);
        }
        RetentionCommand::Policy(args) => {
            let asked = net::runtime()?.block_on(args.asking.client()?.retention(args.tenant.as_deref()));
            let policy = asked.map_err(net::refused)?;
            if output.is_json() {
                output.json(&policy);
            } else {
                show_policy(&policy, output);
            }
        }
    }
    Ok(Exit::Ok)
}

/// The report with its tombstones, page by page under the head of the first.
async fn report(args: &Report, output: &Output) -> Result<RetentionReport, Failure> {
    let client = args.asking.client()?;
    let most = args.limit.unwrap_or(u64::MAX);
    let ask = async |cursor: Option<String>, wanted: u64| {
        let limit = Some(Uint(wanted.clamp(1, PAGE)));
        let params = TenantParams { tenant: args.tenant.clone(), limit, cursor };
        client.retention_report(&params).await.map_err(net::refused)
    };
    let mut report = ask(None, most).await?;
    while let Some(cursor) = report.tombstones.next_cursor.take() {
        let found = report.tombstones.items.len() as u64;
        if found >= most {
            report.tombstones.next_cursor = Some(cursor);
            break;
        }
        output.note(format_args!("{found} tombstones so far"));
        let page = ask(Some(cursor), most - found).await?;
        if page.checkpoint_size != report.checkpoint_size {
            let fault = format_args!(
                "the node went on under head {}, it began under {}",
                page.checkpoint_size, report.checkpoint_size
            );
            return Err(Failure::new(Exit::Internal, fault));
        }
        report.tombstones.items.extend(page.tombstones.items);
        report.tombstones.next_cursor = page.tombstones.next_cursor;
    }
    report.tombstones.items.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(report)
}

fn show(report: &RetentionReport, output: &Output) {
    if output.is_json() {
        output.json(report);
        return;
    }
    output.row("tenant", &report.tenant);
    output.row(
        "checkpoint",
        format_args!("{} leaves, root {}", report.checkpoint_size, report.checkpoint_root),
    );
    output.row("as of", time::utc(report.time_ms.0 / 1_000));
    if report.complete_from.0 > 0 {
        output.row(
            "counted",
            format_args!("from leaf {} on; not what was committed before", report.complete_from),
        );
    }
    for class in report.classes.iter().filter(|class| class.committed.0 > 0) {
        show_class(class, output);
    }
    for tombstone in &report.tombstones.items {
        let reason = if tombstone.reason.is_empty() { "no reason given" } else { &tombstone.reason };
        let said = format_args!(
            "{} by entry {}, {}: {reason}",
            tombstone.artifact, tombstone.index, tombstone.author
        );
        output.row("erased", said);
    }
    if report.tombstones.next_cursor.is_some() {
        output.note(format_args!("there are more tombstones: --limit"));
    }
    let held = |number: Option<Uint>| number.map_or("?".to_owned(), |number| number.to_string());
    let room = &report.here;
    let of = |max: Option<Uint>| max.map_or(String::new(), |max| format!(" of {max}"));
    output.row(
        "this node",
        format_args!(
            "{}{} artifacts, {}{} bytes",
            held(room.count),
            of(room.count_max),
            held(room.bytes),
            of(room.bytes_max)
        ),
    );
    show_policy(&report.policy, output);
}

fn show_class(class: &ClassReport, output: &Output) {
    let unstated = match class.unstated.0 {
        0 => String::new(),
        unstated => format!(", {unstated} of no stated length"),
    };
    let next = class
        .next_expiry_ms
        .map_or(String::new(), |next| format!("; the next is over {}", time::utc(next.0 / 1_000)));
    let over = if class.over.0 > 0 { format!(", {} over", class.over) } else { String::new() };
    output.row(
        &class.class,
        format_args!(
            "{} committed ({} bytes{unstated}), {} kept{over}, {} erased{next}",
            class.committed, class.committed_bytes, class.kept, class.erased
        ),
    );
}

fn show_policy(policy: &RetentionPolicy, output: &Output) {
    let days = policy.days.map_or(String::new(), |days| format!(", {days} days"));
    let once = if policy.write_once { ", written once" } else { "" };
    output.row("by default", format_args!("{}{days}{once}; then {}", policy.class, policy.when_over));
}
