//! Texts of people: names and chat lines. Cleaned and bounded once, here; after that nobody checks again. They
//! are text, never HTML.

use std::sync::Arc;

use crate::error::DecodeError;
use crate::limits::{CHAT_CHARS_MAX, NAME_CHARS_MAX};

/// A player's name: 1 to [`NAME_CHARS_MAX`] characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerName(Arc<str>);

/// A chat line: 1 to [`CHAT_CHARS_MAX`] characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatText(Arc<str>);

impl PlayerName {
    /// Cleans and checks a name.
    ///
    /// # Errors
    /// Nothing is left of it, or too much.
    pub fn parse(text: &str) -> Result<PlayerName, DecodeError> {
        clean("name", text, NAME_CHARS_MAX, "1 to 24 characters").map(PlayerName)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ChatText {
    /// Cleans and checks a chat line.
    ///
    /// # Errors
    /// Nothing is left of it, or too much.
    pub fn parse(text: &str) -> Result<ChatText, DecodeError> {
        clean("text", text, CHAT_CHARS_MAX, "1 to 200 characters").map(ChatText)
    }

    /// The line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Without control characters and without those that turn the direction of the text around it.
fn clean(
    field: &'static str,
    text: &str,
    max: usize,
    allowed: &'static str,
) -> Result<Arc<str>, DecodeError> {
    let cleaned: String =
        text.chars().filter(|c| !c.is_control() && !turns_direction(*c)).collect();
    let cleaned = cleaned.trim();
    let length = cleaned.chars().count();
    if (1..=max).contains(&length) {
        Ok(cleaned.into())
    } else {
        Err(DecodeError::OutOfRange { field, value: format!("{length} characters long"), allowed })
    }
}

const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{ChatText, PlayerName};

    #[test]
    fn texts_are_cleaned_and_bounded() {
        for (text, name) in [
            (" Ada ", Some("Ada")),
            ("小明", Some("小明")),
            ("a\u{202e}b\nc", Some("abc")),
            ("<b>x</b>", Some("<b>x</b>")),
            ("", None),
            (" \t ", None),
            ("1234567890123456789012345", None),
        ] {
            assert_eq!(
                PlayerName::parse(text).ok().as_ref().map(PlayerName::as_str),
                name,
                "{text:?}"
            );
        }
        assert!(ChatText::parse(&"ä".repeat(200)).is_ok());
        assert_eq!(
            ChatText::parse(&"ä".repeat(201)).expect_err("too long").to_string(),
            "text is 201 characters long; allowed is 1 to 200 characters"
        );
    }
}
