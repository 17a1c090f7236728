//! The journals of a data folder, for the operator: lists them, inspects one, and prunes them. It
//! works beside a running server: it only reads the files that the server writes, and removes
//! nothing that a room could still need. No content of a file makes it panic; damage is reported
//! with its position.

mod inspect;
mod prune;
mod summary;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::data_dir::is_locked;
use crate::journals::segments;
use crate::store::{StoreError, matches_needed};

pub use inspect::{Inspection, SegmentEnd, SegmentInspection, inspect_journal};
pub use prune::{Prune, prune_journals};
pub use summary::{JournalState, JournalSummary, list_journals};

/// Reason why journals cannot be listed, inspected or pruned. Its text is a sentence for the
/// operator.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The folder does not exist or cannot be read.
    #[error("cannot read the journals in `{folder}`: {error}; name the server's data folder with --data-dir", folder = folder.display())]
    Folder {
        /// The folder of the journals.
        folder: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A file could not be read or removed.
    #[error("{doing} `{file}`: {error}", file = file.display())]
    File {
        /// The failed operation.
        doing: &'static str,
        /// The file.
        file: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The needed matches cannot be determined, so none may be removed.
    #[error("{0}; so nobody knows which journals are needed")]
    Store(String),
    /// No match has this id.
    #[error("there is no journal of a match `{0}`; `bolide journal list` tells which there are")]
    NoSuchMatch(String),
}

impl From<StoreError> for ArchiveError {
    fn from(error: StoreError) -> ArchiveError {
        ArchiveError::Store(error.to_string())
    }
}

/// The files of one match.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    id: Uuid,
    /// The files by segment number.
    segments: BTreeMap<u32, PathBuf>,
    bytes: u64,
    /// Time of the last write.
    written: SystemTime,
    /// True if the journal is in quarantine.
    is_quarantined: bool,
}

/// The parts of a data folder that matter to journals.
struct Archive {
    stored: Vec<Stored>,
    /// Matches that a room would resume, with the mode of the room.
    needed: BTreeMap<Uuid, String>,
    /// True if a server runs on the folder.
    is_served: bool,
}

impl Archive {
    /// Reads the files first, then which of them are needed: a match that is not needed by then
    /// never will be.
    fn read(data_dir: &Path) -> Result<Archive, ArchiveError> {
        let folder = data_dir.join("journals");
        let mut stored = files(&folder, false)?;
        let aside = folder.join("quarantine");
        if aside.is_dir() {
            stored.extend(files(&aside, true)?);
        }
        stored.sort_by_key(|it| (it.written, it.id));
        let needed = matches_needed(data_dir)?.into_iter().collect();
        Ok(Archive { stored, needed, is_served: is_locked(data_dir) })
    }
}

/// Returns the time of the last write to any journal, or `None` if there is no journal.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn newest_journal(data_dir: &Path) -> Result<Option<SystemTime>, ArchiveError> {
    let journals = files(&data_dir.join("journals"), false)?;
    Ok(journals.into_iter().map(|stored| stored.written).max())
}

/// Returns all journals of a folder.
fn files(folder: &Path, is_quarantined: bool) -> Result<Vec<Stored>, ArchiveError> {
    let failed = |error| ArchiveError::Folder { folder: folder.to_owned(), error };
    let mut matches: BTreeMap<Uuid, Stored> = BTreeMap::new();
    for segment in segments(folder).map_err(failed)? {
        let (id, segment, entry) = segment.map_err(failed)?;
        // A file that was removed meanwhile is skipped.
        let Ok(data) = entry.metadata() else { continue };
        let written = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let empty = Stored { id, segments: BTreeMap::new(), bytes: 0, written, is_quarantined };
        let stored = matches.entry(id).or_insert(empty);
        stored.segments.insert(segment, entry.path());
        stored.bytes += data.len();
        stored.written = stored.written.max(written);
    }
    Ok(matches.into_values().collect())
}

impl Stored {
    /// Reads all segments, the oldest first.
    fn read(&self) -> Result<Vec<Vec<u8>>, ArchiveError> {
        let read = |file: &PathBuf| {
            fs::read(file).map_err(|error| ArchiveError::File {
                doing: "cannot read",
                file: file.clone(),
                error,
            })
        };
        self.segments.values().map(read).collect()
    }

    fn age(&self, now: SystemTime) -> Duration {
        // A file with a time in the future counts as just written.
        now.duration_since(self.written).unwrap_or_default()
    }
}
