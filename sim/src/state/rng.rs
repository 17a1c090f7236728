//! The world's own random numbers: PCG32 (XSH-RR 64/32, M. E. O'Neill, "PCG: A Family of Simple
//! Fast Space-Efficient Statistically Good Algorithms for Random Number Generation", 2014). They
//! are part of the state, so part of the hash. They must never be seeded from anything but the
//! match's seed.

use crate::state::stream::state;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rng {
    state: u64,
}

state!(struct Rng { state });

impl Rng {
    pub(crate) fn new(seed: u64) -> Rng {
        let mut rng = Rng { state: seed.wrapping_add(INCREMENT) };
        rng.next_u32();
        rng
    }

    #[expect(clippy::cast_possible_truncation, reason = "the algorithm keeps the low 32 bits")]
    pub(crate) fn next_u32(&mut self) -> u32 {
        let old = self.state;
        self.state = old.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(INCREMENT);
        let xorshifted = (((old >> 18) ^ old) >> 27) as u32;
        xorshifted.rotate_right((old >> 59) as u32)
    }

    /// Returns a number uniform in [0, 1), a multiple of 2^-24.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 / (1 << 24) as f32
    }

    /// Returns a number uniform in [-1, 1).
    pub(crate) fn signed(&mut self) -> f32 {
        self.unit() * 2.0 - 1.0
    }
}

/// The stream of PCG's reference implementation.
const INCREMENT: u64 = 1_442_695_040_888_963_407;

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn equal_seeds_give_equal_numbers_and_others_do_not() {
        let draw = |seed| -> std::vec::Vec<u32> {
            let mut rng = Rng::new(seed);
            (0..8).map(|_| rng.next_u32()).collect()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn ranges_hold() {
        let mut rng = Rng::new(1);
        for _ in 0..1_000 {
            assert!((0.0..1.0).contains(&rng.unit()));
            assert!((-1.0..1.0).contains(&rng.signed()));
        }
    }
}
