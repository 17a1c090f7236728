//! Limits the log lines about something that may happen thousands of times a second: one line in
//! five seconds, with the number of times since the last line. Time is an argument.

use std::time::{Duration, Instant};

/// Interval between two lines in the log.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// The pace of failures of one kind.
#[derive(Debug, Default)]
pub(crate) struct LogPace {
    /// Number since the last line in the log.
    count: u64,
    logged_at: Option<Instant>,
}

impl LogPace {
    /// Counts one more. Returns the number to log now, if a line is due.
    pub(crate) fn add(&mut self, now: Instant) -> Option<u64> {
        self.count += 1;
        let is_logged = self.logged_at.is_none_or(|at| at + LOG_INTERVAL <= now);
        is_logged.then(|| {
            self.logged_at = Some(now);
            std::mem::take(&mut self.count)
        })
    }
}
