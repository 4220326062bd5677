//! The log as static files: tiles of hashes and bundles of entries, for tools that know nothing of this ledger.
//!
//! With `/checkpoint` this is a log as monitors and mirrors read it. Nothing here ever changes, so any cache may
//! stand before it.
//! Source: C2SP tlog-tiles.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::error::ApiError;
use proto::counter::LeafIndex;

use super::part;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

const OCTETS: &str = "application/octet-stream";

fn unknown(name: &str) -> ApiError {
    ApiError::TileUnknown { name: name.chars().take(80).collect() }
}

/// `GET /tile/<level>/<index>[.p/<width>]`: hashes, 32 bytes each.
pub(crate) async fn tile(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let name = part(path)?;
    let read = move |reader: &ledger::LedgerReader| {
        let tile = name.parse().ok().ok_or_else(|| unknown(&name))?;
        Ok(reader.tile(tile)?.ok_or_else(|| unknown(&name))?)
    };
    let hashes = context.api.read(read).await?;
    let bytes = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
    Ok(respond::of(StatusCode::OK, OCTETS, Keep::Forever, bytes))
}

/// `GET /tile/entries/<index>[.p/<width>]`: entries, each behind its length in two bytes.
pub(crate) async fn entries(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let name = part(path)?;
    let read = move |reader: &ledger::LedgerReader| {
        // A bundle holds the entries whose hashes the tile of that name on level 0 holds.
        let tile = format!("0/{name}").parse().ok().ok_or_else(|| unknown(&name))?;
        let width = reader.tile(tile)?.ok_or_else(|| unknown(&name))?.len();
        let first = LeafIndex::new(tile.index().saturating_mul(256));
        let mut bundle = Vec::new();
        for entry in reader.entries(first, width)? {
            // Leaves have at most 65,535 bytes: `ledger` makes no longer ones.
            let length = u16::try_from(entry.len()).map_err(|_| ApiError::Storage)?;
            bundle.extend_from_slice(&length.to_be_bytes());
            bundle.extend_from_slice(&entry);
        }
        Ok(bundle)
    };
    let bundle = context.api.read(read).await?;
    Ok(respond::of(StatusCode::OK, OCTETS, Keep::Forever, bundle))
}
