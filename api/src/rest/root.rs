//! `GET /` and `GET /health`: one body that the clients of several systems read, each what it knows.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::root::{AliveAnswer, RootAnswer};
use model::scalar::Uint;

use crate::calls::counts::{Counted, counts, vote_threshold};
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;
use crate::surface::Surface;

/// `GET /`.
pub(crate) async fn root(State(context): State<Context>) -> Response {
    let doors = context.api.doors();
    let spoken: Vec<&str> = doors.surfaces.iter().copied().map(Surface::title).collect();
    let name = match spoken.as_slice() {
        [] => "Quorate".to_owned(),
        some => format!("Quorate, speaking {}", some.join(", ")),
    };
    let version = doors.status.borrow().version.clone();
    let answer = RootAnswer {
        name,
        version,
        network: doors.set().network().to_string(),
        rpc: "POST /".to_owned(),
        document: "/openapi.json".to_owned(),
        health: "/health".to_owned(),
    };
    respond::json(StatusCode::OK, Keep::Asking, &answer)
}

/// `GET /health`: who can answer lives. Whether it can serve is asked at `/readyz`.
pub(crate) async fn health(State(context): State<Context>) -> Result<Response, Failure> {
    let Counted { identities, proofs, votes, confirmed_anchors } = counts(&context.api).await?;
    let validators = context.api.doors().set().count() as u64;
    let answer = AliveAnswer {
        status: "ok".to_owned(),
        check: "liveness".to_owned(),
        identities: Uint(identities),
        proofs: Uint(proofs),
        validators: Uint(validators),
        votes: Uint(votes),
        confirmed_anchors: Uint(confirmed_anchors),
        quorum_threshold: Uint(vote_threshold(validators)),
    };
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}
