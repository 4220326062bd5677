//! How a command ends: one exit code for each kind of end, and one line plus a hint for each failure.
//!
//! The codes never change; scripts branch on them. They are listed in `quorate help` and in the README.

use std::fmt;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked.
    Ok = 0,
    /// A fault of ours, or of the machine.
    Internal = 1,
    /// Asked in a way that cannot work: flags, files, configuration.
    Usage = 2,
    /// There is no such thing, or not yet.
    NotFound = 3,
    /// A receipt is not true.
    NotVerified = 4,
    /// There is nothing to judge a receipt by.
    NoTrust = 5,
    /// It may have happened: time was up before anybody knew.
    Unknown = 6,
    /// The node cannot be reached.
    Unreachable = 7,
    /// The node or the ledger refused.
    Refused = 8,
}

impl Exit {
    /// Every end, with what it means.
    pub const TABLE: [(Self, &str); 9] = [
        (Self::Ok, "done"),
        (Self::Internal, "internal error"),
        (Self::Usage, "wrong usage or configuration"),
        (Self::NotFound, "not found, or not final yet"),
        (Self::NotVerified, "verification FAILED"),
        (Self::NoTrust, "trust root missing or unusable"),
        (Self::Unknown, "outcome unknown: time was up; asking again is safe"),
        (Self::Unreachable, "cannot connect"),
        (Self::Refused, "refused: authentication, a limit or a rule"),
    ];

    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The table as text, for the help page.
    pub fn help() -> String {
        let lines = Self::TABLE.iter().map(|(exit, meaning)| format!("  {}  {meaning}\n", exit.code()));
        format!("Exit codes:\n{}", lines.collect::<String>())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What happened, in one line.
    pub message: String,
    /// What the user can do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without hint.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string(), hint: None }
    }

    /// A failure of usage.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A failure of ours, or of the machine.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(Exit::Internal, message)
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_frozen() {
        let codes = Exit::TABLE.map(|(exit, _)| exit.code());
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(Exit::NotVerified.code(), 4);
        assert_eq!(Exit::NoTrust.code(), 5);
        assert_eq!(Exit::Unknown.code(), 6);
        assert_eq!(Exit::help().lines().count(), 10);
    }
}
