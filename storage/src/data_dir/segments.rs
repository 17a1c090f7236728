//! The segments of a match: the files of its journal, by number. A number without a file is a gap.
//! The files behind it are still a part of the match, because each segment but the first begins
//! with a full state. So nothing is dropped for a gap, and everyone who reads a match names it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// The segments of a match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segments(BTreeMap<u32, PathBuf>);

impl Segments {
    /// Returns the segments that begin with this file: those of its match if it is the first one,
    /// or else the file alone.
    ///
    /// # Errors
    /// The folder of the file cannot be read.
    pub fn from_file(file: &Path) -> io::Result<Segments> {
        let mut segments = BTreeMap::from([(0, file.to_owned())]);
        let name = file.file_name().and_then(|name| name.to_str());
        if let Some((stem, 0)) = name.and_then(parse_segment_name) {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            for entry in fs::read_dir(folder.unwrap_or(Path::new(".")))? {
                let entry = entry?;
                match entry.file_name().to_str().and_then(parse_segment_name) {
                    Some((other, segment)) if other == stem && segment > 0 => {
                        segments.insert(segment, entry.path());
                    }
                    _ => {}
                }
            }
        }
        Ok(Segments(segments))
    }

    /// Returns the numbers and the files, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &Path)> {
        self.0.iter().map(|(segment, path)| (*segment, path.as_path()))
    }

    /// Returns whether there is no file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of files.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the numbers before the newest one that have no file.
    #[must_use]
    pub fn missing(&self) -> Vec<u32> {
        let newest = self.0.keys().next_back().copied().unwrap_or(0);
        (0..newest).filter(|segment| !self.0.contains_key(segment)).collect()
    }

    /// Returns the names of the missing files, or `None` if there is no gap.
    pub(crate) fn missing_names(&self, id: Uuid) -> Option<String> {
        let names: Vec<String> =
            self.missing().into_iter().map(|segment| segment_name(id, segment)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Leaves out the files for which `keep` returns false.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Path) -> bool) {
        self.0.retain(|_, path| keep(path));
    }

    /// Reads all files with their numbers, the oldest first.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn read(&self) -> io::Result<Vec<(u32, Vec<u8>)>> {
        self.iter().map(|(segment, path)| Ok((segment, fs::read(path)?))).collect()
    }

    /// Removes the empty files, as a process leaves them that dies before the first record. A file
    /// that cannot be removed does no harm.
    pub(crate) fn remove_empty(&self) {
        for (_, path) in self.iter() {
            if fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0) {
                fs::remove_file(path).ok();
            }
        }
    }
}

/// Returns the segments in a folder by match. Other files are ignored.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn index(folder: &Path) -> io::Result<BTreeMap<Uuid, Segments>> {
    let mut matches: BTreeMap<Uuid, Segments> = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some((stem, segment)) = name.to_str().and_then(parse_segment_name) else { continue };
        if let Ok(id) = stem.parse() {
            matches.entry(id).or_default().0.insert(segment, entry.path());
        }
    }
    Ok(matches)
}

/// Returns the file name of a segment.
pub(crate) fn segment_name(id: Uuid, segment: u32) -> String {
    if segment == 0 { format!("{id}.journal") } else { format!("{id}.{segment}.journal") }
}

/// Parses a file name into the name of the match and the number of the segment.
fn parse_segment_name(name: &str) -> Option<(&str, u32)> {
    let stem = name.strip_suffix(".journal")?;
    match stem.split_once('.') {
        None => Some((stem, 0)),
        Some((stem, segment)) => Some((stem, segment.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Segments, index, parse_segment_name, segment_name};
    use crate::testing::Folder;

    #[test]
    fn files_are_known_by_their_names() {
        let id = Uuid::from_u128(7).to_string();
        for (name, expect) in [
            (format!("{id}.journal"), Some((id.as_str(), 0))),
            (format!("{id}.12.journal"), Some((id.as_str(), 12))),
            (format!("{id}.x.journal"), None),
            (format!("{id}.probe"), None),
            (format!("{id}.reason.txt"), None),
        ] {
            assert_eq!(parse_segment_name(&name), expect, "{name}");
        }
        for segment in [0, 1, 12] {
            let name = segment_name(Uuid::from_u128(7), segment);
            assert_eq!(parse_segment_name(&name), Some((id.as_str(), segment)));
        }
    }

    #[test]
    fn the_first_segment_bears_the_name_of_the_match_alone() {
        let names = [0, 1, 12].map(|segment| segment_name(Uuid::nil(), segment));
        let id = "00000000-0000-0000-0000-000000000000";
        assert_eq!(
            names,
            [format!("{id}.journal"), format!("{id}.1.journal"), format!("{id}.12.journal"),]
        );
    }

    #[test]
    fn what_follows_a_gap_belongs_to_the_match_and_the_gap_is_known() {
        let (folder, id) = (Folder::new(), Uuid::from_u128(7));
        for (name, bytes) in [("", "a"), (".1", "b"), (".4", "after a gap")] {
            folder.file(&format!("{id}{name}.journal"), bytes.as_bytes());
        }
        folder.file("notes.journal", b"of nothing");
        let index = index(&folder.0).expect("read");
        assert_eq!(index.keys().collect::<Vec<_>>(), [&id]);
        let segments = &index[&id];
        let read = segments.read().expect("read");
        let expect = [(0, "a"), (1, "b"), (4, "after a gap")];
        assert_eq!(read, expect.map(|(segment, text)| (segment, text.as_bytes().to_vec())));
        assert_eq!(segments.missing(), [2, 3]);
        let first = folder.0.join(segment_name(id, 0));
        assert_eq!(Segments::from_file(&first).expect("read"), *segments);
        let later = folder.0.join(segment_name(id, 4));
        let alone = Segments::from_file(&later).expect("read");
        assert_eq!((alone.len(), alone.missing()), (1, Vec::new()));
    }
}
