//! The connections of a room. Each has a place of its own, by which the poller's events find it
//! without a search. The room's outputs find it by its connection id. Nothing is written to clients
//! here.

use std::collections::BTreeMap;

use bolide_room::ConnectionId;

use crate::connection::Connection;

/// A connected client of a room.
pub(super) struct Link {
    pub(super) connection: Box<Connection>,
    /// It is in the list of clients to flush.
    pub(super) is_addressed: bool,
    /// A snapshot for it waits for the journal. Newer ones are dropped until that one was sent. If
    /// they replaced it, none would ever be sent while the disk is slow.
    pub(super) is_awaiting: bool,
}

/// The clients of a room.
#[derive(Default)]
pub(super) struct ConnectionSlab {
    places: Vec<Option<Link>>,
    by_id: BTreeMap<ConnectionId, u16>,
}

impl ConnectionSlab {
    /// Inserts a client and returns its place.
    pub(super) fn insert(&mut self, connection: Box<Connection>) -> u16 {
        let free = self.places.iter().position(Option::is_none);
        let place = free.unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        let number = u16::try_from(place).expect("a room has fewer seats");
        self.by_id.insert(connection.id(), number);
        self.places[place] = Some(Link { connection, is_addressed: false, is_awaiting: false });
        number
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn at(&mut self, place: u16) -> Option<&mut Link> {
        self.places.get_mut(usize::from(place))?.as_mut()
    }

    pub(super) fn find(&mut self, id: ConnectionId) -> Option<(u16, &mut Link)> {
        let place = *self.by_id.get(&id)?;
        self.at(place).map(|link| (place, link))
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Link> {
        let place = self.by_id.remove(&id)?;
        self.places.get_mut(usize::from(place))?.take()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Link> {
        self.places.iter_mut().flatten()
    }

    /// Removes and returns all clients.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Link> {
        self.by_id.clear();
        std::mem::take(&mut self.places).into_iter().flatten()
    }
}
