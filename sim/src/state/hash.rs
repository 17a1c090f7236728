//! The state hash: one number that two runs of a match share at every tick, unless one of them is
//! wrong. Words are hashed in order, so swapping two values changes it. It is a checksum against
//! mistakes, not a cryptographic proof.

use crate::state::stream::Sink;

/// Hashes 64 bits at a time: rotate, xor, multiply by the odd constant of SplitMix64, fold the high
/// half down.
#[derive(Clone, Debug)]
pub(crate) struct StateHash(u64);

impl StateHash {
    pub(crate) const fn new() -> StateHash {
        StateHash(0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) const fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Sink for StateHash {
    fn word(&mut self, word: u64) {
        let mixed = (self.0.rotate_left(23) ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        self.0 = mixed ^ (mixed >> 32);
    }
}

#[cfg(test)]
mod tests {
    use super::StateHash;
    use crate::space::point::Point;
    use crate::state::stream::State;

    fn hash(value: &impl State) -> u64 {
        let mut hash = StateHash::new();
        value.write(&mut hash);
        hash.finish()
    }

    #[test]
    fn order_length_and_sign_reach_the_hash() {
        assert_ne!(hash(&std::vec![1u32, 2]), hash(&std::vec![2u32, 1]));
        assert_ne!(hash(&std::vec![0u32]), hash(&std::vec![0u32, 0]));
        assert_ne!(hash(&Point::new(1, 0)), hash(&Point::new(0, 1)));
        assert_ne!(hash(&Point::new(-1, 0)), hash(&Point::new(1, 0)));
        assert_ne!(hash(&Some(0u32)), hash(&None::<u32>));
    }
}
