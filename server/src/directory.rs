//! Which rooms there are, on which shard, and how many seats they have left. A seat is reserved here, under
//! one lock, before a join reaches its shard: capacity is an invariant, whatever races. No room runs here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bolide_net::ErrorCode;
use bolide_room::RoomStatus;
use bolide_sim::Mode;

use crate::token::RoomId;

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
    entries: BTreeMap<RoomId, Entry>,
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

/// What a client asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'a> {
    /// That room and no other.
    Room(&'a str),
    /// Any room of the mode, or a new one.
    Mode(&'a Mode),
}

/// Why no seat could be promised. The text is for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoSeat {
    #[error("there is no room {0:?}; leave out `room` to get one")]
    UnknownRoom(String),
    #[error("all {seats} seats of room {room:?} are taken; leave out `room` to get another one")]
    RoomFull { room: String, seats: u16 },
    #[error("all {0} seats of this server are taken; try again later")]
    ServerFull(u32),
    #[error("this server has {0} rooms and opens no more; try again later")]
    TooManyRooms(u32),
}

impl NoSeat {
    pub(crate) const fn code(&self) -> ErrorCode {
        match self {
            NoSeat::UnknownRoom(_) => ErrorCode::UnknownRoom,
            NoSeat::RoomFull { .. } => ErrorCode::RoomFull,
            NoSeat::ServerFull(_) | NoSeat::TooManyRooms(_) => ErrorCode::ServerFull,
        }
    }
}

/// A promised seat. Dropped without having been taken, it is free again.
#[derive(Debug)]
pub(crate) struct Reservation {
    directory: Arc<Directory>,
    room: RoomId,
    mode: Mode,
    shard: usize,
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

    /// Promises a seat. Of several rooms of a mode the fullest is taken, so that people meet.
    pub(crate) fn reserve(
        self: &Arc<Directory>,
        wanted: Wanted<'_>,
    ) -> Result<Reservation, NoSeat> {
        let mut rooms = self.rooms();
        let known = match wanted {
            Wanted::Room(id) => Some(rooms.named(id)?),
            Wanted::Mode(mode) => rooms.fullest_with_a_seat(&mode.name),
        };
        if rooms.seats_taken() >= self.sessions_max {
            return Err(NoSeat::ServerFull(self.sessions_max));
        }
        let room = match (known, wanted) {
            (Some(room), _) => room,
            (None, Wanted::Mode(mode)) => rooms.open(mode, self.shards, self.rooms_max)?,
            (None, Wanted::Room(id)) => return Err(NoSeat::UnknownRoom(id.to_owned())),
        };
        let entry = rooms.entries.get_mut(&room).expect("found or opened under this lock");
        entry.promised += 1;
        let (mode, shard) = (entry.mode.clone(), entry.shard);
        drop(rooms);
        Ok(Reservation { directory: Arc::clone(self), room, mode, shard, taken: false })
    }

    /// Lists a room of the process before, with its seats taken, and says on which shard it is to go on.
    pub(crate) fn recovered(&self, room: &RoomId, mode: &Mode, seats_taken: u16) -> usize {
        let mut rooms = self.rooms();
        let shard = rooms.least_loaded(self.shards);
        let status = RoomStatus { seats_taken, ..new_status(room, mode) };
        let entry = Entry { mode: mode.clone(), shard, open: true, promised: 0, status };
        rooms.entries.insert(room.clone(), entry);
        shard
    }

    /// The shard that runs the room, if there is such a room.
    pub(crate) fn shard_of(&self, room: &RoomId) -> Option<usize> {
        self.rooms().entries.get(room).map(|entry| entry.shard)
    }

    /// Takes note that the room runs; false if it is not listed any more and must not.
    pub(crate) fn open(&self, room: &RoomId) -> bool {
        self.rooms().entries.get_mut(room).map(|entry| entry.open = true).is_some()
    }

    /// Takes note of what a room looks like now. Only its shard may call this.
    pub(crate) fn update(&self, room: &RoomId, status: RoomStatus) {
        if let Some(entry) = self.rooms().entries.get_mut(room) {
            entry.status = status;
        }
    }

    /// Removes a room without seats taken or promised; false if it has to stay.
    pub(crate) fn remove_if_unused(&self, room: &RoomId) -> bool {
        let mut rooms = self.rooms();
        let unused = rooms.entries.get(room).is_none_or(|entry| entry.seats_taken() == 0);
        if unused {
            rooms.entries.remove(room);
        }
        unused
    }

    /// Removes a room that failed. Joins on their way to it will find it gone.
    pub(crate) fn remove(&self, room: &RoomId) {
        self.rooms().entries.remove(room);
    }

    /// Every room, by id.
    pub(crate) fn list(&self) -> Vec<RoomStatus> {
        let rooms = self.rooms();
        let listed =
            |entry: &Entry| RoomStatus { seats_taken: entry.seats_taken(), ..entry.status.clone() };
        rooms.entries.values().map(listed).collect()
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        // Nothing in here panics between two changes that belong together.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rooms {
    fn named(&self, id: &str) -> Result<RoomId, NoSeat> {
        let (room, entry) =
            self.entries.get_key_value(id).ok_or_else(|| NoSeat::UnknownRoom(id.to_owned()))?;
        if entry.has_seat() {
            Ok(room.clone())
        } else {
            Err(NoSeat::RoomFull { room: id.to_owned(), seats: entry.status.seats })
        }
    }

    fn fullest_with_a_seat(&self, mode: &str) -> Option<RoomId> {
        let of_mode =
            self.entries.iter().filter(|(_, entry)| entry.mode.name == mode && entry.has_seat());
        of_mode.max_by_key(|(_, entry)| entry.seats_taken()).map(|(room, _)| room.clone())
    }

    fn open(&mut self, mode: &Mode, shards: usize, rooms_max: u32) -> Result<RoomId, NoSeat> {
        if self.entries.len() >= rooms_max as usize {
            return Err(NoSeat::TooManyRooms(rooms_max));
        }
        let mut room = RoomId::random();
        while self.entries.contains_key(room.as_str()) {
            room = RoomId::random();
        }
        let status = new_status(&room, mode);
        let shard = self.least_loaded(shards);
        let entry = Entry { mode: mode.clone(), shard, open: false, promised: 0, status };
        self.entries.insert(room.clone(), entry);
        Ok(room)
    }

    /// A room costs something by itself, and something for each seat that is taken.
    fn least_loaded(&self, shards: usize) -> usize {
        let mut loads = vec![0_u64; shards];
        for entry in self.entries.values() {
            loads[entry.shard] += 1 + u64::from(entry.seats_taken());
        }
        (0..shards).min_by_key(|shard| loads[*shard]).unwrap_or(0)
    }

    fn seats_taken(&self) -> u32 {
        self.entries.values().map(|entry| u32::from(entry.seats_taken())).sum()
    }
}

/// A room before its shard has told anything.
fn new_status(room: &RoomId, mode: &Mode) -> RoomStatus {
    RoomStatus {
        id: room.as_str().to_owned(),
        mode: mode.name.clone(),
        phase: "waiting",
        players: 0,
        seats: mode.rules.capacity,
        seats_taken: 0,
        match_number: 1,
    }
}

impl Entry {
    fn seats_taken(&self) -> u16 {
        self.status.seats_taken + self.promised
    }

    fn has_seat(&self) -> bool {
        self.seats_taken() < self.status.seats
    }
}

impl Reservation {
    pub(crate) const fn room(&self) -> &RoomId {
        &self.room
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
        if let Some(entry) = self.directory.rooms().entries.get_mut(&self.room) {
            entry.promised = entry.promised.saturating_sub(1);
            entry.status = status;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let mut rooms = self.directory.rooms();
        if let Some(entry) = rooms.entries.get_mut(&self.room) {
            entry.promised = entry.promised.saturating_sub(1);
            // No shard knows of it, so nobody else would remove it.
            if !entry.open && entry.promised == 0 {
                rooms.entries.remove(&self.room);
            }
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

    use super::{Directory, NoSeat, Reservation, Wanted};

    fn directory(sessions_max: u32, rooms_max: u32) -> Arc<Directory> {
        Arc::new(Directory::new(sessions_max, rooms_max, 2))
    }

    fn join(directory: &Arc<Directory>, mode: &str) -> Result<Reservation, NoSeat> {
        directory.reserve(Wanted::Mode(&preset(mode).expect("a preset")))
    }

    fn take(directory: &Arc<Directory>, reservation: Reservation) {
        let id = reservation.room().as_str().to_owned();
        let before = directory.list().into_iter().find(|status| status.id == id).expect("listed");
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
        let refused = |wanted| directory.reserve(wanted).expect_err("no seat").to_string();
        assert_eq!(
            refused(Wanted::Room("nowhere")),
            "there is no room \"nowhere\"; leave out `room` to get one"
        );
        assert_eq!(
            refused(Wanted::Room(&full)),
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
