//! The reasons why no seat can be promised.

use bolide_net::{ErrorCode, RoomCode};
use bolide_room::JoinError;

use crate::connection::join_refusal::JoinRefusal;
use crate::measure::reasons::DropReason;

/// Reason why no seat can be promised. Its text is for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoSeat {
    #[error("there is no room {0:?}; leave out `room` to get one")]
    UnknownRoom(String),
    #[error("no room has the code {0}; ask for it again, or leave out `code` to get a room")]
    UnknownCode(RoomCode),
    #[error(transparent)]
    Refused(#[from] JoinError),
    #[error(
        "this room is kept and not open at the moment; try again later, or leave out `room` and `code` to get another one"
    )]
    Absent,
    #[error("all {0} seats of this server are taken; try again later")]
    ServerFull(u32),
    #[error("this server has {0} rooms and opens no more; try again later")]
    TooManyRooms(u32),
}

impl NoSeat {
    pub(crate) const fn code(&self) -> ErrorCode {
        match self {
            NoSeat::UnknownRoom(_) | NoSeat::UnknownCode(_) => ErrorCode::UnknownRoom,
            NoSeat::Refused(error) => error.code(),
            NoSeat::Absent => ErrorCode::RoomFailed,
            NoSeat::ServerFull(_) | NoSeat::TooManyRooms(_) => ErrorCode::ServerFull,
        }
    }
}

impl From<NoSeat> for JoinRefusal {
    fn from(error: NoSeat) -> JoinRefusal {
        let code = error.code();
        let drop_reason = (code == ErrorCode::ServerFull).then_some(DropReason::ServerFull);
        JoinRefusal::Error { code, text: error.to_string(), drop_reason }
    }
}
