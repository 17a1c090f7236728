//! A place in units, in doubles as the page computes with them.

use bolide_sim::{GRID, Point};

/// A place in units, within the range of [`Point`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Place {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// The largest coordinate in units.
const LIMIT: f64 = Point::LIMIT as f64 / GRID as f64;

impl Place {
    /// Returns the nearest place in range to finite coordinates.
    pub(crate) const fn clamped(x: f64, y: f64) -> Place {
        Place { x: x.clamp(-LIMIT, LIMIT), y: y.clamp(-LIMIT, LIMIT) }
    }

    /// Returns the nearest point of the grid.
    #[expect(clippy::cast_possible_truncation, reason = "places are in range")]
    pub(crate) fn point(self) -> Point {
        let grid = |units: f64| (units * f64::from(GRID)).round() as i32;
        Point::new(grid(self.x), grid(self.y))
    }

    /// Returns the place with five decimals, which say each step of the grid.
    pub(crate) fn rounded(self) -> Place {
        let round = |units: f64| (units * 1e5).round() / 1e5;
        Place { x: round(self.x), y: round(self.y) }
    }

    /// Returns the distance to another place.
    pub(crate) fn distance(self, other: Place) -> f64 {
        (other.x - self.x).hypot(other.y - self.y)
    }

    /// Returns the angle of the line to another place, in radians; 0 if it is the same place.
    pub(crate) fn angle_to(self, other: Place) -> f64 {
        (other.y - self.y).atan2(other.x - self.x)
    }

    /// Returns the place at this distance on the straight line to another place, but no farther
    /// than that.
    pub(crate) fn toward(self, to: Place, distance: f64) -> Place {
        let length = self.distance(to);
        if distance >= length { to } else { self.moved(self.angle_to(to), distance) }
    }

    /// Returns the place at this distance in the direction of an angle.
    pub(crate) fn moved(self, angle: f64, distance: f64) -> Place {
        let (sin, cos) = angle.sin_cos();
        Place { x: self.x + cos * distance, y: self.y + sin * distance }
    }
}

impl From<Point> for Place {
    fn from(point: Point) -> Place {
        let units = |steps: i32| f64::from(steps) / f64::from(GRID);
        Place { x: units(point.x()), y: units(point.y()) }
    }
}

#[cfg(test)]
mod tests {
    use bolide_sim::Point;

    use super::Place;

    #[test]
    fn five_decimals_say_the_same_point() {
        for steps in [-Point::LIMIT, -1, 0, 1, 9_830, 29_127, Point::LIMIT] {
            let point = Point::new(steps, -steps);
            assert_eq!(Place::from(point).rounded().point(), point);
        }
    }

    #[test]
    fn a_line_ends_at_its_target() {
        let (from, to) = (Place { x: 1.0, y: 1.0 }, Place { x: 1.3, y: 0.6 });
        assert_eq!(from.toward(to, 0.6), to);
        let half = from.toward(to, 0.25);
        assert!(half.distance(Place { x: 1.15, y: 0.8 }) < 1e-9);
        assert_eq!(from.angle_to(from), 0.0);
    }
}
