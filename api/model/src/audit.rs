//! The audit log: who did what to which thing, and when; and what a node refused.
//!
//! Every change of the state is an entry of the ledger: the same at every node, for ever. What a door refused changed
//! nothing and is that node's own. One list has both, the newest first; each item says which of the two it is.

use std::collections::BTreeMap;

use proto::canon::{Value, py_ascii};
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::iso;
use proto::submission::Submission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::{Bytes, Hash, Position, Uint};

/// What stands for the hash before the first event of a chain.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What a refusal is called.
pub const REFUSED: &str = "request.refused";

/// Asks the audit log; what is left out is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditParams {
    /// Whose; without it, one's own, and for operators everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// By whom: an author's DID, or the subject of a credential that was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What was done: an operation's name, or `request.refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What it was done to, by its name: an id, a DID, a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// At this time or later: RFC 3339, or milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Only what the ledger says, or only what this node refused; without it, both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<AuditSource>,
    /// The cursor of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Most items of the page, 1 to 200; without it, 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Uint>,
    /// With what shows each item: under the checkpoint of this size, or the latest; later entries are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prove: Option<Position>,
}

/// Where an item comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuditSource {
    /// The ledger.
    Ledger,
    /// The security log of the node that answers.
    Local,
}

/// A page of the audit log, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditAnswer {
    /// What was done or refused. A page may be short, or empty, while there is a next one: so much was looked through.
    pub items: Vec<AuditItem>,
    /// What to show as `after` for the next page; null: there is none.
    pub next_cursor: Option<String>,
    /// Under which head the entries are proven, if that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<AuditHead>,
}

/// A head that a quorum signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditHead {
    /// Its size.
    pub size: Uint,
    /// It, as signed note.
    pub note: String,
}

/// One thing that was done, or refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditItem {
    /// Its name: the submission's id, or the node's name and the note's number.
    pub id: String,
    /// When: the time of its block, or of the node's clock (RFC 3339, UTC).
    pub timestamp: String,
    /// Whose; null where nobody is known to have asked.
    pub tenant_id: Option<String>,
    /// What.
    pub action: String,
    /// What kind of thing it was done to.
    pub resource_type: String,
    /// Which.
    pub resource_id: String,
    /// By whom.
    pub actor: Option<String>,
    /// What else is short and worth saying.
    pub details: BTreeMap<String, String>,
    /// Where it stands in the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<AuditPlace>,
    /// Where it stands in the security log of a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<AuditLocal>,
}

/// A place in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditPlace {
    /// The leaf.
    pub index: Uint,
    /// The height of its block.
    pub height: Uint,
    /// The leaf's bytes, if a proof was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Bytes>,
    /// Its inclusion proof under the page's checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Vec<Hash>>,
}

/// A place in the security log of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditLocal {
    /// The node's name.
    pub node: String,
    /// The note's number.
    pub number: Uint,
    /// The hash of its line, which follows from the line before.
    pub hash: Hash,
    /// The note byte for byte, if a proof was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The digests of the notes between this one and the newer one that was given before it, the older first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<Vec<Hash>>,
}

/// What a node noted of a request that it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The note's number.
    pub number: u64,
    /// When, by the node's clock, in milliseconds since 1970.
    pub time_ms: u64,
    /// Whose request it was, if that is known.
    pub tenant: Option<String>,
    /// By whom, if that is known.
    pub subject: Option<String>,
    /// The path, without what stands behind the question mark.
    pub path: String,
    /// The HTTP method.
    pub method: String,
    /// The request's name.
    pub request: String,
    /// The HTTP status answered.
    pub status: u16,
    /// The error's code.
    pub code: String,
}

impl AuditItem {
    /// What an entry of the ledger says, executed at this place and time.
    pub fn of_entry(index: LeafIndex, height: Height, time: TimeMs, submission: &Submission) -> Self {
        let (body, id) = (submission.body(), submission.id());
        let resource = body.operation.resource();
        let facts = body.operation.facts().into_iter();
        let mut details: BTreeMap<_, _> = facts.map(|(name, text)| (name.to_owned(), text)).collect();
        details.insert("key".to_owned(), body.key.id().to_string());
        Self {
            id: id.to_string(),
            timestamp: iso::text(time),
            tenant_id: Some(body.tenant.to_string()),
            action: body.operation.name().to_owned(),
            resource_type: resource.kind.to_owned(),
            resource_id: resource.id(&id),
            actor: Some(body.author.to_string()),
            details,
            place: Some(AuditPlace {
                index: Uint(index.get()),
                height: Uint(height.get()),
                entry: None,
                proof: None,
            }),
            local: None,
        }
    }

    /// What a node noted of a refusal, in a line of this hash.
    pub fn of_refusal(node: &str, refusal: Refusal, hash: Hash) -> Self {
        let Refusal { number, time_ms, tenant, subject, path, method, request, status, code } = refusal;
        let details =
            [("method", method), ("request", request), ("status", status.to_string()), ("code", code)];
        Self {
            id: format!("{node}/{number}"),
            timestamp: iso::text(TimeMs::new(time_ms)),
            tenant_id: tenant,
            action: REFUSED.to_owned(),
            resource_type: "route".to_owned(),
            resource_id: path,
            actor: subject,
            details: details.into_iter().map(|(name, text)| (name.to_owned(), text)).collect(),
            place: None,
            local: Some(AuditLocal {
                node: node.to_owned(),
                number: Uint(number),
                hash,
                note: None,
                behind: None,
            }),
        }
    }

    /// The hash of an event, as a hash chain of events has it whose members are these: SHA-256 over their JSON, sorted, as
    /// Python writes it by default.
    pub fn event_hash(&self, hash_previous: &str) -> Hash {
        let text = |text: &Option<String>| Value::from(text.clone());
        // In the order of the names.
        let members: [(&str, Value); 8] = [
            ("action", self.action.clone().into()),
            ("actor", text(&self.actor)),
            ("event_id", self.id.clone().into()),
            ("hash_previous", hash_previous.into()),
            ("resource", self.resource_type.clone().into()),
            ("resource_id", self.resource_id.clone().into()),
            ("tenant_id", text(&self.tenant_id)),
            ("timestamp", self.timestamp.clone().into()),
        ];
        let mut bytes = b"{".to_vec();
        for (at, (name, value)) in members.into_iter().enumerate() {
            let between: &[u8] = if at > 0 { b", " } else { b"" };
            bytes.extend_from_slice(between);
            bytes.extend_from_slice(format!("\"{name}\": ").as_bytes());
            bytes.extend(py_ascii::encode(&value));
        }
        bytes.push(b'}');
        Hash(crypto::sha256(&bytes))
    }
}

/// A time in a question, in milliseconds since 1970: digits, or RFC 3339.
///
/// # Errors
/// What is expected.
pub fn moment(text: &str) -> Result<u64, String> {
    let expected = || format!("{text:?} is no time: RFC 3339, or milliseconds since 1970");
    if let Ok(ms) = Uint::from_digits(text) {
        return Ok(ms.0);
    }
    iso::read(text).map(|instant| instant.micros() / 1_000).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_forms() {
        for (text, ms) in [
            ("0", 0),
            ("1772755200007", 1_772_755_200_007),
            ("2026-03-06T00:00:00.007000Z", 1_772_755_200_007),
            ("2026-03-06T01:00:00.007+01:00", 1_772_755_200_007),
        ] {
            assert_eq!(moment(text), Ok(ms), "{text}");
        }
        for text in ["", "now", "-1", "2026-03-06", "2025-02-29T00:00:00Z"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_event_has_the_hash_that_python_gives_it() {
        let item = AuditItem {
            id: "e1".to_owned(),
            timestamp: "2026-03-06T00:00:00Z".to_owned(),
            tenant_id: Some("acme".to_owned()),
            action: "key.add".to_owned(),
            resource_type: "key".to_owned(),
            resource_id: "caf\u{e9}".to_owned(),
            actor: None,
            details: BTreeMap::new(),
            place: None,
            local: None,
        };
        let expected = "274649709c866feabd62385d32e35b2dfb32edf5423b8b0ba3f85227cb44eca4";
        assert_eq!(item.event_hash(GENESIS).to_string(), expected);
        assert_ne!(item.event_hash(expected), item.event_hash(GENESIS));
    }
}
