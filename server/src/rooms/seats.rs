//! The seats of a room as they are stored, from which a room that failed is restored, and the seats
//! that count for an address. It asks neither the room nor the store.

use std::collections::BTreeMap;

use bolide_room::{SaveNumber, SeatRecord};
use bolide_sim::PlayerId;

use crate::connection::address_quota::AddressPermit;

/// The stored seats of a room.
#[derive(Default)]
pub(super) struct StoredSeats {
    seats: BTreeMap<PlayerId, SeatRecord>,
    /// Seats that the store has not acknowledged yet.
    unsaved: Vec<(SaveNumber, SeatRecord)>,
    /// The seats that count for an address, with their permits.
    permits: BTreeMap<PlayerId, AddressPermit>,
}

impl StoredSeats {
    /// The seats of a room that is restored.
    pub(super) fn restored(seats: &[SeatRecord]) -> StoredSeats {
        let seats = seats.iter().map(|seat| (seat.player, seat.clone())).collect();
        StoredSeats { seats, ..StoredSeats::default() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &SeatRecord> {
        self.seats.values()
    }

    /// Notes that the store was asked to save a seat.
    pub(super) fn save(&mut self, number: SaveNumber, seat: SeatRecord) {
        self.unsaved.push((number, seat));
    }

    /// Notes that the store has saved a seat.
    pub(super) fn saved(&mut self, number: SaveNumber) {
        for (_, seat) in self.unsaved.extract_if(.., |(unsaved, _)| *unsaved == number) {
            self.seats.insert(seat.player, seat);
        }
    }

    /// Notes that the store did not save a seat.
    pub(super) fn not_saved(&mut self, number: SaveNumber) {
        self.unsaved.retain(|(unsaved, _)| *unsaved != number);
    }

    /// Counts a seat for an address until it is free.
    pub(super) fn count(&mut self, player: PlayerId, permit: AddressPermit) {
        self.permits.insert(player, permit);
    }

    /// Forgets a seat that is free again.
    pub(super) fn forget(&mut self, player: PlayerId) {
        self.seats.remove(&player);
        self.permits.remove(&player);
        self.unsaved.retain(|(_, seat)| seat.player != player);
    }
}
