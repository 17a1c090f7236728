//! The rules as one tick needs them: worked out once when a world is made, from [`Rules`] alone.

use alloc::vec::Vec;

use glam::Vec2;

use crate::ids::TickRate;
use crate::math::{Bounds, GRID, Point};
use crate::rules::{Rules, Walls};

/// Rules converted to ticks and grid. Derived, so neither hashed nor saved.
#[derive(Clone, Debug)]
pub(crate) struct Tuning {
    /// Units a walker goes in a tick.
    pub(crate) walk_step: f32,
    /// Units a fireball flies in a tick.
    pub(crate) fireball_step: f32,
    pub(crate) fireball_cooldown_ticks: u32,
    pub(crate) blink_cooldown_ticks: u32,
    pub(crate) countdown_ticks: u32,
    pub(crate) time_limit_ticks: u32,
    /// What the outermost point of anything may not leave.
    pub(crate) arena: Bounds,
    /// Units covered after each 1/60 s of a push.
    push: Vec<f32>,
    /// 1/60 s steps in a tick.
    push_steps_per_tick: u32,
}

impl Tuning {
    pub(crate) fn new(rules: &Rules) -> Tuning {
        let rate = rules.tick_rate;
        let hz = rate.hz() as f32;
        Tuning {
            walk_step: rules.walk_speed / hz,
            fireball_step: rules.fireball_speed / hz,
            fireball_cooldown_ticks: rate.ticks(rules.fireball_cooldown_s),
            blink_cooldown_ticks: rate.ticks(rules.blink_cooldown_s),
            countdown_ticks: rate.ticks(rules.countdown_s),
            time_limit_ticks: rate.ticks(rules.time_limit_s),
            arena: arena(rules),
            push: push_table(rules),
            push_steps_per_tick: PUSH_HZ / rate.hz(),
        }
    }

    /// Units covered by a push after `ticks`. The table is in steps of 1/60 s at every tick rate, so a push
    /// ends at the same place at all of them.
    pub(crate) fn push_distance(&self, ticks: u32) -> f32 {
        let step = ticks.saturating_mul(self.push_steps_per_tick) as usize;
        self.push.get(step).or(self.push.last()).copied().unwrap_or(0.0)
    }

    /// Whether a push has come to its end after `ticks`.
    pub(crate) fn push_is_over(&self, ticks: u32) -> bool {
        ticks.saturating_mul(self.push_steps_per_tick) as usize >= self.push.len().saturating_sub(1)
    }
}

/// Steps per second of the push table. Every tick rate divides it.
const PUSH_HZ: u32 = TickRate::Hz60.hz();

/// Entry `k` is the distance after `k` steps: each step goes `speed / 60`, then keeps a share of its speed, until
/// the speed is below the rule's end. `knockback_kept <= 0.99` and the bounds of both speeds end it within 1,146 steps.
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
