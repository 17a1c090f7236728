//! The secrets by which sessions take their seats again. Only hashes are kept: whoever reads the memory or the store of a
//! server can take nobody's seat.

use sha2::{Digest, Sha256};

/// The SHA-256 of a token. A token has 256 random bits, so no salt and no slow hash is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token.
    #[must_use]
    pub fn of(token: &str) -> TokenHash {
        TokenHash(Sha256::digest(token).into())
    }

    /// A hash that was kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> TokenHash {
        TokenHash(bytes)
    }

    /// To be kept.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A resume token that rotates. The one that was used last stays valid until the holder of the
/// new one has spoken, so that a lost welcome locks nobody out, however often it is lost.
pub(crate) struct Token {
    pub(crate) newest: TokenHash,
    pub(crate) previous: Option<TokenHash>,
}

impl Token {
    pub(crate) fn new(token: &str) -> Token {
        Token { newest: TokenHash::of(token), previous: None }
    }

    pub(crate) fn opens(&self, token: &str) -> bool {
        let token = TokenHash::of(token);
        self.newest == token || self.previous == Some(token)
    }

    /// The one that was used, and a fresh one in its place.
    pub(crate) fn rotated(used: &str, fresh: &str) -> Token {
        Token { newest: TokenHash::of(fresh), previous: Some(TokenHash::of(used)) }
    }

    /// Returns whether there was another one.
    pub(crate) const fn holder_has_spoken(&mut self) -> bool {
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

    /// What a server kept must open after the next start of another build.
    #[test]
    fn a_known_hash() {
        let hash = TokenHash::of("abc");
        assert_eq!(hash.as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(TokenHash::from_bytes(*hash.as_bytes()), hash);
    }
}
