//! The arrays whose serde is written by hand, and the forms that each may take. The golden frames
//! prove that the serde writes these forms.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use ts_rs::{Config, TS};

use super::array::tuple;
use crate::messages::entity::{FireballState, PlayerChange, PlayerState};
use crate::messages::event::WireEvent;
use crate::messages::tick::InputMessage;
use crate::wire::coordinate::Coordinate;

/// A form of an array: its case, and its elements, each a name and a type. A type that is a number
/// is that number.
type Form = (&'static str, &'static str);

#[rustfmt::skip]
const PLAYER: [Form; 3] = [
    ("Stands, or is there now.", "id:u16 x:place y:place health:u16 life:life"),
    ("Walks from x, y since the end of that tick.", "id:u16 x:place y:place health:u16 life:life to_x:place to_y:place since:u32"),
    ("Is pushed from x, y; to is one unit away.", "id:u16 x:place y:place health:u16 life:life to_x:place to_y:place since:u32 pushed:1"),
];

#[rustfmt::skip]
const CHANGE: [Form; 6] = [
    ("Stands, or is there now; health and life are the same.", "id:u16 x:place y:place"),
    ("Walks; health and life are the same.", "id:u16 x:place y:place to_x:place to_y:place since:u32"),
    ("Is pushed; health and life are the same.", "id:u16 x:place y:place to_x:place to_y:place since:u32 pushed:1"),
    PLAYER[0],
    PLAYER[1],
    PLAYER[2],
];

#[rustfmt::skip]
const FIREBALL: [Form; 1] = [
    ("Flies from x, y; the owner is null if it may not be known.", "id:u32 owner:u16? x:place y:place toward_x:place toward_y:place since:u32"),
];

#[rustfmt::skip]
const EVENT: [Form; 8] = [
    ("Shot.", "kind:0 player:u16 fireball:u32"),
    ("A fireball ended without a hit.", "kind:1 fireball:u32 x:place y:place"),
    ("Hit.", "kind:2 fireball:u32 by:u16? victim:u16 x:place y:place health:u16 rewind_ticks:u8"),
    ("Blink.", "kind:3 player:u16 from_x:place from_y:place to_x:place to_y:place"),
    ("Death; by null if it was the zone, or somebody out of sight.", "kind:4 player:u16 by:u16?"),
    ("Left the match for good.", "kind:5 player:u16"),
    ("Burned outside the zone.", "kind:6 player:u16 health:u16"),
    ("An event of a newer server, to be ignored.", "kind:newer"),
];

#[rustfmt::skip]
const INPUT: [Form; 2] = [
    ("Stop.", "kind:1 seq:u32 for_tick:u32? view:u32? intent:0"),
    ("Move (1), shoot (2) or blink (3).", "kind:1 seq:u32 for_tick:u32? view:u32? intent:intent x:place y:place"),
];

/// `forms!(Type, FORMS, whether more elements may follow)`.
macro_rules! forms {
    ($name:ident, $forms:ident, $open:expr) => {
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                schema_of(generator, &$forms, $open)
            }
        }

        impl TS for $name {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;

            fn name(_: &Config) -> String {
                stringify!($name).to_owned()
            }

            fn inline(config: &Config) -> String {
                typescript_of(config, &$forms)
            }

            fn decl(config: &Config) -> String {
                format!("type {} = {};", stringify!($name), Self::inline(config))
            }
        }
    };
}

forms!(PlayerState, PLAYER, false);
forms!(PlayerChange, CHANGE, false);
forms!(FireballState, FIREBALL, false);
forms!(WireEvent, EVENT, true);
forms!(InputMessage, INPUT, false);

fn schema_of(generator: &mut SchemaGenerator, forms: &[Form], open: bool) -> Schema {
    let mut schemas: Vec<Value> = Vec::new();
    for (about, elements) in forms {
        let elements: Vec<Value> =
            elements.split(' ').map(|element| element_schema(generator, element)).collect();
        let mut schema = json!({
            "description": about, "type": "array", "minItems": elements.len(), "prefixItems": elements,
        });
        if !open {
            schema["maxItems"] = schema["minItems"].clone();
        }
        schemas.push(schema);
    }
    match <[Value; 1]>::try_from(schemas) {
        Ok([only]) => Schema::try_from(only).expect("an object"),
        Err(schemas) => json_schema!({"oneOf": schemas}),
    }
}

fn element_schema(generator: &mut SchemaGenerator, element: &'static str) -> Value {
    let (name, kind) = named(element);
    let schema = match kind {
        "place" => generator.subschema_for::<Coordinate>(),
        "u8" => generator.subschema_for::<u8>(),
        "u16" => generator.subschema_for::<u16>(),
        "u16?" => generator.subschema_for::<Option<u16>>(),
        "u32" => generator.subschema_for::<u32>(),
        "u32?" => generator.subschema_for::<Option<u32>>(),
        "intent" => json_schema!({"type": "integer", "minimum": 1, "maximum": 3}),
        "life" => json_schema!({"type": "integer", "description": "0 alive, 1 dead, 2 left."}),
        "newer" => json_schema!({"type": "integer", "minimum": 7}),
        number => json_schema!({"const": constant(number)}),
    };
    let mut schema = schema.to_value();
    schema["title"] = json!(name);
    schema
}

fn typescript_of(config: &Config, forms: &[Form]) -> String {
    let element = |element: &'static str| {
        let (name, kind) = named(element);
        let typescript = match kind {
            "place" => Coordinate::name(config),
            "u8" | "u16" | "u32" | "life" => "number".to_owned(),
            "u16?" | "u32?" => "number | null".to_owned(),
            "intent" => "1 | 2 | 3".to_owned(),
            number => constant(number).to_string(),
        };
        format!("{name}: {typescript}")
    };
    // The type of an event of a newer server would cover all the others. A reader checks the kind
    // anyway.
    let known = forms.iter().filter(|(_, elements)| !elements.ends_with(":newer"));
    let tuples = known.map(|(_, elements)| tuple(None, elements.split(' ').map(element).collect()));
    tuples.collect::<Vec<_>>().join(" | ")
}

fn named(element: &'static str) -> (&'static str, &'static str) {
    element.split_once(':').expect("a name and a type")
}

fn constant(number: &str) -> u8 {
    number.parse().expect("a number, or a type that is known here")
}

impl JsonSchema for Coordinate {
    fn schema_name() -> Cow<'static, str> {
        "Coordinate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "JSON: units, with at most five decimals; the nearest multiple of 1/32768 is meant. \
                            MessagePack: an integer in grid steps of 1/32768 unit, -2097152 to 2097152. x grows to the \
                            right, y grows down.",
            "type": "number", "minimum": -64, "maximum": 64,
        })
    }
}

impl TS for Coordinate {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn docs() -> Option<String> {
        Some(
            "/** JSON: units. MessagePack: an integer in grid steps of 1/32768 unit. */\n"
                .to_owned(),
        )
    }

    fn name(_: &Config) -> String {
        "Coordinate".to_owned()
    }

    fn inline(_: &Config) -> String {
        "number".to_owned()
    }

    fn decl(_: &Config) -> String {
        "type Coordinate = number;".to_owned()
    }
}
