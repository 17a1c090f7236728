//! The log of the process: text for people, or one JSON object a line, through the queue that never
//! holds up anybody. What is logged is said where it happens; here is only how it looks.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::panic;

use bolide_server::{Log, LogForm, LogQueue};

/// Begins to log. Once, before anything has something to say.
///
/// # Errors
/// The thread that writes it cannot be started.
pub(crate) fn begin(log: &Log, lines_per_s: u32) -> io::Result<LogQueue> {
    let queue = LogQueue::begin(lines_per_s)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(log.filter())
        .with_writer(queue.clone())
        // They would be printed by a macro that panics when standard error is broken.
        .log_internal_errors(false);
    match log.form {
        LogForm::Text => {
            let no_color = std::env::var_os("NO_COLOR");
            let has_color = has_color(io::stderr().is_terminal(), no_color.as_deref());
            lines.with_target(false).with_ansi(has_color).init();
        }
        LogForm::Json => lines.json().flatten_event(true).init(),
    }
    // The hook of the standard library writes to standard error itself, and waits for it.
    let form = log.form;
    panic::set_hook(Box::new(move |panic| log_panic(form, panic)));
    Ok(queue)
}

/// Colours are for a terminal whose user has not said otherwise; see <https://no-color.org>.
fn has_color(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

/// A panic as a line like the others, with its backtrace if `RUST_BACKTRACE` asks for one.
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
            // As lines of their own: in a field, line breaks would be escaped.
            let backtrace = backtrace.map(|lines| format!("\n{lines}")).unwrap_or_default();
            tracing::error!(location, thread, "panic: {message}{backtrace}");
        }
        LogForm::Json => tracing::error!(location, thread, backtrace, "panic: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::panic;
    use std::sync::{Arc, Mutex};

    use bolide_server::LogForm;

    use super::{has_color, log_panic};

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

    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
