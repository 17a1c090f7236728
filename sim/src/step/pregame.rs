//! The players that take part: their joins, starts and leaves, before the fight and in it, and the
//! beginning of the fight.

use alloc::vec::Vec;

use crate::ids::{PlayerId, Tick};
use crate::model::bot::Bot;
use crate::model::command::{Command, PlayerKind};
use crate::model::event::Event;
use crate::model::phase::Phase;
use crate::model::player::{Life, Player};
use crate::model::spawn;
use crate::space::point::Point;
use crate::world::World;

impl World {
    pub(crate) fn admit_and_remove(&mut self, commands: &[Command], events: &mut Vec<Event>) {
        for command in commands {
            match *command {
                Command::Join { player, kind } => self.join(player, kind),
                Command::Leave { player } => self.leave(player, events),
                Command::Input { .. } => {}
            }
        }
    }

    fn join(&mut self, id: PlayerId, kind: PlayerKind) {
        let fights = matches!(self.phase, Phase::Fighting { .. });
        let full = self.players.len() >= usize::from(self.rules.capacity);
        let admits = !full && (!fights || self.rules.late_joins);
        if let (true, Err(index)) =
            (admits, self.players.binary_search_by_key(&id, |player| player.id))
        {
            let bot = match kind {
                PlayerKind::Human => None,
                PlayerKind::Bot(skill) => Some(Bot::new(skill)),
            };
            self.players.insert(index, Player::new(id, self.rules.health, bot));
            if fights {
                self.place_late(index);
            } else {
                self.place_everyone();
            }
        }
    }

    fn leave(&mut self, id: PlayerId, events: &mut Vec<Event>) {
        let Some(index) = self.index(id) else { return };
        if let Phase::Fighting { .. } = self.phase {
            let player = &mut self.players[index];
            if self.rules.late_joins {
                self.players.remove(index);
                self.history.remove(index);
                return events.push(Event::Left { player: id });
            }
            if !player.is_alive() {
                return;
            }
            player.stand(player.at);
            player.life = Life::Left { tick: self.tick };
        } else {
            self.players.remove(index);
            self.place_everyone();
        }
        events.push(Event::Left { player: id });
    }

    fn place_everyone(&mut self) {
        let (turn, count) = (self.rng.unit(), self.players.len());
        self.history.begin(count);
        for (index, player) in self.players.iter_mut().enumerate() {
            player.stand(spawn::start(&self.rules, index, count, turn));
        }
    }

    /// Places a player that has joined the fight as far from the living as its start can be.
    fn place_late(&mut self, index: usize) {
        let (turn, count) = (self.rng.unit(), self.players.len());
        let others = || self.players.iter().enumerate().filter(|(other, _)| *other != index);
        let gap = |place: &Point| {
            let living = others().filter(|(_, player)| player.is_alive());
            living.map(|(_, player)| player.at.distance_squared(*place)).min()
        };
        let places = (0..count).map(|place| spawn::start(&self.rules, place, count, turn));
        let place = places.max_by_key(gap).unwrap_or_default();
        self.players[index].stand(place);
        self.history.insert(index, place);
        self.begin_fight_of(index);
    }

    /// Fills the cooldowns of a player, and protects it.
    fn begin_fight_of(&mut self, index: usize) {
        let (tick, tuning, player) = (self.tick, &self.tuning, &mut self.players[index]);
        player.fireball_ready = tick.after(tuning.fireball_cooldown_ticks);
        player.blink_ready = tick.after(tuning.blink_cooldown_ticks);
        if tuning.protection_ticks > 0 {
            player.life = Life::Protected { until: tick.after(tuning.protection_ticks) };
        }
    }

    pub(crate) fn update_pregame(&mut self, events: &mut Vec<Event>) {
        let enough = self.players.len() >= usize::from(self.rules.fight_at);
        match self.phase {
            Phase::Waiting if enough => {
                self.phase =
                    Phase::Countdown { ends: self.tick.after(self.tuning.countdown_ticks) };
                events.push(Event::CountdownBegan);
            }
            Phase::Countdown { .. } if !enough => {
                self.phase = Phase::Waiting;
                events.push(Event::CountdownStopped);
            }
            Phase::Countdown { ends } if self.tick >= ends => {
                let limit = self.tuning.time_limit_ticks;
                let ends = limit.map_or(Tick::LAST, |ticks| self.tick.after(ticks));
                self.phase = Phase::Fighting { since: self.tick, ends };
                (0..self.players.len()).for_each(|index| self.begin_fight_of(index));
                events.push(Event::FightBegan);
            }
            _ => {}
        }
    }
}
