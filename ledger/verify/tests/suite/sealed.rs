//! Records of evidence with their documents of trust: two roots, a bundle under the second, three keys that sign.

use crypto::{Digest, Outside, Scheme, SecretKey, sha256};
use proto::canon::Value;
use proto::evidence::trust::{
    BUNDLE_SIGNING, BundleSignature, EVIDENCE_SIGNING, ListedKey, OperationalKey, Revocation,
    RevocationCheckpoint, RevocationHead, RootKey, RootSignature, RootTerms, TrustBundle, TrustRoot,
};
use proto::evidence::{
    EXECUTION, Envelope, Header, Item, Level, Record, bundle_hash, content_hash, fingerprint, message,
};
use proto::iso::Stamp;
use verify::{EvidenceAsked, EvidenceReport, EvidenceTrust, GivenTrust, root_over, verify_evidence};

use crate::fixture::secret;

/// When records are signed.
pub const SIGNED_AT: &str = "2026-03-06T12:00:00Z";
/// A file that they describe.
pub const FILE: (&str, &[u8]) = ("results.json", b"{\"00\":512,\"11\":488}");

pub fn stamp(text: &str) -> Stamp {
    Stamp::parse(text.to_owned()).expect("a time")
}

/// A key under a name of ours, with what it is called in documents.
#[derive(Clone, Copy)]
pub struct Signer {
    pub name: &'static str,
    pub scheme: Scheme,
}

impl Signer {
    pub const fn new(name: &'static str, scheme: Scheme) -> Self {
        Self { name, scheme }
    }

    pub fn key(self) -> SecretKey {
        secret(self.scheme, self.name)
    }

    pub fn public(self) -> Vec<u8> {
        self.key().public().as_bytes().to_vec()
    }

    pub fn algorithm(self) -> String {
        match self.scheme {
            Scheme::Ed25519 => Outside::Ed25519,
            _ => Outside::MlDsa65,
        }
        .name()
        .to_owned()
    }

    /// A signature over SHA-256 of these bytes.
    pub fn sign(self, signed: &[u8]) -> Vec<u8> {
        self.key().sign(sha256(signed).as_bytes()).as_bytes().to_vec()
    }

    fn root_key(self) -> RootKey {
        RootKey { key_id: self.name.to_owned(), algorithm: self.algorithm(), public_key: self.public() }
    }

    pub fn operational(self, roles: &[&str]) -> OperationalKey {
        OperationalKey {
            key_id: self.name.to_owned(),
            algorithm: self.algorithm(),
            public_key: self.public(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            valid_from: Some(stamp("2026-01-01T00:00:00Z")),
            valid_until: Some(stamp("2028-01-01T00:00:00Z")),
        }
    }

    fn listed(self) -> ListedKey {
        ListedKey {
            key_id: self.name.to_owned(),
            key_ref: None,
            algorithm: self.algorithm(),
            public_key: self.public(),
            valid_from: Some(stamp("2026-01-01T00:00:00Z")),
            valid_until: Some(stamp("2027-01-01T00:00:00Z")),
            revoked_at: None,
            revocation_reason: None,
        }
    }
}

pub const ROOTS: [Signer; 4] = [
    Signer::new("root_a", Scheme::Ed25519),
    Signer::new("root_b", Scheme::MlDsa65),
    Signer::new("root_c", Scheme::Ed25519),
    Signer::new("root_d", Scheme::MlDsa65),
];
pub const BUNDLE_KEY: Signer = Signer::new("ql_bundle_001", Scheme::MlDsa65);
pub const PRODUCTION: Signer = Signer::new("ql_key_prod_001", Scheme::MlDsa65);

/// What a test may change before documents are made of it.
pub struct World {
    pub signer: Signer,
    pub roots: Vec<TrustRoot>,
    pub keys: Vec<ListedKey>,
    pub events: Vec<Revocation>,
    pub issued_at: Stamp,
    pub tells_revocations: bool,
    pub bundle_key: Signer,
    /// Which root the verifier was given: its place in `roots`.
    pub given: Option<usize>,
    pub pin: Option<Digest>,
    pub kept: Option<RevocationHead>,
    pub now: Stamp,
}

/// The terms of a root; the first has none before it.
pub fn terms(version: u64, before: Option<&TrustRoot>, keys: &[Signer], threshold: u64) -> RootTerms {
    RootTerms {
        version,
        issuer: "quantumlock.test".to_owned(),
        issued_at: stamp(&format!("2026-0{version}-01T00:00:00Z")),
        expires_at: stamp("2027-06-01T00:00:00Z"),
        previous_root_hash: before.map(TrustRoot::pin),
        root_keys: keys.iter().map(|key| key.root_key()).collect(),
        threshold,
        operational_keys: vec![
            BUNDLE_KEY.operational(&[BUNDLE_SIGNING]),
            PRODUCTION.operational(&[EVIDENCE_SIGNING]),
        ],
        revocation_freshness_policy_seconds: 86_400,
    }
}

pub fn root(terms: RootTerms, by: &[Signer]) -> TrustRoot {
    by.iter().fold(TrustRoot::draft(terms), |root, signer| {
        let value = signer.sign(&root.signed());
        root.with(RootSignature { key_id: signer.name.to_owned(), value })
    })
}

impl World {
    pub fn new() -> Self {
        let [a, b, c, d] = ROOTS;
        let first = root(terms(1, None, &[a, b, c], 2), &[a, b]);
        let second = root(terms(2, Some(&first), &[b, c, d], 2), &[b, c]);
        let mut keys = vec![
            PRODUCTION.listed(),
            Signer::new("ql_key_prod_002", Scheme::Ed25519).listed(),
            Signer::new("ql_key_old", Scheme::Ed25519).listed(),
        ];
        keys[0].key_ref = Some("kms://prod/1".to_owned());
        let mut world = Self {
            signer: PRODUCTION,
            roots: vec![first, second],
            keys,
            events: Vec::new(),
            issued_at: stamp("2026-06-02T00:00:00Z"),
            tells_revocations: true,
            bundle_key: BUNDLE_KEY,
            given: Some(0),
            pin: None,
            kept: None,
            now: stamp("2026-06-02T01:00:00Z"),
        };
        world.revoke("ql_key_old", "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z");
        world
    }

    /// The same with Ed25519 everywhere: documents that are small, and signatures that are always the same.
    pub fn small() -> Self {
        let ed25519 = |name| Signer::new(name, Scheme::Ed25519);
        let [a, b, c, d] = ["root_a", "root_e", "root_c", "root_f"].map(ed25519);
        let (bundle_key, signer) = (ed25519("ql_bundle_002"), ed25519("ql_key_prod_002"));
        let small = |mut terms: RootTerms| {
            terms.operational_keys =
                vec![bundle_key.operational(&[BUNDLE_SIGNING]), signer.operational(&[EVIDENCE_SIGNING])];
            terms
        };
        let first = root(small(terms(1, None, &[a, b, c], 2)), &[a, b]);
        let second = root(small(terms(2, Some(&first), &[b, c, d], 2)), &[b, c]);
        let mut world = Self { roots: vec![first, second], bundle_key, signer, ..Self::new() };
        world.keys.remove(0);
        world
    }

    /// The same, but its records are signed with a key that a quantum computer forges.
    pub fn with_ed25519() -> Self {
        Self { signer: Signer::new("ql_key_prod_002", Scheme::Ed25519), ..Self::new() }
    }

    pub fn revoke(&mut self, key: &str, from: &str, published: &str) {
        let reason = Some("key lost".to_owned());
        self.events.push(Revocation::new(key.to_owned(), stamp(from), stamp(published), reason));
    }

    pub fn head(&self) -> RevocationHead {
        let root_hash = root_over(self.events.iter().map(|event| event.content_hash));
        RevocationHead { tree_size: self.events.len() as u64, root_hash }
    }

    /// The bundle as JSON, signed by the key for bundles.
    pub fn bundle_value(&self) -> Value {
        let checkpoint = RevocationCheckpoint { head: self.head(), events: self.events.clone() };
        let mut draft = TrustBundle::draft(&self.issued_at, &self.keys, &self.roots, &checkpoint);
        if let (false, Value::Object(members)) = (self.tells_revocations, &mut draft) {
            members.remove("revocation_checkpoint");
        }
        self.sign(draft)
    }

    pub fn sign(&self, draft: Value) -> Value {
        let by = self.bundle_key;
        let value = by.sign(&TrustBundle::to_sign(&draft));
        let signature = BundleSignature { key_id: by.name.to_owned(), algorithm: by.algorithm(), value };
        TrustBundle::seal(draft, &signature)
    }

    pub fn bundle(&self) -> TrustBundle {
        TrustBundle::from_value(self.bundle_value()).expect("a bundle")
    }

    pub fn record(&self) -> Record {
        let data = vec![
            Value::object([
                ("name", FILE.0.into()),
                ("hash", format!("sha256:{}", sha256(FILE.1)).into()),
                ("size_bytes", (FILE.1.len() as u64).into()),
            ]),
            Value::object([
                ("compiled_artifact_hash", "c0ffee".into()),
                ("provider_job_id", "job_xyz789".into()),
                ("raw_provider_result_hash", "f00d".into()),
            ]),
            Value::object([("shots", 1_000_u64.into()), ("backend", "café".into())]),
        ];
        let names =
            [("results", None), ("execution", Some(EXECUTION)), ("capabilities", Some("Capabilities"))];
        let items = names.into_iter().zip(&data).map(|((id, label), data)| Item {
            id: id.to_owned(),
            label: label.map(str::to_owned),
            content_hash: content_hash(data),
        });
        let items: Vec<_> = items.collect();
        let header = Header {
            record_id: "ev_1".to_owned(),
            tenant_id: "tenant_abc".to_owned(),
            created_at: SIGNED_AT.to_owned(),
        };
        let merkle_root = root_over(items.iter().map(|item| item.content_hash));
        let claim = Level::ProviderAttested;
        let bundle_hash = Digest::ZERO;
        let mut record = Record { header, items, data, merkle_root, bundle_hash, claim, attestation: None };
        reseal(self, &mut record);
        record
    }

    pub fn verify(&self, record: &Record, asked: EvidenceAsked<'_>) -> EvidenceReport {
        self.verify_with(record, Some(&self.bundle()), asked)
    }

    pub fn verify_with(
        &self,
        record: &Record,
        bundle: Option<&TrustBundle>,
        asked: EvidenceAsked<'_>,
    ) -> EvidenceReport {
        let root = self.given.map(|at| &self.roots[at]);
        let (pin, kept, now) = (self.pin, self.kept, self.now.instant());
        let trust = EvidenceTrust::judge(GivenTrust { root, pin, bundle, kept, now });
        verify_evidence(record, &trust, asked)
    }
}

/// Hashes header, items and the stated root anew, and signs that.
pub fn reseal(world: &World, record: &mut Record) {
    let by = world.signer;
    record.bundle_hash = bundle_hash(&record.header, &record.items, &record.merkle_root);
    record.attestation = Some(Envelope {
        digest: record.bundle_hash,
        key_id: by.name.to_owned(),
        fingerprint: fingerprint(&by.public()),
        algorithm: by.algorithm(),
        signature: by.key().sign(message(&record.bundle_hash).as_bytes()).as_bytes().to_vec(),
        signed_at: stamp(SIGNED_AT),
    });
}
