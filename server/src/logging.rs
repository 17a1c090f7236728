//! The log of the process, on standard error: text for people, or one JSON object a line. What is logged is said where it
//! happens; here is only how it looks.

use std::backtrace::Backtrace;
use std::io::{self, IsTerminal};
use std::panic;

use bolide_server::{Log, LogForm};

/// Begins to log. Once, before anything has something to say.
pub(crate) fn begin(log: &Log) {
    let lines = tracing_subscriber::fmt().with_env_filter(log.filter()).with_writer(io::stderr);
    match log.form {
        LogForm::Text => lines.with_target(false).with_ansi(io::stderr().is_terminal()).init(),
        LogForm::Json => {
            lines.json().flatten_event(true).init();
            panic::set_hook(Box::new(log_panic));
        }
    }
}

/// A panic as a line like the others, with its backtrace if `RUST_BACKTRACE` asks for one.
fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::capture().to_string();
    let message = panic.payload_as_str().unwrap_or("a panic without words");
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or_default();
    tracing::error!(location, thread, backtrace, "panic: {message}");
}
