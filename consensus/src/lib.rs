//! HS2-J: what comes next. A replica without a world.
//!
//! The chained two-phase commit of HotStuff-2 with the timeout certificates of Jolteon; rules are numbered in
//! `SPEC.md`. The replica is a function of its inputs: it knows no clock, file or socket, and signs nothing.
//!
//! - `input`, `effect`: what it may learn, what it may ask for; `gate` holds a word back until it is durable;
//! - `params`, `leader`: figures, and who leads a view;
//! - `tree`, `commit`, `fetch`: blocks above the committed one, which of them leave, which are missing;
//! - `safety`: the only maker of statements to sign; `proposal` judges what others propose and builds ours;
//! - `silence`: how long a validator that lost its journal says nothing;
//! - `votes`, `timeouts`, `evidence`: statements of others, tallied into certificates, or held against them;
//! - `pacemaker`: certificates, the view they lead to, and how long it may last; `recover`: after a crash;
//! - `replica`: one entry, one exit.
//!
//! A view is a round in Jolteon; a timeout certificate is what HotStuff-2 has no word for.

mod commit;
pub mod effect;
pub mod evidence;
mod fetch;
pub mod gate;
pub mod input;
pub mod leader;
mod pacemaker;
pub mod params;
mod proposal;
pub mod recover;
pub mod replica;
mod safety;
pub mod silence;
#[cfg(test)]
mod testing;
mod timeouts;
mod tree;
mod votes;

pub use effect::{CommittedBlock, Effect, EpochEnd, Fork, Misbehaviour, Recipients, Say};
pub use evidence::{Evidence, EvidenceError};
pub use gate::Gated;
pub use input::{Input, Timer};
pub use params::Config;
pub use recover::{RecoverError, Tip};
pub use replica::{Replica, Status};
pub use silence::Silence;
