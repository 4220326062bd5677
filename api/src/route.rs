//! One row of the table of paths: what it serves, takes and answers, who may use it, and whose words it speaks.

use axum::routing::MethodRouter;

use crate::guard::access::Access;
use crate::routes::Context;
use crate::schema::SchemaOf;
use crate::surface::Surface;

/// The HTTP method of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    #[allow(dead_code, reason = "ours delete nothing; the surfaces of others do")]
    Delete,
}

/// What a route answers when all is well.
#[derive(Clone, Copy)]
pub(crate) enum Answers {
    /// JSON of this shape.
    Json(SchemaOf),
    /// JSON of this shape, or one of these types, as the question asks.
    JsonOr(SchemaOf, &'static [&'static str]),
    /// Text of this type.
    Text(&'static str),
    /// Bytes of one of these types.
    Octets(&'static [&'static str]),
    /// Server-sent events.
    Events,
}

/// How what a route refuses is written, where it is not the way of its surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusals {
    /// As a problem.
    Problem,
    /// As an answer of JSON-RPC, or as a problem when it is refused at the door.
    Rpc,
    /// As a concise problem in CBOR, or as a problem when it is refused at the door.
    Concise,
}

/// Bytes of no type that has a name.
pub(crate) const OCTETS: &[&str] = &["application/octet-stream"];

/// One path.
pub(crate) struct Route {
    pub verb: Verb,
    pub path: &'static str,
    /// The name in the document and in the counters.
    pub name: &'static str,
    pub summary: &'static str,
    /// What stands after the question mark.
    pub query: Option<SchemaOf>,
    pub body: Option<SchemaOf>,
    /// What the body may be besides, taken byte for byte.
    pub raw: &'static [&'static str],
    /// The statuses of success, the first being the usual one.
    pub statuses: &'static [u16],
    pub answers: Answers,
    pub refusals: Refusals,
    /// Who may use it.
    pub access: Access,
    /// Whose clients it is for; none: everybody's.
    pub surface: Option<Surface>,
    pub handler: Handler,
}

/// Text as most of it is sent.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// Makes the router's part of a route.
pub(crate) type Handler = fn() -> MethodRouter<Context>;

/// A GET without query, open to all.
pub(crate) const fn read(
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    answers: Answers,
    handler: Handler,
) -> Route {
    Route {
        verb: Verb::Get,
        path,
        name,
        summary,
        query: None,
        body: None,
        raw: &[],
        statuses: &[200],
        answers,
        refusals: Refusals::Problem,
        access: Access::Open,
        surface: None,
        handler,
    }
}

/// A POST of this shape, for callers who show a credential unless its row says otherwise.
pub(crate) const fn write(body: SchemaOf, route: Route) -> Route {
    Route { verb: Verb::Post, body: Some(body), access: Access::Credential, ..route }
}
