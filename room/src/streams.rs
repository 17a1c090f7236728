//! What clients are sent: announcements, and snapshots with whose eyes they are seen.

mod announcements;
pub(crate) mod fanout;
pub(crate) mod snapshot_stream;
mod snapshots;
pub(crate) mod spectating;
