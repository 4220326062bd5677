//! The log as static files: tiles of hashes and bundles of entries, for tools that know nothing of this ledger.
//!
//! With `/checkpoint` this is a log as monitors and mirrors read it. All of it lies below a head that a quorum signed,
//! so it never changes, and any cache may stand before it. What is not of C2SP is what an audit needs besides:
//! the genesis, older heads, and what blocks state by digests alone.
//! Source: C2SP tlog-tiles; `ledger/archive`.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use ledger::LedgerReader;
use ledger::read::ReadError;
use merkle::TileId;
use model::chain::CheckpointParams;
use model::error::ApiError;
use model::scalar::Position;
use proto::canonical::Canonical as _;
use proto::counter::Height;

use super::part;
use crate::calls::chain;
use crate::guard::sight::Sight;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

const OCTETS: &str = "application/octet-stream";
const TEXT: &str = "text/plain; charset=utf-8";

fn unknown(name: &str) -> ApiError {
    ApiError::TileUnknown { name: name.chars().take(80).collect() }
}

/// A file of which there is one for each number: its name is the number, in groups of three digits as in a tile's.
fn number(name: &str) -> Option<u64> {
    let tile: TileId = format!("0/{name}").parse().ok()?;
    tile.is_full().then(|| tile.index())
}

/// Reads a file that never changes; `read` gives none if there is no such file.
async fn file<T: Send + 'static>(
    context: &Context,
    keep: Keep,
    path: Result<Path<String>, PathRejection>,
    parse: fn(&str) -> Option<T>,
    read: impl FnOnce(&LedgerReader, T) -> Result<Option<Vec<u8>>, ReadError> + Send + 'static,
) -> Result<Response, Failure> {
    let name = part(path)?;
    let read = move |reader: &LedgerReader| {
        let what = parse(&name).ok_or_else(|| unknown(&name))?;
        Ok(read(reader, what)?.ok_or_else(|| unknown(&name))?)
    };
    let bytes = context.api.read(read).await?;
    Ok(respond::of(StatusCode::OK, OCTETS, keep, bytes))
}

/// `GET /tile/<level>/<index>[.p/<width>]`: hashes, 32 bytes each.
pub(crate) async fn tile(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    file(&context, Keep::Forever, path, |name| name.parse().ok(), LedgerReader::tile_file).await
}

/// `GET /tile/entries/<index>[.p/<width>]`: entries, each behind its length in two bytes. One that may not be seen hides the
/// bundle: without it the others would be no bundle.
pub(crate) async fn entries(
    State(context): State<Context>,
    sight: Sight,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    // A bundle holds the entries whose hashes the tile of that name on level 0 holds.
    let tile = |name: &str| format!("0/{name}").parse().ok();
    let keep = sight.keep(Keep::Forever);
    let read = move |reader: &LedgerReader, tile| {
        let bundle = reader.entries_file(tile)?;
        Ok(bundle.filter(|bundle| sees_bundle(&sight, bundle)))
    };
    file(&context, keep, path, tile, read).await
}

fn sees_bundle(sight: &Sight, mut bundle: &[u8]) -> bool {
    if sight.sees_all() {
        return true;
    }
    // Every length is right: the bundle was made here.
    while let Some((length, rest)) = bundle.split_first_chunk() {
        let Some((leaf, rest)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))) else {
            break;
        };
        if !sight.sees_leaf(leaf) {
            return false;
        }
        bundle = rest;
    }
    true
}

/// `GET /beside/<height>`: what a block's leaves state by digests alone; for audits.
pub(crate) async fn beside(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let read = |reader: &LedgerReader, height| Ok(reader.beside(height)?.map(|beside| beside.encode()));
    file(&context, Keep::Forever, path, |name| number(name).map(Height::new), read).await
}

/// `GET /checkpoints/<size>`: the head of one size as signed note, if a quorum signed one.
pub(crate) async fn checkpoint(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let name = part(path)?;
    let size = number(&name).ok_or_else(|| unknown(&name))?;
    let params = CheckpointParams { size: Position::At(size) };
    let answer = chain::checkpoint(&context.api, params).await?;
    Ok(respond::of(StatusCode::OK, TEXT, Keep::Forever, answer.note.into_bytes()))
}

/// `GET /genesis`: its canonical bytes, whose SHA-256 is the network's id.
pub(crate) async fn genesis(State(context): State<Context>) -> Response {
    let bytes = context.api.doors().genesis.encode();
    respond::of(StatusCode::OK, OCTETS, Keep::Forever, bytes)
}
