//! A place in a room and the session that holds it. A session outlives its connections: for a grace time its
//! body stays in the world, and its token takes the seat again.

use bolide_net::{Codec, Observer, PlayerName, SyncMode};
use bolide_sim::PlayerId;

use crate::chat::ChatBudget;
use crate::feed::Feed;
use crate::inputs::InputBuffer;
use crate::output::{SaveNumber, SeatRecord};
use crate::rtt::RoundTrip;
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

pub(crate) struct Seat {
    pub(crate) player: PlayerId,
    pub(crate) name: PlayerName,
    /// Whether its session created the room.
    pub(crate) creator: bool,
    pub(crate) connection: Option<Connection>,
    /// The room's tick since which there is no connection.
    pub(crate) dropped_at: Option<u64>,
    pub(crate) token: Token,
    /// Who takes it as soon as that is kept.
    pub(crate) unsaved: Option<Unsaved>,
    /// Whether it has been kept once: until then its session is not in the room.
    pub(crate) taken: bool,
    pub(crate) inputs: InputBuffer,
    pub(crate) chat: ChatBudget,
    pub(crate) rtt: RoundTrip,
    pub(crate) wants_rematch: bool,
    /// What the seat alone was told last, to tell it only what is new.
    pub(crate) told: Option<Told>,
    /// What the seat sees where a vision radius hides the rest, and what it was shown of that.
    pub(crate) observer: Observer,
    pub(crate) feed: Feed,
}

impl Seat {
    pub(crate) fn new(player: PlayerId, name: PlayerName, token: Token, creator: bool) -> Seat {
        Seat {
            player,
            name,
            creator,
            connection: None,
            dropped_at: None,
            token,
            unsaved: None,
            taken: false,
            inputs: InputBuffer::default(),
            chat: ChatBudget::default(),
            rtt: RoundTrip::default(),
            wants_rematch: false,
            told: None,
            observer: Observer::default(),
            feed: Feed::default(),
        }
    }

    /// Whether this is the seat of that connection.
    pub(crate) fn is_held_by(&self, connection: ConnectionId) -> bool {
        self.connection.is_some_and(|held| held.id == connection)
    }

    /// Whether that connection waits for it.
    pub(crate) fn awaits(&self, connection: ConnectionId) -> bool {
        self.unsaved.as_ref().is_some_and(|waits| waits.connection.id == connection)
    }

    /// A new connection has taken it. None of the old inputs is played again.
    pub(crate) fn connect(&mut self, connection: Connection) {
        self.connection = Some(connection);
        self.dropped_at = None;
        self.taken = true;
        self.inputs.forget();
        self.rtt = RoundTrip::default();
        self.told = None;
    }

    pub(crate) fn record(&self) -> SeatRecord {
        SeatRecord {
            player: self.player,
            name: self.name.clone(),
            token: self.token.newest,
            previous_token: self.token.previous,
            creator: self.creator,
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
