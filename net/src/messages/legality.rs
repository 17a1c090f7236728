//! The states in which each message is legal: one match, and the only place that defines it.

use crate::messages::control::ClientMessage;
use crate::wire::error::ErrorCode;

/// The state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Open, but not yet in a room.
    Greeting,
    /// In a room.
    Joined,
}

/// Checks whether a connection in this state may send this message.
///
/// # Errors
/// The code to send to the client.
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
