//! Where a match is between its first player and its result.

use crate::ids::{PlayerId, Tick};
use crate::state::state;

/// waiting → countdown → fighting → over. A countdown goes back to waiting when too few are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Too few players to begin. Nothing moves.
    Waiting,
    /// Enough players; the fight begins at the end of `ends`. Others may still join. Nothing moves.
    Countdown {
        /// The tick that ends the countdown.
        ends: Tick,
    },
    /// The fight.
    Fighting {
        /// The tick in which it began.
        since: Tick,
        /// The tick in which the time limit ends it.
        ends: Tick,
    },
    /// Decided; the world no longer changes.
    Over {
        /// The tick in which it ended.
        since: Tick,
        /// How it ended.
        outcome: Outcome,
    },
}

/// How a match ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Who won; none in a draw.
    pub winner: Option<PlayerId>,
    /// What ended it.
    pub reason: EndReason,
}

/// What ended a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// At most one player was left alive. None alive is a draw.
    LastStanding,
    /// The time was up: the most health wins, then the most hits; a tie is a draw.
    TimeLimit,
}

impl Phase {
    /// The outcome, once there is one.
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
