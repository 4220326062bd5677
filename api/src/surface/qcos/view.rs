//! Records, bundles and manifests: three forms of one sealed object, made from what the ledger keeps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::LedgerReader;
use ledger::evidence::Evidence;
use ledger::job::{Job, Package};
use ledger::read::ReadError;
use ledger::signer::Signer;
use proto::canon::Value;
use proto::counter::TimeMs;
use proto::evidence::{Envelope, Level, Record, fingerprint};
use proto::id::Tenant;
use proto::iso::{self, Stamp};
use proto::job::{JobId, Plan};
use proto::signer::{algorithm, message, spelt};

/// The evidence of a job, with all that it follows from.
pub(crate) struct Found {
    pub(crate) tenant: Tenant,
    pub(crate) id: JobId,
    pub(crate) job: Job,
    pub(crate) evidence: Evidence,
    pub(crate) signer: Signer,
    pub(crate) package: Package,
    chain_verified: bool,
}

/// What was found of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Details {
    /// The key's signature is that of the record's hash.
    pub(crate) signature_valid: bool,
    /// What follows from the job has the hash that was sealed.
    pub(crate) hash_matches: bool,
    /// It follows the record before it.
    pub(crate) chain_verified: bool,
    /// It was signed while its key was good.
    pub(crate) key_good: bool,
}

impl Details {
    /// Whether all of it holds.
    pub(crate) const fn verified(self) -> bool {
        self.signature_valid && self.hash_matches && self.chain_verified && self.key_good
    }
}

impl Found {
    /// The evidence of a job, if it has some.
    pub(crate) fn find(
        reader: &LedgerReader,
        tenant: &Tenant,
        id: &JobId,
    ) -> Result<Option<Self>, ReadError> {
        let Some(job) = reader.job(tenant, id)? else { return Ok(None) };
        let Some(evidence) = reader.evidence(tenant, id)? else { return Ok(None) };
        let (Some(signer), Some(package)) =
            (reader.signer(&evidence.key)?, evidence.package(tenant, id, &job))
        else {
            return Ok(None);
        };
        let before = match reader.records(tenant, Some(evidence.number), 1)?.pop() {
            Some((_, before)) => reader.evidence(tenant, &before)?.map(|it| it.bundle),
            None => None,
        };
        let chain_verified = before == evidence.previous;
        let (tenant, id) = (tenant.clone(), id.clone());
        Ok(Some(Self { tenant, id, job, evidence, signer, package, chain_verified }))
    }

    /// Checks it.
    pub(crate) fn details(&self) -> Details {
        let Self { evidence, signer, package, .. } = self;
        let Evidence { bundle, signature, signed_at, root, .. } = evidence;
        let signed = message(signer.key.scheme(), bundle);
        Details {
            signature_valid: signer.key.verify(&signed, signature).is_ok(),
            hash_matches: package.bundle == *bundle && package.root == *root,
            chain_verified: self.chain_verified,
            key_good: signer.is_believed_at(*signed_at)
                && *signed_at >= signer.valid_from
                && *signed_at < signer.valid_until,
        }
    }

    /// How far it is.
    pub(crate) const fn status(&self) -> &'static str {
        status(&self.evidence)
    }

    /// The record, with its envelope.
    pub(crate) fn record(&self) -> Record {
        let Evidence { bundle, claim, signature, signed_at, .. } = &self.evidence;
        let envelope = Envelope {
            digest: *bundle,
            key_id: self.signer.name.as_str().to_owned(),
            fingerprint: fingerprint(self.signer.key.as_bytes()),
            algorithm: self.algorithm().to_owned(),
            signature: spelt(signature),
            signed_at: Stamp::of(*signed_at),
        };
        Record { claim: *claim, attestation: Some(envelope), ..unsigned(&self.package) }
    }

    fn algorithm(&self) -> &'static str {
        algorithm(self.signer.key.scheme()).map_or("", crypto::Outside::name)
    }

    fn artifacts(&self) -> Value {
        Value::List(self.package.artifacts().cloned().collect())
    }

    fn root(&self) -> String {
        format!("sha256:{}", self.package.root)
    }

    /// The bundle 1.0: its members are the data of the record's items.
    pub(crate) fn bundle(&self) -> Value {
        let data = |id: &str| self.package.data(id).cloned().unwrap_or(Value::Null);
        let signature = spelt(&self.evidence.signature);
        Value::object([
            ("version", "1.0".into()),
            ("bundle_id", self.evidence.record.as_str().into()),
            ("job_id", self.id.as_str().into()),
            ("tenant_id", self.tenant.as_str().into()),
            ("provenance", data("provenance")),
            ("capabilities_snapshot", data("capabilities_snapshot")),
            ("timeline", data("timeline")),
            ("cost", data("cost")),
            ("execution", data("execution")),
            ("artifacts", self.artifacts()),
            ("results_summary", data("results_summary")),
            ("merkle_root", self.root().into()),
            (
                "signature",
                Value::object([
                    ("algorithm", self.algorithm().into()),
                    ("key_id", self.signer.name.as_str().into()),
                    ("value", STANDARD.encode(signature).into()),
                    ("signed_at", iso::text(self.evidence.signed_at).into()),
                ]),
            ),
        ])
    }

    /// The manifest: what of a bundle people look at first.
    pub(crate) fn manifest(&self) -> Value {
        let Plan { backend, .. } = &self.job.plan;
        let completed = self.job.ended().map(|step| iso::text(step.time));
        let shots = self.job.completion().map(|it| it.shots);
        Value::object([
            ("version", "1.0".into()),
            ("job_id", self.id.as_str().into()),
            (
                "backend",
                Value::object([
                    ("id", backend.id.as_str().into()),
                    ("provider", said(&backend.provider)),
                    ("qubits", qubits(backend.qubits)),
                    ("status", said(&backend.status)),
                ]),
            ),
            (
                "execution",
                Value::object([
                    ("submitted_at", iso::text(self.job.submitted_at).into()),
                    ("completed_at", completed.into()),
                    ("shots", shots.into()),
                    ("status", "completed".into()),
                ]),
            ),
            ("artifacts", self.artifacts()),
            ("merkle_root", self.root().into()),
            ("signature_algorithm", self.algorithm().into()),
        ])
    }
}

/// How far evidence is.
pub(crate) const fn status(evidence: &Evidence) -> &'static str {
    match (evidence.deleted, evidence.verified) {
        (Some(_), _) => "deleted",
        (None, Some(_)) => "verified",
        (None, None) => "signed",
    }
}

/// A record that nobody signed.
pub(crate) fn unsigned(package: &Package) -> Record {
    Record {
        header: package.header.clone(),
        items: package.items.clone(),
        data: package.parts.iter().map(|part| part.data.clone()).collect(),
        merkle_root: package.root,
        bundle_hash: package.bundle,
        claim: Level::SealedUnsigned,
        attestation: None,
    }
}

/// A text, or null where nothing was said.
pub(crate) fn said(text: &str) -> Value {
    Some(text).filter(|text| !text.is_empty()).into()
}

pub(crate) fn qubits(qubits: u32) -> Value {
    Some(u64::from(qubits)).filter(|qubits| *qubits > 0).into()
}

/// A time, or null.
pub(crate) fn when(time: Option<TimeMs>) -> Value {
    time.map(iso::text).into()
}
