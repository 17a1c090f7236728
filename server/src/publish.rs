//! Texts of a backend or of the operator to people: what they may be, and whom they reach. Who may
//! publish is decided by the callers.

pub(crate) mod repeats;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bolide_lobby::{Recipient, Topic};
use bolide_net::limits::NOTICE_BYTES_MAX;
use bolide_net::{NoticeLevel, ServerMessage};
use bolide_room::RoomId;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::info;

use self::repeats::Repeats;
use crate::config::Modes;
use crate::directory::Directory;
use crate::lobby::handle::LobbyHandle;
use crate::lobby::session_key::session_key;
use crate::rooms::{Notice, NoticeTo};
use crate::shard::handle::{ShardCommand, ShardHandle};

/// The facility that players listen to, and that a text is for if it names none.
pub(crate) const NOTIFICATIONS: &str = "notifications";

/// Names of users, groups or sessions that one text may be for.
const RECEIVERS_MAX: usize = 1000;

/// Characters of a facility, or of the name of a user, a group or a session.
const NAME_CHARS_MAX: usize = 255;

/// Longest time that a text is kept as the last one of its channel: a year.
const EXPIRE_S_MAX: u32 = 365 * 24 * 3600;

/// The time that the threads have to report whom they reached.
const PATIENCE: Duration = Duration::from_secs(1);

/// A text to be published, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publish {
    to: To,
    facility: String,
    text: String,
    title: Option<String>,
    level: NoticeLevel,
    /// Seconds for which it is kept as the last one of its channels.
    expire_s: Option<u32>,
}

/// The people that a text is for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum To {
    /// Everybody.
    All(bool),
    /// Users by name.
    Users(Vec<String>),
    /// The members of groups, by the names of the groups.
    Groups(Vec<String>),
    /// Browsers, by the values of their session cookies.
    Sessions(Vec<String>),
    /// The players in all rooms of a mode.
    Mode(String),
    /// The players in a room.
    Room(String),
}

/// The answer to a text that was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The id of the notice.
    pub id: String,
    /// The sockets that it was sent to.
    pub reached: usize,
}

/// The reason why a text is not published. It displays as a sentence for its sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PublishError {
    #[error("the body is not what is allowed: {0}")]
    Malformed(String),
    #[error("{0}")]
    Text(String),
    #[error("{field} {is}; allowed is {allowed}")]
    OutOfRange { field: &'static str, is: String, allowed: String },
    #[error("`keep` comes with the lobby; leave it out or set it to false")]
    Keep,
    #[error("there is no room `{0}`; GET /api/v1/rooms lists the public ones")]
    UnknownRoom(String),
}

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    to: To,
    facility: Option<String>,
    text: String,
    title: Option<String>,
    #[serde(default)]
    level: NoticeLevel,
    #[serde(default)]
    keep: bool,
    expire_s: Option<u32>,
}

impl Publish {
    /// Reads the JSON body of a request.
    ///
    /// # Errors
    /// It is not JSON, or a field of it is missing, unknown or out of range.
    pub(crate) fn read(body: &[u8]) -> Result<Publish, PublishError> {
        let body: Body = serde_json::from_slice(body)
            .map_err(|error| PublishError::Malformed(error.to_string()))?;
        if body.keep {
            return Err(PublishError::Keep);
        }
        let facility = body.facility.unwrap_or_else(|| NOTIFICATIONS.to_owned());
        let Body { to, text, title, level, expire_s, .. } = body;
        let publish = Publish { to, facility, text, title, level, expire_s };
        publish.check()?;
        Ok(publish)
    }

    /// Returns a notice of the operator to everybody.
    ///
    /// # Errors
    /// Text or title are empty or too long.
    pub(crate) fn notice(
        text: String,
        title: Option<String>,
        level: NoticeLevel,
    ) -> Result<Publish, PublishError> {
        let (to, facility) = (To::All(true), NOTIFICATIONS.to_owned());
        let publish = Publish { to, facility, text, title, level, expire_s: None };
        publish.check()?;
        Ok(publish)
    }

    fn check(&self) -> Result<(), PublishError> {
        let bytes = self.text.len();
        if !(1..=NOTICE_BYTES_MAX).contains(&bytes) {
            let allowed = format!("1 to {NOTICE_BYTES_MAX} bytes");
            return Err(out_of_range("text", format!("has {bytes} bytes"), allowed));
        }
        check_name("facility", &self.facility)?;
        match &self.to {
            To::All(true) | To::Mode(_) | To::Room(_) => {}
            To::All(false) => return Err(out_of_range("to.all", "is false", "true")),
            To::Users(names) => check_names("to.users", names)?,
            To::Groups(names) => check_names("to.groups", names)?,
            To::Sessions(names) => check_names("to.sessions", names)?,
        }
        if self.expire_s.is_some_and(|seconds| seconds > EXPIRE_S_MAX) {
            let allowed = format!("0 to {EXPIRE_S_MAX} s");
            return Err(out_of_range("expire_s", "is too long", allowed));
        }
        // A notice must be visible.
        if self.notice_to().is_some() || self.title.is_some() {
            self.message(String::new())?;
        }
        Ok(())
    }

    /// Returns the rooms whose players get it, if there are any.
    fn notice_to(&self) -> Option<NoticeTo> {
        match &self.to {
            To::All(_) if self.facility == NOTIFICATIONS => Some(NoticeTo::All),
            To::Mode(mode) => Some(NoticeTo::Mode(mode.clone())),
            To::Room(room) => Some(NoticeTo::Room(RoomId::known(room))),
            To::All(_) | To::Users(_) | To::Groups(_) | To::Sessions(_) => None,
        }
    }

    /// Returns the channels whose pages get it, if there are any.
    fn topics(&self) -> Vec<Topic> {
        let recipients: Vec<Recipient> = match &self.to {
            To::All(_) => vec![Recipient::Everybody],
            To::Users(names) => names.iter().cloned().map(Recipient::User).collect(),
            To::Groups(names) => names.iter().cloned().map(Recipient::Group).collect(),
            To::Sessions(cookies) => {
                cookies.iter().map(|cookie| Recipient::Session(session_key(cookie))).collect()
            }
            To::Mode(_) | To::Room(_) => Vec::new(),
        };
        let topic = |to| Topic { facility: self.facility.clone(), to };
        recipients.into_iter().map(topic).collect()
    }

    fn message(&self, id: String) -> Result<ServerMessage, PublishError> {
        ServerMessage::notice(id, self.level, self.title.as_deref(), &self.text)
            .map_err(|error| PublishError::Text(error.to_string()))
    }
}

fn check_names(field: &'static str, names: &[String]) -> Result<(), PublishError> {
    if !(1..=RECEIVERS_MAX).contains(&names.len()) {
        let allowed = format!("1 to {RECEIVERS_MAX} names");
        return Err(out_of_range(field, format!("has {} names", names.len()), allowed));
    }
    names.iter().try_for_each(|name| check_name(field, name))
}

fn check_name(field: &'static str, name: &str) -> Result<(), PublishError> {
    let length = name.chars().count();
    if (1..=NAME_CHARS_MAX).contains(&length) {
        return Ok(());
    }
    let is = format!("has a name of {length} characters");
    Err(out_of_range(field, is, format!("1 to {NAME_CHARS_MAX}")))
}

fn out_of_range(
    field: &'static str,
    is: impl Into<String>,
    allowed: impl Into<String>,
) -> PublishError {
    PublishError::OutOfRange { field, is: is.into(), allowed: allowed.into() }
}

impl fmt::Display for To {
    /// Writes what is logged: no name of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            To::All(_) => f.write_str("all"),
            To::Users(names) => write!(f, "{} users", names.len()),
            To::Groups(names) => write!(f, "{} groups", names.len()),
            To::Sessions(names) => write!(f, "{} sessions", names.len()),
            To::Mode(mode) => write!(f, "mode {mode:?}"),
            To::Room(room) => write!(f, "room {room:?}"),
        }
    }
}

/// Publishes texts.
#[derive(Debug)]
pub(crate) struct Publisher {
    /// The answers to texts that may be sent again.
    pub(crate) repeats: Repeats,
    shards: Vec<ShardHandle>,
    directory: Arc<Directory>,
    modes: Modes,
    lobby: LobbyHandle,
}

impl Publisher {
    /// Creates a publisher to the players of these shards, and the pages of this lobby.
    pub(crate) fn new(
        shards: &[ShardHandle],
        directory: &Arc<Directory>,
        modes: &Modes,
        lobby: &LobbyHandle,
    ) -> Publisher {
        Publisher {
            repeats: Repeats::default(),
            shards: shards.to_vec(),
            directory: Arc::clone(directory),
            modes: modes.clone(),
            lobby: lobby.clone(),
        }
    }

    /// Checks that the mode and the room of a text are there.
    pub(crate) fn check(&self, publish: &Publish) -> Result<(), PublishError> {
        match &publish.to {
            To::Mode(mode) if self.modes.get(mode).is_none() => {
                let allowed = format!("one of {}", self.modes.all_names());
                Err(out_of_range("to.mode", format!("is {mode:?}"), allowed))
            }
            To::Room(room) if self.directory.shard_of(&RoomId::known(room)).is_none() => {
                Err(PublishError::UnknownRoom(room.chars().take(60).collect()))
            }
            _ => Ok(()),
        }
    }

    /// Publishes a text, which is logged as an act of `by`.
    pub(crate) async fn publish(&self, publish: &Publish, by: &str) -> Published {
        let id = next_id();
        let reached = match publish.notice_to().zip(publish.message(id.clone()).ok()) {
            Some((to, message)) => self.notify(Notice::new(to, &message)).await,
            None => 0,
        };
        let reached = reached + self.cast(publish).await;
        let (to, facility, level) = (&publish.to, &publish.facility, publish.level);
        info!(by, id, %to, facility, ?level, reached, "published");
        Published { id, reached }
    }

    /// Casts a text to the pages that subscribe to its channels, and returns their number.
    async fn cast(&self, publish: &Publish) -> usize {
        let (topics, text, expire_s) = (publish.topics(), publish.text.clone(), publish.expire_s);
        if topics.is_empty() {
            return 0;
        }
        let cast =
            self.lobby.ask(move |lobby, now| lobby.handle_publish(&topics, &text, expire_s, now));
        timeout(PATIENCE, cast).await.ok().flatten().unwrap_or(0)
    }

    /// Tells a notice to the players that it is for, and returns their number. What a shard does
    /// not report in time is not in it.
    async fn notify(&self, notice: Notice) -> usize {
        let (notice, until) = (Arc::new(notice), Instant::now() + PATIENCE);
        let mut reports = Vec::new();
        for shard in &self.shards {
            let (reached, report) = oneshot::channel();
            let command = ShardCommand::Notify { notice: Arc::clone(&notice), reached };
            // A shard that has ended has no clients.
            if let Ok(Ok(())) = timeout_at(until, shard.send(command)).await {
                reports.push(report);
            }
        }
        let mut all = 0;
        for report in reports {
            if let Ok(Ok(reached)) = timeout_at(until, report).await {
                all += reached;
            }
        }
        all
    }
}

/// Returns an id that no other notice has, also not one of the process before.
fn next_id() -> String {
    static NEWEST: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = u64::try_from(now).unwrap_or(0);
    let next = |newest: u64| Some(now.max(newest + 1));
    let before = NEWEST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    format!("n{}", before.ok().and_then(next).unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use super::{Publish, next_id};

    fn refused(body: &str) -> String {
        Publish::read(body.as_bytes()).expect_err(body).to_string()
    }

    #[test]
    fn a_body_is_read_or_refused_with_what_is_allowed() {
        for body in [
            r#"{"to":{"all":true},"text":"hello"}"#,
            r#"{"to":{"users":["john","小明"]},"facility":"deep/er/f","text":"{\"a\":1}"}"#,
            r#"{"to":{"groups":["g"]},"text":"x","title":"T","level":"warning","expire_s":0}"#,
            r#"{"to":{"mode":"duel"},"text":"x","keep":false,"expire_s":31536000}"#,
        ] {
            Publish::read(body.as_bytes()).expect(body);
        }
        let long = format!(r#"{{"to":{{"all":true}},"text":"{}"}}"#, "x".repeat(4097));
        let many = format!(r#"{{"to":{{"users":[{}"x"]}},"text":"x"}}"#, r#""x","#.repeat(1000));
        for (body, expect) in [
            ("", "the body is not what is allowed: EOF while parsing"),
            (r#"{"to":{"all":true}}"#, "the body is not what is allowed: missing field `text`"),
            (
                r#"{"to":{"all":true},"text":"x","txt":1}"#,
                "the body is not what is allowed: unknown field `txt`, expected one of `to`",
            ),
            (
                r#"{"to":{"everyone":true},"text":"x"}"#,
                "the body is not what is allowed: unknown variant `everyone`, expected one of `all`, `users`",
            ),
            (
                r#"{"to":{"all":true},"text":"x","level":"fatal"}"#,
                "the body is not what is allowed: unknown variant `fatal`, expected one of `info`, `warning`, `maintenance`",
            ),
            (r#"{"to":{"all":false},"text":"x"}"#, "to.all is false; allowed is true"),
            (r#"{"to":{"all":true},"text":""}"#, "text has 0 bytes; allowed is 1 to 4096 bytes"),
            (&long, "text has 4097 bytes; allowed is 1 to 4096 bytes"),
            (
                r#"{"to":{"all":true},"text":"\u200b"}"#,
                "text is of nothing that can be seen; allowed is 1 to 4096 characters",
            ),
            (
                r#"{"to":{"users":[]},"text":"x"}"#,
                "to.users has 0 names; allowed is 1 to 1000 names",
            ),
            (&many, "to.users has 1001 names; allowed is 1 to 1000 names"),
            (
                r#"{"to":{"users":[""]},"text":"x"}"#,
                "to.users has a name of 0 characters; allowed is 1 to 255",
            ),
            (r#"{"to":{"all":true},"text":"x","keep":true}"#, "`keep` comes with the lobby"),
            (
                r#"{"to":{"all":true},"text":"x","expire_s":31536001}"#,
                "expire_s is too long; allowed is 0 to 31536000 s",
            ),
        ] {
            let told = refused(body);
            assert!(told.starts_with(expect), "{told:?} is not {expect:?}");
        }
    }

    #[test]
    fn no_id_comes_twice() {
        let mut ids: Vec<String> = (0..1000).map(|_| next_id()).collect();
        ids.dedup();
        assert_eq!(ids.len(), 1000);
    }
}
