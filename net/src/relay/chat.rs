//! The frames and forms of the chat room, in its two dialects. One shows members by nickname, the
//! other by id, and writes the same keys without an underscore. The keys stand in the order in
//! which the room of old wrote them.

use serde::Serialize;

use super::decode;

/// A dialect of the chat room, chosen by the first text of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Members are known by nickname: `test_<name>`.
    Names,
    /// Members are known by id: `test`.
    Ids,
}

/// A member as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Eight hex digits.
    pub id: &'a str,
    /// The nickname. That of a page of the dialect [`Dialect::Ids`] is its id.
    pub name: &'a str,
}

/// Reads the text by which a page takes part, and the nickname in it, which may be empty. Returns
/// `None` for any other text.
#[must_use]
pub fn read_join(text: &str) -> Option<(Dialect, &str)> {
    match text.split_once('_') {
        Some(("test", name)) => Some((Dialect::Names, name)),
        None if text == "test" => Some((Dialect::Ids, "")),
        _ => None,
    }
}

impl Dialect {
    /// Encodes the frame that tells a page who it is.
    #[must_use]
    pub fn own<'a>(self, me: Member<'_>, roster: impl Iterator<Item = Member<'a>>) -> String {
        let list = self.list(roster);
        match self {
            Dialect::Names => encode(&OwnByName {
                r#type: 0,
                user_list: list,
                user_id: me.id,
                user_name: me.name,
            }),
            Dialect::Ids => encode(&OwnById { r#type: 0, userlist: list, userid: me.id }),
        }
    }

    /// Encodes the frame that tells a page who is there.
    #[must_use]
    pub fn roster<'a>(self, roster: impl Iterator<Item = Member<'a>>) -> String {
        let list = self.list(roster);
        match self {
            Dialect::Names => encode(&RosterByName { r#type: 0, user_list: list, user: None }),
            Dialect::Ids => encode(&RosterById { r#type: 0, userlist: list, user: None }),
        }
    }

    /// Encodes a line.
    #[must_use]
    pub fn line(self, from: Member<'_>, msg: &str) -> String {
        match self {
            Dialect::Names => {
                let data = LineByName { msg, user_id: from.id, user_name: from.name };
                encode(&Line { r#type: 1, data })
            }
            Dialect::Ids => encode(&Line { r#type: 1, data: LineById { msg, user: from.id } }),
        }
    }

    fn list<'a>(self, roster: impl Iterator<Item = Member<'a>>) -> Vec<&'a str> {
        let shown = |member: Member<'a>| match self {
            Dialect::Names => member.name,
            Dialect::Ids => member.id,
        };
        roster.map(shown).collect()
    }
}

fn encode(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).expect("texts and lists")
}

#[derive(Serialize)]
struct OwnByName<'a> {
    r#type: u8,
    user_list: Vec<&'a str>,
    user_id: &'a str,
    user_name: &'a str,
}

#[derive(Serialize)]
struct OwnById<'a> {
    r#type: u8,
    userlist: Vec<&'a str>,
    userid: &'a str,
}

#[derive(Serialize)]
struct RosterByName<'a> {
    r#type: u8,
    user_list: Vec<&'a str>,
    user: Option<&'a str>,
}

#[derive(Serialize)]
struct RosterById<'a> {
    r#type: u8,
    userlist: Vec<&'a str>,
    user: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<T> {
    r#type: u8,
    data: T,
}

#[derive(Serialize)]
struct LineByName<'a> {
    msg: &'a str,
    user_id: &'a str,
    user_name: &'a str,
}

#[derive(Serialize)]
struct LineById<'a> {
    msg: &'a str,
    user: &'a str,
}

/// The form of `/msg_send`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SayForm {
    /// The line.
    pub text: String,
    /// The id of its author.
    pub from: String,
    /// The id of the one member that shall read it; `None` if all shall.
    pub to: Option<String>,
}

/// The form of `/change_name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameForm {
    /// The new nickname.
    pub name: String,
    /// The id of the member.
    pub from: String,
}

/// A form without a field that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the form has no {missing}; it needs {needed}, URL-encoded")]
pub struct FormError {
    missing: &'static str,
    needed: &'static str,
}

impl SayForm {
    /// Reads a form of either dialect.
    ///
    /// # Errors
    /// A field is missing or is not UTF-8.
    pub fn parse(body: &str) -> Result<SayForm, FormError> {
        let needed = "txt and user_from, or txt, userfrom, userto and type";
        let missing = |missing| FormError { missing, needed };
        let text = field(body, "txt").ok_or(missing("txt"))?;
        if let Some(from) = field(body, "user_from") {
            return Ok(SayForm { text, from, to: None });
        }
        let from = field(body, "userfrom").ok_or(missing("user_from"))?;
        let to_all = field(body, "type").is_none_or(|kind| kind == "1");
        let to = if to_all { None } else { Some(field(body, "userto").ok_or(missing("userto"))?) };
        Ok(SayForm { text, from, to })
    }
}

impl RenameForm {
    /// Reads a form.
    ///
    /// # Errors
    /// A field is missing or is not UTF-8.
    pub fn parse(body: &str) -> Result<RenameForm, FormError> {
        let missing = |missing| FormError { missing, needed: "user_name and user_from" };
        let name = field(body, "user_name").ok_or(missing("user_name"))?;
        let from = field(body, "user_from").ok_or(missing("user_from"))?;
        Ok(RenameForm { name, from })
    }
}

/// Returns a field of a URL-encoded form.
fn field(body: &str, name: &str) -> Option<String> {
    let mut pairs = body.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    decode(&value.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Member, RenameForm, SayForm, read_join};

    const ANN: Member<'static> = Member { id: "7f2866b6", name: "阿明" };
    const BOB: Member<'static> = Member { id: "00000001", name: "a\"b" };

    #[test]
    fn the_first_text_chooses_the_dialect() {
        for (text, join) in [
            ("test_阿明", Some((Dialect::Names, "阿明"))),
            ("test_a_b", Some((Dialect::Names, "a_b"))),
            ("test_", Some((Dialect::Names, ""))),
            ("test", Some((Dialect::Ids, ""))),
            ("", None),
            ("tests", None),
            ("hello", None),
            ("Test_a", None),
            ("a_test", None),
            (" test", None),
        ] {
            assert_eq!(read_join(text), join, "{text}");
        }
    }

    #[test]
    fn frames_have_the_keys_of_their_dialect_in_order() {
        let all = || [ANN, BOB].into_iter();
        for (frame, text) in [
            (
                Dialect::Names.own(ANN, all()),
                r#"{"type":0,"user_list":["阿明","a\"b"],"user_id":"7f2866b6","user_name":"阿明"}"#,
            ),
            (Dialect::Names.roster(all()), r#"{"type":0,"user_list":["阿明","a\"b"],"user":null}"#),
            (
                Dialect::Names.line(ANN, "你好 <b>\r\n"),
                r#"{"type":1,"data":{"msg":"你好 <b>\r\n","user_id":"7f2866b6","user_name":"阿明"}}"#,
            ),
            (
                Dialect::Ids.own(ANN, all()),
                r#"{"type":0,"userlist":["7f2866b6","00000001"],"userid":"7f2866b6"}"#,
            ),
            (
                Dialect::Ids.roster(all()),
                r#"{"type":0,"userlist":["7f2866b6","00000001"],"user":null}"#,
            ),
            (Dialect::Ids.line(BOB, "hi"), r#"{"type":1,"data":{"msg":"hi","user":"00000001"}}"#),
        ] {
            assert_eq!(frame, text);
        }
    }

    #[test]
    fn forms_of_both_dialects_are_read() {
        let say = |text: &str, from: &str, to: Option<&str>| {
            let to = to.map(str::to_owned);
            Ok(SayForm { text: text.to_owned(), from: from.to_owned(), to })
        };
        for (body, form) in [
            ("txt=%E4%BD%A0+%3Cb%3E&user_from=1", say("你 <b>", "1", None)),
            ("user_from=1&txt=a%2Bb", say("a+b", "1", None)),
            ("txt=&user_from=1", say("", "1", None)),
            ("txt=a&userto=&userfrom=1&type=1", say("a", "1", None)),
            ("txt=a&userto=2&userfrom=1&type=2", say("a", "1", Some("2"))),
        ] {
            assert_eq!(SayForm::parse(body), form, "{body}");
        }
        for (body, missing) in [
            ("", "txt"),
            ("user_from=1", "txt"),
            ("txt=%ff&user_from=1", "txt"),
            ("txt=a", "user_from"),
            ("txt=a&userfrom=1&type=2", "userto"),
        ] {
            let error = SayForm::parse(body).expect_err(body).to_string();
            assert!(error.starts_with(&format!("the form has no {missing}; it needs")), "{error}");
        }
        let form = RenameForm { name: "b c".to_owned(), from: "1".to_owned() };
        assert_eq!(RenameForm::parse("user_name=b+c&user_from=1"), Ok(form));
        assert_eq!(
            RenameForm::parse("user_from=1").expect_err("no name").to_string(),
            "the form has no user_name; it needs user_name and user_from, URL-encoded"
        );
    }
}
