//! The rooms that are stored but run by no shard. Their ids and codes are taken, and no client is
//! sent to them.

use std::collections::{BTreeMap, BTreeSet};

use bolide_net::RoomCode;

use bolide_room::RoomId;
use bolide_storage::Absence;

/// The absent rooms.
#[derive(Debug, Default)]
pub(super) struct AbsentRooms {
    by_id: BTreeMap<RoomId, (Option<RoomCode>, Absence)>,
    codes: BTreeSet<RoomCode>,
}

/// Numbers of absent rooms by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AbsentCounts {
    pub(crate) restoring: u64,
    pub(crate) system: u64,
    pub(crate) version: u64,
    /// The error of one of the rooms counted in `system`.
    pub(crate) error: Option<String>,
}

impl AbsentRooms {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn has(&self, room: &RoomId) -> bool {
        self.by_id.contains_key(room)
    }

    /// Returns whether a room with this id is absent and not private.
    pub(super) fn has_public(&self, id: &str) -> bool {
        self.by_id.get(id).is_some_and(|(code, _)| code.is_none())
    }

    pub(super) fn has_code(&self, code: RoomCode) -> bool {
        self.codes.contains(&code)
    }

    pub(super) fn insert(&mut self, room: &RoomId, code: Option<RoomCode>, why: Absence) {
        self.codes.extend(code);
        self.by_id.insert(room.clone(), (code, why));
    }

    pub(super) fn remove(&mut self, room: &RoomId) {
        if let Some((Some(code), _)) = self.by_id.remove(room) {
            self.codes.remove(&code);
        }
    }

    pub(super) fn counts(&self) -> AbsentCounts {
        let mut counts = AbsentCounts::default();
        for (_, why) in self.by_id.values() {
            match why {
                Absence::Restoring => counts.restoring += 1,
                Absence::Version => counts.version += 1,
                Absence::System(error) => {
                    counts.system += 1;
                    counts.error.get_or_insert_with(|| error.clone());
                }
            }
        }
        counts
    }
}
