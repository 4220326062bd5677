//! The one table of domain tags.
//!
//! Whatever Quorate signs begins with a tag, a zero byte and the network id, so that a signature made for one
//! purpose or network means nothing for another. C2SP notes and cosignatures have their own separation and
//! do not pass here.

use crypto::{Digest, Hasher};

use crate::id::NetworkId;

/// What a signature or digest is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// A submission's body, signed by its author.
    Submission,
    /// A new key's consent to be put in the place of an old one.
    KeyPossession,
    /// A key's consent to be one of those an identity begins with.
    IdentityPossession,
    /// A key's consent to be added to an identity.
    AdditionPossession,
    /// A leader's proposal.
    Proposal,
    /// A validator's vote for a block.
    Vote,
    /// A validator's wish to leave a view.
    Timeout,
    /// The digest that names a block.
    BlockId,
    /// The digest of the list of a block's rejected submissions.
    Rejections,
    /// One step of the chain of state digests.
    State,
    /// The digest that names the validators of an epoch.
    Validators,
    /// A joining validator's proof that it holds its consensus key.
    ValidatorPossession,
    /// A validator's consent to a change of the validator set.
    ValidatorApproval,
    /// The digest of a key by which leaves are looked up.
    Lookup,
    /// The digest of the directory of the index over these keys.
    LookupDirectory,
    /// A validator's word that a key is of its own service.
    ServiceEndorsement,
    /// A signing key's consent to be listed by an issuer of attestations.
    IssuerPossession,
    /// An evidence key's consent to be listed.
    SignerPossession,
}

impl Domain {
    /// Every domain.
    pub const ALL: [Self; 18] = [
        Self::Submission,
        Self::KeyPossession,
        Self::IdentityPossession,
        Self::AdditionPossession,
        Self::Proposal,
        Self::Vote,
        Self::Timeout,
        Self::BlockId,
        Self::Rejections,
        Self::State,
        Self::Validators,
        Self::ValidatorPossession,
        Self::ValidatorApproval,
        Self::Lookup,
        Self::LookupDirectory,
        Self::ServiceEndorsement,
        Self::IssuerPossession,
        Self::SignerPossession,
    ];

    /// The tag: ASCII, no zero byte.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Submission => "quorate/v1/submission",
            Self::KeyPossession => "quorate/v1/key-possession",
            Self::IdentityPossession => "quorate/v1/identity-possession",
            Self::AdditionPossession => "quorate/v1/addition-possession",
            Self::Proposal => "quorate/v1/proposal",
            Self::Vote => "quorate/v1/vote",
            Self::Timeout => "quorate/v1/timeout",
            Self::BlockId => "quorate/v1/block-id",
            Self::Rejections => "quorate/v1/rejections",
            Self::State => "quorate/v1/state",
            Self::Validators => "quorate/v1/validators",
            Self::ValidatorPossession => "quorate/v1/validator-possession",
            Self::ValidatorApproval => "quorate/v1/validator-approval",
            Self::Lookup => "quorate/v1/lookup",
            Self::LookupDirectory => "quorate/v1/lookup-directory",
            Self::ServiceEndorsement => "quorate/v1/service-endorsement",
            Self::IssuerPossession => "quorate/v1/issuer-possession",
            Self::SignerPossession => "quorate/v1/signer-possession",
        }
    }

    /// The bytes to sign: tag, zero byte, network id, message.
    pub fn signed_bytes(self, network: &NetworkId, message: &[u8]) -> Vec<u8> {
        [self.tag().as_bytes(), &[0], network.as_bytes(), message].concat()
    }

    /// The digest of `parts` in this domain: tag, zero byte, then the parts as they are.
    pub fn digest(self, parts: &[&[u8]]) -> Digest {
        let mut hasher = Hasher::new();
        hasher.update(self.tag().as_bytes()).update(&[0]);
        for part in parts {
            hasher.update(part);
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tag_is_the_beginning_of_another() {
        for a in Domain::ALL {
            for b in Domain::ALL {
                let prefix = format!("{}\0", a.tag());
                assert!(a == b || !format!("{}\0", b.tag()).starts_with(&prefix));
            }
        }
    }
}
