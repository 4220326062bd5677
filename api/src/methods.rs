//! The methods of JSON-RPC: their names, their shapes, the calls behind them.

use model::artifact::{ArtifactAnswer, ArtifactParams};
use model::chain::{
    BlockAnswer, BlockParams, CheckpointAnswer, CheckpointParams, ValidatorsAnswer, ValidatorsParams,
};
use model::entry::{EntryAnswer, EntryParams, StatementParams, SubmitParams, Ticket};
use model::error::ApiError;
use model::identity::{IdentityAnswer, IdentityParams, JwksParams, KeyHistory, KeyHistoryParams};
use model::jwks::Jwks;
use model::receipt::{
    ConsistencyAnswer, ConsistencyParams, ReceiptAnswer, ReceiptParams, VerifyAnswer, VerifyBatchAnswer,
    VerifyBatchParams, VerifyParams,
};
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
    artifacts, chain, dialects, entries, keys, node, proofs, statements, submit, trust, verdict, witness,
};
use crate::guard::Caller;
use crate::openrpc;
use crate::schema::{SchemaOf, of};

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
    Block,
    Validators,
    Trust,
    Status,
    Witness,
    Jwks,
    KeysHistory,
    Identity,
    Artifact,
    Discover,
}

/// No parameters.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

impl Method {
    pub(crate) const ALL: [Self; 18] = [
        Self::Submit,
        Self::SubmitStatement,
        Self::Get,
        Self::Receipt,
        Self::Verify,
        Self::VerifyBatch,
        Self::Checkpoint,
        Self::Consistency,
        Self::Block,
        Self::Validators,
        Self::Trust,
        Self::Status,
        Self::Witness,
        Self::Jwks,
        Self::KeysHistory,
        Self::Identity,
        Self::Artifact,
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
            Self::Block => "ledger_block",
            Self::Validators => "ledger_validators",
            Self::Trust => "ledger_trust",
            Self::Status => "node_status",
            Self::Witness => "node_witness",
            Self::Jwks => "keys_jwks",
            Self::KeysHistory => "keys_history",
            Self::Identity => "identity_get",
            Self::Artifact => "artifact_get",
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
            Self::Witness => "Whose logs this node cosigns, and who cosigns its own.",
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
            Self::Block => (of::<BlockParams>, of::<BlockAnswer>),
            Self::Validators => (of::<ValidatorsParams>, of::<ValidatorsAnswer>),
            Self::Trust => (of::<TrustParams>, of::<TrustAnswer>),
            Self::Status => (of::<Nothing>, of::<StatusAnswer>),
            Self::Jwks => (of::<JwksParams>, of::<Jwks>),
            Self::KeysHistory => (of::<KeyHistoryParams>, of::<KeyHistory>),
            Self::Identity => (of::<IdentityParams>, of::<IdentityAnswer>),
            Self::Artifact => (of::<ArtifactParams>, of::<ArtifactAnswer>),
            Self::Witness => (of::<Nothing>, of::<WitnessAnswer>),
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
        match self {
            Self::Submit => write(&submit::submit(api, caller, read(params)?).await?.ticket),
            Self::SubmitStatement => write(&statements::register(api, caller, read(params)?).await?.ticket),
            Self::Get => write(&entries::entry(api, read(params)?).await?),
            Self::Receipt => write(&dialects::receipt(api, read(params)?).await?),
            Self::Verify => write(&verdict::verify(api, read(params)?).await?),
            Self::VerifyBatch => write(&verdict::verify_batch(api, read(params)?).await?),
            Self::Checkpoint => write(&chain::checkpoint(api, read(params)?).await?),
            Self::Consistency => write(&proofs::consistency(api, read(params)?).await?),
            Self::Block => write(&chain::block(api, read(params)?).await?),
            Self::Validators => write(&chain::validators(api, read(params)?).await?),
            Self::Trust => write(&trust::trust(api, read(params)?).await?),
            Self::Status => read(params).and_then(|Nothing {}| write(&node::status(api))),
            Self::Jwks => write(&keys::jwks(api, read(params)?).await?),
            Self::KeysHistory => write(&keys::history(api, read(params)?).await?),
            Self::Identity => write(&keys::identity(api, read(params)?).await?),
            Self::Artifact => write(&artifacts::standing(api, read(params)?).await?),
            Self::Witness => read(params).and_then(|Nothing {}| write(&witness::witness(api))),
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
