//! What clients send, member by member: each kind checked where it is read, and named when it is wrong.

use model::error::ApiError;
use proto::canon::Value;
use proto::counter::TimeMs;
use proto::iso;

use super::super::qod::body::unprocessable;

/// An object, and where it stands.
pub(super) struct Fields<'a> {
    value: Option<&'a Value>,
    path: String,
}

impl<'a> Fields<'a> {
    /// A body that may have these members and no others.
    ///
    /// # Errors
    /// `Unprocessable`, naming the first that is not known.
    pub(super) fn of(value: &'a Value, known: &[&str]) -> Result<Self, ApiError> {
        Self::at(Some(value), "the body".to_owned(), known)
    }

    fn at(value: Option<&'a Value>, path: String, known: &[&str]) -> Result<Self, ApiError> {
        match value {
            None => Ok(Self { value: None, path }),
            Some(Value::Object(members)) => {
                match members.keys().find(|name| !known.contains(&name.as_str())) {
                    Some(unknown) => {
                        let unknown: String = unknown.chars().take(80).collect();
                        Err(unprocessable(format!(
                            "{path}: {unknown:?} is unknown; known are {}",
                            known.join(", ")
                        )))
                    }
                    None => Ok(Self { value, path }),
                }
            }
            Some(
                Value::Null
                | Value::Bool(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Text(_)
                | Value::List(_),
            ) => Err(unprocessable(format!("{path}: an object is needed"))),
        }
    }

    /// A member; null is none.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.value.and_then(|value| value.get(name)).filter(|value| **value != Value::Null)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn wrong(&self, name: &str, fault: &str) -> ApiError {
        unprocessable(format!("{}: {name}: {fault}", self.path))
    }

    /// A member that is an object with these members and no others; one that is missing has none.
    pub(super) fn object(&self, name: &str, known: &[&str]) -> Result<Self, ApiError> {
        Self::at(self.get(name), name.to_owned(), known)
    }

    /// A member that is a list of objects.
    pub(super) fn objects(&self, name: &str, max: usize, known: &[&str]) -> Result<Vec<Self>, ApiError> {
        let Some(Value::List(items)) = self.get(name) else {
            return Err(self.wrong(name, "a list of objects is needed"));
        };
        if items.len() > max {
            return Err(self.wrong(name, &format!("{} are too many, {max} are allowed", items.len())));
        }
        let item = |(at, item)| Self::at(Some(item), format!("{name}[{at}]"), known);
        items.iter().enumerate().map(item).collect()
    }

    /// A member that is a list of texts; none if it is missing.
    pub(super) fn texts(&self, name: &str, max: usize) -> Result<Vec<String>, ApiError> {
        let wrong = || self.wrong(name, &format!("a list of at most {max} texts is needed"));
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::List(items)) if items.len() <= max => {
                items.iter().map(|item| item.as_text().map(str::to_owned).ok_or_else(wrong)).collect()
            }
            Some(_) => Err(wrong()),
        }
    }

    pub(super) fn maybe_text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        let text = |value: &'a Value| value.as_text().ok_or_else(|| self.wrong(name, "a text is needed"));
        self.get(name).map(text).transpose()
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, ApiError> {
        self.maybe_text(name)?.ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// A text that may be missing, which is empty then.
    pub(super) fn text_or_empty(&self, name: &str) -> Result<String, ApiError> {
        Ok(self.maybe_text(name)?.unwrap_or_default().to_owned())
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(_) => Err(self.wrong(name, "true or false is needed")),
        }
    }

    /// A whole number; none if it is missing.
    pub(super) fn whole(&self, name: &str) -> Result<Option<u64>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Integer(number)) => {
                u64::try_from(*number).map(Some).map_err(|_| self.wrong(name, "is out of range"))
            }
            Some(_) => Err(self.wrong(name, "a whole number is needed")),
        }
    }

    /// A number with or without a point, as whole millionths: to the nearest, ties to even. None if it is missing.
    pub(super) fn millionths(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let found = match self.get(name) {
            None => return Ok(None),
            Some(Value::Integer(number)) => {
                u64::try_from(*number).ok().and_then(|number| number.checked_mul(1_000_000))
            }
            Some(Value::Float(float)) => float.rounded(6),
            Some(_) => return Err(self.wrong(name, "a number is needed")),
        };
        found.map(Some).ok_or_else(|| self.wrong(name, "is out of range"))
    }

    /// A time of RFC 3339, to the millisecond below; none if it is missing.
    pub(super) fn time(&self, name: &str) -> Result<Option<TimeMs>, ApiError> {
        let Some(text) = self.maybe_text(name)? else { return Ok(None) };
        let found = iso::read(text);
        let found = found.ok_or_else(|| self.wrong(name, "a time is needed, as 2025-01-04T10:00:00Z"))?;
        Ok(Some(TimeMs::new(found.micros() / 1_000)))
    }

    /// A SHA-256 in hexadecimal, with `sha256:` before it or without; none if it is missing.
    pub(super) fn hash(&self, name: &str) -> Result<Option<crypto::Digest>, ApiError> {
        let Some(text) = self.maybe_text(name)? else { return Ok(None) };
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let lower = digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        let found = digits.parse().ok().filter(|_| lower);
        found.map(Some).ok_or_else(|| self.wrong(name, "sha256: and 64 digits of lowercase hex are needed"))
    }
}

#[cfg(test)]
mod tests {
    use proto::canon::read;

    use super::*;

    #[test]
    fn numbers_times_and_hashes_come_in_whole() {
        let hash = "00".repeat(32);
        let json = format!(
            r#"{{"a": 0.987, "b": 1, "c": -1, "d": 0.0000005, "t": "2025-01-04T10:00:00.1239Z", "u": "2025",
                "h": "sha256:{hash}", "i": "{hash}", "j": "sha256:{}", "n": null}}"#,
            "AA".repeat(32)
        );
        let value = read(&json).expect("JSON");
        let known = ["a", "b", "c", "d", "t", "u", "h", "i", "j", "n"];
        let fields = Fields::of(&value, &known).expect("all known");
        let millionths = |name: &str| fields.millionths(name).ok();
        assert_eq!(millionths("a"), Some(Some(987_000)));
        assert_eq!(millionths("b"), Some(Some(1_000_000)));
        assert_eq!((millionths("c"), millionths("d"), millionths("n")), (None, Some(Some(0)), Some(None)));
        assert_eq!(fields.time("t").ok(), Some(Some(TimeMs::new(1_735_984_800_123))));
        assert!(fields.time("u").is_err() && fields.hash("j").is_err());
        assert_eq!(fields.hash("h").ok(), fields.hash("i").ok());
        assert!(fields.text("n").is_err() && fields.text("z").is_err() && fields.whole("a").is_err());
        assert!(Fields::of(&value, &["a"]).is_err() && Fields::of(&Value::Null, &[]).is_err());
    }
}
