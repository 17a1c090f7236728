//! The proof of a replay: how many recorded hashes matched, and the state in which it ended. Two
//! targets that print the same proofs of the same journals compute the same matches.

use std::fmt;

use bolide_sim::journal::{Replay, ReplayError};

/// A journal replayed to its end, with every recorded hash matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Recorded hashes that were compared.
    pub hashes: u32,
    /// The last tick.
    pub ticks: u32,
    /// The state hash after it.
    pub hash: u64,
}

impl Proof {
    /// Replays a journal.
    ///
    /// # Errors
    /// Fails if the journal cannot be read or a hash differs.
    pub fn of(journal: &[u8]) -> Result<Proof, ReplayError> {
        let mut replay = Replay::open(journal)?;
        replay.by_ref().try_for_each(|tick| tick.map(|_| ()))?;
        let world = replay.world();
        Ok(Proof { hashes: replay.hashes(), ticks: world.tick().0, hash: world.hash() })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hashes in {} ticks, the last {:016x}", self.hashes, self.ticks, self.hash)
    }
}
