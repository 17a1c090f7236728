//! The time before the fight: the players that take part, their starts, and the beginning of the
//! fight.

use alloc::vec::Vec;

use crate::ids::PlayerId;
use crate::model::bot::Bot;
use crate::model::command::{Command, PlayerKind};
use crate::model::event::Event;
use crate::model::phase::Phase;
use crate::model::player::{Life, Player};
use crate::model::spawn;
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
        let gathering = matches!(self.phase, Phase::Waiting | Phase::Countdown { .. });
        let full = self.players.len() >= usize::from(self.rules.capacity);
        if let (true, false, Err(index)) =
            (gathering, full, self.players.binary_search_by_key(&id, |player| player.id))
        {
            let bot = match kind {
                PlayerKind::Human => None,
                PlayerKind::Bot(skill) => Some(Bot::new(skill)),
            };
            self.players.insert(index, Player::new(id, self.rules.health, bot));
            self.place_everyone();
        }
    }

    fn leave(&mut self, id: PlayerId, events: &mut Vec<Event>) {
        let Some(index) = self.index(id) else { return };
        if let Phase::Fighting { .. } = self.phase {
            let player = &mut self.players[index];
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
                let ends = self.tick.after(self.tuning.time_limit_ticks);
                self.phase = Phase::Fighting { since: self.tick, ends };
                for player in &mut self.players {
                    player.fireball_ready = self.tick.after(self.tuning.fireball_cooldown_ticks);
                    player.blink_ready = self.tick.after(self.tuning.blink_cooldown_ticks);
                }
                events.push(Event::FightBegan);
            }
            _ => {}
        }
    }
}
