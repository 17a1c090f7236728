//! Where players start: spread out, never on top of each other while the arena has room for that.

use glam::Vec2;

use crate::math::Point;
use crate::rules::{Rules, Spawn};

/// The start of player `index` of `count`. `turn` in [0, 1) rotates the places, so that no seat always has the
/// same one.
pub(crate) fn start(rules: &Rules, index: usize, count: usize, turn: f32) -> Point {
    let size = Vec2::new(rules.arena_width, rules.arena_height);
    Point::snap(match rules.spawn {
        Spawn::Centre => size * 0.5,
        Spawn::Spread => {
            let inset = size.min_element() * INSET;
            let ring = size - Vec2::splat(2.0 * inset);
            let spacing = 2.0 * (ring.x + ring.y) / count as f32;
            if spacing >= 4.0 * rules.radius(rules.health) {
                Vec2::splat(inset) + on_ring(ring, (index as f32 / count as f32 + turn) % 1.0)
            } else {
                in_grid(size, index, count)
            }
        }
    })
}

/// The ring lies this share of the arena's short side away from its edge.
const INSET: f32 = 0.2;

/// The place at `share` of the way around a rectangle, clockwise from its top left corner.
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

/// The middle of cell `index` of a grid of at least `count` cells, about as wide as high.
fn in_grid(size: Vec2, index: usize, count: usize) -> Vec2 {
    let mut columns = 1;
    while columns < count && (columns * columns) as f32 * size.y < count as f32 * size.x {
        columns += 1;
    }
    let rows = count.div_ceil(columns);
    let (column, row) = (index % columns, index / columns);
    Vec2::new(
        (column as f32 + 0.5) * size.x / columns as f32,
        (row as f32 + 0.5) * size.y / rows as f32,
    )
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::start;
    use crate::modes::preset;
    use crate::rules::Rules;

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
