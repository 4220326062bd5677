//! Any value of any type, from one seed. What is signed in it is noise: these values are read, not believed.

use crypto::{Digest, PublicKey, Scheme, Signature};
use proto::ballot::{Timeout, Vote, VoteStatement};
use proto::batch::{Batch, BatchRef};
use proto::block::{Block, CertifiedBlock, Handover};
use proto::canon::proofnest::Role;
use proto::certificate::{QuorumCert, TimeoutCert, TimeoutEntry};
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, Head};
use proto::counter::{Epoch, Height, TimeMs, TreeSize, View};
use proto::entry::{BlockEntry, Entry, EpochEntry, GenesisEntry, SubmissionEntry};
use proto::evidence::Level;
use proto::genesis::{Admission, Genesis};
use proto::history::{LogPart, LoggedBlock};
use proto::id::{BatchId, BlockId, Did, NetworkId, SubmissionId, Tenant, ValidatorIndex};
use proto::job::{
    self, Backend, Completion, JobArtifact, JobId, JobRetention, Plan, Provenance, ProviderRun, RecordId,
};
use proto::message::{Request, Response, SyncInfo};
use proto::operation::evidence::{EvidenceAct, EvidenceSeal, SealItem};
use proto::operation::issuer::{Continuity, IssuerDid, IssuerKey, IssuerKeyChange, IssuerSet, IssuerStatus};
use proto::operation::seal::{AttestationId, ChainId, ChainLink, Seal};
use proto::operation::{Approval, Operation, Retention, RetentionClass, RevokedFrom};
use proto::primitive::{Evidence, Kind, Place, Primitive, ProofId, Told, Whole};
use proto::proposal::Proposal;
use proto::record::SafetyRecord;
use proto::session::{Act, Intent, Sample, SessionId};
use proto::signer::{SignerChange, SignerListing, SignerName, SignerRoles};
use proto::submission::{Body, Submission};
use proto::validators::Validator;

use crate::fixture::secret;

/// SplitMix64: short, and enough to reach every branch.
pub struct Dice(pub u64);

impl Dice {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// Small and large numbers, and often zero, which protobuf leaves out.
    fn counter(&mut self) -> u64 {
        let shift = self.below(65) as u32;
        self.number().checked_shr(shift).unwrap_or(0)
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 1
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.number() as u8).collect()
    }

    fn digest(&mut self) -> Digest {
        Digest::from_slice(&self.bytes(32)).expect("32 bytes")
    }

    fn signature(&mut self, scheme: Scheme) -> Signature {
        let bytes = self.bytes(scheme.signature_bytes());
        Signature::parse(scheme, &bytes).expect("the scheme's length")
    }

    fn scheme(&mut self) -> Scheme {
        let authors = Scheme::ALL.into_iter().filter(|scheme| scheme.is_for_authors());
        authors.collect::<Vec<_>>()[self.below(5) as usize]
    }

    fn key(&mut self, scheme: Scheme) -> PublicKey {
        let name = format!("dice/{}", self.below(4));
        match scheme {
            Scheme::Ed25519 | Scheme::MlDsa65 | Scheme::HybridEd25519MlDsa65 | Scheme::Es256 => {
                secret(scheme, &name).public().clone()
            }
            Scheme::HybridDilithium3R3Ed25519 => {
                let half = self.bytes(Scheme::Dilithium3R3.public_key_bytes());
                let bytes = [&half, secret(Scheme::Ed25519, &name).public().as_bytes()].concat();
                PublicKey::parse(scheme, &bytes).expect("any bytes of this length, and a point")
            }
            Scheme::Dilithium3R3 => {
                let bytes = self.bytes(scheme.public_key_bytes());
                PublicKey::parse(scheme, &bytes).expect("any bytes of this length")
            }
        }
    }

    fn any_key(&mut self) -> PublicKey {
        let scheme = self.scheme();
        self.key(scheme)
    }

    /// Not the `did:key` of a long key: reading its base58 takes time that grows with the square of its length.
    fn did(&mut self, key: &PublicKey) -> Did {
        match key.scheme() {
            Scheme::Ed25519 => Did::of(key),
            Scheme::MlDsa65
            | Scheme::HybridEd25519MlDsa65
            | Scheme::Dilithium3R3
            | Scheme::HybridDilithium3R3Ed25519
            | Scheme::Es256 => Did::parse(&format!("did:quorate:{}", key.id())).expect("a key id"),
        }
    }

    fn text(&mut self) -> String {
        let length = self.below(12) as usize;
        (0..length).map(|_| ['a', 'Z', '7', ' ', 'é', '—', '語'][self.below(7) as usize]).collect()
    }

    fn index(&mut self) -> ValidatorIndex {
        ValidatorIndex::new(self.below(100) as u16)
    }

    fn epoch(&mut self) -> Epoch {
        Epoch::new(self.counter())
    }

    fn view(&mut self) -> View {
        View::new(self.counter())
    }

    fn height(&mut self) -> Height {
        Height::new(self.counter())
    }

    fn time(&mut self) -> TimeMs {
        TimeMs::new(self.counter())
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flip().then(|| make(self))
    }

    fn some<T>(&mut self, from: u64, to: u64, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = from + self.below(to - from + 1);
        (0..count).map(|_| make(self)).collect()
    }

    pub fn operation(&mut self, kind: u64) -> Operation {
        let identity = Did::of(&self.key(Scheme::Ed25519));
        match kind % 28 {
            0 => Operation::IdentityCreate {
                identity,
                keys: self.some(1, 2, Self::any_key),
                possessions: self.some(0, 2, |dice| {
                    let scheme = dice.scheme();
                    dice.signature(scheme)
                }),
            },
            1 => {
                let scheme = self.scheme();
                let possession = self.maybe(|dice| dice.signature(scheme));
                Operation::KeyAdd { identity, key: self.key(scheme), possession }
            }
            2 => {
                let scheme = self.scheme();
                let retires = self.any_key().id();
                let possession = self.signature(scheme);
                Operation::KeyRotate { identity, retires, key: self.key(scheme), possession }
            }
            3 => {
                let from = match self.below(3) {
                    0 => RevokedFrom::Here,
                    1 => RevokedFrom::Size(TreeSize::new(self.counter().max(1))),
                    _ => RevokedFrom::Time(TimeMs::new(self.counter().max(1))),
                };
                Operation::KeyRevoke { identity, key: self.any_key().id(), reason: self.text(), from }
            }
            4 => Operation::ProofSubmit {
                content: self.digest(),
                content_bytes: self.counter(),
                media_type: self.text(),
                subject: self.text(),
            },
            5 => Operation::AttestationIssue {
                subject: format!("s{}", self.text()),
                predicate_type: format!("t{}", self.text()),
                predicate: self.some(0, 40, |dice| dice.number() as u8),
                content: self.maybe(Self::digest),
                expires_at_ms: self.maybe(|dice| dice.counter().max(1)),
            },
            6 => Operation::AttestationRevoke {
                attestation: SubmissionId::new(self.digest()),
                reason: self.text(),
            },
            7 => Operation::BatchAnchor {
                root: self.digest(),
                count: self.counter().max(1),
                tree: self.text(),
            },
            8 => Operation::ValidatorJoin {
                epoch: self.epoch(),
                validator: Box::new(self.validator(0)),
                possession: self.signature(Scheme::Ed25519),
                approvals: self.some(0, 3, Self::approval),
            },
            9 => Operation::ArtifactCommit {
                address: self.digest(),
                salted: self.below(2) == 1,
                content_bytes: self.counter(),
                media_type: self.text(),
                subject: self.text(),
                retention: self.retention(),
            },
            10 => Operation::RetentionTombstone {
                artifact: SubmissionId::new(self.digest()),
                reason: self.text(),
            },
            11 => Operation::ServiceEndorse {
                validator: self.text(),
                endorsement: self.signature(Scheme::Ed25519),
            },
            12..=15 => {
                let act = self.act(kind % 28 - 12);
                Operation::Session { session: SessionId::new(self.array()), act }
            }
            16 => Operation::ProofPrimitive(Box::new(self.primitive())),
            17 => Operation::IssuerSet(Box::new(IssuerSet {
                issuer: self.issuer(),
                name: format!("n{}", self.text()),
                status: [IssuerStatus::Active, IssuerStatus::Inactive][self.below(2) as usize],
                certification: self.text(),
            })),
            18 => {
                let key = self.key(Scheme::Es256);
                let change = match self.below(2) {
                    0 => IssuerKeyChange::Drop { key: key.id() },
                    _ => IssuerKeyChange::List {
                        key,
                        continuity: [Continuity::Ephemeral, Continuity::Persistent][self.below(2) as usize],
                        generated_at_s: 1 + self.below(1_000_000_000),
                        possession: self.signature(Scheme::Es256),
                    },
                };
                Operation::IssuerKey(Box::new(IssuerKey { issuer: self.issuer(), change }))
            }
            19 => {
                let issued_at_s = 1 + self.below(1_000_000_000);
                let attestation = |n: u64| AttestationId::parse(&format!("att_{n:x}")).expect("a name");
                let link = match self.below(3) {
                    0 => None,
                    index => Some(ChainLink {
                        chain: ChainId::parse("chain_abc").expect("a name"),
                        index: index - 1,
                        previous: (index > 1).then(|| attestation(self.below(1_000))),
                    }),
                };
                Operation::AttestationSeal(Box::new(Seal {
                    id: attestation(self.below(1_000)),
                    issuer: self.issuer(),
                    key: self.key(Scheme::Es256).id(),
                    query: self.digest(),
                    proof: self.digest(),
                    issued_at_s,
                    expires_at_s: issued_at_s + 1 + self.below(1_000),
                    link,
                    token: "eyJh.eyJp.c2ln".to_owned(),
                }))
            }
            20 => self.job(0),
            21 => self.job(1),
            22 => Operation::Evidence { job: self.job_id(), act: EvidenceAct::Seal(Box::new(self.seal())) },
            23 => Operation::Evidence { job: self.job_id(), act: EvidenceAct::Verified },
            24 => {
                Operation::Evidence { job: self.job_id(), act: EvidenceAct::Delete { reason: self.text() } }
            }
            25 => Operation::Signer(Box::new(SignerChange::List(Box::new(self.listing())))),
            26 => Operation::Signer(Box::new(SignerChange::Revoke {
                key: self.any_key().id(),
                reason: self.text(),
                from: self.maybe(Self::moment),
            })),
            _ => Operation::ValidatorLeave {
                epoch: self.epoch(),
                name: self.text(),
                approvals: self.some(0, 3, Self::approval),
            },
        }
    }

    fn job_id(&mut self) -> JobId {
        JobId::parse(&format!("job_{:x}", self.number())).expect("a name")
    }

    fn moment(&mut self) -> TimeMs {
        TimeMs::new(1 + self.below(1_000_000_000_000))
    }

    fn job(&mut self, kind: u64) -> Operation {
        let act = match (kind, self.below(3)) {
            (0, n) => job::Act::Open(Box::new(Plan {
                backend: Backend {
                    id: format!("b{}", self.text()),
                    version: self.text(),
                    provider: self.text(),
                    qubits: self.below(1 << 32) as u32,
                    status: self.text(),
                },
                provenance: Provenance {
                    git_commit: self.text(),
                    image: self.maybe(Self::digest),
                    config: self.maybe(Self::digest),
                    circuit: self.maybe(Self::digest),
                    compiler: self.text(),
                },
                shots: self.counter(),
                estimate_micros: self.below(1_000_000_000_000_000),
                currency: "EUR".to_owned(),
                tags: self.some(0, 3, |dice| format!("t{}", dice.text())),
                retention: [
                    JobRetention::Class(RetentionClass::Standard),
                    JobRetention::Class(RetentionClass::Compliance),
                    JobRetention::Enterprise { days: 1 + self.below(36_525) as u32, write_once: self.flip() },
                ][n as usize],
                submitted_at: self.maybe(Self::moment),
                queued_at: self.maybe(Self::moment),
            })),
            (_, 0) => job::Act::Run { at: self.maybe(Self::moment) },
            (_, 1) => job::Act::Fail { at: self.maybe(Self::moment), reason: self.text() },
            _ => {
                let mut n = 0;
                let artifacts = self.some(1, 3, |dice| {
                    n += 1;
                    JobArtifact {
                        name: format!("{n}{}", dice.text().replace(['/', '\\'], "")),
                        sha256: dice.digest(),
                        bytes: dice.counter(),
                        content_type: format!("c{}", dice.text()),
                    }
                });
                let completion = Completion {
                    shots: self.counter(),
                    success_ppm: self.below(1_000_001) as u32,
                    final_micros: self.below(1_000_000_000_000_000),
                    provider: self.maybe(|dice| ProviderRun {
                        job: format!("j{}", dice.text()),
                        compiled: format!("c{}", dice.text()),
                        raw_result: format!("r{}", dice.text()),
                    }),
                    results: self.below(artifacts.len() as u64) as u32,
                    artifacts,
                };
                job::Act::Complete { at: self.maybe(Self::moment), completion: Box::new(completion) }
            }
        };
        Operation::Job { job: self.job_id(), act }
    }

    fn signs_evidence(&mut self) -> Scheme {
        [Scheme::Ed25519, Scheme::MlDsa65, Scheme::Es256][self.below(3) as usize]
    }

    fn seal(&mut self) -> EvidenceSeal {
        let scheme = self.signs_evidence();
        EvidenceSeal {
            record: RecordId::parse(&format!("bundle_{:x}", self.number())).expect("a name"),
            created_at: TimeMs::new(self.counter()),
            items: self.some(0, 3, |dice| SealItem {
                id: format!("i{}", dice.text()),
                label: dice.text(),
                content: dice.digest(),
            }),
            root: self.digest(),
            bundle: self.digest(),
            claim: Level::ALL[1 + self.below(4) as usize],
            key: self.any_key().id(),
            signature: self.signature(scheme),
            signed_at: TimeMs::new(self.counter()),
        }
    }

    fn listing(&mut self) -> SignerListing {
        let scheme = self.signs_evidence();
        let valid_from = self.below(1_000_000_000_000);
        SignerListing {
            name: SignerName::parse(&format!("ql_key_{:x}", self.number())).expect("a name"),
            key: self.key(scheme),
            roles: SignerRoles::ALL[self.below(3) as usize],
            valid_from: TimeMs::new(valid_from),
            valid_until: TimeMs::new(valid_from + 1 + self.below(1_000)),
            possession: self.signature(scheme),
        }
    }

    fn act(&mut self, kind: u64) -> Act {
        let p50_us = self.below(60_000_001);
        match kind {
            0 => Act::Open(Box::new(Intent {
                text: format!("{}\n!", self.text()),
                target_p95_latency_ms: 1 + self.below(60_000) as u32,
                target_jitter_ms: self.below(60_001) as u32,
                duration_s: 1 + self.below(86_400) as u32,
                flow_label: format!("{}!", self.text()),
            })),
            1 => Act::Sample(Box::new(Sample {
                packets: 1 + self.below(100_000) as u32,
                p50_us,
                p95_us: p50_us + self.below(60_000_001 - p50_us),
                jitter_us: self.below(60_000_001),
                notes: self.text(),
            })),
            2 => Act::Finalize,
            _ => Act::Delete,
        }
    }

    fn array(&mut self) -> [u8; 16] {
        self.bytes(16).try_into().expect("as many as asked for")
    }

    fn primitive(&mut self) -> Primitive {
        let scheme = [Scheme::Ed25519, Scheme::Dilithium3R3, Scheme::HybridDilithium3R3Ed25519];
        let scheme = scheme[self.below(3) as usize];
        let key = self.key(scheme);
        let role = Role::ALL[self.below(6) as usize];
        let told = match self.below(3) {
            0 => Told::Hashes { id: ProofId::new(self.digest()), claim: self.digest() },
            _ => Told::Whole(Whole {
                kind: Kind::ALL[self.below(15) as usize],
                claim: self.text(),
                subject: Some(self.text()).filter(|text| !text.is_empty()),
                evidence: [
                    None,
                    Some(Evidence::Hash(self.digest())),
                    Some(Evidence::Proof(ProofId::new(self.digest()))),
                ][self.below(3) as usize],
                nonce: [self.below(256) as u8; 16],
                previous: (self.below(2) == 1).then(|| ProofId::new(self.digest())),
            }),
        };
        let more = matches!(told, Told::Whole(_));
        Primitive {
            issuer: Did::of_proofnest(role, &key).expect("a scheme of ProofNest"),
            signature: self.signature(scheme),
            key,
            timestamp_s: self.counter(),
            told,
            metadata: self.text().repeat(more.into()),
            expires_at_s: (more && self.below(2) == 1).then(|| self.counter().max(1)),
            place: Some(Place { chain: self.text(), index: self.counter() })
                .filter(|it| more && !it.chain.is_empty()),
        }
    }

    fn issuer(&mut self) -> IssuerDid {
        let kind = ["node", "provider", "user"][self.below(3) as usize];
        IssuerDid::parse(&format!("did:qwed:{kind}:n{}", self.below(9))).expect("an issuer")
    }

    fn retention(&mut self) -> Retention {
        let until = TimeMs::new(self.counter().max(1));
        let class = RetentionClass::ALL[self.below(2) as usize];
        [Retention::UntilErased, Retention::Until(until), Retention::WriteOnce(until), Retention::Of(class)]
            [self.below(4) as usize]
    }

    pub fn submission(&mut self, kind: u64) -> Submission {
        let scheme = self.scheme();
        let key = self.key(scheme);
        let body = Body {
            network: NetworkId::new(self.digest()),
            tenant: Tenant::parse(["default", "acme-1.eu", "7"][self.below(3) as usize]).expect("a tenant"),
            author: self.did(&key),
            key,
            nonce: self.counter(),
            expires_at: self.maybe(|dice| TimeMs::new(dice.counter().max(1))),
            operation: self.operation(kind),
        };
        body.seal(self.signature(scheme))
    }

    pub fn batch_ref(&mut self) -> BatchRef {
        BatchRef {
            id: BatchId::new(self.digest()),
            count: 1 + self.below(1_000) as u32,
            bytes: self.below(512 << 10) as u32,
        }
    }

    pub fn batch(&mut self) -> Batch {
        let author = self.index();
        Batch { author, submissions: self.some(1, 3, |dice| dice.submission(3)) }
    }

    pub fn block(&mut self) -> Block {
        Block {
            epoch: self.epoch(),
            height: self.height(),
            view: self.view(),
            parent: BlockId::new(self.digest()),
            parent_view: self.view(),
            proposer: self.index(),
            time: self.time(),
            batches: self.some(0, 3, Self::batch_ref),
            handover: self.maybe(|dice| Handover { as_of: dice.height(), validators: dice.digest() }),
        }
    }

    pub fn qc(&mut self) -> QuorumCert {
        QuorumCert {
            epoch: self.epoch(),
            view: self.view(),
            height: self.height(),
            block: BlockId::new(self.digest()),
            signatures: self.some(0, 3, |dice| (dice.index(), dice.signature(Scheme::Ed25519))),
        }
    }

    pub fn tc(&mut self) -> TimeoutCert {
        TimeoutCert {
            epoch: self.epoch(),
            view: self.view(),
            high_qc: self.qc(),
            entries: self.some(0, 3, |dice| TimeoutEntry {
                signer: dice.index(),
                high_qc_view: dice.view(),
                signature: dice.signature(Scheme::Ed25519),
            }),
        }
    }

    pub fn vote(&mut self) -> Vote {
        let statement = VoteStatement {
            epoch: self.epoch(),
            view: self.view(),
            height: self.height(),
            block: BlockId::new(self.digest()),
        };
        Vote { statement, voter: self.index(), signature: self.signature(Scheme::Ed25519) }
    }

    pub fn timeout(&mut self) -> Timeout {
        Timeout {
            epoch: self.epoch(),
            view: self.view(),
            high_qc: self.qc(),
            last_tc: self.maybe(Self::tc),
            voter: self.index(),
            signature: self.signature(Scheme::Ed25519),
        }
    }

    pub fn proposal(&mut self) -> Proposal {
        Proposal {
            block: self.block(),
            justify: self.qc(),
            timeout_cert: self.maybe(Self::tc),
            signature: self.signature(Scheme::Ed25519),
        }
    }

    pub fn sync_info(&mut self) -> SyncInfo {
        SyncInfo { high_qc: self.qc(), high_tc: self.maybe(Self::tc) }
    }

    pub fn certified_block(&mut self) -> CertifiedBlock {
        CertifiedBlock { block: self.block(), justify: self.qc(), batches: self.some(0, 2, Self::batch) }
    }

    pub fn log_part(&mut self) -> LogPart {
        let some_bytes = |dice: &mut Self| {
            let count = dice.below(40) as usize;
            dice.bytes(count)
        };
        LogPart {
            blocks: self
                .some(0, 3, |dice| LoggedBlock { leaves: some_bytes(dice), refused: some_bytes(dice) }),
            last: self.block(),
            certificate: self.qc(),
            proof: self.some(0, 3, Self::digest),
        }
    }

    pub fn entry(&mut self, kind: u64) -> Entry {
        match kind % 4 {
            0 => Entry::Genesis(GenesisEntry {
                network: NetworkId::new(self.digest()),
                origin: "example.com/dice".to_owned(),
            }),
            1 => Entry::Epoch(EpochEntry {
                epoch: self.epoch(),
                height: self.height(),
                validators: self.digest(),
                policy: self.digest(),
            }),
            2 => Entry::Submission(Box::new(SubmissionEntry {
                height: self.height(),
                time: self.time(),
                submission: self.submission(4),
            })),
            _ => Entry::Block(BlockEntry {
                height: self.height(),
                view: self.view(),
                proposer: self.index(),
                time: self.time(),
                batches: self.some(0, 3, Self::batch_ref),
                accepted: self.counter() as u32,
                rejected: self.counter() as u32,
                rejections: self.digest(),
                state: self.digest(),
                lookup: Some(self.digest()).filter(|digest| digest.as_bytes()[0] % 2 == 0),
            }),
        }
    }

    fn head(&mut self) -> Head {
        Head { size: TreeSize::new(self.counter()), root: self.digest() }
    }

    fn cosignature_of(&mut self, head: Head) -> Cosignature {
        Cosignature {
            epoch: self.epoch(),
            signer: self.index(),
            head,
            time_s: self.counter(),
            log: self.signature(Scheme::Ed25519),
            ed25519: self.signature(Scheme::Ed25519),
            ml_dsa_65: self.signature(Scheme::MlDsa65),
        }
    }

    pub fn cosignature(&mut self) -> Cosignature {
        let head = self.head();
        self.cosignature_of(head)
    }

    pub fn checkpoint(&mut self) -> CertifiedCheckpoint {
        let head = self.head();
        CertifiedCheckpoint { head, cosignatures: self.some(0, 2, |dice| dice.cosignature_of(head)) }
    }

    pub fn request(&mut self, kind: u64) -> Request {
        match kind % 7 {
            0 => Request::BlocksById { newest: BlockId::new(self.digest()), above: self.height() },
            1 => Request::BlocksByHeight { from: self.height() },
            2 => Request::Batches(self.some(0, 3, |dice| BatchId::new(dice.digest()))),
            3 => Request::CheckpointAt(TreeSize::new(self.counter())),
            4 => Request::LogRange { from: TreeSize::new(self.counter()), to: TreeSize::new(self.counter()) },
            5 => Request::Standing(self.epoch()),
            _ => Request::Certificates(self.epoch()),
        }
    }

    pub fn response(&mut self, kind: u64) -> Response {
        match kind % 5 {
            0 => Response::Blocks(self.some(0, 2, Self::certified_block)),
            1 => Response::Batches(self.some(0, 2, Self::batch)),
            2 => Response::Checkpoint(self.maybe(Self::checkpoint)),
            3 => Response::Log(self.maybe(|dice| Box::new(dice.log_part()))),
            _ => Response::Certificates(Box::new(self.sync_info())),
        }
    }

    fn approval(&mut self) -> Approval {
        Approval { approver: self.index(), signature: self.signature(Scheme::Ed25519) }
    }

    fn validator(&mut self, at: u64) -> Validator {
        let key = |scheme, role| secret(scheme, &format!("dice/validator/{at}/{role}")).public().clone();
        Validator {
            name: format!("v{at}"),
            power: 1 + self.below(1 << 40),
            consensus: key(Scheme::Ed25519, "consensus"),
            network: key(Scheme::Ed25519, "network"),
            log: key(Scheme::Ed25519, "log"),
            cosigner_ed25519: key(Scheme::Ed25519, "cosigner"),
            cosigner_ml_dsa_65: key(Scheme::MlDsa65, "cosigner"),
        }
    }

    pub fn genesis(&mut self) -> Genesis {
        let validators = (0..1 + self.below(2)).map(|at| self.validator(at)).collect();
        Genesis {
            origin: "example.com/dice".into(),
            time: self.time(),
            validators,
            admission: if self.flip() { Admission::Open } else { Admission::Registered },
            registrars: self.some(0, 2, Self::any_key),
        }
    }

    pub fn record(&mut self) -> SafetyRecord {
        SafetyRecord {
            epoch: self.epoch(),
            last_acted_view: self.view(),
            high_qc: self.qc(),
            high_tc: self.maybe(Self::tc),
            voted: self.maybe(Self::block),
            timed_out: self.flip(),
            proposed: self.maybe(Self::block),
        }
    }
}
