//! The changes of the store, as they are committed: all of a batch, or none.

use bolide_net::RoomCode;
use bolide_room::TokenHash;
use bolide_sim::journal::GAME;
use rusqlite::{ErrorCode, ToSql, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::schema::{Database, StoreError};
use super::{Change, RoomRow, Write, keys, topics};

impl Database {
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
        Change::Key(key) => keys::save(transaction, key)?,
        Change::ForgetKey(name) => {
            execute("DELETE FROM keys WHERE name = ?1", params![name.to_string()])?;
        }
        Change::Topic(topic) => {
            execute(
                "INSERT OR REPLACE INTO topics (channel, text, until) VALUES (?1, ?2, ?3)",
                params![topic.channel, topic.text, topics::signed(topic.until)],
            )?;
        }
        Change::ForgetTopic(channel) => {
            execute("DELETE FROM topics WHERE channel = ?1", params![channel])?;
        }
    }
    Ok(())
}

/// Makes sure that the room exists, with its current match.
fn save_room(transaction: &Transaction<'_>, room: &RoomRow) -> Result<(), rusqlite::Error> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO rooms (id, game, mode, code) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO NOTHING",
    )?;
    let code = room.code.as_ref().map(RoomCode::as_str);
    statement.execute(params![room.id.as_str(), GAME, room.mode.as_ref(), code])?;
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
