//! The OpenAPI document, made from the table of paths. Source: OpenAPI specification 3.1.0.

use std::collections::BTreeSet;

use model::error::Problem;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::guard::Exposure;
use crate::guard::access::Access;
use crate::guard::shown::TENANT;
use crate::rest::scitt;
use crate::route::{Answers, Refusals, Route, Verb};
use crate::routes;
use crate::schema;
use crate::surface::{self, Surface};

/// The document of a public listener.
pub(crate) fn document(exposure: &Exposure, surfaces: &BTreeSet<Surface>) -> Value {
    let mut generator = schema::generator();
    let problem = schema::of::<Problem>(&mut generator);
    let mut paths = Map::new();
    for route in routes::table(exposure, surfaces) {
        let verb = match route.verb {
            Verb::Get => "get",
            Verb::Post => "post",
            Verb::Delete => "delete",
        };
        let operation = operation(&route, problem.as_value(), &mut generator);
        // That a name may hold slashes is nothing OpenAPI can say.
        let path = paths.entry(route.path.replace("{*", "{")).or_insert_with(|| json!({}));
        path[verb] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Quorate",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "A replicated append-only ledger for proofs and attestations. Ids and digests are \
                lower-case hex, bytes are padded base64, numbers above 2^53-1 are strings. Plain JSON is signed by \
                nodes with a gateway only; a signed envelope needs no token.",
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "key": { "type": "apiKey", "in": "header", "name": "x-api-key" },
            },
        },
    })
}

fn operation(route: &Route, problem: &Value, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for status in route.statuses {
        let content = match (status, route.answers) {
            (204, _) => json!({ "description": "Nothing to answer." }),
            (302 | 303, _) => json!({ "description": "Not final yet; ask where location says." }),
            (_, Answers::Json(shape)) => described("application/json", json!({ "schema": shape(generator) })),
            (_, Answers::JsonOr(shape, kinds)) => {
                let mut content = described("application/json", json!({ "schema": shape(generator) }));
                for kind in kinds {
                    content["content"][kind] = match kind.starts_with("text/") {
                        true => json!({ "schema": { "type": "string" } }),
                        false => json!({}),
                    };
                }
                content
            }
            (_, Answers::Text(kind)) => described(kind, json!({ "schema": { "type": "string" } })),
            (_, Answers::Octets(kinds)) => {
                let content: Map<_, _> = kinds.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect();
                json!({ "description": "As asked.", "content": content })
            }
            (_, Answers::Events) => described("text/event-stream", json!({ "schema": { "type": "string" } })),
        };
        responses.insert(status.to_string(), content);
    }
    responses.insert("default".to_owned(), refused(route, problem, generator));
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "parameters": parameters(route, generator),
        "responses": responses,
    });
    let mut taken = Map::new();
    if let Some(shape) = route.body {
        taken.insert("application/json".to_owned(), json!({ "schema": shape(generator) }));
    }
    taken.extend(route.raw.iter().map(|kind| ((*kind).to_owned(), json!({}))));
    if !taken.is_empty() {
        operation["requestBody"] = json!({ "required": true, "content": taken });
    }
    match route.access {
        Access::Open => {}
        Access::Signed | Access::Private => {
            operation["security"] = json!([{}, { "token": [] }, { "key": [] }])
        }
        Access::Credential | Access::Tenant => {
            operation["security"] = json!([{ "token": [] }, { "key": [] }])
        }
        Access::Scope(scope) => operation["security"] = json!([{ "token": [scope] }, { "key": [scope] }]),
    }
    if let Some(surface) = route.surface {
        operation["tags"] = json!([surface.name()]);
    }
    operation
}

/// What it refuses: in the words of its surface, or as everybody reads it.
fn refused(route: &Route, problem: &Value, generator: &mut SchemaGenerator) -> Value {
    let mut content = Map::new();
    match (route.surface, route.refusals) {
        (Some(_), _) => {
            let refusal = schema::of::<surface::Refusal>(generator);
            content.insert("application/json".to_owned(), json!({ "schema": refusal }));
        }
        (None, Refusals::Problem) => {}
        (None, Refusals::Rpc) => {
            content.insert("application/json".to_owned(), json!({}));
        }
        (None, Refusals::Concise) => {
            content.insert(scitt::PROBLEM.to_owned(), json!({}));
        }
    }
    if route.surface.is_none() {
        content.insert("application/problem+json".to_owned(), json!({ "schema": problem }));
    }
    json!({ "description": "Refused; `code` is stable.", "content": content })
}

fn described(kind: &str, content: Value) -> Value {
    json!({ "description": "As asked.", "content": { kind: content } })
}

/// What may stand in a part of a path.
fn part(path: &str, name: &str) -> Value {
    let pattern = match (path, name) {
        (_, "sid") => return json!({ "type": "string", "format": "uuid" }),
        ("/v1/artifacts/{id}" | "/v1/artifacts/{id}/bytes", "id") => "^[0-9a-f]{64}$",
        ("/v1/anchors/{size}" | "/v1/anchors/{size}/{file}", "size") => "^(0|[1-9][0-9]{0,18})$",
        ("/v1/entries/{name}" | "/v1/entries/{name}/receipt", "name") => {
            "^([0-9a-f]{64}|0|[1-9][0-9]{0,18})$"
        }
        _ => return json!({ "type": "string" }),
    };
    json!({ "type": "string", "pattern": pattern })
}

fn parameters(route: &Route, generator: &mut SchemaGenerator) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = in_path.map(|name| name.trim_start_matches('*'));
    let mut parameters: Vec<Value> = in_path
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": part(route.path, name) }))
        .collect();
    match route.access {
        Access::Tenant => parameters.push(json!({
            "name": TENANT.as_str(), "in": "header", "required": true, "schema": { "type": "string" }
        })),
        Access::Open | Access::Signed | Access::Private | Access::Credential | Access::Scope(_) => {}
    }
    if let Some(query) = route.query {
        let schema = query(generator);
        parameters.extend(schema::members(schema.as_value(), generator).into_iter().map(|member| {
            json!({ "name": member.name, "in": "query", "required": member.required, "schema": member.schema })
        }));
    }
    parameters
}
