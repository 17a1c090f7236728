//! A disk in memory, for tests. It keeps everything that was synced and, after a crash, an
//! arbitrary part of the rest. It can be full, and its syncs can fail. After a failed sync it
//! behaves as kernels do: later syncs of that file succeed, and keep nothing.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::disk::Disk;

/// The disk. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct SimDisk(Arc<Mutex<Platter>>);

#[derive(Debug, Default)]
struct Platter {
    files: BTreeMap<String, Content>,
    /// Number of bytes that still fit, if that is limited.
    space: Option<usize>,
    /// Results of the next syncs, true for a failure; the next one is the last element.
    sync_fails: Vec<bool>,
    syncs: u32,
    appends: u32,
}

#[derive(Clone, Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    /// Number of bytes that survive any crash.
    kept: usize,
    /// True if its name survives any crash.
    is_named: bool,
    /// True after a failed sync: nothing more is kept.
    is_doubtful: bool,
}

impl SimDisk {
    /// Sets which of the next syncs fail, in this order.
    pub fn fail_syncs(&self, fails: &[bool]) {
        self.platter().sync_fails = fails.iter().rev().copied().collect();
    }

    /// Limits the number of bytes that still fit.
    pub fn space(&self, bytes: Option<usize>) {
        self.platter().space = bytes;
    }

    /// Returns the number of syncs, of files and of the folder.
    pub fn syncs(&self) -> u32 {
        self.platter().syncs
    }

    /// Returns the number of writes.
    pub fn appends(&self) -> u32 {
        self.platter().appends
    }

    /// Simulates a power cut. `choose` returns a number up to its argument: the amount of unsynced
    /// data that survives all the same.
    pub fn crash(&self, mut choose: impl FnMut(usize) -> usize) {
        self.platter().files.retain(|_, content| {
            let unkept = content.bytes.len() - content.kept;
            content.bytes.truncate(content.kept + choose(unkept));
            content.kept = content.bytes.len();
            content.is_doubtful = false;
            let survives = content.is_named || choose(1) == 1;
            content.is_named = true;
            survives
        });
    }

    /// Returns all files by name.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let platter = self.platter();
        platter.files.iter().map(|(name, content)| (name.clone(), content.bytes.clone())).collect()
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().expect("no test panics within")
    }

    fn with<T>(&self, name: &str, change: impl FnOnce(&mut Content) -> T) -> io::Result<T> {
        let mut platter = self.platter();
        let content = platter.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(change(content))
    }
}

impl Platter {
    fn sync(&mut self) -> io::Result<()> {
        self.syncs += 1;
        match self.sync_fails.pop() {
            Some(true) => Err(io::Error::other("the disk is ill")),
            _ => Ok(()),
        }
    }
}

impl Disk for SimDisk {
    type File = String;

    fn create(&self, name: &str) -> io::Result<String> {
        let mut platter = self.platter();
        if platter.space == Some(0) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if platter.files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        platter.files.insert(name.to_owned(), Content::default());
        Ok(name.to_owned())
    }

    fn open(&self, name: &str) -> io::Result<String> {
        self.with(name, |_| name.to_owned())
    }

    fn append(&self, file: &String, bytes: &[u8]) -> io::Result<()> {
        let space = self.platter().space;
        let fits = space.unwrap_or(usize::MAX).min(bytes.len());
        self.with(file, |content| content.bytes.extend_from_slice(&bytes[..fits])).ok();
        self.platter().appends += 1;
        self.platter().space = space.map(|space| space - fits);
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn cut(&self, file: &String, bytes: u64) -> io::Result<()> {
        let bytes = usize::try_from(bytes).expect("it fits into memory");
        self.with(file, |content| {
            content.bytes.truncate(bytes);
            content.kept = content.kept.min(bytes);
        })
    }

    fn sync(&self, file: &String) -> io::Result<()> {
        let synced = self.platter().sync();
        // A file that was removed meanwhile may still be open.
        self.with(file, |content| match synced {
            Ok(()) if !content.is_doubtful => content.kept = content.bytes.len(),
            Ok(()) => {}
            Err(_) => content.is_doubtful = true,
        })
        .ok();
        synced
    }

    fn sync_folder(&self) -> io::Result<()> {
        let mut platter = self.platter();
        platter.sync()?;
        platter.files.values_mut().for_each(|content| content.is_named = true);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.platter().files.remove(name).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }
}
