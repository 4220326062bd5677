//! Light verification: is this receipt true?
//!
//! A function of a policy, a receipt and what the caller wants to know: no clock, no file, no network. Trust comes
//! from the policy alone; whatever a receipt says about itself is checked or refused.
//!
//! - `belief` is where a receipt and what belongs to it is judged, alone or among many with a `memory`;
//! - `receipt` runs the checks in their fixed order; `report` says what each one found;
//! - `checkpoint` decides whether a signed head is the quorum's; `history` whether one head extends another;
//! - `standing` judges whether the key that signed was the author's, by leaves that tell of its life;
//! - `trust` follows the validators from epoch to epoch, from a genesis alone;
//! - `issuer` asks whether a validator signed a COSE receipt, `key_proof` whether the author's key was good;
//! - `lookup` judges answers to searches: what was found, and that nothing was left out;
//! - `evidence` judges records that QCOS seals, and the trust documents their keys stand in;
//! - `fault` lists why something was not believed.
//!
//! A receipt of ours has no byte that is not checked: a signature line by a key that the policy does not know is
//! refused, though C2SP would let a verifier pass over it.

mod belief;
mod checkpoint;
mod evidence;
mod fault;
mod history;
mod issuer;
mod key_proof;
mod lookup;
mod memory;
mod receipt;
mod report;
mod standing;
mod trust;

pub use belief::{Belief, parts};
pub use checkpoint::{CheckpointFacts, CheckpointFault, Cosigner, head_of, verify_checkpoint};
pub use evidence::{
    EvidenceAsked, EvidenceCheck, EvidenceCode, EvidenceFacts, EvidenceFault, EvidenceKey, EvidenceOutcome,
    EvidenceReport, EvidenceTrust, GivenTrust, SealDetails, Verdict, artifact_of, root_over, verify_evidence,
};
pub use fault::Fault;
pub use history::{HistoryFault, verify_history};
pub use key_proof::KeyProofFault;
pub use lookup::{
    Asked, SearchCheck, SearchCode, SearchFacts, SearchFault, SearchHit, SearchOutcome, SearchReport,
    verify_search,
};
pub use memory::Memory;
pub use receipt::{
    Freshness, Lives, Options, verify_bundle, verify_receipt, verify_receipt_knowing,
    verify_receipt_with_keys,
};
pub use report::{Check, Code, EntryFacts, ItemFacts, Outcome, Report, Standing, SubmissionFacts};
pub use standing::{Ended, KeyEnd, KeyLife, LEAVES_MAX, LeafError, ProvenLeaf, Signed, verify_standing};
pub use trust::{HandoverProof, Trust, TrustError};
