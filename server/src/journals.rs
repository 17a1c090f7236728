//! The journals of a server's matches on the disk: `<data_dir>/journals/<match>.journal`, and its later segments beside it. What
//! was written there by an earlier process is read here, and what cannot be gone on with is put aside; what this one writes
//! goes through `journal`.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::data_dir;
use crate::journal::{Files, file_name};

/// The folder of the journals.
#[derive(Clone, Debug)]
pub(crate) struct Journals {
    folder: Arc<Path>,
}

impl Journals {
    /// Makes the folder inside of `data_dir`, and makes sure that files can be made in it.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Journals> {
        let folder = data_dir.join("journals");
        data_dir::make(&folder)?;
        let probe = folder.join(format!("{}.probe", Uuid::now_v7()));
        File::create_new(&probe)?;
        fs::remove_file(&probe)?;
        Ok(Journals { folder: folder.into() })
    }

    /// What one thread writes into. Each needs its own: an error of the disk is told once to each.
    pub(crate) fn files(&self) -> io::Result<Files> {
        Files::of(&self.folder)
    }

    /// The segments of a match, the oldest first; none if it has no journal.
    pub(crate) fn read(&self, id: Uuid) -> io::Result<Vec<Vec<u8>>> {
        let mut segments = Vec::new();
        for segment in 0.. {
            match fs::read(self.folder.join(file_name(id, segment))) {
                Ok(bytes) => segments.push(bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            }
        }
        Ok(segments)
    }

    /// Moves a journal that cannot be gone on with into the folder `quarantine`, with the reason beside it.
    pub(crate) fn put_aside(&self, id: Uuid, why: &str) -> io::Result<()> {
        let aside = self.folder.join("quarantine");
        fs::create_dir_all(&aside)?;
        fs::write(aside.join(format!("{id}.reason.txt")), format!("{why}\n"))?;
        for segment in 0.. {
            let name = file_name(id, segment);
            match fs::rename(self.folder.join(&name), aside.join(&name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && segment > 0 => break,
                moved => moved?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use uuid::Uuid;

    use super::Journals;
    use crate::testing::Folder;

    #[test]
    fn all_segments_of_a_match_are_read_and_put_aside_together() {
        let folder = Folder::new();
        let journals = Journals::open(&folder.0).expect("a folder");
        let id = Uuid::now_v7();
        assert_eq!(journals.read(id).expect("read"), Vec::<Vec<u8>>::new());
        for (name, bytes) in [("", "a"), (".1", "b"), (".2", "c"), (".4", "of nothing")] {
            folder.file(&format!("journals/{id}{name}.journal"), bytes.as_bytes());
        }
        assert_eq!(journals.read(id).expect("read"), [b"a", b"b", b"c"]);
        journals.put_aside(id, "for a reason").expect("moved");
        let aside = folder.0.join("journals/quarantine");
        let reason = fs::read_to_string(aside.join(format!("{id}.reason.txt"))).expect("there");
        assert_eq!(reason, "for a reason\n");
        assert_eq!(fs::read_dir(aside).expect("a folder").count(), 4);
        assert!(journals.put_aside(id, "again").is_err(), "there is none any more");
    }
}
