//! Any order of joins, leaves, failures and closing rooms, against a ledger that is too simple to be wrong: who
//! holds a seat where, and which rooms live.

use std::collections::BTreeMap;
use std::sync::Arc;

use bolide_room::RoomStatus;
use bolide_sim::preset;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::{Directory, NoSeat, Reservation, Wanted};
use crate::token::RoomId;

const SESSIONS_MAX: u32 = 9;
const ROOMS_MAX: u32 = 4;
const MODES: [&str; 2] = ["classic", "duel"];

/// What happens. A number names one of those there are, counted round.
#[derive(Clone, Debug)]
enum Happens {
    /// A client asks for a seat in a mode.
    Ask(usize),
    /// A client asks for a seat in a room.
    AskRoom(usize),
    /// A shard keeps a promise.
    Keep(usize),
    /// A client is gone before its shard heard of it.
    Break(usize),
    /// Somebody leaves a room, and its shard tells.
    Leave(usize),
    /// A shard would close the room if nobody uses it.
    Close(usize),
    /// A room fails.
    Fail(usize),
}

/// The reference: everything may happen at any time, so there is nothing to remember.
struct Anything;

impl ReferenceStateMachine for Anything {
    type State = ();
    type Transition = Happens;

    fn init_state() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn transitions((): &()) -> BoxedStrategy<Happens> {
        let number = 0..100_usize;
        prop_oneof![
            6 => (0..MODES.len()).prop_map(Happens::Ask),
            2 => number.clone().prop_map(Happens::AskRoom),
            6 => number.clone().prop_map(Happens::Keep),
            2 => number.clone().prop_map(Happens::Break),
            4 => number.clone().prop_map(Happens::Leave),
            4 => number.clone().prop_map(Happens::Close),
            1 => number.prop_map(Happens::Fail),
        ]
        .boxed()
    }

    fn apply((): (), _: &Happens) {}
}

/// What must be listed.
#[derive(Debug, Default)]
struct Living {
    open: bool,
    promised: u16,
    taken: u16,
}

struct Ledger {
    directory: Arc<Directory>,
    promises: Vec<Reservation>,
    rooms: BTreeMap<RoomId, Living>,
    dead: Vec<RoomId>,
}

impl Ledger {
    fn ask(&mut self, wanted: Wanted<'_>) {
        let held: u32 = self.rooms.values().map(|room| u32::from(room.promised + room.taken)).sum();
        match self.directory.reserve(wanted) {
            Ok(promise) => {
                assert!(held < SESSIONS_MAX, "one session too many");
                let room = self.rooms.entry(promise.room().clone()).or_default();
                room.promised += 1;
                assert!(!self.dead.contains(promise.room()), "a seat in a dead room");
                self.promises.push(promise);
            }
            Err(NoSeat::ServerFull(_)) => assert_eq!(held, SESSIONS_MAX, "refused too early"),
            Err(NoSeat::TooManyRooms(_)) => assert_eq!(self.rooms.len(), ROOMS_MAX as usize),
            Err(NoSeat::RoomFull { .. } | NoSeat::UnknownRoom(_)) => {}
        }
    }

    /// Takes a promise away from the list; `None` when there is none.
    fn promise(&mut self, number: usize) -> Option<Reservation> {
        let len = self.promises.len();
        (len > 0).then(|| self.promises.swap_remove(number % len))
    }

    fn room(&self, number: usize) -> Option<RoomId> {
        let len = self.rooms.len();
        (len > 0).then(|| self.rooms.keys().nth(number % len).cloned()).flatten()
    }

    fn keep(&mut self, number: usize) {
        let Some(promise) = self.promise(number) else { return };
        let room = promise.room().clone();
        // As a shard does: a room that failed meanwhile is not opened, and the promise breaks.
        let Some(living) = self.rooms.get_mut(&room) else {
            assert!(!self.directory.open(&room), "a dead room is opened");
            return;
        };
        assert!(self.directory.open(&room), "a living room is not listed");
        living.open = true;
        living.promised -= 1;
        living.taken += 1;
        let taken = living.taken;
        promise.taken(self.status(&room, taken));
    }

    fn broken(&mut self, number: usize) {
        let Some(promise) = self.promise(number) else { return };
        let room = promise.room().clone();
        drop(promise);
        let Some(living) = self.rooms.get_mut(&room) else { return };
        living.promised -= 1;
        if !living.open && living.promised == 0 {
            self.die(&room);
        }
    }

    fn leave(&mut self, room: &RoomId) {
        let Some(living) = self.rooms.get_mut(room).filter(|living| living.taken > 0) else {
            return;
        };
        living.taken -= 1;
        let taken = living.taken;
        self.directory.update(room, self.status(room, taken));
    }

    fn close(&mut self, room: &RoomId) {
        let living = &self.rooms[room];
        // Only the shard that runs it asks.
        if living.open {
            let used = living.promised + living.taken > 0;
            assert_eq!(self.directory.remove_if_unused(room), !used);
            if !used {
                self.die(room);
            }
        }
    }

    fn die(&mut self, room: &RoomId) {
        self.rooms.remove(room);
        self.dead.push(room.clone());
    }

    /// What a shard would tell.
    fn status(&self, room: &RoomId, seats_taken: u16) -> RoomStatus {
        let listed = self.directory.list().into_iter().find(|status| status.id == room.as_str());
        RoomStatus { seats_taken, ..listed.expect("a living room is listed") }
    }
}

impl StateMachineTest for Ledger {
    type SystemUnderTest = Ledger;
    type Reference = Anything;

    fn init_test((): &()) -> Ledger {
        let directory = Arc::new(Directory::new(SESSIONS_MAX, ROOMS_MAX, 2));
        Ledger { directory, promises: Vec::new(), rooms: BTreeMap::new(), dead: Vec::new() }
    }

    fn apply(mut ledger: Ledger, (): &(), happens: Happens) -> Ledger {
        match happens {
            Happens::Ask(mode) => {
                ledger.ask(Wanted::Mode(&preset(MODES[mode]).expect("a preset")));
            }
            Happens::AskRoom(number) => {
                let room = ledger.room(number).unwrap_or_else(RoomId::random);
                ledger.ask(Wanted::Room(room.as_str()));
            }
            Happens::Keep(number) => ledger.keep(number),
            Happens::Break(number) => ledger.broken(number),
            Happens::Leave(number) => {
                ledger.room(number).into_iter().for_each(|room| ledger.leave(&room));
            }
            Happens::Close(number) => {
                ledger.room(number).into_iter().for_each(|room| ledger.close(&room));
            }
            Happens::Fail(number) => {
                if let Some(room) = ledger.room(number) {
                    ledger.directory.remove(&room);
                    ledger.die(&room);
                }
            }
        }
        ledger
    }

    fn check_invariants(ledger: &Ledger, (): &()) {
        let listed = ledger.directory.list();
        let names: Vec<&str> = listed.iter().map(|status| status.id.as_str()).collect();
        let living: Vec<&str> = ledger.rooms.keys().map(RoomId::as_str).collect();
        assert_eq!(names, living, "the living and nobody else");
        for (status, living) in listed.iter().zip(ledger.rooms.values()) {
            assert_eq!(status.seats_taken, living.promised + living.taken, "{status:?}");
            assert!(status.seats_taken <= status.seats, "{status:?}");
        }
    }
}

prop_state_machine! {
    #[test]
    fn capacity_holds_and_the_living_are_listed_whatever_races(sequential 1..60 => Ledger);
}
