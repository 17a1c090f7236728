//! Notices on their way to the clients of a shard.

use super::Shard;
use crate::rooms::{Notice, NoticeTo};

impl Shard {
    /// Queues a notice for the clients in the rooms that it is for. It leaves with the next tick of
    /// each room. Returns the number of clients.
    pub(super) fn notify(&mut self, notice: &Notice) -> usize {
        let rooms = match notice.to() {
            NoticeTo::Room(id) => self.rooms.key(id).into_iter().collect(),
            NoticeTo::All | NoticeTo::Mode(_) => self.rooms.keys(),
        };
        let mut reached = 0;
        for room in rooms {
            let Some(running) = self.rooms.get_mut(room) else { continue };
            let is_for = match notice.to() {
                NoticeTo::Mode(mode) => running.driver.mode() == mode,
                NoticeTo::Room(_) | NoticeTo::All => true,
            };
            if is_for {
                reached += running.driver.notify(notice);
            }
        }
        reached
    }
}
