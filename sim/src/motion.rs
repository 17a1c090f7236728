//! How a player moves: a segment that began at a tick. A tick's place is computed from the segment in closed
//! form and snapped to the grid, never accumulated, so nothing drifts and whoever knows the segment knows the
//! whole way.

use crate::hash::{Hashed, StateHash};
use crate::ids::Tick;
use crate::math::{Bounds, Point};
use crate::tuning::Tuning;

/// A player's motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// Stands.
    Stand {
        /// Where.
        at: Point,
    },
    /// Walks straight and at constant speed.
    Walk {
        /// Where the walk began.
        from: Point,
        /// Where it ends.
        to: Point,
        /// The tick at whose end the player was at `from`.
        since: Tick,
    },
    /// Is pushed by a hit: fast at first, then ever slower; see [`Tuning::push_distance`].
    Push {
        /// Where the push began.
        from: Point,
        /// A point one unit away in the direction of the push.
        toward: Point,
        /// The tick at whose end the player was at `from`.
        since: Tick,
    },
}

impl Motion {
    /// Where the player is at the end of `tick`. `bounds` is what its centre may not leave.
    pub(crate) fn position_at(&self, tick: Tick, tuning: &Tuning, bounds: Bounds) -> Point {
        match *self {
            Motion::Stand { at } => at,
            Motion::Walk { from, to, since } => {
                from.toward(to, tuning.walk_step * tick.since(since) as f32)
            }
            Motion::Push { from, toward, since } => {
                let line = toward.to_vec2() - from.to_vec2();
                let direction = line / line.length().max(f32::MIN_POSITIVE);
                let pushed = from.to_vec2() + direction * tuning.push_distance(tick.since(since));
                Point::snap(bounds.clamp(pushed))
            }
        }
    }

    /// The motion as it goes on after the end of `tick`: one that has come to its end is a stand.
    pub(crate) fn settled(self, tick: Tick, at: Point, tuning: &Tuning) -> Motion {
        let finished = match self {
            Motion::Stand { .. } => true,
            Motion::Walk { to, .. } => at == to,
            Motion::Push { since, .. } => tuning.push_is_over(tick.since(since)),
        };
        if finished { Motion::Stand { at } } else { self }
    }
}

impl Hashed for Motion {
    fn feed(&self, hash: &mut StateHash) {
        match self {
            Motion::Stand { at } => {
                0u8.feed(hash);
                at.feed(hash);
            }
            Motion::Walk { from, to, since } => {
                1u8.feed(hash);
                from.feed(hash);
                to.feed(hash);
                since.feed(hash);
            }
            Motion::Push { from, toward, since } => {
                2u8.feed(hash);
                from.feed(hash);
                toward.feed(hash);
                since.feed(hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use glam::Vec2;

    use super::Motion;
    use crate::ids::{Tick, TickRate};
    use crate::math::{Bounds, Point};
    use crate::modes::preset;
    use crate::rules::Rules;
    use crate::tuning::Tuning;

    const RATES: [TickRate; 3] = [TickRate::Hz20, TickRate::Hz30, TickRate::Hz60];
    const OPEN: Bounds = Bounds { low: Vec2::splat(-9.0), high: Vec2::splat(9.0) };

    fn tuning(tick_rate: TickRate) -> Tuning {
        Tuning::new(&Rules { tick_rate, ..preset("brawl").expect("a preset").rules })
    }

    #[test]
    fn a_walker_arrives_exactly_and_on_time_at_every_rate() {
        let (from, to) = (Point::snap(Vec2::new(0.2, 0.7)), Point::snap(Vec2::new(1.1, 0.31)));
        for rate in RATES {
            let tuning = tuning(rate);
            let walk = Motion::Walk { from, to, since: Tick(5) };
            let ticks = rate.ticks(from.distance(to) / 0.3);
            let before = walk.position_at(Tick(5 + ticks - 1), &tuning, OPEN);
            let arrived = walk.position_at(Tick(5 + ticks), &tuning, OPEN);
            assert_ne!(before, to, "{rate:?}");
            assert_eq!(arrived, to, "{rate:?}");
            assert_eq!(walk.settled(Tick(5 + ticks), arrived, &tuning), Motion::Stand { at: to });
        }
    }

    #[test]
    fn a_push_ends_at_the_same_place_at_every_rate() {
        let (from, toward) = (Point::snap(Vec2::ZERO), Point::snap(Vec2::new(0.6, 0.8)));
        let ends = RATES.map(|rate| {
            let push = Motion::Push { from, toward, since: Tick(0) };
            push.position_at(Tick(600), &tuning(rate), OPEN)
        });
        assert_eq!(ends[0], ends[1]);
        assert_eq!(ends[1], ends[2]);
        // 1.0/s, 0.9 kept per 1/60 s, until below 0.1/s: 22 steps, (1 - 0.9^22) / 0.1 / 60 units.
        assert!((from.distance(ends[0]) - 0.150_25).abs() < 0.0001, "{}", from.distance(ends[0]));
    }
}
