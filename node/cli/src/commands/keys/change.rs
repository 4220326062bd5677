//! `quorate keys add`, `rotate`, `revoke`: the keys of an identity change, each by an entry that is waited for.

use std::path::PathBuf;

use clap::Args;
use crypto::KeyId;
use model::entry::{Ticket, Wait};
use model::scalar::Uint;
use proto::counter::{TimeMs, TreeSize};
use proto::id::Did;
use proto::operation::{Operation, RevokedFrom};
use serde::Serialize;

use super::consent::{Consented, To};
use crate::commands::submit;
use crate::commands::submit::sending::{Sending, Sent, Speaker};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::submitter::{self, PassphraseSource};
use crate::time;

/// Where a new key comes from.
#[derive(Args, Debug)]
pub struct NewKey {
    /// The new key: a name in the configuration directory or a keystore's path; quorate keys new makes one
    #[arg(value_name = "NEW", required_unless_present = "consent", conflicts_with = "consent")]
    new: Option<String>,
    /// The consent of a new key that is not here, as quorate keys consent wrote it
    #[arg(long, value_name = "FILE")]
    consent: Option<PathBuf>,
    /// The file that holds the passphrase of the new key
    #[arg(long, value_name = "FILE", conflicts_with = "consent")]
    new_passphrase_file: Option<PathBuf>,
}

/// Flags of `keys add`.
#[derive(Args, Debug)]
pub struct Add {
    #[command(flatten)]
    new: NewKey,
    #[command(flatten)]
    sending: Sending,
}

/// Flags of `keys rotate`.
#[derive(Args, Debug)]
pub struct Rotate {
    #[command(flatten)]
    new: NewKey,
    #[command(flatten)]
    sending: Sending,
}

/// Flags of `keys revoke`.
#[derive(Args, Debug)]
pub struct Revoke {
    /// The key to revoke: its id, a name in the configuration directory or a keystore's path
    #[arg(value_name = "REVOKED")]
    revoked: String,
    /// The size of the log from which on it was in other hands: the entry with this index is the first not believed
    #[arg(long, value_name = "SIZE", conflicts_with = "from_time", value_parser = clap::value_parser!(u64).range(1..))]
    from_size: Option<u64>,
    /// The block time from which on it was in other hands: 2026-09-21T14:13:20Z, or milliseconds since 1970
    #[arg(long, value_name = "TIME", value_parser = time::instant_ms)]
    from_time: Option<u64>,
    /// Why, for people
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    sending: Sending,
}

/// What has changed, in JSON.
#[derive(Serialize)]
struct Changed<'a> {
    identity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_size: Option<Uint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_time_ms: Option<Uint>,
    #[serde(flatten)]
    ticket: &'a Ticket,
}

impl NewKey {
    fn consented(&self, speaker: &Speaker, to: &To, output: &Output) -> Result<Consented, Failure> {
        let Speaker { network, author, .. } = speaker;
        match (&self.new, &self.consent) {
            (_, Some(file)) => Consented::read(file, network, author, to),
            (Some(new), None) => {
                let passphrase = PassphraseSource::of_file(self.new_passphrase_file.clone());
                let secret = submitter::signing_key(Some(new), &passphrase, output)?;
                Ok(Consented::here(&secret, network, author, to))
            }
            (None, None) => Err(Failure::usage("no new key was named")),
        }
    }

    /// Once it is listed, whoever signs with it speaks for the identity.
    fn settle(&self, sent: &Sent, output: &Output) -> Result<(), Failure> {
        let (Some(new), Exit::Ok) = (&self.new, sent.exit) else { return Ok(()) };
        submitter::remember_identity(new, &sent.author)?;
        output.note(format_args!(
            "key {new} speaks for {} from now on: quorate submit FILE --key {new}",
            sent.author
        ));
        Ok(())
    }
}

/// Adds a key to an identity.
pub async fn add(args: &Add, output: &Output) -> Result<Exit, Failure> {
    let mut listed = None;
    let make = |speaker: &Speaker| {
        let Consented { key, possession } = args.new.consented(speaker, &To::Add, output)?;
        listed = Some(key.id());
        Ok(Operation::KeyAdd { identity: speaker.author.clone(), key, possession: Some(possession) })
    };
    let sent = args.sending.send_made(make, wait(&args.sending), output).await?;
    args.new.settle(&sent, output)?;
    tell(&sent, &args.sending, listed, None, None, output)
}

/// Puts a new key in the place of the one that signs.
pub async fn rotate(args: &Rotate, output: &Output) -> Result<Exit, Failure> {
    let (mut listed, mut retired) = (None, None);
    let make = |speaker: &Speaker| {
        let retires = speaker.secret.public().id();
        let Consented { key, possession } = args.new.consented(speaker, &To::Rotate(retires), output)?;
        (listed, retired) = (Some(key.id()), Some(retires));
        Ok(Operation::KeyRotate { identity: speaker.author.clone(), retires, key, possession })
    };
    let sent = args.sending.send_made(make, wait(&args.sending), output).await?;
    args.new.settle(&sent, output)?;
    tell(&sent, &args.sending, listed, retired, None, output)
}

/// Revokes a key, from now on or from where it is known to have been lost.
pub async fn revoke(args: &Revoke, output: &Output) -> Result<Exit, Failure> {
    let key = key_id(&args.revoked)?;
    let from = match (args.from_size, args.from_time) {
        (Some(size), _) => RevokedFrom::Size(TreeSize::new(size)),
        (None, Some(time)) => RevokedFrom::Time(TimeMs::new(time)),
        (None, None) => RevokedFrom::Here,
    };
    let make = |speaker: &Speaker| {
        let (identity, reason) = (speaker.author.clone(), args.reason.clone());
        Ok(Operation::KeyRevoke { identity, key, reason, from })
    };
    let sent = args.sending.send_made(make, wait(&args.sending), output).await?;
    tell(&sent, &args.sending, None, None, Some((key, from)), output)
}

fn wait(sending: &Sending) -> Wait {
    sending.wait.into()
}

/// A key's id, given as such or by a keystore.
pub fn key_id(text: &str) -> Result<KeyId, Failure> {
    // Both may be 43 letters: a key that is here is meant by its name.
    match text.parse::<KeyId>() {
        Ok(id) if !submitter::keystore_path(text).is_ok_and(|path| path.exists()) => Ok(id),
        Ok(_) | Err(_) => submitter::public_key(text).map(|key| key.id()),
    }
}

fn tell(
    sent: &Sent,
    sending: &Sending,
    listed: Option<KeyId>,
    retired: Option<KeyId>,
    revoked: Option<(KeyId, RevokedFrom)>,
    output: &Output,
) -> Result<Exit, Failure> {
    let Sent { author, ticket, exit, .. } = sent;
    let from = revoked.map(|(_, from)| from);
    if output.is_json() {
        let text = |key: Option<KeyId>| key.map(|key| key.to_string());
        output.json(&Changed {
            identity: author.to_string(),
            listed: text(listed),
            retired: text(retired),
            revoked: text(revoked.map(|(key, _)| key)),
            from_size: match from {
                Some(RevokedFrom::Size(size)) => Some(Uint(size.get())),
                Some(RevokedFrom::Here | RevokedFrom::Time(_)) | None => None,
            },
            from_time_ms: match from {
                Some(RevokedFrom::Time(time)) => Some(Uint(time.get())),
                Some(RevokedFrom::Here | RevokedFrom::Size(_)) | None => None,
            },
            ticket,
        });
        return Ok(*exit);
    }
    output.row("identity", author);
    for (label, key) in [("listed", listed), ("retired", retired)] {
        if let Some(key) = key {
            output.row(label, key);
        }
    }
    if let Some((key, from)) = revoked {
        output.row("revoked", format_args!("{key}, not believed from {from} on"));
    }
    submit::print(ticket, &sending.node, output);
    if *exit == Exit::Unknown {
        let (id, flag) = (ticket.id, sending.node.flag());
        output.note(format_args!("not there yet; ask again: quorate get {id}{flag}"));
    }
    Ok(*exit)
}

/// The identity of a key that is here: the one it was listed for, or the one that it makes by itself.
pub fn identity_of(key: &str) -> Result<Did, Failure> {
    match submitter::identity_of(key)? {
        Some(did) => Ok(did),
        None => submitter::public_key(key).map(|key| Did::of(&key)),
    }
}
