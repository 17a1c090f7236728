//! The random values that a room gets from outside: its id, resume tokens and match tickets. They
//! come from the random source of the operating system. A token that can be guessed gives away a
//! seat, and a seed that can be guessed gives away the future of the match.

use std::borrow::Borrow;
use std::fmt::Write as _;
use std::sync::Arc;

use bolide_net::RoomCode;
use bolide_room::MatchTicket;
use uuid::Uuid;

/// A room's id: eight characters that can be read out loud.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RoomId(Arc<str>);

impl RoomId {
    pub(crate) fn random() -> RoomId {
        let letter = |byte: u8| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]);
        RoomId(random::<8>().map(letter).iter().collect::<String>().into())
    }

    /// Wraps an id that a room had before.
    pub(crate) fn known(id: &str) -> RoomId {
        RoomId(id.into())
    }

    /// Returns the room that issued this resume token.
    pub(crate) fn of_token(token: &str) -> Option<RoomId> {
        token.split_once('.').map(|(room, _)| RoomId(room.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for RoomId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RoomId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Draws a resume token: the id of the room, so that the server finds it again, and 256 random
/// bits.
pub(crate) fn resume_token(room: &RoomId) -> String {
    let mut token = format!("{room}.");
    for byte in random::<32>() {
        write!(token, "{byte:02x}").expect("writing to a string cannot fail");
    }
    token
}

/// Draws the code of a private room.
pub(crate) fn room_code() -> RoomCode {
    RoomCode::of_random(random())
}

/// Draws the ticket of a new match.
pub(crate) fn match_ticket() -> MatchTicket {
    MatchTicket { id: Uuid::now_v7(), seed: u64::from_le_bytes(random()) }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
}

/// Lower case letters and digits without those that look alike. There are 32, so that all
/// characters are equally likely.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

#[cfg(test)]
mod tests {
    use super::{RoomId, match_ticket, resume_token};

    #[test]
    fn a_token_leads_back_to_its_room() {
        let room = RoomId::random();
        let token = resume_token(&room);
        assert_eq!(RoomId::of_token(&token), Some(room));
        assert_eq!(token.len(), 8 + 1 + 64);
        assert_eq!(RoomId::of_token("no dot"), None);
    }

    #[test]
    fn nothing_random_comes_twice() {
        assert_ne!(RoomId::random(), RoomId::random());
        assert_ne!(resume_token(&RoomId::random()), resume_token(&RoomId::random()));
        let (one, two) = (match_ticket(), match_ticket());
        assert!(one.id != two.id && one.seed != two.seed && one.id.get_version_num() == 7);
    }
}
