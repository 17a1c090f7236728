//! The tables of the store and their versions. All of it blocks. It is called by the store's
//! thread, by the start of a server, and where journals are listed or pruned.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bolide_net::{PlayerName, RoomCode};
use bolide_room::{RoomId, SeatRecord, TokenHash};
use bolide_sim::PlayerId;
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::{Change, RoomRow, Write};

/// Migrations from one version of the tables to the next. Never change one that was released; add
/// another.
pub(super) const MIGRATIONS: [&str; 2] = [
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
];

/// A room as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoomRecord {
    pub(crate) id: RoomId,
    /// The code that opens it, if it is private.
    pub(crate) code: Option<RoomCode>,
    /// It takes no new players.
    pub(crate) locked: bool,
    /// The name of its mode.
    pub(crate) mode: String,
    /// Numbers and ids of its matches, the newest first. A match without a journal never had a
    /// tick.
    pub(crate) matches: Vec<(u32, Uuid)>,
    /// The seats by player.
    pub(crate) seats: Vec<SeatRecord>,
}

/// The reason why a store cannot be used. Its text is for the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("cannot use the store `{path}`: {error}", path = path.display())]
    File { path: PathBuf, error: rusqlite::Error },
    #[error("the store `{path}` has version {version}; this program knows versions up to {known}", path = path.display(), known = MIGRATIONS.len())]
    Newer { path: PathBuf, version: i64 },
    #[error("the store `{path}` is damaged: it has no code of the room {room} that can be read", path = path.display())]
    Code { path: PathBuf, room: String },
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

pub(super) struct Database {
    path: PathBuf,
    connection: Connection,
}

impl Database {
    pub(super) fn open(path: &Path) -> Result<Database, StoreError> {
        let failed = |error| StoreError::File { path: path.to_owned(), error };
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
            return Err(StoreError::Newer { path: path.to_owned(), version });
        };
        migrate(&mut connection, done).map_err(failed)?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        Ok(Database { path: path.to_owned(), connection })
    }

    /// Reads all rooms.
    ///
    /// # Errors
    /// The file cannot be read, or the code of a private room is not a code. Such a room can
    /// neither be hosted nor be left out: its players would not find it, or would lose it.
    pub(super) fn rooms(&self) -> Result<Vec<RoomRecord>, StoreError> {
        let path = || self.path.clone();
        let rooms = self.read().map_err(|error| StoreError::File { path: path(), error })?;
        rooms
            .into_iter()
            .map(|(room, code)| {
                let code = code.map(|code| RoomCode::parse(&code)).transpose();
                let damaged = |_| StoreError::Code { path: path(), room: room.id.to_string() };
                Ok(RoomRecord { code: code.map_err(damaged)?, ..room })
            })
            .collect()
    }

    /// Reads all rooms, each with the text of its code.
    fn read(&self) -> Result<Vec<(RoomRecord, Option<String>)>, rusqlite::Error> {
        let mut rooms =
            self.connection.prepare("SELECT id, mode, code, locked FROM rooms ORDER BY id")?;
        let mut matches = self
            .connection
            .prepare("SELECT number, id FROM matches WHERE room = ?1 ORDER BY number DESC")?;
        let mut seats = self.connection.prepare(
            "SELECT player, name, token, previous_token, creator FROM seats WHERE room = ?1
             ORDER BY player",
        )?;
        let rooms = rooms.query_map([], |row| {
            let code: Option<String> = row.get(2)?;
            Ok((row.get::<_, String>(0)?, row.get(1)?, code, row.get(3)?))
        })?;
        rooms
            .map(|room| {
                let (id, mode, code, locked) = room?;
                let matches = matches
                    .query_map([&id], |row| Ok((row.get(0)?, Uuid::from_bytes(row.get(1)?))))?
                    .collect::<Result<_, _>>()?;
                let seats = seats.query_map([&id], seat)?.filter_map(Result::transpose);
                let seats = seats.collect::<Result<_, _>>()?;
                let id = RoomId::known(&id);
                Ok((RoomRecord { id, code: None, locked, mode, matches, seats }, code))
            })
            .collect()
    }

    /// Commits all of the changes, or none.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub(super) fn commit(&mut self, writes: &[Write]) -> Result<(), CommitError> {
        let path = &self.path;
        let failed = |error| CommitError::Failed(StoreError::File { path: path.clone(), error });
        // Takes the write lock at once, and waits for it as long as `BUSY`. A deferred transaction
        // would also wait, because all changes begin with a write. If one began with a read, SQLite
        // would not wait at all.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        for (index, write) in writes.iter().enumerate() {
            apply(&transaction, &write.change).map_err(|error| {
                if is_refusal(&error) {
                    CommitError::Refused { index, error }
                } else {
                    failed(error)
                }
            })?;
        }
        transaction.commit().map_err(failed)
    }
}

/// The reason why a commit changed nothing.
#[derive(Debug)]
pub(super) enum CommitError {
    /// The operating system or SQLite failed: busy, full, an I/O error. Another attempt may
    /// succeed.
    Failed(StoreError),
    /// The database refuses the write at this index, and would always refuse it.
    Refused { index: usize, error: rusqlite::Error },
}

/// Returns whether an error is about the change itself. Unknown errors of SQLite count as
/// temporary.
fn is_refusal(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(code) => matches!(
            code,
            ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::TooBig
                | ErrorCode::ParameterOutOfRange
        ),
        // Values that could not be handed to SQLite.
        None => true,
    }
}

/// Reads the matches that rooms would resume, and the modes of those rooms. A server may be running
/// meanwhile. Without a store there are none.
///
/// # Errors
/// The store cannot be read, or has a newer version.
pub(crate) fn matches_needed(data_dir: &Path) -> Result<Vec<(Uuid, String)>, StoreError> {
    let path = data_dir.join("bolide.sqlite");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let read = || {
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(START_BUSY)?;
        let version =
            connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
        let is_known = usize::try_from(version).is_ok_and(|version| version <= MIGRATIONS.len());
        if version == 0 || !is_known {
            return Ok((version, is_known, Vec::new()));
        }
        let mut matches = connection.prepare(
            "SELECT matches.id, rooms.mode FROM matches JOIN rooms ON rooms.id = matches.room",
        )?;
        let rows = matches.query_map([], |row| Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?)))?;
        Ok((version, is_known, rows.collect::<Result<_, _>>()?))
    };
    match read() {
        Ok((_, true, matches)) => Ok(matches),
        Ok((version, false, _)) => Err(StoreError::Newer { path, version }),
        Err(error) => Err(StoreError::File { path, error }),
    }
}

/// The time that a commit waits for another program to unlock the database. After that it counts as
/// failed and is retried.
pub(super) const BUSY: Duration = Duration::from_secs(1);

/// The same for a start, and for a reader beside a server. They do not retry.
const START_BUSY: Duration = Duration::from_secs(5);

fn migrate(connection: &mut Connection, done: usize) -> Result<(), rusqlite::Error> {
    for (version, migration) in (1i64..).zip(MIGRATIONS).skip(done) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Reads a seat. None if its name is not valid, because no session can have that.
fn seat(row: &rusqlite::Row<'_>) -> Result<Option<SeatRecord>, rusqlite::Error> {
    let Ok(name) = PlayerName::parse(&row.get::<_, String>(1)?) else { return Ok(None) };
    let previous_token: Option<[u8; 32]> = row.get(3)?;
    Ok(Some(SeatRecord {
        player: PlayerId(row.get(0)?),
        name,
        token: TokenHash::from_bytes(row.get(2)?),
        previous_token: previous_token.map(TokenHash::from_bytes),
        creator: row.get(4)?,
    }))
}

fn apply(transaction: &Transaction<'_>, change: &Change) -> Result<(), rusqlite::Error> {
    let execute = |sql, values: &[&dyn ToSql]| transaction.prepare_cached(sql)?.execute(values);
    match change {
        Change::Match(room, (number, id)) => {
            save_room(transaction, room)?;
            save_match(transaction, room, (*number, *id))?;
            // The match before may still be running.
            execute(
                "DELETE FROM matches WHERE room = ?1 AND number < ?2 - 1",
                params![room.id.as_str(), number],
            )?;
        }
        Change::Seat(room, seat) => {
            save_room(transaction, room)?;
            execute(
                "INSERT OR REPLACE INTO seats (room, player, name, token, previous_token, creator)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    room.id.as_str(),
                    seat.player.0,
                    seat.name.as_str(),
                    seat.token.as_bytes(),
                    seat.previous_token.as_ref().map(TokenHash::as_bytes),
                    seat.creator
                ],
            )?;
        }
        Change::Lock(room, locked) => {
            save_room(transaction, room)?;
            execute(
                "UPDATE rooms SET locked = ?2 WHERE id = ?1",
                params![room.id.as_str(), locked],
            )?;
        }
        Change::ForgetSeat(room, player) => {
            execute(
                "DELETE FROM seats WHERE room = ?1 AND player = ?2",
                params![room.as_str(), player.0],
            )?;
        }
        Change::ForgetRoom(room) => {
            execute("DELETE FROM rooms WHERE id = ?1", params![room.as_str()])?;
        }
    }
    Ok(())
}

/// Makes sure that the room exists, with its current match.
fn save_room(transaction: &Transaction<'_>, room: &RoomRow) -> Result<(), rusqlite::Error> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO rooms (id, mode, code) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING",
    )?;
    let code = room.code.as_ref().map(RoomCode::as_str);
    statement.execute(params![room.id.as_str(), room.mode.as_ref(), code])?;
    save_match(transaction, room, room.current)
}

fn save_match(
    transaction: &Transaction<'_>,
    room: &RoomRow,
    (number, id): (u32, Uuid),
) -> Result<(), rusqlite::Error> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO matches (room, number, id) VALUES (?1, ?2, ?3)
         ON CONFLICT (room, number) DO UPDATE SET id = excluded.id WHERE id <> excluded.id",
    )?;
    statement.execute(params![room.id.as_str(), number, id.as_bytes()]).map(|_| ())
}
