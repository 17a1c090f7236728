//! The sockets of a shard that became ready, by room. Each room reads its own; see
//! [`RoomDriver::read_ready`](crate::rooms::RoomDriver::read_ready).

use super::RoomKey;
use crate::connection::Readiness;
use crate::connection::poller::{Poller, Ready, SocketToken};

/// The poller of a shard, and the sockets that it reported.
pub(super) struct ReadySockets {
    poller: Poller,
    /// By the slot of their room.
    rooms: Vec<Vec<Ready>>,
}

impl ReadySockets {
    pub(super) const fn new(poller: Poller) -> ReadySockets {
        ReadySockets { poller, rooms: Vec::new() }
    }

    /// Polls for sockets that became ready, and reads none of them.
    pub(super) fn poll(&mut self) {
        let rooms = &mut self.rooms;
        self.poller.poll_ready(|token, readiness| add(rooms, token, readiness));
    }

    /// Adds the socket of a client that has just entered. Messages that came with its hello are
    /// read before the first tick after its welcome.
    pub(super) fn add(&mut self, token: SocketToken) {
        add(&mut self.rooms, token, Readiness::Open);
    }

    /// Returns the ready sockets of a room, if there are any.
    pub(super) fn of(&mut self, room: RoomKey) -> Option<&mut Vec<Ready>> {
        self.rooms.get_mut(room.slot() as usize).filter(|ready| !ready.is_empty())
    }
}

fn add(rooms: &mut Vec<Vec<Ready>>, token: SocketToken, readiness: Readiness) {
    let room = token.room as usize;
    if room >= rooms.len() {
        rooms.resize_with(room + 1, Vec::new);
    }
    rooms[room].push(Ready { slot: token.slot, readiness });
}
