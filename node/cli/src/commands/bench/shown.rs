//! What a load found, for people.

use std::collections::BTreeMap;

use crate::load::read::Answers;
use crate::load::report::{Latency, Proofs, Report, Row, Unheld};
use crate::load::usage::Usage;
use crate::output::{Output, Tone};

/// Shows what all rates found.
pub fn report(report: &Report, output: &Output) {
    for row in &report.rows {
        rate(row, report, output);
    }
    if report.rows.len() > 1 {
        let bounds = report.bounds;
        let held = report.held.map_or_else(|| "none".to_owned(), |rate| format!("{rate}/s"));
        output.row(
            "held",
            format_args!(
                "{held} is the highest with p99 of final within {} ms and at most {} % failed",
                bounds.finalized_p99_ms,
                bounds.failed_share * 100.0
            ),
        );
    }
    for note in &report.notes {
        output.row("note", note);
    }
}

fn rate(row: &Row, report: &Report, output: &Output) {
    let held = match row.held(&report.bounds) {
        Ok(()) => output.paint(Tone::Good, "held"),
        Err(why) => output.paint(Tone::Bad, &unheld(why)),
    };
    output.row(
        "offered",
        format_args!(
            "{} at {}/s, {} connections, {} bytes each: {held}",
            row.offered, row.rate, report.connections, row.envelope_bytes
        ),
    );
    output.row(
        "accepted",
        format_args!("{} in {:.1} s, {:.1}/s", row.accepted, row.seconds, row.accepted_per_second),
    );
    output.row("finalized", format_args!("{}, {:.1}/s", row.finalized, row.finalized_per_second));
    if let Some(Proofs { each, finalized, finalized_per_second, receipts, verified }) = row.proofs {
        output.row(
            "proofs",
            format_args!(
                "{finalized} final, {finalized_per_second:.0}/s, {each} in each; {receipts} receipts of items made, \
                 {verified} verified"
            ),
        );
    }
    if row.unresolved > 0 {
        output.row("unresolved", row.unresolved);
    }
    errors(&row.errors, output);
    output.row("sent late", latency(row.sent_late_ms));
    output.row("to accepted", latency(row.accepted_ms));
    output.row("to executed", latency(row.committed_ms));
    output.row("to final", latency(row.finalized_ms));
    if row.receipts > 0 {
        output.row("to receipt", format_args!("{}   of {}", latency(row.receipt_ms), row.receipts));
    }
    nodes(&row.nodes, output);
}

fn unheld(why: Unheld) -> String {
    match why {
        Unheld::Failed { share } => format!("not held, {:.1} % failed", share * 100.0),
        Unheld::Unresolved(count) => format!("not held, {count} have no end"),
        Unheld::Late { p99_ms } => format!("not held, p99 of final is {p99_ms:.0} ms"),
        Unheld::Nothing => "not held, nothing became final".to_owned(),
    }
}

/// Shows what a load of questions found.
pub fn answers(answers: &Answers, output: &Output) {
    let asked = match answers.rate {
        Some(rate) => format!("at {rate}/s"),
        None => "each asks again when it is answered".to_owned(),
    };
    output.row(
        "asked",
        format_args!("{} connections, {asked}, {} entries", answers.connections, answers.entries),
    );
    output.row(
        "receipts",
        format_args!(
            "{} in {:.1} s, {:.1}/s",
            answers.answered, answers.seconds, answers.answered_per_second
        ),
    );
    errors(&answers.errors, output);
    output.row("to receipt", latency(answers.receipt_ms));
    nodes(&answers.nodes, output);
}

fn errors(errors: &BTreeMap<String, u64>, output: &Output) {
    for (code, count) in errors {
        output.row("error", format_args!("{count} × {code}"));
    }
}

fn latency(latency: Option<Latency>) -> String {
    let Some(Latency { p50, p90, p99, p999, max }) = latency else { return "-".to_owned() };
    format!("p50 {p50:.1} ms   p90 {p90:.1} ms   p99 {p99:.1} ms   p99.9 {p999:.1} ms   max {max:.1} ms")
}

fn nodes(nodes: &[Usage], output: &Output) {
    let mib = |bytes: Option<u64>| {
        bytes.map_or_else(|| "-".to_owned(), |it| format!("{:.1}", it as f64 / 1_048_576.0))
    };
    for Usage { name, cores, rss_bytes, written_bytes, received_bytes, sent_bytes, dir_bytes, .. } in nodes {
        let cores = cores.map_or_else(|| "-".to_owned(), |cores| format!("{cores:.2}"));
        output.row(
            name,
            format_args!(
                "{cores} cores   memory {} MiB   written {} MiB   received {} MiB   sent {} MiB   directory {} MiB",
                mib(*rss_bytes),
                mib(*written_bytes),
                mib(*received_bytes),
                mib(*sent_bytes),
                mib(*dir_bytes)
            ),
        );
    }
}
