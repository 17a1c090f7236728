//! Sets up the log of the process: text for people or one JSON object per line. Lines go through a
//! queue that never blocks the thread that logs. Only the form of the log is decided here; what is
//! logged is decided where it happens.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::panic;

use bolide_server::{Log, LogForm, LogQueue};

/// Starts the log. Called once, before anything is logged.
///
/// # Errors
/// The thread that writes the log cannot be started.
pub(crate) fn begin(log: &Log, lines_per_s: u32) -> io::Result<LogQueue> {
    let queue = LogQueue::begin(lines_per_s)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(log.filter())
        .with_writer(queue.clone())
        // Internal errors would be printed by a macro that panics when standard error is broken.
        .log_internal_errors(false);
    match log.form {
        LogForm::Text => {
            let no_color = std::env::var_os("NO_COLOR");
            let has_color = has_color(io::stderr().is_terminal(), no_color.as_deref());
            lines.with_target(false).with_ansi(has_color).init();
        }
        LogForm::Json => lines.json().flatten_event(true).init(),
    }
    // The hook of the standard library writes to standard error directly, and blocks on it.
    let form = log.form;
    panic::set_hook(Box::new(move |panic| log_panic(form, panic)));
    Ok(queue)
}

/// Returns whether the log has colours: only on a terminal, and not if the user has set `NO_COLOR`.
/// See <https://no-color.org>.
fn has_color(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

/// Logs a panic as a line like the others. A backtrace is added if `RUST_BACKTRACE` is set.
fn log_panic(form: LogForm, panic: &panic::PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    let message = panic.payload_as_str().unwrap_or("a panic without words");
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or_default();
    match form {
        LogForm::Text => {
            // The backtrace follows on lines of its own, because a field would escape its line
            // breaks.
            let backtrace = backtrace.map(|lines| format!("\n{lines}")).unwrap_or_default();
            tracing::error!(location, thread, "panic: {message}{backtrace}");
        }
        LogForm::Json => tracing::error!(location, thread, backtrace, "panic: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::io;
    use std::panic;
    use std::process::{Command, Stdio};
    use std::sync::{Arc, Mutex};
    use std::thread;

    use bolide_server::{Log, LogForm};
    use serde_json::Value;

    use super::{begin, has_color, log_panic};

    #[test]
    fn colours_are_for_terminals_without_no_color() {
        for (is_terminal, no_color, expect) in [
            (true, None, true),
            (true, Some(""), true),
            (true, Some("1"), false),
            (true, Some("0"), false),
            (false, None, false),
        ] {
            assert_eq!(has_color(is_terminal, no_color.map(OsStr::new)), expect, "{no_color:?}");
        }
    }

    #[test]
    fn a_panic_is_a_line_like_the_others() {
        let written = Arc::<Mutex<Vec<u8>>>::default();
        let writer = Arc::clone(&written);
        let lines =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || Sink(writer.clone()));
        let hook = panic::take_hook();
        tracing::subscriber::with_default(lines.finish(), || {
            for form in [LogForm::Text, LogForm::Json] {
                panic::set_hook(Box::new(move |panic| log_panic(form, panic)));
                panic::catch_unwind(|| panic!("nobody expects {}", 7)).expect_err("it panics");
            }
        });
        panic::set_hook(hook);
        let written = written.lock().expect("no panic");
        let text = String::from_utf8_lossy(&written);
        assert_eq!(text.matches("ERROR").count(), 2, "{text}");
        assert_eq!(text.matches("panic: nobody expects 7").count(), 2, "{text}");
        assert!(text.matches("logging.rs:").count() >= 2, "{text}");
    }

    /// Set in the process of a test that starts its own log, to the setting of that log.
    const LOG: &str = "BOLIDE_TEST_PANIC_LOG";

    /// Runs a test in a process of its own, because a log and a panic hook apply to all threads.
    fn process_that_panics(log: &str) -> Command {
        let mut process = Command::new(std::env::current_exe().expect("this program"));
        let this = "logging::tests::a_process_goes_on_after_a_panic_and_its_log_has_one_line_of_it";
        process.args(["--exact", "--nocapture", this]).env(LOG, log).stdout(Stdio::null());
        process.env("RUST_BACKTRACE", "0").env_remove("RUST_LIB_BACKTRACE");
        process
    }

    #[test]
    fn a_process_goes_on_after_a_panic_and_its_log_has_one_line_of_it() {
        if let Ok(log) = std::env::var(LOG) {
            let queue = begin(&log.parse::<Log>().expect("a log"), 100).expect("a thread");
            let panics =
                thread::Builder::new().name("ill".to_owned()).spawn(|| panic!("on purpose"));
            panics.expect("a thread").join().expect_err("it panics");
            tracing::info!("it goes on");
            return queue.flush();
        }
        for log in ["text,info", "json,info"] {
            let output = process_that_panics(log).output().expect("it starts");
            let text = String::from_utf8(output.stderr).expect("text");
            assert!(output.status.success(), "{text}");
            let [panic, end] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
            assert!(panic.contains("ERROR") && panic.contains("panic: on purpose"), "{text}");
            assert!(panic.contains("ill") && end.contains("it goes on"), "{text}");
            let is_json = |line| serde_json::from_str::<Value>(line).is_ok();
            assert_eq!([is_json(panic), is_json(end)], [log.starts_with("json"); 2], "{text}");
        }
    }

    /// The log's reader is gone. A hook that panics because of that would abort the process.
    #[test]
    fn a_process_whose_log_is_gone_goes_on_after_a_panic() {
        for log in ["text,info", "json,info"] {
            let (reader, writer) = io::pipe().expect("a pipe");
            drop(reader);
            let status = process_that_panics(log).stderr(writer).status().expect("it starts");
            assert!(status.success(), "{log}: {status}");
        }
    }

    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
