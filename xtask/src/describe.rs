//! The messages described for others: the JSON Schema, the AsyncAPI document and the TypeScript types, which the Rust types
//! give. They are committed, so that nobody needs Rust to read them; a check finds stale ones.

use anyhow::Result;

use crate::setup;
use crate::shell::{Shell, run};

const TESTS: &str = "test --locked --quiet -p bolide-net --features describe --test described";

/// Writes them anew.
pub(crate) fn write(shell: &Shell) -> Result<()> {
    run(shell.cargo(TESTS).env("BOLIDE_MINT", "1"))?;
    println!(
        "docs/protocol.schema.json, docs/asyncapi.json and client/src/sdk/wire.ts are written"
    );
    Ok(())
}

/// They are fresh, and the schema accepts every golden frame and no wrong one.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    run(&mut shell.cargo(TESTS))?;
    run(shell.program(setup::python(shell)).arg("net/tests/validate.py").current_dir(&shell.root))
}
