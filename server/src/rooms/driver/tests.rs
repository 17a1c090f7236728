//! Tests of a room driver, with a journal thread of its own.

mod faults;
mod simulation;

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use bolide_net::limits::CHAT_LINES_MAX;
use bolide_net::{ChatText, ClientMessage, CloseCode, Codec, ErrorCode, PlayerName, SyncMode};
use bolide_room::{ConnectionId, Join, RoomConfig, RoomId, RoomPolicy};
use bolide_sim::journal::recover_segments;
use bolide_sim::preset;
use bolide_storage::testing::{journal_threads, open};
use bolide_storage::{Ack, AckSender, BatchNumber, Durability, JournalThread, RoomJournal, Saved};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    Entered, Entry, RoomCommand, RoomDriver, RoomEnd, RoomFailed, RoomSetup, Scratch, Snapshots,
};
use crate::connection::Ending;
use crate::connection::poller::Departure;
use crate::random::room_id;
use crate::rooms::room_store::RoomStore;
use crate::testing::{Folder, Peer, connection, driver_context as context};

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
            let fault = RoomCommand::JournalFault(id, fault);
            self.driver.handle(fault, &mut Scratch::default())?;
        }
        self.driver.flush(progress.done, &mut Scratch::default())
    }

    /// Ticks the room, and waits until its clients are sent the tick.
    fn tick(&mut self) -> Result<(), RoomFailed> {
        self.driver.tick(Snapshots::Sent, *NOW, &mut Scratch::default())?;
        self.heed()
    }
}

/// The calls of a shard to a room that does not fail.
impl RoomDriver {
    fn ticked(&mut self, snapshots: Snapshots) {
        self.tick(snapshots, *NOW, &mut Scratch::default()).expect("no panic");
    }

    fn written(&mut self, batch: BatchNumber) {
        self.flush(batch, &mut Scratch::default()).expect("no panic");
    }

    fn told(&mut self, command: RoomCommand) {
        self.handle(command, &mut Scratch::default()).expect("no panic");
    }

    /// Handles a message of the first client.
    fn hears(&mut self, message: ClientMessage) {
        self.message(ConnectionId(1), message, &mut Scratch::default()).expect("no panic");
    }

    fn seats_taken(&self) -> u16 {
        self.status().room.seats_taken
    }
}

const PATIENCE: Duration = Duration::from_secs(30);

/// The time of all ticks here, at which no deadline of a connection is due.
static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);

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
    let setup = RoomSetup { journal, room_store, context };
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
    let entered = driver.enter(connection, Entry::Join(join, None), 0, &mut Scratch::default());
    assert!(matches!(entered, Ok(Entered::Seated(_))), "a seat");
    peer
}

/// Returns the close code of the next client that leaves, after writing what is queued for it.
fn close_code(departing: &mut UnboundedReceiver<Departure>) -> Option<CloseCode> {
    let Departure { socket: mut connection, end } = departing.try_recv().ok()?;
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
    stage.driver.ticked(Snapshots::Sent);
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
        stage.driver.hears(ClientMessage::Resync);
        stage.driver.ticked(Snapshots::Sent);
        stage.journal.submit()
    });
    assert!(stage.journal.wait_for(batches[2], PATIENCE));
    let told = batches.map(|batch| {
        stage.driver.written(batch);
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
    without.ticked(Snapshots::Withheld);
    assert!(!peer.text().contains("roster"), "it waits");
    without.ticked(Snapshots::Sent);
    assert!(peer.text().contains("roster"), "it leaves with the snapshot");

    // Two clients, so that the match counts down and each tick is in the journal.
    let mut stage = stage();
    let (peer, _other) = (join(&mut stage.driver, 1), join(&mut stage.driver, 2));
    peer.text();
    stage.driver.ticked(Snapshots::Withheld);
    stage.heed().expect("written");
    assert_eq!(peer.text(), "", "it waits, written or not");
    let line = ChatText::parse("hello").expect("a line");
    stage.driver.hears(ClientMessage::Chat(line));
    let text = peer.text();
    assert!(text.find("roster") < text.find("hello") && text.contains("hello"), "{text}");
    let batches = [Snapshots::Withheld, Snapshots::Sent].map(|shows| {
        stage.driver.ticked(shows);
        stage.journal.submit()
    });
    assert!(stage.journal.wait_for(batches[1], PATIENCE));
    let told = batches.map(|batch| {
        stage.driver.written(batch);
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
    now.told(RoomCommand::Acknowledge(other.clone()));
    assert_eq!(peer.text(), "");
    now.told(RoomCommand::Acknowledge(own.clone()));
    assert!(peer.text().contains("welcome"));
}

/// The close of the last client may wait for the journal. Regression: a room that was removed
/// before that took the close along.
#[test]
fn a_room_is_not_empty_before_those_who_left_were_told() {
    let mut stage = stage();
    let _peer = join(&mut stage.driver, 1);
    stage.driver.ticked(Snapshots::Sent);
    stage.driver.hears(ClientMessage::Leave);
    assert!(!stage.driver.status().is_empty);
    stage.heed().expect("written");
    assert!(stage.driver.status().is_empty);
    assert_eq!(close_code(&mut stage.departing).map(CloseCode::code), Some(1000));
}

/// A welcomed client in a room whose tick is not written yet, and one whose welcome waits for that.
fn welcomed_and_waiting() -> (Stage, [Peer; 2]) {
    let mut stage = stage_with_grace(3600.0);
    let welcomed = join(&mut stage.driver, 1);
    assert!(welcomed.text().contains("welcome"));
    stage.driver.ticked(Snapshots::Sent);
    let waiting = join(&mut stage.driver, 2);
    (stage, [welcomed, waiting])
}

#[test]
fn who_closes_while_the_welcome_waits_for_the_journal_leaves_a_free_seat() {
    let (mut stage, [_welcomed, waiting]) = welcomed_and_waiting();
    waiting.close();
    stage.heed().expect("written");
    stage.tick().expect("written");
    assert_eq!(stage.driver.seats_taken(), 1);
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
    assert_eq!(stage.driver.seats_taken(), 2);
}

/// Otherwise the next process would wait for a player that cannot resume.
#[test]
fn a_stop_keeps_no_seat_of_somebody_who_was_not_welcomed() {
    let (mut stage, _peers) = welcomed_and_waiting();
    stage.driver.told(RoomCommand::Drain { open: 2 });
    let kept: Vec<_> = stage.driver.effects.seats().collect();
    assert_eq!((kept.len(), stage.driver.seats_taken()), (1, 1));
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
    stage.driver.told(RoomCommand::Drain { open: 1 });
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

#[test]
fn without_a_journal_nothing_waits() {
    let (mut driver, _departing) = driver(RoomJournal::new(None));
    let peer = join(&mut driver, 1);
    driver.ticked(Snapshots::Sent);
    assert!(peer.text().contains("[1,1,"));
}

#[test]
fn what_a_room_refuses_is_counted() {
    let (mut driver, _departing) = driver(RoomJournal::new(None));
    let peer = join(&mut driver, 1);
    for _ in 0..=CHAT_LINES_MAX {
        let line = ChatText::parse("again").expect("a line");
        driver.hears(ClientMessage::Chat(line));
    }
    assert!(peer.text().contains("chat_rate"));
    assert_eq!(driver.context.metrics.errors(ErrorCode::ChatRate), 1);
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
    assert_eq!(driver.seats_taken(), 1);
    let said = stays.text();
    let last = said.rsplit('\u{fffd}').next().expect("a frame");
    assert!(last.contains("[1,"), "a snapshot is the last of a tick: {said}");
    assert!(!driver.status().is_empty);
}
