//! Rooms on a shard. A [`RoomDriver`] owns a room, reads its connections, ticks it, and lets the
//! [effects](effects) carry out what it puts out. Frames pass the [journal gate](journal_gate) on
//! their way to the [connections](connections). Nothing here knows a thread or a schedule.

mod commands;
mod connections;
mod driver;
mod effects;
mod failed;
mod journal_gate;
mod notice;
pub(crate) mod room_store;
mod scratch;
mod seats;
mod slab;

pub(crate) use self::commands::{Entered, Entry, RoomCommand, RoomEnd, Snapshots};
pub(crate) use self::driver::{DriverContext, RoomDriver, RoomSetup, TakenOut};
pub(crate) use self::failed::RoomFailed;
pub(crate) use self::notice::{Notice, NoticeTo};
pub(crate) use self::scratch::Scratch;
