//! A place in a room and the session that holds it. A session outlives its connections: for a grace time its
//! body stays in the world, and its token takes the seat again.

use core::time::Duration;

use bolide_net::{Codec, Observer, PlayerName, SyncMode};
use bolide_sim::{PlayerId, Rules};

use crate::chat::ChatBudget;
use crate::feed::Feed;
use crate::inputs::InputBuffer;
use crate::output::{SaveNumber, SeatRecord};
use crate::rtt::RoundTrip;
use crate::skill::Level;
use crate::spectating::Spectator;
use crate::token::Token;

/// A connection's number, given by the server; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// A connection and what it speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) codec: Codec,
    pub(crate) sync: SyncMode,
    /// Whether it has been handed the room's last snapshot, so that a delta is enough.
    pub(crate) in_step: bool,
}

/// What each tick looks at; the rest of it is the [`Session`]. A tick finds none of this in the cache, because hundreds of
/// rooms were there before: it costs by the cache lines that the seats lie on, and these are two for each.
pub(crate) struct Seat {
    pub(crate) player: PlayerId,
    pub(crate) connection: Option<Connection>,
    /// Whether it has been kept once: until then its session is not in the room.
    pub(crate) taken: bool,
    /// Whether its connection has said anything yet.
    pub(crate) has_spoken: bool,
    pub(crate) inputs: InputBuffer,
    /// How many ticks back its shots may reach, by the round trips of its connection.
    pub(crate) rewind_ticks_max: u8,
    pub(crate) wants_rematch: bool,
    /// Whether its holder has said anything since the match began to gather, besides what a program
    /// says by itself.
    pub(crate) said_something: bool,
    /// What the seat alone was told last, to tell it only what is new.
    pub(crate) told: Option<Told>,
    pub(crate) session: Box<Session>,
}

/// What a tick looks at only where a vision radius makes it, while there is no connection, once a second, or when something
/// happens.
pub(crate) struct Session {
    /// The room's tick since which there is no connection.
    pub(crate) dropped_at: Option<u64>,
    /// The room's tick since which it watches because its holder did nothing.
    pub(crate) idle_since: Option<u64>,
    /// The room's tick since which its holder has said nothing while the match gathers.
    pub(crate) silent_since: u64,
    /// Who takes the seat as soon as that is kept. Nobody has it until then.
    pub(crate) unsaved: Option<Unsaved>,
    /// The save after its holder has spoken, until it is answered: the token before must not open it in the next process.
    pub(crate) spoken: Option<SaveNumber>,
    pub(crate) name: PlayerName,
    /// Whether it created the room.
    pub(crate) creator: bool,
    /// How good the bots are that it has earned.
    pub(crate) level: Level,
    pub(crate) token: Token,
    pub(crate) chat: ChatBudget,
    pub(crate) rtt: RoundTrip,
    /// What the seat sees where a vision radius hides the rest, and what it was shown of that.
    pub(crate) observer: Observer,
    pub(crate) spectator: Spectator,
    pub(crate) feed: Feed,
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
            feed: Feed::default(),
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
            told: None,
            session: Box::new(session),
        }
    }

    /// Whether this is the seat of that connection.
    pub(crate) fn is_held_by(&self, connection: ConnectionId) -> bool {
        self.connection.is_some_and(|held| held.id == connection)
    }

    /// Whether its holder is here and not idle.
    pub(crate) fn is_present(&self) -> bool {
        self.connection.is_some() && self.session.idle_since.is_none()
    }

    /// The room's tick since which it has had no connection.
    pub(crate) fn dropped_at(&self) -> Option<u64> {
        if self.connection.is_some() { None } else { self.session.dropped_at }
    }

    /// Who takes it as soon as that is kept.
    pub(crate) fn unsaved(&self) -> Option<&Unsaved> {
        if self.connection.is_some() { None } else { self.session.unsaved.as_ref() }
    }

    /// Whether that connection waits for it.
    pub(crate) fn awaits(&self, connection: ConnectionId) -> bool {
        self.unsaved().is_some_and(|waits| waits.connection.id == connection)
    }

    /// A new connection has taken it. None of the old inputs is played again.
    pub(crate) fn connect(&mut self, connection: Connection, rules: &Rules) {
        self.connection = Some(connection);
        self.session.dropped_at = None;
        self.taken = true;
        self.has_spoken = false;
        self.inputs.forget();
        self.session.rtt.reconnect();
        self.rewind_ticks_max = self.session.rtt.rewind_ticks_max(rules);
        self.told = None;
    }

    /// Its connection says something. The first time, its token alone opens the seat from then on. Returns whether another
    /// one did until now.
    pub(crate) fn heard(&mut self) -> bool {
        !std::mem::replace(&mut self.has_spoken, true) && self.session.token.holder_has_spoken()
    }

    /// Its connection answers a ping.
    pub(crate) fn pong(&mut self, nonce: u32, now: u64, rules: &Rules) {
        self.session.rtt.pong(nonce, now);
        self.rewind_ticks_max = self.session.rtt.rewind_ticks_max(rules);
    }

    /// The kernel tells the round trip of its connection.
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

/// A connection that waits until its token is kept.
pub(crate) struct Unsaved {
    pub(crate) number: SaveNumber,
    pub(crate) connection: Connection,
    pub(crate) token: String,
    /// The room's tick in which it has waited long enough.
    pub(crate) until: u64,
}

/// What a seat alone is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) fireball_ready: u32,
    pub(crate) blink_ready: u32,
    pub(crate) rewind_ticks_max: u8,
}
