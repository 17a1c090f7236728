//! Records that outlive the process, and those with which the next one begins.

use bolide_net::PlayerName;
use bolide_sim::{PlayerId, World};
use uuid::Uuid;

use crate::roster::token::TokenHash;

/// Records to be appended to the journal of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRecords {
    /// The match.
    pub id: Uuid,
    /// True if a segment begins with these records, which can be read without any earlier one. It
    /// is the first of the match, or was requested by `Room::handle_journal_left`.
    pub begins: bool,
    /// True if the journal is worth keeping once the match has ended, because the match was played.
    pub worth_keeping: bool,
    /// Whole records.
    pub bytes: Vec<u8>,
}

/// The part of a seat that outlives the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatRecord {
    /// The player.
    pub player: PlayerId,
    /// Its name.
    pub name: PlayerName,
    /// The token that resumes the seat.
    pub token: TokenHash,
    /// The token before it, until the holder of the new one has sent something.
    pub previous_token: Option<TokenHash>,
    /// True if its session created the room, and may lock it.
    pub creator: bool,
}

/// The id and the seed of a match. The seed must not leave the server before the match is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchTicket {
    /// The match's id, a UUIDv7.
    pub id: Uuid,
    /// The seed of its random numbers.
    pub seed: u64,
}

/// A room as its process left it.
#[derive(Debug)]
pub struct Recovery {
    /// The match that was being played.
    pub id: Uuid,
    /// The number of the match in its room, counted from 1.
    pub number: u32,
    /// Its world at the end of its journal. Records that are appended to that journal must follow
    /// this very tick.
    pub world: World,
    /// The seats that were stored.
    pub seats: Vec<SeatRecord>,
    /// True if the room was locked. The lock ends if the creator's seat was not stored.
    pub locked: bool,
}
