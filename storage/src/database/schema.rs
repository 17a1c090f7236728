//! The file of the store, its tables and their versions. All of it blocks. It is called by the
//! start of a server, and where journals are listed or pruned.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

use super::backup;
use crate::data_dir::DataDir;

/// Migrations from one version of the tables to the next. Never change one that was released; add
/// another. A migration only adds.
pub(super) const MIGRATIONS: [&str; 4] = [
    "
    CREATE TABLE rooms (id TEXT PRIMARY KEY, mode TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE matches (
        room TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE,
        number INTEGER NOT NULL,
        id BLOB NOT NULL,
        PRIMARY KEY (room, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE seats (
        room TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE,
        player INTEGER NOT NULL,
        name TEXT NOT NULL,
        token BLOB NOT NULL,
        previous_token BLOB,
        PRIMARY KEY (room, player)
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE rooms ADD COLUMN code TEXT;
    ALTER TABLE rooms ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE seats ADD COLUMN creator INTEGER NOT NULL DEFAULT 0;
",
    "
    ALTER TABLE rooms ADD COLUMN game TEXT NOT NULL DEFAULT 'arena';
",
    "
    CREATE TABLE topics (
        channel TEXT PRIMARY KEY,
        text TEXT NOT NULL,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE keys (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        hash BLOB NOT NULL UNIQUE,
        may TEXT NOT NULL,
        created INTEGER NOT NULL
    ) STRICT;
",
];

/// The reason why a store cannot be used. Its text is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be used.
    #[error("cannot use the store `{path}`: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        error: rusqlite::Error,
    },
    /// A newer program made the tables.
    #[error("the store `{path}` has version {version}; this program knows versions up to {known}; docs/operations.md, Going back, says what to do", path = path.display(), known = MIGRATIONS.len())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
    },
    /// The store cannot be copied before its tables are changed.
    #[error("cannot copy the store to `{copy}` before its tables are changed to version {known}: {error}; nothing was changed", copy = copy.display(), known = MIGRATIONS.len())]
    Copy {
        /// The copy.
        copy: PathBuf,
        /// The error of SQLite or of the operating system.
        error: io::Error,
    },
    /// The permissions of a key cannot be read.
    #[error("the store `{path}` is damaged: it does not say what the key `{name}` may do", path = path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The name of the key.
        name: String,
    },
    /// The code of a private room cannot be read.
    #[error("the store `{path}` is damaged: it has no code of the room {room} that can be read", path = path.display())]
    Code {
        /// The file.
        path: PathBuf,
        /// The id of the room.
        room: String,
    },
    /// The operating system refuses a thread.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// An open store.
pub(super) struct Database {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
}

impl Database {
    /// Opens or creates the store of a folder. If its tables are those of an older program, it is
    /// copied, and then they are changed.
    ///
    /// # Errors
    /// The file cannot be used or copied, or a newer program made its tables.
    pub(super) fn open(data_dir: &DataDir) -> Result<Database, StoreError> {
        let path = &data_dir.database();
        let failed = |error| StoreError::File { path: path.clone(), error };
        let mut connection = Connection::open(path).map_err(failed)?;
        let prepare = |connection: &Connection| {
            connection.busy_timeout(START_BUSY)?;
            // First, so that nothing is ever written without a sync. A commit is on the disk before
            // it is acknowledged.
            connection.pragma_update(None, "synchronous", "FULL")?;
            // On macOS a plain fsync leaves the data in the disk's cache. Elsewhere this has no
            // effect.
            connection.pragma_update(None, "fullfsync", true)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        };
        let version = prepare(&connection).map_err(failed)?;
        let done = usize::try_from(version).ok().filter(|done| *done <= MIGRATIONS.len());
        let Some(done) = done else {
            return Err(StoreError::Newer { path: path.clone(), version });
        };
        // A new store has nothing to lose.
        if (1..MIGRATIONS.len()).contains(&done) {
            let copy = data_dir.database_copy(version);
            backup::copy(&connection, &copy).map_err(|error| StoreError::Copy { copy, error })?;
        }
        migrate(&mut connection, done).map_err(failed)?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        Ok(Database { path: path.clone(), connection })
    }
}

/// The time that a commit waits for another program to unlock the database. After that it counts as
/// failed and is retried.
pub(super) const BUSY: Duration = Duration::from_secs(1);

/// The same for a start, and for a reader beside a server. They do not retry.
pub(super) const START_BUSY: Duration = Duration::from_secs(5);

/// Changes the tables of this version to those of today, all at once or not at all.
fn migrate(connection: &mut Connection, done: usize) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction()?;
    for (version, migration) in (1i64..).zip(MIGRATIONS).skip(done) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    transaction.commit()
}
