//! The methods of JSON-RPC: their names, their shapes, the calls behind them.

use model::anchor::{AnchorParams, AnchoredCheckpoint, AnchorsAnswer};
use model::artifact::{ArtifactAnswer, ArtifactParams};
use model::audit::{AuditAnswer, AuditParams};
use model::chain::{
    BlockAnswer, BlockParams, CheckpointAnswer, CheckpointParams, ValidatorsAnswer, ValidatorsParams,
};
use model::did::DidDocument;
use model::entry::{EntryAnswer, EntryParams, StatementParams, SubmitParams, Ticket};
use model::error::ApiError;
use model::foreign_chain::{
    ChainAccount, ChainAddressParams, ChainBlock, ChainStatus, ChainTx, ChainTxParams, ChainValidator,
    ChainValidators,
};
use model::identity::{IdentityAnswer, IdentityParams, JwksParams, KeyHistory, KeyHistoryParams};
use model::jwks::Jwks;
use model::qwed::{
    AttestationAnswer, AttestationResult, IssueParams, IssuerInfo, VerifyTokenAnswer, VerifyTokenParams,
};
use model::receipt::{
    ConsistencyAnswer, ConsistencyParams, ReceiptAnswer, ReceiptParams, VerifyAnswer, VerifyBatchAnswer,
    VerifyBatchParams, VerifyParams,
};
use model::search::{SearchAnswer, SearchParams};
use model::status::StatusAnswer;
use model::strict;
use model::trust::{TrustAnswer, TrustParams};
use model::witness::WitnessAnswer;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::Api;
use crate::calls::{
    anchors, artifacts, audit, chain, dialects, entries, foreign_chain, keys, node, proofs, search,
    statements, submit, trust, verdict, witness,
};
use crate::guard::Caller;
use crate::openrpc;
use crate::schema::{SchemaOf, of};
use crate::surface::proofnest::rpc::{BroadcastParams, ProofParams};
use crate::surface::qod::rpc::{ProofVerifyParams, SessionParams};
use crate::surface::qwed::rpc::{IssuerNamed, RevokedParams};
use crate::surface::{proofnest, qod, qwed};

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Submit,
    SubmitStatement,
    Get,
    Receipt,
    Verify,
    VerifyBatch,
    Checkpoint,
    Consistency,
    Search,
    Block,
    Validators,
    Trust,
    Status,
    Witness,
    Jwks,
    KeysHistory,
    Identity,
    Artifact,
    ChainStatus,
    ChainBlock,
    ChainTx,
    ChainAccount,
    ChainValidators,
    ChainValidator,
    Anchors,
    Anchor,
    Audit,
    ProofFinalize,
    ProofVerify,
    ChainProof,
    ChainBroadcast,
    AttestationIssue,
    AttestationVerify,
    AttestationRevoke,
    IssuerInfo,
    DidResolve,
    Discover,
}

/// No parameters.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

impl Method {
    pub(crate) const ALL: [Self; 37] = [
        Self::Submit,
        Self::SubmitStatement,
        Self::Get,
        Self::Receipt,
        Self::Verify,
        Self::VerifyBatch,
        Self::Checkpoint,
        Self::Consistency,
        Self::Search,
        Self::Block,
        Self::Validators,
        Self::Trust,
        Self::Status,
        Self::Witness,
        Self::Jwks,
        Self::KeysHistory,
        Self::Identity,
        Self::Artifact,
        Self::ChainStatus,
        Self::ChainBlock,
        Self::ChainTx,
        Self::ChainAccount,
        Self::ChainValidators,
        Self::ChainValidator,
        Self::Anchors,
        Self::Anchor,
        Self::Audit,
        Self::ProofFinalize,
        Self::ProofVerify,
        Self::ChainProof,
        Self::ChainBroadcast,
        Self::AttestationIssue,
        Self::AttestationVerify,
        Self::AttestationRevoke,
        Self::IssuerInfo,
        Self::DidResolve,
        Self::Discover,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Submit => "ledger_submit",
            Self::SubmitStatement => "ledger_submitStatement",
            Self::Get => "ledger_get",
            Self::Receipt => "ledger_receipt",
            Self::Verify => "ledger_verify",
            Self::VerifyBatch => "ledger_verifyBatch",
            Self::Checkpoint => "ledger_checkpoint",
            Self::Consistency => "ledger_consistency",
            Self::Search => "ledger_search",
            Self::Block => "ledger_block",
            Self::Validators => "ledger_validators",
            Self::Trust => "ledger_trust",
            Self::Status => "node_status",
            Self::Witness => "node_witness",
            Self::Jwks => "keys_jwks",
            Self::KeysHistory => "keys_history",
            Self::Identity => "identity_get",
            Self::Artifact => "artifact_get",
            Self::ChainStatus => "status",
            Self::ChainProof => "proof",
            Self::ChainBroadcast => "broadcast_tx_sync",
            Self::ChainBlock => "block",
            Self::ChainTx => "tx",
            Self::ChainAccount => "account",
            Self::ChainValidators => "validators",
            Self::ChainValidator => "validator",
            Self::Anchors => "anchor_list",
            Self::Anchor => "anchor_get",
            Self::Audit => "audit_list",
            Self::ProofFinalize => "proof_finalize",
            Self::ProofVerify => "proof_verify",
            Self::AttestationIssue => "attestation_issue",
            Self::AttestationVerify => "attestation_verify",
            Self::AttestationRevoke => "attestation_revoke",
            Self::IssuerInfo => "issuer_info",
            Self::DidResolve => "did_resolve",
            Self::Discover => "rpc.discover",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    pub(crate) const fn summary(self) -> &'static str {
        match self {
            Self::Submit => "Submit a signed envelope, or plain JSON where the node signs; wait as asked.",
            Self::SubmitStatement => {
                "Submit a statement that was signed elsewhere: COSE, JWS, DSSE, HTTP message signature."
            }
            Self::Get => "What became of a submission, and what a leaf says.",
            Self::Receipt => "A receipt that is checked without this node.",
            Self::Verify => "What this node makes of a receipt; a convenience, not a proof.",
            Self::VerifyBatch => {
                "What this node makes of many receipts; larger batches go to POST /v1/verify:batch."
            }
            Self::Checkpoint => "A checkpoint that a quorum signed.",
            Self::Consistency => "That the log of one size extends the log of another.",
            Self::Search => {
                "All entries of a content, subject, author or id; on request the proof that there are no others."
            }
            Self::Block => "A committed block.",
            Self::Validators => "The validators of an epoch.",
            Self::Trust => "The chain of trust: from genesis to the validators of any epoch.",
            Self::Status => "What the node says of itself.",
            Self::Jwks => "The public keys that are good: the network's, or an identity's.",
            Self::KeysHistory => {
                "From which leaf to which keys are good: an identity's, one key, or the validators'."
            }
            Self::Identity => "An identity and all its keys.",
            Self::Artifact => "What the ledger says of an artifact, and whether its bytes are here.",
            Self::Anchors => "Who anchors this log outside, and how the newest anchors stand.",
            Self::Anchor => "The anchors of the checkpoint of one size, with their evidence.",
            Self::Audit => "Who did what to which thing, and what was refused here; needs a credential.",
            Self::Witness => "Whose logs this node cosigns, and who cosigns its own.",
            Self::ChainStatus => "Where the chain stands, as ProofNest has it.",
            Self::ChainBlock => "A block, as ProofNest has it.",
            Self::ChainTx => "What became of a transaction, by its hash.",
            Self::ChainAccount => "An account, by its DID.",
            Self::ChainValidators => "The validators, as ProofNest has them.",
            Self::ChainValidator => "One of them, by its DID or name.",
            Self::ProofFinalize => "The proof of a quality-on-demand session, made now if it was not before.",
            Self::ProofVerify => "What this node finds of such a proof, or of a record that is sent.",
            Self::ChainProof => "A proof of ProofNest as its chain shows it.",
            Self::ChainBroadcast => "Takes a transaction of type PROOF, signed by its issuer.",
            Self::AttestationIssue => "Issue an attestation, or say why not.",
            Self::AttestationVerify => "Whether a token is to be believed.",
            Self::AttestationRevoke => "Withdraw an attestation.",
            Self::IssuerInfo => "An issuer of attestations, and its keys.",
            Self::DidResolve => "The DID document of an identity.",
            Self::Discover => "This interface as an OpenRPC document.",
        }
    }

    /// Schemas of parameters and result. The document itself has none.
    pub(crate) const fn shapes(self) -> (SchemaOf, SchemaOf) {
        match self {
            Self::Submit => (of::<SubmitParams>, of::<Ticket>),
            Self::SubmitStatement => (of::<StatementParams>, of::<Ticket>),
            Self::Get => (of::<EntryParams>, of::<EntryAnswer>),
            Self::Receipt => (of::<ReceiptParams>, of::<ReceiptAnswer>),
            Self::Verify => (of::<VerifyParams>, of::<VerifyAnswer>),
            Self::VerifyBatch => (of::<VerifyBatchParams>, of::<VerifyBatchAnswer>),
            Self::Checkpoint => (of::<CheckpointParams>, of::<CheckpointAnswer>),
            Self::Consistency => (of::<ConsistencyParams>, of::<ConsistencyAnswer>),
            Self::Search => (of::<SearchParams>, of::<SearchAnswer>),
            Self::Block => (of::<BlockParams>, of::<BlockAnswer>),
            Self::Validators => (of::<ValidatorsParams>, of::<ValidatorsAnswer>),
            Self::Trust => (of::<TrustParams>, of::<TrustAnswer>),
            Self::Status => (of::<Nothing>, of::<StatusAnswer>),
            Self::Jwks => (of::<JwksParams>, of::<Jwks>),
            Self::KeysHistory => (of::<KeyHistoryParams>, of::<KeyHistory>),
            Self::Identity => (of::<IdentityParams>, of::<IdentityAnswer>),
            Self::Artifact => (of::<ArtifactParams>, of::<ArtifactAnswer>),
            Self::Anchors => (of::<Nothing>, of::<AnchorsAnswer>),
            Self::Anchor => (of::<AnchorParams>, of::<AnchoredCheckpoint>),
            Self::Audit => (of::<AuditParams>, of::<AuditAnswer>),
            Self::Witness => (of::<Nothing>, of::<WitnessAnswer>),
            Self::ChainStatus => (of::<Nothing>, of::<ChainStatus>),
            Self::ChainBlock => (of::<BlockParams>, of::<ChainBlock>),
            Self::ChainTx => (of::<ChainTxParams>, of::<ChainTx>),
            Self::ChainAccount => (of::<ChainAddressParams>, of::<ChainAccount>),
            Self::ChainValidators => (of::<Nothing>, of::<ChainValidators>),
            Self::ChainValidator => (of::<ChainAddressParams>, of::<ChainValidator>),
            Self::ProofFinalize => (of::<SessionParams>, of::<Map<String, Value>>),
            Self::ProofVerify => (of::<ProofVerifyParams>, of::<Map<String, Value>>),
            Self::ChainProof => (of::<ProofParams>, of::<Value>),
            Self::ChainBroadcast => (of::<BroadcastParams>, of::<Value>),
            Self::AttestationIssue => (of::<IssueParams>, of::<AttestationResult>),
            Self::AttestationVerify => (of::<VerifyTokenParams>, of::<VerifyTokenAnswer>),
            Self::AttestationRevoke => (of::<RevokedParams>, of::<AttestationAnswer>),
            Self::IssuerInfo => (of::<IssuerNamed>, of::<IssuerInfo>),
            Self::DidResolve => (of::<IdentityParams>, of::<DidDocument>),
            Self::Discover => (of::<Nothing>, of::<Map<String, Value>>),
        }
    }

    /// Calls it.
    ///
    /// # Errors
    /// `InvalidParams`, or what the call refuses.
    pub(crate) async fn call(
        self,
        api: &Api,
        caller: &Caller,
        params: Map<String, Value>,
    ) -> Result<Value, ApiError> {
        let params = Value::Object(params);
        let sight = &caller.sight(&api.doors().authenticator);
        match self {
            Self::Submit => write(&submit::submit(api, caller, read(params)?).await?.ticket),
            Self::SubmitStatement => write(&statements::register(api, caller, read(params)?).await?.ticket),
            Self::Get => write(&entries::entry(api, sight, read(params)?).await?),
            Self::Receipt => write(&dialects::receipt(api, sight, read(params)?).await?),
            Self::Verify => write(&verdict::verify(api, read(params)?).await?),
            Self::VerifyBatch => write(&verdict::verify_batch(api, read(params)?).await?),
            Self::Checkpoint => write(&chain::checkpoint(api, read(params)?).await?),
            Self::Consistency => write(&proofs::consistency(api, read(params)?).await?),
            Self::Search => write(&search::search(api, sight, read(params)?).await?),
            Self::Block => write(&chain::block(api, read(params)?).await?),
            Self::Validators => write(&chain::validators(api, read(params)?).await?),
            Self::Trust => write(&trust::trust(api, read(params)?).await?),
            Self::Status => read(params).and_then(|Nothing {}| write(&node::status(api))),
            Self::Jwks => write(&keys::jwks(api, read(params)?).await?),
            Self::KeysHistory => write(&keys::history(api, read(params)?).await?),
            Self::Identity => write(&keys::identity(api, read(params)?).await?),
            Self::Artifact => write(&artifacts::standing(api, sight, read(params)?).await?),
            Self::Anchors => read(params).and_then(|Nothing {}| write(&anchors::list(api))),
            Self::Anchor => write(&anchors::get(api, read(params)?).await?),
            Self::Audit => {
                let principal = caller.known("a credential is needed for the audit log")?;
                write(&audit::list(api, principal, read(params)?).await?)
            }
            Self::Witness => read(params).and_then(|Nothing {}| write(&witness::witness(api))),
            Self::ChainStatus => {
                let Nothing {} = read(params)?;
                write(&foreign_chain::status(api).await?)
            }
            Self::ChainBlock => write(&foreign_chain::block(api, read(params)?).await?),
            Self::ChainTx => write(&foreign_chain::tx(api, sight, read(params)?).await?),
            Self::ChainAccount => write(&foreign_chain::account(api, read(params)?).await?),
            Self::ChainValidators => {
                read(params).and_then(|Nothing {}| write(&foreign_chain::validators(api)))
            }
            Self::ChainValidator => write(&foreign_chain::validator(api, &read(params)?)?),
            Self::ProofFinalize => qod::rpc::finalize(api, caller, read(params)?).await,
            Self::ProofVerify => qod::rpc::verify(api, sight, read(params)?).await,
            Self::ChainProof => proofnest::rpc::proof(api, sight, read(params)?).await,
            Self::ChainBroadcast => proofnest::rpc::broadcast(api, caller, read(params)?).await,
            Self::AttestationIssue => write(&qwed::rpc::issue(api, caller, read(params)?).await?),
            Self::AttestationVerify => write(&qwed::rpc::verify(api, sight, read(params)?).await?),
            Self::AttestationRevoke => write(&qwed::rpc::revoke(api, caller, read(params)?).await?),
            Self::IssuerInfo => write(&qwed::rpc::issuer(api, read(params)?).await?),
            Self::DidResolve => write(&keys::did_document(api, read(params)?).await?),
            Self::Discover => read(params).map(|Nothing {}| openrpc::document()),
        }
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, ApiError> {
    strict::shape(params).map_err(|fault| ApiError::InvalidParams { fault })
}

fn write<T: Serialize>(answer: &T) -> Result<Value, ApiError> {
    serde_json::to_value(answer).map_err(|_| ApiError::Internal)
}
