//! Every byte on the wire: messages, the two codecs, snapshots, limits, close codes. Sans-I/O:
//! bytes in, values out, and back. It must not name a socket, a clock or a room. The meaning of the
//! messages is described in `docs/protocol.md`.
//!
//! Start at [`Codec`], which turns a frame into a [`ClientMessage`] or a [`ServerMessage`], and
//! back. `wire` is about bytes, `messages` about types and the values that they may have, `views`
//! about the state of a match as a receiver sees it, `relay` about the pages of old relays.

#![forbid(unsafe_code)]

#[cfg(feature = "describe")]
pub mod describe;
pub mod fuzzing;
mod messages;
pub mod relay;
mod views;
mod wire;

pub use messages::control::{
    ClientMessage, Hello, MatchEndReason, NewRoom, NoticeLevel, PROTOCOL_VERSION, Placement,
    RosterEntry, ServerMessage, SyncMode, WantedRoom, Welcome,
};
pub use messages::entity::{Ack, FireballState, PlayerChange, PlayerState};
pub use messages::event::{Events, WireEvent};
pub use messages::legality::{ConnectionState, legal};
pub use messages::room_code::RoomCode;
pub use messages::rules::{RulesMessage, ZoneMessage};
pub use messages::tick::{InputMessage, Private, RefusedInput};
pub use messages::user_text::{ChatText, PlayerName};
pub use views::delta::{Delta, Mismatch, PhaseState};
pub use views::interest::{Eyes, Observer, Scene};
pub use views::snapshot::Snapshot;
pub use views::view::View;
pub use wire::close_code::{CloseCode, back_in_ms};
pub use wire::codec::{Codec, Frame, FrameKind, UnknownSubprotocol};
pub use wire::error::{DecodeError, ErrorCode};
pub use wire::limits;
pub use wire::schema::SCHEMA_HASH;
