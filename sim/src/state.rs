//! The state of a match as words, their hash, the positions of the last ticks, and random numbers.
//! It knows nothing of the game.

pub(crate) mod hash;
pub(crate) mod history;
pub(crate) mod rng;
pub(crate) mod stream;
