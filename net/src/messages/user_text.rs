//! Names and chat lines. They are cleaned and bounded once, here, and need no further checks. They
//! are plain text, never HTML.

mod invisible;
mod marks;

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::wire::error::DecodeError;
use crate::wire::limits::{
    CHAT_CHARS_MAX, NAME_CHARS_MAX, NOTICE_BYTES_MAX, NOTICE_TITLE_CHARS_MAX, RELAY_NAME_CHARS_MAX,
};
use invisible::{AS_EMOJI, JOINER, is_blank, is_emoji, is_invisible};
use marks::is_mark;

/// A player's name: 1 to [`NAME_CHARS_MAX`] visible characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerName(Arc<str>);

/// A chat line: 1 to [`CHAT_CHARS_MAX`] visible characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatText(Arc<str>);

impl PlayerName {
    /// Cleans and checks a name.
    ///
    /// # Errors
    /// Nothing is left of it, or it is too long.
    pub fn parse(text: &str) -> Result<PlayerName, DecodeError> {
        clean("name", text, NAME_CHARS_MAX, "1 to 24 characters").map(PlayerName)
    }

    /// The same name with a number, for another player of that name. The end of a long name is cut
    /// to make room.
    #[must_use]
    pub fn numbered(&self, number: u32) -> PlayerName {
        let number = number.to_string();
        let begin: String = self.0.chars().take(NAME_CHARS_MAX - 1 - number.len()).collect();
        PlayerName(format!("{} {number}", begin.trim_end()).into())
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
    /// Nothing is left of it, or it is too long.
    pub fn parse(text: &str) -> Result<ChatText, DecodeError> {
        clean("text", text, CHAT_CHARS_MAX, "1 to 200 characters").map(ChatText)
    }

    /// The line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name of a room, a user or a member of a relay: 1 to [`RELAY_NAME_CHARS_MAX`] visible
/// characters, composed (NFC).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelayName(Arc<str>);

impl RelayName {
    /// Composes, cleans and checks a name.
    ///
    /// # Errors
    /// Nothing is left of it, or it is too long.
    pub fn parse(text: &str) -> Result<RelayName, DecodeError> {
        let composed: String = text.nfc().collect();
        let cleaned = clean("name", &composed, RELAY_NAME_CHARS_MAX, "1 to 64 characters")?;
        // A mark may have come next to its letter when something between them went.
        let composed: String = cleaned.nfc().collect();
        Ok(RelayName(composed.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Cleans and checks the text of a notice.
pub(super) fn notice_text(text: &str) -> Result<String, DecodeError> {
    let cleaned = clean("text", text, NOTICE_BYTES_MAX, "1 to 4096 characters");
    cleaned.map(|text| text.as_ref().to_owned())
}

/// Cleans and checks the title of a notice.
pub(super) fn notice_title(text: &str) -> Result<String, DecodeError> {
    let cleaned = clean("title", text, NOTICE_TITLE_CHARS_MAX, "1 to 100 characters");
    cleaned.map(|text| text.as_ref().to_owned())
}

/// Cleans a text: removes control characters, invisible characters, line separators and piles of
/// marks. A text without any visible character is refused.
fn clean(
    field: &'static str,
    text: &str,
    max: usize,
    allowed: &'static str,
) -> Result<Arc<str>, DecodeError> {
    let cleaned = visible(text);
    let cleaned = cleaned.trim();
    let length = cleaned.chars().count();
    if (1..=max).contains(&length) {
        return Ok(cleaned.into());
    }
    let value = match length {
        0 if !text.is_empty() => "of nothing that can be seen".to_owned(),
        _ => format!("{length} characters long"),
    };
    Err(DecodeError::OutOfRange { field, value, allowed })
}

fn visible(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut marks = 0;
    let mut signs = text.chars().peekable();
    while let Some(c) = signs.next() {
        let last = cleaned.chars().next_back();
        if is_mark(c) {
            marks += 1;
            let has_letter = last.is_some_and(|last| last != ' ');
            if !has_letter || marks > if is_accent(c) { ACCENTS_MAX } else { MARKS_MAX } {
                continue;
            }
        } else if is_invisible(c) {
            let after_emoji = last.is_some_and(|last| is_emoji(last) || last == AS_EMOJI);
            let joins = c == JOINER && signs.peek().copied().is_some_and(is_emoji);
            let selects = c == AS_EMOJI && last.is_some_and(is_emoji);
            let is_kept = selects || joins && after_emoji;
            if !is_kept {
                continue;
            }
        } else if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            continue;
        } else {
            marks = 0;
        }
        let c = if c.is_whitespace() || is_blank(c) { ' ' } else { c };
        if c != ' ' || last != Some(' ') {
            cleaned.push(c);
        }
    }
    cleaned
}

/// Accents on one letter that are kept, as in Vietnamese.
const ACCENTS_MAX: usize = 2;
/// Marks of a script on one letter that are kept, as in Burmese.
const MARKS_MAX: usize = 4;

/// Returns whether a mark belongs to no script and may be on any letter.
const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::{ChatText, PlayerName, RelayName};

    #[track_caller]
    fn check(text: &str, name: Option<&str>) {
        let parsed = PlayerName::parse(text).ok();
        assert_eq!(parsed.as_ref().map(PlayerName::as_str), name, "{}", text.escape_unicode());
    }

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
            check(text, name);
        }
        assert!(ChatText::parse(&"ä".repeat(200)).is_ok());
        assert_eq!(
            ChatText::parse(&"ä".repeat(201)).expect_err("too long").to_string(),
            "text is 201 characters long; allowed is 1 to 200 characters"
        );
    }

    #[test]
    fn a_name_of_nothing_is_refused_and_says_why() {
        for text in [
            "\u{200b}",
            "\u{3164}",
            "\u{115f}\u{1160}",
            "\u{ffa0}",
            "\u{ad}",
            "\u{61c}",
            "\u{2800}",
            "\u{1d159}",
            "\u{a0}",
            "\u{2003} ",
            "\u{2028}",
            "\u{301}\u{302}",
            "\u{fe0f}",
            "\u{200d}",
            "\u{e0041}",
            "\u{180e}",
            "\u{20dd}",
            "\u{2066}\u{2069}",
        ] {
            check(text, None);
            let error = PlayerName::parse(text).expect_err("nothing").to_string();
            let told = "name is of nothing that can be seen; allowed is 1 to 24 characters";
            assert_eq!(error, told);
            assert!(ChatText::parse(text).is_err(), "{}", text.escape_unicode());
        }
    }

    #[test]
    fn what_cannot_be_seen_makes_no_other_name() {
        for text in [
            "Ada\u{200b}",
            "A\u{ad}da",
            "\u{feff}Ada",
            "Ada\u{61c}",
            "A\u{200d}da",
            "A\u{fe0f}da",
            "Ad\u{2028}a",
            "Ada\u{2029}",
            "\u{301}Ada",
            "Ada\u{3164}",
            "Ada\u{2800}",
        ] {
            check(text, Some("Ada"));
        }
        check("Ada\u{a0}B", Some("Ada B"));
        check("Ada \u{2800} B", Some("Ada B"));
    }

    #[test]
    fn marks_do_not_pile_up() {
        check(&format!("Z{}o", "\u{301}".repeat(23)), Some("Z\u{301}\u{301}o"));
        check(&format!("ก{}", "\u{e47}".repeat(20)), Some("ก\u{e47}\u{e47}\u{e47}\u{e47}"));
        // Vietnamese and Burmese as they are written.
        check("Vie\u{323}\u{302}t", Some("Vie\u{323}\u{302}t"));
        check("မြို့", Some("မြို့"));
    }

    #[test]
    fn emoji_are_joined_as_they_were() {
        for name in ["👩\u{200d}🚀", "❤\u{fe0f}\u{200d}🔥", "👋🏽", "🏴\u{200d}☠\u{fe0f}", "🇩🇪"]
        {
            check(name, Some(name));
        }
        check("👩\u{200d}", Some("👩"));
    }

    #[test]
    fn a_numbered_name_is_never_too_long() {
        let name = |text| PlayerName::parse(text).expect("a name");
        assert_eq!(name("Ada").numbered(2).as_str(), "Ada 2");
        assert_eq!(
            name("123456789012345678901234").numbered(10).as_str(),
            "123456789012345678901 10"
        );
        assert_eq!(
            name("12345678901234567890 234").numbered(100).as_str(),
            "12345678901234567890 100"
        );
    }

    #[test]
    fn a_name_of_a_relay_is_composed_and_cleaned() {
        let check = |text: &str, name: Option<&str>| {
            let parsed = RelayName::parse(text).ok();
            assert_eq!(parsed.as_ref().map(RelayName::as_str), name, "{}", text.escape_unicode());
        };
        check("小明", Some("小明"));
        check(" Ada\u{200b} \r\n ", Some("Ada"));
        check("e\u{301}", Some("é"));
        check("e\u{200b}\u{301}", Some("é"));
        check("\u{1100}\u{1161}", Some("가"));
        check(&"é".repeat(64), Some(&"é".repeat(64)));
        check(&"e\u{301}".repeat(64), Some(&"é".repeat(64)));
        check(&"a".repeat(65), None);
        check("\u{3164}", None);
        check("", None);
        let error = RelayName::parse(&"a".repeat(65)).expect_err("too long").to_string();
        assert_eq!(error, "name is 65 characters long; allowed is 1 to 64 characters");
    }
}
