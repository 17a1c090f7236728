//! Stores what must outlive the process beside the journals: the rooms, the match that each of them
//! plays, and its seats. The store is an SQLite database in the data folder, and a thread writes to
//! it in batches. A room gets an acknowledgement once its change is on the disk, and never waits
//! for it. No room runs here, and tokens are stored only as hashes.

mod acks;
mod database;
mod thread;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use bolide_net::RoomCode;
use bolide_room::{RoomId, SaveNumber, SeatRecord};
use bolide_sim::PlayerId;
use uuid::Uuid;

use self::database::Database;
use self::thread::{Queue, StoreMetrics};
use crate::heartbeat::Heartbeat;
pub(crate) use acks::{Ack, AckSender, Outcome, RoomStoreId, Saved};
pub(crate) use database::{RoomRecord, StoreError, matches_needed};

/// A handle of the thread. Clones share it. When the last one is dropped, the thread commits what
/// waits and ends.
#[derive(Clone, Debug)]
pub(crate) struct Store(Arc<Handle>);

#[derive(Debug)]
struct Handle(Arc<Queue>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The health of the store. It does not keep the thread alive.
#[derive(Clone, Debug)]
pub(crate) struct StoreHealth(Arc<Queue>);

/// The stored data of a room besides its seats. Each seat, lock and match brings it along, so that
/// none of them depends on an earlier change.
#[derive(Clone, Debug)]
pub(crate) struct RoomRow {
    pub(crate) id: RoomId,
    /// The name of its mode.
    pub(crate) mode: Arc<str>,
    /// The code that opens it, if it is private.
    pub(crate) code: Option<RoomCode>,
    /// The number and the id of the current match.
    pub(crate) current: (u32, Uuid),
}

/// A change to be committed, and the way to acknowledge it.
#[derive(Debug)]
struct Write {
    change: Change,
    ack: Option<(AckSender, Saved)>,
}

/// A change of the stored data. Changes are idempotent.
#[derive(Debug)]
enum Change {
    /// The number and the id of the next match of the room.
    Match(RoomRow, (u32, Uuid)),
    Seat(RoomRow, SeatRecord),
    /// The lock of the room: while it is set, no new player can join.
    Lock(RoomRow, bool),
    ForgetSeat(RoomId, PlayerId),
    /// Everything about the room.
    ForgetRoom(RoomId),
}

impl Change {
    const fn room(&self) -> &RoomId {
        match self {
            Change::Match(room, _) | Change::Seat(room, _) | Change::Lock(room, _) => &room.id,
            Change::ForgetSeat(room, _) | Change::ForgetRoom(room) => room,
        }
    }
}

impl Store {
    /// Opens or creates the store of a data folder, starts its thread, and returns the stored
    /// rooms.
    ///
    /// # Errors
    /// The file cannot be used or has a newer version, or no thread can be started.
    pub(crate) fn open(
        data_dir: &Path,
        heartbeat: Heartbeat,
    ) -> Result<(Store, Vec<RoomRecord>, JoinHandle<()>), StoreError> {
        let mut database = Database::open(&data_dir.join("bolide.sqlite"))?;
        let rooms = database.rooms()?;
        let queue = Arc::new(Queue::default());
        let writes = Arc::clone(&queue);
        let thread = heartbeat
            .spawn(move |heartbeat| thread::run(&mut database, &writes, &heartbeat))
            .map_err(|error: io::Error| StoreError::Thread(error))?;
        Ok((Store(Arc::new(Handle(queue))), rooms, thread))
    }

    pub(crate) fn health(&self) -> StoreHealth {
        StoreHealth(Arc::clone(&self.0.0))
    }

    /// Stores the next match of a room, before its first tick. Returns false if too much waits.
    /// Then it is neither stored nor acknowledged. Seats and locks are dropped likewise, and their
    /// rooms ask again or give up.
    pub(crate) fn save_match(&self, room: RoomRow, next: (u32, Uuid), acks: AckSender) -> bool {
        self.push(Change::Match(room, next), Some((acks, Saved::Match(next.1))))
    }

    /// Stores a seat.
    pub(crate) fn save_seat(
        &self,
        room: RoomRow,
        seat: SeatRecord,
        (acks, number): (AckSender, SaveNumber),
    ) {
        self.push(Change::Seat(room, seat), Some((acks, Saved::Number(number))));
    }

    /// Stores whether a room is locked.
    pub(crate) fn save_lock(
        &self,
        room: RoomRow,
        locked: bool,
        (acks, number): (AckSender, SaveNumber),
    ) {
        self.push(Change::Lock(room, locked), Some((acks, Saved::Number(number))));
    }

    /// Removes a seat that is free again. If that is dropped, the next process waits for its player
    /// in vain.
    pub(crate) fn forget_seat(&self, room: &RoomId, player: PlayerId) {
        self.push(Change::ForgetSeat(room.clone(), player), None);
    }

    /// Removes a room. If that is dropped, the next process resumes it and closes it once its seats
    /// have expired.
    pub(crate) fn forget_room(&self, room: &RoomId) {
        self.push(Change::ForgetRoom(room.clone()), None);
    }

    fn push(&self, change: Change, ack: Option<(AckSender, Saved)>) -> bool {
        self.0.0.push(Write { change, ack })
    }
}

impl StoreHealth {
    /// The reason why seats cannot be stored now, if that is so.
    pub(crate) fn failure(&self, now: Instant) -> Option<String> {
        self.0.failure(now)
    }

    pub(crate) fn metrics(&self) -> &StoreMetrics {
        &self.0.metrics
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
