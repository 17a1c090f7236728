//! The journals of one room: those of its matches, one after the other, each in one or more
//! segments. It collects operations for the shard's journal thread, and never waits.

use std::thread;

use bolide_room::JournalRecords;
use uuid::Uuid;

use super::entry::Entry;
use super::{BatchNumber, JournalError, JournalThread};

/// The journals of a room. Without a thread nothing is written.
#[derive(Debug)]
pub struct RoomJournal {
    thread: Option<JournalThread>,
    current: Option<Current>,
    /// The previous match, which has ended.
    before: Option<Uuid>,
}

/// The match that is being written.
#[derive(Debug)]
struct Current {
    id: Uuid,
    segment: u32,
    /// True if the journal is worth keeping.
    keep: bool,
}

/// The position at which the journal of a match is resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumeAt {
    /// The match.
    pub id: Uuid,
    /// The newest existing segment, whole or not.
    pub segment: u32,
    /// Number of its bytes to keep, behind which it is resumed. If `None`, a new segment must
    /// begin.
    pub whole_bytes: Option<u64>,
}

impl RoomJournal {
    /// Creates the journals of a room before its first match.
    #[must_use]
    pub const fn new(thread: Option<JournalThread>) -> RoomJournal {
        RoomJournal { thread, current: None, before: None }
    }

    /// Creates the journals of a room whose match is resumed. If a new segment must begin, the
    /// caller must request one from the room. Until [`RoomJournal::keep_if_worth`] the journal is
    /// kept whatever happens to the room: it may be needed again.
    #[must_use]
    pub fn resume(thread: Option<JournalThread>, at: ResumeAt) -> RoomJournal {
        let ResumeAt { id, segment, whole_bytes } = at;
        if let (Some(thread), Some(whole_bytes)) = (&thread, whole_bytes) {
            thread.collect(Entry::Resume { id, segment, whole_bytes });
        }
        RoomJournal { thread, current: Some(Current { id, segment, keep: true }), before: None }
    }

    /// Appends whole records to the journal of a match. Frames that follow must wait for the
    /// returned batch, if there is one.
    ///
    /// # Errors
    /// Too many bytes wait to be written, or the journal thread has ended.
    pub fn append(&mut self, records: JournalRecords) -> Result<Option<BatchNumber>, JournalError> {
        if self.thread.is_none() {
            return Ok(None);
        }
        let JournalRecords { id, begins, worth_keeping, bytes } = records;
        let segment = begins.then(|| self.begin_segment(id));
        if worth_keeping {
            self.keep();
        }
        let Some(thread) = &self.thread else { return Ok(None) };
        let bytes = bytes.as_slice();
        let entry = match segment {
            Some(segment) => Entry::Begin { id, segment, bytes },
            None => Entry::Append { id, bytes },
        };
        thread.append(entry).map(Some)
    }

    /// Begins the next segment of this match, or the first one of a new match. Returns its number.
    fn begin_segment(&mut self, id: Uuid) -> u32 {
        if let Some(current) = self.current.as_mut().filter(|current| current.id == id) {
            current.segment += 1;
            return current.segment;
        }
        self.before = self.id();
        self.end();
        self.current = Some(Current { id, segment: 0, keep: false });
        0
    }

    /// Returns the match that is being written.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        self.current.as_ref().map(|current| current.id)
    }

    /// Returns the previous match, if there was one since a shard began to host the room.
    #[must_use]
    pub const fn before(&self) -> Option<Uuid> {
        self.before
    }

    /// Records that the room runs: from now on its journal is kept only if the room says so.
    pub const fn keep_if_worth(&mut self) {
        if let Some(current) = &mut self.current {
            current.keep = false;
        }
    }

    /// Marks the journal as worth keeping: the room says so, or the process ends before the match
    /// does.
    pub const fn keep(&mut self) {
        if let Some(current) = &mut self.current {
            current.keep = true;
        }
    }

    /// Ends the journal of the match. Without a fight it leaves no file, however the match ended.
    fn end(&mut self) {
        if let (Some(thread), Some(Current { id, keep, .. })) = (&self.thread, self.current.take())
        {
            thread.collect(Entry::End { id, keep });
        }
    }
}

impl Drop for RoomJournal {
    fn drop(&mut self) {
        // The room was lost, not ended: the journal is all that remains of the match.
        if thread::panicking() {
            self.keep();
        }
        self.end();
    }
}
