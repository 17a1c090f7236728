//! Movement: the moves of this tick before anything is hit, and the places after all hits.

use crate::model::motion::Motion;
use crate::model::player::Life;
use crate::state::history::Way;
use crate::world::World;

impl World {
    /// Lets fireballs hit those whose protection is over.
    pub(crate) fn end_protection(&mut self) {
        if self.tuning.protection_ticks == 0 {
            return;
        }
        for player in &mut self.players {
            if matches!(player.life, Life::Protected { until } if until <= self.tick) {
                player.life = Life::Alive;
            }
        }
    }

    pub(crate) fn advance_players(&mut self) {
        let mut moved = core::mem::take(&mut self.scratch.moved);
        moved.clear();
        moved.extend(
            self.players
                .iter()
                .map(|player| player.motion.place_at(self.tick, player.health, &self.tuning)),
        );
        self.scratch.moved = moved;
    }

    pub(crate) fn finish_motion(&mut self) {
        let moved = core::mem::take(&mut self.scratch.moved);
        for (index, to) in moved.iter().enumerate() {
            let player = &mut self.players[index];
            self.history.record(self.tick, index, Way { from: player.at, to: *to });
            player.at = *to;
            player.motion = player.motion.settled(self.tick, *to, &self.tuning);
            if let (Motion::Stand { .. }, Some(next)) = (player.motion, player.walks_next) {
                player.walks_next = None;
                let bounds = self.tuning.arena.shrunk(self.rules.radius(player.health));
                player.motion = Motion::walk(*to, next, self.tick, bounds);
            }
        }
        self.scratch.moved = moved;
    }
}
