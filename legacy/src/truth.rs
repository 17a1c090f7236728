//! The truth about a match, as the room has told it to this seat.

use std::collections::VecDeque;

use bolide_net::{
    DecodeError, Delta, Events, FireballState, Mismatch, PlayerState, Private, RosterEntry,
    Snapshot, View, Welcome, WireEvent,
};
use bolide_sim::{Motion, Rules, Tick, Tuning};

use crate::place::Place;

/// Events that wait for the snapshot of their tick. A room that withholds snapshots for a second
/// has fewer; of more, the oldest are lost, and the page is corrected by the snapshot alone.
const EVENTS_MAX: usize = 1024;

/// The welcome, the roster, and the view of the current match.
pub(crate) struct Truth {
    /// The page's own seat.
    pub(crate) seat: u16,
    pub(crate) rules: Rules,
    tuning: Tuning,
    /// The radius of one point of health, as the page has it.
    per_health: f64,
    match_id: String,
    roster: Vec<RosterEntry>,
    view: View,
    has_view: bool,
    events: VecDeque<(u32, WireEvent)>,
    /// The ends of the seat's cooldowns.
    pub(crate) ready: Ready,
    /// The numbers of the inputs that the rules refused, until they are taken.
    pub(crate) refused: Vec<u32>,
}

/// The first ticks in which the seat may throw and blink.
#[derive(Default)]
pub(crate) struct Ready {
    pub(crate) fireball: u32,
    pub(crate) blink: u32,
}

/// The phases of a match on the wire.
const FIGHTING: u8 = 2;

impl Truth {
    /// Begins with a welcome.
    ///
    /// # Errors
    /// The rules are those of a newer server.
    pub(crate) fn new(welcome: &Welcome) -> Result<Truth, DecodeError> {
        let rules = welcome.rules.rules(welcome.tick_rate)?;
        Ok(Truth {
            seat: welcome.seat,
            tuning: Tuning::new(&rules),
            per_health: decimal(rules.radius_per_health),
            rules,
            match_id: String::new(),
            roster: Vec::new(),
            view: View::default(),
            has_view: false,
            events: VecDeque::new(),
            ready: Ready::default(),
            refused: Vec::new(),
        })
    }

    /// Takes the players in the room.
    pub(crate) fn take_roster(&mut self, roster: Vec<RosterEntry>) {
        self.roster = roster;
    }

    /// Takes the name of the current match. Returns true if it is another one than before, of which
    /// nothing is left.
    pub(crate) fn take_match(&mut self, id: String) -> bool {
        let is_next = id != self.match_id && !self.match_id.is_empty();
        if is_next {
            (self.view, self.has_view) = (View::default(), false);
            self.events.clear();
        }
        self.match_id = id;
        is_next
    }

    /// Takes a whole snapshot.
    pub(crate) fn take_snapshot(&mut self, snapshot: Snapshot) {
        self.view.begin(snapshot);
        self.has_view = true;
    }

    /// Takes a delta.
    ///
    /// # Errors
    /// It does not fit; see [`View::take`].
    pub(crate) fn take_delta(&mut self, delta: &Delta) -> Result<(), Mismatch> {
        self.view.take(delta, &self.tuning)
    }

    /// Takes the events of a tick.
    pub(crate) fn take_events(&mut self, events: Events) {
        let Events { tick, events } = events;
        self.events.extend(events.into_iter().map(|event| (tick, event)));
        let surplus = self.events.len().saturating_sub(EVENTS_MAX);
        self.events.drain(..surplus);
    }

    /// Takes the information for the seat alone. It comes with each refusal, so there are never
    /// more refusals than inputs in a tick.
    pub(crate) fn take_private(&mut self, private: &Private) {
        self.ready = Ready { fireball: private.fireball_ready, blink: private.blink_ready };
        self.refused.extend(private.refused.iter().map(|refused| refused.seq));
    }

    /// Returns the number of the newest input of this seat that a tick has taken; 0 if none.
    pub(crate) fn newest_taken(&self) -> u32 {
        let own = self.known().acks.iter().find(|ack| ack.player == self.seat);
        own.map_or(0, |ack| ack.seq)
    }

    /// Returns a fireball in the air.
    pub(crate) fn fireball(&self, id: u32) -> Option<&FireballState> {
        self.known().fireballs.iter().find(|fireball| fireball.id == id)
    }

    /// Returns the next event whose snapshot is there, which says where the players are after it.
    pub(crate) fn next_event(&mut self) -> Option<WireEvent> {
        let (tick, event) = *self.events.front()?;
        if !self.has_view || tick > self.known().tick {
            return None;
        }
        self.events.pop_front();
        Some(event)
    }

    /// Returns the last snapshot.
    pub(crate) const fn known(&self) -> &Snapshot {
        self.view.known()
    }

    /// Returns whether the current match is known.
    pub(crate) const fn has_view(&self) -> bool {
        self.has_view
    }

    /// Returns whether the fight goes on.
    pub(crate) const fn is_fighting(&self) -> bool {
        self.has_view && self.known().phase == FIGHTING
    }

    /// Returns the participant of the match with this seat, alive or not.
    pub(crate) fn player(&self, seat: u16) -> Option<&PlayerState> {
        self.known().players.iter().find(|player| player.id == seat)
    }

    /// Returns the participant of the match with this seat if it is alive.
    pub(crate) fn alive(&self, seat: u16) -> Option<&PlayerState> {
        self.player(seat).filter(|player| player.life == 0)
    }

    /// Returns the seats of the participants that are alive and listed, in order.
    pub(crate) fn seats(&self) -> Vec<u16> {
        let alive = self.known().players.iter().filter(|player| player.life == 0);
        alive.map(|player| player.id).filter(|seat| self.name(*seat).is_some()).collect()
    }

    /// Returns the name of the player with this seat.
    pub(crate) fn name(&self, seat: u16) -> Option<&str> {
        let entry = self.roster.iter().find(|entry| entry.id == seat);
        entry.map(|entry| entry.name.as_str())
    }

    /// Returns the place of a player at the end of a tick that is not before the snapshot's.
    pub(crate) fn place(&self, player: &PlayerState, tick: Tick) -> Place {
        player.motion.place_at(tick, player.health, &self.tuning).into()
    }

    /// Returns the place to which a player walks at the end of a tick, if it has not arrived.
    pub(crate) fn walk(&self, player: &PlayerState, tick: Tick) -> Option<Place> {
        let Motion::Walk { to, .. } = player.motion else { return None };
        let at = player.motion.place_at(tick, player.health, &self.tuning);
        (at != to).then(|| to.into())
    }

    /// Returns whether a player is still pushed at the end of a tick.
    pub(crate) fn is_pushed(&self, player: &PlayerState, tick: Tick) -> bool {
        let at = |tick| player.motion.place_at(tick, player.health, &self.tuning);
        let Motion::Push { since, .. } = player.motion else { return false };
        at(tick) != at(since.after(PUSH_TICKS_MAX))
    }

    /// Returns the radius of a player with this health, as the page computes it.
    pub(crate) fn radius(&self, health: u16) -> f64 {
        f64::from(health) * self.per_health
    }
}

/// Ticks after which every push has ended; see the ranges of the rules.
const PUSH_TICKS_MAX: u32 = 2_000;

/// Returns the double whose decimals are those of a float: 0.001, not 0.001000000047.
pub(crate) fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}
