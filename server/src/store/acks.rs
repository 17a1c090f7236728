//! Acknowledgements from the store's thread to a shard: a bounded queue of values, which the shard
//! empties in each turn. The thread never waits for a shard, so a shard that is stuck does not
//! affect the others.

use std::sync::atomic::{AtomicU64, Ordering};

use bolide_room::{RoomId, SaveNumber};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use uuid::Uuid;

/// Acknowledgements that may wait for a shard. That is twice as many as changes may wait for the
/// store, and a shard that does not read them makes no further changes.
const ACKS_MAX: usize = 16_384;

/// The answer to a change that a room asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) room: RoomId,
    /// The `RoomStore` that asked. A restored room has a new one, and counts its saves anew.
    pub(crate) room_store: RoomStoreId,
    pub(crate) saved: Saved,
    pub(crate) outcome: Outcome,
}

/// The id of a `RoomStore` within the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoomStoreId(u64);

/// The change that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    /// A seat or a lock, by the number that the room gave it.
    Number(SaveNumber),
    /// The next match of the room, by its id.
    Match(Uuid),
}

/// The outcome of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is on the disk.
    Committed,
    /// The database refuses it, and would refuse it again.
    Refused,
}

/// The sending end for the answers to one `RoomStore`. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct AckSender {
    queue: mpsc::Sender<Ack>,
    room_store: RoomStoreId,
}

impl AckSender {
    /// Creates both ends of the queue of a shard.
    pub(crate) fn new() -> (AckSender, mpsc::Receiver<Ack>) {
        let (queue, receiver) = mpsc::channel(ACKS_MAX);
        (AckSender { queue, room_store: RoomStoreId::default() }, receiver)
    }

    /// Returns a sender to the same queue for another `RoomStore`.
    pub(crate) fn of_new_room_store(&self) -> AckSender {
        static NEWEST: AtomicU64 = AtomicU64::new(0);
        let room_store = RoomStoreId(NEWEST.fetch_add(1, Ordering::Relaxed) + 1);
        AckSender { queue: self.queue.clone(), room_store }
    }

    pub(crate) const fn room_store(&self) -> RoomStoreId {
        self.room_store
    }

    /// Queues an acknowledgement. Returns false if the queue is full; then the room asks again. One
    /// for a shard that has ended is dropped.
    pub(super) fn send(&self, room: RoomId, saved: Saved, outcome: Outcome) -> bool {
        let ack = Ack { room, room_store: self.room_store, saved, outcome };
        !matches!(self.queue.try_send(ack), Err(TrySendError::Full(_)))
    }
}
