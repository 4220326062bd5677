//! A part of the log: what one node tells another that is too far behind to fetch every block.
//!
//! Whole blocks as leaves, oldest first, with the outcomes of what they refused; the header of the last of them and its
//! certificate, so that the asker can go on from there; and the proof that the log which ends there is the beginning of
//! the certified one. What the leaves say is judged by `ledger`. Source: `ledger/adr/001-the-log-is-the-snapshot.md`.

use crypto::Digest;

use crate::ballot::VoteStatement;
use crate::block::Block;
use crate::certificate::{CertificateError, QuorumCert};
use crate::validators::ValidatorSet;
use crate::verified::{SignatureChecker, Unverified, Verified};

/// What a block left behind, as a ledger stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedBlock {
    /// Its leaves, each behind its length (u16, big-endian).
    pub leaves: Vec<u8>,
    /// What became of the submissions it refused, in order; empty when it refused none. The layout is the ledger's.
    pub refused: Vec<u8>,
}

/// A part of the log that ends with a block's last leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPart {
    /// The blocks that ordered something, oldest first.
    pub blocks: Vec<LoggedBlock>,
    /// The header of the last of them.
    pub last: Block,
    /// Its certificate.
    pub certificate: QuorumCert,
    /// The consistency proof from the size after `last` to the size asked for, lowest hash first.
    pub proof: Vec<Digest>,
}

impl LogPart {
    /// Most blocks in one part.
    pub const BLOCKS_MAX: usize = 8_192;
    /// Most bytes of leaves and refusals in one part, but for a single block, which fits a frame whatever is in it.
    pub const BYTES_MAX: usize = 3 << 20;
    /// Most hashes in a proof: two for each level of the highest tree.
    pub const PROOF_MAX: usize = 128;
}

impl Unverified<LogPart> {
    /// Checks that the certificate holds and is of the last block. That block and leaves belong together, and that the
    /// leaves are those of the certified log, is the ledger's matter.
    ///
    /// # Errors
    /// `CertificateError`, the first that fails.
    pub fn verify(
        self,
        set: &ValidatorSet,
        checker: &dyn SignatureChecker,
    ) -> Result<Verified<LogPart>, CertificateError> {
        let LogPart { last, certificate, .. } = self.get();
        let Block { epoch, view, height, .. } = *last;
        let expected = VoteStatement { epoch, view, height, block: last.id() };
        let found = certificate.statement();
        if found != expected {
            return Err(CertificateError::OtherBlock { found: found.block, expected: expected.block });
        }
        certificate.verify(set, checker)?;
        Ok(self.vouch())
    }
}
