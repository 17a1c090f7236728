//! The difference between a snapshot and a later one of the same match. A fireball costs its start
//! and its end, however long it flies. A player that stands costs nothing. One that walks costs its
//! position, or nothing if its receiver simulates.
//!
//! ```text
//! [4, tick, age, [change...], [ack...], [fireball...], [ended...], hash|nil,
//!     [phase, phase_ends|nil]|nil, [gone...], [acks gone...]]
//! age     ticks since the snapshot it builds on
//! ```
//!
//! Empty lists and nils at the end are left out.

use crate::messages::entity::{Ack, FireballState, PlayerChange, PlayerState};
use crate::views::snapshot::Snapshot;
use crate::wire::positional::positional;

/// The difference between two snapshots of one match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(transform = Delta::as_array))]
pub struct Delta {
    /// The tick of the later snapshot.
    pub tick: u32,
    /// Ticks from the earlier snapshot to the later one.
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
    /// [`Snapshot::view_hash`] of the later snapshot as it is seen, about once a second.
    pub hash: Option<u32>,
}

/// A phase and its end, as in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(transform = PhaseState::as_array))]
pub struct PhaseState {
    /// 0 waiting, 1 countdown, 2 fighting, 3 over.
    pub phase: u8,
    /// The tick at which the countdown or the fight ends by time.
    pub ends: Option<u32>,
}

/// A delta that does not fit the snapshot that it was applied to. Only a whole snapshot helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It builds on another tick.
    #[error("the delta builds on another snapshot")]
    Base,
    /// It changes or removes something that is not there.
    #[error("the delta changes what is not there")]
    Content,
    /// The result differs from the server's view.
    #[error("the view differs from the server's")]
    Hash,
}

impl Delta {
    /// Returns the difference from `before` to `after`, which is of the same match and not earlier.
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

    /// Returns the later snapshot, made from `before`. It is not compared with the server's view;
    /// [`View::take`](crate::View::take) compares the hash.
    ///
    /// # Errors
    /// Fails if it was not made for this snapshot.
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

    /// Returns true if nothing changed but the tick.
    #[must_use]
    pub fn is_only_later(&self) -> bool {
        // No `..`: a new field must be considered here.
        let Delta { tick: _, age: _, phase, players, gone, born, ended, acks, acks_gone, hash: _ } =
            self;
        phase.is_none()
            && [players.len(), gone.len(), born.len(), ended.len(), acks.len(), acks_gone.len()]
                .iter()
                .all(|length| *length == 0)
    }
}

/// An item of a list that is sorted by a key.
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

/// Compares two sorted lists. Calls `news` for each item of `after` that is new or changed. The
/// keys that only `before` has are added to `gone`.
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

/// Reserves memory for all items that may come, before the first one. Mostly there is none, or
/// there are several.
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
