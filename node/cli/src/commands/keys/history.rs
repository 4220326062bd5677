//! `quorate keys history`: from which leaf to which keys were good, and the receipts that show it.

use std::path::PathBuf;

use clap::Args;
use client::Client;
use crypto::KeyId;
use model::identity::{KeyEnd, KeyHistory, KeyLife, ValidatorKeyLife};
use model::scalar::Uint;
use proto::counter::TreeSize;
use proto::id::Did;

use super::change;
use crate::exit::{Exit, Failure};
use crate::net::{self, Node};
use crate::output::{Output, Tone};
use crate::submitter::DEFAULT_KEY;
use crate::{files, time};

/// Flags of `keys history`.
#[derive(Args, Debug)]
pub struct History {
    /// A DID, a key's id, or the name of a key that is here
    #[arg(default_value = DEFAULT_KEY)]
    whose: String,
    /// The keys of the validators instead, epoch by epoch
    #[arg(long, conflicts_with_all = ["whose", "size", "receipts"])]
    validators: bool,
    /// As of this size of the log
    #[arg(long, value_name = "SIZE")]
    size: Option<u64>,
    /// Also write the receipts of the entries that listed and ended the keys, for quorate verify --keys
    #[arg(long, value_name = "FILE")]
    receipts: Option<PathBuf>,
    #[command(flatten)]
    node: Node,
}

/// Whose history is meant.
enum Whose {
    Identity(Did),
    Key(KeyId),
}

/// Asks for the history and prints it.
pub async fn run(args: &History, output: &Output) -> Result<Exit, Failure> {
    let client = args.node.client()?;
    if args.validators {
        let history = validators(&client, output).await?;
        match output.is_json() {
            true => output.json(&history),
            false => history.validators.iter().for_each(|key| print_validator(key, output)),
        }
        return Ok(Exit::Ok);
    }
    let size = args.size.map(TreeSize::new);
    let history = match whose(&args.whose)? {
        Whose::Identity(did) => client.key_history(&did, size).await,
        Whose::Key(key) => client.key_lives(&key, size).await,
    };
    let history = history.map_err(net::refused)?;
    if let Some(path) = &args.receipts {
        let receipts = client.key_proofs(&history.keys).await.map_err(net::refused)?;
        let lines: String = receipts.iter().map(|receipt| receipt.to_json() + "\n").collect();
        files::write(path, lines.as_bytes())?;
        output.note(format_args!("{} receipts written to {}", receipts.len(), path.display()));
    }
    match output.is_json() {
        true => output.json(&history),
        false => print(&history.keys, output),
    }
    Ok(Exit::Ok)
}

/// All of it, however many answers it takes.
async fn validators(client: &Client, output: &Output) -> Result<KeyHistory, Failure> {
    let mut history = client.validator_keys(Uint(0)).await.map_err(net::refused)?;
    while let Some(epoch) = history.next_epoch.take() {
        let part = client.validator_keys(epoch).await.map_err(net::refused)?;
        if part.next_epoch.is_some_and(|next| next <= epoch) {
            return Err(Failure::internal(format_args!("the node tells of epoch {epoch} again and again")));
        }
        if output.shows_progress() {
            output.note(format_args!("read up to epoch {epoch} …"));
        }
        history.next_epoch = part.next_epoch;
        history.size = part.size;
        join(&mut history.validators, part.validators, epoch);
    }
    Ok(history)
}

/// Joins the keys that reign on from one answer to the next; those that do not ended where the next one begins.
fn join(known: &mut Vec<ValidatorKeyLife>, later: Vec<ValidatorKeyLife>, epoch: Uint) {
    let begins = later.iter().map(|key| key.from_size).min().unwrap_or_default();
    let mut later: Vec<_> = later.into_iter().map(Some).collect();
    for key in known.iter_mut().filter(|key| key.until_epoch.is_none()) {
        let same = |next: &Option<ValidatorKeyLife>| {
            next.as_ref().is_some_and(|next| {
                next.from_epoch == epoch
                    && (&next.kid, &next.validator, next.role) == (&key.kid, &key.validator, key.role)
            })
        };
        let next = later.iter_mut().find(|next| same(next)).and_then(Option::take);
        (key.until_epoch, key.until_size) = match next {
            Some(next) => (next.until_epoch, next.until_size),
            None => (Some(epoch), Some(begins)),
        };
    }
    known.extend(later.into_iter().flatten());
}

fn whose(text: &str) -> Result<Whose, Failure> {
    match text.starts_with("did:") {
        true => Did::parse(text).map(Whose::Identity).map_err(Failure::usage),
        // A key that is here is asked for by its identity, so that the others are told of too.
        false => match change::identity_of(text) {
            Ok(did) => Ok(Whose::Identity(did)),
            Err(failure) => text.parse().map(Whose::Key).map_err(|_| failure),
        },
    }
}

/// Prints keys, one below the other.
pub fn print(keys: &[KeyLife], output: &Output) {
    for key in keys {
        output.line(&key.kid);
        output.row("scheme", &key.key.scheme);
        output.row("identity", &key.identity);
        let from = key.from_index.map_or_else(|| "any leaf".to_owned(), |from| format!("leaf {from}"));
        match &key.end {
            None => {
                output.row("good", format_args!("{} from {from} on", output.paint(Tone::Good, "active,")))
            }
            Some(end) => {
                let until =
                    key.until_index.map(|until| format!(" to before leaf {until}")).unwrap_or_default();
                output.row("good", format_args!("from {from}{until}"));
                output.row("ended", ended(end, output));
            }
        }
    }
}

fn ended(end: &KeyEnd, output: &Output) -> String {
    let back = match (end.from_size, end.from_time_ms) {
        (Some(size), _) => format!(", from size {size} on"),
        (None, Some(time)) => format!(", from {} on", time::utc(time.0 / 1_000)),
        (None, None) => String::new(),
    };
    format!(
        "{} by leaf {} at height {}{back}",
        output.paint(Tone::Bad, end.kind.as_str()),
        end.index,
        end.height
    )
}

fn print_validator(key: &ValidatorKeyLife, output: &Output) {
    let until = |last: Option<Uint>| last.map_or_else(|| "on".to_owned(), |last| format!("to before {last}"));
    output.line(format_args!("{} {} {}", key.validator, key.role.as_str(), key.kid));
    output.row("heads", format_args!("from size {} {}", key.from_size, until(key.until_size)));
    output.row("epochs", format_args!("from {} {}", key.from_epoch, until(key.until_epoch)));
}

#[cfg(test)]
mod tests {
    use model::identity::KeyRole;
    use model::operation::Key;
    use model::scalar::Bytes;

    use super::*;

    fn life(kid: &str, from: (u64, u64), until: Option<(u64, u64)>) -> ValidatorKeyLife {
        ValidatorKeyLife {
            kid: kid.to_owned(),
            validator: "v1".to_owned(),
            role: KeyRole::Log,
            key: Key { scheme: "ed25519".to_owned(), public_key: Bytes(Vec::new()) },
            from_epoch: Uint(from.0),
            until_epoch: until.map(|it| Uint(it.0)),
            from_size: Uint(from.1),
            until_size: until.map(|it| Uint(it.1)),
        }
    }

    #[test]
    fn answers_are_joined_where_a_key_reigns_on() {
        let mut known =
            vec![life("a", (0, 1), Some((1, 5))), life("b", (0, 1), None), life("c", (1, 5), None)];
        let later = vec![life("b", (2, 9), Some((3, 12))), life("d", (2, 9), None)];
        join(&mut known, later, Uint(2));
        assert_eq!(
            known,
            [
                life("a", (0, 1), Some((1, 5))),
                life("b", (0, 1), Some((3, 12))),
                life("c", (1, 5), Some((2, 9))),
                life("d", (2, 9), None),
            ]
        );
    }
}
