//! The grid that every place in a match lies on, and the few float operations that the simulation
//! may use: `+ - * /`, square root, comparison and rounding. Do not add another without a proof
//! that it gives the same bits on every target.

use glam::Vec2;

/// Grid steps per unit of length. A power of two, so that grid to float and back is exact.
pub const GRID: i32 = 32_768;

/// A place on the grid of 1/32768 unit. All stored places are points, so nothing drifts and nothing
/// is lost on the wire. 1.0 unit is the height of the classic arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    x: i32,
    y: i32,
}

impl Point {
    /// The largest coordinate from the origin, in grid steps (64 units). Below 2^24, so that every
    /// point is exact in an f32.
    pub const LIMIT: i32 = 64 * GRID;

    /// Returns the point at these grid steps, clamped to ±[`Point::LIMIT`].
    #[must_use]
    pub const fn new(x: i32, y: i32) -> Point {
        Point { x: clamp_to_limit(x), y: clamp_to_limit(y) }
    }

    /// Returns the grid point nearest to a place in units. NaN becomes 0.
    #[must_use]
    pub fn snap(place: Vec2) -> Point {
        Point::new(round(place.x * GRID as f32), round(place.y * GRID as f32))
    }

    /// Returns the grid point nearest to a place in units.
    #[must_use]
    pub fn in_units(x: f32, y: f32) -> Point {
        Point::snap(Vec2::new(x, y))
    }

    /// Returns the grid steps from the left edge of the arena.
    #[must_use]
    pub const fn x(self) -> i32 {
        self.x
    }

    /// Returns the grid steps from the top edge of the arena.
    #[must_use]
    pub const fn y(self) -> i32 {
        self.y
    }

    /// Returns the place in units. Exact.
    #[must_use]
    pub fn to_vec2(self) -> Vec2 {
        Vec2::new(self.x as f32, self.y as f32) / GRID as f32
    }

    /// Returns the distance to another point in units.
    #[must_use]
    pub fn distance(self, other: Point) -> f32 {
        (other.to_vec2() - self.to_vec2()).length()
    }

    /// Returns the square of the distance to another point, in square grid steps. Exact.
    #[must_use]
    pub fn distance_squared(self, other: Point) -> i64 {
        let (dx, dy) = (other.x - self.x, other.y - self.y);
        i64::from(dx).pow(2) + i64::from(dy).pow(2)
    }

    /// Returns the point `distance` units from here on the straight line to `to`, but no farther
    /// than `to`.
    #[must_use]
    pub fn toward(self, to: Point, distance: f32) -> Point {
        let line = to.to_vec2() - self.to_vec2();
        let length = line.length();
        if distance >= length {
            to
        } else {
            Point::snap(self.to_vec2() + line * (distance / length))
        }
    }

    /// Returns the unit vector from here to `to`; `None` if it is the same point.
    #[must_use]
    pub fn direction(self, to: Point) -> Option<Vec2> {
        let line = to.to_vec2() - self.to_vec2();
        let length = line.length();
        (length > 0.0).then(|| line / length)
    }
}

/// A rectangle that must not be left, in units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) low: Vec2,
    pub(crate) high: Vec2,
}

impl Bounds {
    /// Returns these bounds with `margin` taken off each side and rounded inward to the grid, so
    /// that a place inside is still inside after snapping. A margin wider than half a side leaves
    /// the middle.
    pub(crate) fn shrunk(self, margin: f32) -> Bounds {
        let middle = Point::snap((self.low + self.high) * 0.5).to_vec2();
        let (low, high) = (self.low + Vec2::splat(margin), self.high - Vec2::splat(margin));
        let low = Vec2::new(inward(low.x, 1), inward(low.y, 1));
        let high = Vec2::new(inward(high.x, -1), inward(high.y, -1));
        Bounds { low: low.min(middle), high: high.max(middle) }
    }

    /// Returns the nearest place inside.
    pub(crate) fn clamp(self, place: Vec2) -> Vec2 {
        place.max(self.low).min(self.high)
    }

    /// Returns the distance to the edge from `from`, a place inside, along the unit vector
    /// `direction`: at most `distance` units.
    pub(crate) fn reach(self, from: Vec2, direction: Vec2, distance: f32) -> f32 {
        let axis = |at: f32, slope: f32, low: f32, high: f32| {
            if slope > 0.0 {
                (high - at) / slope
            } else if slope < 0.0 {
                (low - at) / slope
            } else {
                f32::MAX
            }
        };
        distance
            .min(axis(from.x, direction.x, self.low.x, self.high.x))
            .min(axis(from.y, direction.y, self.low.y, self.high.y))
            .max(0.0)
    }
}

/// Returns the grid line at `value`, or the next one on the side of `step`.
fn inward(value: f32, step: i32) -> f32 {
    let line = round(value * GRID as f32);
    let grid = line as f32 / GRID as f32;
    if (value - grid) * step as f32 > 0.0 { (line + step) as f32 / GRID as f32 } else { grid }
}

const fn clamp_to_limit(steps: i32) -> i32 {
    if steps < -Point::LIMIT {
        -Point::LIMIT
    } else if steps > Point::LIMIT {
        Point::LIMIT
    } else {
        steps
    }
}

/// Rounds to the nearest integer, halves away from zero. NaN becomes 0. `core` has no `f32::round`.
#[expect(clippy::cast_possible_truncation, reason = "float to int casts saturate; NaN becomes 0")]
fn round(value: f32) -> i32 {
    let whole = value as i32;
    let rest = value - whole as f32;
    if rest >= 0.5 {
        whole.saturating_add(1)
    } else if rest <= -0.5 {
        whole.saturating_sub(1)
    } else {
        whole
    }
}

#[cfg(test)]
mod tests {
    use glam::Vec2;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{Bounds, GRID, Point, round};

    #[test]
    fn rounding_is_to_the_nearest() {
        for (value, rounded) in [
            (0.4, 0),
            (0.5, 1),
            (-0.5, -1),
            (-0.4, 0),
            (7.6, 8),
            (-7.6, -8),
            (f32::NAN, 0),
            (f32::INFINITY, i32::MAX),
            (f32::NEG_INFINITY, i32::MIN),
        ] {
            assert_eq!(round(value), rounded, "{value}");
        }
    }

    #[test]
    fn a_point_cannot_be_out_of_range() {
        assert_eq!(Point::new(i32::MIN, i32::MAX), Point::new(-Point::LIMIT, Point::LIMIT));
        assert_eq!(Point::snap(Vec2::new(f32::INFINITY, f32::NAN)), Point::new(Point::LIMIT, 0));
    }

    #[test]
    fn bounds_on_the_grid_shrink_by_what_is_on_the_grid_alone() {
        let bounds = Bounds { low: Vec2::ZERO, high: Vec2::new(2.0, 1.0) };
        let is = |shrunk: Bounds, low: f32, high: Vec2| {
            assert_eq!((shrunk.low, shrunk.high), (Vec2::splat(low), high));
        };
        is(bounds.shrunk(0.0), 0.0, bounds.high);
        is(bounds.shrunk(0.25), 0.25, Vec2::new(1.75, 0.75));
        let step = 1.0 / GRID as f32;
        is(bounds.shrunk(step / 4.0), step, bounds.high - step);
    }

    proptest! {
        #[test]
        fn grid_to_units_and_back_is_exact(x in -Point::LIMIT..=Point::LIMIT, y in -Point::LIMIT..=Point::LIMIT) {
            let point = Point::new(x, y);
            prop_assert_eq!(Point::snap(point.to_vec2()), point);
        }

        #[test]
        fn toward_stays_on_the_line(ax in 0..2 * GRID, ay in 0..GRID, bx in 0..2 * GRID, by in 0..GRID, d in 0f32..3.0) {
            let (from, to) = (Point::new(ax, ay), Point::new(bx, by));
            let at = from.toward(to, d);
            let length = from.distance(to);
            prop_assert!((from.distance(at) - d.min(length)).abs() < 0.0001);
            prop_assert!((from.distance(at) + at.distance(to) - length).abs() < 0.0001);
        }

        #[test]
        fn reach_never_leaves_the_bounds(x in 0f32..=2.0, y in 0f32..=1.0, dx in -1f32..1.0, dy in -1f32..1.0) {
            let bounds = Bounds { low: Vec2::ZERO, high: Vec2::new(2.0, 1.0) };
            let Some(direction) = Vec2::new(dx, dy).try_normalize() else { return Ok(()) };
            let end = Vec2::new(x, y) + direction * bounds.reach(Vec2::new(x, y), direction, 5.0);
            prop_assert!((bounds.clamp(end) - end).length() < 1e-5, "{end}");
        }
    }
}
