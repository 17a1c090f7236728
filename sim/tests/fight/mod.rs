//! A fight that a test plays manually.

#![allow(dead_code, reason = "no test uses all of it")]

use bolide_sim::{
    Command, Event, Input, Phase, Player, PlayerId, PlayerKind, Point, Refusal, Rules, World,
    preset,
};

pub(crate) const ADA: PlayerId = PlayerId(0);
pub(crate) const BEA: PlayerId = PlayerId(1);
pub(crate) const CEA: PlayerId = PlayerId(2);

/// A fight, mostly of two players, with its countdown over and its cooldowns expired.
#[derive(Clone)]
pub(crate) struct Fight {
    pub(crate) world: World,
    pub(crate) events: Vec<Event>,
}

impl Fight {
    pub(crate) fn new(change: impl FnOnce(&mut Rules)) -> Fight {
        Fight::of(2, change)
    }

    pub(crate) fn of(players: u16, change: impl FnOnce(&mut Rules)) -> Fight {
        let mut rules = preset("brawl").expect("a preset").rules;
        rules.countdown_s = 0.1;
        change(&mut rules);
        let warm_up = rules.fireball_cooldown_s.max(rules.blink_cooldown_s) + rules.countdown_s;
        let mut fight =
            Fight { world: World::new(rules, 7).expect("valid rules"), events: Vec::new() };
        for player in (0..players).map(PlayerId) {
            fight.step(&[Command::Join { player, kind: PlayerKind::Human }]);
        }
        fight.wait(warm_up + 0.1);
        assert!(matches!(fight.world.phase(), Phase::Fighting { .. }));
        fight.events.clear();
        fight
    }

    pub(crate) fn brawl() -> Fight {
        Fight::new(|_| {})
    }

    pub(crate) fn step(&mut self, commands: &[Command]) {
        self.world.step(commands, &mut self.events);
    }

    pub(crate) fn wait(&mut self, seconds: f32) {
        for _ in 0..self.world.rules().tick_rate.ticks(seconds) {
            self.step(&[]);
        }
    }

    pub(crate) fn input(&mut self, player: PlayerId, input: Input) {
        self.step(&[Command::Input { player, input, rewind_ticks: 0 }]);
    }

    pub(crate) fn player(&self, id: PlayerId) -> &Player {
        self.world.player(id).expect("takes part")
    }

    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        let refused = |event: &Event| match event {
            Event::Refused { why, .. } => Some(*why),
            _ => None,
        };
        self.events.iter().filter_map(refused).collect()
    }

    pub(crate) fn hits(&self) -> Vec<(PlayerId, u16)> {
        let hit = |event: &Event| match event {
            Event::Hit { victim, health, .. } => Some((*victim, *health)),
            _ => None,
        };
        self.events.iter().filter_map(hit).collect()
    }

    /// Shoots at the place of the other player and waits until the fireball is gone.
    pub(crate) fn shoot_at(&mut self, by: PlayerId, at: PlayerId) {
        let at = self.player(at).at;
        self.input(by, Input::Shoot(at));
        while !self.world.fireballs().is_empty() {
            self.step(&[]);
        }
    }
}

pub(crate) fn units(x: f32, y: f32) -> Point {
    Point::snap([x, y].into())
}
