//! The part of a file system that the journals need. The real one is a folder of files; the one for
//! tests can forget what was not synced. It decides nothing: an error is returned to the caller.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::shared_sync::SharedSync;

/// A folder of files that grow at their end. Clones share it.
pub trait Disk: Clone + Debug + Send + 'static {
    /// An open file. Clones share it.
    type File: Clone + Debug + Send + 'static;

    /// Creates a file that must not exist.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Opens an existing file.
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Hands bytes to the kernel. After an error a part of them may be in the file.
    fn append(&self, file: &Self::File, bytes: &[u8]) -> io::Result<()>;

    /// Truncates a file to its first bytes.
    fn cut(&self, file: &Self::File, bytes: u64) -> io::Result<()>;

    /// Waits until the disk has the whole file. After an error it is unknown what the disk has, and
    /// a second sync would falsely succeed: the kernel forgets what it could not write.
    fn sync(&self, file: &Self::File) -> io::Result<()>;

    /// Syncs several files, with a result for each.
    fn sync_all(&self, files: &[Self::File]) -> Vec<io::Result<()>> {
        files.iter().map(|file| self.sync(file)).collect()
    }

    /// Waits until the disk has the names of the files.
    fn sync_folder(&self) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// Number of files up to which they are synced one by one. More of them are synced more cheaply
/// together with everything unwritten on their file system: for a hundred files that are written
/// thirty times a second, 3 ms of CPU per second instead of 37.
const FEW_FILES: usize = 8;

/// Waits until the disk has all that was written to the file system of this file.
///
/// # Errors
/// The sync failed, or this kernel would not report a failure: Linux does from 5.8 on.
#[cfg(target_os = "linux")]
fn sync_file_system(file: &File) -> io::Result<()> {
    static IS_HONEST: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| {
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        is_from(&release, (5, 8))
    });
    if !*IS_HONEST {
        return Err(io::ErrorKind::Unsupported.into());
    }
    Ok(rustix::fs::syncfs(file)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(_: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns whether a kernel release such as `6.1.0-18-amd64` is at least this version.
#[cfg(any(target_os = "linux", test))]
fn is_from(release: &str, version: (u32, u32)) -> bool {
    let mut numbers =
        release.split(|c: char| !c.is_ascii_digit()).map(|it| it.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= version
}

/// A folder of files, shared by several threads that write and sync in it.
#[derive(Clone, Debug)]
pub struct SharedFiles {
    path: Arc<Path>,
    /// Kept open, because the kernel reports an error of the file system once per open file.
    folder: Arc<File>,
    sync: Arc<SharedSync>,
}

/// The files of a folder, for one thread that syncs.
#[derive(Clone, Debug)]
pub struct Files {
    shared: SharedFiles,
    /// The thread's own descriptor, because the kernel reports an error of the folder once per open
    /// file.
    folder: Arc<File>,
    /// Number of failures of the shared sync that this thread knows of.
    known_failures: Arc<AtomicU64>,
}

impl SharedFiles {
    /// Opens an existing folder.
    ///
    /// # Errors
    /// The folder cannot be opened.
    pub fn open(path: &Path) -> io::Result<SharedFiles> {
        let folder = Arc::new(File::open(path)?);
        Ok(SharedFiles { path: path.into(), folder, sync: Arc::default() })
    }

    /// Returns the files for one more thread.
    ///
    /// # Errors
    /// The folder cannot be opened.
    pub fn for_thread(&self) -> io::Result<Files> {
        let known_failures = Arc::new(self.sync.failures().into());
        let folder = Arc::new(File::open(&self.path)?);
        Ok(Files { shared: self.clone(), folder, known_failures })
    }
}

impl Files {
    /// Waits until the disk has all that was written to the file system. False if it may not have
    /// all that this thread has written since its last call.
    fn sync_file_system(&self) -> bool {
        let SharedFiles { folder, sync, .. } = &self.shared;
        let failures = sync.sync(|| sync_file_system(folder));
        self.known_failures.swap(failures, Ordering::Relaxed) == failures
    }
}

impl Disk for Files {
    type File = Arc<File>;

    fn create(&self, name: &str) -> io::Result<Arc<File>> {
        File::options()
            .append(true)
            .create_new(true)
            .open(self.shared.path.join(name))
            .map(Arc::new)
    }

    fn open(&self, name: &str) -> io::Result<Arc<File>> {
        File::options().append(true).open(self.shared.path.join(name)).map(Arc::new)
    }

    fn append(&self, file: &Arc<File>, bytes: &[u8]) -> io::Result<()> {
        (&**file).write_all(bytes)
    }

    fn cut(&self, file: &Arc<File>, bytes: u64) -> io::Result<()> {
        file.set_len(bytes)
    }

    fn sync(&self, file: &Arc<File>) -> io::Result<()> {
        // This also syncs the length of the file, without which it could not be read.
        file.sync_data()
    }

    fn sync_all(&self, files: &[Arc<File>]) -> Vec<io::Result<()>> {
        // After a failed shared sync each file is synced alone, so that only those with lost bytes
        // fail.
        let at_once = files.len() > FEW_FILES && self.sync_file_system();
        files.iter().map(|file| if at_once { Ok(()) } else { self.sync(file) }).collect()
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.folder.sync_all()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.shared.path.join(name))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Disk, FEW_FILES, SharedFiles, is_from};
    use crate::testing::Folder;

    #[test]
    fn few_files_and_many_are_synced_and_each_has_an_answer() {
        let folder = Folder::new();
        let files = SharedFiles::open(&folder.0).and_then(|it| it.for_thread()).expect("a folder");
        for count in [1, FEW_FILES, FEW_FILES + 1, 4 * FEW_FILES] {
            let open: Vec<Arc<_>> = (0..count)
                .map(|number| {
                    let file = files.create(&format!("{count}-{number}")).expect("made");
                    files.append(&file, b"bytes").expect("written");
                    file
                })
                .collect();
            let answers = files.sync_all(&open);
            assert_eq!(answers.len(), count);
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        }
    }

    #[test]
    fn a_release_is_compared_by_its_numbers() {
        let honest = ["5.8.0", "5.10.0-8-amd64", "6.1.0", "10.0", "6.12.7+deb13"];
        assert!(honest.iter().all(|release| is_from(release, (5, 8))));
        assert!(
            !["5.7.19", "4.19.0-27-amd64", "3.10", "", "x"].iter().any(|it| is_from(it, (5, 8)))
        );
    }
}

/// Only Linux syncs a whole file system for many files.
#[cfg(all(test, target_os = "linux"))]
mod shared_tests {
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::sync::Arc;

    use rustix::fs::{Mode, OFlags};

    use super::{Disk, FEW_FILES, Files, SharedFiles};
    use crate::testing::Folder;

    /// Returns whether the files are synced one by one, although they are so many that one sync of
    /// their file system would be cheaper. The last of them is a pipe, which only a sync of its own
    /// refuses.
    fn syncs_each(files: &Files, name: &str) -> bool {
        let file = |number| files.create(&format!("{name}-{number}")).expect("made");
        let mut open: Vec<Arc<File>> = (0..FEW_FILES).map(file).collect();
        let (_reader, pipe) = io::pipe().expect("a pipe");
        open.push(Arc::new(OwnedFd::from(pipe).into()));
        let answers = files.sync_all(&open);
        assert!(answers[..FEW_FILES].iter().all(Result::is_ok), "{answers:?}");
        answers[FEW_FILES].is_err()
    }

    /// Lost bytes may belong to any thread, and the kernel reports them for one of the files only.
    /// So each thread that shares the sync syncs its own files once, also after another thread's
    /// sync has failed.
    #[test]
    fn a_shared_sync_that_failed_makes_each_thread_sync_its_own_files() {
        let folder = Folder::new();
        let shared = SharedFiles::open(&folder.0).expect("a folder");
        let threads = [&shared, &shared.clone()].map(|it| it.for_thread().expect("a folder"));
        for (number, files) in threads.iter().enumerate() {
            assert!(!syncs_each(files, &format!("well-{number}")), "one sync is enough");
        }
        shared.sync.sync(|| Err(io::ErrorKind::Other.into()));
        for (number, files) in threads.iter().enumerate() {
            assert!(syncs_each(files, &format!("failed-{number}")), "thread {number}");
            assert!(!syncs_each(files, &format!("again-{number}")), "it knows of the failure");
        }
        let later = shared.for_thread().expect("a folder");
        assert!(!syncs_each(&later, "later"), "it had written nothing before");
    }

    #[test]
    fn a_sync_of_the_file_system_that_fails_is_made_up_for_by_the_thread_that_asked() {
        let folder = Folder::new();
        let mut shared = SharedFiles::open(&folder.0).expect("a folder");
        // A descriptor that only names the folder: the kernel syncs nothing through it.
        let named = rustix::fs::open(&folder.0, OFlags::PATH, Mode::empty()).expect("a folder");
        shared.folder = Arc::new(named.into());
        let files = shared.for_thread().expect("a folder");
        assert!(syncs_each(&files, "first") && syncs_each(&files, "second"));
    }
}
