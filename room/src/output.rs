//! The outputs of a room.

use std::collections::VecDeque;

use bolide_net::{CloseCode, ErrorCode, Frame};
use bolide_sim::PlayerId;

use crate::ids::{ConnectionId, SaveNumber};
use crate::records::{JournalRecords, SeatRecord};

/// An action that the shell must carry out for a room. The order matters.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Sends a frame. Frames of one tick to one connection follow each other, and are sent in one
    /// write.
    Send {
        /// The receiver.
        to: ConnectionId,
        /// The treatment of the frame if the receiver is slow.
        lane: Lane,
        /// The message. Receivers of the same message share its bytes.
        frame: Frame,
    },
    /// Closes a connection; no more outputs follow for it.
    Close {
        /// The connection.
        to: ConnectionId,
        /// The reason, for the client.
        code: CloseCode,
        /// The reason, for people.
        reason: &'static str,
    },
    /// Appends to the journal of a match, before any later output of this room leaves the process.
    Journal(JournalRecords),
    /// Stores a seat where it outlives the process; the shell answers with `Room::handle_saved`.
    /// Before that, the session is sent nothing and its player enters no tick. A request without an
    /// answer is given up after some seconds, or repeated.
    Save {
        /// The number that the answer repeats.
        number: SaveNumber,
        /// The seat as it is now. Boxed, because a queue is as wide as its widest output.
        seat: Box<SeatRecord>,
    },
    /// Stores whether the room is locked; the shell answers with `Room::handle_saved`. Clients
    /// learn of it only after that. The request is repeated until it is answered, with the same
    /// number.
    SaveLock {
        /// The number that the answer repeats.
        number: SaveNumber,
        /// True if new players are kept out.
        locked: bool,
    },
    /// Forgets a seat that is free again and need not be stored any longer.
    Forget {
        /// The player of the seat.
        player: PlayerId,
    },
    /// Reports that an error message was sent, to be counted.
    Refused(ErrorCode),
    /// Requests an id and a seed for the next match; the shell answers with `Room::handle_ticket`.
    /// The request is repeated until there is one.
    WantTicket {
        /// The number that the next match will have in its room.
        number: u32,
    },
}

/// The treatment of a frame whose receiver is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Must be delivered, or the connection ends.
    Reliable,
    /// May be replaced by a later frame that contains everything.
    Latest,
    /// Builds on the frame before it in this lane or in `Latest`. If that one is still waiting,
    /// drop both and call `Room::handle_lagged`.
    Chained,
}

/// The queue behind `Room::poll_output`. Bounded by the contract: it is drained after each
/// `handle_*`.
pub(crate) type Outputs = VecDeque<Output>;
