//! `quorate keys`: the submitter's keys, public keys for everybody else, and how the keys of an identity change.

pub mod change;
pub mod consent;
pub mod history;
mod register;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use crypto::{PublicKey, Scheme};
use model::jwks::{Jwk, Jwks};
use node::keystore::{Keystore, Owner, Protection};
use proto::id::Did;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::net;
use crate::output::Output;
use crate::submitter::{self, DEFAULT_KEY, PassphraseSource};

/// Commands of `keys`.
#[derive(Subcommand, Debug)]
pub enum Keys {
    /// Make a key to sign submissions with
    New(New),
    /// List the keys in the configuration directory
    List,
    /// Print public keys as a JSON Web Key set
    ExportJwks(Export),
    /// Show a key in the configuration directory
    Show(Show),
    /// Register the identity of a key, so that it can have more of them
    Register(register::Register),
    /// Add a key to the identity that the signing key speaks for
    Add(change::Add),
    /// Put a new key in the place of the signing key
    Rotate(change::Rotate),
    /// Revoke a key, from now on or from when it is known to have been lost
    Revoke(change::Revoke),
    /// Sign with a key that it may be listed, for somebody elsewhere who submits that
    Consent(consent::Consent),
    /// From which entry to which keys were good, and the receipts that show it
    History(history::History),
}

/// Flags of `keys show`.
#[derive(Args, Debug)]
pub struct Show {
    /// A name in the configuration directory or a keystore's path
    #[arg(default_value = DEFAULT_KEY)]
    key: String,
}

/// Flags of `keys new`.
#[derive(Args, Debug)]
pub struct New {
    /// Its name: 1 to 64 letters, digits, - or _
    #[arg(default_value = DEFAULT_KEY)]
    name: String,
    /// What it signs with
    #[arg(long, value_enum, default_value_t)]
    scheme: SigningScheme,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// Flags of `keys export-jwks`.
#[derive(Args, Debug)]
pub struct Export {
    /// Names of keys in the configuration directory; all of them when none is given
    names: Vec<String>,
    /// A keystore elsewhere, such as a validator's
    #[arg(long, value_name = "FILE", conflicts_with = "names")]
    keystore: Option<PathBuf>,
}

/// The schemes a submitter can sign with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SigningScheme {
    /// Small and fast
    #[default]
    Ed25519,
    /// Safe from quantum computers (FIPS 204)
    #[value(name = "ml-dsa-65")]
    MlDsa65,
    /// Both at once; both must hold
    #[value(name = "ed25519+ml-dsa-65")]
    Hybrid,
}

impl From<SigningScheme> for Scheme {
    fn from(scheme: SigningScheme) -> Self {
        match scheme {
            SigningScheme::Ed25519 => Self::Ed25519,
            SigningScheme::MlDsa65 => Self::MlDsa65,
            SigningScheme::Hybrid => Self::HybridEd25519MlDsa65,
        }
    }
}

#[derive(Serialize)]
struct KeyLine {
    name: String,
    file: PathBuf,
    scheme: String,
    key: String,
    did: String,
    /// The identity it was listed for here, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    passphrase: bool,
}

#[derive(Serialize)]
struct KeyList {
    keys: Vec<KeyLine>,
}

/// Runs a command of `keys`.
pub fn run(command: &Keys, output: &Output) -> Result<Exit, Failure> {
    match command {
        Keys::New(args) => new(args, output),
        Keys::List => list(output),
        Keys::ExportJwks(args) => export(args, output),
        Keys::Show(args) => show(args, output),
        Keys::Register(args) => register::run(args, output),
        Keys::Add(args) => net::runtime()?.block_on(change::add(args, output)),
        Keys::Rotate(args) => net::runtime()?.block_on(change::rotate(args, output)),
        Keys::Revoke(args) => net::runtime()?.block_on(change::revoke(args, output)),
        Keys::Consent(args) => consent::run(args, output),
        Keys::History(args) => net::runtime()?.block_on(history::run(args, output)),
    }
}

fn show(args: &Show, output: &Output) -> Result<Exit, Failure> {
    let path = submitter::keystore_path(&args.key)?;
    let keystore = Keystore::read(&path).map_err(|fault| submitter::refused(&fault))?;
    let line = line(args.key.clone(), path, &keystore)?;
    if output.is_json() {
        output.json(&line);
    } else {
        print(&line, output);
    }
    Ok(Exit::Ok)
}

fn new(args: &New, output: &Output) -> Result<Exit, Failure> {
    let path = submitter::key_path(&args.name)?;
    let passphrase = args.passphrase.read()?;
    let protection = match &passphrase {
        Some(passphrase) => Protection::Passphrase(passphrase),
        None => Protection::Dev,
    };
    let owner = Owner::Submitter { scheme: args.scheme.into() };
    let keystore = Keystore::create(&path, owner, protection).map_err(|fault| submitter::refused(&fault))?;
    if passphrase.is_none() {
        output.note("no passphrase was given: whoever can read the file can sign with the key");
    }
    let line = line(args.name.clone(), path, &keystore)?;
    if output.is_json() {
        output.json(&line);
    } else {
        print(&line, output);
    }
    Ok(Exit::Ok)
}

fn list(output: &Output) -> Result<Exit, Failure> {
    let mut keys = Vec::new();
    for name in names()? {
        let path = submitter::key_path(&name)?;
        let keystore = Keystore::read(&path).map_err(|fault| submitter::refused(&fault))?;
        keys.push(line(name, path, &keystore)?);
    }
    if output.is_json() {
        output.json(&KeyList { keys });
        return Ok(Exit::Ok);
    }
    if keys.is_empty() {
        output.note("there are no keys yet; the first submission makes one, or: quorate keys new");
    }
    for key in &keys {
        print(key, output);
    }
    Ok(Exit::Ok)
}

fn print(key: &KeyLine, output: &Output) {
    output.line(&key.name);
    output.row("scheme", &key.scheme);
    output.row("key id", &key.key);
    output.row("author", key.identity.as_ref().unwrap_or(&key.did));
    output.row("passphrase", if key.passphrase { "yes" } else { "no" });
    output.row("file", key.file.display());
}

/// The names of the keys in the configuration directory, in order.
fn names() -> Result<Vec<String>, Failure> {
    let dir = submitter::config_dir()?.join("keys");
    let fault =
        |fault: std::io::Error| Failure::usage(format_args!("cannot list {}: {fault}", dir.display()));
    let files = match std::fs::read_dir(&dir) {
        Ok(files) => files,
        Err(none) if none.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(other) => return Err(fault(other)),
    };
    let mut names = Vec::new();
    for file in files {
        let name = file.map_err(fault)?.file_name();
        if let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".json")) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn line(name: String, file: PathBuf, keystore: &Keystore) -> Result<KeyLine, Failure> {
    let Some((_, key)) = keystore.public().next() else {
        return Err(Failure::usage(format_args!("{} names no public key", file.display())));
    };
    let listed = submitter::identity_of(&file.to_string_lossy())?;
    Ok(KeyLine {
        name,
        identity: listed.map(|did| did.to_string()),
        file,
        scheme: key.scheme().to_string(),
        key: key.id().to_string(),
        did: Did::of(key).to_string(),
        passphrase: !keystore.is_dev(),
    })
}

fn export(args: &Export, output: &Output) -> Result<Exit, Failure> {
    let paths = match (&args.keystore, args.names.is_empty()) {
        (Some(path), _) => vec![path.clone()],
        (None, false) => args.names.iter().map(|name| submitter::key_path(name)).collect::<Result<_, _>>()?,
        (None, true) => names()?.iter().map(|name| submitter::key_path(name)).collect::<Result<_, _>>()?,
    };
    let mut keys = Vec::new();
    for path in paths {
        let keystore = Keystore::read(&path).map_err(|fault| submitter::refused(&fault))?;
        for (_, key) in keystore.public() {
            keys.push(jwk(key)?);
        }
    }
    output.json(&Jwks { keys });
    Ok(Exit::Ok)
}

fn jwk(key: &PublicKey) -> Result<Jwk, Failure> {
    Jwk::of(key).ok_or_else(|| {
        Failure::usage(format_args!("JOSE has no name for {} keys, such as {}", key.scheme(), key.id()))
            .hint("name the keys to export, and leave this one out")
    })
}
