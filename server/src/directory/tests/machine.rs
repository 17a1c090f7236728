//! State machine test: any order of joins, new rooms, locks, leaves, failures and closing rooms,
//! compared with a ledger that is too simple to be wrong. The ledger knows the seats held and the
//! rooms that are alive.

use std::collections::BTreeMap;
use std::sync::Arc;

use bolide_net::{NewRoom, RoomCode, WantedRoom};
use bolide_room::{JoinError, RoomId, RoomStatus, Stage};
use bolide_sim::preset;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::directory::{Directory, NoSeat, Reservation};
use crate::random::{room_code, room_id};

const SESSIONS_MAX: u32 = 9;
const ROOMS_MAX: u32 = 4;
const MODES: [&str; 2] = ["classic", "duel"];

/// The operations. A number selects one of the existing items, modulo their count.
#[derive(Clone, Debug)]
enum Happens {
    /// A client requests a seat in a mode.
    Ask(usize),
    /// A client requests a new room of a mode.
    Create(usize, NewRoom),
    /// A client requests a seat in a room, by its id.
    AskRoom(usize),
    /// A client requests a seat in a room, by its code or one that no room has.
    AskCode(usize),
    /// The match of a room enters another stage, and its shard reports it.
    Turn(usize, Stage),
    /// A room is locked or unlocked, and its shard reports it.
    Lock(usize, bool),
    /// A shard keeps a promise.
    Keep(usize),
    /// A client disconnects before its shard has received its join.
    Break(usize),
    /// A player leaves a room, and its shard reports it.
    Leave(usize),
    /// A shard asks to close the room if it is unused.
    Close(usize),
    /// A room fails.
    Fail(usize),
}

/// The reference. Everything may happen at any time, so it has no state.
struct Anything;

impl ReferenceStateMachine for Anything {
    type State = ();
    type Transition = Happens;

    fn init_state() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn transitions((): &()) -> BoxedStrategy<Happens> {
        let number = 0..100_usize;
        let new = prop_oneof![Just(NewRoom::Public), Just(NewRoom::Private)];
        let stage = prop_oneof![
            Just(Stage::Waiting),
            Just(Stage::Running),
            Just(Stage::Running),
            Just(Stage::Over)
        ];
        prop_oneof![
            6 => (0..MODES.len()).prop_map(Happens::Ask),
            2 => (0..MODES.len(), new).prop_map(|(mode, new)| Happens::Create(mode, new)),
            2 => number.clone().prop_map(Happens::AskRoom),
            2 => number.clone().prop_map(Happens::AskCode),
            4 => (number.clone(), stage).prop_map(|(room, stage)| Happens::Turn(room, stage)),
            2 => (number.clone(), any::<bool>()).prop_map(|(room, on)| Happens::Lock(room, on)),
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

/// A room that must be listed.
#[derive(Debug, Default)]
struct Living {
    mode: usize,
    code: Option<RoomCode>,
    locked: bool,
    /// The number of its fight, in the order in which fights began.
    fight: Option<u64>,
    open: bool,
    promised: u16,
    taken: u16,
}

impl Living {
    const fn seats_taken(&self) -> u16 {
        self.promised + self.taken
    }

    fn free_seats(&self) -> u16 {
        preset(MODES[self.mode]).expect("a preset").rules.capacity - self.seats_taken()
    }

    /// Returns whether a client that names no room may be sent there.
    fn meets(&self, mode: usize) -> bool {
        self.mode == mode && self.code.is_none() && !self.locked && self.free_seats() > 0
    }
}

struct Ledger {
    directory: Arc<Directory>,
    promises: Vec<Reservation>,
    rooms: BTreeMap<RoomId, Living>,
    dead: Vec<RoomId>,
    fights: u64,
}

impl Ledger {
    fn ask(&mut self, wanted: &WantedRoom, mode: usize) {
        let held: u32 = self.rooms.values().map(Living::seats_taken).map(u32::from).sum();
        let asked = preset(MODES[mode]).expect("a preset");
        match self.directory.reserve(wanted, &asked) {
            Ok(promise) => {
                assert!(held < SESSIONS_MAX, "one session too many");
                assert!(!self.dead.contains(promise.room()), "a seat in a dead room");
                assert_eq!(promise.creator(), matches!(wanted, WantedRoom::New(_)));
                self.check(wanted, mode, &promise);
                let code = promise.code();
                let new = || Living { mode, code, ..Living::default() };
                self.rooms.entry(promise.room().clone()).or_insert_with(new).promised += 1;
                self.promises.push(promise);
            }
            Err(NoSeat::ServerFull(_)) => assert_eq!(held, SESSIONS_MAX, "refused too early"),
            Err(NoSeat::TooManyRooms(_)) => {
                assert_eq!(self.rooms.len(), ROOMS_MAX as usize);
                let new = matches!(wanted, WantedRoom::New(_));
                let meets = self.rooms.values().any(|room| room.meets(mode));
                assert!(new || !meets, "there was a seat");
            }
            Err(NoSeat::UnknownRoom(id)) => {
                let known = self.rooms.get(id.as_str()).is_some_and(|room| room.code.is_none());
                assert!(!known, "it is there, and not private");
            }
            Err(NoSeat::UnknownCode(code)) => {
                assert!(!self.rooms.values().any(|room| room.code == Some(code)), "it is there");
            }
            Err(NoSeat::Absent) => panic!("no room is absent"),
            Err(NoSeat::Refused(JoinError::Locked)) => assert!(self.wanted(wanted).locked),
            Err(NoSeat::Refused(JoinError::Full(_))) => {
                assert_eq!(self.wanted(wanted).free_seats(), 0, "there was a seat");
            }
            Err(NoSeat::Refused(JoinError::BadResume)) => panic!("nobody resumes"),
        }
    }

    /// Returns the room that a client named.
    fn wanted(&self, wanted: &WantedRoom) -> &Living {
        let found = match wanted {
            WantedRoom::Id(id) => self.rooms.get(id.as_str()),
            WantedRoom::Code(code) => self.rooms.values().find(|room| room.code == Some(*code)),
            WantedRoom::Any | WantedRoom::New(_) => None,
        };
        found.expect("the client named a room that is listed")
    }

    /// Checks that the seat is one that was requested. The ledger does not contain it yet.
    fn check(&self, wanted: &WantedRoom, mode: usize, promise: &Reservation) {
        let found = self.rooms.get(promise.room());
        if let Some(room) = found {
            assert!(room.free_seats() > 0 && !room.locked, "a seat where there is none");
        }
        match wanted {
            WantedRoom::Any => {
                let meets = || self.rooms.values().filter(|room| room.meets(mode));
                let gathers = |room: &&Living| room.fight.is_none();
                let fullest = meets().filter(gathers).map(Living::seats_taken).max();
                let longest = meets().filter_map(|room| room.fight).min();
                let is_full = self.rooms.len() >= ROOMS_MAX as usize;
                match (fullest, found) {
                    (Some(most), _) => {
                        assert_eq!(found.filter(gathers).map(Living::seats_taken), Some(most));
                    }
                    (None, Some(room)) => {
                        assert!(is_full, "a fight, and a new room could be opened");
                        assert_eq!(room.fight, longest);
                    }
                    (None, None) => assert!(!is_full),
                }
                assert!(found.is_none_or(|room| room.meets(mode)));
                assert_eq!(promise.code(), None, "nobody is sent to a private room");
            }
            WantedRoom::Id(id) => {
                assert_eq!(promise.room().as_str(), id);
                assert_eq!(promise.code(), None, "the id of a private room opens nothing");
            }
            WantedRoom::Code(code) => assert_eq!(promise.code(), Some(*code)),
            WantedRoom::New(new) => {
                assert!(found.is_none(), "it was there before");
                assert_eq!(promise.code().is_some(), *new == NewRoom::Private);
                let again = self
                    .rooms
                    .values()
                    .any(|room| room.code.is_some() && room.code == promise.code());
                assert!(!again, "two rooms have a code");
            }
        }
    }

    /// Takes a promise from the list; `None` if the list is empty.
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

    fn turn(&mut self, room: &RoomId, stage: Stage) {
        let living = self.rooms.get_mut(room).expect("a living room");
        if living.open {
            self.fights += 1;
            let fight = Some(living.fight.unwrap_or(self.fights));
            living.fight = fight.filter(|_| stage == Stage::Running);
            let taken = living.taken;
            self.directory.update(room, RoomStatus { stage, ..self.status(room, taken) });
        }
    }

    fn lock(&mut self, room: &RoomId, locked: bool) {
        let living = self.rooms.get_mut(room).expect("a living room");
        // Only the shard that runs a room reports on it.
        if living.open {
            living.locked = locked;
            let taken = living.taken;
            self.directory.update(room, RoomStatus { locked, ..self.status(room, taken) });
        }
    }

    fn close(&mut self, room: &RoomId) {
        let living = &self.rooms[room];
        // Only the shard that runs a room asks.
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

    /// Returns the status that a shard would report.
    fn status(&self, room: &RoomId, seats_taken: u16) -> RoomStatus {
        let listed = self.directory.all().into_iter().find(|listed| listed.id == *room);
        RoomStatus { seats_taken, ..listed.expect("a living room is listed").status }
    }
}

impl StateMachineTest for Ledger {
    type SystemUnderTest = Ledger;
    type Reference = Anything;

    fn init_test((): &()) -> Ledger {
        let directory = Arc::new(Directory::new(SESSIONS_MAX, ROOMS_MAX, 2));
        Ledger {
            directory,
            promises: Vec::new(),
            rooms: BTreeMap::new(),
            dead: Vec::new(),
            fights: 0,
        }
    }

    fn apply(mut ledger: Ledger, (): &(), happens: Happens) -> Ledger {
        match happens {
            Happens::Ask(mode) => ledger.ask(&WantedRoom::Any, mode),
            Happens::Create(mode, new) => ledger.ask(&WantedRoom::New(new), mode),
            Happens::AskRoom(number) => {
                let room = ledger.room(number).unwrap_or_else(room_id);
                ledger.ask(&WantedRoom::Id(room.as_str().to_owned()), number % MODES.len());
            }
            Happens::AskCode(number) => {
                let code = ledger.room(number).and_then(|room| ledger.rooms[&room].code);
                ledger.ask(&WantedRoom::Code(code.unwrap_or_else(room_code)), 0);
            }
            Happens::Lock(number, locked) => {
                ledger.room(number).into_iter().for_each(|room| ledger.lock(&room, locked));
            }
            Happens::Turn(number, stage) => {
                ledger.room(number).into_iter().for_each(|room| ledger.turn(&room, stage));
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
        ledger.directory.rooms().entries.check();
        let listed = ledger.directory.all();
        let names: Vec<&str> = listed.iter().map(|room| room.id.as_str()).collect();
        let living: Vec<&str> = ledger.rooms.keys().map(RoomId::as_str).collect();
        assert_eq!(names, living, "the living and nobody else");
        for (room, living) in listed.iter().zip(ledger.rooms.values()) {
            assert_eq!(room.status.seats_taken, living.promised + living.taken, "{room:?}");
            assert!(room.status.seats_taken <= room.seats, "{room:?}");
            assert_eq!((room.code, room.status.locked), (living.code, living.locked));
        }
        let shown = ledger.directory.list();
        assert!(shown.iter().all(|room| room.code.is_none()), "a private room is shown");
        let public = ledger.rooms.values().filter(|room| room.code.is_none()).count();
        assert_eq!(shown.len(), public, "all others are");
    }
}

prop_state_machine! {
    #[test]
    fn capacity_holds_and_the_living_are_listed_whatever_races(sequential 1..60 => Ledger);
}
