//! The chain as ProofNest's clients ask for it, by JSON-RPC and by REST.

use ledger::LedgerReader;
use model::chain::{BlockAnswer, BlockParams};
use model::entry::{EntryAnswer, EntryParams, State};
use model::error::{ApiError, SurfaceError};
use model::foreign_chain::{
    ChainAccount, ChainAddressParams, ChainBlock, ChainStatus, ChainTx, ChainTxParams, ChainValidator,
    ChainValidators,
};
use model::scalar::{Hash, Uint};
use proto::id::Did;

use super::{chain, entries};
use crate::api::Api;
use crate::guard::sight::Sight;

/// Where the chain stands.
///
/// # Errors
/// `BlockUnknown` before there is any; `Storage` or `Internal`.
pub(crate) async fn status(api: &Api) -> Result<ChainStatus, ApiError> {
    let read = |reader: &LedgerReader| {
        reader.tip()?.ok_or_else(|| ApiError::BlockUnknown { height: "latest".to_owned() }.into())
    };
    let tip = api.read(read).await?;
    let set = api.doors().set();
    let pending = api.doors().status.borrow().mempool_count;
    Ok(ChainStatus {
        chain_id: set.origin().to_owned(),
        height: Uint(tip.height.get()),
        block_hash: Hash::from(tip.block),
        timestamp: Uint(tip.time.get() / 1_000),
        validators: Uint(set.count() as u64),
        pending_txs: Uint(pending),
    })
}

/// A block.
///
/// # Errors
/// As [`chain::block`].
pub(crate) async fn block(api: &Api, params: BlockParams) -> Result<ChainBlock, ApiError> {
    let BlockAnswer { id, height, parent, proposer, time_ms, submission_count, submissions, .. } =
        chain::block(api, params).await?;
    Ok(ChainBlock {
        height,
        block_hash: id,
        parent_hash: parent,
        timestamp: Uint(time_ms.0 / 1_000),
        proposer,
        tx_count: submission_count,
        txs: submissions,
    })
}

/// A transaction.
///
/// # Errors
/// As [`entries::entry`].
pub(crate) async fn tx(api: &Api, sight: &Sight, params: ChainTxParams) -> Result<ChainTx, ApiError> {
    let hash = params.hash;
    let EntryAnswer { state, height, index, rejection, content, .. } =
        entries::entry(api, sight, EntryParams { id: Some(hash), index: None }).await?;
    let status = match state {
        State::Accepted => "pending",
        State::Committed | State::Finalized => "confirmed",
        State::Rejected | State::Expired => "failed",
    };
    let error = match state {
        State::Expired => Some("expired".to_owned()),
        State::Accepted | State::Committed | State::Finalized | State::Rejected => {
            rejection.map(|rejection| rejection.reason)
        }
    };
    Ok(ChainTx { hash, status: status.to_owned(), height, index, error, content })
}

/// An account. Anybody has one: where admission is open, a DID speaks without having been registered.
///
/// # Errors
/// `InvalidParams` when the address is no DID; `Storage` or `Internal`.
pub(crate) async fn account(api: &Api, params: ChainAddressParams) -> Result<ChainAccount, ApiError> {
    let ChainAddressParams { address } = params;
    let did = Did::parse(&address)
        .map_err(|fault| ApiError::InvalidParams { fault: format!("address: {fault}") })?;
    let registered = api.read(move |reader| Ok(reader.identity(&did)?.is_some())).await?;
    Ok(ChainAccount { address, nonce: Uint(0), registered })
}

/// The validators of the present epoch.
pub(crate) fn validators(api: &Api) -> ChainValidators {
    let set = api.doors().set();
    let validators = set.iter().map(|(_, validator)| ChainValidator {
        address: Did::of(&validator.consensus).to_string(),
        name: validator.name.clone(),
        stake: Uint(validator.power),
        is_active: true,
    });
    ChainValidators { count: Uint(set.count() as u64), validators: validators.collect() }
}

/// One of them.
///
/// # Errors
/// `Unknown` when none has this address or name.
pub(crate) fn validator(api: &Api, params: &ChainAddressParams) -> Result<ChainValidator, ApiError> {
    let ChainValidators { validators, .. } = validators(api);
    let address = &params.address;
    let found = validators.into_iter().find(|one| one.address == *address || one.name == *address);
    Ok(found.ok_or(SurfaceError::Unknown { what: "validator" })?)
}
