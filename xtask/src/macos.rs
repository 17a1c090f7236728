//! The lints of all Rust code as macOS would see it, from Linux. Nothing is linked or run, so what needs a Mac to fail is not
//! found: C and C++ (SQLite, libFuzzer) are left to a compiler that compiles nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::Result;

use crate::setup;
use crate::shell::{Shell, run};

const TARGET: &str = "x86_64-apple-darwin";

/// Every lint is an error, there too.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    setup::target(shell, TARGET)?;
    let folder = shell.target.join("macos");
    fs::create_dir_all(&folder)?;
    // A check reads no object file, so that there is none does no harm.
    let stub = folder.join("compiles-nothing");
    fs::write(&stub, "#!/bin/sh\nexit 0\n")?;
    fs::set_permissions(&stub, fs::Permissions::from_mode(0o755))?;
    let mut clippy = shell.cargo("clippy --locked --workspace --all-targets --target");
    clippy.args([TARGET, "--", "-D", "warnings"]).env("CARGO_TARGET_DIR", &folder);
    for tool in ["CC", "CXX", "AR"] {
        clippy.env(format!("{tool}_{}", TARGET.replace('-', "_")), &stub);
    }
    // Else the build scripts ask Xcode where its headers are.
    run(clippy.env("SDKROOT", "/"))
}
