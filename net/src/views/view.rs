//! The receiver's side: the state that it builds from snapshots and deltas, the world that it sees
//! with that at a tick, and the hash by which it verifies both. Clients in other languages do the
//! same, as `docs/protocol.md` describes.

use bolide_sim::{Motion, Point, Tick, Tuning};

use crate::messages::entity::{Ack, FireballState, PlayerState};
use crate::views::delta::{Delta, Mismatch};
use crate::views::snapshot::Snapshot;

/// The state that a receiver has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    known: Snapshot,
}

impl View {
    /// Begins with a whole snapshot. All earlier state is discarded.
    pub fn begin(&mut self, snapshot: Snapshot) {
        self.known = snapshot;
    }

    /// Applies a delta. `tuning` is that of the match's rules.
    ///
    /// # Errors
    /// The delta does not fit. Nothing has changed, and only a whole snapshot will help.
    pub fn take(&mut self, delta: &Delta, tuning: &Tuning) -> Result<(), Mismatch> {
        let known = delta.apply(&self.known)?;
        if delta.hash.is_some_and(|hash| hash != known.seen_at(known.tick, tuning).view_hash()) {
            return Err(Mismatch::Hash);
        }
        self.known = known;
        Ok(())
    }

    /// The last state received, at its tick, with players in motion.
    #[must_use]
    pub const fn known(&self) -> &Snapshot {
        &self.known
    }

    /// Returns the world as seen at `tick`, with every player at its place. `tick` must not be
    /// before that of the last snapshot or delta. Nothing has been received since then, so a
    /// receiver that simulates extrapolates the motions.
    #[must_use]
    pub fn seen_at(&self, tick: u32, tuning: &Tuning) -> Snapshot {
        self.known.seen_at(tick, tuning)
    }
}

impl Snapshot {
    /// Returns the same snapshot with every player at its place at the end of `tick`, standing.
    #[must_use]
    pub fn seen_at(&self, tick: u32, tuning: &Tuning) -> Snapshot {
        let mut seen = self.clone();
        seen.tick = tick;
        for player in &mut seen.players {
            let at = player.motion.place_at(Tick(tick), player.health, tuning);
            player.motion = Motion::Stand { at };
        }
        seen
    }

    /// Hashes what a receiver sees. The receiver can compute the hash too. It begins with
    /// 2166136261. For each 32-bit word it takes the exclusive or, then multiplies by 16777619
    /// (FNV-1a's prime). The words are those of the hot message in order, with each player as if it
    /// stood at its place. A list begins with its length. An absent number is one word 0, and a
    /// present one is preceded by a word 1. It is never a hash of the world, which would reveal
    /// what a view hides.
    #[must_use]
    pub fn view_hash(&self) -> u32 {
        // No `..`: a new field must reach the hash.
        let Snapshot { tick, phase, phase_ends, players, fireballs, acks } = self;
        let mut hash = ViewHash(2_166_136_261);
        hash.word(*tick);
        hash.word((*phase).into());
        hash.option(*phase_ends);
        hash.list(players, |hash, PlayerState { id, motion, health, life }| {
            hash.word((*id).into());
            hash.point(motion.start());
            hash.word((*health).into());
            hash.word((*life).into());
        });
        hash.list(fireballs, |hash, FireballState { id, owner, from, toward, since }| {
            hash.word(*id);
            hash.option(owner.map(u32::from));
            hash.point(*from);
            hash.point(*toward);
            hash.word(*since);
        });
        hash.list(acks, |hash, Ack { player, seq }| {
            hash.word((*player).into());
            hash.word(*seq);
        });
        hash.0
    }
}

impl Delta {
    /// Adds the [`Snapshot::view_hash`] of the later snapshot as it is seen.
    pub const fn set_hash(&mut self, hash: u32) {
        self.hash = Some(hash);
    }
}

struct ViewHash(u32);

impl ViewHash {
    const fn word(&mut self, word: u32) {
        self.0 = (self.0 ^ word).wrapping_mul(16_777_619);
    }

    const fn option(&mut self, word: Option<u32>) {
        match word {
            None => self.word(0),
            Some(word) => {
                self.word(1);
                self.word(word);
            }
        }
    }

    fn point(&mut self, point: Point) {
        self.word(point.x().cast_unsigned());
        self.word(point.y().cast_unsigned());
    }

    fn list<T>(&mut self, list: &[T], mut each: impl FnMut(&mut ViewHash, &T)) {
        self.word(u32::try_from(list.len()).unwrap_or(u32::MAX));
        list.iter().for_each(|item| each(self, item));
    }
}
