//! The messages, once for both formats. Control messages are maps with their kind in `"t"`; the hot ones are in
//! `hot.rs`. What they mean is told in `docs/protocol.md`, which carries the hash of this file.

use bolide_sim::{EndReason, Rules, Spawn, Walls};
use serde::{Deserialize, Serialize};

use crate::delta::Delta;
use crate::error::{DecodeError, ErrorCode};
use crate::hot::{Events, InputMessage, Private, Snapshot};
use crate::limits::ID_CHARS_MAX;
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
    /// A room's id, to join that room and no other.
    pub room: Option<String>,
    /// The token of an earlier welcome, to take that seat again.
    pub resume: Option<String>,
    /// How the world is to be sent.
    pub sync: SyncMode,
}

/// How a client wants the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// A whole snapshot each time: nothing to remember, the most bytes.
    #[default]
    Full,
    /// A snapshot once, then deltas, with every place of every tick.
    State,
}

/// Control messages of a client as they stand on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ClientControl {
    Hello {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<String>,
        #[serde(default)]
        sync: SyncMode,
    },
    Chat {
        text: String,
    },
    Pong {
        nonce: u32,
    },
    Resync {},
    Rematch {},
    Leave {},
}

/// The kinds of [`ClientControl`], for telling an unknown message from a malformed one.
pub(crate) const CLIENT_CONTROLS: [&str; 6] =
    ["hello", "chat", "pong", "resync", "rematch", "leave"];

/// Everything a client may send, for error texts.
pub(crate) const CLIENT_MESSAGES: &str =
    "hello, chat, pong, resync, rematch, leave and the hot message 1 (input)";

impl TryFrom<ClientControl> for ClientMessage {
    type Error = DecodeError;

    fn try_from(control: ClientControl) -> Result<ClientMessage, DecodeError> {
        Ok(match control {
            ClientControl::Hello { name, mode, room, resume, sync } => {
                ClientMessage::Hello(Hello {
                    name: PlayerName::parse(&name)?,
                    mode: id("mode", mode)?,
                    room: id("room", room)?,
                    resume: id("resume", resume)?,
                    sync,
                })
            }
            ClientControl::Chat { text } => ClientMessage::Chat(ChatText::parse(&text)?),
            ClientControl::Pong { nonce } => ClientMessage::Pong(nonce),
            ClientControl::Resync {} => ClientMessage::Resync,
            ClientControl::Rematch {} => ClientMessage::Rematch,
            ClientControl::Leave {} => ClientMessage::Leave,
        })
    }
}

fn id(field: &'static str, text: Option<String>) -> Result<Option<String>, DecodeError> {
    match text {
        Some(text) if text.is_empty() || text.chars().count() > ID_CHARS_MAX => {
            Err(DecodeError::OutOfRange {
                field,
                value: format!("{} characters long", text.chars().count()),
                allowed: "1 to 128 characters",
            })
        }
        text => Ok(text),
    }
}

/// What a server may say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// To be answered with `pong` at once; measures the round trip.
    Ping {
        /// The number that the answer repeats.
        nonce: u32,
    },
    /// Something was wrong.
    Error {
        /// One of [`ErrorCode`].
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
pub struct Welcome {
    /// [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// [`crate::SCHEMA_HASH`] as 16 hex digits.
    pub schema: String,
    /// Name and version of the server.
    pub server: String,
    /// The room's id.
    pub room: String,
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
    /// Every number of the mode.
    pub rules: RulesMessage,
}

/// Who is in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterEntry {
    /// The player id.
    pub id: u16,
    /// The name.
    pub name: String,
    /// Whether the simulation plays it.
    pub bot: bool,
    /// Whether it has a connection now.
    pub connected: bool,
}

/// One line of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Every number of a mode; units and seconds as in [`Rules`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is documented in bolide_sim::Rules")]
pub struct RulesMessage {
    pub capacity: u16,
    pub fight_at: u16,
    pub arena_width: f32,
    pub arena_height: f32,
    pub health: u16,
    pub hit_damage: u16,
    pub dead_at: u16,
    pub radius_per_health: f32,
    pub walk_speed: f32,
    pub fireball_radius: f32,
    pub fireball_speed: f32,
    pub fireball_range: f32,
    pub fireball_cooldown_s: f32,
    pub blink_range: f32,
    pub blink_cooldown_s: f32,
    pub knockback_speed: f32,
    pub knockback_kept: f32,
    pub knockback_ends_below: f32,
    pub walls: String,
    pub spawn: String,
    pub countdown_s: f32,
    pub time_limit_s: f32,
    pub lag_compensation: bool,
    pub vision_radius: Option<f32>,
    pub zone: Option<ZoneMessage>,
}

/// The closing zone of a mode; units and seconds as in [`bolide_sim::Zone`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is documented in bolide_sim::Zone")]
pub struct ZoneMessage {
    pub waits_s: f32,
    pub closes_s: f32,
    pub end_radius: f32,
    pub damage: u16,
}

impl RulesMessage {
    /// Whether all numbers are numbers: 1e39 becomes infinity in an f32, in both formats.
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        let floats = [
            self.arena_width,
            self.arena_height,
            self.radius_per_health,
            self.walk_speed,
            self.fireball_radius,
            self.fireball_speed,
            self.fireball_range,
            self.fireball_cooldown_s,
            self.blink_range,
            self.blink_cooldown_s,
            self.knockback_speed,
            self.knockback_kept,
            self.knockback_ends_below,
            self.countdown_s,
            self.time_limit_s,
        ];
        let zone = self.zone.map(|zone| [zone.waits_s, zone.closes_s, zone.end_radius]);
        let optional = zone.into_iter().flatten().chain(self.vision_radius);
        match floats.into_iter().chain(optional).find(|float| !float.is_finite()) {
            None => Ok(()),
            Some(float) => Err(DecodeError::OutOfRange {
                field: "rules",
                value: float.to_string(),
                allowed: "finite numbers",
            }),
        }
    }
}

impl From<&Rules> for RulesMessage {
    fn from(rules: &Rules) -> RulesMessage {
        let walls = match rules.walls {
            Walls::Solid => "solid",
            Walls::Open => "open",
        };
        let spawn = match rules.spawn {
            Spawn::Spread => "spread",
            Spawn::Centre => "centre",
        };
        RulesMessage {
            capacity: rules.capacity,
            fight_at: rules.fight_at,
            arena_width: rules.arena_width,
            arena_height: rules.arena_height,
            health: rules.health,
            hit_damage: rules.hit_damage,
            dead_at: rules.dead_at,
            radius_per_health: rules.radius_per_health,
            walk_speed: rules.walk_speed,
            fireball_radius: rules.fireball_radius,
            fireball_speed: rules.fireball_speed,
            fireball_range: rules.fireball_range,
            fireball_cooldown_s: rules.fireball_cooldown_s,
            blink_range: rules.blink_range,
            blink_cooldown_s: rules.blink_cooldown_s,
            knockback_speed: rules.knockback_speed,
            knockback_kept: rules.knockback_kept,
            knockback_ends_below: rules.knockback_ends_below,
            walls: walls.to_owned(),
            spawn: spawn.to_owned(),
            countdown_s: rules.countdown_s,
            time_limit_s: rules.time_limit_s,
            lag_compensation: rules.lag_compensation,
            vision_radius: rules.vision_radius,
            zone: rules.zone.map(|zone| ZoneMessage {
                waits_s: zone.waits_s,
                closes_s: zone.closes_s,
                end_radius: zone.end_radius,
                damage: zone.damage,
            }),
        }
    }
}
