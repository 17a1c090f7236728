//! A place in a room and the session that holds it. A session outlives its connections: for a grace time its
//! body stays in the world, and its token takes the seat again.

use bolide_net::{Codec, Observer, PlayerName, SyncMode};
use bolide_sim::PlayerId;

use crate::chat::ChatBudget;
use crate::feed::Feed;
use crate::inputs::InputBuffer;
use crate::rtt::RoundTrip;

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
    pub(crate) connection: Option<Connection>,
    /// The room's tick since which there is no connection.
    pub(crate) dropped_at: Option<u64>,
    pub(crate) token: Token,
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
    pub(crate) fn new(
        player: PlayerId,
        name: PlayerName,
        connection: Connection,
        token: String,
    ) -> Seat {
        Seat {
            player,
            name,
            connection: Some(connection),
            dropped_at: None,
            token: Token { newest: token, previous: None },
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

    /// Takes the seat again: a new connection, a new token, and none of the old inputs.
    pub(crate) fn resume(&mut self, connection: Connection, used: &str, fresh: String) {
        self.connection = Some(connection);
        self.dropped_at = None;
        self.token = Token { previous: Some(used.to_owned()), newest: fresh };
        self.inputs.forget();
        self.rtt = RoundTrip::default();
        self.told = None;
    }
}

/// What a seat alone is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) fireball_ready: u32,
    pub(crate) blink_ready: u32,
    pub(crate) rewind_ticks_max: u8,
}

/// A resume token that rotates. The one that was used last stays valid until the holder of the
/// new one has spoken, so that a lost welcome locks nobody out, however often it is lost.
pub(crate) struct Token {
    newest: String,
    previous: Option<String>,
}

impl Token {
    pub(crate) fn opens(&self, token: &str) -> bool {
        self.newest == token || self.previous.as_deref() == Some(token)
    }

    pub(crate) fn holder_has_spoken(&mut self) {
        self.previous = None;
    }
}
