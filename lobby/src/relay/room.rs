//! Rooms by path: each text goes to all members, its author included, as it is. Members who ask for
//! it are told of all who come and go.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bolide_net::relay::RelayName;
use bytes::Bytes;
use serde::Serialize;

use crate::channel::Members;
use crate::member::MemberId;
use crate::output::Outputs;

/// All rooms that have members.
#[derive(Debug, Default)]
pub(crate) struct Rooms(BTreeMap<RelayName, Room>);

#[derive(Debug, Default)]
struct Room {
    members: Members,
    /// Those who are told of all who come and go.
    watchers: Members,
}

/// A member's place in a room.
#[derive(Clone, Debug)]
pub(crate) struct RoomPlace {
    pub(crate) room: RelayName,
    /// The number by which watchers know the member.
    pub(crate) number: u32,
    pub(crate) is_watcher: bool,
}

impl Rooms {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the number of members of a room; `None` if there is no such room.
    pub(crate) fn members(&self, room: &RelayName) -> Option<usize> {
        self.0.get(room).map(|room| room.members.len())
    }

    pub(crate) fn enter(&mut self, member: MemberId, place: &RoomPlace, out: &mut Outputs) {
        let room = self.0.entry(place.room.clone()).or_default();
        room.members.insert(member);
        if place.is_watcher {
            room.watchers.insert(member);
        }
        room.announce("join", place.number, out);
    }

    pub(crate) fn leave(&mut self, member: MemberId, place: &RoomPlace, out: &mut Outputs) {
        let Entry::Occupied(mut entry) = self.0.entry(place.room.clone()) else { return };
        let room = entry.get_mut();
        room.members.remove(member);
        room.watchers.remove(member);
        room.announce("leave", place.number, out);
        if room.members.is_empty() {
            entry.remove();
        }
    }

    pub(crate) fn say(&self, room: &RelayName, text: &str, out: &mut Outputs) {
        if let Some(room) = self.0.get(room) {
            out.cast(&room.members, Bytes::copy_from_slice(text.as_bytes()));
        }
    }
}

impl Room {
    fn announce(&self, event: &'static str, number: u32, out: &mut Outputs) {
        if self.watchers.is_empty() {
            return;
        }
        let frame = Presence { event, id: format!("c{number}"), members: self.members.len() };
        let text = serde_json::to_string(&frame).expect("texts and a number");
        out.cast(&self.watchers, text.into());
    }
}

#[derive(Serialize)]
struct Presence {
    event: &'static str,
    id: String,
    members: usize,
}
