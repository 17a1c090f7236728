//! The rules as one tick needs them, computed once when a world is made, from [`Rules`] alone.

use alloc::vec::Vec;

use glam::Vec2;

use crate::ids::TickRate;
use crate::model::rules::{FIREBALLS_MAX, Rules, RulesError, Walls, Zone};
use crate::space::point::{Bounds, GRID, Point};

/// Rules converted to ticks and grid. Derived, so neither hashed nor saved. With this and a
/// [`Motion`](crate::Motion), the place of a player is known at any tick.
#[derive(Clone, Debug)]
pub struct Tuning {
    radius_per_health: f32,
    /// Units that a player walks in a tick.
    pub(crate) walk_step: f32,
    /// Units that a fireball flies in a tick.
    pub(crate) fireball_step: f32,
    pub(crate) fireball_cooldown_ticks: u32,
    /// Ticks that the longest flight takes.
    fireball_flight_ticks: u32,
    pub(crate) blink_cooldown_ticks: u32,
    pub(crate) countdown_ticks: u32,
    /// Ticks of the longest fight, if it has a limit.
    pub(crate) time_limit_ticks: Option<u32>,
    pub(crate) protection_ticks: u32,
    /// Players from which the broadphase is used. With fewer, the grid costs more than it saves.
    pub(crate) grid_from_players: usize,
    /// Ticks that a shot may reach into the past.
    pub(crate) rewind_ticks_max: u8,
    pub(crate) second_ticks: u32,
    pub(crate) zone: Option<ZoneTuning>,
    /// The square of a player's vision radius, in square grid steps.
    pub(crate) vision_squared: i64,
    /// Bounds for the outermost point of any body.
    pub(crate) arena: Bounds,
    /// Units covered after each 1/60 s of a push.
    push: Vec<f32>,
    /// 1/60 s steps in a tick.
    push_steps_per_tick: u32,
}

impl Tuning {
    /// Returns the tuning of rules that have passed [`Rules::check`].
    #[must_use]
    pub fn new(rules: &Rules) -> Tuning {
        let rate = rules.tick_rate;
        let hz = rate.hz() as f32;
        Tuning {
            radius_per_health: rules.radius_per_health,
            walk_step: rules.walk_speed / hz,
            fireball_step: rules.fireball_speed / hz,
            fireball_cooldown_ticks: rate.ticks(rules.fireball_cooldown_s),
            fireball_flight_ticks: rate.ticks(rules.fireball_range / rules.fireball_speed),
            blink_cooldown_ticks: rate.ticks(rules.blink_cooldown_s),
            countdown_ticks: rate.ticks(rules.countdown_s),
            time_limit_ticks: time_limit_ticks(rules),
            protection_ticks: rate.ticks(rules.protection_s),
            grid_from_players: 24,
            rewind_ticks_max: if rules.lag_compensation { rewind_ticks_max(rate) } else { 0 },
            second_ticks: rate.hz(),
            zone: rules.zone.map(|zone| ZoneTuning::new(rules, zone)),
            vision_squared: vision_squared(rules),
            arena: arena(rules),
            push: push_table(rules),
            push_steps_per_tick: PUSH_HZ / rate.hz(),
        }
    }

    /// Returns the radius of a player with this health, in units.
    pub(crate) fn radius(&self, health: u16) -> f32 {
        f32::from(health) * self.radius_per_health
    }

    /// Returns the number of fireballs of one player in the air at once, for reserving memory: at
    /// most 8.
    pub(crate) fn fireballs_per_player(&self) -> usize {
        flights(self.fireball_flight_ticks, self.fireball_cooldown_ticks).min(8) as usize
    }

    /// Returns the units covered by a push after `ticks`. The table is in steps of 1/60 s at every
    /// tick rate, so a push ends at the same place at all of them.
    pub(crate) fn push_distance(&self, ticks: u32) -> f32 {
        let step = ticks.saturating_mul(self.push_steps_per_tick) as usize;
        self.push.get(step).or(self.push.last()).copied().unwrap_or(0.0)
    }

    /// Returns true if a push has ended after `ticks`.
    pub(crate) fn push_is_over(&self, ticks: u32) -> bool {
        ticks.saturating_mul(self.push_steps_per_tick) as usize >= self.push.len().saturating_sub(1)
    }
}

/// A zone in ticks.
#[derive(Clone, Debug)]
pub(crate) struct ZoneTuning {
    pub(crate) centre: Vec2,
    start_radius: f32,
    end_radius: f32,
    waits_ticks: u32,
    closes_ticks: u32,
    pub(crate) damage: u16,
}

impl ZoneTuning {
    pub(crate) fn new(rules: &Rules, zone: Zone) -> ZoneTuning {
        let centre = Vec2::new(rules.arena_width, rules.arena_height) * 0.5;
        ZoneTuning {
            centre,
            start_radius: centre.length().max(zone.end_radius),
            end_radius: zone.end_radius,
            waits_ticks: rules.tick_rate.ticks(zone.waits_s),
            closes_ticks: rules.tick_rate.ticks(zone.closes_s),
            damage: zone.damage,
        }
    }

    /// Returns the radius after this many ticks of fight. It waits, then shrinks evenly to its end.
    pub(crate) fn radius(&self, ticks: u32) -> f32 {
        let closing = ticks.saturating_sub(self.waits_ticks).min(self.closes_ticks);
        let share = closing as f32 / self.closes_ticks as f32;
        self.start_radius + (self.end_radius - self.start_radius) * share
    }

    /// Returns true if a player whose centre is here is outside.
    pub(crate) fn is_outside(&self, at: Point, ticks: u32) -> bool {
        (at.to_vec2() - self.centre).length() > self.radius(ticks)
    }
}

impl Rules {
    /// Checks that a match of these rules can be stored: a state with the most fireballs in the air
    /// must fit a record of the journal. Applied to new modes only, not to recorded matches.
    ///
    /// # Errors
    /// Fails if there may be more than [`FIREBALLS_MAX`] at once.
    pub fn check_fireballs(&self) -> Result<(), RulesError> {
        let count = fireballs_max(self);
        if count > FIREBALLS_MAX { Err(RulesError::Fireballs(count)) } else { Ok(()) }
    }
}

/// Returns the largest number of fireballs that all players can have in the air at once.
fn fireballs_max(rules: &Rules) -> u64 {
    let ticks = |seconds| rules.tick_rate.ticks(seconds);
    let flight = ticks(rules.fireball_range / rules.fireball_speed);
    // No fireball was thrown before the fight began.
    let flight = flight.min(time_limit_ticks(rules).unwrap_or(flight));
    u64::from(flights(flight, ticks(rules.fireball_cooldown_s))) * u64::from(rules.capacity)
}

/// Returns the number of fireballs of one player in the air at once.
fn flights(flight_ticks: u32, cooldown_ticks: u32) -> u32 {
    flight_ticks / cooldown_ticks.max(1) + 1
}

fn time_limit_ticks(rules: &Rules) -> Option<u32> {
    (rules.time_limit_s > 0.0).then(|| rules.tick_rate.ticks(rules.time_limit_s))
}

fn vision_squared(rules: &Rules) -> i64 {
    let steps = |radius| i64::from(Point::in_units(radius, 0.0).x());
    rules.vision_radius.map_or(i64::MAX, |radius| steps(radius).pow(2))
}

/// Returns 200 ms in whole ticks.
#[expect(clippy::cast_possible_truncation, reason = "at most 12")]
const fn rewind_ticks_max(rate: TickRate) -> u8 {
    (rate.hz() / 5) as u8
}

const _: () =
    assert!(rewind_ticks_max(TickRate::Hz60) as usize <= crate::state::history::HISTORY_TICKS);

/// Steps per second of the push table. Every tick rate that the rules allow divides it.
const PUSH_HZ: u32 = TickRate::Hz60.hz();

/// Builds the push table. Entry `k` is the distance after `k` steps: each step goes `speed / 60`,
/// then keeps a share of its speed, until the speed is below the rule's end. `knockback_kept <=
/// 0.99` and the bounds of both speeds end it within 1,146 steps.
fn push_table(rules: &Rules) -> Vec<f32> {
    let mut table = Vec::from([0.0]);
    let mut distance = 0.0;
    let mut speed = rules.knockback_speed;
    while speed >= rules.knockback_ends_below {
        distance += speed / PUSH_HZ as f32;
        speed *= rules.knockback_kept;
        table.push(distance);
    }
    table
}

fn arena(rules: &Rules) -> Bounds {
    match rules.walls {
        Walls::Solid => {
            Bounds { low: Vec2::ZERO, high: Vec2::new(rules.arena_width, rules.arena_height) }
        }
        Walls::Open => {
            let limit = (Point::LIMIT / GRID) as f32;
            Bounds { low: Vec2::splat(-limit), high: Vec2::splat(limit) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ZoneTuning;
    use crate::model::modes::preset;
    use crate::model::rules::Zone;

    #[test]
    fn it_waits_then_closes_evenly_then_stays() {
        let rules = preset("royale").expect("a preset").rules;
        let zone = ZoneTuning::new(
            &rules,
            Zone { waits_s: 10.0, closes_s: 20.0, end_radius: 1.0, damage: 1 },
        );
        let corner = (8.0f32 * 8.0 + 4.5 * 4.5).sqrt();
        for (seconds, radius) in
            [(0, corner), (10, corner), (20, f32::midpoint(corner, 1.0)), (30, 1.0), (99, 1.0)]
        {
            assert!((zone.radius(seconds * 30) - radius).abs() < 1e-5, "{seconds} s");
        }
    }
}
