//! Tests of a room whose journal cannot be written or synced, or that cannot be hosted again.

use std::fs;

use bolide_net::{ClientMessage, CloseCode};
use bolide_room::{Recovery, SeatRecord};
use bolide_sim::journal::recover_segments;
use bolide_sim::{World, preset};
use bolide_storage::testing::{SimDisk, journal_threads};
use bolide_storage::{Durability, JournalError, JournalThread, ResumeAt, RoomJournal};
use uuid::Uuid;

use super::{PATIENCE, Stage, close_code, config, driver, join, stage};
use crate::rooms::room_store::RoomStore;
use crate::rooms::{RoomDriver, RoomEnd, RoomFailed, RoomSetup, Scratch, Snapshots};
use crate::testing::{Folder, driver_context, seat};

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
    stage.driver.hears(ClientMessage::Resync);
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
    assert!(!disk.files().is_empty() && !stage.driver.status().was_shown);
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
        let (context, room_store) = (driver_context().0, RoomStore::Nowhere);
        let journal = RoomJournal::new(None);
        let setup = RoomSetup { journal, room_store, context };
        RoomDriver::recover(setup, config("a", 0.0), recovery, &mut Scratch::default())
            .expect("no panic")
    };
    let driver = recover();
    assert!(driver.status().was_shown);
    let why = RoomFailed::Journal(JournalError::TooSlow { ticks: 1 });
    assert_eq!(driver.take_out(&why).room.seats.len(), 1);

    let mut driver = recover();
    // Ten seconds for its players, and no grace time after them.
    for tick in 0..=300 {
        assert!(!driver.status().is_empty, "tick {tick}");
        driver.ticked(Snapshots::Sent);
    }
    assert!(driver.status().is_empty, "nobody came back");
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

/// This is what quarantine is for: the journal has what panics.
#[test]
fn a_room_that_cannot_be_hosted_again_leaves_its_journal() {
    let mut stage = stage();
    let _peer = join(&mut stage.driver, 1);
    stage.tick().expect("written");
    let id = stage.driver.effects.journal.id().expect("a match");
    let at = ResumeAt { id, segment: 0, whole_bytes: None };
    let journal = RoomJournal::resume(Some(stage.journal.clone()), at);
    let room = || panic!("on purpose");
    // The same without a panic, as when too much waits for the disk.
    drop(RoomJournal::resume(Some(stage.journal.clone()), at));
    let (context, room_store) = (driver_context().0, RoomStore::Nowhere);
    let setup = RoomSetup { journal, room_store, context };
    let driver = RoomDriver::host(setup, &[], &mut Scratch::default(), room);
    assert!(matches!(driver, Err(RoomFailed::Panicked)));
    let batch = stage.journal.submit();
    assert!(stage.journal.wait_for(batch, PATIENCE));
    let journals = fs::read_dir(stage.folder.data_dir().journals()).expect("a folder");
    assert_eq!(journals.count(), 1);
}
