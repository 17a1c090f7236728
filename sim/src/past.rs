//! Where everybody was in the last ticks, so that a shot can hit what its shooter saw. Part of the state, so it is hashed,
//! saved and replayed.

use alloc::vec::Vec;

use crate::ids::Tick;
use crate::math::Point;
use crate::state::state;

/// Ticks of the past that are kept: 200 ms at 60 Hz.
pub(crate) const PAST_TICKS: usize = 12;

/// The ways of all players in the last ticks. Those of tick `t` are row `t % PAST_TICKS`, in the order of the players: a tick
/// writes one row, and touches nothing of the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    players: usize,
    ways: Vec<Way>,
}

/// The straight way of one tick. A blink is not part of it: nothing is hit on a way that nobody walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) from: Point,
    pub(crate) to: Point,
}

state!(struct Way { from, to });

impl Way {
    /// Whether two things that take these ways in the same tick never come as near as `reach` grid steps. False says nothing:
    /// this compares the boxes around the ways, which is cheaper than to work out when they touch.
    pub(crate) fn is_clear_of(self, other: Way, reach: i32) -> bool {
        let clear = |a: (i32, i32), b: (i32, i32)| {
            // A step more than the reach, for what rounding may add.
            a.0.max(a.1) + reach + 1 < b.0.min(b.1) || b.0.max(b.1) + reach + 1 < a.0.min(a.1)
        };
        clear((self.from.x(), self.to.x()), (other.from.x(), other.to.x()))
            || clear((self.from.y(), self.to.y()), (other.from.y(), other.to.y()))
    }
}

impl Past {
    /// Memory for so many players.
    pub(crate) fn with_capacity(players: usize) -> Past {
        Past { players: 0, ways: Vec::with_capacity(players * PAST_TICKS) }
    }

    /// So many players begin, and none of them has been anywhere.
    pub(crate) fn begin(&mut self, players: usize) {
        self.players = players;
        self.ways.clear();
        self.ways.resize(players * PAST_TICKS, Way::default());
    }

    /// `player` is its place among the players, here and below.
    pub(crate) fn record(&mut self, tick: Tick, player: usize, way: Way) {
        let slot = self.slot(tick, player);
        self.ways[slot] = way;
    }

    /// The way of one of the last [`PAST_TICKS`] recorded ticks.
    pub(crate) fn way_in(&self, tick: Tick, player: usize) -> Way {
        self.ways[self.slot(tick, player)]
    }

    /// The ways of one player as they stand in its state, that of tick `t` at `t % PAST_TICKS`.
    pub(crate) fn of(&self, player: usize) -> impl Iterator<Item = &Way> {
        self.ways[player..].iter().step_by(self.players)
    }

    /// As it was, by player.
    pub(crate) fn restore(&mut self, pasts: &[[Way; PAST_TICKS]]) {
        self.begin(pasts.len());
        for (player, past) in pasts.iter().enumerate() {
            for (row, way) in past.iter().enumerate() {
                self.ways[row * self.players + player] = *way;
            }
        }
    }

    const fn slot(&self, tick: Tick, player: usize) -> usize {
        tick.0 as usize % PAST_TICKS * self.players + player
    }
}
