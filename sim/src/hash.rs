//! The state hash: one number that two runs of a match share at every tick, or one of them is wrong.
//! Fields go in in order, with their position, so that two swapped values change it. It is a checksum against
//! mistakes, not a cryptographic proof.

use alloc::vec::Vec;

use crate::ids::{PlayerId, Tick, TickRate};
use crate::math::Point;

/// Takes 64 bits at a time: xor, multiply by the odd constant of SplitMix64, fold the high half down.
#[derive(Clone, Debug)]
pub(crate) struct StateHash(u64);

impl StateHash {
    pub(crate) const fn new() -> StateHash {
        StateHash(0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) fn feed(&mut self, word: u64) {
        let mixed = (self.0.rotate_left(23) ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        self.0 = mixed ^ (mixed >> 32);
    }

    pub(crate) const fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// What the state hash is made of. Implemented by [`hashed!`] for structs, by hand for enums.
pub(crate) trait Hashed {
    fn feed(&self, hash: &mut StateHash);
}

/// Implements [`Hashed`] for a struct. The pattern names every field without `..`, so a field that is
/// added and forgotten here does not compile.
macro_rules! hashed {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::hash::Hashed for $name {
            fn feed(&self, hash: &mut $crate::hash::StateHash) {
                let $name { $($field),* } = self;
                $($crate::hash::Hashed::feed($field, hash);)*
            }
        }
    };
}
pub(crate) use hashed;

macro_rules! hashed_integer {
    ($($integer:ty),*) => {
        $(impl Hashed for $integer {
            fn feed(&self, hash: &mut StateHash) {
                hash.feed(u64::from(*self));
            }
        })*
    };
}
hashed_integer!(u8, u16, u32, u64, bool);

impl Hashed for f32 {
    fn feed(&self, hash: &mut StateHash) {
        hash.feed(u64::from(self.to_bits()));
    }
}

impl Hashed for Tick {
    fn feed(&self, hash: &mut StateHash) {
        self.0.feed(hash);
    }
}

impl Hashed for PlayerId {
    fn feed(&self, hash: &mut StateHash) {
        self.0.feed(hash);
    }
}

impl Hashed for TickRate {
    fn feed(&self, hash: &mut StateHash) {
        self.hz().feed(hash);
    }
}

impl Hashed for Point {
    fn feed(&self, hash: &mut StateHash) {
        let half = |steps: i32| u64::from(u32::from_ne_bytes(steps.to_ne_bytes()));
        hash.feed((half(self.x()) << 32) | half(self.y()));
    }
}

impl<T: Hashed> Hashed for Option<T> {
    fn feed(&self, hash: &mut StateHash) {
        self.is_some().feed(hash);
        if let Some(value) = self {
            value.feed(hash);
        }
    }
}

impl<T: Hashed> Hashed for Vec<T> {
    fn feed(&self, hash: &mut StateHash) {
        hash.feed(self.len() as u64);
        for value in self {
            value.feed(hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Hashed, StateHash};
    use crate::math::Point;

    fn hash(value: &impl Hashed) -> u64 {
        let mut hash = StateHash::new();
        value.feed(&mut hash);
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
