//! The committed descriptions are up to date: the JSON Schema, the AsyncAPI document and the
//! TypeScript types are those that the Rust types give. `cargo xtask describe` rewrites them.
//! `net/tests/validate.py` checks the golden frames against the schema.

use std::path::{Path, PathBuf};

use bolide_net::describe;
use serde_json::Value;

fn check(path: &str, text: &str) {
    let path = workspace().join(path);
    if std::env::var_os("BOLIDE_MINT").is_some() {
        std::fs::write(&path, text).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is stale; run `cargo xtask describe`", path.display());
}

#[test]
fn the_json_schema_is_that_of_the_types() {
    check("docs/protocol.schema.json", &pretty(&describe::schema()));
}

#[test]
fn the_asyncapi_document_is_that_of_the_types() {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/frames.json");
    let goldens = std::fs::read_to_string(goldens).expect("the golden frames");
    let goldens = serde_json::from_str(&goldens).expect("an array");
    let document = describe::asyncapi(&goldens);
    for (name, message) in document["components"]["messages"].as_object().expect("messages") {
        let examples = message["examples"].as_array().expect("examples");
        assert!(!examples.is_empty(), "{name} has no golden frame");
    }
    check("docs/asyncapi.json", &pretty(&document));
}

#[test]
fn the_typescript_types_are_those_of_the_rust_types() {
    check("client/src/sdk/wire.ts", &describe::typescript());
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}
