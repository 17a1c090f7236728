//! Motion and contact: who goes where in this tick, what hits whom, and what a hit does. A player's `at` is still
//! its place at the end of the last tick; `moved` is where it would be at the end of this one if nothing hit it.

use alloc::vec::Vec;

use crate::contact::{Path, first_contact};
use crate::event::Event;
use crate::fireball::{Fireball, FireballId};
use crate::hash::{Hashed, StateHash};
use crate::ids::PlayerId;
use crate::math::Point;
use crate::motion::Motion;
use crate::player::Life;
use crate::world::World;

/// A fireball and a player that touch during the tick, unless something earlier prevents it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch {
    at: f64,
    tie: u64,
    fireball: usize,
    victim: usize,
    place: Point,
}

impl World {
    pub(crate) fn advance_players(&mut self) {
        let mut moved = core::mem::take(&mut self.scratch.moved);
        moved.clear();
        moved.extend(self.players.iter().map(|player| {
            player.motion.position_at(self.tick, &self.tuning, self.bounds(player.health))
        }));
        self.scratch.moved = moved;
    }

    pub(crate) fn find_touches(&mut self) {
        let mut touches = core::mem::take(&mut self.scratch.touches);
        touches.clear();
        for (fireball_index, fireball) in self.fireballs.iter().enumerate() {
            let path = self.fireball_path(fireball);
            for (victim, player) in self.players.iter().enumerate() {
                if player.id == fireball.owner || !player.is_alive() {
                    continue;
                }
                let way = Path::between(player.at, self.scratch.moved[victim], 1.0);
                let reach = self.rules.radius(player.health) + self.rules.fireball_radius;
                if let Some(at) = first_contact(&path, &way, f64::from(reach)) {
                    let tie = self.tie(fireball.id, player.id);
                    touches.push(Touch {
                        at,
                        tie,
                        fireball: fireball_index,
                        victim,
                        place: way.place(at),
                    });
                }
            }
        }
        touches.sort_unstable_by(|a, b| a.at.total_cmp(&b.at).then(a.tie.cmp(&b.tie)));
        self.scratch.touches = touches;
    }

    fn fireball_path(&self, fireball: &Fireball) -> Path {
        let start = fireball.position_at(self.tick.previous(), &self.tuning);
        let end = fireball.position_at(self.tick, &self.tuning);
        let share =
            f64::from(start.distance(fireball.toward)) / f64::from(self.tuning.fireball_step);
        Path::between(start, end, share.min(1.0))
    }

    /// Orders touches of the same instant: neither id nor arrival may favour anyone.
    fn tie(&self, fireball: FireballId, victim: PlayerId) -> u64 {
        let mut hash = StateHash::new();
        self.seed.feed(&mut hash);
        self.tick.feed(&mut hash);
        fireball.feed(&mut hash);
        victim.feed(&mut hash);
        hash.finish()
    }

    /// Takes the touches in order of time. A fireball hits once; the dead are no obstacle.
    pub(crate) fn resolve_touches(&mut self, events: &mut Vec<Event>) {
        self.scratch.spent.clear();
        self.scratch.spent.resize(self.fireballs.len(), false);
        let touches = core::mem::take(&mut self.scratch.touches);
        for touch in &touches {
            if !self.scratch.spent[touch.fireball] && self.players[touch.victim].is_alive() {
                self.scratch.spent[touch.fireball] = true;
                self.hit(*touch, events);
            }
        }
        self.scratch.touches = touches;
    }

    fn hit(&mut self, touch: Touch, events: &mut Vec<Event>) {
        let fireball = &self.fireballs[touch.fireball];
        let (id, by, direction) = (fireball.id, fireball.owner, fireball.direction());
        let victim = &mut self.players[touch.victim];
        victim.health = victim.health.saturating_sub(self.rules.hit_damage);
        let toward = Point::snap(touch.place.to_vec2() + direction);
        victim.motion = Motion::Push { from: touch.place, toward, since: self.tick };
        self.scratch.moved[touch.victim] = touch.place;
        let (victim_id, health) = (victim.id, victim.health);
        events.push(Event::Hit { fireball: id, by, victim: victim_id, at: touch.place, health });
        let killed = health <= self.rules.dead_at;
        if killed {
            victim.life = Life::Dead { tick: self.tick };
            victim.motion = Motion::Stand { at: touch.place };
            events.push(Event::Died { player: victim_id, by });
        }
        if let Some(owner) = self.index(by) {
            let owner = &mut self.players[owner];
            owner.hits = owner.hits.saturating_add(1);
            owner.kills = owner.kills.saturating_add(u16::from(killed));
        }
    }

    pub(crate) fn finish_motion(&mut self) {
        for (player, moved) in self.players.iter_mut().zip(&self.scratch.moved) {
            player.at = *moved;
            player.motion = player.motion.settled(self.tick, *moved, &self.tuning);
        }
    }

    pub(crate) fn end_fireballs(&mut self, events: &mut Vec<Event>) {
        let (tick, tuning) = (self.tick, &self.tuning);
        let mut spent = self.scratch.spent.iter();
        self.fireballs.retain(|fireball| {
            let hit = spent.next().copied().unwrap_or(false);
            let fizzled = !hit && fireball.spent_at(tick, tuning);
            if fizzled {
                events.push(Event::Fizzled { fireball: fireball.id, at: fireball.toward });
            }
            !hit && !fizzled
        });
    }
}
