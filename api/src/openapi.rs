//! The OpenAPI document, made from the table of paths. Source: OpenAPI specification 3.1.0.

use model::error::Problem;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::guard::Exposure;
use crate::routes::{self, Answers, Route, Verb};
use crate::schema;

/// The document of a public listener.
pub(crate) fn document(exposure: &Exposure) -> Value {
    let mut generator = schema::generator();
    let problem = schema::of::<Problem>(&mut generator);
    let mut paths = Map::new();
    for route in routes::table(exposure) {
        let verb = match route.verb {
            Verb::Get => "get",
            Verb::Post => "post",
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
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
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
            (_, Answers::Octets) => described("application/octet-stream", json!({})),
            (_, Answers::Events) => described("text/event-stream", json!({ "schema": { "type": "string" } })),
        };
        responses.insert(status.to_string(), content);
    }
    let refused = json!({
        "description": "A problem; `code` is stable.",
        "content": { "application/problem+json": { "schema": problem } },
    });
    responses.insert("default".to_owned(), refused);
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
    if route.name == "ledger_submit" {
        operation["security"] = json!([{}, { "token": [] }]);
    }
    operation
}

fn described(kind: &str, content: Value) -> Value {
    json!({ "description": "As asked.", "content": { kind: content } })
}

fn parameters(route: &Route, generator: &mut SchemaGenerator) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = in_path.map(|name| name.trim_start_matches('*'));
    let mut parameters: Vec<Value> = in_path
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if let Some(query) = route.query {
        let schema = query(generator);
        parameters.extend(schema::members(schema.as_value(), generator).into_iter().map(|member| {
            json!({ "name": member.name, "in": "query", "required": member.required, "schema": member.schema })
        }));
    }
    parameters
}
