//! Tests of the rooms in which seats are promised, and of the end of a promise.

mod machine;

use std::sync::Arc;

use bolide_room::{JoinError, RoomId, RoomStatus, Stage};
use bolide_sim::preset;

use bolide_net::{NewRoom, WantedRoom};

use super::{Directory, NoSeat, Reservation};

fn directory(sessions_max: u32, rooms_max: u32) -> Arc<Directory> {
    Arc::new(Directory::new(sessions_max, rooms_max, 2))
}

fn join(directory: &Arc<Directory>, mode: &str) -> Result<Reservation, NoSeat> {
    want(directory, &WantedRoom::Any, mode)
}

fn want(
    directory: &Arc<Directory>,
    wanted: &WantedRoom,
    mode: &str,
) -> Result<Reservation, NoSeat> {
    directory.reserve(wanted, &preset(mode).expect("a preset"))
}

fn take(directory: &Arc<Directory>, reservation: Reservation) {
    let id = reservation.room().clone();
    // The list counts the promise, as the shard will after the join.
    let status = status(directory, &id);
    reservation.taken(status);
}

/// Returns the status that the list has of a room.
fn status(directory: &Directory, id: &RoomId) -> RoomStatus {
    directory.all().into_iter().find(|room| room.id == *id).expect("listed").status
}

#[test]
fn a_mode_fills_one_room_before_it_opens_the_next() {
    let directory = directory(100, 100);
    let promised: Vec<_> = (0..4).map(|_| join(&directory, "classic").expect("a seat")).collect();
    assert_eq!(promised[0].room(), promised[2].room());
    assert_ne!(promised[0].room(), promised[3].room());
    assert_ne!(promised[0].shard(), promised[3].shard());
    assert_eq!(directory.list().iter().map(|room| room.status.seats_taken).max(), Some(3));
}

#[test]
fn a_new_room_goes_to_the_least_loaded_shard() {
    let directory = Arc::new(Directory::new(100, 100, 3));
    let mut full = |mode: &str| -> Vec<Reservation> {
        let seats = preset(mode).expect("a preset").rules.capacity;
        (0..seats).map(|_| join(&directory, mode).expect("a seat")).collect()
    };
    // Loads of ten, two and three seats; the next goes to the two, then to two rooms with four.
    let held = ["brawl", "duel", "classic", "duel", "duel", "duel"].map(&mut full);
    let shards = held.each_ref().map(|seats| seats[0].shard());
    assert_eq!(shards, [0, 1, 2, 1, 2, 1]);
    // A shard whose players have left is free again.
    drop(held);
    let again: Vec<_> = (0..4).map(|_| join(&directory, "brawl").expect("a seat")).collect();
    assert_eq!(again[0].shard(), 0);
}

#[test]
fn a_lost_shard_gets_nobody_and_its_rooms_are_told_apart_from_those_that_are_gone() {
    let directory = directory(100, 100);
    let held = join(&directory, "brawl").expect("a seat");
    let (room, lost) = (held.room().clone(), held.shard());
    take(&directory, held);
    directory.lose_shard(lost);
    assert_eq!(directory.list(), []);
    let seats: Vec<_> = (0..30).map(|_| join(&directory, "brawl").expect("a seat")).collect();
    assert!(seats.iter().all(|seat| seat.shard() != lost), "not one");
    directory.rooms().entries.check();
    // Its seats still exist: a resume is answered with 1013, not with `bad_resume`.
    assert_eq!(directory.shard_of(&room), Some(lost));
}

#[test]
fn a_dropped_promise_is_free_again_and_a_kept_one_is_counted_once() {
    let directory = directory(100, 100);
    let first = join(&directory, "classic").expect("a seat");
    let room = first.room().clone();
    drop(join(&directory, "classic").expect("a seat"));
    assert_eq!(directory.list()[0].status.seats_taken, 1);
    take(&directory, first);
    assert_eq!(directory.list()[0].status.seats_taken, 1);
    assert!(!directory.remove_if_unused(&room));
}

#[test]
fn an_unused_room_goes_and_a_promise_keeps_it() {
    let directory = directory(100, 100);
    let promise = join(&directory, "brawl").expect("a seat");
    let room = promise.room().clone();
    assert!(directory.open(&room));
    assert!(!directory.remove_if_unused(&room));
    drop(promise);
    assert!(directory.remove_if_unused(&room));
    assert_eq!(directory.shard_of(&room), None);
    assert!(!directory.open(&room));
}

#[test]
fn a_room_that_no_shard_has_heard_of_goes_with_its_last_promise() {
    let directory = directory(100, 100);
    drop(join(&directory, "brawl").expect("a seat"));
    assert!(directory.list().is_empty());
}

#[test]
fn a_promise_survives_the_failure_of_its_room() {
    let directory = directory(100, 100);
    let promise = join(&directory, "brawl").expect("a seat");
    directory.remove(promise.room());
    drop(promise);
    assert!(directory.list().is_empty());
}

#[test]
fn each_limit_has_its_own_answer() {
    let directory = directory(4, 2);
    let mut held: Vec<_> = (0..3).map(|_| join(&directory, "classic").expect("a seat")).collect();
    let full = held[0].room().as_str().to_owned();
    let refused = |id: &str| {
        let wanted = WantedRoom::Id(id.to_owned());
        want(&directory, &wanted, "classic").expect_err("no seat").to_string()
    };
    assert_eq!(refused("nowhere"), "there is no room \"nowhere\"; leave out `room` to get one");
    assert_eq!(refused(&full), JoinError::Full(3).to_string());
    held.push(join(&directory, "classic").expect("a seat"));
    assert_eq!(join(&directory, "classic").expect_err("full"), NoSeat::ServerFull(4));
    drop(held);
    let small = self::directory(4, 1);
    let _brawl = join(&small, "brawl").expect("a seat");
    assert_eq!(join(&small, "classic").expect_err("no room"), NoSeat::TooManyRooms(1));
}

#[test]
fn a_private_room_is_found_by_its_code_alone() {
    let directory = directory(100, 100);
    let new = WantedRoom::New(NewRoom::Private);
    let created = want(&directory, &new, "duel").expect("a seat");
    let code = created.code().expect("a code");
    assert!(created.creator() && directory.list().is_empty() && directory.count() == 1);
    let elsewhere = join(&directory, "duel").expect("a seat");
    assert_ne!(elsewhere.room(), created.room());
    let by_id = WantedRoom::Id(created.room().as_str().to_owned());
    assert!(matches!(want(&directory, &by_id, "duel"), Err(NoSeat::UnknownRoom(_))));
    let by_code = WantedRoom::Code(code);
    let guest = want(&directory, &by_code, "brawl").expect("the mode does not matter");
    assert_eq!((guest.room(), guest.creator()), (created.room(), false));
    let full = want(&directory, &by_code, "duel").expect_err("two seats");
    assert_eq!(full, JoinError::Full(2).into());
    drop((created, guest));
    let gone = want(&directory, &by_code, "duel").expect_err("nobody had it opened");
    assert_eq!(gone, NoSeat::UnknownCode(code));
    assert!(gone.to_string().contains(code.as_str()), "{gone}");
}

#[test]
fn a_new_room_is_new_and_joined_like_any_other() {
    let directory = directory(100, 3);
    let new = WantedRoom::New(NewRoom::Public);
    let rooms = [(); 3].map(|()| want(&directory, &new, "brawl").expect("a seat"));
    assert!(rooms[0].room() != rooms[1].room() && rooms[1].room() != rooms[2].room());
    assert!(rooms.iter().all(|seat| seat.creator() && seat.code().is_none()));
    assert_eq!(want(&directory, &new, "brawl").expect_err("a fourth"), NoSeat::TooManyRooms(3));
    assert_eq!(directory.list().len(), 3);
    assert!(!join(&directory, "brawl").expect("a seat").creator());
}

/// Takes a seat by creating a room, and reports it in that stage.
fn room_in(directory: &Arc<Directory>, stage: Stage) -> RoomId {
    let new = WantedRoom::New(NewRoom::Public);
    let seat = want(directory, &new, "brawl").expect("a seat");
    let room = seat.room().clone();
    take(directory, seat);
    assert!(directory.open(&room));
    turn(directory, &room, stage);
    room
}

fn turn(directory: &Directory, room: &RoomId, stage: Stage) {
    directory.update(room, RoomStatus { stage, ..status(directory, room) });
}

#[test]
fn a_newcomer_is_sent_to_a_room_that_gathers_then_to_a_new_one_and_never_to_a_fight() {
    let directory = directory(100, 100);
    let rooms = [Stage::Running, Stage::Over, Stage::Countdown, Stage::Waiting]
        .map(|stage| room_in(&directory, stage));
    for _ in 0..3 {
        take(&directory, want_room(&directory, &rooms[0]));
    }
    for gathers in (1..4).rev() {
        // The fullest of those that gather is chosen, whatever other rooms there are.
        take(&directory, want_room(&directory, &rooms[gathers]));
        assert_eq!(join(&directory, "brawl").expect("a seat").room(), &rooms[gathers]);
        turn(&directory, &rooms[gathers], Stage::Running);
    }
    let new = join(&directory, "brawl").expect("a seat");
    assert!(!rooms.contains(new.room()) && !new.creator());
    let met = join(&directory, "brawl").expect("a seat");
    assert_eq!(met.room(), new.room(), "two newcomers meet");
}

#[test]
fn where_no_room_can_be_opened_a_newcomer_watches_the_fight_that_is_nearest_to_its_end() {
    let directory = directory(100, 3);
    let rooms =
        [Stage::Running, Stage::Waiting, Stage::Running].map(|stage| room_in(&directory, stage));
    turn(&directory, &rooms[1], Stage::Running);
    let sent = || join(&directory, "brawl").expect("a seat").room().clone();
    assert_eq!(sent(), rooms[0]);
    // Its next fight is the newest.
    turn(&directory, &rooms[0], Stage::Waiting);
    assert_eq!(sent(), rooms[0]);
    turn(&directory, &rooms[0], Stage::Running);
    assert_eq!(sent(), rooms[2]);
    assert_eq!(join(&directory, "duel").expect_err("full"), NoSeat::TooManyRooms(3));
}

#[test]
fn with_late_joins_a_newcomer_is_sent_to_a_fight_that_has_room() {
    let directory = directory(100, 100);
    let join = || join(&directory, "legacy-b").expect("a seat");
    let first = join();
    let room = first.room().clone();
    take(&directory, first);
    assert!(directory.open(&room));
    turn(&directory, &room, Stage::Running);
    for _ in 0..2 {
        let next = join();
        assert_eq!(next.room(), &room);
        take(&directory, next);
    }
    assert_ne!(join().room(), &room, "it is full");
}

fn want_room(directory: &Arc<Directory>, room: &RoomId) -> Reservation {
    let wanted = WantedRoom::Id(room.as_str().to_owned());
    want(directory, &wanted, "brawl").expect("a seat")
}

#[test]
fn nobody_new_is_sent_to_a_locked_room() {
    let directory = directory(100, 100);
    let new = WantedRoom::New(NewRoom::Public);
    let seat = want(&directory, &new, "brawl").expect("a seat");
    let room = seat.room().clone();
    let status = status(&directory, &room);
    seat.taken(RoomStatus { locked: true, ..status });
    let by_id = WantedRoom::Id(room.as_str().to_owned());
    let refused = want(&directory, &by_id, "brawl").expect_err("locked");
    assert_eq!(refused, JoinError::Locked.into());
    assert_ne!(join(&directory, "brawl").expect("a seat").room(), &room);
    directory.update(&room, status);
    assert_eq!(join(&directory, "brawl").expect("a seat").room(), &room);
}

/// A join among a hundred thousand rooms must not be slower than among ten, because all joins share
/// one lock.
#[test]
fn a_join_looks_at_as_many_rooms_as_it_opens_however_many_there_are() {
    let looked_at = |rooms: usize| {
        let directory = directory(1_000_000, 1_000_000);
        let create = |new| want(&directory, &WantedRoom::New(new), "brawl").expect("a seat");
        let mut held: Vec<_> = (1..rooms).map(|_| create(NewRoom::Private)).collect();
        held.push(create(NewRoom::Public));
        let code = held[0].code().expect("private");
        let id = held[rooms - 1].room().as_str().to_owned();
        let asked = [
            WantedRoom::Any,
            WantedRoom::Id(id),
            WantedRoom::Code(code),
            WantedRoom::New(NewRoom::Private),
        ];
        let mut counts = asked.map(|wanted| {
            directory.rooms().entries.looked_at.set(0);
            held.push(want(&directory, &wanted, "brawl").expect("a seat"));
            directory.rooms().entries.looked_at.get()
        });
        counts.sort_unstable();
        directory.rooms().entries.looked_at.set(0);
        drop(held.pop());
        (counts, directory.rooms().entries.looked_at.get())
    };
    let few = looked_at(10);
    assert!(few.0.iter().all(|count| *count <= 4) && few.1 <= 2, "{few:?}");
    assert_eq!(looked_at(3000), few);
}

#[test]
fn a_race_for_seats_never_promises_one_too_many() {
    let directory = directory(7, 100);
    let joined: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> =
            (0..16).map(|_| scope.spawn(|| join(&directory, "classic").ok())).collect();
        racers.into_iter().filter_map(|racer| racer.join().expect("no panic")).collect()
    });
    assert_eq!(joined.len(), 7);
    assert!(directory.list().iter().all(|room| room.status.seats_taken <= room.seats));
}
