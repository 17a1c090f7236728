//! The room: its handlers, the list of what a tick does, and its queries. Seats are in `roster.rs`,
//! matches in `matches.rs`, and what clients are sent in `streams.rs`. The rules of the game are in
//! `bolide-sim`, bytes in `bolide-net`, sockets and time in the server.

use core::time::Duration;

use bolide_net::{ClientMessage, CloseCode, ServerMessage};
#[cfg(any(test, feature = "testing"))]
use bolide_sim::World;
use bolide_sim::{PlayerId, RulesError, Tick};
use uuid::Uuid;

use crate::config::RoomConfig;
use crate::ids::{ConnectionId, RoomTick, SaveNumber};
use crate::matches::Matches;
use crate::matches::current_match::CurrentMatch;
use crate::output::{Output, Outputs};
use crate::records::{MatchTicket, Recovery, SeatRecord};
use crate::requests::{Join, JoinError, Resume};
use crate::roster::{Arrival, Roster};
use crate::status::RoomStatus;
use crate::streams::Streams;
use crate::streams::announcements::{match_message, welcome};
use crate::streams::fanout::{close, tell};
use crate::streams::snapshots::Snapshots;
use crate::terms::Terms;

/// Seconds after which requests without an answer are repeated.
const ASK_AGAIN_S: f32 = 5.0;

/// One authoritative room. See the crate's contract.
pub struct Room {
    config: RoomConfig,
    /// Ticks after which requests without an answer are repeated.
    ask_again_ticks: u64,
    now: RoomTick,
    roster: Roster,
    matches: Matches,
    streams: Streams,
    outputs: Outputs,
}

/// Opening.
impl Room {
    /// Creates an empty room whose first match has this ticket. It requests the next ticket at
    /// once.
    ///
    /// # Errors
    /// A rule of the mode is outside its range.
    pub fn new(config: RoomConfig, ticket: MatchTicket) -> Result<Room, RulesError> {
        let current = CurrentMatch::first(ticket, &config)?;
        Ok(Room::with_match(config, current))
    }

    /// Recovers a room, with all its seats waiting for their sessions. The first tick steps
    /// nothing; see [`RoomPolicy::recovery_s`].
    ///
    /// [`RoomPolicy::recovery_s`]: crate::RoomPolicy::recovery_s
    #[must_use]
    pub fn recover(config: RoomConfig, recovery: Recovery) -> Room {
        let Recovery { id, number, world, mut seats, locked } = recovery;
        let current = CurrentMatch::recovered(id, number, world);
        // A bot has the number of a seat that had been freed when the process died, before that was
        // stored.
        let is_free = |seat: &mut SeatRecord| current.is_bot(seat.player);
        let ended: Vec<_> = seats.extract_if(.., is_free).collect();
        let until = Terms::of(&config.mode.rules).ticks(config.policy.recovery_s);
        let mut room = Room::with_match(config, current);
        let forget = |seat: SeatRecord| Output::Forget { player: seat.player };
        room.outputs.extend(ended.into_iter().map(forget));
        room.roster.restore(seats, locked);
        room.matches.recover(&room.roster, RoomTick::default().after(until));
        room
    }

    fn with_match(config: RoomConfig, current: CurrentMatch) -> Room {
        let terms = Terms::of(&config.mode.rules);
        let matches = Matches::new(current, &config, &terms);
        Room {
            ask_again_ticks: terms.ticks(ASK_AGAIN_S),
            now: RoomTick::default(),
            roster: Roster::new(terms, &config.policy, config.code.is_some()),
            streams: Streams::new(&terms, &config.policy),
            outputs: Outputs::from([matches.want_ticket()]),
            matches,
            config,
        }
    }
}

/// The handlers.
impl Room {
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
        self.roster.admit()?;
        let name = self.matches.free_name(join.name, &self.roster);
        let player = self.matches.free_player(&self.roster);
        let join = Join { name, ..join };
        self.roster.join(player, connection, join, self.now, &mut self.outputs);
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
        self.roster.resume(connection, resume, self.now, &mut self.outputs)
    }

    /// Handles the answer to [`Output::Save`]: the connection that waits for it takes the seat, and
    /// takes part in the current match unless the fight has begun. Also handles the answer to
    /// [`Output::SaveLock`]: the room is locked, or open again.
    pub fn handle_saved(&mut self, number: SaveNumber) {
        let Room { roster, outputs, now, .. } = self;
        roster.saved(number, outputs);
        let Some(arrival) = roster.take_seat(number, *now) else { return };
        let is_new = arrival.is_new;
        self.welcome(arrival);
        let Room { roster, matches, outputs, now, .. } = self;
        matches.note_arrival(is_new, roster, *now, outputs);
    }

    fn welcome(&mut self, arrival: Arrival) {
        let Room { config, roster, matches, outputs, now, .. } = self;
        let Arrival { index, connection, token, .. } = arrival;
        let (seat, current) = (&roster.seats()[index], matches.current());
        let mut tell = |message: ServerMessage| tell(outputs, connection, &message);
        tell(welcome(config, current, seat, token, roster.grace_ticks()));
        tell(match_message(current));
        matches.welcome(roster, *now).for_each(&mut tell);
        roster.lock_message().into_iter().for_each(&mut tell);
        seat.viewer().eyes_message().into_iter().for_each(&mut tell);
    }

    /// Handles a message of a joined connection. A `hello` is not for a room, and a connection that
    /// has not joined has no seat. Both are ignored here, because the legality table has answered
    /// them.
    pub fn handle_message(&mut self, connection: ConnectionId, message: ClientMessage) {
        let Room { roster, matches, outputs, now, .. } = self;
        let (Some(index), now) = (roster.held_by(connection), *now) else { return };
        roster.heard(index, outputs);
        if !matches!(message, ClientMessage::Pong(_) | ClientMessage::Resync) {
            roster.wake(index, now);
        }
        match message {
            // An input sent while nothing is stepped would act on a world that its client does not
            // see yet.
            ClientMessage::Input(_) if matches.is_paused() => {}
            ClientMessage::Input(input) => {
                roster.input(index, input, matches.current().next_tick(), outputs);
            }
            ClientMessage::Chat(text) => roster.chat(index, &text, now, outputs),
            ClientMessage::Pong(nonce) => roster.pong(index, nonce, now),
            ClientMessage::Resync => roster.note_lag(connection),
            ClientMessage::Rematch => matches.vote(index, roster, now),
            ClientMessage::Lock(locked) => roster.want_lock(index, locked, outputs),
            ClientMessage::Bots(wanted) => matches.want_bots(wanted, index, roster, outputs),
            ClientMessage::Leave => {
                close(outputs, connection, CloseCode::Normal, "you left");
                matches.note_departure(roster.free(index, outputs), roster, now);
            }
            ClientMessage::Hello(_) => {}
        }
    }

    /// Takes the least round trip of a connection as the kernel measured it. The server passes it
    /// after each answer to a ping, so that a client gains no longer rewind by answering late.
    pub fn handle_round_trip(&mut self, connection: ConnectionId, kernel: Duration) {
        self.roster.bound_round_trip(connection, kernel);
    }

    /// Handles the end of a connection. The seat is kept for the grace time.
    pub fn handle_disconnect(&mut self, connection: ConnectionId) {
        let Room { roster, matches, outputs, now, .. } = self;
        if let Some(departure) = roster.disconnect(connection, *now, outputs) {
            matches.note_departure(departure, roster, *now);
        }
    }

    /// Handles the end of a connection whose welcome was never sent. If it had joined, no client
    /// knows the token of its seat, which is freed at once. If it had resumed, its session knows
    /// the token before, and the seat is kept for the grace time.
    pub fn handle_unwelcomed(&mut self, connection: ConnectionId) {
        let Room { roster, matches, outputs, now, .. } = self;
        match roster.untold(connection) {
            Some(index) => matches.note_departure(roster.free(index, outputs), roster, *now),
            None => self.handle_disconnect(connection),
        }
    }

    /// Handles a connection that lost a frame of the chain, because that one had not been written
    /// when the next one came. It gets a whole snapshot next.
    pub fn handle_lagged(&mut self, connection: ConnectionId) {
        self.roster.note_lag(connection);
    }

    /// Handles the answer to [`Output::WantTicket`]. Of several tickets the last one counts.
    pub fn handle_ticket(&mut self, ticket: MatchTicket) {
        self.matches.take_ticket(ticket);
    }

    /// Begins another segment of a match's journal, with the whole state, because the newest one
    /// takes no more records. Returns false if that match is not being played any more.
    pub fn handle_journal_left(&mut self, id: Uuid) -> bool {
        let records = self.matches.begin_segment(id, &self.config);
        let is_played = records.is_some();
        self.outputs.extend(records.map(Output::Journal));
        is_played
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
        self.now = self.now.next();
        let Room { config, ask_again_ticks, now, roster, matches, streams, outputs } = self;
        let now = *now;
        // The records, a snapshot for each seat, and a private message for some.
        outputs.reserve(1 + roster.seats().len() * 3 / 2);
        while let Some(departure) = roster.expire(matches.current().stage(), now, outputs) {
            matches.note_departure(departure, roster, now);
        }
        if now.0.is_multiple_of(*ask_again_ticks) {
            matches.ask_again(outputs);
            roster.ask_again(outputs);
        }
        if !matches.waits_for_players(roster, now, outputs) {
            if matches.begin_next(now, config, outputs) {
                roster.begin_match(now);
                streams.begin_match();
            }
            matches.gather(roster, now);
            matches.step(roster, now, outputs);
        }
        streams.announce(roster, matches, outputs);
        streams.show(snapshots, roster, matches.current(), now, outputs);
        if snapshots == Snapshots::Send {
            roster.ping(now, outputs);
        }
        matches.end(roster, now, outputs);
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
    /// Returns what the room was opened with.
    #[must_use]
    pub const fn config(&self) -> &RoomConfig {
        &self.config
    }

    /// Returns the status of the room.
    #[must_use]
    pub fn status(&self) -> RoomStatus {
        let current = self.matches.current();
        RoomStatus {
            locked: self.roster.is_locked(),
            stage: current.stage(),
            players: count(current.members().len()),
            seats_taken: count(self.roster.seats().len()),
            match_number: current.number(),
        }
    }

    /// Returns whether no session holds a seat, so that the room could be dropped unnoticed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roster.seats().is_empty()
    }

    /// Returns the seat of a connection that has joined and was not welcomed, if it has one. No
    /// client knows the token of that seat.
    #[must_use]
    pub fn untold_seat(&self, connection: ConnectionId) -> Option<PlayerId> {
        self.roster.untold(connection).map(|index| self.roster.seats()[index].player())
    }

    /// Returns the number of the current match, counted from 1, and its id.
    #[must_use]
    pub const fn current_match(&self) -> (u32, Uuid) {
        let current = self.matches.current();
        (current.number(), current.id())
    }

    /// Returns the last tick of the current match.
    #[must_use]
    pub const fn match_tick(&self) -> Tick {
        self.matches.current().tick()
    }

    /// Returns whether the journal of the current match is worth keeping; see
    /// [`worth_keeping`](crate::JournalRecords::worth_keeping).
    #[must_use]
    pub const fn is_worth_keeping(&self) -> bool {
        self.matches.current().is_worth_keeping()
    }

    /// Returns the world of the current match, for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub const fn world(&self) -> &World {
        self.matches.current().world()
    }
}

fn count(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
