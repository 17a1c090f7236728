//! Memory that the rooms of a shard share. Only one room is called at a time, so one owner lends it
//! to all of them.

use bolide_transport::READ_BYTES;

use super::journal_gate::Delivery;

/// Emptied lists of deliveries that are kept. Rooms of one slot tick together, so only a few lists
/// are in use at a time.
const LISTS_MAX: usize = 16;

/// The memory that a shard lends to the room that it calls.
pub(crate) struct Scratch {
    /// Received bytes.
    pub(super) buffer: [u8; READ_BYTES],
    /// Emptied lists. One that a room has just filled and emptied is in the cache when the next
    /// room fills it.
    lists: Vec<Vec<Delivery>>,
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch { buffer: [0; READ_BYTES], lists: Vec::new() }
    }
}

impl Scratch {
    /// Returns an empty list.
    pub(super) fn list(&mut self) -> Vec<Delivery> {
        self.lists.pop().unwrap_or_default()
    }

    /// Keeps the memory of a list that is empty.
    pub(super) fn keep(&mut self, list: Vec<Delivery>) {
        if list.capacity() > 0 && self.lists.len() < LISTS_MAX {
            self.lists.push(list);
        }
    }
}
