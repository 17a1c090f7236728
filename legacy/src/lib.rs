//! The page of an old relay client, played as an ordinary seat. The page is a canvas game that was
//! written for a WebSocket relay: it simulates by itself, it is told no places, and it believes
//! each frame that it gets. Sans-I/O: the frames and messages of one connection in, others out. It
//! must not name a socket, a clock or a room.
//!
//! The contract of its owner: after each `handle_*`, carry out the [`PageOutput`], frames and then
//! pings in one write. Call [`Page::handle_tick`] after the room's messages of each tick, also when
//! there are none. Count each [`PageError`], and close the connection after ten. When it ends, give
//! the seat back at once.
//!
//! Start at [`Page`]. `frame` is what is on the wire, `identity` the numbers by which the page
//! knows players and balls. `truth` is what the room has told, `belief` what the page shows,
//! `claims` the hits that one of them knows and the other does not.

#![forbid(unsafe_code)]

mod acting;
mod belief;
mod claims;
mod correcting;
mod frame;
pub mod fuzzing;
mod identity;
mod inputs;
mod news;
mod page;
mod pings;
mod place;
mod seat;
mod text;
mod truth;
mod writer;

pub use claims::ClaimCounts;
pub use frame::{FRAME_BYTES_MAX, PageError};
pub use page::{Page, PageCounts, PageOutput, PageSettings};
