//! What the process before left behind: its rooms, as the store knows them, and their matches, as their journals tell them. What
//! cannot be gone on with is named and put aside, never guessed.

use std::io;

use bolide_net::RoomCode;
use bolide_room::Recovery;
use bolide_sim::Mode;
use bolide_sim::journal::{self, JournalError, Recovered, ReplayError};
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::journal::Continued;
use crate::journals::Journals;
use crate::store::{KeptRoom, Store};
use crate::token::RoomId;

/// A room that goes on.
pub(crate) struct RecoveredRoom {
    pub(crate) id: RoomId,
    pub(crate) code: Option<RoomCode>,
    /// Its name from the store, its rules from the journal: the configuration may have changed since.
    pub(crate) mode: Mode,
    pub(crate) recovery: Recovery,
    pub(crate) journal: Continued,
}

/// Why a match does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error("its journal cannot be read or written: {0}")]
    File(#[from] io::Error),
}

/// All rooms that go on. Of the others the store forgets.
pub(crate) fn recover(
    kept: Vec<KeptRoom>,
    journals: &Journals,
    store: &Store,
) -> Vec<RecoveredRoom> {
    let mut recovered = Vec::new();
    for room in kept {
        let id = room.id.clone();
        match newest_match(&room, journals) {
            Some((number, uuid, segments)) => match go_on(room, number, uuid, &segments) {
                Ok(room) => recovered.push(room),
                Err(why) => {
                    put_aside(&id, uuid, &why, journals);
                    store.forget_room(&id);
                }
            },
            None => store.forget_room(&id),
        }
    }
    recovered
}

/// A room that panicked, from its journal. What is wrong with that panics again: whoever calls this must expect it.
///
/// # Errors
/// Its match cannot be gone on with.
pub(crate) fn restart(room: KeptRoom, journals: &Journals) -> Result<RecoveredRoom, Lost> {
    let (number, id, segments) =
        newest_match(&room, journals).ok_or(io::Error::from(io::ErrorKind::NotFound))?;
    go_on(room, number, id, &segments)
}

/// The newest match of a room that has a journal. One that is kept and has none never had a tick.
fn newest_match(room: &KeptRoom, journals: &Journals) -> Option<(u32, Uuid, Vec<Vec<u8>>)> {
    room.matches.iter().find_map(|(number, id)| match journals.read(*id) {
        Ok(segments) => (!segments.is_empty()).then_some((*number, *id, segments)),
        Err(error) => {
            error!(room = %room.id, %id, %error, "a journal cannot be read");
            None
        }
    })
}

fn go_on(
    room: KeptRoom,
    number: u32,
    id: Uuid,
    segments: &[Vec<u8>],
) -> Result<RecoveredRoom, Lost> {
    let segments: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
    let (index, recovered) = journal::recover_segments(&segments)?;
    let Recovered { header, world, whole_bytes, ticks, hashes } = recovered;
    let (newest, cut) = (segments.len() - 1, segments[index].len() - whole_bytes);
    let tick = world.tick().0;
    info!(room = %room.id, %id, tick, ticks, hashes, cut, seats = room.seats.len(), "match recovered");
    // A segment that was left for another one was left because it is in doubt.
    let whole_bytes = (index == newest).then_some(whole_bytes as u64);
    let segment = u32::try_from(newest).unwrap_or(u32::MAX);
    let journal = Continued { id, segment, whole_bytes };
    let mode = Mode { name: room.mode, rules: header.rules };
    let recovery = Recovery { id, number, world, seats: room.seats, locked: room.locked };
    Ok(RecoveredRoom { id: room.id, code: room.code, mode, recovery, journal })
}

/// A journal of another version stays where it is, for the program that wrote it; a damaged one is moved away with the reason.
fn put_aside(room: &RoomId, id: Uuid, why: &Lost, journals: &Journals) {
    if let Lost::Replay(ReplayError::Journal(
        JournalError::SimVersion(_) | JournalError::Format(_),
    )) = why
    {
        warn!(%room, %id, "the match does not go on: {why}");
        return;
    }
    error!(%room, %id, "the match does not go on, and its journal is put aside: {why}");
    if let Err(error) = journals.put_aside(id, &why.to_string()) {
        error!(%room, %id, %error, "its journal cannot be put aside");
    }
}
