//! A store with the tables of an older program: it is copied before they change.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;

use super::kept_after;
use crate::database::schema::MIGRATIONS;
use crate::database::testing::open;
use crate::testing::Folder;

/// Leaves a store with the tables of the third version, one room, and a log that is not merged.
fn third_version(folder: &Folder) -> Connection {
    let database = Connection::open(folder.0.join("bolide.sqlite")).expect("opens");
    database.pragma_update(None, "journal_mode", "WAL").expect("set");
    MIGRATIONS[..3].iter().for_each(|tables| database.execute_batch(tables).expect("the tables"));
    database.pragma_update(None, "user_version", 3).expect("set");
    database
        .execute("INSERT INTO rooms (id, mode) VALUES ('fqmv0vq8', 'duel')", [])
        .expect("a room");
    database
}

/// Returns the version of a store and the ids of its rooms.
fn version_and_rooms(path: &Path) -> (i64, Vec<String>) {
    let database = Connection::open(path).expect("opens");
    let version = database.pragma_query_value(None, "user_version", |row| row.get(0));
    let mut rooms = database.prepare("SELECT id FROM rooms").expect("tables");
    let rooms = rooms.query_map([], |row| row.get(0)).expect("read");
    (version.expect("read"), rooms.collect::<Result<_, _>>().expect("text"))
}

#[test]
fn a_store_is_copied_before_its_tables_change_and_the_copy_leads_back() {
    let folder = Folder::new();
    let (store, copy) = (folder.0.join("bolide.sqlite"), folder.0.join("bolide.sqlite.v3"));
    // Not closed, so that the room is in the log alone.
    let old = third_version(&folder);
    folder.file("bolide.sqlite.v3.partial", b"what a start left that was killed");
    drop(kept_after(&folder, |_, _| ()));
    drop(old);
    let before = (3, vec!["fqmv0vq8".to_owned()]);
    assert_eq!(version_and_rooms(&copy), before);
    assert_eq!(fs::metadata(&copy).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(!folder.0.join("bolide.sqlite.v3.partial").exists());
    assert_eq!(version_and_rooms(&store), (4, before.1));
    // A start with the tables of today copies nothing.
    fs::remove_file(&copy).expect("removed");
    drop(kept_after(&folder, |_, _| ()));
    assert!(!copy.exists());
}

#[test]
fn a_store_that_cannot_be_copied_is_left_as_it_is() {
    let folder = Folder::new();
    drop(third_version(&folder));
    fs::create_dir(folder.0.join("bolide.sqlite.v3")).expect("made");
    let error = open(&folder).expect_err("refused").to_string();
    let told = "bolide.sqlite.v3` before its tables are changed to version 4: ";
    assert!(error.contains(told) && error.ends_with("; nothing was changed"), "{error}");
    let before = (3, vec!["fqmv0vq8".to_owned()]);
    assert_eq!(version_and_rooms(&folder.0.join("bolide.sqlite")), before);
}

/// Nothing is lost when a new store is opened, so nothing is copied.
#[test]
fn a_new_store_has_no_copy() {
    let folder = Folder::new();
    drop(kept_after(&folder, |_, _| ()));
    let names = fs::read_dir(&folder.0)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    assert!(!names.into_iter().any(|name| name.contains(".v")));
}
