//! The journals of one room: of its matches, one after the other, each in one segment or more. It collects for the shard's
//! journal thread and waits for nothing.

use std::thread;

use bolide_room::JournalRecords;
use uuid::Uuid;

use super::{BatchNumber, Entry, JournalError, JournalThread};

/// The journals of a room; of a room that is written down nowhere it does nothing.
#[derive(Debug)]
pub(crate) struct RoomJournal {
    thread: Option<JournalThread>,
    current: Option<Current>,
    /// The match before, which has ended.
    before: Option<Uuid>,
}

/// The match that is written down.
#[derive(Debug)]
struct Current {
    id: Uuid,
    segment: u32,
    /// Its journal is worth keeping.
    keep: bool,
}

/// Where the journal of a match goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResumeAt {
    pub(crate) id: Uuid,
    /// The newest segment that there is, whole or not.
    pub(crate) segment: u32,
    /// Behind these bytes of it. If that is not possible, a new segment must begin.
    pub(crate) whole_bytes: Option<u64>,
}

impl RoomJournal {
    /// For a room before its first match.
    pub(crate) const fn new(thread: Option<JournalThread>) -> RoomJournal {
        RoomJournal { thread, current: None, before: None }
    }

    /// For a room whose match goes on. Where a new segment must begin, the room must be asked for it. Whatever
    /// becomes of the room until [`RoomJournal::keep_if_fought`], the journal stays: it may be needed again.
    pub(crate) fn resume(thread: Option<JournalThread>, at: ResumeAt) -> RoomJournal {
        let ResumeAt { id, segment, whole_bytes } = at;
        if let (Some(thread), Some(whole_bytes)) = (&thread, whole_bytes) {
            thread.collect(Entry::GoOn { id, segment, whole_bytes });
        }
        RoomJournal { thread, current: Some(Current { id, segment, keep: true }), before: None }
    }

    /// Appends whole records to the journal of a match. What is said next must wait for that batch, if for any.
    ///
    /// # Errors
    /// Too much waits to be written, or nobody writes any more.
    pub(crate) fn append(
        &mut self,
        records: JournalRecords,
    ) -> Result<Option<BatchNumber>, JournalError> {
        let Some(thread) = &self.thread else { return Ok(None) };
        let JournalRecords { id, begins, bytes } = records;
        if !begins {
            return thread.append(Entry::Append { id, bytes: &bytes }).map(Some);
        }
        let thread = thread.clone();
        let segment = match &mut self.current {
            Some(current) if current.id == id => {
                current.segment += 1;
                current.segment
            }
            _ => {
                self.before = self.id();
                self.end();
                self.current = Some(Current { id, segment: 0, keep: false });
                0
            }
        };
        thread.append(Entry::Begin { id, segment, bytes: &bytes }).map(Some)
    }

    /// The match that is written down.
    pub(crate) fn id(&self) -> Option<Uuid> {
        self.current.as_ref().map(|current| current.id)
    }

    /// The match before, if there was one since the room is hosted.
    pub(crate) const fn before(&self) -> Option<Uuid> {
        self.before
    }

    /// The room runs: from now on its journal is kept for a fight only.
    pub(crate) const fn keep_if_fought(&mut self) {
        if let Some(current) = &mut self.current {
            current.keep = false;
        }
    }

    /// A fight has begun, or the process ends and the match does not: its journal is worth keeping.
    pub(crate) const fn keep(&mut self) {
        if let Some(current) = &mut self.current {
            current.keep = true;
        }
    }

    /// However a match ends, without a fight it leaves no file.
    fn end(&mut self) {
        if let (Some(thread), Some(Current { id, keep, .. })) = (&self.thread, self.current.take())
        {
            thread.collect(Entry::End { id, keep });
        }
    }
}

impl Drop for RoomJournal {
    fn drop(&mut self) {
        // Its room was not ended but lost: what was written is all that there is of the match.
        if thread::panicking() {
            self.keep();
        }
        self.end();
    }
}
