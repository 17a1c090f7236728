//! Stores what must outlive the process beside the journals: the rooms, the match that each of them
//! plays, and its seats; the keys of backends, and the last values of topics. The store is an
//! SQLite database in the data folder, and a thread writes to it in batches. A room gets an
//! acknowledgement once its change is on the disk, and never waits for it. No room runs here, and
//! tokens are stored only as hashes.

mod acks;
mod backup;
mod commit;
mod keys;
mod records;
mod schema;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod thread;
mod topics;

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use bolide_net::RoomCode;
use bolide_room::{RoomId, SaveNumber, SeatRecord};
use bolide_sim::PlayerId;
use uuid::Uuid;

use self::schema::Database;
use self::thread::Queue;
use crate::data_dir::DataDir;
use crate::threads::ThreadStarter;

pub use acks::{Ack, AckReceiver, AckSender, Outcome, RoomStoreId, Saved};
pub use keys::{
    KeyName, KeyRecord, NotAKeyName, NotPermissions, Permission, Permissions, UnusedKeys,
};
pub use records::RoomRecord;
pub(crate) use records::matches_needed;
pub use schema::StoreError;
pub use topics::TopicRecord;

/// A handle of the thread. Clones share it. When the last one is dropped, the thread commits what
/// waits and ends.
#[derive(Clone, Debug)]
pub struct Store(Arc<Handle>);

#[derive(Debug)]
struct Handle(Arc<Queue>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The health of the store. It does not keep the thread alive.
#[derive(Clone, Debug)]
pub struct StoreHealth(Arc<Queue>);

/// A report of the store, for the figures of its owner. It is called by the store's thread and by
/// whoever asks for a change, while the queue is locked; so it must neither block nor call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreReport {
    /// A batch was committed within this time, including the sync.
    Committed(Duration),
    /// A commit failed. It is retried.
    Failed,
    /// The database refused a change.
    Refused,
    /// An acknowledgement was dropped, because a shard does not read them.
    AckDropped,
    /// This many changes are not committed yet.
    Waiting(u64),
    /// A change was dropped, because too many waited.
    Dropped,
}

/// The stored data of a room besides its seats. Each seat, lock and match brings it along, so that
/// none of them depends on an earlier change.
#[derive(Clone, Debug)]
pub struct RoomRow {
    /// Its id.
    pub id: RoomId,
    /// The name of its mode.
    pub mode: Arc<str>,
    /// The code that opens it, if it is private.
    pub code: Option<RoomCode>,
    /// The number and the id of the current match.
    pub current: (u32, Uuid),
}

/// An open store, and what the process before has left in it.
#[derive(Debug)]
pub struct OpenedStore {
    /// The handle of its thread.
    pub store: Store,
    /// The thread.
    pub thread: JoinHandle<()>,
    /// The rooms.
    pub rooms: Vec<RoomRecord>,
    /// The keys by name.
    pub keys: Vec<KeyRecord>,
    /// The last values of topics whose time is not over.
    pub topics: Vec<TopicRecord>,
}

/// A change to be committed, and the way to answer it.
struct Write {
    change: Change,
    answer: Option<Answer>,
}

/// The way to answer a change.
enum Answer {
    /// To the shard of the room.
    Room(AckSender, Saved),
    /// By a call on the store's thread.
    Call(Box<dyn FnOnce(Outcome) + Send>),
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write").field("change", &self.change).finish_non_exhaustive()
    }
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
    Key(KeyRecord),
    ForgetKey(KeyName),
    Topic(TopicRecord),
    ForgetTopic(String),
}

impl Change {
    /// Returns the room that it is about, if it is about one.
    const fn room(&self) -> Option<&RoomId> {
        match self {
            Change::Match(room, _) | Change::Seat(room, _) | Change::Lock(room, _) => {
                Some(&room.id)
            }
            Change::ForgetSeat(room, _) | Change::ForgetRoom(room) => Some(room),
            Change::Key(_) | Change::ForgetKey(_) | Change::Topic(_) | Change::ForgetTopic(_) => {
                None
            }
        }
    }
}

impl Store {
    /// Opens or creates the store of a data folder, starts its thread, and returns what is stored.
    ///
    /// # Errors
    /// The file cannot be used or has a newer version, or no thread can be started.
    pub fn open(
        data_dir: &DataDir,
        thread: ThreadStarter,
        reports: impl Fn(StoreReport) + Send + Sync + 'static,
    ) -> Result<OpenedStore, StoreError> {
        let mut database = Database::open(data_dir)?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let topics = database.topics(now.as_secs())?;
        let (rooms, keys) = (database.rooms()?, database.keys()?);
        let queue = Arc::new(Queue::new(reports));
        let writes = Arc::clone(&queue);
        let thread = thread
            .start(move |turns| thread::run(&mut database, &writes, &turns))
            .map_err(StoreError::Thread)?;
        Ok(OpenedStore { store: Store(Arc::new(Handle(queue))), thread, rooms, keys, topics })
    }

    /// Returns the health of the store.
    #[must_use]
    pub fn health(&self) -> StoreHealth {
        StoreHealth(Arc::clone(&self.0.0))
    }

    /// Stores the next match of a room, before its first tick. Returns false if too much waits.
    /// Then it is neither stored nor acknowledged. Seats and locks are dropped likewise, and their
    /// rooms ask again or give up.
    pub fn save_match(&self, room: RoomRow, next: (u32, Uuid), acks: AckSender) -> bool {
        self.push(Change::Match(room, next), Some(Answer::Room(acks, Saved::Match(next.1))))
    }

    /// Stores a seat.
    pub fn save_seat(
        &self,
        room: RoomRow,
        seat: SeatRecord,
        (acks, number): (AckSender, SaveNumber),
    ) {
        self.push(Change::Seat(room, seat), Some(Answer::Room(acks, Saved::Number(number))));
    }

    /// Stores whether a room is locked.
    pub fn save_lock(&self, room: RoomRow, locked: bool, (acks, number): (AckSender, SaveNumber)) {
        self.push(Change::Lock(room, locked), Some(Answer::Room(acks, Saved::Number(number))));
    }

    /// Removes a seat that is free again. If that is dropped, the next process waits for its player
    /// in vain.
    pub fn forget_seat(&self, room: &RoomId, player: PlayerId) {
        self.push(Change::ForgetSeat(room.clone(), player), None);
    }

    /// Removes a room. If that is dropped, the next process resumes it and closes it once its seats
    /// have expired.
    pub fn forget_room(&self, room: &RoomId) {
        self.push(Change::ForgetRoom(room.clone()), None);
    }

    /// Stores a key, and calls `answer` on the store's thread once that is done. It must not block.
    /// If the change is dropped, `answer` is dropped without a call.
    pub fn save_key(&self, key: KeyRecord, answer: impl FnOnce(Outcome) + Send + 'static) {
        self.push(Change::Key(key), Some(Answer::Call(Box::new(answer))));
    }

    /// Removes a key, and answers like [`Store::save_key`].
    pub fn forget_key(&self, name: KeyName, answer: impl FnOnce(Outcome) + Send + 'static) {
        self.push(Change::ForgetKey(name), Some(Answer::Call(Box::new(answer))));
    }

    /// Stores the last value of a channel. A value that is replaced before it was stored costs
    /// nothing. If too much waits, the value is dropped, and a page that subscribes after the next
    /// start is not told it.
    pub fn save_topic(&self, topic: TopicRecord) {
        self.0.0.push_topic(Change::Topic(topic));
    }

    /// Removes the last value of a channel, as [`Store::save_topic`] stores one.
    pub fn forget_topic(&self, channel: String) {
        self.0.0.push_topic(Change::ForgetTopic(channel));
    }

    fn push(&self, change: Change, answer: Option<Answer>) -> bool {
        self.0.0.push(Write { change, answer })
    }
}

impl StoreHealth {
    /// The reason why seats cannot be stored now, if that is so.
    #[must_use]
    pub fn failure(&self, now: Instant) -> Option<String> {
        self.0.failure(now)
    }
}
