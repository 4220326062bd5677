//! Names of jobs and of the records of their evidence: plain enough to stand in paths, of URLs and of files.

use std::fmt;

/// Why a text is no name of a job, a record or an evidence key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is 1 to {max} of A-Z a-z 0-9 _ -; this is {found:?}")]
pub struct JobNameError {
    /// What was to be named.
    pub what: &'static str,
    /// Longest name, in bytes.
    pub max: usize,
    /// The text found, shortened.
    pub found: String,
}

/// Longest name, in bytes.
const BYTES_MAX: usize = 64;

/// Reads a plain name.
pub(crate) fn plain(text: &str, what: &'static str) -> Result<String, JobNameError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !text.is_empty() && text.len() <= BYTES_MAX && text.bytes().all(plain) {
        true => Ok(text.to_owned()),
        false => Err(JobNameError { what, max: BYTES_MAX, found: text.chars().take(80).collect() }),
    }
}

/// Names a job among those of its tenant: `job_…`, a UUID, or whatever its owner calls it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(String);

/// Names the record of a job's evidence among those of its tenant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(String);

impl JobId {
    /// Longest name, in bytes.
    pub const BYTES_MAX: usize = BYTES_MAX;

    /// Reads a name.
    ///
    /// # Errors
    /// `JobNameError`.
    pub fn parse(text: &str) -> Result<Self, JobNameError> {
        plain(text, "a job").map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RecordId {
    /// Longest name, in bytes.
    pub const BYTES_MAX: usize = BYTES_MAX;

    /// Reads a name.
    ///
    /// # Errors
    /// `JobNameError`.
    pub fn parse(text: &str) -> Result<Self, JobNameError> {
        plain(text, "a record of evidence").map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
