//! Tests of the restorer without its thread.

use std::fs;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bolide_sim::journal::{GAME, Writer};
use bolide_sim::{Tick, World, preset};
use uuid::Uuid;

use super::{
    Absence, AbsentRoom, Purpose, RestoreContext, RestoreReport, Restorer, Waiting, Worker,
};
use crate::attempts::Attempts;
use crate::database::RoomRecord;
use crate::journal::{Durability, ResumeAt, RoomJournal};
use crate::restore::RoomImage;
use crate::testing::{Folder, ManualThread, SimDisk, open, room_id, seat};
use crate::threads::Turns;

/// Creates a restorer without its thread, the receiver of its reports, and a room with a
/// journal.
fn stage(folder: &Folder) -> (Worker, Receiver<RestoreReport>, RoomRecord) {
    let data_dir = folder.data_dir();
    data_dir.open_journals().expect("a folder");
    let (store, ..) = open(folder).expect("opens");
    let (sender, reports) = channel();
    let context = RestoreContext {
        data_dir: data_dir.clone(),
        store,
        mode_named: Box::new(preset),
        draw_seed: || 7,
        report: Box::new(move |report| sender.send(report).expect("received")),
    };
    let (_, requests) = Restorer::new();
    let (attempts, waiting) = (Attempts::open(&data_dir), Vec::new());
    let turns = Some(Turns::new(|_| ()));
    let worker = Worker { requests, context, attempts, waiting, turns };
    let id = Uuid::from_u128(5);
    let world = World::new(preset("duel").expect("a preset").rules, 7).expect("in range");
    folder.file(&format!("journals/{id}.journal"), &Writer::new(&world, "duel", "test").take());
    let (mode, matches, seats) = ("duel".to_owned(), vec![(1, id)], Vec::new());
    let (id, game) = (room_id(), GAME.to_owned());
    let room = RoomRecord { id, code: None, locked: false, game, mode, matches, seats };
    (worker, reports, room)
}

/// Returns the next room that is to be hosted, if the next report is about one.
fn hosted(reports: &Receiver<RestoreReport>) -> Option<RoomImage> {
    match reports.try_recv() {
        Ok(RestoreReport::Host { image, at_start: false, .. }) => Some(*image),
        _ => None,
    }
}

/// Tries all waiting rooms, also those that are not due.
fn pass(worker: &mut Worker) {
    let due = std::mem::take(&mut worker.waiting);
    worker.pass(due);
}

/// A journal that is not written in time is not damaged. Regression: it was quarantined for
/// that.
#[test]
fn a_journal_that_is_not_written_yet_is_waited_for_with_growing_pauses() {
    let folder = Folder::new();
    let (mut worker, reports, room) = stage(&folder);
    let (journal, mut disk) = ManualThread::new(SimDisk::default(), Durability::Group);
    let at = ResumeAt { id: room.matches[0].1, segment: 0, whole_bytes: None };
    drop(RoomJournal::resume(Some(journal.clone()), at));
    let written = Some((journal.clone(), journal.submit()));
    let absent = AbsentRoom { room, shard: Some(0), written, purpose: Purpose::Restore };
    worker.waiting.push(Waiting::new(absent));
    let mut pauses = Vec::new();
    for _ in 0..14 {
        pass(&mut worker);
        let [waiting] = &worker.waiting[..] else { panic!("it waits") };
        pauses.push(waiting.pause);
    }
    assert!(pauses.is_sorted());
    assert_eq!((pauses[0], pauses[13]), (Duration::from_millis(10), Duration::from_secs(30)));
    assert!(reports.try_recv().is_err());
    disk.write(Duration::ZERO);
    pass(&mut worker);
    assert!(worker.waiting.is_empty());
    assert!(hosted(&reports).is_some());
}

#[test]
fn what_the_system_refuses_is_told_and_tried_again_and_forgets_nothing() {
    let folder = Folder::new();
    let (mut worker, reports, room) = stage(&folder);
    let journal = folder.0.join(format!("journals/{}.journal", room.matches[0].1));
    let whole = fs::read(&journal).expect("a journal");
    fs::remove_file(&journal).expect("removed");
    fs::create_dir(&journal).expect("made");
    let absent = AbsentRoom { room, shard: None, written: None, purpose: Purpose::Restore };
    worker.waiting.push(Waiting::new(absent));
    pass(&mut worker);
    pass(&mut worker);
    assert_eq!(worker.waiting[0].pause, Duration::from_secs(2));
    for _ in 0..2 {
        let report = reports.try_recv().expect("told each time");
        assert!(matches!(report, RestoreReport::Absent(_, None, Absence::System(_))));
    }
    fs::remove_dir(&journal).expect("removed");
    fs::write(&journal, whole).expect("written");
    pass(&mut worker);
    assert!(hosted(&reports).is_some());
    assert!(!folder.0.join("restoring").exists());
}

#[test]
fn a_room_of_another_game_waits_for_the_program_that_plays_it() {
    let folder = Folder::new();
    let (mut worker, reports, room) = stage(&folder);
    let journal = folder.0.join(format!("journals/{}.journal", room.matches[0].1));
    let whole = fs::read(&journal).expect("a journal");
    let room = RoomRecord { game: "hockey".to_owned(), seats: vec![seat()], ..room };
    let absent = AbsentRoom { room, shard: None, written: None, purpose: Purpose::Restore };
    worker.waiting.push(Waiting::new(absent));
    pass(&mut worker);
    assert!(matches!(reports.try_recv(), Ok(RestoreReport::Absent(_, None, Absence::Version))));
    assert!(worker.waiting.is_empty() && reports.try_recv().is_err());
    assert_eq!(fs::read(&journal).expect("kept"), whole);
}

/// A power cut in the first moment of a room's first match. Regression: the journal was
/// quarantined and the room forgotten with all its seats, although no client was ever sent a
/// tick of it.
#[test]
fn a_match_whose_first_record_is_torn_begins_again_for_those_who_have_a_seat() {
    for (seats, begins) in [(vec![seat()], true), (Vec::new(), false)] {
        let folder = Folder::new();
        let (mut worker, reports, mut room) = stage(&folder);
        let id = room.matches[0].1;
        room.matches.insert(0, (2, Uuid::from_u128(6)));
        let file = folder.0.join(format!("journals/{id}.journal"));
        let torn = fs::read(&file).expect("a journal")[..12].to_vec();
        fs::write(&file, &torn).expect("torn");
        room.seats = seats;
        let absent = AbsentRoom { room, shard: None, written: None, purpose: Purpose::Restore };
        worker.waiting.push(Waiting::new(absent));
        pass(&mut worker);
        let restored = hosted(&reports);
        assert_eq!(restored.is_some(), begins);
        let Some(restored) = restored else { continue };
        assert_eq!(
            (restored.world.tick(), restored.number, restored.record.seats.len()),
            (Tick(0), 1, 1)
        );
        assert_eq!(restored.journal, ResumeAt { id, segment: 0, whole_bytes: None });
        let aside = folder.0.join(format!("journals/quarantine/{id}.journal"));
        assert_eq!(fs::read(aside).expect("nothing is lost"), torn);
    }
}

/// The content of a segment whose sync failed is unknown. Nothing is appended to it, not even
/// by a later process.
#[test]
fn a_segment_in_doubt_is_left_for_good() {
    let folder = Folder::new();
    let (mut worker, reports, room) = stage(&folder);
    for _ in 0..2 {
        let purpose = Purpose::RestoreOnDisk { in_doubt: true };
        let absent = AbsentRoom { room: room.clone(), shard: None, written: None, purpose };
        worker.waiting.push(Waiting::new(absent));
        pass(&mut worker);
        let restored = hosted(&reports).expect("restored");
        assert_eq!((restored.journal.segment, restored.journal.whole_bytes), (1, None));
        let left = folder.0.join(format!("journals/{}.1.journal", room.matches[0].1));
        assert_eq!(fs::read(left).expect("made"), b"");
    }
}
