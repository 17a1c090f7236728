//! The seat of a page in its room: the truth, the belief, and what is between them. Here are the
//! messages of the room and the order of a tick.

use bolide_net::{ClientMessage, DecodeError, ServerMessage, Welcome};
use bolide_sim::Tick;

use crate::belief::{Body, Physics};
use crate::claims::Claims;
use crate::identity::Uuid;
use crate::inputs::Inputs;
use crate::page::{PageCounts, PageOutput};
use crate::pings::Pings;
use crate::truth::Truth;
use crate::writer::Writer;

/// The seat of a page.
pub(crate) struct Seat {
    pub(crate) truth: Truth,
    pub(crate) physics: Physics,
    /// The players that the page knows, in the order in which it was told of them. At most the
    /// participants of a match.
    pub(crate) bodies: Vec<Body>,
    pub(crate) claims: Claims,
    pub(crate) inputs: Inputs,
    pub(crate) pings: Pings,
    pub(crate) barrier: Barrier,
    /// True if the page may not have carried out its last move, because it was put elsewhere.
    pub(crate) is_own_doubtful: bool,
    /// Raises of a radius that the page may not have read yet, oldest first.
    pub(crate) raises: Vec<Raise>,
    /// True if this tick's frames changed the page's own player.
    pub(crate) is_own_changed: bool,
    /// The player in whose name attacks are sent that are nobody's.
    pub(crate) phantom: Option<Uuid>,
    /// True if the page blinked before it saw that it was put elsewhere.
    pub(crate) has_blinked_blindly: bool,
    /// The fireballs in the air.
    pub(crate) flights: Vec<Flight>,
    /// Players that have joined the fight and are not shown yet, and since when.
    pub(crate) newcomers: Vec<(u16, Tick)>,
    /// Players that the page has counted. At the number of its rule set it begins to fight.
    pub(crate) created: u16,
    /// True once the page has been told of its own player.
    pub(crate) is_introduced: bool,
    pub(crate) last_tick: Tick,
    pub(crate) counts: PageCounts,
}

/// The last frames that changed the page's own player, and the ping behind them. What the page sent
/// before its answer, it sent without having seen them.
#[derive(Clone, Copy)]
pub(crate) enum Barrier {
    /// There were none.
    None,
    /// The ping is not answered.
    Sent(u32),
    /// It was answered in this tick.
    Answered(Tick),
}

/// A raise of a radius. The page may claim a hit before it reads that.
pub(crate) struct Raise {
    pub(crate) at: Tick,
    pub(crate) victim: u16,
    pub(crate) amount: f64,
}

/// Raises that are remembered: a false claim of each ball within a round trip. Of more, the oldest
/// are forgotten.
pub(crate) const RAISES_MAX: usize = 128;

/// A fireball in the air, as the page knows it.
#[derive(Clone, Copy)]
pub(crate) struct Flight {
    pub(crate) fireball: u32,
    pub(crate) ball: Uuid,
    pub(crate) angle: f64,
}

/// Fireballs in the air that are remembered. A hit by a forgotten one still has its place and
/// damage, and takes its angle from the push.
pub(crate) const FLIGHTS_MAX: usize = 1024;

impl Seat {
    /// Begins with a welcome.
    ///
    /// # Errors
    /// The rules are those of a newer server.
    pub(crate) fn new(welcome: &Welcome) -> Result<Seat, DecodeError> {
        let truth = Truth::new(welcome)?;
        Ok(Seat {
            physics: Physics::new(&truth.rules),
            truth,
            bodies: Vec::new(),
            claims: Claims::default(),
            inputs: Inputs::after(welcome.seq),
            pings: Pings::default(),
            barrier: Barrier::None,
            is_own_doubtful: false,
            raises: Vec::new(),
            is_own_changed: false,
            phantom: None,
            has_blinked_blindly: false,
            flights: Vec::new(),
            newcomers: Vec::new(),
            created: 0,
            is_introduced: false,
            last_tick: Tick(0),
            counts: PageCounts::default(),
        })
    }

    /// Takes a message of the room.
    pub(crate) fn hear(&mut self, message: ServerMessage, tick: Tick, out: &mut PageOutput) {
        let truth = &mut self.truth;
        match message {
            ServerMessage::Ping { nonce } => out.pings.push(self.pings.send(Some(nonce), tick)),
            ServerMessage::Result { .. } => out.to_room.push(ClientMessage::Rematch),
            ServerMessage::Roster { players } => truth.take_roster(players),
            ServerMessage::Match { id, .. } => {
                let is_next = truth.take_match(id);
                if is_next {
                    self.forget_match();
                }
            }
            ServerMessage::Snapshot(snapshot) => truth.take_snapshot(snapshot),
            ServerMessage::Delta(delta) => {
                let resync = truth.take_delta(&delta).err().map(|_| ClientMessage::Resync);
                out.to_room.extend(resync);
            }
            ServerMessage::Events(events) => truth.take_events(events),
            ServerMessage::Private(private) => truth.take_private(&private),
            // A countdown, a pause or a lock is nothing that the page could show.
            _ => {}
        }
    }

    /// Forgets what has a tick or a fireball of the match before. Ticks begin again.
    fn forget_match(&mut self) {
        self.claims.forget_flights();
        self.flights.clear();
        self.newcomers.clear();
        self.raises.clear();
        if let Barrier::Answered(_) = self.barrier {
            self.barrier = Barrier::None;
        }
    }

    /// Takes an answer to a ping. Returns the number of the room's own ping that it answers.
    pub(crate) fn answer(&mut self, nonce: u32, tick: Tick) -> Option<u32> {
        let room = self.pings.answer(nonce, tick);
        if let Barrier::Sent(ping) = self.barrier
            && self.pings.is_answered(ping)
        {
            self.barrier = Barrier::Answered(tick);
        }
        room
    }

    /// Brings the page to the end of a tick.
    pub(crate) fn tick(&mut self, tick: Tick, writer: &mut Writer<'_>) {
        if !self.truth.has_view() {
            return;
        }
        // In a new match the ticks begin again.
        let ticks = if tick > self.last_tick { tick.since(self.last_tick) } else { 0 };
        self.last_tick = tick;
        for body in &mut self.bodies {
            body.advance(ticks, &self.physics);
        }
        self.take_refusals();
        self.introduce(tick, writer);
        self.remove_leavers(writer);
        self.tell_events(tick, writer);
        self.tell_walks(tick, writer);
        self.inputs.taken(self.truth.newest_taken());
        self.claims.expire(tick, self.patience());
        if self.truth.is_fighting() {
            self.correct(tick, writer);
        }
        self.ask_what_is_read(tick, writer);
    }

    /// Sends a ping behind the frames of this tick, if they changed the page's own player.
    fn ask_what_is_read(&mut self, tick: Tick, writer: &mut Writer<'_>) {
        if std::mem::take(&mut self.is_own_changed) {
            let ping = self.pings.send(None, tick);
            self.barrier = Barrier::Sent(ping);
            writer.out.pings.push(ping);
        }
    }

    /// Returns the ticks within which the page and the room learn of each other: the round trip,
    /// and the jitter of a bad connection.
    pub(crate) fn patience(&self) -> u32 {
        self.pings.round_trip() + self.truth.rules.tick_rate.ticks(SLACK_S)
    }

    pub(crate) fn counts(&self) -> PageCounts {
        PageCounts { claims: self.claims.counts, ..self.counts }
    }

    /// Returns the index of the body of a player.
    pub(crate) fn index(&self, seat: u16) -> Option<usize> {
        self.bodies.iter().position(|body| body.seat == seat)
    }

    /// Returns the index of the page's own body.
    pub(crate) fn own(&self) -> Option<usize> {
        self.index(self.truth.seat)
    }
}

/// Seconds beyond the round trip that a claim and its hit wait for each other.
const SLACK_S: f32 = 0.2;
