//! The numbers of a mode that a room goes by, worked out when it opens. All other rules are the
//! business of the match.

use bolide_sim::{Rules, TickRate};

/// The numbers of a mode that a room goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Ticks per second.
    pub rate: TickRate,
    /// Number of seats.
    pub seats: u16,
    /// Number of players with which a match begins.
    pub starts_at: u16,
    /// True if a match that runs admits players.
    pub late_joins: bool,
    /// The most ticks that an input may reach back; 0 in a mode without lag compensation.
    pub rewind_ticks_max: u32,
    /// The receivers that may see the same.
    pub sharing: Sharing,
}

/// The receivers that may see the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// All of them.
    Everybody,
    /// Each seat sees something else.
    PerSeat,
}

/// Longest time in seconds that an input may reach back.
const REWIND_S: f32 = 0.2;

impl Terms {
    /// Returns the terms of a mode with these rules.
    #[must_use]
    pub fn of(rules: &Rules) -> Terms {
        let rate = rules.tick_rate;
        Terms {
            rate,
            seats: rules.capacity,
            starts_at: rules.fight_at,
            late_joins: rules.late_joins,
            rewind_ticks_max: if rules.lag_compensation { rate.ticks(REWIND_S) } else { 0 },
            sharing: match rules.vision_radius {
                Some(_) => Sharing::PerSeat,
                None => Sharing::Everybody,
            },
        }
    }

    /// Converts seconds to ticks, rounded up.
    pub(crate) fn ticks(&self, seconds: f32) -> u64 {
        self.rate.ticks(seconds).into()
    }
}
