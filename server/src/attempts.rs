//! Attempts to restore a match that ended the process. The file `restoring` in the data folder names the match
//! that is being restored and how often that was begun: what a process finds there has killed the one before
//! it. Without the file, such a journal would end every start.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tracing::warn;
use uuid::Uuid;

/// Attempts to restore a match, each of which may have ended the process.
const ATTEMPTS_MAX: u32 = 3;

/// The attempts that have not ended yet, by match.
#[derive(Debug)]
pub(crate) struct Attempts {
    file: PathBuf,
    counts: BTreeMap<Uuid, u32>,
}

impl Attempts {
    /// Reads the attempts of the processes before. A line that is none is ignored.
    pub(crate) fn open(data_dir: &Path) -> Attempts {
        let file = data_dir.join("restoring");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let count = |line: &str| {
            let (id, count) = line.split_once(' ')?;
            Some((id.parse().ok()?, count.parse().ok()?))
        };
        Attempts { counts: text.lines().filter_map(count).collect(), file }
    }

    /// Notes that a match is about to be restored, before anything of it is read.
    ///
    /// # Errors
    /// Too many attempts have ended the process; the text is the reason to put its journal aside.
    pub(crate) fn begin(&mut self, id: Uuid) -> Result<(), String> {
        let count = self.counts.entry(id).or_default();
        if *count >= ATTEMPTS_MAX {
            self.counts.remove(&id);
            return Err(format!("{ATTEMPTS_MAX} attempts to restore it ended the process"));
        }
        *count += 1;
        self.write();
        Ok(())
    }

    /// Notes that the process has survived the attempt. The file is brought up to date by the next
    /// [`Attempts::begin`] or by [`Attempts::save`].
    pub(crate) fn end(&mut self, id: Uuid) {
        self.counts.remove(&id);
    }

    /// Brings the file up to date.
    pub(crate) fn save(&self) {
        self.write();
    }

    /// A disk that takes nothing must not keep a match from being restored.
    fn write(&self) {
        let line = |(id, count): (&Uuid, &u32)| format!("{id} {count}\n");
        let lines: String = self.counts.iter().map(line).collect();
        let written = if lines.is_empty() {
            fs::remove_file(&self.file)
        } else {
            fs::write(&self.file, lines)
        };
        if let Err(error) = written
            && error.kind() != io::ErrorKind::NotFound
        {
            warn!(%error, "cannot write `{}`", self.file.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{ATTEMPTS_MAX, Attempts};
    use crate::testing::Folder;

    #[test]
    fn a_match_whose_restoration_ended_three_processes_is_refused_once() {
        let folder = Folder::new();
        let [fatal, fine] = [1, 2].map(Uuid::from_u128);
        for _ in 0..ATTEMPTS_MAX {
            let mut attempts = Attempts::open(&folder.0);
            // Another one comes before it, each time.
            attempts.begin(fine).expect("allowed");
            attempts.end(fine);
            attempts.begin(fatal).expect("allowed");
        }
        let mut attempts = Attempts::open(&folder.0);
        let why = attempts.begin(fatal).expect_err("refused");
        assert_eq!(why, "3 attempts to restore it ended the process");
        attempts.save();
        assert!(!folder.0.join("restoring").exists());
        Attempts::open(&folder.0).begin(fatal).expect("nothing is held against it any more");
    }

    #[test]
    fn a_file_of_something_else_is_ignored() {
        let folder = Folder::new();
        folder.file("restoring", b"this is\nno list\n\xff 1\n");
        Attempts::open(&folder.0).begin(Uuid::nil()).expect("allowed");
    }
}
