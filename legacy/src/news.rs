//! News for the page: the players that are there, and what they do.

use bolide_net::{ClientMessage, WireEvent};
use bolide_sim::{Motion, Rules, Tick};

use crate::belief::{Body, Course};
use crate::place::Place;
use crate::seat::{FLIGHTS_MAX, Flight, RAISES_MAX, Raise, Seat};
use crate::writer::{Attack, Writer};

impl Seat {
    /// Tells the page of the players that are new: at first of those that were there before it,
    /// then of its own, then of each that joins. A page that does not take part is told of nobody
    /// else, so that it waits.
    pub(crate) fn introduce(&mut self, tick: Tick, writer: &mut Writer<'_>) {
        let own = self.truth.seat;
        if self.truth.name(own).is_none() {
            return;
        }
        let takes_part = self.truth.alive(own).is_some();
        let seats = if takes_part { self.truth.seats() } else { Vec::new() };
        let is_first = !self.is_introduced;
        self.newcomers.retain(|(seat, _)| seats.contains(seat));
        for seat in seats {
            if seat != own
                && self.index(seat).is_none()
                && (is_first || self.may_be_shown(seat, tick))
            {
                self.create(seat, writer);
            }
        }
        if !self.is_introduced {
            self.is_introduced = true;
            self.create(own, writer);
        }
        if takes_part && self.truth.is_fighting() {
            self.make_up_the_number(writer);
        }
    }

    /// Returns whether a player may be shown. A page knows no protection, so one that joins a fight
    /// is not shown before fireballs hit it.
    fn may_be_shown(&mut self, seat: u16, tick: Tick) -> bool {
        let Rules { protection_s, tick_rate, .. } = self.truth.rules;
        if !self.truth.is_fighting() || protection_s == 0.0 {
            return true;
        }
        let known = self.newcomers.iter().find(|(newcomer, _)| *newcomer == seat);
        let since = known.map(|(_, since)| *since);
        if since.is_none() {
            self.newcomers.push((seat, tick));
        }
        since.is_some_and(|since| tick.since(since) >= tick_rate.ticks(protection_s))
    }

    /// Creates a player, which the page puts in the middle.
    pub(crate) fn create(&mut self, seat: u16, writer: &mut Writer<'_>) {
        let name = self.truth.name(seat).unwrap_or_default();
        let uuid = writer.identities.of(seat);
        self.newcomers.retain(|(newcomer, _)| *newcomer != seat);
        writer.create(uuid, name, !self.is_introduced);
        self.bodies.push(Body::new(seat, name, &self.physics));
        self.created = self.created.saturating_add(1);
    }

    /// Lets a page that joins a fight of few players begin. It would wait for the number of its
    /// rule set, so it is told of players that vanish at once. One of them stays, out of sight:
    /// attacks that are nobody's need a player that lives on, and the page may remove every other
    /// by a claim.
    fn make_up_the_number(&mut self, writer: &mut Writer<'_>) {
        while self.created < self.truth.rules.fight_at || self.phantom.is_none() {
            let uuid = writer.identities.draw();
            writer.create(uuid, "", false);
            let attack = if self.phantom.is_none() {
                Attack::still(OUT_OF_SIGHT, 0.0)
            } else {
                Attack::still(OUT_OF_SIGHT, FATAL)
            };
            writer.attack(uuid, uuid, &attack);
            self.phantom.get_or_insert(uuid);
            self.created = self.created.saturating_add(1);
        }
    }

    /// Lets the players vanish that have left, or whose seat is another's now. A page whose own
    /// player is dead cannot play the next match.
    pub(crate) fn remove_leavers(&mut self, writer: &mut Writer<'_>) {
        for index in (0..self.bodies.len()).rev() {
            let Body { seat, ref name, is_alive, .. } = self.bodies[index];
            let is_same = self.truth.name(seat).is_none_or(|now| now == name);
            let is_there = is_same && self.truth.player(seat).is_some_and(|now| now.life != LEFT);
            if seat == self.truth.seat {
                if is_there && !is_alive && self.truth.alive(seat).is_some() {
                    writer.out.to_room.push(ClientMessage::Leave);
                    writer.out.close = true;
                }
            } else if !is_there {
                if is_alive {
                    self.kill(index, writer);
                }
                self.bodies.remove(index);
                writer.identities.forget(seat);
            }
        }
    }

    /// Ends the game for a player on the page.
    pub(crate) fn kill(&mut self, index: usize, writer: &mut Writer<'_>) {
        let at = self.bodies[index].at;
        self.attack(index, None, &Attack::still(at, FATAL), writer);
    }

    /// Tells the page what happened up to the last snapshot.
    pub(crate) fn tell_events(&mut self, tick: Tick, writer: &mut Writer<'_>) {
        while let Some(event) = self.truth.next_event() {
            match event {
                WireEvent::Shot { player, fireball } => self.tell_shot(player, fireball, writer),
                WireEvent::Blinked { player, to, .. } => self.tell_blink(player, to.into(), writer),
                WireEvent::Fizzled { fireball, .. } => {
                    self.claims.fizzled(fireball);
                    self.flights.retain(|flight| flight.fireball != fireball);
                }
                WireEvent::Hit { fireball, by, victim, at, .. } => {
                    let index = self.flights.iter().position(|one| one.fireball == fireball);
                    let flight = index.map(|index| self.flights.remove(index));
                    if by == Some(self.truth.seat) {
                        self.claims.hit(fireball, victim, tick);
                    } else {
                        self.tell_hit(victim, by, at.into(), flight, writer);
                    }
                }
                // The size and the end of a player follow from the snapshot.
                WireEvent::Died { .. }
                | WireEvent::Left { .. }
                | WireEvent::Burned { .. }
                | WireEvent::Unknown => {}
            }
        }
    }

    fn tell_shot(&mut self, player: u16, fireball: u32, writer: &mut Writer<'_>) {
        let is_own = player == self.truth.seat;
        let own_ball = if is_own { self.claims.thrown(fireball) } else { None };
        let ball = own_ball.unwrap_or_else(|| writer.identities.draw());
        // A fireball that hit at once is in no snapshot.
        let Some(state) = self.truth.fireball(fireball) else { return };
        let (from, toward) = (Place::from(state.from), Place::from(state.toward));
        if self.flights.len() >= FLIGHTS_MAX {
            self.flights.remove(0);
        }
        self.flights.push(Flight { fireball, ball, angle: from.angle_to(toward) });
        if self.index(player).is_some() {
            writer.shoot(player, toward, ball);
        }
    }

    fn tell_blink(&mut self, player: u16, to: Place, writer: &mut Writer<'_>) {
        let is_own = player == self.truth.seat;
        let Some(index) = self.index(player) else { return };
        writer.blink(player, to);
        if is_own && std::mem::take(&mut self.has_blinked_blindly) {
            // The page was put elsewhere after its blink.
            self.bodies[index].course = Course::Stand;
            self.bodies[index].is_unsettled = true;
        } else {
            self.bodies[index].blink(to, &self.physics);
        }
    }

    fn tell_hit(
        &mut self,
        victim: u16,
        by: Option<u16>,
        at: Place,
        flight: Option<Flight>,
        writer: &mut Writer<'_>,
    ) {
        let Some(index) = self.index(victim).filter(|index| self.bodies[*index].is_alive) else {
            return;
        };
        let motion = self.truth.player(victim).map(|player| player.motion);
        let push = motion.and_then(|motion| match motion {
            Motion::Push { from, toward, .. } => Some((Place::from(from), Place::from(toward))),
            Motion::Stand { .. } | Motion::Walk { .. } => None,
        });
        // A hit in the past pushes its victim from where it is now.
        let at = push.map_or(at, |(from, _)| from);
        let angle = flight.map(|flight| flight.angle);
        let angle = angle.or(push.map(|(from, toward)| from.angle_to(toward))).unwrap_or(0.0);
        let damage = self.truth.radius(self.truth.rules.hit_damage);
        let ball = flight.map(|flight| flight.ball);
        self.attack(index, by, &Attack { at, angle, damage, ball }, writer);
    }

    /// Sends an `attack` that the page believes, and believes it too. The page drops it in its own
    /// name, or in that of a player that it has removed. A player that is nearly dead may be
    /// removed by a claim on its way, so its victim stands in for it, or the phantom for the page
    /// itself.
    pub(crate) fn attack(
        &mut self,
        index: usize,
        by: Option<u16>,
        attack: &Attack,
        writer: &mut Writer<'_>,
    ) {
        let (own, victim) = (self.truth.seat, self.bodies[index].seat);
        let hit = self.truth.radius(self.truth.rules.hit_damage);
        let by = by.filter(|by| *by != own).and_then(|by| self.index(by));
        let by = by.map(|by| &self.bodies[by]).filter(|by| by.is_sound(hit, &self.physics));
        let by = by.map(|by| by.seat).or(Some(victim).filter(|victim| *victim != own));
        let by = by.map(|by| writer.identities.of(by)).or(self.phantom);
        let victim_uuid = writer.identities.of(victim);
        // Before the fight there is no phantom, and nothing happens to the page's own player.
        writer.attack(by.unwrap_or(victim_uuid), victim_uuid, attack);
        let Attack { at, angle, damage, .. } = *attack;
        self.bodies[index].attacked(at, angle, damage, &self.physics);
        self.is_own_changed |= victim == own;
        if damage < 0.0 {
            if self.raises.len() >= RAISES_MAX {
                self.raises.remove(0);
            }
            self.raises.push(Raise { at: self.last_tick, victim, amount: -damage });
        }
    }

    /// Tells the page of each walk that is new, and of each other player that has stopped.
    pub(crate) fn tell_walks(&mut self, tick: Tick, writer: &mut Writer<'_>) {
        for body in &mut self.bodies {
            let Some(player) = self.truth.alive(body.seat) else { continue };
            if body.told.replace(player.motion) == Some(player.motion) || !body.is_alive {
                continue;
            }
            let is_own = body.seat == self.truth.seat;
            match player.motion {
                Motion::Walk { to, since, .. } => {
                    writer.move_to(body.seat, to.into());
                    body.walk(to.into());
                    if is_own {
                        // The page walked when its frame arrived.
                        body.advance(tick.since(since), &self.physics);
                    }
                }
                Motion::Stand { at } if !is_own => {
                    let at = Place::from(at);
                    if body.walks_to().is_some_and(|to| to != at) {
                        writer.move_to(body.seat, at);
                        body.walk(at);
                    }
                }
                Motion::Stand { .. } | Motion::Push { .. } => {}
            }
        }
    }
}

/// A damage that no player outlives: the largest radius is 10.
const FATAL: f64 = 1.0;

/// A place that no page shows and no ball reaches.
const OUT_OF_SIGHT: Place = Place { x: -60.0, y: -60.0 };

/// The life of a player that has left.
const LEFT: u8 = 2;
