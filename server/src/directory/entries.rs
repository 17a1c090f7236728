//! The rooms of the directory by id, and an index of them. A join is answered without a search,
//! however many rooms there are. It decides nothing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use bolide_net::RoomCode;

use super::Entry;
use bolide_room::RoomId;

/// All rooms.
#[derive(Debug, Default)]
pub(super) struct Entries {
    by_id: BTreeMap<RoomId, Entry>,
    index: Index,
    /// Number of fights that have begun.
    fights: u64,
    /// Number of rooms visited, for the test that these are few.
    #[cfg(test)]
    pub(super) looked_at: std::cell::Cell<usize>,
}

/// Data derived from the rooms, which is read more often than they change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Index {
    codes: HashMap<RoomCode, RoomId>,
    /// The rooms that newcomers are sent to, by the name of their mode, the best last.
    open: HashMap<String, BTreeSet<(Rank, RoomId)>>,
    /// The load of the rooms of each shard. A shard without rooms may be missing.
    loads: BTreeMap<usize, u64>,
    seats_taken: u32,
    /// Shards that have panicked. Their rooms are resumed by the next process; no newcomer is sent
    /// to them.
    lost_shards: BTreeSet<usize>,
}

/// Suitability of a room for a newcomer that names none: the greatest is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The room fights, and a newcomer watches. The fight that began first is nearest to its end.
    Fights(Reverse<u64>),
    /// A newcomer takes part, at once or in the next match. The more seats are taken, the sooner
    /// people meet.
    Gathers(u16),
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<(&RoomId, &Entry)> {
        self.look(1);
        self.by_id.get_key_value(id)
    }

    pub(super) fn with_code(&self, code: RoomCode) -> Option<(&RoomId, &Entry)> {
        self.get(self.index.codes.get(&code)?.as_str())
    }

    /// Adds a room, replacing one with the same id.
    pub(super) fn insert(&mut self, room: RoomId, mut entry: Entry) {
        self.remove(&room);
        entry.note_fight(&mut self.fights);
        self.index.add(&room, &entry);
        self.by_id.insert(room, entry);
    }

    pub(super) fn remove(&mut self, room: &RoomId) {
        self.look(1);
        if let Some(entry) = self.by_id.remove(room) {
            self.index.subtract(room, &entry);
        }
    }

    /// Changes a room, if it is listed.
    pub(super) fn change<T>(
        &mut self,
        room: &RoomId,
        change: impl FnOnce(&mut Entry) -> T,
    ) -> Option<T> {
        self.look(1);
        let entry = self.by_id.get_mut(room)?;
        self.index.subtract(room, entry);
        let result = change(entry);
        entry.note_fight(&mut self.fights);
        self.index.add(room, entry);
        Some(result)
    }

    /// Returns all rooms of running shards, by id.
    pub(super) fn running(&self) -> impl Iterator<Item = (&RoomId, &Entry)> {
        self.look(self.by_id.len());
        self.by_id.iter().filter(|(_, entry)| !self.index.lost_shards.contains(&entry.shard))
    }

    /// Returns the best of the rooms of a mode that newcomers may be sent to.
    pub(super) fn best_open(&self, mode: &str) -> Option<(Rank, RoomId)> {
        self.index.open.get(mode)?.last().cloned()
    }

    /// Returns whether a shard is lost, and the load of its rooms. A new room goes to the shard
    /// with the least pair.
    pub(super) fn load(&self, shard: usize) -> (bool, u64) {
        let load = self.index.loads.get(&shard).copied().unwrap_or_default();
        (self.index.lost_shards.contains(&shard), load)
    }

    pub(super) const fn seats_taken(&self) -> u32 {
        self.index.seats_taken
    }

    /// Marks a shard as lost: no newcomer is sent to its rooms any more.
    pub(super) fn lose_shard(&mut self, shard: usize) {
        self.look(self.by_id.len());
        self.index.lost_shards.insert(shard);
        for (room, entry) in self.by_id.iter().filter(|(_, entry)| entry.shard == shard) {
            self.index.close(room, entry);
        }
    }

    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "tests count"))]
    fn look(&self, _rooms: usize) {
        #[cfg(test)]
        self.looked_at.set(self.looked_at.get() + _rooms);
    }

    /// Checks that the index matches the rooms.
    #[cfg(test)]
    pub(super) fn check(&self) {
        let lost_shards = self.index.lost_shards.clone();
        let mut index = Index { lost_shards, ..Index::default() };
        self.by_id.iter().for_each(|(room, entry)| index.add(room, entry));
        assert_eq!(self.index, index);
    }
}

impl Index {
    fn add(&mut self, room: &RoomId, entry: &Entry) {
        if let Some(code) = entry.code {
            self.codes.insert(code, room.clone());
        }
        *self.loads.entry(entry.shard).or_default() += entry.cost();
        self.seats_taken += u32::from(entry.seats_taken());
        if entry.is_open() && !self.lost_shards.contains(&entry.shard) {
            let open = self.open.entry(entry.mode.name.clone()).or_default();
            open.insert((entry.rank(), room.clone()));
        }
    }

    /// Undoes an `add`, and leaves no empty collection behind.
    fn subtract(&mut self, room: &RoomId, entry: &Entry) {
        if let Some(code) = entry.code {
            self.codes.remove(&code);
        }
        if let Some(load) = self.loads.get_mut(&entry.shard) {
            *load -= entry.cost();
            if *load == 0 {
                self.loads.remove(&entry.shard);
            }
        }
        self.seats_taken -= u32::from(entry.seats_taken());
        self.close(room, entry);
    }

    fn close(&mut self, room: &RoomId, entry: &Entry) {
        if let Some(open) = self.open.get_mut(&entry.mode.name) {
            open.remove(&(entry.rank(), room.clone()));
            if open.is_empty() {
                self.open.remove(&entry.mode.name);
            }
        }
    }
}
