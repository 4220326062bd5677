//! The window: JSON-RPC, REST, events, metrics.
//!
//! Everything outside comes by three doors (`doors`): submissions go in, a snapshot is read, notices come out. Each
//! verb is written once, in `calls`; `jsonrpc` and `rest` are two ways to say it, and the documents of both are made
//! from the tables they are served by. `guard` and `body` refuse what is too much before it is read.
//!
//! - `server` accepts connections; `routes` is the table of paths, `methods` the table of JSON-RPC;
//! - `calls` the verbs; `waiting` follows one submission; `accepted` remembers what this node took;
//! - `kept` holds in memory what never changes, so that a receipt costs the store nothing the second time;
//! - `events` a stream that loses nothing; `gateway` signs for callers who cannot;
//! - `issuer` signs COSE receipts;
//! - `witnessing` the doors for witnesses, ours and those whose logs we cosign;
//! - `metrics` what is counted; `openapi`, `openrpc` what is documented.

mod accepted;
mod api;
mod body;
mod calls;
pub mod doors;
mod events;
pub mod gateway;
mod guard;
pub mod issuer;
mod jsonrpc;
mod kept;
mod methods;
pub mod metrics;
mod openapi;
mod openrpc;
mod respond;
mod rest;
mod routes;
mod schema;
pub mod server;
mod waiting;
pub mod witnessing;

pub use api::Api;
pub use archive::Artifacts;
pub use doors::{Doors, NodeStatus, Reigning, Role, SubmitReply, SubmitRequest};
pub use gateway::{Anonymous, Gateway};
pub use guard::Exposure;
pub use issuer::Issuer;
pub use metrics::{Family, MetricsSource, Values};
pub use server::serve;
pub use witnessing::Witnessing;
