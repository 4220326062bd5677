//! A network whose keys come from fixed seeds, and what its validators sign.

use crypto::{Digest, Scheme, SecretKey, derive_seed, sha256};
use proto::ballot::{TimeoutStatement, VoteStatement};
use proto::block::Block;
use proto::certificate::{QuorumCert, TimeoutCert, TimeoutEntry};
use proto::checkpoint::{Cosignature, Head, cosigned_messages};
use proto::counter::{Epoch, Height, TimeMs, TreeSize, View};
use proto::genesis::{Admission, Genesis};
use proto::id::{BlockId, ValidatorIndex};
use proto::validators::{Validator, ValidatorSet};

pub struct Member {
    pub consensus: SecretKey,
    pub log: SecretKey,
    pub ed25519: SecretKey,
    pub ml_dsa_65: SecretKey,
}

pub struct Network {
    pub genesis: Genesis,
    pub set: ValidatorSet,
    pub members: Vec<Member>,
}

/// The key pair of a name: the seed is `derive_seed` of 32 bytes of 0x01.
pub fn secret(scheme: Scheme, name: &str) -> SecretKey {
    SecretKey::from_seed(scheme, &derive_seed(&[1; 32], name)).expect("the scheme signs")
}

pub fn index(position: usize) -> ValidatorIndex {
    ValidatorIndex::new(position as u16)
}

pub fn head(size: u64) -> Head {
    Head { size: TreeSize::new(size), root: sha256(&size.to_be_bytes()) }
}

impl Network {
    /// Validators `v1`, `v2` … of these powers.
    pub fn new(powers: &[u64]) -> Self {
        let names: Vec<String> = (1..=powers.len()).map(|number| format!("v{number}")).collect();
        Self::named(&names.iter().map(String::as_str).zip(powers.iter().copied()).collect::<Vec<_>>())
    }

    pub fn named(validators: &[(&str, u64)]) -> Self {
        let ed25519 = |name: &str, role: &str| secret(Scheme::Ed25519, &format!("{name}/{role}"));
        let member = |name: &str| Member {
            consensus: ed25519(name, "consensus"),
            log: ed25519(name, "log"),
            ed25519: ed25519(name, "cosigner"),
            ml_dsa_65: secret(Scheme::MlDsa65, &format!("{name}/cosigner")),
        };
        let members: Vec<Member> = validators.iter().map(|(name, _)| member(name)).collect();
        let validators = validators.iter().zip(&members).map(|((name, power), member)| Validator {
            name: (*name).to_owned(),
            power: *power,
            consensus: member.consensus.public().clone(),
            network: ed25519(name, "network").public().clone(),
            log: member.log.public().clone(),
            cosigner_ed25519: member.ed25519.public().clone(),
            cosigner_ml_dsa_65: member.ml_dsa_65.public().clone(),
        });
        let genesis = Genesis {
            origin: "example.com/log".into(),
            time: TimeMs::new(1_789_000_000_000),
            validators: validators.collect(),
            admission: Admission::Open,
            registrars: Vec::new(),
        };
        genesis.check().expect("well formed");
        Self { set: genesis.validator_set(), genesis, members }
    }

    pub fn vote(&self, signer: usize, statement: &VoteStatement) -> crypto::Signature {
        self.members[signer].consensus.sign(&statement.signed_bytes(self.set.network()))
    }

    /// A certificate for `block` in `view`, signed by these validators.
    pub fn qc(&self, view: u64, height: u64, block: Digest, signers: &[usize]) -> QuorumCert {
        let mut qc = QuorumCert {
            epoch: Epoch::ZERO,
            view: View::new(view),
            height: Height::new(height),
            block: BlockId::new(block),
            signatures: Vec::new(),
        };
        let statement = qc.statement();
        qc.signatures =
            signers.iter().map(|signer| (index(*signer), self.vote(*signer, &statement))).collect();
        qc
    }

    /// A certificate that these validators left `view`, each with its highest certificate's view.
    pub fn tc(&self, view: u64, high_qc: QuorumCert, signers: &[(usize, u64)]) -> TimeoutCert {
        let entry = |(signer, high): &(usize, u64)| {
            let (view, high_qc_view) = (View::new(view), View::new(*high));
            let statement = TimeoutStatement { epoch: Epoch::ZERO, view, high_qc_view };
            let message = statement.signed_bytes(self.set.network());
            let signature = self.members[*signer].consensus.sign(&message);
            TimeoutEntry { signer: index(*signer), high_qc_view, signature }
        };
        TimeoutCert {
            epoch: Epoch::ZERO,
            view: View::new(view),
            high_qc,
            entries: signers.iter().map(entry).collect(),
        }
    }

    /// A block on top of what `justify` certifies.
    pub fn block(&self, view: u64, justify: &QuorumCert) -> Block {
        Block {
            epoch: Epoch::ZERO,
            height: justify.height.next(),
            view: View::new(view),
            parent: justify.block,
            parent_view: justify.view,
            proposer: index((view % self.members.len() as u64) as usize),
            time: TimeMs::new(1_789_000_000_000 + view),
            batches: Vec::new(),
            handover: None,
        }
    }

    pub fn genesis_qc(&self) -> QuorumCert {
        self.set.opening_certificate()
    }

    pub fn cosign(&self, signer: usize, head: Head, time_s: u64) -> Cosignature {
        let messages = cosigned_messages(&self.set, index(signer), head, time_s).expect("a validator");
        let member = &self.members[signer];
        Cosignature {
            epoch: self.set.epoch(),
            signer: index(signer),
            head,
            time_s,
            log: member.log.sign(&messages.log),
            ed25519: member.ed25519.sign(&messages.ed25519),
            ml_dsa_65: member.ml_dsa_65.sign(&messages.ml_dsa_65),
        }
    }
}
