//! Entries: what is submitted, and what became of it.
//!
//! A submission's id is known before it is sent; every answer about it has the same five members, null where
//! nothing is known yet. That waiting ended is a state like any other, never an error.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Key, Operation};
use crate::scalar::{Bytes, Hash, Uint};

/// How long a caller may wait for a state, in milliseconds.
pub const TIMEOUT_MS_MAX: u64 = 60_000;
/// How long a caller waits who says nothing, in milliseconds.
pub const TIMEOUT_MS_DEFAULT: u64 = 10_000;

/// How far a submission has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The node checked it and keeps it until it is ordered.
    Accepted,
    /// Ordered and executed: it has a height and an index.
    Committed,
    /// Covered by a checkpoint that a quorum signed: it has a receipt.
    Finalized,
    /// Ordered and refused; it will not be executed.
    Rejected,
    /// Its time passed before it was executed.
    Expired,
}

impl State {
    /// Whether it will never change again.
    pub const fn is_last(self) -> bool {
        match self {
            Self::Accepted | Self::Committed => false,
            Self::Finalized | Self::Rejected | Self::Expired => true,
        }
    }
}

/// The state to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Wait {
    /// Until the node has checked it.
    #[default]
    Accepted,
    /// Until it is executed, or never will be.
    Committed,
    /// Until it has a receipt, or never will.
    Finalized,
}

impl Wait {
    /// Whether a submission in `state` has come as far as this, or as far as it ever will.
    pub const fn is_over(self, state: State) -> bool {
        match (self, state) {
            (Self::Accepted, _) => true,
            (Self::Committed, State::Accepted) => false,
            (Self::Finalized, State::Accepted | State::Committed) => false,
            (
                Self::Committed | Self::Finalized,
                State::Committed | State::Finalized | State::Rejected | State::Expired,
            ) => true,
        }
    }
}

/// A submission: a signed envelope, or plain members for a node that signs for its callers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitParams {
    /// The canonical signed submission, at most 60 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<Bytes>,
    /// What is asked, for the node to sign.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::strict::named_if_given"
    )]
    pub operation: Option<Operation>,
    /// The tenant; without it, `default`. With `operation` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Tells apart submissions that are otherwise equal; without it 0, so that repeating a request does nothing
    /// twice. With `operation` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Uint>,
    /// Block time, in milliseconds since 1970, from which it may no longer be executed. With `operation` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<Uint>,
    /// The state to wait for.
    #[serde(default)]
    pub wait: Wait,
    /// How long to wait at most: 10,000 if not given, 60,000 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<Uint>,
}

/// A statement that was signed elsewhere: its bytes as they are, and the keys that are not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementParams {
    /// `cose`, `jws`, `jws-json`, `dsse` or `http-signature`; without it, what the bytes begin like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The statement. One in COSE loses its unprotected header.
    pub statement: Bytes,
    /// The keys it does not hold itself: at most one of `ed25519` and one of `ml-dsa-65`, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "crate::strict::named_list")]
    pub keys: Vec<Key>,
    /// The state to wait for.
    #[serde(default)]
    pub wait: Wait,
    /// How long to wait at most: 10,000 if not given, 60,000 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<Uint>,
}

/// Names an entry: by its submission's id or by its index, one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryParams {
    /// The submission's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Hash>,
    /// The place in the log, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Uint>,
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// The submission's id: SHA-256 of the envelope.
    pub id: Hash,
    /// How far it has come.
    pub state: State,
    /// The block that decided on it.
    pub height: Option<Uint>,
    /// Its place in the log.
    pub index: Option<Uint>,
    /// The size of a checkpoint that covers it.
    pub checkpoint_size: Option<Uint>,
    /// Time of its block, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<Uint>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<RejectionReason>,
    /// When to ask again, if the state can still change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<Uint>,
    /// Where to ask again.
    #[serde(rename = "self")]
    pub link: String,
}

/// Why a submission was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectionReason {
    /// The rule's stable code.
    pub code: String,
    /// In words.
    pub reason: String,
}

/// A submission with its contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryAnswer {
    /// The submission's id; none for the ledger's own entries.
    pub id: Option<Hash>,
    /// How far it has come.
    pub state: State,
    /// The block that decided on it.
    pub height: Option<Uint>,
    /// Its place in the log.
    pub index: Option<Uint>,
    /// The size of the smallest checkpoint kept that covers it.
    pub checkpoint_size: Option<Uint>,
    /// Time of its block, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<Uint>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<RejectionReason>,
    /// The leaf as hashed by the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Bytes>,
    /// The leaf in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// When to ask again, if the state can still change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<Uint>,
    /// Where this answer is found.
    #[serde(rename = "self")]
    pub link: String,
}

/// What a leaf says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[allow(clippy::large_enum_variant, reason = "one lives at a time")]
pub enum Content {
    /// The network's genesis.
    Genesis {
        /// The network's id.
        network: Hash,
        /// The log's origin.
        origin: String,
    },
    /// The beginning of an epoch.
    Epoch {
        /// The epoch.
        epoch: Uint,
        /// Digest of its validators.
        validators: Hash,
        /// SHA-256 of the C2SP tlog-policy text by which receipts of this epoch are judged.
        policy: Hash,
    },
    /// An executed submission.
    Submission {
        /// The tenant.
        tenant: String,
        /// Who speaks: a DID.
        author: String,
        /// Id of the key that signed.
        key: String,
        /// The author's nonce.
        nonce: Uint,
        /// From when on it could not be executed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at_ms: Option<Uint>,
        /// What was asked.
        operation: Operation,
    },
    /// The end of a block.
    Block {
        /// The view it was proposed in.
        view: Uint,
        /// Its proposer's position among the validators.
        proposer: u16,
        /// Number of submissions executed.
        accepted: u32,
        /// Number of submissions refused.
        rejected: u32,
        /// Digest of the refused ones and the reasons.
        rejections: Hash,
        /// Digest of the state after the block.
        state: Hash,
        /// Digest of the index over the leaves before this one, if the log has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lookup: Option<Hash>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_where_nothing_more_will_come() {
        let all = [State::Accepted, State::Committed, State::Finalized, State::Rejected, State::Expired];
        for state in all {
            assert!(Wait::Accepted.is_over(state));
            assert!(!state.is_last() || Wait::Finalized.is_over(state), "{state:?}");
        }
        assert!(!Wait::Committed.is_over(State::Accepted));
        assert!(!Wait::Finalized.is_over(State::Committed));
        assert!(Wait::Committed.is_over(State::Committed));
    }

    #[test]
    fn members_are_given_by_name_and_known() {
        let read = |text: &str| {
            let value = crate::strict::parse(text.as_bytes(), 1_000).expect("is JSON");
            crate::strict::shape::<SubmitParams>(value)
        };
        assert!(read(r#"{"envelope":"AQ==","wait":"committed"}"#).is_ok());
        assert!(read(r#"{"envelope":"AQ==","operation":null}"#).is_ok());
        let bad = [
            r#"{"envlope":"AQ=="}"#,
            r#"{"wait":"anchored"}"#,
            r#"{"timeout_ms":-1}"#,
            r#"{"operation":["attestation.revoke","00"]}"#,
            r#"["AQ=="]"#,
            "[]",
        ];
        for text in bad {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_ticket_always_has_its_five_members() {
        let ticket = Ticket {
            id: Hash(crypto::Digest::ZERO),
            state: State::Accepted,
            height: None,
            index: None,
            checkpoint_size: None,
            time_ms: None,
            rejection: None,
            retry_after_ms: None,
            link: "/v1/entries/00".to_owned(),
        };
        let json = serde_json::to_value(&ticket).expect("writes");
        for member in ["id", "state", "height", "index", "checkpoint_size", "self"] {
            assert!(json.get(member).is_some(), "{member}");
        }
        assert_eq!(serde_json::from_value::<Ticket>(json).expect("reads"), ticket);
    }
}
