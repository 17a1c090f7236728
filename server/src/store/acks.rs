//! The way back from the store's thread to a shard: a bounded queue of values, which the shard empties in each turn. The thread
//! never waits for a shard: a shard that is stuck costs the others nothing.

use bolide_room::SaveNumber;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use uuid::Uuid;

use crate::token::RoomId;

/// Acknowledgements that may wait for a shard: twice what may wait for the store, and a shard that does not read them asks
/// for nothing more.
const ACKS_MAX: usize = 16_384;

/// An answer to a room that asked for something to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) room: RoomId,
    pub(crate) saved: Saved,
    pub(crate) outcome: Outcome,
}

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

/// The sending end. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct AckSender(mpsc::Sender<Ack>);

impl AckSender {
    /// Both ends of the queue of a shard.
    pub(crate) fn new() -> (AckSender, mpsc::Receiver<Ack>) {
        let (sender, receiver) = mpsc::channel(ACKS_MAX);
        (AckSender(sender), receiver)
    }

    /// Queues an acknowledgement. False if the queue is full: the room asks again. A shard that has ended needs none.
    pub(super) fn send(&self, ack: Ack) -> bool {
        !matches!(self.0.try_send(ack), Err(TrySendError::Full(_)))
    }
}
