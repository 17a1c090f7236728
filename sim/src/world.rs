//! The simulated state of one match, and the step that advances it. The step cannot fail and reads
//! nothing but its arguments. It is a list of named phases, which are in `step`.

use alloc::vec::Vec;

use crate::ids::{PlayerId, Tick};
use crate::model::command::Command;
use crate::model::event::Event;
use crate::model::fireball::{Fireball, FireballId};
use crate::model::phase::Phase;
use crate::model::player::{Life, Player};
use crate::model::rules::{Rules, RulesError};
use crate::model::tick_rules::Tuning;
use crate::space::point::{Bounds, Point};
use crate::state::hash::StateHash;
use crate::state::history::History;
use crate::state::rng::Rng;
use crate::state::stream::{Saved, Sink, Source, State, StateError};
use crate::step::scratch::Scratch;

/// The whole state of a match at the end of a tick.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) rules: Rules,
    pub(crate) seed: u64,
    pub(crate) tick: Tick,
    pub(crate) rng: Rng,
    pub(crate) phase: Phase,
    pub(crate) players: Vec<Player>,
    pub(crate) history: History,
    pub(crate) fireballs: Vec<Fireball>,
    pub(crate) next_fireball: FireballId,
    pub(crate) tuning: Tuning,
    pub(crate) scratch: Scratch,
}

impl World {
    /// Returns a world before its first tick, without players.
    ///
    /// # Errors
    /// Fails if a rule is outside its range.
    pub fn new(rules: Rules, seed: u64) -> Result<World, RulesError> {
        rules.check()?;
        Ok(World::begin(Tuning::new(&rules), rules, seed))
    }

    /// Returns a world before its first tick, with the same rules and another seed.
    #[must_use]
    pub fn fresh(&self, seed: u64) -> World {
        World::begin(self.tuning.clone(), self.rules.clone(), seed)
    }

    fn begin(tuning: Tuning, rules: Rules, seed: u64) -> World {
        // Enough for a busy fight, so that no tick of it allocates.
        let players = usize::from(rules.capacity);
        let fireballs = players * tuning.fireballs_per_player();
        World {
            tuning,
            rules,
            seed,
            tick: Tick(0),
            rng: Rng::new(seed),
            phase: Phase::Waiting,
            players: Vec::with_capacity(players),
            history: History::with_capacity(players),
            fireballs: Vec::with_capacity(fireballs),
            next_fireball: FireballId(0),
            scratch: Scratch::new(players, fireballs),
        }
    }

    /// Advances the world by one tick. `commands` begins with the leaves, which make room for the
    /// joins. The rest is in player order, with at most one input per player. The events of the
    /// tick are appended to `events`. Once the match is over, only the tick number advances.
    pub fn step(&mut self, commands: &[Command], events: &mut Vec<Event>) {
        self.tick = self.tick.next();
        if self.phase.outcome().is_some() {
            return;
        }
        self.admit_and_remove(commands, events);
        self.update_pregame(events);
        self.apply_inputs(commands, events);
        if matches!(self.phase, Phase::Fighting { .. }) {
            self.end_protection();
            self.apply_bot_inputs(events);
            self.advance_players();
            self.find_touches();
            self.resolve_touches(events);
            self.finish_motion();
            self.end_fireballs(events);
            self.burn_outside_zone(events);
            self.decide_outcome(events);
        }
    }

    /// Returns the rules of this match.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the rules in the form that a tick needs.
    #[must_use]
    pub const fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// Returns the number of the last step.
    #[must_use]
    pub const fn tick(&self) -> Tick {
        self.tick
    }

    /// Returns the phase of the match.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns all players that take part, the dead included, sorted by id.
    #[must_use]
    pub fn players(&self) -> &[Player] {
        &self.players
    }

    /// Returns the player with this id, if it takes part.
    #[must_use]
    pub fn player(&self, id: PlayerId) -> Option<&Player> {
        self.index(id).map(|index| &self.players[index])
    }

    /// Returns the fireballs in the air, sorted by id.
    #[must_use]
    pub fn fireballs(&self) -> &[Fireball] {
        &self.fireballs
    }

    /// Returns the position of a fireball of this world at the end of the current tick.
    #[must_use]
    pub fn fireball_place(&self, fireball: &Fireball) -> Point {
        fireball.position_at(self.tick, &self.tuning)
    }

    /// Returns the hash of the whole state. Two runs of the same match have the same hash at every
    /// tick.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hash = StateHash::new();
        self.write(&mut hash);
        hash.finish()
    }

    /// Returns the whole state in a compact binary form. [`World::restore`] makes the same world
    /// from it.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut saved = Saved::default();
        self.write(&mut saved);
        saved.0
    }

    /// Restores a saved world.
    ///
    /// # Errors
    /// Fails if the bytes are not the state of a world of this version. Any bytes may be passed.
    pub fn restore(saved: &[u8]) -> Result<World, StateError> {
        let mut source = Source::new(saved);
        let world = World::read(&mut source)?;
        source.end()?;
        Ok(world)
    }

    /// Returns the seed of this match.
    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns true while too few players take part, so that nothing moves.
    pub(crate) const fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting)
    }

    /// Returns the index of the player with this id. Ids are given from 0 on, so it mostly equals
    /// the id.
    pub(crate) fn index(&self, id: PlayerId) -> Option<usize> {
        let guess = usize::from(id.0);
        if self.players.get(guess).is_some_and(|player| player.id == id) {
            return Some(guess);
        }
        self.players.binary_search_by_key(&id, |player| player.id).ok()
    }

    /// Returns whether a fireball is not of the future, and reaches back no further than players
    /// have a past.
    fn can_have(&self, fireball: &Fireball) -> bool {
        let is_thrown = if self.rules.rewinds_flight {
            fireball.since < self.tick && u32::from(fireball.rewind_ticks) <= fireball.since.0
        } else {
            fireball.thrown_in() <= self.tick
        };
        is_thrown && fireball.rewind_ticks <= self.tuning.rewind_ticks_max
    }

    /// Returns the bounds for the centre of a player with this health.
    pub(crate) fn bounds(&self, health: u16) -> Bounds {
        self.tuning.arena.shrunk(self.rules.radius(health))
    }
}

impl State for World {
    fn write(&self, sink: &mut impl Sink) {
        // No `..`: a new field must either be written or be named here as derived.
        let World {
            rules,
            seed,
            tick,
            rng,
            phase,
            players,
            history,
            fireballs,
            next_fireball,
            tuning: _,
            scratch: _,
        } = self;
        rules.write(sink);
        seed.write(sink);
        tick.write(sink);
        rng.write(sink);
        phase.write(sink);
        sink.word(players.len() as u64);
        for (index, player) in players.iter().enumerate() {
            player.write(sink);
            history.of(index).for_each(|way| way.write(sink));
        }
        fireballs.write(sink);
        next_fireball.write(sink);
    }

    fn read(source: &mut Source<'_>) -> Result<World, StateError> {
        let rules = Rules::read(source)?;
        rules.check()?;
        let mut world = World::begin(Tuning::new(&rules), rules, State::read(source)?);
        world.tick = State::read(source)?;
        world.rng = State::read(source)?;
        world.phase = State::read(source)?;
        let mut histories = Vec::new();
        for _ in 0..source.length()? {
            world.players.push(State::read(source)?);
            histories.push(State::read(source)?);
        }
        world.history.restore(&histories);
        world.fireballs = State::read(source)?;
        world.next_fireball = State::read(source)?;
        if world.players.len() > usize::from(world.rules.capacity)
            || !world.players.is_sorted_by(|a, b| a.id < b.id)
        {
            return Err(StateError::Impossible("order of players"));
        }
        if !world.fireballs.iter().all(|fireball| world.can_have(fireball)) {
            return Err(StateError::Impossible("fireball of the future"));
        }
        let protection = world.tuning.protection_ticks;
        let is_lasting = |player: &Player| match player.life {
            Life::Protected { until } => until.since(world.tick) > protection || protection == 0,
            _ => false,
        };
        if world.players.iter().any(is_lasting) {
            return Err(StateError::Impossible("protection"));
        }
        Ok(world)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::World;
    use crate::ids::{PlayerId, Tick};
    use crate::model::command::{Command, PlayerKind};
    use crate::model::fireball::{Fireball, FireballId};
    use crate::model::modes::preset;
    use crate::model::player::Life;
    use crate::space::point::Point;
    use crate::state::stream::StateError;

    /// A world with three players and a fireball, after five ticks.
    fn world() -> World {
        let mut world = World::new(preset("brawl").expect("a preset").rules, 1).expect("valid");
        for id in 0..5 {
            let join = Command::Join { player: PlayerId(id), kind: PlayerKind::Human };
            world.step(if id < 3 { core::slice::from_ref(&join) } else { &[] }, &mut Vec::new());
        }
        world.fireballs.push(Fireball {
            id: FireballId(0),
            owner: PlayerId(0),
            from: Point::new(1_000, 2_000),
            toward: Point::new(30_000, 2_000),
            since: Tick(4),
            rewind_ticks: 0,
        });
        world
    }

    fn refused(change: impl FnOnce(&mut World), expect: &'static str) {
        let mut world = world();
        change(&mut world);
        let error = World::restore(&world.save()).expect_err("refused");
        assert_eq!(error, StateError::Impossible(expect));
    }

    #[test]
    fn what_no_match_comes_to_is_not_restored() {
        let world = world();
        assert_eq!(World::restore(&world.save()).expect("a state").hash(), world.hash());
        refused(|world| world.rules.capacity = 2, "order of players");
        refused(|world| world.players.swap(0, 1), "order of players");
        refused(|world| world.players[1].id = PlayerId(0), "order of players");
        refused(|world| world.fireballs[0].since = Tick(5), "fireball of the future");
        let too_long = world.tuning.rewind_ticks_max + 1;
        let long_ago = |world: &mut World| {
            (world.fireballs[0].since, world.fireballs[0].rewind_ticks) = (Tick(0), too_long);
            world.tick = Tick(60);
        };
        refused(long_ago, "fireball of the future");
        let protected = |until| {
            move |world: &mut World| world.players[0].life = Life::Protected { until: Tick(until) }
        };
        refused(protected(6), "protection");
        let with_protection = |world: &mut World| world.rules.protection_s = 0.1;
        let mut world = self::world();
        with_protection(&mut world);
        protected(8)(&mut world);
        assert_eq!(World::restore(&world.save()).expect("a state").hash(), world.hash());
        refused(|world| (with_protection(world), protected(9)(world)).1, "protection");
        let rewinds = |world: &mut World, since, rewind_ticks| {
            world.rules.rewinds_flight = true;
            (world.fireballs[0].since, world.fireballs[0].rewind_ticks) =
                (Tick(since), rewind_ticks);
        };
        rewinds(&mut world, 4, 4);
        assert_eq!(World::restore(&world.save()).expect("a state").hash(), world.hash());
        refused(|world| rewinds(world, 5, 0), "fireball of the future");
        refused(|world| rewinds(world, 4, 5), "fireball of the future");
    }

    #[test]
    fn a_fireball_is_where_it_has_flown_to() {
        let mut world = world();
        world.tick = Tick(4);
        assert_eq!(world.fireball_place(&world.fireballs()[0]), Point::new(1_000, 2_000));
        world.tick = Tick(5);
        let place = world.fireball_place(&world.fireballs()[0]);
        assert!(place.x() > 1_000 && place.y() == 2_000, "{place:?}");
    }
}
