//! A proof as its clients read it, and what of it is beyond what they know.
//!
//! Everything is read from this node's own store, from the proof's own leaf: no answer asks the network anything. Rows P44,
//! P49, X21, X23.

use crypto::Digest;
use ledger::LedgerReader;
use ledger::primitive::ProofRecord;
use ledger::reader::ProofLeaf;
use model::error::ApiError;
use proto::id::Did;
use proto::primitive::{Primitive, ProofId, Told, Whole};
use serde_json::{Value, json};

use super::batches::batch_id;
use super::hex;
use super::identities::algorithm_of;
use crate::api::{Api, Fault};
use crate::guard::sight::Sight;

/// What validators of proofs made of one: nothing yet, for they do not vote on this network.
pub(super) const CONSENSUS: &str = "PENDING";

/// A proof that was told, whole or by hashes.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) id: ProofId,
    pub(super) primitive: Primitive,
    pub(super) leaf: ProofLeaf,
    /// Of one told whole.
    pub(super) record: Option<ProofRecord>,
    /// Size of the smallest checkpoint that covers it, if one was signed.
    pub(super) checkpoint_size: Option<u64>,
    block: Option<Digest>,
}

/// A proof by its id: told whole, else by hashes.
pub(super) async fn find(api: &Api, id: ProofId) -> Result<Option<Found>, ApiError> {
    api.read(move |reader| Found::read(reader, id)).await
}

/// The same, if it is there for this caller.
pub(super) async fn seen(api: &Api, sight: &Sight, id: ProofId) -> Result<Option<Found>, ApiError> {
    let sight = sight.clone();
    api.read(move |reader| Found::seen(reader, &sight, id)).await
}

impl Found {
    pub(super) fn read(reader: &LedgerReader, id: ProofId) -> Result<Option<Self>, Fault> {
        let record = reader.proof(&id)?;
        let at = match &record {
            Some(record) => record.at,
            None => match reader.told_by_hashes(&id)? {
                Some((_, at)) => at,
                None => return Ok(None),
            },
        };
        Self::at(reader, at.index, record)
    }

    /// The same, if it is there for this caller.
    pub(super) fn seen(reader: &LedgerReader, sight: &Sight, id: ProofId) -> Result<Option<Self>, Fault> {
        Ok(Self::read(reader, id)?.filter(|found| found.is_seen(sight)))
    }

    /// Whether it is there for this caller.
    pub(super) fn is_seen(&self, sight: &Sight) -> bool {
        sight.sees(&self.leaf.submission.body().tenant)
    }

    /// What stands at a leaf.
    pub(super) fn at(
        reader: &LedgerReader,
        index: proto::counter::LeafIndex,
        record: Option<ProofRecord>,
    ) -> Result<Option<Self>, Fault> {
        let Some(leaf) = reader.proof_leaf(index)? else { return Ok(None) };
        let Some(primitive) = leaf.primitive().cloned() else { return Ok(None) };
        let checkpoint = reader.checkpoint_covering(index)?;
        let checkpoint_size = checkpoint.map(|checkpoint| checkpoint.head.size.get());
        let block = reader.block_header(leaf.height)?.map(|block| *block.id().digest());
        Ok(Some(Self { id: primitive.id(), primitive, leaf, record, checkpoint_size, block }))
    }

    fn whole(&self) -> Option<&Whole> {
        match &self.primitive.told {
            Told::Whole(whole) => Some(whole),
            Told::Hashes { .. } => None,
        }
    }

    pub(super) fn issuer(&self) -> &Did {
        &self.primitive.issuer
    }

    /// The claim; empty when it was told by hashes.
    pub(super) fn claim(&self) -> &str {
        self.whole().map_or("", |whole| &whole.claim)
    }

    /// Its kind; none when it was told by hashes.
    pub(super) fn kind(&self) -> Option<&'static str> {
        self.whole().map(|whole| whole.kind.name())
    }

    /// The submission that told it.
    pub(super) fn tx_hash(&self) -> String {
        self.leaf.submission.id().to_string()
    }

    /// How sure it is: in the log, or under a head that a quorum signed.
    pub(super) const fn finality(&self) -> &'static str {
        match self.checkpoint_size {
            Some(_) => "anchored",
            None => "committed",
        }
    }

    fn batch(&self) -> (Option<String>, Option<u64>) {
        let index = self.record.as_ref().map(|record| record.batch_index);
        (index.map(|_| batch_id(self.leaf.height)), index)
    }

    /// The answer to who told it.
    pub(super) fn created(&self) -> Value {
        json!({
            "proof_id": self.id.to_string(),
            "proof_type": self.kind(),
            "claim": self.claim(),
            "issuer_did": self.issuer().as_str(),
            "is_valid": self.record.is_some(),
            "consensus_state": CONSENSUS,
            "is_anchored": self.checkpoint_size.is_some(),
            "timestamp": self.primitive.timestamp_s,
            "nonce": self.whole().map(|whole| hex(&whole.nonce)),
            "tx_hash": self.tx_hash(),
            "height": self.leaf.height.get(),
            "index": self.leaf.index.get(),
            "finality": self.finality(),
        })
    }

    /// All of it.
    pub(super) fn full(&self) -> Value {
        let Primitive { issuer, key, signature, timestamp_s, metadata, expires_at_s, place, .. } =
            &self.primitive;
        let whole = self.whole();
        let subject = whole.and_then(|whole| whole.subject.as_deref());
        let evidence = whole.and_then(|whole| whole.evidence.as_ref());
        let metadata = match metadata.is_empty() {
            true => Value::Null,
            // Whoever submitted an envelope may have put there what is no JSON.
            false => serde_json::from_str(metadata).unwrap_or_else(|_| metadata.as_str().into()),
        };
        let (batch, merkle_index) = self.batch();
        let anchored = self.checkpoint_size.is_some();
        let algorithm = algorithm_of(key);
        json!({
            "proof_id": self.id.to_string(),
            "proof_hash": self.id.to_string(),
            "proof_type": self.kind(),
            "claim": whole.map(|whole| whole.claim.as_str()),
            "claim_hash": self.primitive.claim_hash().to_string(),
            "issuer": { "did": issuer.as_str(), "public_key": hex(key.as_bytes()), "algorithm": algorithm },
            "subject": subject.map(|did| json!({ "did": did })),
            "evidence": evidence.map(|evidence| {
                json!({ "content_hash": evidence.to_string(), "content_type": "application/octet-stream" })
            }),
            "signature": {
                "value": hex(signature.as_bytes()),
                "algorithm": algorithm,
                "signer_did": issuer.as_str(),
            },
            "timestamp": {
                "unix_time": timestamp_s,
                "chain_height": self.leaf.height.get(),
                "bitcoin_height": null,
            },
            "nonce": whole.map(|whole| hex(&whole.nonce)),
            "expires_at": expires_at_s,
            "anchor": {
                "type": if anchored { "PROOFNEST" } else { "NONE" },
                "block_hash": self.block.filter(|_| anchored).map(|block| block.to_string()),
                "block_height": anchored.then_some(self.leaf.height.get()),
            },
            "consensus": { "state": CONSENSUS, "quorum_threshold": 0, "validator_count": 0 },
            "previous_proof": whole.and_then(|whole| whole.previous).map(|proof| proof.to_string()),
            "version": proto::canon::proofnest::VERSION,
            "metadata": metadata,
            "chain_id": place.as_ref().map(|place| place.chain.as_str()),
            "chain_index": place.as_ref().map(|place| place.index),
            "told": if whole.is_some() { "whole" } else { "hashes" },
            "author_did": self.leaf.submission.body().author.as_str(),
            "tx_hash": self.tx_hash(),
            "height": self.leaf.height.get(),
            "index": self.leaf.index.get(),
            "finality": self.finality(),
            "checkpoint_size": self.checkpoint_size,
            "batch_id": batch,
            "merkle_index": merkle_index,
        })
    }
}
