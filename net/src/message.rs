//! The messages, once for both formats. Control messages are maps with their kind in `"t"`; the hot ones are in
//! `hot.rs`. What they mean is told in `docs/protocol.md`, which carries the hash of this file.

use bolide_sim::EndReason;
use serde::{Deserialize, Serialize};

use crate::code::RoomCode;
use crate::delta::Delta;
use crate::error::{DecodeError, ErrorCode, quoted};
use crate::event::Events;
use crate::fields::Fields;
use crate::grid::WHOLE;
use crate::hot::{InputMessage, Private, Snapshot};
use crate::limits::ID_CHARS_MAX;
use crate::rules::RulesMessage;
use crate::text::{ChatText, PlayerName};

/// The version of the protocol. What is incompatible gets a new subprotocol.
pub const PROTOCOL_VERSION: u32 = 1;

/// What a client may say, checked.
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
    /// Let nobody new into the room, or let them in again.
    Lock(bool),
    /// Let bots play meanwhile in a private room that waits, or send them away.
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
    /// Which room it wants.
    pub room: WantedRoom,
    /// The token of an earlier welcome, to take that seat again.
    pub resume: Option<String>,
    /// How the world is to be sent.
    pub sync: SyncMode,
}

/// Which room a client wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WantedRoom {
    /// Any of the mode that is open to all, or a new one.
    #[default]
    Any,
    /// That one and no other, by its id.
    Id(String),
    /// The private one with this code.
    Code(RoomCode),
    /// A new one, whatever others there are.
    New(NewRoom),
}

/// Who may come into a new room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NewRoom {
    /// Everybody: it is listed, and filled like any other.
    Public,
    /// Who has its code, which is in the welcome.
    Private,
}

/// How a client wants the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// A whole snapshot each time: nothing to remember, the most bytes.
    #[default]
    Full,
    /// A snapshot once, then deltas, with every place of every tick.
    State,
    /// A snapshot once, then deltas, with what changes a motion: for a client that computes the places in between. Where a
    /// vision radius hides something it is as `State`.
    Events,
}

/// Control messages of a client as they stand on the wire.
// They are written from this and described by it. They are read from `Fields`, so that an error names its field.
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
        /// Open a new room, whatever others there are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        create: Option<NewRoom>,
        /// The token of an earlier welcome, to take that seat again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "describe", schemars(length(min = 1, max = 128)))]
        resume: Option<String>,
        /// How the world is to be sent; `full` if none.
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
    /// Let nobody new into the room, or let them in again.
    Lock {
        /// Whether nobody new may come in.
        locked: bool,
    },
    /// Let bots play meanwhile in a private room that waits, or send them away.
    Bots {
        /// Whether they play.
        wanted: bool,
    },
    /// Give the seat back.
    Leave {},
}

/// Everything a client may send, for error texts.
pub(crate) const CLIENT_MESSAGES: &str =
    "hello, chat, pong, resync, rematch, lock, bots, leave and the hot message 1 (input)";

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

/// What a server may say.
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
    /// Who is in the room.
    Roster {
        /// Everyone, by player id.
        players: Vec<RosterEntry>,
    },
    /// A match gathers.
    Match {
        /// The match's UUID.
        id: String,
        /// Counts the matches of this room from 1.
        number: u32,
        /// The player ids that take part.
        seats: Vec<u16>,
    },
    /// A chat line.
    Chat {
        /// The player id of whoever wrote it.
        from: u16,
        /// Their name.
        name: String,
        /// The line.
        text: String,
    },
    /// The match is over.
    Result {
        /// The player id of the winner; none in a draw.
        winner: Option<u16>,
        /// What ended it.
        reason: MatchEndReason,
        /// Everyone's place, best first.
        placements: Vec<Placement>,
        /// Ticks until the next match begins by itself.
        next_in_ticks: u32,
    },
    /// The match goes on after a failure of the server, and waits for its players.
    Paused {
        /// The player ids of those who are not back yet; nobody: it goes on now.
        missing: Vec<u16>,
        /// Ticks until it goes on without them.
        ticks_left: u32,
    },
    /// Whether the room is locked, and who may change that. Only of rooms that somebody asked to be opened.
    Lock {
        /// Whether nobody new may come in.
        locked: bool,
        /// The player id of whoever created the room; nobody once that seat is free.
        creator: Option<u16>,
    },
    /// Whether bots come to a match that waits.
    Bots {
        /// Players that bots fill a match up to; 0 where there are no bots.
        fill_to: u16,
        /// Whether they come; in a private room as soon as somebody asks for them.
        wanted: bool,
    },
    /// Whose sight the seat is told, where a vision radius hides the rest. Its own in each match until this says otherwise.
    Sight {
        /// The player id; nobody: all of the world.
        of: Option<u16>,
    },
    /// To be answered with `pong` at once; measures the round trip.
    Ping {
        /// The number that the answer repeats.
        nonce: u32,
    },
    /// Something was wrong.
    Error {
        /// Stable: one of [`ErrorCode`].
        code: String,
        /// For people.
        message: String,
    },
    /// All of the world that a client may see.
    #[serde(skip)]
    Snapshot(Snapshot),
    /// What turns the last snapshot into the next.
    #[serde(skip)]
    Delta(Delta),
    /// What only one seat is told.
    #[serde(skip)]
    Private(Private),
    /// What happened in a tick.
    #[serde(skip)]
    Events(Events),
}

impl ServerMessage {
    /// An `error` message.
    #[must_use]
    pub fn error(code: ErrorCode, message: impl Into<String>) -> ServerMessage {
        ServerMessage::Error { code: code.as_str().to_owned(), message: message.into() }
    }
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
    /// The number of the newest input that the server has from this seat; yours go on from there.
    pub seq: u32,
    /// Ticks per second.
    pub tick_rate: u32,
    /// Ticks that a seat is kept after its connection is lost.
    #[serde(default)]
    pub grace_ticks: u32,
    /// Every number of the mode.
    pub rules: RulesMessage,
}

/// Who is in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct RosterEntry {
    /// The player id.
    pub id: u16,
    /// The name.
    pub name: String,
    /// Whether the simulation plays it.
    pub bot: bool,
    /// Whether it has a connection now.
    pub connected: bool,
    /// Whether it did nothing in a match, and watches until it says something.
    #[serde(default)]
    pub idle: bool,
    /// Whether it has asked for the next match, since the last one is over.
    #[serde(default)]
    pub ready: bool,
}

/// One line of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Placement {
    /// The player id.
    pub id: u16,
    /// 1 is best; equal ones share a place.
    pub place: u16,
    /// How often its fireballs hit.
    pub hits: u16,
    /// How many it finished off.
    pub kills: u16,
}

/// What ended a match.
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
