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
    /// The ping behind the last frames that changed the page's own player. What the page sent
    /// before its answer, it sent without having seen them.
    pub(crate) barrier: Option<u32>,
    /// True if this tick's frames changed the page's own player.
    pub(crate) is_own_changed: bool,
    /// True if the page blinked before it saw that it was put elsewhere.
    pub(crate) has_blinked_blindly: bool,
    /// The fireballs in the air.
    pub(crate) flights: Vec<Flight>,
    /// Players that the page has counted. At the number of its rule set it begins to fight.
    pub(crate) created: u16,
    /// True once the page has been told of its own player.
    pub(crate) is_introduced: bool,
    last_tick: Tick,
    pub(crate) counts: PageCounts,
}

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
            barrier: None,
            is_own_changed: false,
            has_blinked_blindly: false,
            flights: Vec::new(),
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
                    self.claims.forget_flights();
                    self.flights.clear();
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

    /// Takes an answer to a ping. Returns the number of the room's own ping that it answers.
    pub(crate) fn answer(&mut self, nonce: u32, tick: Tick) -> Option<u32> {
        self.pings.answer(nonce, tick)
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
        self.introduce(writer);
        self.remove_leavers(writer);
        self.tell_events(tick, writer);
        self.tell_walks(tick, writer);
        self.inputs.taken(self.truth.newest_taken());
        let patience = self.pings.round_trip() + self.truth.rules.tick_rate.ticks(SLACK_S);
        self.claims.expire(tick, patience);
        if self.truth.is_fighting() {
            self.correct(tick, writer);
        }
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

/// Seconds beyond the round trip that a claim and its hit wait for each other: the jitter of a bad
/// connection.
const SLACK_S: f32 = 0.2;
