//! Intents: what players and bots want, as far as the rules allow it.

use alloc::vec::Vec;

use crate::bot::Sight;
use crate::command::{Command, Input};
use crate::event::{Event, Refusal};
use crate::fireball::{Fireball, FireballId};
use crate::ids::PlayerId;
use crate::math::Point;
use crate::motion::Motion;
use crate::phase::Phase;
use crate::world::World;

impl World {
    pub(crate) fn act(&mut self, commands: &[Command], events: &mut Vec<Event>) {
        for command in commands {
            if let Command::Input { player, input } = *command
                && let Err(why) = self.try_input(player, input, events)
            {
                events.push(Event::Refused { player, why });
            }
        }
    }

    /// All bots look at the same world before any of them acts.
    pub(crate) fn think(&mut self, events: &mut Vec<Event>) {
        let mut intents = core::mem::take(&mut self.scratch.intents);
        for index in 0..self.players.len() {
            if !self.players[index].is_alive() {
                continue;
            }
            let Some(mut bot) = self.players[index].bot.take() else { continue };
            let me = &self.players[index];
            let sight = Sight {
                tick: self.tick,
                rules: &self.rules,
                tuning: &self.tuning,
                players: &self.players,
                fireballs: &self.fireballs,
            };
            intents.extend(bot.think(me, sight, &mut self.rng).map(|input| (me.id, input)));
            self.players[index].bot = Some(bot);
        }
        for (player, input) in intents.drain(..) {
            // A bot knows no better than a player what is refused; nobody needs to be told.
            let _refused = self.try_input(player, input, events);
        }
        self.scratch.intents = intents;
    }

    fn try_input(
        &mut self,
        id: PlayerId,
        input: Input,
        events: &mut Vec<Event>,
    ) -> Result<(), Refusal> {
        let Phase::Fighting { .. } = self.phase else { return Err(Refusal::NotFighting) };
        let index = self
            .index(id)
            .filter(|index| self.players[*index].is_alive())
            .ok_or(Refusal::NotAlive)?;
        match input {
            Input::Stop => self.stop(index),
            Input::Move(to) => self.walk(index, to),
            Input::Shoot(at) => self.shoot(index, at, events)?,
            Input::Blink(to) => self.blink(index, to, events)?,
        }
        Ok(())
    }

    /// Ends a walk. A push goes on: nobody stops a blow by wanting to.
    fn stop(&mut self, index: usize) {
        let player = &mut self.players[index];
        if let Motion::Walk { .. } = player.motion {
            player.stand(player.at);
        }
    }

    /// Begins a walk, ending whatever motion there was.
    fn walk(&mut self, index: usize, to: Point) {
        let bounds = self.bounds(self.players[index].health);
        let player = &mut self.players[index];
        let to = Point::snap(bounds.clamp(to.to_vec2()));
        player.motion = Motion::Walk { from: player.at, to, since: self.tick.previous() };
    }

    fn shoot(&mut self, index: usize, at: Point, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let player = &mut self.players[index];
        if self.tick < player.fireball_ready {
            return Err(Refusal::Cooldown);
        }
        let direction = player.at.direction(at).ok_or(Refusal::NoWay)?;
        let from = player.at.to_vec2();
        let room = self.tuning.arena.shrunk(self.rules.fireball_radius);
        let length = room.reach(from, direction, self.rules.fireball_range);
        let toward = Point::snap(from + direction * length);
        if toward == player.at {
            return Err(Refusal::NoWay);
        }
        player.fireball_ready = self.tick.after(self.tuning.fireball_cooldown_ticks);
        let (id, owner) = (self.next_fireball, player.id);
        self.next_fireball = FireballId(id.0.wrapping_add(1));
        self.fireballs.push(Fireball {
            id,
            owner,
            from: player.at,
            toward,
            since: self.tick.previous(),
        });
        events.push(Event::Shot { player: owner, fireball: id });
        Ok(())
    }

    fn blink(&mut self, index: usize, to: Point, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let bounds = self.bounds(self.players[index].health);
        let player = &mut self.players[index];
        if self.tick < player.blink_ready {
            return Err(Refusal::Cooldown);
        }
        let from = player.at;
        let to = Point::snap(bounds.clamp(from.toward(to, self.rules.blink_range).to_vec2()));
        if to == from {
            return Err(Refusal::NoWay);
        }
        player.blink_ready = self.tick.after(self.tuning.blink_cooldown_ticks);
        player.stand(to);
        events.push(Event::Blinked { player: player.id, from, to });
        Ok(())
    }
}
