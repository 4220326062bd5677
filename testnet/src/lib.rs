//! Local networks: real files, real keys, real ports, for one machine.
//!
//! - `topology` draws a network: validators, keys, ports, genesis, one directory a node;
//! - `ports` finds ports that are free; `process` starts, stops and kills nodes as processes of their own;
//! - `watch` asks them how they are; `in_process` runs a whole network in this process;
//! - `proxy` stands between nodes and delays, holds or cuts what they say to each other.
//!
//! A network drawn here differs from one across machines in its addresses only.

pub mod in_process;
pub mod ports;
pub mod process;
pub mod proxy;
pub mod topology;
pub mod watch;
