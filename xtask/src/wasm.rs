//! The proof that the browser computes what the server computes: the golden matches, replayed by
//! native debug, native release and wasm in node, must give the same hashes.
//! `client/wasm/check.mjs` compares them, and refuses sides that are empty or short. An earlier
//! check of this kind compared two empty files and passed.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::setup::WASM_TARGET;
use crate::shell::{Shell, capture, line, run};

const GOLDEN: &str = "sim/tests/golden";

pub(crate) fn check(shell: &Shell) -> Result<()> {
    let journals = journals(shell)?;
    let debug = native(shell, "", &journals)?;
    let release = native(shell, "--release", &journals)?;
    run(&mut shell
        .cargo(&format!("build --locked --release -p bolide-wasm --target {WASM_TARGET}")))?;
    // A verifier of matches runs in a browser, too.
    run(&mut shell.cargo(&format!("check --locked -p bolide-replay --target {WASM_TARGET}")))?;
    let module = shell.target.join(WASM_TARGET).join("release/bolide_wasm.wasm");
    let mut check = shell.program("node");
    check.arg("client/wasm/check.mjs").args([module, debug, release]).arg("--").args(journals);
    run(&mut check)
}

fn journals(shell: &Shell) -> Result<Vec<String>> {
    let folder = fs::read_dir(shell.root.join(GOLDEN)).with_context(|| format!("no {GOLDEN}"))?;
    let mut journals = Vec::new();
    for entry in folder {
        journals.push(format!("{GOLDEN}/{}", entry?.file_name().to_string_lossy()));
    }
    journals.sort();
    ensure!(!journals.is_empty(), "{GOLDEN} is empty");
    Ok(journals)
}

/// Writes the proofs of a native build to a file.
fn native(shell: &Shell, profile: &str, journals: &[String]) -> Result<PathBuf> {
    let mut command = shell.cargo(&format!(
        "run --locked --quiet {profile} -p bolide-wasm --example native_proofs --"
    ));
    println!("$ {} {GOLDEN}/*", line(&command));
    let proofs = capture(command.args(journals))?;
    let path = shell.target.join(format!("proofs{profile}.txt"));
    fs::write(&path, proofs).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}
