//! The metrics of the store, as it reports them. The names are in `metrics`.

use std::sync::Arc;

use bolide_storage::{StoreHealth, StoreReport};

use super::shard_metrics::{Histogram, SingleWriterCounter};

/// The figures of the store. Its thread writes them, but for `waiting` and `dropped`: those are
/// written under the lock of its queue.
#[derive(Debug, Default)]
pub(crate) struct StoreMetrics {
    /// Durations of successful commits, including the sync.
    pub(crate) commits: Histogram,
    /// Commits that failed. Each was or is retried.
    pub(crate) failures: SingleWriterCounter,
    /// Changes that the database refused.
    pub(crate) refused: SingleWriterCounter,
    /// Acknowledgements that were dropped because a shard does not read them.
    pub(crate) acks_dropped: SingleWriterCounter,
    /// Changes that are not committed yet.
    pub(crate) waiting: SingleWriterCounter,
    /// Changes that were dropped because too many waited.
    pub(crate) dropped: SingleWriterCounter,
}

/// The store, as operators see it.
#[derive(Debug)]
pub(crate) struct StoreWatch {
    pub(crate) health: StoreHealth,
    pub(crate) metrics: Arc<StoreMetrics>,
}

impl StoreMetrics {
    /// Counts what the store reports.
    pub(crate) fn count(&self, report: StoreReport) {
        match report {
            StoreReport::Committed(took) => self.commits.record(took),
            StoreReport::Failed => self.failures.add(1),
            StoreReport::Refused => self.refused.add(1),
            StoreReport::AckDropped => self.acks_dropped.add(1),
            StoreReport::Waiting(changes) => self.waiting.set(changes),
            StoreReport::Dropped => self.dropped.add(1),
        }
    }
}
