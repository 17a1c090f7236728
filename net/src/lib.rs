//! Every byte on the wire: messages, the two codecs, snapshots, limits, close codes. Sans-I/O:
//! bytes in, values out, and back. It must not name a socket, a clock or a room. The meaning of the
//! messages is described in `docs/protocol.md`.

#![forbid(unsafe_code)]

mod close;
mod code;
mod codec;
mod delta;
#[cfg(feature = "describe")]
pub mod describe;
mod entity;
mod error;
mod event;
mod fields;
pub mod fuzzing;
mod grid;
mod hot;
mod interest;
mod legality;
pub mod limits;
mod message;
mod positional;
mod rules;
mod schema;
mod snapshot;
mod text;
mod view;
mod walk;
mod wrong_input;

pub use close::{CloseCode, back_in_ms};
pub use code::RoomCode;
pub use codec::{Codec, Frame, FrameKind, UnknownSubprotocol};
pub use delta::{Delta, Mismatch, PhaseState};
pub use entity::{Ack, FireballState, PlayerChange, PlayerState};
pub use error::{DecodeError, ErrorCode};
pub use event::{Events, WireEvent};
pub use hot::{InputMessage, Private, RefusedInput, Snapshot};
pub use interest::{Eyes, Observer, Scene};
pub use legality::{ConnectionState, legal};
pub use message::{
    ClientMessage, Hello, MatchEndReason, NewRoom, PROTOCOL_VERSION, Placement, RosterEntry,
    ServerMessage, SyncMode, WantedRoom, Welcome,
};
pub use rules::{RulesMessage, ZoneMessage};
pub use schema::SCHEMA_HASH;
pub use text::{ChatText, PlayerName};
pub use view::View;
