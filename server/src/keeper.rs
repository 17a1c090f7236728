//! What a room wants kept, on its way to the store and back to its shard. A room that is kept nowhere is answered at once.

use std::sync::Arc;

use bolide_net::RoomCode;
use bolide_room::{MatchTicket, Room, SaveNumber, SeatRecord};
use bolide_sim::PlayerId;
use uuid::Uuid;

use crate::store::{AckSender, Outcome, RoomRow, Store};
use crate::token::{RoomId, match_ticket};

/// Keeps one room.
#[derive(Debug)]
pub(crate) enum Keeper {
    /// It dies with the process.
    Nowhere,
    /// It outlives the process.
    Store(StoreKeeper),
}

/// Keeps one room in the store.
#[derive(Debug)]
pub(crate) struct StoreKeeper {
    store: Store,
    /// The way back to its shard.
    acks: AckSender,
    room: RoomId,
    mode: Arc<str>,
    code: Option<RoomCode>,
    /// The ticket of the next match, until the room has it. However often it is asked for, it is the same one: the match that
    /// begins with it is the one that is kept.
    next: Option<NextTicket>,
}

#[derive(Debug)]
struct NextTicket {
    number: u32,
    ticket: MatchTicket,
    /// The store has taken it, and will answer.
    is_asked: bool,
}

impl Keeper {
    /// Keeps a room of this mode in a store, whose answers go to the room's shard.
    pub(crate) fn store(
        (store, acks): (Store, AckSender),
        room: RoomId,
        mode: &str,
        code: Option<RoomCode>,
    ) -> Keeper {
        let mode = mode.into();
        Keeper::Store(StoreKeeper { store, acks, room, mode, code, next: None })
    }

    /// Keeps a seat; the room is told when it is.
    pub(crate) fn seat(&self, room: &mut Room, number: SaveNumber, seat: SeatRecord) {
        match self {
            Keeper::Nowhere => room.handle_saved(number),
            Keeper::Store(it) => {
                it.store.keep_seat(it.row(room), seat, (it.acks.clone(), number));
            }
        }
    }

    /// Keeps whether the room is locked; the room is told when it is.
    pub(crate) fn lock(&self, room: &mut Room, number: SaveNumber, locked: bool) {
        match self {
            Keeper::Nowhere => room.handle_saved(number),
            Keeper::Store(it) => {
                it.store.keep_lock(it.row(room), locked, (it.acks.clone(), number));
            }
        }
    }

    /// A seat is free again.
    pub(crate) fn forget_seat(&self, player: PlayerId) {
        if let Keeper::Store(it) = self {
            it.store.forget_seat(&it.room, player);
        }
    }

    /// Draws the ticket of the room's next match; the room gets it when it is kept, so that the journal of a match is
    /// always found again.
    pub(crate) fn ticket(&mut self, room: &mut Room) {
        match self {
            Keeper::Nowhere => room.handle_ticket(match_ticket()),
            Keeper::Store(it) => it.ask_for_ticket(room),
        }
    }

    /// The ticket of the next match, if it is that one that the store has answered for.
    pub(crate) fn ticket_saved(&mut self, id: Uuid, outcome: Outcome) -> Option<MatchTicket> {
        let Keeper::Store(it) = self else { return None };
        let next = it.next.take_if(|next| next.ticket.id == id)?;
        (outcome == Outcome::Kept).then_some(next.ticket)
    }

    /// The room is gone.
    pub(crate) fn forget_room(&self) {
        if let Keeper::Store(it) = self {
            it.store.forget_room(&it.room);
        }
    }
}

impl StoreKeeper {
    fn row(&self, room: &Room) -> RoomRow {
        let (id, mode) = (self.room.clone(), Arc::clone(&self.mode));
        RoomRow { id, mode, code: self.code, current: room.current_match() }
    }

    fn ask_for_ticket(&mut self, room: &Room) {
        let (row, number) = (self.row(room), room.current_match().0 + 1);
        let drawn = || NextTicket { number, ticket: match_ticket(), is_asked: false };
        let next = self.next.take_if(|next| next.number == number).unwrap_or_else(drawn);
        let is_asked = next.is_asked
            || self.store.keep_match(row, (number, next.ticket.id), self.acks.clone());
        self.next = Some(NextTicket { is_asked, ..next });
    }
}
