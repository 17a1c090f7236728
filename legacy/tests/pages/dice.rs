//! Chance that a test repeats: it begins with a seed.

/// The state of a linear congruential generator.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// Returns a number from 0 to below 1.
    pub(crate) fn share(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns a number below `end`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below `end`")]
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.share() * end as f64) as usize
    }

    /// Returns eight digits.
    pub(crate) fn digits(&mut self) -> String {
        format!("{:08}", self.below(100_000_000))
    }
}
