//! The random values that a room gets from outside: its id, resume tokens and match tickets; and
//! the secrets of keys. They come from the random source of the operating system. A token that can
//! be guessed gives away a seat, and a seed that can be guessed gives away the future of the match.

use bolide_net::RoomCode;
use bolide_room::{MatchTicket, RoomId};
use uuid::Uuid;

/// Draws the id of a room: eight characters that can be read out loud.
pub(crate) fn room_id() -> RoomId {
    let letter = |byte: u8| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]);
    RoomId::known(&random::<8>().map(letter).iter().collect::<String>())
}

/// Draws a resume token: the id of the room, so that the server finds it again, and 256 random
/// bits.
pub(crate) fn resume_token(room: &RoomId) -> String {
    format!("{room}.{}", hex(&random::<32>()))
}

/// Draws the key of a browser's cookie: 256 bits in hex.
pub(crate) fn browser_key() -> String {
    hex(&random::<32>())
}

/// Draws the secret of a backend's key: `bk_` and 256 random bits in hex.
pub(crate) fn key_secret() -> String {
    format!("bk_{}", browser_key())
}

/// Draws random bits for the ids and nicknames of a member of the lobby.
pub(crate) fn draw() -> u64 {
    u64::from_le_bytes(random())
}

/// Draws the code of a private room.
pub(crate) fn room_code() -> RoomCode {
    RoomCode::of_random(random())
}

/// Draws the ticket of a new match.
pub(crate) fn match_ticket() -> MatchTicket {
    MatchTicket { id: Uuid::now_v7(), seed: u64::from_le_bytes(random()) }
}

/// Returns bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
    use bolide_room::RoomId;

    use super::{key_secret, match_ticket, resume_token, room_id};

    #[test]
    fn a_token_leads_back_to_its_room() {
        let room = room_id();
        let token = resume_token(&room);
        assert_eq!(RoomId::of_token(&token), Some(room));
        assert_eq!(token.len(), 8 + 1 + 64);
    }

    #[test]
    fn nothing_random_comes_twice() {
        assert_ne!(room_id(), room_id());
        assert_ne!(key_secret(), key_secret());
        assert_ne!(resume_token(&room_id()), resume_token(&room_id()));
        let (one, two) = (match_ticket(), match_ticket());
        assert!(one.id != two.id && one.seed != two.seed && one.id.get_version_num() == 7);
    }
}
