//! The journals of a server's matches on the disk: `<data_dir>/journals/<match>.journal`, with
//! later segments beside it. Reads the journals of earlier processes, and quarantines those that
//! cannot be resumed. Those of this process are written by `journal`.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use crate::data_dir;
use crate::journal::{Files, ResumeAt, SharedFiles, file_name};

/// The folder of the journals.
#[derive(Clone, Debug)]
pub(crate) struct Journals {
    folder: Arc<Path>,
    files: SharedFiles,
}

/// The journals that the folder contained when it was read.
#[derive(Debug)]
pub(crate) struct JournalIndex(BTreeMap<Uuid, BTreeMap<u32, PathBuf>>);

impl Journals {
    /// Creates the folder inside `data_dir`, and checks that files can be created in it.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Journals> {
        let folder = data_dir.join("journals");
        data_dir::make(&folder)?;
        let probe = folder.join(format!("{}.probe", Uuid::now_v7()));
        File::create_new(&probe)?;
        fs::remove_file(&probe)?;
        let files = SharedFiles::open(&folder)?;
        Ok(Journals { folder: folder.into(), files })
    }

    /// Returns the folder for one thread that writes. Each thread needs its own, because an error
    /// of the disk is reported once to each.
    pub(crate) fn files(&self) -> io::Result<Files> {
        self.files.for_thread()
    }

    /// Checks that the disk takes a file of this many bytes.
    ///
    /// # Errors
    /// It does not, or no more files can be opened.
    pub(crate) fn probe(&self, bytes: usize) -> io::Result<()> {
        let path = self.folder.join(format!("{}.probe", Uuid::now_v7()));
        let mut probe = File::create_new(&path)?;
        let kept = probe.write_all(&vec![0x55; bytes]).and_then(|()| probe.sync_data());
        fs::remove_file(&path)?;
        kept
    }

    /// Lists the journals of the folder.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn index(&self) -> io::Result<JournalIndex> {
        let mut matches: BTreeMap<Uuid, BTreeMap<u32, PathBuf>> = BTreeMap::new();
        for file in segments(&self.folder)? {
            let (id, segment, entry) = file?;
            matches.entry(id).or_default().insert(segment, entry.path());
        }
        Ok(JournalIndex(matches))
    }

    /// Abandons the newest segment of a journal, because it is unknown what the disk has of it. An
    /// empty segment behind it keeps every later process from appending to it.
    ///
    /// # Errors
    /// The empty segment cannot be created.
    pub(crate) fn leave(&self, at: ResumeAt) -> io::Result<ResumeAt> {
        // Another segment must follow already.
        if at.whole_bytes.is_none() {
            return Ok(at);
        }
        let segment = at.segment + 1;
        File::create_new(self.folder.join(file_name(at.id, segment)))?;
        Ok(ResumeAt { segment, whole_bytes: None, ..at })
    }

    /// Moves all segments of a match into the folder `quarantine`, with the reason beside them.
    ///
    /// # Errors
    /// One of them cannot be moved; later ones are not moved then.
    pub(crate) fn put_aside(&self, id: Uuid, why: &str) -> io::Result<()> {
        let aside = self.folder.join("quarantine");
        fs::create_dir_all(&aside)?;
        fs::write(aside.join(format!("{id}.reason.txt")), format!("{why}\n"))?;
        let index = self.index()?;
        for (segment, path) in index.0.get(&id).into_iter().flatten() {
            fs::rename(path, aside.join(file_name(id, *segment)))?;
        }
        Ok(())
    }
}

impl JournalIndex {
    /// Returns whether a match has a journal.
    pub(crate) fn has(&self, id: Uuid) -> bool {
        self.0.contains_key(&id)
    }

    /// Reads the segments of a match with their numbers, the oldest first. A missing number is
    /// skipped: each segment but the first begins with a full state.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub(crate) fn read(&self, id: Uuid) -> io::Result<Vec<(u32, Vec<u8>)>> {
        let segments = self.0.get(&id).into_iter().flatten();
        segments.map(|(segment, path)| Ok((*segment, fs::read(path)?))).collect()
    }

    /// Removes the empty files of a match, as a process leaves them that dies before the first
    /// record. A file that cannot be removed does no harm.
    pub(crate) fn remove_empty(&self, id: Uuid) {
        for path in self.0.get(&id).into_iter().flatten().map(|(_, path)| path) {
            if fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0) {
                fs::remove_file(path).ok();
            }
        }
    }
}

/// Lists the files of a folder that are segments, each with its match, number and directory entry.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn segments(
    folder: &Path,
) -> io::Result<impl Iterator<Item = io::Result<(Uuid, u32, DirEntry)>>> {
    let named = |entry: io::Result<DirEntry>| match entry {
        Ok(entry) => {
            let (id, segment) = parse_file_name(entry.file_name().to_str()?)?;
            Some(Ok((id, segment, entry)))
        }
        Err(error) => Some(Err(error)),
    };
    Ok(fs::read_dir(folder)?.filter_map(named))
}

/// Parses the match and the number of a segment from its file name.
fn parse_file_name(name: &str) -> Option<(Uuid, u32)> {
    let stem = name.strip_suffix(".journal")?;
    match stem.split_once('.') {
        None => Some((stem.parse().ok()?, 0)),
        Some((id, segment)) => Some((id.parse().ok()?, segment.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use uuid::Uuid;

    use super::{Journals, parse_file_name};
    use crate::testing::Folder;

    #[test]
    fn files_are_known_by_their_names() {
        let id = Uuid::from_u128(7);
        for (name, expect) in [
            (format!("{id}.journal"), Some((id, 0))),
            (format!("{id}.12.journal"), Some((id, 12))),
            (format!("{id}.x.journal"), None),
            (format!("{id}.probe"), None),
            ("notes.journal".to_owned(), None),
            (format!("{id}.reason.txt"), None),
        ] {
            assert_eq!(parse_file_name(&name), expect, "{name}");
        }
    }

    #[test]
    fn all_segments_of_a_match_are_read_and_put_aside_together() {
        let folder = Folder::new();
        let journals = Journals::open(&folder.0).expect("a folder");
        let id = Uuid::now_v7();
        assert!(!journals.index().expect("read").has(id));
        for (name, bytes) in [("", "a"), (".1", "b"), (".4", "after a gap")] {
            folder.file(&format!("journals/{id}{name}.journal"), bytes.as_bytes());
        }
        let read = journals.index().and_then(|index| index.read(id)).expect("read");
        let expect = [(0, "a"), (1, "b"), (4, "after a gap")];
        assert_eq!(read, expect.map(|(segment, text)| (segment, text.as_bytes().to_vec())));
        journals.put_aside(id, "for a reason").expect("moved");
        let aside = folder.0.join("journals/quarantine");
        let reason = fs::read_to_string(aside.join(format!("{id}.reason.txt"))).expect("there");
        assert_eq!(reason, "for a reason\n");
        assert_eq!(fs::read_dir(aside).expect("a folder").count(), 4);
        assert!(!journals.index().expect("read").has(id));
    }

    #[test]
    fn a_probe_leaves_nothing() {
        let folder = Folder::new();
        let journals = Journals::open(&folder.0).expect("a folder");
        journals.probe(1000).expect("there is space");
        assert_eq!(fs::read_dir(folder.0.join("journals")).expect("a folder").count(), 0);
    }
}
