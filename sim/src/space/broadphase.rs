//! The broadphase: a uniform grid over the positions of the players, so that a fireball is compared
//! only with players near its path. It decides which players are examined, never which are hit. The
//! touches are the same with and without it.

use alloc::vec::Vec;

use glam::Vec2;

use crate::space::point::Point;
use crate::space::whole;

/// The players sorted by cell. Keeps its buffers from tick to tick.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlayerGrid {
    low: Vec2,
    cell: f32,
    columns: usize,
    rows: usize,
    /// `starts[cell]..starts[cell + 1]` are the entries of `players` in that cell.
    starts: Vec<u32>,
    players: Vec<u32>,
    cells: Vec<u32>,
}

/// Most cells per side. Twice as many as 1,000 players need, and few enough to clear each tick.
const SIDE_MAX: f32 = 64.0;

impl PlayerGrid {
    /// Sorts players, given by their positions, into cells at least `reach` wide.
    #[expect(clippy::cast_possible_truncation, reason = "a rules' capacity is at most 1,000")]
    pub(crate) fn build(&mut self, places: impl Iterator<Item = Point> + Clone, reach: f32) {
        let (mut low, mut high) = (Vec2::INFINITY, Vec2::NEG_INFINITY);
        for place in places.clone() {
            low = low.min(place.to_vec2());
            high = high.max(place.to_vec2());
        }
        let size = (high - low).max(Vec2::ZERO);
        self.low = low;
        self.cell = reach.max(size.max_element() / SIDE_MAX).max(f32::MIN_POSITIVE);
        self.columns = whole(size.x / self.cell) + 1;
        self.rows = whole(size.y / self.cell) + 1;
        self.starts.clear();
        self.starts.resize(self.columns * self.rows + 1, 0);
        self.cells.clear();
        for place in places {
            let cell = self.cell_of(place.to_vec2());
            self.starts[cell + 1] += 1;
            self.cells.push(cell as u32);
        }
        for cell in 1..self.starts.len() {
            self.starts[cell] += self.starts[cell - 1];
        }
        self.players.clear();
        self.players.resize(self.cells.len(), 0);
        // Filling backwards leaves `starts` shifted to the beginning of each cell.
        for (player, cell) in self.cells.iter().enumerate().rev() {
            let slot = &mut self.starts[*cell as usize + 1];
            *slot -= 1;
            self.players[*slot as usize] = player as u32;
        }
        self.starts.rotate_left(1);
        if let Some(end) = self.starts.last_mut() {
            *end = self.cells.len() as u32;
        }
    }

    /// Returns all players that may be within `margin` of the straight path between two places. It
    /// may return others too.
    pub(crate) fn near(
        &self,
        from: Vec2,
        to: Vec2,
        margin: f32,
    ) -> impl Iterator<Item = usize> + '_ {
        let low = from.min(to) - Vec2::splat(margin);
        let high = from.max(to) + Vec2::splat(margin);
        let rows = self.row(low.y)..=self.row(high.y);
        let (first, last) = (self.column(low.x), self.column(high.x));
        rows.flat_map(move |row| {
            let entries =
                self.starts[row * self.columns + first]..self.starts[row * self.columns + last + 1];
            self.players[entries.start as usize..entries.end as usize]
                .iter()
                .map(|player| *player as usize)
        })
    }

    fn cell_of(&self, place: Vec2) -> usize {
        self.row(place.y) * self.columns + self.column(place.x)
    }

    fn column(&self, x: f32) -> usize {
        whole((x - self.low.x) / self.cell).min(self.columns - 1)
    }

    fn row(&self, y: f32) -> usize {
        whole((y - self.low.y) / self.cell).min(self.rows - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use glam::Vec2;
    use proptest::collection::vec;
    use proptest::prelude::{prop_assert, proptest};

    use super::PlayerGrid;
    use crate::space::point::Point;

    proptest! {
        #[test]
        fn nobody_near_is_left_out_and_nobody_comes_twice(
            places in vec((0f32..32.0, 0f32..32.0), 1..200),
            from in (-1f32..33.0, -1f32..33.0),
            to in (-1f32..33.0, -1f32..33.0),
            margin in 0f32..2.0,
            reach in 0.01f32..2.0,
        ) {
            let places: Vec<_> = places.into_iter().map(|place| Point::snap(place.into())).collect();
            let mut grid = PlayerGrid::default();
            grid.build(places.iter().copied(), reach);
            let (from, to) = (Vec2::from(from), Vec2::from(to));
            let mut found: Vec<_> = grid.near(from, to, margin).collect();
            let count = found.len();
            found.sort_unstable();
            found.dedup();
            prop_assert!(found.len() == count, "somebody came twice");
            for (index, place) in places.iter().enumerate() {
                let share = ((place.to_vec2() - from).dot(to - from) / (to - from).length_squared()).clamp(0.0, 1.0);
                let apart = place.to_vec2().distance(from + (to - from) * share);
                prop_assert!(apart > margin * 0.999 || found.contains(&index), "{index} is {apart} away");
            }
        }
    }

    #[test]
    fn cells_are_as_wide_as_the_reach_and_at_most_64_of_them_fit_into_a_side() {
        let row = |y| (0u8..8).map(move |x| Point::snap(Vec2::new(2.0 + f32::from(x), y)));
        let places: Vec<Point> = [5.0, 6.0, 7.0, 8.0].into_iter().flat_map(row).collect();
        let mut grid = PlayerGrid::default();
        grid.build(places.iter().copied(), 0.01);
        assert_eq!((grid.cell, grid.columns, grid.rows), (7.0 / 64.0, 65, 28));
        grid.build(places.iter().copied(), 2.0);
        assert_eq!((grid.cell, grid.columns, grid.rows), (2.0, 4, 2));
        let near = |from: (f32, f32), to: (f32, f32)| {
            let mut found: Vec<usize> = grid.near(from.into(), to.into(), 0.3).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(near((5.0, 6.0), (5.5, 6.0)), [2, 3, 10, 11]);
        assert_eq!(near((5.5, 6.0), (5.0, 7.5)), [2, 3, 10, 11, 18, 19, 26, 27]);
        assert_eq!(near((0.0, 0.0), (0.0, 0.0)), [0, 1, 8, 9], "outside counts as the edge");
        assert_eq!(
            near((50.0, 50.0), (50.0, 50.0)),
            [22, 23, 30, 31],
            "outside counts as the edge"
        );
    }
}
