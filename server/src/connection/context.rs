//! The state that all connections share: budgets, counters, traffic.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tracing::warn;

use super::ending::Ending;
use crate::config::Budgets;
use crate::measure::log_pace::LogPace;
use crate::measure::reasons::{Counters, DropReason};
use crate::measure::traffic::Traffic;

/// The state that all connections share.
#[derive(Debug)]
pub(crate) struct ConnectionContext {
    pub(crate) budgets: Budgets,
    pub(crate) counters: Counters,
    pub(crate) traffic: Traffic,
    /// Paces the log of sockets that the kernel refused to watch.
    unwatched: Mutex<LogPace>,
}

impl ConnectionContext {
    pub(crate) fn new(budgets: Budgets) -> ConnectionContext {
        ConnectionContext {
            budgets,
            counters: Counters::default(),
            traffic: Traffic::default(),
            unwatched: Mutex::default(),
        }
    }

    /// Logs that the kernel refused to watch the socket of a client. Returns the end of that
    /// client.
    pub(crate) fn unwatched(&self, error: &io::Error, now: Instant) -> Ending {
        let mut pace = self.unwatched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = pace.add(now) {
            warn!(%error, failures, "cannot watch sockets, so their clients are cut");
        }
        DropReason::System.into()
    }
}
