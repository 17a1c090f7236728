//! The script client in `examples/python` plays in both formats, and its module reads and writes
//! the golden frames.

use std::path::{Path, PathBuf};

use bolide_tests::{PATIENCE, TestServer};
use tokio::process::Command;
use tokio::time::timeout;

/// Returns the interpreter that has the packages of the script and of the tests.
pub(crate) fn python() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let python = std::env::var_os("BOLIDE_PYTHON")
        .map_or_else(|| workspace.join("target/venv/bin/python"), PathBuf::from);
    assert!(python.exists(), "{} is missing; run `cargo xtask setup`", python.display());
    python
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/python").join(name)
}

async fn play(format: &str) {
    let server = TestServer::start(|config| {
        config.bots_fill_to = 4;
        config.bots_wait_s = 0;
    })
    .await;
    let script = script("play.py");
    let url = format!("ws://{}/play", server.address);
    let mut command = Command::new(python());
    command.arg(script).args([
        "--url",
        &url,
        "--format",
        format,
        "--seconds",
        "8",
        "--name",
        "Monty",
    ]);
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").expect("it starts");
    let (said, wrong) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{wrong}");
    for line in ["seat ", "Monty", "fighting", " snapshots"] {
        assert!(said.contains(line), "{line:?} is not in:\n{said}");
    }
}

#[tokio::test]
async fn every_golden_frame_is_read_and_written() {
    let script = script("test_bolide.py");
    let output = Command::new(python()).arg(script).output();
    let output = timeout(PATIENCE, output).await.expect("it ends").expect("it starts");
    let (said, wrong) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{wrong}");
    let counts: Vec<u32> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let enough = matches!(counts[..], [decoded, encoded] if decoded >= 80 && encoded >= 30);
    assert!(enough, "too few frames: {said}");
}

#[tokio::test]
async fn in_json() {
    play("json").await;
}

#[tokio::test]
async fn in_message_pack() {
    play("msgpack").await;
}
