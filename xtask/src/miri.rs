//! Miri: the simulation's tests under an interpreter that finds undefined behaviour and depends on
//! no machine.

use anyhow::{Context, Result};

use crate::shell::{Shell, run, works};

/// Runs a shortened set of the simulation's tests. Needs a nightly toolchain with the component
/// `miri`.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    if !works(shell.program("cargo").args(["+nightly", "miri", "--version"])) {
        let mut add = shell.program("rustup");
        add.args(["component", "add", "--toolchain", "nightly", "miri", "rust-src"]);
        run(&mut add)
            .context("miri needs `rustup toolchain install nightly --component miri,rust-src`")?;
    }
    let mut miri = shell.program("cargo");
    miri.args("+nightly miri test --locked -p bolide-sim --no-default-features --lib".split(' '));
    miri.args("--test scenarios --test lag_compensation --test state".split(' '));
    miri.env("CARGO_TARGET_DIR", shell.target.join("miri"));
    // Few cases of each property: Miri is some hundred times slower. Proptest looks for its failure
    // files, hence no isolation.
    miri.env("PROPTEST_CASES", "2").env("MIRIFLAGS", "-Zmiri-disable-isolation");
    miri.env_remove("RUSTC")
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO_MANIFEST_DIR");
    run(&mut miri)
}
