//! The end of the match: the decision, the winner and the placements.

use alloc::vec::Vec;

use crate::ids::PlayerId;
use crate::model::event::Event;
use crate::model::phase::{EndReason, Outcome, Phase};
use crate::model::player::{Life, Player};
use crate::standing::Standing;
use crate::world::World;

impl World {
    pub(crate) fn decide_outcome(&mut self, events: &mut Vec<Event>) {
        let Phase::Fighting { ends, .. } = self.phase else { return };
        let alive = || self.players.iter().filter(|player| player.is_alive());
        let outcome = if alive().count() <= usize::from(self.rules.ends_at) {
            let winner = alive().next().map(|player| player.id);
            Outcome { winner, reason: EndReason::LastStanding }
        } else if self.tick >= ends {
            Outcome { winner: self.best_of_the_living(), reason: EndReason::TimeLimit }
        } else {
            return;
        };
        self.phase = Phase::Over { since: self.tick, outcome };
        events.push(Event::Ended(outcome));
    }

    /// Returns the living player with the most health, then the most hits. `None` if two are equal
    /// in both.
    pub(crate) fn best_of_the_living(&self) -> Option<PlayerId> {
        let merit = |player: &Player| (player.health, player.hits);
        let alive = || self.players.iter().filter(|player| player.is_alive());
        let most = alive().map(merit).max()?;
        let mut best = alive().filter(|player| merit(player) == most).map(|player| player.id);
        best.next().filter(|_| best.next().is_none())
    }

    /// Returns every player's place in the result, best first: the longest life, then the most
    /// health at the end, then the most hits. Equal players share a place.
    #[must_use]
    pub fn placements(&self) -> Vec<(PlayerId, u16)> {
        let winner = self.phase.outcome().and_then(|outcome| outcome.winner);
        let merit = |player: &Player| {
            let lasted = match player.life {
                Life::Alive | Life::Protected { .. } => u32::MAX,
                Life::Dead { tick } | Life::Left { tick } => tick.0,
            };
            (winner == Some(player.id), lasted, player.health, player.hits)
        };
        let mut ranked: Vec<&Player> = self.players.iter().collect();
        ranked.sort_by_key(|player| core::cmp::Reverse(merit(player)));
        let better =
            |player: &Player| ranked.iter().filter(|other| merit(other) > merit(player)).count();
        ranked
            .iter()
            .map(|player| (player.id, u16::try_from(better(player) + 1).unwrap_or(u16::MAX)))
            .collect()
    }

    /// Returns every player's standing in the result, best first.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing> {
        let standing = |(player, place): (PlayerId, u16)| Standing {
            player,
            team: None,
            place,
            score: self.player(player).map_or(0, |player| player.kills.into()),
        };
        self.placements().into_iter().map(standing).collect()
    }
}
