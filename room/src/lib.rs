//! One authoritative room as a sans-I/O state machine. It hosts matches, one after the other, for
//! the sessions that hold its seats.
//!
//! The contract: after each `handle_*`, drain [`Room::poll_output`] to `None`. The only time is the
//! tick. There is no socket, no clock and no randomness of the operating system: tokens and seeds
//! are passed in.

#![forbid(unsafe_code)]

mod bots;
mod chat;
mod config;
mod fanout;
mod feed;
mod idle;
mod ids;
mod inputs;
mod lock;
mod matches;
mod names;
mod output;
mod play;
mod recovery;
mod room;
mod rtt;
mod saves;
mod seat;
mod seating;
mod sight;
mod skill;
mod spectating;
mod telling;
mod token;

pub use config::{NotSpectators, RoomConfig, RoomPolicy, Spectators};
pub use ids::RoomId;
pub use output::{JournalRecords, Lane, Output, SaveNumber, SeatRecord};
pub use play::MatchTicket;
pub use recovery::Recovery;
pub use room::{Join, JoinError, Resume, Room, RoomStatus, Stage};
pub use seat::ConnectionId;
pub use skill::{BotsSkill, NotBotsSkill};
pub use token::TokenHash;
