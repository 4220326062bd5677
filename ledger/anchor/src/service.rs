//! Who is asked, as one line of the configuration says it.

use std::fmt;
use std::str::FromStr;

/// Longest name, in bytes: it stands in the names of files.
const NAME_BYTES_MAX: usize = 32;

/// What kind of anchor somebody gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A time-stamping authority.
    Rfc3161,
    /// A calendar of OpenTimestamps.
    Ots,
}

impl Kind {
    /// Its word, in configurations and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rfc3161 => "rfc3161",
            Self::Ots => "ots",
        }
    }

    /// How files of its evidence end: other programs know them by it.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Rfc3161 => "tsr",
            Self::Ots => "ots",
        }
    }

    /// The kind of this word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Rfc3161, Self::Ots].into_iter().find(|kind| kind.word() == word)
    }
}

/// Somebody who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// What it gives.
    pub kind: Kind,
    /// The name it has here: lower-case letters, digits and dashes.
    pub name: String,
    /// Where it is asked.
    pub url: String,
    /// A file: the roots an authority must be signed by, or headers of blocks; an authority always has one.
    pub file: Option<String>,
    /// The policy that an authority must follow; none: any.
    pub policy: Option<String>,
}

/// Why a line names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// Words are missing, or too many.
    #[error(
        "{line:?}: \"rfc3161 <name> <url> <roots.pem> [<policy>]\" or \"ots <name> <url> [<headers>]\" is needed"
    )]
    Form {
        /// The line.
        line: String,
    },
    /// The name could not stand in a file's.
    #[error("{name:?}: a name is up to {NAME_BYTES_MAX} lower-case letters, digits and dashes")]
    Name {
        /// The name.
        name: String,
    },
}

impl FromStr for Service {
    type Err = ServiceError;

    fn from_str(line: &str) -> Result<Self, ServiceError> {
        let form = || ServiceError::Form { line: line.chars().take(200).collect() };
        let words: Vec<&str> = line.split_whitespace().collect();
        let (kind, rest) = words.split_first().ok_or_else(form)?;
        let kind = Kind::of(kind).ok_or_else(form)?;
        let (name, url, file, policy) = match (kind, rest) {
            (Kind::Rfc3161, [name, url, file]) => (name, url, Some(*file), None),
            (Kind::Rfc3161, [name, url, file, policy]) => (name, url, Some(*file), Some(*policy)),
            (Kind::Ots, [name, url]) => (name, url, None, None),
            (Kind::Ots, [name, url, file]) => (name, url, Some(*file), None),
            (Kind::Rfc3161 | Kind::Ots, _) => return Err(form()),
        };
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.len() > NAME_BYTES_MAX || !name.bytes().all(allowed) {
            return Err(ServiceError::Name { name: (*name).chars().take(80).collect() });
        }
        let text = |text: &str| text.to_owned();
        Ok(Self { kind, name: text(name), url: text(url), file: file.map(text), policy: policy.map(text) })
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kind.word(), self.name, self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_services_and_others_are_refused() {
        let read = |line: &str| line.parse::<Service>();
        let authority = read("rfc3161 freetsa https://freetsa.example/tsr roots.pem 1.2.3").unwrap();
        assert_eq!((authority.kind, authority.policy.as_deref()), (Kind::Rfc3161, Some("1.2.3")));
        assert_eq!(read("ots  alice https://a.example").unwrap().file, None);
        assert_eq!(read("ots alice https://a.example blocks").unwrap().file.as_deref(), Some("blocks"));
        for bad in ["", "rfc3161", "rfc3161 a http://x", "ots a http://x b c", "tsa a http://x r", "ots a"] {
            assert!(matches!(read(bad), Err(ServiceError::Form { .. })), "{bad:?}");
        }
        for bad in
            ["ots A http://x", "ots a/b http://x", "ots .. http://x", &format!("ots {} x", "a".repeat(33))]
        {
            assert!(matches!(read(bad), Err(ServiceError::Name { .. })), "{bad:?}");
        }
    }
}
