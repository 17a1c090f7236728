//! cargo-deny: what dependencies may be, by `deny.toml`.

use anyhow::Result;

use crate::setup;
use crate::shell::{Shell, run};

/// Licences, banned crates and where crates come from: all that the lock file tells by itself.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    cargo_deny(shell, &["licenses", "bans", "sources"])
}

/// Known vulnerabilities, from a database that is fetched. It changes by itself, so no pull request waits for it.
pub(crate) fn advisories(shell: &Shell) -> Result<()> {
    cargo_deny(shell, &["advisories"])
}

fn cargo_deny(shell: &Shell, checks: &[&str]) -> Result<()> {
    let mut command = shell.program(setup::cargo_deny(shell)?);
    command.args(["--workspace", "--locked", "check", "--hide-inclusion-graph"]).args(checks);
    run(&mut command)
}
