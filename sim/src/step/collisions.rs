//! Collisions: finds the fireballs that touch players, and applies the hits. A player's `at` is
//! still its position at the end of the last tick. `moved` is its position at the end of this one
//! if nothing hits it.

use alloc::vec::Vec;

use crate::ids::{PlayerId, Tick};
use crate::model::event::Event;
use crate::model::fireball::{Fireball, FireballId};
use crate::model::motion::Motion;
use crate::model::player::Life;
use crate::space::point::Point;
use crate::space::sweep::{Path, first_contact};
use crate::state::hash::StateHash;
use crate::state::history::Way;
use crate::state::stream::State;
use crate::step::scratch::{Scratch, Touch};
use crate::world::World;

impl World {
    pub(crate) fn find_touches(&mut self) {
        let mut scratch = core::mem::take(&mut self.scratch);
        scratch.touches.clear();
        let in_grid =
            self.players.len() >= self.tuning.grid_from_players && !self.fireballs.is_empty();
        let margin = if in_grid { self.build_grid(&mut scratch) } else { 0.0 };
        let reach = Point::in_units(self.reach(self.rules.health), 0.0).x();
        for (index, fireball) in self.fireballs.iter().enumerate() {
            let rewinds_flight = self.rules.rewinds_flight;
            if fireball.rewind_ticks > 0 && (rewinds_flight || fireball.thrown_in() == self.tick) {
                self.touches_of_the_past(index, fireball, &mut scratch.touches);
                if rewinds_flight {
                    continue;
                }
            }
            let path = self.fireball_path(fireball, self.tick);
            let flight = Way { from: path.place(0.0), to: path.place(1.0) };
            let Scratch { grid, moved, touches, .. } = &mut scratch;
            let mut meet = |victim: usize| {
                let way = Way { from: self.players[victim].at, to: moved[victim] };
                if flight.is_clear_of(way, reach) {
                    return;
                }
                // Mostly there is no touch, and an `extend` would reserve memory each time.
                if let Some(touch) = self.touch(index, fireball, &path, victim, way, 0) {
                    touches.push(touch);
                }
            };
            if in_grid {
                grid.near(flight.from.to_vec2(), flight.to.to_vec2(), margin).for_each(&mut meet);
            } else {
                (0..self.players.len()).for_each(&mut meet);
            }
        }
        scratch.touches.sort_unstable_by(|a, b| a.at.total_cmp(&b.at).then(a.tie.cmp(&b.tie)));
        self.scratch = scratch;
    }

    /// Sorts the players into the grid by their last positions. Returns the largest distance from a
    /// fireball's path at which a player may have been and still be touched by it: the largest
    /// reach plus the longest move of this tick.
    fn build_grid(&self, scratch: &mut Scratch) -> f32 {
        let ways = self
            .players
            .iter()
            .zip(&scratch.moved)
            .map(|(player, moved)| player.at.distance(*moved));
        let longest = ways.fold(0.0, f32::max);
        let margin = self.reach(self.rules.health) + longest + 0.001;
        scratch.grid.build(self.players.iter().map(|player| player.at), margin);
        margin
    }

    /// Finds the touches of a fireball with players where they were in a tick before this one. A
    /// new one flies through the ticks that its shooter had not seen yet. One whose flight is
    /// rewound as a whole flies in this tick, and meets the tick that its shooter sees.
    fn touches_of_the_past(&self, index: usize, fireball: &Fireball, touches: &mut Vec<Touch>) {
        let rewinds_flight = self.rules.rewinds_flight;
        let oldest = fireball.rewind_ticks;
        let newest = if rewinds_flight { oldest } else { 1 };
        for victim in 0..self.players.len() {
            let touch = (newest..=oldest).rev().find_map(|ago| {
                let seen = Tick(self.tick.0 - u32::from(ago));
                let flown = if rewinds_flight { self.tick } else { seen };
                let path = self.fireball_path(fireball, flown);
                let way = self.history.way_in(seen, victim);
                let touch = self.touch(index, fireball, &path, victim, way, ago)?;
                Some(Touch { at: touch.at - f64::from(self.tick.since(flown)), ..touch })
            });
            touches.extend(touch);
        }
    }

    fn touch(
        &self,
        index: usize,
        fireball: &Fireball,
        path: &Path,
        victim: usize,
        way: Way,
        rewind_ticks: u8,
    ) -> Option<Touch> {
        let player = &self.players[victim];
        if player.id == fireball.owner || player.life != Life::Alive {
            return None;
        }
        // It was thrown into the past and has ended before this tick.
        if path.share <= 0.0 {
            return None;
        }
        let way = Path::between(way.from, way.to, 1.0);
        let reach = self.reach(player.health);
        let at = first_contact(path, &way, f64::from(reach))?;
        Some(Touch {
            at,
            tie: self.tie(fireball.id, player.id),
            fireball: index,
            victim,
            place: way.place(at),
            rewind_ticks,
        })
    }

    /// Returns the distance in units at which a fireball touches a player with this health, from
    /// centre to centre.
    fn reach(&self, health: u16) -> f32 {
        self.rules.radius(health) + self.rules.fireball_radius
    }

    /// Returns the path of a fireball during `tick`.
    fn fireball_path(&self, fireball: &Fireball, tick: Tick) -> Path {
        let start = fireball.position_at(tick.previous(), &self.tuning);
        let end = fireball.position_at(tick, &self.tuning);
        let left = f64::from(start.distance(fireball.toward));
        let share = left / f64::from(self.tuning.fireball_step);
        Path::between(start, end, share.min(1.0))
    }

    /// Orders touches of the same instant. Neither the id nor the order of arrival may favour a
    /// player.
    fn tie(&self, fireball: FireballId, victim: PlayerId) -> u64 {
        let mut hash = StateHash::new();
        self.seed.write(&mut hash);
        self.tick.write(&mut hash);
        fireball.write(&mut hash);
        victim.write(&mut hash);
        hash.finish()
    }

    /// Resolves the touches in order of time. A fireball hits once; dead players are no obstacle.
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

    /// Applies a hit. In the present it pushes the victim from where it was touched. In the past it
    /// pushes the victim from where it is now, so that no player is carried back.
    fn hit(&mut self, touch: Touch, events: &mut Vec<Event>) {
        let fireball = &self.fireballs[touch.fireball];
        let (id, by, direction) = (fireball.id, fireball.owner, fireball.direction());
        let Touch { place, rewind_ticks, .. } = touch;
        let victim = &mut self.players[touch.victim];
        let from = if rewind_ticks == 0 { place } else { victim.at };
        victim.health = victim.health.saturating_sub(self.rules.hit_damage);
        let toward = Point::snap(from.to_vec2() + direction);
        victim.motion = Motion::Push { from, toward, since: self.tick };
        victim.walks_next = None;
        self.scratch.moved[touch.victim] = from;
        let (victim_id, health) = (victim.id, victim.health);
        events.push(Event::Hit {
            fireball: id,
            by,
            victim: victim_id,
            at: place,
            health,
            rewind_ticks,
        });
        let killed = health <= self.rules.dead_at;
        if killed {
            victim.life = Life::Dead { tick: self.tick };
            victim.motion = Motion::Stand { at: from };
            events.push(Event::Died { player: victim_id, by: Some(by) });
        }
        if let Some(owner) = self.index(by) {
            let owner = &mut self.players[owner];
            owner.hits = owner.hits.saturating_add(1);
            owner.kills = owner.kills.saturating_add(u16::from(killed));
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

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use glam::Vec2;
    use proptest::collection::vec;
    use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use crate::ids::{PlayerId, Tick, TickRate};
    use crate::model::command::{Command, PlayerKind};
    use crate::model::event::Event;
    use crate::model::fireball::{Fireball, FireballId};
    use crate::model::motion::Motion;
    use crate::model::phase::Phase;
    use crate::model::rules::Rules;
    use crate::space::point::Point;
    use crate::step::scratch::Touch;
    use crate::world::World;

    const SIZE: f32 = 16.0;

    /// A random fight: where players stand, where they walk to, and their shots.
    #[derive(Clone, Debug)]
    struct Scene {
        tick_rate: TickRate,
        fireball_speed: f32,
        radius_per_health: f32,
        players: Vec<(Vec2, Vec2)>,
        shots: Vec<(usize, Vec2)>,
    }

    fn scene(players: usize) -> impl Strategy<Value = Scene> {
        let place = || (0f32..SIZE, 0f32..SIZE).prop_map(Vec2::from);
        let rates = prop_oneof![Just(TickRate::Hz20), Just(TickRate::Hz30), Just(TickRate::Hz60)];
        let radii = prop_oneof![Just(0.0001f32), Just(0.001), Just(0.004)];
        let speeds = prop_oneof![0.1f32..2.0, 2.0f32..1000.0];
        (2..=players).prop_flat_map(move |players| {
            let walks = vec((place(), place()), players);
            let shots = vec((0..players, place()), 1..=players);
            (rates.clone(), speeds.clone(), radii.clone(), walks, shots).prop_map(
                |(tick_rate, fireball_speed, radius_per_health, players, shots)| Scene {
                    tick_rate,
                    fireball_speed,
                    radius_per_health,
                    players,
                    shots,
                },
            )
        })
    }

    /// Returns the scene at the beginning of a tick of fight.
    fn world(scene: &Scene) -> World {
        let rules = Rules {
            tick_rate: scene.tick_rate,
            capacity: 1000,
            arena_width: SIZE,
            arena_height: SIZE,
            fireball_speed: scene.fireball_speed,
            fireball_range: 2.0 * SIZE,
            radius_per_health: scene.radius_per_health,
            walk_speed: 1.0,
            countdown_s: 0.0,
            ..crate::model::modes::preset("brawl").expect("a preset").rules
        };
        let mut world = World::new(rules, 1).expect("valid");
        let joins: Vec<_> = (0u16..)
            .zip(&scene.players)
            .map(|(id, _)| Command::Join { player: PlayerId(id), kind: PlayerKind::Human })
            .collect();
        world.step(&joins, &mut Vec::new());
        world.phase = Phase::Fighting { since: Tick(0), ends: Tick(9_999) };
        for (index, (at, to)) in scene.players.iter().enumerate() {
            let bounds = world.bounds(50);
            let at = Point::snap(bounds.clamp(*at));
            world.players[index].at = at;
            world.players[index].motion = Motion::walk(at, Point::snap(*to), world.tick, bounds);
        }
        for (id, (by, at)) in (0u32..).zip(&scene.shots) {
            let player = &world.players[*by];
            let (from, toward) = (player.at, Point::snap(*at));
            if from != toward {
                let owner = player.id;
                world.fireballs.push(Fireball {
                    id: FireballId(id),
                    owner,
                    from,
                    toward,
                    since: world.tick,
                    rewind_ticks: 0,
                });
            }
        }
        world
    }

    /// Returns the touches of the next tick, by the grid or by comparing all players with all
    /// fireballs.
    fn touches(world: &World, by_grid: bool) -> Vec<(FireballId, PlayerId, u64)> {
        let mut world = world.clone();
        world.tuning.grid_from_players = if by_grid { 0 } else { usize::MAX };
        world.tick = world.tick.next();
        world.advance_players();
        world.find_touches();
        let name = |touch: &Touch| {
            (world.fireballs[touch.fireball].id, world.players[touch.victim].id, touch.at.to_bits())
        };
        world.scratch.touches.iter().map(name).collect()
    }

    fn check(scene: &Scene) {
        let world = world(scene);
        let brute = touches(&world, false);
        assert_eq!(brute, touches(&world, true));
        assert!(brute.is_sorted_by_key(|touch| f64::from_bits(touch.2)), "earliest first");
    }

    proptest! {
        #[test]
        fn the_grid_finds_what_comparing_everybody_finds(scene in scene(60)) {
            check(&scene);
        }

        /// A player whose body lies across the whole line of a fireball is hit, at any speed and
        /// any size. The owner is never hit.
        #[test]
        fn nothing_passes_through(scene in scene(2), share in 0.05f32..0.95) {
            let mut world = world(&scene);
            world.fireballs.truncate(1);
            let Some(fireball) = world.fireballs.first().cloned() else { return Ok(()) };
            let victim = usize::from(fireball.owner == PlayerId(0));
            let between = fireball.from.to_vec2().lerp(fireball.toward.to_vec2(), share);
            world.players[victim].stand(Point::snap(between));
            let mut events = Vec::new();
            while !world.fireballs.is_empty() && events.is_empty() {
                world.step(&[], &mut events);
            }
            let hit = events.iter().any(|event| matches!(event, Event::Hit { .. }));
            prop_assert!(hit, "{:?} {:?}", fireball, events);
            prop_assert_eq!(world.players[1 - victim].health, 50);
        }
    }

    #[test]
    fn the_grid_agrees_in_crowds_of_a_thousand() {
        let crowd = if cfg!(miri) { 40 } else { 1000 };
        let mut rolls = 1u64;
        let mut roll = move || {
            rolls = rolls
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (rolls >> 40) as f32 / (1u64 << 24) as f32
        };
        for fireball_speed in [0.8, 20.0, 1000.0] {
            let mut place = || Vec2::new(roll() * SIZE, roll() * SIZE);
            check(&Scene {
                tick_rate: TickRate::Hz30,
                fireball_speed,
                radius_per_health: 0.001,
                players: (0..crowd).map(|_| (place(), place())).collect(),
                shots: (0..crowd).map(|by| (by, place())).collect(),
            });
        }
    }
}
