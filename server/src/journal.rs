//! How the matches of a shard get to the disk: the shard collects what its ticks add to journals, and hands it over once a
//! slot; a thread beside it writes. The shard's frames wait for that, its ticks never do. `batch` is what is
//! handed over, `disk` what of a file system is needed, `scribe` decides what is written and synced and what a failure means,
//! `thread` runs it, `room` is what a room has of it. None of them knows a record: whole ones come in, bytes go out.
//!
//! A match is written into segments: `ID.journal`, and after a sync that failed `ID.1.journal`, `ID.2.journal`, and so on, each of
//! which begins with a header and a full state.

mod batch;
mod disk;
mod room;
mod shared_sync;
#[cfg(test)]
pub(crate) mod simulated;
mod thread;
mod writer;

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::Deserialize;
use uuid::Uuid;

pub(crate) use disk::{Files, SharedFiles};
pub(crate) use room::{ResumeAt, RoomJournal};
#[cfg(test)]
pub(crate) use thread::ByHand;
pub(crate) use thread::{BatchNumber, JournalThread};

/// What a frame waits for before it leaves the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Durability {
    /// That its tick was handed to the system, which survives the process. The disk has it soon after.
    #[default]
    Group,
    /// That the disk has its tick.
    Strict,
    /// Nothing. There are no journals, and rooms die with the process.
    Off,
}

/// Text that is no durability.
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

/// One thing to do with the journal of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry<Bytes> {
    /// A segment begins with these records; an earlier one is left as it is.
    Begin { id: Uuid, segment: u32, bytes: Bytes },
    /// These records follow. Nothing is done if the segment was left or has failed: a later one holds what is in them.
    Append { id: Uuid, bytes: Bytes },
    /// A segment is gone on with behind its first bytes. Whatever follows them is cut off.
    GoOn { id: Uuid, segment: u32, whole_bytes: u64 },
    /// Nothing more is written. A match that is not worth keeping leaves no file.
    End { id: Uuid, keep: bool },
}

impl<Bytes> Entry<Bytes> {
    const fn id(&self) -> Uuid {
        match self {
            Entry::Begin { id, .. }
            | Entry::Append { id, .. }
            | Entry::GoOn { id, .. }
            | Entry::End { id, .. } => *id,
        }
    }

    fn map<Others>(self, map: impl FnOnce(Bytes) -> Others) -> Entry<Others> {
        match self {
            Entry::Begin { id, segment, bytes } => Entry::Begin { id, segment, bytes: map(bytes) },
            Entry::Append { id, bytes } => Entry::Append { id, bytes: map(bytes) },
            Entry::GoOn { id, segment, whole_bytes } => Entry::GoOn { id, segment, whole_bytes },
            Entry::End { id, keep } => Entry::End { id, keep },
        }
    }
}

impl Entry<&[u8]> {
    const fn bytes(&self) -> usize {
        match self {
            Entry::Begin { bytes, .. } | Entry::Append { bytes, .. } => bytes.len(),
            Entry::GoOn { .. } | Entry::End { .. } => 0,
        }
    }
}

/// What has become of the journal of a match, if it is not well.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It cannot be written any more; its match must not go on.
    Failed(JournalError),
    /// The disk may not have what was written. The segment is left: another one must begin.
    InDoubt(JournalError),
}

/// A journal could not be written. What it holds is whole records all the same.
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
    Gone,
}

/// The file of a segment.
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
