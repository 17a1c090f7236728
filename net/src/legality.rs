//! Which message is legal when: one match, and the only place that says so.

use crate::error::ErrorCode;
use crate::message::ClientMessage;

/// Where a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Open, but not yet in a room.
    Greeting,
    /// In a room.
    Joined,
}

/// Whether a connection in this state may send this message.
///
/// # Errors
/// The code that the client is told.
pub const fn legal(state: ConnectionState, message: &ClientMessage) -> Result<(), ErrorCode> {
    match (state, message) {
        (ConnectionState::Greeting, ClientMessage::Hello(_)) => Ok(()),
        (ConnectionState::Greeting, _) => Err(ErrorCode::NotJoined),
        (ConnectionState::Joined, ClientMessage::Hello(_)) => Err(ErrorCode::AlreadyJoined),
        (
            ConnectionState::Joined,
            ClientMessage::Input(_)
            | ClientMessage::Chat(_)
            | ClientMessage::Pong(_)
            | ClientMessage::Resync
            | ClientMessage::Rematch
            | ClientMessage::Lock(_)
            | ClientMessage::Bots(_)
            | ClientMessage::Leave,
        ) => Ok(()),
    }
}
