//! A room's way to the store: sends its changes there, and keeps track of the answers. Without a
//! store every change is acknowledged at once.

use std::sync::Arc;

use bolide_net::RoomCode;
use bolide_room::{MatchTicket, Room, RoomId, SaveNumber, SeatRecord};
use bolide_sim::PlayerId;
use bolide_storage::{AckSender, Outcome, RoomRow, RoomStoreId, Store};
use uuid::Uuid;

use crate::random::match_ticket;

/// The storage of one room.
#[derive(Debug)]
pub(crate) enum RoomStore {
    /// The room ends with the process.
    Nowhere,
    /// The room outlives the process.
    Store(StoreKeeper),
}

/// Stores one room in the store.
#[derive(Debug)]
pub(crate) struct StoreKeeper {
    store: Store,
    /// The queue of acknowledgements to the room's shard.
    acks: AckSender,
    room: RoomId,
    mode: Arc<str>,
    code: Option<RoomCode>,
    /// The ticket of the next match, until the room has it. Every request gets the same one, so the
    /// match that begins is the one that is stored.
    next: Option<NextTicket>,
}

#[derive(Debug)]
struct NextTicket {
    number: u32,
    ticket: MatchTicket,
    /// The store has accepted it and will answer.
    is_asked: bool,
}

impl RoomStore {
    /// Keeps a room of this mode in a store. Acknowledgements go to the room's shard.
    pub(crate) fn store(
        (store, acks): (Store, AckSender),
        room: RoomId,
        mode: &str,
        code: Option<RoomCode>,
    ) -> RoomStore {
        let (mode, acks) = (mode.into(), acks.of_new_room_store());
        RoomStore::Store(StoreKeeper { store, acks, room, mode, code, next: None })
    }

    /// Stores a seat. The room is notified once it is stored.
    pub(crate) fn seat(&self, room: &mut Room, number: SaveNumber, seat: SeatRecord) {
        match self {
            RoomStore::Nowhere => room.handle_saved(number),
            RoomStore::Store(it) => {
                it.store.save_seat(it.row(room), seat, (it.acks.clone(), number));
            }
        }
    }

    /// Stores whether the room is locked. The room is notified once that is stored.
    pub(crate) fn lock(&self, room: &mut Room, number: SaveNumber, locked: bool) {
        match self {
            RoomStore::Nowhere => room.handle_saved(number),
            RoomStore::Store(it) => {
                it.store.save_lock(it.row(room), locked, (it.acks.clone(), number));
            }
        }
    }

    /// Removes a seat that is free again.
    pub(crate) fn forget_seat(&self, player: PlayerId) {
        if let RoomStore::Store(it) = self {
            it.store.forget_seat(&it.room, player);
        }
    }

    /// Draws the ticket of the room's next match, which has this number. The room gets it once it
    /// is stored, so that the journal of a match can always be found.
    pub(crate) fn ticket(&mut self, room: &mut Room, number: u32) {
        match self {
            RoomStore::Nowhere => room.handle_ticket(match_ticket()),
            RoomStore::Store(it) => it.ask_for_ticket(room, number),
        }
    }

    /// Returns whether an answer is for this [`RoomStore`]. An earlier one of the same room may
    /// have asked before the room was restored.
    pub(crate) fn is_answered(&self, room_store: RoomStoreId) -> bool {
        matches!(self, RoomStore::Store(it) if it.acks.room_store() == room_store)
    }

    /// Returns the ticket of the next match if this is the answer to it, and it was stored.
    pub(crate) fn ticket_saved(&mut self, id: Uuid, outcome: Outcome) -> Option<MatchTicket> {
        let RoomStore::Store(it) = self else { return None };
        let next = it.next.take_if(|next| next.ticket.id == id)?;
        (outcome == Outcome::Committed).then_some(next.ticket)
    }

    /// Removes the room.
    pub(crate) fn forget_room(&self) {
        if let RoomStore::Store(it) = self {
            it.store.forget_room(&it.room);
        }
    }
}

impl StoreKeeper {
    fn row(&self, room: &Room) -> RoomRow {
        let (id, mode) = (self.room.clone(), Arc::clone(&self.mode));
        RoomRow { id, mode, code: self.code, current: room.current_match() }
    }

    fn ask_for_ticket(&mut self, room: &Room, number: u32) {
        let row = self.row(room);
        let drawn = || NextTicket { number, ticket: match_ticket(), is_asked: false };
        let next = self.next.take_if(|next| next.number == number).unwrap_or_else(drawn);
        let is_asked = next.is_asked
            || self.store.save_match(row, (number, next.ticket.id), self.acks.clone());
        self.next = Some(NextTicket { is_asked, ..next });
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use bolide_room::{MatchTicket, Room, RoomConfig, RoomId, RoomPolicy};
    use bolide_sim::preset;
    use bolide_storage::testing::{fill, locked, open_counted};
    use bolide_storage::{AckSender, Outcome, Saved};
    use uuid::Uuid;

    use super::RoomStore;
    use crate::testing::Folder;

    fn room() -> Room {
        let (id, server) = (RoomId::known("room"), "test".to_owned());
        let (mode, policy) = (preset("duel").expect("a preset"), RoomPolicy::default());
        let config = RoomConfig { id, code: None, mode, policy, server };
        Room::new(config, MatchTicket { id: Uuid::nil(), seed: 1 }).expect("valid rules")
    }

    /// A ticket that the store drops because too much waits is stored when the room asks again. One
    /// that the store accepted is not queued twice, and is given to the room once.
    #[test]
    fn a_ticket_is_asked_for_until_the_store_takes_it_and_used_once() {
        let folder = Folder::new();
        let ((store, _, _thread), counts) = open_counted(&folder).expect("opens");
        let (acks, mut answered) = AckSender::new();
        let waiting = || counts.waiting();
        let (mut room, id) = (room(), RoomId::known("room"));
        let mut room_store = RoomStore::store((store.clone(), acks), id, "duel", None);
        let other = locked(&folder);
        fill(&store, &counts);
        room_store.ticket(&mut room, 2);
        drop(other);
        let begun = Instant::now();
        while waiting() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "all of it is committed");
            std::thread::yield_now();
        }
        assert!(answered.try_recv().is_none(), "it was dropped");

        let other = locked(&folder);
        (0..3).for_each(|_| room_store.ticket(&mut room, 2));
        assert_eq!(waiting(), 1);
        drop(other);
        let ack = answered.wait().expect("an answer");
        let Saved::Match(id) = ack.saved else { panic!("{ack:?}") };
        assert!(room_store.is_answered(ack.room_store));
        assert_eq!(room_store.ticket_saved(Uuid::nil(), ack.outcome), None, "of an earlier ticket");
        assert_eq!(room_store.ticket_saved(id, ack.outcome).map(|ticket| ticket.id), Some(id));
        assert_eq!(room_store.ticket_saved(id, ack.outcome), None);

        // A ticket that the database refuses is drawn anew.
        let drawn = |room_store: &mut RoomStore, room: &mut Room| {
            room_store.ticket(room, 2);
            let RoomStore::Store(it) = room_store else { panic!("it has a store") };
            it.next.as_ref().expect("asked for").ticket.id
        };
        let refused = drawn(&mut room_store, &mut room);
        assert_eq!(drawn(&mut room_store, &mut room), refused);
        assert_eq!(room_store.ticket_saved(refused, Outcome::Refused), None);
        assert_ne!(drawn(&mut room_store, &mut room), refused);
    }
}
