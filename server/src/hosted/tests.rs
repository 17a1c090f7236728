//! A room with what is around it, beside a journal thread of its own.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use bolide_net::{ClientMessage, Codec, PlayerName, SyncMode};
use bolide_room::{ConnectionId, Join, RoomConfig, RoomPolicy};
use bolide_sim::preset;

use super::{Arrival, Failed, Hosted};
use crate::journal::{Durability, JournalThread, RoomJournal};
use crate::journals::Journals;
use crate::keeper::Keeper;
use crate::outbox::Outbox;
use crate::testing::Folder;
use crate::token::RoomId;

/// A room, and the thread that writes its journals.
struct Stage {
    hosted: Hosted,
    journal: JournalThread,
    folder: Folder,
}

impl Stage {
    /// What was submitted has been done, and its outcome is heeded as a shard does.
    fn heed(&mut self) -> Result<(), Failed> {
        let batch = self.journal.submit();
        assert!(self.journal.wait_for(batch, PATIENCE), "it is written some day");
        let news = self.journal.news();
        for (id, trouble) in news.troubles {
            self.hosted.trouble(id, trouble)?;
        }
        self.hosted.release(news.done)
    }

    /// A tick, up to what those in the room get of it.
    fn tick(&mut self) -> Result<(), Failed> {
        self.hosted.tick()?;
        self.heed()
    }
}

const PATIENCE: Duration = Duration::from_secs(30);

fn stage() -> Stage {
    let folder = Folder::new();
    let files = Journals::open(&folder.0).expect("a folder").files();
    let measures = Arc::default();
    let (journal, _) =
        JournalThread::start(0, files, Durability::Group, measures, || ()).expect("a thread");
    let hosted = hosted(RoomJournal::new(Some(journal.clone())));
    Stage { hosted, journal, folder }
}

fn hosted(journal: RoomJournal) -> Hosted {
    let id = RoomId::random();
    let config = RoomConfig {
        id: id.as_str().to_owned(),
        mode: preset("brawl").expect("a preset"),
        policy: RoomPolicy { grace_s: 0.0, ..RoomPolicy::default() },
        server: "test".to_owned(),
    };
    let measures = Arc::default();
    Hosted::open(id, config, journal, Keeper::Nowhere, measures).expect("opened")
}

fn join(hosted: &mut Hosted, connection: u64) -> Arc<Outbox> {
    let outbox = Arc::new(Outbox::unconnected());
    let arrival = Arrival {
        connection: ConnectionId(connection),
        codec: Codec::Json,
        outbox: Arc::clone(&outbox),
    };
    let name = PlayerName::parse("Ada").expect("a name");
    let (codec, sync) = (Codec::Json, SyncMode::Full);
    let join = Join { name, codec, sync, token: connection.to_string() };
    hosted.join(arrival, join).expect("no panic").expect("a seat");
    outbox
}

fn said(outbox: &Outbox) -> String {
    String::from_utf8_lossy(&outbox.taken()).into_owned()
}

#[test]
fn a_panic_ends_at_the_edge_of_the_room_and_everybody_in_it_is_told() {
    let mut hosted = stage().hosted;
    let outboxes = [join(&mut hosted, 1), join(&mut hosted, 2)];
    let failed: Result<(), Failed> = hosted.call(|_| panic!("on purpose"));
    assert!(matches!(failed, Err(Failed::Panicked)));
    hosted.bury(&Failed::Panicked);
    for outbox in outboxes {
        assert!(said(&outbox).contains("room_failed"));
        assert_eq!(outbox.closing().map(|closing| closing.code.code()), Some(1011));
    }
}

#[test]
fn a_tick_is_told_when_it_is_in_the_journal_and_not_before() {
    let mut stage = stage();
    let outbox = join(&mut stage.hosted, 1);
    assert!(said(&outbox).contains("welcome"), "what is in no tick need not wait");
    stage.hosted.tick().expect("no panic");
    assert!(said(&outbox).is_empty(), "it is not written yet");
    // What is said meanwhile comes after it.
    let other = join(&mut stage.hosted, 2);
    assert!(said(&other).is_empty());
    stage.heed().expect("written");
    assert!(said(&outbox).contains("[1,1,"));
    assert!(said(&other).contains("welcome"));
    let journals = fs::read_dir(stage.folder.0.join("journals")).expect("a folder");
    assert_eq!(journals.count(), 1);
}

/// While the disk is slow, ticks go on and their snapshots are dropped; the one that waits leaves, and the next is whole.
#[test]
fn a_slow_disk_delays_frames_and_no_ticks_and_lets_something_leave() {
    let mut stage = stage();
    let outbox = join(&mut stage.hosted, 1);
    stage.tick().expect("written");
    said(&outbox);
    for _ in 0..40 {
        stage.hosted.tick().expect("no panic");
    }
    assert!(said(&outbox).is_empty());
    stage.heed().expect("written");
    let told = said(&outbox);
    let snapshots = told.matches("[1,").count() + told.matches("[2,").count();
    assert_eq!(snapshots, 1, "{told}");
    for _ in 0..20 {
        stage.tick().expect("written");
    }
    let told = said(&outbox);
    assert!(told.contains("[1,"), "a whole one: {told}");
}

#[test]
fn without_a_journal_nothing_waits() {
    let mut hosted = hosted(RoomJournal::new(None));
    let outbox = join(&mut hosted, 1);
    hosted.tick().expect("no panic");
    assert!(said(&outbox).contains("[1,1,"));
}

#[test]
fn a_tick_that_cannot_be_written_down_is_told_to_nobody_and_ends_the_room() {
    let mut stage = stage();
    let outbox = join(&mut stage.hosted, 1);
    assert!(said(&outbox).contains("welcome"));
    // The first tick tells the roster, and needs a file, for which there is no place.
    fs::remove_dir_all(&stage.folder.0).expect("removed");
    let Err(why) = stage.tick() else { panic!("no folder") };
    assert!(matches!(why, Failed::Journal(_)));
    assert!(said(&outbox).is_empty(), "nobody hears of a tick that is not in the journal");
    stage.hosted.bury(&why);
    assert!(said(&outbox).contains("room_failed"));
    assert_eq!(outbox.closing().map(|closing| closing.code.code()), Some(1013));
}

#[test]
fn who_joins_and_leaves_within_a_tick_is_news() {
    // The directory was told of the join; when this was forgotten, the seat was never free again.
    let mut hosted = stage().hosted;
    let _outbox = join(&mut hosted, 1);
    assert_eq!(hosted.report().seats_taken, 1);
    hosted.message(ConnectionId(1), ClientMessage::Leave).expect("no panic");
    assert_eq!(hosted.news().map(|status| status.seats_taken), Some(0));
    assert_eq!(hosted.news(), None);
}

#[test]
fn a_connection_whose_task_has_ended_leaves_the_room_and_its_seat_becomes_free() {
    let mut stage = stage();
    let stays = join(&mut stage.hosted, 1);
    drop(join(&mut stage.hosted, 2));
    for _ in 0..3 {
        stage.tick().expect("no panic");
    }
    let hosted = &mut stage.hosted;
    assert_eq!(hosted.report().seats_taken, 1);
    let said = said(&stays);
    let last = said.rsplit('\u{fffd}').next().expect("a frame");
    assert!(last.contains("[1,"), "a snapshot is the last of a tick: {said}");
    assert!(!hosted.is_empty());
}
