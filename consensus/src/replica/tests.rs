//! Replicas among themselves: stories of a network, each named by what must hold.

mod alone;
mod faults;
mod handover;
mod healthy;
mod net;
mod random;
mod restart;
mod sync;
mod wiped;
