//! The positions of all players in the last ticks, so that a shot can hit what its shooter saw.
//! They are part of the state, so they are hashed, saved and replayed.

use alloc::vec::Vec;

use crate::ids::Tick;
use crate::space::point::Point;
use crate::state::stream::state;

/// Ticks of the past that are kept: 200 ms at 60 Hz.
pub(crate) const HISTORY_TICKS: usize = 12;

/// The ways of all players in the last ticks. Those of tick `t` are row `t % HISTORY_TICKS`, in the
/// order of the players. A tick writes one row and leaves the others alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    players: usize,
    ways: Vec<Way>,
}

/// The straight way of one tick. A blink is not part of it: nothing is hit on a way that was not
/// walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) from: Point,
    pub(crate) to: Point,
}

state!(struct Way { from, to });

impl Way {
    /// Returns true if two objects that take these ways in the same tick never come as near as
    /// `reach` grid steps. False is inconclusive: this compares the boxes around the ways, which is
    /// cheaper than to compute the time of contact.
    pub(crate) fn is_clear_of(self, other: Way, reach: i32) -> bool {
        let clear = |a: (i32, i32), b: (i32, i32)| {
            // One step more than the reach, because of rounding.
            a.0.max(a.1) + reach + 1 < b.0.min(b.1) || b.0.max(b.1) + reach + 1 < a.0.min(a.1)
        };
        clear((self.from.x(), self.to.x()), (other.from.x(), other.to.x()))
            || clear((self.from.y(), self.to.y()), (other.from.y(), other.to.y()))
    }
}

impl History {
    /// Reserves memory for this many players.
    pub(crate) fn with_capacity(players: usize) -> History {
        History { players: 0, ways: Vec::with_capacity(players * HISTORY_TICKS) }
    }

    /// Starts anew with this many players, none of which has moved.
    pub(crate) fn begin(&mut self, players: usize) {
        self.players = players;
        self.ways.clear();
        self.ways.resize(players * HISTORY_TICKS, Way::default());
    }

    /// Adds a player before the one at `index`. It stands at `at`, as if it always had. The others
    /// keep their ways.
    pub(crate) fn insert(&mut self, index: usize, at: Point) {
        for row in (0..HISTORY_TICKS).rev() {
            self.ways.insert(row * self.players + index, Way { from: at, to: at });
        }
        self.players += 1;
    }

    /// Removes a player. The others keep their ways.
    pub(crate) fn remove(&mut self, index: usize) {
        for row in (0..HISTORY_TICKS).rev() {
            self.ways.remove(row * self.players + index);
        }
        self.players -= 1;
    }

    /// Records a way. Here and below, `player` is the player's index.
    pub(crate) fn record(&mut self, tick: Tick, player: usize, way: Way) {
        let slot = self.slot(tick, player);
        self.ways[slot] = way;
    }

    /// Returns the way of one of the last [`HISTORY_TICKS`] recorded ticks.
    pub(crate) fn way_in(&self, tick: Tick, player: usize) -> Way {
        self.ways[self.slot(tick, player)]
    }

    /// Returns the ways of one player as its state holds them, that of tick `t` at `t %
    /// HISTORY_TICKS`.
    pub(crate) fn of(&self, player: usize) -> impl Iterator<Item = &Way> {
        self.ways[player..].iter().step_by(self.players)
    }

    /// Restores the ways, given by player.
    pub(crate) fn restore(&mut self, pasts: &[[Way; HISTORY_TICKS]]) {
        self.begin(pasts.len());
        for (player, past) in pasts.iter().enumerate() {
            for (row, way) in past.iter().enumerate() {
                self.ways[row * self.players + player] = *way;
            }
        }
    }

    const fn slot(&self, tick: Tick, player: usize) -> usize {
        tick.0 as usize % HISTORY_TICKS * self.players + player
    }
}

#[cfg(test)]
mod tests {
    use super::{HISTORY_TICKS, History, Way};
    use crate::ids::Tick;
    use crate::space::point::Point;

    const TICKS: u32 = 12;

    #[test]
    fn whoever_comes_or_goes_leaves_the_past_of_the_others_alone() {
        assert_eq!(TICKS as usize, HISTORY_TICKS);
        let mut history = History::with_capacity(4);
        history.begin(3);
        let way = |tick: u32, name: i32| {
            let from = Point::new(name, tick.cast_signed());
            Way { from, to: Point::new(name + 1, 0) }
        };
        for tick in 0..TICKS {
            for (player, name) in (0..3).zip(0..) {
                history.record(Tick(tick), player, way(tick, name));
            }
        }
        let memory = history.ways.as_ptr();
        let stands = Way { from: Point::new(7, 7), to: Point::new(7, 7) };
        history.insert(1, stands.to);
        assert_eq!(memory, history.ways.as_ptr(), "nothing is allocated");
        for tick in 0..TICKS {
            let ways = [0, 1, 2, 3].map(|player| history.way_in(Tick(tick), player));
            assert_eq!(ways, [way(tick, 0), stands, way(tick, 1), way(tick, 2)]);
        }
        history.remove(2);
        for tick in 0..TICKS {
            let ways = [0, 1, 2].map(|player| history.way_in(Tick(tick), player));
            assert_eq!(ways, [way(tick, 0), stands, way(tick, 2)]);
        }
    }

    #[test]
    fn ways_are_clear_of_each_other_beyond_the_reach_and_a_step_for_rounding() {
        let way = |from: (i32, i32), to: (i32, i32)| Way {
            from: Point::new(from.0, from.1),
            to: Point::new(to.0, to.1),
        };
        let this = way((0, 0), (20, 20));
        // Beside it on either side of either axis, as near as `gap`.
        let beside = |gap: i32| {
            [
                way((20 + gap, 0), (90, 0)),
                way((-90, 0), (-gap, 0)),
                way((0, 90), (0, 20 + gap)),
                way((0, -gap), (0, -90)),
            ]
        };
        for (gap, is_clear) in [(0, false), (10, false), (11, false), (12, true), (13, true)] {
            for other in beside(gap) {
                assert_eq!(this.is_clear_of(other, 10), is_clear, "{gap}: {other:?}");
                assert_eq!(other.is_clear_of(this, 10), is_clear, "{gap}: {other:?}");
            }
        }
    }
}
