//! The data folder as a whole: created so that it survives a power cut and other users cannot read
//! it, and locked by one server at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use tracing::warn;

/// Number of attempts to take a lock that another process holds, and the pause between two. `bolide
/// journal` holds it for a moment.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Locks a data folder as long as it lives.
#[derive(Debug)]
pub struct DataDirLock {
    /// The folder, so that it cannot be replaced while a server uses it. `None` where only files
    /// can be locked, as on some network file systems.
    _folder: Option<File>,
    /// The file `lock`, by which earlier versions of the program recognize a locked folder.
    _file: File,
}

/// Creates a folder that only its owner can read, and its missing parents. They survive a power
/// cut. An existing folder is left as it is.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = match folder.parent() {
        Some(above) if above != Path::new("") => above,
        _ => Path::new("."),
    };
    make(above)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    File::open(above)?.sync_all()
}

/// Warns about a data folder that other users can read: it contains private codes and the seeds of
/// running matches.
pub(super) fn warn_if_public(folder: &Path) -> io::Result<()> {
    let mode = fs::metadata(folder)?.permissions().mode();
    if mode & 0o007 != 0 {
        let mode = format!("{:o}", mode & 0o777);
        let folder = folder.display();
        warn!(%folder, mode, "other users of this machine can read the data folder; `chmod 700` shuts them out");
    }
    Ok(())
}

/// Locks a data folder for this process; `None` if another one holds it.
pub(super) fn lock(folder: &Path, lock_file: &Path) -> io::Result<Option<DataDirLock>> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    let file = options.open(lock_file)?;
    if !try_lock(&file)? {
        return Ok(None);
    }
    let locked = File::open(folder)?;
    let folder = match try_lock(&locked) {
        Ok(true) => Some(locked),
        Ok(false) => return Ok(None),
        Err(error) => {
            warn!(%error, "the data folder cannot be locked, only the file `lock` in it; do not remove that");
            None
        }
    };
    Ok(Some(DataDirLock { _folder: folder, _file: file }))
}

/// Returns whether a server holds the folder.
pub(super) fn is_locked(folder: &Path, lock_file: &Path) -> bool {
    let is_locked = |file: io::Result<File>| {
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    };
    is_locked(File::open(folder)) || is_locked(File::open(lock_file))
}

fn try_lock(file: &File) -> io::Result<bool> {
    for _ in 0..ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::make;
    use crate::data_dir::DataDir;
    use crate::testing::Folder;

    #[test]
    fn a_folder_is_made_for_its_owner_and_one_that_is_there_is_left_alone() {
        let folder = Folder::new();
        let made = folder.0.join("a/b");
        make(&made).expect("made");
        DataDir::new(&made).lock().expect("a folder").expect("free");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&made), mode(&made.join("lock"))), (0o700, 0o600));
        fs::set_permissions(&made, Permissions::from_mode(0o755)).expect("set");
        make(&made).expect("there");
        assert_eq!(mode(&made), 0o755);
        folder.file("file", b"");
        assert!(make(&folder.0.join("file/below")).is_err());
    }

    /// Removing the file `lock` beside a running server does not let a second server in.
    #[test]
    fn a_folder_stays_locked_whatever_becomes_of_the_files_in_it() {
        let folder = Folder::new();
        let data_dir = folder.data_dir();
        assert!(!data_dir.is_locked());
        let held = data_dir.lock().expect("a folder").expect("free");
        for _ in 0..2 {
            assert!(data_dir.is_locked());
            assert!(data_dir.lock().expect("a folder").is_none());
            fs::remove_file(folder.0.join("lock")).ok();
        }
        drop(held);
        assert!(data_dir.lock().expect("a folder").is_some());
    }
}
