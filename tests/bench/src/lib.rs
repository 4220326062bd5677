//! What the hot rooms cost, one body of work for each.
//!
//! A body is the same work however it is measured: `benches/time.rs` takes its time with criterion,
//! `benches/instructions.rs` counts its instructions under valgrind and compares them with `instructions.txt`. Inputs come
//! from fixed seeds, so the count of a body is the same in every run of one program on one model of processor.
//!
//! - `body` what is measured, and what is not;
//! - `fixture` a network of four with keys from seeds, and what its people submit;
//! - `log`, `receipts`, `submissions`, `views`, `blocks`, `heads`, `pool`: the bodies of the rooms.

pub mod blocks;
pub mod body;
pub mod fixture;
pub mod heads;
pub mod log;
pub mod pool;
pub mod receipts;
pub mod submissions;
pub mod views;

pub use body::{Body, measured};

/// Makes the bodies of a room.
pub type Room = fn() -> Vec<Body>;

/// The rooms, in the order in which they are reported, each by what the names of its bodies begin with.
pub const ROOMS: [(&str, Room); 7] = [
    ("merkle", log::bodies),
    ("mempool", pool::bodies),
    ("consensus", views::bodies),
    ("ledger", blocks::bodies),
    ("submission", submissions::bodies),
    ("receipt", receipts::bodies),
    ("checkpoint", heads::bodies),
];

/// Every body of every room.
pub fn bodies() -> Vec<Body> {
    ROOMS.iter().flat_map(|(_, bodies)| bodies()).collect()
}
