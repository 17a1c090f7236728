//! The journals of a data folder for whoever runs a server: what there is, what each holds, and which may go. It works beside a
//! running server: it reads what that writes, and removes nothing that a room could still need. Nothing in a file makes it
//! panic; what is damaged is told with the place.

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

/// Why journals cannot be listed, inspected or pruned. Its text is a sentence for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is no such folder, or it cannot be read.
    #[error("cannot read the journals in `{folder}`: {error}; name the server's data folder with --data-dir", folder = folder.display())]
    Folder {
        /// The folder of the journals.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file could not be read or removed.
    #[error("{doing} `{file}`: {error}", file = file.display())]
    File {
        /// What was not possible.
        doing: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Which matches are needed cannot be found out, so none may go.
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
    /// By the number of the segment.
    segments: BTreeMap<u32, PathBuf>,
    bytes: u64,
    /// When something was written last.
    written: SystemTime,
    /// It was put aside.
    is_quarantined: bool,
}

/// What a data folder holds, as far as it matters to journals.
struct Archive {
    stored: Vec<Stored>,
    /// Matches that a room would go on with, with the mode of the room.
    needed: BTreeMap<Uuid, String>,
    /// A server runs on the folder.
    is_served: bool,
}

impl Archive {
    /// Files first, then which of them are needed: what is not needed then will never be.
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

/// When a journal was written into last; none if there is no journal.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn newest_journal(data_dir: &Path) -> Result<Option<SystemTime>, ArchiveError> {
    let journals = files(&data_dir.join("journals"), false)?;
    Ok(journals.into_iter().map(|stored| stored.written).max())
}

/// All journals of a folder.
fn files(folder: &Path, is_quarantined: bool) -> Result<Vec<Stored>, ArchiveError> {
    let failed = |error| ArchiveError::Folder { folder: folder.to_owned(), error };
    let mut matches: BTreeMap<Uuid, Stored> = BTreeMap::new();
    for segment in segments(folder).map_err(failed)? {
        let (id, segment, entry) = segment.map_err(failed)?;
        // One that went away meanwhile is none.
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
    /// All segments, the oldest first.
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
        // A file from the future was just written.
        now.duration_since(self.written).unwrap_or_default()
    }
}
