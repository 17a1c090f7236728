//! What is logged and in which form, as one setting: a level or a filter, and before it the form if it is not text. It
//! parses; only the program itself sets up a log, because a process has just one.

use std::fmt;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line looks.
    pub form: LogForm,
    /// A level, or a filter in the syntax of `EnvFilter`; it has been tried.
    filter: String,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Text that says nothing about what to log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{log}` is no log filter: {why}; write a level ({levels}) or for example info,hyper=debug, and json, before it for JSON", levels = LEVELS.join(", "))]
pub struct NotALog {
    log: String,
    why: String,
}

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// When only a form is named.
const DEFAULT_LEVEL: &str = "info";

impl Log {
    /// What is let through.
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

/// A level means our own messages; libraries then say only what is worrying.
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
