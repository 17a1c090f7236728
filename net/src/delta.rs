//! What turns one snapshot into a later one of the same match. A fireball costs a birth and an end, whatever lies
//! between; a player that stands costs nothing; one that walks costs its place, or nothing if its receiver simulates.
//!
//! ```text
//! [4, tick, age, [change...], [ack...], [fireball...], [ended...], hash|nil, [phase, phase_ends|nil]|nil, [gone...], [acks gone...]]
//! age     ticks since the snapshot it builds on
//! ```
//!
//! Whatever is empty or nil at its end is left out.

use crate::entity::{Ack, FireballState, PlayerChange, PlayerState};
use crate::hot::Snapshot;
use crate::positional::positional;

/// The difference between two snapshots of one match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(transform = Delta::as_array))]
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
    /// [`Snapshot::view_hash`] of what is seen with it, about once a second.
    pub hash: Option<u32>,
}

/// A phase as it stands in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(transform = PhaseState::as_array))]
pub struct PhaseState {
    /// 0 waiting, 1 countdown, 2 fighting, 3 over.
    pub phase: u8,
    /// The tick at which countdown or fight end.
    pub ends: Option<u32>,
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
        let mut delta = Delta {
            tick: after.tick,
            age: after.tick.saturating_sub(before.tick),
            phase: changed.then_some(phase),
            ..Delta::default()
        };
        compare(&before.players, &after.players, &mut delta.gone, |old, new| {
            reserve(&mut delta.players, after.players.len());
            delta.players.push(match old {
                Some(old) if PlayerState { motion: new.motion, ..*old } == *new => {
                    PlayerChange::Moved { id: new.id, motion: new.motion }
                }
                _ => PlayerChange::Whole(*new),
            });
        });
        compare(&before.fireballs, &after.fireballs, &mut delta.ended, |_, new| {
            delta.born.push(*new);
        });
        compare(&before.acks, &after.acks, &mut delta.acks_gone, |_, new| {
            reserve(&mut delta.acks, after.acks.len());
            delta.acks.push(*new);
        });
        delta
    }

    /// The snapshot that this gives on top of `before`. Whether it is what the server has is told by its hash, which
    /// [`View::take`](crate::View::take) compares.
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
                PlayerChange::Moved { id, motion } => {
                    let index = index(&after.players, id).ok_or(Mismatch::Content)?;
                    after.players[index].motion = motion;
                }
            }
        }
        self.born.iter().for_each(|fireball| put(&mut after.fireballs, *fireball));
        self.acks.iter().for_each(|ack| put(&mut after.acks, *ack));
        Ok(after)
    }

    /// Whether it says nothing but that time has passed.
    #[must_use]
    pub fn is_only_later(&self) -> bool {
        // No `..`: a new field must be looked at.
        let Delta { tick: _, age: _, phase, players, gone, born, ended, acks, acks_gone, hash: _ } =
            self;
        phase.is_none()
            && [players.len(), gone.len(), born.len(), ended.len(), acks.len(), acks_gone.len()]
                .iter()
                .all(|length| *length == 0)
    }
}

/// Something in a list that is sorted by a key.
pub(crate) trait Keyed: Copy + PartialEq {
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

pub(crate) fn find<T: Keyed>(list: &[T], key: T::Key) -> Option<&T> {
    index(list, key).map(|index| &list[index])
}

/// Goes through two sorted lists side by side: `news` is called for what `after` has and `before` has not, or has otherwise;
/// `gone` gets the keys that only `before` has.
fn compare<T: Keyed>(
    before: &[T],
    after: &[T],
    gone: &mut Vec<T::Key>,
    mut news: impl FnMut(Option<&T>, &T),
) {
    let mut before = before.iter().peekable();
    for new in after {
        while let Some(old) = before.next_if(|old| old.key() < new.key()) {
            gone.push(old.key());
        }
        let old = before.next_if(|old| old.key() == new.key());
        if old != Some(new) {
            news(old, new);
        }
    }
    gone.extend(before.map(Keyed::key));
}

/// Room for all that may come, with the first that does: mostly there is none, or there are several.
fn reserve<T>(list: &mut Vec<T>, most: usize) {
    if list.is_empty() {
        list.reserve_exact(most);
    }
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

positional!(Delta = DELTA { tick, age; players, acks, born, ended, hash, phase, gone, acks_gone });
positional!(PhaseState { phase, ends });
