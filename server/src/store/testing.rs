//! Helpers for tests with a store. Not part of the server.

use std::thread::JoinHandle;

use rusqlite::Connection;

use super::{Change, RoomRecord, Store, StoreError};
use crate::heartbeat::Heartbeats;
use crate::testing::Folder;
use bolide_room::RoomId;

pub(crate) fn open(
    folder: &Folder,
) -> Result<(Store, Vec<RoomRecord>, JoinHandle<()>), StoreError> {
    Store::open(&folder.0, Heartbeats::default().add("store"))
}

/// Locks the database for writing, as another program would, until the connection is dropped.
pub(crate) fn locked(folder: &Folder) -> Connection {
    let other = Connection::open(folder.0.join("bolide.sqlite")).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    other
}

/// Queues as many changes as may wait for a store that is locked.
pub(crate) fn fill(store: &Store) {
    let failures = store.health().metrics().failures.get();
    let fill = || while store.push(Change::ForgetRoom(RoomId::known("none")), None) {};
    fill();
    // By then the thread has taken its batch and keeps it.
    while store.health().metrics().failures.get() == failures {
        std::thread::yield_now();
    }
    fill();
}
