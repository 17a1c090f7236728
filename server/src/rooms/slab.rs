//! The connections of a room. Each has a slot, by which the poller's events find it without a
//! search. The room's outputs find it by its connection id. Nothing is written to clients here.

use std::collections::BTreeMap;

use bolide_room::ConnectionId;

use crate::connection::Connection;

/// A connection of a room.
pub(super) struct Slot {
    pub(super) connection: Box<Connection>,
    /// It is in the list of connections to flush.
    pub(super) is_addressed: bool,
    /// A snapshot for it waits for the journal. Newer ones are dropped until that one was sent. If
    /// they replaced it, none would ever be sent while the disk is slow.
    pub(super) is_awaiting: bool,
}

/// The connections of a room.
#[derive(Default)]
pub(super) struct ConnectionSlab {
    slots: Vec<Option<Slot>>,
    by_id: BTreeMap<ConnectionId, u16>,
}

impl ConnectionSlab {
    /// Inserts a connection and returns the index of its slot.
    pub(super) fn insert(&mut self, connection: Box<Connection>) -> u16 {
        let free = self.slots.iter().position(Option::is_none);
        let index = free.unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let number = u16::try_from(index).expect("a room has fewer seats");
        self.by_id.insert(connection.id(), number);
        self.slots[index] = Some(Slot { connection, is_addressed: false, is_awaiting: false });
        number
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn at(&mut self, index: u16) -> Option<&mut Slot> {
        self.slots.get_mut(usize::from(index))?.as_mut()
    }

    pub(super) fn find(&mut self, id: ConnectionId) -> Option<(u16, &mut Slot)> {
        let index = *self.by_id.get(&id)?;
        self.at(index).map(|slot| (index, slot))
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Slot> {
        let index = self.by_id.remove(&id)?;
        self.slots.get_mut(usize::from(index))?.take()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut().flatten()
    }

    /// Returns the connections of old relays' pages, with their slots.
    pub(super) fn pages(&mut self) -> impl Iterator<Item = (u16, &mut Slot)> {
        let slots = (0..).zip(&mut self.slots);
        let taken = slots.filter_map(|(index, slot)| Some((index, slot.as_mut()?)));
        taken.filter(|(_, slot)| slot.connection.is_translated())
    }

    /// Removes and returns all connections.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Slot> {
        self.by_id.clear();
        std::mem::take(&mut self.slots).into_iter().flatten()
    }
}
