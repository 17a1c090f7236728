//! What a room hands out.

use std::collections::VecDeque;

use bolide_net::{CloseCode, ErrorCode, Frame, PlayerName};
use bolide_sim::PlayerId;
use uuid::Uuid;

use crate::seat::ConnectionId;
use crate::token::TokenHash;

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
    /// Append to the journal of a match, before any later output of this room leaves the process.
    Journal(JournalRecords),
    /// Keep a seat where it outlives the process, and answer with `Room::handle_saved`. The session hears nothing and its
    /// player enters no tick before that. What is not answered within some seconds is given up, or asked for again.
    Save {
        /// What the answer repeats.
        number: SaveNumber,
        /// The seat as it is now; boxed, because a queue is as wide as its widest output.
        seat: Box<SeatRecord>,
    },
    /// Keep whether the room is locked, and answer with `Room::handle_saved`. Nobody hears of it before that. It is asked for
    /// again until it is answered, with the same number.
    SaveLock {
        /// What the answer repeats.
        number: SaveNumber,
        /// Whether nobody new may come in.
        locked: bool,
    },
    /// A seat is free again; it need not be kept any longer.
    Forget {
        /// Whose.
        player: PlayerId,
    },
    /// An error message was sent; for whoever counts them.
    Refused(ErrorCode),
    /// Answer with `Room::handle_ticket`: the next match needs an id and a seed. It is asked for again until there is one.
    WantTicket,
}

/// What is added to the journal of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRecords {
    /// The match.
    pub id: Uuid,
    /// A segment begins with them, which needs no earlier one: the first of the match, or what `Room::handle_journal_left`
    /// asked for.
    pub begins: bool,
    /// Whole records.
    pub bytes: Vec<u8>,
}

/// Tells what a room wants kept from what else it wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaveNumber(pub u64);

/// What outlives a process of a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatRecord {
    /// The player.
    pub player: PlayerId,
    /// Its name.
    pub name: PlayerName,
    /// The token that takes the seat again.
    pub token: TokenHash,
    /// The one before it, as long as the holder of the new one has not spoken.
    pub previous_token: Option<TokenHash>,
    /// Whether its session created the room, and may lock it.
    pub creator: bool,
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
