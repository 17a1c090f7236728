//! Where a player was in the last ticks, so that a shot can hit what its shooter saw. Part of the state, so it is hashed,
//! saved and replayed.

use crate::ids::Tick;
use crate::math::Point;
use crate::state::state;

/// Ticks of the past that are kept: 200 ms at 60 Hz.
pub(crate) const PAST_TICKS: usize = 12;

/// The ways of a player in its last ticks; the way of tick `t` is at `t % PAST_TICKS`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Past {
    ways: [Way; PAST_TICKS],
}

/// The straight way of one tick. A blink is not part of it: nothing is hit on a way that nobody walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) from: Point,
    pub(crate) to: Point,
}

state!(struct Past { ways });
state!(struct Way { from, to });

impl Past {
    pub(crate) fn record(&mut self, tick: Tick, way: Way) {
        self.ways[slot(tick)] = way;
    }

    /// The way of one of the last [`PAST_TICKS`] recorded ticks.
    pub(crate) fn way_in(&self, tick: Tick) -> Way {
        self.ways[slot(tick)]
    }
}

const fn slot(tick: Tick) -> usize {
    tick.0 as usize % PAST_TICKS
}
