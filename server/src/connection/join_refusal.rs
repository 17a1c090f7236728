//! The reasons why a client gets no seat, as it is told them.

use bolide_net::ErrorCode;
use bolide_room::JoinError;

use super::address_quota::TooManySeats;
use crate::measure::reasons::DropReason;

/// The reason why a `hello` was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JoinRefusal {
    /// An error message is sent. With a `drop_reason` the client is also closed. Without one it may
    /// send another `hello`.
    Error { code: ErrorCode, text: String, drop_reason: Option<DropReason> },
    /// The client is closed without an error message, and comes back by itself.
    Drop(DropReason),
}

impl From<JoinError> for JoinRefusal {
    fn from(error: JoinError) -> JoinRefusal {
        JoinRefusal::Error { code: error.code(), text: error.to_string(), drop_reason: None }
    }
}

impl From<TooManySeats> for JoinRefusal {
    fn from(error: TooManySeats) -> JoinRefusal {
        let (code, drop_reason) = (ErrorCode::ServerFull, Some(DropReason::AddressSeats));
        JoinRefusal::Error { code, text: error.to_string(), drop_reason }
    }
}
