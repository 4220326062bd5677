//! How far a long command has come: a bar on stderr, for somebody who watches.

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// A bar, or nothing where nobody watches.
#[derive(Debug)]
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar that says what is being done, and counts in this unit.
    pub fn new(output: &Output, what: &str, unit: &str) -> Self {
        if !output.shows_progress() {
            return Self(None);
        }
        let bar = ProgressBar::new(0);
        let template =
            format!("{{msg}} [{{bar:30}}] {{human_pos}}/{{human_len}} {unit}  {{per_sec}}  ETA {{eta}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        Self(Some(bar))
    }

    /// So many are done, of so many.
    pub fn at(&self, done: u64, of: u64) {
        if let Some(bar) = &self.0 {
            if bar.length() != Some(of) {
                bar.set_length(of);
                // What an earlier run had done says nothing of how fast this one is.
                bar.set_position(done);
                bar.reset_eta();
            }
            bar.set_position(done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
