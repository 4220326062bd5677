//! The validator set of one epoch, and what a quorum of it is.
//!
//! Voting power is counted in integers. A quorum is the smallest power q with 3q > 2W, so two quorums share more
//! than a third of W, and with it an honest validator.

use std::collections::BTreeSet;

use crypto::{Digest, PublicKey, Scheme};

use crate::canonical::Canonical as _;
use crate::certificate::{CertificateError, QuorumCert};
use crate::counter::{Epoch, Height};
use crate::domain::Domain;
use crate::id::{BlockId, NetworkId, ValidatorIndex};

/// One validator: its name, weight and the public keys of its roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    /// 1 to 32 of `a-z 0-9 -`, begins with a letter; part of its cosigner name.
    pub name: String,
    /// Voting power, at least 1.
    pub power: u64,
    /// Signs proposals, votes and timeouts. Ed25519.
    pub consensus: PublicKey,
    /// Names the node in the network (libp2p peer id). Ed25519.
    pub network: PublicKey,
    /// Signs checkpoints as the log (note type 0x01). Ed25519.
    pub log: PublicKey,
    /// Cosigns checkpoints (note type 0x04). Ed25519.
    pub cosigner_ed25519: PublicKey,
    /// Cosigns checkpoints (note type 0xff, ML-DSA-65).
    pub cosigner_ml_dsa_65: PublicKey,
}

impl Validator {
    /// Longest name, in bytes.
    pub const NAME_BYTES_MAX: usize = 32;

    fn keys(&self) -> [(&PublicKey, Scheme); 5] {
        [
            (&self.consensus, Scheme::Ed25519),
            (&self.network, Scheme::Ed25519),
            (&self.log, Scheme::Ed25519),
            (&self.cosigner_ed25519, Scheme::Ed25519),
            (&self.cosigner_ml_dsa_65, Scheme::MlDsa65),
        ]
    }
}

/// Why a list of validators is not a set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValidatorSetError {
    /// None, or too many.
    #[error("a network has 1 to {max} validators, this has {found}")]
    Count {
        /// Number found.
        found: usize,
        /// Number allowed.
        max: usize,
    },
    /// A name is malformed or given twice.
    #[error("validator {name:?}: a name is 1 to 32 of a-z 0-9 -, begins with a letter, and is given once")]
    Name {
        /// The name.
        name: String,
    },
    /// A power is zero, or the sum exceeds 2^48.
    #[error("validator {name}: power {power} (at least 1; the sum is at most 2^48)")]
    Power {
        /// The validator.
        name: String,
        /// Its power.
        power: u64,
    },
    /// A key has another scheme than its role asks.
    #[error("validator {name}: a {found} key where {needed} is needed")]
    Scheme {
        /// The validator.
        name: String,
        /// Scheme found.
        found: &'static str,
        /// Scheme needed.
        needed: &'static str,
    },
    /// One key in two roles, or of two validators.
    #[error("validator {name}: a key that is used twice; every role needs a key of its own")]
    KeyReused {
        /// The second user.
        name: String,
    },
}

/// Where an epoch begins: the block after which its validators reign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// The genesis block, or the closing block of the epoch before.
    pub block: BlockId,
    /// Its height.
    pub height: Height,
}

impl Opening {
    /// Where epoch 0 begins.
    pub const fn genesis(block: BlockId) -> Self {
        Self { block, height: Height::ZERO }
    }
}

/// A list of validators that can reign together: 1 to 100, each name and key once, of a power that can be summed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorList(Vec<Validator>);

impl ValidatorList {
    /// Checks a list.
    ///
    /// # Errors
    /// `ValidatorSetError`, the first fault.
    pub fn new(validators: Vec<Validator>) -> Result<Self, ValidatorSetError> {
        ValidatorSet::check(&validators)?;
        Ok(Self(validators))
    }

    /// The validators, in the order of their indices.
    pub fn get(&self) -> &[Validator] {
        &self.0
    }

    /// The validators, in the order of their indices.
    pub fn into_inner(self) -> Vec<Validator> {
        self.0
    }
}

/// The validators of one epoch of one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorSet {
    network: NetworkId,
    origin: String,
    epoch: Epoch,
    opening: Opening,
    validators: Vec<Validator>,
    total_power: u64,
}

impl ValidatorSet {
    /// Most validators in a set.
    pub const COUNT_MAX: usize = 100;

    /// Checks a list of validators and makes it a set.
    ///
    /// # Errors
    /// `ValidatorSetError`, the first fault.
    pub fn new(
        network: NetworkId,
        origin: String,
        epoch: Epoch,
        opening: Opening,
        validators: Vec<Validator>,
    ) -> Result<Self, ValidatorSetError> {
        let total_power = Self::check(&validators)?;
        Ok(Self { network, origin, epoch, opening, validators, total_power })
    }

    /// The digest by which a hand-over and a leaf of the log name the validators of an epoch: over the epoch (u64,
    /// big-endian) and the canonical list.
    pub fn digest_of(epoch: Epoch, validators: &ValidatorList) -> Digest {
        Domain::Validators.digest(&[&epoch.get().to_be_bytes(), &validators.encode()])
    }

    /// This set's digest, as [`ValidatorSet::digest_of`].
    pub fn digest(&self) -> Digest {
        Self::digest_of(self.epoch, &ValidatorList(self.validators.clone()))
    }

    /// Checks a list of validators and sums up its power.
    pub(crate) fn check(validators: &[Validator]) -> Result<u64, ValidatorSetError> {
        if validators.is_empty() || validators.len() > Self::COUNT_MAX {
            return Err(ValidatorSetError::Count { found: validators.len(), max: Self::COUNT_MAX });
        }
        let mut names = BTreeSet::new();
        let mut keys = BTreeSet::new();
        let mut total = 0_u64;
        for validator in validators {
            let name = || validator.name.clone();
            if !is_name(&validator.name) || !names.insert(&validator.name) {
                return Err(ValidatorSetError::Name { name: name() });
            }
            total = total.saturating_add(validator.power);
            if validator.power == 0 || total > 1 << 48 {
                return Err(ValidatorSetError::Power { name: name(), power: validator.power });
            }
            for (key, needed) in validator.keys() {
                if key.scheme() != needed {
                    return Err(ValidatorSetError::Scheme {
                        name: name(),
                        found: key.scheme().name(),
                        needed: needed.name(),
                    });
                }
                if !keys.insert(key) {
                    return Err(ValidatorSetError::KeyReused { name: name() });
                }
            }
        }
        Ok(total)
    }

    /// The network these validators serve.
    pub const fn network(&self) -> &NetworkId {
        &self.network
    }

    /// The origin of the network's log (C2SP tlog-checkpoint).
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The name under which a validator cosigns: origin, slash, validator's name.
    pub fn cosigner_name(&self, validator: &Validator) -> String {
        format!("{}/{}", self.origin, validator.name)
    }

    /// The block after which they reign.
    pub const fn opening(&self) -> Opening {
        self.opening
    }

    /// The certificate every member has of the opening block; it needs no signature.
    pub const fn opening_certificate(&self) -> QuorumCert {
        QuorumCert::opening(self.epoch, self.opening)
    }

    /// The position of the validator with this consensus key, if one has it.
    pub fn position(&self, consensus: &PublicKey) -> Option<ValidatorIndex> {
        self.iter().find(|(_, validator)| validator.consensus == *consensus).map(|(index, _)| index)
    }

    /// The epoch they reign in.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Number of validators.
    pub const fn count(&self) -> usize {
        self.validators.len()
    }

    /// The validator at a position.
    pub fn get(&self, index: ValidatorIndex) -> Option<&Validator> {
        self.validators.get(usize::from(index.get()))
    }

    /// All validators with their positions, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (ValidatorIndex, &Validator)> {
        self.validators.iter().zip(0..).map(|(validator, index)| (ValidatorIndex::new(index), validator))
    }

    /// Sum of all voting power.
    pub const fn total_power(&self) -> u64 {
        self.total_power
    }

    /// The smallest power q with 3q > 2W.
    pub fn quorum_power(&self) -> u64 {
        if crypto::broken!(QuorumOfTwoThirds) {
            return self.total_power * 2 / 3;
        }
        self.total_power * 2 / 3 + 1
    }

    /// The smallest power that every quorum shares a validator with: f + 1 of 3f + 1 equals.
    pub fn blocking_power(&self) -> u64 {
        self.total_power - self.quorum_power() + 1
    }

    /// Voting power of one validator; none has 0.
    pub fn power(&self, index: ValidatorIndex) -> u64 {
        self.get(index).map_or(0, |validator| validator.power)
    }

    /// # Errors
    /// `Epoch` when `found` is not this set's epoch.
    pub(crate) fn expect_epoch(&self, found: Epoch) -> Result<(), CertificateError> {
        match found == self.epoch || crypto::broken!(AnyEpoch) {
            true => Ok(()),
            false => Err(CertificateError::Epoch { found, expected: self.epoch }),
        }
    }

    /// # Errors
    /// `UnknownSigner`, `SignerOrder` (not strictly ascending) or `BelowQuorum`.
    pub(crate) fn expect_quorum(
        &self,
        signers: impl Iterator<Item = ValidatorIndex>,
    ) -> Result<(), CertificateError> {
        let mut power = 0;
        let mut previous = None;
        for signer in signers {
            let Some(validator) = self.get(signer) else {
                return Err(CertificateError::UnknownSigner { signer });
            };
            let is_ordered = previous.is_none_or(|previous| previous < signer);
            if !is_ordered && !crypto::broken!(SignerCountsTwice) {
                return Err(CertificateError::SignerOrder { signer });
            }
            previous = Some(signer);
            power += validator.power;
        }
        match power >= self.quorum_power() {
            true => Ok(()),
            false => Err(CertificateError::BelowQuorum { power, needed: self.quorum_power() }),
        }
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= Validator::NAME_BYTES_MAX
        && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
