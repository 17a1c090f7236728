//! The numbers that identify things: ticks, players, tick rates. No arithmetic wraps silently.

use core::fmt;

/// The number of a fixed step. Tick 0 is the world before its first step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u32);

impl Tick {
    /// Returns the tick after this one. A match ends after some minutes; 2^32 ticks are two years
    /// at 60 Hz.
    #[must_use]
    pub const fn next(self) -> Tick {
        Tick(self.0.saturating_add(1))
    }

    /// Returns the tick before this one. Tick 0 stays.
    #[must_use]
    pub const fn previous(self) -> Tick {
        Tick(self.0.saturating_sub(1))
    }

    /// Returns the tick `ticks` later.
    #[must_use]
    pub const fn after(self, ticks: u32) -> Tick {
        Tick(self.0.saturating_add(ticks))
    }

    /// Returns the number of ticks since `earlier`; 0 if it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Tick) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A participant inside one match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayerId(pub u16);

impl fmt::Display for PlayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Steps per second. Rules are written in units per second and converted to the rate once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickRate {
    /// 20 steps per second.
    Hz20,
    /// 30 steps per second, the default.
    Hz30,
    /// 60 steps per second.
    Hz60,
}

impl TickRate {
    /// Returns the steps per second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        match self {
            TickRate::Hz20 => 20,
            TickRate::Hz30 => 30,
            TickRate::Hz60 => 60,
        }
    }

    /// Returns the rate with this many steps per second, if it is one of 20, 30, 60.
    #[must_use]
    pub const fn from_hz(hz: u32) -> Option<TickRate> {
        match hz {
            20 => Some(TickRate::Hz20),
            30 => Some(TickRate::Hz30),
            60 => Some(TickRate::Hz60),
            _ => None,
        }
    }

    /// Returns the smallest number of ticks that lasts at least `seconds`. Rules bound `seconds` to
    /// 0..=3600.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded to 216,000"
    )]
    pub fn ticks(self, seconds: f32) -> u32 {
        let exact = f64::from(seconds.clamp(0.0, 3600.0)) * f64::from(self.hz());
        // 0.1 s in f32 is slightly more than 0.1. Without the slack it would take one tick too
        // many.
        let floor = (exact - 1e-4) as u32;
        if exact <= 1e-4 { 0 } else { floor + 1 }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::{PlayerId, TickRate};

    #[test]
    fn a_player_is_shown_as_its_number() {
        assert_eq!(PlayerId(12).to_string(), "12");
    }

    #[test]
    fn seconds_round_up_to_whole_ticks() {
        for (rate, seconds, ticks) in [
            (TickRate::Hz30, 0.0, 0),
            (TickRate::Hz30, 1.0, 30),
            (TickRate::Hz30, 0.1, 3),
            (TickRate::Hz20, 0.1, 2),
            (TickRate::Hz20, 0.001, 1),
            (TickRate::Hz60, 3.0, 180),
            (TickRate::Hz30, 0.05, 2),
        ] {
            assert_eq!(rate.ticks(seconds), ticks, "{seconds} s at {rate:?}");
        }
    }
}
