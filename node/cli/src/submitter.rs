//! The submitter's own keys: files in the user's configuration directory, the first one made when it is needed.
//!
//! A key made in passing has no passphrase, like an SSH key without one: whoever can read the file can sign with it,
//! and only its owner can. `quorate keys new --passphrase-file` makes one that needs more.

use std::path::{Path, PathBuf};

use clap::Args;
use crypto::{PublicKey, Scheme, SecretKey};
use node::keystore::{Keystore, KeystoreError, Owner, Protection};
use node::passphrase::Passphrase;
use proto::id::Did;

use crate::exit::Failure;
use crate::files;
use crate::output::Output;

/// The name of the key that is used when none is named.
pub const DEFAULT_KEY: &str = "default";

/// Where a passphrase comes from. Never a flag or the environment: others could read it there.
#[derive(Args, Clone, Debug, Default)]
pub struct PassphraseSource {
    /// The file that holds the keystore's passphrase
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    passphrase_file: Option<PathBuf>,
    /// The open file descriptor to read the keystore's passphrase from
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
}

impl PassphraseSource {
    /// A file, if one is named.
    pub const fn of_file(passphrase_file: Option<PathBuf>) -> Self {
        Self { passphrase_file, passphrase_fd: None }
    }

    /// Reads the passphrase; none when no source is given.
    ///
    /// # Errors
    /// `Usage` when it cannot be read or is not one.
    pub fn read(&self) -> Result<Option<Passphrase>, Failure> {
        let passphrase = match (&self.passphrase_file, self.passphrase_fd) {
            (Some(path), _) => Passphrase::from_file(path),
            (None, Some(descriptor)) => Passphrase::from_fd(descriptor),
            (None, None) => return Ok(None),
        };
        passphrase.map(Some).map_err(Failure::usage)
    }
}

/// The directory of the user's keys and trust: `$QUORATE_CONFIG_DIR`, or `quorate` in the XDG configuration home.
///
/// # Errors
/// `Usage` when the environment names no home.
pub fn config_dir() -> Result<PathBuf, Failure> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("QUORATE_CONFIG_DIR")
        .or_else(|| named("XDG_CONFIG_HOME").map(|home| home.join("quorate")))
        .or_else(|| named("HOME").map(|home| home.join(".config/quorate")))
        .ok_or_else(|| {
            Failure::usage("there is no home directory to keep keys in").hint("set QUORATE_CONFIG_DIR")
        })
}

/// The file of a key of this name.
///
/// # Errors
/// `Usage` when the name is no plain file name.
pub fn key_path(name: &str) -> Result<PathBuf, Failure> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
        return Err(Failure::usage(format_args!("{name:?} is not a key's name: 1 to 64 of A-Z a-z 0-9 - _")));
    }
    Ok(config_dir()?.join("keys").join(format!("{name}.json")))
}

/// The key to sign with: of a name or a file if `key` gives one, else the default one, which is made at first use.
///
/// # Errors
/// `Usage` when there is no such key, or it cannot be opened.
pub fn signing_key(
    key: Option<&str>,
    passphrase: &PassphraseSource,
    output: &Output,
) -> Result<SecretKey, Failure> {
    let path = keystore_path(key.unwrap_or(DEFAULT_KEY))?;
    let passphrase = passphrase.read()?;
    let protection = match &passphrase {
        Some(passphrase) => Protection::Passphrase(passphrase),
        None => Protection::Dev,
    };
    let keystore = match key.is_none() && !path.exists() {
        true => make_default(&path, protection, output)?,
        false => Keystore::read(&path).map_err(|fault| refused(&fault))?,
    };
    keystore.unlock_submitter(protection).map_err(|fault| refused(&fault))
}

/// The public key of a name in the configuration directory, or of a keystore's path; needs no passphrase.
///
/// # Errors
/// `Usage` when there is no such key.
pub fn public_key(key: &str) -> Result<PublicKey, Failure> {
    let path = keystore_path(key)?;
    let keystore = Keystore::read(&path).map_err(|fault| refused(&fault))?;
    let first = keystore.public().next().map(|(_, key)| key.clone());
    first.ok_or_else(|| Failure::usage(format_args!("{} names no public key", path.display())))
}

/// The identity that this program listed a key for, and wrote down beside the keystore; none where it did not.
///
/// # Errors
/// `Usage` when there is no such key's name, or what is written down is no DID.
pub fn identity_of(key: &str) -> Result<Option<Did>, Failure> {
    let path = identity_path(key)?;
    match files::read(&path, Did::BYTES_MAX + 1) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let fault = |fault| Failure::usage(format_args!("{}: {fault}", path.display()));
            Did::parse(text.trim_end()).map(Some).map_err(fault)
        }
        Err(none) if none.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(files::unreadable(&path, &fault)),
    }
}

/// Writes down the identity that a key was listed for, so that whoever signs with it need not name it.
///
/// # Errors
/// `Usage` when it cannot be written.
pub fn remember_identity(key: &str, identity: &Did) -> Result<(), Failure> {
    files::write(&identity_path(key)?, format!("{identity}\n").as_bytes())
}

fn identity_path(key: &str) -> Result<PathBuf, Failure> {
    Ok(keystore_path(key)?.with_extension("did"))
}

/// The file of a key that is given by name or by path.
///
/// # Errors
/// `Usage` when it is neither.
pub fn keystore_path(key: &str) -> Result<PathBuf, Failure> {
    match key.contains('/') || key.ends_with(".json") {
        true => Ok(PathBuf::from(key)),
        false => key_path(key),
    }
}

fn make_default(path: &Path, protection: Protection<'_>, output: &Output) -> Result<Keystore, Failure> {
    let keystore = Keystore::create(path, Owner::Submitter { scheme: Scheme::Ed25519 }, protection)
        .map_err(|fault| refused(&fault))?;
    let kept = match protection {
        Protection::Passphrase(_) => "encrypted",
        Protection::Dev => "readable by you alone, without passphrase",
    };
    output.note(format_args!("made your submitter key {} ({kept})", path.display()));
    Ok(keystore)
}

/// Says why a keystore is of no use, and what helps.
pub fn refused(fault: &KeystoreError) -> Failure {
    let failure = Failure::usage(fault);
    match fault {
        KeystoreError::PassphraseNeeded => failure.hint("give --passphrase-file or --passphrase-fd"),
        KeystoreError::DevOnly => failure.hint(
            "leave out the passphrase to sign with it, or make a protected key: quorate keys new --passphrase-file FILE",
        ),
        KeystoreError::WrongPassphrase => failure.hint("is it the passphrase of another key?"),
        KeystoreError::Exposed { path, .. } => failure.hint(format_args!("chmod 600 {}", path.display())),
        KeystoreError::Exists { .. } => failure.hint("choose another name, or move the old one away"),
        KeystoreError::Version { .. } => failure.hint("use the release that wrote it, or a newer one"),
        KeystoreError::Damaged { .. } => failure.hint("restore it from a backup"),
        KeystoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            failure.hint("quorate keys list shows the keys there are, quorate keys new NAME makes one")
        }
        KeystoreError::Io { .. }
        | KeystoreError::Owner { .. }
        | KeystoreError::VerifyOnly { .. }
        | KeystoreError::Random { .. } => failure,
    }
}
