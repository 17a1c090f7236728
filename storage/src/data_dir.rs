//! The data folder: where everything in it is, and which segments a match has. Only here is a name
//! of a file in it spelled.
//!
//! ```text
//! lock                              locked by the server, as is the folder itself
//! bolide.sqlite                     the rooms, their matches and seats; keys and topics
//! bolide.sqlite.vN                  a copy from before its tables had a version above N
//! control.sock                      takes the commands of its owner while a server runs
//! clock                             when the clock was last trusted
//! restoring                         attempts to restore a match that have not ended
//! journals/ID.journal               the first segment of a match
//! journals/ID.1.journal             the next one, and so on
//! journals/quarantine/ID.journal    what could not be resumed, with all its segments
//! journals/quarantine/ID.reason.txt the reason
//! ```

mod lock;
mod segments;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use crate::journal::{ResumeAt, SharedFiles};

pub use lock::DataDirLock;
pub use segments::Segments;
pub(crate) use segments::segment_name;

/// A data folder. Clones share its path. It need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir {
    root: Arc<Path>,
}

impl DataDir {
    /// Names a data folder.
    #[must_use]
    pub fn new(root: &Path) -> DataDir {
        DataDir { root: root.into() }
    }

    /// Creates the folder, unless it exists, such that only its owner can read it. Its name
    /// survives a power cut.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn create(&self) -> io::Result<()> {
        lock::make(&self.root)
    }

    /// Warns about a folder that other users can read: it contains private codes and the seeds of
    /// running matches.
    ///
    /// # Errors
    /// It does not exist, or cannot be read.
    pub fn warn_if_public(&self) -> io::Result<()> {
        lock::warn_if_public(&self.root)
    }

    /// Locks the folder for this process; `None` if another one holds it.
    ///
    /// # Errors
    /// The file `lock` cannot be made, or nothing can be locked.
    pub fn lock(&self) -> io::Result<Option<DataDirLock>> {
        lock::lock(&self.root, &self.lock_file())
    }

    /// Returns whether a server holds the folder.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        lock::is_locked(&self.root, &self.lock_file())
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Returns the file of the store.
    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("bolide.sqlite")
    }

    /// Returns the copy of the store from before its tables had a version above this one.
    pub(crate) fn database_copy(&self, version: i64) -> PathBuf {
        self.root.join(format!("bolide.sqlite.v{version}"))
    }

    /// Returns the socket on which a running server takes the commands of its owner.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    /// Returns the file of [`crate::catalog::ClockRecord`].
    pub(crate) fn clock_record(&self) -> PathBuf {
        self.root.join("clock")
    }

    /// Returns the file of [`crate::attempts::Attempts`].
    pub(crate) fn attempts(&self) -> PathBuf {
        self.root.join("restoring")
    }

    /// Returns the folder of the journals.
    #[must_use]
    pub fn journals(&self) -> PathBuf {
        self.root.join("journals")
    }

    /// Returns the folder of the journals that could not be resumed.
    #[must_use]
    pub fn quarantine(&self) -> PathBuf {
        self.journals().join("quarantine")
    }

    /// Returns the file with the reason why a journal is in quarantine.
    pub(crate) fn quarantine_reason(&self, id: Uuid) -> PathBuf {
        self.quarantine().join(format!("{id}.reason.txt"))
    }

    fn probe_file(&self) -> PathBuf {
        self.journals().join(format!("{}.probe", Uuid::now_v7()))
    }

    /// Creates the folder of the journals, checks that files can be created in it, and opens it
    /// for the threads that write.
    ///
    /// # Errors
    /// It cannot be created, or not be written.
    pub fn open_journals(&self) -> io::Result<SharedFiles> {
        lock::make(&self.journals())?;
        let probe = self.probe_file();
        File::create_new(&probe)?;
        fs::remove_file(&probe)?;
        SharedFiles::open(&self.journals())
    }

    /// Checks that the disk takes a file of this many bytes.
    ///
    /// # Errors
    /// It does not, or no more files can be opened.
    pub(crate) fn probe(&self, bytes: usize) -> io::Result<()> {
        let path = self.probe_file();
        let mut probe = File::create_new(&path)?;
        let kept = probe.write_all(&vec![0x55; bytes]).and_then(|()| probe.sync_data());
        fs::remove_file(&path)?;
        kept
    }

    /// Returns the segments of a match that is not in quarantine. A match without a journal has
    /// none.
    ///
    /// # Errors
    /// The folder of the journals cannot be read.
    pub fn segments(&self, id: Uuid) -> io::Result<Segments> {
        Ok(self.index()?.remove(&id).unwrap_or_default())
    }

    /// Returns the segments of all matches that are not in quarantine.
    ///
    /// # Errors
    /// The folder of the journals cannot be read.
    pub(crate) fn index(&self) -> io::Result<BTreeMap<Uuid, Segments>> {
        segments::index(&self.journals())
    }

    /// Returns the segments of all matches in quarantine.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn quarantine_index(&self) -> io::Result<BTreeMap<Uuid, Segments>> {
        segments::index(&self.quarantine())
    }

    /// Abandons the newest segment of a journal, because it is unknown what the disk has of it. An
    /// empty segment behind it keeps every later process from appending to it.
    ///
    /// # Errors
    /// The empty segment cannot be created.
    pub(crate) fn abandon_segment(&self, at: ResumeAt) -> io::Result<ResumeAt> {
        // Another segment must follow already.
        if at.whole_bytes.is_none() {
            return Ok(at);
        }
        let segment = at.segment + 1;
        File::create_new(self.journals().join(segment_name(at.id, segment)))?;
        Ok(ResumeAt { segment, whole_bytes: None, ..at })
    }

    /// Moves all segments of a match into the folder `quarantine`, with the reason beside them.
    ///
    /// # Errors
    /// One of them cannot be moved; later ones are not moved then.
    pub(crate) fn quarantine_journal(&self, id: Uuid, why: &str) -> io::Result<()> {
        let aside = self.quarantine();
        fs::create_dir_all(&aside)?;
        fs::write(self.quarantine_reason(id), format!("{why}\n"))?;
        for (segment, path) in self.segments(id)?.iter() {
            fs::rename(path, aside.join(segment_name(id, segment)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use uuid::Uuid;

    use crate::testing::Folder;

    #[test]
    fn all_segments_of_a_match_are_put_aside_together() {
        let folder = Folder::new();
        let data_dir = folder.data_dir();
        data_dir.open_journals().expect("a folder");
        let id = Uuid::now_v7();
        assert!(data_dir.segments(id).expect("read").is_empty());
        for (name, bytes) in [("", "a"), (".1", "b"), (".4", "after a gap")] {
            folder.file(&format!("journals/{id}{name}.journal"), bytes.as_bytes());
        }
        data_dir.quarantine_journal(id, "for a reason").expect("moved");
        let reason = fs::read_to_string(data_dir.quarantine_reason(id)).expect("there");
        assert_eq!(reason, "for a reason\n");
        assert_eq!(fs::read_dir(data_dir.quarantine()).expect("a folder").count(), 4);
        assert!(data_dir.segments(id).expect("read").is_empty());
        let aside = data_dir.quarantine_index().expect("read");
        assert_eq!(aside[&id].iter().map(|(segment, _)| segment).collect::<Vec<_>>(), [0, 1, 4]);
    }

    #[test]
    fn a_probe_leaves_nothing() {
        let folder = Folder::new();
        let data_dir = folder.data_dir();
        data_dir.open_journals().expect("a folder");
        data_dir.probe(1000).expect("there is space");
        assert_eq!(fs::read_dir(data_dir.journals()).expect("a folder").count(), 0);
    }
}
