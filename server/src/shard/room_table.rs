//! The rooms of a shard, each in a slot of its own. The clients of a room have its key, which
//! leads to it without a search. A request for a room finds the key by the room's id. No room is
//! called here.

use std::collections::HashMap;

use bolide_room::RoomId;

/// The key of a room on its shard. Once the room is gone the key leads nowhere, and never to
/// another room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RoomKey {
    slot: u32,
    /// The number of rooms that had the slot before.
    generation: u32,
}

impl RoomKey {
    /// The slot, whichever room has it.
    pub(super) const fn slot(self) -> u32 {
        self.slot
    }
}

/// Rooms, with the shard's state for each.
#[derive(Debug)]
pub(super) struct RoomTable<T> {
    slots: Vec<RoomSlot<T>>,
    /// Slots without a room.
    free: Vec<u32>,
    keys: HashMap<RoomId, RoomKey>,
}

#[derive(Debug)]
struct RoomSlot<T> {
    generation: u32,
    room: Option<T>,
}

impl<T> RoomTable<T> {
    pub(super) fn new() -> RoomTable<T> {
        RoomTable { slots: Vec::new(), free: Vec::new(), keys: HashMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn key(&self, id: &RoomId) -> Option<RoomKey> {
        self.keys.get(id).copied()
    }

    pub(super) fn get_mut(&mut self, key: RoomKey) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.slot as usize)?;
        if slot.generation == key.generation { slot.room.as_mut() } else { None }
    }

    /// Returns all keys.
    pub(super) fn keys(&self) -> Vec<RoomKey> {
        self.keys.values().copied().collect()
    }

    /// Returns the room with this id.
    pub(super) fn known(&mut self, id: &RoomId) -> Option<(RoomKey, &mut T)> {
        let key = self.key(id)?;
        self.get_mut(key).map(|room| (key, room))
    }

    /// Inserts a room. There must be none with this id.
    pub(super) fn insert(&mut self, id: RoomId, room: T) -> RoomKey {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(RoomSlot { generation: 0, room: None });
            u32::try_from(self.slots.len() - 1)
                .expect("the directory allows no more rooms than that")
        });
        let taken = &mut self.slots[slot as usize];
        taken.room = Some(room);
        let key = RoomKey { slot, generation: taken.generation };
        self.keys.insert(id, key);
        key
    }

    /// Removes a room. Its key leads nowhere from now on.
    pub(super) fn remove(&mut self, id: &RoomId) -> Option<T> {
        let key = self.keys.remove(id)?;
        let slot = &mut self.slots[key.slot as usize];
        // A slot whose counter is exhausted is not used again.
        if let Some(generation) = slot.generation.checked_add(1) {
            slot.generation = generation;
            self.free.push(key.slot);
        }
        slot.room.take()
    }

    pub(super) fn find(&self, is_it: impl Fn(&T) -> bool) -> Option<RoomKey> {
        self.keys
            .values()
            .copied()
            .find(|key| self.slots[key.slot as usize].room.as_ref().is_some_and(&is_it))
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> {
        let ids: Vec<RoomId> = self.keys.keys().cloned().collect();
        ids.into_iter().filter_map(|id| self.remove(&id))
    }
}

#[cfg(test)]
mod tests {
    use super::RoomTable;
    use bolide_room::RoomId;

    #[test]
    fn the_key_of_a_room_that_is_gone_leads_to_no_other() {
        let ids = ["one", "two", "one"].map(RoomId::known);
        let mut rooms = RoomTable::new();
        let mut gone = Vec::new();
        for (number, id) in ids.iter().enumerate() {
            let key = rooms.insert(id.clone(), number);
            assert_eq!(rooms.known(id).map(|(known, room)| (known, *room)), Some((key, number)));
            assert_eq!(rooms.get_mut(key).copied(), Some(number));
            assert!(gone.iter().all(|key| rooms.get_mut(*key).is_none()), "{gone:?}");
            assert_eq!(rooms.remove(id), Some(number));
            assert_eq!((rooms.key(id), rooms.len(), rooms.get_mut(key)), (None, 0, None));
            gone.push(key);
        }
        assert_eq!(rooms.slots.len(), 1, "a place is used again");
    }

    #[test]
    fn a_place_whose_rooms_cannot_be_counted_any_more_is_not_used_again() {
        let [one, two] = ["one", "two"].map(RoomId::known);
        let mut rooms = RoomTable::new();
        rooms.insert(one.clone(), 1);
        rooms.remove(&one);
        rooms.slots[0].generation = u32::MAX;
        let last = rooms.insert(one.clone(), 1);
        rooms.remove(&one);
        rooms.insert(two, 2);
        assert_eq!((rooms.slots.len(), rooms.get_mut(last)), (2, None));
    }
}
