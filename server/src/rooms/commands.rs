//! The calls of a shard to the driver of a room, and their outcomes, as values.

use bolide_room::{Join, JoinError, Resume, RoomStatus};
use bolide_storage::{Ack, JournalFault};
use uuid::Uuid;

use super::failed::RoomFailed;
use crate::connection::Connection;
use crate::connection::address_quota::AddressPermit;
use crate::connection::poller::SocketToken;

/// A command of the shard for a room.
#[derive(Debug)]
pub(crate) enum RoomCommand {
    /// The store has answered.
    Acknowledge(Ack),
    /// The journal of a match that [affects](super::RoomDriver::is_affected_by) the room has a
    /// fault.
    JournalFault(Uuid, JournalFault),
    /// Begin another segment of the journal of this match, with the full state.
    BeginSegment(Uuid),
    /// The server stops, and had this many connections: disconnect all clients. No tick follows.
    Drain { open: u32 },
    /// The shard has panicked and the process is about to end: disconnect all clients.
    LoseShard,
    /// Panic.
    #[cfg(test)]
    Panic,
}

/// The snapshots of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Snapshots {
    Sent,
    /// None is sent, and all frames of the tick wait for the next tick that sends one, because
    /// system calls cost the most.
    Withheld,
}

/// A request to enter a room.
pub(crate) enum Entry {
    /// Take a free seat. With a permit it counts for an address until it is free again.
    Join(Join, Option<AddressPermit>),
    /// Take one's seat again.
    Resume(Resume),
}

/// The outcome of an [`Entry`].
pub(crate) enum Entered {
    /// The room has the connection, whose socket is watched under this token.
    Seated(SocketToken),
    /// The room refused the connection, which is returned with the reason.
    Refused(Box<Connection>, JoinError),
}

/// The state of a room by which its shard decides what to do with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DriverStatus {
    pub(crate) room: RoomStatus,
    /// No seat is taken and no connection is left. A close frame may still wait for the journal.
    pub(crate) is_empty: bool,
    /// Frames wait for the journal.
    pub(crate) is_deferring: bool,
    /// A client may have been sent a tick of the room. If not, there is nothing to restore.
    pub(crate) was_shown: bool,
}

/// The way in which a room leaves its shard.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RoomEnd<'a> {
    /// The process ends. The room and its match are kept for the next one.
    Kept,
    /// The room has no seat any more. Nothing of it is stored, except the journals of its matches.
    Closed,
    /// The room failed for good.
    Failed(&'a RoomFailed),
}
