//! Ids and numbers: of rooms, connections, requests and ticks. Drawing the id of a room needs
//! chance, so that is left to the server.

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

/// A connection's number, given by the server and never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The number of a request to store something; tells a room's requests apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaveNumber(pub u64);

/// The room's own tick, which goes on between matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RoomTick(pub(crate) u64);

impl RoomTick {
    /// Returns the next tick.
    pub(crate) const fn next(self) -> RoomTick {
        self.after(1)
    }

    /// Returns the tick that comes this many ticks later.
    pub(crate) const fn after(self, ticks: u64) -> RoomTick {
        RoomTick(self.0 + ticks)
    }

    /// Returns the tick that was this many ticks ago. `None` if the room is younger than that.
    pub(crate) fn before(self, ticks: u64) -> Option<RoomTick> {
        self.0.checked_sub(ticks).map(RoomTick)
    }

    /// Returns the number of ticks since an earlier one.
    pub(crate) const fn since(self, earlier: RoomTick) -> u64 {
        self.0 - earlier.0
    }

    /// Returns the number of ticks until a later one, or 0 if that one has passed.
    pub(crate) fn until(self, later: RoomTick) -> u32 {
        u32::try_from(later.0.saturating_sub(self.0)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Borrow;

    use super::RoomId;

    #[test]
    fn an_id_is_its_text() {
        let id = RoomId::known("abc");
        let borrowed: &str = id.borrow();
        assert_eq!((id.as_str(), borrowed, id.to_string().as_str()), ("abc", "abc", "abc"));
    }

    #[test]
    fn a_token_names_its_room_before_the_dot() {
        assert_eq!(RoomId::of_token("abc.123"), Some(RoomId::known("abc")));
        assert_eq!(RoomId::of_token("no dot"), None);
    }
}
