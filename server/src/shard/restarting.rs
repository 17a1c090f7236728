//! A room that panicked: it begins again from its journal, and no other room notices; or it is put aside.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tracing::error;

use super::Shard;
use crate::hosted::Fallen;
use crate::recovery::{self, RecoveredRoom};
use crate::store::KeptRoom;
use crate::token::RoomId;

/// Panics of a room at one tick after which it is put aside.
const FALLS_MAX: u32 = 3;

/// How long a room that panicked waits for its journal before it begins again from it.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(1);

impl Shard {
    /// Begins a room that panicked again, from its journal; but not for ever at the same tick: what makes it panic is there.
    pub(super) fn restart(&mut self, room: &RoomId) {
        let Some(hosted) = self.take(room) else { return };
        self.measures.rooms_failed.add(1);
        let Fallen { tick, room: kept } = hosted.fall();
        let falls = self.falls.entry(room.clone()).or_insert((tick, 0));
        *falls = if falls.0 == tick { (tick, falls.1 + 1) } else { (tick, 1) };
        let (matches, hopeless) = (kept.matches.clone(), falls.1 >= FALLS_MAX);
        let again = self.read_again(kept);
        let why = match again {
            Ok(again) if !hopeless => {
                error!(%room, %tick, "the room panicked and begins again from its journal");
                return self.recover(again);
            }
            Ok(_) => format!("the room panicked {FALLS_MAX} times after tick {tick}"),
            Err(why) => why,
        };
        error!(%room, %tick, "the room panicked and is put aside: {why}");
        for (_, id) in matches {
            if let Some(journals) = &self.journals
                && let Err(error) = journals.put_aside(id, &why)
            {
                error!(%room, %error, "its journal cannot be put aside");
            }
        }
        self.falls.remove(room);
        self.directory.remove(room);
        if let Some(store) = &self.store {
            store.forget_room(room);
        }
    }

    /// A room that panicked, from its journal; or why that cannot be.
    fn read_again(&self, room: KeptRoom) -> Result<RecoveredRoom, String> {
        let (Some(journals), Some((thread, _))) = (&self.journals, &self.journal) else {
            return Err("there are no journals".to_owned());
        };
        // All that its players were told is there already; of the rest as much as the disk takes in time.
        if !thread.wait_for(thread.submit(), JOURNAL_PATIENCE) {
            return Err("its journal is not written in time".to_owned());
        }
        let again = || recovery::restart(room, journals).map_err(|why| why.to_string());
        let again = catch_unwind(AssertUnwindSafe(again));
        again.unwrap_or_else(|_| Err("its replay panics".to_owned()))
    }
}
