//! Errors of messages, and the stable codes that are sent to clients.

use core::fmt;

/// Stable codes of the `error` message; see `docs/protocol.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Not a message of the agreed format.
    Malformed,
    /// A message of a kind that does not exist.
    UnknownMessage,
    /// A number or a text outside its range.
    OutOfRange,
    /// The first message must be `hello`.
    NotJoined,
    /// A second `hello`.
    AlreadyJoined,
    /// No such mode.
    UnknownMode,
    /// No such room.
    UnknownRoom,
    /// No seat free in that room.
    RoomFull,
    /// The room admits no new players.
    RoomLocked,
    /// No seat free on this server.
    ServerFull,
    /// The resume token is unknown or has expired.
    BadResume,
    /// Too many chat lines.
    ChatRate,
    /// Only the creator of the room may do that.
    NotCreator,
    /// The players of this room cannot decide whether bots play.
    BotsFixed,
    /// The room failed and its match is lost. This is a bug of the server, never of the client.
    RoomFailed,
}

impl ErrorCode {
    /// All codes, in their order.
    pub const ALL: [ErrorCode; 15] = [
        ErrorCode::Malformed,
        ErrorCode::UnknownMessage,
        ErrorCode::OutOfRange,
        ErrorCode::NotJoined,
        ErrorCode::AlreadyJoined,
        ErrorCode::UnknownMode,
        ErrorCode::UnknownRoom,
        ErrorCode::RoomFull,
        ErrorCode::RoomLocked,
        ErrorCode::ServerFull,
        ErrorCode::BadResume,
        ErrorCode::ChatRate,
        ErrorCode::NotCreator,
        ErrorCode::BotsFixed,
        ErrorCode::RoomFailed,
    ];

    /// The code as sent on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorCode::Malformed => "malformed",
            ErrorCode::UnknownMessage => "unknown_message",
            ErrorCode::OutOfRange => "out_of_range",
            ErrorCode::NotJoined => "not_joined",
            ErrorCode::AlreadyJoined => "already_joined",
            ErrorCode::UnknownMode => "unknown_mode",
            ErrorCode::UnknownRoom => "unknown_room",
            ErrorCode::RoomFull => "room_full",
            ErrorCode::RoomLocked => "room_locked",
            ErrorCode::ServerFull => "server_full",
            ErrorCode::BadResume => "bad_resume",
            ErrorCode::ChatRate => "chat_rate",
            ErrorCode::NotCreator => "not_creator",
            ErrorCode::BotsFixed => "bots_fixed",
            ErrorCode::RoomFailed => "room_failed",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// All messages that a client may send, for the text of an error.
const CLIENT_MESSAGES: &str =
    "hello, chat, pong, resync, rematch, lock, bots, leave and the hot message 1 (input)";

/// A frame that is not a valid message. Its text is for the client's developer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DecodeError {
    /// Not the agreed format, wrong types, unknown or missing fields, trailing bytes.
    #[error("{0}")]
    Malformed(String),
    /// A well-formed message of a kind that does not exist.
    #[error("there is no message {0}; known are {known}", known = CLIENT_MESSAGES)]
    UnknownMessage(String),
    /// A number or a text outside its range.
    #[error("{field} is {value}; allowed is {allowed}")]
    OutOfRange {
        /// The part of the message.
        field: &'static str,
        /// The value it had.
        value: String,
        /// The values it may have.
        allowed: &'static str,
    },
}

impl DecodeError {
    /// The stable code for it.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            DecodeError::Malformed(_) => ErrorCode::Malformed,
            DecodeError::UnknownMessage(_) => ErrorCode::UnknownMessage,
            DecodeError::OutOfRange { .. } => ErrorCode::OutOfRange,
        }
    }
}

/// Quotes the beginning of a word that a peer sent.
pub(crate) fn quoted(word: &str) -> String {
    format!("{:?}", word.chars().take(24).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn all_codes_are_in_the_list_and_stand_where_their_number_says() {
        for (place, code) in ErrorCode::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, place);
        }
        assert_eq!(ErrorCode::ALL.last(), Some(&ErrorCode::RoomFailed), "the last of the enum");
    }
}
