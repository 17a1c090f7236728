//! Counts attempts to restore a match that ended the process. A file in the data folder names the
//! match that is being restored and the number of attempts. An entry that a process finds at its
//! start ended the process before it. Without the file, such a journal would end every start.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use tracing::warn;
use uuid::Uuid;

use crate::data_dir::DataDir;

/// Maximum number of attempts to restore a match, each of which may have ended the process.
const ATTEMPTS_MAX: u32 = 3;

/// The attempts that have not ended yet, by match.
#[derive(Debug)]
pub(crate) struct Attempts {
    file: PathBuf,
    counts: BTreeMap<Uuid, u32>,
}

impl Attempts {
    /// Reads the attempts of earlier processes. A malformed line is ignored.
    pub(crate) fn open(data_dir: &DataDir) -> Attempts {
        let file = data_dir.attempts();
        let text = fs::read_to_string(&file).unwrap_or_default();
        let count = |line: &str| {
            let (id, count) = line.split_once(' ')?;
            Some((id.parse().ok()?, count.parse().ok()?))
        };
        Attempts { counts: text.lines().filter_map(count).collect(), file }
    }

    /// Records that a match is about to be restored, before anything of it is read.
    ///
    /// # Errors
    /// Too many attempts have ended the process. The text is the reason to quarantine its journal.
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

    /// Records that the process has survived the attempt. The file is updated by the next
    /// [`Attempts::begin`] or by [`Attempts::save`].
    pub(crate) fn end(&mut self, id: Uuid) {
        self.counts.remove(&id);
    }

    /// Updates the file.
    pub(crate) fn save(&self) {
        self.write();
    }

    /// Writes the file. A failure is only logged: a full disk must not keep a match from being
    /// restored.
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
            let mut attempts = Attempts::open(&folder.data_dir());
            // Another match is restored before it, each time.
            attempts.begin(fine).expect("allowed");
            attempts.end(fine);
            attempts.begin(fatal).expect("allowed");
        }
        let mut attempts = Attempts::open(&folder.data_dir());
        let why = attempts.begin(fatal).expect_err("refused");
        assert_eq!(why, "3 attempts to restore it ended the process");
        attempts.save();
        assert!(!folder.data_dir().attempts().exists());
        Attempts::open(&folder.data_dir())
            .begin(fatal)
            .expect("nothing is held against it any more");
    }

    #[test]
    fn a_file_of_something_else_is_ignored() {
        let folder = Folder::new();
        folder.file("restoring", b"this is\nno list\n\xff 1\n");
        Attempts::open(&folder.data_dir()).begin(Uuid::nil()).expect("allowed");
    }
}
