//! The outputs of a room.

use std::collections::VecDeque;

use bolide_net::{CloseCode, ErrorCode, Frame, PlayerName};
use bolide_sim::PlayerId;
use uuid::Uuid;

use crate::roster::seat::ConnectionId;
use crate::roster::token::TokenHash;

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

/// Records to be appended to the journal of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRecords {
    /// The match.
    pub id: Uuid,
    /// True if a segment begins with these records, which can be read without any earlier one. It
    /// is the first of the match, or was requested by `Room::handle_journal_left`.
    pub begins: bool,
    /// True if the journal is worth keeping once the match has ended, because the match was played.
    pub worth_keeping: bool,
    /// Whole records.
    pub bytes: Vec<u8>,
}

/// The number of a request to store something; tells a room's requests apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaveNumber(pub u64);

/// The part of a seat that outlives the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatRecord {
    /// The player.
    pub player: PlayerId,
    /// Its name.
    pub name: PlayerName,
    /// The token that resumes the seat.
    pub token: TokenHash,
    /// The token before it, until the holder of the new one has sent something.
    pub previous_token: Option<TokenHash>,
    /// True if its session created the room, and may lock it.
    pub creator: bool,
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
