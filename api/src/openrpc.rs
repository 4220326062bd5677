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
        let descriptors: Vec<Value> = schema::members(params.as_value(), &generator)
            .into_iter()
            .map(
                |member| json!({ "name": member.name, "required": member.required, "schema": member.schema }),
            )
            .collect();
        methods.push(json!({
            "name": method.name(),
            "summary": method.summary(),
            "paramStructure": "by-name",
            "params": descriptors,
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
