//! The window: JSON-RPC, REST, events, metrics.
//!
//! Everything outside comes by three doors (`doors`): submissions go in, a snapshot is read, notices come out. Each
//! verb is written once, in `calls`; `jsonrpc` and `rest` are two ways to say it, and the documents of both are made
//! from the tables they are served by. `guard` and `body` refuse what is too much before it is read.
//!
//! - `server` accepts connections, `router` lets requests in; `routes` is the table of paths, each a `route`, `methods` the
//!   table of JSON-RPC;
//! - `surface` speaks to the clients of other systems; `service` signs what they submit, `attester` tokens, `custody` holds
//!   keys of theirs; `notary` signs evidence of jobs, which `packing` takes from a completed job to the ledger;
//! - `calls` the verbs; `waiting` follows one submission; `accepted` remembers what this node took;
//! - `kept` holds in memory what never changes, so that a receipt costs the store nothing the second time;
//! - `events` a stream that loses nothing; `gateway` signs for callers who cannot;
//! - `issuer` signs COSE receipts;
//! - `witnessing` the doors for witnesses, ours and those whose logs we cosign;
//! - `audit` what is noted of requests;
//! - `metrics` what is counted; `openapi`, `openrpc` what is documented; `paging` how lists are given out;
//! - `clock` is what this node says of the time itself.

mod accepted;
pub mod anchoring;
mod api;
pub mod attester;
pub mod audit;
mod body;
mod calls;
mod clock;
pub mod custody;
pub mod doors;
mod events;
pub mod gateway;
pub mod guard;
pub mod issuer;
mod jsonrpc;
pub mod keeping;
mod kept;
mod methods;
pub mod metrics;
pub mod notary;
mod openapi;
mod openrpc;
pub mod packing;
pub mod paging;
mod respond;
mod rest;
mod route;
mod router;
mod routes;
mod schema;
pub mod server;
pub mod service;
pub mod surface;
mod waiting;
pub mod witnessing;

pub use anchoring::Anchoring;
pub use api::Api;
pub use archive::Artifacts;
pub use attester::{Attester, SigningKey};
pub use audit::Noted;
pub use custody::{Custody, CustodyError, HeldKey};
pub use doors::{Doors, NodeStatus, Reigning, Role, SubmitReply, SubmitRequest};
pub use gateway::Gateway;
pub use guard::Exposure;
pub use guard::authenticator::{Anonymous, Authenticator};
pub use guard::principal::{Principal, Scopes};
pub use issuer::Issuer;
pub use keeping::Keeping;
pub use metrics::{Family, MetricsSource, Values};
pub use notary::{Notary, NotaryError, Shelf};
pub use server::serve;
pub use service::Service;
pub use surface::Surface;
pub use witnessing::Witnessing;
