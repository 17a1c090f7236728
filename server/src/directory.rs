//! The list of rooms: the shard of each, and its free seats. A seat is reserved here, under one
//! lock, before a join reaches its shard. That makes capacity an invariant, whatever races. No room
//! runs here.

mod absent;
mod entries;
mod no_seat;

use std::cmp::Reverse;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bolide_net::{NewRoom, RoomCode, WantedRoom};
use bolide_room::{JoinError, RoomId, RoomStatus, Stage, Terms};
use bolide_sim::Mode;
use bolide_storage::Absence;

use self::absent::{AbsentCounts, AbsentRooms};
use self::entries::{Entries, Rank};
pub(crate) use self::no_seat::NoSeat;
use crate::random::{room_code, room_id};

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
    /// The code that opens it, if it is private.
    code: Option<RoomCode>,
    mode: Mode,
    /// Number of seats.
    seats: u16,
    /// True if a fight admits newcomers.
    late_joins: bool,
    shard: usize,
    /// True once its shard runs it.
    open: bool,
    /// Seats promised to joins that their shard has not answered yet.
    promised: u16,
    /// The last status that its shard reported.
    status: RoomStatus,
    /// The number of its current fight, counted over all rooms; `None` while it admits newcomers.
    fight: Option<u64>,
}

/// A room as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedRoom {
    pub(crate) id: RoomId,
    /// The code that opens it, if it is private. Such a room is not shown to anybody.
    pub(crate) code: Option<RoomCode>,
    /// The mode's name.
    pub(crate) mode: String,
    /// Number of seats.
    pub(crate) seats: u16,
    /// The last status that its shard reported. Seats that are promised are taken.
    pub(crate) status: RoomStatus,
}

/// A promised seat. It is free again when this is dropped without having been taken.
#[derive(Debug)]
pub(crate) struct Reservation {
    directory: Arc<Directory>,
    room: RoomId,
    code: Option<RoomCode>,
    mode: Mode,
    shard: usize,
    /// True if it is for the client that requested this room to be opened.
    creator: bool,
    taken: bool,
}

impl Directory {
    pub(crate) fn new(sessions_max: u32, rooms_max: u32, shards: usize) -> Directory {
        Directory { rooms: Mutex::default(), sessions_max, rooms_max, shards }
    }

    /// Returns the maximum numbers of seats taken by people and of rooms.
    pub(crate) const fn limits(&self) -> (u32, u32) {
        (self.sessions_max, self.rooms_max)
    }

    /// Promises a seat in the wanted room, or in a room of the mode. The fullest of the rooms that
    /// gather is chosen, so that people meet; private and locked rooms never are. A newcomer is
    /// sent into a fight only where no new room can be opened.
    pub(crate) fn reserve(
        self: &Arc<Directory>,
        wanted: &WantedRoom,
        mode: &Mode,
    ) -> Result<Reservation, NoSeat> {
        let mut rooms = self.rooms();
        let known = match wanted {
            WantedRoom::Id(id) => Some(rooms.named(id)?),
            WantedRoom::Code(code) => Some(rooms.coded(*code)?),
            WantedRoom::Any | WantedRoom::New(_) => None,
        };
        if rooms.entries.seats_taken() >= self.sessions_max {
            return Err(NoSeat::ServerFull(self.sessions_max));
        }
        let room = match (known, wanted) {
            (Some(room), _) => room,
            (None, WantedRoom::New(new)) => rooms.open(mode, *new, self.shards, self.rooms_max)?,
            (None, _) => rooms.best_or_new(mode, self.shards, self.rooms_max)?,
        };
        let promise = |entry: &mut Entry| {
            entry.promised += 1;
            (entry.mode.clone(), entry.code, entry.shard)
        };
        let promised = rooms.entries.change(&room, promise);
        let (mode, code, shard) = promised.expect("found or opened under this lock");
        drop(rooms);
        let (directory, creator) = (Arc::clone(self), matches!(wanted, WantedRoom::New(_)));
        Ok(Reservation { directory, room, code, mode, shard, creator, taken: false })
    }

    /// Returns the least loaded shard.
    pub(crate) fn next_shard(&self) -> usize {
        self.rooms().least_loaded(self.shards)
    }

    /// Lists a room of an earlier process, with its seats taken, before its shard has it.
    pub(crate) fn list_restored(
        &self,
        room: &RoomId,
        code: Option<RoomCode>,
        mode: &Mode,
        shard: usize,
        seats_taken: u16,
    ) {
        self.host(room, code, mode, shard, RoomStatus { seats_taken, ..NEW });
    }

    /// Records that a shard hosts a room, which may have been absent.
    pub(crate) fn host(
        &self,
        room: &RoomId,
        code: Option<RoomCode>,
        mode: &Mode,
        shard: usize,
        status: RoomStatus,
    ) {
        let mut rooms = self.rooms();
        rooms.absent.remove(room);
        let entry = Entry { open: true, status, ..Entry::new(code, mode, shard) };
        rooms.entries.insert(room.clone(), entry);
    }

    /// Records that no shard runs a stored room any more, or that the reason for its absence has
    /// changed.
    pub(crate) fn take_out(&self, room: &RoomId, code: Option<RoomCode>, why: Absence) {
        let mut rooms = self.rooms();
        rooms.entries.remove(room);
        rooms.absent.insert(room, code, why);
    }

    /// Returns whether the room is stored but run by no shard.
    pub(crate) fn is_absent(&self, room: &RoomId) -> bool {
        self.rooms().absent.has(room)
    }

    /// Returns the number of rooms that are stored but run by no shard, by reason.
    pub(crate) fn absent(&self) -> AbsentCounts {
        self.rooms().absent.counts()
    }

    /// Returns the shard that runs the room, if there is such a room.
    pub(crate) fn shard_of(&self, room: &RoomId) -> Option<usize> {
        self.rooms().entries.get(room.as_str()).map(|(_, entry)| entry.shard)
    }

    /// Records that the room runs; false if it is not listed any more and must not run.
    pub(crate) fn open(&self, room: &RoomId) -> bool {
        self.rooms().entries.change(room, |entry| entry.open = true).is_some()
    }

    /// Records the current status of a room. Only its shard may call this.
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

    /// Removes a room that failed. Joins that are on their way will not find it.
    pub(crate) fn remove(&self, room: &RoomId) {
        let mut rooms = self.rooms();
        rooms.entries.remove(room);
        rooms.absent.remove(room);
    }

    /// Records that a shard has panicked, and its rooms with it.
    pub(crate) fn lose_shard(&self, shard: usize) {
        self.rooms().entries.lose_shard(shard);
    }

    /// Returns the number of rooms.
    pub(crate) fn count(&self) -> usize {
        self.rooms().entries.len()
    }

    /// Returns every room that is not private, by id.
    pub(crate) fn list(&self) -> Vec<ListedRoom> {
        self.all().into_iter().filter(|room| room.code.is_none()).collect()
    }

    fn all(&self) -> Vec<ListedRoom> {
        self.rooms().entries.running().map(|(room, entry)| entry.listed(room)).collect()
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        // Nothing panics between two changes that belong together.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rooms {
    fn named(&self, id: &str) -> Result<RoomId, NoSeat> {
        if self.absent.has_public(id) {
            return Err(NoSeat::Absent);
        }
        let found = self.entries.get(id);
        // The id of a private room is in logs and tokens, and must not grant entry.
        let found = found.filter(|(_, entry)| entry.code.is_none());
        let (room, entry) = found.ok_or_else(|| NoSeat::UnknownRoom(id.to_owned()))?;
        entry.admit()?;
        Ok(room.clone())
    }

    fn coded(&self, code: RoomCode) -> Result<RoomId, NoSeat> {
        if self.absent.has_code(code) {
            return Err(NoSeat::Absent);
        }
        let found = self.entries.with_code(code);
        let (room, entry) = found.ok_or(NoSeat::UnknownCode(code))?;
        entry.admit()?;
        Ok(room.clone())
    }

    /// Returns a room for a newcomer that names none.
    fn best_or_new(
        &mut self,
        mode: &Mode,
        shards: usize,
        rooms_max: u32,
    ) -> Result<RoomId, NoSeat> {
        match self.entries.best_open(&mode.name) {
            Some((Rank::Gathers(_), room)) => Ok(room),
            Some((Rank::Fights(_), room)) => {
                Ok(self.open(mode, NewRoom::Public, shards, rooms_max).unwrap_or(room))
            }
            None => self.open(mode, NewRoom::Public, shards, rooms_max),
        }
    }

    fn open(
        &mut self,
        mode: &Mode,
        new: NewRoom,
        shards: usize,
        rooms_max: u32,
    ) -> Result<RoomId, NoSeat> {
        if self.entries.len() + self.absent.len() >= rooms_max as usize {
            return Err(NoSeat::TooManyRooms(rooms_max));
        }
        let mut room = room_id();
        while self.entries.get(room.as_str()).is_some() || self.absent.has(&room) {
            room = room_id();
        }
        let code = (new == NewRoom::Private).then(|| self.free_code());
        let entry = Entry::new(code, mode, self.least_loaded(shards));
        self.entries.insert(room.clone(), entry);
        Ok(room)
    }

    /// Returns a code that no room has. A code of a closed room may occur again by chance.
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

/// The status of a room before its shard has reported any.
const NEW: RoomStatus = RoomStatus {
    locked: false,
    stage: Stage::Waiting,
    players: 0,
    seats_taken: 0,
    match_number: 1,
};

impl Entry {
    /// Returns the entry of a room that its shard does not run yet.
    fn new(code: Option<RoomCode>, mode: &Mode, shard: usize) -> Entry {
        let Terms { seats, late_joins, .. } = Terms::of(&mode.rules);
        Entry {
            code,
            mode: mode.clone(),
            seats,
            late_joins,
            shard,
            open: false,
            promised: 0,
            status: NEW,
            fight: None,
        }
    }

    fn listed(&self, room: &RoomId) -> ListedRoom {
        let (id, mode, seats_taken) = (room.clone(), self.mode.name.clone(), self.seats_taken());
        let status = RoomStatus { seats_taken, ..self.status };
        ListedRoom { id, code: self.code, mode, seats: self.seats, status }
    }

    const fn seats_taken(&self) -> u16 {
        self.status.seats_taken + self.promised
    }

    const fn has_seat(&self) -> bool {
        self.seats_taken() < self.seats
    }

    /// Returns whether a newcomer that names no room may be sent there.
    const fn is_open(&self) -> bool {
        self.code.is_none() && !self.status.locked && self.has_seat()
    }

    /// Numbers a fight that has begun and admits nobody, and forgets one that has ended.
    fn note_fight(&mut self, fights: &mut u64) {
        if self.status.stage != Stage::Running || self.late_joins {
            self.fight = None;
        } else if self.fight.is_none() {
            *fights += 1;
            self.fight = Some(*fights);
        }
    }

    fn rank(&self) -> Rank {
        match self.fight {
            Some(number) => Rank::Fights(Reverse(number)),
            None => Rank::Gathers(self.seats_taken()),
        }
    }

    /// Returns the load of the room on its shard: a constant, and one for each seat that is taken.
    fn cost(&self) -> u64 {
        1 + u64::from(self.seats_taken())
    }

    /// Checks that a newcomer may join.
    const fn admit(&self) -> Result<(), JoinError> {
        if self.status.locked {
            Err(JoinError::Locked)
        } else if self.has_seat() {
            Ok(())
        } else {
            Err(JoinError::Full(self.seats))
        }
    }
}

impl Reservation {
    pub(crate) const fn room(&self) -> &RoomId {
        &self.room
    }

    /// Returns the room's code if it is private.
    pub(crate) const fn code(&self) -> Option<RoomCode> {
        self.code
    }

    /// Returns whether it is for the client that requested this room to be opened.
    pub(crate) const fn creator(&self) -> bool {
        self.creator
    }

    pub(crate) const fn mode(&self) -> &Mode {
        &self.mode
    }

    pub(crate) const fn shard(&self) -> usize {
        self.shard
    }

    /// Marks the promise as kept: the seat is now among those that `status` counts.
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
        // No shard knows the room, so no shard would remove it.
        if unknown == Some(true) {
            rooms.entries.remove(&self.room);
        }
    }
}

#[cfg(test)]
mod tests;
