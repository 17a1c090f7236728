//! The proof that the browser computes what the server computes: the same matches run by native debug,
//! native release and wasm in node must give the same hash at every line. An earlier check of this kind
//! compared two empty files and passed; so each side must be long enough to mean something.

use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::setup::WASM_TARGET;
use crate::shell::{Shell, capture, line, run};

pub(crate) fn check(shell: &Shell) -> Result<()> {
    let debug = native(shell, "")?;
    let release = native(shell, "--release")?;
    agree(&debug, &release)?;
    println!("native debug and release agree on {} lines", debug.lines().count());
    let hashes = shell.target.join("native-hashes.txt");
    fs::write(&hashes, debug).with_context(|| format!("{} cannot be written", hashes.display()))?;

    run(&mut shell.cargo(&format!("build --release -p bolide-wasm --target {WASM_TARGET}")))?;
    let module = shell.target.join(WASM_TARGET).join("release/bolide_wasm.wasm");
    run(shell.program("node").arg("client/wasm/check.mjs").arg(module).arg(hashes))
}

fn native(shell: &Shell, profile: &str) -> Result<String> {
    let mut command =
        shell.cargo(&format!("run --quiet {profile} -p bolide-wasm --example native_hashes"));
    println!("$ {}", line(&command));
    capture(&mut command)
}

/// A match is far longer than this; fewer lines mean that something printed nothing.
const LINES_MIN: usize = 1000;

fn agree(debug: &str, release: &str) -> Result<()> {
    for (name, output) in [("debug", debug), ("release", release)] {
        let lines = output.lines().filter(|line| !line.trim().is_empty()).count();
        ensure!(
            lines >= LINES_MIN,
            "native {name} printed {lines} lines of hashes; at least {LINES_MIN} are expected"
        );
    }
    for (index, (a, b)) in debug.lines().zip(release.lines()).enumerate() {
        if a != b {
            bail!(
                "native debug and release differ at line {}:\n  debug   {a}\n  release {b}",
                index + 1
            );
        }
    }
    let (a, b) = (debug.lines().count(), release.lines().count());
    ensure!(a == b, "native debug printed {a} lines, release {b}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::agree;

    #[test]
    fn different_short_and_empty_outputs_fail() {
        let hashes = |count: u32, last: &str| {
            (0..count).map(|i| format!("{i}\n")).collect::<String>() + last
        };
        let check = |debug: &str, release: &str, expect: &str| {
            let error = agree(debug, release).expect_err("differs").to_string();
            assert!(error.contains(expect), "{error}");
        };
        agree(&hashes(1200, ""), &hashes(1200, "")).expect("equal");
        check("", "", "native debug printed 0 lines");
        check(&hashes(1200, ""), &hashes(3, ""), "native release printed 3 lines");
        check(&hashes(1200, "a\n"), &hashes(1200, "b\n"), "differ at line 1201");
        check(
            &hashes(1200, ""),
            &hashes(1201, ""),
            "native debug printed 1200 lines, release 1201",
        );
    }
}
