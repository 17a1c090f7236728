//! The name of a browser's session in the channels of topics. The value of a session cookie opens
//! the account of its owner, so neither the lobby nor the database has it.

use sha2::{Digest, Sha256};

use crate::random::hex;

/// Returns the name of the session with this cookie: the SHA-256 of its value, in hex.
pub(crate) fn session_key(cookie: &str) -> String {
    hex(&Sha256::digest(cookie.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::session_key;

    #[test]
    fn a_session_is_named_by_the_hash_of_its_cookie() {
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(session_key("abc"), of_abc);
    }
}
