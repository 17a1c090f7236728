//! The rules of a mode as the welcome carries them, and the conversion back. A client that
//! simulates needs all of them.

use bolide_sim::{Rules, Spawn, TickRate, Walls, Zone};
use serde::{Deserialize, Serialize};

use crate::wire::error::DecodeError;

/// All rules of a mode, with the ranges that [`Rules`] allow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct RulesMessage {
    /// Most players, 2..=1000.
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
    /// A player is dead at or below this health in points, below `health`.
    pub dead_at: u16,
    /// Radius in units per point of health, 0.0001..=0.01.
    pub radius_per_health: f32,
    /// Walking speed in units per second, 0..=10.
    pub walk_speed: f32,
    /// Radius of a fireball in units, 0.001..=0.1.
    pub fireball_radius: f32,
    /// Speed of a fireball in units per second, 0.01..=1000.
    pub fireball_speed: f32,
    /// Range of a fireball in units, 0.01..=32.
    pub fireball_range: f32,
    /// Seconds between two fireballs of a player, 0..=60.
    pub fireball_cooldown_s: f32,
    /// Range of a blink in units, 0..=32.
    pub blink_range: f32,
    /// Seconds between two blinks of a player, 0..=60.
    pub blink_cooldown_s: f32,
    /// Speed at the start of a push in units per second, 0..=100.
    pub knockback_speed: f32,
    /// Share of its speed that a push keeps after each 1/60 s, 0..=0.99.
    pub knockback_kept: f32,
    /// A push ends below this speed in units per second, 0.001..=100.
    pub knockback_ends_below: f32,
    /// The edge of the arena. `solid`: a player's whole circle stays inside, and a fireball ends at
    /// the edge. `open`: there is no edge.
    pub walls: String,
    /// The starting places of players: `spread` evenly over the arena, or all at the `centre`.
    pub spawn: String,
    /// Seconds between enough players and the fight, 0..=60.
    pub countdown_s: f32,
    /// Longest fight in seconds, 1..=3600; 0 for no limit.
    pub time_limit_s: f32,
    /// True if a shot hits what its shooter saw, up to 200 ms ago.
    pub lag_compensation: bool,
    /// Range of a player's view in units, 0.1..=64; unlimited if none.
    pub vision_radius: Option<f32>,
    /// The zone that closes around the middle of the arena, if there is one.
    pub zone: Option<ZoneMessage>,
    /// True if a player that joins while the fight runs takes part at once. False if absent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "describe", ts(as = "Option<bool>", optional))]
    pub late_joins: bool,
    /// The fight ends as soon as at most this many players are alive, 0..=1. 1 if absent.
    #[serde(default = "ends_at_one", skip_serializing_if = "is_one")]
    #[cfg_attr(feature = "describe", ts(as = "Option<u16>", optional))]
    pub ends_at: u16,
    /// Seconds for which no fireball hits a player, from the beginning of the fight or from its
    /// late join, 0..=10. 0 if absent.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "describe", ts(as = "Option<f32>", optional))]
    pub protection_s: f32,
    /// True if, with lag compensation, a fireball starts when its shot arrives, and meets the
    /// others all its flight long where its shooter saw them. False if absent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "describe", ts(as = "Option<bool>", optional))]
    pub rewinds_flight: bool,
}

/// The rule `ends_at` of a mode that does not send it.
const fn ends_at_one() -> u16 {
    1
}

const fn is_one(ends_at: &u16) -> bool {
    *ends_at == 1
}

fn is_zero(seconds: &f32) -> bool {
    *seconds == 0.0
}

/// A circle around the middle of the arena. Players outside lose health. It begins as the circle
/// through the corners.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct ZoneMessage {
    /// Seconds of fight before it begins to close, 0..=3600.
    pub waits_s: f32,
    /// Seconds that closing takes, 1..=3600.
    pub closes_s: f32,
    /// Radius at the end in units, 0..=32.
    pub end_radius: f32,
    /// Health lost per second outside, in points, 1..=1000.
    pub damage: u16,
}

impl RulesMessage {
    /// Checks that all numbers are finite. 1e39 becomes infinity in an f32, in both formats.
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        let floats = [
            self.arena_width,
            self.arena_height,
            self.radius_per_health,
            self.walk_speed,
            self.fireball_radius,
            self.fireball_speed,
            self.fireball_range,
            self.fireball_cooldown_s,
            self.blink_range,
            self.blink_cooldown_s,
            self.knockback_speed,
            self.knockback_kept,
            self.knockback_ends_below,
            self.countdown_s,
            self.time_limit_s,
            self.protection_s,
        ];
        let zone = self.zone.map(|zone| [zone.waits_s, zone.closes_s, zone.end_radius]);
        let optional = zone.into_iter().flatten().chain(self.vision_radius);
        match floats.into_iter().chain(optional).find(|float| !float.is_finite()) {
            None => Ok(()),
            Some(float) => Err(DecodeError::OutOfRange {
                field: "rules",
                value: float.to_string(),
                allowed: "finite numbers",
            }),
        }
    }
}

impl From<&Rules> for RulesMessage {
    fn from(rules: &Rules) -> RulesMessage {
        let walls = match rules.walls {
            Walls::Solid => "solid",
            Walls::Open => "open",
        };
        let spawn = match rules.spawn {
            Spawn::Spread => "spread",
            Spawn::Centre => "centre",
        };
        RulesMessage {
            capacity: rules.capacity,
            fight_at: rules.fight_at,
            arena_width: rules.arena_width,
            arena_height: rules.arena_height,
            health: rules.health,
            hit_damage: rules.hit_damage,
            dead_at: rules.dead_at,
            radius_per_health: rules.radius_per_health,
            walk_speed: rules.walk_speed,
            fireball_radius: rules.fireball_radius,
            fireball_speed: rules.fireball_speed,
            fireball_range: rules.fireball_range,
            fireball_cooldown_s: rules.fireball_cooldown_s,
            blink_range: rules.blink_range,
            blink_cooldown_s: rules.blink_cooldown_s,
            knockback_speed: rules.knockback_speed,
            knockback_kept: rules.knockback_kept,
            knockback_ends_below: rules.knockback_ends_below,
            walls: walls.to_owned(),
            spawn: spawn.to_owned(),
            countdown_s: rules.countdown_s,
            time_limit_s: rules.time_limit_s,
            lag_compensation: rules.lag_compensation,
            vision_radius: rules.vision_radius,
            zone: rules.zone.map(|zone| ZoneMessage {
                waits_s: zone.waits_s,
                closes_s: zone.closes_s,
                end_radius: zone.end_radius,
                damage: zone.damage,
            }),
            late_joins: rules.late_joins,
            ends_at: rules.ends_at,
            protection_s: rules.protection_s,
            rewinds_flight: rules.rewinds_flight,
        }
    }
}

impl RulesMessage {
    /// Returns the rules of a match at this tick rate.
    ///
    /// # Errors
    /// Fails for a word or a number that no rules have. The server is then newer than this crate.
    pub fn rules(&self, tick_rate: u32) -> Result<Rules, DecodeError> {
        let rates = [TickRate::Hz20, TickRate::Hz30, TickRate::Hz60];
        let rate = rates.into_iter().find(|rate| rate.hz() == tick_rate);
        let unknown = |field, value: &dyn ToString, allowed| DecodeError::OutOfRange {
            field,
            value: value.to_string(),
            allowed,
        };
        let rules = Rules {
            tick_rate: rate.ok_or_else(|| unknown("tick_rate", &tick_rate, "20, 30 or 60"))?,
            capacity: self.capacity,
            fight_at: self.fight_at,
            arena_width: self.arena_width,
            arena_height: self.arena_height,
            health: self.health,
            hit_damage: self.hit_damage,
            dead_at: self.dead_at,
            radius_per_health: self.radius_per_health,
            walk_speed: self.walk_speed,
            fireball_radius: self.fireball_radius,
            fireball_speed: self.fireball_speed,
            fireball_range: self.fireball_range,
            fireball_cooldown_s: self.fireball_cooldown_s,
            blink_range: self.blink_range,
            blink_cooldown_s: self.blink_cooldown_s,
            knockback_speed: self.knockback_speed,
            knockback_kept: self.knockback_kept,
            knockback_ends_below: self.knockback_ends_below,
            walls: match self.walls.as_str() {
                "solid" => Walls::Solid,
                "open" => Walls::Open,
                other => return Err(unknown("walls", &other, "solid or open")),
            },
            spawn: match self.spawn.as_str() {
                "spread" => Spawn::Spread,
                "centre" => Spawn::Centre,
                other => return Err(unknown("spawn", &other, "spread or centre")),
            },
            countdown_s: self.countdown_s,
            time_limit_s: self.time_limit_s,
            lag_compensation: self.lag_compensation,
            vision_radius: self.vision_radius,
            zone: self.zone.map(|zone| Zone {
                waits_s: zone.waits_s,
                closes_s: zone.closes_s,
                end_radius: zone.end_radius,
                damage: zone.damage,
            }),
            late_joins: self.late_joins,
            ends_at: self.ends_at,
            protection_s: self.protection_s,
            rewinds_flight: self.rewinds_flight,
        };
        rules.check().map_err(|error| DecodeError::Malformed(error.to_string()))?;
        Ok(rules)
    }
}
