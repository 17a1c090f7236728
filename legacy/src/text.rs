//! Texts of the page: names and chat lines as the room takes them, and as the page may show them.
//! The page puts both into its HTML unescaped.

use bolide_net::limits::{CHAT_CHARS_MAX, NAME_CHARS_MAX};
use bolide_net::{ChatText, PlayerName};

/// The name of a player whose own name shows nothing.
const NAMELESS: &str = "player";

/// Returns the name with which a player enters the room. The old relay let in every name, so one
/// that is too long is cut, and one of nothing is replaced.
pub(crate) fn name(text: &str) -> PlayerName {
    let fitting = longest(text, NAME_CHARS_MAX, |text| PlayerName::parse(text).ok());
    fitting.unwrap_or_else(|| PlayerName::parse(NAMELESS).expect("a name"))
}

/// Returns a line of chat, cut to the length that the room takes. `None` if it shows nothing.
pub(crate) fn line(text: &str) -> Option<ChatText> {
    longest(text, CHAT_CHARS_MAX, |text| ChatText::parse(text).ok())
}

/// Parses a text, or its first `max` characters if it is refused whole: what cannot be seen does
/// not count towards the length.
fn longest<T>(text: &str, max: usize, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    parse(text).or_else(|| parse(&text.chars().take(max).collect::<String>()))
}

/// Escapes a text for HTML, between tags and inside of quoted attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escaped, line, name};

    #[test]
    fn every_old_name_enters() {
        for (text, expect) in [
            ("Ada", "Ada"),
            ("", "player"),
            ("\u{200b}", "player"),
            ("<b>x</b>", "<b>x</b>"),
            ("123456789012345678901234567", "123456789012345678901234"),
            ("小明", "小明"),
        ] {
            assert_eq!(name(text).as_str(), expect, "{text:?}");
        }
        let hidden = format!("A{}da", "\u{200b}".repeat(30));
        assert_eq!(name(&hidden).as_str(), "Ada");
    }

    #[test]
    fn a_long_line_is_cut_and_an_empty_one_is_none() {
        let long = line(&"ä".repeat(500)).expect("a line");
        assert_eq!(long.as_str(), "ä".repeat(200));
        assert_eq!(line(" \u{200b}"), None);
    }

    #[test]
    fn nothing_of_a_text_is_html() {
        let text = r#"<img src=x onerror="a('b')">&lt;"#;
        let expect = "&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;lt;";
        assert_eq!(escaped(text), expect);
    }
}
