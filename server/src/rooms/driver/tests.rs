//! Tests of a room driver, with a journal thread of its own.

mod simulation;

use std::fs;
use std::time::Duration;

use bolide_net::limits::CHAT_LINES_MAX;
use bolide_net::{ChatText, ClientMessage, CloseCode, Codec, ErrorCode, PlayerName, SyncMode};
use bolide_room::{ConnectionId, Join, Recovery, RoomConfig, RoomId, RoomPolicy, SeatRecord};
use bolide_sim::journal::recover_segments;
use bolide_sim::{World, preset};
use bolide_storage::testing::{SimDisk, journal_threads, open};
use bolide_storage::{
    Ack, AckSender, Durability, JournalError, JournalThread, ResumeAt, RoomJournal, Saved,
};
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

use super::{
    Entered, Entry, RoomCommand, RoomDriver, RoomEnd, RoomFailed, RoomSetup, Scratch, Snapshots,
};
use crate::connection::Ending;
use crate::connection::poller::Departure;
use crate::random::room_id;
use crate::rooms::room_store::RoomStore;
use crate::testing::{Folder, Peer, connection, driver_context as context, seat};

/// A room, and the thread that writes its journals.
struct Stage {
    driver: RoomDriver,
    departing: UnboundedReceiver<Departure>,
    journal: JournalThread,
    folder: Folder,
}

impl Stage {
    /// Waits until everything submitted is written, and handles the outcome as a shard does.
    fn heed(&mut self) -> Result<(), RoomFailed> {
        let batch = self.journal.submit();
        assert!(self.journal.wait_for(batch, PATIENCE), "it is written some day");
        let progress = self.journal.progress();
        for (id, fault) in progress.faults {
            self.driver.journal_fault(id, fault, &mut Scratch::default())?;
        }
        self.driver.release(progress.done, &mut Scratch::default())
    }

    /// Ticks the room, and waits until its clients are sent the tick.
    fn tick(&mut self) -> Result<(), RoomFailed> {
        self.driver.tick(Snapshots::Sent, &mut Scratch::default())?;
        self.heed()
    }
}

const PATIENCE: Duration = Duration::from_secs(30);

fn stage() -> Stage {
    stage_with_grace(0.0)
}

fn stage_with_grace(grace_s: f32) -> Stage {
    let folder = Folder::new();
    let files = folder.data_dir().open_journals().and_then(|it| it.for_thread());
    let (files, threads) = (files.expect("a folder"), journal_threads());
    let (journal, _) =
        JournalThread::start(threads, files, Durability::Group, |_| (), || ()).expect("threads");
    let (driver, departing) =
        hosted_with(RoomJournal::new(Some(journal.clone())), RoomStore::Nowhere, grace_s);
    Stage { driver, departing, journal, folder }
}

fn driver(journal: RoomJournal) -> (RoomDriver, UnboundedReceiver<Departure>) {
    hosted_kept(journal, RoomStore::Nowhere)
}

fn hosted_kept(
    journal: RoomJournal,
    room_store: RoomStore,
) -> (RoomDriver, UnboundedReceiver<Departure>) {
    hosted_with(journal, room_store, 0.0)
}

fn hosted_with(
    journal: RoomJournal,
    room_store: RoomStore,
    grace_s: f32,
) -> (RoomDriver, UnboundedReceiver<Departure>) {
    let id = room_id();
    let config = config(id.as_str(), grace_s);
    let (context, departing) = context();
    let setup = RoomSetup { id, journal, room_store, context };
    let driver = RoomDriver::open(setup, config, &mut Scratch::default());
    (driver.expect("opened"), departing)
}

fn config(id: &str, grace_s: f32) -> RoomConfig {
    RoomConfig {
        id: RoomId::known(id),
        code: None,
        mode: preset("brawl").expect("a preset"),
        policy: RoomPolicy { grace_s, ..RoomPolicy::default() },
        server: "test".to_owned(),
    }
}

fn join(driver: &mut RoomDriver, connection_id: u64) -> Peer {
    let (connection, peer) = connection(connection_id);
    let name = PlayerName::parse("Ada").expect("a name");
    let (codec, sync) = (Codec::Json, SyncMode::Full);
    let join = Join { name, codec, sync, token: connection_id.to_string(), creator: false };
    let entered = driver.enter(connection, Entry::Join(join, None), &mut Scratch::default());
    assert!(matches!(entered, Ok(Entered::Seated { .. })), "a seat");
    peer
}

/// Returns the close code of the next client that leaves, after writing what is queued for it.
fn close_code(departing: &mut UnboundedReceiver<Departure>) -> Option<CloseCode> {
    let Departure { mut connection, end } = departing.try_recv().ok()?;
    connection.socket().flush();
    if let Ending::Close(closing) = end { Some(closing.code) } else { None }
}

#[test]
fn a_panic_ends_at_the_edge_of_the_room_and_everybody_in_it_is_told() {
    let Stage { mut driver, mut departing, .. } = stage();
    let peers = [join(&mut driver, 1), join(&mut driver, 2)];
    let failed: Result<(), RoomFailed> =
        driver.call(&mut Scratch::default(), |_| panic!("on purpose"));
    assert!(matches!(failed, Err(RoomFailed::Panicked)));
    driver.end(RoomEnd::Failed(&RoomFailed::Panicked));
    for peer in peers {
        assert_eq!(close_code(&mut departing).map(CloseCode::code), Some(1011));
        assert!(peer.text().contains("room_failed"));
    }
}

#[test]
fn a_tick_is_told_when_it_is_in_the_journal_and_not_before() {
    let mut stage = stage();
    let peer = join(&mut stage.driver, 1);
    assert!(peer.text().contains("welcome"), "what is in no tick need not wait");
    stage.driver.tick(Snapshots::Sent, &mut Scratch::default()).expect("no panic");
    assert!(peer.text().is_empty(), "it is not written yet");
    // Frames that follow meanwhile are sent after it.
    let other = join(&mut stage.driver, 2);
    assert!(other.text().is_empty());
    stage.heed().expect("written");
    assert!(peer.text().contains("[1,1,"));
    assert!(other.text().contains("welcome"));
    let journals = fs::read_dir(stage.folder.data_dir().journals()).expect("a folder");
    assert_eq!(journals.count(), 1);
}

/// While the disk is slow, ticks go on and their snapshots are dropped, because a delta could refer
/// to a snapshot that is never sent. The snapshot that waits is sent, and the next one is complete.
#[test]
fn a_slow_disk_delays_frames_and_no_ticks_and_always_lets_something_leave() {
    let mut stage = stage();
    let peer = join(&mut stage.driver, 1);
    let batches = [1, 2, 3].map(|_| {
        stage
            .driver
            .message(ConnectionId(1), ClientMessage::Resync, &mut Scratch::default())
            .expect("no panic");
        stage.driver.tick(Snapshots::Sent, &mut Scratch::default()).expect("no panic");
        stage.journal.submit()
    });
    assert!(stage.journal.wait_for(batches[2], PATIENCE));
    let told = batches.map(|batch| {
        stage.driver.release(batch, &mut Scratch::default()).expect("no panic");
        peer.text().matches("[1,").count()
    });
    assert_eq!(told, [1, 0, 0]);
    stage.tick().expect("written");
    assert!(peer.text().contains("[1,4,"), "a whole one");
}

/// A server that is short of time saves writes. The frames of a tick without a snapshot are sent
/// with the next snapshot, in the same write. Frames that a client's message causes in between do
/// not wait.
#[test]
fn what_a_tick_without_a_snapshot_says_leaves_with_the_next_snapshot() {
    let mut without = driver(RoomJournal::new(None)).0;
    let peer = join(&mut without, 1);
    without.tick(Snapshots::Withheld, &mut Scratch::default()).expect("no panic");
    assert!(!peer.text().contains("roster"), "it waits");
    without.tick(Snapshots::Sent, &mut Scratch::default()).expect("no panic");
    assert!(peer.text().contains("roster"), "it leaves with the snapshot");

    // Two clients, so that the match counts down and each tick is in the journal.
    let mut stage = stage();
    let (peer, _other) = (join(&mut stage.driver, 1), join(&mut stage.driver, 2));
    peer.text();
    stage.driver.tick(Snapshots::Withheld, &mut Scratch::default()).expect("no panic");
    stage.heed().expect("written");
    assert_eq!(peer.text(), "", "it waits, written or not");
    let line = ChatText::parse("hello").expect("a line");
    stage
        .driver
        .message(ConnectionId(1), ClientMessage::Chat(line), &mut Scratch::default())
        .expect("no panic");
    let text = peer.text();
    assert!(text.find("roster") < text.find("hello") && text.contains("hello"), "{text}");
    let batches = [Snapshots::Withheld, Snapshots::Sent].map(|shows| {
        stage.driver.tick(shows, &mut Scratch::default()).expect("no panic");
        stage.journal.submit()
    });
    assert!(stage.journal.wait_for(batches[1], PATIENCE));
    let told = batches.map(|batch| {
        stage.driver.release(batch, &mut Scratch::default()).expect("no panic");
        peer.text().contains("[1,3,")
    });
    assert_eq!(told, [false, true], "the snapshot, when the batch with its tick is written");
}

/// A restored room counts its saves from 1 again, and an answer to an earlier request of the room
/// may still arrive.
#[test]
fn a_seat_is_taken_by_the_answer_to_its_own_keeper_alone() {
    let folder = Folder::new();
    let (store, _, _thread) = open(&folder).expect("opens");
    let (acks, mut answered) = AckSender::new();
    let room_store =
        || RoomStore::store((store.clone(), acks.clone()), RoomId::known("a"), "brawl", None);
    let (mut before, _departing) = hosted_kept(RoomJournal::new(None), room_store());
    let (mut now, _departing) = hosted_kept(RoomJournal::new(None), room_store());
    let peer = join(&mut now, 1);
    let _earlier = join(&mut before, 1);
    // Each asked for a ticket and for a seat, which was its first save.
    let mut acks: Vec<Ack> = (0..4).map_while(|_| answered.wait()).collect();
    acks.retain(|ack| matches!(ack.saved, Saved::Number(_)));
    let [own, other] = &acks[..] else { panic!("{acks:?}") };
    assert_eq!(own.saved, other.saved);
    now.handle(RoomCommand::Acknowledge(other.clone()), &mut Scratch::default()).expect("no panic");
    assert_eq!(peer.text(), "");
    now.handle(RoomCommand::Acknowledge(own.clone()), &mut Scratch::default()).expect("no panic");
    assert!(peer.text().contains("welcome"));
}

/// The close of the last client may wait for the journal. Regression: a room that was removed
/// before that took the close along.
#[test]
fn a_room_is_not_empty_before_those_who_left_were_told() {
    let mut stage = stage();
    let _peer = join(&mut stage.driver, 1);
    stage.driver.tick(Snapshots::Sent, &mut Scratch::default()).expect("no panic");
    stage
        .driver
        .message(ConnectionId(1), ClientMessage::Leave, &mut Scratch::default())
        .expect("no panic");
    assert!(!stage.driver.is_empty());
    stage.heed().expect("written");
    assert!(stage.driver.is_empty());
    assert_eq!(close_code(&mut stage.departing).map(CloseCode::code), Some(1000));
}

/// A welcomed client in a room whose tick is not written yet, and one whose welcome waits for that.
fn welcomed_and_waiting() -> (Stage, [Peer; 2]) {
    let mut stage = stage_with_grace(3600.0);
    let welcomed = join(&mut stage.driver, 1);
    assert!(welcomed.text().contains("welcome"));
    stage.driver.tick(Snapshots::Sent, &mut Scratch::default()).expect("no panic");
    let waiting = join(&mut stage.driver, 2);
    (stage, [welcomed, waiting])
}

#[test]
fn who_closes_while_the_welcome_waits_for_the_journal_leaves_a_free_seat() {
    let (mut stage, [_welcomed, waiting]) = welcomed_and_waiting();
    waiting.close();
    stage.heed().expect("written");
    stage.tick().expect("written");
    assert_eq!(stage.driver.report().seats_taken, 1);
    assert_eq!(waiting.text(), "", "no welcome for somebody who is gone");
}

#[test]
fn who_closes_after_the_welcome_keeps_the_seat_for_the_grace_time() {
    let (mut stage, [welcomed, waiting]) = welcomed_and_waiting();
    stage.heed().expect("written");
    waiting.close();
    drop(welcomed);
    for _ in 0..3 {
        stage.tick().expect("written");
    }
    assert!(waiting.text().contains("welcome"));
    assert_eq!(stage.driver.report().seats_taken, 2);
}

/// Otherwise the next process would wait for a player that cannot resume.
#[test]
fn a_stop_keeps_no_seat_of_somebody_who_was_not_welcomed() {
    let (mut stage, _peers) = welcomed_and_waiting();
    stage.driver.drain(2, &mut Scratch::default()).expect("collected");
    let kept: Vec<_> = stage.driver.effects.seats().collect();
    assert_eq!((kept.len(), stage.driver.report().seats_taken), (1, 1));
}

#[test]
fn a_room_that_failed_comes_back_without_the_seats_of_those_who_were_not_welcomed() {
    let (stage, _peers) = welcomed_and_waiting();
    let taken_out = stage.driver.take_out(&RoomFailed::Panicked);
    assert_eq!(taken_out.room.seats.len(), 1);
}

/// The server may stop before the first tick of a room. Clients of the room were welcomed, so their
/// seats must exist after the restart.
#[test]
fn a_match_without_a_tick_has_a_journal_when_the_server_stops() {
    let mut stage = stage();
    let _peer = join(&mut stage.driver, 1);
    stage.driver.drain(1, &mut Scratch::default()).expect("collected");
    stage.heed().expect("written");
    let Stage { driver, folder, .. } = stage;
    let (id, mut world) = (driver.room.current_match().1, driver.room.world().clone());
    driver.end(RoomEnd::Kept);
    let segments = folder.data_dir().segments(id).and_then(|it| it.read()).expect("read");
    let segments: Vec<&[u8]> = segments.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    let (_, recovered) = recover_segments(&segments).expect("recovers");
    // The match may have come this far without a record.
    (0..29).for_each(|_| world.step(&[], &mut Vec::new()));
    assert_eq!((recovered.world.tick().0, recovered.world.hash()), (29, world.hash()));
}

/// A stage with a simulated disk and strict durability.
fn ill_stage() -> (Stage, SimDisk) {
    let disk = SimDisk::default();
    let threads = journal_threads();
    let (journal, _) =
        JournalThread::start(threads, disk.clone(), Durability::Strict, |_| (), || ())
            .expect("threads");
    let (driver, departing) = driver(RoomJournal::new(Some(journal.clone())));
    (Stage { driver, departing, journal, folder: Folder::new() }, disk)
}

#[test]
fn a_sync_that_fails_begins_a_segment_with_all_there_is_and_frames_wait_for_that() {
    let (mut stage, disk) = ill_stage();
    let peer = join(&mut stage.driver, 1);
    stage.tick().expect("synced");
    peer.text();
    disk.fail_syncs(&[true]);
    let _other = join(&mut stage.driver, 2);
    stage
        .driver
        .message(ConnectionId(1), ClientMessage::Resync, &mut Scratch::default())
        .expect("no panic");
    stage.tick().expect("it goes on");
    assert!(peer.text().is_empty(), "the disk may not have that tick");
    stage.heed().expect("the new segment is synced");
    assert!(peer.text().contains("[1,2,"));
    stage.tick().expect("synced");
    disk.crash(|_| 0);
    let mut files: Vec<Vec<u8>> = disk.files().into_iter().map(|(_, bytes)| bytes).collect();
    // The later segment sorts first.
    files.reverse();
    let segments: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let (newest, recovered) = recover_segments(&segments).expect("recovers");
    assert_eq!((newest, recovered.world.tick().0), (1, 3));
    assert_eq!(recovered.world.hash(), stage.driver.room.world().hash());
}

#[test]
fn a_disk_that_keeps_failing_ends_the_room_and_nobody_has_heard_of_what_it_lost() {
    let (mut stage, disk) = ill_stage();
    let peer = join(&mut stage.driver, 1);
    peer.text();
    disk.fail_syncs(&[true, true, true]);
    stage.tick().expect("it may go on in another segment");
    let Err(why) = stage.heed() else { panic!("not in that one either") };
    assert!(why.to_string().contains(".1.journal`: the disk is ill"), "{why}");
    assert!(peer.text().is_empty());
}

/// The next start then finds nothing to resume, even if the store could not forget the room.
#[test]
fn a_room_that_nobody_has_seen_leaves_no_journal_when_it_is_closed_for_a_disk_that_fails() {
    let (mut stage, disk) = ill_stage();
    let _peer = join(&mut stage.driver, 1);
    disk.fail_syncs(&[true, true, true]);
    stage.tick().expect("it may go on in another segment");
    let Err(why) = stage.heed() else { panic!("not in that one either") };
    assert!(!disk.files().is_empty() && !stage.driver.was_shown());
    stage.driver.end(RoomEnd::Failed(&why));
    let batch = stage.journal.submit();
    assert!(stage.journal.wait_for(batch, PATIENCE));
    assert_eq!(disk.files(), []);
}

/// If even that cannot be stored, closing looks like a kill to the next process, which cannot know
/// what was sent and which clients were welcomed. So the room is suspended and not ended while the
/// disk still fails, and it is closed once no player has come back.
#[test]
fn a_room_whose_closing_was_not_written_goes_on_until_its_seats_have_run_out() {
    let recover = || {
        let seat = SeatRecord { creator: true, ..seat() };
        // No tick of it was written.
        let world = World::new(preset("brawl").expect("a preset").rules, 1).expect("in range");
        let id = Uuid::from_u128(1);
        let recovery = Recovery { id, number: 1, world, seats: vec![seat], locked: false };
        let (id, journal) = (room_id(), RoomJournal::new(None));
        let (context, room_store) = (context().0, RoomStore::Nowhere);
        let setup = RoomSetup { id, journal, room_store, context };
        RoomDriver::recover(setup, config("a", 0.0), recovery, &mut Scratch::default())
            .expect("no panic")
    };
    let driver = recover();
    assert!(driver.was_shown());
    let why = RoomFailed::Journal(JournalError::TooSlow { ticks: 1 });
    assert_eq!(driver.take_out(&why).room.seats.len(), 1);

    let mut driver = recover();
    // Ten seconds for its players, and no grace time after them.
    for tick in 0..=300 {
        assert!(!driver.is_empty(), "tick {tick}");
        driver.tick(Snapshots::Sent, &mut Scratch::default()).expect("no panic");
    }
    assert!(driver.is_empty(), "nobody came back");
}

#[test]
fn without_a_journal_nothing_waits() {
    let (mut driver, _departing) = driver(RoomJournal::new(None));
    let peer = join(&mut driver, 1);
    driver.tick(Snapshots::Sent, &mut Scratch::default()).expect("no panic");
    assert!(peer.text().contains("[1,1,"));
}

#[test]
fn a_tick_that_cannot_be_written_down_is_told_to_nobody_and_ends_the_room() {
    let mut stage = stage();
    let peer = join(&mut stage.driver, 1);
    assert!(peer.text().contains("welcome"));
    // The first tick sends the roster and needs a file, for which the folder is missing.
    fs::remove_dir_all(&stage.folder.0).expect("removed");
    let Err(why) = stage.tick() else { panic!("no folder") };
    assert!(matches!(why, RoomFailed::Journal(_)));
    assert!(peer.text().is_empty(), "nobody hears of a tick that is not in the journal");
    stage.driver.end(RoomEnd::Failed(&why));
    assert_eq!(close_code(&mut stage.departing).map(CloseCode::code), Some(1013));
    assert!(peer.text().contains("room_failed"));
}

#[test]
fn what_a_room_refuses_is_counted() {
    let (mut driver, _departing) = driver(RoomJournal::new(None));
    let peer = join(&mut driver, 1);
    for _ in 0..=CHAT_LINES_MAX {
        let line = ChatText::parse("again").expect("a line");
        driver
            .message(ConnectionId(1), ClientMessage::Chat(line), &mut Scratch::default())
            .expect("no panic");
    }
    assert!(peer.text().contains("chat_rate"));
    assert_eq!(driver.context.metrics.errors(ErrorCode::ChatRate), 1);
}

#[test]
fn who_joins_and_leaves_within_a_tick_is_news() {
    // The directory knew of the join. Regression: it did not learn of the leave, and the seat was
    // never free again.
    let mut driver = stage().driver;
    let _peer = join(&mut driver, 1);
    assert_eq!(driver.report().seats_taken, 1);
    driver
        .message(ConnectionId(1), ClientMessage::Leave, &mut Scratch::default())
        .expect("no panic");
    assert_eq!(driver.changed_status().map(|status| status.seats_taken), Some(0));
    assert_eq!(driver.changed_status(), None);
}

#[test]
fn a_client_who_is_gone_leaves_the_room_and_his_seat_becomes_free() {
    let mut stage = stage();
    let stays = join(&mut stage.driver, 1);
    drop(join(&mut stage.driver, 2));
    for _ in 0..3 {
        stage.tick().expect("no panic");
    }
    let driver = &mut stage.driver;
    assert_eq!(driver.report().seats_taken, 1);
    let said = stays.text();
    let last = said.rsplit('\u{fffd}').next().expect("a frame");
    assert!(last.contains("[1,"), "a snapshot is the last of a tick: {said}");
    assert!(!driver.is_empty());
}

/// This is what quarantine is for: the journal has what panics.
#[test]
fn a_room_that_cannot_be_hosted_again_leaves_its_journal() {
    let mut stage = stage();
    let _peer = join(&mut stage.driver, 1);
    stage.tick().expect("written");
    let id = stage.driver.effects.journal().id().expect("a match");
    let at = ResumeAt { id, segment: 0, whole_bytes: None };
    let journal = RoomJournal::resume(Some(stage.journal.clone()), at);
    let room = || panic!("on purpose");
    // The same without a panic, as when too much waits for the disk.
    drop(RoomJournal::resume(Some(stage.journal.clone()), at));
    let id = room_id();
    let (context, room_store) = (context().0, RoomStore::Nowhere);
    let setup = RoomSetup { id, journal, room_store, context };
    let driver = RoomDriver::host(setup, &[], &mut Scratch::default(), room);
    assert!(matches!(driver, Err(RoomFailed::Panicked)));
    let batch = stage.journal.submit();
    assert!(stage.journal.wait_for(batch, PATIENCE));
    let journals = fs::read_dir(stage.folder.data_dir().journals()).expect("a folder");
    assert_eq!(journals.count(), 1);
}
