//! `quorate rows`: what the systems that came before promised, row by row, and the test that holds each.
//!
//! The table is `rows.tsv`, made from the names of the tests in `tests/rows`, and wrong by no word of it: a test of that
//! suite fails when it is. A row is green when the suite has a test named after it, which must then pass.

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::{Output, Tone};

/// The table: id, title, test, state; a line each, the first of them names.
const TABLE: &str = include_str!("../rows.tsv");

/// Flags of `rows`.
#[derive(Args, Debug)]
pub struct Rows {
    /// Only rows of this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only rows whose id begins like this: Q, P1, A17
    #[arg(long, value_name = "ID", default_value = "")]
    id: String,
}

/// Whether a row is held by a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum State {
    /// A test of the suite is named after it.
    Green,
    /// None is.
    Missing,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Row {
    id: &'static str,
    title: &'static str,
    /// Null when there is none.
    test: Option<&'static str>,
    state: State,
}

#[derive(Serialize)]
struct Answer {
    green: usize,
    missing: usize,
    rows: Vec<Row>,
}

/// Prints the table.
pub fn run(args: &Rows, output: &Output) -> Result<Exit, Failure> {
    let wanted = |row: &Row| {
        args.state.is_none_or(|state| state == row.state)
            && row.id.to_ascii_lowercase().starts_with(&args.id.to_ascii_lowercase())
    };
    let rows: Vec<Row> = table()?.into_iter().filter(wanted).collect();
    let green = rows.iter().filter(|row| row.state == State::Green).count();
    let missing = rows.len() - green;
    if output.is_json() {
        output.json(&Answer { green, missing, rows });
        return Ok(Exit::Ok);
    }
    for row in &rows {
        let state = match row.state {
            State::Green => output.paint(Tone::Good, "green  "),
            State::Missing => output.paint(Tone::Faint, "missing"),
        };
        let test = row.test.map(|test| output.paint(Tone::Faint, &format!("   {test}"))).unwrap_or_default();
        output.line(format_args!("{}  {state}  {}{test}", row.id, row.title));
    }
    output.line(format_args!("{green} green, {missing} missing"));
    Ok(Exit::Ok)
}

fn table() -> Result<Vec<Row>, Failure> {
    let damaged = |line: &str| Failure::internal(format_args!("the table of rows is damaged: {line:?}"));
    let rows = TABLE.lines().skip(1).map(|line| {
        let mut cells = line.split('\t');
        let mut cell = || cells.next().ok_or_else(|| damaged(line));
        let (id, title, test, state) = (cell()?, cell()?, cell()?, cell()?);
        let state = match state {
            "green" => State::Green,
            "missing" => State::Missing,
            _ => return Err(damaged(line)),
        };
        Ok(Row { id, title, test: (test != "-").then_some(test), state })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        let rows = table().expect("a table");
        let of = |system: &str| rows.iter().filter(|row| row.id.starts_with(system)).count();
        assert_eq!(["Q", "E", "P", "A", "T", "X"].map(of), [32, 36, 70, 30, 46, 30]);
        assert!(rows.iter().all(|row| row.test.is_some() == (row.state == State::Green)));
    }
}
