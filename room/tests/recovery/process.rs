//! A process that runs one room, and its disk.

use std::collections::BTreeMap;

use bolide_net::{
    ClientMessage, CloseCode, Codec, InputMessage, PlayerName, RoomCode, ServerMessage, SyncMode,
};
use bolide_room::{
    ConnectionId, Join, JoinError, MatchTicket, Output, Recovery, Resume, Room, RoomConfig, RoomId,
    RoomPolicy, SaveNumber, SeatRecord,
};
use bolide_sim::journal::recover;
use bolide_sim::{Input, PlayerId, Point, preset};
use uuid::Uuid;

/// A process that runs one room, and the disk that outlives it.
pub(crate) struct Process {
    pub(crate) room: Room,
    pub(crate) disk: Disk,
    pub(crate) told: Vec<(ConnectionId, ServerMessage)>,
    pub(crate) closed: Vec<(ConnectionId, CloseCode)>,
    pub(crate) saves: Vec<SaveNumber>,
    /// True if seats and the lock are stored as soon as the room asks for it.
    pub(crate) keeps: bool,
}

/// The state that outlives a process.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    pub(crate) journal: Vec<u8>,
    pub(crate) seats: BTreeMap<PlayerId, SeatRecord>,
    pub(crate) locked: bool,
}

impl Process {
    pub(crate) fn start() -> Process {
        let ticket = MatchTicket { id: Uuid::from_u128(1), seed: 7 };
        Process::with(Room::new(config(), ticket).expect("valid rules"), Disk::default())
    }

    /// Starts the process after one that has died.
    pub(crate) fn recover(disk: Disk) -> Process {
        Process::recover_with(disk, config())
    }

    pub(crate) fn recover_with(mut disk: Disk, config: RoomConfig) -> Process {
        let recovered = recover(&disk.journal).expect("a journal");
        disk.journal.truncate(recovered.whole_bytes);
        let seats = disk.seats.values().cloned().collect();
        let id = Uuid::from_u128(1);
        let recovery =
            Recovery { id, number: 1, world: recovered.world, seats, locked: disk.locked };
        Process::with(Room::recover(config, recovery), disk)
    }

    pub(crate) fn with(room: Room, disk: Disk) -> Process {
        let (told, closed, saves) = (Vec::new(), Vec::new(), Vec::new());
        let mut process = Process { room, disk, told, closed, saves, keeps: true };
        process.drain();
        process
    }

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.room.poll_output() {
            match output {
                Output::Send { to, frame, .. } => {
                    let message = Codec::Json.decode_server(&frame.bytes).expect("decodes");
                    self.told.push((to, message.expect("known")));
                }
                Output::Close { to, code, .. } => self.closed.push((to, code)),
                Output::Journal(records) => self.disk.journal.extend(records.bytes),
                Output::Save { number, seat } => {
                    self.disk.seats.insert(seat.player, *seat);
                    if self.keeps {
                        self.room.handle_saved(number);
                    } else {
                        self.saves.push(number);
                    }
                }
                Output::SaveLock { number, locked } => {
                    self.disk.locked = locked;
                    if self.keeps {
                        self.room.handle_saved(number);
                    } else {
                        self.saves.push(number);
                    }
                }
                Output::Forget { player } => drop(self.disk.seats.remove(&player)),
                Output::Refused(_) => {}
                Output::WantTicket { .. } => {
                    self.room.handle_ticket(MatchTicket { id: Uuid::from_u128(2), seed: 8 });
                }
            }
        }
    }

    /// Joins with the connection of this number. The first one asked for the room.
    pub(crate) fn join(&mut self, id: u64) -> Result<PlayerId, JoinError> {
        let name = PlayerName::parse(&format!("p{id}")).expect("a name");
        let (codec, sync, token) = (Codec::Json, SyncMode::Full, format!("t{id}"));
        let join = Join { name, codec, sync, token, creator: id == 1 };
        let seat = self.room.handle_join(ConnectionId(id), join);
        self.drain();
        seat
    }

    pub(crate) fn join_all(&mut self, players: u64) {
        for id in 1..=players {
            self.join(id).expect("a seat");
        }
    }

    pub(crate) fn resume(
        &mut self,
        id: u64,
        token: &str,
        fresh: &str,
    ) -> Result<PlayerId, JoinError> {
        let (codec, sync) = (Codec::Json, SyncMode::Full);
        let (token, fresh_token) = (token.to_owned(), fresh.to_owned());
        let resume = Resume { codec, sync, token, fresh_token };
        let seat = self.room.handle_resume(ConnectionId(id), resume);
        self.drain();
        seat
    }

    pub(crate) fn ticks(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.room.handle_tick();
            self.drain();
        }
    }

    /// Sends the inputs of the players before a tick; the same ones in each run.
    pub(crate) fn act(&mut self, players: u64) {
        let tick = self.room.world().tick().0;
        for id in 1..=players {
            let place = |n: u64| f32::from(u16::try_from(n % 100).expect("small")) / 100.0;
            let turn = u64::from(tick) * 7 + id * 31;
            let at = Point::in_units(place(turn), place(turn / 3));
            let input = match turn % 11 {
                0..4 => Input::Move(at),
                4 => Input::Shoot(at),
                5 => Input::Blink(at),
                _ => continue,
            };
            let input = InputMessage { seq: tick + 1, for_tick: None, view: None, input };
            self.room.handle_message(ConnectionId(id), ClientMessage::Input(input));
            self.drain();
        }
    }

    pub(crate) fn told(&self, to: u64) -> impl Iterator<Item = &ServerMessage> {
        self.told.iter().filter(move |(who, _)| *who == ConnectionId(to)).map(|(_, what)| what)
    }

    pub(crate) fn lock(&mut self, id: u64, locked: bool) {
        self.room.handle_message(ConnectionId(id), ClientMessage::Lock(locked));
        self.drain();
    }

    /// Returns whether the room was locked, and its creator, for each lock message to a connection.
    pub(crate) fn locks(&self, to: u64) -> Vec<(bool, Option<u16>)> {
        let locks = self.told(to).filter_map(|message| match message {
            ServerMessage::Lock { locked, creator } => Some((*locked, *creator)),
            _ => None,
        });
        locks.collect()
    }

    pub(crate) fn paused(&self, to: u64) -> Vec<Vec<u16>> {
        let paused = self.told(to).filter_map(|message| match message {
            ServerMessage::Paused { missing, .. } => Some(missing.clone()),
            _ => None,
        });
        paused.collect()
    }
}

pub(crate) fn config() -> RoomConfig {
    let mut mode = preset("brawl").expect("a preset");
    (mode.rules.countdown_s, mode.rules.fight_at) = (0.1, 3);
    let policy = RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() };
    let code = Some(RoomCode::of_random([7; 6]));
    RoomConfig { id: RoomId::known("r1"), code, mode, policy, server: "test".to_owned() }
}

pub(crate) fn welcomed(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Welcome(_))
}
