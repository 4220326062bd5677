//! RFC 3161: what an authority is asked, and what its answer shows.

mod certificate;
mod parts;
mod request;
mod response;
mod roots;
mod signed;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod time;
mod verify;

pub use parts::DerFault;
pub use request::request;
pub use response::RESPONSE_BYTES_MAX;
pub use roots::{Roots, RootsError};
pub use verify::{Expected, Stamp, TspError, verify};
