//! One authoritative room as a sans-I/O state machine. It hosts matches, one after the other, for
//! the sessions that hold its seats.
//!
//! The contract: after each `handle_*`, drain [`Room::poll_output`] to `None`. The only time is the
//! tick. There is no socket, no clock and no randomness of the operating system: tokens and seeds
//! are passed in.
//!
//! [`Room`] is the list of what happens in which order. Its state has three owners. `roster` knows
//! the seats and the sessions that hold them, `matches` the current match and what follows it,
//! `streams` what clients were sent. Each is handed the others that it needs: `matches` reads the
//! roster, and `streams` reads both. The world is in `matches/current_match.rs` alone.

#![forbid(unsafe_code)]

mod config;
mod connection;
mod ids;
mod matches;
mod output;
mod records;
mod requests;
mod room;
mod roster;
mod status;
mod streams;
mod terms;

pub use config::{NotSpectators, RoomConfig, RoomPolicy, Spectators};
pub use ids::{ConnectionId, RoomId, SaveNumber};
pub use matches::skill::{BotsSkill, NotBotsSkill};
pub use output::{Lane, Output};
pub use records::{JournalRecords, MatchTicket, Recovery, SeatRecord};
pub use requests::{Join, JoinError, Resume};
pub use room::Room;
pub use roster::token::TokenHash;
pub use status::{RoomStatus, Stage};
pub use terms::{Sharing, Terms};
