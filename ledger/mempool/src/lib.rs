//! What waits: a fair queue by tenant, batches made from it, and batches not yet committed.
//!
//! The engine admits a submission with the state machine's own rule and hands it to `pool`; `batch` seals what waits
//! into a batch; `batches` keeps it, and those of other validators, until a block commits them; `limits` bounds it
//! all. Nothing here reads a clock: whether a submission has expired is judged when it is executed.
//!
//! Words: what other systems call a worker's or a DAG's payload store is `Batches`; a transaction is a submission.

mod batch;
pub mod batches;
pub mod limits;
pub mod pool;
#[cfg(test)]
mod samples;
