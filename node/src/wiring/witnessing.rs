//! The parts of a node that cosigns for others.

use std::sync::Arc;

use api::witnessing::{CosignReply, CosignerDoor};
use crypto::{MlDsa44Secret, SecretKey};
use proto::validators::ValidatorSet;
use tokio::sync::mpsc;

use super::StartError;
use crate::config::Config;
use crate::filesystem::System;
use crate::perform::Performer;
use crate::witness::book::Book;
use crate::witness::keys::WitnessKeys;
use crate::witness::server::{Answered, Server};
use crate::witness::settings;
use crate::{clock, failure, files};

/// Requests that wait to be judged.
const WAITING_MAX: usize = 64;

/// A node as a witness, if it is to be one, with what it cosigned before.
pub(super) fn cosigner(
    config: &Config,
    set: &ValidatorSet,
    ed25519: SecretKey,
    ml_dsa_65: SecretKey,
    ml_dsa_44: MlDsa44Secret,
) -> Result<Option<Server>, StartError> {
    let node = config.name.clone().unwrap_or_default();
    let (watched, name) = settings::watched(&config.witness, set, &node)?;
    if watched.is_empty() {
        return Ok(None);
    }
    let keys = WitnessKeys::new(&name, ed25519, ml_dsa_65, ml_dsa_44)?;
    let dir = config.data_dir.join(Book::DIR);
    files::private_dir(&dir).map_err(StartError::WitnessDir)?;
    let book = Book::open(Arc::new(System), &dir, &watched)?;
    Ok(Some(Server::new(watched, keys, book)))
}

/// Starts its thread, which ends with the last who can ask.
pub(super) fn serve(server: Server, performer: &Arc<Performer>) -> Result<CosignerDoor, StartError> {
    let (ask, requests) = mpsc::channel(WAITING_MAX);
    let shown = server.shown();
    let performer_of = Arc::downgrade(performer);
    let done = move |answered: &Answered| {
        let Some(performer) = performer_of.upgrade() else { return };
        performer.counters.cosigned(outcome(&answered.reply));
        if let Some(heads) = &answered.evidence {
            performer.counters.two_heads();
            performer.evidence.two_heads(heads.clone());
        }
    };
    let now_s = || clock::now().get() / 1_000;
    failure::spawn("witness", &performer.failure, move || server.serve(requests, now_s, done))?;
    Ok(CosignerDoor { ask, shown })
}

const fn outcome(reply: &CosignReply) -> &'static str {
    match reply {
        CosignReply::Cosigned(_) => "cosigned",
        CosignReply::Malformed(_) => "malformed",
        CosignReply::OriginUnknown(_) => "origin_unknown",
        CosignReply::Untrusted(_) => "untrusted",
        CosignReply::Conflict { .. } | CosignReply::KnownCheckpoint { .. } => "conflict",
        CosignReply::Inconsistent(_) => "inconsistent",
        CosignReply::NotRecorded => "not_recorded",
    }
}
