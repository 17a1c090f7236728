//! What of a file system the journals need. The real one is a folder of files; tests have one that forgets. It decides
//! nothing: an error goes to whoever asked.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// A folder in which files grow at their end. Cloning shares it.
pub(crate) trait Disk: Clone + Debug + Send + 'static {
    /// An open file. Cloning shares it.
    type File: Clone + Debug + Send + 'static;

    /// Makes a file that is not there yet.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Opens a file that is there.
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Hands bytes to the system. After an error a part of them may be in the file.
    fn append(&self, file: &Self::File, bytes: &[u8]) -> io::Result<()>;

    /// Cuts off what follows the first bytes.
    fn cut(&self, file: &Self::File, bytes: u64) -> io::Result<()>;

    /// Waits until the disk has all that is in the file. After an error nobody knows what it has, and asking again would be
    /// answered with a lie: the system forgets what it could not write.
    fn sync(&self, file: &Self::File) -> io::Result<()>;

    /// Waits until the disk has the names of the files.
    fn sync_folder(&self) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// The files of a folder.
#[derive(Clone, Debug)]
pub(crate) struct Files(Arc<Path>);

impl Files {
    pub(crate) fn of(folder: &Path) -> Files {
        Files(folder.into())
    }
}

impl Disk for Files {
    type File = Arc<File>;

    fn create(&self, name: &str) -> io::Result<Arc<File>> {
        File::options().append(true).create_new(true).open(self.0.join(name)).map(Arc::new)
    }

    fn open(&self, name: &str) -> io::Result<Arc<File>> {
        File::options().append(true).open(self.0.join(name)).map(Arc::new)
    }

    fn append(&self, file: &Arc<File>, bytes: &[u8]) -> io::Result<()> {
        (&**file).write_all(bytes)
    }

    fn cut(&self, file: &Arc<File>, bytes: u64) -> io::Result<()> {
        file.set_len(bytes)
    }

    fn sync(&self, file: &Arc<File>) -> io::Result<()> {
        // Its length, without which it could not be read, is synced by this as well.
        file.sync_data()
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }
}
