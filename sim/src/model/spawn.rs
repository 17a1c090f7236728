//! The starting places of players: spread out, never on top of each other while the arena has room
//! for that. A few players stand on a ring, as far from each other as it allows. A crowd is spread
//! over the whole area.

use glam::Vec2;

use crate::model::rules::{Rules, Spawn};
use crate::space::point::Point;
use crate::space::whole;

/// Returns the start of player `index` of `count`. `turn` in [0, 1) rotates the places, so that no
/// seat always has the same one.
pub(crate) fn start(rules: &Rules, index: usize, count: usize, turn: f32) -> Point {
    let size = Vec2::new(rules.arena_width, rules.arena_height);
    Point::snap(match rules.spawn {
        Spawn::Centre => size * 0.5,
        Spawn::Spread => {
            let inset = size.min_element() * INSET;
            let ring = size - Vec2::splat(2.0 * inset);
            let rows = Rows::of(size, count);
            if 2.0 * (ring.x + ring.y) / count as f32 >= rows.spacing(size) {
                Vec2::splat(inset) + on_ring(ring, (index as f32 / count as f32 + turn) % 1.0)
            } else {
                rows.place(size, index, turn)
            }
        }
    })
}

/// Distance of the ring from the arena's edge, as a share of the arena's short side.
const INSET: f32 = 0.2;

/// Returns the place at `share` of the way around a rectangle, clockwise from its top left corner.
fn on_ring(ring: Vec2, share: f32) -> Vec2 {
    let way = share * 2.0 * (ring.x + ring.y);
    if way < ring.x {
        Vec2::new(way, 0.0)
    } else if way < ring.x + ring.y {
        Vec2::new(ring.x, way - ring.x)
    } else if way < 2.0 * ring.x + ring.y {
        Vec2::new(2.0 * ring.x + ring.y - way, ring.y)
    } else {
        Vec2::new(0.0, 2.0 * (ring.x + ring.y) - way)
    }
}

/// Players in rows of about equal length, with cells about as wide as high.
#[derive(Clone, Copy)]
struct Rows {
    count: usize,
    rows: usize,
}

impl Rows {
    fn of(size: Vec2, count: usize) -> Rows {
        let mut columns = 1;
        while columns < count && (columns * columns) as f32 * size.y < count as f32 * size.x {
            columns += 1;
        }
        Rows { count, rows: count.div_ceil(columns) }
    }

    /// Returns the least distance between two players.
    fn spacing(self, size: Vec2) -> f32 {
        let columns = self.count.div_ceil(self.rows);
        (size.x / columns as f32).min(size.y / self.rows as f32)
    }

    /// Returns the middle of the cell of player `index`. `turn` shifts the cells.
    fn place(self, size: Vec2, index: usize, turn: f32) -> Vec2 {
        let cell = (index + whole(turn * self.count as f32)) % self.count;
        let first_of = |row: usize| row * self.count / self.rows;
        // The last row that begins at or before this cell.
        let row = ((cell + 1) * self.rows - 1) / self.count;
        let (first, end) = (first_of(row), first_of(row + 1));
        Vec2::new(
            ((cell - first) as f32 + 0.5) * size.x / (end - first) as f32,
            (row as f32 + 0.5) * size.y / self.rows as f32,
        )
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use glam::Vec2;

    use super::{Rows, start};
    use crate::model::modes::preset;
    use crate::model::rules::Rules;
    use crate::space::point::Point;

    #[test]
    fn cells_of_rows_are_about_as_wide_as_high() {
        for (count, rows) in [(1, 1), (2, 1), (5, 2), (9, 3), (10, 2), (36, 5), (60, 6)] {
            assert_eq!(Rows::of(Vec2::new(16.0, 9.0), count).rows, rows, "{count}");
        }
    }

    #[test]
    fn nobody_starts_on_top_of_another_or_outside() {
        let brawl = preset("brawl").expect("a preset").rules;
        for count in (2..=80).step_by(if cfg!(miri) { 13 } else { 1 }) {
            for turn in [0.0, 0.13, 0.77] {
                let places: Vec<_> = (0..count).map(|i| start(&brawl, i, count, turn)).collect();
                for (i, a) in places.iter().enumerate() {
                    let place = a.to_vec2();
                    assert!(
                        place.x >= 0.05 && place.x <= brawl.arena_width - 0.05,
                        "{count} {place}"
                    );
                    assert!(
                        place.y >= 0.05 && place.y <= brawl.arena_height - 0.05,
                        "{count} {place}"
                    );
                    for b in &places[i + 1..] {
                        assert!(a.distance(*b) >= 0.1, "{count} players, turn {turn}: {a:?} {b:?}");
                    }
                }
            }
        }
    }

    /// Returns the number of others within `range` of each player.
    fn neighbours(rules: &Rules, count: usize, turn: f32, range: f32) -> Vec<usize> {
        let places: Vec<_> = (0..count).map(|i| start(rules, i, count, turn)).collect();
        let near = |at: &Point| places.iter().filter(|b| at.distance(**b) < range).count() - 1;
        places.iter().map(near).collect()
    }

    #[test]
    fn a_crowd_is_spread_over_the_whole_area() {
        let royale = preset("royale").expect("a preset").rules;
        for count in (12..=60).step_by(if cfg!(miri) { 16 } else { 1 }) {
            for turn in [0.0, 0.13, 0.77, 0.999] {
                let near = neighbours(&royale, count, turn, 1.2);
                assert!(near.iter().all(|near| *near == 0), "{count} players, turn {turn}");
                let fourths = |place: Point| {
                    let share =
                        place.to_vec2() / Vec2::new(royale.arena_width, royale.arena_height);
                    (share.x >= 0.5, share.y >= 0.5)
                };
                for fourth in [(false, false), (false, true), (true, false), (true, true)] {
                    let here = (0..count)
                        .filter(|i| fourths(start(&royale, *i, count, turn)) == fourth)
                        .count();
                    assert!(here >= count / 6, "{here} of {count} players in {fourth:?}");
                }
            }
        }
    }

    #[test]
    fn each_place_of_a_crowd_is_taken_once_and_by_others_in_other_matches() {
        let royale = preset("royale").expect("a preset").rules;
        let places = |turn| {
            let mut places: Vec<_> = (0..60).map(|i| start(&royale, i, 60, turn)).collect();
            let first = places[0];
            places.sort_unstable();
            places.dedup();
            (first, places)
        };
        assert_eq!(places(0.0).1.len(), 60);
        assert_eq!(places(0.0).1, places(0.6).1);
        assert_ne!(places(0.0).0, places(0.6).0);
    }

    #[test]
    fn a_duel_starts_on_opposite_sides() {
        let duel = Rules { capacity: 2, ..preset("brawl").expect("a preset").rules };
        for turn in [0.0, 0.3, 0.9] {
            let sum = start(&duel, 0, 2, turn).to_vec2() + start(&duel, 1, 2, turn).to_vec2();
            assert!(
                (sum.x - duel.arena_width).abs() < 0.001
                    && (sum.y - duel.arena_height).abs() < 0.001
            );
        }
    }
}
