//! All simulated state of one match, and the step that advances it. The step cannot fail, reads nothing but
//! its arguments, and is a list of named phases: `gather.rs`, `act.rs`, `hits.rs` and `verdict.rs`, in this order.

use alloc::vec::Vec;

use crate::command::{Command, Input};
use crate::event::Event;
use crate::fireball::{Fireball, FireballId};
use crate::hash::{Hashed, StateHash};
use crate::hits::Touch;
use crate::ids::{PlayerId, Tick};
use crate::math::{Bounds, Point};
use crate::phase::Phase;
use crate::player::Player;
use crate::rng::Rng;
use crate::rules::{Rules, RulesError};
use crate::tuning::Tuning;

/// The whole state of a match at the end of a tick.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) rules: Rules,
    pub(crate) seed: u64,
    pub(crate) tick: Tick,
    pub(crate) rng: Rng,
    pub(crate) phase: Phase,
    pub(crate) players: Vec<Player>,
    pub(crate) fireballs: Vec<Fireball>,
    pub(crate) next_fireball: FireballId,
    pub(crate) tuning: Tuning,
    pub(crate) scratch: Scratch,
}

/// Buffers that keep their capacity from tick to tick, so that a step allocates nothing. Empty between steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) intents: Vec<(PlayerId, Input)>,
    pub(crate) moved: Vec<Point>,
    pub(crate) touches: Vec<Touch>,
    pub(crate) spent: Vec<bool>,
}

impl World {
    /// A world before its first tick, with nobody in it.
    ///
    /// # Errors
    /// A rule outside its range.
    pub fn new(rules: Rules, seed: u64) -> Result<World, RulesError> {
        rules.check()?;
        Ok(World::begin(Tuning::new(&rules), rules, seed))
    }

    /// A world before its first tick, by the same rules and with another seed.
    #[must_use]
    pub fn fresh(&self, seed: u64) -> World {
        World::begin(self.tuning.clone(), self.rules.clone(), seed)
    }

    fn begin(tuning: Tuning, rules: Rules, seed: u64) -> World {
        World {
            tuning,
            rules,
            seed,
            tick: Tick(0),
            rng: Rng::new(seed),
            phase: Phase::Waiting,
            players: Vec::new(),
            fireballs: Vec::new(),
            next_fireball: FireballId(0),
            scratch: Scratch::default(),
        }
    }

    /// Advances by one tick. `commands` are in player order; a player has at most one input among them. What
    /// happened is appended to `events`. Once the match is over only the tick's number goes on.
    pub fn step(&mut self, commands: &[Command], events: &mut Vec<Event>) {
        self.tick = self.tick.next();
        if self.phase.outcome().is_some() {
            return;
        }
        self.let_in_and_out(commands, events);
        self.gather(events);
        self.act(commands, events);
        if matches!(self.phase, Phase::Fighting { .. }) {
            self.think(events);
            self.advance_players();
            self.find_touches();
            self.resolve_touches(events);
            self.finish_motion();
            self.end_fireballs(events);
            self.decide(events);
        }
    }

    /// The rules of this match.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The number of the last step.
    #[must_use]
    pub const fn tick(&self) -> Tick {
        self.tick
    }

    /// Where the match is between its first player and its result.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Everyone who takes part, the dead included, sorted by id.
    #[must_use]
    pub fn players(&self) -> &[Player] {
        &self.players
    }

    /// The player of that id, if it takes part.
    #[must_use]
    pub fn player(&self, id: PlayerId) -> Option<&Player> {
        self.index(id).map(|index| &self.players[index])
    }

    /// The fireballs in the air, sorted by id.
    #[must_use]
    pub fn fireballs(&self) -> &[Fireball] {
        &self.fireballs
    }

    /// Where a fireball of this world is at the end of the current tick.
    #[must_use]
    pub fn fireball_place(&self, fireball: &Fireball) -> Point {
        fireball.position_at(self.tick, &self.tuning)
    }

    /// One number over the whole state. Two runs of the same match have the same at every tick.
    #[must_use]
    pub fn hash(&self) -> u64 {
        // No `..`: a new field must either reach the hash or be named here as derived.
        let World {
            rules,
            seed,
            tick,
            rng,
            phase,
            players,
            fireballs,
            next_fireball,
            tuning: _,
            scratch: _,
        } = self;
        let mut hash = StateHash::new();
        rules.feed(&mut hash);
        seed.feed(&mut hash);
        tick.feed(&mut hash);
        rng.feed(&mut hash);
        phase.feed(&mut hash);
        players.feed(&mut hash);
        fireballs.feed(&mut hash);
        next_fireball.feed(&mut hash);
        hash.finish()
    }

    pub(crate) fn index(&self, id: PlayerId) -> Option<usize> {
        self.players.binary_search_by_key(&id, |player| player.id).ok()
    }

    /// What the centre of a player of so much health may not leave.
    pub(crate) fn bounds(&self, health: u16) -> Bounds {
        self.tuning.arena.shrunk(self.rules.radius(health))
    }
}
