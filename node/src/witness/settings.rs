//! What the configuration says of witnesses: whose logs we cosign, and who cosigns ours.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use proto::note::{KeyName, NoteKey, NoteKeyError};
use proto::policy::{Policy, PolicyError};
use proto::validators::ValidatorSet;
use witness::{Watched, WatchedError};

use crate::config;

/// Those outside who are asked to cosign our log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideWitness {
    /// The name of its first line.
    pub name: String,
    /// Where it is asked: its submission prefix.
    pub url: String,
    /// Its keys.
    pub keys: Vec<NoteKey>,
}

/// Why the configuration of witnesses is refused.
#[derive(Debug, thiserror::Error)]
pub enum WitnessSettingsError {
    /// A policy cannot be read.
    #[error("witness.policies: {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is no policy.
    #[error("witness.policies: {}: {fault}", path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// Why not.
        fault: PolicyError,
    },
    /// A log cannot be cosigned.
    #[error("witness.logs or witness.policies: {0}")]
    Watched(#[from] WatchedError),
    /// Our own log is no other's.
    #[error("witness.logs or witness.policies: {origin} is this network's own log, and is cosigned anyway")]
    Own {
        /// Its origin.
        origin: String,
    },
    /// The name cannot be a key's.
    #[error("witness.name: {0}")]
    Name(NoteKeyError),
    /// The lines of those outside are refused.
    #[error("witness.cosigners: {0}")]
    Cosigners(PolicyError),
    /// One outside has no address.
    #[error("witness.cosigners: the witness {name} has no URL, so it cannot be asked")]
    NoUrl {
        /// Its name.
        name: String,
    },
    /// A key that cannot be checked here.
    #[error(
        "witness.cosigners: no key of the witness {name} can be checked here: types 0x04, 0x06 and ours can"
    )]
    Unchecked {
        /// Its name.
        name: String,
    },
}

/// The logs to be cosigned, and the name to do it under.
///
/// # Errors
/// `WitnessSettingsError`.
pub fn watched(
    settings: &config::Witness,
    set: &ValidatorSet,
    node: &str,
) -> Result<(Watched, KeyName), WitnessSettingsError> {
    let mut policies = Vec::with_capacity(settings.policies.len());
    for path in &settings.policies {
        let io = |source| WitnessSettingsError::Io { path: path.clone(), source };
        let file = std::fs::File::open(path).map_err(io)?;
        let bytes = crate::files::read_at_most(file, Policy::BYTES_MAX as u64).map_err(io)?;
        let bytes = bytes.ok_or_else(|| io(io::Error::other("larger than a policy may be")))?;
        let text = String::from_utf8(bytes).map_err(|fault| io(io::Error::other(fault)))?;
        let policy = text.parse();
        policies.push(policy.map_err(|fault| WitnessSettingsError::Policy { path: path.clone(), fault })?);
    }
    let watched = Watched::new(&settings.logs, policies)?;
    if let Some(origin) = watched.origins().find(|origin| *origin == set.origin()) {
        return Err(WitnessSettingsError::Own { origin: origin.to_owned() });
    }
    let name = settings.name.clone().unwrap_or_else(|| format!("{}/{node}/witness", set.origin()));
    Ok((watched, KeyName::parse(&name).map_err(WitnessSettingsError::Name)?))
}

/// Those outside, each with all its keys: lines with one URL are one witness's.
///
/// # Errors
/// `WitnessSettingsError`.
pub fn outside(settings: &config::Witness) -> Result<Vec<OutsideWitness>, WitnessSettingsError> {
    let text: String = settings.cosigners.iter().map(|line| format!("{line}\n")).collect();
    let policy: Policy = format!("{text}quorum none\n").parse().map_err(WitnessSettingsError::Cosigners)?;
    let mut by_url: BTreeMap<String, OutsideWitness> = BTreeMap::new();
    for witness in policy.witnesses() {
        let name = witness.name.clone();
        let url = witness.url.clone().ok_or_else(|| WitnessSettingsError::NoUrl { name: name.clone() })?;
        let one = OutsideWitness { name, url: url.clone(), keys: Vec::new() };
        by_url.entry(url).or_insert(one).keys.push(witness.key.clone());
    }
    if let Some(one) = by_url.values().find(|one| !one.keys.iter().any(NoteKey::is_checked)) {
        return Err(WitnessSettingsError::Unchecked { name: one.name.clone() });
    }
    Ok(by_url.into_values().collect())
}
