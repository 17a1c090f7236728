//! What a room wants kept, on its way to the store and back to its shard. A room that is kept nowhere is answered at once.

use bolide_net::RoomCode;
use bolide_room::{MatchTicket, Room, SaveNumber, SeatRecord};
use bolide_sim::PlayerId;

use crate::inbox::{Command, Inbox};
use crate::store::Store;
use crate::token::{RoomId, match_ticket};

/// Keeps one room.
#[derive(Debug)]
pub(crate) enum Keeper {
    /// It dies with the process.
    Nowhere,
    /// It outlives the process.
    Store {
        store: Store,
        /// Its shard, which is told when something is kept.
        shard: Inbox,
        room: RoomId,
        /// The name of its mode.
        mode: String,
        /// What opens it, if it is private.
        code: Option<RoomCode>,
    },
}

impl Keeper {
    /// Keeps a seat; the room is told when it is.
    pub(crate) fn seat(&self, room: &mut Room, number: SaveNumber, seat: SeatRecord) {
        match self {
            Keeper::Nowhere => room.handle_saved(number),
            Keeper::Store { store, shard, room, .. } => {
                let (shard, id) = (shard.clone(), room.clone());
                store.keep_seat(room, seat, move || shard.put(Command::Saved { room: id, number }));
            }
        }
    }

    /// Keeps whether the room is locked; the room is told when it is.
    pub(crate) fn lock(&self, room: &mut Room, number: SaveNumber, locked: bool) {
        match self {
            Keeper::Nowhere => room.handle_saved(number),
            Keeper::Store { store, shard, room, .. } => {
                let (shard, id) = (shard.clone(), room.clone());
                let kept = move || shard.put(Command::Saved { room: id, number });
                store.keep_lock(room, locked, kept);
            }
        }
    }

    /// A seat is free again.
    pub(crate) fn forget_seat(&self, player: PlayerId) {
        if let Keeper::Store { store, room, .. } = self {
            store.forget_seat(room, player);
        }
    }

    /// Draws the ticket of the room's match of that number; the room gets it when it is kept, so that the journal of a match is
    /// always found again.
    pub(crate) fn ticket(&self, room: &mut Room, number: u32) {
        let ticket = match_ticket();
        match self {
            Keeper::Nowhere => room.handle_ticket(ticket),
            Keeper::Store { store, shard, room, mode, code } => {
                let (shard, id) = (shard.clone(), room.clone());
                let kept = move || shard.put(Command::Ticket { room: id, ticket });
                store.keep_match((room, mode, *code), (number, ticket.id), kept);
            }
        }
    }

    /// Draws the ticket of the room's first match. Nobody is in the room before it is kept: their seats are kept after it.
    pub(crate) fn first_ticket(&self) -> MatchTicket {
        let ticket = match_ticket();
        if let Keeper::Store { store, room, mode, code, .. } = self {
            store.keep_match((room, mode, *code), (1, ticket.id), || ());
        }
        ticket
    }

    /// The room is gone.
    pub(crate) fn forget_room(&self) {
        if let Keeper::Store { store, room, .. } = self {
            store.forget_room(room);
        }
    }
}
