//! Every byte on the wire: messages, the two codecs, snapshots, limits, close codes. Sans-I/O: bytes in,
//! values out, and back. It must not name a socket, a clock or a room; what the messages mean is told in
//! `docs/protocol.md`.

#![forbid(unsafe_code)]

mod close;
mod codec;
mod delta;
mod error;
pub mod fuzzing;
mod grid;
mod hot;
mod legality;
pub mod limits;
mod message;
mod positional;
mod schema;
mod snapshot;
mod text;
mod walk;

pub use close::CloseCode;
pub use codec::{Codec, Frame, FrameKind, UnknownSubprotocol};
pub use delta::{Delta, Mismatch, PhaseState, PlayerChange};
pub use error::{DecodeError, ErrorCode};
pub use hot::{
    Ack, Events, FireballState, InputMessage, PlayerState, Private, RefusedInput, Snapshot,
    WireEvent,
};
pub use legality::{ConnectionState, legal};
pub use message::{
    ClientMessage, Hello, MatchEndReason, PROTOCOL_VERSION, Placement, RosterEntry, RulesMessage,
    ServerMessage, SyncMode, Welcome, ZoneMessage,
};
pub use schema::SCHEMA_HASH;
pub use text::{ChatText, PlayerName};
