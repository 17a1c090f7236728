//! Intents: carries out the inputs of players and bots, as far as the rules allow.

use alloc::vec::Vec;

use crate::ids::{PlayerId, Tick};
use crate::model::command::{Command, Input};
use crate::model::event::{Event, Refusal};
use crate::model::fireball::{Fireball, FireballId};
use crate::model::motion::Motion;
use crate::model::phase::Phase;
use crate::space::point::Point;
use crate::step::bots::Sight;
use crate::world::World;

impl World {
    pub(crate) fn apply_inputs(&mut self, commands: &[Command], events: &mut Vec<Event>) {
        for command in commands {
            if let Command::Input { player, input, rewind_ticks } = *command
                && let Err(why) = self.try_input(player, input, rewind_ticks, events)
            {
                events.push(Event::Refused { player, why });
            }
        }
    }

    /// Lets the bots act. All of them see the same world before any of them acts.
    pub(crate) fn apply_bot_inputs(&mut self, events: &mut Vec<Event>) {
        let Phase::Fighting { since, .. } = self.phase else { return };
        let mut intents = core::mem::take(&mut self.scratch.intents);
        let zone = self.zone();
        for index in 0..self.players.len() {
            if !self.players[index].is_alive() {
                continue;
            }
            let Some(mut bot) = self.players[index].bot.take() else { continue };
            let me = &self.players[index];
            let sight = Sight {
                tick: self.tick,
                since,
                rules: &self.rules,
                tuning: &self.tuning,
                players: &self.players,
                fireballs: &self.fireballs,
                zone,
            };
            intents.extend(bot.think(me, sight, &mut self.rng).map(|input| (me.id, input)));
            self.players[index].bot = Some(bot);
        }
        for (player, input) in intents.drain(..) {
            // A bot knows no better than a player what is refused. Its refusals are not reported.
            let _refused = self.try_input(player, input, 0, events);
        }
        self.scratch.intents = intents;
    }

    fn try_input(
        &mut self,
        id: PlayerId,
        input: Input,
        rewind_ticks: u8,
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
            Input::Shoot(at) => self.shoot(index, at, rewind_ticks, events)?,
            Input::Blink(to) => self.blink(index, to, events)?,
        }
        Ok(())
    }

    /// Ends a walk. A push continues, because a player cannot stop a blow.
    fn stop(&mut self, index: usize) {
        let player = &mut self.players[index];
        player.walks_next = None;
        if let Motion::Walk { .. } = player.motion {
            player.stand(player.at);
        }
    }

    /// Begins a walk, or remembers it until the push has ended.
    fn walk(&mut self, index: usize, to: Point) {
        let (bounds, tick) = (self.bounds(self.players[index].health), self.tick.previous());
        let player = &mut self.players[index];
        if let Motion::Push { .. } = player.motion {
            player.walks_next = Some(to);
        } else {
            player.motion = Motion::walk(player.at, to, tick, bounds);
        }
    }

    /// Throws a fireball. With a rewind its flight began in the past, unless that rewinds the
    /// others all its flight long.
    fn shoot(
        &mut self,
        index: usize,
        at: Point,
        rewind_ticks: u8,
        events: &mut Vec<Event>,
    ) -> Result<(), Refusal> {
        let rewind_ticks = self.rewind_allowed(rewind_ticks);
        let player = &mut self.players[index];
        if self.tick < player.fireball_ready {
            return Err(Refusal::Cooldown);
        }
        let (from, owner) = (player.at, player.id);
        let direction = from.direction(at).ok_or(Refusal::NoWay)?;
        let arena = self.tuning.arena;
        let room = arena.shrunk(self.rules.fireball_radius);
        // A body smaller than a fireball can stand nearer to a wall than a fireball can fly. A
        // fireball from there flies until its centre is at a wall.
        let is_inside = room.clamp(from.to_vec2()) == from.to_vec2();
        let room = if is_inside { room } else { arena };
        let length = room.reach(from.to_vec2(), direction, self.rules.fireball_range);
        let toward = Point::snap(from.to_vec2() + direction * length);
        if toward == from {
            return Err(Refusal::NoWay);
        }
        player.fireball_ready = self.tick.after(self.tuning.fireball_cooldown_ticks);
        let id = self.next_fireball;
        self.next_fireball = FireballId(id.0.wrapping_add(1));
        let began_ago = if self.rules.rewinds_flight { 0 } else { rewind_ticks };
        let since = Tick(self.tick.previous().0 - u32::from(began_ago));
        self.fireballs.push(Fireball { id, owner, from, toward, since, rewind_ticks });
        events.push(Event::Shot { player: owner, fireball: id });
        Ok(())
    }

    /// Limits a rewind to what the mode allows. It reaches back no farther than the fight's second
    /// tick, because players have no past before that.
    fn rewind_allowed(&self, rewind_ticks: u8) -> u8 {
        let Phase::Fighting { since, .. } = self.phase else { return 0 };
        let past = u8::try_from(self.tick.previous().since(since)).unwrap_or(u8::MAX);
        rewind_ticks.min(self.tuning.rewind_ticks_max).min(past)
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
