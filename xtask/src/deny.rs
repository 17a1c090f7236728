//! cargo-deny: the rules for dependencies, from `deny.toml`.

use anyhow::Result;

use crate::setup;
use crate::shell::{Shell, run};

/// Checks licences, banned crates and the sources of crates: everything that can be read from the
/// lock file alone.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    cargo_deny(shell, &["licenses", "bans", "sources"])
}

/// Checks for known vulnerabilities in a database that is fetched. It changes by itself, so no pull
/// request waits for it.
pub(crate) fn advisories(shell: &Shell) -> Result<()> {
    cargo_deny(shell, &["advisories"])
}

fn cargo_deny(shell: &Shell, checks: &[&str]) -> Result<()> {
    let mut command = shell.program(setup::cargo_deny(shell)?);
    command.args(["--workspace", "--locked", "check", "--hide-inclusion-graph"]).args(checks);
    run(&mut command)
}
