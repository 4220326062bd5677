//! Genesis: what all members of a network agree on before it begins.

use crypto::{PublicKey, sha256};

use crate::block::Block;
use crate::canonical::{Canonical, DecodeError};
use crate::counter::{Epoch, TimeMs};
use crate::id::NetworkId;
use crate::validators::{Opening, Validator, ValidatorSet};

/// Who may submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Every well-formed key: its `did:key` or `did:quorate` is its identity.
    Open,
    /// Registered identities only; a registrar signs their `identity.create`.
    Registered,
}

/// The first facts of a network; the digest of its canonical bytes names it, and stands in the first leaf of its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The log's origin: a schema-less URL without trailing slash (C2SP tlog-checkpoint).
    pub origin: String,
    /// When the network begins; block times are later.
    pub time: TimeMs,
    /// The validators of epoch 0.
    pub validators: Vec<Validator>,
    /// Who may submit.
    pub admission: Admission,
    /// Keys that may register identities when admission is `Registered`; at most 16.
    pub registrars: Vec<PublicKey>,
}

impl Genesis {
    /// Longest origin, in bytes.
    pub const ORIGIN_BYTES_MAX: usize = 200;
    /// Most registrars.
    pub const REGISTRARS_MAX: usize = 16;

    /// The network's id: the SHA-256 of the canonical genesis.
    pub fn network(&self) -> NetworkId {
        NetworkId::new(sha256(&self.encode()))
    }

    /// The block at height 0.
    pub fn block(&self) -> Block {
        Block::genesis(&self.network(), self.time)
    }

    /// The validator set of epoch 0.
    pub fn validator_set(&self) -> ValidatorSet {
        ValidatorSet::new(
            self.network(),
            self.origin.clone(),
            Epoch::ZERO,
            Opening::genesis(self.block().id()),
            self.validators.clone(),
        )
        .expect("checked by Genesis::check, without which no genesis is used")
    }

    /// Checks the origin, the validators and the registrars.
    ///
    /// # Errors
    /// `DecodeError::Field` naming the first fault.
    pub fn check(&self) -> Result<(), DecodeError> {
        Self::check_origin(&self.origin)?;
        DecodeError::at_most("genesis.registrars", self.registrars.len(), Self::REGISTRARS_MAX)?;
        ValidatorSet::check(&self.validators).map_err(|e| DecodeError::field("genesis.validators", e))?;
        Ok(())
    }

    /// Checks the name of a log.
    pub(crate) fn check_origin(text: &str) -> Result<(), DecodeError> {
        let fits = |b: u8| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_' | b'/' | b':')
        };
        let origin = text.as_bytes();
        if origin.is_empty()
            || origin.len() > Self::ORIGIN_BYTES_MAX
            || !origin.iter().copied().all(fits)
            || text.ends_with('/')
            || text.contains("://")
        {
            let fault =
                format!("{text:?} is not a schema-less URL of a-z 0-9 . - _ / : without trailing slash");
            return Err(DecodeError::field("genesis.origin", fault));
        }
        Ok(())
    }
}
