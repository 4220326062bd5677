//! Looking up: what has a key, and on request the proof that nothing else has it.
//!
//! Nothing in an answer is believed for standing there: `proof` is checked under a policy, by `ledger/verify/src/lookup.rs`.

use proto::counter::LeafIndex;
use proto::lookup::{
    Directory, FOUND_MAX, FoundLeaf, Kind, LookupKey, LookupKeyError, Record, Run, SearchProof, Span,
};
use proto::receipt::Receipt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scalar::{Bytes, Hash, Uint};

/// Asks for all leaves of one key: exactly one of `id`, `content`, `subject`, `author` and `about`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchParams {
    /// The submission of this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// SHA-256 of a content, a statement's payload or its artifact, or a batch's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// What it is about, as it was written: a subject, an identity's DID, a validator's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who speaks, a DID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What it names: the id of a submission that is revoked or erased, or of a key that is listed or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The first leaf to look at; without it, the first that the index covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Uint>,
    /// Most leaves of one answer, 1 to 100; without it, 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Uint>,
    /// Whether the proof is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prove: Option<bool>,
}

/// Why a question is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchQuestionError {
    /// None of the keys, or more than one.
    #[error("one of id, content, subject, author and about is asked for, found {found}")]
    Keys {
        /// Keys found.
        found: usize,
    },
    /// Not a key of its kind.
    #[error(transparent)]
    Key(#[from] LookupKeyError),
    /// Nothing, or too much at once.
    #[error("limit {found}: 1 to {FOUND_MAX} leaves are given at once")]
    Limit {
        /// What was asked for.
        found: u64,
    },
}

impl SearchParams {
    /// Asks for one key.
    pub fn of(key: &LookupKey) -> Self {
        let (text, mut params) = (Some(key.text()), Self::default());
        match key.kind() {
            Kind::Id => params.id = text,
            Kind::Content => params.content = text,
            Kind::Subject => params.subject = text,
            Kind::Author => params.author = text,
            Kind::About => params.about = text,
        }
        params
    }

    /// The key that is asked for.
    ///
    /// # Errors
    /// `Keys` or `Key`.
    pub fn key(&self) -> Result<LookupKey, SearchQuestionError> {
        let Self { id, content, subject, author, about, from: _, limit: _, prove: _ } = self;
        let given = [
            (Kind::Id, id),
            (Kind::Content, content),
            (Kind::Subject, subject),
            (Kind::Author, author),
            (Kind::About, about),
        ];
        let mut given = given.into_iter().filter_map(|(kind, text)| Some((kind, text.as_ref()?)));
        match (given.next(), given.count()) {
            (Some((kind, text)), 0) => Ok(LookupKey::parse(kind, text)?),
            (first, more) => Err(SearchQuestionError::Keys { found: usize::from(first.is_some()) + more }),
        }
    }

    /// Most leaves of the answer.
    ///
    /// # Errors
    /// `Limit`.
    pub fn limit(&self) -> Result<usize, SearchQuestionError> {
        match self.limit.map_or(20, |limit| limit.0) {
            found @ 1..=100 => Ok(found as usize),
            found => Err(SearchQuestionError::Limit { found }),
        }
    }
}

/// All leaves of a key in a part of the log, as of the last block below the newest certified head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchAnswer {
    /// What was looked for by: `id`, `content`, `subject`, `author` or `about`.
    pub by: String,
    /// What was looked for.
    pub value: String,
    /// The first leaf of the part.
    pub from: Uint,
    /// Where the part ends: the first leaf after it. Ask again from here while this is less than `block`.
    pub to: Uint,
    /// The leaf of the block that states the index; the answer is as of the log before it.
    pub block: Uint,
    /// Size of the head that a quorum signed.
    pub size: Uint,
    /// The first leaf that the index covers: of those before, it says nothing.
    pub covers_from: Uint,
    /// The leaves found, in order.
    pub entries: Vec<FoundEntry>,
    /// What shows all this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<SearchEvidence>,
}

/// A leaf that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FoundEntry {
    /// Its index.
    pub index: Uint,
    /// Its submission.
    pub id: Hash,
    /// What it asked.
    pub operation: String,
}

/// What shows that an answer is true and complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchEvidence {
    /// The receipt of the block's own leaf, which states the digest of the directory.
    pub block: Value,
    /// The runs that the index is made of there, oldest first.
    pub runs: Vec<IndexRun>,
    /// For each run that covers leaves of the part, oldest first: where the key stands in it, or would.
    pub spans: Vec<IndexSpan>,
    /// The leaves that the spans name, in order.
    pub leaves: Vec<ProvenLeafAnswer>,
}

/// A run of sorted records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexRun {
    /// The first leaf after those it covers, which begin where the run before ends.
    pub end: Uint,
    /// Number of its records.
    pub records: Uint,
    /// Root of the tree over them.
    pub root: Hash,
}

/// Neighbouring records of a run, and that they stand there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexSpan {
    /// The first bucket of 16 records.
    pub bucket: Uint,
    /// The records, 24 bytes each.
    pub records: Bytes,
    /// The hashes beside them in the run's tree, from left to right.
    pub proof: Vec<Hash>,
}

/// A leaf and its inclusion proof under the head of the block's receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvenLeafAnswer {
    /// Its index.
    pub index: Uint,
    /// Its bytes.
    pub entry: Bytes,
    /// The inclusion proof.
    pub proof: Vec<Hash>,
}

/// Why an answer cannot even be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchShapeError {
    /// No proof was given.
    #[error("the answer comes without a proof: ask with prove=true")]
    NoProof,
    /// It is about no key.
    #[error("it is about no key: {0}")]
    Key(String),
    /// The block's receipt is none.
    #[error("the receipt of the block: {0}")]
    Receipt(String),
    /// The records of a span are cut off.
    #[error("span {span}: {found} bytes are no records of 24")]
    Records {
        /// The span, counted from 0.
        span: usize,
        /// Bytes found.
        found: usize,
    },
}

impl SearchAnswer {
    /// What `verify_search` judges; nothing of it is believed yet.
    ///
    /// # Errors
    /// `SearchShapeError`.
    pub fn parts(&self) -> Result<SearchProof, SearchShapeError> {
        let evidence = self.proof.as_ref().ok_or(SearchShapeError::NoProof)?;
        let kind = Kind::parse(&self.by).ok_or_else(|| SearchShapeError::Key(format!("by {:?}", self.by)))?;
        let key = LookupKey::parse(kind, &self.value).map_err(|it| SearchShapeError::Key(it.to_string()))?;
        let block = Receipt::from_json(&evidence.block.to_string())
            .map_err(|fault| SearchShapeError::Receipt(fault.to_string()))?;
        let digests = |hashes: &[Hash]| hashes.iter().map(|hash| hash.0).collect();
        let runs = evidence.runs.iter().map(|run| Run {
            end: LeafIndex::new(run.end.0),
            records: run.records.0,
            root: run.root.0,
        });
        let mut spans = Vec::new();
        for (number, IndexSpan { bucket, records, proof }) in evidence.spans.iter().enumerate() {
            let (records, rest) = records.0.as_chunks::<{ Record::BYTES }>();
            if !rest.is_empty() {
                let found = records.len() * Record::BYTES + rest.len();
                return Err(SearchShapeError::Records { span: number, found });
            }
            let records = records.iter().map(Record::from_bytes).collect();
            spans.push(Span { bucket: bucket.0, records, proof: digests(proof) });
        }
        let leaf = |leaf: &ProvenLeafAnswer| FoundLeaf {
            index: LeafIndex::new(leaf.index.0),
            entry: leaf.entry.0.clone(),
            proof: digests(&leaf.proof),
        };
        Ok(SearchProof {
            key,
            from: LeafIndex::new(self.from.0),
            to: LeafIndex::new(self.to.0),
            block,
            directory: Directory { from: LeafIndex::new(self.covers_from.0), runs: runs.collect() },
            spans,
            found: evidence.leaves.iter().map(leaf).collect(),
        })
    }
}

impl SearchEvidence {
    /// What an answer holds of a proof.
    pub fn of(block: &Receipt, directory: &Directory, spans: &[Span], leaves: Vec<FoundLeaf>) -> Self {
        let hashes = |digests: &[crypto::Digest]| digests.iter().copied().map(Hash).collect::<Vec<_>>();
        let run = |run: &Run| IndexRun {
            end: Uint(run.end.get()),
            records: Uint(run.records),
            root: Hash(run.root),
        };
        let span = |span: &Span| IndexSpan {
            bucket: Uint(span.bucket),
            records: Bytes(span.records.iter().flat_map(|record| record.to_bytes()).collect()),
            proof: hashes(&span.proof),
        };
        let leaf = |leaf: FoundLeaf| ProvenLeafAnswer {
            index: Uint(leaf.index.get()),
            entry: Bytes(leaf.entry),
            proof: hashes(&leaf.proof),
        };
        Self {
            block: block.to_json_value(),
            runs: directory.runs.iter().map(run).collect(),
            spans: spans.iter().map(span).collect(),
            leaves: leaves.into_iter().map(leaf).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(json: &str) -> SearchParams {
        serde_json::from_str(json).expect("of this shape")
    }

    #[test]
    fn one_key_is_asked_for() {
        let hex = "ab".repeat(32);
        for kind in Kind::ALL {
            let text = match kind {
                Kind::Subject => "a/b & c".to_owned(),
                Kind::Author => format!("did:quorate:{}", "A".repeat(43)),
                Kind::Id | Kind::Content | Kind::About => hex.clone(),
            };
            let key = LookupKey::parse(kind, &text).expect("of its kind");
            assert_eq!(SearchParams::of(&key).key(), Ok(key));
        }
        assert_eq!(params("{}").key(), Err(SearchQuestionError::Keys { found: 0 }));
        let two = params(&format!(r#"{{"id":"{hex}","subject":"x"}}"#));
        assert_eq!(two.key(), Err(SearchQuestionError::Keys { found: 2 }));
        assert!(matches!(params(r#"{"id":"ab"}"#).key(), Err(SearchQuestionError::Key(_))));
        assert!(serde_json::from_str::<SearchParams>(r#"{"digest":"x"}"#).is_err());
    }

    #[test]
    fn a_limit_has_bounds() {
        assert_eq!(params("{}").limit(), Ok(20));
        assert_eq!(params(r#"{"limit":100}"#).limit(), Ok(FOUND_MAX));
        for found in [0, 101, 1 << 40] {
            let limit = params(&format!(r#"{{"limit":{found}}}"#)).limit();
            assert_eq!(limit, Err(SearchQuestionError::Limit { found }));
        }
    }
}
