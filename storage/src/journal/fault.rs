//! The faults of a journal that is being written.

use std::io;

/// A fault of the journal of a match.
#[derive(Debug)]
pub enum JournalFault {
    /// The journal cannot be written any more, so its match must not continue.
    Failed(JournalError),
    /// The disk may not have all that was written. The segment is abandoned: another one must
    /// begin.
    Unsynced(JournalError),
}

/// A journal could not be written. It still contains whole records only.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file does not take the records.
    #[error("cannot write the journal `{name}`: {error}")]
    Write {
        /// The name of the file.
        name: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A sync failed, so it is unknown what the disk has of the file.
    #[error("the disk does not keep the journal `{name}`: {error}")]
    Sync {
        /// The name of the file.
        name: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Too many bytes wait for the disk.
    #[error("the disk is too slow: {} MiB wait to be written to journals", .bytes >> 20)]
    TooMuchWaits {
        /// The bytes that wait.
        bytes: usize,
    },
    /// Too many ticks of a room wait for the disk.
    #[error("the disk is too slow: {ticks} ticks wait to be in the journal")]
    TooSlow {
        /// The ticks that wait.
        ticks: usize,
    },
    /// There is no thread any more that would write.
    #[error("the thread that writes journals has ended; this is a bug, restart the server")]
    ThreadEnded,
}
