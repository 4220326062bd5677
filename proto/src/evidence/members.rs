//! The members of a JSON object, taken one by one, so that what is left over is seen.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::Digest;

use super::TEXT_BYTES_MAX;
use crate::canon::{ReadError, Value, read};
use crate::iso::Stamp;

/// Why bytes are no document of evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Too long to be looked at.
    #[error("{found} bytes, {max} are read at most")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Most bytes that are read.
        max: usize,
    },
    /// Not text.
    #[error("not JSON in UTF-8")]
    NotText,
    /// Not JSON as it is read here.
    #[error("the JSON is not read: {0}")]
    Json(#[from] ReadError),
    /// Of another protocol.
    #[error("the protocol is {found:?}, here {expected:?} is read")]
    Protocol {
        /// What it says.
        found: String,
        /// What is read.
        expected: &'static str,
    },
    /// A member is missing or of another kind.
    #[error("{path}: expected {expected}")]
    Member {
        /// Where.
        path: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A member that the format does not have.
    #[error("{path}: a member that this format does not have")]
    Unknown {
        /// Where.
        path: String,
    },
    /// A list that is too long.
    #[error("{path}: {found}, {max} are read at most")]
    TooMany {
        /// Which.
        path: String,
        /// How many there are.
        found: usize,
        /// Most that are read.
        max: usize,
    },
    /// Two of one name in a list.
    #[error("{path}: {id:?} stands there twice")]
    Twice {
        /// Which list.
        path: String,
        /// The name.
        id: String,
    },
}

/// Reads JSON of at most so many bytes.
pub(in crate::evidence) fn read_json(bytes: &[u8], max: usize) -> Result<Value, DocumentError> {
    if bytes.len() > max {
        return Err(DocumentError::TooLarge { found: bytes.len(), max });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| DocumentError::NotText)?;
    Ok(read(text)?)
}

/// Refuses two of one name.
pub(in crate::evidence) fn distinct<'a>(
    path: &str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), DocumentError> {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(twice) => Err(DocumentError::Twice { path: path.to_owned(), id: twice[0].to_owned() }),
        None => Ok(()),
    }
}

/// The members of an object, taken one by one.
pub(in crate::evidence) struct Members {
    path: String,
    left: BTreeMap<String, Value>,
}

impl Members {
    pub(in crate::evidence) fn open(value: Value, path: &str) -> Result<Self, DocumentError> {
        match value {
            Value::Object(left) => Ok(Self { path: path.to_owned(), left }),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_) => Err(DocumentError::Member { path: path.to_owned(), expected: "an object" }),
        }
    }

    pub(in crate::evidence) fn fault(&self, name: &str, expected: &'static str) -> DocumentError {
        DocumentError::Member { path: format!("{}.{name}", self.path), expected }
    }

    /// Whether there is something of this name; `null` is nothing.
    pub(in crate::evidence) fn is(&mut self, name: &str) -> bool {
        if self.left.get(name) == Some(&Value::Null) {
            self.left.remove(name);
        }
        self.left.contains_key(name)
    }

    pub(in crate::evidence) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    /// A text of 1 to `TEXT_BYTES_MAX` bytes.
    pub(in crate::evidence) fn text(&mut self, name: &str) -> Result<String, DocumentError> {
        match self.take(name) {
            Some(Value::Text(text)) if !text.is_empty() && text.len() <= TEXT_BYTES_MAX => Ok(text),
            Some(_) | None => Err(self.fault(name, "a text of 1 to 256 bytes")),
        }
    }

    /// A list of at most `max`.
    pub(in crate::evidence) fn list(&mut self, name: &str, max: usize) -> Result<Vec<Value>, DocumentError> {
        match self.take(name) {
            Some(Value::List(items)) if items.len() <= max => Ok(items),
            Some(Value::List(items)) => {
                let path = format!("{}.{name}", self.path);
                Err(DocumentError::TooMany { path, found: items.len(), max })
            }
            Some(_) | None => Err(self.fault(name, "a list")),
        }
    }

    /// Each object of a list, read by `each` until nothing of it is left.
    pub(in crate::evidence) fn each<T>(
        &mut self,
        name: &str,
        max: usize,
        each: impl Fn(&mut Self) -> Result<T, DocumentError>,
    ) -> Result<Vec<T>, DocumentError> {
        let list = self.list(name, max)?;
        let path = |at: usize| format!("{}.{name}[{at}]", self.path);
        let read = |(at, value)| {
            let mut of = Self::open(value, &path(at))?;
            let read = each(&mut of)?;
            of.close()?;
            Ok(read)
        };
        list.into_iter().enumerate().map(read).collect()
    }

    /// Refuses another protocol than this.
    pub(in crate::evidence) fn protocol(&mut self, expected: &'static str) -> Result<(), DocumentError> {
        match self.text("protocol")? {
            found if found == expected => Ok(()),
            found => Err(DocumentError::Protocol { found, expected }),
        }
    }

    pub(in crate::evidence) fn object(&mut self, name: &str) -> Result<Self, DocumentError> {
        let value = self.take(name).unwrap_or(Value::Null);
        Self::open(value, &format!("{}.{name}", self.path))
    }

    /// A digest as 64 lower-case hexadecimal digits.
    pub(in crate::evidence) fn digest(&mut self, name: &str) -> Result<Digest, DocumentError> {
        let text = self.text(name)?;
        text.parse().map_err(|_| self.fault(name, "64 lower-case hexadecimal digits"))
    }

    /// A number without point, from 0 to what 64 bits hold.
    pub(in crate::evidence) fn number(&mut self, name: &str) -> Result<u64, DocumentError> {
        let number = match self.take(name) {
            Some(Value::Integer(number)) => u64::try_from(number).ok(),
            Some(_) | None => None,
        };
        number.ok_or_else(|| self.fault(name, "a whole number from 0 on"))
    }

    /// A digest as `sha256:` and 64 lower-case hexadecimal digits.
    pub(in crate::evidence) fn tagged(&mut self, name: &str) -> Result<Digest, DocumentError> {
        let text = self.text(name)?;
        let digits = text.strip_prefix("sha256:").and_then(|digits| digits.parse().ok());
        digits.ok_or_else(|| self.fault(name, "sha256: and 64 lower-case hexadecimal digits"))
    }

    /// What `read` gives if something stands there.
    pub(in crate::evidence) fn maybe<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self, &str) -> Result<T, DocumentError>,
    ) -> Result<Option<T>, DocumentError> {
        self.is(name).then(|| read(self, name)).transpose()
    }

    pub(in crate::evidence) fn time(&mut self, name: &str) -> Result<Stamp, DocumentError> {
        let text = self.text(name)?;
        Stamp::parse(text).ok_or_else(|| self.fault(name, "a time of RFC 3339 with its offset"))
    }

    /// Bytes in the standard alphabet of base64, padded.
    pub(in crate::evidence) fn base64(
        &mut self,
        name: &str,
        bytes_max: usize,
    ) -> Result<Vec<u8>, DocumentError> {
        let bytes = match self.take(name) {
            Some(Value::Text(text)) if text.len() <= bytes_max.div_ceil(3) * 4 => STANDARD.decode(text).ok(),
            Some(_) | None => None,
        };
        let bytes = bytes.filter(|bytes| !bytes.is_empty() && bytes.len() <= bytes_max);
        bytes.ok_or_else(|| self.fault(name, "bytes in base64, padded"))
    }

    /// Passes over what is left.
    pub(in crate::evidence) fn leave(&mut self) {
        self.left.clear();
    }

    /// Refuses what is left.
    pub(in crate::evidence) fn close(self) -> Result<(), DocumentError> {
        match self.left.into_keys().next() {
            Some(name) => Err(DocumentError::Unknown { path: format!("{}.{name}", self.path) }),
            None => Ok(()),
        }
    }
}
