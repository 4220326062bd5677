//! `anchor_list`, `anchor_get`, and the evidence as files.

use anchor::{Anchored, Record, State};
use model::anchor::{Anchor, AnchorParams, AnchorService, AnchorState, AnchoredCheckpoint, AnchorsAnswer};
use model::error::{AnchorError, ApiError};
use model::scalar::{Bytes, Hash, Uint};

use crate::api::Api;

/// The file with the text that was anchored.
const TEXT_FILE: &str = "checkpoint.txt";

/// Whether the evidence is told, too.
#[derive(Clone, Copy)]
enum Evidence {
    Told,
    LeftOut,
}

/// Who is asked, and how the newest anchors stand.
pub(crate) fn list(api: &Api) -> AnchorsAnswer {
    let door = &api.doors().anchoring;
    let services = door.services.iter().map(|one| AnchorService {
        name: one.name.clone(),
        kind: one.kind.word().to_owned(),
        url: one.url.clone(),
    });
    let newest = door.newest.borrow().clone();
    AnchorsAnswer {
        services: services.collect(),
        checkpoints: newest.iter().map(|one| checkpoint(one, Evidence::LeftOut)).collect(),
    }
}

/// The anchors of one checkpoint, with their evidence.
///
/// # Errors
/// `Anchor` when there are none, `Storage` or `Internal`.
pub(crate) async fn get(api: &Api, params: AnchorParams) -> Result<AnchoredCheckpoint, ApiError> {
    Ok(checkpoint(&find(api, params.size.0).await?, Evidence::Told))
}

/// A file of a checkpoint: the text that was anchored, or the evidence of one anchor.
///
/// # Errors
/// `Anchor` when there is none, `Storage` or `Internal`.
pub(crate) async fn file(api: &Api, size: u64, name: &str) -> Result<Vec<u8>, ApiError> {
    let anchored = find(api, size).await?;
    if name == TEXT_FILE {
        return Ok(anchored.text.into_bytes());
    }
    let found = anchored.records.into_iter().find(|record| file_name(record) == name);
    let shown = || name.chars().take(80).collect();
    found.and_then(|it| it.evidence).ok_or_else(|| AnchorError::NoFile { size, file: shown() }.into())
}

async fn find(api: &Api, size: u64) -> Result<Anchored, ApiError> {
    let door = &api.doors().anchoring;
    let newest = door.newest.borrow().clone();
    if let Some(one) = newest.iter().find(|one| one.size == size) {
        return Ok(one.clone());
    }
    let older = door.older.clone();
    let read = tokio::task::spawn_blocking(move || older.read(size)).await;
    match read.map_err(|_| ApiError::Internal)? {
        Ok(Some(one)) => Ok(one),
        Ok(None) => Err(AnchorError::Unknown { size }.into()),
        Err(fault) => {
            tracing::error!(%fault, size, "the anchors of a checkpoint could not be read");
            Err(ApiError::Storage)
        }
    }
}

fn file_name(record: &Record) -> String {
    format!("{}.{}", record.service, record.kind.extension())
}

fn checkpoint(one: &Anchored, evidence: Evidence) -> AnchoredCheckpoint {
    AnchoredCheckpoint {
        size: Uint(one.size),
        text: one.text.clone(),
        digest: Hash(one.digest()),
        anchors: one.records.iter().map(|record| anchor(record, evidence)).collect(),
    }
}

fn anchor(record: &Record, evidence: Evidence) -> Anchor {
    let mut shown = Anchor {
        service: record.service.clone(),
        kind: record.kind.word().to_owned(),
        url: record.url.clone(),
        state: AnchorState::Requested,
        time_ms: None,
        accuracy_us: None,
        policy: None,
        serial: None,
        authority: None,
        height: None,
        block: None,
        calendars: Vec::new(),
        since_s: Uint(record.since_s),
        failures: Uint(record.failures.into()),
        fault: record.fault.clone(),
        file: record.evidence.as_ref().map(|_| file_name(record)),
        evidence: match evidence {
            Evidence::Told => record.evidence.clone().map(Bytes),
            Evidence::LeftOut => None,
        },
    };
    match record.standing.clone() {
        State::Requested {} => {}
        State::Pending { calendars } => (shown.state, shown.calendars) = (AnchorState::Pending, calendars),
        State::Attested { height } => {
            (shown.state, shown.height) = (AnchorState::Attested, Some(Uint(height)));
        }
        State::Stamped { time_ms, accuracy_us, policy, serial, authority } => {
            shown.state = AnchorState::Confirmed;
            shown.time_ms = Some(Uint(time_ms));
            shown.accuracy_us = accuracy_us.map(Uint);
            (shown.policy, shown.serial, shown.authority) = (Some(policy), Some(serial), Some(authority));
        }
        State::Mined { height, time_s, hash } => {
            shown.state = AnchorState::Confirmed;
            shown.time_ms = Some(Uint(time_s.saturating_mul(1_000)));
            (shown.height, shown.block) = (Some(Uint(height)), Some(hash));
        }
        State::Failed {} => shown.state = AnchorState::Failed,
    }
    shown
}
