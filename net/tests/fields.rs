//! Tests every field of every client message, in both formats. A value of a wrong type is refused
//! with the name of the field and the allowed values, null counts as absent, and a whole number may
//! have a decimal point.

use std::collections::BTreeSet;

use bolide_net::{ClientMessage, Codec, DecodeError, ErrorCode};
use serde_json::{Map, Value, json};

/// A field of a message.
struct Field {
    kind: &'static str,
    name: &'static str,
    is_needed: bool,
    good: Value,
    allowed: &'static str,
}

const ID: &str = "a text of 1 to 128 characters";

fn fields() -> Vec<Field> {
    let field =
        |kind, name, is_needed, good, allowed| Field { kind, name, is_needed, good, allowed };
    vec![
        field("hello", "name", true, json!("Ada"), "a text of 1 to 24 characters"),
        field("hello", "mode", false, json!("duel"), ID),
        field("hello", "room", false, json!("here"), ID),
        field("hello", "code", false, json!("K7Q2MX"), "a text of 6 letters and digits"),
        field("hello", "create", false, json!("private"), "\"public\" or \"private\""),
        field("hello", "resume", false, json!("token"), ID),
        field("hello", "sync", false, json!("events"), "\"full\", \"state\" or \"events\""),
        field("chat", "text", true, json!("hi"), "a text of 1 to 200 characters"),
        field("pong", "nonce", true, json!(7), "the number of the ping"),
        field("lock", "locked", true, json!(true), "true or false"),
        field("bots", "wanted", true, json!(false), "true or false"),
    ]
}

/// Returns the message with its required fields, and with this value for the field. Without a value
/// the field is left out.
fn message(of: &Field, value: Option<Value>) -> Map<String, Value> {
    let mut message = Map::from_iter([("t".to_owned(), json!(of.kind))]);
    let needed = fields().into_iter().filter(|field| field.is_needed && field.kind == of.kind);
    message.extend(needed.map(|field| (field.name.to_owned(), field.good)));
    message.remove(of.name);
    message.extend(value.map(|value| (of.name.to_owned(), value)));
    message
}

fn decode(codec: Codec, message: &Map<String, Value>) -> Result<ClientMessage, DecodeError> {
    let frame = match codec {
        Codec::Json => serde_json::to_vec(message).expect("encodes"),
        Codec::MessagePack => rmp_serde::to_vec(message).expect("encodes"),
    };
    codec.decode_client(&frame)
}

fn refused(codec: Codec, message: &Map<String, Value>, text: &str) {
    let error = decode(codec, message).expect_err(&format!("{codec:?} {message:?}"));
    assert_eq!(error.code(), ErrorCode::Malformed, "{codec:?} {message:?}: {error}");
    assert_eq!(error.to_string(), text, "{codec:?} {message:?}");
}

#[test]
fn the_table_is_complete() {
    let schema = include_str!("../../docs/protocol.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let definitions = schema["definitions"].as_object().expect("messages");
    let mut described = BTreeSet::new();
    for (name, definition) in definitions {
        let Some(kind) = name.strip_prefix("client.").filter(|kind| *kind != "input") else {
            continue;
        };
        let properties = definition["properties"].as_object().expect("a map").keys();
        described.extend(
            properties.filter(|field| *field != "t").map(|field| format!("{kind}.{field}")),
        );
    }
    let listed = fields().iter().map(|field| format!("{}.{}", field.kind, field.name)).collect();
    assert_eq!(described, listed);
}

#[test]
fn a_value_of_a_wrong_type_is_refused_with_its_field_and_what_is_allowed() {
    let wrong = [
        (json!(7), "a number"),
        (json!(7.5), "a number"),
        (json!(true), "true"),
        (json!("x"), "a text"),
        (json!([]), "a list"),
        (json!(["x"]), "a list"),
        (json!({"state": null}), "a map"),
    ];
    for (field, codec) in fields().iter().flat_map(|field| Codec::ALL.map(|codec| (field, codec))) {
        let Field { name, allowed, good, .. } = field;
        for (value, told) in &wrong {
            if std::mem::discriminant(value) == std::mem::discriminant(good) {
                continue;
            }
            let message = message(field, Some(value.clone()));
            refused(codec, &message, &format!("`{name}` is {told}; allowed is {allowed}"));
        }
    }
}

#[test]
fn a_word_that_is_none_of_those_is_refused_with_them() {
    for codec in Codec::ALL {
        for field in fields().iter().filter(|field| ["create", "sync"].contains(&field.name)) {
            let Field { name, allowed, .. } = field;
            let message = message(field, Some(json!("Full")));
            refused(codec, &message, &format!("`{name}` is \"Full\"; allowed is {allowed}"));
        }
    }
}

#[test]
fn null_counts_as_absent() {
    for (field, codec) in fields().iter().flat_map(|field| Codec::ALL.map(|codec| (field, codec))) {
        let [null, without] = [Some(Value::Null), None].map(|value| message(field, value));
        if field.is_needed {
            let text = format!("`{}` is missing; allowed is {}", field.name, field.allowed);
            refused(codec, &null, &text);
            refused(codec, &without, &text);
        } else {
            assert_eq!(decode(codec, &null), decode(codec, &without), "{}", field.name);
            assert!(decode(codec, &null).is_ok(), "{}", field.name);
        }
        decode(codec, &message(field, Some(field.good.clone()))).expect(field.name);
    }
}

#[test]
fn a_field_of_another_message_is_refused() {
    for codec in Codec::ALL {
        let message = |text: &str| serde_json::from_str::<Map<_, _>>(text).expect("a map");
        let pong = message(r#"{"t":"pong","nonce":1,"text":"hi"}"#);
        refused(codec, &pong, "unknown field \"text\"; pong has `t`, `nonce`");
        let leave = message(r#"{"t":"leave","now":[{}]}"#);
        refused(codec, &leave, "unknown field \"now\"; leave has none but `t`");
    }
}

/// The only numbers of some languages are floats.
#[test]
fn a_whole_number_may_have_a_point() {
    let same = |codec: Codec, whole: &[u8], pointed: &[u8]| {
        let whole = codec.decode_client(whole).expect("whole");
        assert_eq!(codec.decode_client(pointed), Ok(whole));
    };
    for (whole, pointed) in [
        (r#"{"t":"pong","nonce":7}"#, r#"{"t":"pong","nonce":7.0}"#),
        (r#"{"t":"pong","nonce":4294967295}"#, r#"{"t":"pong","nonce":4294967295.0}"#),
        (r#"{"t":"pong","nonce":0}"#, r#"{"t":"pong","nonce":-0.0}"#),
        (r#"{"t":"pong","nonce":1000}"#, r#"{"t":"pong","nonce":1e3}"#),
        ("[1,1,null,null,0]", "[1.0,1.0,null,null,0.0]"),
        ("[1,7,9,8,2,1,0.5]", "[1.0,7.0,9.0,8.0,2.0,1.0,0.5]"),
    ] {
        same(Codec::Json, whole.as_bytes(), pointed.as_bytes());
    }
    let pack = |value: Value| rmp_serde::to_vec(&value).expect("encodes");
    for (whole, pointed) in [
        (json!({"t": "pong", "nonce": 7}), json!({"t": "pong", "nonce": 7.0})),
        (
            json!([1, 7, 9, 8, 2, -32768, 16384]),
            json!([1.0, 7.0, 9.0, 8.0, 2.0, -32768.0, 16384.0]),
        ),
    ] {
        same(Codec::MessagePack, &pack(whole), &pack(pointed));
    }
    // A 32-bit float.
    same(Codec::MessagePack, b"\x95\x01\x01\xc0\xc0\x00", b"\x95\x01\xca\x3f\x80\0\0\xc0\xc0\x00");
}

/// The array of an input, with the allowed values of each element.
fn elements(codec: Codec) -> [(&'static str, Value, &'static str); 7] {
    const WHOLE: &str = "whole numbers from 0 to 4294967295";
    const TICK: &str = "whole numbers from 0 to 4294967295, or null";
    let place = match codec {
        Codec::Json => "-64 to 64 units",
        Codec::MessagePack => "-2097152 to 2097152 grid steps (-64 to 64 units)",
    };
    [
        ("kind", json!(1), "1"),
        ("seq", json!(7), WHOLE),
        ("for_tick", json!(9), TICK),
        ("view", json!(null), TICK),
        ("intent", json!(2), "0 (stop), 1 (move), 2 (shoot) or 3 (blink)"),
        ("x", json!(1), place),
        ("y", json!(-2), place),
    ]
}

fn refused_input(codec: Codec, elements: &[Value], text: &str) {
    let frame = match codec {
        Codec::Json => serde_json::to_vec(elements).expect("encodes"),
        Codec::MessagePack => rmp_serde::to_vec(elements).expect("encodes"),
    };
    let error = codec.decode_client(&frame).expect_err(&format!("{codec:?} {elements:?}"));
    assert_eq!(error.code(), ErrorCode::Malformed, "{codec:?} {elements:?}: {error}");
    assert_eq!(error.to_string(), text, "{codec:?} {elements:?}");
}

#[test]
fn an_element_of_an_input_of_a_wrong_type_is_refused_with_its_name_and_what_is_allowed() {
    let wrong = [
        (json!(true), "true"),
        (json!("x"), "a text"),
        (json!([1]), "a list"),
        (json!({"x": 1}), "a map"),
        (json!(null), "null"),
    ];
    for codec in Codec::ALL {
        let elements = elements(codec);
        let good: Vec<Value> = elements.iter().map(|(_, good, _)| good.clone()).collect();
        for (place, (name, _, allowed)) in elements.iter().enumerate() {
            for (value, told) in &wrong {
                if value.is_null() && ["for_tick", "view"].contains(name) {
                    continue;
                }
                let mut input = good.clone();
                input[place] = value.clone();
                let text = format!("`{name}` is {told}; allowed is {allowed}");
                refused_input(codec, &input, &text);
                // The first error of two is reported, however long the array is.
                input.extend([json!("y"), json!(0)]);
                refused_input(codec, &input, &text);
                input.truncate(place + 1);
                refused_input(codec, &input, &text);
            }
        }
        let more = [&good[..], &[json!("x")]].concat();
        refused_input(codec, &more, "the input goes on after y");
    }
}

/// Some languages do not distinguish texts and bytes.
#[test]
fn in_messagepack_a_text_may_be_bytes() {
    let text = b"\x82\xa1t\xa5hello\xa4name\xa3Ada";
    let bytes = b"\x82\xc4\x01t\xc4\x05hello\xc4\x04name\xc4\x03Ada";
    let [text, bytes] =
        [&text[..], &bytes[..]].map(|frame| Codec::MessagePack.decode_client(frame));
    assert!(text.is_ok());
    assert_eq!(text, bytes);
    let wrong = b"\x82\xa1t\xa5hello\xa4name\xc4\x02\xff\xff";
    let error = Codec::MessagePack.decode_client(wrong).expect_err("refused").to_string();
    let told = "`name` is bytes that are not UTF-8; allowed is a text of 1 to 24 characters";
    assert_eq!(error, told);
}
