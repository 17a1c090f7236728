//! The secrets with which sessions resume their seats. Only hashes are stored, so a reader of the
//! server's memory or store cannot take a seat.

use sha2::{Digest, Sha256};

/// The SHA-256 of a token. A token has 256 random bits, so no salt and no slow hash is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Returns the hash of a token.
    #[must_use]
    pub fn of(token: &str) -> TokenHash {
        TokenHash(Sha256::digest(token).into())
    }

    /// Returns a hash that was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> TokenHash {
        TokenHash(bytes)
    }

    /// Returns the bytes, to be stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A resume token that rotates. The one used last stays valid until the holder of the new one has
/// sent something, so that a lost welcome locks no client out, even if it is lost again.
pub(super) struct Token {
    pub(super) newest: TokenHash,
    pub(super) previous: Option<TokenHash>,
}

impl Token {
    pub(super) fn new(token: &str) -> Token {
        Token { newest: TokenHash::of(token), previous: None }
    }

    pub(super) fn opens(&self, token: &str) -> bool {
        let token = TokenHash::of(token);
        self.newest == token || self.previous == Some(token)
    }

    /// Returns the token that replaces a used one, which stays valid for the time being.
    pub(super) fn rotated(used: &str, fresh: &str) -> Token {
        Token { newest: TokenHash::of(fresh), previous: Some(TokenHash::of(used)) }
    }

    /// Ends the validity of the token before. Returns whether there was one.
    pub(super) const fn holder_has_spoken(&mut self) -> bool {
        self.previous.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{Token, TokenHash};

    #[test]
    fn the_used_one_opens_until_the_holder_of_the_new_one_has_spoken() {
        let mut token = Token::rotated("old", "new");
        assert!(token.opens("old") && token.opens("new") && !token.opens("other"));
        assert!(token.holder_has_spoken() && !token.holder_has_spoken());
        assert!(!token.opens("old") && token.opens("new"));
    }

    /// A hash that a server stored must still match after an upgrade to another build.
    #[test]
    fn a_known_hash() {
        let hash = TokenHash::of("abc");
        assert_eq!(hash.as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(TokenHash::from_bytes(*hash.as_bytes()), hash);
    }
}
