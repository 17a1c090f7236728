//! The path of a shard's matches to the disk. The shard collects what its ticks add to journals,
//! and submits it once per slot; a thread beside it writes. The shard's frames wait for that, its
//! ticks never do. `batch` is what is submitted; `disk` is the part of a file system that is
//! needed; `shared_sync` is one sync for several threads; `writer` decides what is written and
//! synced, and what a failure means; `thread` runs the writer; `room_journal` is the part that a
//! room owns. None of them knows a record: whole records are passed in as bytes.
//!
//! A match is written in segments: `ID.journal`, and after a failed sync `ID.1.journal`,
//! `ID.2.journal`, and so on, each of which begins with a header and a full state.

mod batch;
mod disk;
mod room_journal;
mod shared_sync;
#[cfg(test)]
pub(crate) mod sim_disk;
mod thread;
mod writer;

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::Deserialize;
use uuid::Uuid;

pub(crate) use disk::{Files, SharedFiles};
pub(crate) use room_journal::{ResumeAt, RoomJournal};
#[cfg(test)]
pub(crate) use thread::ManualThread;
pub(crate) use thread::{BatchNumber, JournalThread};

/// The condition under which a frame may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Durability {
    /// The kernel has the frame's tick, which thus survives the process. The disk has it soon
    /// after.
    #[default]
    Group,
    /// The disk has the frame's tick.
    Strict,
    /// No condition. There are no journals, and rooms are lost with the process.
    Off,
}

/// Text that is not a durability.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no durability; allowed are group, strict and off")]
pub struct NotADurability(String);

impl FromStr for Durability {
    type Err = NotADurability;

    fn from_str(text: &str) -> Result<Durability, NotADurability> {
        match text {
            "group" => Ok(Durability::Group),
            "strict" => Ok(Durability::Strict),
            "off" => Ok(Durability::Off),
            _ => Err(NotADurability(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Durability {
    type Error = NotADurability;

    fn try_from(text: String) -> Result<Durability, NotADurability> {
        text.parse()
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Durability::Group => "group",
            Durability::Strict => "strict",
            Durability::Off => "off",
        })
    }
}

/// One operation on the journal of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry<Bytes> {
    /// A segment begins with these records; an earlier one is abandoned.
    Begin { id: Uuid, segment: u32, bytes: Bytes },
    /// These records follow. Ignored if the segment was abandoned or has failed: a later one
    /// contains them.
    Append { id: Uuid, bytes: Bytes },
    /// A segment is resumed behind its first bytes. Everything after them is cut off.
    Resume { id: Uuid, segment: u32, whole_bytes: u64 },
    /// Nothing more is written. A match that is not worth keeping leaves no file.
    End { id: Uuid, keep: bool },
}

impl<Bytes> Entry<Bytes> {
    const fn id(&self) -> Uuid {
        match self {
            Entry::Begin { id, .. }
            | Entry::Append { id, .. }
            | Entry::Resume { id, .. }
            | Entry::End { id, .. } => *id,
        }
    }

    fn map<Others>(self, map: impl FnOnce(Bytes) -> Others) -> Entry<Others> {
        match self {
            Entry::Begin { id, segment, bytes } => Entry::Begin { id, segment, bytes: map(bytes) },
            Entry::Append { id, bytes } => Entry::Append { id, bytes: map(bytes) },
            Entry::Resume { id, segment, whole_bytes } => {
                Entry::Resume { id, segment, whole_bytes }
            }
            Entry::End { id, keep } => Entry::End { id, keep },
        }
    }
}

impl Entry<&[u8]> {
    const fn bytes(&self) -> usize {
        match self {
            Entry::Begin { bytes, .. } | Entry::Append { bytes, .. } => bytes.len(),
            Entry::Resume { .. } | Entry::End { .. } => 0,
        }
    }
}

/// A fault of the journal of a match.
#[derive(Debug)]
pub(crate) enum JournalFault {
    /// The journal cannot be written any more, so its match must not continue.
    Failed(JournalError),
    /// The disk may not have all that was written. The segment is abandoned: another one must
    /// begin.
    Unsynced(JournalError),
}

/// A journal could not be written. It still contains whole records only.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    #[error("cannot write the journal `{name}`: {error}")]
    Write { name: String, error: io::Error },
    #[error("the disk does not keep the journal `{name}`: {error}")]
    Sync { name: String, error: io::Error },
    #[error("the disk is too slow: {} MiB wait to be written to journals", .bytes >> 20)]
    TooMuchWaits { bytes: usize },
    #[error("the disk is too slow: {ticks} ticks wait to be in the journal")]
    TooSlow { ticks: usize },
    #[error("the thread that writes journals has ended; this is a bug, restart the server")]
    ThreadEnded,
}

/// Returns the file name of a segment.
pub(crate) fn file_name(id: Uuid, segment: u32) -> String {
    if segment == 0 { format!("{id}.journal") } else { format!("{id}.{segment}.journal") }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Durability, file_name};

    #[test]
    fn a_durability_is_read_as_it_is_printed() {
        for durability in [Durability::Group, Durability::Strict, Durability::Off] {
            assert_eq!(durability.to_string().parse(), Ok(durability));
        }
        let error = "Group".parse::<Durability>().expect_err("refused").to_string();
        assert_eq!(error, "`Group` is no durability; allowed are group, strict and off");
    }

    #[test]
    fn the_first_segment_bears_the_name_of_the_match_alone() {
        let names = [0, 1, 12].map(|segment| file_name(Uuid::nil(), segment));
        let id = "00000000-0000-0000-0000-000000000000";
        assert_eq!(
            names,
            [format!("{id}.journal"), format!("{id}.1.journal"), format!("{id}.12.journal"),]
        );
    }
}
