//! A vector: what a verifier is given, and the check that must fail.
//!
//! The schema is in `receipt/README.md`. A new dialect is one more way to fill `Given::receipt`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::Digest;
use proto::id::SubmissionId;
use proto::receipt::Receipt;
use serde_json::{Map, Value, json};
use verify::Freshness;

/// What stands in the place of a code when the policy itself cannot be read: there is nothing to judge by.
pub const NO_TRUST: &str = "no_trust";
/// The check that stands before those of `verify::Code`: whether it is a receipt at all.
pub const FORMAT: &str = "receipt_format";

/// Bytes that are mostly written once; of very long ones, the parts and how often each stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(Vec<(Vec<u8>, usize)>);

impl Text {
    pub fn repeated(parts: &[(&str, usize)]) -> Self {
        Self(parts.iter().map(|(part, times)| (part.as_bytes().to_vec(), *times)).collect())
    }

    /// This, and that behind it.
    pub fn and(self, that: Self) -> Self {
        Self([self.0, that.0].concat())
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(part, times)| part.repeat(*times)).collect()
    }

    /// A string, or `{"base64":…}` of what is not UTF-8; a list of these, each with how often it stands there.
    pub fn json(&self) -> Value {
        let part = |part: &[u8]| match str::from_utf8(part) {
            Ok(text) => text.into(),
            Err(_) => json!({ "base64": STANDARD.encode(part) }),
        };
        match self.0.as_slice() {
            [(bytes, 1)] => part(bytes),
            parts => parts.iter().map(|(bytes, times)| json!([part(bytes), times])).collect(),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.as_bytes().to_vec().into()
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(vec![(bytes, 1)])
    }
}

/// What the caller wants to know beyond the receipt itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub submission: Option<SubmissionId>,
    pub artifact: Option<Digest>,
    pub freshness: Option<Freshness>,
}

/// One vector.
#[derive(Clone, Debug)]
pub struct Vector {
    /// What was spoilt, or what is proven.
    pub name: String,
    pub policy: Text,
    pub receipt: Text,
    /// The entry's bytes, where they travel beside the receipt.
    pub entry: Option<Text>,
    pub asked: Asked,
    /// The check that must fail; none: the receipt is true.
    pub failed: Option<&'static str>,
}

impl Vector {
    /// A receipt in JSON.
    pub fn json(
        name: impl Into<String>,
        policy: &str,
        receipt: &Receipt,
        failed: Option<&'static str>,
    ) -> Self {
        Self::text(name, policy, receipt.to_json(), failed)
    }

    /// A text that should be a receipt in JSON.
    pub fn text(
        name: impl Into<String>,
        policy: &str,
        receipt: impl Into<Text>,
        failed: Option<&'static str>,
    ) -> Self {
        Self {
            name: name.into(),
            policy: policy.into(),
            receipt: receipt.into(),
            entry: None,
            asked: Asked::default(),
            failed,
        }
    }

    /// A text that should be a tlog-proof, and the entry beside it.
    pub fn tlog_proof(
        name: impl Into<String>,
        policy: &str,
        receipt: impl Into<Text>,
        entry: impl Into<Text>,
        failed: Option<&'static str>,
    ) -> Self {
        Self { entry: Some(entry.into()), ..Self::text(name, policy, receipt, failed) }
    }

    pub fn asking(self, asked: Asked) -> Self {
        Self { asked, ..self }
    }

    /// The record; a true receipt's facts stand in it, too.
    pub fn record(&self, policy: &str, branch: Option<&str>, facts: Option<&Value>) -> Value {
        let Self { name, policy: _, receipt, entry, asked, failed } = self;
        let mut record = Map::new();
        record.insert("name".into(), name.as_str().into());
        record.insert("policy".into(), policy.into());
        record.insert("receipt".into(), receipt.json());
        if let Some(entry) = entry {
            // An entry is bytes, whatever they look like.
            let value = match entry.0.as_slice() {
                [(bytes, 1)] => json!({ "base64": STANDARD.encode(bytes) }),
                _ => entry.json(),
            };
            record.insert("entry".into(), value);
        }
        let Asked { submission, artifact, freshness } = asked;
        if let Some(id) = submission {
            record.insert("submission".into(), id.to_string().into());
        }
        if let Some(digest) = artifact {
            record.insert("artifact".into(), digest.to_string().into());
        }
        if let Some(Freshness { now_s, max_age_s }) = freshness {
            record.insert("now_s".into(), (*now_s).into());
            record.insert("max_age_s".into(), (*max_age_s).into());
        }
        record.insert("failed".into(), (*failed).into());
        if let Some(branch) = branch {
            record.insert("fault".into(), branch.into());
        }
        if let Some(facts) = facts {
            record.insert("facts".into(), facts.clone());
        }
        Value::Object(record)
    }
}
