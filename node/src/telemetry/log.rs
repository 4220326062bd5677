//! The log: for humans on a terminal, JSON for machines, always on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::{Log, LogFormat};

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is not one.
    #[error("log.filter {filter:?}: {fault}")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        fault: ParseError,
    },
    /// This process has a log already.
    #[error("the log was begun before")]
    Begun,
}

/// Begins the process's log. Called once, by its binary.
///
/// # Errors
/// `LogError`.
pub fn begin(log: &Log) -> Result<(), LogError> {
    let filter = EnvFilter::builder()
        .parse(&log.filter)
        .map_err(|fault| LogError::Filter { filter: log.filter.clone(), fault })?;
    let terminal = std::io::stderr().is_terminal();
    let human = match log.format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match human {
        true => builder.with_ansi(colour).with_target(false).try_init(),
        false => builder.json().flatten_event(true).try_init(),
    };
    begun.map_err(|_| LogError::Begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_refused() {
        let log = Log { format: LogFormat::Json, filter: "info,node=louder".to_owned() };
        assert!(matches!(begin(&log), Err(LogError::Filter { .. })));
    }
}
