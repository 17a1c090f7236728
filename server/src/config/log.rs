//! The setting `log`: a level or a filter, with the form before it unless that is text. This module
//! only parses. The log itself is set up by the program, because a process has just one.

use std::fmt;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// The filter and the form of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The form of a line.
    pub form: LogForm,
    /// A level, or a filter in the syntax of `EnvFilter`. It has been parsed once.
    filter: String,
}

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// Text for humans.
    Text,
    /// One JSON object per line.
    Json,
}

/// The error for a text that is not a log filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{log}` is no log filter: {why}; write a level ({levels}) or for example info,hyper=debug, and json, before it for JSON", levels = LEVELS.join(", "))]
pub struct NotALog {
    log: String,
    why: String,
}

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// The level if only a form is given.
const DEFAULT_LEVEL: &str = "info";

impl Log {
    /// The filter for `tracing`.
    #[must_use]
    pub fn filter(&self) -> EnvFilter {
        EnvFilter::new(in_full(&self.filter))
    }
}

impl FromStr for Log {
    type Err = NotALog;

    fn from_str(text: &str) -> Result<Log, NotALog> {
        let (first, rest) = text.split_once(',').unwrap_or((text, DEFAULT_LEVEL));
        let (form, filter) = match first {
            "json" => (LogForm::Json, rest),
            "text" => (LogForm::Text, rest),
            _ => (LogForm::Text, text),
        };
        EnvFilter::try_new(in_full(filter))
            .map_err(|error| NotALog { log: text.to_owned(), why: error.to_string() })?;
        Ok(Log { form, filter: filter.to_owned() })
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            LogForm::Text => f.write_str(&self.filter),
            LogForm::Json => write!(f, "json,{}", self.filter),
        }
    }
}

/// Expands a level: it applies to our own messages, while libraries log only warnings and errors.
fn in_full(filter: &str) -> String {
    if LEVELS.contains(&filter) { format!("warn,bolide={filter}") } else { filter.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Log, LogForm};

    fn check(text: &str, form: LogForm, told: &str, filter: &str) {
        let log: Log = text.parse().expect("a log");
        assert_eq!((log.form, log.to_string().as_str()), (form, told), "{text}");
        assert_eq!(log.to_string().parse(), Ok(log.clone()), "{text}");
        let parts = |filter: &str| {
            let mut parts: Vec<String> = filter.split(',').map(str::to_owned).collect();
            parts.sort();
            parts
        };
        assert_eq!(parts(&log.filter().to_string()), parts(filter), "{text}");
    }

    #[test]
    fn a_form_stands_before_the_filter_and_either_can_be_left_out() {
        use LogForm::{Json, Text};
        let [info, debug] = ["info", "debug"].map(|level| format!("warn,bolide={level}"));
        check("info", Text, "info", &info);
        check("text", Text, "info", &info);
        check("json", Json, "json,info", &info);
        check("json,debug", Json, "json,debug", &debug);
        check("text,info,hyper=debug", Text, "info,hyper=debug", "info,hyper=debug");
        check("json,info,hyper=debug", Json, "json,info,hyper=debug", "info,hyper=debug");
    }

    #[test]
    fn what_is_no_filter_is_refused_with_what_is_allowed() {
        for text in ["a=b=c", "json,a=b=c"] {
            let error = text.parse::<Log>().expect_err("refused").to_string();
            assert!(error.starts_with(&format!("`{text}` is no log filter: ")), "{error}");
            assert!(error.contains("error, warn, info, debug, trace"), "{error}");
        }
    }
}
