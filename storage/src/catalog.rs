//! The journals of a data folder, for the operator: lists them, inspects one, and prunes them, also
//! on a thread of the server. It works beside a running server: it only reads the files that the
//! server writes, and removes nothing that a room could still need. No content of a file makes it
//! panic; damage is reported with its position.

mod clock_record;
mod inspect;
mod list;
mod prune;
mod retention;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::data_dir::{DataDir, Segments};
use crate::database::{StoreError, matches_needed};

pub use inspect::{Inspection, SegmentEnd, SegmentInspection, inspect_journal};
pub use list::{JournalState, JournalSummary, list_journals};
pub use prune::{Prune, PrunePlan};
pub use retention::RetentionThread;

/// Reason why journals cannot be listed, inspected or pruned. Its text is a sentence for the
/// operator.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
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

impl From<StoreError> for CatalogError {
    fn from(error: StoreError) -> CatalogError {
        CatalogError::Store(error.to_string())
    }
}

/// The files of one match.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    id: Uuid,
    segments: Segments,
    bytes: u64,
    /// Time of the last write.
    written: SystemTime,
    /// True if the journal is in quarantine.
    is_quarantined: bool,
}

/// The parts of a data folder that matter to journals.
struct Catalog {
    stored: Vec<Stored>,
    /// Matches that a room would resume, with the mode of the room.
    needed: BTreeMap<Uuid, String>,
    /// True if a server runs on the folder.
    is_served: bool,
}

impl Catalog {
    /// Reads the files first, then which of them are needed: a match that is not needed by then
    /// never will be.
    fn read(data_dir: &DataDir) -> Result<Catalog, CatalogError> {
        let mut stored = journals(data_dir)?;
        if data_dir.quarantine().is_dir() {
            stored.extend(quarantined(data_dir)?);
        }
        stored.sort_by_key(|it| (it.written, it.id));
        let needed = matches_needed(data_dir)?.into_iter().collect();
        Ok(Catalog { stored, needed, is_served: data_dir.is_locked() })
    }
}

/// Returns the time of the last write to any journal, or `None` if there is no journal.
///
/// # Errors
/// The folder cannot be read.
pub fn newest_journal(data_dir: &DataDir) -> Result<Option<SystemTime>, CatalogError> {
    Ok(journals(data_dir)?.into_iter().map(|stored| stored.written).max())
}

/// Returns all journals that are not in quarantine.
fn journals(data_dir: &DataDir) -> Result<Vec<Stored>, CatalogError> {
    let failed = |error| CatalogError::Folder { folder: data_dir.journals(), error };
    Ok(stored(data_dir.index().map_err(failed)?, false))
}

/// Returns all journals in quarantine.
fn quarantined(data_dir: &DataDir) -> Result<Vec<Stored>, CatalogError> {
    let failed = |error| CatalogError::Folder { folder: data_dir.quarantine(), error };
    Ok(stored(data_dir.quarantine_index().map_err(failed)?, true))
}

fn stored(index: BTreeMap<Uuid, Segments>, is_quarantined: bool) -> Vec<Stored> {
    let of_match = |(id, mut segments): (Uuid, Segments)| {
        let (mut bytes, mut written) = (0, None);
        // A file that was removed meanwhile is skipped.
        segments.retain(|file| {
            let Ok(data) = fs::symlink_metadata(file) else { return false };
            bytes += data.len();
            written = written.max(Some(data.modified().unwrap_or(SystemTime::UNIX_EPOCH)));
            true
        });
        written.map(|written| Stored { id, segments, bytes, written, is_quarantined })
    };
    index.into_iter().filter_map(of_match).collect()
}

impl Stored {
    /// Reads all segments, the oldest first.
    fn read(&self) -> Result<Vec<Vec<u8>>, CatalogError> {
        let read = |(_, file): (u32, &Path)| {
            let failed =
                |error| CatalogError::File { doing: "cannot read", file: file.to_owned(), error };
            fs::read(file).map_err(failed)
        };
        self.segments.iter().map(read).collect()
    }

    fn age(&self, now: SystemTime) -> Duration {
        // A file with a time in the future counts as just written.
        now.duration_since(self.written).unwrap_or_default()
    }
}
