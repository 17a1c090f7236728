//! Descriptions of the messages, made from the Rust types: JSON Schema, TypeScript types and the
//! AsyncAPI document. They need the feature `describe`, which no server has.
//! `net/tests/described.rs` writes and compares the files. Nothing here names a file.

pub(crate) mod array;
mod forms;
mod typescript;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::messages::control::{ClientControl, ServerMessage};
use crate::messages::event::Events;
use crate::messages::tick::{InputMessage, Private};
use crate::views::delta::Delta;
use crate::views::snapshot::Snapshot;
pub(crate) use array::array;
pub use typescript::typescript;

/// Returns the JSON Schema (draft 7) of every message, as definitions: `client.hello`,
/// `server.snapshot` and so on. `client` and `server` are any message of that side.
#[must_use]
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft07().into_generator();
    let mut messages = Map::new();
    control::<ClientControl>(&mut generator, "client", &mut messages);
    control::<ServerMessage>(&mut generator, "server", &mut messages);
    let hot: [(&str, Hot); 5] = [
        ("client.input", InputMessage::json_schema),
        ("server.snapshot", Snapshot::json_schema),
        ("server.delta", Delta::json_schema),
        ("server.private", Private::json_schema),
        ("server.events", Events::json_schema),
    ];
    for (name, schema) in hot {
        messages.insert(name.to_owned(), transformed(&mut generator, schema));
    }
    for side in ["client", "server"] {
        let references: Vec<Value> = messages
            .keys()
            .filter(|name| name.starts_with(&format!("{side}.")))
            .map(|name| json!({"$ref": format!("#/definitions/{name}")}))
            .collect();
        messages.insert(side.to_owned(), json!({"oneOf": references}));
    }
    messages.extend(generator.take_definitions(true));
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The messages of bolide.v1",
        "description": "What a frame of a client is: #/definitions/client. What a frame of a server is: \
                        #/definitions/server. Both as JSON; MessagePack is the same but for coordinates, see \
                        #/definitions/Coordinate. Generated from the Rust types; what the messages mean is told in \
                        protocol.md.",
        "definitions": messages,
    });
    finish(&mut schema);
    schema
}

type Hot = fn(&mut SchemaGenerator) -> schemars::Schema;

/// Each variant of a tagged enum as a definition of its own.
fn control<T: JsonSchema>(
    generator: &mut SchemaGenerator,
    side: &str,
    messages: &mut Map<String, Value>,
) {
    let mut schema = transformed(generator, T::json_schema);
    for variant in schema["oneOf"].as_array_mut().into_iter().flatten() {
        let tag = variant["properties"]["t"]["const"].as_str().expect("a tagged variant");
        messages.insert(format!("{side}.{tag}"), variant.take());
    }
}

fn transformed(generator: &mut SchemaGenerator, schema: Hot) -> Value {
    let mut schema = schema(generator);
    generator.transforms_mut().for_each(|transform| transform.transform(&mut schema));
    schema.to_value()
}

/// Links are for rustdoc.
fn without_links(text: &str) -> String {
    text.replace("[`", "`").replace("`]", "`").replace("crate::", "")
}

/// Descriptions are for people who do not read Rust, and a format is for nobody's validator.
fn finish(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = without_links(text).replace('\n', " ");
            }
            if map.get("format").is_some_and(|format| format == "uint32") {
                map.insert("maximum".to_owned(), json!(u32::MAX));
            }
            map.values_mut().for_each(finish);
        }
        Value::Array(list) => list.iter_mut().for_each(finish),
        _ => {}
    }
}

/// Returns the AsyncAPI 3 document: a skeleton with the schema and the examples of every message.
/// `goldens` is `net/tests/golden/frames.json`.
///
/// # Panics
/// `goldens` does not have the form of that file.
#[must_use]
pub fn asyncapi(goldens: &Value) -> Value {
    let mut document: Value = serde_json::from_str(SKELETON).expect("the skeleton is JSON");
    let mut schema = schema();
    point_to_components(&mut schema);
    let Value::Object(schemas) = schema["definitions"].take() else { unreachable!("a map") };
    for name in schemas.keys() {
        let Some((side, kind)) = name.split_once('.') else { continue };
        let message = json!({
            "name": kind,
            "title": format!("{kind}, from the {side}"),
            "payload": {"$ref": format!("#/components/schemas/{name}")},
            "examples": examples(goldens, side, kind),
        });
        document["components"]["messages"][name] = message;
        let component = format!("#/components/messages/{name}");
        document["channels"]["play"]["messages"][name] = json!({"$ref": component});
        let operation = &mut document["operations"][side]["messages"];
        let operation = operation.as_array_mut().expect("the skeleton has this operation");
        operation.push(json!({"$ref": format!("#/channels/play/messages/{name}")}));
    }
    document["components"]["schemas"] = Value::Object(schemas);
    document
}

const SKELETON: &str = include_str!("describe/asyncapi.json");

fn point_to_components(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref") {
                *reference = reference.replace("#/definitions/", "#/components/schemas/");
            }
            map.values_mut().for_each(point_to_components);
        }
        Value::Array(list) => list.iter_mut().for_each(point_to_components),
        _ => {}
    }
}

fn examples(goldens: &Value, side: &str, kind: &str) -> Vec<Value> {
    let goldens = goldens.as_array().expect("an array of golden frames");
    let of_this = goldens.iter().filter(|g| g["from"] == side && g["meaning"]["kind"] == kind);
    let example = |golden: &Value| {
        let frame = golden["json"].as_str().expect("a frame");
        let payload: Value = serde_json::from_str(frame).expect("JSON");
        json!({"name": golden["name"], "payload": payload})
    };
    of_this.map(example).collect()
}
