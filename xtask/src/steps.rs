//! The steps of `cargo xtask test` and `cargo xtask deep`, in order. Either a step runs and passes,
//! or the whole run fails: a check that could not run is a failure, never a skip.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::shell::{Shell, run as run_program, tee};
use crate::{
    client, counts, deny, describe, fuzz, licenses, macos, miri, mutants, setup, tidy, wasm,
};

/// One part of a run.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(&Shell) -> Result<()>,
}

/// The steps of `test`, cheap ones first. `setup` leads because the others need what it installs.
pub(crate) const TEST: [Step; 17] = [
    Step { name: "setup", about: "install what is missing", run: setup::run },
    Step { name: "fmt", about: "formatting", run: fmt },
    Step { name: "tidy", about: "what the compiler does not check", run: tidy::run },
    Step { name: "deny", about: "licences, bans and sources of dependencies", run: deny::check },
    Step { name: "clippy", about: "every lint is an error", run: clippy },
    Step { name: "doc", about: "the crates' documentation has no warning", run: doc },
    Step {
        name: "client",
        about: "types, tests, client/dist is fresh and small",
        run: client::check,
    },
    Step {
        name: "licenses",
        about: "THIRD-PARTY-LICENSES.txt is that of the locked packages",
        run: licenses::check,
    },
    Step { name: "test", about: "unit, property and end-to-end tests", run: test },
    Step {
        name: "laws",
        about: "100,000 cases of each law of the wire, 1,000 fights of old pages",
        run: laws,
    },
    Step {
        name: "describe",
        about: "schema, AsyncAPI document and TypeScript types are those of the Rust types",
        run: describe::check,
    },
    Step { name: "benches", about: "every benchmark runs once", run: benches },
    Step {
        name: "counts",
        about: "no scene takes more instructions, nor far fewer unseen",
        run: counts::check,
    },
    Step {
        name: "fuzz",
        about: "corpora replay, then 2 minutes of search, shared by all targets",
        run: fuzz::smoke,
    },
    Step { name: "wasm", about: "native debug, native release and wasm agree", run: wasm::check },
    Step { name: "release", about: "the server as it ships", run: release },
    Step { name: "browser", about: "the page in a real browser", run: browser },
];

/// The steps that take longer than a pull request should wait. The workflow runs each on a machine
/// of its own, after `setup`, and tidy compares the two lists.
pub(crate) const DEEP: [Step; 9] = [
    Step { name: "setup", about: "install what is missing", run: setup::run },
    Step { name: "macos", about: "every lint is an error on macOS, too", run: macos::check },
    Step { name: "miri", about: "the simulation's tests under Miri", run: miri::check },
    Step { name: "faults", about: "hundreds of slow and hostile clients, measured", run: faults },
    Step {
        name: "survival",
        about: "kills, stops, cuts, disks, clocks and 100,000 flipped bits: no match is lost",
        run: survival,
    },
    Step {
        name: "simulation",
        about: "1,000 stories of a room and its disk, 10,000 walks of a room and its people",
        run: simulation,
    },
    Step {
        name: "mutants",
        about: "a file of room, net and sim each: no fault in it goes unnoticed by their tests",
        run: mutants::deep,
    },
    Step { name: "properties", about: "20,000 cases of each property", run: properties },
    Step { name: "fuzz", about: "an hour of search, shared by all targets", run: fuzz::deep },
];

/// The manifests of packages that are not in the workspace, so that no command for all of it
/// reaches them.
const STANDALONE: [&str; 2] = ["benches/floor/Cargo.toml", "benches/rapier/Cargo.toml"];

fn fmt(shell: &Shell) -> Result<()> {
    run_program(&mut shell.cargo("fmt --all --check"))?;
    for manifest in STANDALONE {
        run_program(&mut shell.cargo(&format!("fmt --manifest-path {manifest} --check")))?;
    }
    Ok(())
}

fn clippy(shell: &Shell) -> Result<()> {
    // With the feature that no ordinary build has.
    let features = "--features bolide-net/describe";
    run_program(
        &mut shell
            .cargo(&format!("clippy --locked --workspace --all-targets {features} -- -D warnings")),
    )
}

fn doc(shell: &Shell) -> Result<()> {
    let mut command = shell.cargo("doc --locked --no-deps --workspace --exclude bolide-fuzz");
    run_program(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn test(shell: &Shell) -> Result<()> {
    let mut command = shell.cargo("test --locked --workspace");
    command.env("BOLIDE_PYTHON", setup::python(shell));
    run_program(&mut command)
}

fn laws(shell: &Shell) -> Result<()> {
    let mut command = cases(shell, "100000");
    run_program(command.args(["-p", "bolide-net", "--test", "laws", "--test", "leak"]))?;
    let mut command = cases(shell, "1");
    command.env("BOLIDE_SEEDS", "1000");
    run_program(command.args(["-p", "bolide-legacy", "--test", "pages", "fights"]))
}

fn benches(shell: &Shell) -> Result<()> {
    // No other step notices that their lock files are out of date.
    for manifest in STANDALONE {
        let update = format!("update --quiet --workspace --locked --manifest-path {manifest}");
        run_program(&mut shell.cargo(&update))?;
    }
    run_program(&mut shell.cargo("test --locked --benches -p bolide-benches"))
}

fn release(shell: &Shell) -> Result<()> {
    run_program(&mut shell.cargo("build --locked --release -p bolide-cli"))
}

fn browser(shell: &Shell) -> Result<()> {
    all_ran(&tee(page(shell)?.arg("test"))?)
}

/// Returns npm, for tests of the page.
fn page(shell: &Shell) -> Result<Command> {
    let server = shell.target.join("release/bolide");
    ensure!(
        server.is_file(),
        "there is no release build; run `cargo xtask test --only release,browser`"
    );
    let screenshots = shell.target.join("screenshots");
    fs::create_dir_all(&screenshots)?;
    let mut command = shell.program("npm");
    command
        .current_dir(shell.root.join("tests/browser"))
        .env("BOLIDE_BIN", server)
        .env("CHROMIUM", setup::chromium(shell).context("no chromium; run `cargo xtask setup`")?)
        .env("SCREENSHOTS", screenshots);
    Ok(command)
}

fn faults(shell: &Shell) -> Result<()> {
    release(shell)?;
    let mut command = shell.cargo("run --locked --release -p bolide-tests --example faults");
    command.env("BOLIDE_BIN", shell.target.join("release/bolide"));
    run_program(&mut command)
}

/// Runs the long forms of tests that `test` runs in short, one after the other, against the release
/// build.
fn survival(shell: &Shell) -> Result<()> {
    setup::faults(shell)?;
    let mut flips = cases(shell, "100000");
    run_program(flips.args(["-p", "bolide-sim", "--test", "flips"]))?;
    release(shell)?;
    let mut command = shell.cargo("test --locked -p bolide-cli --test process survival::");
    command.args(["--", "--nocapture", "--test-threads=1"]);
    command.env("BOLIDE_SURVIVAL", "deep");
    command.env("BOLIDE_BIN", shell.target.join("release/bolide"));
    run_program(&mut command)?;
    let mut page = page(shell)?;
    page.args(["test", "--", "reconnect.test.mjs", "relays.test.mjs"])
        .env("BOLIDE_SURVIVAL", "deep");
    all_ran(&tee(&mut page)?)
}

fn simulation(shell: &Shell) -> Result<()> {
    let mut command = cases(shell, "1");
    command.env("BOLIDE_SEEDS", "1000");
    run_program(command.args(["-p", "bolide-server", "--lib", "simulation"]))?;
    let mut command = cases(shell, "1");
    command.env("BOLIDE_SEEDS", "10000");
    run_program(command.args(["-p", "bolide-room", "--test", "laws"]))
}

fn properties(shell: &Shell) -> Result<()> {
    let mut command = cases(shell, "20000");
    run_program(command.args(["-p", "bolide-sim", "-p", "bolide-net", "-p", "bolide-room"]))
}

/// Runs tests with that many cases of each property, optimised, but with every assertion.
fn cases(shell: &Shell, cases: &str) -> Command {
    let mut command = shell.cargo("test --locked");
    // Their own target folder, because other flags would rebuild the ordinary one each time.
    command
        .env("PROPTEST_CASES", cases)
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "2")
        .env("CARGO_TARGET_DIR", shell.target.join("deep"));
    command
}

/// Checks the summary of node's test runner, which passes even without any test file and with every
/// test skipped.
pub(crate) fn all_ran(output: &str) -> Result<()> {
    let count = |what: &str| {
        output.lines().rev().find_map(|line| {
            let mut words = line.split_whitespace().rev();
            let number = words.next()?.parse::<u32>().ok()?;
            (words.next()? == what).then_some(number)
        })
    };
    let tests = count("tests").context("node printed no summary of its tests")?;
    ensure!(tests > 0, "node found no test; a check that checks nothing is a failure");
    for what in ["skipped", "todo", "cancelled"] {
        let number = count(what).unwrap_or(0);
        ensure!(number == 0, "{number} of {tests} tests were {what}; a test runs or it goes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::all_ran;

    #[test]
    fn a_test_run_that_checked_nothing_fails() {
        let summary = |tests, skipped| {
            format!("ok\n# tests {tests}\n# pass 1\n# cancelled 0\n# skipped {skipped}\n# todo 0\n")
        };
        all_ran(&summary(3, 0)).expect("three ran");
        all_ran("ℹ tests 2\nℹ pass 2\nℹ skipped 0\n").expect("two ran");
        assert!(all_ran(&summary(0, 0)).is_err());
        assert!(all_ran(&summary(3, 1)).is_err());
        assert!(all_ran("").is_err());
    }
}
