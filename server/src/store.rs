//! What must outlive the process beside the journals: which rooms there are, which match each of them plays, and who holds its
//! seats. SQLite in the data folder, written by one thread in batches: whoever asks for something to be kept is called back when
//! it is, and never waits. What was committed survives the process; a power cut may cost the last moments. No room runs here, and no token is kept but as a hash.

mod database;

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use bolide_net::RoomCode;
use bolide_room::SeatRecord;
use bolide_sim::PlayerId;
use tracing::{error, warn};
use uuid::Uuid;

use crate::heartbeat::Heartbeat;
use crate::token::RoomId;
use database::Database;
pub(crate) use database::{KeptRoom, StoreError, matches_needed};

/// Wishes that may wait for the thread. It takes all of them at once, so this is what comes in during one commit.
const WISHES_MAX: usize = 8192;

/// Wishes that one commit keeps at most.
const BATCH_WISHES: usize = 1024;

/// The way to the thread. Cloning shares it; when the last one is gone, the thread ends.
#[derive(Clone, Debug)]
pub(crate) struct Store(SyncSender<Wish>);

/// Something to be kept, and who is told when it is.
struct Wish {
    change: Change,
    kept: Option<Box<dyn FnOnce() + Send>>,
}

/// One change of what is kept.
enum Change {
    /// The room plays, or is about to play, this match.
    Match {
        room: RoomId,
        mode: String,
        code: Option<RoomCode>,
        number: u32,
        id: Uuid,
    },
    Seat {
        room: RoomId,
        seat: SeatRecord,
    },
    Lock {
        room: RoomId,
        locked: bool,
    },
    ForgetSeat {
        room: RoomId,
        player: PlayerId,
    },
    /// Everything about a room.
    ForgetRoom {
        room: RoomId,
    },
}

impl Store {
    /// Opens the store in a data folder, or makes one, and starts its thread. Returns what was kept there.
    ///
    /// # Errors
    /// The file cannot be used, or is of a newer version; no thread can be started.
    pub(crate) fn open(
        data_dir: &Path,
        heartbeat: Heartbeat,
    ) -> Result<(Store, Vec<KeptRoom>, JoinHandle<()>), StoreError> {
        let mut database = Database::open(&data_dir.join("bolide.sqlite"))?;
        let rooms = database.rooms()?;
        let (sender, wishes) = sync_channel(WISHES_MAX);
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || serve(&mut database, &wishes, &heartbeat))
            .map_err(|error: io::Error| StoreError::Thread(error))?;
        Ok((Store(sender), rooms, thread))
    }

    /// Keeps which match a room plays next, before its first tick.
    pub(crate) fn keep_match(
        &self,
        (room, mode, code): (&RoomId, &str, Option<RoomCode>),
        (number, id): (u32, Uuid),
        kept: impl FnOnce() + Send + 'static,
    ) {
        let (room, mode) = (room.clone(), mode.to_owned());
        self.wish(Change::Match { room, mode, code, number, id }, Some(Box::new(kept)));
    }

    /// Keeps a seat.
    pub(crate) fn keep_seat(
        &self,
        room: &RoomId,
        seat: SeatRecord,
        kept: impl FnOnce() + Send + 'static,
    ) {
        self.wish(Change::Seat { room: room.clone(), seat }, Some(Box::new(kept)));
    }

    /// Keeps whether a room is locked.
    pub(crate) fn keep_lock(
        &self,
        room: &RoomId,
        locked: bool,
        kept: impl FnOnce() + Send + 'static,
    ) {
        self.wish(Change::Lock { room: room.clone(), locked }, Some(Box::new(kept)));
    }

    /// A seat is free again.
    pub(crate) fn forget_seat(&self, room: &RoomId, player: PlayerId) {
        self.wish(Change::ForgetSeat { room: room.clone(), player }, None);
    }

    /// A room is gone.
    pub(crate) fn forget_room(&self, room: &RoomId) {
        self.wish(Change::ForgetRoom { room: room.clone() }, None);
    }

    /// When too much waits, a wish is dropped: whoever waits for a seat gives up in time, and what should have been forgotten is
    /// found after the next start to be nobody's.
    fn wish(&self, change: Change, kept: Option<Box<dyn FnOnce() + Send>>) {
        match self.0.try_send(Wish { change, kept }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => warn!("the store cannot keep up; something is not kept"),
            Err(TrySendError::Disconnected(_)) => error!("the store's thread has ended"),
        }
    }
}

/// Commits what waits, all at once, and calls back.
fn serve(database: &mut Database, wishes: &Receiver<Wish>, heartbeat: &Heartbeat) {
    while let Ok(first) = wishes.recv() {
        heartbeat.begin(Instant::now());
        let waiting = wishes.try_iter().take(BATCH_WISHES - 1);
        let batch: Vec<Wish> = std::iter::once(first).chain(waiting).collect();
        match database.commit(batch.iter().map(|wish| &wish.change)) {
            Ok(()) => batch.into_iter().filter_map(|wish| wish.kept).for_each(|kept| kept()),
            // Nobody is called back: what is not kept does not happen.
            Err(error) => error!(%error, "the store cannot keep {} changes", batch.len()),
        }
        heartbeat.rest();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread::JoinHandle;

    use bolide_net::{PlayerName, RoomCode};
    use bolide_room::{SeatRecord, TokenHash};
    use bolide_sim::PlayerId;
    use uuid::Uuid;

    use super::{KeptRoom, Store, StoreError, database};
    use crate::heartbeat::Heartbeats;
    use crate::testing::Folder;
    use crate::token::RoomId;

    fn seat(player: u16, token: &str) -> SeatRecord {
        SeatRecord {
            player: PlayerId(player),
            name: PlayerName::parse("小明 <b>").expect("a name"),
            token: TokenHash::of(token),
            previous_token: None,
            creator: player == 1,
        }
    }

    fn open(folder: &Folder) -> Result<(Store, Vec<KeptRoom>, JoinHandle<()>), StoreError> {
        Store::open(&folder.0, Heartbeats::default().add("store"))
    }

    /// Runs a script against a store, waits until it is closed, and says what the next one finds.
    fn kept_after(folder: &Folder, script: impl FnOnce(&Store)) -> Vec<KeptRoom> {
        let (store, _, thread) = open(folder).expect("opens");
        script(&store);
        drop(store);
        thread.join().expect("no panic");
        let (store, rooms, thread) = open(folder).expect("opens");
        drop(store);
        thread.join().expect("no panic");
        rooms
    }

    #[test]
    fn what_was_kept_is_there_after_the_next_start() {
        let folder = Folder::new();
        let (room, other) = (RoomId::random(), RoomId::random());
        let ids = [Uuid::now_v7(), Uuid::now_v7()];
        let (sender, kept) = channel();
        let rooms = kept_after(&folder, |store| {
            let says = |what: &'static str| {
                let sender = sender.clone();
                move || sender.send(what).expect("listened to")
            };
            store.keep_match((&room, "brawl", None), (1, ids[0]), says("match"));
            store.keep_seat(&room, seat(3, "a"), says("seat"));
            store.keep_seat(&room, seat(1, "b"), || ());
            store.keep_match((&room, "brawl", None), (2, ids[1]), || ());
            let rotated = SeatRecord { previous_token: Some(TokenHash::of("a")), ..seat(3, "c") };
            store.keep_seat(&room, rotated, || ());
            store.forget_seat(&room, PlayerId(9));
            store.keep_match((&other, "duel", None), (1, Uuid::nil()), || ());
            store.forget_room(&other);
        });
        assert_eq!(kept.try_iter().collect::<Vec<_>>(), ["match", "seat"], "each called back once");
        let [kept] = &rooms[..] else { panic!("{rooms:?}") };
        assert_eq!((kept.id.as_str(), kept.mode.as_str()), (room.as_str(), "brawl"));
        assert_eq!(kept.matches, [(2, ids[1]), (1, ids[0])], "the newest first");
        let rotated = SeatRecord { previous_token: Some(TokenHash::of("a")), ..seat(3, "c") };
        assert_eq!(kept.seats, [seat(1, "b"), rotated]);
        let rooms = kept_after(&folder, |store| store.forget_seat(&room, PlayerId(1)));
        assert_eq!(rooms[0].seats.len(), 1);
    }

    #[test]
    fn a_code_and_a_lock_are_kept_with_their_room() {
        let folder = Folder::new();
        let (room, code) = (RoomId::random(), RoomCode::of_random([3; 6]));
        let rooms = kept_after(&folder, |store| {
            store.keep_match((&room, "duel", Some(code)), (1, Uuid::nil()), || ());
            store.keep_lock(&room, true, || ());
            // The next match changes neither.
            store.keep_match((&room, "duel", Some(code)), (2, Uuid::nil()), || ());
        });
        assert_eq!((rooms[0].code, rooms[0].locked), (Some(code), true));
        let rooms = kept_after(&folder, |store| store.keep_lock(&room, false, || ()));
        assert!(!rooms[0].locked);
    }

    /// The tables of the first release, with a room in them: see `MIGRATIONS`.
    #[test]
    fn rooms_of_the_first_version_are_public_and_open() {
        let folder = Folder::new();
        let database = rusqlite::Connection::open(folder.0.join("bolide.sqlite")).expect("opens");
        database.execute_batch(database::MIGRATIONS[0]).expect("the tables");
        database.pragma_update(None, "user_version", 1).expect("set");
        let room = "INSERT INTO rooms VALUES ('fqmv0vq8', 'duel');
            INSERT INTO seats VALUES ('fqmv0vq8', 0, 'Ada', zeroblob(32), NULL);";
        database.execute_batch(room).expect("a room");
        drop(database);
        let rooms = kept_after(&folder, |_| ());
        let [room] = &rooms[..] else { panic!("{rooms:?}") };
        assert_eq!((room.code, room.locked, room.seats[0].creator), (None, false, false));
    }

    #[test]
    fn only_the_last_two_matches_of_a_room_are_kept() {
        let folder = Folder::new();
        let room = RoomId::random();
        let rooms = kept_after(&folder, |store| {
            for number in 1..=5 {
                store.keep_match(
                    (&room, "brawl", None),
                    (number, Uuid::from_u128(number.into())),
                    || (),
                );
            }
        });
        let numbers: Vec<u32> = rooms[0].matches.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [5, 4]);
    }

    #[test]
    fn a_file_that_is_no_store_is_named() {
        let folder = Folder::new();
        folder.file("bolide.sqlite", b"this is no database, however long it may be; it is a text");
        let error = open(&folder).expect_err("refused").to_string();
        assert!(error.contains("bolide.sqlite"), "{error}");
    }

    #[test]
    fn a_store_of_a_newer_version_is_refused_and_left_alone() {
        let folder = Folder::new();
        drop(kept_after(&folder, |_| ()));
        let path = folder.0.join("bolide.sqlite");
        let database = rusqlite::Connection::open(&path).expect("opens");
        database.pragma_update(None, "user_version", 99).expect("set");
        drop(database);
        let error = open(&folder).expect_err("refused").to_string();
        assert!(error.contains("version 99"), "{error}");
    }
}
