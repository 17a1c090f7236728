//! The close codes and texts with which the server closes connections.

use bolide_net::CloseCode;

use crate::measure::reasons::DropReason;

/// The close of a connection, as the client gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CloseReason {
    pub(crate) code: CloseCode,
    pub(crate) reason: &'static str,
    /// The budget or rule that was broken, if the connection is cut and not just closed.
    pub(crate) drop_reason: Option<DropReason>,
}

impl From<DropReason> for CloseReason {
    fn from(reason: DropReason) -> CloseReason {
        let (code, text) = close_of(reason);
        CloseReason { code, reason: text, drop_reason: Some(reason) }
    }
}

/// Returns the close code of a drop and its text.
const fn close_of(reason: DropReason) -> (CloseCode, &'static str) {
    match reason {
        DropReason::Bytes => (CloseCode::Rate, "too many bytes"),
        DropReason::Inputs | DropReason::Control => (CloseCode::Rate, "too many messages"),
        DropReason::Fragments => (CloseCode::Policy, "a message of too many fragments"),
        DropReason::Hello => (CloseCode::Policy, "no hello in time"),
        DropReason::Idle => (CloseCode::TooSlow, "nothing came for too long"),
        DropReason::Ping => (CloseCode::TooSlow, "a ping stayed unanswered"),
        DropReason::Unread => (CloseCode::TooSlow, "too much unread data"),
        DropReason::Invalid => (CloseCode::InvalidMessage, "too many invalid messages"),
        DropReason::WrongKind => {
            (CloseCode::WrongFrameKind, "json has text frames, msgpack has binary frames")
        }
        DropReason::TooBig => (CloseCode::TooBig, "a message has at most 16 KiB"),
        DropReason::BadUtf8 => (CloseCode::BadUtf8, "a text frame is UTF-8"),
        DropReason::Protocol => (CloseCode::Protocol, "not the WebSocket protocol"),
        DropReason::ServerFull => (CloseCode::TryLater, "the server is full"),
        DropReason::AddressSeats => (CloseCode::TryLater, "your address holds too many seats"),
        DropReason::Shard => (CloseCode::TryLater, "this part of the server failed"),
        DropReason::System => (CloseCode::TryLater, "the server cannot watch this socket now"),
        DropReason::Absent => (CloseCode::Restarting, "this room is not open at the moment"),
        DropReason::Panic => (CloseCode::Internal, "the server failed while it read what you sent"),
        DropReason::Stopping => (CloseCode::Restarting, "the server is stopping"),
    }
}
