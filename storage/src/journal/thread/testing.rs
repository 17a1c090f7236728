//! The journal thread in tests that control the order of events.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::super::Durability;
use super::super::batch::Batch;
use super::super::disk::Disk;
use super::super::writer::{JournalWriter, Syncs, Tally};
use super::{JournalThread, Shared, Worker};
use crate::threads::Turns;

/// The writer without a thread, for tests that control the order of events.
pub struct ManualThread<D: Disk> {
    worker: Worker<D, fn()>,
    group: Option<Syncs<D>>,
}

impl<D: Disk> ManualThread<D> {
    /// Creates a writer on this disk, and the handle that a shard would have.
    pub fn new(disk: D, durability: Durability) -> (JournalThread, ManualThread<D>) {
        let shared = Arc::new(Shared { queue: Mutex::default(), work: Condvar::new() });
        let writer = JournalWriter::new(disk, durability);
        let writes = Arc::clone(&shared);
        let worker = Worker {
            shared: writes,
            writer,
            durability,
            reports: Arc::new(|_| ()),
            turns: Turns::new(|_| ()),
            empty: Batch::default(),
            counted: Tally::default(),
            wake: (|| ()) as fn(),
        };
        (JournalThread(shared), ManualThread { worker, group: None })
    }

    /// Writes what was submitted, and handles the sync that has ended.
    pub fn write(&mut self, now: Duration) {
        let empty = std::mem::take(&mut self.worker.empty);
        let work = self.worker.shared.queue().take_work(empty);
        self.worker.handle(work, now);
    }

    /// Begins a sync if one is due.
    pub fn begin_sync(&mut self, now: Duration) {
        if self.worker.writer.sync_due().is_some_and(|due| due <= now) && self.group.is_none() {
            self.group = self.worker.writer.take_syncs();
        }
    }

    /// Ends the sync.
    pub fn end_sync(&mut self) {
        if let Some(group) = self.group.take() {
            self.worker.shared.queue().synced = Some(group.run());
        }
    }
}
