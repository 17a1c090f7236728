//! Recovery after the death of the process. A seat is stored before any client learns of it, and a
//! match is resumed from its journal as if nothing had happened.

mod process;

use bolide_net::{ClientMessage, CloseCode, InputMessage, ServerMessage};
use bolide_room::{ConnectionId, JoinError, MatchTicket, Room, RoomConfig, RoomPolicy, TokenHash};
use bolide_sim::{Input, Life, Phase, Player, PlayerId, Point};
use proptest::prelude::{prop_assert_eq, proptest};

use process::{Disk, Process, config, welcomed};
use uuid::Uuid;

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]

    /// Killed at any tick, and again while it recovers, a match ends in the same world as one that
    /// was never killed.
    #[test]
    fn a_match_goes_on_as_if_nothing_had_happened(kills in proptest::collection::vec(1u32..160, 1..4)) {
        let run = |kills: &[u32]| {
            let mut process = Process::start();
            process.join_all(3);
            let mut generation = 0;
            for tick in 0..200 {
                process.act(3);
                process.ticks(1);
                for _ in kills.iter().filter(|kill| **kill == tick) {
                    process = Process::recover(process.disk);
                    process.ticks(tick % 5);
                    for id in 1..=3u64 {
                        let token = |n| if n == 0 { format!("t{id}") } else { format!("t{id}.{n}") };
                        let (old, new) = (token(generation), token(generation + 1));
                        assert_eq!(process.resume(id, &old, &new).map(|seat| u64::from(seat.0) + 1), Ok(id));
                    }
                    generation += 1;
                }
            }
            (process.room.world().tick(), process.room.world().hash())
        };
        prop_assert_eq!(run(&kills), run(&[]));
    }
}

#[test]
fn nothing_is_stepped_until_everybody_is_back_and_they_see_who_is_missing() {
    let mut process = Process::start();
    process.join_all(3);
    process.ticks(50);
    let (tick, hash) = (process.room.world().tick(), process.room.world().hash());
    let mut process = Process::recover(process.disk);
    process.resume(11, "t1", "u1").expect("a seat");
    process.ticks(30);
    process.resume(12, "t2", "u2").expect("a seat");
    process.ticks(30);
    let left = |message: &ServerMessage| match message {
        ServerMessage::Paused { ticks_left, .. } => Some(*ticks_left),
        _ => None,
    };
    // With the welcome, in the next tick, and whenever one more player is back.
    assert_eq!(process.told(11).filter_map(left).collect::<Vec<_>>(), [300, 299, 269]);
    assert_eq!((process.room.world().tick(), process.room.world().hash()), (tick, hash));
    assert_eq!(process.paused(11), [vec![1, 2], vec![1, 2], vec![2]]);
    assert!(process.told(11).any(|message| matches!(message, ServerMessage::Snapshot(_))));
    process.resume(13, "t3", "u3").expect("a seat");
    process.ticks(1);
    assert_eq!(process.paused(12).last(), Some(&vec![]));
    assert_eq!(process.room.world().tick(), tick.next());
}

#[test]
fn whoever_does_not_come_back_has_left_after_the_grace_time() {
    let mut process = Process::start();
    process.join_all(3);
    process.ticks(10);
    let tick = process.room.world().tick();
    let mut process = Process::recover(process.disk);
    process.resume(11, "t1", "u1").expect("a seat");
    process.resume(12, "t2", "u2").expect("a seat");
    // Ten seconds of waiting, then the match goes on; after twenty more the third player is gone.
    process.ticks(299);
    assert_eq!(process.room.world().tick(), tick);
    process.ticks(1);
    assert_eq!(process.room.world().tick(), tick.next());
    assert_eq!(process.room.status().seats_taken, 3);
    process.ticks(599);
    assert_eq!(process.room.status().seats_taken, 3);
    process.ticks(1);
    assert_eq!(process.room.status().seats_taken, 2);
    assert_eq!(process.disk.seats.len(), 2);
    assert_eq!(process.resume(13, "t3", "u3"), Err(JoinError::BadResume));
    let left = process.room.world().player(PlayerId(2)).is_some_and(|player| !player.is_alive());
    assert!(left || !matches!(process.room.world().phase(), Phase::Fighting { .. }));
}

/// The process may die between the end of a seat and the tick in which its player leaves.
#[test]
fn a_player_whose_seat_is_forgotten_leaves_with_the_first_tick_after_a_recovery() {
    let mut process = Process::start();
    process.join_all(3);
    process.ticks(10);
    process.room.handle_message(ConnectionId(2), ClientMessage::Leave);
    process.drain();
    let lives = |process: &Process| {
        let is_alive = |player: &Player| player.is_alive();
        process.room.world().players().iter().map(is_alive).collect::<Vec<_>>()
    };
    assert_eq!(lives(&process), [true, true, true], "not yet");
    let mut process = Process::recover(process.disk);
    process.resume(11, "t1", "u1").expect("a seat");
    process.resume(13, "t3", "u3").expect("a seat");
    assert_eq!(lives(&process), [true, true, true], "nothing is stepped");
    process.ticks(1);
    assert_eq!(lives(&process), [true, false, true]);
    assert!(matches!(process.room.world().phase(), Phase::Fighting { .. }));
}

#[test]
fn bots_go_on_in_a_match_that_is_recovered() {
    let config = || {
        let config = config();
        let policy = RoomPolicy { bots_fill_to: 3, bot_wait_s: 0.1, ..config.policy };
        RoomConfig { policy, code: None, ..config }
    };
    let ticket = MatchTicket { id: Uuid::from_u128(1), seed: 7 };
    let room = Room::new(config(), ticket).expect("valid rules");
    let mut process = Process::with(room, Disk::default());
    process.join_all(1);
    process.ticks(20);
    assert!(matches!(process.room.world().phase(), Phase::Fighting { .. }));
    let mut process = Process::recover_with(process.disk, config());
    process.resume(11, "t1", "u1").expect("a seat");
    process.ticks(10);
    let left = |player: &&Player| matches!(player.life, Life::Left { .. });
    let players = process.room.world().players();
    assert_eq!((players.len(), players.iter().filter(left).count()), (3, 0));
}

#[test]
fn a_seat_is_kept_before_anybody_hears_of_it() {
    let mut process = Process::start();
    process.keeps = false;
    process.join(1).expect("a seat");
    process.ticks(5);
    assert_eq!(process.told.len(), 0, "no welcome, no roster, no snapshot");
    assert!(process.room.world().players().is_empty(), "and no tick");
    assert_eq!(process.disk.seats[&PlayerId(0)].token, TokenHash::of("t1"));
    let number = process.saves[0];
    process.room.handle_saved(number);
    process.drain();
    process.ticks(1);
    assert!(process.told(1).any(welcomed));
    assert_eq!(process.room.world().players().len(), 1);
    process.room.handle_saved(number);
    process.drain();
    assert_eq!(process.told(1).filter(|message| welcomed(message)).count(), 1, "taken once");
}

#[test]
fn who_leaves_before_the_seat_is_kept_was_never_there() {
    let mut process = Process::start();
    process.keeps = false;
    process.join(1).expect("a seat");
    process.room.handle_disconnect(ConnectionId(1));
    process.drain();
    assert!(process.room.is_empty() && process.disk.seats.is_empty());
    // A seat is not reserved for ever either.
    process.join(2).expect("a seat");
    process.ticks(5 * 30 - 1);
    assert_eq!(process.closed, []);
    process.ticks(1);
    assert_eq!(process.closed, [(ConnectionId(2), CloseCode::TryLater)]);
    assert!(process.room.is_empty() && process.disk.seats.is_empty());
    process.room.handle_saved(process.saves[1]);
    process.drain();
    assert_eq!(process.told.len(), 0);
}

#[test]
fn a_session_that_resumes_is_heard_once_its_new_token_is_kept() {
    let mut process = Process::start();
    process.join(1).expect("a seat");
    process.keeps = false;
    process.resume(2, "t1", "u1").expect("its seat");
    assert_eq!(process.closed, [(ConnectionId(1), CloseCode::Replaced)]);
    assert!(!process.told(2).any(welcomed));
    // A third connection replaces the second, which has not been welcomed.
    process.resume(3, "t1", "v1").expect("its seat");
    assert_eq!(process.closed[1], (ConnectionId(2), CloseCode::Replaced));
    let record = process.disk.seats[&PlayerId(0)].clone();
    assert_eq!(record.token, TokenHash::of("v1"));
    assert_eq!(record.previous_token, Some(TokenHash::of("t1")));
    for number in process.saves.clone() {
        process.room.handle_saved(number);
        process.drain();
    }
    assert!(!process.told(2).any(welcomed) && process.told(3).any(welcomed));
    process.room.handle_disconnect(ConnectionId(3));
    process.ticks(1);
    assert_eq!(process.room.status().seats_taken, 1, "for the grace time");
}

/// The disk may be slow just when many sessions resume.
#[test]
fn a_session_that_is_back_in_time_keeps_its_seat_however_long_that_takes_to_keep() {
    let mut process = Process::start();
    process.join_all(2);
    process.room.handle_disconnect(ConnectionId(2));
    process.ticks(20 * 30 - 1);
    process.keeps = false;
    process.resume(12, "t2", "u2").expect("its seat");
    process.ticks(4 * 30);
    assert_eq!(process.room.status().seats_taken, 2);
    for number in process.saves.clone() {
        process.room.handle_saved(number);
        process.drain();
    }
    assert!(process.told(12).any(welcomed));
}

#[test]
fn a_session_that_is_back_before_the_pause_ends_keeps_its_seat_however_long_that_takes_to_keep() {
    let mut process = Process::start();
    process.join_all(3);
    process.ticks(10);
    let mut config = config();
    config.policy.grace_s = 1.0;
    let mut process = Process::recover_with(process.disk, config);
    process.keeps = false;
    process.ticks(10 * 30 - 1);
    process.resume(12, "t2", "u2").expect("its seat");
    process.ticks(4 * 30);
    assert_eq!(process.room.status().seats_taken, 1, "the others are gone");
    for number in process.saves.clone() {
        process.room.handle_saved(number);
        process.drain();
    }
    assert!(process.told(12).any(welcomed));
}

#[test]
fn a_seat_whose_holder_is_on_the_way_back_is_not_told_as_connected() {
    let mut process = Process::start();
    process.join_all(2);
    process.ticks(1);
    let connected = |process: &Process| {
        let rosters = process.told(1).filter_map(|message| match message {
            ServerMessage::Roster { players } => Some(players.clone()),
            _ => None,
        });
        let newest = rosters.last().expect("a roster");
        newest.iter().map(|entry| entry.connected).collect::<Vec<_>>()
    };
    assert_eq!(connected(&process), [true, true]);
    process.keeps = false;
    process.resume(12, "t2", "u2").expect("its seat");
    process.ticks(1);
    assert_eq!(connected(&process), [true, false]);
    process.ticks(5 * 30);
    assert_eq!(process.closed.last(), Some(&(ConnectionId(12), CloseCode::TryLater)));
    assert_eq!(connected(&process), [true, false]);
}

#[test]
fn an_input_of_a_connection_that_was_replaced_enters_no_tick() {
    let mut process = Process::start();
    process.join_all(3);
    process.ticks(50);
    let at = process.room.world().player(PlayerId(1)).expect("fights").at;
    let input = Input::Move(Point::in_units(0.0, 0.0));
    let input = InputMessage { seq: 1, for_tick: None, view: None, input };
    process.room.handle_message(ConnectionId(2), ClientMessage::Input(input));
    process.keeps = false;
    process.resume(12, "t2", "u2").expect("its seat");
    process.ticks(5);
    assert_eq!(process.room.world().player(PlayerId(1)).expect("fights").at, at);
}

/// Such an input is meant for a world that its client does not see yet.
#[test]
fn an_input_while_a_match_waits_for_its_players_enters_no_tick() {
    let mut process = Process::start();
    process.join_all(3);
    process.ticks(50);
    let at = process.room.world().player(PlayerId(0)).expect("fights").at;
    let mut process = Process::recover(process.disk);
    process.resume(11, "t1", "u1").expect("its seat");
    let input = Input::Move(Point::in_units(0.0, 0.0));
    let input = InputMessage { seq: 1, for_tick: None, view: None, input };
    process.room.handle_message(ConnectionId(11), ClientMessage::Input(input));
    process.ticks(1);
    process.resume(12, "t2", "u2").expect("its seat");
    process.resume(13, "t3", "u3").expect("its seat");
    process.ticks(5);
    assert_eq!(process.room.world().player(PlayerId(0)).expect("fights").at, at);
}

#[test]
fn a_locked_room_lets_nobody_new_in_and_whoever_has_a_seat_comes_back() {
    let mut process = Process::start();
    process.join_all(2);
    assert_eq!(process.locks(2), [(false, Some(0))], "who comes in is told");
    process.lock(2, true);
    assert_eq!(process.locks(2).len(), 1, "only who created it may");
    let refused = |message: &ServerMessage| matches!(message, ServerMessage::Error { code, .. } if code == "not_creator");
    assert!(process.told(2).any(refused));
    process.lock(1, true);
    process.lock(1, true);
    assert_eq!(process.locks(2), [(false, Some(0)), (true, Some(0))], "told once");
    assert!(process.room.status().locked);
    assert_eq!(process.join(3), Err(JoinError::Locked));
    assert_eq!(process.resume(12, "t2", "u2"), Ok(PlayerId(1)));
    process.lock(1, false);
    process.join(4).expect("a seat");
    assert_eq!(process.locks(4), [(false, Some(0))]);
}

#[test]
fn a_lock_is_kept_before_anybody_hears_of_it_and_outlives_the_process() {
    let mut process = Process::start();
    process.join_all(2);
    process.ticks(5);
    process.keeps = false;
    process.lock(1, true);
    assert_eq!(process.locks(2), [(false, Some(0))], "not yet");
    process.lock(1, false);
    process.lock(1, true);
    for number in std::mem::take(&mut process.saves) {
        process.room.handle_saved(number);
        process.drain();
    }
    assert_eq!(process.locks(2).last(), Some(&(true, Some(0))), "the last wish counts");
    assert_eq!(process.locks(2).len(), 2);

    let mut process = Process::recover(process.disk);
    assert_eq!(process.join(3), Err(JoinError::Locked));
    process.resume(12, "t2", "u2").expect("a seat");
    assert_eq!(process.locks(12), [(true, Some(0))]);
    let code = process.told(12).find_map(|message| match message {
        ServerMessage::Welcome(welcome) => welcome.code.clone(),
        _ => None,
    });
    assert_eq!(code.as_deref(), Some("HHHHHH"), "and so is its code");
}

#[test]
fn a_lock_ends_with_the_seat_of_whoever_created_the_room() {
    let mut process = Process::start();
    process.join_all(2);
    process.ticks(5);
    process.lock(1, true);
    process.room.handle_message(ConnectionId(1), ClientMessage::Leave);
    process.drain();
    assert_eq!(process.locks(2).last(), Some(&(false, None)));
    process.lock(2, true);
    process.join(3).expect("a seat");
    assert!(process.locks(3).is_empty(), "nobody can lock it any more");
    let mut process = Process::recover(process.disk);
    assert!(process.join(4).is_ok(), "nor after a failure");
}
