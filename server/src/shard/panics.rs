//! Takes a failed room off its shard, and hosts it again once it is restored. The shard reads no
//! file and waits for nothing: that is left to the restorer.

use bolide_room::{Recovery, RoomId};
use bolide_sim::Tick;
use bolide_storage::{
    Absence, AbsentRoom, JournalError, Purpose, RoomImage, RoomJournal, RoomRecord,
};
use tracing::error;

use super::Shard;
use crate::rooms::{RoomCommand, RoomDriver, RoomFailed, TakenOut};

/// Panics of a room at the same tick after which it is quarantined.
const PANICS_MAX: u32 = 3;

impl Shard {
    /// Hands a failed room to the restorer. The driver is returned if there is no restorer, or if
    /// the disk failed and no client has seen a tick of the room. The caller then ends the room for
    /// good.
    pub(super) fn take_out(
        &mut self,
        driver: RoomDriver,
        why: &RoomFailed,
    ) -> Result<(), Box<RoomDriver>> {
        let is_unseen = matches!(why, RoomFailed::Journal(_)) && !driver.status().was_shown;
        if self.restorer.is_none() || is_unseen {
            return Err(driver.into());
        }
        let TakenOut { tick, room } = driver.take_out(why);
        error!(room = %room.id, %tick, "the room failed and is restored from its journal: {why}");
        let purpose = self.purpose(&room.id, tick, why);
        self.hand_over(room, purpose);
        Ok(())
    }

    fn hand_over(&self, room: RoomRecord, purpose: Purpose) {
        self.directory.take_out(&room.id, room.code, Absence::Restoring);
        let Some(restorer) = &self.restorer else { return };
        let written = self.journal_thread().map(|journal| {
            let batch = journal.submit();
            (journal, batch)
        });
        restorer.take(AbsentRoom { room, shard: Some(self.number), written, purpose });
    }

    /// Decides how the room is restored. Its panics are counted before anything is read, because
    /// the cause of repeated panics at one tick is in the journal.
    fn purpose(&mut self, room: &RoomId, tick: Tick, why: &RoomFailed) -> Purpose {
        if let RoomFailed::Journal(error) = why {
            return Purpose::RestoreOnDisk { in_doubt: matches!(error, JournalError::Sync { .. }) };
        }
        let panics = self.panics.entry(room.clone()).or_insert((tick, 0));
        *panics = if panics.0 == tick { (tick, panics.1 + 1) } else { (tick, 1) };
        if panics.1 < PANICS_MAX {
            return Purpose::Restore;
        }
        self.panics.remove(room);
        Purpose::Quarantine(format!("the room panicked {PANICS_MAX} times after tick {tick}"))
    }

    /// Hosts a restored room.
    pub(super) fn host_image(&mut self, image: RoomImage) {
        let RoomImage { record: room, mode, number, world, journal: at } = image;
        let (config, room_store) =
            (self.config(&room.id, room.code, &mode), self.room_store(&room.id, room.code, &mode));
        let (seats, locked) = (room.seats.clone(), room.locked);
        let recovery = Recovery { id: at.id, number, world, seats, locked };
        let journal = RoomJournal::resume(self.journal_thread(), at);
        let id = room.id.clone();
        let setup = self.setup(journal, room_store);
        match RoomDriver::recover(setup, config, recovery, &mut self.scratch) {
            Ok(driver) => {
                let status = driver.status().room;
                self.directory.host(&id, room.code, &mode, self.number, status);
                let room = self.host(id, &mode, driver);
                if at.whole_bytes.is_none() {
                    self.command(room, RoomCommand::BeginSegment(at.id));
                    self.note_if_deferring(room);
                }
            }
            Err(why) => {
                self.metrics.rooms_failed.add(1);
                error!(room = %id, "the room cannot be hosted again: {why}");
                let purpose = match why {
                    RoomFailed::Panicked => {
                        Purpose::Quarantine("the room panics when it is restored".to_owned())
                    }
                    RoomFailed::Journal(_) => {
                        Purpose::RestoreOnDisk { in_doubt: at.whole_bytes.is_none() }
                    }
                };
                self.hand_over(room, purpose);
            }
        }
    }
}
