//! The phase of a match, from its first player to its result.

use crate::ids::{PlayerId, Tick};
use crate::state::stream::state;

/// waiting → countdown → fighting → over. A countdown returns to waiting if too few players are
/// left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// There are too few players to begin. Nothing moves.
    Waiting,
    /// There are enough players. The fight begins in tick `ends`, and others may still join.
    /// Nothing moves.
    Countdown {
        /// The tick that ends the countdown.
        ends: Tick,
    },
    /// The fight.
    Fighting {
        /// The tick in which it began.
        since: Tick,
        /// The tick in which the time limit ends it; [`Tick::LAST`] without one.
        ends: Tick,
    },
    /// The match is decided. The world no longer changes.
    Over {
        /// The tick in which it ended.
        since: Tick,
        /// The result.
        outcome: Outcome,
    },
}

/// The result of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The player that won; `None` in a draw.
    pub winner: Option<PlayerId>,
    /// The reason for the end.
    pub reason: EndReason,
}

/// The reason for the end of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// At most one player was left alive. If none was, it is a draw.
    LastStanding,
    /// The time was up. The most health wins, then the most hits; a tie is a draw.
    TimeLimit,
}

impl Phase {
    /// Returns the outcome, once there is one.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self {
            Phase::Over { outcome, .. } => Some(*outcome),
            _ => None,
        }
    }
}

state!(enum Phase {
    0 => Waiting,
    1 => Countdown { ends },
    2 => Fighting { since, ends },
    3 => Over { since, outcome },
});
state!(struct Outcome { winner, reason });
state!(enum EndReason { 0 => LastStanding, 1 => TimeLimit });
