//! Helpers that the tests of this crate and of the server share. No program has them.

use std::path::PathBuf;
use std::thread;

use bolide_net::PlayerName;
use bolide_room::{RoomId, SeatRecord, TokenHash};
use bolide_sim::PlayerId;
use uuid::Uuid;

use crate::data_dir::DataDir;
use crate::journal::JournalThreads;
use crate::threads::{ThreadStarter, Turns};

pub use crate::database::testing::{StoreCounts, fill, locked, open, open_counted};
pub use crate::journal::ManualThread;
pub use crate::journal::sim_disk::SimDisk;

/// A temporary folder, which is removed with the test.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// Creates a folder.
    ///
    /// # Panics
    /// It cannot be created.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a default would hide that it makes a folder")]
    pub fn new() -> Folder {
        let folder = std::env::temp_dir().join(format!("bolide-unit-{}", Uuid::now_v7()));
        std::fs::create_dir_all(&folder).expect("made");
        Folder(folder)
    }

    /// Returns it as a data folder.
    #[must_use]
    pub fn data_dir(&self) -> DataDir {
        DataDir::new(&self.0)
    }

    /// Writes a file into the folder.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let file = self.0.join(name);
        std::fs::write(&file, bytes).expect("written");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A stored seat: Ada's, which the token `a` opens.
///
/// # Panics
/// Never.
#[must_use]
pub fn seat() -> SeatRecord {
    SeatRecord {
        player: PlayerId(0),
        name: PlayerName::parse("Ada").expect("a name"),
        token: TokenHash::of("a"),
        previous_token: None,
        creator: false,
    }
}

/// Returns the id of a room that no other has.
#[must_use]
pub fn room_id() -> RoomId {
    RoomId::known(&Uuid::now_v7().to_string())
}

/// Returns a thread that is watched by nothing.
#[must_use]
pub fn thread(name: &'static str) -> ThreadStarter {
    ThreadStarter::new(move |body| {
        thread::Builder::new().name(name.to_owned()).spawn(move || body(Turns::new(|_| ())))
    })
}

/// Returns the threads of a journal, which are watched by nothing.
#[must_use]
pub fn journal_threads() -> JournalThreads {
    JournalThreads { sync: thread("sync"), write: thread("journal") }
}

/// Bytes whose decoding panics in tests. No bytes are known that do so in the program. A journal
/// with them panics in its replay.
pub const PANICS: &[u8] = b"panic!";

/// Panics if the bytes contain [`PANICS`].
///
/// # Panics
/// As told.
pub fn panic_at(bytes: &[u8]) {
    assert!(!bytes.windows(PANICS.len()).any(|part| part == PANICS), "on purpose");
}
