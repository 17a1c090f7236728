//! The path of a shard's matches to the disk. The shard collects what its ticks add to journals,
//! and submits it once per slot; a thread beside it writes. The shard's frames wait for that, its
//! ticks never do. `batch` is what is submitted; `disk` is the part of a file system that is
//! needed; `shared_sync` is one sync for several threads; `writer` decides what is written and
//! synced, and what a failure means; `thread` runs the writer and reports what it does;
//! `room_journal` is the part that a room owns. None of them knows a record: whole records are
//! passed in as bytes.
//!
//! A match is written in segments, each of which begins with a header and, but for the first, with
//! a full state. Another one begins after a failed sync.

mod batch;
mod disk;
mod durability;
mod entry;
mod fault;
mod room_journal;
mod shared_sync;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod sim_disk;
mod thread;
mod writer;

pub use disk::{Disk, Files, SharedFiles};
pub use durability::{Durability, NotADurability};
pub use fault::{JournalError, JournalFault};
pub use room_journal::{ResumeAt, RoomJournal};
#[cfg(any(test, feature = "testing"))]
pub use thread::testing::ManualThread;
pub use thread::{BatchNumber, JournalReport, JournalThread, JournalThreads, Progress};
