//! The code that opens a private room, short enough to be read aloud. It reveals nothing about the
//! room.

use core::fmt;

use crate::wire::error::DecodeError;
use crate::wire::limits::CODE_CHARS;

/// Six letters and digits that do not look alike, in upper case. There are 2^30 codes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomCode([u8; CODE_CHARS]);

impl RoomCode {
    /// Reads a code in any case.
    ///
    /// # Errors
    /// The text has another length, or contains other characters.
    pub fn parse(text: &str) -> Result<RoomCode, DecodeError> {
        let known = |letter: &u8| ALPHABET.contains(letter);
        let letters = text.to_ascii_uppercase().into_bytes();
        match <[u8; CODE_CHARS]>::try_from(letters) {
            Ok(letters) if letters.iter().all(known) => Ok(RoomCode(letters)),
            _ => Err(DecodeError::OutOfRange {
                field: "code",
                value: format!("{:?}", text.chars().take(2 * CODE_CHARS).collect::<String>()),
                allowed: "6 letters and digits, none of them 0, O, 1 or I",
            }),
        }
    }

    /// Makes a code from random bytes. If they are uniform, all codes are equally likely.
    #[must_use]
    pub fn of_random(bytes: [u8; CODE_CHARS]) -> RoomCode {
        RoomCode(bytes.map(|byte| ALPHABET[usize::from(byte) % ALPHABET.len()]))
    }

    /// The code as text, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A log may be read by people who are not in the room.
        f.write_str("RoomCode")
    }
}

/// 32 characters, which divide 256, so that each is equally likely.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

#[cfg(test)]
mod tests {
    use super::{ALPHABET, RoomCode};

    #[test]
    fn a_code_is_read_in_any_case_and_shown_in_one() {
        for text in ["K7Q2MX", "k7q2mx", "k7Q2mX"] {
            assert_eq!(RoomCode::parse(text).expect("a code").as_str(), "K7Q2MX");
        }
        for text in ["", "K7Q2M", "K7Q2MXA", "K7Q2M0", "K7Q2MI", "K7Q2Mß", "K7 2MX", "小小"] {
            let error = RoomCode::parse(text).expect_err("no code").to_string();
            assert!(error.contains("none of them 0, O, 1 or I"), "{error}");
        }
    }

    #[test]
    fn each_letter_comes_as_often_as_the_others() {
        let codes = (0..=u8::MAX).map(|byte| RoomCode::of_random([byte; 6]));
        let mut times = [0; 256];
        codes.for_each(|code| times[usize::from(code.as_str().as_bytes()[0])] += 1);
        assert!(ALPHABET.iter().all(|letter| times[usize::from(*letter)] == 256 / 32));
    }
}
