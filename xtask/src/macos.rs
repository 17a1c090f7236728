//! The lints of all Rust code for macOS, from Linux. Nothing is linked or run, so errors that only
//! a Mac shows are not found. C and C++ (SQLite, libFuzzer) are passed to a compiler that compiles
//! nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::Result;

use crate::setup;
use crate::shell::{Shell, run};

const TARGET: &str = "x86_64-apple-darwin";

/// Runs clippy for macOS, with every lint as an error.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    setup::target(shell, TARGET)?;
    let folder = shell.target.join("macos");
    fs::create_dir_all(&folder)?;
    // A check reads no object file, so it does no harm that there is none.
    let stub = folder.join("compiles-nothing");
    fs::write(&stub, "#!/bin/sh\nexit 0\n")?;
    fs::set_permissions(&stub, fs::Permissions::from_mode(0o755))?;
    let mut clippy = shell.cargo("clippy --locked --workspace --all-targets --target");
    clippy.args([TARGET, "--", "-D", "warnings"]).env("CARGO_TARGET_DIR", &folder);
    for tool in ["CC", "CXX", "AR"] {
        clippy.env(format!("{tool}_{}", TARGET.replace('-', "_")), &stub);
    }
    // Otherwise the build scripts ask Xcode for its headers.
    run(clippy.env("SDKROOT", "/"))
}
