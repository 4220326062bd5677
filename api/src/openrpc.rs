//! The OpenRPC document, made from the table of methods. Source: OpenRPC specification 1.3.2.

use model::error::Problem;
use serde_json::{Value, json};

use crate::methods::Method;
use crate::schema;

/// The document.
pub(crate) fn document() -> Value {
    let mut generator = schema::generator();
    let mut methods = Vec::new();
    for method in Method::ALL {
        let (params, result) = method.shapes();
        let params = params(&mut generator);
        let result = result(&mut generator);
        methods.push(json!({
            "name": method.name(),
            "summary": method.summary(),
            "paramStructure": "by-name",
            "params": by_name(params.as_value(), generator.definitions()),
            "result": { "name": "result", "schema": result },
        }));
    }
    schema::of::<Problem>(&mut generator);
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "Quorate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Errors carry a Problem in `data`; its `code` is stable.",
        },
        "methods": methods,
        "components": { "schemas": generator.take_definitions(true) },
    })
}

/// The members of a parameter object, one content descriptor each.
fn by_name(schema: &Value, definitions: &serde_json::Map<String, Value>) -> Vec<Value> {
    let named = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.rsplit('/').next())
        .and_then(|name| definitions.get(name))
        .unwrap_or(schema);
    let required = |name: &str| {
        named["required"].as_array().is_some_and(|required| required.iter().any(|member| member == name))
    };
    let Some(members) = named["properties"].as_object() else { return Vec::new() };
    let descriptor =
        |(name, schema): (&String, &Value)| json!({ "name": name, "required": required(name), "schema": schema });
    members.iter().map(descriptor).collect()
}
