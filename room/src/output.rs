//! What a room hands out.

use std::collections::VecDeque;

use bolide_net::{CloseCode, Frame};
use uuid::Uuid;

use crate::seat::ConnectionId;

/// Something the shell must do for a room, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send a frame. Frames of one tick to one connection follow each other, and go out in one write.
    Send {
        /// To whom.
        to: ConnectionId,
        /// What may happen to it on the way.
        lane: Lane,
        /// The message, its bytes shared by all who get the same.
        frame: Frame,
    },
    /// Close a connection; nothing more follows for it.
    Close {
        /// Whose.
        to: ConnectionId,
        /// Why, for the client.
        code: CloseCode,
        /// Why, for people.
        reason: &'static str,
    },
    /// Append to the journal of a match, before any later output of this room leaves the process. The first bytes of a
    /// match are its header.
    Journal {
        /// The match.
        id: Uuid,
        /// Whole records.
        bytes: Vec<u8>,
    },
    /// Answer with `Room::handle_ticket`: the next match needs an id and a seed.
    WantTicket,
}

/// What may happen to a frame whose reader is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Arrives, or the connection ends.
    Reliable,
    /// May be replaced by a later one that holds everything.
    Latest,
    /// Builds on the frame before it in this lane or the last. If that one still waits, drop both and call
    /// `Room::handle_lagged`.
    Chained,
}

/// The queue behind `Room::poll_output`. Bounded by the contract: it is drained after each `handle_*`.
pub(crate) type Outputs = VecDeque<Output>;
