//! Acknowledgements from the store's thread to a shard: a bounded queue of values, which the shard
//! empties in each turn. The thread never waits for a shard, so a shard that is stuck does not
//! affect the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;

use bolide_room::{RoomId, SaveNumber};
use uuid::Uuid;

/// Acknowledgements that may wait for a shard. That is twice as many as changes may wait for the
/// store, and a shard that does not read them makes no further changes.
const ACKS_MAX: usize = 16_384;

/// The answer to a change that a room asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The room.
    pub room: RoomId,
    /// The `RoomStore` that asked. A restored room has a new one, and counts its saves anew.
    pub room_store: RoomStoreId,
    /// The change.
    pub saved: Saved,
    /// The outcome of the change.
    pub outcome: Outcome,
}

/// The id of a `RoomStore` within the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomStoreId(u64);

/// The change that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// A seat or a lock, by the number that the room gave it.
    Number(SaveNumber),
    /// The next match of the room, by its id.
    Match(Uuid),
}

/// The outcome of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on the disk.
    Committed,
    /// The database refuses it, and would refuse it again.
    Refused,
}

/// The sending end for the answers to one `RoomStore`. Clones share it.
#[derive(Clone, Debug)]
pub struct AckSender {
    queue: mpsc::Sender<Ack>,
    waiting: Arc<AtomicUsize>,
    room_store: RoomStoreId,
}

/// The receiving end of a shard.
#[derive(Debug)]
pub struct AckReceiver {
    queue: mpsc::Receiver<Ack>,
    /// Number of acknowledgements in the queue. One is added before it is sent, and taken off
    /// after it was received.
    waiting: Arc<AtomicUsize>,
}

impl AckSender {
    /// Creates both ends of the queue of a shard.
    #[must_use]
    pub fn new() -> (AckSender, AckReceiver) {
        let (queue, receiver) = mpsc::channel();
        let waiting = Arc::<AtomicUsize>::default();
        let sender =
            AckSender { queue, waiting: Arc::clone(&waiting), room_store: RoomStoreId::default() };
        (sender, AckReceiver { queue: receiver, waiting })
    }

    /// Returns a sender to the same queue for another `RoomStore`.
    #[must_use]
    pub fn of_new_room_store(&self) -> AckSender {
        static NEWEST: AtomicU64 = AtomicU64::new(0);
        let room_store = RoomStoreId(NEWEST.fetch_add(1, Ordering::Relaxed) + 1);
        AckSender { room_store, ..self.clone() }
    }

    /// Returns the `RoomStore` that the answers are for.
    #[must_use]
    pub const fn room_store(&self) -> RoomStoreId {
        self.room_store
    }

    /// Queues an acknowledgement. Returns false if the queue is full; then the room asks again. One
    /// for a shard that has ended is dropped.
    pub(super) fn send(&self, room: RoomId, saved: Saved, outcome: Outcome) -> bool {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= ACKS_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        let ack = Ack { room, room_store: self.room_store, saved, outcome };
        if self.queue.send(ack).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        true
    }
}

impl AckReceiver {
    /// Returns the next acknowledgement, if there is one.
    pub fn try_recv(&mut self) -> Option<Ack> {
        let ack = self.queue.try_recv().ok()?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(ack)
    }

    /// Waits for the next acknowledgement, half a minute at most.
    #[cfg(any(test, feature = "testing"))]
    pub fn wait(&mut self) -> Option<Ack> {
        let patience = std::time::Duration::from_secs(30);
        let ack = self.queue.recv_timeout(patience).ok()?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(ack)
    }
}
