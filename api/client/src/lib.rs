//! A client that believes nothing it cannot check.
//!
//! - `attestations` asks for tokens, and gives none that is not whole;
//! - `batch` puts many digests under one anchor and makes the receipt of each, without asking anybody;
//! - `http` asks a node, and says which of five ways a question failed; `error` names them;
//! - `events` listens to what happens;
//! - `keys` asks whose keys were good where, and for the receipts that show it;
//! - `trust` follows the validators from a genesis on;
//! - `anchor` asks those who say that something existed; `witness` those who cosign; `tls` says by whom they are believed;
//! - `verifying` asks, and checks the answer under a policy that came from elsewhere.

pub mod anchor;
pub mod artifacts;
pub mod attestations;
pub mod batch;
pub mod error;
pub mod events;
pub mod http;
pub mod keys;
pub mod sessions;
pub mod tls;
pub mod trust;
pub mod verifying;
pub mod witness;

pub use attestations::{Attested, Issued, NotIssued};
pub use batch::{Anchored, Batch};
pub use error::ClientError;
pub use events::Events;
pub use http::{Client, EntryName};
pub use verifying::{Proven, VerifyingClient, VerifyingError};
