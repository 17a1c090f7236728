//! Contact of a moving circle with a moving circle, exact over the whole tick, so that nothing
//! passes through anything at any speed. Computed in f64: a fireball of 1,000 units/s covers 50
//! units in a tick, and in f32 the square of that would swallow a player's radius.

use glam::DVec2;

use crate::space::point::Point;

/// The path of a circle during one tick: from `start`, at `velocity` units per tick, for `share` of
/// the tick.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub(crate) start: DVec2,
    pub(crate) velocity: DVec2,
    pub(crate) share: f64,
}

impl Path {
    /// Returns the straight path between two places, covered during the first `share` of the tick
    /// (0..=1).
    pub(crate) fn between(start: Point, end: Point, share: f64) -> Path {
        let (start, end) = (start.to_vec2().as_dvec2(), end.to_vec2().as_dvec2());
        let velocity = if share > 0.0 { (end - start) / share } else { DVec2::ZERO };
        Path { start, velocity, share }
    }

    /// Returns the position at time `at` of the tick (0..=1).
    pub(crate) fn place(&self, at: f64) -> Point {
        Point::snap((self.start + self.velocity * at.min(self.share)).as_vec2())
    }
}

/// Returns the earliest time of the tick (0..=1) at which a fireball touches a player that it
/// approaches. Their radii add up to `reach`, and exact touch counts. Solves |gap + closing × t| =
/// reach, written so that near-equal roots keep their digits.
///
/// A fireball that is thrown from within a body and leaves it is no hit. It once counted as one
/// from any side, and pushed the victim through the thrower.
pub(crate) fn first_contact(fireball: &Path, player: &Path, reach: f64) -> Option<f64> {
    let gap = fireball.start - player.start;
    let closing = fireball.velocity - player.velocity;
    let approach = -gap.dot(closing);
    if approach <= 0.0 {
        return None;
    }
    let outside = gap.dot(gap) - reach * reach;
    if outside <= 0.0 {
        return Some(0.0);
    }
    let discriminant = approach * approach - closing.dot(closing) * outside;
    if discriminant < 0.0 {
        return None;
    }
    let time = outside / (approach + libm::sqrt(discriminant));
    (time <= fireball.share).then_some(time)
}

#[cfg(test)]
mod tests {
    use glam::{DVec2, Vec2};
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{Path, first_contact};
    use crate::space::point::{GRID, Point};
    use crate::state::history::Way;

    fn path(from: (f32, f32), to: (f32, f32)) -> Path {
        Path::between(Point::snap(from.into()), Point::snap(to.into()), 1.0)
    }

    #[test]
    fn a_path_that_takes_no_time_goes_nowhere() {
        let here = Point::snap(Vec2::new(1.0, 2.0));
        let path = Path::between(here, here, 0.0);
        assert_eq!((path.velocity, path.place(1.0)), (DVec2::ZERO, here));
    }

    #[test]
    fn contacts() {
        let stands = |x, y| path((x, y), (x, y));
        for (fireball, player, reach, expect) in [
            // Head-on: the gap of 1.0 closes to 0.25 after 3/4 of the tick.
            (path((0.0, 0.0), (1.0, 0.0)), stands(1.0, 0.0), 0.25, Some(0.75)),
            // Too fast to be near the player at either end of the tick.
            (path((0.0, 0.0), (50.0, 0.0)), stands(25.0, 0.0), 0.25, Some(0.495)),
            // A graze at exactly the reach counts; one grid step more does not.
            (path((0.0, 0.25), (1.0, 0.25)), stands(0.5, 0.0), 0.25, Some(0.5)),
            (
                path((0.0, 0.25 + 1.0 / 32768.0), (1.0, 0.25 + 1.0 / 32768.0)),
                stands(0.5, 0.0),
                0.25,
                None,
            ),
            // Both move and meet halfway.
            (path((0.0, 0.0), (1.0, 0.0)), path((1.0, 0.0), (0.0, 0.0)), 0.5, Some(0.25)),
            // Moving apart, moving along, standing still.
            (path((0.5, 0.0), (0.0, 0.0)), stands(1.0, 0.0), 0.25, None),
            (path((0.0, 0.0), (1.0, 0.0)), path((0.5, 0.0), (1.5, 0.0)), 0.25, None),
            (stands(0.0, 0.0), stands(1.0, 0.0), 0.25, None),
            // Touching from the start: a player that the fireball approaches is hit at once.
            (path((0.0, 0.0), (1.0, 0.0)), stands(0.25, 0.0), 0.25, Some(0.0)),
            (path((0.0, 0.0), (1.0, 0.0)), stands(0.1, 0.2), 0.25, Some(0.0)),
            (path((0.0, 0.0), (1.0, 0.0)), stands(-0.1, 0.2), 0.25, None),
            (path((0.0, 0.0), (1.0, 0.0)), stands(0.0, 0.2), 0.25, None),
            (path((0.0, 0.0), (1.0, 0.0)), stands(0.0, 0.0), 0.25, None),
            // A player that catches up from behind is hit, one that falls back is not.
            (path((0.0, 0.0), (0.1, 0.0)), path((-0.2, 0.0), (0.2, 0.0)), 0.25, Some(0.0)),
            (path((0.0, 0.0), (0.1, 0.0)), path((0.2, 0.0), (0.5, 0.0)), 0.25, None),
            (stands(0.0, 0.0), stands(0.25, 0.0), 0.25, None),
        ] {
            let found = first_contact(&fireball, &player, reach);
            match (found, expect) {
                (Some(at), Some(expected)) => {
                    assert!((at - expected).abs() < 1e-9, "{at} {expected}")
                }
                (found, expect) => assert_eq!(found, expect, "{fireball:?} {player:?}"),
            }
        }
    }

    #[test]
    fn a_path_that_ends_within_the_tick_hits_nothing_beyond_its_end() {
        let fireball =
            Path::between(Point::snap(Vec2::ZERO), Point::snap(Vec2::new(0.5, 0.0)), 0.5);
        let player = |x| path((x, 0.0), (x, 0.0));
        assert_eq!(first_contact(&fireball, &player(0.625), 0.25), Some(0.375));
        assert_eq!(first_contact(&fireball, &player(0.8), 0.25), None);
    }

    proptest! {
        /// A player that the check skips would not have been touched.
        #[test]
        fn ways_that_are_clear_of_each_other_have_no_contact(
            places in proptest::array::uniform8(0..GRID / 4), share in 0f64..=1.0, reach in 0.001f32..0.2,
        ) {
            let [a, b, c, d, e, f, g, h] = places;
            let flight = Way { from: Point::new(a, b), to: Point::new(c, d) };
            let way = Way { from: Point::new(e, f), to: Point::new(g, h) };
            if flight.is_clear_of(way, Point::in_units(reach, 0.0).x()) {
                let fireball = Path::between(flight.from, flight.to, share);
                let player = Path::between(way.from, way.to, 1.0);
                prop_assert_eq!(first_contact(&fireball, &player, f64::from(reach)), None);
            }
        }

        /// Compared with a fine walk through the tick: no contact is missed, and none is found
        /// early.
        #[test]
        fn agrees_with_small_steps(
            fx in 0f32..2.0, fy in 0f32..1.0, vx in -3f32..3.0, vy in -3f32..3.0,
            px in 0f32..2.0, py in 0f32..1.0, wx in -0.5f32..0.5, wy in -0.5f32..0.5, reach in 0.02f64..0.2,
        ) {
            let (fireball, player) = (path((fx, fy), (fx + vx, fy + vy)), path((px, py), (px + wx, py + wy)));
            let gap = |at: f64| {
                let apart: DVec2 = fireball.start + fireball.velocity * at - player.start - player.velocity * at;
                apart.length()
            };
            let steps = if cfg!(miri) { 40 } else { 4000 };
            let leaves = gap(1e-9) >= gap(0.0);
            let stepped = (0..=steps)
                .map(|i| f64::from(i) / f64::from(steps))
                .find(|at| gap(*at) <= reach && !leaves);
            match first_contact(&fireball, &player, reach) {
                Some(at) => {
                    prop_assert!(gap(at) <= reach + 1e-9);
                    if let Some(stepped) = stepped { prop_assert!(at <= stepped + 1e-9); }
                }
                None => prop_assert_eq!(stepped, None),
            }
        }
    }
}
