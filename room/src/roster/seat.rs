//! A place in a room and the session that holds it. A session outlives its connections: for a grace
//! time its body stays in the world, and its token resumes the seat.

use core::time::Duration;

use bolide_net::PlayerName;
use bolide_sim::PlayerId;

use super::chat_budget::ChatBudget;
use super::inputs::{Held, InputBuffer, PlayerInput};
use super::rtt::RoundTrip;
use super::token::Token;
use crate::connection::Connection;
use crate::ids::{ConnectionId, RoomTick, SaveNumber};
use crate::matches::skill::Level;
use crate::output::Output;
use crate::records::SeatRecord;
use crate::streams::viewer::{SentPrivate, Viewer};
use crate::terms::Terms;

/// The fields that each tick reads; the others are in [`Session`]. None of them is in the cache at
/// a tick, because hundreds of rooms have run since the last one. So the cost of a tick depends on
/// the cache lines that the seats occupy, two for each.
pub(crate) struct Seat {
    pub(super) player: PlayerId,
    pub(super) connection: Option<Connection>,
    /// True once the seat has been stored. Until then its session is not in the room.
    pub(super) taken: bool,
    /// True if its connection has sent anything yet.
    pub(super) has_spoken: bool,
    pub(super) inputs: InputBuffer,
    /// The most ticks that its shots may reach back, by the round trips of its connection.
    pub(super) rewind_ticks_max: u8,
    pub(super) wants_rematch: bool,
    /// True if its client has sent anything since the match began to gather, besides what a program
    /// sends automatically.
    pub(super) said_something: bool,
    /// The private state that the seat was last sent, so that only changes are sent.
    pub(super) sent_private: Option<SentPrivate>,
    pub(super) session: Box<Session>,
}

/// The fields that a tick reads only in a mode with a vision radius, while there is no connection,
/// once a second, or on an event.
pub(super) struct Session {
    /// The tick since which there is no connection.
    pub(super) dropped_at: Option<RoomTick>,
    /// The tick since which it only watches, because its session was idle.
    pub(super) idle_since: Option<RoomTick>,
    /// The tick since which its client has sent nothing while the match gathers.
    pub(super) silent_since: RoomTick,
    /// The connection that takes the seat once it is stored. Until then no connection has it.
    pub(super) unsaved: Option<Unsaved>,
    /// The request to store the seat after its client has sent something, until it is answered: the
    /// token before must not open the seat in the next process.
    pub(super) spoken: Option<SaveNumber>,
    pub(super) name: PlayerName,
    /// True if it created the room.
    pub(super) creator: bool,
    /// The level of the bots that it has earned.
    pub(super) level: Level,
    pub(super) token: Token,
    pub(super) chat: ChatBudget,
    pub(super) rtt: RoundTrip,
    pub(super) viewer: Viewer,
}

/// A connection that waits until its token is stored.
pub(super) struct Unsaved {
    pub(super) number: SaveNumber,
    pub(super) connection: Connection,
    pub(super) token: String,
    /// The tick in which its wait ends.
    pub(super) until: RoomTick,
}

/// The queries.
impl Seat {
    /// Returns the player of the seat.
    pub(crate) const fn player(&self) -> PlayerId {
        self.player
    }

    /// Returns the connection that holds the seat.
    pub(crate) const fn connection(&self) -> Option<Connection> {
        self.connection
    }

    /// Returns the connection that holds the seat, without a copy.
    pub(crate) const fn connection_ref(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// Returns the name of its session.
    pub(crate) fn name(&self) -> &str {
        self.session.name.as_str()
    }

    /// Returns whether the seat has been stored.
    pub(crate) const fn is_taken(&self) -> bool {
        self.taken
    }

    /// Returns whether its session is connected and not idle.
    pub(crate) fn is_present(&self) -> bool {
        self.connection.is_some() && !self.is_idle()
    }

    /// Returns whether its session only watches.
    pub(crate) fn is_idle(&self) -> bool {
        self.session.idle_since.is_some()
    }

    /// Returns whether its session has voted for the next match.
    pub(crate) const fn wants_rematch(&self) -> bool {
        self.wants_rematch
    }

    /// Returns the level of the bots that its session has earned.
    pub(crate) fn level(&self) -> Level {
        self.session.level
    }

    /// Returns the number of the newest input that has arrived.
    pub(crate) const fn newest_seq(&self) -> u32 {
        self.inputs.newest_seq()
    }

    /// Returns the number of the newest input that a tick has taken, if there is one.
    pub(crate) fn newest_taken_seq(&self) -> Option<u32> {
        Some(self.inputs.taken_seq()).filter(|seq| *seq > 0)
    }

    /// Returns the number of the input that was taken last.
    pub(crate) const fn last_taken_seq(&self) -> u32 {
        self.inputs.last_taken_seq()
    }

    /// Returns the most ticks that its shots may reach back.
    pub(crate) const fn rewind_ticks_max(&self) -> u8 {
        self.rewind_ticks_max
    }

    /// Returns the view of the seat.
    pub(crate) fn viewer(&self) -> &Viewer {
        &self.session.viewer
    }

    /// Returns whether that connection holds the seat.
    pub(super) fn is_held_by(&self, connection: ConnectionId) -> bool {
        self.connection.is_some_and(|held| held.id == connection)
    }

    /// Returns the tick since which it has had no connection.
    pub(super) fn dropped_at(&self) -> Option<RoomTick> {
        if self.connection.is_some() { None } else { self.session.dropped_at }
    }

    /// Returns the connection that takes the seat once it is stored.
    pub(super) fn unsaved(&self) -> Option<&Unsaved> {
        if self.connection.is_some() { None } else { self.session.unsaved.as_ref() }
    }

    /// Returns whether that connection waits for the seat.
    pub(super) fn awaits(&self, connection: ConnectionId) -> bool {
        self.unsaved().is_some_and(|waits| waits.connection.id == connection)
    }

    /// Returns the request to store the seat after its client has sent something, if it is not
    /// answered yet.
    pub(super) fn spoken_request(&self) -> Option<Output> {
        let number = self.session.spoken?;
        Some(Output::Save { number, seat: Box::new(self.record()) })
    }

    /// Returns the part of the seat that outlives the process.
    pub(super) fn record(&self) -> SeatRecord {
        let Session { name, creator, token, .. } = &*self.session;
        SeatRecord {
            player: self.player,
            name: name.clone(),
            token: token.newest,
            previous_token: token.previous,
            creator: *creator,
        }
    }
}

/// The changes.
impl Seat {
    pub(super) fn new(player: PlayerId, name: PlayerName, token: Token, creator: bool) -> Seat {
        let session = Session {
            dropped_at: None,
            idle_since: None,
            silent_since: RoomTick::default(),
            unsaved: None,
            spoken: None,
            name,
            creator,
            level: Level::default(),
            token,
            chat: ChatBudget::default(),
            rtt: RoundTrip::default(),
            viewer: Viewer::default(),
        };
        Seat {
            player,
            connection: None,
            taken: false,
            has_spoken: false,
            inputs: InputBuffer::default(),
            rewind_ticks_max: 0,
            wants_rematch: false,
            said_something: false,
            sent_private: None,
            session: Box::new(session),
        }
    }

    /// Creates a seat from its record. It waits for its session.
    pub(super) fn restored(record: SeatRecord) -> Seat {
        let SeatRecord { player, name, token, previous_token, creator } = record;
        let token = Token { newest: token, previous: previous_token };
        let mut seat = Seat::new(player, name, token, creator);
        seat.taken = true;
        // The set of seats that had sent something was lost with the process.
        seat.said_something = true;
        seat
    }

    /// Gives the seat to a new connection. None of the old inputs is played any more.
    pub(super) fn connect(&mut self, connection: Connection, terms: &Terms) {
        self.connection = Some(connection);
        self.session.dropped_at = None;
        self.taken = true;
        self.has_spoken = false;
        self.inputs.forget();
        self.session.rtt.reconnect();
        self.rewind_ticks_max = self.session.rtt.rewind_ticks_max(terms);
        self.sent_private = None;
    }

    /// Takes the seat from its connection, which has ended.
    pub(super) fn disconnect(&mut self, now: RoomTick) {
        self.connection = None;
        self.session.dropped_at = Some(now);
        self.inputs.forget();
    }

    /// Notes that its connection sent something. After the first time only the newest token opens
    /// the seat. Returns whether another one did until now.
    pub(super) fn heard(&mut self) -> bool {
        !std::mem::replace(&mut self.has_spoken, true) && self.session.token.holder_has_spoken()
    }

    /// Takes an answer to a ping.
    pub(super) fn pong(&mut self, nonce: u32, now: RoomTick, terms: &Terms) {
        self.session.rtt.pong(nonce, now);
        self.rewind_ticks_max = self.session.rtt.rewind_ticks_max(terms);
    }

    /// Takes the round trip of its connection as the kernel measured it.
    pub(super) fn bound_round_trip(&mut self, kernel: Duration, terms: &Terms) {
        self.session.rtt.bound(kernel, terms.rate);
        self.rewind_ticks_max = self.session.rtt.rewind_ticks_max(terms);
    }

    /// Takes the input for this tick.
    pub(super) fn take_input(&mut self, tick: u32) -> Option<PlayerInput> {
        let Held { input, view, .. } = self.inputs.take(tick)?;
        // The step of this tick begins with the world of the tick before.
        let ago = view.map_or(0, |view| (tick - 1).saturating_sub(view));
        let rewind_ticks = u8::try_from(ago).unwrap_or(u8::MAX).min(self.rewind_ticks_max);
        Some(PlayerInput { player: self.player, input, rewind_ticks })
    }

    /// Forgets all that belongs to the match before.
    pub(super) fn begin_match(&mut self, now: RoomTick) {
        self.wants_rematch = false;
        self.said_something = false;
        self.session.silent_since = now;
        self.sent_private = None;
        self.inputs.forget();
        self.session.viewer = Viewer::default();
        if let Some(connection) = &mut self.connection {
            connection.in_step = false;
        }
    }

    /// Sets the level of the bots that its session has earned.
    pub(crate) fn set_level(&mut self, level: Level) {
        self.session.level = level;
    }

    /// Returns its connection, to be sent a frame of a stream.
    pub(crate) const fn receiver(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut()
    }

    /// Returns its connection and its view, if it has a connection.
    pub(crate) fn watcher(&mut self) -> Option<(&mut Connection, &mut Viewer)> {
        Some((self.connection.as_mut()?, &mut self.session.viewer))
    }

    /// Returns its view, to be changed.
    pub(crate) fn viewer_mut(&mut self) -> &mut Viewer {
        &mut self.session.viewer
    }

    /// Returns whether this is the private state that it was sent last.
    pub(crate) fn has_private(&self, state: SentPrivate) -> bool {
        self.sent_private == Some(state)
    }

    /// Notes the private state that it is sent.
    pub(crate) const fn note_private(&mut self, state: SentPrivate) {
        self.sent_private = Some(state);
    }
}
