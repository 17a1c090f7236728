//! Descriptions of the messages, made from the Rust types: the JSON Schema, the AsyncAPI document
//! and the TypeScript types; and the tables of settings in docs/operations.md. They are committed,
//! so that reading them needs no Rust. A check finds stale ones.

use anyhow::Result;

use crate::setup;
use crate::shell::{Shell, run};

const TESTS: &str = "test --locked --quiet -p bolide-net --features describe --test described";

/// The tests of the server compare the page with the table of settings.
const SETTINGS: &str = "test --locked --quiet -p bolide-server --lib config::page_tests";

/// Rewrites the descriptions.
pub(crate) fn write(shell: &Shell) -> Result<()> {
    run(shell.cargo(TESTS).env("BOLIDE_MINT", "1"))?;
    run(shell.cargo(SETTINGS).env("BOLIDE_MINT", "1"))?;
    println!(
        "docs/protocol.schema.json, docs/asyncapi.json, client/src/sdk/wire.ts and the tables of \
         settings in docs/operations.md are written"
    );
    Ok(())
}

/// Checks that they are fresh, and that the schema accepts every golden frame and no wrong one.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    run(&mut shell.cargo(TESTS))?;
    run(shell.program(setup::python(shell)).arg("net/tests/validate.py").current_dir(&shell.root))
}
