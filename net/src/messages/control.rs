//! Control messages: maps with their kind in `"t"`, defined once for both formats. The messages of
//! each tick are in `tick.rs`. `docs/protocol.md` describes their meaning, and carries a hash of
//! this file.

use bolide_sim::EndReason;
use serde::{Deserialize, Serialize};

use crate::messages::event::Events;
use crate::messages::room_code::RoomCode;
use crate::messages::rules::RulesMessage;
use crate::messages::tick::{InputMessage, Private};
use crate::messages::user_text::{ChatText, PlayerName, notice_text, notice_title};
use crate::views::delta::Delta;
use crate::views::snapshot::Snapshot;
use crate::wire::coordinate::WHOLE;
use crate::wire::error::{DecodeError, ErrorCode, quoted};
use crate::wire::fields::Fields;
use crate::wire::limits::ID_CHARS_MAX;

/// The version of the protocol. An incompatible change gets a new subprotocol.
pub const PROTOCOL_VERSION: u32 = 1;

/// A message of a client, checked.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientMessage {
    /// Join a room, or take a seat again.
    Hello(Hello),
    /// An intent.
    Input(InputMessage),
    /// A chat line to the room.
    Chat(ChatText),
    /// The answer to a ping, with its number.
    Pong(u32),
    /// Send a whole snapshot next: the deltas no longer fit.
    Resync,
    /// Ready for the next match.
    Rematch,
    /// Keep new players out of the room, or admit them again.
    Lock(bool),
    /// Let bots play while a private room waits for players, or send them away.
    Bots(bool),
    /// Give the seat back.
    Leave,
}

/// The first message of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    /// The player's name.
    pub name: PlayerName,
    /// The mode to play; the server's default if none.
    pub mode: Option<String>,
    /// The room that it wants.
    pub room: WantedRoom,
    /// The token of an earlier welcome, to take that seat again.
    pub resume: Option<String>,
    /// The form in which the world is sent.
    pub sync: SyncMode,
}

/// The room that a client wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WantedRoom {
    /// Any public room of the mode, or a new one.
    #[default]
    Any,
    /// The room with this id, and no other.
    Id(String),
    /// The private room with this code.
    Code(RoomCode),
    /// A new room, even if there are others.
    New(NewRoom),
}

/// The access to a new room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NewRoom {
    /// Open to all players: it is listed, and filled like any other room.
    Public,
    /// Open to players with its code, which is in the welcome.
    Private,
}

/// The form in which a client wants the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// A whole snapshot each time. It needs the most bytes, and no memory.
    #[default]
    Full,
    /// One snapshot, then deltas with each position that changed.
    State,
    /// One snapshot, then deltas with each motion that changed, for a client that computes the
    /// positions in between. In a mode with a vision radius it is the same as `State`.
    Events,
}

/// The control messages of a client in their form on the wire.
// They are written from this type, and described by it. They are read from `Fields`, so that an
// error names its field.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(tag = "t", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ClientControl {
    /// The first message: join a room, or take a seat again.
    Hello {
        /// The player's name.
        #[cfg_attr(feature = "describe", schemars(length(min = 1, max = 24)))]
        name: String,
        /// The mode to play; the server's default if none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "describe", schemars(length(min = 1, max = 128)))]
        mode: Option<String>,
        /// A room's id, to join that room and no other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "describe", schemars(length(min = 1, max = 128)))]
        room: Option<String>,
        /// A private room's code, in any case, to join that room and no other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "describe", schemars(length(min = 6, max = 6)))]
        code: Option<String>,
        /// Open a new room, even if there are others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        create: Option<NewRoom>,
        /// The token of an earlier welcome, to take that seat again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "describe", schemars(length(min = 1, max = 128)))]
        resume: Option<String>,
        /// The form in which the world is sent; `full` if none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sync: Option<SyncMode>,
    },
    /// A line to the room.
    Chat {
        /// The line.
        #[cfg_attr(feature = "describe", schemars(length(min = 1, max = 200)))]
        text: String,
    },
    /// The answer to a ping.
    Pong {
        /// The number of the ping.
        nonce: u32,
    },
    /// Send a whole snapshot next: the deltas no longer fit.
    Resync {},
    /// Ready for the next match.
    Rematch {},
    /// Keep new players out of the room, or admit them again.
    Lock {
        /// True if new players are kept out.
        locked: bool,
    },
    /// Let bots play while a private room waits for players, or send them away.
    Bots {
        /// True if they play.
        wanted: bool,
    },
    /// Give the seat back.
    Leave {},
}

impl TryFrom<Fields<'_>> for ClientMessage {
    type Error = DecodeError;

    fn try_from(mut fields: Fields<'_>) -> Result<ClientMessage, DecodeError> {
        let kind = fields.text("t", "the kind of the message, as \"hello\"")?;
        match &*kind {
            "hello" => Hello::read(fields).map(ClientMessage::Hello),
            "chat" => {
                fields.only("chat", &["text"])?;
                let text = fields.text("text", "a text of 1 to 200 characters")?;
                ChatText::parse(&text).map(ClientMessage::Chat)
            }
            "pong" => {
                fields.only("pong", &["nonce"])?;
                let nonce = fields.number("nonce", "the number of the ping")?;
                nonce.to_integer("nonce", u32::MAX, WHOLE).map(ClientMessage::Pong)
            }
            "resync" => fields.only("resync", &[]).map(|()| ClientMessage::Resync),
            "rematch" => fields.only("rematch", &[]).map(|()| ClientMessage::Rematch),
            "lock" => {
                fields.only("lock", &["locked"])?;
                fields.bool("locked").map(ClientMessage::Lock)
            }
            "bots" => {
                fields.only("bots", &["wanted"])?;
                fields.bool("wanted").map(ClientMessage::Bots)
            }
            "leave" => fields.only("leave", &[]).map(|()| ClientMessage::Leave),
            unknown => Err(DecodeError::UnknownMessage(quoted(unknown))),
        }
    }
}

impl Hello {
    fn read(mut fields: Fields<'_>) -> Result<Hello, DecodeError> {
        fields.only("hello", &["name", "mode", "room", "code", "create", "resume", "sync"])?;
        let name = fields.text("name", "a text of 1 to 24 characters")?;
        let [mode, room, resume] = ["mode", "room", "resume"].map(|field| id(&mut fields, field));
        let code = fields.optional_text("code", "a text of 6 letters and digits")?;
        let create = fields.optional_word("create", "\"public\" or \"private\"")?;
        let sync = fields.optional_word("sync", "\"full\", \"state\" or \"events\"")?;
        Ok(Hello {
            name: PlayerName::parse(&name)?,
            mode: mode?,
            room: WantedRoom::of(room?, code.as_deref(), create)?,
            resume: resume?,
            sync: sync.unwrap_or_default(),
        })
    }
}

impl WantedRoom {
    fn of(
        room: Option<String>,
        code: Option<&str>,
        create: Option<NewRoom>,
    ) -> Result<WantedRoom, DecodeError> {
        match (room, code, create) {
            (None, None, None) => Ok(WantedRoom::Any),
            (Some(room), None, None) => Ok(WantedRoom::Id(room)),
            (None, Some(code), None) => RoomCode::parse(code).map(WantedRoom::Code),
            (None, None, Some(create)) => Ok(WantedRoom::New(create)),
            _ => Err(DecodeError::Malformed(
                "`room`, `code` and `create` exclude each other; allowed is one of them or none"
                    .to_owned(),
            )),
        }
    }
}

fn id(fields: &mut Fields<'_>, field: &'static str) -> Result<Option<String>, DecodeError> {
    let Some(text) = fields.optional_text(field, "a text of 1 to 128 characters")? else {
        return Ok(None);
    };
    let length = text.chars().count();
    if (1..=ID_CHARS_MAX).contains(&length) {
        return Ok(Some(text.into_owned()));
    }
    let value = format!("{length} characters long");
    Err(DecodeError::OutOfRange { field, value, allowed: "1 to 128 characters" })
}

/// A message of a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "describe",
    derive(schemars::JsonSchema, ts_rs::TS),
    ts(rename = "ServerControl")
)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The answer to `hello`.
    Welcome(Box<Welcome>),
    /// The players in the room.
    Roster {
        /// All players, by player id.
        players: Vec<RosterEntry>,
    },
    /// A new match, which waits for its players.
    Match {
        /// The match's UUID.
        id: String,
        /// The number of the match in this room, from 1.
        number: u32,
        /// The ids of the players that take part.
        seats: Vec<u16>,
    },
    /// A chat line.
    Chat {
        /// The id of the player that wrote it.
        from: u16,
        /// The name of that player.
        name: String,
        /// The line.
        text: String,
    },
    /// The match is over.
    Result {
        /// The player id of the winner; none in a draw.
        winner: Option<u16>,
        /// The reason for the end.
        reason: MatchEndReason,
        /// The places of all players, best first.
        placements: Vec<Placement>,
        /// Ticks until the next match begins on its own.
        next_in_ticks: u32,
    },
    /// The match is resumed after a failure of the server, and waits for its players.
    Paused {
        /// The ids of the players that are not back yet. If it is empty, the match continues now.
        missing: Vec<u16>,
        /// Ticks until it continues without them.
        ticks_left: u32,
    },
    /// The lock of the room, and the player that may change it. Sent only in rooms that a client
    /// asked to open.
    Lock {
        /// True if new players are kept out.
        locked: bool,
        /// The id of the player that created the room; none once that seat is free.
        creator: Option<u16>,
    },
    /// The bots of a match that waits.
    Bots {
        /// The number of players that bots fill a match up to; 0 if there are no bots.
        fill_to: u16,
        /// True if they come. In a private room they come once a player has asked for them.
        wanted: bool,
    },
    /// The player whose view the seat is sent, in a mode with a vision radius. In each match it is
    /// the seat's own player until this message says otherwise.
    Sight {
        /// The id of the player; none for all of the world.
        of: Option<u16>,
    },
    /// A notice to the people who are here, from who runs the server or from the site that it
    /// belongs to.
    Notice {
        /// The id of the notice, unique on this server.
        id: String,
        /// The kind of the notice.
        level: NoticeLevel,
        /// The title, if it has one.
        title: Option<String>,
        /// The text.
        text: String,
    },
    /// Measures the round trip. The client answers with `pong` at once.
    Ping {
        /// The number that the answer repeats.
        nonce: u32,
    },
    /// An error.
    Error {
        /// Stable: one of [`ErrorCode`].
        code: String,
        /// A text for people.
        message: String,
    },
    /// The part of the world that a client may see.
    #[serde(skip)]
    Snapshot(Snapshot),
    /// The difference between the last snapshot and the next.
    #[serde(skip)]
    Delta(Delta),
    /// Information for one seat only.
    #[serde(skip)]
    Private(Private),
    /// The events of a tick.
    #[serde(skip)]
    Events(Events),
}

impl ServerMessage {
    /// Returns an `error` message.
    #[must_use]
    pub fn error(code: ErrorCode, message: impl Into<String>) -> ServerMessage {
        ServerMessage::Error { code: code.as_str().to_owned(), message: message.into() }
    }

    /// Returns a `notice` message. Title and text are cleaned like a line of chat.
    ///
    /// # Errors
    /// Nothing is left of one of them, or it is too long.
    pub fn notice(
        id: String,
        level: NoticeLevel,
        title: Option<&str>,
        text: &str,
    ) -> Result<ServerMessage, DecodeError> {
        let title = title.map(notice_title).transpose()?;
        Ok(ServerMessage::Notice { id, level, title, text: notice_text(text)? })
    }
}

/// The kind of a notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    /// Good to know.
    #[default]
    Info,
    /// Something to act on.
    Warning,
    /// The server will stop, or be slower than usual.
    Maintenance,
}

/// The answer to `hello`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Welcome {
    /// The version of the protocol: [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// [`crate::SCHEMA_HASH`] of the server, as 16 hex digits.
    pub schema: String,
    /// Name and version of the server.
    pub server: String,
    /// The room's id.
    pub room: String,
    /// The room's code if it is private.
    pub code: Option<String>,
    /// The mode's name.
    pub mode: String,
    /// Your player id.
    pub seat: u16,
    /// The token that takes this seat again after a lost connection.
    pub resume: String,
    /// The number of the newest input that the server has from this seat. The numbers of the next
    /// inputs continue from it.
    pub seq: u32,
    /// Ticks per second.
    pub tick_rate: u32,
    /// Ticks that a seat is kept after its connection is lost.
    #[serde(default)]
    pub grace_ticks: u32,
    /// The rules of the mode.
    pub rules: RulesMessage,
}

/// A player in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct RosterEntry {
    /// The player id.
    pub id: u16,
    /// The name.
    pub name: String,
    /// True if it is a bot.
    pub bot: bool,
    /// True if it has a connection now.
    pub connected: bool,
    /// True if it did nothing in a match. It watches until it sends something.
    #[serde(default)]
    pub idle: bool,
    /// True if it has asked for the next match since the last one ended.
    #[serde(default)]
    pub ready: bool,
}

/// One line of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Placement {
    /// The player id.
    pub id: u16,
    /// 1 is best. Equal players share a place.
    pub place: u16,
    /// The number of hits by its fireballs.
    pub hits: u16,
    /// The number of players that it killed.
    pub kills: u16,
}

/// The reason for the end of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum MatchEndReason {
    /// At most one player was left.
    LastStanding,
    /// The time was up.
    TimeLimit,
}

impl From<EndReason> for MatchEndReason {
    fn from(reason: EndReason) -> MatchEndReason {
        match reason {
            EndReason::LastStanding => MatchEndReason::LastStanding,
            EndReason::TimeLimit => MatchEndReason::TimeLimit,
        }
    }
}
