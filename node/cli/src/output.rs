//! What a command says: data on stdout, everything else on stderr.
//!
//! Human output is aligned rows, coloured on a terminal only; JSON is one object. A reader that went away (`| head`)
//! is no fault; any other failed write is remembered, so that no command succeeds with half its output.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use clap::ValueEnum;
use serde::Serialize;

use crate::exit::Failure;

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs: one JSON object.
    Json,
}

/// When colour is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Also into pipes and files.
    Always,
    /// Nowhere.
    Never,
}

/// What a word means to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It is well.
    Good,
    /// It is not.
    Bad,
    /// It is beside the point.
    Faint,
}

/// Where a command's words go.
#[derive(Debug)]
pub struct Output {
    format: Format,
    colour: bool,
    quiet: bool,
    fault: OnceLock<io::Error>,
}

impl Output {
    /// Width of the labels before a row.
    const LABEL_WIDTH: usize = 11;

    /// Output as the user asked for it.
    pub fn new(format: Format, colour: Colour, quiet: bool) -> Self {
        let plain = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let colour = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => io::stdout().is_terminal() && !plain("NO_COLOR"),
        };
        Self { format, colour, quiet, fault: OnceLock::new() }
    }

    /// Whether a program reads the result.
    pub const fn is_json(&self) -> bool {
        matches!(self.format, Format::Json)
    }

    /// Whether progress may be shown: somebody watches, and did not ask for silence.
    pub fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// A row of human output: a label and what it says. Nothing in JSON.
    pub fn row(&self, label: &str, text: impl Display) {
        if !self.is_json() {
            let width = Self::LABEL_WIDTH;
            self.line(format_args!("  {} {text}", self.paint(Tone::Faint, &format!("{label:width$}"))));
        }
    }

    /// A line of stdout, as it is.
    pub fn line(&self, text: impl Display) {
        self.write(format_args!("{text}\n"));
    }

    /// Text or bytes' worth of text on stdout, without a line end.
    pub fn write(&self, text: impl Display) {
        let mut stdout = io::stdout().lock();
        if let Err(fault) = write!(stdout, "{text}").and_then(|()| stdout.flush()) {
            // Only the first fault is told.
            let _ = self.fault.set(fault);
        }
    }

    /// Bytes on stdout, as they are.
    pub fn bytes(&self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        if let Err(fault) = stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            let _ = self.fault.set(fault);
        }
    }

    /// The result as one JSON object.
    pub fn json(&self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.line(text),
            Err(fault) => {
                let _ = self.fault.set(fault.into());
            }
        }
    }

    /// A word about what is going on, on stderr; silent when the user wants it so.
    pub fn note(&self, text: impl Display) {
        if !self.quiet {
            // There is nobody to tell when stderr is gone.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// The word in the colour of its meaning.
    pub fn paint(&self, tone: Tone, word: &str) -> String {
        if !self.colour {
            return word.to_owned();
        }
        let code = match tone {
            Tone::Good => "1;32",
            Tone::Bad => "1;31",
            Tone::Faint => "2",
        };
        format!("\u{1b}[{code}m{word}\u{1b}[0m")
    }

    /// Says why a command failed.
    pub fn failure(&self, failure: &Failure) {
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "error: {}", failure.message);
        if let Some(hint) = &failure.hint {
            let _ = writeln!(stderr, " hint: {hint}");
        }
    }

    /// Whether all of it was written.
    ///
    /// # Errors
    /// `Internal` when a write failed for another reason than that the reader had enough.
    pub fn finish(self) -> Result<(), Failure> {
        match self.fault.into_inner() {
            Some(fault) if fault.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::internal(format_args!("the output could not be written: {fault}")))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The first characters of a long id, enough to tell ids apart by eye.
pub fn short(id: &impl Display) -> String {
    let text = id.to_string();
    match (text.get(..8), text.len() > 16) {
        (Some(head), true) => format!("{head}…"),
        (Some(_) | None, _) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_used_when_asked_for_only() {
        let always = Output::new(Format::Human, Colour::Always, false);
        assert_eq!(always.paint(Tone::Bad, "no"), "\u{1b}[1;31mno\u{1b}[0m");
        let never = Output::new(Format::Human, Colour::Never, false);
        assert_eq!(never.paint(Tone::Bad, "no"), "no");
    }

    #[test]
    fn long_ids_are_shortened() {
        assert_eq!(short(&"0123456789abcdef0123"), "01234567…");
        assert_eq!(short(&"v1"), "v1");
    }
}
