//! Anchors: what was said outside of a node's checkpoints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::{Bytes, Hash, Uint};

/// Who is asked, and the anchors of the newest checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnchorsAnswer {
    /// Who is asked.
    pub services: Vec<AnchorService>,
    /// Checkpoints with their anchors, the largest first, without the evidence.
    pub checkpoints: Vec<AnchoredCheckpoint>,
}

/// Somebody who is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnchorService {
    /// Its name.
    pub name: String,
    /// `rfc3161` or `ots`.
    pub kind: String,
    /// Where it is asked.
    pub url: String,
}

/// Parameters of `anchor_get`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnchorParams {
    /// The checkpoint's size.
    pub size: Uint,
}

/// A checkpoint and its anchors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnchoredCheckpoint {
    /// Its size.
    pub size: Uint,
    /// What was anchored: the note's text, above its signatures.
    pub text: String,
    /// SHA-256 of it.
    pub digest: Hash,
    /// The anchors, one a service.
    pub anchors: Vec<Anchor>,
}

/// How an anchor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnchorState {
    /// Asked for, or to be asked for; nothing came yet.
    Requested,
    /// Promised by a calendar, which shows nothing yet.
    Pending,
    /// A proof leads to a block of Bitcoin; no header of it was here, so this node did not check it.
    Attested,
    /// Shown, and checked by this node: signed by an authority, or in the block of a given header.
    Confirmed,
    /// Nobody is asked for it any more.
    Failed,
}

/// One anchor. What is null is not known in its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Who was asked.
    pub service: String,
    /// `rfc3161` or `ots`.
    pub kind: String,
    /// Where.
    pub url: String,
    /// How it stands.
    pub state: AnchorState,
    /// The time in the token or the block's header, in milliseconds since 1970.
    pub time_ms: Option<Uint>,
    /// How far off an authority says that its time may be, in microseconds.
    pub accuracy_us: Option<Uint>,
    /// The policy that the authority followed, as object identifier.
    pub policy: Option<String>,
    /// The token's number, in hex.
    pub serial: Option<String>,
    /// The name in the authority's certificate.
    pub authority: Option<String>,
    /// The block's height.
    pub height: Option<Uint>,
    /// The block's hash, as it is usually shown.
    pub block: Option<String>,
    /// Calendars that promise more.
    pub calendars: Vec<String>,
    /// When it was asked for first, in seconds since 1970.
    pub since_s: Uint,
    /// Times it failed, one after another.
    pub failures: Uint,
    /// Why it failed last; null while it does not.
    pub fault: Option<String>,
    /// The name of the evidence as a file below `/v1/anchors/{size}/`; null when there is none.
    pub file: Option<String>,
    /// The evidence: a `TimeStampResp`, or a detached OpenTimestamps file. Null in lists.
    pub evidence: Option<Bytes>,
}
