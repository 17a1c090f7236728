//! Every number of a mode, as data in units and seconds. Nothing here depends on the tick rate; what a tick
//! needs is worked out once, in `tuning.rs`.

use core::ops::RangeInclusive;

use crate::hash::{Hashed, StateHash, hashed};
use crate::ids::TickRate;

/// The rules of a mode. [`Rules::check`] says what is allowed; a world refuses rules that do not pass it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Steps per second.
    pub tick_rate: TickRate,
    /// Players at most, 2..=1000.
    pub capacity: u16,
    /// Players at which the countdown begins, 2..=capacity.
    pub fight_at: u16,
    /// Width of the arena in units, 0.5..=32.
    pub arena_width: f32,
    /// Height of the arena in units, 0.5..=32.
    pub arena_height: f32,
    /// Health at the start in points, 1..=1000.
    pub health: u16,
    /// Health lost per hit in points, 1..=1000.
    pub hit_damage: u16,
    /// Dead at or below this health in points, below `health`.
    pub dead_at: u16,
    /// Radius in units per point of health, 0.0001..=0.01.
    pub radius_per_health: f32,
    /// Walking speed in units per second, 0..=10.
    pub walk_speed: f32,
    /// Radius of a fireball in units, 0.001..=0.1.
    pub fireball_radius: f32,
    /// Speed of a fireball in units per second, 0.01..=1000.
    pub fireball_speed: f32,
    /// How far a fireball flies in units, 0.01..=32.
    pub fireball_range: f32,
    /// Seconds between two fireballs of a player, 0..=60.
    pub fireball_cooldown_s: f32,
    /// How far a blink goes at most in units, 0..=32.
    pub blink_range: f32,
    /// Seconds between two blinks of a player, 0..=60.
    pub blink_cooldown_s: f32,
    /// Speed at the start of a push in units per second, 0..=100.
    pub knockback_speed: f32,
    /// What a push keeps of its speed after each 1/60 s, 0..=0.99.
    pub knockback_kept: f32,
    /// A push ends below this speed in units per second, 0.001..=100.
    pub knockback_ends_below: f32,
    /// What happens at the edge of the arena.
    pub walls: Walls,
    /// Where players start.
    pub spawn: Spawn,
    /// Seconds from enough players to the fight, 0..=60.
    pub countdown_s: f32,
    /// Seconds of fight at most, 1..=3600.
    pub time_limit_s: f32,
}

hashed!(Rules {
    tick_rate,
    capacity,
    fight_at,
    arena_width,
    arena_height,
    health,
    hit_damage,
    dead_at,
    radius_per_health,
    walk_speed,
    fireball_radius,
    fireball_speed,
    fireball_range,
    fireball_cooldown_s,
    blink_range,
    blink_cooldown_s,
    knockback_speed,
    knockback_kept,
    knockback_ends_below,
    walls,
    spawn,
    countdown_s,
    time_limit_s,
});

/// What happens at the edge of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walls {
    /// A player's whole circle stays inside, whatever moves it; a fireball ends there.
    Solid,
    /// There is no edge, up to the range of coordinates.
    Open,
}

/// Where players start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spawn {
    /// Spread evenly over the arena, never on top of each other.
    Spread,
    /// All at the centre.
    Centre,
}

impl Hashed for Walls {
    fn feed(&self, hash: &mut StateHash) {
        (*self == Walls::Solid).feed(hash);
    }
}

impl Hashed for Spawn {
    fn feed(&self, hash: &mut StateHash) {
        (*self == Spawn::Spread).feed(hash);
    }
}

/// A rule outside its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} is {value}; allowed is {low} to {high}")]
pub struct RulesError {
    /// The field's name as in [`Rules`].
    pub field: &'static str,
    /// What it was.
    pub value: f32,
    /// The least allowed value.
    pub low: f32,
    /// The greatest allowed value.
    pub high: f32,
}

impl Rules {
    /// Whether every rule lies in its range.
    ///
    /// # Errors
    /// The first field that does not, with its name and the allowed range.
    pub fn check(&self) -> Result<(), RulesError> {
        let points = |field, value: u16, low: u16, high: u16| {
            in_range(field, value.into(), low.into()..=high.into())
        };
        points("capacity", self.capacity, 2, 1000)?;
        points("fight_at", self.fight_at, 2, self.capacity)?;
        in_range("arena_width", self.arena_width, 0.5..=32.0)?;
        in_range("arena_height", self.arena_height, 0.5..=32.0)?;
        points("health", self.health, 1, 1000)?;
        points("hit_damage", self.hit_damage, 1, 1000)?;
        points("dead_at", self.dead_at, 0, self.health - 1)?;
        in_range("radius_per_health", self.radius_per_health, 0.0001..=0.01)?;
        in_range("walk_speed", self.walk_speed, 0.0..=10.0)?;
        in_range("fireball_radius", self.fireball_radius, 0.001..=0.1)?;
        in_range("fireball_speed", self.fireball_speed, 0.01..=1000.0)?;
        in_range("fireball_range", self.fireball_range, 0.01..=32.0)?;
        in_range("fireball_cooldown_s", self.fireball_cooldown_s, 0.0..=60.0)?;
        in_range("blink_range", self.blink_range, 0.0..=32.0)?;
        in_range("blink_cooldown_s", self.blink_cooldown_s, 0.0..=60.0)?;
        in_range("knockback_speed", self.knockback_speed, 0.0..=100.0)?;
        in_range("knockback_kept", self.knockback_kept, 0.0..=0.99)?;
        in_range("knockback_ends_below", self.knockback_ends_below, 0.001..=100.0)?;
        in_range("countdown_s", self.countdown_s, 0.0..=60.0)?;
        in_range("time_limit_s", self.time_limit_s, 1.0..=3600.0)
    }

    /// The radius of a player of so much health, in units.
    #[must_use]
    pub fn radius(&self, health: u16) -> f32 {
        f32::from(health) * self.radius_per_health
    }
}

fn in_range(
    field: &'static str,
    value: f32,
    allowed: RangeInclusive<f32>,
) -> Result<(), RulesError> {
    if allowed.contains(&value) {
        Ok(())
    } else {
        Err(RulesError { field, value, low: *allowed.start(), high: *allowed.end() })
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use crate::modes::preset;
    use crate::rules::Rules;

    fn check(change: impl FnOnce(&mut Rules), expect: &str) {
        let mut rules = preset("brawl").expect("a preset").rules;
        change(&mut rules);
        assert_eq!(rules.check().expect_err("refused").to_string(), expect);
    }

    #[test]
    fn a_refusal_names_the_field_and_the_allowed_range() {
        check(|r| r.capacity = 1, "capacity is 1; allowed is 2 to 1000");
        check(|r| r.fight_at = 11, "fight_at is 11; allowed is 2 to 10");
        check(|r| r.walk_speed = -1.0, "walk_speed is -1; allowed is 0 to 10");
        check(|r| r.dead_at = 50, "dead_at is 50; allowed is 0 to 49");
        check(|r| r.health = 0, "health is 0; allowed is 1 to 1000");
        check(|r| r.time_limit_s = f32::NAN, "time_limit_s is NaN; allowed is 1 to 3600");
    }
}
