//! Tests of rooms that fail on a shard, which are restored by another thread or quarantined.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bolide_net::{ErrorCode, NewRoom, RoomCode, WantedRoom};
use bolide_room::{ConnectionId, RoomId};
use bolide_sim::preset;
use bolide_storage::testing::open;

use super::{Stage, ask_for_seat, code, resume, stage, token, until};
use crate::config::Config;
use crate::connection::join_refusal::JoinRefusal;
use crate::connection::poller::Departure;
use crate::directory::{Directory, NoSeat};
use crate::measure::reasons::DropReason;
use crate::shard::handle::{JoinReply, ShardCommand};
use crate::testing::PANICS;

/// After a panic the sessions of the room reconnect, and no other room is affected. A room that
/// keeps panicking at the same tick is given up, and its journal is kept.
#[test]
fn a_room_that_panics_begins_again_from_its_journal_but_not_for_ever() {
    let mut stage = stage(Config::default().budgets);
    let mut welcomes = Vec::new();
    for (connection_id, mode) in [(1, "duel"), (2, "brawl")] {
        let (room, peer) = stage.join(connection_id, mode);
        welcomes.push((room, until(&peer, "welcome"), peer));
    }
    let Stage { shard, directory, departing, folder, .. } = &mut stage;
    let [(room, welcome, peer), (_, _, neighbour)] = &welcomes[..] else { panic!("two") };
    until(peer, "[1,");
    shard.put(ShardCommand::Panic { room: Some(room.clone()) });
    let left = departing.blocking_recv().expect("told to come back");
    assert_eq!(left.socket.id(), ConnectionId(1));
    let peer = resume(shard, room, &token(welcome), 10, &[]);
    let told = until(&peer, "[1,");
    assert_eq!(code(&told), code(welcome), "it is as private as it was");
    // No tick is stepped between these, because no client has resumed. The first panic is at the
    // tick to which a match that waits for players is recovered, not at the tick of the panic
    // before.
    for _ in 0..3 {
        shard.put(ShardCommand::Panic { room: Some(room.clone()) });
        resume(shard, room, &token(&told), 11, &[]);
    }
    shard.put(ShardCommand::Panic { room: Some(room.clone()) });
    until(neighbour, "[1,");
    let mut left = std::iter::from_fn(|| departing.try_recv().ok());
    assert!(left.all(|it| it.socket.id() != ConnectionId(2)), "its neighbour has noticed nothing");
    given_up(directory, room);
    let aside = fs::read_dir(folder.0.join("journals/quarantine")).expect("a folder").count();
    assert_eq!(aside, 2, "a journal and a reason");
}

/// Waits until a room is given up: no shard has it, and the restorer does not try it.
fn given_up(directory: &Directory, room: &RoomId) {
    let patience = Instant::now() + Duration::from_secs(30);
    while directory.shard_of(room).is_some() || directory.is_absent(room) {
        assert!(Instant::now() < patience, "it is not given up");
        std::thread::yield_now();
    }
}

/// The cause of the panic is in the stored records, so the room would panic at each start. Its
/// journal is kept for debugging, and no other room is affected.
#[test]
fn a_room_that_panics_when_it_is_hosted_again_is_put_aside_with_its_reason() {
    let mut stage = stage(Config::default().budgets);
    let (_, neighbour) = stage.join(1, "brawl");
    until(&neighbour, "[1,");
    let (wanted, name) = (WantedRoom::New(NewRoom::Private), str::from_utf8(PANICS).expect("text"));
    let (room, peer) = stage.join_named(name, 2, &wanted, "duel", &[]);
    let welcome = until(&peer, "welcome");
    until(&peer, "[1,");
    stage.shard.put(ShardCommand::Panic { room: Some(room.clone()) });
    let Departure { socket: connection, .. } =
        stage.departing.blocking_recv().expect("told to come back");
    assert_eq!(connection.id(), ConnectionId(2));
    given_up(&stage.directory, &room);
    let aside = stage.folder.0.join("journals/quarantine");
    let (mut reasons, mut journals) = (Vec::new(), 0);
    for entry in fs::read_dir(aside).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.extension().and_then(|it| it.to_str()) {
            Some("txt") => reasons.push(fs::read_to_string(path).expect("a reason")),
            _ => journals += 1,
        }
    }
    assert_eq!(reasons, ["the room panics when it is restored\n"]);
    assert_eq!(journals, 1, "nothing of it is lost");
    let (reply, _) = ask_for_seat(&stage.shard, &room, &token(&welcome), 3, &[]);
    let JoinReply::Refused(_, JoinRefusal::Error { code, .. }) = reply else {
        panic!("it is hosted")
    };
    assert_eq!(code, ErrorCode::BadResume);
    neighbour.text();
    until(&neighbour, "[1,");
    assert_eq!(stage.failures.first(), None);
    assert!(stage.departing.try_recv().is_err(), "nobody else had to go");
    let Stage { shard, store_thread, folder, .. } = stage;
    shard.put(ShardCommand::Stop);
    drop(shard);
    store_thread.join().expect("it ends with the shard");
    let (_store, kept, _) = open(&folder).expect("opens");
    assert!(kept.iter().all(|kept| kept.id != room), "no start tries it again");
}

/// The journal of the only match that has one.
fn only_journal(stage: &Stage) -> PathBuf {
    let entries = fs::read_dir(stage.folder.data_dir().journals()).expect("a folder");
    let files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    let [journal] = &files[..] else { panic!("{files:?}") };
    journal.clone()
}

/// The journal of a room that panicked cannot be read while its neighbour runs 75 ticks. The test
/// puts a pipe without a writer in its place.
#[test]
fn a_room_whose_journal_takes_long_holds_up_no_neighbour_and_is_not_given_up() {
    let stage = stage(Config::default().budgets);
    let Stage { shard, directory, .. } = &stage;
    let (room, peer) = stage.join(1, "duel");
    let welcome = until(&peer, "welcome");
    until(&peer, "[1,");
    let journal = only_journal(&stage);
    let (_, neighbour) = stage.join(2, "brawl");
    until(&neighbour, "[1,");
    let whole = journal.with_extension("whole");
    fs::rename(&journal, &whole).expect("moved");
    // Made with `mkfifo`, because macOS has another system call for it.
    let made = std::process::Command::new("mkfifo").arg(&journal).status();
    assert!(made.expect("mkfifo runs").success());

    shard.put(ShardCommand::Panic { room: Some(room.clone()) });
    // A client that waits for other players is sent one tick in fifteen.
    for _ in 0..5 {
        until(&neighbour, "[1,");
    }
    let (reply, _) = ask_for_seat(shard, &room, &token(&welcome), 10, &[]);
    let JoinReply::Refused(_, why) = reply else { panic!("nobody is there") };
    assert_eq!(why, JoinRefusal::Drop(DropReason::Absent));
    let wanted = WantedRoom::Code(RoomCode::parse(code(&welcome)).expect("a code"));
    let duel = preset("duel").expect("a preset");
    assert_eq!(directory.reserve(&wanted, &duel).expect_err("closed"), NoSeat::Absent);

    let mut writer = File::options().write(true).open(&journal).expect("somebody reads");
    let bytes = fs::read(&whole).expect("a journal");
    fs::rename(&whole, &journal).expect("moved");
    writer.write_all(&bytes).expect("read");
    drop(writer);
    let peer = resume(shard, &room, &token(&welcome), 11, &[]);
    until(&peer, "[1,");
    assert!(!stage.folder.0.join("journals/quarantine").exists());
}
