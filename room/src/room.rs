//! The room: its handlers, its tick and its queries. Seats are in `roster.rs`, matches in
//! `matches.rs`, and what clients are sent in the folder `streams`. The rules of the game are in
//! `bolide-sim`, bytes in `bolide-net`, sockets and time in the server.

use core::time::Duration;

use bolide_net::{ClientMessage, CloseCode, Codec, ErrorCode, PlayerName, RoomCode, SyncMode};
use bolide_sim::{PlayerId, RulesError, Tick, World};
use uuid::Uuid;

use crate::config::RoomConfig;
use crate::matches::bots::Company;
use crate::matches::current_match::{Match, MatchTicket};
use crate::matches::recovery::Pause;
use crate::output::{Output, Outputs, SaveNumber};
use crate::roster::lock::Lock;
use crate::roster::saves::ASK_AGAIN_S;
use crate::roster::seat::{Connection, ConnectionId, Seat, Unsaved};
use crate::roster::token::Token;
use crate::streams::snapshot_stream::SnapshotStream;
use crate::streams::spectating::LAST_LOOK_S;

/// A request to join.
#[derive(Clone, Debug)]
pub struct Join {
    /// The player's name.
    pub name: PlayerName,
    /// The codec of the connection.
    pub codec: Codec,
    /// The form in which the connection wants the world.
    pub sync: SyncMode,
    /// A fresh secret with which the session can resume its seat.
    pub token: String,
    /// True if the session asked for this room to be opened, and may lock it.
    pub creator: bool,
}

/// A request to resume a seat.
#[derive(Clone, Debug)]
pub struct Resume {
    /// The codec of the connection.
    pub codec: Codec,
    /// The form in which the connection wants the world.
    pub sync: SyncMode,
    /// The secret with which the session resumes its seat.
    pub token: String,
    /// A fresh secret for the next time.
    pub fresh_token: String,
}

/// The reason why a seat could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// All seats are taken.
    #[error("all {0} seats of this room are taken")]
    Full(u16),
    /// The room is locked against new players. A seat that was reserved before that is not kept
    /// either.
    #[error(
        "this room is locked: who created it lets nobody new in; leave out `room` and `code` to get another one"
    )]
    Locked,
    /// No seat has this token.
    #[error("no seat of this room has this resume token; its grace time may be over")]
    BadResume,
}

impl JoinError {
    /// Returns the code that the client is sent.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            JoinError::Full(_) => ErrorCode::RoomFull,
            JoinError::Locked => ErrorCode::RoomLocked,
            JoinError::BadResume => ErrorCode::BadResume,
        }
    }
}

/// The stage of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The match gathers players, and there are too few of them.
    Waiting,
    /// The match gathers players, and is about to begin.
    Countdown,
    /// The match is being played.
    Running,
    /// The match has its result.
    Over,
}

impl Stage {
    /// Returns the name that the list of rooms and the log show.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Waiting => "waiting",
            Stage::Countdown => "countdown",
            Stage::Running => "fighting",
            Stage::Over => "over",
        }
    }

    /// Returns whether players may still join the match.
    pub(crate) const fn is_gathering(self) -> bool {
        matches!(self, Stage::Waiting | Stage::Countdown)
    }
}

/// A room as the list of rooms shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomStatus {
    /// The room's id.
    pub id: String,
    /// The code that opens it, if it is private. Such a room is in no list.
    pub code: Option<RoomCode>,
    /// True if new players are kept out.
    pub locked: bool,
    /// The mode's name.
    pub mode: String,
    /// The stage of the current match.
    pub stage: Stage,
    /// Players in the current match, bots included.
    pub players: u16,
    /// Number of seats.
    pub seats: u16,
    /// Seats that sessions hold.
    pub seats_taken: u16,
    /// The number of the current match, counted from 1.
    pub match_number: u32,
}

/// One authoritative room. See the crate's contract.
pub struct Room {
    pub(crate) config: RoomConfig,
    pub(crate) spans: Spans,
    pub(crate) seats: Vec<Seat>,
    pub(crate) lock: Lock,
    pub(crate) company: Company,
    pub(crate) play: Match,
    /// The wait for players after a recovery.
    pub(crate) pause: Option<Pause>,
    pub(crate) next_ticket: Option<MatchTicket>,
    /// The room's own tick, which goes on between matches.
    pub(crate) now: u64,
    /// The tick of the last snapshot.
    pub(crate) shown_at: u64,
    pub(crate) last_join_at: u64,
    /// The room's tick in which the next match begins; set once the match is over.
    pub(crate) next_match_at: Option<u64>,
    pub(crate) roster_changed: bool,
    /// The participants of this match, as they were last sent to clients.
    pub(crate) last_sent_seats: Option<Vec<u16>>,
    /// The snapshots of all connections that want places, in a mode without a vision radius.
    pub(crate) places: SnapshotStream,
    /// The snapshots of all connections that simulate, in a mode without a vision radius.
    pub(crate) motions: SnapshotStream,
    pub(crate) saves: u64,
    /// The room's tick in which it repeats requests that were not answered.
    pub(crate) ask_again_at: u64,
    pub(crate) outputs: Outputs,
}

/// States whether a tick sends snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Snapshots {
    Send,
    Withhold,
}

/// Durations that each tick compares with, in ticks; computed once.
pub(crate) struct Spans {
    /// From the loss of a connection until its seat is freed.
    pub(crate) grace: u64,
    /// From the last join until bots fill the match.
    pub(crate) bot_wait: u64,
    /// Between two snapshots when nothing is new.
    pub(crate) heartbeat: u64,
    /// Between two deltas that carry the hash of the view.
    pub(crate) hash: u64,
    /// Between two pings of a connection, and between two checks for idle seats.
    pub(crate) second: u64,
    /// Until a request that was not answered is repeated.
    pub(crate) ask_again: u64,
    /// From a player's end until the seats that see with its eyes get others.
    pub(crate) last_look: u64,
}

impl Spans {
    fn new(config: &RoomConfig) -> Spans {
        let ticks = |seconds| u64::from(config.mode.rules.tick_rate.ticks(seconds));
        Spans {
            grace: ticks(config.policy.grace_s),
            bot_wait: ticks(config.policy.bot_wait_s),
            heartbeat: ticks(0.5),
            hash: ticks(1.0),
            second: ticks(1.0),
            ask_again: ticks(ASK_AGAIN_S),
            last_look: ticks(LAST_LOOK_S),
        }
    }
}

/// The handlers.
impl Room {
    /// Creates an empty room whose first match has this ticket. It requests the next ticket at
    /// once.
    ///
    /// # Errors
    /// A rule of the mode is outside its range.
    pub fn new(config: RoomConfig, ticket: MatchTicket) -> Result<Room, RulesError> {
        let world = World::new(config.mode.rules.clone(), ticket.seed)?;
        let play = Match::new(ticket.id, 1, world, &config.server);
        Ok(Room::with_match(config, play))
    }

    pub(crate) fn with_match(config: RoomConfig, play: Match) -> Room {
        let spans = Spans::new(&config);
        let outputs = Outputs::from([Output::WantTicket { number: play.number + 1 }]);
        Room {
            ask_again_at: spans.ask_again,
            spans,
            company: Company::of(&config),
            config,
            seats: Vec::new(),
            lock: Lock::default(),
            play,
            pause: None,
            next_ticket: None,
            now: 0,
            shown_at: 0,
            last_join_at: 0,
            next_match_at: None,
            roster_changed: false,
            last_sent_seats: None,
            places: SnapshotStream::default(),
            motions: SnapshotStream::default(),
            saves: 0,
            outputs,
        }
    }

    /// Reserves a free seat for a connection. The connection takes it once that is stored; see
    /// [`Output::Save`].
    ///
    /// # Errors
    /// No seat is free, or the room is locked.
    pub fn handle_join(
        &mut self,
        connection: ConnectionId,
        join: Join,
    ) -> Result<PlayerId, JoinError> {
        let capacity = self.config.mode.rules.capacity;
        if self.seats.len() >= usize::from(capacity) {
            return Err(JoinError::Full(capacity));
        }
        if self.lock.locked {
            return Err(JoinError::Locked);
        }
        let Join { name, codec, sync, token, creator } = join;
        let name = self.free_name(name);
        let player = self.free_player_id();
        let connection = Connection { id: connection, codec, sync, in_step: false };
        let index = self.seats.partition_point(|seat| seat.player < player);
        self.seats.insert(index, Seat::new(player, name, Token::new(&token), creator));
        self.save(index, connection, token);
        Ok(player)
    }

    /// Reserves the seat of its session for a new connection, which takes it once that is stored.
    /// The newest connection wins.
    ///
    /// # Errors
    /// No seat has this token.
    pub fn handle_resume(
        &mut self,
        connection: ConnectionId,
        resume: Resume,
    ) -> Result<PlayerId, JoinError> {
        let Resume { codec, sync, token, fresh_token } = resume;
        let index = self.seats.iter().position(|seat| seat.session.token.opens(&token));
        let index = index.ok_or(JoinError::BadResume)?;
        let connection = Connection { id: connection, codec, sync, in_step: false };
        let seat = &mut self.seats[index];
        let (held, waiting) = (seat.connection.take(), seat.session.unsaved.take());
        for old in held.into_iter().chain(waiting.map(|waiting| waiting.connection)) {
            let (code, reason) = (CloseCode::Replaced, "a newer connection took this seat");
            self.outputs.push_back(Output::Close { to: old.id, code, reason });
        }
        seat.session.token = Token::rotated(&token, &fresh_token);
        // The session is back in time, even if storing the seat takes long.
        seat.session.dropped_at = None;
        seat.inputs.forget();
        let player = seat.player;
        self.roster_changed = true;
        self.save(index, connection, fresh_token);
        Ok(player)
    }

    /// Handles the answer to [`Output::Save`]: the connection that waits for it takes the seat, and
    /// takes part in the current match unless the fight has begun. Also handles the answer to
    /// [`Output::SaveLock`]: the room is locked, or open again.
    pub fn handle_saved(&mut self, number: SaveNumber) {
        self.lock_saved(number);
        self.spoken_saved(number);
        let waits = |seat: &Seat| seat.unsaved().is_some_and(|waits| waits.number == number);
        let Some(seat) = self.seats.iter_mut().find(|seat| waits(seat)) else { return };
        let Some(Unsaved { connection, token, .. }) = seat.session.unsaved.take() else { return };
        let is_new = !seat.taken;
        seat.connect(connection, &self.config.mode.rules);
        seat.session.silent_since = self.now;
        let player = seat.player;
        self.welcome(connection, player, token);
        if is_new {
            self.last_join_at = self.now;
            self.send_company_away();
        }
        self.hurry_if_most_ready();
        self.end_pause_if_complete();
    }

    /// Handles a message of a joined connection. A `hello` is not for a room, and a connection that
    /// has not joined has no seat. Both are ignored here, because the legality table has answered
    /// them.
    pub fn handle_message(&mut self, connection: ConnectionId, message: ClientMessage) {
        let Some(index) = self.seats.iter().position(|seat| seat.is_held_by(connection)) else {
            return;
        };
        self.heard(index);
        if !matches!(message, ClientMessage::Pong(_) | ClientMessage::Resync) {
            self.wake(index);
        }
        match message {
            // An input sent while nothing is stepped would act on a world that its client does not
            // see yet.
            ClientMessage::Input(_) if self.pause.is_some() => {}
            ClientMessage::Input(input) if input.seq > self.seats[index].inputs.seq_max() => {
                self.refuse_seq(index, input.seq);
            }
            ClientMessage::Input(input) => {
                self.seats[index].inputs.push(input, self.play.next_tick())
            }
            ClientMessage::Chat(text) => self.chat(index, &text),
            ClientMessage::Pong(nonce) => {
                self.seats[index].pong(nonce, self.now, &self.config.mode.rules)
            }
            ClientMessage::Resync => self.handle_lagged(connection),
            ClientMessage::Rematch => self.rematch(index),
            ClientMessage::Lock(locked) => self.want_lock(index, locked),
            ClientMessage::Bots(wanted) => self.want_bots(index, wanted),
            ClientMessage::Leave => {
                let (code, reason) = (CloseCode::Normal, "you left");
                self.outputs.push_back(Output::Close { to: connection, code, reason });
                self.free_seat(index);
            }
            ClientMessage::Hello(_) => {}
        }
    }

    /// Takes the least round trip of a connection as the kernel measured it. The server passes it
    /// after each answer to a ping, so that a client gains no longer rewind by answering late.
    pub fn handle_round_trip(&mut self, connection: ConnectionId, kernel: Duration) {
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.is_held_by(connection)) {
            seat.bound_round_trip(kernel, &self.config.mode.rules);
        }
    }

    /// Handles the end of a connection. The seat is kept for the grace time.
    pub fn handle_disconnect(&mut self, connection: ConnectionId) {
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.is_held_by(connection)) {
            seat.connection = None;
            seat.session.dropped_at = Some(self.now);
            seat.inputs.forget();
            self.roster_changed = true;
            self.hurry_if_most_ready();
        } else if let Some(index) = self.seats.iter().position(|seat| seat.awaits(connection)) {
            self.give_up_waiting(index);
        }
    }

    /// Handles a connection that lost a frame of the chain, because that one had not been written
    /// when the next one came. It gets a whole snapshot next.
    pub fn handle_lagged(&mut self, connection: ConnectionId) {
        for seat in &mut self.seats {
            if let Some(held) = seat.connection.as_mut().filter(|held| held.id == connection) {
                held.in_step = false;
            }
        }
    }

    /// Handles the answer to [`Output::WantTicket`]. Of several tickets the last one counts.
    pub fn handle_ticket(&mut self, ticket: MatchTicket) {
        self.next_ticket = Some(ticket);
    }

    /// Begins another segment of a match's journal, with the whole state, because the newest one
    /// takes no more records. Returns false if that match is not being played any more.
    pub fn handle_journal_left(&mut self, id: Uuid) -> bool {
        if self.play.id != id {
            return false;
        }
        let records = self.play.begin_segment(&self.config.server);
        self.outputs.push_back(Output::Journal(records));
        true
    }

    /// Advances the room by one tick of its mode.
    pub fn handle_tick(&mut self) {
        self.step(Snapshots::Send);
    }

    /// Advances the room by one tick of its mode without a snapshot, for a server that is short of
    /// time. The next snapshot includes the changes of this tick. Pings wait for it, because a
    /// round trip counts from the tick of its ping.
    pub fn handle_tick_unshown(&mut self) {
        self.step(Snapshots::Withhold);
    }

    fn step(&mut self, snapshots: Snapshots) {
        self.now += 1;
        // The records, a snapshot for each seat, and a private message for some.
        self.outputs.reserve(1 + self.seats.len() * 3 / 2);
        self.free_lost_seats();
        self.free_idle_seats();
        self.end_long_waits();
        self.ask_again();
        if !self.is_paused() {
            self.begin_next_match();
            self.gather();
            self.step_world();
        }
        self.send_roster();
        self.send_match();
        self.show_tick(snapshots);
        self.send_private();
        if snapshots == Snapshots::Send {
            self.send_pings();
            self.shown_at = self.now;
        }
        self.end_match();
    }

    /// Returns the next action, or none when there are no more.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.outputs.is_empty() {
            // Memory that another room has just freed is in the cache. A queue kept until this
            // room's next tick would not be, and each of its frames would cost a cache line.
            self.outputs = Outputs::new();
        }
        self.outputs.pop_front()
    }
}

/// The queries.
impl Room {
    /// Returns the room as the list of rooms shows it.
    #[must_use]
    pub fn status(&self) -> RoomStatus {
        RoomStatus {
            id: self.config.id.clone(),
            code: self.config.code,
            locked: self.lock.locked,
            mode: self.config.mode.name.clone(),
            stage: self.play.stage(),
            players: self.players(),
            seats: self.config.mode.rules.capacity,
            seats_taken: count(self.seats.len()),
            match_number: self.play.number,
        }
    }

    /// Returns whether [`Room::status`] would still return this earlier status of the room.
    #[must_use]
    pub fn is_still(&self, status: &RoomStatus) -> bool {
        let RoomStatus { locked, stage, players, seats_taken, match_number, .. } = status;
        *locked == self.lock.locked
            && *stage == self.play.stage()
            && *players == self.players()
            && *seats_taken == count(self.seats.len())
            && *match_number == self.play.number
    }

    fn players(&self) -> u16 {
        count(self.play.world.players().len())
    }

    /// Returns whether no session holds a seat, so that the room could be dropped unnoticed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Returns the number of the current match, counted from 1, and its id.
    #[must_use]
    pub const fn current_match(&self) -> (u32, Uuid) {
        (self.play.number, self.play.id)
    }

    /// Returns the last tick of the current match.
    #[must_use]
    pub const fn match_tick(&self) -> Tick {
        self.play.world.tick()
    }

    /// Returns whether the journal of the current match is worth keeping; see
    /// [`worth_keeping`](crate::JournalRecords::worth_keeping).
    #[must_use]
    pub const fn is_worth_keeping(&self) -> bool {
        self.play.is_worth_keeping()
    }

    /// Returns the world of the current match.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.play.world
    }
}

pub(crate) fn count(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
