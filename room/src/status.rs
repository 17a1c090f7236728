//! The status of a room: what the list of rooms shows of it and changes.

/// The status of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomStatus {
    /// True if new players are kept out.
    pub locked: bool,
    /// The stage of the current match.
    pub stage: Stage,
    /// Players in the current match, bots included.
    pub players: u16,
    /// Seats that sessions hold.
    pub seats_taken: u16,
    /// The number of the current match, counted from 1.
    pub match_number: u32,
}

/// The stage of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The match gathers players, and there are too few of them.
    Waiting,
    /// The match gathers players, and is about to begin.
    Countdown,
    /// The match is being played.
    Running,
    /// The match has its result.
    Over,
}

impl Stage {
    /// Returns the name that the list of rooms and the log show.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Waiting => "waiting",
            Stage::Countdown => "countdown",
            Stage::Running => "fighting",
            Stage::Over => "over",
        }
    }

    /// Returns whether players may still join the match.
    pub(crate) const fn is_gathering(self) -> bool {
        matches!(self, Stage::Waiting | Stage::Countdown)
    }
}
