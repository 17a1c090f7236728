//! The rules of a mode as data, in units and seconds. Nothing here depends on the tick rate. The
//! values that a tick needs are computed once, in `tick_rules.rs`.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use core::ops::RangeInclusive;

use crate::ids::TickRate;
use crate::space::point::Point;
use crate::state::stream::{Sink, Source, State, StateError, state};

/// The rules of a mode. [`Rules::check`] defines what is allowed. A world refuses rules that fail
/// it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Steps per second: 20, 30 or 60.
    pub tick_rate: TickRate,
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
    /// The edge of the arena.
    pub walls: Walls,
    /// The starting places of players.
    pub spawn: Spawn,
    /// Seconds between enough players and the fight, 0..=60.
    pub countdown_s: f32,
    /// Longest fight in seconds, 1..=3600; 0 for no limit.
    pub time_limit_s: f32,
    /// A shot hits what its shooter saw, up to 200 ms ago.
    pub lag_compensation: bool,
    /// Range of a player's view in units, 0.1..=64; unlimited if `None`.
    pub vision_radius: Option<f32>,
    /// The zone that closes around the middle of the arena, if there is one.
    pub zone: Option<Zone>,
    /// A player that joins while the fight runs takes part at once. Whoever leaves such a fight is
    /// removed from the world.
    pub late_joins: bool,
    /// The fight ends as soon as at most this many players are alive, 0..=1.
    pub ends_at: u16,
    /// Seconds for which no fireball hits a player, from the beginning of the fight or from its
    /// late join, 0..=10.
    pub protection_s: f32,
    /// With lag compensation, a fireball starts when its shot arrives, and meets the others all its
    /// flight long where its shooter saw them.
    pub rewinds_flight: bool,
}

/// A circle around the middle of the arena. Players outside lose health. It begins as the circle
/// through the corners.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zone {
    /// Seconds of fight before it begins to close, 0..=3600.
    pub waits_s: f32,
    /// Seconds that closing takes, 1..=3600.
    pub closes_s: f32,
    /// Radius at the end in units, 0..=32.
    pub end_radius: f32,
    /// Health lost per second outside, in points, 1..=1000.
    pub damage: u16,
}

state!(struct Rules {
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
    lag_compensation,
    vision_radius,
    ..Tail { zone, late_joins, ends_at, protection_s, rewinds_flight }
});
state!(struct Zone { waits_s, closes_s, end_radius, damage });
state!(enum Walls { 0 => Solid, 1 => Open });
state!(enum Spawn { 0 => Spread, 1 => Centre });

/// The last rules of [`Rules`]. Their first word is 0 without a zone and 1 with one, as version 2
/// of the game wrote it. If a rule that came with version 3 is not at its default, it is 2 or 3,
/// and the rules of that version follow the zone.
#[derive(Clone, Copy, PartialEq)]
struct Tail {
    zone: Option<Zone>,
    late_joins: bool,
    ends_at: u16,
    protection_s: f32,
    rewinds_flight: bool,
}

/// Rules of version 2 of the game.
const VERSION_2: Tail =
    Tail { zone: None, late_joins: false, ends_at: 1, protection_s: 0.0, rewinds_flight: false };

impl Tail {
    /// Returns whether all rules of version 3 are at their defaults.
    fn is_of_version_2(&self) -> bool {
        Tail { zone: None, ..*self } == VERSION_2
    }
}

impl State for Tail {
    fn write(&self, sink: &mut impl Sink) {
        let Tail { zone, late_joins, ends_at, protection_s, rewinds_flight } = self;
        let is_longer = !self.is_of_version_2();
        sink.word(u64::from(zone.is_some()) + if is_longer { 2 } else { 0 });
        if let Some(zone) = zone {
            zone.write(sink);
        }
        if is_longer {
            late_joins.write(sink);
            ends_at.write(sink);
            protection_s.write(sink);
            rewinds_flight.write(sink);
        }
    }

    fn read(source: &mut Source<'_>) -> Result<Tail, StateError> {
        let (has_zone, is_longer) = match source.word()? {
            word @ 0..=3 => (word % 2 == 1, word >= 2),
            _ => return Err(StateError::Impossible("zone")),
        };
        let zone = if has_zone { Some(State::read(source)?) } else { None };
        if !is_longer {
            return Ok(Tail { zone, ..VERSION_2 });
        }
        let tail = Tail {
            zone,
            late_joins: State::read(source)?,
            ends_at: State::read(source)?,
            protection_s: State::read(source)?,
            rewinds_flight: State::read(source)?,
        };
        // These have a shorter form.
        if tail.is_of_version_2() { Err(StateError::Impossible("rule")) } else { Ok(tail) }
    }
}

/// The edge of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walls {
    /// A player's whole circle stays inside, whatever moves it. A fireball ends at the edge.
    Solid,
    /// There is no edge, up to the range of coordinates.
    Open,
}

/// The starting places of players.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spawn {
    /// Spread evenly over the arena, never on top of each other.
    Spread,
    /// All at the centre.
    Centre,
}

/// A rule that is not allowed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RulesError {
    /// Outside its range.
    #[error("{field} is {value}; allowed is {low} to {high}{or}")]
    Range {
        /// The field's name as in [`Rules`].
        field: &'static str,
        /// The value that was refused.
        value: f32,
        /// The least allowed value.
        low: f32,
        /// The greatest allowed value.
        high: f32,
        /// The end of the sentence, which names another allowed value; mostly empty.
        or: &'static str,
    },
    /// Not one of the words or kinds that are allowed.
    #[error("{field} is {value}; allowed is {allowed}")]
    Kind {
        /// The field's name as in [`Rules`].
        field: &'static str,
        /// The value that was refused.
        value: String,
        /// The allowed values.
        allowed: &'static str,
    },
    /// This many fireballs could be in the air at once, which is too many.
    #[error(
        "up to {0} fireballs could be in the air at once; allowed are {FIREBALLS_MAX}: make them rarer (fireball_cooldown_s), \
         shorter of life (fireball_range, fireball_speed), or the players fewer (capacity)"
    )]
    Fireballs(u64),
    /// No rule has this name.
    #[error("there is no rule {0}")]
    Unknown(String),
}

impl From<RulesError> for StateError {
    fn from(error: RulesError) -> StateError {
        StateError::Rules(error.to_string())
    }
}

/// Most fireballs in the air at once, of all players of a match.
pub const FIREBALLS_MAX: u64 = 65_536;

/// A rule's value as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RuleValue<'a> {
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A word.
    Word(&'a str),
}

/// A rule that is a number: its name, its range and its field.
struct Number {
    name: &'static str,
    range: RangeInclusive<f32>,
    /// The meaning of 0 outside the range, as the end of a sentence; empty if it is not allowed.
    or: &'static str,
    whole: bool,
    get: fn(&Rules) -> Option<f32>,
    set: fn(&mut Rules, f32),
}

impl Number {
    /// Checks a value of this rule.
    fn check(&self, value: f32) -> Result<(), RulesError> {
        if value == 0.0 && !self.or.is_empty() {
            return Ok(());
        }
        in_range(self.name, value, self.range.clone()).map_err(|error| match error {
            RulesError::Range { field, value, low, high, .. } => {
                RulesError::Range { field, value, low, high, or: self.or }
            }
            other => other,
        })
    }
}

macro_rules! units {
    ($field:ident, $range:expr $(, $or:literal)?) => {
        Number {
            name: stringify!($field),
            range: $range,
            or: concat!($($or)?),
            whole: false,
            get: |rules| Some(rules.$field),
            set: |rules, value| rules.$field = value,
        }
    };
}

macro_rules! points {
    ($field:ident, $range:expr) => {
        Number {
            name: stringify!($field),
            range: $range,
            or: "",
            whole: true,
            get: |rules| Some(f32::from(rules.$field)),
            set: |rules, value| rules.$field = whole(value),
        }
    };
}

macro_rules! zone {
    ($name:literal, $field:ident, $range:expr, $whole:literal, $get:expr, $set:expr) => {
        Number {
            name: $name,
            range: $range,
            or: "",
            whole: $whole,
            get: |rules| rules.zone.map(|zone| $get(zone.$field)),
            set: |rules, value| rules.zone.get_or_insert(NO_ZONE).$field = $set(value),
        }
    };
}

/// The numbers of a mode. Rules that are not in this table are checked and set by name in
/// [`Rules`].
const NUMBERS: [Number; 26] = [
    points!(capacity, 2.0..=1000.0),
    points!(fight_at, 2.0..=1000.0),
    units!(arena_width, 0.5..=32.0),
    units!(arena_height, 0.5..=32.0),
    points!(health, 1.0..=1000.0),
    points!(hit_damage, 1.0..=1000.0),
    points!(dead_at, 0.0..=999.0),
    units!(radius_per_health, 0.0001..=0.01),
    units!(walk_speed, 0.0..=10.0),
    units!(fireball_radius, 0.001..=0.1),
    units!(fireball_speed, 0.01..=1000.0),
    units!(fireball_range, 0.01..=32.0),
    units!(fireball_cooldown_s, 0.0..=60.0),
    units!(blink_range, 0.0..=32.0),
    units!(blink_cooldown_s, 0.0..=60.0),
    units!(knockback_speed, 0.0..=100.0),
    units!(knockback_kept, 0.0..=0.99),
    units!(knockback_ends_below, 0.001..=100.0),
    units!(countdown_s, 0.0..=60.0),
    units!(time_limit_s, TIME_LIMIT_S, ", or 0 for no limit"),
    points!(ends_at, 0.0..=1.0),
    units!(protection_s, 0.0..=10.0),
    zone!("zone.waits_s", waits_s, 0.0..=3600.0, false, f32::from, f32::from),
    zone!("zone.closes_s", closes_s, 1.0..=3600.0, false, f32::from, f32::from),
    zone!("zone.end_radius", end_radius, 0.0..=32.0, false, f32::from, f32::from),
    zone!("zone.damage", damage, 1.0..=1000.0, true, f32::from, whole),
];

const TIME_LIMIT_S: RangeInclusive<f32> = 1.0..=3600.0;

const VISION: RangeInclusive<f32> = 0.1..=64.0;

/// A zone before its rules are set.
const NO_ZONE: Zone = Zone { waits_s: 30.0, closes_s: 120.0, end_radius: 0.5, damage: 2 };

impl Rules {
    /// Returns the names of all rules, as [`Rules::set`] takes them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NUMBERS.iter().map(|number| number.name).chain([
            "tick_rate",
            "walls",
            "spawn",
            "lag_compensation",
            "vision_radius",
            "late_joins",
            "rewinds_flight",
        ])
    }

    /// Returns a rule by its name. `None` if there is no such rule, or if it is one of a zone and
    /// there is no zone.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<RuleValue<'static>> {
        if let Some(number) = NUMBERS.iter().find(|number| number.name == name) {
            return (number.get)(self).map(|value| RuleValue::Number(value.into()));
        }
        Some(match name {
            "tick_rate" => RuleValue::Number(self.tick_rate.hz().into()),
            "walls" => RuleValue::Word(match self.walls {
                Walls::Solid => "solid",
                Walls::Open => "open",
            }),
            "spawn" => RuleValue::Word(match self.spawn {
                Spawn::Spread => "spread",
                Spawn::Centre => "centre",
            }),
            "lag_compensation" => RuleValue::Flag(self.lag_compensation),
            "late_joins" => RuleValue::Flag(self.late_joins),
            "rewinds_flight" => RuleValue::Flag(self.rewinds_flight),
            "vision_radius" => self
                .vision_radius
                .map_or(RuleValue::Flag(false), |radius| RuleValue::Number(radius.into())),
            _ => return None,
        })
    }

    /// Sets a rule by its name. Two rules may contradict each other until [`Rules::check`] has
    /// passed.
    ///
    /// # Errors
    /// Fails if there is no such rule, or if the value is of the wrong kind or outside the rule's
    /// range.
    pub fn set(&mut self, name: &str, value: RuleValue<'_>) -> Result<(), RulesError> {
        if let Some(number) = NUMBERS.iter().find(|number| number.name == name) {
            let allowed = if number.whole { "a whole number" } else { "a number" };
            let RuleValue::Number(given) = value else {
                return Err(kind(number.name, value, allowed));
            };
            let narrow = narrow(given);
            if number.whole && f64::from(whole(narrow)) != given && number.range.contains(&narrow) {
                return Err(kind(number.name, value, allowed));
            }
            number.check(narrow)?;
            (number.set)(self, narrow);
            return Ok(());
        }
        match (name, value) {
            ("tick_rate", _) => self.tick_rate = tick_rate(value)?,
            ("walls", RuleValue::Word("solid")) => self.walls = Walls::Solid,
            ("walls", RuleValue::Word("open")) => self.walls = Walls::Open,
            ("spawn", RuleValue::Word("spread")) => self.spawn = Spawn::Spread,
            ("spawn", RuleValue::Word("centre")) => self.spawn = Spawn::Centre,
            ("lag_compensation", RuleValue::Flag(on)) => self.lag_compensation = on,
            ("late_joins", RuleValue::Flag(on)) => self.late_joins = on,
            ("rewinds_flight", RuleValue::Flag(on)) => self.rewinds_flight = on,
            ("vision_radius", RuleValue::Flag(false)) => self.vision_radius = None,
            ("vision_radius", RuleValue::Number(radius)) => {
                in_range("vision_radius", narrow(radius), VISION)?;
                self.vision_radius = Some(narrow(radius));
            }
            ("zone", RuleValue::Flag(false)) => self.zone = None,
            ("walls", _) => return Err(kind("walls", value, "\"solid\" or \"open\"")),
            ("spawn", _) => return Err(kind("spawn", value, "\"spread\" or \"centre\"")),
            ("lag_compensation", _) => {
                return Err(kind("lag_compensation", value, "true or false"));
            }
            ("late_joins", _) => return Err(kind("late_joins", value, "true or false")),
            ("rewinds_flight", _) => return Err(kind("rewinds_flight", value, "true or false")),
            ("vision_radius", _) => {
                return Err(kind("vision_radius", value, "a number, or false for none"));
            }
            ("zone", _) => return Err(kind("zone", value, "a table, or false for none")),
            _ => return Err(RulesError::Unknown(name.to_owned())),
        }
        Ok(())
    }

    /// Checks that every rule lies in its range and that none contradicts another.
    ///
    /// # Errors
    /// Names the first field that is wrong, with the allowed range.
    pub fn check(&self) -> Result<(), RulesError> {
        tick_rate(RuleValue::Number(self.tick_rate.hz().into()))?;
        for number in &NUMBERS {
            if let Some(value) = (number.get)(self) {
                number.check(value)?;
            }
        }
        // The age of a zone is what is left of the time limit, as clients are told of it.
        if self.zone.is_some() {
            in_range("time_limit_s", self.time_limit_s, TIME_LIMIT_S)?;
        }
        if let Some(radius) = self.vision_radius {
            in_range("vision_radius", radius, VISION)?;
        }
        in_range("fight_at", self.fight_at.into(), 2.0..=self.capacity.into())?;
        in_range("dead_at", self.dead_at.into(), 0.0..=(self.health - 1).into())
    }

    /// Returns the version of the game that plays these rules: 2, or 3 if they use what came with
    /// that one.
    #[must_use]
    pub fn version(&self) -> u32 {
        let Rules { zone, late_joins, ends_at, protection_s, rewinds_flight, .. } = *self;
        let tail = Tail { zone, late_joins, ends_at, protection_s, rewinds_flight };
        if tail.is_of_version_2() && self.time_limit_s > 0.0 { 2 } else { 3 }
    }

    /// Returns the middle of the arena.
    #[must_use]
    pub fn middle(&self) -> Point {
        Point::in_units(self.arena_width / 2.0, self.arena_height / 2.0)
    }

    /// Returns the radius of a player with this health, in units.
    #[must_use]
    pub fn radius(&self, health: u16) -> f32 {
        f32::from(health) * self.radius_per_health
    }
}

/// Returns the tick rate of this value, if the game allows it.
fn tick_rate(value: RuleValue<'_>) -> Result<TickRate, RulesError> {
    let rates = [TickRate::Hz20, TickRate::Hz30, TickRate::Hz60];
    let rate = rates.into_iter().find(|rate| value == RuleValue::Number(rate.hz().into()));
    rate.ok_or_else(|| kind("tick_rate", value, "20, 30 or 60"))
}

fn in_range(
    field: &'static str,
    value: f32,
    allowed: RangeInclusive<f32>,
) -> Result<(), RulesError> {
    if allowed.contains(&value) {
        Ok(())
    } else {
        let (low, high) = (*allowed.start(), *allowed.end());
        Err(RulesError::Range { field, value, low, high, or: "" })
    }
}

fn kind(field: &'static str, value: RuleValue<'_>, allowed: &'static str) -> RulesError {
    let value = match value {
        RuleValue::Number(number) => number.to_string(),
        RuleValue::Flag(flag) => flag.to_string(),
        RuleValue::Word(word) => alloc::format!("{word:?}"),
    };
    RulesError::Kind { field, value, allowed }
}

/// Narrows to f32, the type of the rules. Too large values become infinite, and infinity is in no
/// range.
#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest")]
const fn narrow(value: f64) -> f32 {
    value as f32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casts saturate; ranges are below 1,001"
)]
const fn whole(value: f32) -> u16 {
    value as u16
}

#[cfg(test)]
mod tests;
