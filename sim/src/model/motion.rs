//! The motion of a player: a segment that began at a tick. The position at a tick is computed from
//! the segment in closed form and snapped to the grid. It is never accumulated, so nothing drifts,
//! and the segment alone gives the whole path.

use crate::ids::Tick;
use crate::model::tick_rules::Tuning;
use crate::space::point::{Bounds, Point};
use crate::state::stream::state;

/// A player's motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// The player stands.
    Stand {
        /// The place where it stands.
        at: Point,
    },
    /// The player walks straight and at constant speed.
    Walk {
        /// The place where the walk began.
        from: Point,
        /// The place where it ends.
        to: Point,
        /// The tick at whose end the player was at `from`.
        since: Tick,
    },
    /// The player is pushed by a hit: fast at first, then ever slower; see
    /// `Tuning::push_distance`.
    Push {
        /// The place where the push began.
        from: Point,
        /// A point one unit away in the direction of the push.
        toward: Point,
        /// The tick at whose end the player was at `from`.
        since: Tick,
    },
}

impl Motion {
    /// Returns a walk that begins after the end of `tick`. It ends at `to`, or as near as `bounds`
    /// allow.
    pub(crate) fn walk(from: Point, to: Point, tick: Tick, bounds: Bounds) -> Motion {
        Motion::Walk { from, to: Point::snap(bounds.clamp(to.to_vec2())), since: tick }
    }

    /// Returns the place where the motion began.
    #[must_use]
    pub const fn start(&self) -> Point {
        match *self {
            Motion::Stand { at } => at,
            Motion::Walk { from, .. } | Motion::Push { from, .. } => from,
        }
    }

    /// Returns the position of a player with this health at the end of `tick`, while this is its
    /// motion.
    #[must_use]
    pub fn place_at(&self, tick: Tick, health: u16, tuning: &Tuning) -> Point {
        match *self {
            Motion::Stand { at } => at,
            Motion::Walk { from, to, since } => {
                from.toward(to, tuning.walk_step * tick.since(since) as f32)
            }
            Motion::Push { from, toward, since } => {
                let line = toward.to_vec2() - from.to_vec2();
                let direction = line / line.length().max(f32::MIN_POSITIVE);
                let pushed = from.to_vec2() + direction * tuning.push_distance(tick.since(since));
                Point::snap(tuning.arena.shrunk(tuning.radius(health)).clamp(pushed))
            }
        }
    }

    /// Returns the motion that continues after the end of `tick`. One that has ended becomes a
    /// stand.
    pub(crate) fn settled(self, tick: Tick, at: Point, tuning: &Tuning) -> Motion {
        let finished = match self {
            Motion::Stand { .. } => true,
            Motion::Walk { to, .. } => at == to,
            Motion::Push { since, .. } => tuning.push_is_over(tick.since(since)),
        };
        if finished { Motion::Stand { at } } else { self }
    }
}

state!(enum Motion {
    0 => Stand { at },
    1 => Walk { from, to, since },
    2 => Push { from, toward, since },
});

#[cfg(test)]
mod tests {
    use glam::Vec2;

    use super::Motion;
    use crate::ids::{Tick, TickRate};
    use crate::model::modes::preset;
    use crate::model::rules::{Rules, Walls};
    use crate::model::tick_rules::Tuning;
    use crate::space::point::Point;

    const RATES: [TickRate; 3] = [TickRate::Hz20, TickRate::Hz30, TickRate::Hz60];

    fn tuning(tick_rate: TickRate) -> Tuning {
        Tuning::new(&Rules {
            tick_rate,
            walls: Walls::Open,
            ..preset("brawl").expect("a preset").rules
        })
    }

    #[test]
    fn a_walker_arrives_exactly_and_on_time_at_every_rate() {
        let (from, to) = (Point::snap(Vec2::new(0.2, 0.7)), Point::snap(Vec2::new(1.1, 0.31)));
        for rate in RATES {
            let tuning = tuning(rate);
            let walk = Motion::Walk { from, to, since: Tick(5) };
            let ticks = rate.ticks(from.distance(to) / 0.3);
            let before = walk.place_at(Tick(5 + ticks - 1), 0, &tuning);
            let arrived = walk.place_at(Tick(5 + ticks), 0, &tuning);
            assert_ne!(before, to, "{rate:?}");
            assert_eq!(arrived, to, "{rate:?}");
            assert_eq!(walk.settled(Tick(5 + ticks), arrived, &tuning), Motion::Stand { at: to });
        }
    }

    /// Checks 3,600 directions at every rate. A walk never leaves its line or its pace, and it
    /// arrives on the tick that the exact distance requires.
    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "places of an arena")]
    fn walks_are_straight_and_exact() {
        let middle = Point::snap(Vec2::new(8.0, 4.5));
        for rate in RATES {
            let tuning = tuning(rate);
            for direction in (0..3_600).step_by(if cfg!(miri) { 400 } else { 1 }) {
                let angle = f64::from(direction) * core::f64::consts::TAU / 3_600.0;
                let target = (
                    f64::from(middle.x()) + libm::cos(angle) * 40_000.0,
                    f64::from(middle.y()) + libm::sin(angle) * 40_000.0,
                );
                let to = Point::new(libm::round(target.0) as i32, libm::round(target.1) as i32);
                check_walk(middle, to, rate, &tuning);
            }
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ticks of a walk across an arena"
    )]
    fn check_walk(from: Point, to: Point, rate: TickRate, tuning: &Tuning) {
        let walk = Motion::Walk { from, to, since: Tick(0) };
        let (dx, dy) = (f64::from(to.x() - from.x()), f64::from(to.y() - from.y()));
        let length = libm::hypot(dx, dy) / f64::from(crate::space::point::GRID);
        let step = 0.3f32 as f64 / f64::from(rate.hz());
        let arrival = libm::ceil(length / step - 1e-6) as u32;
        for tick in 0..=arrival + 1 {
            let at = walk.place_at(Tick(tick), 0, tuning);
            let (x, y) = (f64::from(at.x() - from.x()), f64::from(at.y() - from.y()));
            let off_line = (x * dy - y * dx).abs()
                / libm::hypot(dx, dy)
                / f64::from(crate::space::point::GRID);
            assert!(
                off_line <= 0.0001,
                "{from:?} {to:?} {rate:?} tick {tick}: {off_line} units off the line"
            );
            let along = libm::hypot(x, y) / f64::from(crate::space::point::GRID);
            let exact = (step * f64::from(tick)).min(length);
            assert!(
                (along - exact).abs() <= 0.0001,
                "{from:?} {to:?} {rate:?} tick {tick}: {along}, not {exact}"
            );
            assert_eq!(
                at == to,
                tick >= arrival,
                "{from:?} {to:?} {rate:?}: arrives in tick {arrival}, here {tick}"
            );
        }
    }

    #[test]
    fn a_push_ends_at_the_same_place_at_every_rate() {
        let (from, toward) = (Point::snap(Vec2::ZERO), Point::snap(Vec2::new(0.6, 0.8)));
        let ends = RATES.map(|rate| {
            let push = Motion::Push { from, toward, since: Tick(0) };
            push.place_at(Tick(600), 0, &tuning(rate))
        });
        assert_eq!(ends[0], ends[1]);
        assert_eq!(ends[1], ends[2]);
        // 1.0/s, 0.9 kept per 1/60 s, until below 0.1/s: 22 steps, (1 - 0.9^22) / 0.1 / 60 units.
        assert!((from.distance(ends[0]) - 0.150_25).abs() < 0.0001, "{}", from.distance(ends[0]));
    }
}
