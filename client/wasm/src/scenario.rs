//! A match that plays itself: bots of every skill, and nothing from outside but mode and seed. What two targets must
//! agree on, tick by tick.

use bolide_sim::{BotSkill, Command, Event, PRESETS, PlayerId, PlayerKind, World, preset};

/// A match of bots.
pub struct Scenario {
    world: World,
    events: Vec<Event>,
}

impl Scenario {
    /// How many modes there are.
    pub const MODES: usize = PRESETS.len();

    /// A match of as many bots as the mode has places, at most ten. None if there is no such mode.
    #[must_use]
    pub fn new(mode: usize, seed: u32) -> Option<Scenario> {
        let rules = preset(PRESETS.get(mode)?)?.rules;
        let bots = rules.capacity.min(10);
        let mut world = World::new(rules, u64::from(seed)).ok()?;
        let skills = [BotSkill::Normal, BotSkill::Hard, BotSkill::Easy].into_iter().cycle();
        let joins: Vec<_> = (0..bots)
            .zip(skills)
            .map(|(id, skill)| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(skill) })
            .collect();
        let mut events = Vec::new();
        world.step(&joins, &mut events);
        Some(Scenario { world, events })
    }

    /// Advances by one tick and returns the state hash after it.
    pub fn step(&mut self) -> u64 {
        self.events.clear();
        self.world.step(&[], &mut self.events);
        self.world.hash()
    }

    /// Whether the match is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.world.phase().outcome().is_some()
    }
}
