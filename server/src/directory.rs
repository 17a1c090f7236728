//! Which rooms there are, on which shard, and how many seats they have left. A seat is reserved here, under
//! one lock, before a join reaches its shard: capacity is an invariant, whatever races. No room runs here.

mod absent;
mod entries;
mod no_seat;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bolide_net::{NewRoom, RoomCode, WantedRoom};
use bolide_room::RoomStatus;
use bolide_sim::Mode;

pub(crate) use self::absent::Absence;
use self::absent::{AbsentCounts, AbsentRooms};
use self::entries::Entries;
pub(crate) use self::no_seat::NoSeat;
use crate::token::{RoomId, room_code};

/// The list of rooms.
#[derive(Debug)]
pub(crate) struct Directory {
    rooms: Mutex<Rooms>,
    sessions_max: u32,
    rooms_max: u32,
    shards: usize,
}

#[derive(Debug, Default)]
struct Rooms {
    entries: Entries,
    absent: AbsentRooms,
}

#[derive(Debug)]
struct Entry {
    mode: Mode,
    shard: usize,
    /// Whether its shard runs it yet.
    open: bool,
    /// Seats promised to joins that their shard has not answered yet.
    promised: u16,
    /// As its shard last told.
    status: RoomStatus,
}

/// A promised seat. Dropped without having been taken, it is free again.
#[derive(Debug)]
pub(crate) struct Reservation {
    directory: Arc<Directory>,
    room: RoomId,
    code: Option<RoomCode>,
    mode: Mode,
    shard: usize,
    /// Whether it is for whoever asked for this room to be opened.
    creator: bool,
    taken: bool,
}

impl Directory {
    pub(crate) fn new(sessions_max: u32, rooms_max: u32, shards: usize) -> Directory {
        Directory { rooms: Mutex::default(), sessions_max, rooms_max, shards }
    }

    /// How many seats people may take, and how many rooms there may be.
    pub(crate) const fn limits(&self) -> (u32, u32) {
        (self.sessions_max, self.rooms_max)
    }

    /// Promises a seat in a room of the mode, or in the room that is wanted. Of several rooms of a mode the fullest is taken, so
    /// that people meet; but not one that is private or locked.
    pub(crate) fn reserve(
        self: &Arc<Directory>,
        wanted: &WantedRoom,
        mode: &Mode,
    ) -> Result<Reservation, NoSeat> {
        let mut rooms = self.rooms();
        let known = match wanted {
            WantedRoom::Any => rooms.entries.fullest_open(&mode.name),
            WantedRoom::Id(id) => Some(rooms.named(id)?),
            WantedRoom::Code(code) => Some(rooms.coded(*code)?),
            WantedRoom::New(_) => None,
        };
        if rooms.entries.seats_taken() >= self.sessions_max {
            return Err(NoSeat::ServerFull(self.sessions_max));
        }
        let private = *wanted == WantedRoom::New(NewRoom::Private);
        let room = match known {
            Some(room) => room,
            None => rooms.open(mode, private, self.shards, self.rooms_max)?,
        };
        let promise = |entry: &mut Entry| {
            entry.promised += 1;
            (entry.mode.clone(), entry.status.code, entry.shard)
        };
        let promised = rooms.entries.change(&room, promise);
        let (mode, code, shard) = promised.expect("found or opened under this lock");
        drop(rooms);
        let (directory, creator) = (Arc::clone(self), matches!(wanted, WantedRoom::New(_)));
        Ok(Reservation { directory, room, code, mode, shard, creator, taken: false })
    }

    /// The shard that has the least to do.
    pub(crate) fn next_shard(&self) -> usize {
        self.rooms().least_loaded(self.shards)
    }

    /// Lists a room of the process before, with its seats taken, before its shard has it.
    pub(crate) fn list_restored(
        &self,
        room: &RoomId,
        code: Option<RoomCode>,
        mode: &Mode,
        shard: usize,
        seats_taken: u16,
    ) {
        let status = RoomStatus { seats_taken, ..new_status(room, code, mode) };
        self.host(room, mode, shard, status);
    }

    /// Takes note that a shard hosts a room, which may have been absent.
    pub(crate) fn host(&self, room: &RoomId, mode: &Mode, shard: usize, status: RoomStatus) {
        let mut rooms = self.rooms();
        rooms.absent.remove(room);
        let entry = Entry { mode: mode.clone(), shard, open: true, promised: 0, status };
        rooms.entries.insert(room.clone(), entry);
    }

    /// Takes note that no shard runs a room any more, although it is kept; or that the reason is another now.
    pub(crate) fn take_out(&self, room: &RoomId, code: Option<RoomCode>, why: Absence) {
        let mut rooms = self.rooms();
        rooms.entries.remove(room);
        rooms.absent.insert(room, code, why);
    }

    /// Whether the room is kept and run by no shard.
    pub(crate) fn is_absent(&self, room: &RoomId) -> bool {
        self.rooms().absent.has(room)
    }

    /// How many rooms are kept and run by no shard, and why.
    pub(crate) fn absent(&self) -> AbsentCounts {
        self.rooms().absent.counts()
    }

    /// The shard that runs the room, if there is such a room.
    pub(crate) fn shard_of(&self, room: &RoomId) -> Option<usize> {
        self.rooms().entries.get(room.as_str()).map(|(_, entry)| entry.shard)
    }

    /// Takes note that the room runs; false if it is not listed any more and must not.
    pub(crate) fn open(&self, room: &RoomId) -> bool {
        self.rooms().entries.change(room, |entry| entry.open = true).is_some()
    }

    /// Takes note of what a room looks like now. Only its shard may call this.
    pub(crate) fn update(&self, room: &RoomId, status: RoomStatus) {
        self.rooms().entries.change(room, |entry| entry.status = status);
    }

    /// Removes a room without seats taken or promised; false if it has to stay.
    pub(crate) fn remove_if_unused(&self, room: &RoomId) -> bool {
        let mut rooms = self.rooms();
        let found = rooms.entries.get(room.as_str());
        let unused = found.is_none_or(|(_, entry)| entry.seats_taken() == 0);
        if unused {
            rooms.entries.remove(room);
        }
        unused
    }

    /// Removes a room that failed. Joins on their way to it will find it gone.
    pub(crate) fn remove(&self, room: &RoomId) {
        let mut rooms = self.rooms();
        rooms.entries.remove(room);
        rooms.absent.remove(room);
    }

    /// Takes note that a shard has panicked, with all its rooms.
    pub(crate) fn lose_shard(&self, shard: usize) {
        self.rooms().entries.lose_shard(shard);
    }

    /// How many rooms there are.
    pub(crate) fn count(&self) -> usize {
        self.rooms().entries.len()
    }

    /// Every room that is not private, by id.
    pub(crate) fn list(&self) -> Vec<RoomStatus> {
        self.all().into_iter().filter(|status| status.code.is_none()).collect()
    }

    fn all(&self) -> Vec<RoomStatus> {
        let rooms = self.rooms();
        let listed =
            |entry: &Entry| RoomStatus { seats_taken: entry.seats_taken(), ..entry.status.clone() };
        rooms.entries.running().map(listed).collect()
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        // Nothing in here panics between two changes that belong together.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rooms {
    fn named(&self, id: &str) -> Result<RoomId, NoSeat> {
        if self.absent.has_public(id) {
            return Err(NoSeat::Absent);
        }
        let found = self.entries.get(id);
        // The id of a private room is in logs and tokens, and opens nothing.
        let found = found.filter(|(_, entry)| entry.status.code.is_none());
        let (room, entry) = found.ok_or_else(|| NoSeat::UnknownRoom(id.to_owned()))?;
        entry.admits(room).map(|()| room.clone())
    }

    fn coded(&self, code: RoomCode) -> Result<RoomId, NoSeat> {
        if self.absent.has_code(code) {
            return Err(NoSeat::Absent);
        }
        let found = self.entries.with_code(code);
        let (room, entry) = found.ok_or(NoSeat::UnknownCode(code))?;
        entry.admits(room).map(|()| room.clone())
    }

    fn open(
        &mut self,
        mode: &Mode,
        private: bool,
        shards: usize,
        rooms_max: u32,
    ) -> Result<RoomId, NoSeat> {
        if self.entries.len() + self.absent.len() >= rooms_max as usize {
            return Err(NoSeat::TooManyRooms(rooms_max));
        }
        let mut room = RoomId::random();
        while self.entries.get(room.as_str()).is_some() || self.absent.has(&room) {
            room = RoomId::random();
        }
        let code = private.then(|| self.free_code());
        let status = new_status(&room, code, mode);
        let shard = self.least_loaded(shards);
        let entry = Entry { mode: mode.clone(), shard, open: false, promised: 0, status };
        self.entries.insert(room.clone(), entry);
        Ok(room)
    }

    /// A code that no room has. Those of rooms that are gone may come again, by chance.
    fn free_code(&self) -> RoomCode {
        loop {
            let code = room_code();
            if self.coded(code) == Err(NoSeat::UnknownCode(code)) {
                return code;
            }
        }
    }

    fn least_loaded(&self, shards: usize) -> usize {
        (0..shards).min_by_key(|shard| self.entries.load(*shard)).unwrap_or(0)
    }
}

/// A room before its shard has told anything.
fn new_status(room: &RoomId, code: Option<RoomCode>, mode: &Mode) -> RoomStatus {
    RoomStatus {
        id: room.as_str().to_owned(),
        code,
        locked: false,
        mode: mode.name.clone(),
        phase: "waiting",
        players: 0,
        seats: mode.rules.capacity,
        seats_taken: 0,
        match_number: 1,
    }
}

impl Entry {
    const fn seats_taken(&self) -> u16 {
        self.status.seats_taken + self.promised
    }

    const fn has_seat(&self) -> bool {
        self.seats_taken() < self.status.seats
    }

    /// Whether a newcomer that names no room may be sent there.
    const fn is_open(&self) -> bool {
        self.status.code.is_none() && !self.status.locked && self.has_seat()
    }

    /// A room costs its shard something by itself, and something for each seat that is taken.
    fn cost(&self) -> u64 {
        1 + u64::from(self.seats_taken())
    }

    /// Whether somebody new may come in.
    fn admits(&self, room: &RoomId) -> Result<(), NoSeat> {
        let (id, seats) = (|| room.as_str().to_owned(), self.status.seats);
        if self.status.locked {
            Err(NoSeat::RoomLocked(id()))
        } else if self.has_seat() {
            Ok(())
        } else {
            Err(NoSeat::RoomFull { room: id(), seats })
        }
    }
}

impl Reservation {
    pub(crate) const fn room(&self) -> &RoomId {
        &self.room
    }

    /// The room's code if it is private.
    pub(crate) const fn code(&self) -> Option<RoomCode> {
        self.code
    }

    /// Whether it is for whoever asked for this room to be opened.
    pub(crate) const fn creator(&self) -> bool {
        self.creator
    }

    pub(crate) const fn mode(&self) -> &Mode {
        &self.mode
    }

    pub(crate) const fn shard(&self) -> usize {
        self.shard
    }

    /// The promise has been kept: the seat is now among those that `status` counts.
    pub(crate) fn taken(mut self, status: RoomStatus) {
        self.taken = true;
        self.directory.rooms().entries.change(&self.room, |entry| {
            entry.promised = entry.promised.saturating_sub(1);
            entry.status = status;
        });
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let mut rooms = self.directory.rooms();
        let unknown = rooms.entries.change(&self.room, |entry| {
            entry.promised = entry.promised.saturating_sub(1);
            !entry.open && entry.promised == 0
        });
        // No shard knows of it, so no shard would remove it.
        if unknown == Some(true) {
            rooms.entries.remove(&self.room);
        }
    }
}

#[cfg(test)]
mod machine;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bolide_room::RoomStatus;
    use bolide_sim::preset;

    use bolide_net::{NewRoom, WantedRoom};

    use super::{Directory, NoSeat, Reservation};

    fn directory(sessions_max: u32, rooms_max: u32) -> Arc<Directory> {
        Arc::new(Directory::new(sessions_max, rooms_max, 2))
    }

    fn join(directory: &Arc<Directory>, mode: &str) -> Result<Reservation, NoSeat> {
        want(directory, &WantedRoom::Any, mode)
    }

    fn want(
        directory: &Arc<Directory>,
        wanted: &WantedRoom,
        mode: &str,
    ) -> Result<Reservation, NoSeat> {
        directory.reserve(wanted, &preset(mode).expect("a preset"))
    }

    fn take(directory: &Arc<Directory>, reservation: Reservation) {
        let id = reservation.room().as_str().to_owned();
        let before = directory.all().into_iter().find(|status| status.id == id).expect("listed");
        // `list` counts the promise, as the shard will after the join.
        reservation.taken(RoomStatus { seats_taken: before.seats_taken, ..before });
    }

    #[test]
    fn a_mode_fills_one_room_before_it_opens_the_next() {
        let directory = directory(100, 100);
        let promised: Vec<_> =
            (0..4).map(|_| join(&directory, "classic").expect("a seat")).collect();
        assert_eq!(promised[0].room(), promised[2].room());
        assert_ne!(promised[0].room(), promised[3].room());
        assert_ne!(promised[0].shard(), promised[3].shard());
        assert_eq!(directory.list().iter().map(|room| room.seats_taken).max(), Some(3));
    }

    #[test]
    fn a_new_room_goes_to_the_least_loaded_shard() {
        let directory = Arc::new(Directory::new(100, 100, 3));
        let mut full = |mode: &str| -> Vec<Reservation> {
            let seats = preset(mode).expect("a preset").rules.capacity;
            (0..seats).map(|_| join(&directory, mode).expect("a seat")).collect()
        };
        // Ten seats, two and three: then where two are, then where it is two rooms with four.
        let held = ["brawl", "duel", "classic", "duel", "duel", "duel"].map(&mut full);
        let shards = held.each_ref().map(|seats| seats[0].shard());
        assert_eq!(shards, [0, 1, 2, 1, 2, 1]);
        // Whose players have left is free again.
        drop(held);
        let again: Vec<_> = (0..4).map(|_| join(&directory, "brawl").expect("a seat")).collect();
        assert_eq!(again[0].shard(), 0);
    }

    #[test]
    fn a_lost_shard_gets_nobody_and_its_rooms_are_told_apart_from_those_that_are_gone() {
        let directory = directory(100, 100);
        let held = join(&directory, "brawl").expect("a seat");
        let (room, lost) = (held.room().clone(), held.shard());
        take(&directory, held);
        directory.lose_shard(lost);
        assert_eq!(directory.list(), []);
        let seats: Vec<_> = (0..30).map(|_| join(&directory, "brawl").expect("a seat")).collect();
        assert!(seats.iter().all(|seat| seat.shard() != lost), "not one");
        directory.rooms().entries.check();
        // Its seats are not gone: a resume is answered with 1013, not with `bad_resume`.
        assert_eq!(directory.shard_of(&room), Some(lost));
    }

    #[test]
    fn a_dropped_promise_is_free_again_and_a_kept_one_is_counted_once() {
        let directory = directory(100, 100);
        let first = join(&directory, "classic").expect("a seat");
        let room = first.room().clone();
        drop(join(&directory, "classic").expect("a seat"));
        assert_eq!(directory.list()[0].seats_taken, 1);
        take(&directory, first);
        assert_eq!(directory.list()[0].seats_taken, 1);
        assert!(!directory.remove_if_unused(&room));
    }

    #[test]
    fn an_unused_room_goes_and_a_promise_keeps_it() {
        let directory = directory(100, 100);
        let promise = join(&directory, "brawl").expect("a seat");
        let room = promise.room().clone();
        assert!(directory.open(&room));
        assert!(!directory.remove_if_unused(&room));
        drop(promise);
        assert!(directory.remove_if_unused(&room));
        assert_eq!(directory.shard_of(&room), None);
        assert!(!directory.open(&room));
    }

    #[test]
    fn a_room_that_no_shard_has_heard_of_goes_with_its_last_promise() {
        let directory = directory(100, 100);
        drop(join(&directory, "brawl").expect("a seat"));
        assert!(directory.list().is_empty());
    }

    #[test]
    fn a_promise_survives_the_failure_of_its_room() {
        let directory = directory(100, 100);
        let promise = join(&directory, "brawl").expect("a seat");
        directory.remove(promise.room());
        drop(promise);
        assert!(directory.list().is_empty());
    }

    #[test]
    fn each_limit_has_its_own_answer() {
        let directory = directory(4, 2);
        let mut held: Vec<_> =
            (0..3).map(|_| join(&directory, "classic").expect("a seat")).collect();
        let full = held[0].room().as_str().to_owned();
        let refused = |id: &str| {
            let wanted = WantedRoom::Id(id.to_owned());
            want(&directory, &wanted, "classic").expect_err("no seat").to_string()
        };
        assert_eq!(refused("nowhere"), "there is no room \"nowhere\"; leave out `room` to get one");
        assert_eq!(
            refused(&full),
            format!(
                "all 3 seats of room \"{full}\" are taken; leave out `room` to get another one"
            )
        );
        held.push(join(&directory, "classic").expect("a seat"));
        assert_eq!(join(&directory, "classic").expect_err("full"), NoSeat::ServerFull(4));
        drop(held);
        let small = self::directory(4, 1);
        let _brawl = join(&small, "brawl").expect("a seat");
        assert_eq!(join(&small, "classic").expect_err("no room"), NoSeat::TooManyRooms(1));
    }

    #[test]
    fn a_private_room_is_found_by_its_code_alone() {
        let directory = directory(100, 100);
        let new = WantedRoom::New(NewRoom::Private);
        let created = want(&directory, &new, "duel").expect("a seat");
        let code = created.code().expect("a code");
        assert!(created.creator() && directory.list().is_empty() && directory.count() == 1);
        let elsewhere = join(&directory, "duel").expect("a seat");
        assert_ne!(elsewhere.room(), created.room());
        let by_id = WantedRoom::Id(created.room().as_str().to_owned());
        assert!(matches!(want(&directory, &by_id, "duel"), Err(NoSeat::UnknownRoom(_))));
        let by_code = WantedRoom::Code(code);
        let guest = want(&directory, &by_code, "brawl").expect("the mode does not matter");
        assert_eq!((guest.room(), guest.creator()), (created.room(), false));
        let full = want(&directory, &by_code, "duel").expect_err("two seats");
        assert!(matches!(full, NoSeat::RoomFull { seats: 2, .. }));
        drop((created, guest));
        let gone = want(&directory, &by_code, "duel").expect_err("nobody had it opened");
        assert_eq!(gone, NoSeat::UnknownCode(code));
        assert!(gone.to_string().contains(code.as_str()), "{gone}");
    }

    #[test]
    fn a_new_room_is_new_and_joined_like_any_other() {
        let directory = directory(100, 3);
        let new = WantedRoom::New(NewRoom::Public);
        let rooms = [(); 3].map(|()| want(&directory, &new, "brawl").expect("a seat"));
        assert!(rooms[0].room() != rooms[1].room() && rooms[1].room() != rooms[2].room());
        assert!(rooms.iter().all(|seat| seat.creator() && seat.code().is_none()));
        assert_eq!(want(&directory, &new, "brawl").expect_err("a fourth"), NoSeat::TooManyRooms(3));
        assert_eq!(directory.list().len(), 3);
        assert!(!join(&directory, "brawl").expect("a seat").creator());
    }

    #[test]
    fn nobody_new_is_sent_to_a_locked_room() {
        let directory = directory(100, 100);
        let new = WantedRoom::New(NewRoom::Public);
        let seat = want(&directory, &new, "brawl").expect("a seat");
        let room = seat.room().clone();
        let status = directory.all()[0].clone();
        seat.taken(RoomStatus { locked: true, ..status.clone() });
        let by_id = WantedRoom::Id(room.as_str().to_owned());
        let refused = want(&directory, &by_id, "brawl").expect_err("locked");
        assert_eq!(refused, NoSeat::RoomLocked(room.as_str().to_owned()));
        assert_ne!(join(&directory, "brawl").expect("a seat").room(), &room);
        directory.update(&room, status);
        assert_eq!(join(&directory, "brawl").expect("a seat").room(), &room);
    }

    /// A hundred thousand rooms must not make a join slower than ten, because all joins have one lock.
    #[test]
    fn a_join_looks_at_as_many_rooms_as_it_opens_however_many_there_are() {
        let looked_at = |rooms: usize| {
            let directory = directory(1_000_000, 1_000_000);
            let create = |new| want(&directory, &WantedRoom::New(new), "brawl").expect("a seat");
            let mut held: Vec<_> = (1..rooms).map(|_| create(NewRoom::Private)).collect();
            held.push(create(NewRoom::Public));
            let code = held[0].code().expect("private");
            let id = held[rooms - 1].room().as_str().to_owned();
            let asked = [
                WantedRoom::Any,
                WantedRoom::Id(id),
                WantedRoom::Code(code),
                WantedRoom::New(NewRoom::Private),
            ];
            let mut counts = asked.map(|wanted| {
                directory.rooms().entries.looked_at.set(0);
                held.push(want(&directory, &wanted, "brawl").expect("a seat"));
                directory.rooms().entries.looked_at.get()
            });
            counts.sort_unstable();
            directory.rooms().entries.looked_at.set(0);
            drop(held.pop());
            (counts, directory.rooms().entries.looked_at.get())
        };
        let few = looked_at(10);
        assert!(few.0.iter().all(|count| *count <= 4) && few.1 <= 2, "{few:?}");
        assert_eq!(looked_at(3000), few);
    }

    #[test]
    fn a_race_for_seats_never_promises_one_too_many() {
        let directory = directory(7, 100);
        let joined: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> =
                (0..16).map(|_| scope.spawn(|| join(&directory, "classic").ok())).collect();
            racers.into_iter().filter_map(|racer| racer.join().expect("no panic")).collect()
        });
        assert_eq!(joined.len(), 7);
        assert!(directory.list().iter().all(|room| room.seats_taken <= room.seats));
    }
}
