//! Random numbers of a walk: the same seed gives the same numbers everywhere.

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number less than `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(crate) fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }

    /// Returns a number between `low` and `high`, both included.
    pub(crate) fn number(&mut self, low: u16, high: u16) -> u16 {
        let width = u64::from(high.saturating_sub(low)) + 1;
        low + u16::try_from(self.below(width)).expect("less than the width")
    }

    /// Returns seconds between `low` and `high`, in steps of a tenth of the range.
    pub(crate) fn seconds(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * f32::from(self.number(0, 10)) / 10.0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let index = usize::try_from(self.below(of.len() as u64)).expect("an index");
        of[index]
    }
}
