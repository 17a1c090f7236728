//! The receiver's side: what it knows from snapshots and deltas, what it sees with that at a tick, and the number by which
//! it is told whether both are right. Clients in other languages do the same; `docs/protocol.md` says how.

use bolide_sim::{Motion, Point, Tick, Tuning};

use crate::delta::{Delta, Mismatch};
use crate::entity::{Ack, FireballState, PlayerState};
use crate::hot::Snapshot;

/// What a receiver knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    known: Snapshot,
}

impl View {
    /// A whole snapshot: whatever was known before does not count any more.
    pub fn begin(&mut self, snapshot: Snapshot) {
        self.known = snapshot;
    }

    /// A delta. `tuning` is that of the match's rules.
    ///
    /// # Errors
    /// It does not fit: nothing has changed, and only a whole snapshot will help.
    pub fn take(&mut self, delta: &Delta, tuning: &Tuning) -> Result<(), Mismatch> {
        let known = delta.apply(&self.known)?;
        if delta.hash.is_some_and(|hash| hash != known.seen_at(known.tick, tuning).view_hash()) {
            return Err(Mismatch::Hash);
        }
        self.known = known;
        Ok(())
    }

    /// What has been told last, by its tick; players as they move.
    #[must_use]
    pub const fn known(&self) -> &Snapshot {
        &self.known
    }

    /// What is seen at `tick`, not earlier than that of the last snapshot or delta: everybody where they are. Nobody has said
    /// anything since, so whoever simulates walks on.
    #[must_use]
    pub fn seen_at(&self, tick: u32, tuning: &Tuning) -> Snapshot {
        self.known.seen_at(tick, tuning)
    }
}

impl Snapshot {
    /// The same with every player where it is at the end of `tick`, standing.
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

    /// One number for what a receiver sees, that it can compute too: for each 32-bit word, exclusive or, then
    /// multiply by 16777619 (FNV-1a's prime), beginning with 2166136261. The words are those of the hot message in order, a
    /// player as if it stood where it is; a list begins with its length, an absent number is one word 0 and a present one is
    /// preceded by a word 1. Never a hash of the world: that would tell what a view hides.
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
