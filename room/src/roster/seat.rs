//! A place in a room and the session that holds it. A session outlives its connections: for a grace
//! time its body stays in the world, and its token resumes the seat.

use core::time::Duration;

use bolide_net::{Codec, Observer, PlayerName, SyncMode};
use bolide_sim::{PlayerId, Rules};

use crate::matches::skill::Level;
use crate::output::{SaveNumber, SeatRecord};
use crate::roster::chat_budget::ChatBudget;
use crate::roster::inputs::InputBuffer;
use crate::roster::rtt::RoundTrip;
use crate::roster::token::Token;
use crate::streams::snapshot_stream::SnapshotStream;
use crate::streams::spectating::Spectator;

/// A connection's number, given by the server and never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// A connection and its formats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) codec: Codec,
    pub(crate) sync: SyncMode,
    /// True if it was sent the room's last snapshot, so that a delta is enough.
    pub(crate) in_step: bool,
}

/// The fields that each tick reads; the others are in [`Session`]. None of them is in the cache at
/// a tick, because hundreds of rooms have run since the last one. So the cost of a tick depends on
/// the cache lines that the seats occupy, two for each.
pub(crate) struct Seat {
    pub(crate) player: PlayerId,
    pub(crate) connection: Option<Connection>,
    /// True once the seat has been stored. Until then its session is not in the room.
    pub(crate) taken: bool,
    /// True if its connection has sent anything yet.
    pub(crate) has_spoken: bool,
    pub(crate) inputs: InputBuffer,
    /// The most ticks that its shots may reach back, by the round trips of its connection.
    pub(crate) rewind_ticks_max: u8,
    pub(crate) wants_rematch: bool,
    /// True if its client has sent anything since the match began to gather, besides what a program
    /// sends automatically.
    pub(crate) said_something: bool,
    /// The private state that the seat was last sent, so that only changes are sent.
    pub(crate) sent_private: Option<SentPrivate>,
    pub(crate) session: Box<Session>,
}

/// The fields that a tick reads only in a mode with a vision radius, while there is no connection,
/// once a second, or on an event.
pub(crate) struct Session {
    /// The room's tick since which there is no connection.
    pub(crate) dropped_at: Option<u64>,
    /// The room's tick since which it only watches, because its session was idle.
    pub(crate) idle_since: Option<u64>,
    /// The room's tick since which its client has sent nothing while the match gathers.
    pub(crate) silent_since: u64,
    /// The connection that takes the seat once it is stored. Until then no connection has it.
    pub(crate) unsaved: Option<Unsaved>,
    /// The request to store the seat after its client has sent something, until it is answered: the
    /// token before must not open the seat in the next process.
    pub(crate) spoken: Option<SaveNumber>,
    pub(crate) name: PlayerName,
    /// True if it created the room.
    pub(crate) creator: bool,
    /// The level of the bots that it has earned.
    pub(crate) level: Level,
    pub(crate) token: Token,
    pub(crate) chat: ChatBudget,
    pub(crate) rtt: RoundTrip,
    /// The view of the seat in a mode with a vision radius, and what it was shown of that.
    pub(crate) observer: Observer,
    pub(crate) spectator: Spectator,
    pub(crate) stream: SnapshotStream,
}

impl Seat {
    pub(crate) fn new(player: PlayerId, name: PlayerName, token: Token, creator: bool) -> Seat {
        let session = Session {
            dropped_at: None,
            idle_since: None,
            silent_since: 0,
            unsaved: None,
            spoken: None,
            name,
            creator,
            level: Level::default(),
            token,
            chat: ChatBudget::default(),
            rtt: RoundTrip::default(),
            observer: Observer::default(),
            spectator: Spectator::default(),
            stream: SnapshotStream::default(),
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

    /// Returns whether that connection holds the seat.
    pub(crate) fn is_held_by(&self, connection: ConnectionId) -> bool {
        self.connection.is_some_and(|held| held.id == connection)
    }

    /// Returns whether the session is connected and not idle.
    pub(crate) fn is_present(&self) -> bool {
        self.connection.is_some() && self.session.idle_since.is_none()
    }

    /// Returns the room's tick since which it has had no connection.
    pub(crate) fn dropped_at(&self) -> Option<u64> {
        if self.connection.is_some() { None } else { self.session.dropped_at }
    }

    /// Returns the connection that takes the seat once it is stored.
    pub(crate) fn unsaved(&self) -> Option<&Unsaved> {
        if self.connection.is_some() { None } else { self.session.unsaved.as_ref() }
    }

    /// Returns whether that connection waits for the seat.
    pub(crate) fn awaits(&self, connection: ConnectionId) -> bool {
        self.unsaved().is_some_and(|waits| waits.connection.id == connection)
    }

    /// Gives the seat to a new connection. None of the old inputs is played any more.
    pub(crate) fn connect(&mut self, connection: Connection, rules: &Rules) {
        self.connection = Some(connection);
        self.session.dropped_at = None;
        self.taken = true;
        self.has_spoken = false;
        self.inputs.forget();
        self.session.rtt.reconnect();
        self.rewind_ticks_max = self.session.rtt.rewind_ticks_max(rules);
        self.sent_private = None;
    }

    /// Notes that its connection sent something. After the first time only the newest token opens
    /// the seat. Returns whether another one did until now.
    pub(crate) fn heard(&mut self) -> bool {
        !std::mem::replace(&mut self.has_spoken, true) && self.session.token.holder_has_spoken()
    }

    /// Takes an answer to a ping.
    pub(crate) fn pong(&mut self, nonce: u32, now: u64, rules: &Rules) {
        self.session.rtt.pong(nonce, now);
        self.rewind_ticks_max = self.session.rtt.rewind_ticks_max(rules);
    }

    /// Takes the round trip of its connection as the kernel measured it.
    pub(crate) fn bound_round_trip(&mut self, kernel: Duration, rules: &Rules) {
        self.session.rtt.bound(kernel, rules.tick_rate);
        self.rewind_ticks_max = self.session.rtt.rewind_ticks_max(rules);
    }

    pub(crate) fn record(&self) -> SeatRecord {
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

/// A connection that waits until its token is stored.
pub(crate) struct Unsaved {
    pub(crate) number: SaveNumber,
    pub(crate) connection: Connection,
    pub(crate) token: String,
    /// The room's tick in which its wait ends.
    pub(crate) until: u64,
}

/// The private state of a seat, which no other seat is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SentPrivate {
    pub(crate) fireball_ready: u32,
    pub(crate) blink_ready: u32,
    pub(crate) rewind_ticks_max: u8,
}
