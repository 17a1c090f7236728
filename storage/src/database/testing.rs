//! Helpers for tests with a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use bolide_room::RoomId;
use rusqlite::Connection;

use super::{Change, OpenedStore, RoomRecord, Store, StoreError, StoreReport};
use crate::testing::{Folder, thread};

/// The figures of a store.
#[derive(Debug, Default)]
pub struct StoreCounts {
    failures: AtomicU64,
    refused: AtomicU64,
    acks_dropped: AtomicU64,
    waiting: AtomicU64,
    dropped: AtomicU64,
}

impl StoreCounts {
    fn report(&self, report: StoreReport) {
        let count = |counter: &AtomicU64| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        match report {
            StoreReport::Committed(_) => {}
            StoreReport::Failed => count(&self.failures),
            StoreReport::Refused => count(&self.refused),
            StoreReport::AckDropped => count(&self.acks_dropped),
            StoreReport::Waiting(waiting) => self.waiting.store(waiting, Ordering::Relaxed),
            StoreReport::Dropped => count(&self.dropped),
        }
    }

    /// Commits that failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Changes that the database refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Acknowledgements that were dropped.
    #[must_use]
    pub fn acks_dropped(&self) -> u64 {
        self.acks_dropped.load(Ordering::Relaxed)
    }

    /// Changes that are not committed yet.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Changes that were dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// A store, the rooms that it had when it was opened, and its thread.
type Opened = (Store, Vec<RoomRecord>, JoinHandle<()>);

/// Opens the store of a folder.
///
/// # Errors
/// See [`Store::open`].
pub fn open(folder: &Folder) -> Result<Opened, StoreError> {
    open_counted(folder).map(|(opened, _)| opened)
}

/// Opens the store of a folder, and returns its figures as well.
///
/// # Errors
/// See [`Store::open`].
pub fn open_counted(folder: &Folder) -> Result<(Opened, Arc<StoreCounts>), StoreError> {
    let counts = Arc::<StoreCounts>::default();
    let reports = Arc::clone(&counts);
    let report = move |report| reports.report(report);
    let OpenedStore { store, thread, rooms, .. } =
        Store::open(&folder.data_dir(), thread("store"), report)?;
    Ok(((store, rooms, thread), counts))
}

/// Locks the database for writing, as another program would, until the connection is dropped.
///
/// # Panics
/// It cannot be opened or locked.
#[must_use]
pub fn locked(folder: &Folder) -> Connection {
    let other = Connection::open(folder.data_dir().database()).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    other
}

/// Queues as many changes as may wait for a store that is locked.
pub fn fill(store: &Store, counts: &StoreCounts) {
    let failures = counts.failures();
    let fill = || while store.push(Change::ForgetRoom(RoomId::known("none")), None) {};
    fill();
    // By then the thread has taken its batch and keeps it.
    while counts.failures() == failures {
        std::thread::yield_now();
    }
    fill();
}
