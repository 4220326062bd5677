//! Whom to believe, from files: a genesis, and the chain that leads from it to the validators of today.
//!
//! The genesis is what the user trusts and must come from somebody the user trusts. The chain may come from anybody:
//! every link of it is checked here.

use std::path::Path;

use client::trust::extended;
use model::strict;
use model::trust::TrustAnswer;
use node::genesis_file;
use proto::genesis::Genesis;
use verify::Trust;

use crate::exit::{Exit, Failure};
use crate::files;

/// Largest chain, in bytes: some hundred hand-overs of a hundred validators.
const CHAIN_BYTES_MAX: usize = 64 << 20;

/// What follows from a genesis and, if there is one, a chain.
///
/// # Errors
/// `NoTrust` when either cannot be read, they are of two networks, or a link does not hold.
pub fn read(genesis: &Path, chain: Option<&Path>) -> Result<Trust, Failure> {
    let refused = |fault: String| Failure::new(Exit::NoTrust, fault);
    let genesis: Genesis = genesis_file::read(genesis).map_err(|fault| {
        refused(fault.to_string())
            .hint("--genesis FILE is the genesis.json of the network, from someone you trust")
    })?;
    let trust = Trust::from_genesis(&genesis).map_err(|fault| refused(fault.to_string()))?;
    match chain {
        None => Ok(trust),
        Some(path) => {
            let named = |fault: String| {
                refused(format!("{}: {fault}", path.display()))
                    .hint("quorate trust --out FILE fetches a chain")
            };
            let bytes = files::read(path, CHAIN_BYTES_MAX)
                .map_err(|fault| named(format!("cannot read the chain of trust: {fault}")))?;
            let value = strict::parse(&bytes, CHAIN_BYTES_MAX).map_err(|fault| named(fault.to_string()))?;
            let chain: TrustAnswer = strict::shape(value).map_err(named)?;
            extended(trust, &chain).map_err(|fault| named(fault.to_string()))
        }
    }
}
