//! Requests for a seat, and the reasons to refuse one.

use bolide_net::{Codec, ErrorCode, PlayerName, SyncMode};

/// A request to join.
#[derive(Clone, Debug)]
pub struct Join {
    /// The player's name.
    pub name: PlayerName,
    /// The codec of the connection.
    pub codec: Codec,
    /// The form in which the connection wants the world.
    pub sync: SyncMode,
    /// A fresh secret with which the session can resume its seat.
    pub token: String,
    /// True if the session asked for this room to be opened, and may lock it.
    pub creator: bool,
}

/// A request to resume a seat.
#[derive(Clone, Debug)]
pub struct Resume {
    /// The codec of the connection.
    pub codec: Codec,
    /// The form in which the connection wants the world.
    pub sync: SyncMode,
    /// The secret with which the session resumes its seat.
    pub token: String,
    /// A fresh secret for the next time.
    pub fresh_token: String,
}

/// The reason why a seat could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// All seats are taken.
    #[error("all {0} seats of this room are taken; leave out `room` and `code` to get another one")]
    Full(u16),
    /// The room is locked against new players. A seat that was reserved before that is not kept
    /// either.
    #[error(
        "this room is locked: who created it lets nobody new in; leave out `room` and `code` to get another one"
    )]
    Locked,
    /// No seat has this token.
    #[error("no seat of this room has this resume token; its grace time may be over")]
    BadResume,
}

impl JoinError {
    /// Returns the code that the client is sent.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            JoinError::Full(_) => ErrorCode::RoomFull,
            JoinError::Locked => ErrorCode::RoomLocked,
            JoinError::BadResume => ErrorCode::BadResume,
        }
    }
}
