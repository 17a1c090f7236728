//! The WebSocket layer, tested by an independent suite: every case of RFC 6455 against the
//! transport of the game, with its limits raised for the cases with large messages.

use std::path::Path;

use bolide_server::{Budgets, Config, echo};
use bolide_tests::PATIENCE;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;
use uuid::Uuid;

use crate::python::python;

/// All cases but those of compression, which this server does not have.
const CASES: usize = 301;

/// Cases that pass, but not as early as they could: a text that is not UTF-8 is refused at the end
/// of its frame instead of in the middle.
const NON_STRICT: [(&str, &str); 2] = [("6.4.3", "NON-STRICT"), ("6.4.4", "NON-STRICT")];

/// Far more than the largest message of a case, 16 MiB.
const PLENTY: u32 = 1 << 30;

#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_the_suite_passes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let budgets = Budgets {
        bytes_per_s: PLENTY,
        bytes_burst: PLENTY,
        fragments_max: PLENTY,
        outbox_bytes_max: PLENTY,
        message_bytes_max: PLENTY as usize,
        ..Config::default().budgets
    };
    let serving = tokio::spawn(echo(listener, budgets));
    let folder = std::env::temp_dir().join(format!("bolide-conformance-{}", Uuid::now_v7()));
    let program = python().with_file_name("kosoku");
    assert!(program.exists(), "{} is missing; run `cargo xtask setup`", program.display());
    let mut suite = Command::new(program);
    suite.args(["-m", "fuzzingclient", "-p", "4", "-x", "12.*", "-x", "13.*", "-o"]);
    suite.arg(&folder).arg(&address).kill_on_drop(true);
    let output = timeout(3 * PATIENCE, suite.output()).await.expect("it ends").expect("it starts");
    serving.abort();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let verdicts = verdicts(&folder);
    std::fs::remove_dir_all(&folder).ok();
    assert!(output.status.success(), "{said}");
    assert_eq!(verdicts.len(), CASES, "{said}");
    let others: Vec<_> = verdicts
        .iter()
        .filter(|(_, verdict)| !["OK", "INFORMATIONAL"].contains(&verdict.as_str()))
        .map(|(case, verdict)| (case.as_str(), verdict.as_str()))
        .collect();
    assert_eq!(others, NON_STRICT);
}

/// Reads case and verdict from the report.
fn verdicts(folder: &Path) -> Vec<(String, String)> {
    let index = std::fs::read_to_string(folder.join("index.json")).expect("a report");
    let index: Value = serde_json::from_str(&index).expect("JSON");
    let agents = index.as_object().expect("agents").values();
    let cases = agents.flat_map(|agent| agent.as_object().expect("cases"));
    cases
        .map(|(case, of)| (case.clone(), of["behavior"].as_str().unwrap_or("").to_owned()))
        .collect()
}
