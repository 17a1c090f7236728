//! People and their connections. The laws judge by the messages that each was sent.

use std::collections::VecDeque;

use bolide_net::{Codec, Private, RosterEntry, ServerMessage};
use bolide_room::ConnectionId;
use bolide_sim::PlayerId;

#[derive(Default)]
pub(crate) struct Person {
    /// The token of the newest welcome.
    pub(crate) token: Option<String>,
    /// The tick of the room until which the token opens the seat at least.
    pub(crate) safe_until: u64,
    /// The number of the match in which it last said something.
    pub(crate) said_in: u32,
    /// The room's tick in which it last said something.
    pub(crate) said_at: u64,
    /// The room's tick since which the roster shows it as idle.
    pub(crate) idle_since: Option<u64>,
    /// The shortest round trip of its session, in ticks.
    pub(crate) least_trip: Option<u64>,
    pub(crate) link: Option<Link>,
}

impl Person {
    /// Returns its seat, if it was welcomed and its connection is open.
    pub(crate) fn seat(&self) -> Option<PlayerId> {
        self.link.as_ref()?.seat
    }

    /// Notes after a tick whether it is idle. Without a connection that does not change.
    pub(crate) fn note_idle(&mut self, now: u64) {
        match self.link.as_ref().and_then(Link::is_told_idle) {
            Some(true) => drop(self.idle_since.get_or_insert(now)),
            Some(false) => self.idle_since = None,
            None => {}
        }
    }
}

/// An open connection.
pub(crate) struct Link {
    pub(crate) id: ConnectionId,
    pub(crate) asked_at: u64,
    pub(crate) welcomed_at: u64,
    /// The token that its welcome must hold.
    pub(crate) promised: String,
    /// The token with which it resumed, unless it is a newcomer.
    pub(crate) came_with: Option<String>,
    /// True if its session was idle until it resumed.
    pub(crate) came_idle: bool,
    /// True if it has said something, so it was welcomed.
    pub(crate) has_spoken: bool,
    /// Known from the welcome on.
    pub(crate) seat: Option<PlayerId>,
    pub(crate) seq: u32,
    pub(crate) match_number: u32,
    pub(crate) seats: Vec<u16>,
    pub(crate) roster: Vec<RosterEntry>,
    pub(crate) private: Option<Private>,
    pub(crate) locked: Option<bool>,
    /// True if bots join while a match gathers.
    pub(crate) bots: Option<bool>,
    pub(crate) pings: Pings,
}

impl Link {
    pub(crate) fn new(id: ConnectionId, asked_at: u64, promised: String, delay: u64) -> Link {
        Link {
            id,
            asked_at,
            welcomed_at: asked_at,
            promised,
            came_with: None,
            came_idle: false,
            has_spoken: false,
            seat: None,
            seq: 0,
            match_number: 0,
            seats: Vec::new(),
            roster: Vec::new(),
            private: None,
            locked: None,
            bots: None,
            pings: Pings { delay, ..Pings::default() },
        }
    }

    /// Returns whether it only watches because it was idle, by the messages to its session.
    pub(crate) fn is_idle(&self) -> bool {
        self.is_told_idle().unwrap_or(self.came_idle)
    }

    /// Returns the same, if this connection was sent it.
    fn is_told_idle(&self) -> Option<bool> {
        let own = |entry: &&RosterEntry| self.seat == Some(PlayerId(entry.id));
        self.roster.iter().find(own).map(|entry| entry.idle)
    }

    /// Says something, which ends that.
    pub(crate) fn wake(&mut self) {
        self.came_idle = false;
        self.roster
            .iter_mut()
            .for_each(|entry| entry.idle &= self.seat != Some(PlayerId(entry.id)));
    }

    pub(crate) const fn codec(&self) -> Codec {
        if self.id.0 % 8 == 1 { Codec::Json } else { Codec::MessagePack }
    }

    /// Takes note of a reliable message.
    pub(crate) fn hear(&mut self, message: ServerMessage, now: u64) {
        match message {
            ServerMessage::Welcome(welcome) => {
                assert_eq!(self.seat, None, "{:?} is welcomed twice", self.id);
                assert_eq!(welcome.resume, self.promised, "the token of {:?}", self.id);
                (self.seat, self.welcomed_at) = (Some(PlayerId(welcome.seat)), now);
                self.seq = welcome.seq;
            }
            _ if self.seat.is_none() => panic!("{:?} hears {message:?} before a welcome", self.id),
            ServerMessage::Match { number, seats, .. } => {
                if number != self.match_number {
                    self.private = None;
                }
                (self.match_number, self.seats) = (number, seats);
            }
            ServerMessage::Roster { players } => self.roster = players,
            ServerMessage::Private(private) => self.private = Some(private),
            ServerMessage::Lock { locked, .. } => self.locked = Some(locked),
            ServerMessage::Bots { wanted, .. } => self.bots = Some(wanted),
            ServerMessage::Ping { nonce } => self.pings.told(nonce, now),
            _ => {}
        }
    }
}

/// The pings of a connection that wait for their answers.
#[derive(Default)]
pub(crate) struct Pings {
    /// The ticks that an answer currently takes.
    pub(crate) delay: u64,
    waiting: VecDeque<(u32, u64)>,
}

/// The answer to a ping.
pub(crate) struct Pong {
    pub(crate) nonce: u32,
    /// The ticks that it took, unless another ping has been sent since: then the room ignores the
    /// answer.
    pub(crate) trip: Option<u64>,
}

impl Pings {
    fn told(&mut self, nonce: u32, now: u64) {
        self.waiting.push_back((nonce, now));
    }

    /// Returns the next answer that is due.
    pub(crate) fn answer(&mut self, now: u64) -> Option<Pong> {
        let delay = self.delay;
        let (nonce, told_at) = self.waiting.pop_front_if(|(_, at)| *at + delay <= now)?;
        Some(Pong { nonce, trip: self.waiting.is_empty().then_some(now - told_at) })
    }
}
