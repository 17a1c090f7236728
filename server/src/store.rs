//! What must outlive the process beside the journals: which rooms there are, which match each of them plays, and who holds its
//! seats. SQLite in the data folder, written by a thread in batches: a room that asks for something to be kept is answered once
//! the disk has it, and never waits. No room runs here, and no token is kept but as a hash.

mod acks;
mod database;
mod thread;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use bolide_net::RoomCode;
use bolide_room::{SaveNumber, SeatRecord};
use bolide_sim::PlayerId;
use uuid::Uuid;

use self::database::Database;
use self::thread::{Queue, StoreMetrics};
use crate::heartbeat::Heartbeat;
use crate::random::RoomId;
pub(crate) use acks::{Ack, AckSender, KeeperId, Outcome, Saved};
pub(crate) use database::{RoomRecord, StoreError, matches_needed};

/// The way to the thread. Cloning shares it; when the last one is gone, the thread commits what waits and ends.
#[derive(Clone, Debug)]
pub(crate) struct Store(Arc<Handle>);

#[derive(Debug)]
struct Handle(Arc<Queue>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// How the store fares. It keeps no thread alive.
#[derive(Clone, Debug)]
pub(crate) struct StoreHealth(Arc<Queue>);

/// What the store knows of a room besides its seats. Each seat, lock and match brings it along, so that none depends on an
/// earlier change.
#[derive(Clone, Debug)]
pub(crate) struct RoomRow {
    pub(crate) id: RoomId,
    /// The name of its mode.
    pub(crate) mode: Arc<str>,
    /// What opens it, if it is private.
    pub(crate) code: Option<RoomCode>,
    /// The number and the id of the match that it plays.
    pub(crate) current: (u32, Uuid),
}

/// A change to be committed, and the answer to it.
#[derive(Debug)]
struct Write {
    change: Change,
    ack: Option<(AckSender, Saved)>,
}

/// One change of what is kept. Made twice, it is the same as made once.
#[derive(Debug)]
enum Change {
    /// The number and the id of the match that the room plays next.
    Match(RoomRow, (u32, Uuid)),
    Seat(RoomRow, SeatRecord),
    /// Whether nobody new may come in.
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
    /// Opens the store in a data folder, or makes one, and starts its thread. Returns what was kept there.
    ///
    /// # Errors
    /// The file cannot be used, or is of a newer version; no thread can be started.
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

    /// Keeps which match a room plays next, before its first tick. False if too much waits: then nothing is kept, and nothing is
    /// answered. Seats and locks are dropped likewise; their rooms ask again or give up.
    pub(crate) fn keep_match(&self, room: RoomRow, next: (u32, Uuid), acks: AckSender) -> bool {
        self.push(Change::Match(room, next), Some((acks, Saved::Match(next.1))))
    }

    /// Keeps a seat.
    pub(crate) fn keep_seat(
        &self,
        room: RoomRow,
        seat: SeatRecord,
        (acks, number): (AckSender, SaveNumber),
    ) {
        self.push(Change::Seat(room, seat), Some((acks, Saved::Number(number))));
    }

    /// Keeps whether a room is locked.
    pub(crate) fn keep_lock(
        &self,
        room: RoomRow,
        locked: bool,
        (acks, number): (AckSender, SaveNumber),
    ) {
        self.push(Change::Lock(room, locked), Some((acks, Saved::Number(number))));
    }

    /// A seat is free again. If that is dropped, the next process waits for its player in vain.
    pub(crate) fn forget_seat(&self, room: &RoomId, player: PlayerId) {
        self.push(Change::ForgetSeat(room.clone(), player), None);
    }

    /// A room is gone. If that is dropped, the next process goes on with it until its seats have run out.
    pub(crate) fn forget_room(&self, room: &RoomId) {
        self.push(Change::ForgetRoom(room.clone()), None);
    }

    fn push(&self, change: Change, ack: Option<(AckSender, Saved)>) -> bool {
        self.0.0.push(Write { change, ack })
    }
}

impl StoreHealth {
    /// Why no seat can be kept now, if that is so.
    pub(crate) fn trouble(&self, now: Instant) -> Option<String> {
        self.0.trouble(now)
    }

    pub(crate) fn metrics(&self) -> &StoreMetrics {
        &self.0.metrics
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
