//! The view of one seat: whose eyes it has, and what it was shown and sent last. A seat carries it,
//! and only this folder looks inside.

use bolide_net::{Observer, ServerMessage};

use super::snapshot_stream::SnapshotStream;
use super::spectating::Spectator;
use crate::matches::current_match::PrivateState;

/// The view of a seat in one match. Only a mode with a vision radius uses it.
#[derive(Default)]
pub(crate) struct Viewer {
    /// The part of the world that the seat was shown, and the numbers that it knows for that.
    pub(super) observer: Observer,
    pub(super) spectator: Spectator,
    pub(super) stream: SnapshotStream,
}

impl Viewer {
    /// Returns the message that tells the seat whose eyes it has, if they are not its own.
    pub(crate) fn eyes_message(&self) -> Option<ServerMessage> {
        self.spectator.message()
    }
}

/// The private state that a seat was sent last. No other seat is sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SentPrivate {
    pub(super) state: PrivateState,
    pub(super) rewind_ticks_max: u8,
}
