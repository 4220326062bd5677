//! How documents name the shape of a value: by the type that carries it.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

/// Makes the schema of one type.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The schema of `T`, by reference where it has a name.
pub(crate) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A generator whose named schemas stand in `components`, as OpenAPI 3.1 and OpenRPC have it.
pub(crate) fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator()
}

/// A member of an object's schema.
pub(crate) struct Member {
    pub name: String,
    pub required: bool,
    pub schema: Value,
}

/// The members of an object's schema, which may be a reference into `generator`'s definitions.
pub(crate) fn members(schema: &Value, generator: &SchemaGenerator) -> Vec<Member> {
    let object = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.rsplit('/').next())
        .and_then(|name| generator.definitions().get(name))
        .unwrap_or(schema);
    let Some(members) = object["properties"].as_object() else { return Vec::new() };
    let required = |name: &str| {
        object["required"].as_array().is_some_and(|required| required.iter().any(|member| member == name))
    };
    members
        .iter()
        .map(|(name, schema)| Member { name: name.clone(), required: required(name), schema: schema.clone() })
        .collect()
}
