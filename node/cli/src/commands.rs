//! The commands, one a file: its flags, what it does, what it prints.

pub mod artifact;
pub mod audit;
pub mod bench;
pub mod config;
pub mod dev;
pub mod evidence;
pub mod get;
pub mod identity;
pub mod keys;
pub mod node;
pub mod policy;
pub mod receipt;
pub mod status;
pub mod submit;
pub mod testnet;
pub mod tiles;
pub mod trust;
pub mod validator;
pub mod verify;
pub mod version;
pub mod witness;
