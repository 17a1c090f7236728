//! The golden frames: every message in both formats with its meaning, in
//! `net/tests/golden/frames.json`. This test builds each message again and compares. The clients in
//! TypeScript and Python read the same file, so that all three agree. The format of the file is
//! described in `docs/protocol.md`.
//!
//! `cargo xtask golden --mint` rewrites it. That is legitimate when a message was changed or added
//! on purpose. A frame that differs for another reason means that a client no longer understands
//! its server.

mod frames;

use std::path::{Path, PathBuf};

use bolide_net::{Codec, Frame};
use serde_json::{Value, json};

use frames::meaning;

/// One entry of the file.
struct Golden {
    name: &'static str,
    from: &'static str,
    json: String,
    msgpack: String,
    meaning: Value,
}

#[test]
fn every_golden_frame_is_what_is_sent_and_means_what_it_says() {
    let goldens = goldens();
    if std::env::var_os("BOLIDE_MINT").is_some() {
        std::fs::write(path(), file(&goldens)).expect("the golden folder can be written");
    }
    let text = std::fs::read_to_string(path()).expect("the golden frames");
    let committed: Vec<Value> = serde_json::from_str(&text).expect("an array");
    let names: Vec<&str> = committed.iter().map(|golden| text_of(golden, "name")).collect();
    assert_eq!(names, goldens.iter().map(|golden| golden.name).collect::<Vec<_>>(), "{MINT}");
    for (golden, committed) in goldens.iter().zip(&committed) {
        assert_eq!(committed, &golden.value(), "{MINT}");
        decodes(committed);
    }
    assert_eq!(text, file(&goldens), "the file is laid out otherwise; {MINT}");
}

#[test]
fn every_kind_of_message_has_a_golden_frame() {
    let goldens = goldens();
    let has = |from: &str, kind: &str| {
        goldens.iter().any(|golden| golden.from == from && golden.meaning["kind"] == kind)
    };
    for kind in ["hello", "input", "chat", "pong", "resync", "rematch", "bots", "leave"] {
        assert!(has("client", kind), "{kind}");
    }
    for kind in [
        "welcome", "roster", "match", "chat", "result", "ping", "error", "snapshot", "delta",
        "private", "events", "bots", "sight", "notice",
    ] {
        assert!(has("server", kind), "{kind}");
    }
}

/// The frames at the time of the first clients of `bolide.v1`. Frames from those clients still mean
/// the same. In frames to them, each part is still in its place with its value, and additions are
/// ignored.
#[test]
fn the_first_clients_are_understood_and_are_told_what_they_know() {
    let first = std::fs::read_to_string(path().with_file_name("frames-first.json"));
    let first: Vec<Value> = serde_json::from_str(&first.expect("the first frames")).expect("JSON");
    assert!(first.len() > 70);
    for golden in &first {
        if text_of(golden, "from") == "client" {
            decodes(golden);
            continue;
        }
        let (codec, frame) = (Codec::Json, text_of(golden, "json"));
        let Some(message) = codec.decode_server(frame.as_bytes()).expect("a message") else {
            continue;
        };
        let now: Value =
            serde_json::from_slice(&codec.encode_server(&message).bytes).expect("JSON");
        let before: Value = serde_json::from_str(frame).expect("JSON");
        if !text_of(golden, "name").starts_with("newer") {
            assert!(holds(&now, &before), "{}: {now} does not hold {before}", golden["name"]);
        }
    }
}

/// Returns whether all parts of `before` are in `now`.
fn holds(now: &Value, before: &Value) -> bool {
    match (now, before) {
        (Value::Object(now), Value::Object(before)) => {
            before.iter().all(|(name, before)| now.get(name).is_some_and(|now| holds(now, before)))
        }
        (Value::Array(now), Value::Array(before)) => {
            now.len() >= before.len()
                && now.iter().zip(before).all(|(now, before)| holds(now, before))
        }
        _ => now == before,
    }
}

const MINT: &str =
    "if the wire was changed on purpose: `cargo xtask golden --mint`, and say why in the commit";

/// Checks that the committed frames alone decode to the committed meaning.
fn decodes(golden: &Value) {
    let frames = [
        (Codec::Json, text_of(golden, "json").as_bytes().to_vec()),
        (Codec::MessagePack, bytes(text_of(golden, "msgpack"))),
    ];
    for (codec, frame) in frames {
        let meaning = match text_of(golden, "from") {
            "client" => meaning::of_client(&codec.decode_client(&frame).expect("a message")),
            _ => {
                let message = codec.decode_server(&frame).expect("a message");
                message.map_or(Value::Null, |message| meaning::of_server(&message))
            }
        };
        assert_eq!(meaning, golden["meaning"], "{} in {codec:?}", golden["name"]);
    }
}

fn goldens() -> Vec<Golden> {
    let ours = |name, from, [json, msgpack]: [Frame; 2], meaning| Golden {
        name,
        from,
        json: String::from_utf8(json.bytes.to_vec()).expect("a text frame"),
        msgpack: hex(&msgpack.bytes),
        meaning,
    };
    let client = frames::client().into_iter().map(|(name, message)| {
        let frames = Codec::ALL.map(|codec| codec.encode_client(&message));
        ours(name, "client", frames, meaning::of_client(&message))
    });
    let server = frames::server().into_iter().map(|(name, message)| {
        let frames = Codec::ALL.map(|codec| codec.encode_server(&message));
        ours(name, "server", frames, meaning::of_server(&message))
    });
    let newer = frames::NEWER.into_iter().map(|(name, json)| {
        let value: Value = serde_json::from_str(json).expect("JSON");
        let message = Codec::Json.decode_server(json.as_bytes()).expect("nothing to refuse");
        Golden {
            name,
            from: "server",
            json: json.to_owned(),
            msgpack: hex(&rmp_serde::to_vec(&value).expect("encodes")),
            meaning: message.map_or(Value::Null, |message| meaning::of_server(&message)),
        }
    });
    client.chain(server).chain(newer).collect()
}

impl Golden {
    fn value(&self) -> Value {
        json!({
            "name": self.name, "from": self.from, "json": self.json, "msgpack": self.msgpack,
            "meaning": self.meaning,
        })
    }
}

/// Writes one line for each field, for readable diffs.
fn file(goldens: &[Golden]) -> String {
    let entry = |golden: &Golden| {
        let Golden { name, from, json, msgpack, meaning } = golden;
        format!(
            "  {{\n    \"name\": {},\n    \"from\": {},\n    \"json\": {},\n    \"msgpack\": {},\n    \"meaning\": {meaning}\n  }}",
            json!(name),
            json!(from),
            json!(json),
            json!(msgpack)
        )
    };
    let entries: Vec<String> = goldens.iter().map(entry).collect();
    format!("[\n{}\n]\n", entries.join(",\n"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex digits")).collect()
}

fn text_of<'a>(golden: &'a Value, field: &str) -> &'a str {
    golden[field].as_str().expect("a text")
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/frames.json")
}
