//! Rewrites golden results, on purpose and never in a check.

use anyhow::Result;

use crate::shell::{Shell, run};

/// Records the golden matches, their printed replay and the golden frames again.
/// `sim/tests/golden.rs` and `net/tests/golden.rs` say when that is legitimate.
pub(crate) fn mint(shell: &Shell) -> Result<()> {
    // The second test prints one of the first test's matches.
    for test in [
        "-p bolide-sim --test golden",
        "-p bolide-cli --test process",
        "-p bolide-net --test golden",
    ] {
        let mut command = shell.cargo(&format!("test --locked --quiet {test}"));
        run(command.env("BOLIDE_MINT", "1"))?;
    }
    println!(
        "minted; the commit says why, and raises SIM_VERSION if old journals play differently now"
    );
    Ok(())
}
