//! The copy of the store from before its tables are changed. With it an operator can go back to the
//! program of before.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;

/// Copies a store, with what is still in its log. Under its name there is only ever a complete
/// copy, which is on the disk. One that was there is replaced: what it held is in the store, or was
/// left behind on purpose.
///
/// # Errors
/// The copy cannot be written. The store is as it was.
pub(super) fn copy(store: &Connection, to: &Path) -> io::Result<()> {
    let partial = to.with_added_extension("partial");
    let copied = copy_to(store, &partial).and_then(|()| fs::rename(&partial, to));
    if copied.is_err() {
        fs::remove_file(&partial).ok();
    }
    copied?;
    File::open(to.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn copy_to(store: &Connection, partial: &Path) -> io::Result<()> {
    if fs::exists(partial)? {
        fs::remove_file(partial)?;
    }
    // Made here, because SQLite would let other users read it.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial)?;
    let name = partial.to_str().ok_or_else(|| io::Error::other("its name is not UTF-8"))?;
    store.execute("VACUUM INTO ?1", [name]).map_err(io::Error::other)?;
    file.sync_all()
}
