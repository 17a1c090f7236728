//! The data folder of a server. Only here is a journal written or SQL spoken, and nothing here
//! reaches a socket or awaits.
//!
//! `data_dir` is the layout of the folder: its lock, the names of its files, and the segments of a
//! match. `journal` writes the journals of running matches on a thread beside each shard.
//! `database` stores rooms, seats and matches, keys and topics, and acknowledges what is on the
//! disk. `restore`
//! makes a room of both again, `restorer` is the thread that does so, and `attempts` remembers what
//! ended the process. `catalog` lists, inspects and removes the journals of finished matches.
//! `threads` is how the owner of the folder watches the threads of this crate. What is counted is
//! reported to the owner in closed enums.

#![forbid(unsafe_code)]

mod attempts;
mod catalog;
mod data_dir;
mod database;
mod journal;
mod restore;
mod restorer;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod threads;

pub use bolide_sim::journal::GAME;
pub use catalog::{
    CatalogError, Inspection, JournalState, JournalSummary, Prune, PrunePlan, RetentionThread,
    SegmentEnd, SegmentInspection, inspect_journal, list_journals, newest_journal,
};
pub use data_dir::{DataDir, DataDirLock, Segments};
pub use database::{
    Ack, AckReceiver, AckSender, KeyName, KeyRecord, NotAKeyName, NotPermissions, OpenedStore,
    Outcome, Permission, Permissions, RoomRecord, RoomRow, RoomStoreId, Saved, Store, StoreError,
    StoreHealth, StoreReport, TopicRecord, UnusedKeys,
};
pub use journal::{
    BatchNumber, Disk, Durability, Files, JournalError, JournalFault, JournalReport, JournalThread,
    JournalThreads, NotADurability, Progress, ResumeAt, RoomJournal, SharedFiles,
};
pub use restore::RoomImage;
pub use restorer::{
    Absence, AbsentRoom, ModeNamed, Purpose, Requests, RestoreContext, RestoreReport, Restorer,
    start as start_restorer,
};
pub use threads::{ThreadStarter, Turns};
