//! A small generator for the tests' own choices, the same on every machine. The world has its own.

#![allow(dead_code, reason = "no test uses all of it")]

/// The high bits of PCG's linear congruential step.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// Returns one of `0..sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// Returns one of `0..sides`, for small numbers.
    pub(crate) fn small(&mut self, sides: u8) -> u8 {
        u8::try_from(self.roll(sides.into())).expect("below a small number")
    }
}
