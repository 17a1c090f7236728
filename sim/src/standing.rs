//! The result of a match, in words that every game has.

use crate::ids::PlayerId;
use crate::state::stream::state;

/// The standing of a player in the result of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The player.
    pub player: PlayerId,
    /// Its team. `None` if each player is on its own.
    pub team: Option<u8>,
    /// Its place, 1 for the best. Equal players share a place.
    pub place: u16,
    /// Its score, as the game counts: here the players that it finished off.
    pub score: i32,
}

state!(struct Standing { player, team, place, score });
