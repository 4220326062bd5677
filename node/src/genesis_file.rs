//! Genesis as a file that people can read: JSON, keys in hex.
//!
//! The file is a way to write a genesis down, not the genesis: that is its canonical bytes, whose digest names the
//! network. A file says which network it means, so an edited one is refused instead of beginning another network.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crypto::{PublicKey, Scheme};
use proto::counter::TimeMs;
use proto::genesis::{Admission, Genesis};
use proto::id::NetworkId;
use proto::validators::{Validator, ValidatorSet};
use serde::{Deserialize, Serialize};

use crate::files;

/// The file's name in a node's directory.
pub const FILE_NAME: &str = "genesis.json";
/// Largest file, in bytes: 100 validators with their keys in hex, twice.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why a genesis file is refused.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not a genesis.
    #[error("{}: {fault}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: String,
    },
    /// Its content is that of another network than the one it names.
    #[error("{} says network {named}, its content is network {found}", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// Network the file names.
        named: NetworkId,
        /// Network its content makes.
        found: NetworkId,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    origin: String,
    time_ms: u64,
    admission: AdmissionShape,
    validators: Vec<ValidatorShape>,
    #[serde(default)]
    registrars: Vec<KeyShape>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AdmissionShape {
    Open,
    Registered,
}

/// The schemes are those of the roles, so only keys are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidatorShape {
    name: String,
    power: u64,
    consensus: String,
    network: String,
    log: String,
    cosigner_ed25519: String,
    cosigner_ml_dsa_65: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyShape {
    scheme: String,
    key: String,
}

/// Reads a genesis and checks it whole.
///
/// # Errors
/// `GenesisError`.
pub fn read(path: &Path) -> Result<Genesis, GenesisError> {
    let io = |source| GenesisError::Io { path: path.to_owned(), source };
    let malformed = |fault: String| GenesisError::Malformed { path: path.to_owned(), fault };
    let bytes = files::read_at_most(File::open(path).map_err(io)?, FILE_BYTES_MAX).map_err(io)?;
    let bytes = bytes.ok_or_else(|| malformed(format!("larger than {FILE_BYTES_MAX} bytes")))?;
    parse(path, &bytes)
}

/// Checks the bytes of a genesis file whole; `path` is for the faults only.
///
/// # Errors
/// `GenesisError`, but never `Io`.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Genesis, GenesisError> {
    let malformed = |fault: String| GenesisError::Malformed { path: path.to_owned(), fault };
    let shape: Shape = serde_json::from_slice(bytes).map_err(|fault| malformed(fault.to_string()))?;
    let named = shape.network.clone();
    let genesis = from_shape(shape).map_err(malformed)?;
    if let Some(named) = named {
        let named = named.parse().map_err(|fault| malformed(format!("network: {fault}")))?;
        let found = genesis.network();
        if found != named {
            return Err(GenesisError::Network { path: path.to_owned(), named, found });
        }
    }
    Ok(genesis)
}

/// Writes a genesis to a file that must not exist yet.
///
/// # Errors
/// `Io`.
pub fn create(path: &Path, genesis: &Genesis) -> Result<(), GenesisError> {
    files::create(path, to_json(genesis).as_bytes())
        .map_err(|source| GenesisError::Io { path: path.to_owned(), source })
}

/// The text of a genesis file.
pub fn to_json(genesis: &Genesis) -> String {
    let mut text =
        serde_json::to_string_pretty(&to_shape(genesis)).expect("strings and numbers are always JSON");
    text.push('\n');
    text
}

fn to_shape(genesis: &Genesis) -> Shape {
    let Genesis { origin, time, validators, admission, registrars } = genesis;
    let hex = |key: &PublicKey| hex::encode(key.as_bytes());
    Shape {
        network: Some(genesis.network().to_string()),
        origin: origin.clone(),
        time_ms: time.get(),
        admission: match admission {
            Admission::Open => AdmissionShape::Open,
            Admission::Registered => AdmissionShape::Registered,
        },
        validators: validators
            .iter()
            .map(|validator| {
                let Validator { name, power, consensus, network, log, cosigner_ed25519, cosigner_ml_dsa_65 } =
                    validator;
                ValidatorShape {
                    name: name.clone(),
                    power: *power,
                    consensus: hex(consensus),
                    network: hex(network),
                    log: hex(log),
                    cosigner_ed25519: hex(cosigner_ed25519),
                    cosigner_ml_dsa_65: hex(cosigner_ml_dsa_65),
                }
            })
            .collect(),
        registrars: registrars
            .iter()
            .map(|key| KeyShape { scheme: key.scheme().name().to_owned(), key: hex(key) })
            .collect(),
    }
}

fn from_shape(shape: Shape) -> Result<Genesis, String> {
    let Shape { network: _, origin, time_ms, admission, validators, registrars } = shape;
    if validators.len() > ValidatorSet::COUNT_MAX {
        return Err(format!(
            "{} validators, at most {} are allowed",
            validators.len(),
            ValidatorSet::COUNT_MAX
        ));
    }
    let registrar = |KeyShape { scheme, key }: KeyShape| {
        let scheme = Scheme::from_name(&scheme).ok_or_else(|| format!("registrars: no scheme {scheme:?}"))?;
        key_of("registrars", scheme, &key)
    };
    let genesis = Genesis {
        origin,
        time: TimeMs::new(time_ms),
        validators: validators.into_iter().map(validator_of).collect::<Result<_, _>>()?,
        admission: match admission {
            AdmissionShape::Open => Admission::Open,
            AdmissionShape::Registered => Admission::Registered,
        },
        registrars: registrars.into_iter().map(registrar).collect::<Result<_, _>>()?,
    };
    genesis.check().map_err(|fault| fault.to_string())?;
    Ok(genesis)
}

fn validator_of(shape: ValidatorShape) -> Result<Validator, String> {
    let ValidatorShape { name, power, consensus, network, log, cosigner_ed25519, cosigner_ml_dsa_65 } = shape;
    let key = |role: &str, scheme, text: &str| key_of(&format!("validator {name:?}: {role}"), scheme, text);
    Ok(Validator {
        consensus: key("consensus", Scheme::Ed25519, &consensus)?,
        network: key("network", Scheme::Ed25519, &network)?,
        log: key("log", Scheme::Ed25519, &log)?,
        cosigner_ed25519: key("cosigner_ed25519", Scheme::Ed25519, &cosigner_ed25519)?,
        cosigner_ml_dsa_65: key("cosigner_ml_dsa_65", Scheme::MlDsa65, &cosigner_ml_dsa_65)?,
        name,
        power,
    })
}

fn key_of(whose: &str, scheme: Scheme, text: &str) -> Result<PublicKey, String> {
    let bytes = hex::decode(text).map_err(|fault| format!("{whose}: {fault}"))?;
    PublicKey::parse(scheme, &bytes).map_err(|fault| format!("{whose}: {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{MasterSeed, NodeKeys};

    fn genesis() -> Genesis {
        let keys = |number| NodeKeys::derive(&MasterSeed::new([number; 32]));
        Genesis {
            origin: "ledger.example/one".to_owned(),
            time: TimeMs::new(1_700_000_000_000),
            validators: (1..=4).map(|number| keys(number).validator(&format!("v{number}"), 1)).collect(),
            admission: Admission::Registered,
            registrars: vec![keys(9).gateway.public().clone(), keys(9).cosigner_ml_dsa_65.public().clone()],
        }
    }

    /// The file's text after a change.
    fn read_changed(from: &str, to: &str) -> Result<Genesis, GenesisError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        create(&path, &genesis()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        read(&path)
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read_changed("", "").unwrap(), genesis());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        create(&path, &genesis()).unwrap();
        assert!(matches!(create(&path, &genesis()), Err(GenesisError::Io { .. })), "never overwritten");
    }

    #[test]
    fn an_edited_file_does_not_begin_another_network() {
        let refused = read_changed("\"power\": 1", "\"power\": 2").unwrap_err();
        assert!(matches!(refused, GenesisError::Network { .. }), "{refused}");
        let network = format!("\"network\": \"{}\",", genesis().network());
        assert_eq!(read_changed(&network, "").unwrap(), genesis(), "a file written by hand need not name it");
    }

    #[test]
    fn malformed_files_are_refused_precisely() {
        let seed = NodeKeys::derive(&MasterSeed::new([1; 32]));
        let key = hex::encode(seed.consensus.public().as_bytes());
        let other = hex::encode(seed.log.public().as_bytes());
        let cases = [
            ("\"origin\"", "\"colour\": 1, \"origin\"", "colour"),
            ("\"time_ms\"", "\"origin\": \"x\", \"time_ms\"", "duplicate"),
            ("ledger.example/one", "https://ledger.example", "origin"),
            ("\"v1\"", "\"V1\"", "name"),
            ("\"power\": 1", "\"power\": 0", "power"),
            ("registered", "closed", "closed"),
            ("ml-dsa-65\",", "ml-dsa-66\",", "ml-dsa-66"),
            (&key[..], &key[2..], "\"v1\": consensus"),
            (&key[..], &other[..], "twice"),
        ];
        for (from, to, expected) in cases {
            let refused = read_changed(from, to).expect_err(expected).to_string();
            assert!(refused.contains(expected), "{refused} does not say {expected:?}");
        }
    }
}
