//! The closing zone: a circle around the middle of the arena. Its radius is a closed form of the
//! ticks of fight, so the zone has no state of its own.

use glam::Vec2;

use crate::event::Event;
use crate::math::Point;
use crate::phase::Phase;
use crate::player::{Life, Player};
use crate::rules::{Rules, Zone};
use crate::world::World;

/// A zone in ticks.
#[derive(Clone, Debug)]
pub(crate) struct ZoneTuning {
    centre: Vec2,
    start_radius: f32,
    end_radius: f32,
    waits_ticks: u32,
    closes_ticks: u32,
    damage: u16,
}

impl ZoneTuning {
    pub(crate) fn new(rules: &Rules, zone: Zone) -> ZoneTuning {
        let centre = Vec2::new(rules.arena_width, rules.arena_height) * 0.5;
        ZoneTuning {
            centre,
            start_radius: centre.length().max(zone.end_radius),
            end_radius: zone.end_radius,
            waits_ticks: rules.tick_rate.ticks(zone.waits_s),
            closes_ticks: rules.tick_rate.ticks(zone.closes_s),
            damage: zone.damage,
        }
    }

    /// Returns the radius after this many ticks of fight. It waits, then shrinks evenly to its end.
    pub(crate) fn radius(&self, ticks: u32) -> f32 {
        let closing = ticks.saturating_sub(self.waits_ticks).min(self.closes_ticks);
        let share = closing as f32 / self.closes_ticks as f32;
        self.start_radius + (self.end_radius - self.start_radius) * share
    }

    /// Returns true if a player whose centre is here is outside.
    pub(crate) fn is_outside(&self, at: Point, ticks: u32) -> bool {
        (at.to_vec2() - self.centre).length() > self.radius(ticks)
    }
}

impl World {
    /// Returns the centre and the radius of the zone in units. `None` without a zone or a fight.
    #[must_use]
    pub fn zone(&self) -> Option<(Vec2, f32)> {
        let Phase::Fighting { since, .. } = self.phase else { return None };
        self.tuning.zone.as_ref().map(|zone| (zone.centre, zone.radius(self.tick.since(since))))
    }

    /// Takes health from the players outside the zone, once per second of fight. If that would kill
    /// all that are left, the best of them is spared: the one with the most health, then with the
    /// most hits. If two are equal in both, none is spared, and the match is a draw.
    pub(crate) fn burn(&mut self, events: &mut alloc::vec::Vec<Event>) {
        let (Phase::Fighting { since, .. }, Some(zone)) = (self.phase, &self.tuning.zone) else {
            return;
        };
        let ticks = self.tick.since(since);
        if ticks == 0 || !ticks.is_multiple_of(self.tuning.second_ticks) {
            return;
        }
        let burns = |player: &Player| player.is_alive() && zone.is_outside(player.at, ticks);
        let dies = |player: &Player| {
            burns(player) && player.health.saturating_sub(zone.damage) <= self.rules.dead_at
        };
        let nobody_is_left = self.players.iter().all(|player| !player.is_alive() || dies(player));
        let spared = if nobody_is_left { self.best_of_the_living() } else { None };
        for player in self.players.iter_mut() {
            if !burns(player) || spared == Some(player.id) {
                continue;
            }
            player.health = player.health.saturating_sub(zone.damage);
            events.push(Event::Burned { player: player.id, health: player.health });
            if player.health <= self.rules.dead_at {
                player.life = Life::Dead { tick: self.tick };
                player.stand(player.at);
                events.push(Event::Died { player: player.id, by: None });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ZoneTuning;
    use crate::modes::preset;
    use crate::rules::Zone;

    #[test]
    fn it_waits_then_closes_evenly_then_stays() {
        let rules = preset("royale").expect("a preset").rules;
        let zone = ZoneTuning::new(
            &rules,
            Zone { waits_s: 10.0, closes_s: 20.0, end_radius: 1.0, damage: 1 },
        );
        let corner = (8.0f32 * 8.0 + 4.5 * 4.5).sqrt();
        for (seconds, radius) in
            [(0, corner), (10, corner), (20, f32::midpoint(corner, 1.0)), (30, 1.0), (99, 1.0)]
        {
            assert!((zone.radius(seconds * 30) - radius).abs() < 1e-5, "{seconds} s");
        }
    }
}
