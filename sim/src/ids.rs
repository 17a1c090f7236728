//! The numbers that identify things: ticks, players, tick rates. No arithmetic wraps silently.

use core::fmt;

/// The number of a fixed step. Tick 0 is the world before its first step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u32);

impl Tick {
    /// The last tick that has a number.
    pub const LAST: Tick = Tick(u32::MAX);

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

/// Steps per second: a divisor of 240, at most 60, so that a tick is a whole number of 1/240 s.
/// Rules are written in units per second and converted to the rate once. A game may allow fewer
/// rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickRate(u8);

#[expect(non_upper_case_globals, reason = "the schema hash is over a text that names them so")]
impl TickRate {
    /// 20 steps per second.
    pub const Hz20: TickRate = TickRate(20);
    /// 30 steps per second, the default.
    pub const Hz30: TickRate = TickRate(30);
    /// 60 steps per second.
    pub const Hz60: TickRate = TickRate(60);
}

impl TickRate {
    /// Returns the steps per second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        self.0 as u32
    }

    /// Returns the rate with this many steps per second, if it is one.
    #[must_use]
    pub fn from_hz(hz: u32) -> Option<TickRate> {
        let hz = u8::try_from(hz).ok()?;
        matches!(hz, 1..=60 if 240 % hz == 0).then_some(TickRate(hz))
    }

    /// Returns the smallest number of ticks that lasts at least `seconds`. A span of time lasts one
    /// tick or more; only no time is 0 ticks. Rules bound `seconds` to 0..=3600.
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
        if exact == 0.0 { 0 } else { floor + 1 }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use super::{PlayerId, TickRate};

    #[test]
    fn a_player_is_shown_as_its_number() {
        assert_eq!(PlayerId(12).to_string(), "12");
    }

    #[test]
    fn the_rates_are_the_divisors_of_240_up_to_60() {
        let rates: Vec<u32> =
            (0..=u32::from(u16::MAX)).filter_map(TickRate::from_hz).map(TickRate::hz).collect();
        assert_eq!(rates, [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20, 24, 30, 40, 48, 60]);
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
            (TickRate::Hz20, 1e-6, 1),
            (TickRate::Hz60, f32::MIN_POSITIVE, 1),
        ] {
            assert_eq!(rate.ticks(seconds), ticks, "{seconds} s at {rate:?}");
        }
    }
}
