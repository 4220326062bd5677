//! A key's consent to be listed: signed here with the key itself, or elsewhere and brought in a file.
//!
//! Whoever holds a key on another machine signs there, and sends the file; it says to what it consents, and is good for
//! nothing else.

use std::path::{Path, PathBuf};

use clap::Args;
use crypto::{KeyId, PublicKey, SecretKey, Signature};
use model::operation::Key;
use model::scalar::{Bytes, Hash};
use model::strict;
use proto::id::{Did, NetworkId};
use proto::operation::{addition_possession_bytes, identity_possession_bytes, possession_bytes};
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};
use crate::files;
use crate::net::{self, Node};
use crate::output::Output;
use crate::submitter::{self, PassphraseSource};

const FORMAT: &str = "quorate/key-consent/v1";
/// Longest file, in bytes: key and signature of the longest scheme, in base64.
const BYTES_MAX: usize = 16 << 10;

/// Flags of `keys consent`.
#[derive(Args, Debug)]
pub struct Consent {
    /// The key: a name in the configuration directory or a keystore's path
    key: String,
    /// The identity that should list it [default: the one that the key makes by itself, to be registered]
    #[arg(long, value_name = "DID", value_parser = Did::parse)]
    identity: Option<Did>,
    /// The key whose place it should take
    #[arg(long, value_name = "KEY ID", requires = "identity")]
    retires: Option<KeyId>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    node: Node,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

/// To what a key consents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// To be the only key that a new identity begins with.
    Create,
    /// To be added to an identity.
    Add,
    /// To take the place of this key.
    Rotate(KeyId),
}

/// A key and its consent.
pub struct Consented {
    pub key: PublicKey,
    pub possession: Signature,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    network: Hash,
    identity: String,
    operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retires: Option<String>,
    key: Key,
    possession: Bytes,
}

impl To {
    /// The bytes to sign, for a key of this identity.
    fn bytes(&self, network: &NetworkId, identity: &Did, key: &PublicKey) -> Vec<u8> {
        match self {
            Self::Create => identity_possession_bytes(network, identity, std::slice::from_ref(key)),
            Self::Add => addition_possession_bytes(network, identity, &key.id()),
            Self::Rotate(retires) => possession_bytes(network, identity, retires, &key.id()),
        }
    }

    const fn operation(&self) -> &'static str {
        match self {
            Self::Create => "identity.create",
            Self::Add => "key.add",
            Self::Rotate(_) => "key.rotate",
        }
    }

    const fn retires(&self) -> Option<&KeyId> {
        match self {
            Self::Rotate(retires) => Some(retires),
            Self::Create | Self::Add => None,
        }
    }
}

impl Consented {
    /// Signs with the key itself.
    pub fn here(secret: &SecretKey, network: &NetworkId, identity: &Did, to: &To) -> Self {
        let key = secret.public().clone();
        let possession = secret.sign(&to.bytes(network, identity, &key));
        Self { key, possession }
    }

    /// Reads what was signed elsewhere.
    ///
    /// # Errors
    /// `Usage` when it is no consent, or one to something else.
    pub fn read(path: &Path, network: &NetworkId, identity: &Did, to: &To) -> Result<Self, Failure> {
        let bytes = files::read(path, BYTES_MAX).map_err(|fault| files::unreadable(path, &fault))?;
        let fault = |fault: String| Failure::usage(format_args!("{}: {fault}", path.display()));
        let value = strict::parse(&bytes, BYTES_MAX).map_err(|it| fault(it.to_string()))?;
        let file: File = strict::shape(value).map_err(fault)?;
        if file.format != FORMAT {
            return Err(fault(format!("the format is {:?}, not {FORMAT:?}", file.format)));
        }
        let retires = to.retires().map(ToString::to_string);
        let expected = (Hash(*network.digest()), identity.to_string(), to.operation(), retires);
        let found = (file.network, file.identity, file.operation.as_str(), file.retires);
        if found != expected {
            let words = |it: &(Hash, String, &str, Option<String>)| {
                let retires = it.3.as_ref().map(|key| format!(" for {key}")).unwrap_or_default();
                format!("{}{retires} of {} on network {}", it.2, it.1, it.0)
            };
            return Err(fault(format!("it consents to {}, not to {}", words(&found), words(&expected)))
                .hint("quorate keys consent makes one"));
        }
        let key = file.key.parse().map_err(fault)?;
        let possession =
            Signature::parse(key.scheme(), &file.possession.0).map_err(|it| fault(it.to_string()))?;
        match key.verify(&to.bytes(network, identity, &key), &possession) {
            Ok(()) => Ok(Self { key, possession }),
            Err(it) => Err(fault(format!("the consent does not hold: {it}"))),
        }
    }
}

/// Signs a consent and writes it.
pub fn run(args: &Consent, output: &Output) -> Result<Exit, Failure> {
    let secret = submitter::signing_key(Some(&args.key), &args.passphrase, output)?;
    let client = args.node.client()?;
    let patience = std::time::Duration::from_secs(10);
    let network = net::runtime()?.block_on(args.node.network(&client, patience))?;
    let (identity, to) = match (&args.identity, args.retires) {
        (None, _) => (Did::of(secret.public()), To::Create),
        (Some(identity), None) => (identity.clone(), To::Add),
        (Some(identity), Some(retires)) => (identity.clone(), To::Rotate(retires)),
    };
    let Consented { key, possession } = Consented::here(&secret, &network, &identity, &to);
    let file = File {
        format: FORMAT.to_owned(),
        network: Hash(*network.digest()),
        identity: identity.to_string(),
        operation: to.operation().to_owned(),
        retires: to.retires().map(ToString::to_string),
        key: Key::from(&key),
        possession: Bytes(possession.as_bytes().to_vec()),
    };
    let text = serde_json::to_string_pretty(&file).map_err(Failure::internal)?;
    files::write(&args.out, format!("{text}\n").as_bytes())?;
    match output.is_json() {
        true => output.json(&file),
        false => {
            output.row("key id", key.id());
            output.row("consents to", format_args!("{} of {identity}", to.operation()));
            output.row("file", args.out.display());
        }
    }
    Ok(Exit::Ok)
}
