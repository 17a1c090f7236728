//! What turns one snapshot into a later one of the same match. A fireball costs a birth and an end, whatever lies
//! between; a player that stands costs nothing; one that moves costs its place.
//!
//! ```text
//! [4, tick, age, [phase, phase_ends|nil]|nil, [player...], [gone...], [fireball...], [ended...], [ack...], [acks gone...],
//!  hash|nil]
//! age     ticks since the snapshot it builds on
//! player  [id, x, y] that only moved, or whole as in a snapshot
//! ```

use core::fmt;

use bolide_sim::Point;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::grid::Coordinate;
use crate::hot::{Ack, FireballState, PlayerState, Snapshot, element, place};
use crate::positional::positional;

/// The difference between two snapshots of one match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// The tick of the snapshot that it gives.
    pub tick: u32,
    /// How many ticks before it the snapshot is that it builds on.
    pub age: u32,
    /// The phase, if it or its end changed.
    pub phase: Option<PhaseState>,
    /// Players that changed or are new.
    pub players: Vec<PlayerChange>,
    /// Players that are no longer there.
    pub gone: Vec<u16>,
    /// New fireballs.
    pub born: Vec<FireballState>,
    /// Fireballs that ended.
    pub ended: Vec<u32>,
    /// Acknowledgements that changed or are new.
    pub acks: Vec<Ack>,
    /// Players whose acknowledgement is no longer there.
    pub acks_gone: Vec<u16>,
    /// [`Snapshot::view_hash`] of what it gives, about once a second.
    pub hash: Option<u32>,
}

/// A phase as it stands in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseState {
    /// As in [`Snapshot`].
    pub phase: u8,
    /// As in [`Snapshot`].
    pub ends: Option<u32>,
}

/// A player that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayerChange {
    /// Only its place changed.
    Moved {
        /// The player id.
        id: u16,
        /// Where it is now.
        at: Point,
    },
    /// Something else changed, or it is new.
    Whole(PlayerState),
}

/// A delta does not fit the snapshot it was applied to: ask for a full one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It builds on another tick.
    #[error("the delta builds on another snapshot")]
    Base,
    /// It changes or removes what is not there.
    #[error("the delta changes what is not there")]
    Content,
    /// The result is not what the server has.
    #[error("the view differs from the server's")]
    Hash,
}

impl Delta {
    /// What turns `before` into `after`, of the same match and not earlier.
    #[must_use]
    pub fn between(before: &Snapshot, after: &Snapshot) -> Delta {
        let phase = PhaseState { phase: after.phase, ends: after.phase_ends };
        let changed = (before.phase, before.phase_ends) != (after.phase, after.phase_ends);
        let change = |new: &PlayerState| match find(&before.players, new.id) {
            Some(old) if old == new => None,
            Some(old) if PlayerState { at: new.at, ..*old } == *new => {
                Some(PlayerChange::Moved { id: new.id, at: new.at })
            }
            _ => Some(PlayerChange::Whole(*new)),
        };
        Delta {
            tick: after.tick,
            age: after.tick.saturating_sub(before.tick),
            phase: changed.then_some(phase),
            players: after.players.iter().filter_map(change).collect(),
            gone: missing(&before.players, &after.players),
            born: news(&before.fireballs, &after.fireballs),
            ended: missing(&before.fireballs, &after.fireballs),
            acks: news(&before.acks, &after.acks),
            acks_gone: missing(&before.acks, &after.acks),
            hash: None,
        }
    }

    /// The snapshot that this gives on top of `before`.
    ///
    /// # Errors
    /// It was not made for this snapshot.
    pub fn apply(&self, before: &Snapshot) -> Result<Snapshot, Mismatch> {
        if before.tick.checked_add(self.age) != Some(self.tick) {
            return Err(Mismatch::Base);
        }
        let mut after = before.clone();
        after.tick = self.tick;
        if let Some(PhaseState { phase, ends }) = self.phase {
            (after.phase, after.phase_ends) = (phase, ends);
        }
        remove(&mut after.players, &self.gone)?;
        remove(&mut after.fireballs, &self.ended)?;
        remove(&mut after.acks, &self.acks_gone)?;
        for change in &self.players {
            match *change {
                PlayerChange::Whole(player) => put(&mut after.players, player),
                PlayerChange::Moved { id, at } => {
                    let index = index(&after.players, id).ok_or(Mismatch::Content)?;
                    after.players[index].at = at;
                }
            }
        }
        self.born.iter().for_each(|fireball| put(&mut after.fireballs, *fireball));
        self.acks.iter().for_each(|ack| put(&mut after.acks, *ack));
        match self.hash {
            Some(hash) if hash != after.view_hash() => Err(Mismatch::Hash),
            _ => Ok(after),
        }
    }
}

impl Snapshot {
    /// One number for what the receiver sees, that it can compute too: for each 32-bit word, exclusive or, then
    /// multiply by 16777619 (FNV-1a's prime), beginning with 2166136261. The words are those of the hot message in order, a
    /// list begins with its length, an absent number is one word 0 and a present one is preceded by a word 1. Never a hash
    /// of the world: that would tell what a view hides.
    #[must_use]
    pub fn view_hash(&self) -> u32 {
        // No `..`: a new field must reach the hash.
        let Snapshot { tick, phase, phase_ends, players, fireballs, acks } = self;
        let mut hash = ViewHash(2_166_136_261);
        hash.word(*tick);
        hash.word((*phase).into());
        hash.word(phase_ends.is_some().into());
        phase_ends.iter().for_each(|ends| hash.word(*ends));
        hash.list(players, |hash, PlayerState { id, at, health, life }| {
            hash.word((*id).into());
            hash.point(*at);
            hash.word((*health).into());
            hash.word((*life).into());
        });
        hash.list(fireballs, |hash, FireballState { id, owner, from, toward, since }| {
            hash.word(*id);
            hash.word((*owner).into());
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

    fn point(&mut self, point: Point) {
        self.word(point.x().cast_unsigned());
        self.word(point.y().cast_unsigned());
    }

    fn list<T>(&mut self, list: &[T], mut each: impl FnMut(&mut ViewHash, &T)) {
        self.word(u32::try_from(list.len()).unwrap_or(u32::MAX));
        list.iter().for_each(|item| each(self, item));
    }
}

/// Something in a list that is sorted by a key.
trait Keyed: Copy + PartialEq {
    type Key: Copy + Ord;
    fn key(&self) -> Self::Key;
}

impl Keyed for PlayerState {
    type Key = u16;
    fn key(&self) -> u16 {
        self.id
    }
}

impl Keyed for FireballState {
    type Key = u32;
    fn key(&self) -> u32 {
        self.id
    }
}

impl Keyed for Ack {
    type Key = u16;
    fn key(&self) -> u16 {
        self.player
    }
}

fn index<T: Keyed>(list: &[T], key: T::Key) -> Option<usize> {
    list.binary_search_by_key(&key, Keyed::key).ok()
}

fn find<T: Keyed>(list: &[T], key: T::Key) -> Option<&T> {
    index(list, key).map(|index| &list[index])
}

/// What `after` has and `before` has not, or has otherwise.
fn news<T: Keyed>(before: &[T], after: &[T]) -> Vec<T> {
    after.iter().filter(|new| find(before, new.key()) != Some(new)).copied().collect()
}

/// The keys that `before` has and `after` has not.
fn missing<T: Keyed>(before: &[T], after: &[T]) -> Vec<T::Key> {
    before.iter().map(Keyed::key).filter(|key| index(after, *key).is_none()).collect()
}

fn remove<T: Keyed>(list: &mut Vec<T>, keys: &[T::Key]) -> Result<(), Mismatch> {
    for key in keys {
        let index = index(list, *key).ok_or(Mismatch::Content)?;
        list.remove(index);
    }
    Ok(())
}

fn put<T: Keyed>(list: &mut Vec<T>, item: T) {
    match list.binary_search_by_key(&item.key(), Keyed::key) {
        Ok(index) => list[index] = item,
        Err(index) => list.insert(index, item),
    }
}

pub(crate) const DELTA: u8 = 4;

positional!(Delta = DELTA { tick, age, phase, players, gone, born, ended, acks, acks_gone, hash });
positional!(PhaseState { phase, ends });

impl Serialize for PlayerChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            PlayerChange::Moved { id, at } => {
                (id, Coordinate(at.x()), Coordinate(at.y())).serialize(serializer)
            }
            PlayerChange::Whole(player) => player.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for PlayerChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PlayerChange, D::Error> {
        struct ChangeVisitor;

        impl<'de> Visitor<'de> for ChangeVisitor {
            type Value = PlayerChange;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the array of a player that changed")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<PlayerChange, A::Error> {
                let (id, at) = (element(&mut array, "id")?, place(&mut array)?);
                let Some(health) = array.next_element()? else {
                    return Ok(PlayerChange::Moved { id, at });
                };
                let life = element(&mut array, "life")?;
                while array.next_element::<IgnoredAny>()?.is_some() {}
                Ok(PlayerChange::Whole(PlayerState { id, at, health, life }))
            }
        }

        deserializer.deserialize_seq(ChangeVisitor)
    }
}
