//! One authoritative room as a sans-I/O state machine. It hosts matches, one after the other, for
//! the sessions that hold its seats.
//!
//! The contract: after each `handle_*`, drain [`Room::poll_output`] to `None`. The only time is the
//! tick. There is no socket, no clock and no randomness of the operating system: tokens and seeds
//! are passed in.

#![forbid(unsafe_code)]

mod config;
mod ids;
mod matches;
mod output;
mod room;
mod roster;
mod streams;

pub use config::{NotSpectators, RoomConfig, RoomPolicy, Spectators};
pub use ids::RoomId;
pub use matches::current_match::MatchTicket;
pub use matches::recovery::Recovery;
pub use matches::skill::{BotsSkill, NotBotsSkill};
pub use output::{JournalRecords, Lane, Output, SaveNumber, SeatRecord};
pub use room::{Join, JoinError, Resume, Room, RoomStatus, Stage};
pub use roster::seat::ConnectionId;
pub use roster::token::TokenHash;
