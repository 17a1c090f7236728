//! The roster of a room: its seats and the sessions that hold them. It decides who may come in,
//! when a seat is free again, and which inputs a tick takes. It does not know the match; what it
//! must know of that is handed in.

mod chat_budget;
mod idle;
pub(crate) mod inputs;
mod limits;
mod lock;
mod messages;
pub(crate) mod names;
mod rtt;
pub(crate) mod seat;
pub(crate) mod token;

use core::time::Duration;

use bolide_net::{CloseCode, ServerMessage};
use bolide_sim::PlayerId;

use self::inputs::PlayerInput;
use self::limits::Limits;
use self::lock::Lock;
use self::seat::{Seat, Unsaved};
use self::token::Token;
use crate::config::RoomPolicy;
use crate::connection::Connection;
use crate::ids::{ConnectionId, RoomTick, SaveNumber};
use crate::output::{Output, Outputs};
use crate::records::SeatRecord;
use crate::requests::{Join, JoinError, Resume};
use crate::status::Stage;
use crate::streams::fanout::{broadcast, close, tell};
use crate::terms::Terms;

/// The seats of a room, sorted by player, and its lock.
pub(crate) struct Roster {
    terms: Terms,
    limits: Limits,
    seats: Vec<Seat>,
    lock: Lock,
    /// The number of the last request to store something.
    saves: u64,
    /// The tick of the last pings.
    pinged_at: RoomTick,
    /// True if the roster has changed since it was announced.
    changed: bool,
}

/// A session that is not present any more.
#[derive(Clone, Copy)]
pub(crate) enum Departure {
    /// Its seat is kept for the grace time.
    Dropped,
    /// The seat of this player is free.
    Freed(PlayerId),
}

/// A connection that has just taken a seat.
pub(crate) struct Arrival {
    /// The seat, as an index into [`Roster::seats`].
    pub(crate) index: usize,
    pub(crate) connection: Connection,
    pub(crate) token: String,
    /// True if its session is new in the room.
    pub(crate) is_new: bool,
}

/// Joining and resuming.
impl Roster {
    /// Creates the roster of a new room.
    pub(crate) fn new(terms: Terms, policy: &RoomPolicy, is_private: bool) -> Roster {
        Roster {
            terms,
            limits: Limits::new(policy, &terms, is_private),
            seats: Vec::new(),
            lock: Lock::default(),
            saves: 0,
            pinged_at: RoomTick::default(),
            changed: false,
        }
    }

    /// Takes over the seats that were stored. All of them wait for their sessions.
    pub(crate) fn restore(&mut self, mut seats: Vec<SeatRecord>, locked: bool) {
        seats.sort_by_key(|seat| seat.player);
        self.seats = seats.into_iter().map(Seat::restored).collect();
        self.lock = Lock::recovered(locked && self.creator().is_some());
    }

    /// Checks whether a newcomer may have a seat.
    ///
    /// # Errors
    /// No seat is free, or the room is locked.
    pub(crate) fn admit(&self) -> Result<(), JoinError> {
        if self.seats.len() >= usize::from(self.terms.seats) {
            return Err(JoinError::Full(self.terms.seats));
        }
        if self.lock.is_locked() {
            return Err(JoinError::Locked);
        }
        Ok(())
    }

    /// Reserves a seat for a new player with a free number and a free name.
    pub(crate) fn join(
        &mut self,
        player: PlayerId,
        connection: ConnectionId,
        join: Join,
        now: RoomTick,
        outputs: &mut Outputs,
    ) {
        let Join { name, codec, sync, token, creator } = join;
        let connection = Connection::new(connection, codec, sync);
        let index = self.seats.partition_point(|seat| seat.player < player);
        self.seats.insert(index, Seat::new(player, name, Token::new(&token), creator));
        self.save(index, connection, token, now, outputs);
    }

    /// Reserves the seat of its session for a new connection. The newest connection wins.
    ///
    /// # Errors
    /// No seat has this token.
    pub(crate) fn resume(
        &mut self,
        connection: ConnectionId,
        resume: Resume,
        now: RoomTick,
        outputs: &mut Outputs,
    ) -> Result<PlayerId, JoinError> {
        let Resume { codec, sync, token, fresh_token } = resume;
        let index = self.seats.iter().position(|seat| seat.session.token.opens(&token));
        let index = index.ok_or(JoinError::BadResume)?;
        let connection = Connection::new(connection, codec, sync);
        let seat = &mut self.seats[index];
        let (held, waiting) = (seat.connection.take(), seat.session.unsaved.take());
        for old in held.into_iter().chain(waiting.map(|waiting| waiting.connection)) {
            close(outputs, old.id, CloseCode::Replaced, "a newer connection took this seat");
        }
        seat.session.token = Token::rotated(&token, &fresh_token);
        // The session is back in time, even if storing the seat takes long.
        seat.session.dropped_at = None;
        seat.inputs.forget();
        let player = seat.player;
        self.changed = true;
        self.save(index, connection, fresh_token, now, outputs);
        Ok(player)
    }

    /// Gives a seat that is stored now to the connection that waits for that.
    pub(crate) fn take_seat(&mut self, saved: SaveNumber, now: RoomTick) -> Option<Arrival> {
        let waits = |seat: &Seat| seat.unsaved().is_some_and(|waits| waits.number == saved);
        let index = self.seats.iter().position(waits)?;
        let seat = &mut self.seats[index];
        let Unsaved { connection, token, .. } = seat.session.unsaved.take()?;
        let is_new = !seat.taken;
        seat.connect(connection, &self.terms);
        seat.session.silent_since = now;
        self.changed = true;
        Some(Arrival { index, connection, token, is_new })
    }

    fn creator(&self) -> Option<PlayerId> {
        self.seats.iter().find(|seat| seat.session.creator).map(|seat| seat.player)
    }
}

/// Requests to store something.
impl Roster {
    fn next_save(&mut self) -> SaveNumber {
        self.saves += 1;
        SaveNumber(self.saves)
    }

    /// Requests that a seat be stored. Its connection waits for that, but not for ever.
    fn save(
        &mut self,
        index: usize,
        connection: Connection,
        token: String,
        now: RoomTick,
        outputs: &mut Outputs,
    ) {
        let (number, until) = (self.next_save(), now.after(self.limits.save));
        let seat = &mut self.seats[index];
        seat.session.unsaved = Some(Unsaved { number, connection, token, until });
        // This request includes all that an earlier one does.
        seat.session.spoken = None;
        outputs.push_back(Output::Save { number, seat: Box::new(seat.record()) });
    }

    /// Takes the answer to a request that no connection waits for.
    pub(crate) fn saved(&mut self, saved: SaveNumber, outputs: &mut Outputs) {
        if self.lock.saved(saved) {
            self.announce_lock(outputs);
        }
        for seat in &mut self.seats {
            seat.session.spoken.take_if(|number| *number == saved);
        }
    }

    /// Repeats the requests that no connection waits for, as far as they are not answered.
    pub(crate) fn ask_again(&self, outputs: &mut Outputs) {
        outputs.extend(self.lock.request());
        outputs.extend(self.seats.iter().filter_map(Seat::spoken_request));
    }
}

/// Departures.
impl Roster {
    /// Handles the end of a connection. The seat is kept for the grace time. `None` if it had none.
    pub(crate) fn disconnect(
        &mut self,
        connection: ConnectionId,
        now: RoomTick,
        outputs: &mut Outputs,
    ) -> Option<Departure> {
        if let Some(index) = self.held_by(connection) {
            self.seats[index].disconnect(now);
            self.changed = true;
            return Some(Departure::Dropped);
        }
        let index = self.seats.iter().position(|seat| seat.awaits(connection))?;
        Some(self.give_up_waiting(index, now, outputs))
    }

    /// Ends the wait for a seat. The seat is kept for the grace time, unless it was never taken.
    fn give_up_waiting(&mut self, index: usize, now: RoomTick, outputs: &mut Outputs) -> Departure {
        let seat = &mut self.seats[index];
        seat.session.unsaved = None;
        if !seat.taken {
            return self.free(index, outputs);
        }
        seat.session.dropped_at = Some(now);
        Departure::Dropped
    }

    /// Frees a seat, and ends the lock with the seat that created the room, because no other seat
    /// could open it. A recovery without that seat has the same result.
    pub(crate) fn free(&mut self, index: usize, outputs: &mut Outputs) -> Departure {
        let seat = self.seats.remove(index);
        outputs.push_back(Output::Forget { player: seat.player });
        if seat.session.creator {
            self.lock = Lock::default();
            self.announce_lock(outputs);
        }
        self.changed = true;
        Departure::Freed(seat.player)
    }

    /// Frees a seat whose grace time is over or, once a second, whose session was idle for too
    /// long; or ends a wait for a seat that could not be stored in time. `None` if there is
    /// nothing left to do in this tick.
    pub(crate) fn expire(
        &mut self,
        stage: Stage,
        now: RoomTick,
        outputs: &mut Outputs,
    ) -> Option<Departure> {
        let grace = self.limits.grace;
        let lost = |seat: &Seat| seat.dropped_at().is_some_and(|at| at.after(grace) <= now);
        // Usually nobody is away, and one look at the seats is enough.
        let is_anybody_away = self.seats.iter().any(|seat| seat.connection.is_none());
        if is_anybody_away && let Some(index) = self.seats.iter().position(lost) {
            return Some(self.free(index, outputs));
        }
        if now.0.is_multiple_of(self.limits.second)
            && let Some(index) = idle::sleeper(&self.seats, &self.limits, stage, now)
        {
            if let Some(connection) = self.seats[index].connection {
                close(outputs, connection.id, CloseCode::Idle, "you did nothing for too long");
            }
            return Some(self.free(index, outputs));
        }
        if !is_anybody_away {
            return None;
        }
        let late = |seat: &Seat| seat.unsaved().is_some_and(|waits| waits.until <= now);
        let index = self.seats.iter().position(late)?;
        if let Some(waits) = self.seats[index].unsaved() {
            let (id, reason) = (waits.connection.id, "the seat could not be kept in time");
            close(outputs, id, CloseCode::TryLater, reason);
        }
        Some(self.give_up_waiting(index, now, outputs))
    }

    /// Returns the seat of a connection that was not welcomed, unless the seat was resumed with an
    /// earlier token. No client knows the token of that seat.
    pub(crate) fn untold(&self, connection: ConnectionId) -> Option<usize> {
        self.seats.iter().position(|seat| {
            let is_its = seat.is_held_by(connection) || seat.awaits(connection);
            is_its && seat.session.token.previous.is_none()
        })
    }
}

/// Connections that hold seats.
impl Roster {
    /// Returns the connections that hold seats.
    pub(crate) fn connections(&self) -> impl Iterator<Item = Connection> {
        self.seats.iter().filter_map(|seat| seat.connection)
    }

    /// Returns the seat that a connection holds, as an index into [`Roster::seats`].
    pub(crate) fn held_by(&self, connection: ConnectionId) -> Option<usize> {
        self.seats.iter().position(|seat| seat.is_held_by(connection))
    }

    /// Takes the least round trip of a connection as the kernel measured it.
    pub(crate) fn bound_round_trip(&mut self, connection: ConnectionId, kernel: Duration) {
        if let Some(index) = self.held_by(connection) {
            self.seats[index].bound_round_trip(kernel, &self.terms);
        }
    }

    /// Notes that a connection lost a frame of its stream. It gets a whole snapshot next.
    pub(crate) fn note_lag(&mut self, connection: ConnectionId) {
        for seat in &mut self.seats {
            if let Some(held) = seat.connection.as_mut().filter(|held| held.id == connection) {
                held.in_step = false;
            }
        }
    }
}

/// The match.
impl Roster {
    /// Forgets all that belongs to the match before.
    pub(crate) fn begin_match(&mut self, now: RoomTick) {
        self.changed = true;
        for seat in &mut self.seats {
            seat.begin_match(now);
        }
    }

    /// Takes the inputs for this tick, at most one of each player.
    pub(crate) fn take_inputs(&mut self, tick: u32) -> impl Iterator<Item = PlayerInput> {
        self.seats.iter_mut().filter_map(move |seat| seat.take_input(tick))
    }

    /// Marks seats as idle after a match: those that took part, are connected and sent nothing.
    pub(crate) fn note_idle(&mut self, took_part: impl Fn(PlayerId) -> bool, now: RoomTick) {
        for seat in &mut self.seats {
            self.changed |= seat.note_idle(took_part(seat.player), now);
        }
    }

    /// Lets the grace time of all sessions begin that have not come back after a recovery.
    pub(crate) fn drop_missing(&mut self, now: RoomTick) {
        for seat in &mut self.seats {
            if seat.connection.is_none() && seat.unsaved().is_none() {
                seat.session.dropped_at = Some(now);
            }
        }
        self.changed = true;
    }

    /// Pings each connection once a second, in its own tick of that second or the next one with a
    /// snapshot, so that the answers are spread out.
    pub(crate) fn ping(&mut self, now: RoomTick, outputs: &mut Outputs) {
        let elapsed = now.since(self.pinged_at);
        for seat in &mut self.seats {
            let Some(connection) = seat.connection else { continue };
            let since_its_tick = (now.0 + u64::from(seat.player.0)) % self.limits.second;
            if since_its_tick < elapsed {
                let nonce = seat.session.rtt.ping(now);
                tell(outputs, connection, &ServerMessage::Ping { nonce });
            }
        }
        self.pinged_at = now;
    }
}

/// The queries.
impl Roster {
    /// Returns the seats, sorted by player.
    pub(crate) fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// Returns the seats, to be changed.
    pub(crate) fn seats_mut(&mut self) -> &mut [Seat] {
        &mut self.seats
    }

    /// Returns the names of all sessions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.seats.iter().map(Seat::name)
    }

    /// Returns whether a player has a seat.
    pub(crate) fn has(&self, player: PlayerId) -> bool {
        self.seats.iter().any(|seat| seat.player == player)
    }

    /// Returns the players whose sessions are not back after a recovery.
    pub(crate) fn missing(&self) -> Vec<u16> {
        let missing = self.seats.iter().filter(|seat| seat.taken && seat.connection.is_none());
        missing.map(|seat| seat.player.0).collect()
    }

    /// Returns whether new players are kept out.
    pub(crate) const fn is_locked(&self) -> bool {
        self.lock.is_locked()
    }

    /// Returns the number of ticks from the loss of a connection until its seat is freed.
    pub(crate) const fn grace_ticks(&self) -> u64 {
        self.limits.grace
    }

    /// Returns whether the roster has changed since the last call.
    pub(crate) const fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.changed, false)
    }

    /// Returns the message about the lock for a connection that has just taken a seat, if there is
    /// somebody who may lock the room.
    pub(crate) fn lock_message(&self) -> Option<ServerMessage> {
        self.creator().map(|creator| self.lock.message(Some(creator)))
    }

    fn announce_lock(&self, outputs: &mut Outputs) {
        broadcast(outputs, self.connections(), &self.lock.message(self.creator()));
    }
}
