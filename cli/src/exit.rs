//! Exit codes of the program, and the sentence on standard error that explains one.

use std::io::{self, Write};
use std::process::ExitCode;

/// Exit code for a failure: the task could not be done, or its answer is no.
pub(crate) const FAILED: u8 = 1;

/// Exit code for a wrong command line or configuration.
pub(crate) const USAGE: u8 = 2;

/// Exit code for a thread of the server that panicked: `EX_SOFTWARE` of `sysexits.h`.
pub(crate) const PANICKED: u8 = 70;

/// Returns the exit code for an answer of yes or no.
pub(crate) fn answer(is_yes: bool) -> ExitCode {
    if is_yes { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

/// Prints an error on standard error and returns the exit code.
pub(crate) fn fail(code: u8, error: &anyhow::Error) -> ExitCode {
    // Standard error may be closed.
    io::stderr().write_all(complaint(error).as_bytes()).ok();
    ExitCode::from(code)
}

/// Returns an error as a line for people.
pub(crate) fn complaint(error: &anyhow::Error) -> String {
    format!("error: {error:#}\n")
}

/// Prints text to an output that may be closed, which is no failure.
pub(crate) fn say(out: &mut impl Write, text: &str) {
    out.write_all(text.as_bytes()).ok();
}
