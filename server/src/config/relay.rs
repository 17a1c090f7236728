//! The settings of old relays' endpoints: which are served, who may use them, and what they cost.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;
use bolide_lobby::{Anonymous, LobbySettings};
use bolide_net::relay::{Audience, PathName};

use super::layers::Values;

/// The settings of old relays' endpoints.
#[derive(Clone, Debug)]
pub struct Relay {
    /// The endpoints that are served.
    pub serve: Vec<Served>,
    /// The meaning of `/ws/<name>/`.
    pub ws_name: PathName,
    /// The authority that says who a person is.
    pub auth: Auth,
    /// Maximum bytes of a message.
    pub message_bytes_max: u32,
    /// The name of the cookie whose value is a session's key.
    pub session_cookie: String,
    /// The settings of those who hear texts.
    pub lobby: LobbySettings,
}

impl Relay {
    /// Returns whether an endpoint is served.
    pub(crate) fn serves(&self, served: Served) -> bool {
        self.serve.iter().any(|it| *it == served || *it == Served::All)
    }

    pub(super) fn of(values: &Values) -> Relay {
        let auth: Auth = values.parsed("relay.auth");
        let publish: Vec<AudienceName> = values.list("relay.publish");
        Relay {
            serve: values.list("relay.serve"),
            ws_name: values.parsed::<WsName>("relay.ws_name").0,
            message_bytes_max: values.number("relay.message_bytes_max"),
            session_cookie: values.parsed::<CookieName>("relay.session_cookie").0,
            lobby: LobbySettings {
                auth: auth != Auth::None,
                anonymous: values.parsed::<AnonymousName>("relay.anonymous").0,
                publish: publish.into_iter().map(|name| name.0).collect(),
                heartbeat: values.parsed::<Heartbeat>("relay.heartbeat").0,
                expire_s: values.number("relay.expire_s"),
                messages_per_s: values.number("relay.messages_per_s"),
                messages_burst: values.number("relay.messages_burst"),
                channels_max: values.number("relay.channels_max"),
                members_max: values.number("relay.members_max"),
                chat_history: values.number("relay.chat_history"),
            },
            auth,
        }
    }
}

/// A text that a setting does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct NotARelayValue {
    text: String,
    expected: &'static str,
}

fn not(text: &str, expected: &'static str) -> NotARelayValue {
    NotARelayValue { text: text.to_owned(), expected }
}

/// Finds the word of a setting among all that there are.
fn find<T: Copy>(
    all: &[(&'static str, T)],
    text: &str,
    expected: &'static str,
) -> Result<T, NotARelayValue> {
    let found = all.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| not(text, expected))
}

/// Writes the word of a setting.
fn write<T: Copy + PartialEq>(
    all: &[(&'static str, T)],
    value: T,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let word = all.iter().find(|(_, other)| *other == value).map_or("", |(word, _)| word);
    f.write_str(word)
}

/// Endpoints of old relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// All of them.
    All,
    /// `/wss/multiplayer/`: the arena.
    Arena,
    /// `/room/<name>/`: rooms.
    Rooms,
    /// `/ws/<name>/`: users.
    Users,
    /// `/ws/`: everybody.
    Broadcast,
    /// `/ws/<facility>?subscribe-…`: topics of a backend.
    Topics,
    /// `/chat`: the chat room.
    Chat,
}

impl Served {
    const WORDS: [(&'static str, Served); 7] = [
        ("all", Served::All),
        ("arena", Served::Arena),
        ("rooms", Served::Rooms),
        ("users", Served::Users),
        ("broadcast", Served::Broadcast),
        ("topics", Served::Topics),
        ("chat", Served::Chat),
    ];
}

impl FromStr for Served {
    type Err = NotARelayValue;

    fn from_str(text: &str) -> Result<Served, NotARelayValue> {
        let expected =
            "an endpoint of old relays: all, arena, rooms, users, broadcast, topics or chat";
        find(&Served::WORDS, text, expected)
    }
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(&Served::WORDS, *self, f)
    }
}

/// The authority that says who a person is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Nobody: all are strangers.
    None,
    /// A page of the site, which is sent the cookies and answers with the user. Its address has the
    /// scheme `http` and a host.
    Site(Uri),
}

impl Auth {
    /// Returns the address of the site that says who a person is, if one does.
    pub(crate) fn site(&self) -> Option<Uri> {
        match self {
            Auth::None => None,
            Auth::Site(address) => Some(address.clone()),
        }
    }
}

impl FromStr for Auth {
    type Err = NotARelayValue;

    fn from_str(text: &str) -> Result<Auth, NotARelayValue> {
        match text {
            "none" => return Ok(Auth::None),
            "session" => {
                return Err(not(text, "there yet: it comes with the lobby; use none or a URL"));
            }
            "jwt" => return Err(not(text, "there yet; use none or a URL")),
            _ => {}
        }
        let uri = text.parse::<Uri>().ok().filter(|uri| {
            uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty())
        });
        let expected = "none or the address of a page that says who a cookie belongs to, \
                        such as http://127.0.0.1:8000/whoami (plain HTTP, within your network)";
        uri.map(Auth::Site).ok_or_else(|| not(text, expected))
    }
}

impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Auth::None => f.write_str("none"),
            Auth::Site(uri) => uri.fmt(f),
        }
    }
}

/// The setting `relay.ws_name`.
#[derive(Clone, Copy)]
pub(super) struct WsName(PathName);

const WS_NAMES: [(&str, PathName); 2] = [("user", PathName::User), ("room", PathName::Room)];

impl FromStr for WsName {
    type Err = NotARelayValue;

    fn from_str(text: &str) -> Result<WsName, NotARelayValue> {
        find(&WS_NAMES, text, "a meaning of /ws/<name>/; use user or room").map(WsName)
    }
}

impl fmt::Display for WsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(&WS_NAMES, self.0, f)
    }
}

/// The setting `relay.anonymous`.
#[derive(Clone, Copy)]
pub(super) struct AnonymousName(Anonymous);

const ANONYMOUS: [(&str, Anonymous); 3] = [
    ("publish", Anonymous::Publish),
    ("listen", Anonymous::Listen),
    ("nothing", Anonymous::Nothing),
];

impl FromStr for AnonymousName {
    type Err = NotARelayValue;

    fn from_str(text: &str) -> Result<AnonymousName, NotARelayValue> {
        let expected = "a right of strangers; use publish, listen or nothing";
        find(&ANONYMOUS, text, expected).map(AnonymousName)
    }
}

impl fmt::Display for AnonymousName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(&ANONYMOUS, self.0, f)
    }
}

/// An element of the setting `relay.publish`.
pub(super) struct AudienceName(Audience);

impl FromStr for AudienceName {
    type Err = NotARelayValue;

    fn from_str(text: &str) -> Result<AudienceName, NotARelayValue> {
        let found = Audience::ALL.into_iter().find(|audience| audience.name() == text);
        let expected = "an audience; use broadcast, user, group or session";
        found.map(AudienceName).ok_or_else(|| not(text, expected))
    }
}

impl fmt::Display for AudienceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// The setting `relay.heartbeat`.
pub(super) struct Heartbeat(String);

impl FromStr for Heartbeat {
    type Err = NotARelayValue;

    fn from_str(text: &str) -> Result<Heartbeat, NotARelayValue> {
        let is_text = (1..=64).contains(&text.len()) && !text.chars().any(char::is_control);
        let expected = "a heartbeat: it has 1 to 64 bytes and no control characters";
        is_text.then(|| Heartbeat(text.to_owned())).ok_or_else(|| not(text, expected))
    }
}

impl fmt::Display for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The setting `relay.session_cookie`.
pub(super) struct CookieName(String);

impl FromStr for CookieName {
    type Err = NotARelayValue;

    fn from_str(text: &str) -> Result<CookieName, NotARelayValue> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let is_name = (1..=64).contains(&text.len()) && text.bytes().all(is_allowed);
        let expected = "the name of a cookie: it has 1 to 64 letters, digits, `_`, `-` or `.`";
        is_name.then(|| CookieName(text.to_owned())).ok_or_else(|| not(text, expected))
    }
}

impl fmt::Display for CookieName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Display;
    use std::str::FromStr;

    use super::{
        AnonymousName, AudienceName, Auth, CookieName, Heartbeat, NotARelayValue, Served, WsName,
    };

    fn check<T: FromStr<Err = NotARelayValue> + Display>(allowed: &[&str], refused: &[&str]) {
        for text in allowed {
            let value = text.parse::<T>().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(value.to_string(), *text, "what is printed can be read back");
        }
        for text in refused {
            let Err(error) = text.parse::<T>() else { panic!("`{text}` is allowed") };
            assert!(error.to_string().starts_with(&format!("`{text}` is not ")), "{error}");
        }
    }

    #[test]
    fn each_text_is_one_of_its_words_or_forms() {
        check::<Served>(
            &["all", "arena", "rooms", "users", "broadcast", "topics", "chat"],
            &["", "room", "All"],
        );
        check::<Auth>(
            &["none", "http://127.0.0.1:8000/whoami", "http://site/"],
            &["session", "jwt", "https://site/whoami", "site", "http://", "/whoami", ""],
        );
        check::<WsName>(&["user", "room"], &["", "users"]);
        check::<AnonymousName>(&["publish", "listen", "nothing"], &["", "none"]);
        check::<AudienceName>(&["broadcast", "user", "group", "session"], &["", "all"]);
        check::<Heartbeat>(&["--heartbeat--", "."], &["", "a\nb"]);
        check::<CookieName>(&["sessionid", "a.b-c_1"], &["", "a=b", "a b"]);
    }

    #[test]
    fn a_refusal_says_what_is_allowed() {
        let refused = |text: &str| text.parse::<Auth>().expect_err("refused").to_string();
        assert_eq!(
            refused("session"),
            "`session` is not there yet: it comes with the lobby; use none or a URL"
        );
        assert!(refused("https://a").contains("such as http://127.0.0.1:8000/whoami"));
    }
}
