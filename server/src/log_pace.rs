//! How often the log tells of something that may happen thousands of times a second: a line in five
//! seconds, with the number of times since the one before. Time is an argument.

use std::time::{Duration, Instant};

/// Between two lines in the log.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// Failures of one kind.
#[derive(Debug, Default)]
pub(crate) struct LogPace {
    /// Since the last line in the log.
    count: u64,
    logged_at: Option<Instant>,
}

impl LogPace {
    /// One more: how many to log now.
    pub(crate) fn add(&mut self, now: Instant) -> Option<u64> {
        self.count += 1;
        let is_logged = self.logged_at.is_none_or(|at| at + LOG_INTERVAL <= now);
        is_logged.then(|| {
            self.logged_at = Some(now);
            std::mem::take(&mut self.count)
        })
    }
}
