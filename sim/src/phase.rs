//! Where a match is between its first player and its result.

use crate::hash::{Hashed, StateHash};
use crate::ids::{PlayerId, Tick};

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
    /// The time was up: the most health wins, a tie is a draw.
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

impl Hashed for Phase {
    fn feed(&self, hash: &mut StateHash) {
        match self {
            Phase::Waiting => 0u8.feed(hash),
            Phase::Countdown { ends } => {
                1u8.feed(hash);
                ends.feed(hash);
            }
            Phase::Fighting { since, ends } => {
                2u8.feed(hash);
                since.feed(hash);
                ends.feed(hash);
            }
            Phase::Over { since, outcome } => {
                3u8.feed(hash);
                since.feed(hash);
                outcome.winner.feed(hash);
                (outcome.reason == EndReason::TimeLimit).feed(hash);
            }
        }
    }
}
