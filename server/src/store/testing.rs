//! What the tests of this crate share of a store. Nothing in here is part of the server.

use std::thread::JoinHandle;

use rusqlite::Connection;

use super::{Change, RoomRecord, Store, StoreError};
use crate::heartbeat::Heartbeats;
use crate::random::RoomId;
use crate::testing::Folder;

pub(crate) fn open(
    folder: &Folder,
) -> Result<(Store, Vec<RoomRecord>, JoinHandle<()>), StoreError> {
    Store::open(&folder.0, Heartbeats::default().add("store"))
}

/// Another program that has the database locked for writing, until it is dropped.
pub(crate) fn locked(folder: &Folder) -> Connection {
    let other = Connection::open(folder.0.join("bolide.sqlite")).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    other
}

/// Lets as much wait for a store that is locked as may.
pub(crate) fn fill(store: &Store) {
    let failures = store.health().metrics().failures.get();
    let fill = || while store.push(Change::ForgetRoom(RoomId::known("none")), None) {};
    fill();
    // The thread has taken its batch then, and keeps it.
    while store.health().metrics().failures.get() == failures {
        std::thread::yield_now();
    }
    fill();
}
