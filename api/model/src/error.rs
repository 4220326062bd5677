//! Everything that can go wrong for a caller: one enum, one table.
//!
//! Each error has a code that never changes, an HTTP status, a JSON-RPC number, a title and a hint; its display is
//! the detail, with both sides shown. REST carries it as problem+json (RFC 9457), JSON-RPC in `error.data`.
//! Reserved JSON-RPC numbers stand for faults of the protocol alone; ours are positive.

mod access;
mod anchor;
mod artifact;
mod surface;
mod witness;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use access::AccessError;
pub use anchor::AnchorError;
pub use artifact::ArtifactError;
pub use surface::SurfaceError;
pub use witness::WitnessError;

use crate::scalar::{Hash, Uint};

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The body is not JSON, or not strict JSON.
    #[error("{fault}")]
    MalformedJson {
        /// What the reader met.
        fault: String,
    },
    /// JSON, but not a JSON-RPC 2.0 request.
    #[error("{fault}")]
    InvalidRequest {
        /// What is wrong.
        fault: String,
    },
    /// No JSON-RPC method has this name.
    #[error("there is no method {name:?}")]
    MethodUnknown {
        /// The name asked for.
        name: String,
    },
    /// A parameter is missing, unknown, malformed or out of its range.
    #[error("{fault}")]
    InvalidParams {
        /// Which, and what is expected.
        fault: String,
    },
    /// No route has this path.
    #[error("there is nothing at {path}")]
    RouteUnknown {
        /// The path asked for.
        path: String,
    },
    /// The route exists, for other HTTP methods.
    #[error("{method} is not offered at {path}")]
    MethodNotAllowed {
        /// The HTTP method.
        method: String,
        /// The path.
        path: String,
    },
    /// The body is longer than allowed.
    #[error("the body has more than {max} bytes")]
    BodyTooLarge {
        /// Length allowed, in bytes.
        max: usize,
    },
    /// Request line and headers are longer than allowed.
    #[error("request line and headers have {found} bytes, at most {max} are allowed")]
    HeadTooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// The body did not arrive whole.
    #[error("the body could not be read: {fault}")]
    BodyUnreadable {
        /// What happened.
        fault: String,
    },
    /// The content type is not JSON.
    #[error("the content type is {found:?}")]
    ContentType {
        /// The header found, shortened.
        found: String,
    },
    /// The request names a host or an origin that is not served here.
    #[error("requests for {found:?} are not answered here")]
    HostRefused {
        /// The host or origin.
        found: String,
    },
    /// The caller may not do this.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Plain JSON was submitted to a node that signs for nobody.
    #[error("this node does not sign for callers; the request has no signed envelope")]
    SigningNotOffered,
    /// The envelope is not a canonical submission.
    #[error("{fault}")]
    SubmissionMalformed {
        /// What is wrong with it.
        fault: String,
    },
    /// The statement is none that is taken here.
    #[error("{fault}")]
    StatementMalformed {
        /// What is wrong with it.
        fault: String,
    },
    /// The content type is that of no statement.
    #[error("the content type is {found:?}")]
    StatementType {
        /// The header found, shortened.
        found: String,
    },
    /// The statement was ordered and refused, or its time was over.
    #[error("statement {id} is not in the log: {reason}")]
    StatementRejected {
        /// Its id.
        id: Hash,
        /// Why.
        reason: String,
    },
    /// The submission is well-formed, and may not be executed.
    #[error("{detail}")]
    SubmissionRefused {
        /// Its id.
        id: Hash,
        /// The rule's own code.
        reason: &'static str,
        /// Both sides.
        detail: String,
    },
    /// The node cannot take more submissions now.
    #[error("the node cannot take more submissions now")]
    Busy {
        /// When to come again.
        retry_after_ms: u64,
    },
    /// The node did not say in time whether it takes the submission.
    #[error("the node has not said whether it takes submission {id}")]
    NoVerdict {
        /// Its id.
        id: Hash,
    },
    /// The node is an observer, which orders nothing.
    #[error("this node is an observer and takes no submissions; {}", told(.validators))]
    Observer {
        /// Where validators can be asked: URLs if the operator gave some, else names.
        validators: Vec<String>,
    },
    /// There was no such epoch yet.
    #[error("epoch {epoch} has not begun")]
    EpochUnknown {
        /// The epoch.
        epoch: u64,
    },
    /// Too many requests or streams at once.
    #[error("{what} are limited to {max} at once")]
    TooMany {
        /// What is limited.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// Neither an entry nor a submission of this name is known.
    #[error("no entry {name} is known")]
    EntryUnknown {
        /// Id or index.
        name: String,
    },
    /// There is no block at this height yet.
    #[error("there is no block at height {height}")]
    BlockUnknown {
        /// The height, or `latest`.
        height: String,
    },
    /// The block is committed, and this node replayed the log instead of fetching it.
    #[error("the block at height {height} is committed and not kept here")]
    BlockNotKept {
        /// The height.
        height: String,
    },
    /// No identity of this name is registered.
    #[error("no identity {identity} is registered")]
    IdentityUnknown {
        /// Its DID.
        identity: String,
    },
    /// No identity lists this key.
    #[error("no identity lists key {kid}")]
    KeyUnknown {
        /// The key's id.
        kid: String,
    },
    /// No quorum has signed a checkpoint of this size.
    #[error("there is no checkpoint {size}")]
    CheckpointUnknown {
        /// The size, or `latest`.
        size: String,
    },
    /// No tile or bundle has this name, or the log does not reach so far.
    #[error("there is no tile {name:?}")]
    TileUnknown {
        /// The name asked for.
        name: String,
    },
    /// No executed submission of this id committed an artifact.
    #[error("submission {id} committed no artifact")]
    ArtifactUnknown {
        /// The submission.
        id: Hash,
    },
    /// The artifact is committed, and this node does not keep its bytes.
    #[error("the bytes of artifact {id} are not here")]
    ArtifactNotHere {
        /// The submission that committed it.
        id: Hash,
    },
    /// The artifact was erased, or its time is over.
    #[error("artifact {id} is not kept any more: {why}")]
    ArtifactGone {
        /// The submission that committed it.
        id: Hash,
        /// By which entry it was erased, or when its time ended.
        why: String,
    },
    /// The bytes that were sent are not the ones that were committed.
    #[error("these {found_bytes} bytes are not the ones that submission {id} committed")]
    ArtifactMismatch {
        /// The submission that committed it.
        id: Hash,
        /// Length of what was sent, in bytes.
        found_bytes: usize,
    },
    /// The log has no index yet: it was begun by a program that made none.
    #[error("{fault}")]
    NotIndexed {
        /// From when on there is one.
        fault: String,
    },
    /// The index cannot be searched at the newest certified head.
    #[error("{fault}")]
    SearchNotYet {
        /// Why not.
        fault: String,
        /// When to come again.
        retry_after_ms: u64,
    },
    /// The entry stands in the log, or will, but no checkpoint covers it yet.
    #[error("entry {name} is not final yet")]
    NotFinal {
        /// Id or index.
        name: String,
        /// When to come again.
        retry_after_ms: u64,
    },
    /// The submission was rejected or expired, so it has no place in the log.
    #[error("submission {id} is not in the log: {reason}")]
    NoReceipt {
        /// Its id.
        id: Hash,
        /// Why not.
        reason: String,
    },
    /// A signature of this node under a head of validators that it was not one of.
    #[error(
        "this node is no validator of epoch {epoch}, so it signs no receipt under the heads of that epoch"
    )]
    NotIssuer {
        /// The epoch whose validators signed the head.
        epoch: u64,
    },
    /// No validator ever signed receipts with a key of this thumbprint.
    #[error("no validator has or had the key {kid}")]
    IssuerKeyUnknown {
        /// The thumbprint asked for.
        kid: String,
    },
    /// The receipt to verify cannot be read as one.
    #[error("{fault}")]
    ReceiptMalformed {
        /// What is wrong with it.
        fault: String,
    },
    /// A foreign surface cannot answer as asked.
    #[error(transparent)]
    Surface(#[from] SurfaceError),
    /// There is no such anchor.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// Nothing is cosigned for the caller, or nothing was cosigned for us.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// The bytes of an artifact are not taken, or not given.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The request took longer than any may.
    #[error("the request took longer than {max_ms} ms")]
    TimedOut {
        /// The limit.
        max_ms: u64,
    },
    /// The node is going down.
    #[error("the node is stopping")]
    Stopping,
    /// The store failed or holds damaged data.
    #[error("stored data could not be read")]
    Storage,
    /// A fault of ours.
    #[error("the request met a fault in the node")]
    Internal,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The stable code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The JSON-RPC number.
    pub rpc: i64,
    /// A short name.
    pub title: &'static str,
    /// What the caller can do.
    pub hint: &'static str,
}

const fn row(code: &'static str, status: u16, rpc: i64, title: &'static str, hint: &'static str) -> Row {
    Row { code, status, rpc, title, hint }
}

/// Where else to turn.
fn told(validators: &[String]) -> String {
    match validators {
        [] => "ask a validator".to_owned(),
        some => format!("the validators are {}", some.join(", ")),
    }
}

impl ApiError {
    /// The error's line of the table.
    pub const fn row(&self) -> Row {
        match self {
            Self::MalformedJson { .. } => row(
                "malformed_json",
                400,
                -32700,
                "Not readable as JSON",
                "Send one JSON value in UTF-8, nested at most 32 deep, with no member twice.",
            ),
            Self::InvalidRequest { .. } => row(
                "invalid_request",
                400,
                -32600,
                "Not a JSON-RPC 2.0 request",
                "Send {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"…\",\"params\":{…}}, or a list of 1 to 10 of these.",
            ),
            Self::MethodUnknown { .. } => {
                row("method_unknown", 404, -32601, "No such method", "rpc.discover lists the methods.")
            }
            Self::InvalidParams { .. } => row(
                "invalid_params",
                400,
                -32602,
                "Parameters do not fit",
                "Parameters are given by name; rpc.discover and /openapi.json describe them.",
            ),
            Self::RouteUnknown { .. } => {
                row("route_unknown", 404, 1001, "No such path", "/openapi.json lists the paths.")
            }
            Self::MethodNotAllowed { .. } => row(
                "method_not_allowed",
                405,
                1002,
                "Not offered for this HTTP method",
                "/openapi.json lists the methods of each path.",
            ),
            Self::BodyTooLarge { .. } => row(
                "body_too_large",
                413,
                1003,
                "Body too large",
                "Log the digest of large content, not the content.",
            ),
            Self::HeadTooLarge { .. } => {
                row("head_too_large", 431, 1009, "Headers too large", "Send fewer and shorter headers.")
            }
            Self::BodyUnreadable { .. } => row(
                "body_unreadable",
                400,
                1004,
                "Body not received",
                "Send the whole body, without long pauses.",
            ),
            Self::ContentType { .. } => row(
                "content_type",
                415,
                1005,
                "Not a content type that is read here",
                "Send the header content-type: application/json.",
            ),
            Self::HostRefused { .. } => row(
                "host_refused",
                403,
                1006,
                "Host or origin refused",
                "Use the address the node listens on; other host names must be in its configuration.",
            ),
            Self::Access(error) => error.row(),
            Self::Surface(error) => error.row(),
            Self::SigningNotOffered => row(
                "signing_not_offered",
                403,
                1008,
                "Signed envelope needed",
                "Sign the submission yourself and send {\"envelope\":\"<base64>\"}; quorate submit does both.",
            ),
            Self::SubmissionMalformed { .. } => row(
                "submission_malformed",
                400,
                1101,
                "Not a submission",
                "An envelope is the canonical encoding of a signed submission, at most 60 KiB, in padded base64.",
            ),
            Self::StatementMalformed { .. } => row(
                "statement_malformed",
                400,
                1107,
                "Not a statement",
                "Send it byte for byte as it was signed; a key that is not in it is given beside it.",
            ),
            Self::StatementType { .. } => row(
                "statement_type",
                415,
                1108,
                "Not a content type of statements",
                "Send application/cose, application/jose, application/jose+json, application/vnd.dsse.envelope.v1+json, \
                 application/vnd.quorate.http-signature.v1+json, or application/json with the statement in base64.",
            ),
            Self::StatementRejected { .. } => row(
                "statement_rejected",
                422,
                1109,
                "Not registered",
                "The decision is final; the same bytes get the same answer.",
            ),
            Self::SubmissionRefused { .. } => row(
                "submission_refused",
                422,
                1102,
                "Submission refused",
                "`reason` names the rule; the same bytes will be refused again unless the ledger's state changes.",
            ),
            Self::Busy { .. } => row(
                "busy",
                503,
                1103,
                "No room for submissions now",
                "Send the same bytes again after retry_after_ms: the id stays the same, nothing is done twice.",
            ),
            Self::NoVerdict { .. } => row(
                "no_verdict",
                503,
                1104,
                "Outcome unknown",
                "Ask for the id, or send the same bytes again: nothing is done twice.",
            ),
            Self::Observer { .. } => row(
                "observer",
                421,
                1106,
                "Not a validator",
                "Send the same bytes to a validator; what it orders is read here as well.",
            ),
            Self::EpochUnknown { .. } => row(
                "epoch_unknown",
                404,
                1208,
                "No such epoch",
                "/v1/status tells the present epoch; /v1/validators without an epoch gives its validators.",
            ),
            Self::TooMany { .. } => row(
                "too_many",
                429,
                1105,
                "Too many at once",
                "Come again a little later, and keep fewer requests open.",
            ),
            Self::EntryUnknown { .. } => row(
                "entry_unknown",
                404,
                1201,
                "No such entry",
                "An entry is named by its submission's id (64 hex digits) or its index. A submission that another node took is known here once it is committed.",
            ),
            Self::BlockUnknown { .. } => {
                row("block_unknown", 404, 1202, "No such block", "/v1/status tells the present height.")
            }
            Self::BlockNotKept { .. } => row(
                "block_not_kept",
                404,
                1210,
                "Block not kept here",
                "This node replayed the log of that time and did not fetch its blocks. Entries, proofs and receipts are here; a node that was there has the block.",
            ),
            Self::IdentityUnknown { .. } => row(
                "identity_unknown",
                404,
                1220,
                "No such identity",
                "An identity that registered nothing speaks by the key its DID names; quorate keys register registers it.",
            ),
            Self::KeyUnknown { .. } => row(
                "key_unknown",
                404,
                1221,
                "No such key",
                "A key is named by its RFC 7638 thumbprint; those of the validators are under /v1/keys/history without a name.",
            ),
            Self::CheckpointUnknown { .. } => row(
                "checkpoint_unknown",
                404,
                1203,
                "No such checkpoint",
                "/v1/checkpoints/latest gives the newest; only sizes a quorum signed have one.",
            ),
            Self::TileUnknown { .. } => row(
                "tile_unknown",
                404,
                1207,
                "No such tile",
                "Names are those of C2SP tlog-tiles; ask for the width the checkpoint's size gives.",
            ),
            Self::ArtifactUnknown { .. } => row(
                "artifact_unknown",
                404,
                1240,
                "No such artifact",
                "Ask by the id of the submission that committed it, once that is committed.",
            ),
            Self::ArtifactNotHere { .. } => row(
                "artifact_not_here",
                404,
                1241,
                "Bytes not kept here",
                "Nodes keep what they were given. Ask the node they were given to, or give them to this one.",
            ),
            Self::ArtifactGone { .. } => row(
                "artifact_gone",
                410,
                1242,
                "No longer kept",
                "What the log says of it stays, and every proof with it.",
            ),
            Self::ArtifactMismatch { .. } => row(
                "artifact_mismatch",
                422,
                1243,
                "Other bytes",
                "Send exactly what the address is the SHA-256 of: of a salted artifact, the 32 bytes of salt and then the content.",
            ),
            Self::NotIndexed { .. } => row(
                "not_indexed",
                404,
                1250,
                "No index yet",
                "Entries are found by id and index; a search answers for what comes after the next change of the validators.",
            ),
            Self::SearchNotYet { .. } => row(
                "search_not_yet",
                503,
                1251,
                "Nothing to search yet",
                "Ask again after retry_after_ms, when a newer head is certified; or ask another node.",
            ),
            Self::NotFinal { .. } => row(
                "not_final",
                404,
                1204,
                "Not final yet",
                "Ask again after retry_after_ms, or submit with \"wait\":\"finalized\".",
            ),
            Self::NoReceipt { .. } => row(
                "no_receipt",
                404,
                1205,
                "Not in the log",
                "Only executed submissions have receipts; the entry's state tells why this one was not.",
            ),
            Self::NotIssuer { .. } => row(
                "not_issuer",
                421,
                1230,
                "Signs no such receipt",
                "Ask a validator of that epoch, or for ?size= of a later head. In the formats json and tlog-proof a receipt is the same from every node.",
            ),
            Self::IssuerKeyUnknown { .. } => row(
                "issuer_key_unknown",
                404,
                1231,
                "No such key",
                "/.well-known/scitt-keys has the present ones; a receipt names its key in the header kid.",
            ),
            Self::ReceiptMalformed { .. } => row(
                "receipt_malformed",
                400,
                1206,
                "Not a receipt",
                "Send the receipt as it was given out, unchanged.",
            ),
            Self::Anchor(error) => error.row(),
            Self::Witness(error) => error.row(),
            Self::Artifact(error) => error.row(),
            Self::TimedOut { .. } => row(
                "timed_out",
                503,
                1301,
                "Took too long",
                "Send the request again; reads change nothing, and a submission's bytes are executed once.",
            ),
            Self::Stopping => {
                row("stopping", 503, 1302, "Node is stopping", "Ask another node, or this one later.")
            }
            Self::Storage => row(
                "storage",
                500,
                1303,
                "Storage failed",
                "The operator finds the reason in the node's log. Ask another node.",
            ),
            Self::Internal => row(
                "internal",
                500,
                -32603,
                "Internal fault",
                "Please report it with the request; the node goes on.",
            ),
        }
    }

    /// How long to wait before trying again, where that can help.
    pub const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Busy { retry_after_ms }
            | Self::NotFinal { retry_after_ms, .. }
            | Self::SearchNotYet { retry_after_ms, .. } => Some(*retry_after_ms),
            Self::NoVerdict { .. } | Self::TooMany { .. } | Self::TimedOut { .. } => Some(1_000),
            Self::Stopping => Some(5_000),
            Self::Witness(error) => error.retry_after_ms(),
            Self::Artifact(error) => error.retry_after_ms(),
            Self::Access(error) => error.retry_after_ms(),
            Self::Surface(error) => error.retry_after_ms(),
            Self::MalformedJson { .. }
            | Self::Anchor(_)
            | Self::InvalidRequest { .. }
            | Self::MethodUnknown { .. }
            | Self::InvalidParams { .. }
            | Self::RouteUnknown { .. }
            | Self::MethodNotAllowed { .. }
            | Self::BodyTooLarge { .. }
            | Self::HeadTooLarge { .. }
            | Self::BodyUnreadable { .. }
            | Self::ContentType { .. }
            | Self::HostRefused { .. }
            | Self::SigningNotOffered
            | Self::Observer { .. }
            | Self::EpochUnknown { .. }
            | Self::SubmissionMalformed { .. }
            | Self::StatementMalformed { .. }
            | Self::StatementType { .. }
            | Self::StatementRejected { .. }
            | Self::SubmissionRefused { .. }
            | Self::EntryUnknown { .. }
            | Self::BlockUnknown { .. }
            | Self::BlockNotKept { .. }
            | Self::IdentityUnknown { .. }
            | Self::KeyUnknown { .. }
            | Self::CheckpointUnknown { .. }
            | Self::TileUnknown { .. }
            | Self::ArtifactUnknown { .. }
            | Self::ArtifactNotHere { .. }
            | Self::ArtifactGone { .. }
            | Self::ArtifactMismatch { .. }
            | Self::NotIndexed { .. }
            | Self::NoReceipt { .. }
            | Self::NotIssuer { .. }
            | Self::IssuerKeyUnknown { .. }
            | Self::ReceiptMalformed { .. }
            | Self::Storage
            | Self::Internal => None,
        }
    }

    /// The error as it is sent.
    pub fn problem(&self) -> Problem {
        let Row { code, status, title, hint, .. } = self.row();
        let (id, reason) = match self {
            Self::SubmissionRefused { id, reason, .. } => (Some(*id), Some((*reason).to_owned())),
            Self::NoReceipt { id, reason } | Self::StatementRejected { id, reason } => {
                (Some(*id), Some(reason.clone()))
            }
            Self::NoVerdict { id } | Self::Surface(SurfaceError::Undecided { id }) => (Some(*id), None),
            Self::MalformedJson { .. }
            | Self::InvalidRequest { .. }
            | Self::MethodUnknown { .. }
            | Self::InvalidParams { .. }
            | Self::RouteUnknown { .. }
            | Self::MethodNotAllowed { .. }
            | Self::BodyTooLarge { .. }
            | Self::HeadTooLarge { .. }
            | Self::BodyUnreadable { .. }
            | Self::ContentType { .. }
            | Self::HostRefused { .. }
            | Self::Access(_)
            | Self::Surface(_)
            | Self::SigningNotOffered
            | Self::Observer { .. }
            | Self::EpochUnknown { .. }
            | Self::SubmissionMalformed { .. }
            | Self::StatementMalformed { .. }
            | Self::StatementType { .. }
            | Self::Busy { .. }
            | Self::TooMany { .. }
            | Self::EntryUnknown { .. }
            | Self::BlockUnknown { .. }
            | Self::BlockNotKept { .. }
            | Self::IdentityUnknown { .. }
            | Self::KeyUnknown { .. }
            | Self::CheckpointUnknown { .. }
            | Self::TileUnknown { .. }
            | Self::ArtifactUnknown { .. }
            | Self::ArtifactNotHere { .. }
            | Self::ArtifactGone { .. }
            | Self::ArtifactMismatch { .. }
            | Self::NotIndexed { .. }
            | Self::SearchNotYet { .. }
            | Self::NotFinal { .. }
            | Self::NotIssuer { .. }
            | Self::IssuerKeyUnknown { .. }
            | Self::ReceiptMalformed { .. }
            | Self::Anchor(_)
            | Self::Witness(_)
            | Self::Artifact(_)
            | Self::TimedOut { .. }
            | Self::Stopping
            | Self::Storage
            | Self::Internal => (None, None),
        };
        Problem {
            kind: format!("urn:quorate:error:{code}"),
            title: title.to_owned(),
            status,
            detail: self.to_string(),
            code: code.to_owned(),
            hint: hint.to_owned(),
            reason,
            id,
            retry_after_ms: self.retry_after_ms().map(Uint),
        }
    }
}

/// An error as it is sent: `application/problem+json` (RFC 9457) with members of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// `urn:quorate:error:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short name, the same for every error of this code.
    pub title: String,
    /// The HTTP status, also when the error travels in JSON-RPC.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The stable code.
    pub code: String,
    /// What the caller can do.
    pub hint: String,
    /// The code of the ledger's rule, where one refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The submission in question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Hash>,
    /// When trying again can help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<Uint>,
}

#[cfg(test)]
mod tests;
