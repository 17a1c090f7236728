//! The way back from the store's thread to a shard: a bounded queue of values, which the shard empties in each turn. The thread
//! never waits for a shard: a shard that is stuck costs the others nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use bolide_room::SaveNumber;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use uuid::Uuid;

use crate::random::RoomId;

/// Acknowledgements that may wait for a shard: twice what may wait for the store, and a shard that does not read them asks
/// for nothing more.
const ACKS_MAX: usize = 16_384;

/// An answer to a room that asked for something to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) room: RoomId,
    /// The keeper that asked. A room that was restored has another one, and counts its saves anew.
    pub(crate) room_store: KeeperId,
    pub(crate) saved: Saved,
    pub(crate) outcome: Outcome,
}

/// Tells the keepers of one process apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeeperId(u64);

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    /// A seat or a lock, by the number that the room gave it.
    Number(SaveNumber),
    /// The room's next match, by its id.
    Match(Uuid),
}

/// What has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is on the disk.
    Kept,
    /// The database refuses it, and would again.
    Refused,
}

/// The sending end, for the answers to one keeper. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct AckSender {
    queue: mpsc::Sender<Ack>,
    room_store: KeeperId,
}

impl AckSender {
    /// Both ends of the queue of a shard.
    pub(crate) fn new() -> (AckSender, mpsc::Receiver<Ack>) {
        let (queue, receiver) = mpsc::channel(ACKS_MAX);
        (AckSender { queue, room_store: KeeperId::default() }, receiver)
    }

    /// The same queue for another keeper.
    pub(crate) fn of_new_keeper(&self) -> AckSender {
        static NEWEST: AtomicU64 = AtomicU64::new(0);
        let room_store = KeeperId(NEWEST.fetch_add(1, Ordering::Relaxed) + 1);
        AckSender { queue: self.queue.clone(), room_store }
    }

    pub(crate) const fn room_store(&self) -> KeeperId {
        self.room_store
    }

    /// Queues an acknowledgement. False if the queue is full: the room asks again. A shard that has ended needs none.
    pub(super) fn send(&self, room: RoomId, saved: Saved, outcome: Outcome) -> bool {
        let ack = Ack { room, room_store: self.room_store, saved, outcome };
        !matches!(self.queue.try_send(ack), Err(TrySendError::Full(_)))
    }
}
