//! HS2-J: what comes next. A replica without a world.

pub mod gate;

pub use gate::Gated;
