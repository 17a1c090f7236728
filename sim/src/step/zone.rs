//! The closing zone: a circle around the middle of the arena. Its radius is a closed form of the
//! ticks of fight, so the zone has no state of its own.

use alloc::vec::Vec;

use glam::Vec2;

use crate::model::event::Event;
use crate::model::phase::Phase;
use crate::model::player::{Life, Player};
use crate::world::World;

impl World {
    /// Returns the centre and the radius of the zone in units. `None` without a zone or a fight.
    #[must_use]
    pub fn zone(&self) -> Option<(Vec2, f32)> {
        let Phase::Fighting { since, .. } = self.phase else { return None };
        self.tuning.zone.as_ref().map(|zone| (zone.centre, zone.radius(self.tick.since(since))))
    }

    /// Takes health from the players outside the zone, once per second of fight. If that would kill
    /// all that are left, the best of them is spared: the one with the most health, then with the
    /// most hits. If two are equal in both, none is spared, and the match is a draw. Nor is anybody
    /// spared in a fight that goes on with one alive, which has no winner.
    pub(crate) fn burn_outside_zone(&mut self, events: &mut Vec<Event>) {
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
        let has_winner = self.rules.ends_at > 0;
        let spared = if nobody_is_left && has_winner { self.best_of_the_living() } else { None };
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
