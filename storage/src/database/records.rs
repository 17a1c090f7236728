//! The stored rooms, as they are read back by the next process, and by whoever lists journals.

use bolide_net::{PlayerName, RoomCode};
use bolide_room::{RoomId, SeatRecord, TokenHash};
use bolide_sim::PlayerId;
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::schema::{Database, MIGRATIONS, START_BUSY, StoreError};
use crate::data_dir::DataDir;

/// A room as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRecord {
    /// Its id.
    pub id: RoomId,
    /// The code that opens it, if it is private.
    pub code: Option<RoomCode>,
    /// It takes no new players.
    pub locked: bool,
    /// The name of its game.
    pub game: String,
    /// The name of its mode.
    pub mode: String,
    /// Numbers and ids of its matches, the newest first. A match without a journal never had a
    /// tick.
    pub matches: Vec<(u32, Uuid)>,
    /// The seats by player.
    pub seats: Vec<SeatRecord>,
}

impl Database {
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
        let mut rooms = self
            .connection
            .prepare("SELECT id, game, mode, code, locked FROM rooms ORDER BY id")?;
        let mut matches = self
            .connection
            .prepare("SELECT number, id FROM matches WHERE room = ?1 ORDER BY number DESC")?;
        let mut seats = self.connection.prepare(
            "SELECT player, name, token, previous_token, creator FROM seats WHERE room = ?1
             ORDER BY player",
        )?;
        let rooms = rooms.query_map([], |row| {
            let code: Option<String> = row.get(3)?;
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, code, row.get(4)?))
        })?;
        rooms
            .map(|room| {
                let (id, game, mode, code, locked) = room?;
                let matches = matches
                    .query_map([&id], |row| Ok((row.get(0)?, Uuid::from_bytes(row.get(1)?))))?
                    .collect::<Result<_, _>>()?;
                let seats = seats.query_map([&id], seat)?.filter_map(Result::transpose);
                let seats = seats.collect::<Result<_, _>>()?;
                let id = RoomId::known(&id);
                Ok((RoomRecord { id, code: None, locked, game, mode, matches, seats }, code))
            })
            .collect()
    }
}

/// Reads the matches that rooms would resume, and the modes of those rooms. A server may be running
/// meanwhile. Without a store there are none.
///
/// # Errors
/// The store cannot be read, or has a newer version.
pub(crate) fn matches_needed(data_dir: &DataDir) -> Result<Vec<(Uuid, String)>, StoreError> {
    let path = data_dir.database();
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
