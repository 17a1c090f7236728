//! The id by which the server knows a room. Drawing one needs chance, so that is left to the
//! server.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// A room's id: eight characters that can be read out loud. Clones share the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(Arc<str>);

impl RoomId {
    /// Wraps an id that was drawn, or that a room had before.
    #[must_use]
    pub fn known(id: &str) -> RoomId {
        RoomId(id.into())
    }

    /// Returns the room that issued this resume token.
    #[must_use]
    pub fn of_token(token: &str) -> Option<RoomId> {
        token.split_once('.').map(|(room, _)| RoomId(room.into()))
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for RoomId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::RoomId;

    #[test]
    fn a_token_names_its_room_before_the_dot() {
        assert_eq!(RoomId::of_token("abc.123"), Some(RoomId::known("abc")));
        assert_eq!(RoomId::of_token("no dot"), None);
    }
}
