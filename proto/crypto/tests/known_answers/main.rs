//! Known answers from outside: RFCs, Wycheproof, NIST, and one of our own making for round 3.
//!
//! Each suite says how many vectors ran. A suite whose files are absent says so and passes; one whose
//! files are present and yield nothing fails.

mod dilithium3;
mod ed25519;
mod es256;
mod jose;
mod mldsa44;
mod mldsa65;
mod outside;
mod proofnest;
mod vectors;
