//! Proofs as ProofNest's chain takes and shows them, for clients that call it directly.
//!
//! They bypass nothing: a transaction of type PROOF becomes a `proof.primitive` like any other and is judged by the same
//! rules, with its issuer's registration and signature. Of a proof that was told whole it is answered where that stands.
//! Rows P04, P43, P60, P61; X19.

use crypto::Digest;
use ledger::LedgerReader;
use model::error::{AccessError, ApiError};
use model::strict;
use proto::operation::Operation;
use proto::primitive::{Primitive, ProofId, Told};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::proofs::{bad, issuer, signed_by};
use super::view::{Found, find, seen};
use super::{WAIT, named, unhex};
use crate::api::Api;
use crate::guard::Caller;
use crate::guard::sight::Sight;
use crate::service::{Order, Settled};
use crate::waiting::arrived;

/// The number of a transaction that tells a proof, in its table of kinds.
const PROOF: u64 = 7;

/// Which proof.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProofParams {
    /// Its id.
    id: String,
}

/// A transaction to be taken.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BroadcastParams {
    /// It.
    #[serde(deserialize_with = "object")]
    tx: Tx,
}

/// A transaction, as clients of ProofNest write it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tx {
    /// 7 or PROOF; the others move what this ledger has not.
    #[serde(rename = "type")]
    kind: Value,
    /// What it says.
    #[serde(deserialize_with = "object")]
    data: Data,
    /// The issuer's signature of the id, in hex; empty when it stands in `data`.
    #[serde(default)]
    signature: String,
    /// Read and not used: nothing here is numbered by its sender.
    #[serde(default)]
    nonce: u64,
    /// Read and not used: the time that counts is the proof's own.
    #[serde(default)]
    timestamp: u64,
}

/// What a transaction of type PROOF says.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Data {
    /// The id.
    proof_id: String,
    /// The same.
    proof_hash: String,
    /// Who claims it.
    issuer_did: String,
    /// SHA-256 of the claim.
    claim_hash: String,
    /// When, in seconds since 1970.
    timestamp: u64,
    /// The issuer's signature of the id, in hex.
    #[serde(default)]
    signature: String,
}

/// Left alone, serde would also read a list, by position.
fn object<'de, D: serde::Deserializer<'de>, T: DeserializeOwned>(reader: D) -> Result<T, D::Error> {
    strict::shape(Value::deserialize(reader)?).map_err(serde::de::Error::custom)
}

/// What a transaction of type PROOF says, of a proof that stands in the log, and where that is.
///
/// # Errors
/// `Unknown`, `Storage` or `Internal`.
pub(crate) async fn proof(api: &Api, sight: &Sight, params: ProofParams) -> Result<Value, ApiError> {
    let id = ProofId::parse_spelt(&params.id).map_err(|_| super::unknown())?;
    let found = seen(api, sight, id).await?.ok_or_else(super::unknown)?;
    Ok(json!({
        "proof_id": found.id.to_string(),
        "proof_hash": found.id.to_string(),
        "issuer_did": found.issuer().as_str(),
        "claim_hash": found.primitive.claim_hash().to_string(),
        "timestamp": found.primitive.timestamp_s,
        "signature": super::hex(found.primitive.signature.as_bytes()),
        "height": found.leaf.height.get(),
        "tx_hash": found.tx_hash(),
        "finality": found.finality(),
        "told": if found.record.is_some() { "whole" } else { "hashes" },
    }))
}

/// Takes a transaction.
///
/// # Errors
/// `Access` without a credential; `BadRequest` or `Unprocessable` for what is no proof of its issuer; what a rule of the
/// ledger refuses; `Undecided`.
pub(crate) async fn broadcast(
    api: &Api,
    caller: &Caller,
    params: BroadcastParams,
) -> Result<Value, ApiError> {
    let principal = caller.known("a credential is needed to have this node submit")?;
    let needed = "proof:create";
    if !principal.scopes.allow(needed) {
        return Err(AccessError::Scope { needed, found: principal.scopes.to_string() }.into());
    }
    let tenant = principal.tenant.clone();
    let BroadcastParams { tx: Tx { kind, data, signature, nonce: _, timestamp: _ } } = params;
    if kind != json!(PROOF) && kind != json!("PROOF") {
        return Err(bad(format!("tx.type: {kind} is not taken; 7, PROOF, is")));
    }
    let Data { proof_id, proof_hash, issuer_did, claim_hash, timestamp, signature: inside } = data;
    let id = named(&proof_id)?;
    if named(&proof_hash)? != id {
        return Err(bad(format!("proof_hash: this one is not that of {id}")));
    }
    let claim: Digest = claim_hash.parse().map_err(|fault| bad(format!("claim_hash: {fault}")))?;
    let (issuer, keys) = issuer(api, &issuer_did).await?;
    // Both places hold the issuer's signature of the id where they hold anything. A client that put its secret there is
    // told so, and nothing of it is kept.
    let message = id.to_string().into_bytes();
    let mut made = None;
    for (text, member) in [(&inside, "tx.data.signature"), (&signature, "tx.signature")] {
        if !text.is_empty() {
            made = Some(signed_by(&keys, &message, &unhex(text, member)?)?);
        }
    }
    let (key, signature) = made.ok_or_else(|| bad("the transaction is not signed"))?;
    let (speaker, told) = (issuer.clone(), move |reader: &LedgerReader| Found::read(reader, id));
    let same = move |found: &Found| match *found.issuer() == speaker
        && found.primitive.claim_hash() == claim
        && found.primitive.timestamp_s == timestamp
    {
        true => Ok(taken(&found.tx_hash(), found.leaf.height.get())),
        false => Err(bad(format!("{id} was told by {} with another claim or time", found.issuer()))),
    };
    if let Some(found) = find(api, id).await?
        && (found.record.is_some() || *found.issuer() == issuer)
    {
        return same(&found);
    }
    let primitive = Primitive {
        issuer,
        key,
        signature,
        timestamp_s: timestamp,
        told: Told::Hashes { id, claim },
        metadata: String::new(),
        expires_at_s: None,
        place: None,
    };
    let operation = Operation::ProofPrimitive(Box::new(primitive));
    let order = Order { timeout: WAIT, ..Order::once(tenant, operation) };
    let settled = api.doors().service.submit(api, order).await?;
    // Another node was asked too, and was first.
    if matches!(settled, Settled::Refused { code: "proof_known", .. })
        && let Some(found) = arrived(api, told).await?
    {
        return same(&found);
    }
    let place = settled.logged()?;
    Ok(taken(&place.id.to_string(), place.height.get()))
}

fn taken(hash: &str, height: u64) -> Value {
    json!({ "hash": hash, "height": height, "status": "confirmed", "gas_used": 0, "error": null })
}
