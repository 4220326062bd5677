//! What a load's submissions say, and who signs them. No two of any run are alike.

use clap::ValueEnum;
use client::Batch;
use crypto::{KeyError, Scheme, SecretKey, sha256};
use proto::counter::TimeMs;
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::Operation;
use proto::submission::{Body, Submission};
use serde::Serialize;

use super::Load;
use crate::time;

/// How long a submission may be executed, in milliseconds: longer than any load runs.
const EXPIRES_MS: u64 = 3_600_000;

/// What submissions ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `proof.submit`
    #[default]
    Proof,
    /// `attestation.issue`, with a statement of `--bytes`
    Attestation,
    /// `batch.anchor` of a root under which there is nothing
    Anchor,
    /// `batch.anchor` of so many fresh digests as `--proofs` says
    Batch,
    /// A proof, an attestation, an anchor, in turn
    Mixed,
}

/// Who signs, in turn.
pub struct Authors {
    keys: Vec<(SecretKey, Did)>,
}

impl Authors {
    /// One author.
    pub fn one(secret: SecretKey) -> Self {
        let did = Did::of(secret.public());
        Self { keys: vec![(secret, did)] }
    }

    /// So many authors that nobody has heard of.
    ///
    /// # Errors
    /// `KeyError` for a scheme that cannot sign.
    pub fn fresh(count: usize, scheme: Scheme) -> Result<Self, KeyError> {
        let draw = |_| {
            let secret = SecretKey::from_seed(scheme, &rand::random())?;
            let did = Did::of(secret.public());
            Ok((secret, did))
        };
        Ok(Self { keys: (0..count.max(1)).map(draw).collect::<Result<_, _>>()? })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// The scheme they sign with.
    pub fn scheme(&self) -> Option<Scheme> {
        self.keys.first().map(|(secret, _)| secret.public().scheme())
    }
}

/// What is the same for all submissions of one run.
pub struct Run {
    /// Tells this run from every other.
    pub run: u64,
    /// The network they are for.
    pub network: NetworkId,
    /// Whom they belong to.
    pub tenant: Tenant,
    /// What they ask.
    pub kind: Kind,
    /// Bytes of an attestation's statement.
    pub bytes: usize,
    /// Digests of a batch.
    pub proofs: u32,
}

impl Run {
    /// A run like no other.
    pub fn new(load: &Load, network: NetworkId) -> Self {
        Self {
            run: rand::random(),
            network,
            tenant: load.tenant.clone(),
            kind: load.kind,
            bytes: load.bytes,
            proofs: load.proofs,
        }
    }

    /// The batch that the submission of this number anchors. Made again when its receipt is there: kept, those of a long
    /// run would take gigabytes.
    pub fn batch(&self, number: u64) -> Batch {
        let mut content = [0; 20];
        content[..8].copy_from_slice(&self.run.to_be_bytes());
        content[8..16].copy_from_slice(&number.to_be_bytes());
        let digests = (0..self.proofs.max(1)).map(|item| {
            content[16..].copy_from_slice(&item.to_be_bytes());
            sha256(&content)
        });
        Batch::new(digests.collect())
            .expect("at least one, and no more than fit: kept by the range of --proofs")
    }

    /// The number of the submission with this nonce.
    pub const fn number(&self, nonce: u64) -> u64 {
        self.run ^ nonce
    }

    /// The submission of this number, signed.
    pub fn submission(&self, number: u64, authors: &Authors) -> Submission {
        let turn = number % authors.keys.len().max(1) as u64;
        let (secret, did) = &authors.keys[usize::try_from(turn).unwrap_or_default()];
        let body = Body {
            network: self.network,
            tenant: self.tenant.clone(),
            author: did.clone(),
            key: secret.public().clone(),
            nonce: self.run ^ number,
            expires_at: Some(TimeMs::new(time::now_ms()).plus(EXPIRES_MS)),
            operation: self.operation(number),
        };
        body.sign(secret)
    }

    fn operation(&self, number: u64) -> Operation {
        let content = [self.run.to_be_bytes(), number.to_be_bytes()].concat();
        let kind = match (self.kind, number % 3) {
            (Kind::Mixed, 0) => Kind::Proof,
            (Kind::Mixed, 1) => Kind::Attestation,
            (Kind::Mixed, _) => Kind::Anchor,
            (one, _) => one,
        };
        match kind {
            Kind::Proof | Kind::Mixed => Operation::ProofSubmit {
                content: sha256(&content),
                content_bytes: content.len() as u64,
                media_type: String::new(),
                subject: format!("bench {number}"),
            },
            Kind::Attestation => {
                Operation::AttestationIssue {
                    subject: format!("bench {number}"),
                    predicate_type: "https://quorate.example/bench/v1".to_owned(),
                    // Bytes that no compression makes smaller, though nothing here compresses.
                    predicate: content
                        .iter()
                        .copied()
                        .chain((0u64..).flat_map(|block| {
                            *sha256(&[&content[..], &block.to_be_bytes()].concat()).as_bytes()
                        }))
                        .take(self.bytes)
                        .collect(),
                    content: None,
                    expires_at_ms: None,
                }
            }
            Kind::Batch => self.batch(number).operation(),
            Kind::Anchor => {
                Operation::BatchAnchor { root: sha256(&content), count: 1, tree: "rfc6962-sha256".to_owned() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn run(kind: Kind, bytes: usize) -> Run {
        Run {
            run: 7,
            network: NetworkId::default(),
            tenant: Tenant::default_tenant(),
            kind,
            bytes,
            proofs: 5,
        }
    }

    #[test]
    fn a_statement_has_the_bytes_that_were_asked_for() {
        for bytes in [0, 5, 16, 512, 32 << 10] {
            let Operation::AttestationIssue { predicate, .. } = run(Kind::Attestation, bytes).operation(3)
            else {
                panic!("an attestation was asked for");
            };
            assert_eq!(predicate.len(), bytes);
        }
    }

    #[test]
    fn no_two_digests_of_any_batches_are_alike() {
        let run = run(Kind::Batch, 0);
        let authors = Authors::fresh(1, Scheme::Ed25519).expect("signs");
        let mut seen = BTreeSet::new();
        for number in 0..3 {
            let submission = run.submission(number, &authors);
            let batch = run.batch(number);
            assert_eq!(submission.body().operation, batch.operation());
            assert_eq!(run.number(submission.body().nonce), number);
            seen.extend(batch.digests().to_vec());
        }
        assert_eq!(seen.len(), 3 * 5);
    }

    #[test]
    fn kinds_and_authors_take_turns() {
        let authors = Authors::fresh(2, Scheme::Ed25519).expect("signs");
        let run = run(Kind::Mixed, 10);
        let all: Vec<Submission> = (0..6).map(|number| run.submission(number, &authors)).collect();
        let names: Vec<&str> = all.iter().map(|it| it.body().operation.name()).collect();
        let turn = ["proof.submit", "attestation.issue", "batch.anchor"];
        assert_eq!(names, [turn, turn].concat());
        let who: BTreeSet<&str> = all.iter().map(|it| it.body().author.as_str()).collect();
        assert_eq!((who.len(), authors.count()), (2, 2));
        assert_eq!(all[0].body().author, all[2].body().author);
    }
}
