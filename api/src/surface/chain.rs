//! The chain and the caller as ProofNest's REST clients ask for them: where it stands, who validates, whose tenant asks.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use model::foreign_chain::{ChainStatus, ChainValidators};
use model::status::CallerAnswer;

use crate::calls::{foreign_chain, node};
use crate::guard::access::Access;
use crate::guard::principal::Principal;
use crate::respond::{self, Failure, Keep};
use crate::route::{Answers, Route, read};
use crate::routes::Context;
use crate::schema::of;

/// Its rows.
pub(super) fn routes() -> Vec<Route> {
    vec![
        read(
            "/v1/chain/status",
            "chain_status",
            "Where the chain stands.",
            Answers::Json(of::<ChainStatus>),
            || get(status),
        ),
        read(
            "/v1/chain/validators",
            "chain_validators",
            "Who validates.",
            Answers::Json(of::<ChainValidators>),
            || get(validators),
        ),
        Route {
            access: Access::Tenant,
            ..read(
                "/v1/tenant",
                "tenant",
                "Whose tenant asks, where x-tenant-id has to say it.",
                Answers::Json(of::<CallerAnswer>),
                || get(tenant),
            )
        },
    ]
}

async fn status(State(context): State<Context>) -> Result<Response, Failure> {
    Ok(respond::json(StatusCode::OK, Keep::Never, &foreign_chain::status(&context.api).await?))
}

async fn validators(State(context): State<Context>) -> Response {
    respond::json(StatusCode::OK, Keep::Never, &foreign_chain::validators(&context.api))
}

async fn tenant(principal: Principal) -> Response {
    respond::json(StatusCode::OK, Keep::Never, &node::caller(&principal))
}
