//! Tests of the store with its thread and a real file.

mod upgrading;

use std::time::{Duration, Instant};

use bolide_net::{PlayerName, RoomCode};
use bolide_room::{RoomId, SaveNumber, SeatRecord, TokenHash};
use bolide_sim::PlayerId;
use rusqlite::Connection;
use uuid::Uuid;

use super::schema::{BUSY, MIGRATIONS};
use super::testing::{StoreCounts, locked, open, open_counted};
use super::thread::{BATCH_WRITES, TOPICS_MAX, WRITES_MAX};
use super::{
    AckReceiver, AckSender, KeyRecord, OpenedStore, Outcome, RoomRecord, RoomRow, Saved, Store,
    TopicRecord, UnusedKeys,
};
use crate::testing::{Folder, room_id, thread};

/// The time that anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

fn row(room: &RoomId, number: u32, id: Uuid) -> RoomRow {
    RoomRow { id: room.clone(), mode: "brawl".into(), code: None, current: (number, id) }
}

fn seat(player: u16, token: &str) -> SeatRecord {
    SeatRecord {
        player: PlayerId(player),
        name: PlayerName::parse("小明 <b>").expect("a name"),
        token: TokenHash::of(token),
        previous_token: None,
        creator: player == 1,
    }
}

fn saved(number: u64) -> Saved {
    Saved::Number(SaveNumber(number))
}

/// Runs a script against a store, waits until it is closed, and returns the rooms of the next
/// start.
fn kept_after(folder: &Folder, script: impl FnOnce(&Store, &AckSender)) -> Vec<RoomRecord> {
    kept_after_counted(folder, |store, _| script(store, &AckSender::new().0))
}

/// The same for a script that looks at the figures of the store.
fn kept_after_counted(
    folder: &Folder,
    script: impl FnOnce(&Store, &StoreCounts),
) -> Vec<RoomRecord> {
    let ((store, _, thread), counts) = open_counted(folder).expect("opens");
    script(&store, &counts);
    drop(store);
    thread.join().expect("no panic");
    let (store, rooms, thread) = open(folder).expect("opens");
    drop(store);
    thread.join().expect("no panic");
    rooms
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "it never came about that {what}");
        std::thread::yield_now();
    }
}

/// Returns the next answers in order, without their rooms.
fn answers(acks: &mut AckReceiver, count: usize) -> Vec<(Saved, Outcome)> {
    let next = |_| {
        let mut next = None;
        wait_until("it is answered", || {
            next = acks.try_recv();
            next.is_some()
        });
        next.map(|ack| (ack.saved, ack.outcome))
    };
    (0..count).filter_map(next).collect()
}

#[test]
fn what_was_kept_is_there_after_the_next_start() {
    let folder = Folder::new();
    let (room, other) = (room_id(), room_id());
    let ids = [Uuid::now_v7(), Uuid::now_v7()];
    let (acks, mut answered) = AckSender::new();
    let rooms = kept_after(&folder, |store, nobody| {
        let first = row(&room, 1, ids[0]);
        store.save_seat(first.clone(), seat(3, "a"), (acks.clone(), SaveNumber(1)));
        store.save_seat(first.clone(), seat(1, "b"), (nobody.clone(), SaveNumber(2)));
        store.save_match(first.clone(), (2, ids[1]), acks.clone());
        let rotated = SeatRecord { previous_token: Some(TokenHash::of("a")), ..seat(3, "c") };
        store.save_seat(first, rotated, (nobody.clone(), SaveNumber(3)));
        store.forget_seat(&room, PlayerId(9));
        store.save_match(row(&other, 1, Uuid::nil()), (2, Uuid::nil()), nobody.clone());
        store.forget_room(&other);
    });
    let expected = [(saved(1), Outcome::Committed), (Saved::Match(ids[1]), Outcome::Committed)];
    assert_eq!(answers(&mut answered, 2), expected);
    assert!(answered.try_recv().is_none(), "each is answered once");
    let [kept] = &rooms[..] else { panic!("{rooms:?}") };
    assert_eq!((kept.id.as_str(), kept.mode.as_str()), (room.as_str(), "brawl"));
    assert_eq!(kept.matches, [(2, ids[1]), (1, ids[0])], "the newest first");
    let rotated = SeatRecord { previous_token: Some(TokenHash::of("a")), ..seat(3, "c") };
    assert_eq!(kept.seats, [seat(1, "b"), rotated]);
    let rooms = kept_after(&folder, |store, _| store.forget_seat(&room, PlayerId(1)));
    assert_eq!(rooms[0].seats.len(), 1);
}

#[test]
fn a_code_and_a_lock_are_kept_with_their_room() {
    let folder = Folder::new();
    let (room, code) = (room_id(), RoomCode::of_random([3; 6]));
    let private = |number| RoomRow { code: Some(code), ..row(&room, number, Uuid::nil()) };
    let rooms = kept_after(&folder, |store, acks| {
        store.save_lock(private(1), true, (acks.clone(), SaveNumber(1)));
        // The next match changes neither.
        store.save_match(private(1), (2, Uuid::nil()), acks.clone());
    });
    assert_eq!((rooms[0].code, rooms[0].locked), (Some(code), true));
    let rooms = kept_after(&folder, |store, acks| {
        store.save_lock(private(2), false, (acks.clone(), SaveNumber(2)));
    });
    assert!(!rooms[0].locked);
}

/// Regression: such a room was given another code, which nobody has.
#[test]
fn a_code_that_cannot_be_read_is_named_and_nothing_is_changed() {
    let folder = Folder::new();
    drop(kept_after(&folder, |store, acks| {
        let row = row(&RoomId::known("fqmv0vq8"), 1, Uuid::nil());
        let row = RoomRow { code: Some(RoomCode::of_random([3; 6])), ..row };
        store.save_lock(row, true, (acks.clone(), SaveNumber(1)));
    }));
    let database = Connection::open(folder.0.join("bolide.sqlite")).expect("opens");
    database.execute("UPDATE rooms SET code = 'no code'", []).expect("set");
    let error = open(&folder).expect_err("refused").to_string();
    let expect = "it has no code of the room fqmv0vq8 that can be read";
    assert!(error.ends_with(expect), "{error}");
    let code = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    let code = database.query_row("SELECT code FROM rooms", [], code).expect("kept");
    assert_eq!(code, "no code");
}

/// The tables of the first release with a room; see `MIGRATIONS`.
#[test]
fn rooms_of_the_first_version_are_public_and_open() {
    let folder = Folder::new();
    let database = Connection::open(folder.0.join("bolide.sqlite")).expect("opens");
    database.execute_batch(MIGRATIONS[0]).expect("the tables");
    database.pragma_update(None, "user_version", 1).expect("set");
    let room = "INSERT INTO rooms VALUES ('fqmv0vq8', 'duel');
        INSERT INTO seats VALUES ('fqmv0vq8', 0, 'Ada', zeroblob(32), NULL);";
    database.execute_batch(room).expect("a room");
    drop(database);
    let rooms = kept_after(&folder, |_, _| ());
    let [room] = &rooms[..] else { panic!("{rooms:?}") };
    assert_eq!((room.code, room.locked, room.seats[0].creator), (None, false, false));
    assert_eq!((room.game.as_str(), room.mode.as_str()), ("arena", "duel"));
}

#[test]
fn only_the_last_two_matches_of_a_room_are_kept() {
    let folder = Folder::new();
    let room = room_id();
    let id = |number: u32| Uuid::from_u128(number.into());
    let rooms = kept_after(&folder, |store, acks| {
        for number in 1..=4 {
            let next = (number + 1, id(number + 1));
            store.save_match(row(&room, number, id(number)), next, acks.clone());
        }
    });
    let numbers: Vec<u32> = rooms[0].matches.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [5, 4]);
}

/// Another program locks the database, as a shell or a backup does. Nothing is acknowledged and
/// nothing is lost. Everything is committed in order afterwards.
#[test]
fn what_failed_is_tried_again_in_order_and_what_comes_meanwhile_waits_behind_it() {
    let folder = Folder::new();
    let (room, id) = (room_id(), Uuid::now_v7());
    let (acks, mut answered) = AckSender::new();
    let rooms = kept_after_counted(&folder, |store, counts| {
        let other = locked(&folder);
        let keep = |number: u64, token| {
            store.save_seat(row(&room, 1, id), seat(1, token), (acks.clone(), SaveNumber(number)));
        };
        keep(1, "a");
        wait_until("a commit fails", || counts.failures() > 0);
        let told = |after_s| store.health().failure(Instant::now() + Duration::from_secs(after_s));
        assert_eq!(told(0), None);
        // The failure is counted a moment before.
        wait_until("it is told", || told(10).is_some());
        let why = told(10).expect("it is told");
        assert!(why.starts_with("no seat can be kept for 1") && why.contains("locked"), "{why}");
        keep(2, "b");
        store.save_match(row(&room, 1, id), (2, Uuid::nil()), acks.clone());
        keep(3, "c");
        assert!(answered.try_recv().is_none(), "nothing is kept yet");
        assert_eq!(counts.waiting(), 4);
        drop(other);
        let expected = [saved(1), saved(2), Saved::Match(Uuid::nil()), saved(3)];
        assert_eq!(answers(&mut answered, 4), expected.map(|saved| (saved, Outcome::Committed)));
        wait_until("it is well again", || told(10).is_none());
    });
    assert_eq!(rooms[0].seats, [seat(1, "c")], "the last one counts");
    assert_eq!(rooms[0].matches, [(2, Uuid::nil()), (1, id)]);
}

/// A lock that lasts no longer than a commit waits is no failure: it is neither counted nor
/// reported.
#[test]
fn a_seat_waits_for_a_short_lock_and_no_failure_is_counted() {
    let folder = Folder::new();
    let (room, id) = (room_id(), Uuid::now_v7());
    let (acks, mut answered) = AckSender::new();
    kept_after_counted(&folder, |store, counts| {
        let failures = || counts.failures();
        for number in 1.. {
            let before = failures();
            let begun = Instant::now();
            let other = locked(&folder);
            store.save_seat(row(&room, 1, id), seat(1, "a"), (acks.clone(), SaveNumber(number)));
            std::thread::sleep(BUSY / 5); // WAITS: a lock that is held for so long.
            drop(other);
            let held = begun.elapsed();
            assert_eq!(answers(&mut answered, 1), [(saved(number), Outcome::Committed)]);
            // On a busy machine the lock may have lasted longer.
            if held < BUSY {
                return assert_eq!(failures(), before, "held for {held:?}");
            }
        }
    });
}

/// A seat does not depend on an earlier change of its room, which may have been dropped.
#[test]
fn a_seat_brings_its_room_and_its_match_along() {
    let folder = Folder::new();
    let (room, id) = (room_id(), Uuid::now_v7());
    let rooms = kept_after(&folder, |store, acks| {
        store.save_seat(row(&room, 4, id), seat(1, "a"), (acks.clone(), SaveNumber(1)));
    });
    let [kept] = &rooms[..] else { panic!("{rooms:?}") };
    assert_eq!((&kept.matches[..], kept.seats.len()), (&[(4, id)][..], 1));
}

#[test]
fn what_the_database_refuses_is_told_and_holds_up_nothing_else() {
    let folder = Folder::new();
    let room = room_id();
    let (acks, mut answered) = AckSender::new();
    drop(kept_after(&folder, |_, _| ()));
    let other = Connection::open(folder.0.join("bolide.sqlite")).expect("opens");
    let trigger = "CREATE TRIGGER no BEFORE INSERT ON seats WHEN NEW.player = 7
        BEGIN SELECT RAISE(ABORT, 'no seventh'); END";
    other.execute_batch(trigger).expect("a trigger");
    let rooms = kept_after_counted(&folder, |store, counts| {
        for player in 6..9 {
            let ack = (acks.clone(), SaveNumber(player.into()));
            store.save_seat(row(&room, 1, Uuid::nil()), seat(player, "a"), ack);
        }
        let mut answers = answers(&mut answered, 3);
        answers.sort_by_key(|(_, outcome)| *outcome == Outcome::Refused);
        let kept = [6, 8].map(|number| (saved(number), Outcome::Committed));
        assert_eq!(answers, [kept[0], kept[1], (saved(7), Outcome::Refused)]);
        assert_eq!(counts.refused(), 1);
    });
    assert_eq!(rooms[0].seats, [seat(6, "a"), seat(8, "a")]);
}

#[test]
fn beyond_its_bound_the_queue_drops_and_counts_and_keeps_what_it_took() {
    let folder = Folder::new();
    let (room, id) = (room_id(), Uuid::now_v7());
    let (acks, mut answered) = AckSender::new();
    let rooms = kept_after_counted(&folder, |store, counts| {
        let other = locked(&folder);
        let keep = |number: u32| {
            store.save_match(row(&room, 1, id), (2, Uuid::from_u128(number.into())), acks.clone())
        };
        // The thread has taken at most one batch.
        let most = u32::try_from(WRITES_MAX + BATCH_WRITES).expect("few");
        let mut taken = 0;
        while taken <= most && keep(taken) {
            taken += 1;
        }
        assert!(taken as usize >= WRITES_MAX && taken <= most, "{taken}");
        assert_eq!(counts.dropped(), 1);
        drop(other);
        let answers = answers(&mut answered, taken as usize);
        let in_order = (0..taken).map(|number| Saved::Match(Uuid::from_u128(number.into())));
        assert!(answers.iter().map(|(saved, _)| *saved).eq(in_order));
        assert!(keep(taken), "there is room again");
    });
    assert_eq!(rooms[0].matches.len(), 2);
}

/// One shard does not read its acknowledgements, and another one does.
#[test]
fn a_shard_that_is_stuck_costs_the_others_nothing() {
    let folder = Folder::new();
    let (stuck, _unread) = AckSender::new();
    let (acks, mut answered) = AckSender::new();
    drop(kept_after_counted(&folder, |store, counts| {
        let row = row(&room_id(), 1, Uuid::nil());
        wait_until("an answer is dropped", || {
            store.save_match(row.clone(), (2, Uuid::nil()), stuck.clone());
            counts.acks_dropped() > 0
        });
        wait_until("all is committed", || counts.waiting() == 0);
        store.save_seat(row, seat(1, "a"), (acks, SaveNumber(1)));
        assert_eq!(answers(&mut answered, 1), [(saved(1), Outcome::Committed)]);
    }));
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
    drop(kept_after(&folder, |_, _| ()));
    let path = folder.0.join("bolide.sqlite");
    let database = Connection::open(&path).expect("opens");
    database.pragma_update(None, "user_version", 99).expect("set");
    drop(database);
    let error = open(&folder).expect_err("refused").to_string();
    assert!(error.contains("version 99"), "{error}");
}

fn topic(channel: &str, text: &str, until: u64) -> TopicRecord {
    TopicRecord { channel: channel.to_owned(), text: text.to_owned(), until }
}

fn key(name: &str, secret: &str) -> KeyRecord {
    let may = "publish,read".parse().expect("a list");
    KeyRecord {
        name: name.parse().expect("a name"),
        hash: TokenHash::of(secret),
        may,
        created: 1_700_000_000,
    }
}

/// Opens and closes a store with this script, and returns what the next start reads.
fn reopened_after(folder: &Folder, script: impl FnOnce(&Store)) -> OpenedStore {
    let open = || Store::open(&folder.data_dir(), thread("store"), |_| ()).expect("opens");
    let OpenedStore { store, thread, .. } = open();
    script(&store);
    drop(store);
    thread.join().expect("no panic");
    open()
}

#[test]
fn the_last_value_of_a_topic_is_kept_until_its_time_is_over() {
    let folder = Folder::new();
    let opened = reopened_after(&folder, |store| {
        store.save_topic(topic("b", "one", u64::MAX));
        store.save_topic(topic("a", "汉字 <b>", u64::MAX));
        store.save_topic(topic("over", "x", 1));
        store.save_topic(topic("gone", "x", u64::MAX));
        store.save_topic(topic("b", "two", u64::MAX));
        store.forget_topic("gone".to_owned());
    });
    let until = i64::MAX.unsigned_abs();
    assert_eq!(opened.topics, [topic("a", "汉字 <b>", until), topic("b", "two", until)]);
    let database = Connection::open(folder.0.join("bolide.sqlite")).expect("opens");
    let rows: u32 =
        database.query_row("SELECT count(*) FROM topics", [], |row| row.get(0)).expect("read");
    assert_eq!(rows, 2, "what is over is removed");
}

/// A flood of topics takes no place from seats, and a topic that changes often takes one place.
#[test]
fn topics_wait_beside_the_other_changes() {
    let folder = Folder::new();
    let (acks, mut answered) = AckSender::new();
    let rooms = kept_after_counted(&folder, |store, counts| {
        let other = locked(&folder);
        for number in 0..10 * TOPICS_MAX {
            store.save_topic(topic("one", &number.to_string(), u64::MAX));
        }
        assert_eq!(counts.dropped(), 0);
        for number in 0..3 * TOPICS_MAX {
            store.save_topic(topic(&number.to_string(), "x", u64::MAX));
        }
        assert!(counts.dropped() >= TOPICS_MAX as u64, "{}", counts.dropped());
        let row = row(&room_id(), 1, Uuid::nil());
        store.save_seat(row, seat(1, "a"), (acks, SaveNumber(1)));
        drop(other);
        assert_eq!(answers(&mut answered, 1), [(saved(1), Outcome::Committed)]);
        wait_until("all is committed", || counts.waiting() == 0);
    });
    assert_eq!(rooms[0].seats, [seat(1, "a")]);
    let opened = reopened_after(&folder, |_| ());
    let one = opened.topics.iter().find(|topic| topic.channel == "one").expect("kept");
    assert_eq!(one.text, (10 * TOPICS_MAX - 1).to_string());
}

#[test]
fn a_key_is_answered_once_it_is_kept_and_its_name_is_taken_once() {
    let folder = Folder::new();
    let (sender, answers) = std::sync::mpsc::channel();
    let opened = reopened_after(&folder, |store| {
        let answer = |number| {
            let sender = sender.clone();
            move |outcome| sender.send((number, outcome)).expect("awaited")
        };
        store.save_key(key("site", "a"), answer(1));
        store.save_key(key("other", "b"), answer(2));
        store.save_key(key("site", "c"), answer(3));
        store.save_key(key("site", "a"), answer(4));
        store.forget_key("other".parse().expect("a name"), answer(5));
    });
    drop(sender);
    let mut answers: Vec<_> = answers.into_iter().collect();
    answers.sort_by_key(|(number, _)| *number);
    let refused = answers.iter().filter(|(_, outcome)| *outcome == Outcome::Refused);
    assert_eq!(refused.map(|(number, _)| *number).collect::<Vec<_>>(), [3]);
    assert_eq!(answers.len(), 5);
    assert_eq!(opened.keys, [key("site", "a")]);
    assert!(opened.keys[0].is_of(&TokenHash::of("a")));
    assert!(!opened.keys[0].is_of(&TokenHash::of("c")));
}

#[test]
fn keys_of_a_folder_without_a_server_are_changed_under_its_lock() {
    let folder = Folder::new();
    let lock = folder.data_dir().lock().expect("a folder").expect("free");
    let mut keys = UnusedKeys::open(&folder.data_dir(), &lock).expect("opens");
    keys.save(key("b", "1")).expect("saved");
    keys.save(key("a", "2")).expect("saved");
    keys.save(key("a", "3")).expect_err("taken");
    assert_eq!(keys.all().expect("read"), [key("a", "2"), key("b", "1")]);
    keys.forget("b".parse().expect("a name")).expect("removed");
    drop(keys);
    assert_eq!(reopened_after(&folder, |_| ()).keys, [key("a", "2")]);
}
