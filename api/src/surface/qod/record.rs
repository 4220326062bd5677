//! Records: a proof, its place in the chain, and the seal of this node; bundles and files of them.
//!
//! All follow from what the ledger keeps of a session. The seal is Ed25519 over the text of the hash, by the key of this
//! node's service, so it differs from node to node and never from answer to answer; the hash it seals is everywhere the
//! same.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use ledger::read::ReadError;
use ledger::session::{Finalized, GENESIS, Proof, Session};
use ledger::{LedgerReader, session};
use model::error::{ApiError, SurfaceError};
use model::qod::{Record, seal_text};
use proto::canon::{Float, Value};
use proto::counter::TimeMs;
use proto::session::SessionId;

use super::body::{self, answer, ok};
use super::intake::SESSION;
use super::keys::kid;
use crate::api::{Api, Fault};
use crate::guard::sight::Sight;
use crate::respond::Failure;
use crate::routes::Context;

/// What is not there before it is finalized.
pub(super) const PROOF: &str = "proof of this session; finalize it first: it was";

/// A finalized session, as the ledger keeps it.
pub(super) struct Kept {
    pub(super) id: SessionId,
    pub(super) session: Session,
    pub(super) finalized: Finalized,
    pub(super) proof: Proof,
}

/// A record of this node.
pub(super) struct Sealed {
    pub(super) kept: Kept,
    pub(super) record: Record,
}

/// Seconds since 1970, as a float.
pub(super) fn epoch(time: TimeMs) -> Value {
    i64::try_from(time.get()).ok().and_then(|ms| Float::decimal(ms, 3)).into()
}

impl Kept {
    /// What the ledger keeps of a finalized session.
    pub(super) fn find(reader: &LedgerReader, id: SessionId) -> Result<Option<Self>, ReadError> {
        let Some(session) = reader.session(&id)? else { return Ok(None) };
        let Some(finalized) = session.finalized else { return Ok(None) };
        let proof = Proof::of(&id, &session, finalized.time);
        Ok(Some(Self { id, session, finalized, proof }))
    }

    fn previous(&self) -> String {
        self.finalized.previous.map_or_else(|| GENESIS.to_owned(), |hash| hash.to_string())
    }
}

/// The record of a session that may be seen, sealed by this node; where no validator endorsed its key, without a seal.
///
/// # Errors
/// `Storage` or `Internal`.
pub(super) async fn sealed(api: &Api, sight: &Sight, id: SessionId) -> Result<Option<Sealed>, ApiError> {
    let sight = sight.clone();
    let key = api.doors().service.public().id();
    let read = move |reader: &LedgerReader| {
        let endorsed = reader.service(&key)?.is_some();
        let found = Kept::find(reader, id)?.filter(|kept| sight.sees(&kept.session.tenant));
        Ok::<_, Fault>(found.map(|kept| (kept, endorsed)))
    };
    let Some((kept, endorsed)) = api.read(read).await? else { return Ok(None) };
    let this_hash = kept.finalized.this.to_string();
    let service = &api.doors().service;
    let seal = endorsed.then(|| service.seal(this_hash.as_bytes())).flatten();
    let (signature, kid) = match seal {
        Some(seal) => (seal_text(&seal), kid(service.public())),
        None => (String::new(), String::new()),
    };
    let record = Record {
        created_at: epoch(kept.finalized.time),
        prev_hash: kept.previous(),
        this_hash,
        signature,
        kid,
        proof: kept.proof.proof.clone(),
        // What was withdrawn is not given out.
        artifact: kept.session.deleted.is_none().then(|| kept.proof.artifact.clone()),
    };
    Ok(Some(Sealed { kept, record }))
}

impl Sealed {
    /// The answer to who had it made.
    pub(super) fn answer(&self) -> Value {
        self.record.answer()
    }

    fn ledger(&self) -> Value {
        let Record { created_at, prev_hash, this_hash, signature, kid, .. } = &self.record;
        Value::object([
            ("created_at", created_at.clone()),
            ("prev_hash", prev_hash.as_str().into()),
            ("this_hash", this_hash.as_str().into()),
            ("signature", signature.as_str().into()),
            ("kid", kid.as_str().into()),
        ])
    }

    fn bundle(&self) -> Value {
        let id = self.kept.id;
        Value::object([
            ("session_id", id.to_string().into()),
            ("ledger", self.ledger()),
            ("proof", self.record.proof.clone()),
            ("runtime_artifact", self.record.artifact.clone().unwrap_or(Value::Null)),
            ("runtime_artifact_relpath", format!("{id}/artifact.json").into()),
            ("jwks_url", "/.well-known/jwks.json".into()),
        ])
    }

    /// The record as a task's result, as `artifact_v1.json` holds it.
    fn wrapper(&self) -> Value {
        Value::object([
            ("schema_version", "v1".into()),
            ("task", "finalize a quality-on-demand proof".into()),
            ("summary", "a proof record, and the artifact whose hash it holds".into()),
            ("outputs", Value::object([("proof_record", self.answer())])),
            ("citations", Value::List(Vec::new())),
            ("quality", Value::object([("has_telemetry", true.into()), ("validated_in_test", true.into())])),
        ])
    }
}

async fn find(api: &Api, sight: &Sight, sid: &str) -> Result<Sealed, ApiError> {
    let id = body::session(sid)?;
    sealed(api, sight, id).await?.ok_or_else(|| SurfaceError::Unknown { what: PROOF }.into())
}

/// `GET /proof/{sid}`.
pub(super) async fn proof(
    State(context): State<Context>,
    sight: Sight,
    Path(sid): Path<String>,
) -> Result<Response, Failure> {
    let sealed = find(&context.api, &sight, &sid).await?;
    let Value::Object(mut members) = sealed.answer() else { return Err(ApiError::Internal.into()) };
    members.insert("session_id".to_owned(), sealed.kept.id.to_string().into());
    members.insert("created_at".to_owned(), sealed.record.created_at.clone());
    Ok(ok(&Value::Object(members)))
}

/// `GET /proof/{sid}/bundle`.
pub(super) async fn bundle(
    State(context): State<Context>,
    sight: Sight,
    Path(sid): Path<String>,
) -> Result<Response, Failure> {
    Ok(ok(&find(&context.api, &sight, &sid).await?.bundle()))
}

/// `GET /artifacts/{sid}/artifact.json` and `artifact_v1.json`.
pub(super) async fn artifact(
    State(context): State<Context>,
    sight: Sight,
    Path((sid, file)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let sealed = find(&context.api, &sight, &sid).await?;
    if let Some(at) = sealed.kept.session.deleted {
        let fault = format!("the {SESSION} was deleted by entry {}; its hash stays", at.index);
        return Err(ApiError::from(SurfaceError::Gone { fault }).into());
    }
    match file.as_str() {
        "artifact.json" => Ok(answer(StatusCode::OK, &sealed.kept.proof.artifact)),
        "artifact_v1.json" => Ok(answer(StatusCode::OK, &sealed.wrapper())),
        _ => Err(ApiError::from(SurfaceError::Unknown { what: "file of this proof" }).into()),
    }
}

/// The hash of the proof before one; none before the first.
pub(super) fn before(kept: &Kept) -> Option<String> {
    kept.finalized.previous.map(|hash| hash.to_string())
}

/// The profile of a session in the words of its clients.
pub(super) fn profile(kept: &Session) -> &'static str {
    session::Profile::of(kept.intent.target_p95_latency_ms).name()
}
