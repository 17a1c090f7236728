//! Chance that a test repeats: it begins with a seed.

/// The state of a linear congruential generator.
pub(crate) struct Dice(u64);

impl Dice {
    /// Begins with a seed. Near seeds begin with unrelated numbers.
    pub(crate) const fn of(seed: u64) -> Dice {
        let mixed = (seed ^ (seed >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Dice(mixed ^ (mixed >> 32))
    }

    /// Returns dice that are unrelated to these.
    pub(crate) fn fork(&mut self) -> Dice {
        self.share();
        Dice::of(self.0)
    }

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
