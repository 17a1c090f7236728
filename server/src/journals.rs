//! The journals of a server's matches, one file each: `<data_dir>/journals/<match>.journal`. What is appended here has been
//! handed to the operating system when the call returns, so what anybody saw outlives the process. It knows no record:
//! whole ones come in, bytes go out. It does not wait for the disk; a power cut may cost what the system had not
//! written back.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;
use uuid::Uuid;

/// The folder of the journals.
#[derive(Clone, Debug)]
pub(crate) struct Journals {
    folder: Arc<Path>,
}

/// The journals of one room: of its matches, one after the other.
#[derive(Debug)]
pub(crate) struct RoomJournal {
    folder: Arc<Path>,
    current: Option<MatchJournal>,
}

/// A journal could not be written. What it holds is whole records all the same.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the journal `{path}`: {error}", path = path.display())]
pub(crate) struct JournalWriteError {
    path: PathBuf,
    error: io::Error,
}

impl Journals {
    /// Makes the folder inside of `data_dir`, and makes sure that files can be made in it.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Journals> {
        let folder = data_dir.join("journals");
        fs::create_dir_all(&folder)?;
        let probe = folder.join(format!("{}.probe", Uuid::now_v7()));
        File::create_new(&probe)?;
        fs::remove_file(&probe)?;
        Ok(Journals { folder: folder.into() })
    }

    /// For a room before its first match.
    pub(crate) fn of_room(&self) -> RoomJournal {
        RoomJournal { folder: Arc::clone(&self.folder), current: None }
    }

    /// The journal of a match, if it has one.
    pub(crate) fn read(&self, id: Uuid) -> io::Result<Option<Vec<u8>>> {
        match fs::read(path(&self.folder, id)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// For a room whose match goes on behind the first `whole_bytes` of its journal. Whatever follows them is cut off.
    pub(crate) fn go_on(&self, id: Uuid, whole_bytes: u64) -> io::Result<RoomJournal> {
        let path = path(&self.folder, id);
        let file = File::options().append(true).open(&path)?;
        file.set_len(whole_bytes)?;
        let current = Some(MatchJournal { id, path, file, whole_bytes, keep: false });
        Ok(RoomJournal { folder: Arc::clone(&self.folder), current })
    }

    /// Moves a journal that cannot be gone on with into the folder `quarantine`, with the reason beside it.
    pub(crate) fn put_aside(&self, id: Uuid, why: &str) -> io::Result<()> {
        let aside = self.folder.join("quarantine");
        fs::create_dir_all(&aside)?;
        fs::write(aside.join(format!("{id}.reason.txt")), format!("{why}\n"))?;
        fs::rename(path(&self.folder, id), path(&aside, id))
    }
}

impl RoomJournal {
    /// Appends whole records to the journal of a match; the first ones make the file. After an error nothing more can be
    /// appended for that match.
    pub(crate) fn append(&mut self, id: Uuid, records: &[u8]) -> Result<(), JournalWriteError> {
        // Taken out and put back, so that one that failed is not gone on with.
        let mut journal = match self.current.take() {
            Some(journal) if journal.id == id => journal,
            _ => MatchJournal::begin(&self.folder, id)?,
        };
        journal.append(records)?;
        self.current = Some(journal);
        Ok(())
    }

    /// The match that is written down.
    pub(crate) fn id(&self) -> Option<Uuid> {
        self.current.as_ref().map(|journal| journal.id)
    }

    /// A fight has begun: from now on the journal is worth keeping.
    pub(crate) fn keep(&mut self) {
        if let Some(journal) = &mut self.current {
            journal.keep = true;
        }
    }

    /// The process ends and the match does not: the next one goes on with it.
    pub(crate) fn leave(&mut self) {
        self.keep();
    }

    /// The match is over: its journal is whole.
    pub(crate) fn finish(&mut self) {
        self.keep();
        self.current = None;
    }
}

fn path(folder: &Path, id: Uuid) -> PathBuf {
    folder.join(format!("{id}.journal"))
}

/// The journal of a match that goes on. However it ends, a match without a fight leaves no file.
#[derive(Debug)]
struct MatchJournal {
    id: Uuid,
    path: PathBuf,
    file: File,
    /// Bytes up to the end of the last whole write.
    whole_bytes: u64,
    keep: bool,
}

impl MatchJournal {
    fn begin(folder: &Path, id: Uuid) -> Result<MatchJournal, JournalWriteError> {
        let path = path(folder, id);
        match File::create_new(&path) {
            Ok(file) => Ok(MatchJournal { id, path, file, whole_bytes: 0, keep: false }),
            Err(error) => Err(JournalWriteError { path, error }),
        }
    }

    fn append(&mut self, records: &[u8]) -> Result<(), JournalWriteError> {
        if let Err(error) = self.file.write_all(records) {
            // A full disk takes a part of a write. If it cannot be taken back either, a reader finds a torn end.
            self.file.set_len(self.whole_bytes).ok();
            return Err(JournalWriteError { path: self.path.clone(), error });
        }
        self.whole_bytes += records.len() as u64;
        Ok(())
    }
}

impl Drop for MatchJournal {
    fn drop(&mut self) {
        if !self.keep
            && let Err(error) = fs::remove_file(&self.path)
        {
            warn!(%error, "cannot remove the journal `{}`", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use uuid::Uuid;

    use super::{Journals, MatchJournal, RoomJournal};
    use crate::testing::Folder;

    fn room(folder: &Folder) -> RoomJournal {
        Journals::open(&folder.0).expect("a folder").of_room()
    }

    /// What the journals' folder holds, by name.
    fn files(folder: &Folder) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(folder.0.join("journals")).expect("the folder");
        let mut files: Vec<_> = entries
            .map(|entry| {
                let entry = entry.expect("an entry");
                let bytes = fs::read(entry.path()).expect("a file");
                (entry.file_name().into_string().expect("text"), bytes)
            })
            .collect();
        files.sort();
        files
    }

    #[test]
    fn each_match_has_a_file_and_every_byte_is_in_it_at_once() {
        let folder = Folder::new();
        let mut room = room(&folder);
        let [first, second] = [Uuid::now_v7(), Uuid::now_v7()];
        for (id, records) in [(first, "a"), (first, "bc"), (second, "d")] {
            room.append(id, records.as_bytes()).expect("written");
            room.keep();
        }
        let expect = [(first, b"abc".to_vec()), (second, b"d".to_vec())];
        assert_eq!(files(&folder), expect.map(|(id, bytes)| (format!("{id}.journal"), bytes)));
    }

    #[test]
    fn a_match_without_a_fight_leaves_no_file_however_it_ends() {
        let folder = Folder::new();
        let mut room = room(&folder);
        room.append(Uuid::now_v7(), b"waiting").expect("written");
        room.append(Uuid::now_v7(), b"waiting").expect("written");
        assert_eq!(files(&folder).len(), 1, "the first went when the second began");
        drop(room);
        assert_eq!(files(&folder), []);
    }

    #[test]
    fn a_match_that_is_over_is_kept_and_cannot_go_on() {
        let folder = Folder::new();
        let mut room = room(&folder);
        let id = Uuid::now_v7();
        room.append(id, b"a").expect("written");
        room.finish();
        assert!(room.append(id, b"b").is_err(), "a file of that name is never written into");
        drop(room);
        assert_eq!(files(&folder), [(format!("{id}.journal"), b"a".to_vec())]);
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let folder = Folder::new();
        let mut room = room(&folder);
        fs::remove_dir_all(&folder.0).expect("removed");
        let error = room.append(Uuid::now_v7(), b"a").expect_err("no folder").to_string();
        let expect = format!("cannot write the journal `{}", folder.0.join("journals").display());
        assert!(error.starts_with(&expect) && error.contains(".journal`: "), "{error}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_error_and_the_match_does_not_go_on() {
        let (id, path) = (Uuid::now_v7(), PathBuf::from("/dev/full"));
        let file = fs::File::options().write(true).open(&path).expect("Linux has it");
        let full = MatchJournal { id, path, file, whole_bytes: 0, keep: true };
        let folder = Folder::new();
        let mut room = room(&folder);
        room.current = Some(full);
        let error = room.append(id, b"a").expect_err("full").to_string();
        assert!(error.starts_with("cannot write the journal `/dev/full`: No space"), "{error}");
        assert!(room.current.is_none());
    }
}
